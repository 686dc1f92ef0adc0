import {
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import { setImmediate } from "node:timers";
import { FakeTime } from "@std/testing/time";
import {
  ConnectionClosedError,
  denoUpgrader,
  EventError,
  type Events,
  type Message,
  type NSConn,
  Server,
  type ServerOptions,
} from "../../neffos/mod.ts";
import { Application } from "../application.ts";
import { Router } from "../router/router.ts";
import { AssertionError, connectTest, type TestClient } from "./mod.ts";

function makeServer(events: Events, options: ServerOptions = {}): Server {
  return new Server(denoUpgrader(), { chat: events }, options);
}

/** Sends the client what it asks for. */
const events: Events = {
  onSend(nsConn: NSConn, msg: Message<[string, unknown][]>) {
    for (const [event, body] of msg.json()) nsConn.emit(event, body as string);
  },
};

function send(client: TestClient, ...messages: [string, unknown][]): void {
  client.emit("onSend", messages);
}

/** Waits for something outside of the event loop, for many of its turns. */
async function workOutside(): Promise<void> {
  for (let i = 0; i < 50; i++) {
    await crypto.subtle.digest("SHA-256", new Uint8Array(1_000));
  }
}

Deno.test("TestClient records what it receives, in order across events", async () => {
  const server = makeServer(events);
  await using client = await connectTest(server, "chat");
  send(client, ["onA", 1], ["onB", 2], ["onA", 3]);
  const [first, second] = await client.waitFor("onA", 2);
  assertEquals([first!.json(), second!.json()], [1, 3]);
  assertEquals(client.received("onA").map((msg) => msg.json()), [1, 3]);
  assertEquals(client.received("onC"), []);
  assertEquals(
    client.received().map((msg) => [msg.event, msg.json()]),
    [["onA", 1], ["onB", 2], ["onA", 3]],
  );
});

Deno.test("TestClient.waitFor() gives each message once, those that have come already too", async () => {
  const server = makeServer(events);
  await using client = await connectTest(server, "chat");
  send(client, ["onA", 1], ["onA", 2], ["onA", 3], ["onB", 4]);
  await client.waitFor("onB");
  const read = async (isMeant?: (msg: Message) => boolean) =>
    (await client.waitFor("onA", isMeant)).json<number>();
  assertEquals(await read(), 1);
  assertEquals(await read((msg) => msg.json() === 3), 3);
  assertEquals(await read(), 2);
  send(client, ["onA", 5]);
  assertEquals(await read(), 5);
  send(client, ["onA", 8], ["onA", 9]);
  assertEquals(await Promise.all([read(), read()]), [8, 9]);
  // What was listed was seen.
  send(client, ["onA", 6], ["onB", 7]);
  await client.waitFor("onB");
  assertEquals(client.received("onA").at(-1)!.json(), 6);
  await assertRejects(() => read(), AssertionError);
});

Deno.test("TestClient.waitFor() fails once nothing more happens, and says what there was", async () => {
  const server = makeServer({
    ...events,
    onFault: () => {
      throw new TypeError("no such table");
    },
    onClose: ({ conn }: NSConn) => conn.close(4321, "too loud"),
  });
  const client = await connectTest(server, "chat");
  const fail = async (call: () => Promise<unknown>) =>
    (await assertRejects(call, AssertionError)).message;
  assertEquals(
    await fail(() => client.waitFor("onA")),
    'Cannot wait for "onA": it has not come, and nothing more happens; the client has received nothing',
  );
  send(client, ["onB", { text: "hi" }], ["onB", ""], ["onC", "x".repeat(300)]);
  await client.waitFor("onB");
  assertEquals(
    await fail(() => client.waitFor("onB", 3)),
    `Cannot wait for "onB": it has come 1 of 3 times, and nothing more happens; the client has received:
  onB {"text":"hi"}  (seen)
  onB
  onC ${"x".repeat(200)}…`,
  );
  client.emit("onFault");
  const { message, cause } = await assertRejects(
    () => client.waitFor("onA"),
    AssertionError,
  );
  assertStringIncludes(
    message,
    'the server had faults:\n  TypeError: no such table (event "onFault" of namespace "chat")',
  );
  assertEquals(`${cause}`, "TypeError: no such table");
  client.emit("onClose");
  assertStringIncludes(
    await fail(() => client.waitFor("onA")),
    "it has not come, and the connection was closed with code 4321 (too loud); the",
  );
  assertEquals((await client.closed).code, 4321);
  await client[Symbol.asyncDispose]();
});

Deno.test("TestClient.expectNothing() waits until all is quiet, and names what has come", async () => {
  const server = makeServer({
    ...events,
    // Many turns, microtasks and an answer of the client lie in between.
    onLate: async (nsConn: NSConn, msg: Message) => {
      await workOutside();
      await nsConn.ask("onReady");
      nsConn.broadcast("onLate", msg.text());
    },
  });
  await using ann = await connectTest(server, "chat", {
    handlers: { onReady: async () => await Promise.resolve() },
  });
  await using bob = await connectTest(server, "chat");
  await bob.expectNothing();
  ann.emit("onLate", "hello");
  const error = await assertRejects(
    () => bob.expectNothing(),
    AssertionError,
    "Expected that nothing would come, and the client has received:",
  );
  assertStringIncludes(error.message, "\n  onLate hello");
  await bob.expectNothing("onOther");
  await assertRejects(
    () => bob.expectNothing("onLate"),
    AssertionError,
    'nothing named "onLate" would come',
  );
  assertEquals(bob.received().length, 1);
  // It was seen.
  await bob.expectNothing();
});

/** Waits for some turns of the event loop. */
async function passTurns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await new Promise((resolve) => void setImmediate(resolve));
  }
}

Deno.test("TestClient waits for its own handlers, and for what goes on in the turns that follow", async () => {
  const server = makeServer({
    ...events,
    onBack: async (nsConn: NSConn) => {
      await passTurns(20);
      // The queue of the connection knows nothing of it.
      setImmediate(() => setImmediate(() => nsConn.emit("onDone")));
    },
  });
  await using client = await connectTest(server, "chat", {
    handlers: {
      onA: async (nsConn: NSConn) => {
        await passTurns(20);
        nsConn.emit("onBack");
      },
    },
  });
  send(client, ["onA", 1]);
  await client.waitFor("onDone");
});

Deno.test("TestClient does not wait for ever for a handler", async () => {
  const gate = Promise.withResolvers<void>();
  const server = makeServer({ onWait: () => gate.promise });
  await using client = await connectTest(server, "chat", { timeout: 10 });
  client.emit("onWait");
  await assertRejects(
    () => client.waitFor("onA"),
    AssertionError,
    "it has not come, and handlers have waited for something outside for 10 ms",
  );
  await assertRejects(
    () => client.expectNothing(),
    AssertionError,
    "Cannot say that nothing comes: handlers have waited for something outside",
  );
  gate.resolve();
  await client.expectNothing();
});

/** Waits on the clock, which the test moves. */
function delay(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}

Deno.test("TestClient takes a handler that waits for a faked time for quiet", async () => {
  using time = new FakeTime();
  const log: string[] = [];
  const server = makeServer({
    onCount: async (nsConn: NSConn) => {
      for (let i = 3; i > 0; i--) {
        nsConn.emit("onTick", i);
        await delay(1_000);
      }
      log.push("done");
    },
    onNamespaceDisconnect: () => void log.push("left"),
  });
  {
    await using client = await connectTest(server, "chat", { timeout: 10 });
    client.emit("onCount");
    await client.waitFor("onTick");
    await client.expectNothing();
    await assertRejects(
      () => client.waitFor("onTick"),
      AssertionError,
      "it has not come, and nothing more happens until the test moves the time",
    );
    await time.tickAsync(1_000);
    assertEquals((await client.waitFor("onTick")).json(), 2);
    // It closes although the handler waits for a time that never comes.
  }
  assertEquals(log, ["left"]);
});

Deno.test("TestClient.waitFor() waits for real work where the time is faked", async () => {
  using _time = new FakeTime();
  const server = makeServer({
    async onHash(nsConn: NSConn) {
      // As long as the hash of a password, by the clock that is not faked.
      const end = performance.now() + 150;
      while (performance.now() < end) await passTurns(1);
      nsConn.emit("onHashed");
    },
  });
  await using client = await connectTest(server, "chat");
  client.emit("onHash");
  await client.waitFor("onHashed");
});

Deno.test("TestClient.waitFor() may be called before the test moves the time", async () => {
  using time = new FakeTime();
  const server = makeServer({
    onBrew: (nsConn: NSConn) => {
      setTimeout(() => nsConn.emit("onReady"), 1_000);
    },
  });
  await using client = await connectTest(server, "chat");
  client.emit("onBrew");
  const ready = client.waitFor("onReady");
  for (let i = 0; i < 10; i++) await time.tickAsync(100);
  await ready;
});

Deno.test("TestClient answers asks by its handlers, and refuses others", async () => {
  const server = makeServer({
    onAsk: async (nsConn: NSConn, msg: Message) =>
      (await nsConn.ask(msg.text(), "?")).text(),
    onJoin: async (nsConn: NSConn, msg: Message) => {
      await nsConn.joinRoom(msg.text());
    },
  });
  await using client = await connectTest(server, "chat", {
    handlers: {
      onQuestion: (_nsConn, msg) => `${msg.text()}!`,
      onRoomJoin: (_nsConn: NSConn, msg: Message) => {
        if (msg.room === "staff") throw new EventError("not me");
      },
    },
  });
  assertEquals((await client.ask("onAsk", "onQuestion")).text(), "?!");
  await assertRejects(
    () => client.ask("onAsk", "onRiddle"),
    EventError,
    'Cannot answer event "onRiddle" of namespace "chat": the test client has no handler for it',
  );
  assertEquals(
    client.received().map(({ event }) => event),
    ["onQuestion", "onRiddle"],
  );
  await client.ask("onJoin", "lobby");
  assertEquals(client.nsConn.rooms.map(({ name }) => name), ["lobby"]);
  await assertRejects(
    () => client.ask("onJoin", "staff"),
    EventError,
    "not me",
  );

  await using other = await connectTest(server, "chat", {
    handlers: { onAnyEvent: (_nsConn: NSConn, msg: Message) => msg.event },
  });
  assertEquals((await other.ask("onAsk", "onRiddle")).text(), "onRiddle");
});

Deno.test("TestClient.connect() enters other namespaces of one connection", async () => {
  class Chat {
    static readonly namespace = "chat";
    onSay(nsConn: NSConn<{ onChat: string }>, msg: Message<string>) {
      nsConn.emit("onChat", msg.text());
    }
  }
  class News {
    onRead(nsConn: NSConn) {
      nsConn.emit("onNews", nsConn.namespace);
    }
  }
  const app = new Application(new Router());
  app.handleWebsocket(Chat);
  app.handleWebsocket(News).setNamespace("news");
  const server = new Server(denoUpgrader(), app);
  await using chat = await connectTest(server, Chat);
  const news = await chat.connect(News, { namespace: "news" });
  assertStrictEquals(news.conn, chat.conn);
  assertEquals(news.id, chat.id);
  chat.emit("onSay", "hi");
  news.emit("onRead");
  assertEquals((await chat.waitFor("onChat")).text(), "hi");
  assertEquals((await news.waitFor("onNews")).text(), "news");
  assertEquals(server.totalConnections, 1);
});

Deno.test("TestClient ends when the hooks of the server have", async () => {
  const log: string[] = [];
  const server = makeServer({
    onSlow: async () => {
      await workOutside();
      log.push("handled");
    },
    onNamespaceDisconnect: async () => {
      await workOutside();
      log.push("left");
    },
  }, {
    onDisconnect: async (_conn, { code, reason }) => {
      await workOutside();
      log.push(`gone ${code} ${reason}`);
    },
  });
  const client = await connectTest(server, "chat");
  client.emit("onSlow");
  await client.close(4000, "bye");
  await client.close();
  assertEquals(log, ["handled", "left", "gone 4000 bye"]);
  {
    await using _client = await connectTest(server, "chat");
  }
  assertEquals(log.at(-1), "gone 1000 ");
});

Deno.test("TestClient fails a test that expected no faults", async () => {
  const fault = new TypeError("no such table");
  const faulty: Events = {
    onFault: () => {
      throw fault;
    },
    onRefuse: () => {
      throw new EventError("not now");
    },
    onHi: (nsConn: NSConn) => nsConn.emit("onHi"),
  };
  const server = makeServer(faulty);
  const client = await connectTest(server, "chat");
  await using other = await connectTest(server, "chat");
  const expectFault = async (call: () => unknown) => {
    const error = await assertRejects(
      async () => await call(),
      AggregateError,
      'TypeError: no such table (event "onFault" of namespace "chat")',
    );
    assertEquals(error.errors, [fault]);
  };
  await assertRejects(() => client.ask("onRefuse"), EventError, "not now");
  // Each call that looks fails, once.
  client.emit("onFault");
  client.emit("onHi");
  await expectFault(() => client.waitFor("onHi"));
  assertEquals(client.received("onHi").length, 1);
  client.emit("onFault");
  await expectFault(() => client.expectNothing());
  await client.expectNothing("onHi");
  client.emit("onFault");
  await client.ask("onHi");
  await expectFault(() => client.received());
  client.emit("onFault");
  await expectFault(() => client[Symbol.asyncDispose]());
  // What a test takes does not count.
  assertEquals(await other.takeFaults(), []);
  other.emit("onFault");
  assertEquals(await other.takeFaults(), [fault]);
  // Nor does what has reached it as the cause of a rejection.
  const refusal = await assertRejects(
    () => other.ask("onFault"),
    EventError,
    "internal error",
  );
  assertStrictEquals(refusal.cause, fault);
});

Deno.test("TestClient leaves faults to a server with an onError of its own", async () => {
  const fault = new TypeError("no such table");
  const faults: unknown[] = [];
  const server = makeServer({
    onFault: () => {
      throw fault;
    },
  }, { onError: (error) => faults.push(error) });
  await using client = await connectTest(server, "chat");
  await assertRejects(() => client.ask("onFault"), EventError, "internal");
  assertEquals([await client.takeFaults(), faults], [[], [fault]]);
});

Deno.test("TestClient fails a test whose own handler throws", async () => {
  const fault = new AssertionError("not as expected");
  const onError = () => {};
  const server = makeServer({ ...events, onA: () => {} }, { onError });
  const client = await connectTest(server, "chat", {
    handlers: {
      onA: () => {
        throw fault;
      },
    },
  });
  send(client, ["onA", 1]);
  const error = await assertRejects(
    () => client.waitFor("onA"),
    AggregateError,
  );
  assertEquals(error.errors, [fault]);
  await client[Symbol.asyncDispose]();
});

Deno.test("TestClient records the errors that answer what it emits", async () => {
  const server = makeServer({
    onSay: () => {
      throw new EventError("be quiet");
    },
  });
  await using client = await connectTest(server, "chat");
  client.emit("onSay", "hi");
  await assertRejects(
    () => client.expectNothing(),
    AssertionError,
    'onSay error "be quiet"',
  );
  assertEquals(client.received()[0]!.error?.message, "be quiet");
});

Deno.test("TestClient receives a broadcast that goes out in chunks, and all of a flood", async () => {
  const server = makeServer({
    onFlood: (nsConn: NSConn, msg: Message<number>) => {
      for (let i = 0; i < msg.json<number>(); i++) nsConn.emit("onDrop", i);
    },
    onAll: (nsConn: NSConn) => nsConn.broadcast("onAll"),
  });
  await using client = await connectTest(server, "chat");
  client.emit("onFlood", 2_000);
  const drops = await client.waitFor("onDrop", 2_000);
  assertEquals(drops.at(-1)!.json(), 1_999);
  await using stack = new AsyncDisposableStack();
  const others: TestClient[] = [];
  for (let i = 0; i < 1_100; i++) {
    others.push(stack.use(await connectTest(server, "chat")));
  }
  client.emit("onAll");
  await client.waitFor("onAll");
  await others.at(-1)!.waitFor("onAll");
});

Deno.test("TestClient hides no fault behind the refusal of another event", async () => {
  const fault = new TypeError("no such table");
  const server = makeServer({
    onFault: () => {
      throw fault;
    },
    onRefuse: () => {
      throw new EventError("not now");
    },
  });
  await using client = await connectTest(server, "chat");
  client.emit("onFault");
  const refusal = await assertRejects(() => client.ask("onRefuse"), EventError);
  assertEquals(refusal.cause, undefined);
  assertEquals(await client.takeFaults(), [fault]);
  // An ask that fails as well has its own fault alone.
  client.emit("onFault");
  const own = await assertRejects(() => client.ask("onFault"), EventError);
  assertStrictEquals(own.cause, fault);
  assertEquals(await client.takeFaults(), [fault]);
});

Deno.test("TestClient.close() refuses a code that is none, and is still open", async () => {
  const server = makeServer({ onHi: () => "hi" });
  await using client = await connectTest(server, "chat");
  await assertRejects(
    () => client.close(999),
    RangeError,
    "Cannot close with code 999",
  );
  assertEquals((await client.ask("onHi")).text(), "hi");
});

Deno.test("TestClient ends although a hook waits for a faked time", async () => {
  using _time = new FakeTime();
  const server = makeServer({ onNamespaceDisconnect: () => delay(500) });
  const client = await connectTest(server, "chat");
  await client.close();
  assertEquals(server.totalConnections, 0);
});

Deno.test("TestClient ends without its own handlers, which the test holds", async () => {
  const server = makeServer({
    onAsk: async (nsConn: NSConn) => (await nsConn.ask("onQuestion")).body,
  });
  const client = await connectTest(server, "chat", {
    // Longer than any test may take.
    timeout: 600_000,
    handlers: { onQuestion: () => new Promise(() => {}) },
  });
  const asked = assertRejects(() => client.ask("onAsk"), ConnectionClosedError);
  await client.waitFor("onQuestion");
  await client.close();
  await asked;
});

Deno.test("TestClient waits no longer for an answer than handlers may wait", async () => {
  const never = new Promise<void>(() => {});
  const server = makeServer({
    onWait: () => never,
    onRoomJoin: () => never,
  });
  const client = await connectTest(server, "chat", { timeout: 10 });
  const why = "handlers have waited for something outside for 10 ms";
  await assertRejects(
    () => client.ask("onWait"),
    AssertionError,
    `Cannot ask "onWait": it was not answered, and ${why}`,
  );
  await client.close();
  const other = await connectTest(server, "chat", { timeout: 10 });
  await assertRejects(
    () => other.joinRoom("lobby"),
    AssertionError,
    `Cannot join room "lobby": it was not answered, and ${why}`,
  );
  await other.close();
  const slow = makeServer({ onNamespaceConnect: () => never });
  await assertRejects(
    () => connectTest(slow, "chat", { timeout: 10 }),
    AssertionError,
    `Cannot connect to namespace "chat": it was not answered, and ${why}`,
  );
  using _time = new FakeTime();
  const faked = await connectTest(server, "chat", { timeout: 10 });
  await assertRejects(
    () => faked.ask("onWait"),
    AssertionError,
    "it was not answered, and nothing more happens until the test moves the time",
  );
  await faked.close();
});

Deno.test("TestClient.waitFor() says that the server has put the client out", async () => {
  const server = makeServer({
    onKick: (nsConn: NSConn) => nsConn.disconnect(),
  });
  await using client = await connectTest(server, "chat");
  client.emit("onKick");
  await assertRejects(
    () => client.waitFor("onA"),
    AssertionError,
    'it has not come, and the client is no longer in namespace "chat"; the',
  );
});

Deno.test("TestClient.waitFor() takes whole numbers of messages", async () => {
  const server = makeServer(events);
  await using client = await connectTest(server, "chat");
  for (const count of [0, -1, 1.5, NaN]) {
    await assertRejects(
      () => client.waitFor("onA", count),
      RangeError,
      `Cannot wait for ${count} messages: it must be a positive integer`,
    );
  }
});

Deno.test("TestClient shows the faults of a test that fails before it looks", async () => {
  const fault = new TypeError("no such table");
  const server = makeServer({
    onFault: () => {
      throw fault;
    },
  });
  const shown: unknown[] = [];
  const { error } = console;
  console.error = (...args: unknown[]) => shown.push(...args);
  try {
    const suppressed = await assertRejects(async () => {
      await using client = await connectTest(server, "chat");
      client.emit("onFault");
      throw new AssertionError("not as expected");
    }, SuppressedError);
    assertEquals(suppressed.suppressed.message, "not as expected");
    assertEquals(shown, [suppressed.error]);
    assertEquals(suppressed.error.errors, [fault]);
  } finally {
    console.error = error;
  }
});

Deno.test("TestClient says why the connection of an ask was closed", async () => {
  const server = makeServer({
    onClose: ({ conn }: NSConn) => conn.close(4001, "too loud"),
  });
  await using client = await connectTest(server, "chat");
  const error = await assertRejects(
    () => client.ask("onClose"),
    ConnectionClosedError,
    "write closed",
  );
  assertEquals(
    `${error.cause}`,
    "Error: the connection was closed with code 4001 (too loud)",
  );
  await assertRejects(
    () => client.waitFor("onA"),
    AssertionError,
    "the connection was closed with code 4001 (too loud)",
  );
});

Deno.test("TestClient lists the last messages of many", async () => {
  const server = makeServer({
    onCount: (nsConn: NSConn, msg: Message<number>) => {
      for (let i = 1; i <= msg.json<number>(); i++) nsConn.emit("onDrop", i);
    },
  });
  await using client = await connectTest(server, "chat");
  client.emit("onCount", 1_000);
  const last = Array.from({ length: 20 }, (_, i) => `\n  onDrop ${981 + i}`);
  const listed = `\n  (980 before)${last.join("")}`;
  await assertRejects(
    () => client.waitFor("onA"),
    AssertionError,
    `the client has received:${listed}`,
  );
  await assertRejects(
    () => client.expectNothing(),
    AssertionError,
    `the client has received:${listed}`,
  );
  client.received();
});

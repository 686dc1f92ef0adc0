import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import type { Conn } from "../api/conn.ts";
import type { NSConn } from "../api/ns_conn.ts";
import type { FaultSource } from "../api/server_api.ts";
import type { ConnHandler } from "../controller/events.ts";
import { MemoryServer, RawClient } from "../harness/mod.ts";
import {
  CloseError,
  ConnectionClosedError,
  EventError,
} from "../protocol/errors.ts";
import { exclude } from "../protocol/message.ts";
import { denoUpgrader, type Upgrader } from "../transport/upgrader.ts";
import { Listening, request, UPGRADE } from "./listening_test.ts";
import type { ServerOptions } from "./options.ts";
import { chooseProtocol } from "./upgrade/handshake.ts";
import { Server } from "./server.ts";

Deno.test("Server.upgrade() answers a request that is no websocket handshake", async () => {
  const errors: string[] = [];
  await using listening = new Listening({ onHi() {} }, {
    onUpgradeError: ({ status, message }) =>
      errors.push(`${status} ${message}`),
  });
  const { url } = listening;
  const head = await request(url, "HEAD", {});
  assertEquals(head.status, 302);
  const post = await request(url, "POST", UPGRADE);
  assertEquals(post.status, 405);
  assertStringIncludes(post.text.toLowerCase(), "\r\nallow: get\r\n");
  const plain = await request(url, "GET", {});
  assertEquals(plain.status, 426);
  assertStringIncludes(plain.text.toLowerCase(), "\r\nupgrade: websocket\r\n");
  const old = { ...UPGRADE, "sec-websocket-version": "8" };
  assertEquals((await request(url, "GET", old)).status, 426);
  const noKey = { ...UPGRADE, "sec-websocket-key": "short" };
  assertEquals((await request(url, "GET", noKey)).status, 400);
  assertEquals(errors.map((error) => error.slice(0, 3)), [
    "405",
    "426",
    "426",
    "400",
  ]);
  assertEquals((await request(url, "GET", UPGRADE)).status, 101);
  assertEquals(listening.faults, []);
});

Deno.test("Server.upgrade() accepts only pages of its own origin", async () => {
  await using listening = new Listening({ onHi() {} });
  const { url } = listening;
  const status = async (origin: string) =>
    (await request(url, "GET", { ...UPGRADE, origin })).status;
  assertEquals(await status("https://evil.example"), 403);
  assertEquals(await status("null"), 403);
  assertEquals(await status(`${url.slice(0, -1)}1`), 403);
  assertEquals(await status(url.slice(0, -1)), 101);
});

Deno.test('ServerOptions.origins may be a list, a function, or "*"', async () => {
  const statusOf = async (origins: ServerOptions["origins"]) => {
    await using listening = new Listening({ onHi() {} }, { origins: origins! });
    const headers = { ...UPGRADE, origin: "https://a.example" };
    return (await request(listening.url, "GET", headers)).status;
  };
  assertEquals(await statusOf(["https://a.example"]), 101);
  assertEquals(await statusOf(["https://b.example"]), 403);
  assertEquals(await statusOf("*"), 101);
  assertEquals(await statusOf((origin) => origin.endsWith("a.example")), 101);
  assertEquals(
    await statusOf((_, { headers }) => Promise.resolve(headers.has("x-none"))),
    403,
  );
});

Deno.test("Server.upgrade() goes on when hooks before the upgrade fail", async () => {
  let fails = true;
  await using listening = new Listening({ onHi: () => "hello" }, {
    idGenerator() {
      if (fails) throw new Error("no ID");
      return "ID";
    },
    onUpgradeError() {
      throw new Error("onUpgradeError fails too");
    },
  });
  assertEquals((await request(listening.url, "GET", UPGRADE)).status, 500);
  fails = false;
  await using client = await listening.dial({ onHi() {} });
  assertEquals(client.id, "ID");
  const events = listening.faults.map(([, { event }]) => event);
  assertEquals(events, ["upgrade", "onUpgradeError"]);
});

Deno.test("Server reports a handler that throws, and goes on", async () => {
  await using listening = new Listening({
    chat: {
      onSync() {
        throw new Error("sync");
      },
      async onAsync() {
        await Promise.resolve();
        throw new Error("async");
      },
      onHi: () => "hello",
    },
  });
  await using client = await listening.dial({ chat: {} });
  const nsConn = await client.connect("chat");
  for (const event of ["onSync", "onAsync"]) {
    await assertRejects(() => nsConn.ask(event), EventError, "internal error");
  }
  assertEquals((await nsConn.ask("onHi")).text(), "hello");
  assertEquals(
    listening.faults.map(([error, { conn, namespace, event }]) => [
      (error as Error).message,
      conn?.id,
      namespace,
      event,
    ]),
    [
      ["sync", client.id, "chat", "onSync"],
      ["async", client.id, "chat", "onAsync"],
    ],
  );
});

Deno.test("Server survives an onError that fails", async () => {
  await using memory = new MemoryServer({ chat: { onHi: () => "hello" } }, {
    onConnect() {
      throw new Error("not an EventError");
    },
    onError() {
      throw new Error("onError");
    },
  });
  const { error } = console;
  const lines: unknown[][] = [];
  console.error = (...line) => lines.push(line);
  try {
    await assertRejects(
      () => memory.dial({ chat: {} }),
      EventError,
      "internal error",
    );
  } finally {
    console.error = error;
  }
  // The fault that could not be reported, and that of onError itself.
  assertEquals(lines.length, 2);
});

Deno.test("Server drops frames that are no messages, and goes on", async () => {
  await using memory = new MemoryServer({ chat: { onHi: () => "hello" } }, {
    idGenerator: () => "ID",
  });
  const raw = await RawClient.open(
    memory,
    "M",
    "",
    "no message",
    ";;;;;",
    new Uint8Array([1, 2, 3]),
    "AID",
    "Hno",
    "$1;chat;;_OnNamespaceConnect;0;0;",
    "$2;chat;;onHi;0;0;",
  );
  assertEquals(await raw.until(3), [
    "AID",
    "$1;;;;;;",
    "$2;chat;;onHi;0;0;hello",
  ]);
  raw.socket.close();
  await raw.closed.promise;
  assertEquals(memory.errors, []);
});

Deno.test("Server fires onDisconnect once for each onConnect that succeeded", async () => {
  const log: string[] = [];
  let action: "accept" | "refuse" | "close" = "accept";
  await using memory = new MemoryServer({ chat: {} }, {
    async onConnect(conn) {
      await Promise.resolve();
      log.push(action);
      if (action === "refuse") throw new EventError("no");
      if (action === "close") conn.close(4001, "at once");
    },
    onDisconnect(_conn, { code, reason, wasClean }) {
      log.push(`disconnect ${code} ${reason} ${wasClean}`);
    },
  });
  const client = await memory.dial({ chat: {} });
  await client.connect("chat");
  await client.close(4321, "bye");
  action = "refuse";
  await assertRejects(() => memory.dial({ chat: {} }), EventError, "no");
  action = "close";
  await assertRejects(() => memory.dial({ chat: {} }), ConnectionClosedError);
  action = "accept";
  const raw = await RawClient.open(memory, "M");
  await raw.until(1);
  raw.socket.terminate!();
  await raw.closed.promise;
  await memory.server.close();
  assertEquals(log, [
    "accept",
    "disconnect 4321 bye true",
    "refuse",
    "close",
    "disconnect 4001 at once true",
    "accept",
    "disconnect 1006  false",
  ]);
});

Deno.test("Server reports an onDisconnect that fails, with its connection", async () => {
  const error = new Error("no space left");
  const failures: Record<string, () => unknown> = {
    throws: () => {
      throw error;
    },
    rejects: () => Promise.reject(error),
  };
  for (const fail of Object.values(failures)) {
    const reports: unknown[] = [];
    await using memory = new MemoryServer({ chat: {} }, {
      onDisconnect: () => fail() as void,
      onError: (error, { conn, event }) => {
        reports.push([error, conn?.id, event]);
      },
    });
    const client = await memory.dial({ chat: {} });
    const { id } = memory.server.connections[0]!;
    await client.close();
    await memory.server.close();
    assertEquals(reports, [[error, id, "onDisconnect"]]);
  }
});

Deno.test("Server.broadcast() reaches every other connection, once, in order", async () => {
  const received = new Map<string, string[]>();
  const done: Promise<void>[] = [];
  await using memory = new MemoryServer({
    chat: {
      onChat: (nsConn, msg) => nsConn.server.broadcast(nsConn, msg),
    },
    // Every namespace and room gets its own messages.
    other: { onChat() {} },
  });
  const join = async (name: string, count: number) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const lines: string[] = [];
    received.set(name, lines);
    const onChat = (_nsConn: NSConn, msg: { text(): string; room: string }) => {
      lines.push(msg.room + msg.text());
      if (lines.length === count) resolve();
    };
    const client = await memory.dial({ chat: { onChat }, other: { onChat } });
    if (count > 0) done.push(promise);
    return client;
  };
  const alice = await join("alice", 0);
  const bob = await join("bob", 1000);
  const carol = await join("carol", 1000);
  const nsConn = await alice.connect("chat");
  await nsConn.joinRoom("room");
  await bob.connect("chat");
  await bob.connect("other");
  await (await carol.connect("chat")).joinRoom("room");
  for (let i = 0; i < 1000; i++) nsConn.emit("onChat", `${i}`);
  await Promise.all(done);
  const expected = Array.from({ length: 1000 }, (_, i) => `${i}`);
  assertEquals(received.get("bob"), expected);
  assertEquals(received.get("carol"), expected);
  assertEquals(received.get("alice"), []);
});

Deno.test("Server.broadcast() leaves out a connection, or an ID", async () => {
  const received: string[] = [];
  let count = 0;
  await using memory = new MemoryServer({ chat: {} }, {
    idGenerator: () => ["user", "user", "other"][count++]!,
  });
  const { server } = memory;
  const ends: Promise<void>[] = [];
  for (const name of ["first", "second", "third"]) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const client = await memory.dial({
      chat: {
        onChat(_, msg) {
          received.push(`${name} ${msg.text()}`);
          if (msg.text() === "end") resolve();
        },
      },
    });
    await client.connect("chat");
    ends.push(promise);
  }
  const [first] = server.connectionsByNamespace("chat");
  const chat = (body: string) => ({ namespace: "chat", event: "onChat", body });
  server.broadcast(first, chat("a"));
  server.broadcast(first!.conn, chat("b"));
  server.broadcast(exclude("user"), chat("c"));
  server.broadcast(null, { ...chat("d"), to: "user" });
  server.broadcast(
    first,
    chat("e"),
    { ...chat("f"), namespace: "none" },
    chat("g"),
  );
  server.do((conn) => void conn.namespace("chat")!.emit("onChat", "end"));
  await Promise.all(ends);
  assertEquals(received.toSorted(), [
    "first d",
    "first end",
    "second a",
    "second b",
    "second d",
    "second e",
    "second end",
    "second g",
    "third a",
    "third b",
    "third c",
    "third e",
    "third end",
    "third g",
  ]);
});

Deno.test("Server finds connections by namespace and room", async () => {
  await using memory = new MemoryServer({ chat: {}, admin: {} });
  const { server } = memory;
  const client = await memory.dial({ chat: {}, admin: {} });
  const other = await memory.dial({ chat: {} });
  const nsConn = await client.connect("chat");
  await client.connect("admin");
  await other.connect("chat");
  const room = await nsConn.joinRoom("room");
  const ids = (found: (NSConn | Conn)[]) => found.map(({ id }) => id);
  assertEquals(server.totalConnections, 2);
  assertEquals(ids(server.connections), [client.id, other.id]);
  assertEquals(ids(server.connectionsByNamespace("chat")), [
    client.id,
    other.id,
  ]);
  assertEquals(ids(server.connectionsByNamespace("admin")), [client.id]);
  assertEquals(ids(server.room("chat", "room")), [client.id]);
  assertEquals(ids(server.room("admin", "room")), []);
  await room.leave();
  assertEquals(server.room("chat", "room"), []);
  await client.close();
  assertEquals(ids(server.connectionsByNamespace("chat")), [other.id]);
  assertEquals(server.connectionsByNamespace("admin"), []);
  assertEquals(ids(server.connections), [other.id]);
});

Deno.test("Server.ask() takes the first answer", async () => {
  await using memory = new MemoryServer({ chat: {} });
  const never = Promise.withResolvers<string>();
  const slow = await memory.dial({ chat: { onAsk: () => never.promise } });
  const fast = await memory.dial({ chat: { onAsk: () => "fast" } });
  await slow.connect("chat");
  await fast.connect("chat");
  const question = { namespace: "chat", event: "onAsk" };
  const answer = await memory.server.ask(question);
  assertEquals(answer.text(), "fast");
  await assertRejects(
    () => memory.server.ask({ ...question, room: "nobody" }),
    EventError,
    'Cannot ask "onAsk": nobody is in namespace "chat", room "nobody"',
  );
  never.resolve("too late");
});

Deno.test("CloseError of a handler closes the connection with its code", async () => {
  await using memory = new MemoryServer({
    chat: {
      onKick() {
        throw new CloseError(4501, "kicked");
      },
    },
  });
  const client = await memory.dial({ chat: {} });
  const nsConn = await client.connect("chat");
  await assertRejects(() => nsConn.ask("onKick"), EventError, "kicked");
  const { code, reason } = await client.closed;
  assertEquals([code, reason], [4501, "kicked"]);
  assert(client.isClosed);
  assertEquals(nsConn.emit("onKick"), false);
});

Deno.test("Server.close() waits for running handlers and closes every connection", async () => {
  const log: string[] = [];
  const gate = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  await using listening = new Listening({
    chat: {
      async onSlow() {
        started.resolve();
        await gate.promise;
        log.push("handled");
      },
      onNamespaceDisconnect: (_, { isForced, isLocal }) =>
        void log.push(`left ${isForced} ${isLocal}`),
    },
  }, { onDisconnect: (_, { code }) => void log.push(`disconnect ${code}`) });
  const client = await listening.dial({ chat: {} });
  (await client.connect("chat")).emit("onSlow");
  await started.promise;
  const closing = listening.server.close();
  assertEquals((await request(listening.url, "GET", UPGRADE)).status, 503);
  assertEquals((await client.closed).code, 1001);
  gate.resolve();
  await closing;
  assertEquals(log, ["handled", "left true true", "disconnect 1001"]);
});

Deno.test("Server closes a connection that sends too much", async () => {
  await using memory = new MemoryServer({ chat: { onChat() {} } }, {
    maxPayload: 100,
  });
  const raw = await RawClient.open(memory, "M");
  await raw.until(1);
  raw.send(`;chat;;onChat;0;0;${"€".repeat(33)}`);
  assertEquals((await raw.closed.promise).code, 1009);
});

Deno.test("new Server() checks what it is given", () => {
  const make = (handler: unknown, options?: ServerOptions) => () =>
    new Server(denoUpgrader(), handler as ConnHandler, options);
  const messageOf = (run: () => unknown) => {
    try {
      run();
    } catch (error) {
      return `${(error as Error).name}: ${(error as Error).message}`;
    }
    return "nothing was thrown";
  };
  assertStringIncludes(
    messageOf(make(undefined)),
    "TypeError: Cannot handle connections with undefined",
  );
  assertStringIncludes(
    messageOf(make({ chat: {}, onChat() {} })),
    'both events ("onChat") and namespaces',
  );
  assertStringIncludes(
    messageOf(make({ chat: { onChat: "text" } })),
    'as the handler of event "onChat" of namespace "chat": it must be a function',
  );
  assertStringIncludes(
    messageOf(make({}, { maxPayload: 0 })),
    'RangeError: Cannot set "maxPayload" to 0',
  );
  assertStringIncludes(
    messageOf(make({}, { onConnect: "open" } as unknown as ServerOptions)),
    'TypeError: Cannot set "onConnect" to "open": it must be a function',
  );
  assertStringIncludes(
    messageOf(() => new Server(undefined as unknown as Upgrader, {})),
    'TypeError: Cannot set "upgrader" to undefined: it must be one, such as denoUpgrader()',
  );
});

/** Runs code and returns what it has written with console.warn. */
async function warningsOf(run: () => Promise<void>): Promise<string[]> {
  const lines: string[] = [];
  const { warn } = console;
  console.warn = (...line: unknown[]) => void lines.push(line.join(" "));
  try {
    await run();
  } finally {
    console.warn = warn;
  }
  return lines;
}

Deno.test("Server warns once of each event without a handler", async () => {
  const handler = {
    default: { onChat: () => "chat", Once: () => "once" },
    any: { onAnyEvent: () => "any" },
  };
  const options = { onUnhandled: undefined };
  const lines = await warningsOf(async () => {
    await using memory = new MemoryServer(handler, options);
    for (let n = 0; n < 2; n++) {
      const client = await memory.dial({ default: {}, any: {} });
      const nsConn = await client.connect("default");
      for (
        const event of ["chat", "OnChat", "ONCHAT", "once", "on", ""]
      ) nsConn.emit(event, "emit");
      await assertRejects(() => nsConn.ask("chat"), EventError, '"chat"');
      assertEquals((await nsConn.ask("onChat")).text(), "chat");
      await assertRejects(() => nsConn.ask("a\n\u009b\u202e\u2028\u{e0041}"));
      const any = await client.connect("any");
      assertEquals((await any.ask("chat")).text(), "any");
      for (const { conn } of memory.server.connectionsByNamespace("any")) {
        conn.namespace("any")!.emit("nobody");
      }
      await any.ask("end");
    }
  });
  const line = (event: string, hint = "") =>
    `Cannot handle event "${event}" of namespace "default": nothing handles it${hint}`;
  const hint = '; did you mean "onChat"?';
  assertEquals(lines, [
    line("chat", hint),
    line("OnChat", hint),
    line("ONCHAT", hint),
    line("once", '; did you mean "Once"?'),
    line("on"),
    line(""),
    line("a\\n\\u009b\\u202e\\u2028\\udb40\\udc41"),
  ]);
});

Deno.test("Server warns of at most a hundred events without a handler", async () => {
  const lines = await warningsOf(async () => {
    await using memory = new MemoryServer({ default: {}, other: {} }, {
      onUnhandled: undefined,
    });
    const client = await memory.dial({ default: {}, other: {} });
    for (const namespace of ["default", "other"]) {
      const nsConn = await client.connect(namespace);
      for (let n = 0; n < 80; n++) nsConn.emit(`event ${n}`);
      await assertRejects(() => nsConn.ask("event 0"), EventError);
    }
  });
  assertEquals(lines.length, 100);
  assertEquals(new Set(lines).size, 100);
});

Deno.test("Server calls onUnhandled, and onError when that fails", async () => {
  const told: string[] = [];
  const sources: FaultSource[] = [];
  await using memory = new MemoryServer({ default: { onChat() {} } }, {
    onError: (_, source) => void sources.push(source),
    onUnhandled(nsConn, msg) {
      told.push(`${nsConn.namespace} ${msg.event} ${msg.text()}`);
      if (msg.text() === "throw") throw new Error("onUnhandled");
      return msg.text() === "reject"
        ? Promise.reject(new Error("later"))
        : undefined;
    },
  });
  const client = await memory.dial({ default: {} });
  const nsConn = await client.connect("default");
  nsConn.emit("chat", "emit");
  for (const body of ["ask", "throw", "reject"]) {
    await assertRejects(() => nsConn.ask("chat", body), EventError, '"chat"');
  }
  await nsConn.ask("onChat");
  assertEquals(
    told,
    ["emit", "ask", "throw", "reject"].map((body) => `default chat ${body}`),
  );
  assertEquals(
    sources.map(({ namespace, event }) => [namespace, event]),
    [["default", "onUnhandled"], ["default", "onUnhandled"]],
  );
});

Deno.test("chooseProtocol() takes the first one offered that the server speaks", () => {
  const choose = (offered: string | undefined, ...spoken: string[]) =>
    chooseProtocol(
      new Headers(
        offered === undefined ? {} : { "sec-websocket-protocol": offered },
      ),
      spoken,
    );
  assertEquals(choose("a, b,c", "c", "b"), "b");
  assertEquals(choose("  a  ", "a"), "a");
  assertEquals(choose("a", "b"), undefined);
  assertEquals(choose("a"), undefined);
  assertEquals(choose(undefined, "a"), undefined);
  assertEquals(choose("A, ab", "a"), undefined);
});

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { NSConn } from "../api/ns_conn.ts";
import type { Client } from "../client.ts";
import { FakeClock } from "../harness/clock.ts";
import { turn } from "../harness/world.ts";
import { hostOf, MemoryServer, RawClient, sessionOf } from "../harness/mod.ts";
import {
  AskTimeoutError,
  BadNamespaceError,
  BadRoomError,
  ConnectionClosedError,
  EventError,
  LimitError,
} from "../protocol/errors.ts";
import { exclude } from "../protocol/message.ts";

const QUESTION = { namespace: "chat", event: "onAsk" };

/** Opens raw clients in namespace "chat" and a room. */
async function openAll(
  memory: MemoryServer,
  count: number,
  room = "room",
): Promise<RawClient[]> {
  const clients = [];
  for (let i = 0; i < count; i++) {
    const client = await RawClient.open(memory, "M");
    client.send(
      "#1;chat;;_OnNamespaceConnect;0;0;",
      `#2;chat;${room};_OnRoomJoin;0;0;`,
    );
    clients.push(client);
  }
  for (const client of clients) await client.until(3);
  return clients;
}

/** Begins to ask all clients, and waits until they have got it. */
async function begin<T>(clients: RawClient[], ask: () => T): Promise<[T]> {
  const counts = clients.map(({ received }) => received.length + 1);
  const asked = ask();
  for (const [i, client] of clients.entries()) await client.until(counts[i]!);
  return [asked];
}

/** Gives the wait token of the last ask that a client has got. */
function tokenOf(client: RawClient): string {
  const frame = client.received.findLast((frame) =>
    (frame as string).includes(";onAsk;")
  ) as string;
  return frame.slice(0, frame.indexOf(";"));
}

function answer(client: RawClient, body: string, isError = false): void {
  client.send(
    `${tokenOf(client)};chat;;onAsk;${isError ? 1 : 0};0;${body}`,
  );
}

/** Checks that no ask, timer or listener is left. */
function assertNothingLeft(memory: MemoryServer): void {
  const [first] = memory.server.connections;
  for (const conn of memory.server.connections) {
    const { asks } = sessionOf(conn);
    assertEquals([asks.size, asks.waiting], [0, 0]);
  }
  if (first !== undefined) assertEquals(hostOf(first).timers.size, 0);
}

/** A signal that counts its listeners. */
function countingSignal() {
  const controller = new AbortController();
  const { signal } = controller;
  const counted = { controller, signal, added: 0, removed: 0 };
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: unknown[]) => {
    counted.added++;
    addEventListener.apply(signal, args as never);
  };
  signal.removeEventListener = (...args: unknown[]) => {
    counted.removed++;
    removeEventListener.apply(signal, args as never);
  };
  return counted;
}

Deno.test("Server.askAll() gives all answers as they come, refusals too", async () => {
  await using memory = new MemoryServer({ chat: {} }, {
    ...(() => {
      let count = 0;
      return { idGenerator: () => `id${count++}` };
    })(),
  });
  const clients = await openAll(memory, 4);
  const answers = memory.server.askAll(QUESTION);
  const got: string[] = [];
  const all = (async () => {
    for await (const each of answers) {
      got.push(`${each.id} ${each.error?.message ?? each.json()}`);
      assertEquals(each.nsConn!.id, each.id);
      assertEquals(each.namespace, "chat");
    }
  })();
  for (const client of clients) await client.until(4);
  answer(clients[2]!, "2");
  answer(clients[0]!, "no", true);
  await Promise.resolve();
  // One leaves without a word.
  clients[1]!.socket.close();
  answer(clients[3]!, "3");
  await all;
  assertEquals(got, ["id2 2", "id0 no", "id3 3"]);
  await turn();
  assertNothingLeft(memory);
  for (const client of clients) client.socket.close();
});

Deno.test("Server.askAll() gives messages, for those that are asked", async () => {
  await using memory = new MemoryServer({ chat: {} }, {
    idGenerator: (() => {
      let count = 0;
      return () => ["ann", "bob", "cid", "cid"][count++]!;
    })(),
  });
  const dial = async (name: string, rooms: string[]) => {
    const client = await memory.dial({
      chat: { onAsk: (_, msg) => `${name} ${msg.room}${msg.text()}` },
    });
    const nsConn = await client.connect("chat");
    for (const room of rooms) await nsConn.joinRoom(room);
  };
  await dial("ann", ["a", "b"]);
  await dial("bob", ["b"]);
  await dial("cid1", []);
  await dial("cid2", ["c"]);
  const { server } = memory;
  const [ann] = server.connectionsByNamespace("chat");
  const ask = async (
    init: object,
    options?: Parameters<typeof server.askAll>[1],
  ) => {
    const texts = [];
    for await (
      const each of server.askAll({ ...QUESTION, ...init }, options)
    ) {
      texts.push(each.text());
    }
    return texts;
  };
  assertEquals(await ask({ body: "?" }), [
    "ann ?",
    "bob ?",
    "cid1 ?",
    "cid2 ?",
  ]);
  assertEquals(await ask({ room: "b" }), ["ann b", "bob b"]);
  assertEquals(await ask({ rooms: ["a", "b", "c"] }), [
    "ann a",
    "bob b",
    "cid2 c",
  ]);
  assertEquals(await ask({ to: "cid" }), ["cid1 ", "cid2 "]);
  assertEquals(await ask({}, { except: ann! }), ["bob ", "cid1 ", "cid2 "]);
  assertEquals(
    await ask({}, { except: [ann!.conn, exclude("cid"), null] }),
    ["bob "],
  );
  // Nobody is there.
  assertEquals(await ask({ room: "none" }), []);
  assertEquals(await ask({ namespace: "none" }), []);
  assertEquals(await ask({ rooms: [] }), []);
  const first = await server.ask({ ...QUESTION, rooms: ["c", "b"] }, {
    except: exclude("ann"),
  });
  assert(["bob b", "cid2 c"].includes(first.text()));
  assertEquals(first.nsConn!.id, first.id);
  assertNothingLeft(memory);
});

Deno.test("Server.askAll() ends at its time limit with what has come", async () => {
  using clock = new FakeClock();
  await using memory = new MemoryServer({ chat: {} });
  const clients = await openAll(memory, 3);
  const got: string[] = [];
  const answers = memory.server.askAll(QUESTION, { timeout: 1_000 });
  const all = (async () => {
    for await (const each of answers) got.push(each.text());
  })();
  for (const client of clients) await client.until(4);
  answer(clients[0]!, "0");
  await clock.pass(999);
  answer(clients[1]!, "1");
  await turn();
  await clock.pass(1);
  await all;
  assertEquals(got, ["0", "1"]);
  assertNothingLeft(memory);
  // It is over, and the late answer is counted.
  answer(clients[2]!, "2");
  await turn();
  assertEquals(await answers.next(), { value: undefined, done: true });
  assertEquals(memory.server.stats().drops.lateAnswers, 1);
  for (const client of clients) client.socket.close();
});

Deno.test("Server.askAll() sends nothing before it is iterated, and nothing after", async () => {
  await using memory = new MemoryServer({ chat: {} });
  const clients = await openAll(memory, 2);
  const before = memory.frames.length;
  memory.server.askAll(QUESTION);
  const unused = memory.server.askAll(QUESTION);
  assertEquals(await unused.return!(), { value: undefined, done: true });
  assertEquals(await unused.next(), { value: undefined, done: true });
  assertEquals(memory.frames.length, before);
  assertNothingLeft(memory);
  for (const client of clients) client.socket.close();
});

Deno.test("Server.askAll() leaves nothing behind after break, throw, abort and close", async () => {
  await using memory = new MemoryServer({ chat: {} });
  const clients = await openAll(memory, 3);
  const { server } = memory;
  const askAll = async (options = {}) => {
    const answers = server.askAll(QUESTION, options);
    const [next] = await begin(clients, () => ({ next: answers.next() }));
    return { answers, ...next };
  };
  // break, and throw
  for (const end of ["break", "throw"]) {
    const run = async () => {
      for await (const each of server.askAll(QUESTION)) {
        assertEquals(each.text(), "0");
        if (end === "break") break;
        throw new Error(end);
      }
    };
    const [{ running }] = await begin(clients, () => ({
      running: run().catch(({ message }) => message),
    }));
    answer(clients[0]!, "0");
    assertEquals(await running, end === "break" ? undefined : "throw");
    assertNothingLeft(memory);
  }
  // return() while a call waits, which gets the end.
  const waiting = await askAll();
  await waiting.answers.return!();
  assertEquals(await waiting.next, { value: undefined, done: true });
  assertNothingLeft(memory);
  // A signal, with one listener for all.
  const counted = countingSignal();
  const { answers, next } = await askAll({ signal: counted.signal });
  const second = answers.next();
  assertEquals([counted.added, counted.removed], [1, 0]);
  counted.controller.abort(new Error("stop"));
  await assertRejects(() => next, Error, "stop");
  assertEquals(await second, { value: undefined, done: true });
  assertEquals(await answers.next(), { value: undefined, done: true });
  assertEquals([counted.added, counted.removed], [1, 1]);
  assertNothingLeft(memory);
  // Aborted before: nothing is sent.
  const before = memory.frames.length;
  const aborted = server.askAll(QUESTION, { signal: counted.signal });
  await assertRejects(() => aborted.next(), Error, "stop");
  assertEquals(await aborted.next(), { value: undefined, done: true });
  assertEquals(memory.frames.length, before);
  // The server closes: it ends with what has come.
  const last = await askAll();
  answer(clients[0]!, "0");
  assertEquals((await last.next).value.text(), "0");
  const end = last.answers.next();
  await server.close();
  assertEquals(await end, { value: undefined, done: true });
});

Deno.test("Server.askAll() keeps the answers that come while the loop is busy, in order", async () => {
  await using memory = new MemoryServer({ chat: {} });
  const clients = await openAll(memory, 5);
  const answers = memory.server.askAll(QUESTION);
  const next = answers.next();
  for (const client of clients) await client.until(4);
  for (const [i, client] of clients.entries()) answer(client, `${i}`);
  const got = [(await next).value.text()];
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertNothingLeft(memory);
  for await (const each of answers) got.push(each.text());
  assertEquals(got, ["0", "1", "2", "3", "4"]);
  // A loop that is left takes none of those that it has not seen.
  const [others] = await begin(clients, () => {
    const others = memory.server.askAll(QUESTION);
    return { others, first: others.next() };
  });
  for (const client of clients) answer(client, "again");
  assertEquals((await others.first).value.text(), "again");
  await others.others.return!();
  assertEquals(await others.others.next(), { value: undefined, done: true });
  for (const client of clients) client.socket.close();
});

Deno.test("Server.ask() and askAll() check what they are given", async () => {
  await using memory = new MemoryServer({ chat: {} });
  const { server } = memory;
  for (const timeout of [0, -1, NaN, "x" as never, "5" as never]) {
    assertThrows(
      () => server.askAll(QUESTION, { timeout }),
      RangeError,
      'Cannot ask "onAsk" with a timeout of',
    );
    await assertRejects(() => server.ask(QUESTION, { timeout }), RangeError);
  }
  const body = (() => {}) as never;
  assertThrows(() => server.askAll({ ...QUESTION, body }), TypeError);
  await assertRejects(() => server.ask({ ...QUESTION, body }), TypeError);
  await assertRejects(
    () => server.ask({ ...QUESTION, rooms: ["a", "b"], to: "ann" }),
    BadNamespaceError,
    'nobody is in namespace "chat", room "a", room "b" with the ID "ann"',
  );
  const except = ["ann"] as never;
  for (
    const assertion of [
      () => assertThrows(() => server.askAll(QUESTION, { except }), TypeError),
      () => assertRejects(() => server.ask(QUESTION, { except }), TypeError),
    ]
  ) await assertion();
});

Deno.test("Server.ask() rejects with the last refusal, the time limit, or the end of all", async () => {
  using clock = new FakeClock();
  await using memory = new MemoryServer({ chat: {} }, { maxPendingAsks: 2 });
  const clients = await openAll(memory, 3);
  const { server } = memory;
  const ask = async (options = {}) => {
    const [{ asked }] = await begin(clients, () => ({
      asked: server.ask(QUESTION, options).catch((error) => error),
    }));
    return { asked };
  };
  let { asked } = await ask();
  for (const [i, client] of clients.entries()) answer(client, `no ${i}`, true);
  let error = await asked;
  assert(error instanceof EventError);
  assertEquals(error.message, "no 2");
  ({ asked } = await ask({ timeout: 50 }));
  answer(clients[1]!, "no", true);
  await clock.pass(50);
  error = await asked;
  assert(error instanceof AskTimeoutError, `${error}`);
  assertEquals([error.timeout, error.namespace], [50, "chat"]);
  // One refuses, the others leave.
  ({ asked } = await ask());
  answer(clients[1]!, "no", true);
  await turn();
  clients.pop()!.socket.close();
  clients.shift()!.socket.close();
  assertEquals((await asked).message, "no");
  await clock.pass(10_000);
  assertNothingLeft(memory);
  // Too many asks of everybody.
  const first = server.ask(QUESTION, { timeout: 60_000 });
  const second = server.ask(QUESTION, { timeout: 60_000 });
  await assertRejects(() => server.ask(QUESTION), LimitError);
  // All leave.
  for (const client of clients) client.socket.close();
  await assertRejects(() => first, ConnectionClosedError);
  await assertRejects(() => second, ConnectionClosedError);
  assertNothingLeft(memory);
});

Deno.test("Server.ask() costs what its receivers cost, and gives up all others at the first answer", async () => {
  /** Counts the steps for the asks of one question, as calls of `reject`. */
  const measure = async (count: number) => {
    await using memory = new MemoryServer({ chat: {} });
    const clients = await openAll(memory, count);
    const counted = countingSignal();
    const { timers } = hostOf(memory.server.connections[0]!);
    const before = memory.frames.length;
    const asked = memory.server.ask(QUESTION, { signal: counted.signal });
    // One time limit for all, and one listener.
    assertEquals([timers.size, counted.added], [1, 1]);
    // The rest goes out in chunks.
    assertEquals(memory.frames.length - before, Math.min(count, 512));
    await clients.at(-1)!.until(4);
    answer(clients.at(-1)!, "hi");
    assertEquals((await asked).text(), "hi");
    assertNothingLeft(memory);
    assertEquals(counted.removed, 1);
    const frames = memory.frames.length - before;
    for (const client of clients) client.socket.close();
    return frames;
  };
  assertEquals(await measure(3), 3 + 1);
  assertEquals(await measure(1_300), 1_300 + 1);
});

Deno.test("A handler that asks all, itself among them, does not lock up", async () => {
  await using memory = new MemoryServer({
    chat: {
      async onPoll({ server, namespace }: NSConn) {
        const texts = [];
        for await (
          const each of server.askAll({ namespace, event: "onVote" })
        ) {
          texts.push(each.text());
        }
        return texts.sort().join();
      },
      onNested: () => "nested",
    },
  });
  const clients: Client[] = [];
  for (const name of ["ann", "bob"]) {
    const client = await memory.dial({
      chat: {
        async onVote(nsConn: NSConn) {
          // The server's turn waits for this.
          return name + (await nsConn.ask("onNested")).text();
        },
      },
    });
    await client.connect("chat");
    clients.push(client);
  }
  const nsConn = clients[0]!.namespace("chat")!;
  assertEquals((await nsConn.ask("onPoll")).text(), "annnested,bobnested");
});

Deno.test("An ask of many ends although a peer leaves the namespace or the room alone", async () => {
  await using memory = new MemoryServer({ chat: {} });
  const answers: PromiseWithResolvers<string>[] = [];
  const clients: Client[] = [];
  for (let i = 0; i < 2; i++) {
    const client = await memory.dial({
      chat: {
        onAsk() {
          const answer = Promise.withResolvers<string>();
          answers.push(answer);
          return answer.promise;
        },
      },
    });
    await (await client.connect("chat")).joinRoom("room");
    clients.push(client);
  }
  const got: string[] = [];
  const all = (async () => {
    for await (
      const each of memory.server.askAll({ ...QUESTION, room: "room" })
    ) {
      got.push(each.error?.message ?? each.text());
    }
  })();
  while (answers.length < 2) await Promise.resolve();
  const leaving = clients[0]!.namespace("chat")!.disconnect();
  answers[1]!.resolve("hi");
  answers[0]!.resolve("bye");
  await leaving;
  await all;
  assertEquals(got.sort(), ["bye", "hi"]);
  assertNothingLeft(memory);
});

Deno.test("Conn.ask() asks in any namespace and room that is joined, on both sides", async () => {
  const events = {
    onAsk(_: NSConn, msg: { room: string; text(): string }) {
      if (msg.text() === "fail") throw new EventError("no");
      return `${msg.room}|${msg.text()}`;
    },
  };
  await using memory = new MemoryServer({ chat: events, other: events });
  const client = await memory.dial({ chat: events, other: events });
  await (await client.connect("chat")).joinRoom("room");
  for (const conn of [client.conn, memory.server.connections[0]!]) {
    const ask = (init: object) => conn.ask({ ...QUESTION, ...init });
    assertEquals((await ask({ body: "1" })).text(), "|1");
    assertEquals((await ask({ body: "2", room: "room" })).text(), "room|2");
    await assertRejects(() => ask({ body: "fail" }), EventError, "no");
    await assertRejects(() => ask({ namespace: "other" }), BadNamespaceError);
    await assertRejects(() => ask({ namespace: "none" }), BadNamespaceError);
    await assertRejects(() => ask({ room: "none" }), BadRoomError);
    await assertRejects(() => ask({ rooms: ["x", "y"] }), BadRoomError);
    await assertRejects(() => ask({ body: () => {} }), TypeError);
    await assertRejects(() => conn.ask(QUESTION, { timeout: 0 }), RangeError);
    const reason = new Error("stop");
    const signal = AbortSignal.abort(reason);
    await assertRejects(() => conn.ask(QUESTION, { signal }), Error, "stop");
  }
  await client.close();
  await assertRejects(() => client.conn.ask(QUESTION), ConnectionClosedError);
});

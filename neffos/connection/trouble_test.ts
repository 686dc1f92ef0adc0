/** Misbehaving programs and peers, each found by experiment. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { NSConn } from "../api/ns_conn.ts";
import type { Room } from "../api/room.ts";
import { joinConnHandlers } from "../controller/sources.ts";
import { Struct } from "../controller/struct.ts";
import {
  handshake,
  MemoryServer,
  RawClient,
  sessionOf,
} from "../harness/mod.ts";
import {
  AskTimeoutError,
  CloseError,
  EventError,
  NeffosError,
} from "../protocol/errors.ts";
import { Server } from "../server/server.ts";
import { socketPair } from "../transport/socket.ts";
import { WebSocketAdapter } from "../transport/web_socket.ts";
import { SharedTimers } from "../util/shared_timers.ts";

const HELLO = ["M", "$1;chat;;_OnNamespaceConnect;0;0;"];

const WAIT = { timeout: 5 };

const FIXED = { idGenerator: () => "ID" };

async function openRaw(
  memory: MemoryServer,
  ...frames: string[]
): Promise<RawClient> {
  const raw = await RawClient.open(memory, ...HELLO, ...frames);
  await raw.until(2);
  return raw;
}

async function end(raw: RawClient): Promise<void> {
  raw.socket.close();
  await raw.closed.promise;
}

Deno.test("A handler may wait for a join that another one has begun", async () => {
  let ready: Promise<Room> | undefined;
  await using memory = new MemoryServer({
    chat: {
      onNamespaceConnected(nsConn) {
        ready = nsConn.joinRoom("lobby");
      },
      onChat: async () => (await ready)!.name,
    },
  });
  const nsConn = await (await memory.dial({ chat: {} })).connect("chat");
  assertEquals((await nsConn.ask("onChat")).text(), "lobby");
});

Deno.test("maxRooms counts rooms whose hooks are still running", async () => {
  await using memory = new MemoryServer({
    chat: {
      async onRoomJoin(nsConn) {
        await nsConn.ask("captcha");
      },
    },
  }, { ...FIXED, maxRooms: 2 });
  const raw = await openRaw(memory);
  for (const n of [1, 2, 3, 4]) raw.send(`$r${n};chat;r${n};_OnRoomJoin;0;0;`);
  raw.send("$again;chat;r1;_OnRoomJoin;0;0;");
  const frames = await raw.until(6) as string[];
  const asked = frames.filter((frame) => frame.includes(";captcha;"));
  const refused = frames.filter((frame) => frame.includes(";1;0;"));
  assertEquals([asked.length, refused.length], [2, 2]);
  for (const frame of asked) raw.send(`${frame.split(";")[0]};;;;;;`);
  const answers = (await raw.until(9)).slice(6).toSorted();
  assertEquals(answers, ["$again;;;;;;", "$r1;;;;;;", "$r2;;;;;;"]);
  await end(raw);
});

Deno.test("A hook of the end that never resolves does not keep the others from being called", async () => {
  const log: string[] = [];
  await using memory = new MemoryServer({
    chat: { onNamespaceDisconnect: () => new Promise<void>(() => {}) },
  }, {
    closeTimeout: 5,
    onDisconnect: () => void log.push("disconnect"),
  });
  const client = await memory.dial({ chat: {} });
  await client.connect("chat");
  await memory.server.close();
  assertEquals(log, ["disconnect"]);
});

Deno.test("OnRoomLeave may leave its room", async () => {
  let count = 0;
  const onRoomLeave = async (nsConn: NSConn, msg: { room: string }) => {
    count++;
    await nsConn.room(msg.room)?.leave();
    await nsConn.leaveAll();
  };
  await using memory = new MemoryServer({ chat: { onRoomLeave } });
  const client = await memory.dial({ chat: { onRoomLeave } });
  const nsConn = await client.connect("chat");
  const room = await nsConn.joinRoom("room");
  await Promise.all([room.leave(), room.leave()]);
  assertEquals(count, 2);
  await nsConn.joinRoom("room");
  await nsConn.disconnect();
  assertEquals(count, 4);
});

Deno.test("A stray frame does not change the turn", async () => {
  await using memory = new MemoryServer({
    chat: {
      onEnter: (nsConn) =>
        Promise.resolve().then(() => nsConn.ask("who")).then(() => "in"),
      onHi: () => "hi",
    },
  }, FIXED);
  const raw = await openRaw(
    memory,
    ";chat;r;_OnRoomJoin;0;0;",
    "$e;chat;;onEnter;0;0;",
  );
  const [, , question] = await raw.until(3) as string[];
  // The handler asks before it answers: the queue must go on.
  raw.send("$hi;chat;;onHi;0;0;");
  assertEquals((await raw.until(4))[3], "$hi;chat;;onHi;0;0;hi");
  raw.send(`${question!.split(";")[0]};;;;;;`);
  assertEquals((await raw.until(5))[4], "$e;chat;;onEnter;0;0;in");
  await end(raw);
});

Deno.test("A peer that does not answer a close is given up on", async () => {
  const ended = Promise.withResolvers<string>();
  const [left, right] = socketPair();
  const server = new Server(
    () => ({
      socket: { ...wrap(right), close() {} },
      response: new Response(),
    }),
    { chat: {} },
    {
      closeTimeout: 5,
      onConnect: (conn) => conn.close(4000, "bye"),
      onDisconnect: (_, { code, wasClean }) =>
        ended.resolve(`${code} ${wasClean}`),
    },
  );
  await server.upgrade(handshake());
  const raw = new RawClient(left);
  await Promise.resolve();
  await Promise.resolve();
  raw.send("M");
  assertEquals(await ended.promise, "4000 false");
  await server.close();
});

Deno.test("A request that is being decided is refused while the server closes", async () => {
  const gate = Promise.withResolvers<string>();
  const server = new Server(
    () => {
      throw new Error("never upgraded");
    },
    { onHi() {} },
    { idGenerator: () => gate.promise },
  );
  const upgrading = server.upgrade(handshake());
  await server.close();
  gate.resolve("ID");
  const response = await upgrading;
  assertEquals(response.status, 503);
  assertEquals(response.headers.get("retry-after"), "1");
  const head = await server.upgrade(
    new Request("http://x/", { method: "HEAD" }),
  );
  assertEquals(head.status, 503);
});

Deno.test("onConnect that succeeds after the end was given up on is paired", async () => {
  const log: string[] = [];
  const gate = Promise.withResolvers<void>();
  const told = Promise.withResolvers<void>();
  await using memory = new MemoryServer({ chat: {} }, {
    closeTimeout: 5,
    async onConnect() {
      await gate.promise;
      log.push("connect");
    },
    onDisconnect() {
      log.push("disconnect");
      told.resolve();
    },
  });
  const raw = await RawClient.open(memory, "M");
  raw.socket.close();
  await raw.closed.promise;
  await memory.server.close();
  gate.resolve();
  await told.promise;
  assertEquals(log, ["connect", "disconnect"]);
});

Deno.test("Server.close({ timeout }) calls onDisconnect for peers that ignore the close", async () => {
  const log: string[] = [];
  const [left, right] = socketPair();
  const server = new Server(
    () => ({
      // A peer that never answers the close.
      socket: { ...wrap(right), close() {} },
      response: new Response(),
    }),
    { chat: { onNamespaceDisconnect: () => void log.push("left") } },
    { onDisconnect: (_, { code }) => void log.push(`disconnect ${code}`) },
  );
  await server.upgrade(handshake());
  const raw = new RawClient(left);
  await Promise.resolve();
  await Promise.resolve();
  raw.send(...HELLO);
  await raw.until(2);
  await server.close({ timeout: 5 });
  assertEquals(log, ["left", "disconnect 1001"]);
});

function wrap(socket: ReturnType<typeof socketPair>[0]) {
  return {
    bufferedAmount: 0,
    listen: socket.listen.bind(socket),
    send: socket.send.bind(socket),
  };
}

Deno.test("Promises that no caller awaits do not end the program", async () => {
  const unhandled: unknown[] = [];
  const onUnhandled = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    unhandled.push(event.reason);
  };
  globalThis.addEventListener("unhandledrejection", onUnhandled);
  await using memory = new MemoryServer({
    chat: {
      onEnter(nsConn) {
        nsConn.joinRoom("x");
        nsConn.ask("onNothing");
        nsConn.disconnect();
        nsConn.conn.connect("other");
      },
    },
    other: {},
  }, FIXED);
  const raw = await openRaw(memory, ";chat;;onEnter;0;0;");
  const frames = (await raw.until(6)).slice(2) as string[];
  for (const frame of frames) raw.send(frame.replace(";0;0;", ";1;0;no"));
  raw.send("$9;chat;;onEnd;0;0;");
  await raw.until(7);
  await end(raw);
  await new Promise((resolve) => setTimeout(resolve));
  globalThis.removeEventListener("unhandledrejection", onUnhandled);
  assertEquals(unhandled, []);
});

Deno.test("A result that throws when it is read is a fault of its handler", async () => {
  await using memory = new MemoryServer({
    chat: {
      onTrap: () => ({
        get then() {
          throw new Error("trap");
        },
      }),
      onHi: () => "hi",
    },
  });
  const nsConn = await (await memory.dial({ chat: {} })).connect("chat");
  await assertRejects(() => nsConn.ask("onTrap"), EventError, "internal error");
  assertEquals((await nsConn.ask("onHi")).text(), "hi");
});

Deno.test("A connect is not granted before the own hook has allowed it", async () => {
  const gate = Promise.withResolvers<void>();
  await using memory = new MemoryServer({
    chat: {
      async onNamespaceConnect(_nsConn, msg) {
        if (!msg.isLocal) throw new EventError("not you");
        await gate.promise;
        throw new EventError("nobody");
      },
    },
  }, FIXED);
  const raw = await RawClient.open(memory, "M");
  await raw.until(1);
  const connecting = memory.server.connections[0]!.connect("chat");
  raw.send("$1;chat;;_OnNamespaceConnect;0;0;");
  gate.resolve();
  await assertRejects(() => connecting, EventError, "nobody");
  assertEquals(
    (await raw.until(2))[1],
    "$1;chat;;_OnNamespaceConnect;1;0;not you",
  );
  await end(raw);
});

Deno.test("Messages that were held come before later ones", async () => {
  const log: string[] = [];
  const hooks = {
    async onNamespaceConnect(nsConn: NSConn) {
      await nsConn.conn.namespace("first")!.ask("one");
    },
    async onNamespaceConnected(nsConn: NSConn) {
      await nsConn.conn.namespace("first")!.ask("two");
    },
    onSay: (_: NSConn, msg: { text(): string }) => void log.push(msg.text()),
  };
  await using memory = new MemoryServer({ first: {}, chat: hooks }, FIXED);
  const raw = await RawClient.open(
    memory,
    "M",
    "$1;first;;_OnNamespaceConnect;0;0;",
    "$2;chat;;_OnNamespaceConnect;0;0;",
    ";chat;;onSay;0;0;1",
  );
  const answer = (frame: unknown) =>
    raw.send(`${(frame as string).split(";")[0]};;;;;;`);
  answer((await raw.until(3))[2]);
  const frames = await raw.until(5);
  raw.send(";chat;;onSay;0;0;2");
  answer(frames.find((frame) => (frame as string).includes(";two;")));
  raw.send("$3;chat;;onEnd;0;0;");
  await raw.until(6);
  assertEquals(log, ["1", "2"]);
  await end(raw);
});

Deno.test("Messages of a connection that this side has closed are not handled", async () => {
  const log: string[] = [];
  const gate = Promise.withResolvers<void>();
  await using memory = new MemoryServer({
    chat: {
      async onFirst(nsConn) {
        await gate.promise;
        nsConn.conn.close(1008, "kicked");
      },
      onSecond: () => void log.push("handled"),
    },
  });
  const raw = await openRaw(
    memory,
    ";chat;;onFirst;0;0;",
    ";chat;;onSecond;0;0;",
  );
  gate.resolve();
  assertEquals((await raw.closed.promise).code, 1008);
  await memory.server.close();
  assertEquals(log, []);
});

Deno.test("A handler of a client may close it and wait for that", async () => {
  const closed = Promise.withResolvers<void>();
  await using memory = new MemoryServer({ chat: {} });
  const client = await memory.dial({
    chat: {
      async onBye() {
        await client.close();
        closed.resolve();
      },
    },
  });
  await client.connect("chat");
  const [nsConn] = memory.server.connectionsByNamespace("chat");
  const start = performance.now();
  nsConn!.emit("onBye");
  await closed.promise;
  // A handler that waits for itself would take five seconds.
  assert(performance.now() - start < 4_000);
});

Deno.test("A leave that is answered late is still completed", async () => {
  const gate = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  await using memory = new MemoryServer({
    chat: { onNamespaceDisconnect: () => gate.promise },
  });
  const client = await memory.dial({
    chat: { onNamespaceDisconnect: () => left.resolve() },
  });
  const nsConn = await client.connect("chat");
  await assertRejects(
    () => nsConn.disconnect({ timeout: 5 }),
    Error,
    'Cannot leave namespace "chat": no answer within 5 ms',
  );
  assertEquals(nsConn.isConnected, true);
  gate.resolve();
  await left.promise;
  assertEquals(nsConn.isConnected, false);
  assertEquals(memory.server.connectionsByNamespace("chat"), []);
});

Deno.test("A call that is not answered says what it was for, and how long it waited", async () => {
  await using memory = new MemoryServer({ chat: {}, news: {} });
  // Answers that a room is joined, and nothing else.
  const raw = await openRaw(memory);
  const [nsConn] = memory.server.connectionsByNamespace("chat");
  const joined = nsConn!.joinRoom("room");
  const [join = ""] = (await raw.until(3)).slice(2) as string[];
  raw.send(`${join.split(";", 1)};;;;;;`);
  const room = await joined;
  const calls: readonly (readonly [() => Promise<unknown>, string])[] = [
    [() => nsConn!.conn.connect("news", WAIT), 'connect to namespace "news"'],
    [() => nsConn!.joinRoom("other", WAIT), 'join room "other"'],
    [() => room.leave(WAIT), 'leave room "room"'],
    [() => nsConn!.ask("onAsk", "", WAIT), 'ask "onAsk"'],
    [() => nsConn!.disconnect(WAIT), 'leave namespace "chat"'],
  ];
  for (const [call, action] of calls) {
    await assertRejects(
      call,
      AskTimeoutError,
      `Cannot ${action}: no answer within 5 ms`,
    );
  }
});

Deno.test("A join that comes before the peer has granted the server's connect is refused", async () => {
  await using memory = new MemoryServer({ chat: {} });
  const raw = await RawClient.open(memory, "M");
  await raw.until(1);
  const connected = memory.server.connections[0]!.connect("chat");
  const [, ask = ""] = await raw.until(2) as string[];
  raw.send("$2;chat;room;_OnRoomJoin;0;0;");
  raw.send(`${ask.split(";", 1)};;;;;;`);
  await connected;
  assertEquals(
    (await raw.until(3)).slice(2),
    ["$2;chat;room;_OnRoomJoin;1;0;bad namespace"],
  );
  assertEquals(memory.server.room("chat", "room"), []);
});

Deno.test("A call on a handle that was left says what it was for", async () => {
  await using memory = new MemoryServer({ chat: {} });
  const client = await memory.dial({ chat: {} });
  const nsConn = await client.connect("chat");
  const room = await nsConn.joinRoom("room");
  const about = async (call: () => Promise<unknown>) => {
    const error = await assertRejects(call, NeffosError);
    const { name, namespace, room } = error as EventError;
    return [name, namespace, room, (error as EventError).event];
  };
  await room.leave();
  const inRoom = ["BadRoomError", "chat", "room"];
  assertEquals(await about(() => room.ask("onAsk")), [...inRoom, "onAsk"]);
  assertEquals((await about(() => room.leave())).slice(0, 3), inRoom);
  const joined = await about(() => nsConn.joinRoom(""));
  assertEquals(joined.slice(0, 3), ["BadRoomError", "chat", ""]);
  await nsConn.disconnect();
  assertEquals(
    await about(() => nsConn.ask("onAsk")),
    ["BadNamespaceError", "chat", undefined, "onAsk"],
  );
  assertEquals(
    (await about(() => nsConn.joinRoom("room"))).slice(0, 3),
    ["BadNamespaceError", "chat", "room"],
  );
  assertEquals(
    (await about(() => nsConn.disconnect())).slice(0, 2),
    ["BadNamespaceError", "chat"],
  );
  await client.close();
});

Deno.test("A leave in onRoomJoined comes after the answer to the join", async () => {
  await using memory = new MemoryServer({
    chat: {
      async onRoomJoined(nsConn, { room }) {
        await nsConn.room(room)!.leave();
      },
    },
  });
  const raw = await openRaw(memory, "$2;chat;room;_OnRoomJoin;0;0;");
  const [answer, ask = ""] = (await raw.until(4)).slice(2) as string[];
  assertEquals(answer, "$2;;;;;;");
  assertEquals(ask.slice(ask.indexOf(";")), ";chat;room;_OnRoomLeave;0;0;");
});

Deno.test("A join that is granted too late is taken back", async () => {
  const gate = Promise.withResolvers<void>();
  const left = Promise.withResolvers<void>();
  await using memory = new MemoryServer({
    chat: {
      onRoomJoin: () => gate.promise,
      onRoomLeft: () => left.resolve(),
    },
  });
  const nsConn = await (await memory.dial({ chat: {} })).connect("chat");
  await assertRejects(() => nsConn.joinRoom("room", { timeout: 5 }));
  gate.resolve();
  await left.promise;
  assertEquals(memory.server.room("chat", "room"), []);
  assertEquals(nsConn.rooms, []);
});

Deno.test("A peer that asks twice to leave fires OnRoomLeave once", async () => {
  let count = 0;
  await using memory = new MemoryServer({
    chat: {
      async onNamespaceDisconnect(nsConn) {
        count++;
        await nsConn.ask("onSure");
      },
    },
  }, FIXED);
  const raw = await openRaw(
    memory,
    "$2;chat;;_OnNamespaceDisconnect;0;0;",
    "$3;chat;;_OnNamespaceDisconnect;0;0;",
  );
  const [, , question] = await raw.until(3) as string[];
  raw.send(`${question!.split(";")[0]};;;;;;`);
  assertEquals((await raw.until(5)).slice(3), ["$2;;;;;;", "$3;;;;;;"]);
  assertEquals(count, 1);
  await end(raw);
});

Deno.test("Error frames are never answered, and an error without a text is still an error", async () => {
  await using memory = new MemoryServer({
    chat: {
      onReply: () => "reply",
      onEmpty() {
        throw new EventError("");
      },
    },
  }, FIXED);
  const long = "x".repeat(257);
  const raw = await openRaw(
    memory,
    `$2;${long};;onReply;1;0;boom`,
    ";chat;;onReply;1;0;boom",
    "$3;chat;;onEmpty;0;0;",
  );
  assertEquals((await raw.until(3))[2], "$3;chat;;onEmpty;1;0;refused");
  const [nsConn] = memory.server.connectionsByNamespace("chat");
  const asked = nsConn!.ask("onAsk");
  const [token] = ((await raw.until(4))[3] as string).split(";");
  raw.send(`${token};${long};;onAsk;0;0;answer`);
  assertEquals((await asked).text(), "answer");
  await end(raw);
});

Deno.test("SharedTimers accept times beyond the platform's limit", async () => {
  const timers = new SharedTimers();
  let count = 0;
  const { setTimeout } = globalThis;
  globalThis.setTimeout = ((...args: Parameters<typeof setTimeout>) => {
    count++;
    return setTimeout(...args);
  }) as typeof setTimeout;
  timers.set(Infinity, () => count++);
  timers.set(2 ** 40, () => count++);
  globalThis.setTimeout = setTimeout;
  await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals(count, 2);
  timers.stop();
});

Deno.test("WebSocketAdapter closes what is closed before it opens", () => {
  const closed: unknown[][] = [];
  const fake = Object.assign(new EventTarget(), {
    close: (...args: unknown[]) => void closed.push(args),
  });
  const adapter = new WebSocketAdapter(fake as never as WebSocket);
  let isOpen = false;
  adapter.listen({
    open: () => isOpen = true,
    message() {},
    close() {},
  });
  adapter.close(1001, "x".repeat(200));
  fake.dispatchEvent(new Event("open"));
  assertEquals(isOpen, false);
  const expected = [1001, "x".repeat(123)];
  assertEquals(closed, [expected, expected]);
});

Deno.test("close() takes only codes that a close frame may carry", async () => {
  await using memory = new MemoryServer({ chat: {} });
  const client = await memory.dial({ chat: {} });
  for (const code of [1004, 1005, 1006, 1015, 5000, 1.5]) {
    assertThrows(() => client.conn.close(code), RangeError, `code ${code}`);
    assertThrows(() => new CloseError(code), RangeError);
  }
});

Deno.test("Struct takes fields for events only if they are named like one", async () => {
  class Controller {
    static readonly namespace = "chat";
    online = () => true;
    onHi() {
      return "hi";
    }
  }
  await using memory = new MemoryServer(new Struct(Controller));
  const nsConn = await (await memory.dial({ chat: {} })).connect("chat");
  assertEquals((await nsConn.ask("onHi")).text(), "hi");
  assertEquals(sessionOf(nsConn.conn).asks.size, 0);
});

Deno.test("Server.ask() asks only the given ID, and withdraws the asks that lost", async () => {
  let count = 0;
  await using memory = new MemoryServer({ chat: {} }, {
    idGenerator: () => ["first", "second"][count++]!,
  });
  const never = Promise.withResolvers<void>();
  const first = await memory.dial({
    chat: { onAsk: () => "first", onSlow: () => never.promise },
  });
  const second = await memory.dial({
    chat: { onAsk: () => "second", onSlow: () => "fast" },
  });
  await first.connect("chat");
  await second.connect("chat");
  const { server } = memory;
  const ask = { namespace: "chat", event: "onAsk" };
  for (const to of ["first", "second"]) {
    assertEquals((await server.ask({ ...ask, to })).text(), to);
  }
  await server.ask({ ...ask, event: "onSlow" });
  const pending = server.connections.map((conn) => sessionOf(conn).asks.size);
  assertEquals(pending, [0, 0]);
  never.resolve();
});

Deno.test("A message that is forwarded is no ask", async () => {
  const received = Promise.withResolvers<string>();
  await using memory = new MemoryServer({
    chat: { onSay: (nsConn, msg) => nsConn.server.broadcast(nsConn, msg) },
  });
  const asker = await (await memory.dial({ chat: {} })).connect("chat");
  const other = await memory.dial({
    chat: { onSay: (_, msg) => received.resolve(msg.wait) },
  });
  await other.connect("chat");
  await asker.ask("onSay", "hello");
  assertEquals(await received.promise, "");
});

Deno.test("An ID must not be empty", async () => {
  const server = new Server(
    () => {
      throw new Error("never upgraded");
    },
    { onHi() {} },
    { idGenerator: () => "", onError() {} },
  );
  const headers = {
    connection: "upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "MDEyMzQ1Njc4OWFiY2RlZg==",
  };
  const upgrade = (init: Record<string, string>) =>
    server.upgrade(new Request("http://x/", { headers: init }));
  assertEquals((await upgrade(headers)).status, 500);
  assertEquals((await upgrade({ ...headers, upgrade: "h2c" })).status, 426);
  assertEquals(
    (await upgrade({ ...headers, connection: "close" })).status,
    426,
  );
  await server.close();
});

Deno.test("A no-operation is answered, and nothing is done", async () => {
  await using memory = new MemoryServer({ chat: {} }, FIXED);
  const raw = await RawClient.open(
    memory,
    "M",
    "$1;chat;;_OnNamespaceConnect;0;1;",
    "$2;chat;room;_OnRoomJoin;0;1;",
    "$3;;;e;1;0;an error with a token of somebody else",
    "$4;chat;;onEnd;0;0;",
  );
  assertEquals((await raw.until(4)).slice(1), [
    "$1;;;;;;",
    "$2;;;;;;",
    "$4;chat;;onEnd;1;0;bad namespace",
  ]);
  assertEquals(memory.server.connectionsByNamespace("chat"), []);
  await end(raw);
});

Deno.test("Of two controllers in a namespace the first one's refusal counts", async () => {
  const log: string[] = [];
  const make = (name: string, refusal?: Error) =>
    new Struct({
      namespace: "chat",
      [`on${name}`]() {},
      onNamespaceConnect(_nsConn: NSConn) {
        log.push(name);
        return refusal;
      },
    });
  await using memory = new MemoryServer(
    joinConnHandlers(make("First", new EventError("no")), make("Second")),
  );
  const client = await memory.dial({ chat: {} });
  await assertRejects(() => client.connect("chat"), EventError, "no");
  assertEquals(log, ["First"]);
});

Deno.test("A client that leaves while onConnect asks it is no fault of the hook", async () => {
  const asked = Promise.withResolvers<void>();
  await using memory = new MemoryServer({ chat: {} }, {
    async onConnect(conn) {
      const connecting = conn.connect("chat");
      asked.resolve();
      await connecting;
    },
  });
  const raw = await RawClient.open(memory, "M");
  await asked.promise;
  await raw.until(2);
  await end(raw);
  await memory.server.close();
  assertEquals(memory.errors, []);
});

/** An error whose properties throw when they are read. */
function unreadable<E extends Error>(error: E): E {
  return Object.defineProperty(error, "message", {
    get() {
      throw new Error("unreadable");
    },
  });
}

Deno.test("An error that cannot be read is an internal error, and the server goes on", async () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  await using memory = new MemoryServer({
    chat: {
      onThrow() {
        throw unreadable(new EventError(""));
      },
      async onLater() {
        await Promise.resolve();
        throw unreadable(new CloseError(4000));
      },
      onReturn: () => unreadable(new EventError("")),
      onProxy() {
        throw proxy;
      },
      onGiveProxy: () => proxy,
      onRoomJoin() {
        throw proxy;
      },
    },
  }, FIXED);
  const raw = await openRaw(memory);
  const events = ["onThrow", "onLater", "onReturn", "onProxy", "onGiveProxy"];
  for (const event of events) raw.send(`$${event};chat;;${event};0;0;`);
  raw.send("$join;chat;room;_OnRoomJoin;0;0;");
  assertEquals((await raw.until(8)).slice(2), [
    ...events.map((event) => `$${event};chat;;${event};1;0;internal error`),
    "$join;chat;room;_OnRoomJoin;1;0;internal error",
  ]);
  assertEquals(memory.errors.length, 6);
  await end(raw);
});

Deno.test("An unreadable error of onConnect refuses as any other does", async () => {
  await using memory = new MemoryServer({ chat: {} }, {
    onConnect() {
      throw unreadable(new CloseError(4000));
    },
  });
  const raw = await RawClient.open(memory, "M");
  assertEquals(await raw.until(1), ["Hinternal error"]);
  assertEquals((await raw.closed.promise).code, 1008);
});

Deno.test("An unreadable error of a hook that cannot refuse stops nothing", async () => {
  await using memory = new MemoryServer({
    chat: {
      onRoomJoined() {
        throw unreadable(new CloseError(4000));
      },
    },
  }, FIXED);
  const raw = await openRaw(memory, "$join;chat;room;_OnRoomJoin;0;0;");
  assertEquals((await raw.until(3))[2], "$join;;;;;;");
  await end(raw);
});

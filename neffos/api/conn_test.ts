import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { MemoryServer, RawClient } from "../harness/mod.ts";
import {
  AskTimeoutError,
  BadNamespaceError,
  BadRoomError,
  ConnectionClosedError,
  EventError,
  LimitError,
} from "../protocol/errors.ts";
import type { NSConn } from "./ns_conn.ts";

function gate(): PromiseWithResolvers<void> {
  return Promise.withResolvers<void>();
}

Deno.test("Conn handles messages one after another, async handlers included", async () => {
  const log: string[] = [];
  const done = gate();
  await using memory = new MemoryServer({
    chat: {
      async onChat(_nsConn, msg) {
        log.push(`begin ${msg.text()}`);
        for (let i = 0; i < 5; i++) await Promise.resolve();
        log.push(`end ${msg.text()}`);
        if (msg.text() === "3") done.resolve();
      },
    },
  });
  const nsConn = await (await memory.dial({ chat: {} })).connect("chat");
  for (const body of ["1", "2", "3"]) nsConn.emit("onChat", body);
  await done.promise;
  assertEquals(log, [
    "begin 1",
    "end 1",
    "begin 2",
    "end 2",
    "begin 3",
    "end 3",
  ]);
});

Deno.test("NSConn.ask() answers what the handler returns", async () => {
  await using memory = new MemoryServer({
    chat: {
      onText: () => "text",
      onBytes: () => new Uint8Array([1, 0x3b, 255]),
      onJson: () => ({ a: [1, null] }),
      onNull: () => null,
      onNothing() {},
      onAsync: async (_, msg) => `async ${await Promise.resolve(msg.text())}`,
      onErrorReturned: () => new EventError("returned"),
      onUnsendable: () => 1n,
    },
  });
  const nsConn = await (await memory.dial({ chat: {} })).connect("chat");
  assertEquals((await nsConn.ask("onText")).body, "text");
  assertEquals(
    (await nsConn.ask("onBytes")).body,
    new Uint8Array([1, 0x3b, 255]),
  );
  assertEquals((await nsConn.ask("onJson")).json(), { a: [1, null] });
  assertEquals((await nsConn.ask("onNull")).json(), null);
  assertEquals((await nsConn.ask("onNothing")).body, "");
  assertEquals((await nsConn.ask("onAsync", "x")).body, "async x");
  const returned = await assertRejects(() => nsConn.ask("onErrorReturned"));
  assertInstanceOf(returned, EventError);
  assertEquals(returned.message, "returned");
  await assertRejects(
    () => nsConn.ask("onUnsendable"),
    Error,
    "internal error",
  );
  assertInstanceOf(memory.errors[0], TypeError);
});

Deno.test("NSConn.ask() ends by timeout, signal and close, and leaves nothing behind", async () => {
  const never = Promise.withResolvers<void>();
  await using memory = new MemoryServer({
    chat: { onNever: () => never.promise },
  });
  const client = await memory.dial({ chat: {} });
  const nsConn = await client.connect("chat");
  const timeout = await assertRejects(
    () => nsConn.ask("onNever", "", { timeout: 1 }),
    AskTimeoutError,
    'Cannot ask "onNever": no answer within 1 ms',
  );
  assertEquals((timeout as AskTimeoutError).namespace, "chat");
  const controller = new AbortController();
  const aborted = nsConn.ask("onNever", "", { signal: controller.signal });
  const reason = new Error("not interested");
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => aborted), reason);
  await assertRejects(
    () => nsConn.ask("onNever", "", { signal: AbortSignal.abort(reason) }),
    Error,
    "not interested",
  );
  await assertRejects(
    () => nsConn.ask("onNever", "", { timeout: 0 }),
    RangeError,
    "it must be a positive number",
  );
  const closed = nsConn.ask("onNever");
  await client.close(4100, "bye");
  const error = await assertRejects(() => closed, ConnectionClosedError);
  assertEquals((error as ConnectionClosedError).code, 4100);
  assertEquals(error.message, "write closed");
  await assertRejects(() => nsConn.ask("onNever"), ConnectionClosedError);
  assertEquals(nsConn.emit("onNever"), false);
  never.resolve();
});

Deno.test("NSConn.ask() may be nested back and forth inside handlers", async () => {
  const onAsk = async (nsConn: NSConn, msg: { json<T>(): T }) => {
    const depth = msg.json<number>();
    if (depth === 0) return "bottom";
    // Outside the synchronous part of the handler.
    await Promise.resolve();
    return (await nsConn.ask("onAsk", depth - 1)).text();
  };
  await using memory = new MemoryServer({ chat: { onAsk } });
  const nsConn = await (await memory.dial({ chat: { onAsk } })).connect("chat");
  assertEquals((await nsConn.ask("onAsk", 10)).text(), "bottom");
});

Deno.test("Conn takes only the frame with the token for the answer", async () => {
  const asked = gate();
  let answer = "";
  await using memory = new MemoryServer({
    chat: {
      async onBegin(nsConn) {
        asked.resolve();
        answer = (await nsConn.ask("onQuestion")).text();
        nsConn.emit("onEnd", answer);
      },
      onOther() {},
    },
  }, { idGenerator: () => "ID" });
  const raw = await RawClient.open(
    memory,
    "M",
    "$1;chat;;_OnNamespaceConnect;0;0;",
    ";chat;;onBegin;0;0;",
  );
  const [, , question] = await raw.until(3);
  const token = (question as string).split(";")[0]!;
  raw.send(
    ";chat;;onQuestion;0;0;no token",
    ";chat;;onOther;0;0;",
    `${token}x;chat;;onQuestion;0;0;no such token`,
    `${token};chat;;onQuestion;0;0;right`,
    `${token};chat;;onQuestion;0;0;too late`,
  );
  assertEquals(await raw.until(4), [
    "AID",
    "$1;;;;;;",
    `${token};chat;;onQuestion;0;0;`,
    ";chat;;onEnd;0;0;right",
  ]);
  raw.socket.close();
  await raw.closed.promise;
});

Deno.test("Conn asks no more than its limit at a time", async () => {
  await using memory = new MemoryServer({ chat: { onBegin() {} } }, {
    maxPendingAsks: 2,
  });
  const never = Promise.withResolvers<void>();
  const client = await memory.dial({ chat: { onAsk: () => never.promise } });
  await client.connect("chat");
  const [nsConn] = memory.server.connectionsByNamespace("chat");
  const asks = [1, 2].map(() => nsConn!.ask("onAsk"));
  await assertRejects(() => nsConn!.ask("onAsk"), LimitError);
  never.resolve();
  await Promise.all(asks);
});

Deno.test("Conn.connect() names the namespace that has no handler", async () => {
  await using memory = new MemoryServer({ chat: {} });
  const client = await memory.dial({ chat: {}, only: {} });
  await assertRejects(
    () => client.connect("none"),
    BadNamespaceError,
    'Cannot connect to namespace "none": no controller and no events are registered for it',
  );
  await assertRejects(() => client.connect("only"), BadNamespaceError);
  const [first, second] = await Promise.all([
    client.connect("chat"),
    client.connect("chat"),
  ]);
  assertStrictEquals(first, second);
  assertStrictEquals(client.namespace("chat"), first);
  assertEquals(client.conn.namespaces, [first]);
});

Deno.test("Both sides may connect the same namespace at once", async () => {
  const log: string[] = [];
  await using memory = new MemoryServer(
    { chat: { onNamespaceConnected: () => void log.push("server") } },
  );
  const client = await memory.dial(
    { chat: { onNamespaceConnected: () => void log.push("client") } },
  );
  const [conn] = memory.server.connections;
  const both = [client.connect("chat"), conn!.connect("chat")];
  const [left, right] = await Promise.all(both);
  assertEquals(left!.isConnected && right!.isConnected, true);
  assertEquals(log.toSorted(), ["client", "server"]);
});

Deno.test("Early messages wait until the namespace is connected, each time", async () => {
  const log: string[] = [];
  await using memory = new MemoryServer({
    chat: {
      onNamespaceConnected(nsConn) {
        nsConn.emit("onChat", "early");
      },
    },
  });
  const done = [gate(), gate()];
  const client = await memory.dial({
    chat: {
      async onNamespaceConnected() {
        await Promise.resolve();
        log.push("connected");
      },
      onChat() {
        log.push("chat");
        done[log.filter((line) => line === "chat").length - 1]!.resolve();
      },
    },
  });
  for (const { promise } of done) {
    const nsConn = await client.connect("chat");
    await promise;
    await nsConn.disconnect();
  }
  assertEquals(log, ["connected", "chat", "connected", "chat"]);
});

Deno.test("Early messages wait until the room is joined", async () => {
  const log: string[] = [];
  const done = gate();
  await using memory = new MemoryServer({
    chat: {
      onRoomJoined(nsConn, msg) {
        nsConn.room(msg.room)!.emit("onHistory", "1");
        nsConn.room(msg.room)!.emit("onHistory", "2");
      },
      onRoomJoin(_nsConn, msg) {
        if (msg.room === "vip") throw new EventError("members only");
      },
    },
  });
  const client = await memory.dial({
    chat: {
      async onRoomJoined() {
        await Promise.resolve();
        log.push("joined");
      },
      onHistory(_nsConn, msg) {
        log.push(`${msg.room} ${msg.text()}`);
        if (msg.text() === "2") done.resolve();
      },
    },
  });
  const nsConn = await client.connect("chat");
  await assertRejects(() => nsConn.joinRoom("vip"), EventError);
  await nsConn.joinRoom("room");
  await done.promise;
  assertEquals(log, ["joined", "room 1", "room 2"]);
});

Deno.test("Room.ask() asks in the room", async () => {
  await using memory = new MemoryServer({
    chat: { onWhere: (_nsConn, msg) => msg.room },
  });
  const nsConn = await (await memory.dial({ chat: {} })).connect("chat");
  const room = await nsConn.joinRoom("a;b");
  assertEquals((await room.ask("onWhere")).text(), "a;b");
  await room.leave();
  await assertRejects(() => room.ask("onWhere"), BadRoomError, "bad room");
});

Deno.test("Rooms: a refused join, a second join, one room too many", async () => {
  await using memory = new MemoryServer({
    chat: {
      onRoomJoin(_nsConn, msg) {
        if (msg.room === "vip") throw new EventError("members only");
      },
    },
  }, { maxRooms: 2 });
  const client = await memory.dial({
    chat: {
      onRoomJoin(_nsConn, msg) {
        if (msg.room === "mine") throw new EventError("not by me");
      },
    },
  });
  const nsConn = await client.connect("chat");
  await assertRejects(() => nsConn.joinRoom("vip"), EventError, "members only");
  await assertRejects(() => nsConn.joinRoom(""), BadRoomError);
  const [first, second] = await Promise.all([
    nsConn.joinRoom("a"),
    nsConn.joinRoom("a"),
  ]);
  assertStrictEquals(first, second);
  // The server grants the join, the client's hook refuses it.
  await assertRejects(() => nsConn.joinRoom("mine"), EventError, "not by me");
  await nsConn.joinRoom("b");
  assertEquals(memory.server.room("chat", "mine"), []);
  await assertRejects(
    () => nsConn.joinRoom("c"),
    LimitError,
    'Cannot join room "c": 2 rooms are the limit of a connection',
  ).catch(() => assertRejects(() => nsConn.joinRoom("c"), EventError, "limit"));
  assertEquals(nsConn.rooms.map(({ name }) => name), ["a", "b"]);
  await nsConn.leaveAll();
  assertEquals(nsConn.rooms, []);
  await assertRejects(() => first.leave(), BadRoomError, "bad room");
  assertEquals(first.emit("onChat"), false);
});

Deno.test("Conn.write() sends only to connected namespaces and joined rooms", async () => {
  await using memory = new MemoryServer({ chat: { onChat() {} } });
  const client = await memory.dial({ chat: {} });
  const { conn } = client;
  const chat = { namespace: "chat", event: "onChat" };
  assertEquals(conn.write(chat), false);
  const nsConn = await client.connect("chat");
  assertEquals(conn.write(chat), true);
  assertEquals(conn.write({ ...chat, room: "room" }), false);
  await nsConn.joinRoom("room");
  assertEquals(conn.write({ ...chat, room: "room" }), true);
  await client.close();
  assertEquals(conn.write(chat), false);
});

Deno.test("Conn passes no life-cycle event from the wire to handlers", async () => {
  const log: string[] = [];
  const hooks = Object.fromEntries(
    ["onNamespaceConnected", "onRoomJoined", "onRoomLeft"].map((name) => [
      name,
      () => void log.push(name),
    ]),
  );
  await using memory = new MemoryServer({
    chat: {
      ...hooks,
      onChat: (_, { room }) => void log.push(`chat ${room}`),
      onAnyEvent: (_, { event }) => void log.push(`any ${event}`),
    },
  }, { idGenerator: () => "ID" });
  const raw = await RawClient.open(
    memory,
    "M",
    ";chat;;_OnNamespaceConnected;0;0;",
    ";chat;;_OnNamespaceConnect;0;0;",
    "$1;chat;;_OnNamespaceConnect;0;0;",
    ";chat;room;_OnRoomJoined;0;0;",
    "$2;chat;room;_OnRoomLeft;0;0;",
    ";chat;room;_OnRoomJoin;0;0;",
    ";chat;room;onChat;0;0;not in the room",
    "$3;chat;room;onChat;0;0;not in the room",
    "$4;__proto__;;_OnNamespaceConnect;0;0;",
    "$5;chat;;constructor;0;0;",
    "$6;chat;;onEnd;0;0;",
  );
  assertEquals(await raw.until(7), [
    "AID",
    "$1;;;;;;",
    "$2;chat;room;_OnRoomLeft;1;0;invalid payload",
    "$3;chat;room;onChat;1;0;bad room",
    "$4;__proto__;;_OnNamespaceConnect;1;0;bad namespace",
    "$5;;;;;;",
    "$6;;;;;;",
  ]);
  assertEquals(log, ["onNamespaceConnected", "any constructor", "any onEnd"]);
  raw.socket.close();
  await raw.closed.promise;
});

Deno.test("Conn never answers an error with an error", async () => {
  const fail = () => {
    throw new EventError("no, you");
  };
  await using memory = new MemoryServer({ chat: { onChat: fail } });
  const heard = gate();
  let count = 0;
  const client = await memory.dial({
    chat: {
      onChat() {
        count++;
        heard.resolve();
        return fail();
      },
    },
  });
  const nsConn = await client.connect("chat");
  nsConn.emit("onChat");
  await heard.promise;
  await assertRejects(() => nsConn.ask("onSomething"), EventError);
  assertEquals(count, 1);
});

Deno.test("Conn keeps values, and checks its close code", async () => {
  await using memory = new MemoryServer({ chat: {} });
  const { conn } = await memory.dial({ chat: {} });
  conn.set("user", { name: "kataras" });
  assertEquals(conn.get<{ name: string }>("user")?.name, "kataras");
  assertEquals(conn.get("other"), undefined);
  assertThrows(() => conn.close(99), RangeError, "Cannot close with code 99");
  assertThrows(() => conn.server, TypeError, "client's connection");
  const [accepted] = memory.server.connections;
  assertStrictEquals(accepted!.server, memory.server);
  assertEquals(accepted!.isClient, false);
  assertEquals(accepted!.request.url.href, "http://memory.test/");
});

Deno.test("Conn.increment() and decrement() count from 0, on both sides", async () => {
  await using memory = new MemoryServer({ chat: {} });
  const client = await memory.dial({ chat: {} });
  for (const conn of [client.conn, memory.server.connections[0]!]) {
    const key = Symbol("key");
    assertEquals(conn.increment("tries"), 1);
    assertEquals(conn.increment("tries", 4), 5);
    assertEquals(conn.get("tries"), 5);
    assertEquals(conn.decrement("tries"), 4);
    assertEquals(conn.decrement(key, 2), -2);
    assertEquals(conn.increment(key, 0.5), -1.5);
    conn.set("tries", undefined);
    assertEquals(conn.increment("tries"), 1);
    for (const value of ["1", null, 1n, {}]) {
      conn.set("tries", value);
      assertThrows(
        () => conn.increment("tries"),
        TypeError,
        'Cannot increment "tries": its value is ',
      );
      assertEquals(conn.get("tries"), value);
    }
    assertThrows(
      () => conn.decrement("others", "1" as never),
      TypeError,
      'Cannot decrement "others": the step is "1"',
    );
    assertEquals(conn.get("others"), undefined);
  }
});

Deno.test("Conn refuses names that are too long", async () => {
  await using memory = new MemoryServer({ chat: {} }, {
    idGenerator: () => "ID",
    maxNameLength: 8,
  });
  const raw = await RawClient.open(
    memory,
    "M",
    "$1;chat;;_OnNamespaceConnect;0;0;",
    "$2;chat;;123456789;0;0;",
    "$3;chat;123456789;_OnRoomJoin;0;0;",
  );
  assertEquals((await raw.until(4)).slice(2), [
    "$2;;;;1;0;invalid payload",
    "$3;;;;1;0;invalid payload",
  ]);
  raw.socket.close();
  await raw.closed.promise;
});

Deno.test("An event of the protocol cannot be asked: it would leave a name on one side alone", async () => {
  await using memory = new MemoryServer({ chat: {} });
  const client = await memory.dial({ chat: {} });
  const nsConn = await client.connect("chat");
  const room = await nsConn.joinRoom("lobby");
  const { server } = memory;
  const [accepted] = server.connectionsByNamespace("chat");
  const init = { namespace: "chat", event: "_OnNamespaceDisconnect" };
  const leave = { ...init, room: "lobby", event: "_OnRoomLeave" };
  const ways: (() => Promise<unknown>)[] = [
    () => nsConn.ask(init.event),
    () => accepted!.ask(init.event),
    () => room.ask(leave.event),
    () => accepted!.conn.ask(leave),
    () => client.conn.ask(init),
    () => server.ask(init),
    async () => void await Array.fromAsync(server.askAll(leave)),
  ];
  for (const way of ways) {
    await assertRejects(
      way,
      TypeError,
      "it is an event of the protocol, for connect(), joinRoom() and their like",
    );
  }
  assertEquals([nsConn.isConnected, room.isJoined], [true, true]);
  assertEquals(server.room("chat", "lobby"), [accepted]);
});

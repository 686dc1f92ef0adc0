import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Conn } from "../api/conn.ts";
import type { NSConn } from "../api/ns_conn.ts";
import type { Client } from "../client.ts";
import type { Except } from "../api/server_api.ts";
import { hostOf, MemoryServer, RawClient } from "../harness/mod.ts";
import { OnNativeMessage } from "../protocol/event_names.ts";
import { exclude, Message, type MessageInit } from "../protocol/message.ts";

/** Clients in namespace "chat", who note what they hear. */
class Scene implements AsyncDisposable {
  readonly memory: MemoryServer;
  readonly clients: Client[] = [];
  /** The server's side of each client. */
  readonly nsConns: NSConn[] = [];
  readonly #heard: string[] = [];
  readonly #ids: string[] = [];

  constructor() {
    const idGenerator = () => this.#ids.shift()!;
    this.memory = new MemoryServer({ chat: {} }, { idGenerator });
  }

  get server() {
    return this.memory.server;
  }

  async add(name: string, rooms: string[] = [], id = name): Promise<NSConn> {
    this.#ids.push(id);
    const client = await this.memory.dial({
      chat: {
        onSay: (nsConn, msg) => {
          const isThere = msg.room === "" || nsConn.room(msg.room)?.isJoined;
          this.#heard.push(
            `${name} ${msg.room && `${msg.room}: `}${msg.text()}`,
          );
          assert(isThere, `${name} is not in room "${msg.room}"`);
        },
      },
    });
    this.clients.push(client);
    const nsConn = await client.connect("chat");
    for (const room of rooms) await nsConn.joinRoom(room);
    const own = this.server.connections.at(-1)!.namespace("chat")!;
    this.nsConns.push(own);
    return own;
  }

  /** Sends a message, and lists the connections that have received it. */
  async say(
    init: Omit<MessageInit, "namespace" | "event">,
    except: Except | readonly Except[] = null,
  ): Promise<string[]> {
    const message = { namespace: "chat", event: "onSay", body: "hi", ...init };
    return await this.heard(() => this.server.broadcast(except, message));
  }

  async heard(act: () => void): Promise<string[]> {
    act();
    // What was sent before the ask arrives before its answer, a refusal.
    await Promise.allSettled(
      this.clients.map((client) =>
        client.isClosed || client.namespace("chat")!.ask("").catch(() => {})
      ),
    );
    await Promise.allSettled(
      this.server.connectionsByNamespace("chat").map((each) =>
        each.ask("").catch(() => {})
      ),
    );
    return this.#heard.splice(0).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
  }
}

Deno.test("Server.broadcast() to several rooms reaches each connection once, in the first room that it is in", async () => {
  await using scene = new Scene();
  await scene.add("ann", ["a", "b"]);
  await scene.add("bob", ["b"]);
  await scene.add("cid", ["c", "b", "a"]);
  await scene.add("dot");
  const say = (init: Omit<MessageInit, "namespace" | "event">) =>
    scene.say(init);
  assertEquals(await say({ rooms: ["a", "b"] }), [
    "ann a: hi",
    "bob b: hi",
    "cid a: hi",
  ]);
  assertEquals(await say({ rooms: ["b", "a", "b"] }), [
    "ann b: hi",
    "bob b: hi",
    "cid b: hi",
  ]);
  assertEquals(await say({ rooms: ["none", "c"] }), ["cid c: hi"]);
  assertEquals(await say({ rooms: [] }), []);
  assertEquals(await say({ rooms: undefined, room: "c" }), ["cid c: hi"]);
  assertEquals(await say({ rooms: ["a", "b"], room: "" }), [
    "ann a: hi",
    "bob b: hi",
    "cid a: hi",
  ]);
  assertEquals(await say({ rooms: ["a", "b"], to: "bob" }), ["bob b: hi"]);
  assertEquals(await say({ rooms: ["a", "b"], to: "dot" }), []);
  const [ann] = scene.nsConns;
  assertEquals(await scene.say({ rooms: ["a", "b"] }, ann), [
    "bob b: hi",
    "cid a: hi",
  ]);
});

Deno.test("MessageInit.rooms refuses what is no list of rooms", () => {
  const make = (init: object) => () => new Message(init);
  assertThrows(
    make({ rooms: ["a"], room: "b" }),
    TypeError,
    'Cannot send to "rooms" and to room "b" at once',
  );
  for (const rooms of ["ab", [""], [1], null, new Set(["a"]), [undefined]]) {
    assertThrows(make({ rooms }), TypeError, "Cannot send to the rooms");
  }
});

Deno.test("Server.broadcast() leaves out several connections and IDs", async () => {
  await using scene = new Scene();
  const ann = await scene.add("ann", ["room"]);
  const bob = await scene.add("bob");
  await scene.add("cid 1", [], "cid");
  await scene.add("cid 2", [], "cid");
  const dot = await scene.add("dot");
  const room = ann.room("room")!;
  const cases: [Except | Except[], string[]][] = [
    [[ann, bob.conn], ["cid 1", "cid 2", "dot"]],
    [[room, exclude("cid")], ["bob", "dot"]],
    [[exclude("cid"), exclude("none"), dot, dot.conn], ["ann", "bob"]],
    [[], ["ann", "bob", "cid 1", "cid 2", "dot"]],
    [[null, undefined, ann], ["bob", "cid 1", "cid 2", "dot"]],
    [exclude("cid"), ["ann", "bob", "dot"]],
    [scene.nsConns, []],
  ];
  for (const [except, names] of cases) {
    const expected = names.map((name) => `${name} hi`);
    assertEquals(await scene.say({}, except), expected);
  }
  for (const wrong of ["ann", { event: "onSay" }, [ann, "bob"], 1, true]) {
    assertThrows(
      () =>
        scene.server.broadcast(
          wrong as unknown as Conn,
          { namespace: "chat", event: "onSay" },
        ),
      TypeError,
      "Cannot leave out",
    );
  }
  // One message that cannot be sent keeps back all of them.
  const bad = { namespace: "chat", event: "onSay", body: Symbol() as never };
  const good = { ...bad, body: "no" };
  assertEquals(
    await scene.heard(() =>
      assertThrows(() => scene.server.broadcast(null, good, bad), TypeError)
    ),
    [],
  );
});

Deno.test("A broadcast to several rooms of thousands goes out in chunks, in order", async () => {
  await using memory = new MemoryServer({ chat: {} }, { maxRooms: 4 });
  const clients: RawClient[] = [];
  for (let i = 0; i < 1_200; i++) {
    const client = await RawClient.open(memory, "M");
    client.send(
      "#1;chat;;_OnNamespaceConnect;0;0;",
      `#2;chat;${"abc"[i % 3]};_OnRoomJoin;0;0;`,
      `#3;chat;${"abc"[i % 2]};_OnRoomJoin;0;0;`,
    );
    clients.push(client);
  }
  await Promise.all(clients.map((client) => client.until(4)));
  const before = memory.frames.length;
  for (const body of ["1", "2", "3"]) {
    memory.server.broadcast(null, {
      namespace: "chat",
      rooms: ["a", "b", "c"],
      event: "e",
      body,
    });
  }
  // Not more than a chunk in the turn of the call.
  assertEquals(memory.frames.length - before, 512);
  for (const [i, client] of clients.entries()) {
    const frames = await client.until(7);
    const room = i % 3 === 0 || i % 2 === 0 ? "a" : "b";
    assertEquals(
      frames.slice(4),
      ["1", "2", "3"].map((body) => `;chat;${room};e;0;0;${body}`),
    );
  }
});

Deno.test("Server.connectionsByID() finds every connection with an ID, and a broadcast to one visits no other", async () => {
  await using scene = new Scene();
  const { server } = scene;
  const ann = await scene.add("ann 1", [], "ann");
  for (let i = 0; i < 50; i++) await scene.add(`other ${i}`);
  const second = await scene.add("ann 2", [], "ann");
  const found = (id: string) => server.connectionsByID(id);
  assertEquals(found("ann"), [ann.conn, second.conn]);
  assertEquals(found("other 7").map(({ id }) => id), ["other 7"]);
  assertEquals(found("none"), []);
  // The snapshot is the caller's own.
  found("ann").length = 0;
  assertEquals(found("ann").length, 2);
  // Who is not receiving is not even looked at.
  let looks = 0;
  for (const { conn } of scene.nsConns) {
    const { id } = conn;
    Object.defineProperty(conn, "id", { get: () => (looks++, id) });
  }
  assertEquals(await scene.say({ to: "ann" }), ["ann 1 hi", "ann 2 hi"]);
  assertEquals((await scene.say({}, exclude("ann"))).length, 50);
  assertEquals(looks, 0);
  assertEquals(server.totalConnections, 52);
  await scene.clients[0]!.close();
  await ann.conn.closed;
  assertEquals(found("ann"), [second.conn]);
  await scene.clients.at(-1)!.close();
  await second.conn.closed;
  assertEquals(found("ann"), []);
  assertEquals([server.totalConnections, server.connections.length], [50, 50]);
  assertEquals(server.stats().connections, 50);
});

Deno.test("Connections with one ID come and go in any order, and the directory follows", async () => {
  await using memory = new MemoryServer({ chat: {} }, {
    idGenerator: ({ headers }) => headers.get("x-id") ?? "same",
  });
  const { server } = memory;
  const clients: Client[] = [];
  let random = 7;
  for (let i = 0; i < 60; i++) {
    random = random * 16807 % 2147483647;
    if (random % 3 > 0 || clients.length === 0) {
      clients.push(await memory.dial({ chat: {} }));
    } else {
      const [gone] = clients.splice(random % clients.length, 1);
      const there = server.connections;
      await gone!.close();
      await Promise.race(there.map(({ closed }) => closed));
    }
    assertEquals(server.connectionsByID("same").length, clients.length);
    assertEquals(server.totalConnections, clients.length);
    assertEquals(server.connections.length, clients.length);
  }
  // A connection that was refused was never there.
  server.onConnect = () => {
    throw new Error("no");
  };
  memory.errors.length = 0;
  await memory.dial({ chat: {} }).catch(() => {});
  assertEquals(server.totalConnections, clients.length);
});

Deno.test("NSConn and Room: broadcast() reaches all, broadcastOthers() all others", async () => {
  await using scene = new Scene();
  const ann = await scene.add("ann", ["room"]);
  await scene.add("bob", ["room"]);
  await scene.add("cid");
  const room = ann.room("room")!;
  const heard = (act: () => void) => scene.heard(act);
  assertEquals(await heard(() => ann.broadcast("onSay", "1")), [
    "ann 1",
    "bob 1",
    "cid 1",
  ]);
  assertEquals(await heard(() => ann.broadcastOthers("onSay", "2")), [
    "bob 2",
    "cid 2",
  ]);
  assertEquals(await heard(() => room.broadcast("onSay", "3")), [
    "ann room: 3",
    "bob room: 3",
  ]);
  assertEquals(await heard(() => room.broadcastOthers("onSay", "4")), [
    "bob room: 4",
  ]);
  assertEquals(await heard(() => ann.volatile.broadcast("onSay", "5")), [
    "ann 5",
    "bob 5",
    "cid 5",
  ]);
  assertEquals(await heard(() => ann.volatile.broadcastOthers("onSay", "6")), [
    "bob 6",
    "cid 6",
  ]);
  assertEquals(await heard(() => room.volatile.broadcast("onSay", "7")), [
    "ann room: 7",
    "bob room: 7",
  ]);
  assertEquals(await heard(() => room.volatile.broadcastOthers("onSay", "8")), [
    "bob room: 8",
  ]);
  // Bytes go as they do with emit.
  const bytes = new TextEncoder().encode("9");
  assertEquals(await heard(() => ann.broadcastOthers("onSay", bytes)), [
    "bob 9",
    "cid 9",
  ]);
  const frame = scene.memory.frames.findLast(({ data }) =>
    typeof data !== "string"
  );
  assert(frame!.data instanceof Uint8Array);
  assertEquals(await heard(() => room.broadcast("onSay")), [
    "ann room: ",
    "bob room: ",
  ]);
  // After it has left, the others can still be told.
  await room.leave();
  assertEquals(await heard(() => room.broadcastOthers("onSay", "bye")), [
    "bob room: bye",
  ]);
  const client = scene.clients[0]!.namespace("chat")!;
  for (const broadcaster of [client, client.volatile]) {
    assertThrows(
      () => broadcaster.broadcast("onSay", "no"),
      TypeError,
      "Cannot get the server of a client's connection",
    );
    assertThrows(() => broadcaster.broadcastOthers("onSay"), TypeError);
  }
});

Deno.test("Volatile broadcasts of a connection skip the peers that are backed up", async () => {
  await using memory = new MemoryServer({ ns: {} });
  const open = async () => {
    const client = await RawClient.open(memory, "M");
    client.send(
      "#1;ns;;_OnNamespaceConnect;0;0;",
      "#2;ns;room;_OnRoomJoin;0;0;",
    );
    await client.until(3);
    return client;
  };
  const slow = await open();
  const fast = await open();
  const [slowConn, fastConn] = memory.server.connectionsByNamespace("ns");
  slow.socket.pause!();
  for (let i = 0; i < 150; i++) slowConn!.emit("onFill");
  fastConn!.volatile.broadcast("onPrice", 1);
  fastConn!.room("room")!.volatile.broadcast("onPrice", 2);
  fastConn!.volatile.broadcastOthers("onPrice", 3);
  fastConn!.broadcast("onPrice", 4);
  assertEquals(hostOf(fastConn!.conn).drops.volatile, 3);
  assertEquals((await fast.until(6)).slice(3), [
    ";ns;;onPrice;0;0;1",
    ";ns;room;onPrice;0;0;2",
    ";ns;;onPrice;0;0;4",
  ]);
  slow.socket.resume!();
  assertEquals((await slow.until(154)).slice(-1), [";ns;;onPrice;0;0;4"]);
});

Deno.test("NSConn.broadcast() of a native message sends its bare body", async () => {
  await using memory = new MemoryServer({ "": { [OnNativeMessage]() {} } });
  const clients = [
    await RawClient.open(memory),
    await RawClient.open(memory),
  ];
  const { server } = memory;
  while (server.room("", "").length < 2) await Promise.resolve();
  const [first] = server.room("", "");
  first!.broadcast(OnNativeMessage, "1");
  first!.broadcastOthers(OnNativeMessage, "2");
  first!.broadcast("onOther", "3");
  assertEquals(await clients[0]!.until(2), ["1", ";;;onOther;0;0;3"]);
  assertEquals(await clients[1]!.until(3), ["1", "2", ";;;onOther;0;0;3"]);
});

Deno.test("Conn.write() and Conn.ask() with several rooms use the first one that is joined", async () => {
  await using scene = new Scene();
  const ann = await scene.add("ann", ["b", "c"]);
  const init = { namespace: "chat", event: "onSay", body: "hi" };
  const { conn } = ann;
  assertEquals(
    await scene.heard(() => assert(conn.write({ ...init, rooms: ["a", "b"] }))),
    ["ann b: hi"],
  );
  assertEquals(conn.write({ ...init, rooms: ["a"] }), false);
  assertEquals(conn.write({ ...init, rooms: [] }), false);
  assertEquals(
    await scene.heard(() => void conn.ask({ ...init, rooms: ["c", "b"] })),
    ["ann c: hi"],
  );
});

Deno.test("A broadcast out of a hook reaches who is there at that moment", async () => {
  const told: string[] = [];
  await using memory = new MemoryServer({
    chat: {
      _OnNamespaceConnected: (nsConn: NSConn) =>
        nsConn.broadcastOthers("onTold", `${nsConn.id} has come`),
      _OnNamespaceDisconnect: (nsConn: NSConn) =>
        nsConn.broadcastOthers("onTold", `${nsConn.id} has left`),
    },
  });
  const dial = async (isLast: boolean) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const client = await memory.dial({
      chat: {
        onTold(_, msg) {
          told.push(msg.text());
          if (isLast || told.length === 2) resolve();
        },
      },
    });
    await client.connect("chat");
    return { client, promise };
  };
  const first = await dial(false);
  const second = await dial(true);
  const { id } = second.client;
  await second.client.close();
  await first.promise;
  assertEquals(told, [`${id} has come`, `${id} has left`]);
  assertEquals(hostOf(memory.server.connections[0]!).directory.size, 1);
});

Deno.test("exclude() refuses what no connection has as its ID: other servers would refuse the message", () => {
  for (const id of ["\ud800", 5, undefined, null]) {
    assertThrows(() => exclude(id as string), TypeError, "the name of the");
  }
});

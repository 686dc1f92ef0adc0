/** Bodies that go with connect and join. */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "@std/assert";
import type { NSConn } from "./api/ns_conn.ts";
import type { Client, DialOptions } from "./client.ts";
import type { Events } from "./controller/events.ts";
import { MemoryServer, RawClient } from "./harness/mod.ts";
import type { Body, BodyCodec } from "./protocol/body.ts";
import { EventError } from "./protocol/errors.ts";
import type { Message } from "./protocol/message.ts";

const HOOKS = [
  "onNamespaceConnect",
  "onNamespaceConnected",
  "onRoomJoin",
  "onRoomJoined",
];

/** Makes hooks that log the side, the hook and the body. */
function logHooks(side: string, log: string[]): Events {
  return Object.fromEntries(
    HOOKS.map((name) => [
      name,
      (_: NSConn, msg: Message) =>
        void log.push(
          `${side} ${name}${msg.isLocal ? " local" : ""} ${msg.text()}`,
        ),
    ]),
  );
}

class Sides implements AsyncDisposable {
  readonly memory: MemoryServer;
  readonly client: Client;

  constructor(memory: MemoryServer, client: Client) {
    this.memory = memory;
    this.client = client;
  }

  static async make(
    server: Events,
    client: Events = {},
    options: DialOptions & { bodyCodec?: BodyCodec } = {},
  ): Promise<Sides> {
    const { bodyCodec } = options;
    const memory = new MemoryServer(
      { chat: server },
      bodyCodec && { bodyCodec },
    );
    return new Sides(memory, await memory.dial({ chat: client }, options));
  }

  /** The server's side of the connection. */
  get conn() {
    return this.memory.server.connections[0]!;
  }

  /** The bodies of the frames of one event, sent by one side. */
  sent(from: "client" | "server", event: string): string[] {
    return this.memory.frames
      .filter(({ from: side, data }) =>
        side === from && String(data).includes(event)
      )
      .map(({ data }) => String(data).split(";").slice(6).join(";"));
  }

  async [Symbol.asyncDispose]() {
    await this.client.close();
    await this.memory.server.close();
  }
}

Deno.test("connect() and joinRoom() carry a body that the hooks of both sides read, from either side", async () => {
  for (const isServer of [false, true]) {
    const log: string[] = [];
    await using sides = await Sides.make(
      logHooks("server", log),
      logHooks("client", log),
    );
    const conn = isServer ? sides.conn : sides.client.conn;
    const nsConn = await conn.connect("chat", { body: { token: "t;1" } });
    await nsConn.joinRoom("a", { body: "text" });
    const [own, other] = isServer
      ? ["server", "client"] as const
      : ["client", "server"] as const;
    assertEquals(
      log.toSorted(),
      [
        `${own} onNamespaceConnect local {"token":"t;1"}`,
        `${own} onNamespaceConnected local {"token":"t;1"}`,
        `${own} onRoomJoin local text`,
        `${own} onRoomJoined local text`,
        `${other} onNamespaceConnect {"token":"t;1"}`,
        `${other} onNamespaceConnected {"token":"t;1"}`,
        `${other} onRoomJoin text`,
        `${other} onRoomJoined text`,
      ].toSorted(),
    );
    assertEquals(sides.sent(own, "_OnNamespaceConnect;"), [
      '{"token":"t;1"}',
    ]);
    // It is sent with the connect alone.
    await nsConn.disconnect();
    assertEquals(sides.sent(own, "_OnNamespaceDisconnect"), [""]);
  }
});

Deno.test("A body of bytes, and one of a codec, are read by the hooks", async () => {
  const bodyCodec: BodyCodec = {
    encode: (value) => new Uint8Array([1, Number(value)]),
    decode: (body) => body[1],
  };
  const read: unknown[] = [];
  const hooks: Events = {
    onNamespaceConnect: (_, msg) => void read.push(msg.bytes()),
    onRoomJoin: (_, msg) => void read.push(msg.json()),
  };
  await using sides = await Sides.make(hooks, hooks, { bodyCodec });
  const bytes = new Uint8Array([255, 0]);
  const nsConn = await sides.client.connect("chat", { body: bytes });
  await nsConn.joinRoom("a", { body: 7 });
  assertEquals(read, [bytes, bytes, 7, 7]);
});

Deno.test("A body in a raw frame reaches the hooks, and a refusal has its text", async () => {
  const memory = new MemoryServer({
    chat: {
      onNamespaceConnect: (_, msg) => {
        const { token } = msg.json<{ token?: string }>() ?? {};
        if (token !== "good") throw new EventError(`not with ${msg.text()}`);
      },
    },
  });
  const raw = await RawClient.open(
    memory,
    "M",
    "$1;chat;;_OnNamespaceConnect;0;0;{}",
    '$2;chat;;_OnNamespaceConnect;0;0;{"token":"good"}',
  );
  assertEquals((await raw.until(3)).slice(1), [
    "$1;chat;;_OnNamespaceConnect;1;0;not with {}",
    "$2;;;;;;",
  ]);
  raw.socket.close();
  await raw.closed.promise;
  await memory.server.close();
});

/** Refuses every connect and join whose body is not "good". */
function refuseOthers(log: string[]): Events {
  const hook = (_: NSConn, msg: Message) => {
    log.push(msg.text());
    if (msg.text() !== "good") throw new EventError(`bad: ${msg.text()}`);
  };
  return { onNamespaceConnect: hook, onRoomJoin: hook };
}

Deno.test("Calls at the same time share a try if their bodies are equal, else the next one has its own", async () => {
  const log: string[] = [];
  await using sides = await Sides.make(refuseOthers(log));
  const { client } = sides;
  const call = (body?: Body) =>
    client.connect("chat", { body }).then(() => "in", ({ message }) => message);
  assertEquals(
    await Promise.all([
      call("a"),
      call("a"),
      call(),
      call({ b: 1 }),
      call({ b: 1 }),
      call("good"),
      call("c"),
      call(),
    ]),
    [
      "bad: a",
      "bad: a",
      "bad: a",
      'bad: {"b":1}',
      'bad: {"b":1}',
      "in",
      "in",
      "in",
    ],
  );
  assertEquals(log.splice(0), ["a", '{"b":1}', "good"]);
  const nsConn = client.namespace("chat")!;
  const join = (body?: Body) =>
    nsConn.joinRoom("a", { body }).then(() => "in", ({ message }) => message);
  assertEquals(
    await Promise.all([join(), join("x"), join("good"), join("y")]),
    ["bad: ", "bad: x", "in", "in"],
  );
  assertEquals(log, ["", "x", "good"]);
});

Deno.test("A body that cannot be sent rejects the call, and nothing is asked", async () => {
  await using sides = await Sides.make({});
  const { client } = sides;
  const nsConn = await client.connect("chat");
  const count = sides.memory.frames.length;
  const bad = new Map() as unknown as Body;
  const later = () => Promise.resolve(bad);
  await assertRejects(() => nsConn.joinRoom("a", { body: bad }), TypeError);
  await assertRejects(() => nsConn.joinRoom("a", { body: later }), TypeError);
  await nsConn.disconnect();
  await assertRejects(() => client.connect("chat", { body: bad }), TypeError);
  await assertRejects(() => client.connect("chat", { body: later }), TypeError);
  assertEquals(sides.memory.frames.length, count + 2);
});

Deno.test("A body may be a function, async too: it is called for each try, before the hooks", async () => {
  const log: string[] = [];
  await using sides = await Sides.make(refuseOthers(log), {
    onNamespaceConnect: (_, msg) => void log.push(`own ${msg.text()}`),
  });
  const { client } = sides;
  const bodies = ["bad", "good"];
  const body = () => {
    log.push("made");
    return bodies.shift();
  };
  await assertRejects(() => client.connect("chat", { body }), EventError);
  const [nsConn] = await Promise.all(
    [1, 2].map(() => client.connect("chat", { body })),
  );
  await nsConn!.joinRoom("a", { body: async () => await "good" });
  assertEquals(log, [
    "made",
    "own bad",
    "bad",
    "made",
    "own good",
    "good",
    "good",
  ]);
});

Deno.test("A function that fails rejects its call, and the next one is tried", async () => {
  await using sides = await Sides.make(refuseOthers([]));
  const { client, memory } = sides;
  const own = new RangeError("no token");
  const fail = () => Promise.reject(own);
  const failed = client.connect("chat", { body: fail });
  const entered = client.connect("chat", { body: "good" });
  assertEquals(await assertRejects(() => failed), own);
  const nsConn = await entered;
  const throwing = () => {
    throw own;
  };
  const join = nsConn.joinRoom("a", { body: throwing });
  assertEquals(await assertRejects(() => join), own);
  assertEquals(nsConn.rooms.length, 0);
  assertEquals(memory.errors, []);
});

Deno.test("What is called while a body is made waits for it, and may give it up", async () => {
  const log: string[] = [];
  await using sides = await Sides.make(refuseOthers(log));
  const { client } = sides;
  const first = Promise.withResolvers<string>();
  const abort = new AbortController();
  const given = client.connect("chat", {
    body: () => first.promise,
    signal: abort.signal,
  });
  const left = client.connect("chat", { body: "good" });
  abort.abort(new Error("enough"));
  await assertRejects(() => given, Error, "enough");
  const nsConn = await left;
  first.resolve("late");
  // A join, and a leave behind it.
  const second = Promise.withResolvers<string>();
  const joined = nsConn.joinRoom("a", { body: () => second.promise });
  const leaves = nsConn.leaveAll();
  second.resolve("good");
  const room = await joined;
  await leaves;
  assertEquals(room.isJoined, false);
  assertEquals(log, ["good", "good"]);
  // The connection ends meanwhile.
  const third = Promise.withResolvers<string>();
  const lost = nsConn.joinRoom("b", { body: () => third.promise });
  await client.close();
  await assertRejects(() => lost, Error, "write closed");
  third.resolve("good");
});

Deno.test("The peer may let this side in while a body is made", async () => {
  const log: string[] = [];
  await using sides = await Sides.make(logHooks("server", log), {});
  const { client, conn } = sides;
  for (const end of [(by: (text: string) => void) => by("made"), undefined]) {
    const gate = Promise.withResolvers<string>();
    const called = client.connect("chat", { body: () => gate.promise });
    const forced = await conn.connect("chat", { body: "forced" });
    assert(client.namespace("chat")!.isConnected);
    if (end) gate.resolve("made");
    else gate.reject(new Error("no body"));
    assertEquals((await called).isConnected, true);
    await forced.disconnect();
  }
  assertEquals(log.filter((line) => line.includes("made")), []);
});

Deno.test("A function that enters or leaves the name whose body it makes does not lock up", async () => {
  await using sides = await Sides.make({});
  const { client } = sides;
  const connect = client.connect("chat", {
    body: async () => {
      await client.connect("chat");
      return "never";
    },
  });
  await assertRejects(() => connect, EventError, "this hook that decides");
  const nsConn = await client.connect("chat", {
    // An ask of its own is no problem.
    body: async () => String(await Promise.resolve(1)),
  });
  const join = nsConn.joinRoom("a", {
    body: async () => (await nsConn.joinRoom("b", { body: "x" })).name,
  });
  assertEquals((await join).name, "a");
  assertEquals(nsConn.rooms.map(({ name }) => name).toSorted(), ["a", "b"]);
});

Deno.test("When both sides ask at once, each reads its own body", async () => {
  const log: string[] = [];
  await using sides = await Sides.make(
    logHooks("server", log),
    logHooks("client", log),
  );
  await Promise.all([
    sides.client.connect("chat", { body: "from client" }),
    sides.conn.connect("chat", { body: "from server" }),
  ]);
  assertEquals(
    log.filter((line) => !line.startsWith(`${line.split(" ").at(-1)} `)),
    [],
  );
  assert(log.length >= 4);
});

Deno.test("A join that was given up leaves the hook the body of the other side's", async () => {
  const log: string[] = [];
  const hook = (_: NSConn, msg: Message) =>
    void log.push(`${msg.isLocal ? "local " : ""}${msg.text()}`);
  await using sides = await Sides.make({}, { onRoomJoin: hook });
  const own = await sides.client.connect("chat");
  const other = sides.conn.namespace("chat")!;
  const abort = new AbortController();
  const given = own.joinRoom("a", { body: "own", signal: abort.signal });
  const asked = other.joinRoom("a", { body: "theirs" });
  abort.abort(new Error("enough"));
  await assertRejects(() => given, Error, "enough");
  assertEquals((await asked).isJoined, true);
  assertEquals(log, ["theirs"]);
});

/** A client that reconnects at once, and the times at which it has. */
async function makeReturning(hooks: Events) {
  const memory = new MemoryServer({ chat: hooks });
  let back = Promise.withResolvers<void>();
  const client = await memory.dial({ chat: {} }, {
    transport: () => memory.connect(),
    reconnect: { random: () => 0 },
    onReconnect: () => back.resolve(),
  });
  return {
    memory,
    client,
    /** Loses the connection, and waits until the client is back. */
    async lose() {
      back = Promise.withResolvers();
      memory.server.connections[0]!.close(4000);
      await back.promise;
    },
    async [Symbol.asyncDispose]() {
      await client.close();
      await memory.server.close();
    },
  };
}

Deno.test("A client that reconnects sends its bodies again, fresh ones of functions", async () => {
  const log: string[] = [];
  const hook = (_: NSConn, msg: Message) =>
    void log.push(`${msg.room} ${msg.text()}`);
  await using returning = await makeReturning({
    onNamespaceConnect: hook,
    onRoomJoin: hook,
  });
  let count = 0;
  const nsConn = await returning.client.connect("chat", {
    body: async () => await `token ${++count}`,
  });
  await nsConn.joinRoom("fresh", { body: () => ({ n: ++count }) });
  await nsConn.joinRoom("same", { body: "static" });
  await nsConn.joinRoom("none");
  assertEquals(log.splice(0), [
    " token 1",
    'fresh {"n":2}',
    "same static",
    "none ",
  ]);
  for (const n of [3, 5]) {
    await returning.lose();
    assertEquals(log.splice(0).toSorted(), [
      ` token ${n}`,
      `fresh {"n":${n + 1}}`,
      "none ",
      "same static",
    ]);
  }
  // The next call has a body of its own, or none.
  await nsConn.room("same")!.leave();
  await nsConn.room("fresh")!.leave();
  await nsConn.joinRoom("same");
  log.length = 0;
  await returning.lose();
  assertEquals(log.toSorted(), [" token 7", "none ", "same "]);
  assertEquals(returning.memory.errors, []);
});

Deno.test("A function that fails when the client reconnects is reported, and called the next time", async () => {
  await using returning = await makeReturning({});
  const { client, memory } = returning;
  const own = new TypeError("no token server");
  let isFailing = false;
  const body = () => {
    if (isFailing) throw own;
    return "token";
  };
  const nsConn = await client.connect("chat", { body });
  await nsConn.joinRoom("a", { body });
  isFailing = true;
  await returning.lose();
  assertEquals(memory.errors, [own]);
  assertEquals(nsConn.isConnected, false);
  isFailing = false;
  await returning.lose();
  assertEquals(nsConn.isConnected, true);
  assertEquals(nsConn.rooms.map(({ name }) => name), ["a"]);
  assertInstanceOf(nsConn.room("a"), Object);
});

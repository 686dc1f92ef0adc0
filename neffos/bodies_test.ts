/** Bodies and names on their way between two sides, in memory. */

import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "@std/assert";
import type { NSConn } from "./api/ns_conn.ts";
import { MemoryServer, RawClient } from "./harness/mod.ts";
import { Struct } from "./controller/struct.ts";
import type { DialOptions } from "./client/dial.ts";
import type { Events } from "./controller/events.ts";
import type { Body } from "./protocol/body.ts";
import { type Message, reply } from "./protocol/message.ts";
import type { ServerOptions } from "./server/options.ts";

/** Two sides that are in one namespace and one room of it. */
interface Pair extends AsyncDisposable {
  readonly memory: MemoryServer;
  /** The server's side. */
  readonly server: NSConn;
  /** The client's side. */
  readonly client: NSConn;
}

interface PairInit {
  server?: Events;
  client?: Events;
  options?: ServerOptions & DialOptions;
}

async function makePair(init: PairInit = {}): Promise<Pair> {
  const { server = {}, client = {}, options } = init;
  const memory = new MemoryServer({ chat: server }, options);
  const dialled = await memory.dial({ chat: client }, options);
  const own = await dialled.connect("chat");
  await own.joinRoom("room");
  return {
    memory,
    server: memory.server.connectionsByNamespace("chat")[0]!,
    client: own,
    async [Symbol.asyncDispose]() {
      await dialled.close();
      await memory.server.close();
    },
  };
}

/** Every call of a connection that takes a body. */
function callsOf(nsConn: NSConn): ((body: Body) => unknown)[] {
  const room = nsConn.room("room")!;
  const at = { namespace: "chat", event: "on" };
  return [
    (body) => nsConn.emit("on", body),
    (body) => nsConn.volatile.emit("on", body),
    (body) => nsConn.ask("on", body),
    (body) => room.emit("on", body),
    (body) => room.volatile.emit("on", body),
    (body) => room.ask("on", body),
    (body) => nsConn.conn.write({ ...at, body }),
  ];
}

function callsOfServer(nsConn: NSConn): ((body: Body) => unknown)[] {
  const { server } = nsConn;
  const at = { namespace: "chat", event: "on" };
  return [
    (body) => server.broadcast(null, { ...at, body }),
    (body) => server.broadcast(null, { ...at, body: "first" }, { ...at, body }),
    (body) => server.broadcast(nsConn, { ...at, room: "room", body }),
    (body) => server.ask({ ...at, body }),
  ];
}

Deno.test("What cannot be sent is a TypeError of every call, on both sides, and nothing is sent", async () => {
  await using pair = await makePair();
  const { server, client, memory } = pair;
  const sent = memory.frames.length;
  const calls = [
    ...callsOf(server),
    ...callsOf(client),
    ...callsOfServer(server),
  ];
  const bodies = [
    new Map(),
    { users: new Set() },
    [Promise.resolve()],
    () => 1,
    "\ud800",
  ];
  for (const call of calls) {
    for (const body of bodies) {
      const error = await assertRejects(
        async () => await call(body as Body),
        TypeError,
        "Cannot send a ",
      );
      // The call is in its stack.
      assertInstanceOf(error.stack?.match(/bodies_test\.ts/), Array);
    }
  }
  assertEquals(memory.frames.length, sent);
});

Deno.test("An answer that cannot be sent is a fault of its handler, on both sides", async () => {
  const answers: Record<string, () => unknown> = {
    map: () => new Map([["a", 1]]),
    nested: () => ({ users: new Map() }),
    later: async () => await Promise.resolve(new Map()),
    reply: () => reply(new Map() as unknown as Body),
    text: () => "\ud800",
    replyText: () => reply("\ud800"),
  };
  const events: Events = {
    onAnswer: (_, msg) => answers[msg.text()]!(),
  };
  await using pair = await makePair({ server: events, client: events });
  const { server, client, memory } = pair;
  for (const asker of [client, server]) {
    for (const name of Object.keys(answers)) {
      await assertRejects(
        () => asker.ask("onAnswer", name),
        Error,
        "internal error",
      );
      const fault = memory.errors.pop() as Error;
      assertInstanceOf(fault, TypeError);
      if (name.startsWith("reply")) {
        // The call of reply() is in its stack.
        assertInstanceOf(fault.stack?.match(/bodies_test\.ts/), Array);
      } else {
        assertInstanceOf(
          fault.message.match(
            /^Cannot answer event "onAnswer" of namespace "chat" with what its handler has returned: Cannot send a /,
          ),
          Array,
        );
      }
    }
  }
  // For a plain emit, only a reply is sent.
  const sent = memory.frames.length;
  client.emit("onAnswer", "map");
  client.emit("onAnswer", "reply");
  await client.ask("onAnswer", "map").catch(() => {});
  assertEquals(
    memory.frames.slice(sent).filter(({ from }) => from === "server").map((
      { data },
    ) => String(data).replace(/^[^;]*/, "")),
    [
      ";chat;;onAnswer;1;0;internal error",
      ";chat;;onAnswer;1;0;internal error",
    ],
  );
});

Deno.test("A name with a lone surrogate is a TypeError of every call, on both sides", async () => {
  const bad = "r\ud800";
  await using pair = await makePair();
  const { server, client, memory } = pair;
  const sent = memory.frames.length;
  const at = { namespace: "chat", event: "on" };
  for (
    const { conn, ...nsConn } of [server, client].map((nsConn) => ({
      conn: nsConn.conn,
      nsConn,
      room: nsConn.room("room")!,
    }))
  ) {
    const { nsConn: inside, room } = nsConn;
    for (
      const call of [
        () => inside.emit(bad),
        () => inside.volatile.emit(bad),
        () => inside.ask(bad),
        () => room.emit(bad),
        () => room.volatile.emit(bad),
        () => room.ask(bad),
        () => inside.joinRoom(bad),
        () => inside.room(bad),
        () => conn.connect(bad),
        () => conn.waitConnect(bad),
        () => conn.write({ ...at, event: bad }),
        () => conn.write({ ...at, namespace: bad }),
        () => conn.write({ ...at, room: bad }),
      ]
    ) {
      await assertRejects(
        async () => await call(),
        TypeError,
        '"r\\ud800" as the name of the',
      );
    }
  }
  for (
    const wrong of [{ event: bad }, { namespace: bad }, { room: bad }, {
      to: bad,
    }]
  ) {
    const init = { ...at, ...wrong };
    assertThrows(
      () => memory.server.broadcast(null, init),
      TypeError,
      "Cannot",
    );
    await assertRejects(() => memory.server.ask(init), TypeError, "Cannot");
  }
  for (const [namespace, room] of [[bad, ""], ["chat", bad]] as const) {
    assertThrows(() => memory.server.room(namespace, room), TypeError);
  }
  assertEquals(memory.frames.length, sent);
});

Deno.test("A handler under a name with a lone surrogate is refused at start-up", () => {
  const bad = "on\udc00";
  const nothing = () => {};
  for (
    const handler of [{ chat: { [bad]: nothing } }, { [bad]: { on: nothing } }]
  ) {
    assertThrows(
      () => new MemoryServer(handler as unknown as Record<string, Events>),
      TypeError,
      '"on\\udc00" as the name of the',
    );
  }
});

Deno.test("Struct.setNamespace() takes no name with a lone surrogate", () => {
  const struct = new Struct({ onHi() {} });
  for (const name of ["a\ud800", undefined, 5]) {
    assertThrows(
      () => struct.setNamespace(name as string),
      TypeError,
      "Cannot",
    );
  }
});

Deno.test("An ID with a lone surrogate is refused", async () => {
  await using memory = new MemoryServer({ chat: {} }, {
    idGenerator: () => "id\ud800",
  });
  await assertRejects(() => memory.open());
  assertInstanceOf(memory.errors[0], TypeError);
});

Deno.test("A binary frame whose names are not UTF-8 is invalid, and one whose body is not is delivered", async () => {
  const received: string[] = [];
  await using memory = new MemoryServer({
    chat: { onAnyEvent: (_, msg) => void received.push(msg.event) },
  });
  const encoder = new TextEncoder();
  const frame = (head: string, at: number, body: string) => {
    const bytes = encoder.encode(head + body);
    bytes[at] = 0xff;
    return bytes;
  };
  const head = ";chat;;onOdd;0;0;";
  const raw = await RawClient.open(
    memory,
    "M",
    "$1;chat;;_OnNamespaceConnect;0;0;",
    frame(head, 2, "x"),
    frame(head, 9, "x"),
    frame(head, head.length, "x"),
    "$2;chat;;onLast;0;0;",
  );
  await raw.until(3);
  assertEquals(received, ["onOdd", "onLast"]);
  assertEquals(memory.server.stats().drops.invalid, 2);
  raw.socket.close();
  await raw.closed.promise;
});

Deno.test("Typed arrays travel whole, and are read by any view at the other side", async () => {
  const received: Message[] = [];
  const take: Events = {
    onNumbers: (_, msg) => void received.push(msg),
    onLast: () => {},
  };
  await using pair = await makePair({ server: take, client: take });
  const { server, client } = pair;
  const pool = new ArrayBuffer(64);
  const numbers = new Float32Array(pool, 12, 3);
  numbers.set([0.5, -2, 3]);
  for (const nsConn of [server, client]) {
    nsConn.emit("onNumbers", numbers);
    nsConn.emit("onNumbers", new DataView(pool, 12, 12));
    nsConn.emit("onNumbers", new Uint8Array(pool, 12, 12));
  }
  // What was emitted is handled before.
  for (const nsConn of [client, server]) await nsConn.ask("onLast");
  assertEquals(received.length, 6);
  for (const msg of received) {
    assertEquals(
      new Float32Array(msg.bytes().buffer),
      new Float32Array(numbers),
    );
  }
});

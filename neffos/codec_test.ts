/** A codec in place of JSON, on every way that a body can take. */

import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { dial } from "./client.ts";
import { withTimeout } from "./controller/sources.ts";
import { Struct } from "./controller/struct.ts";
import { MemoryServer, RawClient } from "./harness/mod.ts";
import type {
  Body,
  BodyCodec,
  RawBody,
  StandardSchemaV1,
} from "./protocol/body.ts";
import { EventError, InvalidPayloadError } from "./protocol/errors.ts";
import { OnNativeMessage } from "./protocol/event_names.ts";
import {
  type Message,
  Message as MessageClass,
  reply,
} from "./protocol/message.ts";
import type { NSConn } from "./api/ns_conn.ts";

const encoder = new TextEncoder();

/** JSON with maps and bigints, behind a byte that is no UTF-8. */
const codec: BodyCodec = {
  encode(value) {
    const json = JSON.stringify(value, (_, value) => {
      if (value instanceof Map) return { $map: [...value] };
      return typeof value === "bigint" ? { $big: String(value) } : value;
    });
    return new Uint8Array([0xff, ...encoder.encode(json)]);
  },
  decode(body) {
    if (typeof body === "string") throw new SyntaxError("a text");
    if (body[0] !== 0xff) throw new SyntaxError("another encoding");
    return JSON.parse(
      new TextDecoder().decode(body.subarray(1)),
      (_, value) => {
        if (value?.$map) return new Map(value.$map);
        return value?.$big ? BigInt(value.$big) : value;
      },
    );
  },
};

/** The same, as text. */
const textCodec: BodyCodec = {
  encode: (value) =>
    `~${
      new TextDecoder().decode((codec.encode(value) as Uint8Array).subarray(1))
    }`,
  decode: (body) => {
    const text = body as string;
    if (text[0] !== "~") throw new SyntaxError("another encoding");
    return codec.decode(
      new Uint8Array([0xff, ...encoder.encode(text.slice(1))]),
    );
  },
};

const VALUE = { n: 2n, map: new Map([["a", [1n]]]), text: "é" };
const SENT = VALUE as unknown as Body;

for (
  const [kind, bodyCodec] of [["bytes", codec], ["text", textCodec]] as const
) {
  Deno.test(`A codec of ${kind} takes the place of JSON on all ways`, async () => {
    const received: [string, unknown][] = [];
    const take = (side: string) => (_: NSConn, msg: Message) => {
      received.push([`${side} ${msg.room}`, msg.json()]);
      return VALUE;
    };
    const events = (side: string) => ({
      on: take(side),
      onReply: () => reply(SENT),
      onLater: async () => await Promise.resolve(VALUE),
      onText: (_: NSConn, msg: Message) => msg.text(),
      onBytes: (_: NSConn, msg: Message) => msg.bytes(),
      onNothing: () => {},
      onError: (_: NSConn, msg: Message) => {
        msg.json();
      },
    });
    const memory = new MemoryServer({ chat: events("server") }, { bodyCodec });
    const client = await memory.dial({ chat: events("client") }, { bodyCodec });
    const own = await client.connect("chat");
    await own.joinRoom("room");
    const { server } = memory;
    const other = server.connectionsByNamespace("chat")[0]!;
    const at = { namespace: "chat", event: "on" };
    for (const [nsConn, to] of [[own, "server"], [other, "client"]] as const) {
      const room = nsConn.room("room")!;
      nsConn.emit("on", SENT);
      nsConn.volatile.emit("on", SENT);
      room.emit("on", SENT);
      room.volatile.emit("on", SENT);
      nsConn.conn.write({ ...at, body: SENT });
      nsConn.conn.write(new MessageClass({ ...at, body: [1] }));
      assertEquals((await nsConn.ask("on", SENT)).json(), VALUE);
      assertEquals((await room.ask("on", SENT)).json(), VALUE);
      assertEquals((await nsConn.ask("onReply")).json(), VALUE);
      assertEquals((await nsConn.ask("onLater")).json(), VALUE);
      assertEquals(
        received.splice(0),
        [
          [`${to} `, VALUE],
          [`${to} `, VALUE],
          [`${to} room`, VALUE],
          [`${to} room`, VALUE],
          [`${to} `, VALUE],
          [`${to} `, [1]],
          [`${to} `, VALUE],
          [`${to} room`, VALUE],
        ],
      );
      // What is text, bytes or nothing already stays as it is.
      assertEquals((await nsConn.ask("onText", "plain")).body, "plain");
      const bytes = new Uint8Array([0, 255]);
      assertEquals((await nsConn.ask("onBytes", bytes)).body, bytes);
      assertEquals((await nsConn.ask("onNothing")).json(), undefined);
      assertEquals((await nsConn.ask("onText")).text(), "");
      // The fault of the sender goes back to it.
      await assertRejects(
        () => nsConn.ask("onError", "no such encoding"),
        InvalidPayloadError,
        "invalid payload",
      );
    }
    const outside = new MessageClass({ ...at, body: { a: 1 } });
    server.broadcast(
      null,
      { ...at, body: SENT },
      { ...at, room: "room", body: SENT },
      outside,
    );
    const first = await server.ask({ ...at, body: SENT });
    assertEquals(first.json(), VALUE);
    assertEquals(received, [
      ["client ", VALUE],
      ["client room", VALUE],
      ["client ", { a: 1 }],
      ["client ", VALUE],
    ]);
    assertEquals(outside.json(), { a: 1 });
    assertEquals(memory.errors, []);
    await client.close();
    await server.close();
  });
}

Deno.test("A message that a handler sends on, or changes in middleware, keeps its encoding", async () => {
  const received: unknown[] = [];
  class Chat {
    static use = [
      (_: NSConn, msg: Message, next: (msg?: Message) => Promise<unknown>) => {
        const isOdd = (msg.json() as { n?: bigint } | undefined)?.n === 3n;
        const body = { n: 4n } as unknown as Body;
        return next(isOdd ? new MessageClass({ ...msg, body }) : undefined);
      },
    ];
    onBig(nsConn: NSConn, msg: Message) {
      const { body } = msg;
      nsConn.server.broadcast(null, msg, {
        namespace: "",
        event: "onBig",
        body,
      });
      return msg.json();
    }
  }
  const handler = new Struct(Chat, { isShared: true });
  const memory = new MemoryServer(handler, { bodyCodec: codec });
  const client = await memory.dial({
    "": { onBig: (_: NSConn, msg: Message) => void received.push(msg.json()) },
  }, { bodyCodec: codec });
  const nsConn = await client.connect("");
  for (const n of [2n, 3n]) {
    const answer = await nsConn.ask("onBig", { n } as unknown as Body);
    assertEquals(answer.json(), { n: n === 3n ? 4n : n });
  }
  assertEquals(received, [{ n: 2n }, { n: 2n }, { n: 4n }, { n: 4n }]);
  await client.close();
  await memory.server.close();
});

function schemaOf(
  accepts: (value: unknown) => boolean,
): StandardSchemaV1<unknown, unknown> {
  const validate = (value: unknown) =>
    accepts(value) ? { value } : { issues: [{ message: "is another" }] };
  return { "~standard": { version: 1, vendor: "test", validate } };
}

Deno.test("A schema gets what the codec decodes, and no bytes of a codec as text", async () => {
  class Chat {
    static events = {
      onBig: schemaOf((value) => typeof value === "bigint"),
      onText: schemaOf((value) => typeof value === "string"),
      onBytes: schemaOf((value) => value instanceof Uint8Array),
    };
    onBig(_: NSConn, msg: Message) {
      return String(msg.json());
    }
    onText(_: NSConn, msg: Message) {
      return msg.json();
    }
    onBytes(_: NSConn, msg: Message) {
      return msg.json();
    }
  }
  const handler = new Struct(Chat, { isShared: true });
  const memory = new MemoryServer(handler, { bodyCodec: codec });
  const client = await memory.dial({ "": {} }, { bodyCodec: codec });
  const nsConn = await client.connect("");
  const big = 7n as unknown as Body;
  assertEquals((await nsConn.ask("onBig", big)).text(), "7");
  assertEquals((await nsConn.ask("onText", "hi")).text(), "hi");
  const bytes = new Uint8Array([1]);
  assertEquals((await nsConn.ask("onBytes", bytes)).body, bytes);
  for (const [event, body] of [["onText", big], ["onBig", "text"]] as const) {
    await assertRejects(() => nsConn.ask(event, body));
  }
  await client.close();
  await memory.server.close();
});

Deno.test("Native messages go through the codec as well", async () => {
  const memory = new MemoryServer({
    "": {
      [OnNativeMessage]: (_: NSConn, msg: Message) =>
        reply({ got: msg.json() } as unknown as Body),
    },
  }, { bodyCodec: codec });
  const raw = await RawClient.open(memory, codec.encode(5n));
  const [frame] = await raw.until(1);
  assertEquals(codec.decode(frame as RawBody), { got: 5n });
  raw.socket.close();
  await raw.closed.promise;
  await memory.server.close();
});

Deno.test("A broadcast is encoded once, whatever the number of receivers", async () => {
  let count = 0;
  const bodyCodec: BodyCodec = {
    encode: (value) => `${++count} ${value}`,
    decode: (body) => body,
  };
  const memory = new MemoryServer({ chat: {} }, { bodyCodec });
  const clients = await Promise.all(
    [1, 2, 3].map(() => memory.dial({ chat: {} })),
  );
  for (const client of clients) await client.connect("chat");
  const at = { namespace: "chat", event: "on" };
  memory.server.broadcast(null, { ...at, body: 5 }, { ...at, body: 6 });
  assertEquals(count, 2);
  for (const client of clients) await client.close();
  await memory.server.close();
});

Deno.test("A codec that fails is a TypeError of the call, or an internal error of the answer", async () => {
  const results: unknown[] = [
    undefined,
    null,
    5,
    {},
    Promise.resolve(""),
    "\ud800",
    new Uint16Array(1),
  ];
  const bodyCodec: BodyCodec = {
    encode(value) {
      if (value === -1) throw new RangeError("too small");
      return results[value as number] as string;
    },
    decode: (body) => body,
  };
  const memory = new MemoryServer(
    { chat: { on: (_, msg) => Number(msg.text()) } },
    { bodyCodec },
  );
  const client = await memory.dial({ chat: {} }, { bodyCodec });
  const nsConn = await client.connect("chat");
  for (const i of [-1, ...results.keys()]) {
    assertThrows(() => nsConn.emit("on", i), TypeError, "Cannot send a ");
    await assertRejects(() => nsConn.ask("on", i), TypeError, "Cannot send a ");
    await assertRejects(() => nsConn.ask("on", String(i)), Error, "internal");
    assertInstanceOf(memory.errors.pop(), TypeError);
  }
  const thrown = assertThrows(() => nsConn.emit("on", -1), TypeError);
  assertInstanceOf(thrown.cause, RangeError);
  // Whatever the codec: code and results to come are no bodies.
  for (const body of [Promise.resolve(1), () => 1, Symbol("s")]) {
    assertThrows(
      () => nsConn.emit("on", body as unknown as Body),
      TypeError,
      "Cannot send a body of type",
    );
  }
  await client.close();
  await memory.server.close();
});

Deno.test("A promise in a body is refused whatever the codec, which would make {} of it", async () => {
  const bodyCodec: BodyCodec = {
    encode: (value) => Array.isArray(value) ? "list" : "map",
    decode: (body) => body,
  };
  await using memory = new MemoryServer({
    chat: {
      onAsk: () => ({ a: [Promise.resolve(1)] }),
      onCycle: (_, msg) => msg.text(),
    },
  }, { bodyCodec });
  const client = await memory.dial({ chat: {} }, { bodyCodec });
  const nsConn = await client.connect("chat");
  assertThrows(
    () => nsConn.emit("on", [{ user: Promise.resolve("ann") }]),
    TypeError,
    'Cannot send a body whose "[0].user" is of type "Promise": await it first',
  );
  await assertRejects(() => nsConn.ask("onAsk"), EventError, "internal error");
  assertInstanceOf(memory.errors.pop(), TypeError);
  // A codec may take what JSON does not: circles, collections, objects of classes.
  const circle: Record<string, unknown> = { map: new Map(), toJSON: () => "" };
  circle.self = [circle, circle];
  assertEquals((await nsConn.ask("onCycle", circle)).text(), "map");
});

Deno.test("What is no codec is refused where a server or client is made", async () => {
  const wrongs = [null, {}, 5, "json", { encode: () => "" }, { decode() {} }];
  for (const wrong of wrongs) {
    const bodyCodec = wrong as unknown as BodyCodec;
    assertThrows(
      () => new MemoryServer({ chat: {} }, { bodyCodec }),
      TypeError,
      'Cannot use the option "bodyCodec"',
    );
    await assertRejects(
      () =>
        dial("ws://127.0.0.1:1", withTimeout({ chat: {} }, {}), { bodyCodec }),
      TypeError,
      'Cannot use the option "bodyCodec"',
    );
  }
});

Deno.test("Events kept while a client is away are in its codec", async () => {
  const received: unknown[] = [];
  const handler = {
    chat: { on: (_: NSConn, msg: Message) => void received.push(msg.json()) },
  };
  const memory = new MemoryServer(handler, { bodyCodec: codec });
  const back = Promise.withResolvers<void>();
  const client = await memory.dial({ chat: {} }, {
    bodyCodec: codec,
    transport: () => memory.connect(),
    reconnect: { maxKept: 5, random: () => 0 },
    onReconnect: () => back.resolve(),
  });
  const nsConn = await client.connect("chat");
  const gone = Promise.withResolvers<void>();
  memory.server.onDisconnect = () => gone.resolve();
  memory.server.connections[0]!.close(4000);
  await gone.promise;
  assertEquals(nsConn.emit("on", SENT), true);
  await back.promise;
  await nsConn.ask("onNone").catch(() => {});
  assertEquals(received, [VALUE]);
  await client.close();
  await memory.server.close();
});

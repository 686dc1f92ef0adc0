/** Errors that come from the other side: their frames, fields and classes. */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import type { NSConn } from "./api/ns_conn.ts";
import type { Events } from "./controller/events.ts";
import { MemoryServer, RawClient } from "./harness/mod.ts";
import {
  AskTimeoutError,
  BadNamespaceError,
  BadRoomError,
  CloseError,
  ConnectionClosedError,
  EventError,
  type KnownErrorClass,
  LimitError,
  NeffosError,
  type NeffosErrorOptions,
  registerError,
} from "./protocol/errors.ts";
import type { Message } from "./protocol/message.ts";

function refuse(): never {
  throw new EventError("not you");
}

const REFUSING: Events = {
  onFail: refuse,
  onRoomJoin: (_, msg) => {
    if (!msg.isLocal && msg.room === "closed") refuse();
  },
  onRoomLeave: (_, msg) => {
    if (!msg.isLocal && msg.room === "kept") refuse();
  },
};

/** A server with a client in its namespace "chat". */
async function connectPair(events: Events = {}) {
  const memory = new MemoryServer({
    chat: { ...REFUSING, ...events },
    secret: { onNamespaceConnect: refuse },
    stay: {
      onNamespaceDisconnect: (_, msg) => {
        if (!msg.isLocal) refuse();
      },
    },
  });
  const handler = { ...REFUSING, ...events };
  const client = await memory.dial(
    { chat: handler, secret: {}, stay: {}, none: {} },
    { limits: { maxPendingAsks: 3 } },
  );
  const own = await client.connect("chat");
  return {
    memory,
    client,
    own,
    other: memory.server.connectionsByNamespace("chat")[0]!,
    async [Symbol.asyncDispose]() {
      await client.close();
      await memory.server.close();
    },
  };
}

/** Rejects with the error of a call, which is made and awaited here. */
async function callFromHere(call: () => Promise<unknown>): Promise<never> {
  await call();
  throw new Error("the call has succeeded");
}

async function failureOf(call: () => Promise<unknown>): Promise<NeffosError> {
  const error = await callFromHere(call).catch((error) => error);
  assertInstanceOf(error, NeffosError);
  assertStringIncludes(error.stack!, "callFromHere");
  assert(error.stack!.startsWith(`${error.name}: ${error.message}`));
  return error;
}

function placeOf({ namespace, room, event }: NeffosError): unknown[] {
  return [namespace, room, event];
}

Deno.test("An error of the other side has the caller in its stack, the event, the namespace and the room", async () => {
  await using pair = await connectPair();
  const { own, other, client, memory } = pair;
  for (const nsConn of [own, other]) {
    const asked = await failureOf(() => nsConn.ask("onFail"));
    assertInstanceOf(asked, EventError);
    assertEquals(asked.message, "not you");
    assertEquals(placeOf(asked), ["chat", "", "onFail"]);
    const room = await nsConn.joinRoom("room");
    const inRoom = await failureOf(() => room.ask("onFail"));
    assertEquals(placeOf(inRoom), ["chat", "room", "onFail"]);
    const join = await failureOf(() => nsConn.joinRoom("closed"));
    assertEquals(join.message, "not you");
    assertEquals(placeOf(join), ["chat", "closed", "_OnRoomJoin"]);
    const message = { namespace: "chat", event: "onFail" };
    const written = await failureOf(() => nsConn.conn.ask(message));
    assertEquals(placeOf(written), ["chat", "", "onFail"]);
    // Several calls share one ask, and none its error.
    const both = [1, 2].map(() => failureOf(() => nsConn.joinRoom("closed")));
    const [first, second] = await Promise.all(both);
    assert(first !== second);
  }
  const kept = await own.joinRoom("kept");
  for (const leave of [() => kept.leave(), () => own.leaveAll()]) {
    const error = await failureOf(leave);
    assertEquals(error.message, "not you");
    assertEquals(placeOf(error), ["chat", "kept", "_OnRoomLeave"]);
  }
  const connect = await failureOf(() => client.connect("secret"));
  assertEquals(placeOf(connect), ["secret", "", "_OnNamespaceConnect"]);
  const unknown = await failureOf(() => client.connect("none"));
  assertInstanceOf(unknown, BadNamespaceError);
  assertEquals(placeOf(unknown), ["none", "", "_OnNamespaceConnect"]);
  const stay = await client.connect("stay");
  for (
    const leave of [() => stay.disconnect(), () => client.conn.disconnectAll()]
  ) {
    const error = await failureOf(leave);
    assertEquals(error.message, "not you");
    assertEquals(placeOf(error), ["stay", "", "_OnNamespaceDisconnect"]);
    assertEquals(stay.isConnected, true);
    if (!own.isConnected) await client.connect("chat");
  }
  const init = { namespace: "chat", event: "onFail" };
  const polled = await failureOf(() => memory.server.ask(init));
  assertInstanceOf(polled, EventError);
  assertEquals(placeOf(polled), ["chat", "", "onFail"]);
});

Deno.test("So has an error of this side: no answer, no connection, no room, too many asks", async () => {
  const hang = Promise.withResolvers<void>();
  await using pair = await connectPair({ onHang: () => hang.promise });
  const { own, other, client } = pair;
  for (const nsConn of [own, other]) {
    const nameless = await failureOf(() => nsConn.joinRoom(""));
    assertInstanceOf(nameless, BadRoomError);
    const room = await nsConn.joinRoom("left");
    await room.leave();
    const left = await failureOf(() => room.ask("onFail"));
    assertInstanceOf(left, BadRoomError);
    assertEquals(placeOf(left), ["chat", "left", "onFail"]);
    const gone = await failureOf(() => room.leave());
    assertEquals(placeOf(gone), ["chat", "left", "_OnRoomLeave"]);
  }
  for (const nsConn of [own, other]) {
    const late = await failureOf(() => nsConn.ask("onHang", 1, { timeout: 1 }));
    assertInstanceOf(late, AskTimeoutError);
    assertEquals(placeOf(late), ["chat", "", "onHang"]);
  }
  const hanging = [1, 2, 3].map(() => failureOf(() => own.ask("onHang")));
  const limit = await failureOf(() => own.ask("onHang"));
  assertInstanceOf(limit, LimitError);
  assertEquals(placeOf(limit), ["chat", "", "onHang"]);
  const waiting = failureOf(() => other.ask("onHang"));
  const join = failureOf(() => other.joinRoom("later"));
  client.conn.close(4001, "enough");
  for (const error of await Promise.all([...hanging, waiting])) {
    assertInstanceOf(error, ConnectionClosedError);
    assertEquals([error.code, error.reason], [4001, "enough"]);
    assertEquals(placeOf(error), ["chat", "", "onHang"]);
  }
  hang.resolve();
  assertEquals(placeOf(await join), ["chat", "later", "_OnRoomJoin"]);
  const closed = await failureOf(() => own.ask("onFail"));
  assertInstanceOf(closed, ConnectionClosedError);
  assertEquals(placeOf(closed), ["chat", "", "onFail"]);
});

Deno.test("A handler reads where an error of the other side belongs", async () => {
  const { promise, resolve } = Promise.withResolvers<Message>();
  await using pair = await connectPair({
    onOops: (_: NSConn, msg: Message) =>
      msg.error === undefined ? refuse() : resolve(msg),
  });
  pair.own.emit("onOops");
  const { error } = await promise;
  assertInstanceOf(error, EventError);
  assertEquals(placeOf(error), ["chat", "", "onOops"]);
});

// The classes are registered for the whole program, so each test has its own.

/** Asks each side for an error, and returns what came. */
async function exchange(make: () => unknown): Promise<EventError[]> {
  const fail = () => {
    throw make();
  };
  await using pair = await connectPair({ onKnown: fail, onRoomJoin: fail });
  const errors: EventError[] = [];
  for (const nsConn of [pair.own, pair.other]) {
    errors.push(await failureOf(() => nsConn.ask("onKnown")) as EventError);
  }
  errors.push(await failureOf(() => pair.own.joinRoom("x")) as EventError);
  return errors;
}

Deno.test("registerError() makes an error arrive as its class, on both sides", async () => {
  class StockError extends EventError {}
  class NamedError extends EventError {
    static {
      this.prototype.name = "NamedError";
    }
  }
  class OddError extends EventError {
    readonly extra: string;
    constructor(text: string) {
      super(`odd: ${text}`);
      this.extra = text;
    }
  }
  assertEquals(
    (await exchange(() => new StockError("none")))[0]?.constructor,
    EventError,
  );
  for (const Class of [StockError, NamedError, OddError]) {
    registerError(Class);
    registerError(Class);
    const sent = new Class("no apples: sold");
    for (const error of await exchange(() => new Class("no apples: sold"))) {
      assertInstanceOf(error, Class);
      assertEquals(error.constructor, Class);
      assertEquals(error.message, sent.message);
      assertEquals(error.name, sent.name);
      assert(error.namespace === "chat" && error.event !== undefined);
    }
  }
});

Deno.test("registerError() takes classes with data, which their texts have", async () => {
  class PriceError extends EventError {
    static fromText(text: string) {
      const price = /^the price is now (\d+)$/.exec(text)?.[1];
      return price ? new PriceError({ price: Number(price) }) : undefined;
    }
    readonly price: number;
    constructor({ price }: { price: number }) {
      super(`the price is now ${price}`);
      this.price = price;
    }
  }
  registerError(PriceError);
  for (const error of await exchange(() => new PriceError({ price: 42 }))) {
    assertInstanceOf(error, PriceError);
    assertEquals([error.price, error.message], [42, "the price is now 42"]);
  }
  // Its text alone goes over the wire, and from any peer.
  for (
    const error of await exchange(() => new EventError("the price is now 7"))
  ) {
    assertInstanceOf(error, PriceError);
  }
});

Deno.test("An error goes as its nearest registered class, and peers read a sensible text", async () => {
  class FruitError extends EventError {}
  class AppleError extends FruitError {}
  class PearError extends AppleError {}
  registerError(FruitError);
  registerError(AppleError);
  const memory = new MemoryServer({
    chat: {
      onApple: () => new PearError("soft"),
      onPlain: () => new EventError("Some: text"),
      onNone: () => new FruitError(""),
      onRoomJoin: () => {
        throw new FruitError("no room");
      },
    },
  });
  const raw = await RawClient.open(
    memory,
    "M",
    "$1;chat;;_OnNamespaceConnect;0;0;",
    "$2;chat;;onApple;0;0;",
    "$3;chat;;onPlain;0;0;",
    "$4;chat;;onNone;0;0;",
    "$5;chat;a;_OnRoomJoin;0;0;",
  );
  assertEquals((await raw.until(6)).slice(2), [
    "$2;chat;;onApple;1;0;AppleError: soft",
    "$3;chat;;onPlain;1;0;Some: text",
    "$4;chat;;onNone;1;0;FruitError: ",
    "$5;chat;a;_OnRoomJoin;1;0;FruitError: no room",
  ]);
  raw.socket.close();
  await raw.closed.promise;
  await memory.server.close();
  const [error] = await exchange(() => new PearError("soft"));
  assertEquals([error?.constructor, error?.message], [AppleError, "soft"]);
});

Deno.test("A registered class that fails, or lies, does no harm", async () => {
  class ThrowingError extends EventError {
    constructor(text: string, options?: NeffosErrorOptions) {
      if (options !== undefined) throw new RangeError("cannot be made");
      super(text);
    }
  }
  class OtherError extends EventError {
    static fromText(text: string) {
      if (text === "throw") throw new Error("thrown");
      return text === "other" ? new EventError("another class") : undefined;
    }
  }
  class KickError extends CloseError {
    static fromText(text: string) {
      return text.startsWith("kick") ? new KickError(4999, text) : undefined;
    }
  }
  registerError(ThrowingError);
  registerError(OtherError);
  registerError(KickError);
  for (const error of await exchange(() => new ThrowingError("text"))) {
    assertEquals(error.constructor, EventError);
    assertEquals(error.message, "ThrowingError: text");
  }
  for (
    const text of ["throw", "other", "__proto__: x", "constructor: x", ": x"]
  ) {
    for (const error of await exchange(() => new EventError(text))) {
      assertEquals([error.constructor, error.message], [EventError, text]);
    }
  }
});

Deno.test("registerError() refuses what is no class of errors, and a name that is taken", () => {
  class TakenError extends EventError {}
  registerError(TakenError);
  const Same =
    { TakenError: class TakenError extends EventError {} }.TakenError;
  const wrongs: [unknown, string][] = [
    [EventError, "Cannot register EventError as an error"],
    [class PlainError extends Error {}, "Cannot register PlainError"],
    [() => {}, "it must be a subclass of EventError"],
    [new EventError("x"), 'a value of type "object"'],
    [undefined, "Cannot register undefined"],
    [
      class extends EventError {},
      'Cannot register "" as an error: it must have a name',
    ],
    [
      class extends EventError {
        static {
          this.prototype.name = "a: b";
        }
      },
      "which has no colon",
    ],
    [
      Same,
      'Cannot register "TakenError" as an error: another class has this name',
    ],
    [BadRoomError, 'Cannot register "BadRoomError" as an error: its text is'],
  ];
  for (const [Class, text] of wrongs) {
    assertThrows(
      () => registerError(Class as KnownErrorClass),
      TypeError,
      text,
    );
  }
});

Deno.test("A refused client reads the error of onConnect as its class", async () => {
  class BannedError extends EventError {}
  registerError(BannedError);
  const memory = new MemoryServer({ chat: {} }, {
    onConnect: () => {
      throw new BannedError("until Monday");
    },
  });
  const error = await assertRejects(() => memory.dial({ chat: {} }), Error);
  const told = error instanceof BannedError ? error : error.cause;
  assertInstanceOf(told, BannedError);
  assertEquals(told.message, "until Monday");
  await memory.server.close();
});

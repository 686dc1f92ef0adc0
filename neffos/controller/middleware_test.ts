import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { NSConn } from "../api/ns_conn.ts";
import { LIFE_CYCLE, MemoryServer, RawClient } from "../harness/mod.ts";
import { Server } from "../server/server.ts";
import { denoUpgrader } from "../transport/upgrader.ts";
import { CloseError, EventError } from "../protocol/errors.ts";
import { OnNamespaceConnect } from "../protocol/event_names.ts";
import { Message, reply } from "../protocol/message.ts";
import type { StandardSchemaV1 } from "../protocol/body.ts";
import type { EventMiddleware, NextEvent } from "./events.ts";
import { makeBinding, Struct } from "./struct.ts";

/** Makes a controller with the middleware of a test. */
function structWith(...use: EventMiddleware[]): Struct {
  return new Struct(
    class {
      static readonly namespace = "ns";
      static readonly use = use;
      readonly nsConn: NSConn;
      constructor(nsConn: NSConn) {
        this.nsConn = nsConn;
      }
      onEcho(msg: Message) {
        return msg.text();
      }
      async onLater(msg: Message) {
        await Promise.resolve();
        return msg.text();
      }
      onReply() {
        return reply("replied");
      }
      onError() {
        return new EventError("returned");
      }
      onThrow() {
        throw new EventError("thrown");
      }
    },
  );
}

Deno.test("Middleware runs around every event with a handler and every life-cycle event", async () => {
  const log: string[] = [];
  const logAll: EventMiddleware = async (_nsConn, msg, next) => {
    log.push(`${msg.event} ${msg.room}`);
    const result = await next();
    if (result !== undefined) log.push(`= ${result}`);
    return result;
  };
  await using memory = new MemoryServer(structWith(logAll));
  const client = await memory.dial({ ns: {} });
  const nsConn = await client.connect("ns");
  assertEquals((await nsConn.ask("onEcho", "hi")).text(), "hi");
  assertEquals((await nsConn.ask("onLater", "ho")).text(), "ho");
  assertEquals((await nsConn.ask("onReply")).text(), "replied");
  await assertRejects(() => nsConn.ask("onUnknown"), EventError);
  const room = await nsConn.joinRoom("room");
  await room.leave();
  await nsConn.disconnect();
  await client.close();
  assertEquals(log.filter((line) => !line.startsWith("= [")), [
    "_OnNamespaceConnect ",
    "_OnNamespaceConnected ",
    "onEcho ",
    "= hi",
    "onLater ",
    "= ho",
    "onReply ",
    "_OnRoomJoin room",
    "_OnRoomJoined room",
    "_OnRoomLeave room",
    "_OnRoomLeft room",
    "_OnNamespaceDisconnect ",
  ]);
  assertEquals(memory.errors, []);
});

Deno.test("Middleware refuses events, connecting and joining, with its text", async () => {
  let refused = "";
  const guard: EventMiddleware = (_nsConn, msg, next) => {
    if (msg.event === refused) throw new EventError(`no ${msg.event}`);
    return next();
  };
  await using memory = new MemoryServer(structWith(guard));
  const client = await memory.dial({ ns: {} });
  refused = "_OnNamespaceConnect";
  await assertRejects(() => client.connect("ns"), EventError, `no ${refused}`);
  refused = "_OnRoomJoin";
  const nsConn = await client.connect("ns");
  await assertRejects(() => nsConn.joinRoom("r"), EventError, `no ${refused}`);
  assertEquals(memory.server.room("ns", "r"), []);
  refused = "onEcho";
  await assertRejects(() => nsConn.ask("onEcho"), EventError, `no ${refused}`);
  refused = "_OnNamespaceDisconnect";
  await assertRejects(() => nsConn.disconnect(), EventError, `no ${refused}`);
  assertEquals(memory.server.connectionsByNamespace("ns").length, 1);
  refused = "";
  await client.close();
});

Deno.test("Middleware that does not call next() grants nothing, and answers events", async () => {
  let skipped = "";
  const guard: EventMiddleware = (_nsConn, msg, next) => {
    if (msg.event !== skipped) return next();
    return msg.event === "onEcho" ? "instead" : undefined;
  };
  await using memory = new MemoryServer(structWith(guard));
  const client = await memory.dial({ ns: {} });
  skipped = "_OnNamespaceConnect";
  await assertRejects(() => client.connect("ns"), EventError, "refused");
  skipped = "_OnRoomJoin";
  const nsConn = await client.connect("ns");
  await assertRejects(() => nsConn.joinRoom("r"), EventError, "refused");
  skipped = "onEcho";
  assertEquals((await nsConn.ask("onEcho", "hi")).text(), "instead");
  await client.close();
});

Deno.test("Middleware cannot grant what the handler refuses", async () => {
  const swallow: EventMiddleware = async (_nsConn, _msg, next) => {
    try {
      return await next();
    } catch {
      return;
    }
  };
  const forget: EventMiddleware = (_nsConn, _msg, next) => {
    void next();
    return undefined;
  };
  for (const use of [swallow, forget]) {
    let isBuilt = false;
    class Controller {
      static readonly namespace = "ns";
      static readonly use = [use];
      constructor() {
        isBuilt = true;
      }
      onNamespaceConnect(msg: Message) {
        if (msg.text() !== "") return;
        throw new EventError("not you");
      }
    }
    await using memory = new MemoryServer(new Struct(Controller));
    const client = await memory.dial({ ns: {} });
    await assertRejects(() => client.connect("ns"), EventError, "not you");
    assertEquals(isBuilt, true);
    await client.close();
  }
});

Deno.test("A controller is not made for a peer that middleware refuses", async () => {
  let built = 0;
  class Controller {
    static readonly namespace = "ns";
    static readonly use: EventMiddleware[] = [(_nsConn, msg, next) => {
      if (msg.event === "_OnNamespaceConnect" && built === 0) {
        built = 1;
        throw new EventError("later");
      }
      return next();
    }];
    constructor() {
      built += 10;
    }
    onHi() {
      return built;
    }
  }
  await using memory = new MemoryServer(new Struct(Controller));
  const client = await memory.dial({ ns: {} });
  await assertRejects(() => client.connect("ns"), EventError, "later");
  const nsConn = await client.connect("ns");
  assertEquals((await nsConn.ask("onHi")).json(), 11);
  await client.close();
});

Deno.test("A controller that is made after middleware has refused is disposed", async () => {
  const disposed = Promise.withResolvers<void>();
  const { promise: refused, resolve: onRefused } = Promise.withResolvers<
    void
  >();
  class Controller {
    static readonly use: EventMiddleware[] = [(_nsConn, msg, next) => {
      if (msg.event !== OnNamespaceConnect) return next();
      next();
      throw new EventError("no");
    }];
    onNamespaceConnect() {
      throw new Error("should not be asked");
    }
    onChat() {}
  }
  const struct = new Struct(Controller, {
    async create() {
      await refused;
      return { instance: new Controller(), dispose: disposed.resolve };
    },
  });
  await using memory = new MemoryServer(struct);
  const client = await memory.dial({ "": {} });
  await assertRejects(() => client.connect(""), EventError, "no");
  onRefused();
  await disposed.promise;
  assertEquals(memory.errors, []);
  await client.close();
});

Deno.test("Middleware that outlives its connection calls no disposed controller", async () => {
  for (const event of ["onChat", "_OnRoomJoin", "_OnNamespaceConnected"]) {
    const log: string[] = [];
    const begun = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    let ended: Promise<unknown> = Promise.resolve();
    class Controller {
      static readonly use: EventMiddleware[] = [async (_nsConn, msg, next) => {
        if (msg.event !== event) return next();
        begun.resolve();
        await gone.promise;
        return ended = next();
      }];
      onChat() {
        log.push("onChat");
      }
      onRoomJoin() {
        log.push("join");
      }
      onNamespaceConnected() {
        log.push("connected");
      }
      [Symbol.dispose]() {
        log.push("disposed");
        gone.resolve();
      }
    }
    await using memory = new MemoryServer(
      new Struct(Controller, { create: () => makeBinding(new Controller()) }),
      { closeTimeout: 1 },
    );
    const client = await RawClient.open(
      memory,
      "M",
      "$1;;;_OnNamespaceConnect;0;0;",
      "$2;;;onChat;0;0;",
      "$3;;room;_OnRoomJoin;0;0;",
    );
    await begun.promise;
    client.socket.close(1000, "");
    await gone.promise;
    await ended.catch(() => {});
    // An error would be reported after all waiters have run.
    await new Promise((resolve) => setTimeout(resolve));
    assertEquals(log.at(-1), "disposed");
    assertEquals(memory.errors, []);
  }
});

Deno.test("Middleware cannot hide from a controller an event after the fact", async () => {
  const told: string[] = [];
  class Controller {
    static readonly namespace = "ns";
    static readonly use: EventMiddleware[] = [
      (_nsConn, msg, next) => {
        if (msg.event === "_OnNamespaceConnect") return next();
        if (msg.event === "_OnRoomJoin") return next();
        if (msg.event === "_OnNamespaceDisconnect") return;
        throw new EventError("not now");
      },
    ];
    onNamespaceConnected() {
      told.push("connected");
    }
    onRoomJoined() {
      told.push("joined");
    }
    onRoomLeft() {
      told.push("left");
    }
    onNamespaceDisconnect() {
      told.push("disconnect");
    }
  }
  {
    await using memory = new MemoryServer(new Struct(Controller));
    const client = await memory.dial({ ns: {} });
    const nsConn = await client.connect("ns");
    await nsConn.joinRoom("r");
    await client.close();
    await memory.server.close();
    // The guard has thrown each time but the last, which is reported.
    assertEquals(
      memory.errors.map(String),
      Array(4).fill("EventError: not now"),
    );
  }
  assertEquals(told, ["connected", "joined", "left", "disconnect"]);
});

Deno.test("Middleware sees errors, and may change the message and the answer", async () => {
  const seen: string[] = [];
  const change: EventMiddleware = async (_nsConn, msg, next) => {
    try {
      const result = await next(
        msg.event === "onEcho"
          ? new Message({ ...msg, body: msg.text().toUpperCase() })
          : undefined,
      );
      return typeof result === "string" ? `${result}!` : result;
    } catch (error) {
      seen.push(String(error));
      throw new EventError("changed");
    }
  };
  await using memory = new MemoryServer(structWith(change));
  const client = await memory.dial({ ns: {} });
  const nsConn = await client.connect("ns");
  assertEquals((await nsConn.ask("onEcho", "hi")).text(), "HI!");
  assertEquals((await nsConn.ask("onLater", "hi")).text(), "hi!");
  for (const event of ["onError", "onThrow"]) {
    await assertRejects(() => nsConn.ask(event), EventError, "changed");
  }
  assertEquals(seen, ["EventError: returned", "EventError: thrown"]);
  await client.close();
});

Deno.test("Middleware runs in its order, and calls next() once", async () => {
  const log: string[] = [];
  const name =
    (text: string): EventMiddleware => async (_nsConn, msg, next) => {
      if (msg.event !== "onEcho") return next();
      log.push(text);
      const result = await next();
      log.push(`/${text}`);
      return result;
    };
  const twice: EventMiddleware = async (_nsConn, msg, next) => {
    await next();
    return msg.event === "onLater" ? next() : undefined;
  };
  await using memory = new MemoryServer(
    structWith(name("a"), name("b"), twice),
  );
  const client = await memory.dial({ ns: {} });
  const nsConn = await client.connect("ns");
  await nsConn.ask("onEcho");
  assertEquals(log, ["a", "b", "/b", "/a"]);
  await assertRejects(() => nsConn.ask("onLater"), EventError, "internal");
  assertEquals(memory.errors.map(String), [
    'Error: Cannot call next() twice for event "onLater"',
  ]);
  await client.close();
});

Deno.test("An error behind a next() that is not awaited is reported, and ends nothing", async () => {
  const forget: EventMiddleware = (_nsConn, msg, next) => {
    const result = next();
    return msg.event === "onThrow" ? undefined : result;
  };
  const forgetLater: EventMiddleware = async (_nsConn, msg, next) => {
    const result = next();
    await Promise.resolve();
    return msg.event === "onThrow" ? undefined : await result;
  };
  const fail: EventMiddleware = (_nsConn, msg, next) => {
    if (msg.event !== "onError") return next();
    void next();
    throw new EventError("the middleware itself");
  };
  for (const use of [forget, forgetLater]) {
    await using memory = new MemoryServer(structWith(use, fail));
    const client = await memory.dial({ ns: {} });
    const nsConn = await client.connect("ns");
    assertEquals((await nsConn.ask("onThrow")).text(), "");
    await assertRejects(() => nsConn.ask("onError"), EventError, "itself");
    assertEquals((await nsConn.ask("onEcho", "hi")).text(), "hi");
    assertEquals(memory.errors.map(String), [
      "EventError: thrown",
      "EventError: returned",
    ]);
    await client.close();
  }
});

Deno.test("A CloseError of middleware closes the connection", async () => {
  const close: EventMiddleware = (_nsConn, msg, next) => {
    if (msg.event === "onEcho") throw new CloseError(4500, "enough");
    return next();
  };
  await using memory = new MemoryServer(structWith(close));
  const client = await memory.dial({ ns: {} });
  const nsConn = await client.connect("ns");
  await assertRejects(() => nsConn.ask("onEcho"), EventError, "enough");
  assertEquals((await client.closed).code, 4500);
});

Deno.test("A handler in middleware may ask, and messages stay in order", async () => {
  const log: string[] = [];
  class Controller {
    static readonly namespace = "ns";
    static readonly use: EventMiddleware[] = [
      (_nsConn, _msg, next) => next(),
      async (_nsConn, _msg, next) => await next(),
    ];
    readonly nsConn: NSConn;
    constructor(nsConn: NSConn) {
      this.nsConn = nsConn;
    }
    async onAsk(msg: Message) {
      const answer = await this.nsConn.ask("onQuestion", msg.text());
      log.push(answer.text());
    }
    onSay(msg: Message) {
      log.push(msg.text());
    }
  }
  await using memory = new MemoryServer(new Struct(Controller));
  const client = await memory.dial({
    ns: {
      async onQuestion(nsConn, msg) {
        // This message is handled while the other handler waits for its answer.
        await nsConn.ask("onSay", `inside ${msg.text()}`);
        return `answer ${msg.text()}`;
      },
    },
  });
  const nsConn = await client.connect("ns");
  await nsConn.ask("onAsk", "1");
  for (let i = 0; i < 50; i++) nsConn.emit("onSay", `${i}`);
  await nsConn.ask("onSay", "end");
  assertEquals(log, [
    "inside 1",
    "answer 1",
    ...Array.from({ length: 50 }, (_, i) => `${i}`),
    "end",
  ]);
  await client.close();
});

Deno.test("Struct inherits static use, and works as a client's handler too", async () => {
  const log: string[] = [];
  const logEvent = (_nsConn: NSConn, msg: Message, next: NextEvent) => {
    log.push(msg.event);
    return next();
  };
  class Base {
    static readonly use = [logEvent];
  }
  class Derived extends Base {
    static readonly namespace = "ns";
    onHi() {}
  }
  await using memory = new MemoryServer({ ns: {} });
  const client = await memory.dial(new Struct(Derived));
  const nsConn = await client.connect("ns");
  const [peer] = memory.server.connectionsByNamespace("ns");
  await peer!.ask("onHi");
  await nsConn.disconnect();
  assertEquals(log, [
    "_OnNamespaceConnect",
    "_OnNamespaceConnected",
    "onHi",
    "_OnNamespaceDisconnect",
  ]);
  await client.close();
});

Deno.test("Struct refuses static use that is no middleware", () => {
  class NoArray {
    static readonly use = { guard: true };
    onHi() {}
  }
  class NoFunction {
    static readonly use = ["guard"];
    onHi() {}
  }
  for (const Class of [NoArray, NoFunction]) {
    assertThrows(
      () => new Server(denoUpgrader(), new Struct(Class)),
      TypeError,
      `Cannot use middleware in ${Class.name}: it should be an array of functions (nsConn, msg, next)`,
    );
  }
});

/** Accepts `{ text }` where the text is no longer than 5, and trims it. */
const chat: StandardSchemaV1<{ text: string }, { text: string }> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate(value) {
      const text = (value as { text?: unknown } | null)?.text;
      if (typeof text !== "string") {
        return { issues: [{ message: "should be a string", path: ["text"] }] };
      }
      return text.length > 5
        ? { issues: [{ message: "too long", path: [{ key: "text" }] }] }
        : { value: { text: text.trim() } };
    },
  },
};

/** Like the above, but asynchronous. */
const chatLater: typeof chat = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: async (value) => await chat["~standard"].validate(value),
  },
};

/** Accepts any string. */
const anyString: StandardSchemaV1<string> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) =>
      typeof value === "string"
        ? { value }
        : { issues: [{ message: "should be a string" }] },
  },
};

Deno.test("static events validates before the handler, whose json() is the output", async () => {
  const got: unknown[] = [];
  class Controller {
    static readonly namespace = "ns";
    static readonly events = {
      onChat: chat,
      onLater: chatLater,
      onText: anyString,
    };
    onChat(msg: Message<{ text: string }>) {
      got.push(msg.json());
      return msg.json().text;
    }
    onLater(msg: Message<{ text: string }>) {
      got.push(msg.json());
      return msg.json().text;
    }
    onText(msg: Message<string>) {
      got.push(msg.json());
    }
  }
  await using memory = new MemoryServer(new Struct(Controller));
  const client = await memory.dial({ ns: {} });
  const nsConn = await client.connect<typeof Controller>("ns");
  for (const event of ["onChat", "onLater"] as const) {
    assertEquals((await nsConn.ask(event, { text: " a " })).text(), "a");
    await assertRejects(
      () => nsConn.ask(event, { text: "longer" }),
      EventError,
      `Cannot accept the body of event "${event}": text: too long`,
    );
    await assertRejects(
      () => client.namespace("ns")!.ask(event, "no JSON"),
      EventError,
      `Cannot read the body of event "${event}": it is not JSON`,
    );
  }
  // A string is sent as it is, even one that looks like JSON.
  for (const text of ["hi", "5", "null", '"quoted"', "{}", ""]) {
    await nsConn.ask("onText", text);
  }
  assertEquals(got, [
    { text: "a" },
    { text: "a" },
    "hi",
    "5",
    "null",
    '"quoted"',
    "{}",
    "",
  ]);
  assertEquals(memory.errors, []);
  await client.close();
});

Deno.test("static events keeps error frames from the method, and runs inside of middleware", async () => {
  const log: string[] = [];
  class Controller {
    static readonly namespace = "ns";
    static readonly use: EventMiddleware[] = [
      (_nsConn, msg, next) => {
        if (LIFE_CYCLE.includes(msg.event)) return next();
        log.push(`${msg.event} ${msg.error?.message ?? msg.body}`);
        return next();
      },
    ];
    static readonly events = { onChat: chat, onLater: chatLater };
    onChat(msg: Message<{ text: string }>) {
      log.push(`chat ${msg.json().text}`);
    }
    async onLater(msg: Message<{ text: string }>) {
      log.push(`later ${await Promise.resolve(msg.json().text)}`);
    }
    onPlain(msg: Message) {
      log.push(`plain ${msg.error?.message}`);
    }
  }
  await using memory = new MemoryServer(new Struct(Controller));
  const refuse = () => {
    throw new EventError("refused there");
  };
  const client = await memory.dial({
    ns: { onChat: refuse, onLater: refuse, onPlain: refuse, onHeard: () => {} },
  });
  const nsConn = await client.connect("ns");
  await assertRejects(() => nsConn.ask("onChat", 5), EventError, "text");
  const [peer] = memory.server.connectionsByNamespace("ns");
  // An error frame refuses each, since none is an ask.
  const { frames } = memory;
  const before = frames.length;
  for (const event of ["onChat", "onLater", "onPlain"]) {
    peer!.emit(event, { text: "x" });
  }
  await peer!.ask("onHeard");
  // None of them is answered with an error.
  assertEquals(frames.length, before + 8);
  await nsConn.ask("onChat", { text: "y" });
  await nsConn.ask("onLater", { text: "z" });
  assertEquals(log, [
    "onChat 5",
    "onChat refused there",
    "onLater refused there",
    "onPlain refused there",
    "plain refused there",
    'onChat {"text":"y"}',
    "chat y",
    'onLater {"text":"z"}',
    "later z",
  ]);
  assertEquals(memory.errors, []);
  await client.close();
});

Deno.test("An error frame reaches no method behind a schema, whatever else is in it", async () => {
  const log: string[] = [];
  class Controller {
    static readonly namespace = "ns";
    static readonly events = { onChat: chat };
    onChat(msg: Message<{ text: string }>) {
      log.push(msg.json().text);
    }
    onAnyEvent(msg: Message) {
      log.push(`any ${msg.event}`);
    }
  }
  for (const isShared of [false, true]) {
    const body = '{"text":"a"}';
    const struct = isShared
      ? new Struct({
        namespace: "ns",
        events: Controller.events,
        onChat: (_: unknown, msg: Message<{ text: string }>) =>
          void log.push(msg.json().text),
      })
      : new Struct(Controller);
    await using memory = new MemoryServer(struct);
    const raw = await RawClient.open(
      memory,
      "M",
      "$1;ns;;_OnNamespaceConnect;0;0;",
      "$2;ns;r;_OnRoomJoin;0;0;",
    );
    await raw.until(3);
    const bytes = new TextEncoder();
    raw.send(
      `;ns;;onChat;1;0;${body}`,
      `;ns;r;onChat;1;0;${body}`,
      `;ns;;onChat;1;1;${body}`,
      bytes.encode(`;ns;;onChat;1;0;${body}`),
      `$3;ns;;onChat;1;0;${body}`,
      // Without a text it is no error, and the schema refuses it.
      ";ns;;onChat;1;0;",
      `$4;ns;;onChat;0;0;${body}`,
    );
    const answers = (await raw.until(5)).slice(3).map(String);
    assertEquals(answers.map((frame) => frame.split(";")[4]), ["1", ""]);
    assertEquals(log.splice(0), ["a"]);
    assertEquals(memory.errors, []);
    raw.socket.close();
    await raw.closed.promise;
  }
});

Deno.test("Struct refuses static events that name no event, or are no schemas", () => {
  function structOf(events: unknown): Struct {
    return new Struct(
      class Controller {
        static readonly events = events;
        onChat() {}
        onRoomJoin() {}
      },
    );
  }
  structOf({ onChat: chat });
  // As those of arktype.
  structOf({ onChat: Object.assign(() => {}, chat) });
  for (const name of ["onChatt", "onRoomJoin", "constructor", "toString"]) {
    assertThrows(
      () => new Server(denoUpgrader(), structOf({ [name]: chat })),
      TypeError,
      `Cannot validate event "${name}" of Controller: its static events should name methods that handle events of its own`,
    );
  }
  for (const schema of [() => true, null, "text", 1, {}]) {
    assertThrows(
      () => new Server(denoUpgrader(), structOf({ onChat: schema })),
      TypeError,
      'Cannot validate event "onChat" of Controller: its schema must follow the Standard Schema specification',
    );
  }
  assertThrows(
    () => new Server(denoUpgrader(), structOf("onChat")),
    TypeError,
    'its static events must be an object of schemas, not "onChat"',
  );
});

Deno.test("Middleware guards a controller that has only native messages", async () => {
  let isAllowed = false;
  class Native {
    static readonly use: EventMiddleware[] = [
      (_nsConn, msg, next) => {
        if (msg.event === "_OnNamespaceConnect" && !isAllowed) {
          throw new EventError("not yet");
        }
        return next();
      },
    ];
    onNativeMessage(msg: Message) {
      return reply(`native ${msg.text()}`);
    }
  }
  await using memory = new MemoryServer(new Struct(Native));
  const refused = await RawClient.open(memory, "hi");
  const { code, reason } = await refused.closed.promise;
  assertEquals([code, reason], [1008, "not yet"]);
  isAllowed = true;
  const client = await RawClient.open(memory, "hi");
  assertEquals(await client.until(1), ["native hi"]);
  client.socket.close();
});

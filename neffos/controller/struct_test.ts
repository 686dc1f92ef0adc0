import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { NSConn } from "../api/ns_conn.ts";
import { MemoryServer } from "../harness/mod.ts";
import { EventError } from "../protocol/errors.ts";
import type { Message } from "../protocol/message.ts";
import { Server } from "../server/server.ts";
import { denoUpgrader } from "../transport/upgrader.ts";
import { handlerSource } from "../protocol/event_names.ts";
import { compileHandlers } from "./compile.ts";
import type { ConnHandler } from "./events.ts";
import { joinConnHandlers, withTimeout } from "./sources.ts";
import {
  eventPrefixMatcher,
  eventTrimPrefixMatcher,
  Struct,
} from "./struct.ts";

function eventsOf(struct: Struct): string[] {
  return struct[handlerSource]().flatMap((
    { handlers },
  ) => [...handlers.keys()]);
}

class Base {
  onInherited() {}
  onOverridden() {
    return "base";
  }
}

class Controller extends Base {
  static readonly namespace = "chat";
  readonly nsConn: NSConn;
  #count = 0;

  constructor(nsConn: NSConn) {
    super();
    this.nsConn = nsConn;
  }

  override onOverridden() {
    return "derived";
  }
  OnUpper() {}
  onNamespaceConnected() {}
  OnRoomJoin() {}
  onAnyEvent(msg: Message) {
    return `any ${msg.event}`;
  }
  onCount() {
    return ++this.#count;
  }
  helper() {
    return "secret";
  }
  onlineUsers() {
    return "secret";
  }
}

Deno.test("Struct finds methods named on…, inherited ones too, and no others", () => {
  assertEquals(eventsOf(new Struct(Controller)).toSorted(), [
    "OnUpper",
    "_OnAnyEvent",
    "_OnNamespaceConnected",
    "_OnRoomJoin",
    "onCount",
    "onInherited",
    "onOverridden",
  ]);
});

Deno.test("Struct.setEventMatcher() changes the rule for all but built-in events", () => {
  class Trimmed {
    wsChat() {}
    onOther() {}
    onRoomLeft() {}
  }
  assertEquals(
    eventsOf(new Struct(Trimmed).setEventMatcher(eventTrimPrefixMatcher("ws"))),
    ["Chat", "_OnRoomLeft"],
  );
  assertEquals(
    eventsOf(new Struct(Trimmed).setEventMatcher(eventPrefixMatcher("ws"))),
    ["wsChat", "_OnRoomLeft"],
  );
  const custom = (name: string) => name === "onOther" ? "other" : undefined;
  assertEquals(eventsOf(new Struct(Trimmed).setEventMatcher(custom)), [
    "other",
    "_OnRoomLeft",
  ]);
});

Deno.test("Struct of a class has an instance for each connection in the namespace", async () => {
  await using memory = new MemoryServer(new Struct(Controller));
  const [first, second] = await Promise.all(
    [1, 2].map(async () => {
      const client = await memory.dial({ chat: {} });
      return await client.connect("chat");
    }),
  );
  const count = async (nsConn: NSConn) => (await nsConn.ask("onCount")).json();
  assertEquals(await count(first!), 1);
  assertEquals(await count(first!), 2);
  assertEquals(await count(second!), 1);
  assertEquals((await first!.ask("onOverridden")).text(), "derived");
  assertEquals((await first!.ask("helper")).text(), "any helper");
  assertEquals((await first!.ask("onlineUsers")).text(), "any onlineUsers");
  await first!.disconnect();
  assertEquals(await count(await first!.conn.connect("chat")), 1);
});

Deno.test("Struct of an object is shared and its methods take (nsConn, msg)", async () => {
  const controller = {
    namespace: "chat",
    count: 0,
    onCount(nsConn: NSConn, msg: Message) {
      return `${nsConn.namespace} ${msg.text()} ${++this.count}`;
    },
  };
  await using memory = new MemoryServer(new Struct(controller));
  const nsConn = await (await memory.dial({ chat: {} })).connect("chat");
  assertEquals((await nsConn.ask("onCount", "a")).text(), "chat a 1");
  assertEquals((await nsConn.ask("onCount", "b")).text(), "chat b 2");
});

Deno.test("Struct disposes instances when the connection has left, in reverse order", async () => {
  const log: string[] = [];
  const make = (name: string) =>
    class {
      static readonly namespace = "chat";
      onNamespaceDisconnect() {
        log.push(`${name} disconnect`);
      }
      async [Symbol.asyncDispose]() {
        await Promise.resolve();
        log.push(`${name} disposed`);
      }
    };
  const A = make("A");
  const B = make("B");
  await using memory = new MemoryServer(
    joinConnHandlers(new Struct(A), new Struct(B)),
  );
  const client = await memory.dial({ chat: {} });
  const nsConn = await client.connect("chat");
  await nsConn.disconnect();
  await client.connect("chat");
  await client.close();
  await memory.server.close();
  const once = ["A disconnect", "B disconnect", "B disposed", "A disposed"];
  assertEquals(log, [...once, ...once]);
});

Deno.test("Struct: an instance that cannot be made refuses the namespace", async () => {
  const log: string[] = [];
  const good = {
    instance: {},
    dispose: () => void log.push("good disposed"),
  };
  class Any {
    static readonly namespace = "chat";
    onNamespaceConnect() {
      log.push("first asked");
    }
  }
  class Other extends Any {}
  await using memory = new MemoryServer(joinConnHandlers(
    new Struct(Any, { create: () => good }),
    new Struct(Other, {
      create: () => Promise.reject(new EventError("no seat")),
    }),
  ));
  const client = await memory.dial({ chat: {} });
  await assertRejects(() => client.connect("chat"), EventError, "no seat");
  assertEquals(log, ["first asked", "good disposed"]);
  assertEquals(memory.server.connectionsByNamespace("chat"), []);
});

Deno.test("Struct finds its namespace in the class, the instance or setNamespace()", () => {
  const namespaceOf = (struct: Struct) => struct[handlerSource]()[0]!.namespace;
  class Field {
    static readonly namespace = "field";
    onA() {}
  }
  class Method {
    static namespace() {
      return "method";
    }
    onA() {}
  }
  class None {
    onA() {}
  }
  assertEquals(namespaceOf(new Struct(Field)), "field");
  assertEquals(namespaceOf(new Struct(Method)), "method");
  assertEquals(namespaceOf(new Struct(new Method())), "method");
  assertEquals(namespaceOf(new Struct(None)), "");
  assertEquals(namespaceOf(new Struct(None).setNamespace("set")), "set");
  assertEquals(namespaceOf(new Struct(Field).setNamespace("field")), "field");
  assertEquals(
    namespaceOf(new Struct({ namespace: () => "instance", onA() {} })),
    "instance",
  );
  assertThrows(
    () => new Struct(Field).setNamespace("other"),
    TypeError,
    'Cannot set the namespace of Field to "other": it is "field" already',
  );
  class Wrong {
    namespace() {
      return "wrong";
    }
    onA() {}
  }
  assertThrows(
    () => new Server(denoUpgrader(), new Struct(Wrong)),
    TypeError,
    "write `static namespace`",
  );
  assertThrows(
    () => new Struct({ namespace: 1, onA() {} }),
    TypeError,
    "it is 1, and must be a string",
  );
});

Deno.test("Struct says why a controller cannot work", async () => {
  const serverOf = (...structs: Struct[]) => () =>
    new Server(denoUpgrader(), joinConnHandlers(...structs));
  class Empty {}
  class NoEvents {
    hello() {}
  }
  class TwoArguments {
    onChat(_nsConn: NSConn, _msg: Message) {}
  }
  class Chat {
    onChat() {}
  }
  class Fields {
    onChat = () => {};
    onReal() {}
  }
  assertThrows(
    serverOf(new Struct(Empty)),
    TypeError,
    "Empty: it has no methods",
  );
  assertThrows(() => new Struct(1 as never), TypeError, "of 1: it must be");
  assertThrows(
    serverOf(new Struct(NoEvents)),
    TypeError,
    "none of its methods (hello) is an event, name one like its event, for instance onChat",
  );
  assertThrows(
    serverOf(new Struct(TwoArguments)),
    TypeError,
    "TwoArguments.onChat: it takes 2 arguments, but controllers of one connection take (msg)",
  );
  assertThrows(
    serverOf(new Struct(Chat), new Struct(class Other extends Chat {})),
    TypeError,
    'Cannot handle event "onChat" of namespace "" twice: both Chat and Other handle it',
  );
  await using memory = new MemoryServer(new Struct(Fields));
  const client = await memory.dial({ "": {} });
  await assertRejects(() => client.connect(""), EventError, "internal error");
  assertEquals(
    (memory.errors[0] as Error).message,
    "Cannot handle events with Fields.onChat: it is a field, write it as a method",
  );
});

Deno.test("Struct.setTimeouts() and withTimeout(): the strictest limit counts", async () => {
  class Timed {
    static readonly namespace = "chat";
    onChat() {}
  }
  const loose = withTimeout({ other: { onA() {} } }, { read: 60_000 });
  await using memory = new MemoryServer(
    joinConnHandlers(loose, new Struct(Timed).setTimeouts({ read: 5 })),
  );
  const client = await memory.dial({ chat: {} });
  const { code, reason } = await client.closed;
  assertEquals([code, reason], [4002, "nothing was received"]);
  assertThrows(
    () => new Struct(Timed).setTimeouts({ read: -1 }),
    RangeError,
    "Cannot set the read timeout to -1",
  );
});

Deno.test("Struct.setTimeouts() and withTimeout() keep reading and writing apart, and the strictest of each", () => {
  class Timed {
    static readonly namespace = "chat";
    onChat() {}
  }
  const struct = new Struct(Timed).setTimeouts({ write: 20, read: 300 });
  const other = withTimeout({ other: {} }, { write: 30 });
  const timeouts = (...handlers: ConnHandler[]) =>
    compileHandlers(joinConnHandlers(...handlers)).timeouts;
  assertEquals(timeouts({ plain: {} }), {});
  assertEquals(timeouts(other), { write: 30 });
  assertEquals(timeouts(other, struct), { write: 20, read: 300 });
  assertEquals(timeouts(withTimeout(struct, { write: 10 }), other), {
    write: 10,
    read: 300,
  });
  for (const write of [0, -1, NaN, "5" as never]) {
    assertThrows(
      () => withTimeout({ plain: {} }, { write }),
      RangeError,
      `Cannot set the write timeout to ${write}`,
    );
  }
});

Deno.test("Struct disposes an instance whose events are fields, and withTimeout() refuses nothing", async () => {
  let disposed = 0;
  class Fields {
    readonly onChat = () => {};
    onHi() {}
    [Symbol.dispose]() {
      disposed++;
    }
  }
  await using memory = new MemoryServer(new Struct(Fields));
  const client = await memory.dial({ "": {} });
  await assertRejects(() => client.connect(""), EventError, "internal error");
  assertEquals(disposed, 1);
  assertEquals(memory.errors.map(String), [
    "TypeError: Cannot handle events with Fields.onChat: it is a field, write it as a method",
  ]);
  await client.close();
  assertThrows(
    () => new Server(denoUpgrader(), withTimeout({}, { read: 5 })),
    TypeError,
    "a handler without namespaces",
  );
});

Deno.test("Struct reads guards and schemas of an object of no class", async () => {
  const log: string[] = [];
  const controller = {
    namespace: "ns",
    use: [(_nsConn: NSConn, msg: Message, next: () => Promise<unknown>) => {
      log.push(msg.event);
      return next();
    }],
    events: {
      onChat: {
        "~standard": {
          version: 1 as const,
          vendor: "test",
          validate: (value: unknown) =>
            typeof value === "number"
              ? { value }
              : { issues: [{ message: "should be a number" }] },
        },
      },
    },
    onChat: (_nsConn: NSConn, msg: Message<number>) => msg.json(),
  };
  await using memory = new MemoryServer(new Struct(controller));
  const client = await memory.dial({ ns: {} });
  const nsConn = await client.connect("ns");
  assertEquals((await nsConn.ask("onChat", 1)).json(), 1);
  await assertRejects(() => nsConn.ask("onChat", []), Error, "a number");
  assertEquals(log.slice(-2), ["onChat", "onChat"]);
  await client.close();
});

Deno.test("Struct has a name for a class without one", () => {
  assertThrows(
    () => new Server(denoUpgrader(), new Struct(class {})),
    TypeError,
    "Cannot handle events with (unnamed): it has no methods",
  );
});

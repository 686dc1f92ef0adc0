/** Mistakes in controllers that would be silent: each is an error at start-up. */
import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { NSConn } from "../api/ns_conn.ts";
import { MemoryServer } from "../harness/mod.ts";
import { EventError } from "../protocol/errors.ts";
import type { Message } from "../protocol/message.ts";
import { Server } from "../server/server.ts";
import { denoUpgrader } from "../transport/upgrader.ts";
import type { ConnHandler } from "./events.ts";
import { joinConnHandlers, withTimeout } from "./sources.ts";
import { eventPrefixMatcher, Struct } from "./struct.ts";

function makeServer(handler: unknown): Server {
  return new Server(denoUpgrader(), handler as ConnHandler);
}

/** Makes a class with an event and what a test adds to it. */
function makeClass(): new (nsConn: NSConn) => object {
  return class Chat {
    readonly nsConn: NSConn;
    constructor(nsConn: NSConn) {
      this.nsConn = nsConn;
    }
    onChat(msg: Message) {
      return `${this.nsConn.namespace} ${msg.text()}`;
    }
  };
}

for (
  const [key, value, meant] of [
    ["Namespace", "chat", "namespace"],
    ["NAMESPACE", () => "chat", "namespace"],
    ["nameSpace", "chat", "namespace"],
    ["namespaces", "chat", "namespace"],
    ["namspace", "chat", "namespace"],
    ["namepsace", "chat", "namespace"],
    ["Inject", [], "inject"],
    ["injects", [], "inject"],
    ["injct", [], "inject"],
    ["Events", {}, "events"],
    ["event", {}, "events"],
    ["Use", [], "use"],
    ["uses", [], "use"],
  ] as const
) {
  Deno.test(`Struct refuses a class with "static ${key}"`, () => {
    const Class = makeClass();
    Object.assign(Class, { [key]: value });
    assertThrows(
      () => makeServer(new Struct(Class)),
      TypeError,
      `Cannot read "${key}" of Chat: its name is ${meant}`,
    );
    class Derived extends Class {}
    assertThrows(
      () => makeServer(new Struct(Derived)),
      TypeError,
      `its name is ${meant}`,
    );
  });
}

Deno.test("Struct takes static fields of other names, and methods of its own", () => {
  class Chat {
    static readonly user = "ann";
    static readonly base = 1;
    static readonly injector = {};
    static readonly eventful = true;
    static online() {}
    static create() {}
    onChat() {}
    use() {}
    event() {}
    events() {}
    injects() {}
  }
  makeServer(new Struct(Chat));
  makeServer(new Struct(new Chat()));
  makeServer(new Struct({ onChat() {}, event() {}, uses() {}, user: "ann" }));
});

Deno.test("Struct refuses what stands in the wrong place, and says where it belongs", () => {
  const where: [object, string][] = [
    [
      class Chat {
        get namespace() {
          return "chat";
        }
        onChat() {}
      },
      "write `static namespace`",
    ],
    [
      class Chat {
        namespace() {
          return "chat";
        }
        onChat() {}
      },
      "write `static namespace`",
    ],
    [
      class Chat {
        get inject() {
          return [];
        }
        onChat() {}
      },
      "write `static inject`",
    ],
    [
      class Chat {
        inject() {
          return [];
        }
        onChat() {}
      },
      "write `static inject`",
    ],
    [
      class Chat {
        get events() {
          return {};
        }
        onChat() {}
      },
      "write `static events`",
    ],
    [
      class Chat {
        static onChat() {}
        onOther() {}
      },
      "Cannot handle an event with Chat.onChat: it is static, write it as a method",
    ],
    [
      class Chat {
        get onChat() {
          return () => {};
        }
        onOther() {}
      },
      "Cannot handle an event with Chat.onChat: it is a getter, write it as a method",
    ],
    [
      {
        onOther() {},
        get onChat() {
          return () => {};
        },
      },
      "Cannot handle an event with Object.onChat: it is a getter, write it as a method",
    ],
    [
      class Chat {
        *onChat() {}
      },
      "Cannot handle an event with Chat.onChat: a generator is no answer",
    ],
    [
      {
        onOther() {},
        async *onChat() {},
      },
      "a generator is no answer; write a method that returns a list",
    ],
    [{ Namespace: "chat", onChat() {} }, "its name is namespace"],
    [{ Events: {}, onChat() {} }, "its name is events"],
    [
      new (class Chat {
        readonly Namespace = "chat";
        onChat() {}
      })(),
      "its name is namespace",
    ],
  ];
  for (const [controller, message] of where) {
    assertThrows(() => makeServer(new Struct(controller)), TypeError, message);
  }
});

for (
  const [name, meant] of [
    ["onNamespaceDisconnected", "onNamespaceDisconnect"],
    ["OnNamespaceDisconnected", "onNamespaceDisconnect"],
    ["onNamespaceDisconected", "onNamespaceDisconnect"],
    ["onNamespaceConected", "onNamespaceConnected"],
    ["onNameSpaceConnect", "onNamespaceConnect"],
    ["onnamespaceconnected", "onNamespaceConnected"],
    ["onNamespaceConnecting", "onNamespaceConnect"],
    ["on_namespace_connect", "onNamespaceConnect"],
    ["_onNamespaceConnect", "onNamespaceConnect"],
    ["onRoomJoind", "onRoomJoined"],
    ["onRoomJion", "onRoomJoin"],
    ["onRoomJoining", "onRoomJoin"],
    ["onRoomLeaved", "onRoomLeft"],
    ["onRoomLeaves", "onRoomLeave"],
    ["onroomLeft", "onRoomLeft"],
    ["onAnyEvents", "onAnyEvent"],
    ["onanyevent", "onAnyEvent"],
    ["onNativeMesage", "onNativeMessage"],
    ["OnNativeMessages", "onNativeMessage"],
  ] as const
) {
  Deno.test(`An event named ${name} is refused, and ${meant} is named`, () => {
    const Class = makeClass();
    Object.defineProperty(Class.prototype, name, { value: () => {} });
    const events = { [name]: () => {} };
    for (
      const make of [
        () => makeServer(new Struct(Class)),
        () => makeServer(new Struct(events)),
        () => makeServer({ chat: events }),
        () => makeServer(events),
      ]
    ) {
      const { message } = assertThrows(make, TypeError);
      assertMatch(message, /there is no such built-in event, write /);
      assertMatch(message, new RegExp(`\\b${meant}( or |$)`));
    }
  });
}

Deno.test("Events of a program may have names that are far from built-in ones", () => {
  const names = [
    "onRoomList",
    "onRoomJoin2",
    "onRoomLease",
    "onZoomJoin",
    "onManyEvent",
    "onAnyEventX",
    "onRooms",
    "onRoom",
    "onMyEvent",
    "onNamespace",
    "onMessage",
    "onConnect",
    "onConnected",
    "onJoin",
    "onRoomCreated",
    "onNamespaceList",
    "roomJoin",
    "chat",
  ];
  const events = Object.fromEntries(names.map((name) => [name, () => {}]));
  makeServer(new Struct(events));
  makeServer({ chat: events });
});

Deno.test("A method is an event only if on is a word of its name", async () => {
  class Chat {
    static readonly namespace = "chat";
    onlineUsers() {
      return "reached";
    }
    once() {
      return "reached";
    }
    Ontology() {
      return "reached";
    }
    on() {
      return "reached";
    }
    onélan() {
      return "reached";
    }
    onChat() {
      return "chat";
    }
    OnUpper() {
      return "upper";
    }
    on2() {
      return "two";
    }
    on_under() {
      return "under";
    }
    onÉlan() {
      return "élan";
    }
    onAnyEvent(msg: Message) {
      return `any ${msg.event}`;
    }
  }
  await using memory = new MemoryServer(new Struct(Chat));
  const chat = await (await memory.dial({ chat: {} })).connect("chat");
  const ask = async (event: string) => (await chat.ask(event)).text();
  for (const event of ["onlineUsers", "once", "Ontology", "on", "onélan"]) {
    assertEquals(await ask(event), `any ${event}`);
  }
  assertEquals(
    await Promise.all(
      ["onChat", "OnUpper", "on2", "on_under", "onÉlan"].map(ask),
    ),
    ["chat", "upper", "two", "under", "élan"],
  );
  const matcher = eventPrefixMatcher("event_");
  assertEquals(matcher("event_chat"), "event_chat");
  assertEquals(eventPrefixMatcher("ws")("wschat"), undefined);
});

Deno.test("A method that takes what it is not given is refused", () => {
  const shared = [
    { onChat(_msg: Message) {} },
    { onChat: (msg: Message) => msg.text() },
    { onChat: async (msg: Message) => await msg.text() },
    { onChat: (message: Message) => message.text() },
    {
      onChat: function (msg: Message) {
        return msg.text();
      },
    },
    { onNamespaceConnect(_message: Message) {} },
    { onChat: (body: Message) => body.text() },
    new (class {
      onChat(_msg: Message) {}
    })(),
  ];
  for (const controller of shared) {
    assertThrows(
      () => makeServer(new Struct(controller)),
      TypeError,
      "but shared controllers take (nsConn, msg)",
      String(Object.values(controller)[0]),
    );
  }
  class Own {
    onChat(_nsConn: NSConn) {}
  }
  assertThrows(
    () => makeServer(new Struct(Own)),
    TypeError,
    "Cannot handle an event with Own.onChat: it takes (_nsConn), but controllers of one connection take (msg)",
  );
  makeServer(new Struct({ onChat(_nsConn: NSConn) {}, onHi(_c: NSConn) {} }));
  makeServer(
    new Struct(
      class {
        onChat(_msg: Message) {}
        onHi({ body }: Message) {
          return body;
        }
        onHo(..._args: unknown[]) {}
      },
    ),
  );
});

Deno.test("A class or an instance where events are wanted is refused", () => {
  const Chat = makeClass();
  const instance = new Chat({} as NSConn);
  const write = "give an object of functions, or new Struct(Chat)";
  for (
    const [handler, message] of [
      [Chat, `Cannot handle connections with the class Chat: ${write}`],
      [{ chat: Chat }, `Cannot handle "chat" with the class Chat: ${write}`],
      [
        { ns: { onChat: Chat } },
        `Cannot handle event "onChat" of namespace "ns" with the class Chat: write new Struct(Chat)`,
      ],
      [
        instance,
        "Cannot handle connections with an instance of Chat: give an object of functions, or new Struct(Chat)",
      ],
      [
        { chat: instance },
        'Cannot handle namespace "chat" with an instance of Chat',
      ],
      [{ chat: 1 }, 'Cannot handle namespace "chat" with 1: give an object'],
      [{ chat: null }, 'Cannot handle namespace "chat" with null'],
      [{ chat: { onHi: 1 } }, 'as the handler of event "onHi"'],
      [{ chat: new Struct(Chat), onHi() {} }, "both events"],
      ["chat", 'Cannot handle connections with "chat"'],
      [joinConnHandlers({ ok: {} }, Chat as never), write],
    ] as const
  ) {
    assertThrows(() => makeServer(handler), TypeError, message);
  }
  // Fields with functions are events of an object, whatever made it.
  class Fields {
    onChat = (_nsConn: NSConn, _msg: Message) => {};
  }
  makeServer({ chat: new Fields() });
  makeServer({ chat: Object.assign(Object.create(null), { onChat() {} }) });
});

Deno.test("A Struct in a map of namespaces handles each of them, with instances of its own", async () => {
  const made: object[] = [];
  class Chat {
    readonly nsConn: NSConn;
    #count = 0;
    constructor(nsConn: NSConn) {
      this.nsConn = nsConn;
      made.push(this);
    }
    onCount() {
      return `${this.nsConn.namespace} ${++this.#count}`;
    }
  }
  const same = new Struct(Chat);
  await using memory = new MemoryServer({
    chat: new Struct(Chat),
    lobby: new Struct(Chat).setNamespace("lobby"),
    hall: same,
    yard: same,
    timed: withTimeout(new Struct(Chat), { read: 60_000 }),
    plain: { onCount: (nsConn: NSConn) => nsConn.namespace },
    "": new Struct({ onCount: () => "shared" }),
  });
  const heard: string[] = [];
  class Listener {
    readonly nsConn: NSConn;
    constructor(nsConn: NSConn) {
      this.nsConn = nsConn;
    }
    onHear(msg: Message) {
      heard.push(`${this.nsConn.namespace} ${msg.text()}`);
    }
  }
  const names = ["chat", "lobby", "hall", "yard", "timed"];
  const client = await memory.dial({
    ...Object.fromEntries(names.map((name) => [name, new Struct(Listener)])),
    plain: {},
    "": {},
  });
  for (const name of names) {
    const nsConn = await client.connect(name);
    assertEquals((await nsConn.ask("onCount")).text(), `${name} 1`);
    assertEquals((await nsConn.ask("onCount")).text(), `${name} 2`);
    memory.server.broadcast(null, {
      namespace: name,
      event: "onHear",
      body: "hi",
    });
    await nsConn.ask("onCount");
  }
  assertEquals(made.length, names.length);
  assertEquals(heard, names.map((name) => `${name} hi`));
  const plain = await client.connect("plain");
  assertEquals((await plain.ask("onCount")).text(), "plain");
  const empty = await client.connect("");
  assertEquals((await empty.ask("onCount")).text(), "shared");
  await client.close();
});

Deno.test("A controller with a namespace of its own cannot stand under another", () => {
  class Chat {
    static readonly namespace = "chat";
    onChat() {}
  }
  makeServer({ chat: new Struct(Chat) });
  assertThrows(
    () => makeServer({ lobby: new Struct(Chat) }),
    TypeError,
    'Cannot handle namespace "lobby" with Chat: its namespace is "chat" already',
  );
});

Deno.test("A controller cannot handle a namespace twice", () => {
  class Chat {
    onNamespaceConnected() {}
  }
  const shared = { onNamespaceConnected() {} };
  for (const controller of [Chat, shared]) {
    const make = () => new Struct(controller).setNamespace("chat");
    assertThrows(
      () => makeServer(joinConnHandlers(make(), make())),
      TypeError,
      'Cannot handle namespace "chat" with',
    );
    makeServer(
      joinConnHandlers(make(), new Struct(controller).setNamespace("lobby")),
    );
  }
});

Deno.test("Struct refuses settings of another type", () => {
  const struct = new Struct(makeClass());
  for (const value of [undefined, 1, null, {}, Symbol("chat")]) {
    const name = value as unknown as string;
    assertThrows(() => struct.setNamespace(name), TypeError, "Cannot ");
    const matcher = value as unknown as () => undefined;
    assertThrows(
      () => struct.setEventMatcher(matcher),
      TypeError,
      "it must be a function",
    );
  }
});

Deno.test("Struct cannot be changed after a server was made of it", () => {
  const struct = new Struct(makeClass());
  makeServer(struct);
  const late = "a server or client was already made of it";
  assertThrows(() => struct.setNamespace("late"), TypeError, late);
  assertThrows(() => struct.setTimeouts({ read: 1 }), TypeError, late);
  assertThrows(
    () => struct.setEventMatcher(() => undefined),
    TypeError,
    late,
  );
});

Deno.test("A namespace that is a field of the instances is refused with the first one", async () => {
  class Chat {
    readonly namespace = "chat";
    onChat() {}
  }
  await using memory = new MemoryServer(new Struct(Chat));
  const client = await memory.dial({ "": {} });
  await assertRejects(() => client.connect(""), EventError, "internal error");
  assertEquals(memory.errors.map(String), [
    "TypeError: Cannot find the namespace of Chat: a class has it in a static field, write `static namespace`",
  ]);
  await client.close();
});

Deno.test("Struct refuses a class whose services nobody injects", async () => {
  class Two {
    constructor(_nsConn: NSConn, _log: string[]) {}
    onChat() {}
  }
  class Injected {
    static readonly inject = [Symbol("Log")];
    constructor(_log: string[]) {}
    onChat() {}
  }
  for (const Class of [Two, Injected]) {
    assertThrows(
      () => makeServer(new Struct(Class)),
      TypeError,
      `Cannot make a controller of ${Class.name}: a Struct makes it as new ${Class.name}(nsConn); handle it with an Application`,
    );
    makeServer(
      new Struct(Class, {
        create: (nsConn) => ({ instance: new Two(nsConn, []) }),
      }),
    );
  }
  class Fits {
    static readonly inject = [NSConn];
    readonly id: string;
    constructor({ id }: NSConn, _rest = "") {
      this.id = id;
    }
    onId() {
      return this.id;
    }
  }
  await using memory = new MemoryServer(new Struct(Fits));
  const client = await memory.dial({ "": {} });
  const nsConn = await client.connect("");
  assertEquals((await nsConn.ask("onId")).text(), client.id);
  await client.close();
});

Deno.test("A function that a constructor keeps is no misplaced event", async () => {
  class Chat {
    static readonly namespace = "chat";
    readonly nsConn: NSConn;
    private readonly onDone: () => string;
    constructor(nsConn: NSConn, onDone = () => "done") {
      this.nsConn = nsConn;
      this.onDone = onDone;
      this.onChat = this.onChat.bind(this);
    }
    onChat() {
      return this.onDone();
    }
  }
  await using memory = new MemoryServer(new Struct(Chat));
  const chat = await (await memory.dial({ chat: {} })).connect("chat");
  assertEquals((await chat.ask("onChat")).text(), "done");
  await assertRejects(() => chat.ask("onDone"), EventError, "nothing handles");
  assertEquals(memory.errors, []);
});

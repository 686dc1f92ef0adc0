import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  denoUpgrader,
  EventError,
  type EventMiddleware,
  eventTrimPrefixMatcher,
  joinConnHandlers,
  type Message,
  NSConn,
  Server,
  type StandardSchemaV1,
} from "../../neffos/mod.ts";
import { MemoryServer } from "../../neffos/harness/mod.ts";
import { Application } from "../application.ts";
import { optional, token } from "../container/tokens.ts";
import { Context } from "../http/context.ts";
import type { Middleware } from "../router/handlers.ts";
import { Router } from "../router/router.ts";
import { websocketHandler } from "../websocket.ts";

/** A schema that takes everything, and has JSON Schemas where they are given. */
function makeSchema<T>(
  jsonSchema?: { readonly input?: object; readonly output?: object },
): StandardSchemaV1<T> {
  const standard = {
    version: 1 as const,
    vendor: "test",
    validate: (value: unknown) => ({ value: value as T }),
  };
  const convert = (side: "input" | "output") => () => {
    if (jsonSchema?.[side] === undefined) throw new Error("It has none");
    return jsonSchema[side];
  };
  return {
    "~standard": jsonSchema === undefined ? standard : {
      ...standard,
      jsonSchema: { input: convert("input"), output: convert("output") },
    } as typeof standard,
  };
}

const Text = makeSchema<{ text: string }>({
  input: {
    $schema: "http://json-schema.org/draft-07/schema#",
    type: "object",
    properties: { text: { type: "string" } },
    required: ["text"],
  },
  output: { type: "string" },
});

const requireStaff: EventMiddleware = (_nsConn, _msg, next) => next();
const logEvents: EventMiddleware = (_nsConn, _msg, next) => next();
const logRequests: Middleware = (_ctx, next) => next();

interface Log {
  write(text: string): void;
}
const Log = token<Log>("Log");
const Clock = token<number, "Clock">("Clock");

class History {
  static readonly inject = [Log, optional(Clock)] as const;
  constructor(readonly log: Log, readonly clock?: number) {}
}

class ChatController {
  static readonly namespace = "chat";
  static readonly inject = [NSConn, History] as const;
  static readonly use = [requireStaff];
  static readonly events = { onSay: Text };
  static readonly answers = { onSay: Text };
  static readonly emits = { onNote: Text };
  constructor(readonly nsConn: NSConn, readonly history: History) {}
  onNamespaceConnect() {}
  onSay(msg: Message<{ text: string }>) {
    return msg.json();
  }
}

class NoteController {
  static readonly inject = [Context, History] as const;
  static readonly routes = {
    post: { body: Text, use: [logRequests] },
    find: "GET /search/:term(\\w+)/:page?",
  } as const;
  constructor(readonly ctx: Context, readonly history: History) {}
  post(_body: { text: string }) {}
  find(_term: string, _page?: string) {}
}

function makeApplication() {
  const router = new Router();
  const app = new Application(router.party("/notes"))
    .register(Log, { write() {} })
    .singleton(History);
  app.handle(NoteController);
  const chat = app.party("/chat").use(logEvents);
  chat.handleWebsocket(ChatController);
  return { router, app, chat };
}

Deno.test("explain() has namespaces with events, schemas and middleware", async () => {
  const { app, chat } = makeApplication();
  const jsonSchema = {
    type: "object",
    properties: { text: { type: "string" } },
    required: ["text"],
  };
  const string = { vendor: "test", jsonSchema: { type: "string" } };
  const middleware = ["logEvents", "requireStaff"];
  const namespace = {
    name: "chat",
    endpoints: [] as string[],
    controllers: ["ChatController"],
    events: [{
      name: "_OnNamespaceConnect",
      isBuiltIn: true,
      controller: "ChatController",
      method: "onNamespaceConnect",
      middleware,
    }, {
      name: "onSay",
      isBuiltIn: false,
      controller: "ChatController",
      method: "onSay",
      middleware,
      schema: { vendor: "test", jsonSchema },
      answer: string,
    }],
    emits: [{ name: "onNote", schema: string }],
  };
  assertEquals(app.explain().namespaces, [namespace]);
  assertEquals(app.explain().endpoints, []);

  const server = new Server(denoUpgrader(), chat);
  chat.router.get("/", websocketHandler(server));
  const endpoints = ["/notes/chat"];
  assertEquals(app.explain().namespaces, [{ ...namespace, endpoints }]);
  assertEquals(app.explain().endpoints, [{
    path: "/notes/chat",
    namespaces: ["chat"],
  }]);
  await server.close();
});

Deno.test("explain() has routes with parameters, schemas and middleware", () => {
  const { app, router } = makeApplication();
  router.use(logRequests);
  router.get("/files/*", (ctx) => ctx.text("file"));
  const controller = "NoteController";
  assertEquals(app.explain().routes, [{
    method: "POST",
    path: "/notes",
    name: "NoteController.post",
    controller,
    params: [],
    middleware: ["logRequests", "logRequests"],
    body: {
      vendor: "test",
      jsonSchema: {
        type: "object",
        properties: { text: { type: "string" } },
        required: ["text"],
      },
    },
  }, {
    method: "GET",
    path: "/notes/search/:term(\\w+)/:page?",
    name: "NoteController.find",
    controller,
    params: [
      { name: "term", type: "string", isOptional: false, pattern: "\\w+" },
      { name: "page", type: "string", isOptional: true },
    ],
    middleware: ["logRequests"],
  }, {
    method: "GET",
    path: "/files/*",
    params: [{ name: "0", type: "string", isOptional: false }],
    middleware: ["logRequests"],
  }]);
});

Deno.test("explain() has controllers and services with their lives and dependents", () => {
  const { app } = makeApplication();
  const { controllers, services } = app.explain();
  assertEquals(controllers, [{
    name: "ChatController",
    kind: "websocket",
    life: "connection",
    deps: ["NSConn", "History"],
  }, {
    name: "NoteController",
    kind: "http",
    life: "request",
    deps: ["Context", "History"],
  }]);
  assertEquals(services, [
    {
      name: "NSConn",
      kind: "provided",
      deps: [],
      neededBy: ["ChatController"],
    },
    {
      name: "Context",
      kind: "provided",
      deps: [],
      neededBy: ["NoteController"],
    },
    { name: "Log", kind: "value", deps: [], neededBy: ["History"] },
    {
      name: "History",
      kind: "singleton",
      deps: ["Log", "Clock?"],
      neededBy: ["ChatController", "NoteController"],
    },
  ]);
});

Deno.test("explain() tells the services of a child from those of its parent", () => {
  class Store {
    static readonly inject = [Log] as const;
    constructor(readonly log: Log) {}
  }
  class View {
    static readonly inject = [Log] as const;
    constructor(readonly log: Log) {}
    get() {}
  }
  const app = new Application(new Router()).register(Log, { write() {} })
    .singleton(Store);
  // The singleton of the parent goes on with the parent's Log.
  app.party("/child").register(Log, { write() {} }).handle(View);
  const neededBy = app.explain().services.map((service) => [
    service.name,
    service.neededBy,
  ]);
  assertEquals(neededBy, [["Log", ["Store"]], ["Store", []], ["Log", [
    "View",
  ]]]);
});

Deno.test("explain() has a controller that is a service with the services that it injects", () => {
  class Store {
    static readonly inject = [Log] as const;
    constructor(readonly log: Log) {}
    get() {}
  }
  const app = new Application(new Router()).register(Log, { write() {} })
    .singleton(Store).handle(Store);
  const { controllers, services } = app.explain();
  assertEquals(controllers[0]?.deps, ["Log"]);
  assertEquals(services.map(({ name, neededBy }) => [name, neededBy]), [
    ["Log", ["Store"]],
    ["Store", []],
  ]);
});

Deno.test("explain() does not count as the use of a controller, which can still be set", () => {
  class Status {
    onPing() {}
  }
  const app = new Application(new Router());
  app.handleWebsocket(Status).setNamespace("one");
  const struct = app.handleWebsocket(new Status());
  app.explain();
  // It was not taken for a use of the controller.
  struct.setNamespace("two").setEventMatcher(eventTrimPrefixMatcher("on"));
  const { namespaces, controllers } = app.explain();
  assertEquals(
    namespaces.map((
      { name, events },
    ) => [name, events.map(({ name }) => name)]),
    [["one", ["onPing"]], ["two", ["Ping"]]],
  );
  assertEquals(controllers.map(({ life }) => life), ["shared", "shared"]);
});

Deno.test("explain() leaves middleware and the life of controllers open", async () => {
  class Visitor {
    static readonly inject = [Log] as const;
    constructor(readonly log: Log) {}
    onVisit() {}
  }
  const app = new Application(new Router()).register(Log, { write() {} });
  app.handleWebsocket(Visitor);
  assertEquals(app.explain().controllers[0]?.life, "shared");
  app.scoped(Log, () => ({ write() {} })).use(logEvents);
  const server = new Server(denoUpgrader(), app);
  const { controllers: [controller], namespaces: [namespace] } = app.explain();
  assertEquals(controller?.life, "connection");
  assertEquals(namespace?.events[0]?.middleware, ["logEvents"]);
  // The server has compiled it: what is registered now comes too late.
  app.register(Log, { write() {} });
  assertEquals(app.explain().controllers[0]?.life, "connection");
  await server.close();
});

Deno.test("explain() joins the namespaces of applications with one server", async () => {
  class First {
    static readonly namespace = "chat";
    onOne() {}
  }
  class Second {
    static readonly namespace = "chat";
    onTwo() {}
  }
  const app = new Application(new Router());
  const [left, right] = [app.party("/left"), app.party("/right")];
  left.handleWebsocket(First);
  right.handleWebsocket(Second);
  const listNamespaces = () =>
    app.explain().namespaces.map(({ controllers }) => controllers);
  assertEquals(listNamespaces(), [["First"], ["Second"]]);
  const server = new Server(denoUpgrader(), joinConnHandlers(left, right));
  assertEquals(listNamespaces(), [["First", "Second"]]);
  await server.close();
});

Deno.test("explain() has what the server has made of its handlers", async () => {
  class Unnamed {
    onSay() {}
  }
  const app = new Application(new Router());
  app.handleWebsocket(Unnamed);
  const news = { onRead() {}, onRoomJoin() {} };
  const handler = joinConnHandlers({ chat: app }, { news });
  await using server = new Server(denoUpgrader(), handler);
  app.router.get("/", websocketHandler(server));
  const { namespaces, endpoints } = app.explain();
  assertEquals(
    namespaces.map(({ name, controllers, events }) => [
      name,
      controllers,
      events.map(({ name, controller, method }) => [name, controller, method]),
    ]),
    [
      ["chat", ["Unnamed"], [["onSay", "Unnamed", "onSay"]]],
      ["news", [], [
        ["onRead", undefined, "onRead"],
        ["_OnRoomJoin", undefined, "onRoomJoin"],
      ]],
    ],
  );
  assertEquals(endpoints, [{ path: "/", namespaces: ["chat", "news"] }]);
});

Deno.test("explain() changes nothing of a controller that a server was made of by itself", async () => {
  class Visitor {
    static readonly inject = [Log] as const;
    constructor(readonly log: Log) {}
    onVisit() {}
  }
  const app = new Application(new Router()).register(Log, { write() {} });
  await using memory = new MemoryServer(app.handleWebsocket(Visitor));
  // Too late: the server has compiled it as one for all.
  app.scoped(Log, () => ({ write() {} }));
  assertEquals(app.explain().controllers[0]?.life, "shared");
  await using client = await memory.dial({ "": {} });
  await assertRejects(() => client.connect(""), EventError, "internal error");
  assertStringIncludes(
    String(memory.errors[0]),
    'Cannot build "Visitor": a registration after its server was made',
  );
});

Deno.test("explain() builds and calls nothing", () => {
  const calls: string[] = [];
  class Store {
    static readonly inject = [Log] as const;
    constructor(readonly log: Log) {
      calls.push("Store");
    }
  }
  class Both {
    static readonly inject = [Store, NSConn] as const;
    constructor(readonly store: Store, readonly nsConn: NSConn) {
      calls.push("Both");
    }
    onSay() {
      calls.push("onSay");
    }
    [Symbol.for("onSay")]() {}
  }
  class Notes {
    static readonly inject = [Store] as const;
    constructor(readonly store: Store) {
      calls.push("Notes");
    }
    get() {
      calls.push("get");
    }
  }
  const secret = { write() {}, password: "secret", toJSON: () => "secret" };
  const app = new Application(new Router())
    .singleton(Log, () => {
      calls.push("Log");
      return Promise.resolve(secret);
    })
    .scoped(Store);
  app.party("/one").handle(Notes);
  app.party("/two").register(Log, secret).handle(Notes);
  app.handleWebsocket(Both);
  const first = app.explain();
  assertEquals(JSON.stringify(app.explain()), JSON.stringify(first));
  assertEquals(JSON.stringify(first).includes("secret"), false);
  assertEquals(calls, []);
});

Deno.test("explain() takes a converter before the schema's own", () => {
  const { app } = makeApplication();
  const asked: string[] = [];
  const explanation = app.explain({
    toJsonSchema(schema, { io }) {
      asked.push(`${schema["~standard"].vendor} ${io}`);
      return io === "input" ? { type: "null" } : undefined;
    },
  });
  const [, event] = explanation.namespaces[0]!.events;
  assertEquals(event?.schema?.jsonSchema, { type: "null" });
  assertEquals(event?.answer?.jsonSchema, { type: "string" });
  assertEquals(asked, [
    ...["test input", "test output", "test output"],
    "test input",
  ]);
});

Deno.test("explain() says which schema a converter could not convert", () => {
  const { app } = makeApplication();
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  const faults: [convert: () => object, cause: string][] = [
    [() => {
      throw new Error("no");
    }, "no"],
    [() => circle, "Converting circular structure"],
    [
      () => Promise.resolve({}),
      "it has returned a promise, and must return an object",
    ],
    [() => () => {}, "it has returned a function, and must return an object"],
  ];
  for (const [toJsonSchema, reason] of faults) {
    const error = assertThrows(
      () => app.explain({ toJsonSchema }),
      TypeError,
      "Cannot convert the schema of ChatController.onSay to JSON Schema: toJsonSchema() has failed",
    );
    assertStringIncludes(String(error.cause), reason);
  }
});

Deno.test("explain() has no JSON Schema where a library's own cannot be written", () => {
  class Odd {
    static readonly events = {
      onOne: makeSchema<1>({ input: { default: 1n } }),
    };
    onOne(_nsConn: NSConn, _msg: Message<1>) {}
  }
  const app = new Application(new Router());
  app.handleWebsocket(Odd);
  const [event] = app.explain().namespaces[0]!.events;
  assertEquals(event?.schema, { vendor: "test" });
});

Deno.test("explain() needs no JSON Schema", () => {
  class Plain {
    static readonly events = {
      onOne: makeSchema<1>(),
      onTwo: makeSchema<2>({}),
    };
    onOne(_nsConn: NSConn, _msg: Message<1>) {}
    onTwo(_nsConn: NSConn, _msg: Message<2>) {}
  }
  const app = new Application(new Router());
  app.handleWebsocket(Plain);
  const { events } = app.explain().namespaces[0]!;
  assertEquals(events.map(({ schema }) => schema), [
    { vendor: "test" },
    { vendor: "test" },
  ]);
});

Deno.test("An explanation is plain JSON, and prints as text", () => {
  const { app } = makeApplication();
  const explanation = app.explain();
  const copy = JSON.parse(JSON.stringify(explanation));
  assertEquals({ ...explanation } as unknown, copy);
  assertEquals(
    `\n${explanation}\n`,
    `
Namespaces
  chat  by ChatController
    _OnNamespaceConnect  after logEvents, requireStaff
    onSay                after logEvents, requireStaff  { text: string }, answers string
    onNote               sent to clients                string

Routes
  POST  /notes                           NoteController.post  after logRequests  body: { text: string }
  GET   /notes/search/:term(\\w+)/:page?  NoteController.find                     term: string (\\w+), page?: string

Controllers
  ChatController  one for each connection  with NSConn, History
  NoteController  one for each request     with Context, History

Services
  NSConn   provided   for ChatController
  Context  provided   for NoteController
  Log      value      for History
  History  singleton  for ChatController, NoteController
`,
  );
  assertEquals(Deno.inspect(explanation), `${explanation}`);
  assertEquals(`${new Application(new Router()).explain()}`, "");
});

Deno.test("A schema is written in the manner of TypeScript", () => {
  const schemas: [written: string, schema: object][] = [
    ["unknown", {}],
    ["string", { type: "string" }],
    ["string | null", { type: ["string", "null"] }],
    ['"a" | 1', { enum: ["a", 1] }],
    ["true", { const: true }],
    ["integer[]", { type: "array", items: { type: "integer" } }],
    ["(1 | 2)[]", { type: "array", items: { enum: [1, 2] } }],
    ["unknown[]", { type: "array" }],
    ["(string | null)[]", {
      type: "array",
      items: { type: ["string", "null"] },
    }],
    ["({} | { a?: this })[]", {
      type: "array",
      items: {
        anyOf: [{ properties: {} }, { properties: { a: { $ref: "#" } } }],
      },
    }],
    ["[string, number]", {
      type: "array",
      items: [{ type: "string" }, { type: "number" }],
    }],
    ['{ "a b"?: string }', { properties: { "a b": { type: "string" } } }],
    ["{}", { type: "object", properties: {} }],
    ["object", { type: "object" }],
    ["string | number", { anyOf: [{ type: "string" }, { type: "number" }] }],
    ["Node & object", {
      allOf: [{ $ref: "#/$defs/Node" }, { type: "object" }],
    }],
    ["{ a: string, b?: { c?: number }[] }", {
      type: "object",
      properties: {
        a: { type: "string" },
        b: {
          type: "array",
          items: { type: "object", properties: { c: { type: "number" } } },
        },
      },
      required: ["a"],
    }],
  ];
  for (const [written, schema] of schemas) {
    class One {
      static readonly events = { onOne: makeSchema<1>({ input: schema }) };
      onOne(_nsConn: NSConn, _msg: Message<1>) {}
    }
    const app = new Application(new Router());
    app.handleWebsocket(One);
    const [line] = /onOne .*/.exec(`${app.explain()}`)!;
    assertEquals(line, `onOne  ${written}`);
  }
});

Deno.test("static answers and static emits are checked when a server is made", () => {
  class Unknown {
    static readonly answers = { onSaid: Text };
    onSay() {}
  }
  class NoSchema {
    static readonly emits = { onNote: Text, onSaid: "text" };
    onSay() {}
  }
  class OfTheProgram {
    static readonly answers = ["yes", "no"];
    static readonly emits = { light: 1 };
    onSay() {}
  }
  const handle = (controller: object) =>
    new Application(new Router()).handleWebsocket(
      controller as typeof NoSchema,
    );
  assertThrows(
    () => handle(Unknown),
    TypeError,
    'Cannot describe "onSaid" in the static answers of Unknown: it should name methods that handle events of its own',
  );
  assertThrows(
    () => handle(NoSchema),
    TypeError,
    'Cannot describe "onSaid" in the static emits of NoSchema: its schema must follow the Standard Schema specification',
  );
  handle(OfTheProgram);
});

import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  BadNamespaceError,
  type ConnHandler,
  denoUpgrader,
  DialError,
  EventError,
  memoryExchange,
  type Message,
  type NSConn,
  OnNativeMessage,
  Server,
  type ServerOptions,
  UpgradeError,
} from "../../neffos/mod.ts";
import { Application } from "../application.ts";
import { Context } from "../http/context.ts";
import { HttpError } from "../http/http_error.ts";
import { Router } from "../router/router.ts";
import { contextOf, websocketHandler } from "../websocket.ts";
import { AssertionError, connectTest } from "./mod.ts";

class Echo {
  static readonly namespace = "echo";
  onEcho(_nsConn: NSConn, msg: Message<string>) {
    return msg.text();
  }
}

function makeServer(
  handler: ConnHandler = { echo: { onEcho: (_, msg) => msg.text() } },
  options: ServerOptions = {},
): Server {
  return new Server(denoUpgrader(), handler, options);
}

Deno.test("connectTest() takes an application, its route, its server, and any handler of requests", async () => {
  const router = new Router();
  const log: string[] = [];
  router.use((ctx, next) => {
    log.push(ctx.path);
    return next();
  });
  const app = new Application(router.party("/api"));
  app.handleWebsocket(Echo);
  const server = new Server(denoUpgrader(), app);
  const targets = {
    server,
    app,
    router,
    party: app.router,
    handler: router.handler,
    // As another framework calls it.
    framework: (request: Request, info: Deno.ServeHandlerInfo) =>
      server.upgrade(request, info),
  };
  const connect = async (name: keyof typeof targets, path?: string) => {
    await using client = await connectTest(targets[name], Echo, { path });
    assertEquals((await client.ask("onEcho", name)).text(), name);
    assertEquals(server.totalConnections, 1);
  };
  // Before there is a route, the application's server is asked itself.
  await connect("server");
  await connect("app");
  await connect("framework", "/any");
  assertEquals(log, []);
  app.router.get("/ws", websocketHandler(server));
  await connect("app");
  await connect("router");
  await connect("party");
  await connect("handler", "/api/ws");
  assertEquals(log, Array(4).fill("/api/ws"));
  assertEquals(server.totalConnections, 0);
});

Deno.test("connectTest() makes a server for an application that has none, and keeps it", async () => {
  const app = new Application(new Router());
  app.handleWebsocket(Echo);
  await using first = await connectTest(app, Echo);
  await using second = await connectTest(app, Echo);
  assertEquals((await first.ask("onEcho", "a")).text(), "a");
  assertEquals((await second.ask("onEcho", "b")).text(), "b");
});

Deno.test("connectTest() says which route it needs", async () => {
  const router = new Router();
  const connect = (path?: string) => connectTest(router, "echo", { path });
  await assertRejects(connect, TypeError, "there is no websocket route");
  const server = makeServer();
  router.get("/users/:name", websocketHandler(server));
  await assertRejects(
    connect,
    TypeError,
    'the path of the route, /users/:name, is a pattern, so give one as the option "path"',
  );
  router.get("/b", websocketHandler(server));
  await assertRejects(
    connect,
    TypeError,
    "there are several websocket routes (/users/:name, /b)",
  );
  await using client = await connect("/users/ann");
  const { params } = contextOf(server.connections[0]!);
  assertEquals({ ...params }, { name: "ann" });
  await client.close();
  const other = new Application(router.party("/other"));
  other.handleWebsocket(Echo);
  const own = new Server(denoUpgrader(), other);
  other.router.get("/", websocketHandler(own));
  // The routes of other servers do not count for an application.
  await using ofOther = await connectTest(other, Echo);
  assertEquals(own.connections[0]?.id, ofOther.id);
  await assertRejects(
    () => connectTest({} as Router, "echo"),
    TypeError,
    'Cannot send a request to a value of type "object"',
  );
});

Deno.test("connectTest() sends the request that it is told to", async () => {
  const seen: unknown[] = [];
  class Controller {
    static readonly inject = [Context] as const;
    constructor(readonly ctx: Context) {}
    onNamespaceConnect(msg: Message<{ token: string }>) {
      const { ctx } = this;
      seen.push({
        url: ctx.url.href,
        query: ctx.query.get("q"),
        header: ctx.header("x-name"),
        cookies: [ctx.cookies.get("a"), ctx.cookies.get("b")],
        ip: ctx.remoteIp,
        origin: ctx.header("origin"),
        token: msg.json().token,
      });
    }
    onHi() {}
  }
  const app = new Application(new Router());
  app.handleWebsocket(Controller);
  const body = { token: "secret" };
  await using _first = await connectTest(app, Controller, {
    path: "https://chat.example/ws?p=1",
    headers: [["x-name", "ann"], ["cookie", "a=1"]],
    cookies: { b: "2" },
    query: { q: "x y" },
    origin: "https://chat.example",
    address: "203.0.113.7",
    body,
  });
  const signedIn = new Response();
  signedIn.headers.append("set-cookie", "a=3; path=/; httponly");
  signedIn.headers.append("set-cookie", "b=4");
  await using _second = await connectTest(app, Controller, {
    cookies: signedIn,
    body,
  });
  assertEquals(seen, [{
    url: "https://chat.example/ws?p=1&q=x+y",
    query: "x y",
    header: "ann",
    cookies: ["1", "2"],
    ip: "203.0.113.7",
    origin: "https://chat.example",
    token: "secret",
  }, {
    url: "http://localhost/",
    query: null,
    header: undefined,
    cookies: ["3", "4"],
    ip: "127.0.0.1",
    origin: undefined,
    token: "secret",
  }]);
});

Deno.test("connectTest() is refused as a client of the network, with status and text", async () => {
  const router = new Router();
  const server = makeServer(undefined, {
    maxConnectionsPerAddress: 1,
    trustProxy: true,
    protocols: ["v1"],
  });
  router.get("/ws", websocketHandler(server));
  router.get(
    "/members",
    (ctx) => {
      throw new HttpError(401, `sign in first, ${ctx.remoteIp}`, {
        headers: { "www-authenticate": "Bearer" },
      });
    },
    websocketHandler(server),
  );
  const refuse = async (status: number, options: object) => {
    const error = await assertRejects(
      () => connectTest(router, "echo", { path: "/ws", ...options }),
      DialError,
      `the server answered ${status} instead of opening a WebSocket`,
    );
    assertEquals(error.status, status);
    assertInstanceOf(error.cause, UpgradeError);
    assertEquals(error.cause.status, status);
    return error.cause;
  };
  const { message, headers } = await refuse(401, { path: "/members" });
  assertEquals(message, "sign in first, 127.0.0.1");
  assertEquals(headers["www-authenticate"], "Bearer");
  await refuse(404, { path: "/nowhere" });
  await refuse(403, { origin: "http://other.example" });
  await refuse(426, { headers: { "sec-websocket-version": "8" } });

  const proxied = { "x-forwarded-for": "198.51.100.1" };
  await using first = await connectTest(router, "echo", {
    path: "/ws",
    headers: proxied,
    protocols: ["v0", "v1"],
  });
  const { message: text } = await refuse(429, { headers: proxied });
  assertStringIncludes(text, "too many connections from this address");
  await first.close();
  await server.close();
  await refuse(503, {});
});

Deno.test("connectTest() is refused by the hooks of the server, and leaves nothing behind", async () => {
  const server = makeServer({
    open: {
      onNamespaceConnect: () => {
        throw new EventError("not today");
      },
    },
  }, {
    onConnect: (conn) => {
      if (contextOf(conn).header("x-user") === undefined) {
        throw new EventError("who are you?");
      }
    },
  });
  await assertRejects(
    () => connectTest(server, "open"),
    EventError,
    "who are you?",
  );
  const headers = { "x-user": "ann" };
  await assertRejects(
    () => connectTest(server, "open", { headers }),
    EventError,
    "not today",
  );
  const error = await assertRejects(
    () => connectTest(server, "opened", { headers }),
    BadNamespaceError,
    'Cannot connect to namespace "opened": the server has "open"',
  );
  assertEquals(error.namespace, "opened");
  const { sockets, connections } = server.stats();
  assertEquals([sockets, connections], [0, 0]);
});

Deno.test("connectTest() gives the fault of a hook as the cause of a refusal", async () => {
  const fault = new Error("the disk is full");
  const server = makeServer({
    echo: {
      onNamespaceConnect: () => {
        throw fault;
      },
    },
  });
  const ofHook = await assertRejects(
    () => connectTest(server, "echo"),
    EventError,
    "internal error",
  );
  assertEquals(ofHook.cause, fault);
  server.idGenerator = () => {
    throw fault;
  };
  const ofServer = await assertRejects(
    () => connectTest(server, "echo"),
    DialError,
    "answered 500",
  );
  assertInstanceOf(ofServer.cause, UpgradeError);
  assertEquals(ofServer.cause.cause, fault);
});

Deno.test("connectTest() takes the response of middleware that changes its headers", async () => {
  const server = makeServer();
  const router = new Router();
  router.use(async (_ctx, next) => {
    const response = await next();
    response.headers.set("x-served-by", "test");
    return response;
  });
  router.get("/", websocketHandler(server));
  await using client = await connectTest(router, "echo");
  assertEquals((await client.ask("onEcho", "hi")).text(), "hi");
});

Deno.test("connectTest() speaks native messages, bytes and the codec of the server", async () => {
  const native = makeServer({
    onNativeMessage: (nsConn: NSConn, msg: Message) =>
      nsConn.emit(OnNativeMessage, msg.text().toUpperCase()),
  });
  await using raw = await connectTest(native, "");
  raw.emit(OnNativeMessage, "hello");
  assertEquals((await raw.waitFor("onNativeMessage")).text(), "HELLO");
  assertEquals(raw.received(OnNativeMessage).length, 1);

  const both = makeServer({
    onNativeMessage: () => {},
    onBytes: (nsConn: NSConn, msg: Message) => {
      nsConn.emit("onBytes", msg.bytes().toReversed());
    },
    onSum: (_nsConn: NSConn, msg: Message<number[]>) => {
      const [a = 0, b = 0] = msg.json();
      return [a + b];
    },
  }, {
    bodyCodec: {
      encode: (value) => `<${JSON.stringify(value)}>`,
      decode: (body) => JSON.parse(String(body).slice(1, -1)),
    },
  });
  await using client = await connectTest(both, "");
  client.emit("onBytes", new Uint8Array([1, 2, 3]));
  const bytes = (await client.waitFor("onBytes")).bytes();
  assertEquals(bytes, new Uint8Array([3, 2, 1]));
  const sum = await client.ask("onSum", [1, 2]);
  assertEquals([sum.text(), sum.json()], ["<[3]>", [3]]);
});

Deno.test("connectTest() finds the only namespace of a server", async () => {
  await using app = new Application(new Router());
  class NewsController {
    static readonly namespace = "news";
    onRead() {
      return "no news";
    }
  }
  app.handleWebsocket(NewsController);
  await using client = await connectTest<typeof NewsController>(app, {
    query: { lang: "en" },
  });
  assertEquals(client.nsConn.namespace, "news");
  assertEquals((await client.ask("onRead")).text(), "no news");
  await using other = await connectTest(app);
  assertEquals(other.nsConn.namespace, "news");
});

Deno.test("connectTest() asks for a name where a server has several namespaces", async () => {
  const two = new Server(denoUpgrader(), { chat: {}, news: {} });
  await assertRejects(
    () => connectTest(two),
    TypeError,
    'Cannot connect: the server has several namespaces ("chat", "news"), so give the controller or the name of one',
  );
  await using client = await connectTest(two, { namespace: "news" });
  assertEquals(client.nsConn.namespace, "news");
});

Deno.test("connectTest() connects through a handler that copies the request", async () => {
  const server = makeServer();
  const copies: ((request: Request) => Request)[] = [
    (request) => new Request(request),
    (request) => request.clone(),
    ({ url, headers }) => new Request(url, { headers }),
  ];
  for (const copy of copies) {
    const handler = async (request: Request, info: Deno.ServeHandlerInfo) => {
      await Promise.resolve();
      return await server.upgrade(copy(request), info);
    };
    await using client = await connectTest(handler, "echo");
    assertEquals((await client.ask("onEcho", "hi")).text(), "hi");
  }
});

Deno.test("connectTest() says that a handler has not used a Server", async () => {
  await assertRejects(
    () => connectTest(() => new Response("hello"), "echo"),
    DialError,
    "the server answered 200 instead of opening a WebSocket: hello",
  );
  // As the platform does, for which nothing here listens.
  const upgraded = new Response(null, { status: 101 });
  await assertRejects(
    () => connectTest(() => upgraded, "echo"),
    TypeError,
    "Cannot connect: the request was upgraded, but not by a Server of this module",
  );
  await assertRejects(
    () => connectTest((() => undefined) as never, "echo"),
    TypeError,
    'Cannot take a value of type "undefined" as the answer to a request: it must be a Response',
  );
});

Deno.test("connectTest() sends a parameter of the query several times", async () => {
  const server = makeServer({
    echo: {
      onQuery: (nsConn: NSConn) => contextOf(nsConn).url.search,
    },
  });
  await using client = await connectTest(server, {
    query: { tag: ["a", "b"], page: "1" },
  });
  assertEquals((await client.ask("onQuery")).text(), "?tag=a&tag=b&page=1");
});

Deno.test("connectTest() takes a timeout that a timer can have", async () => {
  for (const timeout of [0, -1, NaN, Infinity, 2 ** 31, "5"]) {
    await assertRejects(
      () => connectTest(makeServer(), { timeout: timeout as number }),
      RangeError,
      `Cannot set "timeout" to ${timeout}: it must be a number of milliseconds from 1 to 2147483647`,
    );
  }
});

Deno.test("connectTest() connects to servers that share an exchange", async () => {
  const exchange = memoryExchange();
  const makePart = async () => {
    const server = makeServer({
      chat: {
        onSay: (nsConn: NSConn, msg: Message<string>) => {
          nsConn.broadcastOthers("onChat", msg.text());
        },
      },
    });
    await server.useStackExchange(exchange);
    return server;
  };
  await using one = await makePart();
  await using two = await makePart();
  await using ann = await connectTest(one);
  await using bob = await connectTest(two);
  ann.emit("onSay", "hello");
  assertEquals((await bob.waitFor("onChat")).text(), "hello");
  ann.emit("onSay", "hello");
  await ann.expectNothing();
  await assertRejects(
    () => bob.expectNothing(),
    AssertionError,
    "onChat hello",
  );
});

import {
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { denoUpgrader, Server } from "../../neffos/mod.ts";
import type { Context } from "../http/context.ts";
import { websocketHandler } from "../websocket.ts";
import type { Middleware } from "./handlers.ts";
import type { Party } from "./party.ts";
import { Router } from "./router.ts";

const INFO: Deno.ServeHandlerInfo = {
  remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 4711 },
  completed: Promise.resolve(),
};

/** Sends a request as "GET /path". */
async function send(router: Router, what: string): Promise<Response> {
  const [method, path] = what.split(" ");
  // Deno.serve does not parse the URL, so `new Request` must not either.
  const request = new Request("http://host/", { method });
  Object.defineProperty(request, "url", { value: `http://host${path}` });
  return await router.handler(request, INFO);
}

/** Sends a request and returns status and text. */
async function ask(router: Router, what: string): Promise<string> {
  const response = await send(router, what);
  return `${response.status} ${await response.text()}`;
}

/** Answers with its own name and the path parameters. */
function say(name: string): (ctx: Context) => Response {
  return (ctx) => ctx.text(`${name} ${JSON.stringify(ctx.params)}`);
}

/** Logs when it is entered and left. */
function trace(log: string[], name: string): Middleware {
  return async (_ctx, next) => {
    log.push(name);
    const response = await next();
    log.push(`/${name}`);
    return response;
  };
}

Deno.test("Router.handler answers with the route of path and method", async () => {
  const router = new Router()
    .get("/", say("root"))
    .get("/a", say("get"))
    .post("/a", say("post"))
    .put("/a", say("put"))
    .patch("/a", say("patch"))
    .delete("/a", say("delete"))
    .options("/a", say("options"))
    .handle("propfind", "/a", say("propfind"));
  assertEquals(await ask(router, "GET /"), "200 root {}");
  assertEquals(await ask(router, "GET /?a=/a"), "200 root {}");
  for (
    const method of ["get", "post", "put", "patch", "delete", "options"]
  ) {
    const what = `${method.toUpperCase()} /a?q`;
    assertEquals(await ask(router, what), `200 ${method} {}`);
  }
  assertEquals(await ask(router, "PROPFIND /a"), "200 propfind {}");
});

Deno.test("Router.handler answers synchronously if nothing is asynchronous", () => {
  const router = new Router().get("/a", say("a")).get("/:x", say("x"));
  for (const path of ["a", "b", "c/d"]) {
    const answer = router.handler(new Request(`http://host/${path}`), INFO);
    assertInstanceOf(answer, Response);
  }
});

Deno.test("Router.fetch is the handler, so that a router is a default export for deno serve", async () => {
  const router = new Router();
  router.get("/", (ctx) => ctx.text("Hello"));
  const { fetch }: Deno.ServeDefaultExport = router;
  const response = await fetch(new Request("http://host/"), INFO);
  assertEquals(await response.text(), "Hello");
  assertStrictEquals(router.fetch, router.handler);
});

Deno.test("Router.handler ignores a slash at the end of a path", async () => {
  const router = new Router();
  router.party("/websocket_endpoint").get("/", say("ws"));
  router.get("/a/", say("a")).get("/users/:id/", say("user"));
  assertEquals(await ask(router, "GET /websocket_endpoint"), "200 ws {}");
  assertEquals(await ask(router, "GET /websocket_endpoint/"), "200 ws {}");
  assertEquals(await ask(router, "GET /a"), "200 a {}");
  assertEquals(await ask(router, "GET /a/?q"), "200 a {}");
  assertEquals(await ask(router, "GET /users/1"), '200 user {"id":"1"}');
  assertEquals(await ask(router, "GET /users/1/"), '200 user {"id":"1"}');
  assertEquals(await ask(router, "GET /a//"), "404 Not Found");
});

Deno.test("Router.handler fills path parameters and decodes them", async () => {
  const router = new Router()
    .get("/users/:id/:tab?", say("user"))
    .get("/files/*", say("file"))
    .get("/n/:n(\\d+)", say("number"));
  assertEquals(
    await ask(router, "GET /users/a%20b%2F%C3%A9/x"),
    '200 user {"id":"a b/é","tab":"x"}',
  );
  assertEquals(await ask(router, "GET /users/é"), '200 user {"id":"é"}');
  assertEquals(await ask(router, "GET /files/a/b.c"), '200 file {"0":"a/b.c"}');
  assertEquals(await ask(router, "GET /files"), '200 file {"0":""}');
  assertEquals(await ask(router, "GET /n/12"), '200 number {"n":"12"}');
  assertEquals(await ask(router, "GET /n/x"), "404 Not Found");
});

Deno.test("Router.handler answers 400 to a parameter that cannot be decoded", async () => {
  const log: string[] = [];
  const router = new Router({ onError: () => void log.push("error") })
    .use(trace(log, "root"))
    .get("/users/:id", say("user"));
  assertEquals(await ask(router, "GET /users/%zz"), "400 Bad Request");
  assertEquals(await ask(router, "GET /users/%C3"), "400 Bad Request");
  assertEquals(log, ["root", "/root", "root", "/root"]);
});

Deno.test("Router.handler answers 400 to an invalid host", async () => {
  const errors: unknown[] = [];
  const router = new Router({ onError: (error) => void errors.push(error) })
    .get("/admin", (ctx) => ctx.text(ctx.url.pathname));
  for (const url of ["http://a#b/admin", "http://a b/admin"]) {
    const request = new Request("http://host/");
    Object.defineProperty(request, "url", { value: url });
    const response = await router.handler(request, INFO);
    assertEquals(response.status, 400);
    assertEquals(await response.text(), "Bad Request");
  }
  assertEquals(errors, []);
});

Deno.test("Router.handler serves the path that URL reads", async () => {
  const router = new Router()
    .get("/", say("root"))
    .get("/b", say("b"))
    .get("/café", say("café"))
    .get("/files/*", say("file"));
  assertEquals(await ask(router, "GET /a/../b"), "200 b {}");
  assertEquals(await ask(router, "GET /files/%2E%2e/b"), "200 b {}");
  assertEquals(await ask(router, "GET /files/../../x"), "404 Not Found");
  assertEquals(await ask(router, "GET /café"), "200 café {}");
  assertEquals(await ask(router, "GET /caf%C3%A9"), "200 café {}");
  assertEquals(await ask(router, "GET ?/b"), "200 root {}");
  assertEquals(await ask(router, "GET "), "200 root {}");
});

Deno.test("Router.handler tries exact paths first, then patterns in order", async () => {
  const router = new Router()
    .post("/:b", say("post"))
    .get("/:a", say("first"))
    .get("/:b", say("second"))
    .get("*", say("rest"))
    .get("/exact", say("exact"));
  assertEquals(await ask(router, "GET /exact"), "200 exact {}");
  assertEquals(await ask(router, "GET /x"), '200 first {"a":"x"}');
  assertEquals(await ask(router, "POST /exact"), '200 post {"b":"exact"}');
  assertEquals(await ask(router, "GET /x/y"), '200 rest {"0":"x/y"}');
});

Deno.test("Party.get() adds routes to a router that is in use", async () => {
  const router = new Router().get("/a/:x", say("a"));
  assertEquals(await ask(router, "GET /b/1"), "404 Not Found");
  router.get("/b/:x", say("b")).get("/c", say("c"));
  assertEquals(await ask(router, "GET /b/1"), '200 b {"x":"1"}');
  assertEquals(await ask(router, "GET /c"), "200 c {}");
});

Deno.test("Router.any() handles the methods without a route of their own", async () => {
  const router = new Router()
    .any("/a", say("any"))
    .get("/a", say("get"))
    .any("/p/:x", say("any"))
    .post("/p/:x", say("post"));
  assertEquals(await ask(router, "GET /a"), "200 get {}");
  for (const method of ["POST", "OPTIONS", "MADEUP"]) {
    assertEquals(await ask(router, `${method} /a`), "200 any {}");
  }
  assertEquals(await ask(router, "POST /p/1"), '200 post {"x":"1"}');
  assertEquals(await ask(router, "MADEUP /p/1"), '200 any {"x":"1"}');
});

Deno.test("Router.handler answers 404 without a route", async () => {
  const router = new Router().get("/a", say("a"));
  const response = await send(router, "GET /b");
  assertEquals(response.status, 404);
  assertMatch(response.headers.get("content-type") ?? "", /^text\/plain/);
  assertEquals(await response.text(), "Not Found");
});

Deno.test("Router.handler answers 405 with the methods of the path", async () => {
  const router = new Router()
    .get("/a", say("a"))
    .post("/a", say("a"))
    .put("/:x", say("x"))
    .post("/posts", say("posts"));
  const response = await send(router, "DELETE /a");
  assertEquals(response.status, 405);
  assertEquals(response.headers.get("allow"), "GET, HEAD, POST, PUT");
  assertEquals(await response.text(), "Method Not Allowed");
  const head = await send(router, "HEAD /posts");
  assertEquals(head.status, 405);
  assertEquals(head.headers.get("allow"), "POST, PUT");
});

Deno.test("Router.handler answers OPTIONS with the methods of the path", async () => {
  const router = new Router().get("/a/:x", say("a")).head("/a/:x", say("h"));
  const response = await send(router, "OPTIONS /a/1");
  assertEquals(response.status, 204);
  assertEquals(response.headers.get("allow"), "GET, HEAD");
  assertEquals(response.body, null);
  assertEquals(await ask(router, "OPTIONS /b"), "404 Not Found");
});

Deno.test("Router.handler sends the allow of a handler beside the other methods", async () => {
  const handler = Object.assign(say("ws"), { allow: "GET" });
  const router = new Router().get("/ws", handler).get("/p/:x", handler);
  for (const path of ["/ws", "/p/1"]) {
    for (const method of ["POST", "OPTIONS"]) {
      const response = await send(router, `${method} ${path}`);
      assertEquals(response.headers.get("allow"), "GET");
      await response.body?.cancel();
    }
  }
  router.delete("/ws", say("delete"));
  const response = await send(router, "POST /ws");
  assertEquals(response.headers.get("allow"), "GET, DELETE");
  await response.body?.cancel();
});

Deno.test("Router.handler answers OPTIONS * with the methods of all paths", async () => {
  const log: string[] = [];
  const router = new Router().use(trace(log, "root"))
    .get("/a", say("a")).delete("/b/:x", say("b"));
  const response = await send(router, "OPTIONS /*");
  assertEquals(response.status, 204);
  assertEquals(response.headers.get("allow"), "GET, HEAD, DELETE");
  assertEquals(log, ["root", "/root"]);
  assertEquals(await ask(router, "GET /*"), "404 Not Found");
});

Deno.test("Router.handler answers HEAD with the GET handler, without the body", async () => {
  const cancelled = Promise.withResolvers<void>();
  const router = new Router().get("/a", (ctx) => {
    const body = new ReadableStream({ cancel: () => cancelled.resolve() });
    return new Response(body, { status: 203, headers: { "x-m": ctx.method } });
  });
  const response = await send(router, "HEAD /a");
  assertEquals(response.status, 203);
  assertEquals(response.headers.get("x-m"), "HEAD");
  assertEquals(await response.text(), "");
  await cancelled.promise;
});

Deno.test("Router.handler answers HEAD with the HEAD handler if there is one", async () => {
  const log: string[] = [];
  const handle = (name: string) => (ctx: Context) => {
    log.push(name);
    return ctx.text("");
  };
  const router = new Router()
    .get("/a", handle("get")).head("/a", handle("head"))
    .get("/p/:x", handle("get")).head("/p/:x", handle("head"))
    .any("/any", handle("any")).any("/any/:x", handle("any"));
  for (const path of ["/a", "/p/1", "/any", "/any/1"]) {
    await send(router, `HEAD ${path}`);
  }
  assertEquals(log, ["head", "head", "any", "any"]);
});

Deno.test("Router.use() puts middleware around routes, the outer party first", async () => {
  const log: string[] = [];
  const router = new Router().use(trace(log, "root"), trace(log, "root2"));
  const inner = router.party("/a", trace(log, "outer"))
    .party("/:b", trace(log, "inner"));
  inner.get("/c", trace(log, "route"), (ctx) => {
    log.push(ctx.params.b);
    return ctx.text("");
  });
  await send(router, "GET /a/x/c");
  const names = ["root", "root2", "outer", "inner", "route"];
  const back = names.map((name) => `/${name}`).reverse();
  assertEquals(log, [...names, "x", ...back]);
});

Deno.test("Router.use() also reaches routes that were registered, and used, before", async () => {
  const log: string[] = [];
  const router = new Router();
  const party = router.party("/p").get("/a", say("a"));
  await send(router, "GET /p/a");
  party.use(trace(log, "party"));
  await send(router, "GET /p/a");
  router.use(trace(log, "root"));
  await send(router, "GET /p/a");
  assertEquals(log.join(" "), "party /party root party /party /root");
});

Deno.test("Party.use() leaves the routes of other parties alone", async () => {
  const log: string[] = [];
  const router = new Router().get("/a", say("a"));
  router.party("/p").use(trace(log, "p")).get("/a", say("p"));
  router.party("/q").get("/a", say("q"));
  await send(router, "GET /a");
  await send(router, "GET /q/a");
  assertEquals(log, []);
});

Deno.test("Router.use() runs around 404, a party's also around 405 and OPTIONS", async () => {
  const log: string[] = [];
  const router = new Router().use(async (_ctx, next) => {
    const response = await next();
    log.push(`root ${response.status}`);
    return response;
  });
  router.party("/p").use(trace(log, "party")).get("/:a", say("a"));
  await send(router, "GET /p");
  await send(router, "POST /p/a");
  await send(router, "OPTIONS /p/a");
  assertEquals(log, [
    "root 404",
    ...["party", "/party", "root 405"],
    ...["party", "/party", "root 204"],
  ]);
});

Deno.test("Router.use() lets middleware answer without next()", async () => {
  const log: string[] = [];
  const router = new Router()
    .use((ctx, next) => ctx.query.has("stop") ? ctx.text("stopped") : next())
    .get("/a", trace(log, "route"), say("a"));
  assertEquals(await ask(router, "GET /a?stop"), "200 stopped");
  assertEquals(log, []);
  assertEquals(await ask(router, "GET /a"), "200 a {}");
});

Deno.test("Router.use() lets middleware catch errors of the rest of the chain", async () => {
  const router = new Router()
    .use(async (ctx, next) => {
      try {
        return await next();
      } catch (error) {
        return ctx.text(`caught ${error}`);
      }
    })
    .get("/a", () => {
      throw "a";
    })
    .get("/b", (_ctx, _next) => {
      throw "b";
    }, say("b"));
  assertEquals(await ask(router, "GET /a"), "200 caught a");
  assertEquals(await ask(router, "GET /b"), "200 caught b");
});

Deno.test("Party.party() nests paths and knows its parent", async () => {
  const router = new Router();
  const users = router.party("/users/");
  const user = users.party("/").party("/:id");
  const base: Party = user;
  assertStrictEquals(users.parent, router);
  assertEquals(router.parent, undefined);
  assertEquals([router.path, users.path, base.path], [
    "/",
    "/users",
    "/users/:id",
  ]);
  user.get("/", say("user")).get("*", say("more"));
  assertEquals(await ask(router, "GET /users/1"), '200 user {"id":"1"}');
  assertEquals(
    await ask(router, "GET /users/1/x"),
    '200 more {"0":"x","id":"1"}',
  );
});

Deno.test("Router.routes() lists routes in order of registration", () => {
  const router = new Router().get("/café/", say("a"));
  router.party("/p").post("/:id", say("b"));
  router.any("*", say("c"));
  assertEquals(router.routes(), [
    { method: "GET", path: "/café" },
    { method: "POST", path: "/p/:id" },
    { method: "ANY", path: "/*" },
  ]);
});

Deno.test("Party.handle() refuses a second handler for method and path", () => {
  const router = new Router().get("/users", say("a")).get("/:id", say("a"));
  const text = (path: string) =>
    `Cannot register GET "${path}": a handler is already registered for it, and a path must have one for each method`;
  assertThrows(
    () => router.get("/users/", say("b")),
    TypeError,
    text("/users"),
  );
  assertThrows(
    () => router.party("/users").get("/", say("b")),
    TypeError,
    text("/users"),
  );
  assertThrows(() => router.get("/:id", say("b")), TypeError, text("/:id"));
  router.post("/users", say("b"));
});

Deno.test("Party.handle() refuses an invalid path, method or handler", () => {
  const router = new Router();
  assertThrows(
    () => router.get("users", say("a")),
    TypeError,
    'Cannot register GET "users": the path must begin with "/" or "*"',
  );
  assertThrows(() => router.get("", say("a")), TypeError, 'begin with "/"');
  assertThrows(
    () => router.get("/a(b", say("a")),
    TypeError,
    'Cannot register GET "/a(b": the path must be a pattern that URLPattern accepts',
  );
  assertThrows(
    () => router.handle("GE T", "/a", say("a")),
    TypeError,
    'Cannot register GE T "/a": "GE T" must be an HTTP method',
  );
  // deno-lint-ignore no-explicit-any -- what a JavaScript program may do
  const loose: any = router;
  assertThrows(
    () => loose.get("/a"),
    TypeError,
    'Cannot register GET "/a": it must have a handler',
  );
  assertThrows(
    () => loose.get("/a", undefined, say("a")),
    TypeError,
    'Cannot register GET "/a": "undefined" must be a function',
  );
  assertThrows(
    () => loose.use(1),
    TypeError,
    'Cannot use middleware in "/": "1" must be a function',
  );
  assertThrows(
    () => router.party("x"),
    TypeError,
    'Cannot make party "x": the path must begin with "/"',
  );
  assertEquals(router.routes(), []);
});

Deno.test("Router.explain() draws the routes as a table", () => {
  class Users {
    list(ctx: Context) {
      return ctx.text("");
    }
  }
  const logRequests = trace([], "log");
  Object.defineProperty(logRequests, "name", { value: "logRequests" });
  function requireKey(_ctx: Context, next: () => Promise<Response>) {
    return next();
  }
  const router = new Router();
  assertEquals(router.explain(), "");
  router.get("/", say("home"));
  assertEquals(router.explain(), "GET  /  (anonymous)");
  const server = new Server(denoUpgrader(), { "": { onSay: () => {} } });
  router.get("/websocket_endpoint", websocketHandler(server));
  router.party("/users", requireKey, (_ctx, next) => next())
    .get("/", new Users().list)
    .delete("/:id", trace([], "x"), say("delete"));
  router.handleDir("/static", "mvc/testdata").use(logRequests);
  assertEquals(
    `\n${router.explain()}\n`,
    `
GET     /                    (anonymous)                after logRequests
GET     /websocket_endpoint  websocketHandler           after logRequests
GET     /users               list                       after logRequests, requireKey, (anonymous)
DELETE  /users/:id           (anonymous)                after logRequests, requireKey, (anonymous), (anonymous)
GET     /static/*            handleDir("mvc/testdata")  after logRequests
`,
  );
  assertEquals(router.routes().slice(0, 2), [
    { method: "GET", path: "/" },
    { method: "GET", path: "/websocket_endpoint", name: "websocketHandler" },
  ]);
});

Deno.test("Router.listen() is Deno.serve with the router's handler", async () => {
  const router = new Router().get("/", say("root"));
  const listening = Promise.withResolvers<Deno.NetAddr>();
  const ending = new AbortController();
  const server = router.listen({
    port: 0,
    hostname: "127.0.0.1",
    signal: ending.signal,
    onListen: listening.resolve,
  });
  assertEquals(await listening.promise, server.addr);
  const response = await fetch(`http://127.0.0.1:${server.addr.port}/`);
  assertEquals(await response.text(), "root {}");
  assertThrows(
    () => router.listen({ port: server.addr.port, hostname: "127.0.0.1" }),
    Deno.errors.AddrInUse,
    `Cannot listen on port ${server.addr.port}: it is in use`,
  );
  ending.abort();
  await server.finished;
});

Deno.test("Router.listen() says which address it cannot have", () => {
  const { AddrInUse, AddrNotAvailable, PermissionDenied } = Deno.errors;
  const router = new Router();
  const original = Deno.serve;
  for (
    const [ErrorClass, text] of [
      [AddrInUse, "Cannot listen on port 80: it is in use"],
      [
        PermissionDenied,
        "Cannot listen on port 80: the operating system denies it",
      ],
      [
        AddrNotAvailable,
        'Cannot listen on "192.0.2.1": this machine does not have the address',
      ],
    ] as const
  ) {
    const cause = new ErrorClass("os error 98");
    Deno.serve = (() => {
      throw cause;
    }) as never;
    try {
      const error = assertThrows(
        () => router.listen({ port: 80, hostname: "192.0.2.1" }),
        ErrorClass,
        text,
      );
      assertStrictEquals(error.cause, cause);
    } finally {
      Deno.serve = original;
    }
  }
  // An error that says all is left as it is.
  assertThrows(() => router.listen(80_000), RangeError, "80000");
});

Deno.test("Router.listen() takes a port, and leaves the defaults to Deno.serve", () => {
  const router = new Router();
  const calls: unknown[][] = [];
  const original = Deno.serve;
  Deno.serve = ((...args: unknown[]) => void calls.push(args)) as never;
  try {
    router.listen(4711);
    router.listen();
  } finally {
    Deno.serve = original;
  }
  assertEquals(calls, [[{ port: 4711 }, router.handler], [{}, router.handler]]);
});

Deno.test("Router.handler matches a path once against each pattern, for 404 and 405 as well", async () => {
  const router = new Router()
    .get("/p1/:a", say("get"))
    .post("/p2/:a", say("post"))
    .any("/p3/:a", say("any"))
    .delete("/p1/:a", say("delete"));
  const calls: string[] = [];
  const { exec } = RegExp.prototype;
  RegExp.prototype.exec = function (text) {
    if (this.source.startsWith("^\\/p")) calls.push(this.source.slice(3, 5));
    return exec.call(this, text);
  };
  try {
    for (const what of ["GET /none/1", "PATCH /none/1", "PUT /p1/1"]) {
      await send(router, what);
      assertEquals(calls.splice(0).toSorted(), ["p1", "p2", "p3"], what);
    }
  } finally {
    RegExp.prototype.exec = exec;
  }
});

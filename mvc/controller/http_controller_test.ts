import {
  assertEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Application } from "../application.ts";
import { Routed, withString } from "../harness/mod.ts";
import { HttpError } from "../http/http_error.ts";
import type { Middleware } from "../router/handlers.ts";
import { Router } from "../router/router.ts";
import type { AfterActivation, BeforeActivation } from "./http_controller.ts";

/** Middleware that adds a mark to a header of the response. */
function mark(name: string): Middleware {
  return async (_ctx, next) => {
    const response = await next();
    response.headers.append("x-marks", name);
    return response;
  };
}

async function readMarks(
  routed: Routed,
  path: string,
  init?: RequestInit,
): Promise<string> {
  const response = await routed.fetch(path, init);
  await response.body?.cancel();
  return `${response.status} ${response.headers.get("x-marks") ?? ""}`;
}

/** Checks the error of a controller that the types would refuse. */
function refuse(controller: unknown, ...texts: string[]): void {
  const app = new Application(new Router());
  const error = assertThrows(() => app.handle(controller as object), TypeError);
  for (const text of texts) assertStringIncludes(error.message, text);
}

Deno.test("handle() makes routes of methods by name", async () => {
  class UserController {
    get() {
      return "all";
    }
    getBy(id: string) {
      return `one ${id}`;
    }
    Post() {
      return [201, { made: true }];
    }
    putUserSettings() {
      return "settings";
    }
    getUserByFriendsBy(id: string, friend: string) {
      return `${id} and ${friend}`;
    }
    getByFollowers(id: string) {
      return Promise.resolve([id, id]);
    }
    deleteBy() {}
    anyThing() {
      return "any";
    }
    getter() {
      return "no route";
    }
    onChat() {
      return "no route";
    }
    helper() {
      return "no route";
    }
  }
  const routed = new Routed("/users");
  assertStrictEquals(routed.app.handle(UserController), routed.app);
  const { ask } = bound(routed);
  assertEquals(await ask("/users"), "200 all");
  assertEquals(await ask("/users/"), "200 all");
  assertEquals(await ask("/users/a%2Fb%20%C3%A4"), "200 one a/b ä");
  assertEquals(await ask("/users", "POST"), '201 {"made":true}');
  assertEquals(await ask("/users/user/settings", "PUT"), "200 settings");
  assertEquals(await ask("/users/user/1/friends/2"), "200 1 and 2");
  assertEquals(await ask("/users/7/followers"), '200 ["7","7"]');
  assertEquals(await ask("/users/7", "DELETE"), "204");
  assertEquals(await ask("/users/thing", "PATCH"), "200 any");
  assertEquals(await ask("/users/1", "HEAD"), "200");
  assertEquals(await ask("/users/1", "PATCH"), "405 Method Not Allowed");
  assertEquals(await ask("/users/on/chat"), "404 Not Found");
  assertEquals(routed.router.routes().map(({ path }) => path).toSorted(), [
    "/users",
    "/users",
    "/users/:param1",
    "/users/:param1",
    "/users/:param1/followers",
    "/users/thing",
    "/users/user/:param1/friends/:param2",
    "/users/user/settings",
  ]);
  assertEquals(routed.faults, []);
});

Deno.test("handle() gives a method only the parameters of its own path", async () => {
  class PostController {
    static readonly routes = { find: "GET /find/:kind(\\w+)/:rest?" } as const;
    getBy(...args: string[]) {
      return args;
    }
    find(...args: (string | undefined)[]) {
      return args.map((arg) => arg ?? "none");
    }
  }
  const routed = new Routed("/:param1/(a|b)/posts/:id");
  routed.app.handle(PostController);
  assertEquals(await routed.ask("/x/a/posts/1/2"), '200 ["2"]');
  assertEquals(await routed.ask("/x/b/posts/1/find/k"), '200 ["k","none"]');
  assertEquals(await routed.ask("/x/b/posts/1/find/k/r"), '200 ["k","r"]');
});

Deno.test("handle() finds inherited methods, and calls overrides of the instance", async () => {
  class Base {
    readonly name: string = "base";
    get() {
      return this.name;
    }
    getA() {
      return "a of base";
    }
  }
  class Child extends Base {
    override readonly name = "child";
    override getA() {
      return "a of child";
    }
  }
  const routed = new Routed();
  routed.app.handle(Child);
  assertEquals(await routed.ask("/"), "200 child");
  assertEquals(await routed.ask("/a"), "200 a of child");
});

Deno.test("handle() accepts instances and plain objects", async () => {
  class Greeter {
    static readonly routes = { greet: "GET /greet/:name" } as const;
    readonly #word: string;
    constructor(word: string) {
      this.#word = word;
    }
    greet(name: string) {
      return `${this.#word} ${name}`;
    }
  }
  const routed = new Routed();
  routed.app
    .handle(new Greeter("Hi"))
    .handle({ postBy: (id: string) => `posted ${id}` });
  assertEquals(await routed.ask("/greet/ann"), "200 Hi ann");
  assertEquals(await routed.ask("/1", { method: "POST" }), "200 posted 1");
});

Deno.test("handle() registers more specific routes first", async () => {
  class Controller {
    static readonly routes = { getBy: "/:name", getId: "/:id(\\d+)" } as const;
    getByBy(kind: string, id: string) {
      return `${kind}/${id}`;
    }
    getUserBy(id: string) {
      return `user ${id}`;
    }
    getBy(name: string) {
      return `name ${name}`;
    }
    getId(id: string) {
      return `id ${id}`;
    }
  }
  const routed = new Routed();
  routed.app.handle(Controller);
  assertEquals(await routed.ask("/user/1"), "200 user 1");
  assertEquals(await routed.ask("/post/1"), "200 post/1");
  assertEquals(await routed.ask("/1"), "200 id 1");
  assertEquals(await routed.ask("/x"), "200 name x");
});

Deno.test("static routes overrides, adds and excludes routes", async () => {
  class Controller {
    static readonly routes = {
      search: "GET /search/:term",
      getBy: "/:id(\\d+)",
      getHelper: false,
      postOld: { path: "/new" },
      getMore: { method: "PUT" },
      save: { method: "patch", path: "/save" },
    } as const;
    search(term: string) {
      return `search ${term}`;
    }
    getBy(id: string) {
      return `id ${id}`;
    }
    getHelper() {
      return "no route";
    }
    postOld() {
      return "new";
    }
    getMore() {
      return "more";
    }
    save() {
      return "saved";
    }
  }
  const routed = new Routed();
  routed.app.handle(Controller);
  const { ask } = bound(routed);
  assertEquals(await ask("/search/x"), "200 search x");
  assertEquals(await ask("/12"), "200 id 12");
  assertEquals(await ask("/x"), "404 Not Found");
  assertEquals(await ask("/helper"), "404 Not Found");
  assertEquals(await ask("/new", "POST"), "200 new");
  assertEquals(await ask("/old", "POST"), "404 Not Found");
  assertEquals(await ask("/more", "PUT"), "200 more");
  assertEquals(await ask("/more"), "405 Method Not Allowed");
  assertEquals(await ask("/save", "PATCH"), "200 saved");
});

Deno.test("static routes validates body and query into arguments", async () => {
  class Controller {
    static readonly routes = {
      postBy: { body: withString("name"), query: withString("q"), maxBody: 50 },
      getBy: { query: withString("q") },
    };
    postBy(id: string, body: { name: string }, query: { q: string }) {
      return [id, body.name, query.q];
    }
    getBy(id: string, query: { q: string }) {
      return [id, query.q];
    }
  }
  const routed = new Routed();
  routed.app.handle(Controller);
  const post = (path: string, body: BodyInit, type = "application/json") =>
    routed.ask(path, {
      method: "POST",
      body,
      headers: { "content-type": type },
    });
  assertEquals(await routed.ask("/7?q=x"), '200 ["7","x"]');
  assertEquals(await post("/7?q=x", '{"name":"ann"}'), '200 ["7","ann","x"]');
  const form = "application/x-www-form-urlencoded";
  assertEquals(await post("/7?q=x", "name=bob", form), '200 ["7","bob","x"]');
  assertStringIncludes(await post("/7?q=x", "{}"), "400 {");
  assertStringIncludes(await post("/7?q=x", "{}"), "at.name");
  assertStringIncludes(await post("/7", '{"name":"ann"}'), "at.q");
  assertStringIncludes(await post("/7?q=x", "{"), "Cannot read");
  assertStringIncludes(await post("/7?q=x", "x", "text/plain"), "415 Cannot");
  assertStringIncludes(await post("/7?q=x", " ".repeat(51)), "413 {");
  assertEquals(routed.faults, []);
});

Deno.test("static routes runs middleware around its route only", async () => {
  class Controller {
    static readonly routes = {
      getA: { use: [mark("inner"), mark("innermost")] },
    } as const;
    static beforeActivation(b: BeforeActivation) {
      b.use(mark("controller"));
    }
    getA() {}
    getB() {}
  }
  const routed = new Routed();
  routed.app.handle(Controller).handle({ getC() {} });
  routed.app.router.use(mark("party"));
  assertEquals(
    await readMarks(routed, "/a"),
    "204 innermost, inner, controller, party",
  );
  assertEquals(await readMarks(routed, "/b"), "204 controller, party");
  assertEquals(await readMarks(routed, "/c"), "204 party");
});

Deno.test("invalid static routes are refused at start-up", () => {
  const withRoutes = (routes: unknown) =>
    class Controller {
      static readonly routes = routes;
      get() {}
      search(_a = "") {}
      onChat() {}
    };
  refuse(withRoutes({ serch: "GET /" }), "Controller.serch", "get, search");
  refuse(withRoutes({ constructor: "GET /" }), "Controller.constructor");
  refuse(withRoutes({ search: "/x" }), "Controller.search", "GET /x");
  refuse(withRoutes({ search: { method: "GET" } }), "has no path");
  refuse(withRoutes({ search: "GET" }), '"GET" must be a path');
  refuse(withRoutes({ search: "GET x" }), '"GET x" must be a path');
  refuse(withRoutes({ search: "G/T /x" }), "HTTP method");
  refuse(withRoutes({ search: "GET /(" }), "URLPattern");
  refuse(withRoutes({ search: true }), "must be a string, an object or false");
  refuse(withRoutes({ search: ["GET", "/"] }), "not an array");
  refuse(
    withRoutes({ get: { midleware: [] } }),
    '"midleware" is not an option',
  );
  refuse(withRoutes({ get: { use: mark("x") } }), "array of functions");
  refuse(withRoutes({ get: { use: [1] } }), "array of functions");
  refuse(withRoutes({ get: { path: 1 } }), '"path" must be a string');
  refuse(withRoutes({ get: { body: {} } }), "Standard Schema");
  refuse(withRoutes({ get: { query: 1 } }), "Standard Schema");
  refuse(withRoutes({ get: { maxBody: 1 } }), "no effect");
  refuse(withRoutes({ get: { bodyTimeout: 1 } }), "no effect");
  refuse(withRoutes({ get: { maxFields: 1 } }), "no effect");
  const query = withString("a");
  refuse(withRoutes({ get: { query, bodyTimeout: 1 } }), "no effect");
  new Application(new Router()).handle(
    withRoutes({ get: { query, maxFields: 1 } }),
  );
  refuse(withRoutes({ onChat: "GET /chat" }), "events of a websocket");
  refuse(withRoutes("GET /"), "must be an object");
  refuse(withRoutes({ search: "GET /" }), 'GET "/"', "already registered");
  assertThrows(
    () =>
      new Application(new Router()).handle(
        withRoutes({ get: { body: withString("a"), maxBody: -1 } }),
      ),
    RangeError,
  );
});

Deno.test("handle() refuses values that are not controllers", () => {
  refuse(null, "null");
  refuse("x", "a string");
  refuse(
    class Chat {
      onChat() {}
      helper() {}
    },
    "Cannot handle requests with Chat",
    "(onChat, helper)",
    "for instance getBy(id)",
  );
  refuse(class Empty {}, "Empty");
  refuse(
    class TooMany {
      getBy(_id: string, _more: string) {}
    },
    'GET "/:param1"',
    "TooMany.getBy takes 2 arguments",
    "1 (param1)",
  );
  refuse(
    class Guarded {
      static readonly use = [mark("x")];
      get() {}
    },
    '"static use"',
    "b.use()",
  );
});

Deno.test("handle() leaves static use to the events of the same class", async () => {
  class Both {
    static readonly use = [];
    get() {
      return "both";
    }
    onChat() {}
  }
  const routed = new Routed();
  routed.app.handle(Both);
  assertEquals(await routed.ask("/"), "200 both");
});

Deno.test("beforeActivation() registers more routes", async () => {
  class Controller {
    static readonly routes = { postBy: { body: withString("name") } };
    static seen: unknown;
    static beforeActivation(b: BeforeActivation) {
      this.seen = b.router;
      b.handle("get", "/by/:kind/:id", "find", mark("route"))
        .handle("PUT", "/:id", "postBy");
      b.router.get("/own", (ctx) => ctx.text("own"));
    }
    find(...args: string[]) {
      return args;
    }
    postBy(id: string, body: { name: string }) {
      return [id, body.name];
    }
  }
  const routed = new Routed("/c");
  routed.app.handle(Controller);
  assertStrictEquals(Controller.seen, routed.app.router);
  assertEquals(await routed.ask("/c/by/a/1"), '200 ["a","1"]');
  assertEquals(await readMarks(routed, "/c/by/a/1"), "200 route");
  const init = {
    body: '{"name":"ann"}',
    headers: { "content-type": "application/json" },
  };
  assertEquals(
    await routed.ask("/c/5", { ...init, method: "PUT" }),
    '200 ["5","ann"]',
  );
  assertEquals(await routed.ask("/c/own"), "200 own");
});

Deno.test("afterActivation() reads the registered routes", () => {
  const seen: AfterActivation[] = [];
  class Controller {
    static beforeActivation(b: BeforeActivation) {
      b.handle("put", "/x/", "getBy");
    }
    static afterActivation(a: AfterActivation) {
      seen.push(a);
    }
    getBy(_id = "") {}
  }
  const router = new Router();
  const app = new Application(router.party("/c")).handle(Controller);
  assertEquals(seen.length, 1);
  assertStrictEquals(seen[0]!.router, app.router);
  assertEquals(seen[0]!.routes, [
    { method: "PUT", path: "/c/x", methodName: "getBy" },
    { method: "GET", path: "/c/:param1", methodName: "getBy" },
  ]);
});

Deno.test("activation hooks may be methods, of the prototype or the instance", () => {
  const seen: unknown[] = [];
  class Controller {
    beforeActivation(b: BeforeActivation) {
      seen.push(this, b.router.path);
    }
    afterActivation(a: AfterActivation) {
      seen.push(this, a.routes.length);
    }
    get() {}
  }
  const router = new Router();
  new Application(router.party("/a")).handle(Controller);
  assertEquals(seen, [Controller.prototype, "/a", Controller.prototype, 1]);
  seen.length = 0;
  const instance = new Controller();
  new Application(router.party("/b")).handle(instance);
  assertStrictEquals(seen[0], instance);
  assertStrictEquals(seen[2], instance);
});

Deno.test("beforeActivation() is checked, and ends when it returns", () => {
  const withHook = (hook: (b: BeforeActivation) => unknown) =>
    class Controller {
      static readonly beforeActivation = hook;
      get() {}
      onChat() {}
    };
  refuse(
    withHook((b) => b.handle("GET", "/x", "onChat")),
    "Controller.onChat",
    "events of a websocket",
  );
  refuse(
    withHook((b) => b.handle("GET", "/x", "none")),
    'GET "/x"',
    'Controller has no method "none"',
  );
  refuse(withHook((b) => b.use(1 as never)), "must be a function");
  refuse(
    withHook((b) => b.handle("GET", "/x", "get", 1 as never)),
    "must be a function",
  );
  refuse(withHook(() => Promise.resolve()), "beforeActivation()", "promise");
  let kept: BeforeActivation | undefined;
  const Controller = withHook((b) => void (kept = b));
  new Application(new Router()).handle(Controller);
  assertThrows(() => kept!.use(mark("x")), TypeError, "already activated");
  assertThrows(
    () => kept!.handle("GET", "/x", "get"),
    TypeError,
    "already activated",
  );
});

Deno.test("A plain object has its routes in a field", async () => {
  const routed = new Routed();
  routed.app.handle({
    routes: { find: "GET /search/:term", getSecret: false },
    find: (term: string) => term,
    getSecret: () => "secret",
  });
  assertEquals(await routed.ask("/search/x"), "200 x");
  assertEquals(await routed.ask("/secret"), "404 Not Found");
  assertThrows(
    () => routed.app.handle({ use: [mark("a")], post: () => "" }),
    TypeError,
    'its "static use" is middleware for websocket events',
  );
});

Deno.test("An error that a controller returns is handled like a thrown one", async () => {
  const routed = new Routed();
  routed.app.handle({
    get: () => new HttpError(402),
    getLater: () => Promise.resolve(new Error("secret")),
  });
  assertEquals(await routed.ask("/"), "402 Payment Required");
  assertEquals(await routed.ask("/later"), "500 Internal Server Error");
  assertEquals(routed.faults.map(String), ["Error: secret"]);
});

Deno.test("A return value that JSON cannot carry is reported", async () => {
  const routed = new Routed();
  routed.app.handle({ get: () => 1n, getLater: () => Promise.resolve(1n) });
  assertEquals(await routed.ask("/"), "500 Internal Server Error");
  assertEquals(await routed.ask("/later"), "500 Internal Server Error");
  assertEquals(routed.faults.map(String), [
    "TypeError: Do not know how to serialize a BigInt",
    "TypeError: Do not know how to serialize a BigInt",
  ]);
});

function bound(routed: Routed) {
  return {
    ask: (path: string, method = "GET") => routed.ask(path, { method }),
  };
}

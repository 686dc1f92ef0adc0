import {
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  denoUpgrader,
  type Message,
  type NSConn,
  reply,
  Server as NeffosServer,
} from "../../neffos/mod.ts";
import type { Context } from "../http/context.ts";
import type { Middleware } from "./handlers.ts";
import { Router, type RouterOptions } from "./router.ts";

const INFO: Deno.ServeHandlerInfo = {
  remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 4711 },
  completed: Promise.resolve(),
};

async function get(router: Router, path: string): Promise<string> {
  const request = new Request(`http://host${path}`);
  const response = await router.handler(request, INFO);
  return `${response.status} ${await response.text()}`;
}

/** Options that collect the texts of reported errors. */
function collect(): { options: RouterOptions; errors: string[] } {
  const errors: string[] = [];
  const onError = (error: unknown) => void errors.push(String(error));
  return { options: { onError }, errors };
}

/** Replaces console.error while a function runs, and returns its calls. */
async function withConsole(run: () => Promise<void>): Promise<unknown[][]> {
  const calls: unknown[][] = [];
  const original = console.error;
  console.error = (...args) => void calls.push(args);
  try {
    await run();
  } finally {
    console.error = original;
  }
  return calls;
}

/** Reads the path and the text of an error out of a call of console.error. */
function readLog(call: unknown[]): [path: string, message: string] {
  assertEquals(call.length, 1);
  const { path, error } = JSON.parse(String(call[0]));
  return [path, error.message];
}

Deno.test("Router.handler answers 500 and prints the error once", async () => {
  const error = new Error("secret");
  const router = new Router()
    .get("/sync", () => {
      throw error;
    })
    .get("/async", () => Promise.reject(error));
  const calls = await withConsole(async () => {
    assertEquals(await get(router, "/sync"), "500 Internal Server Error");
    assertEquals(await get(router, "/async"), "500 Internal Server Error");
  });
  assertEquals(calls.map(readLog), [
    ["/sync", "secret"],
    ["/async", "secret"],
  ]);
});

Deno.test("Router.handler answers 500 to an error that cannot be printed", async () => {
  const original = console.error;
  console.error = () => {
    throw new Error("no console");
  };
  try {
    const router = new Router().get("/", () => Promise.reject(1));
    assertEquals(await get(router, "/"), "500 Internal Server Error");
  } finally {
    console.error = original;
  }
});

Deno.test("Router.handler prints no character that a client has chosen, and no more than it must", async () => {
  const router = new Router()
    .get("/users/:id", (ctx) => {
      throw new Error(
        `There is no user ${ctx.params.id} ${ctx.query.get("q")}`,
        {
          cause: ctx.params.id,
        },
      );
    })
    .get("/throws/:id", (ctx) => {
      throw ctx.params.id;
    })
    .get("/header", (ctx) => {
      throw new Error(ctx.header("x-name"));
    });
  const evil =
    "\x1b[2J\r\n\u202e\u2028\x9b31m\x7f\u200b\0\u{e0041}\ufeff\u061c";
  const path = encodeURIComponent(evil);
  const calls = await withConsole(async () => {
    await get(router, `/users/${path}?q=${path}`);
    await get(router, `/throws/${path}`);
    await get(router, `/throws/${"x".repeat(8_000)}`);
    const headers = { "x-name": "\x9b2J \x85 \xad" };
    await router.handler(new Request("http://host/header", { headers }), INFO);
  });
  assertEquals(calls.length, 4);
  for (const [line] of calls) {
    assertMatch(String(line), /^[\x20-\x7e…]+$/);
    assertEquals(String(line).length < 8_000, true);
  }
  assertEquals(readLog(calls[1]!)[1], evil);
});

Deno.test("Router.handler answers with the response of onError", async () => {
  const contexts: Context[] = [];
  const router = new Router({
    onError: async (error, ctx) => {
      contexts.push(ctx);
      await Promise.resolve();
      return ctx.text(`sorry: ${error}`, { status: 418 });
    },
  });
  router.get("/:id", (ctx) => {
    throw ctx.params.id;
  });
  assertEquals(await get(router, "/tea"), "418 sorry: tea");
  assertEquals(contexts.map((ctx) => ctx.path), ["/tea"]);
});

Deno.test("Router.handler answers 500 if onError returns nothing", async () => {
  const { options, errors } = collect();
  const router = new Router(options).get("/", () => Promise.reject("a"));
  const calls = await withConsole(async () => {
    assertEquals(await get(router, "/"), "500 Internal Server Error");
  });
  assertEquals(errors, ["a"]);
  assertEquals(calls, []);
});

Deno.test("Router.handler answers 500, and prints both errors, if onError throws", async () => {
  const router = new Router({
    onError: () => {
      throw "from the hook";
    },
  }).get("/", () => Promise.reject("a"));
  const calls = await withConsole(async () => {
    assertEquals(await get(router, "/"), "500 Internal Server Error");
  });
  assertEquals(calls.map(readLog), [["/", "from the hook"], ["/", "a"]]);
});

Deno.test("Router.handler reports handlers and middleware that return no Response", async () => {
  const { options, errors } = collect();
  // deno-lint-ignore no-explicit-any -- what a JavaScript program may do
  const nothing: any = () => {};
  // deno-lint-ignore no-explicit-any -- the same, asynchronous
  const later: any = () => Promise.resolve("text");
  const router = new Router(options)
    .get("/a", nothing)
    .get("/b", later)
    .get("/c", nothing, (ctx) => ctx.text("c"))
    .get("/d", (_ctx, next) => next(), nothing)
    .get("/e", (_ctx, next) => next(), later, (ctx) => ctx.text("e"));
  for (const path of ["/a", "/b", "/c", "/d", "/e"]) {
    assertEquals(await get(router, path), "500 Internal Server Error");
  }
  const text = (path: string, type: string) =>
    `TypeError: Cannot answer GET "${path}": a handler or middleware returned ${type}; it must return a Response, such as ctx.json(value)`;
  assertEquals(errors, [
    text("/a", "undefined"),
    text("/b", "string"),
    text("/c", "undefined"),
    text("/d", "undefined"),
    text("/e", "string"),
  ]);
});

Deno.test("Router.handler reports a Response that cannot be sent", async () => {
  const once = new Response("once");
  const { options, errors } = collect();
  const router = new Router(options)
    .get("/once", () => once)
    .get("/later", async () => await Promise.resolve(once))
    .get("/error", () => Response.error());
  await using server = serve(router);
  const text = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${server.addr.port}${path}`);
    return `${response.status} ${await response.text()}`;
  };
  assertEquals(await text("/once"), "200 once");
  for (const path of ["/once", "/later", "/error"]) {
    assertEquals(await text(path), "500 Internal Server Error");
  }
  const used = (path: string) =>
    `TypeError: Cannot answer GET "${path}": a handler, middleware or hook returned a Response whose body is already used, and must return a new one for each request`;
  assertEquals(errors, [
    used("/once"),
    used("/later"),
    'TypeError: Cannot answer GET "/error": a handler, middleware or hook returned a Response made by Response.error(), and must return a new one for each request',
  ]);
});

Deno.test("Router.handler answers 500 if onError returns a Response that cannot be sent", async () => {
  const router = new Router({ onError: () => Response.error() })
    .get("/", () => Promise.reject("a"));
  const calls = await withConsole(async () => {
    assertEquals(await get(router, "/"), "500 Internal Server Error");
  });
  assertEquals(calls.map((call) => readLog(call)[1]), [
    'Cannot answer GET "/": a handler, middleware or hook returned a Response made by Response.error(), and must return a new one for each request',
    "a",
  ]);
});

Deno.test("Router.handler removes the body of the response of onError to HEAD", async () => {
  const onError = () => new Response("teapot", { status: 418 });
  const router = new Router({ onError }).get("/", () => Promise.reject("a"));
  const request = new Request("http://host/", { method: "HEAD" });
  const response = await router.handler(request, INFO);
  assertEquals(response.status, 418);
  assertEquals(await response.text(), "");
});

Deno.test("Router.handler cancels a stream that HEAD does not send", async () => {
  const cancelled = Promise.withResolvers<void>();
  const stream = () =>
    new Response(
      new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(1024)),
        cancel: () => cancelled.resolve(),
      }),
    );
  const router = new Router().any("/", stream);
  await using server = serve(router);
  const head = await sendRaw(server, ["HEAD / HTTP/1.1"]);
  assertMatch(head, /^HTTP\/1\.1 200 /);
  await cancelled.promise;
});

Deno.test("next() throws when a middleware calls it twice", async () => {
  const { options, errors } = collect();
  let runs = 0;
  const router = new Router(options).get(
    "/",
    async (_ctx, next) => {
      await next();
      return next();
    },
    (_ctx, next) => next(),
    (ctx) => {
      runs++;
      return ctx.text("");
    },
  );
  assertEquals(await get(router, "/"), "500 Internal Server Error");
  assertEquals(errors, [
    'Error: Cannot call next() for GET "/": the middleware has already called it, and must call it at most once',
  ]);
  assertEquals(runs, 1);
});

Deno.test("next() that is not awaited cannot end the process", async () => {
  const reported = Promise.withResolvers<unknown[]>();
  const router = new Router({
    onError: (error, ctx) => reported.resolve([error, ctx.answered]),
  });
  const forget: Middleware = (ctx, next) => {
    next();
    return ctx.text("early");
  };
  router.get("/", forget, (_ctx, next) => next(), () => Promise.reject("late"));
  assertEquals(await get(router, "/"), "200 early");
  assertEquals(await reported.promise, ["late", true]);
});

Deno.test("next() that fails after the answer is reported once", async () => {
  const { options, errors } = collect();
  const slow = Promise.withResolvers<Response>();
  const router = new Router(options)
    .use((ctx, next) => Promise.race([next(), Promise.resolve(ctx.text("0"))]))
    .use((_ctx, next) => next())
    .get("/", (_ctx, next) => next(), () => slow.promise);
  assertEquals(await get(router, "/"), "200 0");
  slow.reject("too late");
  await slow.promise.catch(() => {});
  // The rejection climbs through the middleware, one microtask after another.
  for (let i = 0; i < 50; i++) await Promise.resolve();
  assertEquals(errors, ["too late"]);
});

/** A router with an echo on "/ws", within middleware, and a plain "/". */
function makeEcho(options: RouterOptions, ...middleware: Middleware[]): Router {
  return new Router(options)
    .get("/", (ctx) => ctx.text("alive"))
    .get("/ws", ...middleware, upgrade);
}

function upgrade(ctx: Context): Response {
  ctx.detach();
  const { socket, response } = Deno.upgradeWebSocket(ctx.request);
  ctx.setUpgraded(response);
  socket.onmessage = (event) => socket.send(event.data);
  return response;
}

function serve(router: Router): Deno.HttpServer<Deno.NetAddr> {
  const options = { port: 0, hostname: "127.0.0.1", onListen() {} };
  return Deno.serve(options, router.handler);
}

/** Sends a text over a websocket and waits for its echo. */
async function echo(server: Deno.HttpServer<Deno.NetAddr>): Promise<string> {
  const socket = new WebSocket(`ws://127.0.0.1:${server.addr.port}/ws`);
  const closed = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<string>();
  socket.onopen = () => socket.send("hello");
  socket.onmessage = (event) => answer.resolve(event.data);
  socket.onerror = () => answer.reject(new Error("The websocket failed"));
  socket.onclose = () => closed.resolve();
  try {
    return await answer.promise;
  } finally {
    socket.close();
    await closed.promise;
  }
}

/** Sends a request as it is written and reads the head of the response. */
async function sendRaw(
  server: Deno.HttpServer<Deno.NetAddr>,
  lines: string[],
): Promise<string> {
  const { hostname, port } = server.addr;
  using connection = await Deno.connect({ hostname, port });
  const text = [...lines, "Host: host", "", ""].join("\r\n");
  await connection.write(new TextEncoder().encode(text));
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(4096);
  let head = "";
  while (!head.includes("\r\n\r\n")) {
    const count = await connection.read(buffer);
    if (count === null) break;
    head += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
  return head;
}

const HANDSHAKE = [
  "GET /ws HTTP/1.1",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version: 13",
];

async function fetchAlive(
  server: Deno.HttpServer<Deno.NetAddr>,
): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${server.addr.port}/`);
  return await response.text();
}

const REPLACED =
  'Error: Cannot answer GET "/ws" with status 200: the request is upgraded, and middleware must return the response of next()';

const GUARDED: Record<string, { middleware: Middleware; error: string }> = {
  "throws": {
    middleware: async (_ctx, next) => {
      await next();
      throw new Error("after the upgrade");
    },
    error: "Error: after the upgrade",
  },
  "returns another Response": {
    middleware: async (ctx, next) => {
      await next();
      return ctx.text("other");
    },
    error: REPLACED,
  },
  "returns another Response at once": {
    middleware: (ctx, next) => {
      next();
      return ctx.text("other");
    },
    error: REPLACED,
  },
  "returns nothing": {
    middleware: (async (_ctx: Context, next: () => Promise<Response>) => {
      await next();
    }) as unknown as Middleware,
    error:
      'TypeError: Cannot answer GET "/ws": a handler or middleware returned undefined; it must return a Response, such as ctx.json(value)',
  },
  "copies the response": {
    middleware: async (_ctx, next) => {
      const response = await next();
      return new Response(response.body, response);
    },
    error: REPLACED.replace("200", "101"),
  },
};

for (const [name, { middleware, error }] of Object.entries(GUARDED)) {
  Deno.test(`Router.handler keeps the upgrade when middleware ${name}`, async () => {
    const { options, errors } = collect();
    await using server = serve(makeEcho(options, middleware));
    assertEquals(await echo(server), "hello");
    assertEquals(await fetchAlive(server), "alive");
    assertEquals(await echo(server), "hello");
    assertEquals(errors, [error, error]);
  });
}

Deno.test("Router.handler keeps the upgrade when its handler throws", async () => {
  const { options, errors } = collect();
  const router = new Router(options).get("/", (ctx) => ctx.text("alive"))
    .get("/ws", (ctx) => {
      upgrade(ctx);
      throw new Error("too late");
    });
  await using server = serve(router);
  assertEquals(await echo(server), "hello");
  assertEquals(await fetchAlive(server), "alive");
  assertEquals(errors, ["Error: too late"]);
});

Deno.test("Router.handler keeps the upgrade when onError hangs, throws or answers", async () => {
  const throwing: Middleware = async (_ctx, next) => {
    await next();
    throw new Error("after the upgrade");
  };
  const hooks: RouterOptions["onError"][] = [
    () => new Promise<void>(() => {}),
    (_error, ctx) => ctx.text("other"),
    () => {
      throw "from the hook";
    },
  ];
  const calls = await withConsole(async () => {
    for (const onError of hooks) {
      await using server = serve(makeEcho({ onError }, throwing));
      assertEquals(await echo(server), "hello");
      assertEquals(await fetchAlive(server), "alive");
    }
  });
  assertEquals(calls.map((call) => readLog(call)[1]), [
    "from the hook",
    "after the upgrade",
  ]);
});

Deno.test("Router.handler keeps an upgrade that happens while onError runs", async () => {
  const failed = Promise.withResolvers<void>();
  const upgraded = Promise.withResolvers<void>();
  const onError = async (_error: unknown, ctx: Context) => {
    failed.resolve();
    await upgraded.promise;
    return ctx.text("other");
  };
  const router = new Router({ onError })
    .get("/", (ctx) => ctx.text("alive"))
    .get("/ws", (_ctx, next) => {
      next();
      throw new Error("before the upgrade");
    }, async (ctx) => {
      await failed.promise;
      const response = upgrade(ctx);
      upgraded.resolve();
      return response;
    });
  await using server = serve(router);
  assertEquals(await echo(server), "hello");
  assertEquals(await fetchAlive(server), "alive");
});

Deno.test("Router.handler keeps an upgrade that the context does not know", async () => {
  const { options, errors } = collect();
  const router = new Router(options)
    .get("/", (ctx) => ctx.text("alive"))
    .get("/ws", async (_ctx, next) => {
      await next();
      throw new Error("after the upgrade");
    }, (ctx) => {
      const { socket, response } = Deno.upgradeWebSocket(ctx.request);
      socket.onmessage = (event) => socket.send(event.data);
      return response;
    });
  await using server = serve(router);
  assertEquals(await echo(server), "hello");
  assertEquals(await fetchAlive(server), "alive");
  assertEquals(errors, ["Error: after the upgrade"]);
});

for (const name of ["throws", "answers", "returns nothing"]) {
  Deno.test(`Router.handler keeps what Server.upgrade() has made when the handler ${name}`, async () => {
    const { options, errors } = collect();
    await using websockets = new NeffosServer(denoUpgrader(), {
      onNativeMessage: (_nsConn: NSConn, msg: Message) => reply(msg.body),
    });
    const router = new Router(options)
      .get("/", (ctx) => ctx.text("alive"))
      .get("/ws", async (ctx): Promise<Response> => {
        await websockets.upgrade(ctx.request, ctx.info);
        if (name === "throws") throw new Error("after the upgrade");
        if (name === "answers") return ctx.text("after the upgrade");
        return undefined as unknown as Response;
      });
    await using server = serve(router);
    assertEquals(await echo(server), "hello");
    assertEquals(await fetchAlive(server), "alive");
    assertEquals(errors.length, 1);
  });
}

Deno.test("Router.handler refuses an upgrade that comes after the answer", async () => {
  const reported = Promise.withResolvers<string>();
  const router = new Router({
    onError: (error) => reported.resolve(String(error)),
  });
  router.get("/", (ctx) => ctx.text("alive"));
  router.get("/ws", (ctx, next) => {
    next();
    return ctx.text("early");
  }, async (ctx) => {
    // Deno has not got the response yet: an upgrade now would stop the listener.
    await Promise.resolve();
    return upgrade(ctx);
  });
  await using server = serve(router);
  assertMatch(await sendRaw(server, HANDSHAKE), /^HTTP\/1\.1 200 /);
  assertEquals(
    await reported.promise,
    'Error: Cannot upgrade "/ws": the request is already answered',
  );
  assertEquals(await fetchAlive(server), "alive");
});

Deno.test("Router.handler survives an upgrade that races with the answer", async () => {
  const passMicrotasks = async (count: number) => {
    for (let i = 0; i < count; i++) await undefined;
  };
  const router = new Router({ onError: () => {} });
  router.get("/", (ctx) => ctx.text("alive"));
  router.get("/ws", async (ctx, next) => {
    next();
    await passMicrotasks(Number(ctx.header("x-answer")));
    return ctx.text("early");
  }, async (ctx) => {
    await passMicrotasks(Number(ctx.header("x-upgrade")));
    return upgrade(ctx);
  });
  await using server = serve(router);
  const statuses = new Set<string | undefined>();
  for (let answer = 0; answer < 6; answer++) {
    for (let upgrade = 0; upgrade < 12; upgrade++) {
      const headers = [`X-Answer: ${answer}`, `X-Upgrade: ${upgrade}`];
      const head = await sendRaw(server, [...HANDSHAKE, ...headers]);
      statuses.add(head.split(" ")[1]);
    }
  }
  assertEquals(statuses, new Set(["101", "200"]));
  assertEquals(await fetchAlive(server), "alive");
});

Deno.test("Router.handler lets middleware read the context after the upgrade, and set headers", async () => {
  const { options, errors } = collect();
  const seen: unknown[] = [];
  await using server = serve(makeEcho(options, async (ctx, next) => {
    const response = await next();
    seen.push(ctx.header("x-key"), ctx.method, ctx.url.pathname, ctx.remoteIp);
    assertStrictEquals(response, ctx.upgraded);
    response.headers.set("x-served-by", "deno");
    return response;
  }));
  const head = await sendRaw(server, [...HANDSHAKE, "X-Key: k"]);
  assertMatch(head, /^HTTP\/1\.1 101 /);
  assertMatch(head, /\r\nx-served-by: deno\r\n/i);
  assertEquals(seen, ["k", "GET", "/ws", "127.0.0.1"]);
  assertEquals(errors, []);
});

Deno.test("Router.handler survives an upgrade of a plain request", async () => {
  const { options, errors } = collect();
  await using server = serve(makeEcho(options));
  const response = await fetch(`http://127.0.0.1:${server.addr.port}/ws`);
  assertEquals(await response.text(), "Internal Server Error");
  assertEquals(response.status, 500);
  assertEquals(errors.length, 1);
  assertEquals(await fetchAlive(server), "alive");
});

Deno.test("Router.handler sends no wrong content-length to HEAD", async () => {
  const router = new Router()
    .get("/text", (ctx) => ctx.text("hello"))
    .get("/known", (ctx) => {
      return ctx.text("hello", { headers: { "content-length": "5" } });
    });
  await using server = serve(router);
  const length = async (path: string) => {
    const head = await sendRaw(server, [`HEAD ${path} HTTP/1.1`]);
    assertMatch(head, /^HTTP\/1\.1 200 OK\r\n/);
    assertEquals(head.endsWith("\r\n\r\n"), true);
    return head.match(/\r\ncontent-length: (\d+)/i)?.[1];
  };
  assertEquals(await length("/text"), undefined);
  assertEquals(await length("/known"), "5");
});

Deno.test("Router.handler serves a target that is a whole URL, or no path", async () => {
  const router = new Router()
    .get("/", (ctx) => ctx.text(""))
    .get("/a", (ctx) => ctx.text("", { headers: { "x-p": ctx.url.href } }));
  await using server = serve(router);
  assertMatch(
    await sendRaw(server, ["GET http://other/a?b HTTP/1.1"]),
    /^HTTP\/1\.1 200 OK\r\nx-p: http:\/\/other\/a\?b\r\n/m,
  );
  for (
    const [target, status] of [
      ["GET http://other?/a", 200],
      ["OPTIONS *", 204],
      ["CONNECT host:80", 405],
      ["GET //a", 404],
      ["GET /../a", 200],
    ]
  ) {
    const head = await sendRaw(server, [`${target} HTTP/1.1`]);
    assertEquals(Number(head.split(" ")[1]), status, String(target));
  }
});

Deno.test("Router.handler is bound to its router", async () => {
  const { handler } = new Router().get("/", (ctx) => ctx.text("hi"));
  const response = await handler(new Request("http://host/"), INFO);
  assertInstanceOf(response, Response);
  assertEquals(await response.text(), "hi");
});

Deno.test("Context.onSent() calls the last callback first, and knows when it is late", async () => {
  const calls: number[] = [];
  const router = new Router();
  let kept: Context | undefined;
  router.get("/", (ctx) => {
    kept = ctx.onSent(() => void calls.push(1)).onSent(() =>
      void calls.push(2)
    );
    return new Response(null);
  });
  await router.handler(
    new Request("http://host/"),
    {} as Deno.ServeHandlerInfo,
  );
  await Promise.resolve();
  assertEquals(calls, [2, 1]);
  assertThrows(() => kept!.onSent(() => {}), Error, "already answered");
});

Deno.test("Router prints what fails before a handler is found, and nothing of a bad request", async () => {
  const router = new Router().get("/", (ctx) => ctx.text("hi"));
  const broken = Object.defineProperty(new Request("http://host/"), "method", {
    get() {
      throw new Error("no method");
    },
  });
  const bad = {
    url: "http://x y/",
    method: "GET",
    headers: new Headers({ host: "x y" }),
  } as Request;
  const statuses: number[] = [];
  const printed = await withConsole(async () => {
    for (const request of [bad, broken]) {
      statuses.push((await router.handler(request, INFO)).status);
    }
  });
  assertEquals(statuses, [400, 500]);
  assertEquals(printed.length, 1);
  assertMatch(String(printed[0]), /"message":"no method"/);
});

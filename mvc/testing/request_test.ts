import { assertEquals, assertRejects } from "@std/assert";
import { Application } from "../application.ts";
import { token } from "../container/tokens.ts";
import { Context } from "../http/context.ts";
import { HttpError } from "../http/http_error.ts";
import { Router } from "../router/router.ts";
import { request } from "./mod.ts";

Deno.test("request() goes through the middleware and the routes of a router", async () => {
  const router = new Router();
  router.use(async (ctx, next) => {
    if (ctx.header("x-key") !== "k") throw new HttpError(401, "no key");
    const response = await next();
    response.headers.set("x-ip", `${ctx.remoteIp}`);
    return response;
  });
  const app = new Application(router.party("/users"));
  app.router.get("/:name", (ctx) => ctx.json({ ...ctx.params }));
  const refused = await request(app, "/users/ann");
  assertEquals([refused.status, await refused.text()], [401, "no key"]);
  const init = { headers: { "x-key": "k" }, address: "2001:db8::1" };
  for (const target of [app, app.router, router, router.handler]) {
    const response = await request(target, "/users/ann", init);
    assertEquals(await response.json(), { name: "ann" });
    assertEquals(response.headers.get("x-ip"), "2001:db8::1");
  }
  const missing = await request(app, "/nobody", init);
  assertEquals(missing.status, 404);
  await missing.body?.cancel();
});

Deno.test("request() sends what it is told to", async () => {
  const router = new Router();
  router.any("/echo", async (ctx) =>
    ctx.json({
      method: ctx.method,
      url: ctx.url.href,
      type: ctx.header("content-type"),
      cookies: ["a", "b"].map((name) => ctx.cookies.get(name)),
      body: await ctx.request.text(),
    }));
  const echo = async (
    ...args: Parameters<typeof request> extends [unknown, ...infer Rest] ? Rest
      : never
  ) => await (await request(router, ...args)).json();
  const none = [null, null];
  assertEquals(await echo("/echo"), {
    method: "GET",
    url: "http://localhost/echo",
    cookies: none,
    body: "",
  });
  assertEquals(await echo("/echo?p=1", { json: [1], query: { q: "ü" } }), {
    method: "POST",
    url: "http://localhost/echo?p=1&q=%C3%BC",
    type: "application/json",
    cookies: none,
    body: "[1]",
  });
  const headers = { "content-type": "text/x" };
  assertEquals(
    await echo("https://a.example/echo", {
      method: "PUT",
      body: "text",
      headers,
      cookies: { a: "1", b: "2" },
    }),
    {
      method: "PUT",
      url: "https://a.example/echo",
      type: "text/x",
      cookies: ["1", "2"],
      body: "text",
    },
  );
  assertEquals((await echo("/echo", { json: {}, headers })).type, "text/x");
});

Deno.test("request() gives a stream as it comes, and ends its scope with it", async () => {
  const log: string[] = [];
  const sent = Promise.withResolvers<void>();
  const Session = token<AsyncDisposable>("Session");
  class Controller {
    static readonly inject = [Session, Context] as const;
    constructor(_session: AsyncDisposable, readonly ctx: Context) {}
    async *#count() {
      for (let i = 0; i < 3; i++) {
        log.push(`sent ${i}`);
        yield new TextEncoder().encode(`${i}`);
        await Promise.resolve();
      }
    }
    get() {
      this.ctx.onSent(sent.resolve);
      return ReadableStream.from(this.#count());
    }
  }
  const app = new Application(new Router())
    .scoped(Session, [], () => ({
      [Symbol.asyncDispose]: () => {
        log.push("disposed");
        return Promise.resolve();
      },
    }))
    .handle(Controller);
  const response = await request(app, "/");
  const reader = response.body!.getReader();
  await reader.read();
  assertEquals(log.includes("disposed"), false);
  while (!(await reader.read()).done);
  await sent.promise;
  assertEquals(log, ["sent 0", "sent 1", "sent 2", "disposed"]);
});

Deno.test("request() is aborted as one of a client that goes away", async () => {
  const router = new Router();
  const controller = new AbortController();
  router.get("/", (ctx) => {
    const { promise, resolve } = Promise.withResolvers<Response>();
    ctx.signal.addEventListener("abort", () => resolve(ctx.text("aborted")));
    controller.abort();
    return promise;
  });
  const { signal } = controller;
  const response = await request(router, "/", { signal });
  assertEquals(await response.text(), "aborted");
  await assertRejects(() => request(router, "http://["), TypeError);
});

Deno.test("request() sends the cookies that a response has left", async () => {
  const router = new Router();
  router.get("/", (ctx) => ctx.json(ctx.header("cookie")?.split("; ") ?? []));
  const send = async (...cookies: string[]) => {
    const response = new Response();
    for (const cookie of cookies) response.headers.append("set-cookie", cookie);
    return await (await request(router, "/", { cookies: response })).json();
  };
  assertEquals(await send("a=1; Path=/; HttpOnly", "b=2; Max-Age=60"), [
    "a=1",
    "b=2",
  ]);
  assertEquals(await send("a=1", "a=2"), ["a=2"]);
  // Those of a sign-out.
  assertEquals(await send("a=; Max-Age=0", "b=2"), ["b=2"]);
  assertEquals(await send("a=1", "a=; path=/; max-age=-1"), []);
  const past = "Thu, 01 Jan 1970 00:00:00 GMT";
  assertEquals(await send(`a=; Expires=${past}`), []);
  assertEquals(await send(`a=1; expires=${past}; max-age=60`), ["a=1"]);
  assertEquals(await send("a=1; expires=never"), ["a=1"]);
});

Deno.test("request() is aborted while it gives a stream", async () => {
  const router = new Router();
  const cancelled = Promise.withResolvers<unknown>();
  router.get("/", () =>
    new Response(
      new ReadableStream({
        start: (stream) => stream.enqueue(new TextEncoder().encode("first")),
        cancel: cancelled.resolve,
      }),
      { headers: { "x-kept": "yes" }, status: 201 },
    ));
  const controller = new AbortController();
  const { signal } = controller;
  const response = await request(router, "/", { signal });
  assertEquals([response.status, response.headers.get("x-kept")], [201, "yes"]);
  const reader = response.body!.getReader();
  const { value } = await reader.read();
  assertEquals(new TextDecoder().decode(value), "first");
  const next = reader.read();
  controller.abort(new TypeError("the client is gone"));
  await assertRejects(() => next, TypeError, "the client is gone");
  assertEquals(`${await cancelled.promise}`, "TypeError: the client is gone");
});

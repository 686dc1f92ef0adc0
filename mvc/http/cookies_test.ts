import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { getCookies } from "@std/http/cookie";
import { signCookie } from "@std/http/unstable-signed-cookie";
import { denoUpgrader, dial, NSConn, Server } from "../../neffos/mod.ts";
import { Application } from "../application.ts";
import { Listening } from "../harness/mod.ts";
import { websocketHandler } from "../websocket.ts";
import { Context } from "./context.ts";
import type { CookieOptions } from "./cookies.ts";
import { HttpError } from "./http_error.ts";

const INFO = {} as Deno.ServeHandlerInfo;

function makeContext(cookie?: string, url = "http://host/"): Context {
  const headers: HeadersInit = cookie === undefined ? {} : { cookie };
  return new Context(new Request(url, { headers }), INFO);
}

async function makeKey(secret = "a"): Promise<CryptoKey> {
  const data = new TextEncoder().encode(secret.padEnd(32, "."));
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return await crypto.subtle.importKey("raw", data, algorithm, false, [
    "sign",
    "verify",
  ]);
}

/** The Set-Cookie headers that a handler makes. */
async function write(
  handle: (ctx: Context) => unknown,
  init?: RequestInit,
): Promise<string[]> {
  await using listening = new Listening();
  listening.router.any("/", async (ctx) => {
    await handle(ctx);
    return ctx.text("hi");
  });
  const response = await listening.fetch("/", init);
  const text = await response.text();
  if (init?.method !== "HEAD") assertEquals(text, "hi");
  return response.headers.getSetCookie();
}

Deno.test("ctx.cookies.get() reads what the client sent", () => {
  const { cookies } = makeContext('a=1; b=x=y=z; c=; d; e="q"; f=%20; A=2');
  assertEquals(cookies.get("a"), "1");
  assertEquals(cookies.get("A"), "2");
  assertEquals(cookies.get("b"), "x=y=z");
  assertEquals(cookies.get("c"), "");
  assertEquals(cookies.get("d"), "");
  assertEquals(cookies.get("e"), '"q"');
  assertEquals(cookies.get("f"), "%20");
  assertEquals(cookies.get("g"), undefined);
  assertEquals(makeContext().cookies.get("a"), undefined);
  assertEquals(makeContext("a=1; a=2").cookies.get("a"), "2");
});

Deno.test("ctx.cookies.get() ignores parts that are no cookies, for which @std/http throws", () => {
  const odd = ["a=b;", "=x; a=b", "a=b; =x", ";;a=b;;", "a=b; ; =", " = ;a=b"];
  for (const header of odd) {
    assertEquals(makeContext(header).cookies.get("a"), "b", header);
    assertEquals(makeContext(header).cookies.get(""), undefined, header);
  }
  const { cookies } = makeContext("__proto__=x; constructor=y");
  assertEquals(cookies.get("__proto__"), "x");
  assertEquals(cookies.get("toString"), undefined);
});

Deno.test("ctx.cookies never throws for a random header, and agrees with @std/http where that reads it", async () => {
  const keys = await makeKey();
  const signed = await signCookie("v", keys);
  const parts = ["a", "b", "=", "=", ";", "; ", " ", ".", '"', ",", "%", "\t"];
  parts.push("\xff", "__proto__", "0", signed, signed.slice(1), "zz", "é");
  let seed = 94;
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return Math.floor(seed / 2 ** 31 * below);
  };
  for (let i = 0; i < 3_000; i++) {
    const header = Array.from(
      { length: random(12) },
      () => parts[random(parts.length)],
    ).join("");
    const ctx = makeContext();
    ctx.request.headers.set("cookie", header);
    const known = readByStd(ctx.headers);
    for (const name of ["a", "b", "__proto__", "", "constructor"]) {
      const value = ctx.cookies.get(name);
      if (known !== undefined && name !== "") {
        assertEquals(value, known[name]?.trim(), header);
      }
      const verified = await ctx.cookies.getSigned(name, { keys });
      assert(verified === undefined || verified === "v", header);
    }
  }
});

function readByStd(headers: Headers) {
  try {
    return getCookies(headers);
  } catch {
    return undefined;
  }
}

Deno.test("ctx.cookies.set() has safe attributes by default, and those that are given", async () => {
  const cookies = await write((ctx) => {
    ctx.cookies.set("a", "1").set("b", "2", {
      maxAge: 60,
      expires: new Date(0),
      domain: "example.com",
      path: "/b",
      secure: true,
      httpOnly: false,
      sameSite: "Strict",
      partitioned: true,
    });
    ctx.cookies.set("c", "", { maxAge: 0, expires: 0 });
  });
  assertEquals(cookies, [
    "a=1; HttpOnly; SameSite=Lax; Path=/",
    "b=2; Secure; Partitioned; Max-Age=60; Domain=example.com; SameSite=Strict; Path=/b; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    "c=; HttpOnly; Max-Age=0; SameSite=Lax; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
  ]);
});

Deno.test("ctx.cookies.set() makes a cookie secure where clients insist on it", async () => {
  const cookies = await write((ctx) => {
    ctx.cookies.set("__Host-a", "1").set("__Secure-b", "2", { path: "/b" })
      .set("c", "3", { sameSite: "None" })
      .set("d", "4", { partitioned: true });
  });
  for (const cookie of cookies) assertStringIncludes(cookie, "; Secure");
  assertEquals(cookies.length, 4);
});

Deno.test("ctx.cookies.set() makes a cookie secure if the request came over HTTPS", async () => {
  const { Router } = await import("../router/router.ts");
  const router = new Router();
  router.get("/", (ctx) => {
    ctx.cookies.set("a", "1").set("b", "2", { secure: false });
    return ctx.text("hi");
  });
  const response = await router.handler(new Request("https://host/"), INFO);
  assertEquals(response.headers.getSetCookie(), [
    "a=1; Secure; HttpOnly; SameSite=Lax; Path=/",
    "b=2; HttpOnly; SameSite=Lax; Path=/",
  ]);
});

Deno.test("ctx.cookies.set() replaces what was set before for the same client's cookie", async () => {
  const cookies = await write((ctx) => {
    ctx.cookies.set("a", "1").set("b", "2").set("a", "3");
    ctx.cookies.set("a", "4", { path: "/a" }).delete("b");
  });
  assertEquals(cookies, [
    "a=3; HttpOnly; SameSite=Lax; Path=/",
    "a=4; HttpOnly; SameSite=Lax; Path=/a",
    "b=; HttpOnly; SameSite=Lax; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
  ]);
});

Deno.test("ctx.cookies.set() refuses at its caller what a client would drop or misread", () => {
  const { cookies } = makeContext();
  for (const name of ["", "a b", "a=b", "a;", "ä", "a\n", 1 as never]) {
    assertThrows(() => cookies.set(name, "x"), TypeError, "must be a token");
    assertThrows(() => cookies.delete(name), TypeError, "must be a token");
  }
  for (const value of [" ", "a;b", "a,b", '"', "\\", "ä", "\x7f", 1 as never]) {
    assertThrows(() => cookies.set("a", value), TypeError, "the value must be");
  }
  const wrong: [CookieOptions, string][] = [
    [{ path: "a" }, "path"],
    [{ path: "/;a" }, "path"],
    [{ path: "" }, "path"],
    [{ domain: "" }, "domain"],
    [{ domain: "a.b-" }, "domain"],
    [{ domain: "a b" }, "domain"],
    [{ domain: "a; Path=/" }, "domain"],
    [{ sameSite: "lax" as never }, "sameSite"],
    [{ sameSite: "None", secure: false }, "secure"],
    [{ partitioned: true, secure: false }, "secure"],
    [{ httponly: true } as CookieOptions, '"httponly" is not an attribute'],
  ];
  for (const [options, text] of wrong) {
    assertThrows(() => cookies.set("a", "1", options), TypeError, text);
  }
  assertThrows(
    () => cookies.set("__Host-a", "1", { path: "/a" }),
    TypeError,
    "__Host-",
  );
  assertThrows(
    () => cookies.set("__Host-a", "1", { domain: "a.b" }),
    TypeError,
    "__Host-",
  );
  assertThrows(
    () => cookies.set("__Secure-a", "1", { secure: false }),
    TypeError,
    "secure",
  );
  for (const maxAge of [-1, 1.5, NaN, Infinity]) {
    assertThrows(() => cookies.set("a", "1", { maxAge }), RangeError, "maxAge");
  }
  for (const expires of [NaN, new Date(NaN), Infinity]) {
    assertThrows(
      () => cookies.set("a", "", { expires }),
      RangeError,
      "expires",
    );
  }
  assertThrows(
    () => cookies.set("a", "x".repeat(4_096)),
    RangeError,
    "4097 characters",
  );
});

Deno.test("Cookies go with every kind of answer", async () => {
  await using listening = new Listening();
  const { router, faults } = listening;
  router.use((ctx, next) => {
    ctx.cookies.set("seen", "1");
    return next();
  });
  const other = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response("fetched", { headers: { "set-cookie": "own=1" } }),
  );
  router.get("/text", (ctx) => ctx.text("hi"));
  router.get("/redirect", () => Response.redirect("http://host/to"));
  router.get("/fetched", () => fetch(`http://127.0.0.1:${other.addr.port}/`));
  router.get("/stream", () => new Response(new Blob(["hi"]).stream()));
  router.get("/empty", () => new Response(null, { status: 204 }));
  router.get("/error", () => {
    throw new HttpError(409);
  });
  router.get("/fault", () => {
    throw new Error("fault");
  });
  listening.app.handle({ getMethod: () => ({ a: 1 }) });
  const statuses: Record<string, number> = {
    "/text": 200,
    "/redirect": 302,
    "/fetched": 200,
    "/stream": 200,
    "/empty": 204,
    "/error": 409,
    "/fault": 500,
    "/method": 200,
    "/nowhere": 404,
  };
  for (const [path, status] of Object.entries(statuses)) {
    for (const method of ["GET", "HEAD"]) {
      const init: RequestInit = { method, redirect: "manual" };
      const response = await listening.fetch(path, init);
      await response.body?.cancel();
      assertEquals([path, response.status], [path, status]);
      const cookies = response.headers.getSetCookie()
        .map((cookie) => cookie.split(";")[0]);
      assertEquals(
        cookies,
        path === "/fetched" ? ["own=1", "seen=1"] : [
          "seen=1",
        ],
      );
    }
  }
  assertEquals(faults.length, 2);
  await other.shutdown();
});

Deno.test("Cookies that are set before an upgrade go with it, and are readable after it", async () => {
  await using listening = new Listening();
  class Chat {
    static readonly namespace = "chat";
    static readonly inject = [NSConn, Context] as const;
    readonly ctx: Context;
    constructor(_nsConn: NSConn, ctx: Context) {
      this.ctx = ctx;
    }
    onRead() {
      return this.ctx.cookies.get("user");
    }
    onSet() {
      try {
        this.ctx.cookies.set("late", "1");
      } catch (error) {
        return String(error);
      }
      return "set";
    }
    async onSetSigned() {
      try {
        await this.ctx.cookies.setSigned("late", "1", {
          keys: await makeKey(),
        });
      } catch (error) {
        return String(error);
      }
      return "set";
    }
  }
  listening.router.use((ctx, next) => {
    ctx.cookies.set("seen", "1");
    return next();
  });
  const app = new Application(listening.router.party("/ws"));
  app.handleWebsocket(Chat);
  const server = new Server(denoUpgrader(), app);
  app.router.get("/", websocketHandler(server));
  const url = `http://127.0.0.1:${listening.port}/ws`;
  const client = await dial(url, { chat: {} }, {
    headers: { cookie: "user=ann; =x" },
  });
  const chat = await client.connect("chat");
  assertEquals((await chat.ask("onRead")).text(), "ann");
  for (const event of ["onSet", "onSetSigned"]) {
    assertEquals(
      (await chat.ask(event)).text(),
      'Error: Cannot set the cookie "late": the request is upgraded, and a cookie must be set before',
    );
  }
  await client.close();

  const conn = await listening.connect([
    "GET /ws HTTP/1.1",
    "host: h",
    "connection: upgrade",
    "upgrade: websocket",
    "sec-websocket-version: 13",
    "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
    "",
    "",
  ].join("\r\n"));
  const bytes = new Uint8Array(4_096);
  const read = await conn.read(bytes) ?? 0;
  const head = new TextDecoder().decode(bytes.subarray(0, read));
  assertMatch(head, /^HTTP\/1\.1 101 /);
  assertMatch(head, /\r\nset-cookie: seen=1; HttpOnly;/i);
  conn.close();
  await server.close();
  assertEquals(listening.faults, []);
});

Deno.test("ctx.cookies.set() after the answer says so", async () => {
  await using listening = new Listening();
  const late = Promise.withResolvers<Context>();
  listening.router.get("/", (ctx) => {
    ctx.onSent(() => late.resolve(ctx));
    return ctx.text("hi");
  });
  assertEquals(await listening.ask("/"), "200 hi");
  const { cookies } = await late.promise;
  assertThrows(
    () => cookies.set("a", "1"),
    Error,
    'Cannot set the cookie "a": the request is already answered',
  );
});

Deno.test("A signed cookie is read by whoever has its key, and @std/http", async () => {
  const keys = await makeKey();
  const [cookie = ""] = await write((ctx) =>
    ctx.cookies.setSigned("user", "ann.b", { keys, maxAge: 60 })
  );
  const signed = await signCookie("ann.b", keys);
  assertEquals(
    cookie,
    `user=${signed}; HttpOnly; Max-Age=60; SameSite=Lax; Path=/`,
  );
  const read = (header: string, keys: CryptoKey | CryptoKey[]) =>
    makeContext(header).cookies.getSigned("user", { keys });
  assertEquals(await read(`user=${signed}`, keys), "ann.b");
  assertEquals(await read(`user=${signed.toUpperCase()}`, keys), undefined);
  const other = await makeKey("b");
  assertEquals(await read(`user=${signed}`, other), undefined);
  // A new key before the old one.
  assertEquals(await read(`user=${signed}`, [other, keys]), "ann.b");
  const [rotated = ""] = await write((ctx) =>
    ctx.cookies.setSigned("user", "ann", { keys: [other, keys] })
  );
  assertEquals(await read(rotated.split(";")[0]!, [other]), "ann");
});

Deno.test("ctx.cookies.getSigned() takes whatever is not signed for no cookie", async () => {
  const keys = await makeKey();
  const signed = await signCookie("ann", keys);
  const [value, signature = ""] = signed.split(".");
  const odd = [
    "",
    ".",
    value,
    `${value}.`,
    `.${signature}`,
    `${value}.${signature.slice(1)}`,
    `${value}.${signature.slice(2)}`,
    `${value}.${signature}0`,
    `${value}.${signature}00`,
    `${value}.${"zz".repeat(32)}`,
    `${value}.${"0".repeat(4_001)}`,
    `${value}. ${signature}`,
    `bob.${signature}`,
    `${value}.${signature}.`,
    `${value}.é`,
    `"${signed}"`,
  ];
  for (const text of odd) {
    const { cookies } = makeContext();
    const ctx = makeContext();
    ctx.request.headers.set(
      "cookie",
      `user=${text?.replace("é", "\xe9")}`,
    );
    assertEquals(
      await ctx.cookies.getSigned("user", { keys }),
      undefined,
      text,
    );
    assertEquals(await cookies.getSigned("user", { keys }), undefined);
  }
});

Deno.test("A wrong key is a fault of the program, and no missing cookie", async () => {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const onlySigns = await crypto.subtle.generateKey(algorithm, false, ["sign"]);
  const keys = await makeKey();
  const signed = await signCookie("ann", keys);
  await assertRejects(
    () =>
      makeContext(`user=${signed}`).cookies
        .getSigned("user", { keys: onlySigns as CryptoKey }),
    DOMException,
  );
  for (const none of [[], undefined, "secret", [undefined]]) {
    await assertRejects(
      () => makeContext().cookies.getSigned("user", { keys: none as never }),
      TypeError,
      "CryptoKey",
    );
    assertThrows(
      () => makeContext().cookies.setSigned("a", "1", { keys: none as never }),
      TypeError,
      "CryptoKey",
    );
  }
  assertThrows(
    () => makeContext().cookies.setSigned("a", "", { keys }),
    TypeError,
    "must not be empty",
  );
});

Deno.test("The answer waits for signatures that nobody awaits, and reports one that fails", async () => {
  await using listening = new Listening();
  const keys = await makeKey();
  listening.router.get("/", (ctx) => {
    ctx.cookies.setSigned("user", "ann", { keys });
    return ctx.text("hi");
  });
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const onlyVerifies = await crypto.subtle.importKey(
    "raw",
    new Uint8Array(32),
    algorithm,
    false,
    ["verify"],
  );
  listening.router.get("/wrong", (ctx) => {
    ctx.cookies.setSigned("user", "ann", { keys: onlyVerifies });
    return ctx.text("hi");
  });
  const response = await listening.fetch("/");
  assertEquals(await response.text(), "hi");
  assertMatch(response.headers.getSetCookie()[0] ?? "", /^user=ann\.\w{64};/);
  assertEquals(await listening.ask("/wrong"), "500 Internal Server Error");
  assertEquals(listening.faults.length, 1);
});

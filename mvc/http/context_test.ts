import {
  assertEquals,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { handOver } from "../../neffos/internal.ts";
import { makeRequest as remakeRequest } from "./request.ts";
import { Context } from "./context.ts";

const INFO: Deno.ServeHandlerInfo = {
  remoteAddr: { transport: "tcp", hostname: "192.0.2.7", port: 4711 },
  completed: Promise.resolve(),
};

function makeContext(url = "http://host/", init?: RequestInit): Context {
  return new Context(new Request(url, init), INFO);
}

/** A request after an upgrade: none of its fields can be read. */
class Upgradable {
  upgraded = false;
  readonly request: Request;
  readonly info: Deno.ServeHandlerInfo;
  reads = 0;

  constructor() {
    const real = new Request("http://host/p?q=1", {
      method: "POST",
      headers: { "x-a": "1" },
    });
    const read = <Value>(value: Value): Value => {
      if (this.upgraded) throw new TypeError("Request closed");
      this.reads++;
      return value;
    };
    this.request = {
      get url(): string {
        return read(real.url);
      },
      get method(): string {
        return read(real.method);
      },
      get headers(): Headers {
        return read(real.headers);
      },
      get signal(): AbortSignal {
        return read(AbortSignal.abort());
      },
    } as Request;
    this.info = {
      get remoteAddr(): Deno.Addr {
        return read(INFO.remoteAddr);
      },
      completed: INFO.completed,
    };
  }
}

Deno.test("Context reads method, headers, path and query of its request", () => {
  const ctx = makeContext("http://host:81/a/b/?x=1&x=2#top", {
    method: "PUT",
    headers: { "X-Key": "k" },
  });
  assertEquals(ctx.method, "PUT");
  assertEquals(ctx.headers.get("x-key"), "k");
  assertEquals(ctx.header("X-KEY"), "k");
  assertEquals(ctx.header("x-none"), undefined);
  assertEquals(ctx.path, "/a/b/");
  assertEquals(ctx.query.getAll("x"), ["1", "2"]);
  assertEquals(ctx.url.href, "http://host:81/a/b/?x=1&x=2#top");
  assertStrictEquals(ctx.url, ctx.url);
  assertStrictEquals(ctx.query, ctx.query);
  assertEquals(ctx.params, {});
});

Deno.test("Context has the path and parameters of its options", () => {
  const ctx = new Context(new Request("http://host/a/1"), INFO, {
    path: "/a/1",
    params: { id: "1" },
  });
  assertEquals(ctx.path, "/a/1");
  assertEquals(ctx.params.id, "1");
});

Deno.test("Context.query is empty without a query", () => {
  assertEquals(makeContext("http://host/a").query.size, 0);
  assertEquals(makeContext("http://host/a#b?c=1").query.size, 0);
});

Deno.test("Context.path is spelled as in Context.url", () => {
  const cases = [
    "http://host",
    "http://host?a=/b",
    "http://host/a/../b/./c",
    "http://host/%2e%2E/a",
    "http://host/.well-known/x",
    "http://host/a b|é<>",
    "http://host/a%2Fb",
    "http://[::1]:8000/a",
    "http://host/%7Ex/caf%c3%a9/%2e%2e%2f",
  ];
  for (const href of cases) {
    // As from Deno.serve; `new Request` would parse it first.
    const request = makeRequest(href);
    const ctx = new Context(request, INFO);
    assertEquals(ctx.path, ctx.url.pathname, href);
  }
});

Deno.test("Context refuses a host that is none, and a path that cannot be decoded", () => {
  for (
    const [href, host] of [
      ["http://a#b/admin", undefined],
      ["http://a\\b/admin", undefined],
      ["http://a b/admin", undefined],
      ["http://x/admin?/public", "x/admin?"],
      ["http://user@host/a", "user@host"],
      ["http://host/a%zz", undefined],
      ["http://host/a/%ff", undefined],
    ] as const
  ) {
    const request = makeRequest(href, host);
    assertThrows(() => new Context(request, INFO), TypeError, "Cannot ", href);
  }
});

/** A request as from Deno.serve; `new Request` would parse the URL first. */
function makeRequest(url: string, host?: string): Request {
  return { url, headers: new Headers(host ? { host } : {}) } as Request;
}

Deno.test("Context.remoteIp is the address of a TCP connection", () => {
  const ctx = makeContext();
  assertEquals(ctx.remoteAddr, INFO.remoteAddr);
  assertEquals(ctx.remoteIp, "192.0.2.7");
});

Deno.test("Context.remoteIp is undefined for a Unix socket", () => {
  const info: Deno.ServeHandlerInfo = {
    remoteAddr: { transport: "unix", path: "/run/x.sock" },
    completed: INFO.completed,
  };
  const ctx = new Context(new Request("http://host/"), info);
  assertEquals(ctx.remoteIp, undefined);
});

Deno.test("Context.set() stores values by string and symbol", () => {
  const User = Symbol("User");
  const ctx = makeContext();
  assertEquals(ctx.get(User), undefined);
  assertStrictEquals(ctx.set(User, { name: "ann" }), ctx);
  ctx.set("count", 1).set("count", 2);
  assertEquals(ctx.get<{ name: string }>(User)?.name, "ann");
  assertEquals(ctx.get("count"), 2);
  assertEquals(ctx.get("other"), undefined);
});

Deno.test("Context.text() answers with plain text", async () => {
  const response = makeContext().text("hi", { status: 201 });
  assertEquals(response.status, 201);
  assertEquals(
    response.headers.get("content-type"),
    "text/plain;charset=UTF-8",
  );
  assertEquals(await response.text(), "hi");
});

Deno.test("Context.json() answers with JSON", async () => {
  const response = makeContext().json({ a: [1] }, { headers: { "x-a": "1" } });
  assertEquals(response.headers.get("content-type"), "application/json");
  assertEquals(response.headers.get("x-a"), "1");
  assertEquals(await response.json(), { a: [1] });
  assertThrows(() => makeContext().json(undefined), TypeError);
});

Deno.test("Context.html() answers with HTML by default", async () => {
  const ctx = makeContext();
  const response = ctx.html("<p>", { status: 404, headers: { "x-a": "1" } });
  assertEquals(response.status, 404);
  assertEquals(
    response.headers.get("content-type"),
    "text/html; charset=UTF-8",
  );
  assertEquals(response.headers.get("x-a"), "1");
  assertEquals(await response.text(), "<p>");
  const xhtml = { "content-type": "application/xhtml+xml" };
  assertEquals(
    ctx.html("<p/>", { headers: xhtml }).headers.get("content-type"),
    "application/xhtml+xml",
  );
});

Deno.test("Context.redirect() answers with a location", () => {
  const ctx = makeContext();
  const response = ctx.redirect("/new?a=b#c");
  assertEquals(response.status, 302);
  assertEquals(response.headers.get("location"), "/new?a=b#c");
  response.headers.set("x-a", "can be changed");
  assertEquals(ctx.redirect(new URL("http://x/"), 308).status, 308);
});

Deno.test("Context.redirect() encodes characters that a header cannot carry", () => {
  const location = (url: string) =>
    makeContext().redirect(url).headers.get("location");
  assertEquals(location("/café \u{1F600}"), "/caf%C3%A9%20%F0%9F%98%80");
  assertEquals(location("/a\r\nset-cookie: b"), "/a%0D%0Aset-cookie:%20b");
  assertEquals(location("/\ud800"), "/%EF%BF%BD");
  assertEquals(location("/a%20b"), "/a%20b");
});

Deno.test("Context.redirect() accepts only the status of a redirect", () => {
  assertThrows(
    () => makeContext().redirect("/", 200),
    RangeError,
    'Cannot redirect with status "200": it must be 301, 302, 303, 307 or 308',
  );
});

Deno.test("Context.detach() keeps everything readable after the upgrade", () => {
  const upgradable = new Upgradable();
  const ctx = new Context(upgradable.request, upgradable.info);
  ctx.set("key", "value");
  ctx.detach();
  upgradable.upgraded = true;
  assertEquals(ctx.method, "POST");
  assertEquals(ctx.path, "/p");
  assertEquals(ctx.url.href, "http://host/p?q=1");
  assertEquals(ctx.query.get("q"), "1");
  assertEquals(ctx.header("x-a"), "1");
  assertEquals(ctx.headers.get("x-a"), "1");
  assertEquals(ctx.remoteIp, "192.0.2.7");
  assertEquals(ctx.get("key"), "value");
  assertEquals(ctx.signal.aborted, false);
  assertStrictEquals(ctx.signal, ctx.signal);
  ctx.detach();
});

Deno.test("Context copies nothing of a request that is not upgraded", () => {
  const upgradable = new Upgradable();
  const ctx = new Context(upgradable.request, upgradable.info, { path: "/p" });
  assertEquals(upgradable.reads, 0);
  assertStrictEquals(ctx.headers, upgradable.request.headers);
  ctx.detach();
  assertNotStrictEquals(ctx.headers, upgradable.request.headers);
  assertStrictEquals(ctx.headers, ctx.headers);
});

Deno.test("Context.detach() refuses a request that is answered", () => {
  const ctx = makeContext("http://host/ws");
  assertEquals(ctx.answered, false);
  ctx.setAnswered();
  assertEquals(ctx.answered, true);
  assertThrows(
    () => ctx.detach(),
    Error,
    'Cannot upgrade "/ws": the request is already answered',
  );
});

Deno.test("Context.setOpened() lets the response go, and on Node the request, and both can be read", () => {
  const init = {
    method: "GET",
    headers: { "x-a": "1", "x-b": "\xe4, 2", "x-empty": "" },
  };
  const request = remakeRequest("http://host/a/../b?q=%zz", init);
  const { info } = new Upgradable();
  handOver(request, {});
  const ctx = new Context(request, info);
  const response = new Response();
  ctx.detach();
  ctx.setUpgraded(response);
  ctx.setOpened();
  assertStrictEquals(ctx.upgraded, response);
  ctx.setAnswered();
  ctx.setOpened();
  assertNotStrictEquals(ctx.upgraded, response);
  assertEquals(ctx.upgraded!.status, 101);
  assertNotStrictEquals(ctx.request, request);
  assertStrictEquals(ctx.request, ctx.request);
  assertEquals(ctx.request.method, "GET");
  assertEquals(ctx.request.url, request.url);
  assertEquals([...ctx.headers], [...request.headers]);
  assertEquals([...ctx.request.headers], [...request.headers]);
  assertStrictEquals(ctx.headers, ctx.headers);
});

Deno.test("Context.setUpgraded() keeps the first response", () => {
  const ctx = makeContext();
  const response = new Response();
  assertEquals(ctx.upgraded, undefined);
  ctx.setUpgraded(response);
  ctx.setUpgraded(new Response());
  assertStrictEquals(ctx.upgraded, response);
});

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { MemoryServer, RawClient } from "../../neffos/harness/mod.ts";
import { INFO, letAll, serveDashboard } from "../harness/dashboard.ts";
import { HttpError } from "../http/http_error.ts";
import type { Middleware } from "../router/handlers.ts";
import { Router } from "../router/router.ts";
import { dashboard } from "./dashboard.ts";

const PATHS = [
  "",
  "page.js",
  "style.css",
  "events",
  "connections",
  "connection?id=x",
  "explain",
  "metrics",
  "disconnect",
  "nothing",
];

Deno.test("dashboard() must have a guard", async () => {
  await using memory = new MemoryServer({ chat: {} });
  const { server } = memory;
  // @ts-expect-error: there are no options
  const bare = () => dashboard(server);
  // @ts-expect-error: there is no guard
  const empty = () => dashboard(server, {});
  // @ts-expect-error: it is no middleware
  const wrong = () => dashboard(server, { guard: "secret" });
  const none = () => dashboard(server, { guard: undefined! });
  for (const make of [bare, empty, wrong, none]) {
    assertThrows(
      make,
      TypeError,
      "write dashboard(server, { guard: requireOperator })",
    );
  }
});

Deno.test("dashboard() serves nothing at all that its guard does not let through", async () => {
  await using memory = new MemoryServer({ chat: {} });
  const guard: Middleware = () => {
    throw new HttpError(401);
  };
  const ask = serveDashboard(memory.server, { guard, explain: () => "secret" });
  for (const path of PATHS) {
    for (const method of ["GET", "POST", "HEAD", "OPTIONS", "PURGE"]) {
      const response = await ask(path, { method });
      assertEquals(response.status, 401, `${method} ${path}`);
      await response.body?.cancel();
    }
  }
});

Deno.test("dashboard() must be mounted on a wildcard", async () => {
  await using memory = new MemoryServer({ chat: {} });
  const handler = dashboard(memory.server, { guard: letAll });
  const errors: unknown[] = [];
  const router = new Router({ onError: (error) => void errors.push(error) });
  // @ts-expect-error: the path has no wildcard
  const mount = () => router.any("/ops", handler);
  mount();
  const response = await router.handler(new Request("http://host/ops"), INFO);
  assertEquals(response.status, 500);
  assertStringIncludes(
    String(errors[0]),
    'mount it on a path that ends in "/*"',
  );
});

Deno.test("dashboard() finds its files below parties with wildcards of their own", async () => {
  await using memory = new MemoryServer({ chat: {} });
  const router = new Router();
  router.party("/(\\d+)/:name").any(
    "/ops/*" as "/*",
    dashboard(memory.server, { guard: letAll }),
  );
  const response = await router.handler(
    new Request("http://host/7/ann/ops/style.css"),
    INFO,
  );
  assertEquals(response.headers.get("content-type"), "text/css; charset=utf-8");
  assertEquals(router.routes().at(-1)!.name, "dashboard");
});

Deno.test("dashboard() redirects to the slash that its links are relative to", async () => {
  await using memory = new MemoryServer({ chat: {} });
  const router = new Router();
  router.any("/a/ops/*", dashboard(memory.server, { guard: letAll }));
  const ask = (path: string) =>
    router.handler(new Request(`http://host${path}`), INFO);
  const redirect = await ask("/a/ops");
  assertEquals(redirect.status, 307);
  const location = redirect.headers.get("location")!;
  assertEquals(
    new URL(location, "http://host/prefix/a/ops").pathname,
    "/prefix/a/ops/",
  );
  const page = await ask("/a/ops/");
  assertEquals(page.status, 200);
  assertStringIncludes(await page.text(), "<title>Dashboard</title>");
});

Deno.test("dashboard() redirects to itself alone, whatever its last segment is", async () => {
  await using memory = new MemoryServer({ chat: {} });
  const router = new Router();
  router.any("/:tenant/*", dashboard(memory.server, { guard: letAll }));
  for (const path of ["/https:evil.test", "/javascript:alert(1)", "/..."]) {
    const url = `http://host${path}`;
    const { headers } = await router.handler(new Request(url), INFO);
    assertEquals(new URL(headers.get("location")!, url).href, `${url}/`);
  }
});

Deno.test("dashboard() lets no cache keep anything, and nothing foreign run in its page", async () => {
  await using memory = new MemoryServer({ chat: {} });
  const ask = serveDashboard(memory.server, { explain: () => "<b>GET</b> /" });
  for (
    const path of ["", "page.js", "style.css", "icon.svg", ...PATHS.slice(3, 8)]
  ) {
    const { status, headers, body } = await ask(path);
    assertEquals(status, 200, path);
    assertEquals(headers.get("cache-control"), "no-store", path);
    assertEquals(headers.get("x-content-type-options"), "nosniff");
    assertEquals(headers.get("referrer-policy"), "no-referrer");
    const policy = headers.get("content-security-policy")!;
    assertMatch(policy, /^default-src 'none'; script-src 'self'; /);
    assertMatch(policy, /frame-ancestors 'none'/);
    assert(!policy.includes("unsafe"));
    await body?.cancel();
  }
  const page = await (await ask("")).text();
  // The policy would refuse them.
  assertEquals(
    page.match(/<style| style=| on\w+=|<script(?! type="module" src)/g),
    null,
  );
});

Deno.test("dashboard() answers 404 and 405 to what it does not have", async () => {
  await using memory = new MemoryServer({ chat: {} });
  const ask = serveDashboard(memory.server);
  for (
    const path of ["nothing", "__proto__", "constructor", "page.ts", "a/b"]
  ) {
    const response = await ask(path);
    assertEquals(response.status, 404, path);
    await response.body?.cancel();
  }
  for (
    const [method, path, allow] of [
      ["GET", "disconnect", "POST"],
      ["POST", "connections", "GET, HEAD"],
      ["DELETE", "", "GET, HEAD"],
    ] as const
  ) {
    const response = await ask(path, { method });
    assertEquals(response.status, 405);
    assertEquals(response.headers.get("allow"), allow);
    await response.body?.cancel();
  }
  assertEquals((await ask("explain")).status, 204);
  const head = await ask("events", { method: "HEAD" });
  assertEquals([head.status, head.body], [200, null]);
});

Deno.test("dashboard() measures handlers from the first scrape of its metrics on", async () => {
  await using memory = new MemoryServer({ chat: { onSay() {} } });
  const ask = serveDashboard(memory.server);
  const client = await RawClient.open(
    memory,
    "M",
    "$1;chat;;_OnNamespaceConnect;0;0;",
    "$2;chat;;onSay;0;0;",
  );
  await client.until(3);
  assertEquals(memory.server.stats().handlers, []);
  const first = await (await ask("metrics")).text();
  assertStringIncludes(first, "\nneffos_connections 1\n");
  client.send("$3;chat;;onSay;0;0;");
  await client.until(4);
  const second = await (await ask("metrics")).text();
  assertStringIncludes(
    second,
    'neffos_handler_duration_seconds_count{namespace="chat",event="onSay"} 1\n',
  );
});

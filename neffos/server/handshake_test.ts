import { assertEquals, assertThrows } from "@std/assert";
import { toParameterHeaders } from "../client/dial.ts";
import { UpgradeError } from "../protocol/errors.ts";
import { addParameterHeaders, takeHeaders } from "./handshake.ts";

const PREFIX = "X-Websocket-Header-";

function added(names: string[], own: HeadersInit = {}): string[] {
  const url = new URL("http://x/");
  for (const name of names) url.searchParams.append(PREFIX + name, "forged");
  const headers = new Headers(own);
  addParameterHeaders(headers, url);
  return [...headers].filter(([, value]) => value === "forged")
    .map(([name]) => name);
}

Deno.test("addParameterHeaders() adds no header that only browsers and proxies may set", () => {
  const forged = [
    "Accept-Encoding",
    "Access-Control-Request-Method",
    "CF-Connecting-IP",
    "Connection",
    "Content-Length",
    "Cookie",
    "Forwarded",
    "Host",
    "Origin",
    "Proxy-Authorization",
    "Referer",
    "Remote-User",
    "Sec-Fetch-Site",
    "Sec-WebSocket-Key",
    "Tailscale-User-Login",
    "Transfer-Encoding",
    "True-Client-IP",
    "Upgrade",
    "User-Agent",
    "Via",
    "X-Amzn-Oidc-Identity",
    "X-Auth-Request-User",
    "X-Authenticated-User",
    "X-Client-Cert",
    "X-Envoy-External-Address",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Goog-Authenticated-User-Email",
    "X-Ms-Client-Principal",
    "X-Original-URL",
    "X-Real-IP",
    "X-Remote-User",
    "X-Rewrite-URL",
    "X-SSL-Client-Verify",
    "X_Forwarded_For",
    "not a name",
    "",
  ];
  assertEquals(added(forged), []);
  assertEquals(added(forged.map((name) => name.toUpperCase())), []);
});

Deno.test("addParameterHeaders() adds the headers that a program may set", () => {
  const own = ["Authorization", "X-Api-Key", "X-Websocket-Reconnect", "X-Name"];
  assertEquals(added(own), own.map((name) => name.toLowerCase()).toSorted());
  assertEquals(added(own, { authorization: "Bearer x", "x-name": "" }), [
    "x-api-key",
    "x-websocket-reconnect",
  ]);
});

Deno.test("addParameterHeaders() adds the first of two, and no invalid value", () => {
  const url = new URL("http://x/?a=b");
  url.searchParams.append(`${PREFIX}Authorization`, "first");
  url.searchParams.append(`${PREFIX}authorization`, "second");
  url.searchParams.append(`${PREFIX}X-Bad`, "a\r\nb: c");
  const headers = new Headers();
  addParameterHeaders(headers, url);
  assertEquals([...headers], [["authorization", "first"]]);
});

Deno.test("toParameterHeaders() writes what addParameterHeaders() reads", () => {
  const url = new URL("ws://x/?a=b");
  const headers = new Headers({
    "x-name": "ü;=&?#",
    authorization: "Bearer x",
  });
  toParameterHeaders(headers, url);
  const read = new Headers();
  addParameterHeaders(read, new URL(url.href));
  assertEquals([...read], [...headers]);
});

Deno.test("takeHeaders() returns headers that stay readable after the upgrade", async () => {
  const taken = Promise.withResolvers<Headers>();
  const closed = Promise.withResolvers<void>();
  const options = { port: 0, hostname: "127.0.0.1", onListen() {} };
  await using server = Deno.serve(options, (request) => {
    const headers = takeHeaders(request);
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onopen = () => {
      taken.resolve(headers);
      socket.close();
    };
    socket.onclose = () => closed.resolve();
    return response;
  });
  const url = `ws://127.0.0.1:${server.addr.port}/`;
  const ws = new WebSocket(url, "chat");
  const headers = await taken.promise;
  assertEquals(headers.get("sec-websocket-protocol"), "chat");
  assertEquals(headers.get("upgrade"), "websocket");
  await closed.promise;
  ws.close();
});

Deno.test("takeHeaders() returns a copy if parameters may be added", () => {
  const init = { headers: { a: "1" } };
  const plain = new Request("http://localhost/", init);
  assertEquals(takeHeaders(plain) === plain.headers, true);
  const other = new Request("http://localhost/?b=2", init);
  const headers = takeHeaders(other);
  headers.set("b", "2");
  assertEquals([...headers], [["a", "1"], ["b", "2"]]);
  assertEquals(other.headers.has("b"), false);
});

Deno.test("addParameterHeaders() refuses more than 64 headers", () => {
  const names = Array.from({ length: 64 }, (_, i) => `x-${i}`);
  assertEquals(added(names).length, 64);
  const error = assertThrows(
    () => added([...names, "x-64"]),
    UpgradeError,
    "more than 64 headers",
  );
  assertEquals(error.status, 431);
});

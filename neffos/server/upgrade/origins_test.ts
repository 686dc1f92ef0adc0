import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { handshake } from "../../harness/mod.ts";
import { UpgradeError } from "../../protocol/upgrade_error.ts";
import type { UpgradeRequest } from "../../transport/upgrade_request.ts";
import { ParameterHeaders } from "./handshake.ts";
import { makeOriginCheck, type Origins } from "./origins.ts";

interface Given {
  origins?: Origins;
  hops?: number;
  url?: string;
  headers?: Record<string, string>;
}

async function isAllowed(origin: string, given: Given = {}): Promise<boolean> {
  const request = handshake({ origin, ...given.headers });
  const from: UpgradeRequest = {
    request,
    headers: new Headers(request.headers),
    url: new URL(given.url ?? request.url),
  };
  new ParameterHeaders().addTo(from.headers, from.url);
  try {
    await makeOriginCheck(given.origins, given.hops ?? 0)(from);
    return true;
  } catch (error) {
    if (error instanceof UpgradeError && error.status === 403) return false;
    throw error;
  }
}

Deno.test("A page is of the same origin however its host is written", async () => {
  const same: [origin: string, host: string][] = [
    ["http://example.com", "example.com"],
    ["https://example.com", "example.com"],
    ["https://example.com", "example.com:443"],
    ["http://example.com", "example.com:80"],
    ["https://example.com:443", "example.com"],
    ["https://example.com", "EXAMPLE.com"],
    ["HTTPS://Example.COM", "example.com"],
    ["https://example.com:8443", "example.com:8443"],
    ["https://example.com.", "example.com."],
    ["http://[::1]:8080", "[::1]:8080"],
    ["http://[0:0:0:0:0:0:0:1]:8080", "[::1]:8080"],
    ["https://xn--mnchen-3ya.de", "xn--mnchen-3ya.de"],
  ];
  for (const [origin, host] of same) {
    assertEquals(await isAllowed(origin, { headers: { host } }), true, origin);
  }
  const other: [origin: string, host: string][] = [
    ["https://example.com", "example.com:80"],
    ["http://example.com", "example.com:443"],
    ["https://example.com:8443", "example.com"],
    ["https://example.com.", "example.com"],
    ["https://sub.example.com", "example.com"],
    ["https://example.com.evil.test", "example.com"],
    ["https://example.com@evil.test", "example.com"],
    ["https://evil.test@example.com", "example.com"],
    ["https://evil.test#example.com", "example.com"],
    ["https://example.com/", "example.com"],
    ["https://example.com https://evil.test", "example.com"],
    ["https://evil.test, https://example.com", "example.com"],
    ["https://example.com", "evil.test@example.com"],
    ["https://example.com", "example.com/evil"],
    ["capacitor://example.com", "example.com"],
    ["chrome-extension://example.com", "example.com"],
    ["example.com", "example.com"],
    ["null", "null"],
    ["", "example.com"],
  ];
  for (const [origin, host] of other) {
    const message = `${origin} for ${host}`;
    const allowed = await isAllowed(origin, { headers: { host } });
    assertEquals(allowed, false, message);
  }
  // A request without a host.
  assertEquals(await isAllowed("http://null"), false);
});

Deno.test("A page without TLS is not of the origin of a server with TLS", async () => {
  const url = "https://example.com/";
  const headers = { host: "example.com" };
  assertEquals(await isAllowed("https://example.com", { url, headers }), true);
  assertEquals(await isAllowed("http://example.com", { url, headers }), false);
});

Deno.test("A list of origins is compared as browsers write them", async () => {
  const origins = [
    "https://a.example",
    "http://[::1]:8000",
    "capacitor://localhost",
    "chrome-extension://abcdef",
  ];
  const allowed = [...origins, "https://A.example:443", "http://[0::1]:8000"];
  for (const origin of allowed) {
    assertEquals(await isAllowed(origin, { origins }), true, origin);
  }
  const refused = [
    "null",
    "",
    "http://a.example",
    "https://a.example.",
    "https://a.example/",
    "https://a.example:8443",
    "https://b.a.example",
    "https://user@a.example",
    "https://a.example, https://evil.test",
    "capacitor://other",
  ];
  for (const origin of refused) {
    assertEquals(await isAllowed(origin, { origins }), false, origin);
  }
  assertEquals(await isAllowed("null", { origins: "*" }), true);
  assertEquals(await isAllowed("https://a.example", { origins: [] }), false);
});

Deno.test("A list of origins with an entry that no browser sends is refused", () => {
  const messageOf = (origins: unknown) =>
    assertThrows(() => makeOriginCheck(origins as Origins, 0), TypeError)
      .message;
  const cases: [entry: unknown, advice: string][] = [
    ["https://example.com/", 'write "https://example.com"'],
    ["https://example.com/chat?x", 'write "https://example.com"'],
    ["https://EXAMPLE.com", 'write "https://example.com"'],
    ["https://example.com:443", 'write "https://example.com"'],
    ["https://user@example.com", 'write "https://example.com"'],
    ["https://münchen.de", 'write "https://xn--mnchen-3ya.de"'],
    ["wss://example.com", 'write "https://example.com"'],
    ["example.com", 'write "https://example.com"'],
    ["localhost:3000", 'write "https://localhost:3000"'],
    ["", 'write it like "https://example.com"'],
    ["https://exa mple", 'write it like "https://example.com"'],
    ["file://", 'write it like "https://example.com"'],
    ["*", 'for all pages write origins: "*"'],
    ["https://*.example.com", "there are no patterns: write a function"],
    ["null", "to accept some of them write a function"],
    [5, 'write a string, such as "https://example.com"'],
  ];
  for (const [entry, advice] of cases) {
    assertEquals(
      messageOf(["https://fine.example", entry]).split("; ").at(-1)!
        .endsWith(advice),
      true,
      `${entry}`,
    );
  }
  assertEquals(
    messageOf(["https://example.com/"]),
    'Cannot allow the origin "https://example.com/": no browser sends it like this; write "https://example.com"',
  );
  assertEquals(
    messageOf("https://example.com"),
    'Cannot set "origins" to "https://example.com": it must be a list, such as ["https://example.com"], a function, or "*"',
  );
});

Deno.test("A function decides about origins, and must say true or false", async () => {
  const seen: string[] = [];
  const decide = (answer: unknown) => (origin: string) => {
    seen.push(origin);
    return answer as boolean;
  };
  const ask = (answer: unknown) =>
    isAllowed("NULL", { origins: decide(answer) });
  assertEquals(await ask(true), true);
  assertEquals(await ask(Promise.resolve(false)), false);
  for (const answer of [undefined, "no", 1, {}, Promise.resolve(null)]) {
    await assertRejects(() => ask(answer), TypeError, "true or false");
  }
  assertEquals(new Set(seen), new Set(["NULL"]));
});

Deno.test("The headers of proxies count only if they are trusted", async () => {
  const forwarded = (host: string, proto = "http") => ({
    "x-forwarded-host": host,
    "x-forwarded-proto": proto,
    host: "internal:8080",
  });
  const origin = "https://example.com";
  const own = forwarded("example.com", "https");
  assertEquals(await isAllowed(origin, { headers: own }), false);
  assertEquals(await isAllowed(origin, { headers: own, hops: 1 }), true);
  const insecure = "http://example.com";
  assertEquals(await isAllowed(insecure, { headers: own, hops: 1 }), false);
  const plain = forwarded("example.com");
  assertEquals(await isAllowed(insecure, { headers: plain, hops: 1 }), true);
  // The entries of the client come before those of the proxies.
  const two = forwarded("example.com, outer.test, inner.test", "http, https");
  assertEquals(await isAllowed(origin, { headers: two, hops: 1 }), false);
  assertEquals(await isAllowed(origin, { headers: two, hops: 2 }), false);
  const inner = "https://inner.test";
  assertEquals(await isAllowed(inner, { headers: two, hops: 1 }), true);
  const outer = "https://outer.test";
  assertEquals(await isAllowed(outer, { headers: two, hops: 2 }), true);
  // Without such a header the request's own host counts.
  const host = { host: "example.com" };
  assertEquals(await isAllowed(origin, { headers: host, hops: 1 }), true);
  const none = forwarded("", "https");
  assertEquals(await isAllowed(origin, { headers: none, hops: 1 }), false);
});

Deno.test("URL parameters cannot forge the headers of a proxy", async () => {
  const url =
    "http://internal:8080/?X-Websocket-Header-X-Forwarded-Host=evil.test" +
    "&x-websocket-header-Host=evil.test&X-Websocket-Header-Origin=http://internal:8080" +
    "&X-Websocket-Header-X-Forwarded-Proto=http";
  const headers = { host: "internal:8080" };
  const given = { url, headers, hops: 1 };
  assertEquals(await isAllowed("https://evil.test", given), false);
  assertEquals(await isAllowed("http://internal:8080", given), true);
  const secure = { ...given, url: url.replace("http:", "https:") };
  assertEquals(await isAllowed("http://internal:8080", secure), false);
});

// What this repository relies on: true of `@std/http` and of what stands in for
// it. `^1` admits releases that accept what 1.1.3 refuses; the stand-in refuses
// it, so that no test passes here that fails with 1.1.3.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  type Cookie,
  deleteCookie,
  getCookies,
  setCookie,
} from "@std/http/cookie";
import { accepts } from "@std/http/negotiation";
import {
  type ServerSentEventMessage,
  ServerSentEventStream,
} from "@std/http/server-sent-event-stream";
import {
  parseSignedCookie,
  signCookie,
  verifySignedCookie,
} from "@std/http/unstable-signed-cookie";
import { getCookies as standInGetCookies } from "./std/http/cookie.ts";
import { verifySignedCookie as standInVerifySignedCookie } from "./std/http/unstable_signed_cookie.ts";

/** Checks that 1.1.3 and the stand-in refuse an input; a newer release may accept it. */
async function assertRefused(
  { real, standIn }: { real: () => unknown; standIn: () => unknown },
  ErrorClass: ErrorConstructor,
): Promise<void> {
  await assertRejects(async () => await standIn(), ErrorClass);
  try {
    await real();
  } catch (error) {
    assertInstanceOf(error, ErrorClass);
  }
}

function set(cookie: Cookie): string | null {
  const headers = new Headers();
  setCookie(headers, cookie);
  return headers.get("set-cookie");
}

Deno.test("getCookies() reads names and values", () => {
  const read = (cookie: string) => getCookies(new Headers({ cookie }));
  assertEquals(getCookies(new Headers()), {});
  assertEquals(read("a=1; b=2"), { a: "1", b: "2" });
  assertEquals(read("a=1=2"), { a: "1=2" });
  assertEquals(read("a="), { a: "" });
  assertEquals(read("a=1; a=2"), { a: "2" });
});

Deno.test("getCookies() throws where a name is missing, and reads all else", async () => {
  const read = (cookie: string) => getCookies(new Headers({ cookie }));
  for (const cookie of ["", ";", "=", "=x", "a=b;", "a=b;;c=d", ";a=b"]) {
    const headers = new Headers({ cookie });
    await assertRefused({
      real: () => getCookies(headers),
      standIn: () => standInGetCookies(headers),
    }, SyntaxError);
  }
  assertEquals(read("a"), { a: "" });
  assertEquals(read("a=%E0%A4%A"), { a: "%E0%A4%A" });
  assertEquals(read('a="b c"'), { a: '"b c"' });
  assertEquals(read("__proto__=x")["__proto__"], "x");
  assertEquals(read("a=b; =x").a, "b");
});

Deno.test("setCookie() writes the attributes in their order", () => {
  assertEquals(set({ name: "a", value: "1" }), "a=1");
  assertEquals(
    set({
      name: "a",
      value: "1",
      secure: true,
      httpOnly: true,
      partitioned: true,
      maxAge: 2,
      domain: "deno.land",
      sameSite: "Strict",
      path: "/b",
      expires: new Date(Date.UTC(1983, 0, 7, 15, 32)),
      unparsed: ["c=3", "d=4"],
    }),
    "a=1; Secure; HttpOnly; Partitioned; Max-Age=2; Domain=deno.land; " +
      "SameSite=Strict; Path=/b; Expires=Fri, 07 Jan 1983 15:32:00 GMT; c=3; d=4",
  );
  assertEquals(set({ name: "a", value: "1", maxAge: 0 }), "a=1; Max-Age=0");
  assertEquals(set({ name: "", value: "1" }), null);
});

Deno.test("setCookie() enforces the rules of the name prefixes", () => {
  assertEquals(set({ name: "__Secure-a", value: "1" }), "__Secure-a=1; Secure");
  assertEquals(
    set({ name: "__Host-a", value: "1", domain: "deno.land", path: "/b" }),
    "__Host-a=1; Secure; Path=/",
  );
});

Deno.test("setCookie() adds a cookie, deleteCookie() expires it", () => {
  const headers = new Headers();
  setCookie(headers, { name: "a", value: "1" });
  deleteCookie(headers, "b", { path: "/c" });
  assertEquals(headers.getSetCookie(), [
    "a=1",
    "b=; Path=/c; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
  ]);
});

Deno.test("setCookie() refuses what a header cannot carry", () => {
  for (const name of ["a b", "a;b", "a=b", "ä", "a\r\nb"]) {
    assertThrows(() => set({ name, value: "1" }), SyntaxError);
  }
  for (const value of ["1 2", "1;2", '1"2', "1,2", "1\\2", "é\u0100", "1\n2"]) {
    assertThrows(() => set({ name: "a", value }), SyntaxError);
  }
  for (const path of ["/;b", "/\n", "/ä"]) {
    assertThrows(() => set({ name: "a", value: "1", path }), SyntaxError);
  }
  for (const domain of ["-a.b", "a.b-", "a.b."]) {
    assertThrows(() => set({ name: "a", value: "1", domain }), SyntaxError);
  }
  assertThrows(() => set({ name: "a", value: "1", maxAge: -1 }), RangeError);
});

Deno.test("setCookie() leaves out what is no number of seconds, and the date 0", () => {
  for (const maxAge of [1.5, NaN, Infinity, "3" as never]) {
    assertEquals(set({ name: "a", value: "1", maxAge }), "a=1");
  }
  assertEquals(set({ name: "a", value: "1", expires: 0 }), "a=1");
  assertEquals(
    set({ name: "a", value: "1", expires: new Date(0) }),
    "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
  );
  assertEquals(set({ name: "a", value: "1", path: "", domain: "" }), "a=1");
});

Deno.test("verifySignedCookie() accepts what signCookie() signed, and nothing else", async () => {
  const newKey = () =>
    crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, true, [
      "sign",
      "verify",
    ]);
  const key = await newKey();
  const signed = await signCookie("a.b", key);
  assertMatch(signed, /^a\.b\.[0-9a-f]{64}$/);
  assertEquals(parseSignedCookie(signed), "a.b");
  assert(await verifySignedCookie(signed, key));
  assertEquals(await verifySignedCookie(`c${signed.slice(1)}`, key), false);
  assertEquals(await verifySignedCookie(signed, await newKey()), false);
  assertEquals(await verifySignedCookie(signed.slice(0, -2), key), false);
  assertEquals(await verifySignedCookie("a", key), false);
  assertEquals(await verifySignedCookie("", key), false);
});

Deno.test("verifySignedCookie() throws at a signature that is not hexadecimal", async () => {
  const key = await crypto.subtle.generateKey(
    { name: "HMAC", hash: "SHA-256" },
    true,
    ["verify"],
  );
  const both = (signature: string) => ({
    real: () => verifySignedCookie(`a.${signature}`, key),
    standIn: () => standInVerifySignedCookie(`a.${signature}`, key),
  });
  for (const signature of ["0", "abc", "z", "zé", "0".repeat(63)]) {
    await assertRefused(both(signature), RangeError);
  }
  for (const signature of ["zz", "0x", "%0", "é", " 0", "00 0", "==", "--"]) {
    await assertRefused(both(signature), TypeError);
  }
  for (const signature of ["00", "aF", "0".repeat(64)]) {
    assertEquals(await both(signature).real(), false);
    assertEquals(await both(signature).standIn(), false);
  }
});

function asking(headers: Record<string, string>): Request {
  return new Request("http://localhost/", { headers });
}

Deno.test("accepts() sorts by weight, then by specificity", () => {
  const accept =
    "text/html, application/xhtml+xml, application/xml;q=0.9, image/webp, */*;q=0.8";
  const request = asking({ accept });
  assertEquals(accepts(request), [
    "text/html",
    "application/xhtml+xml",
    "image/webp",
    "application/xml",
    "*/*",
  ]);
  assertEquals(accepts(request, "application/xml", "text/html"), "text/html");
  assertEquals(
    accepts(request, "image/png", "application/xml"),
    "application/xml",
  );
  assertEquals(accepts(request, "image/webp", "text/html"), "image/webp");
  const narrow = asking({ accept: "text/*;q=0.5, text/plain, text/csv;q=0" });
  assertEquals(accepts(narrow, "text/html", "text/plain"), "text/plain");
  assertEquals(accepts(narrow, "text/csv"), undefined);
  assertEquals(accepts(narrow, "image/png"), undefined);
  const level = asking({
    accept: "text/html;level=1, text/html;level=2;q=0.3",
  });
  assertEquals(
    accepts(level, "text/html;level=2", "text/html;level=1"),
    "text/html;level=1",
  );
});

Deno.test("accepts() accepts anything without a header", () => {
  const request = new Request("http://localhost/");
  assertEquals(accepts(request), ["*/*"]);
  assertEquals(accepts(request, "a/b", "c/d"), "a/b");
  assertEquals(accepts(asking({ accept: "" }), "a/b", "c/d"), "a/b");
});

Deno.test("accepts() reads odd headers, and never throws", () => {
  const choose = (accept: string) =>
    accepts(asking({ accept }), "a/b", "c/d;e=f");
  const cases: [string, string | undefined][] = [
    [",", undefined],
    ["a", undefined],
    ["a/", undefined],
    ["*", undefined],
    ["a/b c", undefined],
    ["a/b;q=", "a/b"],
    ["a/b;q=x", undefined],
    ["a/b;q=-1", undefined],
    ["a/b;q=0", undefined],
    ["a/b;q=2, c/d;q=3", "c/d;e=f"],
    ["A/B", "a/b"],
    ["*/*", "a/b"],
    ["a/*;q=0.1, c/d;q=0.2", "c/d;e=f"],
    ["c/d;e=F", "c/d;e=f"],
    ['c/d;e="f"', "c/d;e=f"],
    ["c/d;e=g", undefined],
    ["c/d;q=0.5;e=g", "c/d;e=f"],
    ["c/d;Q=0, */*", "a/b"],
    ["a/b, a/b;q=0", "a/b"],
    ["\xff/\xff, ;;;=,", undefined],
  ];
  for (const [accept, expected] of cases) {
    assertEquals([accept, choose(accept)], [accept, expected]);
  }
});

Deno.test("ServerSentEventStream writes events, and refuses lines where there can be one", async () => {
  const write = async (...events: ServerSentEventMessage[]) => {
    const stream = ReadableStream.from(events)
      .pipeThrough(new ServerSentEventStream());
    return await new Response(stream).text();
  };
  assertEquals(
    await write(
      { comment: "a\nb", event: "e", data: "1\r\n2\r3", id: 7, retry: 5 },
      { data: "" },
      { comment: "" },
      {},
    ),
    ":a\n:b\nevent:e\ndata:1\ndata:2\ndata:3\nid:7\nretry:5\n\ndata:\n\n:\n\n\n\n",
  );
  for (const event of [{ event: "a\nb" }, { id: "a\rb" }]) {
    await assertRejects(() => write(event), SyntaxError);
  }
});

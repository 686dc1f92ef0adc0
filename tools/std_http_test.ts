// What this repository relies on: true of `@std/http` and of what stands in for
// it. `^1` admits releases that accept what 1.1.3 refuses; the stand-in refuses
// it, so that no test passes here that fails with 1.1.3.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  type Cookie,
  deleteCookie,
  getCookies,
  setCookie,
} from "@std/http/cookie";
import {
  serveDir,
  type ServeDirOptions,
  serveFile,
} from "@std/http/file-server";
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
import { serveDir as standInServeDir } from "./std/http/file_server.ts";
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

/** A folder with something to serve, and a secret beside it. */
async function makeSite(): Promise<{ root: string } & AsyncDisposable> {
  const base = await Deno.makeTempDir();
  const files = {
    "secret.txt": "secret",
    "public/index.html": "<p>home",
    "public/a b.txt": "0123456789",
    "public/empty.txt": "",
    "public/.hidden": "hidden",
    "public/.git/config": "hidden",
    "public/sub/one.js": "1",
    "public/indexed/index.html": "<p>sub",
  };
  for (const [path, text] of Object.entries(files)) {
    const folder = `${base}/${path.slice(0, path.lastIndexOf("/") + 1)}`;
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(`${base}/${path}`, text);
  }
  return {
    root: `${base}/public`,
    [Symbol.asyncDispose]: () => Deno.remove(base, { recursive: true }),
  };
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

async function read(response: Response): Promise<Answer> {
  const { status, headers } = response;
  return { status, headers, text: await response.text() };
}

async function get(
  path: string,
  options: ServeDirOptions,
  headers?: Record<string, string>,
): Promise<Answer> {
  const request = new Request(`http://localhost${path}`, { headers });
  return await read(await serveDir(request, { quiet: true, ...options }));
}

Deno.test("serveDir() serves a file with its type, size, date and tag", async () => {
  await using site = await makeSite();
  const { status, headers, text } = await get("/a%20b.txt", {
    fsRoot: site.root,
  });
  assertEquals(status, 200);
  assertEquals(text, "0123456789");
  assertEquals(headers.get("content-type"), "text/plain; charset=UTF-8");
  assertEquals(headers.get("content-length"), "10");
  assertEquals(headers.get("accept-ranges"), "bytes");
  assertMatch(headers.get("etag") ?? "", /^W\/"a-.{27}"$/);
  assertMatch(headers.get("last-modified") ?? "", / GMT$/);
  const script = await get("/sub/one.js", { fsRoot: site.root });
  assertEquals(
    script.headers.get("content-type"),
    "text/javascript; charset=UTF-8",
  );
});

Deno.test("serveDir() serves the index of a folder, unless showIndex is false", async () => {
  await using site = await makeSite();
  const options = { fsRoot: site.root };
  assertEquals((await get("/", options)).text, "<p>home");
  assertEquals((await get("/indexed/", options)).text, "<p>sub");
  assertEquals((await get("/sub/", options)).status, 404);
  const bare = { ...options, showIndex: false };
  assertEquals((await get("/", bare)).status, 404);
  const listed = await get("/", { ...bare, showDirListing: true });
  assertEquals(listed.status, 200);
  assertEquals(listed.headers.get("content-type"), "text/html; charset=UTF-8");
  assertStringIncludes(listed.text, `href="./a%20b.txt"`);
  assertStringIncludes(listed.text, `href="./sub/"`);
  assertEquals(listed.text.includes(".hidden"), false);
});

Deno.test("serveDir() redirects to the one path that a file or folder has", async () => {
  await using site = await makeSite();
  for (
    const [from, to] of [
      ["/sub", "/sub/"],
      ["/sub/one.js/", "/sub/one.js"],
      ["/sub//one.js", "/sub/one.js"],
      ["/indexed?a=1", "/indexed/?a=1"],
    ] as const
  ) {
    const { status, headers } = await get(from, { fsRoot: site.root });
    assertEquals(status, 301, from);
    assertEquals(headers.get("location"), `http://localhost${to}`, from);
  }
});

Deno.test("serveDir() serves nothing from outside its folder", async () => {
  await using site = await makeSite();
  for (
    const path of [
      "/../secret.txt",
      "/%2e%2e/secret.txt",
      "/..%2fsecret.txt",
      "/sub/..%2f..%2f..%2fsecret.txt",
      "/%2e%2e%2fsecret.txt",
      "/..%5csecret.txt",
      "/.%2e/.%2e/secret.txt",
      "//secret.txt",
      `/${encodeURIComponent(`${site.root}/../secret.txt`)}`,
      "/%00",
      "/%ff",
    ]
  ) {
    for (const showDotfiles of [false, true]) {
      const answer = await get(path, { fsRoot: site.root, showDotfiles });
      assertNotEquals(answer.status, 200, path);
      assertEquals(answer.text.includes("secret"), false, path);
    }
  }
});

Deno.test("serveDir() hides dot files, unless showDotfiles is true", async () => {
  await using site = await makeSite();
  const options = { fsRoot: site.root };
  for (const path of ["/.hidden", "/.git/config", "/.git/"]) {
    assertEquals((await get(path, options)).status, 404, path);
  }
  const open = { ...options, showDotfiles: true };
  assertEquals((await get("/.hidden", open)).text, "hidden");
  assertEquals((await get("/.git/config", open)).text, "hidden");
});

Deno.test("serveDir() removes urlRoot from the path", async () => {
  await using site = await makeSite();
  const options = { fsRoot: site.root, urlRoot: "static" };
  assertEquals((await get("/static/sub/one.js", options)).text, "1");
  assertEquals((await get("/static/", options)).text, "<p>home");
  assertEquals((await get("/static", options)).status, 301);
  assertEquals((await get("/sub/one.js", options)).status, 404);
  assertEquals((await get("/static/none", options)).status, 404);
});

Deno.test("serveFile() and serveDir() answer GET and HEAD only", async () => {
  await using site = await makeSite();
  const url = "http://localhost/a%20b.txt";
  const post = () => new Request(url, { method: "POST", body: "x" });
  const options = { fsRoot: site.root, quiet: true };
  assertEquals((await read(await serveDir(post(), options))).status, 405);
  const path = `${site.root}/a b.txt`;
  assertEquals((await read(await serveFile(post(), path))).status, 405);
  const head = new Request(url, { method: "HEAD" });
  const { status, headers, text } = await read(await serveFile(head, path));
  assertEquals([status, text], [200, ""]);
  assertEquals(headers.get("content-length"), "10");
});

Deno.test("serveDir() answers HEAD without a body, and with its length", async () => {
  await using site = await makeSite();
  const options = { fsRoot: site.root, quiet: true, showDirListing: true };
  for (const serve of [serveDir, standInServeDir]) {
    const ask = async (path: string) => {
      const url = `http://localhost${path}`;
      const request = new Request(url, { method: "HEAD" });
      return await read(await serve(request, options));
    };
    const file = await ask("/a%20b.txt");
    assertEquals([file.status, file.text], [200, ""]);
    assertEquals(file.headers.get("content-length"), "10");
    const list = await ask("/sub/");
    assertEquals([list.status, list.text], [200, ""]);
    assertMatch(list.headers.get("content-length") ?? "", /^[1-9]\d+$/);
  }
});

Deno.test("serveFile() never throws at a client's input", async () => {
  await using site = await makeSite();
  const nines = "9".repeat(400);
  const headers = {
    "range": [
      "",
      "bytes=",
      "bytes=-",
      "bytes=-0",
      "bytes=--1",
      `bytes=${nines}-`,
      `bytes=-${nines}`,
      `bytes=0-${nines}`,
      "bytes=0x1-2",
      "bytes=1e3-",
      "%",
    ],
    "if-none-match": ["", ",", '"', "W/", "*, *", "%", "\xe9"],
    "if-modified-since": ["", "never", "0", nines, "-1", "\xe9"],
  };
  for (const [name, values] of Object.entries(headers)) {
    for (const value of values) {
      for (const method of ["GET", "HEAD"]) {
        const request = new Request("http://localhost/", {
          method,
          headers: { [name]: value },
        });
        const path = `${site.root}/a b.txt`;
        const { status } = await read(await serveFile(request, path));
        assert([200, 206, 416].includes(status), `${name}: ${value}`);
      }
    }
  }
});

Deno.test("serveFile() answers 404 for folders and missing files", async () => {
  await using site = await makeSite();
  const request = new Request("http://localhost/");
  for (const path of [site.root, `${site.root}/none`]) {
    assertEquals((await read(await serveFile(request, path))).status, 404);
  }
});

Deno.test("serveDir() adds the given headers", async () => {
  await using site = await makeSite();
  const options = { fsRoot: site.root, headers: ["x-a: b:c"] };
  const { headers } = await get("/sub/one.js", {
    ...options,
    enableCors: true,
  });
  assertEquals(headers.get("x-a"), "b:c");
  assertEquals(headers.get("access-control-allow-origin"), "*");
  const plain = await get("/sub/one.js", options);
  assertEquals(plain.headers.get("access-control-allow-origin"), null);
});

Deno.test("serveDir() answers 304 to a client that has the file already", async () => {
  await using site = await makeSite();
  const options = { fsRoot: site.root };
  const first = await get("/a%20b.txt", options);
  const etag = first.headers.get("etag") ?? "";
  const modified = first.headers.get("last-modified") ?? "";
  const ask = async (headers: Record<string, string>) =>
    (await get("/a%20b.txt", options, headers)).status;
  assertEquals(await ask({ "if-none-match": etag }), 304);
  assertEquals(await ask({ "if-none-match": `"x", ${etag}` }), 304);
  assertEquals(await ask({ "if-none-match": "*" }), 304);
  assertEquals(await ask({ "if-none-match": `"x"` }), 200);
  assertEquals(await ask({ "if-modified-since": modified }), 304);
  const long = new Date(0).toUTCString();
  assertEquals(await ask({ "if-modified-since": long }), 200);
  const both = { "if-none-match": `"x"`, "if-modified-since": modified };
  assertEquals(await ask(both), 200);
});

Deno.test("serveDir() serves a range of a file", async () => {
  await using site = await makeSite();
  const ask = async (range: string, path = "/a%20b.txt") => {
    const { status, text, headers } = await get(
      path,
      { fsRoot: site.root },
      { range },
    );
    return [status, text, headers.get("content-range")];
  };
  assertEquals(await ask("bytes=2-4"), [206, "234", "bytes 2-4/10"]);
  assertEquals(await ask("bytes=7-"), [206, "789", "bytes 7-9/10"]);
  assertEquals(await ask("bytes=-2"), [206, "89", "bytes 8-9/10"]);
  assertEquals(await ask("bytes=8-99"), [206, "89", "bytes 8-9/10"]);
  assertEquals(await ask("bytes=-99"), [206, "0123456789", "bytes 0-9/10"]);
  assertEquals((await ask("bytes=10-")).with(1, null), [
    416,
    null,
    "bytes */10",
  ]);
  assertEquals((await ask("bytes=4-2")).with(1, null), [
    416,
    null,
    "bytes */10",
  ]);
  assertEquals(await ask("lines=1-2"), [200, "0123456789", null]);
  assertEquals(await ask("bytes=1-2, 4-5"), [200, "0123456789", null]);
  assertEquals(await ask("bytes=0-1", "/empty.txt"), [200, "", null]);
});

Deno.test("serveDir() closes a file whose response is not read", async () => {
  await using site = await makeSite();
  const request = new Request("http://localhost/a%20b.txt");
  const response = await serveDir(request, { fsRoot: site.root, quiet: true });
  await response.body?.cancel();
});

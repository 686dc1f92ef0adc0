/**
 * What a client writes into the request line and the Host header, on real
 * sockets: it must not choose the path, nor what is logged, nor the time that
 * a path takes.
 */
import { assert, assertEquals } from "@std/assert";
import { denoUpgrader, Server } from "../../neffos/mod.ts";
import { websocketHandler } from "../websocket.ts";
import { Router } from "./router.ts";

/** A listener that answers from a handler, and the faults that are reported. */
class Target implements AsyncDisposable {
  readonly faults: unknown[] = [];
  readonly router = new Router({
    onError: (error) => void this.faults.push(error),
  });
  readonly server = new Server(denoUpgrader(), { onPing: () => "pong" }, {
    origins: "*",
    onError: (error) => void this.faults.push(error),
  });
  readonly #listener: Deno.HttpServer<Deno.NetAddr>;

  constructor({ isRouted = true } = {}) {
    this.#listener = Deno.serve(
      {
        port: 0,
        hostname: "127.0.0.1",
        onListen() {},
        onError: (error) => {
          this.faults.push(error);
          return new Response(null, { status: 500 });
        },
      },
      isRouted
        ? this.router.handler
        : (request, info) => this.server.upgrade(request, info),
    );
  }

  /** Sends the head of a request as it is, and returns status and body. */
  async send(head: readonly string[]): Promise<string> {
    const { hostname, port } = this.#listener.addr;
    using connection = await Deno.connect({ hostname, port });
    const text = [...head, "", ""].join("\r\n");
    // One byte for each character, as HTTP has it.
    const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
    await connection.write(bytes);
    const buffer = new Uint8Array(4096);
    const decoder = new TextDecoder("latin1");
    let answer = "";
    for (;;) {
      const count = await connection.read(buffer);
      if (count === null) break;
      answer += decoder.decode(buffer.subarray(0, count));
      if (answer.startsWith("HTTP/1.1 101")) return "101";
      const [, length, body] =
        /content-length: (\d+)[^]*?\r\n\r\n([^]*)/i.exec(answer) ?? [];
      if (body?.length === Number(length)) break;
    }
    const [status = "", body = ""] = answer.split("\r\n\r\n");
    return `${status.split(" ")[1]} ${body}`.trim();
  }

  get(target: string, host: string | undefined): Promise<string> {
    const hosts = host === undefined ? [] : [`Host: ${host}`];
    return this.send([
      `GET ${target} HTTP/1.1`,
      ...hosts,
      "Connection: close",
    ]);
  }

  shake(target: string, host: string | undefined): Promise<string> {
    const hosts = host === undefined ? [] : [`Host: ${host}`];
    return this.send([
      `GET ${target} HTTP/1.1`,
      ...hosts,
      "Connection: upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      "Origin: http://page.example",
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close({ timeout: 0 });
    await this.#listener.shutdown();
  }
}

const BAD_HOSTS = [
  "x/admin?",
  "x/admin#",
  "x/admin",
  "x/",
  "x?",
  "x?/admin",
  "x#",
  "x\\admin",
  "\\",
  "/",
  "user@host",
  "user:word@host",
  "@host",
  "a b",
  "a, b",
  "a,b",
  "a;b",
  "h\xe9",
  "\xc3\xa9.example",
  "\xff",
  "[::1",
  "::1",
  "[::1]x",
  "[fe80::1%25eth0]",
  "host:99999",
  "host:65536",
  "host:abc",
  "host:80:80",
  "host:-1",
  "host%2fadmin",
  "host%41",
  "1.2.3.4.5",
  "256.1.1.1",
  "xn--",
  "a|b",
  "a<b",
  "a^b",
  "*",
  "http://host",
  ":80",
  "a..b",
  ".",
  ".host",
  "host..",
  `${"a.".repeat(200)}example`,
  "a".repeat(20_000),
];

const GOOD_HOSTS = [
  "host",
  "HOST.Example",
  "host.",
  "host.:80",
  `${"a.".repeat(100)}example`,
  "a_b.example",
  "host:80",
  "host:65535",
  "host:",
  "localhost:8000",
  "127.0.0.1:1",
  "[::1]",
  "[::1]:8000",
  "xn--bcher-kva.example",
  "1a.example",
  "",
  "  ",
  undefined,
];

Deno.test("A Host header that is no host is answered with 400, and chooses no path", async () => {
  await using target = new Target();
  const { router, server } = target;
  const seen: string[] = [];
  router.use((ctx, next) => {
    seen.push(ctx.url.pathname);
    return next();
  });
  router
    .get("/public", (ctx) => ctx.text("public"))
    .get("/a/public", (ctx) => ctx.text(ctx.url.pathname))
    .get("/admin", (ctx) => ctx.text("admin"))
    .get("/admin/*", (ctx) => ctx.text("admin"))
    .get("/ws", websocketHandler(server));
  for (const host of BAD_HOSTS) {
    for (const path of ["/public", "/a/public", "/ws", "/none", "/admin?a"]) {
      const answer = await target.get(path, host);
      assertEquals(answer, "400 Bad Request", `${host} ${path}`);
    }
    assertEquals(await target.shake("/ws", host), "400 Bad Request", host);
    const withQuery = await target.shake("/ws?a=b", host);
    assertEquals(withQuery, "400 Bad Request", host);
  }
  assertEquals(seen, []);
  for (const host of GOOD_HOSTS) {
    assertEquals(await target.get("/public", host), "200 public", host);
    assertEquals(await target.get("/a/public", host), "200 /a/public", host);
    assertEquals(await target.shake("/ws?a=b/c", host), "101", host);
  }
  assertEquals(new Set(seen), new Set(["/public", "/a/public", "/ws"]));
  assertEquals(target.faults, []);
});

Deno.test("Server.upgrade() answers a Host header that is no host with 400", async () => {
  const errors: number[] = [];
  await using target = new Target({ isRouted: false });
  target.server.onUpgradeError = ({ status }) => void errors.push(status);
  for (const host of BAD_HOSTS) {
    for (const path of ["/ws", "/ws?a=b", "/a/ws"]) {
      const answer = await target.shake(path, host);
      assertEquals(answer.slice(0, 3), "400", `${host} ${path}`);
      const plain = await target.get(path, host);
      assertEquals(plain.slice(0, 3), "400", `${host} ${path}`);
    }
  }
  const refused = 6 * BAD_HOSTS.length;
  assertEquals(errors, new Array(refused).fill(400));
  assertEquals(target.server.stats().refused[400], refused);
  for (const host of GOOD_HOSTS) {
    assertEquals(await target.shake("/ws?a=b/c", host), "101", host);
  }
  assertEquals(target.faults, []);
});

Deno.test("A request target that is a whole URL has the path of that URL", async () => {
  await using target = new Target();
  target.router
    .get("/", (ctx) => ctx.text(`root of ${ctx.url.host}`))
    .get("/admin", (ctx) => ctx.text(`admin of ${ctx.url.host}`));
  for (
    const [line, host, expected] of [
      ["http://other/admin", "host", "200 admin of other"],
      ["http://other:81/admin?b=/c", "host", "200 admin of other:81"],
      ["http://other", "host", "200 root of other"],
      ["http://other?/admin", "host", "200 root of other"],
      ["http://user@other/admin", "host", "400 Bad Request"],
      ["http://other:99999/admin", "host", "400 Bad Request"],
      ["http://a,b/admin", "host", "400 Bad Request"],
      ["http://other/admin/x", "x/y", "400 Bad Request"],
      ["/http://other/admin", "host", "404 Not Found"],
      ["//other/admin", "host", "404 Not Found"],
      ["/\\other/admin", "host", "404 Not Found"],
      ["/x/..\\admin", "host", "200 admin of host"],
    ] as const
  ) {
    assertEquals(await target.get(line, host), expected, line);
  }
  const old = await target.send(["GET /admin HTTP/1.0"]);
  assertEquals(old.replace(/:\d+$/, ""), "200 admin of localhost");
  assertEquals(target.faults, []);
});

Deno.test("Each path has one spelling, whatever is percent-encoded in it", async () => {
  await using target = new Target();
  const { router } = target;
  const seen: string[] = [];
  router.use((ctx, next) => {
    seen.push(ctx.url.pathname);
    assertEquals(ctx.path, ctx.url.pathname);
    return next();
  });
  router
    .get("/café", (ctx) => ctx.text("café"))
    .get("/static/~x", (ctx) => ctx.text("tilde"))
    .get("/%7eold/:id", (ctx) => ctx.text(`old ${ctx.params.id}`))
    .get("/users/:id", (ctx) => ctx.text(`user ${ctx.params.id}`))
    .get("/n/:id([a-z]+)", (ctx) => ctx.text(`n ${ctx.params.id}`))
    .get("/deep/*", (ctx) => ctx.text(`deep ${ctx.params[0]}`));
  for (
    const [path, expected, clean] of [
      ["/caf%C3%A9", "200 café", "/caf%C3%A9"],
      ["/caf%c3%a9", "200 café", "/caf%C3%A9"],
      ["/%63%61f%c3%A9/", "200 café", "/caf%C3%A9/"],
      ["/%73tatic/%7Ex", "200 tilde", "/static/~x"],
      ["/static/~x", "200 tilde", "/static/~x"],
      ["/~old/1", "200 old 1", "/~old/1"],
      ["/%7Eold/1", "200 old 1", "/~old/1"],
      ["/users/%61%2e%2Eb", "200 user a..b", "/users/a..b"],
      ["/users/%2f", "200 user /", "/users/%2F"],
      ["/users/%2e%2e%2fadmin", "200 user ../admin", "/users/..%2Fadmin"],
      ["/users/%252e%252e", "200 user %2e%2e", "/users/%252e%252e"],
      ["/users/%2561", "200 user %61", "/users/%2561"],
      ["/users%2f1", "404 Not Found", "/users%2F1"],
      ["/users/%2e%2e/deep/a", "200 deep a", "/deep/a"],
      ["/deep/.%2E/users/b", "200 user b", "/users/b"],
      ["/deep/a%2Fb/c", "200 deep a/b/c", "/deep/a%2Fb/c"],
      ["/n/%61b", "200 n ab", "/n/ab"],
      ["/n/%41", "404 Not Found", "/n/A"],
      ["/users/%00", "200 user \0", "/users/%00"],
      ["/users/a+b%2Bc", "200 user a+b+c", "/users/a+b%2Bc"],
    ] as const
  ) {
    const answer = await target.get(path, "host");
    // The socket reads bytes as Latin-1.
    const text = new TextDecoder()
      .decode(Uint8Array.from(answer, (char) => char.charCodeAt(0)));
    assertEquals(text, expected, path);
    assertEquals(seen.pop(), clean, path);
  }
  assertEquals(target.faults, []);
});

Deno.test("A path that is not percent-encoded UTF-8 is answered with 400, wherever it leads", async () => {
  await using target = new Target();
  target.router
    .get("/users/:id", (ctx) => ctx.text("user"))
    .get("/exact", (ctx) => ctx.text("exact"))
    .handleDir("/files", "mvc/http");
  const paths = ["/users/", "/", "/exact/", "/files/", "/none/"];
  for (const path of paths) {
    for (
      const bad of [
        "%",
        "%zz",
        "%2",
        "%ff",
        "%c3",
        "%C3%28",
        "%ed%a0%80",
        "%%35",
      ]
    ) {
      const answer = await target.get(path + bad, "host");
      assertEquals(answer, "400 Bad Request", path + bad);
    }
  }
  assertEquals(await target.get("/exact?a=%zz&b=%ff", "host"), "200 exact");
  assertEquals(target.faults, []);
});

Deno.test("Files are found under each spelling of their path", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/café~1.txt`, "found");
    await Deno.writeTextFile(`${folder}/.secret`, "hidden");
    await using target = new Target();
    target.router.handleDir("/static", folder);
    for (
      const path of [
        "/static/caf%C3%A9~1.txt",
        "/static/caf%c3%a9%7e1%2etxt",
        "/%73tatic/%63af%c3%A9%7E1.txt",
      ]
    ) {
      assertEquals(await target.get(path, "host"), "200 found", path);
    }
    for (
      const path of [
        "/static/%2esecret",
        "/static/%2Esecret",
        "/static%2f.secret",
        "/static/%2e%2e%2fstatic%2fcaf%c3%a9~1.txt",
        "/static/a%2f..%2fcaf%c3%a9~1.txt",
        "/static/..%5c.secret",
        "/static/%252esecret",
        "/static/caf%c3%a9~1.txt%00",
      ]
    ) {
      assertEquals(await target.get(path, "host"), "404 Not Found", path);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("A path of more than 8,192 characters is answered with 414", async () => {
  await using target = new Target();
  target.router.get("/*", (ctx) => ctx.text(String(ctx.path.length)));
  const path = `/${"x".repeat(8_191)}`;
  assertEquals(await target.get(path, "host"), "200 8192");
  assertEquals(await target.get(`${path}y`, "host"), "414 URI Too Long");
  // For a client that takes JSON as every other error.
  const response = await target.router.handler(
    new Request(`http://host${path}y`, {
      headers: { accept: "application/json" },
    }),
    {
      remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 1 },
      completed: Promise.resolve(),
    },
  );
  assertEquals(await response.json(), {
    type: "about:blank",
    title: "URI Too Long",
    status: 414,
  });
  const query = `/?${"x".repeat(20_000)}`;
  assertEquals(await target.get(query, "host"), "200 1");
});

Deno.test("Router refuses a path that no request can have", () => {
  for (const path of ["/%zz", "/%ff", "/%zz/:id", "/:id/%ff", "/%"]) {
    const error = getError(() => new Router().get(path, (ctx) => ctx.text("")));
    assertEquals(
      error,
      `Cannot register GET "${path}": the path must be percent-encoded UTF-8`,
    );
  }
  const router = new Router().get("/caf%c3%a9", (ctx) => ctx.text(""));
  assert(
    getError(() => router.get("/café", (ctx) => ctx.text("")))
      ?.includes("already registered"),
  );
});

function getError(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    return (error as Error).message;
  }
  return undefined;
}

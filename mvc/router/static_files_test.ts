import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { Router, type RouterOptions } from "./router.ts";
import type { DirOptions } from "./static_folder.ts";

/** A folder with files, a secret file beside it, and a server. */
class Site implements AsyncDisposable {
  readonly folder: string;
  readonly router: Router;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(folder: string, options?: RouterOptions) {
    this.folder = folder;
    this.router = new Router(options);
    const { handler } = this.router;
    const where = { port: 0, hostname: "127.0.0.1", onListen() {} };
    this.#server = Deno.serve(where, handler);
  }

  static async create(files: Record<string, string> = {}): Promise<Site> {
    const parent = await Deno.makeTempDir();
    const folder = join(parent, "site");
    const all = { "index.html": "root", "a.txt": "0123456789", ...files };
    for (const [path, text] of Object.entries(all)) {
      const file = join(folder, path);
      await Deno.mkdir(dirname(file), { recursive: true });
      await Deno.writeTextFile(file, text);
    }
    await Deno.writeTextFile(join(parent, "secret.txt"), "secret");
    return new Site(folder);
  }

  /** Sends "GET /path" as it is; `fetch` would normalise the path. */
  async ask(
    what: string,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const { hostname, port } = this.#server.addr;
    using conn = await Deno.connect({ hostname, port });
    const lines = [`${what} HTTP/1.1`, "host: host", "connection: close"];
    for (const [name, value] of Object.entries(headers)) {
      lines.push(`${name}: ${value}`);
    }
    const text = `${lines.join("\r\n")}\r\n\r\n`;
    await conn.write(new TextEncoder().encode(text));
    const answer = await new Response(conn.readable).text();
    const end = answer.indexOf("\r\n\r\n");
    const [status = "", ...fields] = answer.slice(0, end).split("\r\n");
    return {
      status: Number(status.split(" ")[1]),
      headers: new Headers(
        fields.map((line) => line.split(/: ?(.*)/, 2) as [string, string]),
      ),
      body: answer.slice(end + 4),
    };
  }

  /** Sends a request and returns status and body. */
  async get(path: string): Promise<string> {
    const { status, body } = await this.ask(`GET ${path}`);
    return `${status} ${body}`;
  }

  async [Symbol.asyncDispose]() {
    await this.#server.shutdown();
    await Deno.remove(dirname(this.folder), { recursive: true });
  }
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

const MISSING = "404 Not Found";

Deno.test("Party.handleDir() serves files under a path, with their types", async () => {
  await using site = await Site.create({
    "sub/b c.css": "b",
    "ü.html": "u",
    "50%.txt": "half",
  });
  site.router.party("/p").handleDir("/static/", site.folder);
  const { status, headers, body } = await site.ask("GET /p/static/a.txt");
  assertEquals([status, body], [200, "0123456789"]);
  assertMatch(headers.get("content-type") ?? "", /^text\/plain/);
  assertEquals(headers.get("content-length"), "10");
  assertEquals(await site.get("/p/static/sub/b%20c.css?v=1"), "200 b");
  assertEquals(await site.get("/p/static/%C3%BC.html"), "200 u");
  assertEquals(await site.get("/p/static/50%25.txt"), "200 half");
  assertEquals(await site.get("/p/static/50%2525.txt"), MISSING);
  assertEquals(await site.get("/p/static/none.txt"), MISSING);
  assertEquals(await site.get("/p/static/a.txt/b"), MISSING);
  assertEquals(await site.get(`/p/static/${"x".repeat(300)}`), MISSING);
  assertEquals(await site.get("/static/a.txt"), MISSING);
  assertEquals(await site.get("/p/static/%zz"), "400 Bad Request");
});

Deno.test("Party.handleDir() serves the root of a router, after its exact paths", async () => {
  await using site = await Site.create({ "exact": "file" });
  site.router.handleDir("/", pathToFileURL(`${site.folder}/`))
    .get("/exact", (ctx) => ctx.text("route"));
  assertEquals(await site.get("/"), "200 root");
  assertEquals(await site.get("/a.txt"), "200 0123456789");
  assertEquals(await site.get("/exact"), "200 route");
  assertEquals(await site.get("//a.txt"), MISSING);
});

Deno.test("Party.handleDir() takes a path with parameters", async () => {
  await using site = await Site.create();
  site.router.party("/:lang(\\w\\w)").handleDir("/*/files", site.folder);
  site.router.party("/users/:id").handleDir("/files", site.folder);
  assertEquals(await site.get("/de/x/y/files/a.txt"), "200 0123456789");
  assertEquals(await site.get("/users/a%2fb/files/a.txt"), "200 0123456789");
  assertEquals(await site.get("/users/1/files/"), "200 root");
});

Deno.test("Party.handleDir() serves an index for a folder, and nothing without one", async () => {
  await using site = await Site.create({
    "sub/index.html": "sub",
    "sub/main.htm": "main",
    "bare/b.txt": "b",
    "odd/index.html/c.txt": "c",
  });
  site.router.handleDir("/static", site.folder)
    .handleDir("/main", site.folder, { index: "main.htm" })
    .handleDir("/none", site.folder, { index: false });
  assertEquals(await site.get("/static/"), "200 root");
  assertEquals(await site.get("/static/sub/"), "200 sub");
  assertEquals(await site.get("/static/sub/index.html"), "200 sub");
  assertEquals(await site.get("/static/bare/"), MISSING);
  assertEquals(await site.get("/static/odd/"), MISSING);
  assertEquals(await site.get("/main/sub/"), "200 main");
  assertEquals(await site.get("/main/"), MISSING);
  assertEquals(await site.get("/none/sub/"), MISSING);
});

Deno.test("Party.handleDir() redirects to the slash of a folder and off that of a file", async () => {
  await using site = await Site.create({ "sub/index.html": "sub" });
  site.router.party("/p").handleDir("/static", site.folder);
  site.router.party("/*").handleDir("/any", site.folder);
  const locations = {
    "/p/static": "/p/static/",
    "/p/static?a=b&c": "/p/static/?a=b&c",
    "/p/static/sub": "/p/static/sub/",
    "/p/static/a.txt/": "/p/static/a.txt",
    // Sent as it is, it would name another host.
    "//evil/any": "/evil/any/",
  };
  for (const [path, location] of Object.entries(locations)) {
    const { status, headers } = await site.ask(`GET ${path}`);
    assertEquals([status, headers.get("location")], [301, location]);
  }
});

Deno.test("Party.handleDir() serves nothing outside of the folder", async () => {
  await using site = await Site.create({ "sub/b.txt": "b" });
  const paths = [
    "/static../secret.txt",
    "/static..%2fsecret.txt",
    "/static/../secret.txt",
    "/static/..%2fsecret.txt",
    "/static/%2e%2e/secret.txt",
    "/static/%2e%2e%2fsecret.txt",
    "/static/sub/../../secret.txt",
    "/static/sub/%2e%2e/%2e%2e/secret.txt",
    "/static/..%5csecret.txt",
    "/static/..\\secret.txt",
    "/static/%252e%252e%252fsecret.txt",
    "/static/.../secret.txt",
    "/static//secret.txt",
    "/static/%2f..%2fsecret.txt",
    `/static/${dirname(site.folder)}/secret.txt`,
    `/static/${encodeURIComponent(join(site.folder, "../secret.txt"))}`,
    "/static/a.txt%00",
    "/static/%00",
    "/static/..%00/secret.txt",
    "/static/sub%2fb.txt",
    "/static/sub%5cb.txt",
    "/static/C:%5csecret.txt",
    "/static/file:%2f%2f%2fetc%2fpasswd",
  ];
  site.router.handleDir("/static", site.folder, { dotfiles: true });
  for (const path of paths) {
    assertEquals(await site.get(path), MISSING, path);
  }
});

Deno.test({
  name: "Party.handleDir() follows links within the folder only",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using site = await Site.create({
      "sub/index.html": "sub",
      "indexed/x.txt": "x",
    });
    const { folder } = site;
    const links: Record<string, string> = {
      "in.txt": "a.txt",
      "insub": "sub",
      "out.txt": "../secret.txt",
      "up": "..",
      "beside": "../site-2",
      "broken": "nothing",
      "loop": "loop",
      "indexed/index.html": "../../secret.txt",
      "../link": "site",
    };
    await Deno.mkdir(join(folder, "../site-2"));
    await Deno.writeTextFile(join(folder, "../site-2/x.txt"), "beside");
    for (const [path, target] of Object.entries(links)) {
      await Deno.symlink(target, join(folder, path));
    }
    site.router.handleDir("/static", folder)
      .handleDir("/link", join(folder, "../link"));
    assertEquals(await site.get("/static/in.txt"), "200 0123456789");
    assertEquals(await site.get("/static/insub/"), "200 sub");
    assertEquals(await site.get("/link/a.txt"), "200 0123456789");
    for (
      const path of [
        "out.txt",
        "up/",
        "up/secret.txt",
        "up/site/a.txt/..%2f",
        "beside/x.txt",
        "broken",
        "loop",
        "indexed/",
      ]
    ) assertEquals(await site.get(`/static/${path}`), MISSING, path);
  },
});

Deno.test({
  name: "Party.handleDir() serves nothing but files",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using site = await Site.create();
    site.router.handleDir("/static", site.folder, { listing: true });
    // Reading a pipe would never end.
    const mkfifo = new Deno.Command("mkfifo", {
      args: [join(site.folder, "pipe")],
    });
    assertEquals((await mkfifo.output()).success, true);
    assertEquals(await site.get("/static/pipe"), MISSING);
  },
});

Deno.test("Party.handleDir() hides dotfiles by default", async () => {
  await using site = await Site.create({
    ".env": "env",
    ".git/config": "git",
    "sub/.x": "x",
  });
  site.router.handleDir("/static", site.folder)
    .handleDir("/dot", site.folder, { dotfiles: true })
    .handleDir("/.git", join(site.folder, ".git"));
  for (const path of [".env", "%2eenv", ".git/config", "%2Egit/config"]) {
    assertEquals(await site.get(`/static/${path}`), MISSING, path);
  }
  assertEquals(await site.get("/static/sub/%2Ex"), MISSING);
  assertEquals(await site.get("/static/.git"), MISSING);
  assertEquals(await site.get("/dot/.env"), "200 env");
  assertEquals(await site.get("/dot/%2egit/config"), "200 git");
  assertEquals(await site.get("/.git/config"), "200 git");
});

Deno.test("Party.handleDir() lists a folder with the option listing", async () => {
  await using site = await Site.create({
    "list/b&c.txt": "b",
    "list/.hidden": "h",
    "list/deep/d.txt": "d",
  });
  site.router.handleDir("/static", site.folder, {
    listing: true,
    headers: { "x-list": "yes" },
  });
  const { status, headers, body } = await site.ask("GET /static/list/");
  assertEquals(status, 200);
  assertEquals(headers.get("x-list"), "yes");
  assertMatch(headers.get("content-type") ?? "", /^text\/html/);
  assertMatch(body, /href="[^"]*b%26c\.txt"/);
  assertMatch(body, /href="[^"]*deep\/"/);
  assertEquals(body.includes("hidden"), false);
  assertEquals(await site.get("/static/"), "200 root");
  const bare = await site.ask("GET /static/list");
  assertEquals(bare.headers.get("location"), "/static/list/");
});

Deno.test("Party.handleDir() lists a folder with an index if it is told to serve none", async () => {
  await using site = await Site.create();
  site.router.handleDir("/", site.folder, { listing: true, index: false });
  const { status, body } = await site.ask("GET /");
  assertEquals(status, 200);
  assertMatch(body, /href="[^"]*index\.html"/);
});

Deno.test("Party.handleDir() answers conditions with 304, and ranges with parts", async () => {
  await using site = await Site.create();
  site.router.handleDir("/static", site.folder);
  const first = await site.ask("GET /static/a.txt");
  const etag = first.headers.get("etag")!;
  const modified = first.headers.get("last-modified")!;
  for (const method of ["GET", "HEAD"]) {
    const ask = (headers: Record<string, string>) =>
      site.ask(`${method} /static/a.txt`, headers);
    const body = (text: string) => method === "HEAD" ? "" : text;

    assertEquals((await ask({ "if-none-match": etag })).status, 304);
    assertEquals((await ask({ "if-modified-since": modified })).status, 304);
    assertEquals((await ask({ "if-none-match": '"other"' })).status, 200);

    const part = await ask({ range: "bytes=2-4" });
    assertEquals([part.status, part.body], [206, body("234")]);
    assertEquals(part.headers.get("content-range"), "bytes 2-4/10");
    assertEquals(part.headers.get("content-length"), "3");
    const last = await ask({ range: "bytes=-2" });
    assertEquals([last.status, last.body], [206, body("89")]);
    assertEquals((await ask({ range: "bytes=10-" })).status, 416);
  }
});

Deno.test("Party.handleDir() sends the whole file if the client has an older part", async () => {
  await using site = await Site.create();
  site.router.handleDir("/static", site.folder);
  const first = await site.ask("GET /static/a.txt");
  const status = async (condition: string) => {
    const headers = { range: "bytes=2-4", "if-range": condition };
    return (await site.ask("GET /static/a.txt", headers)).status;
  };
  assertEquals(await status(first.headers.get("last-modified")!), 206);
  assertEquals(await status(new Date(0).toUTCString()), 200);
  assertEquals(await status('"other"'), 200);
  // The entity tag is weak, and two files can share it.
  assertEquals(await status(first.headers.get("etag")!), 200);
});

Deno.test("Party.handleDir() answers HEAD as GET, without the body", async () => {
  await using site = await Site.create();
  site.router.handleDir("/static", site.folder);
  for (const path of ["a.txt", "", "none.txt"]) {
    const get = await site.ask(`GET /static/${path}`);
    const head = await site.ask(`HEAD /static/${path}`);
    assertEquals([head.status, head.body], [get.status, ""]);
    for (const name of ["content-type", "etag", "last-modified"]) {
      assertEquals(head.headers.get(name), get.headers.get(name));
    }
  }
  const head = await site.ask("HEAD /static/a.txt");
  assertEquals(head.headers.get("content-length"), "10");
});

Deno.test("Party.handleDir() answers other methods with 405", async () => {
  await using site = await Site.create();
  site.router.handleDir("/static", site.folder);
  for (const method of ["POST", "DELETE", "PUT"]) {
    const { status, headers } = await site.ask(`${method} /static/a.txt`);
    assertEquals([status, headers.get("allow")], [405, "GET, HEAD"]);
  }
  assertEquals((await site.ask("OPTIONS /static/a.txt")).status, 204);
});

Deno.test("Party.handleDir() adds headers to files, not to 404", async () => {
  await using site = await Site.create();
  const log: string[] = [];
  const options: DirOptions = {
    headers: { "cache-control": "max-age=60", "content-type": "x/y" },
  };
  site.router.party("/p", (ctx, next) => {
    log.push(ctx.path);
    return next();
  }).handleDir("/static", site.folder, options);
  const { headers } = await site.ask("GET /p/static/a.txt");
  assertEquals(headers.get("cache-control"), "max-age=60");
  assertEquals(headers.get("content-type"), "x/y");
  const missing = await site.ask("GET /p/static/none");
  assertEquals(missing.headers.has("cache-control"), false);
  const accept = "application/json";
  const problem = await site.ask("GET /p/static/none", { accept });
  assertEquals(
    problem.headers.get("content-type"),
    "application/problem+json",
  );
  assertEquals(log, [
    "/p/static/a.txt",
    "/p/static/none",
    "/p/static/none",
  ]);
});

Deno.test("Party.handleDir() refuses invalid folders and options", async () => {
  await using site = await Site.create();
  const { folder, router } = site;
  const missing = join(folder, "missing");
  assertThrows(
    () => router.party("/p").handleDir("/x", missing),
    TypeError,
    `Cannot serve "${missing}" under "/p/x/*": "${missing}" does not exist, and must exist when it is registered`,
  );
  const file = join(folder, "a.txt");
  assertThrows(
    () => router.handleDir("/x", file),
    TypeError,
    `Cannot serve "${file}" under "/x/*": "${file}" is a file and must be a folder`,
  );
  for (const none of ["", new URL("https://host/")]) {
    assertThrows(
      () => router.handleDir("/x", none),
      TypeError,
      `Cannot serve "${none}" under "/x/*": the folder must be a path or a file URL`,
    );
  }
  for (const index of ["", "a/b", "..\\a"]) {
    assertThrows(
      () => router.handleDir("/x", folder, { index }),
      TypeError,
      `the index "${index}" must be the name of a file, or false`,
    );
  }
  for (const path of ["x", "/x/*", "*"]) {
    assertThrows(
      () => router.handleDir(path, folder),
      TypeError,
      `Cannot serve "${folder}" under "${path}": the path must begin with "/" and have no wildcard at its end`,
    );
  }
  router.handleDir("/x", folder);
  assertThrows(
    () => router.handleDir("/x/", folder),
    TypeError,
    'Cannot register GET "/x/*": a handler is already registered',
  );
});

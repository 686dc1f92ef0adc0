/** What a router does with requests on every server of HTTP. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Application,
  clientScript,
  HttpError,
  type Router,
  serverSentEvents,
} from "../../mod.ts";
import { makeDeferred } from "../../neffos/internal.ts";
import type { Behaviour } from "./behaviours.ts";
import type { Transport } from "./stand.ts";
import { TcpPeer } from "./tcp.ts";

const encoder = new TextEncoder();

/** A server with routes, and requests to it. */
class Site implements AsyncDisposable {
  readonly port: number;
  readonly #end: () => Promise<void>;

  private constructor(port: number, end: () => Promise<void>) {
    this.port = port;
    this.#end = end;
  }

  static async start(
    transport: Transport,
    mount: (router: Router) => void,
  ): Promise<Site> {
    const stand = await transport.start({ mount });
    return new Site(stand.port, () => stand[Symbol.asyncDispose]());
  }

  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${path}`, init);
  }

  /** Sends lines of a head, and returns the whole answer. */
  async ask(lines: readonly string[], body = ""): Promise<Answer> {
    using peer = await TcpPeer.open(this.port);
    peer.write(`${lines.join("\r\n")}\r\nConnection: close\r\n\r\n${body}`);
    return parseAnswer(await peer.rest());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#end();
  }
}

interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

function parseAnswer(text: string): Answer {
  const at = text.indexOf("\r\n\r\n");
  return {
    status: Number(text.slice(9, 12)),
    head: text.slice(0, at),
    body: text.slice(at + 4),
  };
}

function readField({ head }: Answer, name: string): string | undefined {
  return new RegExp(`^${name}: (.*)$`, "im").exec(head)?.[1];
}

/** Reads the next chunk of a body as text. */
async function readText(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<string | undefined> {
  const { value } = await reader.read();
  return value && new TextDecoder().decode(value);
}

/** A stream that a test writes, and that tells of its cancellation. */
function makeStream() {
  const cancelled = makeDeferred<void>();
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const stream = new ReadableStream<Uint8Array>({
    start: (it) => void (controller = it),
    cancel: () => cancelled.resolve(),
  });
  return {
    stream,
    cancelled: cancelled.promise,
    write: (text: string) => controller.enqueue(encoder.encode(text)),
    close: () => controller.close(),
    fail: () => controller.error(new Error("the stream has failed")),
  };
}

class UsersController {
  getBy(id: string) {
    return { id };
  }
}

/** The behaviours of HTTP. */
export const REQUESTS: readonly Behaviour[] = [
  {
    name: "text, JSON and an empty body have their length",
    needs: ["network"],
    async run(transport) {
      await using site = await Site.start(transport, (router) => {
        router.get("/text", (ctx) => ctx.text("hä"));
        router.get("/json", (ctx) => ctx.json({ a: [1] }));
        router.get("/none", () => new Response(null));
        router.get("/204", () => new Response(null, { status: 204 }));
        router.get("/304", () => new Response(null, { status: 304 }));
      });
      const ask = (path: string) =>
        site.ask([`GET ${path} HTTP/1.1`, "Host: x"]);
      const text = await ask("/text");
      assertEquals([text.status, text.body], [200, "hä"]);
      assertEquals(readField(text, "content-length"), "3");
      assertEquals((await ask("/json")).body, '{"a":[1]}');
      assertEquals(readField(await ask("/none"), "content-length"), "0");
      for (const path of ["/204", "/304"]) {
        const answer = await ask(path);
        assertEquals([answer.status, answer.body], [Number(path.slice(1)), ""]);
      }
    },
  },
  {
    name: "HEAD is answered without a body, on a connection that goes on",
    needs: ["network"],
    async run(transport) {
      await using site = await Site.start(transport, (router) => {
        router.get("/", (ctx) => ctx.text("hello"));
        router.get("/stream", () => new Response(makeStream().stream));
      });
      using peer = await TcpPeer.open(site.port);
      for (const path of ["/", "/stream", "/nowhere"]) {
        peer.write(`HEAD ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
        const head = await peer.head();
        assertEquals(head.slice(9, 12), path === "/nowhere" ? "404" : "200");
      }
      peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
      assert((await peer.until("hello")).endsWith("\r\n\r\nhello"));
    },
  },
  {
    name: "bodies are read, and controllers answer",
    needs: ["network"],
    async run(transport) {
      await using site = await Site.start(transport, (router) => {
        new Application(router.party("/users")).handle(UsersController);
        router.post(
          "/users",
          async (ctx) => ctx.json(await ctx.readBody(), { status: 201 }),
        );
        router.put("/users", async (ctx) => {
          const { a, file } = await ctx.readBody() as { a: string; file: File };
          return ctx.text(`${a} ${file.size}`);
        });
      });
      assertEquals(await (await site.fetch("/users/7")).json(), { id: "7" });
      const made = await site.fetch("/users", {
        method: "POST",
        body: JSON.stringify({ name: "ann" }),
        headers: { "content-type": "application/json" },
      });
      assertEquals([made.status, await made.json()], [201, { name: "ann" }]);
      const form = new FormData();
      form.set("a", "1");
      form.set("file", new Blob(["x".repeat(100_000)]), "x.txt");
      const uploaded = await site.fetch("/users", {
        method: "POST",
        body: new URLSearchParams({ a: "b c" }),
      });
      assertEquals(await uploaded.json(), { a: "b c" });
      const multipart = await site.fetch("/users", {
        method: "PUT",
        body: form,
      });
      assertEquals(await multipart.text(), "1 100000");
    },
  },
  {
    name: "errors are answered, and the server goes on",
    needs: ["network"],
    async run(transport) {
      const faults: unknown[] = [];
      await using site = await Site.start(transport, (router) => {
        router.use(async (_ctx, next) => {
          try {
            return await next();
          } catch (error) {
            faults.push(error);
            throw new HttpError(503, "later");
          }
        });
        router.get("/throw", () => {
          throw new Error("a fault");
        });
        router.get("/hello", (ctx) => ctx.text("hello"));
      });
      const answer = await site.fetch("/throw");
      assertEquals([answer.status, await answer.text()], [503, "later"]);
      assertEquals(faults.length, 1);
      assertEquals(await (await site.fetch("/hello")).text(), "hello");
    },
  },
  {
    name: "targets and hosts are those that were sent",
    needs: ["network"],
    async run(transport) {
      await using site = await Site.start(transport, (router) => {
        router.get("/echo/*", (ctx) => ctx.text(`${ctx.path} ${ctx.url.host}`));
        router.get("/admin", (ctx) => ctx.text("admin"));
        router.get("/users/:name", (ctx) => ctx.text(ctx.params.name));
      });
      const ask = async (target: string, host = "example.com") => {
        const { status, body } = await site.ask([
          `GET ${target} HTTP/1.1`,
          `Host: ${host}`,
        ]);
        return `${status} ${body}`;
      };
      assertEquals(await ask("/echo/a%20b?q"), "200 /echo/a%20b example.com");
      assertEquals(await ask("/echo/../admin"), "200 admin");
      assertEquals(await ask("/users/a%2fb"), "200 a/b");
      assertEquals(await ask("//admin"), "404 Not Found");
      assertEquals((await ask("/echo/x", "a/admin?")).slice(0, 3), "400");
    },
  },
  {
    name: "a target that is a whole URL has its own host",
    needs: ["network", "whole targets"],
    async run(transport) {
      await using site = await Site.start(transport, (router) => {
        router.get("/echo/*", (ctx) => ctx.text(`${ctx.path} ${ctx.url.host}`));
      });
      const { body } = await site.ask([
        "GET http://other.example/echo/x HTTP/1.1",
        "Host: example.com",
      ]);
      assertEquals(body, "/echo/x other.example");
    },
  },
  {
    name: "each cookie has a header of its own",
    needs: ["network"],
    async run(transport) {
      await using site = await Site.start(transport, (router) => {
        router.get("/", (ctx) => {
          ctx.cookies.set("a", "1");
          ctx.cookies.set("b", "2");
          return ctx.text("");
        });
      });
      const response = await site.fetch("/");
      assertEquals(await response.text(), "");
      assertEquals(response.headers.getSetCookie().length, 2);
    },
  },
  {
    name: "what a stream has is sent at once",
    needs: ["network", "early head"],
    async run(transport) {
      const made = makeStream();
      await using site = await Site.start(transport, (router) => {
        router.get("/", () => new Response(made.stream));
      });
      // The head comes before anything of the body.
      const response = await site.fetch("/");
      const reader = response.body!.getReader();
      made.write("one");
      assertEquals(await readText(reader), "one");
      made.write("two");
      assertEquals(await readText(reader), "two");
      made.close();
      assertEquals(await readText(reader), undefined);
    },
  },
  {
    name: "a stream goes both ways at once",
    needs: ["network"],
    async run(transport) {
      await using site = await Site.start(transport, (router) => {
        router.post("/", (ctx) => new Response(ctx.request.body));
      });
      using peer = await TcpPeer.open(site.port);
      peer.write(
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
      );
      peer.write("3\r\none\r\n");
      await peer.until("one");
      peer.write("3\r\ntwo\r\n");
      await peer.until("two");
      peer.write("0\r\n\r\n");
      await peer.until("0\r\n\r\n");
    },
  },
  {
    name: "a large body is sent and taken as fast as the other side reads",
    needs: ["network"],
    async run(transport) {
      const size = 8 * 1024 * 1024;
      let made = 0;
      const { promise: waiting, resolve: wait } = makeDeferred<void>();
      await using site = await Site.start(transport, (router) => {
        router.get("/", () =>
          new Response(
            new ReadableStream({
              pull(controller) {
                made += 64 * 1024;
                controller.enqueue(new Uint8Array(64 * 1024));
                if (made === 1024 * 1024) wait();
                if (made === size * 4) controller.close();
              },
            }, { highWaterMark: 0 }),
          ));
        router.post("/", async (ctx) => {
          let count = 0;
          for await (const { length } of ctx.request.body!) count += length;
          return ctx.json(count);
        });
      });
      using peer = await TcpPeer.open(site.port);
      peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
      peer.pause();
      await waiting;
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert(made < size * 4, "all of it was made though nothing was read");
      const response = await site.fetch("/", {
        method: "POST",
        body: new Uint8Array(size),
      });
      assertEquals(await response.json(), size);
    },
  },
  {
    name: "a client that leaves aborts the signal, and cancels the stream",
    needs: ["network"],
    async run(transport) {
      const made = makeStream();
      const { promise: aborted, resolve: abort } = makeDeferred<
        void
      >();
      const { promise: begun, resolve: begin } = makeDeferred<void>();
      const { promise: sent, resolve: end } = makeDeferred<void>();
      await using site = await Site.start(transport, (router) => {
        router.get("/wait", async (ctx) => {
          ctx.signal.addEventListener("abort", () => abort());
          begin();
          await aborted;
          return ctx.text("too late");
        });
        router.get("/stream", (ctx) => {
          ctx.onSent(() => end());
          return new Response(made.stream);
        });
      });
      using waiting = await TcpPeer.open(site.port);
      waiting.write("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
      await begun;
      waiting[Symbol.dispose]();
      await aborted;
      using reading = await TcpPeer.open(site.port);
      reading.write("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
      made.write("one");
      await reading.until("one");
      reading[Symbol.dispose]();
      await made.cancelled;
      await sent;
    },
  },
  {
    name: "a stream that fails does not end as if it were whole",
    needs: ["network"],
    async run(transport) {
      const made = makeStream();
      await using site = await Site.start(transport, (router) => {
        router.get("/", () => new Response(made.stream));
      });
      using peer = await TcpPeer.open(site.port);
      peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
      made.write("one");
      const text = await peer.until("one");
      made.fail();
      const rest = text + await peer.rest();
      assert(!rest.endsWith("0\r\n\r\n"), rest);
    },
  },
  {
    name: "callbacks of onSent run after each answer",
    needs: ["network"],
    async run(transport) {
      let count = 0;
      let wake = () => {};
      await using site = await Site.start(transport, (router) => {
        router.use((ctx, next) => {
          ctx.onSent(() => {
            count++;
            wake();
          });
          return next();
        });
        router.get("/", (ctx) => ctx.text("hello"));
      });
      for (const init of [{}, { method: "HEAD" }]) {
        const before = count;
        await (await site.fetch("/", init)).text();
        while (count === before) {
          await new Promise<void>((resolve) => wake = resolve);
        }
      }
      assertEquals(count, 2);
    },
  },
  {
    name: "a body that nobody reads does not hold up the next request",
    needs: ["network", "skip"],
    async run(transport) {
      await using site = await Site.start(transport, (router) => {
        router.post("/unread", (ctx) => ctx.text("unread"));
        router.post("/first", async (ctx) => {
          const reader = ctx.request.body!.getReader();
          await reader.read();
          return ctx.text("first");
        });
        router.get("/", (ctx) => ctx.text("hello"));
      });
      for (const path of ["/unread", "/first"]) {
        using peer = await TcpPeer.open(site.port);
        const body = "x".repeat(300_000);
        peer.write(
          `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        );
        await peer.until(path.slice(1));
        peer.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        // A server may end the connection instead.
        const rest = await peer.until("hello");
        assert(rest === "" || rest.endsWith("hello"), rest);
      }
      assertEquals(await (await site.fetch("/")).text(), "hello");
    },
  },
  {
    name: "a body that is too large is refused",
    needs: ["network"],
    async run(transport) {
      await using site = await Site.start(transport, (router) => {
        router.post("/", async (ctx) => ctx.json(await ctx.readBody()));
      });
      using peer = await TcpPeer.open(site.port);
      peer.write(
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n",
      );
      assert((await peer.head()).startsWith("HTTP/1.1 413"));
    },
  },
  {
    name: "trailers are passed over",
    needs: ["network", "trailers"],
    async run(transport) {
      await using site = await Site.start(transport, (router) => {
        router.post("/", async (ctx) => {
          const text = await ctx.request.text();
          return new Response(text, { headers: { trailer: "x-sum" } });
        });
      });
      const { status, body } = await site.ask([
        "POST / HTTP/1.1",
        "Host: x",
        "Transfer-Encoding: chunked",
        "Trailer: x-sum",
      ], "2\r\nab\r\n1\r\nc\r\n0\r\nx-sum: 1\r\n\r\n");
      assertEquals([status, body], [200, "abc"]);
    },
  },
  {
    name: "100 Continue is sent once the body is read, and not before",
    needs: ["network", "continue"],
    async run(transport) {
      await using site = await Site.start(transport, (router) => {
        router.post("/read", async (ctx) => ctx.text(await ctx.request.text()));
        router.post("/refuse", () => new Response("no", { status: 403 }));
      });
      const head = (path: string) =>
        `POST ${path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n`;
      using peer = await TcpPeer.open(site.port);
      peer.write(head("/read"));
      assert((await peer.head()).startsWith("HTTP/1.1 100"));
      peer.write("hello");
      assert((await peer.until("\r\n\r\nhello")).startsWith("HTTP/1.1 200"));
      using other = await TcpPeer.open(site.port);
      other.write(head("/refuse"));
      assert((await other.head()).startsWith("HTTP/1.1 403"));
    },
    async otherwise(transport) {
      await using site = await Site.start(transport, (router) => {
        router.post("/read", async (ctx) => ctx.text(await ctx.request.text()));
      });
      using peer = await TcpPeer.open(site.port);
      peer.write(
        "POST /read HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
      );
      assert((await peer.head()).startsWith("HTTP/1.1 100"));
      peer.write("hello");
      await peer.until("\r\n\r\nhello");
    },
  },
  {
    name: "events are sent as they come",
    needs: ["network"],
    async run(transport) {
      const { promise: passed, resolve: open } = makeDeferred<void>();
      await using site = await Site.start(transport, (router) => {
        router.get("/", () =>
          serverSentEvents(
            async function* () {
              yield { data: "one" };
              await passed;
              yield { data: "two" };
            }(),
          ));
      });
      const response = await site.fetch("/");
      assertEquals(response.headers.get("content-type"), "text/event-stream");
      const reader = response.body!.getReader();
      assert((await readText(reader))!.includes("data:one"));
      open();
      assert((await readText(reader))!.includes("data:two"));
      await reader.cancel();
    },
  },
  {
    name: "the address of the client is known",
    needs: ["network"],
    async run(transport) {
      await using site = await Site.start(transport, (router) => {
        router.get("/", (ctx) => ctx.text(`${ctx.remoteIp}`));
      });
      assertEquals(await (await site.fetch("/")).text(), "127.0.0.1");
    },
  },
  {
    name: "other upgrades than websockets are served as requests",
    needs: ["network"],
    async run(transport) {
      await using site = await Site.start(transport, (router) => {
        router.get("/", (ctx) => ctx.text("hello"));
      });
      using peer = await TcpPeer.open(site.port);
      peer.write(
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
      );
      assert((await peer.until("hello")).startsWith("HTTP/1.1 200"));
    },
  },
  {
    name: "handleDir serves files, in parts too, and lists folders",
    needs: ["network"],
    async run(transport) {
      const folder = await mkdtemp(join(tmpdir(), "neffos-"));
      const text = "0123456789".repeat(100_000);
      await writeFile(join(folder, "a.txt"), text);
      try {
        await using site = await Site.start(transport, (router) => {
          router.handleDir("/files", folder, { listing: true });
        });
        const whole = await site.fetch("/files/a.txt");
        assertEquals(await whole.text(), text);
        const { headers } = whole;
        assertEquals(headers.get("content-type"), "text/plain; charset=UTF-8");
        const ask = async (path: string, headers: HeadersInit = {}) => {
          const response = await site.fetch(`/files/${path}`, { headers });
          return `${response.status} ${await response.text()}`;
        };
        const etag = headers.get("etag")!;
        assertEquals(await ask("a.txt", { range: "bytes=7-11" }), "206 78901");
        assertEquals(await ask("a.txt", { range: "bytes=1000000-" }), "416 ");
        assertEquals(await ask("a.txt", { "if-none-match": etag }), "304 ");
        assertEquals((await ask("b.txt")).slice(0, 3), "404");
        assertMatch(await ask(""), /^200 [^]*<a href="\.\/a\.txt">/);
        const init = { method: "HEAD" };
        const head = await site.fetch("/files/a.txt", init);
        assertEquals([head.status, head.headers.get("etag")], [200, etag]);
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  },
  {
    name: "clientScript serves the client to pages",
    needs: ["network"],
    async run(transport) {
      await using site = await Site.start(transport, (router) => {
        router.get("/neffos.js", clientScript());
      });
      for (const encoding of ["br", "gzip", "identity"]) {
        const headers = { "accept-encoding": encoding };
        const response = await site.fetch("/neffos.js", { headers });
        assertEquals(response.status, 200, encoding);
        assertMatch(response.headers.get("etag")!, /^"[\w-]{43}"$/);
        assertMatch(await response.text(), /\bdial\b/);
      }
    },
  },
];

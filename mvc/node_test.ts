import { assert, assertEquals, assertRejects } from "@std/assert";
import { createServer } from "node:http";
import { makeDeferred } from "../neffos/internal.ts";
import { type NodeServer, serveNode } from "./node.ts";
import { Router } from "./router/router.ts";

const LOCAL = { port: 0, hostname: "127.0.0.1" };

/** Sends text, and reads the whole answer. */
async function send({ addr }: NodeServer, text: string): Promise<string> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: addr.port });
  await conn.write(new TextEncoder().encode(text));
  return await new Response(conn.readable).text();
}

Deno.test("serveNode() serves a router, and a function", async () => {
  const router = new Router();
  router.get("/", (ctx) => ctx.text("hello"));
  for (const handler of [router, router.handler]) {
    await using server = await serveNode(handler, LOCAL);
    const { port } = server.addr;
    const response = await fetch(`http://127.0.0.1:${port}/`);
    assertEquals(await response.text(), "hello");
  }
});

Deno.test("serveNode() tells where it listens, and takes a server", async () => {
  const own = createServer();
  const heard: Deno.NetAddr[] = [];
  const server = await serveNode(new Router(), {
    ...LOCAL,
    server: own,
    onListen: (addr) => void heard.push(addr),
  });
  assertEquals(heard, [server.addr]);
  assertEquals(server.addr.hostname, "127.0.0.1");
  assertEquals(own.listening, true);
  await server.shutdown();
  await server.finished;
  assertEquals(own.listening, false);
});

Deno.test("serveNode() rejects where it cannot listen, or has no handler", async () => {
  await using server = await serveNode(new Router(), LOCAL);
  const { port } = server.addr;
  const error = await assertRejects(
    () => serveNode(new Router(), { ...LOCAL, port }),
    Error,
  );
  assertEquals((error as Error & { code?: string }).code, "EADDRINUSE");
  await assertRejects(
    () => serveNode({} as Router, LOCAL),
    TypeError,
    "it must be a Router or a function",
  );
});

Deno.test("serveNode() ends with its signal, whatever is under way", async () => {
  const aborter = new AbortController();
  const begun = makeDeferred<void>();
  const aborted = makeDeferred<void>();
  const server = await serveNode(async ({ signal }) => {
    signal.addEventListener("abort", () => aborted.resolve());
    begun.resolve();
    await aborted.promise;
    return new Response();
  }, { ...LOCAL, signal: aborter.signal });
  const asking = send(server, "GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    .catch(() => "");
  await begun.promise;
  aborter.abort();
  await aborted.promise;
  assertEquals(await asking, "");
  await server.finished;
});

Deno.test("serveNode() answers 500 where a handler throws or returns no response", async () => {
  const printed: unknown[] = [];
  const { error } = console;
  console.error = (...args: unknown[]) => void printed.push(...args);
  try {
    await using server = await serveNode(({ url }) => {
      if (url.endsWith("/throw")) throw new Error("a fault");
      const response = new Response("used");
      void response.text();
      return url.endsWith("/used")
        ? response
        : undefined as unknown as Response;
    }, LOCAL);
    for (const path of ["/throw", "/used", "/none"]) {
      const answer = await send(
        server,
        `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
      );
      assert(answer.startsWith("HTTP/1.1 500 "), answer);
      // The request asks for an upgrade, and is refused in the same way.
      const refusal = await send(
        server,
        `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`,
      );
      assert(refusal.startsWith("HTTP/1.1 500 "), refusal);
    }
    assertEquals(printed.length, 6);
  } finally {
    console.error = error;
  }
});

Deno.test("serveNode() gives requests of HTTP/1.0 a host, and odd ones a URL", async () => {
  await using server = await serveNode(
    ({ url, method }) => new Response(`${method} ${url}`),
    LOCAL,
  );
  const ask = async (head: string) => {
    const text = await send(server, `${head}\r\nconnection: close\r\n\r\n`);
    return text.split("\r\n\r\n")[1];
  };
  const { port } = server.addr;
  const base = `http://127.0.0.1:${port}`;
  assertEquals(await ask("GET /a HTTP/1.0"), `GET ${base}/a`);
  for (
    const [line, host, wanted] of [
      ["GET /a/../b?c", "x", "GET http://x/a/../b?c"],
      ["OPTIONS *", "x", "OPTIONS http://x/*"],
      ["GET http://y/a", "x", "GET http://y/a"],
      ["GET /a", "x/y?", "GET http://x/y?/a"],
      ["GET /a", "user:password@x", "GET http://user:password@x/a"],
      ["GET /a", "[", "GET http://[/a"],
      ["TRACE /a", "x", "TRACE http://x/a"],
    ]
  ) {
    assertEquals(await ask(`${line} HTTP/1.1\r\nhost: ${host}`), wanted);
  }
});

Deno.test("serveNode() goes on after clients that reset during an upgrade", async () => {
  const begun = makeDeferred<void>();
  const left = makeDeferred<void>();
  await using server = await serveNode(async ({ headers }) => {
    if (!headers.has("upgrade")) return new Response("hello");
    begun.resolve();
    await left.promise;
    return new Response("x".repeat(1_000_000), { status: 403 });
  }, LOCAL);
  const { port } = server.addr;
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const head =
    "GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
  await conn.write(new TextEncoder().encode(head));
  await begun.promise;
  conn.close();
  left.resolve();
  const response = await fetch(`http://127.0.0.1:${port}/`);
  assertEquals(await response.text(), "hello");
});

Deno.test("serveNode() drops requests that no Request can have", async () => {
  const printed: unknown[] = [];
  const { error } = console;
  console.error = (...args: unknown[]) => void printed.push(...args);
  try {
    const own = createServer();
    await using _server = await serveNode(new Router(), {
      ...LOCAL,
      server: own,
    });
    // A lenient parser may let these through.
    const incoming = {
      method: "GET",
      url: "/",
      headers: {},
      rawHeaders: ["a b", "c"],
      socket: {},
    };
    for (const event of ["request", "checkContinue", "upgrade"]) {
      const dropped = makeDeferred<void>();
      const side = { on() {}, once() {}, destroy: () => dropped.resolve() };
      own.emit(event, incoming, side, new Uint8Array());
      await dropped.promise;
    }
    assertEquals(printed.length, 2);
  } finally {
    console.error = error;
  }
});

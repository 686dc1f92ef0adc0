import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { clientScript, type ClientScriptOptions } from "./client_script.ts";
import { CLIENT_BUNDLE } from "./http/client_bundle.ts";
import { Router } from "./router/router.ts";
import * as client from "../neffos/client.ts";
import { MemoryServer } from "../neffos/harness/mod.ts";

const INFO: Deno.ServeHandlerInfo = {
  remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 4711 },
  completed: Promise.resolve(),
};

/** Makes a function that asks a router for the client. */
function serve(options?: ClientScriptOptions) {
  const router = new Router();
  router.get("/neffos.js", clientScript(options));
  return async (headers: HeadersInit = {}, method = "GET") =>
    await router.handler(
      new Request("http://host/neffos.js", { method, headers }),
      INFO,
    );
}

async function expand(response: Response): Promise<string> {
  const encoding = response.headers.get("content-encoding");
  if (encoding === null) return await response.text();
  const format = encoding === "br" ? "brotli" : "gzip";
  const stream = response.body!.pipeThrough(new DecompressionStream(format));
  return await new Response(stream).text();
}

Deno.test("clientScript() serves the client as a module, with a strong tag", async () => {
  const response = await serve()();
  assertEquals(response.status, 200);
  assertEquals(await response.text(), CLIENT_BUNDLE);
  const { etag, ...headers } = Object.fromEntries(response.headers);
  assertEquals(headers, {
    "cache-control": "no-cache",
    "content-type": "text/javascript; charset=utf-8",
    vary: "accept-encoding",
  });
  assertMatch(etag!, /^"[\w-]{43}"$/);
});

Deno.test("clientScript() serves it compressed to those that accept it, each form under its own tag", async () => {
  const ask = serve();
  const tags = new Map<string | null, string>();
  for (
    const [accepted, encoding] of [
      ["", null],
      ["identity", null],
      ["deflate, zstd", null],
      ["gzip;q=0", null],
      ["gzip; q=0.0, br;q=0, *", null],
      ["*;q=0", null],
      ["gzip", "gzip"],
      ["GZIP;q=0.5", "gzip"],
      ["gzip, br;q=0.9", "gzip"],
      ["br;q=0, *;q=0.1", "gzip"],
      ["br", "br"],
      ["gzip, deflate, br, zstd", "br"],
      ["*", "br"],
    ] as const
  ) {
    const response = await ask({ "accept-encoding": accepted });
    const { headers } = response;
    assertEquals(headers.get("content-encoding"), encoding, accepted);
    assertEquals(headers.get("vary"), "accept-encoding");
    const tag = headers.get("etag")!;
    assertEquals(tags.get(encoding) ?? tag, tag);
    tags.set(encoding, tag);
    assertEquals(await expand(response), CLIENT_BUNDLE);
  }
  assertEquals(new Set(tags.values()).size, 3);
});

Deno.test("clientScript() answers 304 to the tag of the same form", async () => {
  const ask = serve();
  const plain = (await ask()).headers.get("etag")!;
  const zipped = { "accept-encoding": "gzip" };
  const gzip = (await ask(zipped)).headers.get("etag")!;
  for (const tags of [plain, `W/${plain}`, `"x", ${plain}`, "*"]) {
    const response = await ask({ "if-none-match": tags });
    assertEquals(response.status, 304, tags);
    assertEquals(response.body, null);
    assertEquals(Object.fromEntries(response.headers), {
      "cache-control": "no-cache",
      etag: plain,
      vary: "accept-encoding",
    });
  }
  for (const tags of [gzip, '"x"', plain.slice(1, -1)]) {
    const response = await ask({ "if-none-match": tags });
    assertEquals(response.status, 200, tags);
    await response.body?.cancel();
  }
  assertEquals((await ask({ ...zipped, "if-none-match": gzip })).status, 304);
});

Deno.test("clientScript() answers HEAD as GET, without the body", async () => {
  const ask = serve();
  for (const headers of [undefined, { "accept-encoding": "gzip" }]) {
    const [get, head] = [await ask(headers), await ask(headers, "HEAD")];
    assertEquals(head.status, 200);
    assertEquals(await head.text(), "");
    assertEquals([...head.headers], [...get.headers]);
    await get.body?.cancel();
  }
});

Deno.test("clientScript() takes another cache-control, and only a value of a header", async () => {
  const cacheControl = "public, max-age=31536000, immutable";
  const response = await serve({ cacheControl })();
  assertEquals(response.headers.get("cache-control"), cacheControl);
  await response.body?.cancel();
  assertThrows(() => clientScript({ cacheControl: "no\ncache" }), TypeError);
  for (const cacheControl of [3600, null, "", {}]) {
    assertThrows(
      () => clientScript({ cacheControl } as ClientScriptOptions),
      TypeError,
      'as the "cacheControl" of a client script: it must be a string such as "no-cache"',
    );
  }
  for (const options of [null, "no-cache"]) {
    assertThrows(
      () => clientScript(options as unknown as ClientScriptOptions),
      TypeError,
      "as the options of a client script: they must be an object such as { cacheControl }",
    );
  }
});

Deno.test("clientScript() is one handler for any path, and goes through middleware", async () => {
  const router = new Router();
  const script = clientScript();
  const party = router.party("/static", async (_ctx, next) => {
    const response = await next();
    response.headers.set("access-control-allow-origin", "*");
    return response;
  });
  party.get("/:version/neffos.js", script);
  router.get("/neffos.js", script);
  const ask = async (path: string, tag: string) =>
    await router.handler(
      new Request(`http://host${path}`, { headers: { "if-none-match": tag } }),
      INFO,
    );
  const first = await ask("/static/7/neffos.js", '"none"');
  assertEquals(first.headers.get("access-control-allow-origin"), "*");
  assertEquals(await first.text(), CLIENT_BUNDLE);
  const second = await ask("/neffos.js", first.headers.get("etag")!);
  assertEquals(second.status, 304);
  assertEquals(second.headers.get("access-control-allow-origin"), null);
});

Deno.test("The bundle exports what client.ts exports, and talks to a server", async () => {
  const bundled: typeof client = await import(
    `data:text/javascript;base64,${
      new TextEncoder().encode(CLIENT_BUNDLE).toBase64()
    }`
  );
  assertEquals(Object.keys(bundled).sort(), Object.keys(client).sort());
  await using memory = new MemoryServer({
    chat: {
      onEcho: (_nsConn, msg) => msg.body,
      onRefuse() {
        throw new client.EventError("no");
      },
    },
  });
  await using talker = await bundled.dial("memory", { chat: {} }, {
    transport: () => memory.connect(),
  });
  const chat = await talker.connect("chat");
  assertEquals((await chat.ask("onEcho", { a: [1] })).json(), { a: [1] });
  await assertRejects(() => chat.ask("onRefuse"), bundled.EventError, "no");
  const room = await chat.joinRoom("lobby");
  assertEquals(room.isJoined, true);
});

import { assert, assertEquals, assertRejects } from "@std/assert";
import { dial, type Events, joinConnHandlers } from "../client.ts";
import { MemoryServer } from "../harness/mod.ts";
import {
  BadNamespaceError,
  ConnectionClosedError,
} from "../protocol/errors.ts";
import { Server } from "../server/server.ts";
import { denoUpgrader } from "../transport/upgrader.ts";

function serve(server: Server): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (request, info) => server.upgrade(request, info),
  );
}

Deno.test("dial() sends headers and subprotocols", async () => {
  const server = new Server(denoUpgrader(), { "": { onHi() {} } }, {
    protocols: ["neffos", "second"],
  });
  const listener = serve(server);
  const { port } = listener.addr;
  await using client = await dial(`127.0.0.1:${port}/?a=b`, { onHi() {} }, {
    headers: { authorization: "Bearer x" },
    protocols: ["other", "neffos"],
  });
  const [conn] = server.connections;
  const { headers, url, remoteAddr } = conn!.request;
  assertEquals(headers.get("authorization"), "Bearer x");
  assertEquals(url.search, "?a=b");
  assertEquals((remoteAddr as Deno.NetAddr).hostname, "127.0.0.1");
  assert(!client.isClosed);
  await client.close();
  // The first one offered that the server speaks, or none.
  for (
    const [offered, chosen] of [
      [["neffos"], "neffos"],
      [["other", "neffos"], "neffos"],
      [["second", "neffos"], "second"],
    ] as const
  ) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, [...offered]);
    await new Promise((resolve) => socket.onopen = resolve);
    assertEquals(socket.protocol, chosen);
    const closed = new Promise((resolve) => socket.onclose = resolve);
    socket.close();
    await closed;
  }
  await server.close();
  await listener.shutdown();
});

Deno.test("dial() sends headers as URL parameters where the platform cannot set them", async () => {
  const server = new Server(denoUpgrader(), { "": { onHi() {} } }, {
    parameterHeaders: ["Authorization", "X-Mine", "User-Agent"],
  });
  const listener = serve(server);
  // The WebSocket constructor of a page takes no headers.
  class PageWebSocket extends WebSocket {
    constructor(url: string, protocols?: string | string[]) {
      super(url, protocols);
    }
  }
  const client = await dial(
    `http://127.0.0.1:${listener.addr.port}/`,
    { onHi() {} },
    {
      WebSocket: PageWebSocket,
      headers: {
        authorization: "Bearer x",
        "x-mine": "ü;=&",
        origin: "https://evil.example",
        "x-forwarded-for": "1.2.3.4",
        "user-agent": "forged",
      },
    },
  );
  const { headers } = server.connections[0]!.request;
  assertEquals(headers.get("authorization"), "Bearer x");
  assertEquals(headers.get("x-mine"), "ü;=&");
  assertEquals(headers.get("origin"), null);
  assertEquals(headers.get("x-forwarded-for"), null);
  // A header that the request has already is kept.
  assert(headers.get("user-agent") !== "forged");
  await client.close();
  await server.close();
  await listener.shutdown();
});

Deno.test("Client.waitServerConnect() waits for the server", async () => {
  await using memory = new MemoryServer({ chat: {} });
  const client = await memory.dial({ chat: {}, never: {} });
  const [conn] = memory.server.connections;
  const waiting = [
    client.waitServerConnect("chat"),
    client.waitServerConnect("chat"),
  ];
  await conn!.connect("chat");
  const [first, second] = await Promise.all(waiting);
  assertEquals(first, second);
  assertEquals(await client.waitServerConnect("chat"), first);
  await assertRejects(
    () => client.waitServerConnect("never", { timeout: 5 }),
    BadNamespaceError,
    "the other side did not connect it within 5 ms",
  );
  const abort = AbortSignal.abort(new Error("enough"));
  await assertRejects(
    () => client.waitServerConnect("never", { signal: abort }),
    Error,
    "enough",
  );
  const lost = client.waitServerConnect("never");
  await client.close();
  await assertRejects(() => lost, ConnectionClosedError);
  await assertRejects(
    () => client.waitServerConnect("chat"),
    ConnectionClosedError,
  );
});

Deno.test("DialOptions.onClose is called once, also when it throws", async () => {
  const log: string[] = [];
  await using memory = new MemoryServer({ chat: {} });
  const client = await memory.dial({ chat: {} }, {
    onClose({ code }) {
      log.push(`closed ${code}`);
      throw new Error("onClose fails");
    },
  });
  await memory.server.close();
  assertEquals((await client.closed).code, 1001);
  await client.close();
  assertEquals(log, ["closed 1001"]);
  assertEquals(memory.errors.map((error) => (error as Error).message), [
    "onClose fails",
  ]);
});

Deno.test("A handler that is added after dial() is reported, once", async () => {
  const handlers: Record<string, Events> = {
    chat: { onSay() {} },
    admin: { onSay() {} },
  };
  await using memory = new MemoryServer({
    chat: {
      onSay: (nsConn, msg) => nsConn.ask(msg.text()).then(() => {}, () => {}),
    },
  });
  const client = await memory.dial(joinConnHandlers(handlers));
  const chat = await client.connect("chat");
  handlers.chat!.onLate = () => {};
  for (const event of ["onLate", "onLate", "toString", "onNone", "onSay"]) {
    await chat.ask("onSay", event);
  }
  assertEquals(memory.errors.map(String), [
    'TypeError: Cannot handle event "onLate" of namespace "chat": its handler was added after dial()',
  ]);
  await client.close();
});

Deno.test("A handler that is added after new Server() is warned of", async () => {
  const warnings: unknown[] = [];
  const { warn } = console;
  console.warn = (text) => warnings.push(text);
  const handlers: Record<string, Events> = { chat: {} };
  await using memory = new MemoryServer(handlers, { onUnhandled: undefined });
  await using client = await memory.dial({ chat: {} });
  const chat = await client.connect("chat");
  handlers.chat!.onLate = () => {};
  await chat.ask("onLate").catch(() => {});
  console.warn = warn;
  assertEquals(warnings, [
    'Cannot handle event "onLate" of namespace "chat": nothing handles it; its handler was added after the server was made, which reads the handlers once',
  ]);
});

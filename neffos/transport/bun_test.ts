import { assert, assertEquals, assertThrows } from "@std/assert";
import { handshake } from "../harness/mod.ts";
import type { ConnHandler } from "../controller/events.ts";
import type { ServerOptions } from "../server/options.ts";
import { Server } from "../server/server.ts";
import {
  type BunSocketData,
  bunUpgrader,
  type BunUpgraderOptions,
  type BunWebSocket,
} from "./bun.ts";

/** A server of Bun that opens each websocket at once, unless it refuses. */
class FakeBun {
  readonly upgrader;
  readonly server: Server;
  readonly log: string[] = [];
  ws: BunWebSocket | undefined;
  headers = new Headers();
  refuses = false;
  buffered = 0;
  #wake = () => {};

  constructor(
    handler: ConnHandler = { chat: {} },
    options: ServerOptions & BunUpgraderOptions = {},
  ) {
    this.upgrader = bunUpgrader(options);
    this.server = new Server(this.upgrader, handler, {
      idGenerator: () => "id",
      ...options,
    });
  }

  upgrade(
    _request: Request,
    { data, headers }: { data: BunSocketData; headers: Headers },
  ): boolean {
    this.headers = headers;
    if (this.refuses) return false;
    const { log } = this;
    this.ws = {
      data,
      send: (data, isCompressed) => {
        log.push(`send ${data}${isCompressed ? " compressed" : ""}`);
        this.#wake();
        return 1;
      },
      close: (code, reason) => log.push(`close ${code} ${reason}`),
      terminate: () => log.push("terminate"),
      getBufferedAmount: () => this.buffered,
    };
    queueMicrotask(() => this.upgrader.websocket.open(this.ws!));
    return true;
  }

  requestIP(): { address: string; port: number } {
    return { address: "192.0.2.1", port: 1 };
  }

  /** Sends a request to the handler. */
  async fetch(request = handshake()): Promise<Response | undefined> {
    const fetch = this.upgrader.fetch((request, info) =>
      this.server.upgrade(request, info)
    );
    return await fetch(request, this);
  }

  /** Waits until so many calls are in the log. */
  async logged(count: number): Promise<void> {
    while (this.log.length < count) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  receive(data: string | Uint8Array): void {
    this.upgrader.websocket.message(this.ws!, data);
  }
}

Deno.test("bunUpgrader() upgrades, answers and ends", async () => {
  const bun = new FakeBun({ chat: { onEcho: (_, msg) => msg.body } });
  assertEquals(await bun.fetch(), undefined);
  assertEquals(bun.ws?.binaryType, "uint8array");
  bun.receive("M");
  await bun.logged(1);
  bun.receive("#1;chat;;_OnNamespaceConnect;0;0;");
  await bun.logged(2);
  bun.receive("#2;chat;;onEcho;0;0;hi");
  await bun.logged(3);
  assertEquals(bun.log, [
    "send Aid",
    "send #1;;;;;;",
    "send #2;chat;;onEcho;0;0;hi",
  ]);
  const [conn] = bun.server.connections;
  assertEquals(conn?.request.remoteAddr, {
    transport: "tcp",
    hostname: "192.0.2.1",
    port: 1,
  });
  bun.buffered = 5;
  assertEquals(conn?.bufferedAmount, 5);
  bun.upgrader.websocket.close(bun.ws!, 4000, "bye");
  const { code, reason } = await conn!.closed;
  assertEquals([code, reason], [4000, "bye"]);
  assertEquals(conn?.bufferedAmount, 0);
  await bun.server.close();
});

Deno.test("bunUpgrader() returns refusals as they are", async () => {
  const bun = new FakeBun();
  const response = await bun.fetch(new Request("http://localhost/"));
  assertEquals(response?.status, 426);
  assertEquals(bun.ws, undefined);
});

Deno.test("bunUpgrader() answers with the server's protocol alone", async () => {
  for (const protocols of [[], ["b"]]) {
    const bun = new FakeBun({ chat: {} }, { protocols });
    await bun.fetch(handshake({ "sec-websocket-protocol": "a, b" }));
    assertEquals(
      bun.headers.get("sec-websocket-protocol"),
      protocols[0] ?? "",
    );
    bun.upgrader.websocket.close(bun.ws!, 1006, "");
    await bun.server.close();
  }
});

Deno.test("bunUpgrader() ends a connection that Bun does not upgrade", async () => {
  const bun = new FakeBun({ chat: {} }, { maxConnections: 1 });
  bun.refuses = true;
  await bun.fetch();
  bun.refuses = false;
  // Its place is free again.
  while (bun.server.stats().sockets > 0) {
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assertEquals(await bun.fetch(), undefined);
  assert(bun.ws !== undefined);
  bun.upgrader.websocket.close(bun.ws, 1006, "");
  await bun.server.close();
});

Deno.test("bunUpgrader() compresses from a length on, and tells when it has drained", async () => {
  const bun = new FakeBun({ onNativeMessage() {} }, { compressFrom: 3 });
  assertEquals(bun.upgrader.websocket.perMessageDeflate, true);
  const connected = Promise.withResolvers<void>();
  bun.server.onConnect = () => connected.resolve();
  await bun.fetch();
  await connected.promise;
  const [conn] = bun.server.connections;
  // The connection is open once the hook has ended.
  while (
    !conn!.write({ event: "_OnNativeMessage", body: "ab", isNative: true })
  ) {
    await Promise.resolve();
  }
  conn!.write({ event: "_OnNativeMessage", body: "abc", isNative: true });
  assertEquals(bun.log, ["send ab", "send abc compressed"]);
  bun.buffered = 100_000;
  const drained = conn!.drained();
  bun.buffered = 0;
  bun.upgrader.websocket.drain(bun.ws!);
  await drained;
  bun.upgrader.websocket.close(bun.ws!, 1006, "");
  await bun.server.close();
});

Deno.test("bunUpgrader() closes and terminates", async () => {
  const bun = new FakeBun({ chat: {} }, { closeTimeout: 1 });
  await bun.fetch();
  await Promise.resolve();
  await bun.server.close();
  assertEquals(bun.log, ["close 1001 server closed", "terminate"]);
  bun.upgrader.websocket.close(bun.ws!, 1006, "");
});

Deno.test("bunUpgrader() refuses odd options, and requests from elsewhere", () => {
  assertThrows(() => bunUpgrader({ idleTimeout: 961 }), RangeError);
  assertThrows(
    () => bunUpgrader({ maxPayload: NaN }),
    RangeError,
    "maxPayload",
  );
  assertThrows(() => bunUpgrader({ compressFrom: -1 }), RangeError);
  assertThrows(
    () => bunUpgrader()(new Request("http://localhost/"), undefined),
    TypeError,
    "Cannot upgrade a request that does not come from fetch() of the upgrader",
  );
});

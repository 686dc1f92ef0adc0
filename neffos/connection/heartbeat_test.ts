/** What onDisconnect gets over real sockets, for every kind of end. */

import { assertEquals, assertMatch } from "@std/assert";
import type { Conn } from "../api/conn.ts";
import type { ConnHandler } from "../controller/events.ts";
import { withTimeout } from "../controller/sources.ts";
import { CloseError } from "../protocol/errors.ts";
import type { ServerOptions } from "../server/options.ts";
import { Server } from "../server/server.ts";
import type { CloseInfo } from "../transport/socket.ts";
import {
  denoUpgrader,
  type DenoUpgraderOptions,
} from "../transport/upgrader.ts";

const TEXT = 1;

const CLOSE = 8;

const PING = 9;

/** A server on a real port that records each end. */
class Listening implements AsyncDisposable {
  readonly server: Server;
  readonly ends: CloseInfo[] = [];
  readonly connected: PromiseWithResolvers<Conn> = Promise.withResolvers();
  readonly ended: PromiseWithResolvers<CloseInfo> = Promise.withResolvers();
  readonly errors: unknown[] = [];
  readonly #listener: Deno.HttpServer<Deno.NetAddr>;

  constructor(
    options: ServerOptions & DenoUpgraderOptions = {},
    handler: ConnHandler = { chat: {} },
  ) {
    this.server = new Server(denoUpgrader(options), handler, {
      onConnect: this.connected.resolve,
      onDisconnect: (_conn, info) => {
        this.ends.push(info);
        this.ended.resolve(info);
      },
      onError: (error) => this.errors.push(error),
      ...options,
    });
    this.#listener = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      (request, info) => this.server.upgrade(request, info),
    );
  }

  /** Connects a peer that has sent its hello and not read the answer. */
  async open(): Promise<Peer> {
    const { hostname, port } = this.#listener.addr;
    const peer = new Peer(await Deno.connect({ hostname, port }));
    await peer.greet();
    await this.connected.promise;
    return peer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    await this.#listener.shutdown();
    // Later events must not call onDisconnect again.
    assertEquals(this.ends.length, 1);
    assertEquals(this.errors, []);
    const { sockets, closed } = this.server.stats();
    assertEquals(sockets, 0);
    assertEquals(Object.values(closed), [1]);
  }
}

/** A client that sends only what a test asks for. */
class Peer implements Disposable {
  readonly #tcp: Deno.Conn;
  #bytes = new Uint8Array();

  constructor(tcp: Deno.Conn) {
    this.#tcp = tcp;
  }

  async greet(): Promise<void> {
    const lines = [
      "GET / HTTP/1.1",
      "Host: localhost",
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==",
    ];
    await this.#write(
      new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`),
    );
    let head = "";
    while (!head.endsWith("\r\n\r\n")) {
      head += String.fromCharCode(...await this.#take(1));
    }
    assertMatch(head, /^HTTP\/1\.1 101 /);
    await this.send(TEXT, "M");
  }

  /** Sends a frame, masked with zeros. */
  async send(opcode: number, body: string, code?: number): Promise<void> {
    const text = new TextEncoder().encode(body);
    const payload = code === undefined
      ? text
      : [code >> 8, code & 0xff, ...text];
    const { length } = payload;
    const size = length < 126
      ? [0x80 | length]
      : [0x80 | 126, length >> 8, length & 0xff];
    const head = [0x80 | opcode, ...size, 0, 0, 0, 0];
    await this.#write(Uint8Array.from([...head, ...payload]));
  }

  /** Reads until a frame of this kind comes, and returns its payload. */
  async until(wanted: number): Promise<Uint8Array> {
    while (true) {
      const [first, length] = await this.#take(2);
      const payload = await this.#take(length!);
      if ((first! & 0xf) === wanted) return payload;
    }
  }

  /** Reads until the server has ended the connection. */
  async untilEnd(): Promise<void> {
    const buffer = new Uint8Array(4096);
    while (await this.#tcp.read(buffer) !== null);
  }

  async #take(count: number): Promise<Uint8Array> {
    while (this.#bytes.length < count) {
      const buffer = new Uint8Array(4096);
      const read = await this.#tcp.read(buffer);
      if (read === null) throw new Error("the server has ended it");
      this.#bytes = Uint8Array.from([
        ...this.#bytes,
        ...buffer.subarray(0, read),
      ]);
    }
    const taken = this.#bytes.slice(0, count);
    this.#bytes = this.#bytes.slice(count);
    return taken;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      written += await this.#tcp.write(bytes.subarray(written));
    }
  }

  [Symbol.dispose](): void {
    try {
      this.#tcp.close();
    } catch {
      // The test has closed the connection.
    }
  }
}

Deno.test("A peer that answers no ping is gone after the idle timeout, once", async () => {
  await using listening = new Listening({ idleTimeout: 1 });
  using peer = await listening.open();
  await peer.until(PING);
  assertEquals(await listening.ended.promise, {
    code: 1001,
    reason: "No response from ping frame.",
    wasClean: false,
  });
  // Deno fires a second close (1005) before the connection ends.
  await peer.untilEnd();
});

Deno.test("An idle timeout of Infinity is none", () => {
  const given: unknown[] = [];
  const { upgradeWebSocket } = Deno;
  Deno.upgradeWebSocket = (_request, options) => {
    given.push(options?.idleTimeout);
    return { socket: new EventTarget() as WebSocket, response: new Response() };
  };
  try {
    for (const idleTimeout of [Infinity, 0, 60]) {
      denoUpgrader({ idleTimeout })(new Request("http://a.example"), undefined);
    }
  } finally {
    Deno.upgradeWebSocket = upgradeWebSocket;
  }
  assertEquals(given, [0, 0, 60]);
});

Deno.test("A peer that ends without a close frame has the code 1006", async (t) => {
  const end = { code: 1006, wasClean: false };
  await t.step("by a FIN", async () => {
    await using listening = new Listening();
    const peer = await listening.open();
    await peer.until(TEXT);
    peer[Symbol.dispose]();
    const { code, wasClean } = await listening.ended.promise;
    assertEquals({ code, wasClean }, end);
  });
  await t.step("by a RST", async () => {
    await using listening = new Listening();
    const peer = await listening.open();
    const conn = await listening.connected.promise;
    // Unread data makes the kernel reset the connection.
    conn.connect("chat").catch(() => {});
    peer[Symbol.dispose]();
    const { code, wasClean } = await listening.ended.promise;
    assertEquals({ code, wasClean }, end);
  });
});

Deno.test("onDisconnect gets the code and reason of a peer that closes", async (t) => {
  for (
    const [code, reason] of [[1000, ""], [1001, "bye"], [4123, "€"]] as const
  ) {
    await t.step(`${code}`, async () => {
      await using listening = new Listening();
      using peer = await listening.open();
      await peer.send(CLOSE, reason, code);
      assertEquals(await listening.ended.promise, {
        code,
        reason,
        wasClean: true,
      });
    });
  }
  await t.step("none", async () => {
    await using listening = new Listening();
    using peer = await listening.open();
    await peer.send(CLOSE, "");
    assertEquals(await listening.ended.promise, {
      code: 1005,
      reason: "",
      wasClean: true,
    });
  });
});

/** The reasons for which this side closes, and how. */
const OWN_ENDS: Record<string, {
  code: number;
  reason: string;
  options?: ServerOptions;
  handler?: ConnHandler;
  act?: (peer: Peer, listening: Listening) => unknown;
}> = {
  "a limit of size": {
    code: 1009,
    reason: "a message may have 100 bytes",
    options: { maxPayload: 100 },
    act: (peer) => peer.send(TEXT, "x".repeat(101)),
  },
  "a limit of what waits": {
    code: 1008,
    reason: "1 messages may wait to be handled",
    options: { maxQueued: 1 },
    handler: { chat: { onSay: (nsConn) => nsConn.conn.closed.then(() => {}) } },
    async act(peer) {
      await peer.send(TEXT, "$1;chat;;_OnNamespaceConnect;0;0;");
      // The acknowledgement and the answer.
      for (let count = 0; count < 2; count++) await peer.until(TEXT);
      // One is handled, one may wait. A message after a close would end it at once.
      for (let count = 0; count < 3; count++) {
        await peer.send(TEXT, ";chat;;onSay;0;0;");
      }
    },
  },
  "a limit of silence": {
    code: 4002,
    reason: "nothing was received",
    handler: withTimeout({ chat: {} }, { read: 20 }),
  },
  "a CloseError": {
    code: 4100,
    reason: "enough",
    handler: {
      chat: {
        onSay() {
          throw new CloseError(4100, "enough");
        },
      },
    },
    async act(peer) {
      await peer.send(TEXT, "$1;chat;;_OnNamespaceConnect;0;0;");
      await peer.send(TEXT, ";chat;;onSay;0;0;");
    },
  },
  "Conn.close()": {
    code: 4999,
    reason: "go away",
    async act(_peer, { connected }) {
      const conn = await connected.promise;
      conn.close(4999, "go away");
    },
  },
  "Server.close()": {
    code: 1001,
    reason: "server closed",
    act: (_peer, { server }) => void server.close(),
  },
};

for (const [name, { code, reason, ...how }] of Object.entries(OWN_ENDS)) {
  Deno.test(`An end by ${name} says so`, async (t) => {
    await t.step("to a peer that answers", async () => {
      await using listening = new Listening(
        { ...how.options, closeTimeout: 500 },
        how.handler,
      );
      using peer = await listening.open();
      await how.act?.(peer, listening);
      const payload = await peer.until(CLOSE);
      assertEquals(payload[0]! << 8 | payload[1]!, code);
      assertEquals(new TextDecoder().decode(payload.subarray(2)), reason);
      // The peer's own code does not count any more.
      await peer.send(CLOSE, "late", 4321);
      const end = await listening.ended.promise;
      assertEquals(end, { code, reason, wasClean: true });
    });
    await t.step("to a peer that does not, and ends later", async () => {
      await using listening = new Listening(
        { ...how.options, idleTimeout: 1, closeTimeout: 20 },
        how.handler,
      );
      using peer = await listening.open();
      await how.act?.(peer, listening);
      const end = await listening.ended.promise;
      assertEquals(end, { code, reason, wasClean: false });
      peer[Symbol.dispose]();
    });
  });
}

Deno.test("onDisconnect is called once for a peer that Server.close() gives up on", async () => {
  await using listening = new Listening({ closeTimeout: 60_000 });
  using peer = await listening.open();
  await listening.server.close({ timeout: 1 });
  assertEquals(listening.ends, [
    { code: 1001, reason: "server closed", wasClean: false },
  ]);
  await peer.send(CLOSE, "late", 4321);
  await peer.untilEnd();
});

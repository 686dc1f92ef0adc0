import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { type Client, dial, type DialOptions } from "../client.ts";
import type { ConnHandler } from "../controller/events.ts";
import { MemoryServer, RawClient } from "../harness/mod.ts";
import { turn } from "../harness/world.ts";
import { type Socket, socketPair } from "../transport/socket.ts";

/** A client of a server that speaks frames, and a clock that the test moves. */
class Beating {
  readonly time = new FakeTime(0);
  readonly peers: RawClient[] = [];
  readonly told: [code: number, willReconnect: boolean][] = [];
  client!: Client;
  /** The bytes that the network has not taken. */
  unsent = 0;

  static async start(
    options: DialOptions = {},
    handler: ConnHandler = { chat: {} },
  ): Promise<Beating> {
    const self = new Beating();
    const dialling = dial("memory", handler, {
      reconnect: { initialDelay: 0 },
      transport: () => {
        const [left, right] = socketPair();
        self.peers.push(new RawClient(right));
        // A WebSocket can neither be terminated nor close without its peer.
        return silenced(left, self);
      },
      onClose: ({ code }, willReconnect) =>
        void self.told.push([code, willReconnect]),
      ...options,
    });
    await turn();
    self.peers[0]!.send("Aid");
    self.client = await dialling;
    return self;
  }

  /** The frames that the server has got, without the handshake. */
  get asked(): string[] {
    return this.peers[0]!.received.slice(1) as string[];
  }

  send(frame: string): Promise<void> {
    this.peers[0]!.send(frame);
    return turn();
  }

  async pass(ms: number): Promise<void> {
    await turn();
    this.time.tick(ms);
    await turn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closing = this.client.close();
    await this.pass(5_000);
    await closing;
    this.time.restore();
  }
}

/** A socket whose close does not come through, as on a dead network. */
function silenced(socket: Socket, network: { unsent: number }): Socket {
  return {
    listen: (listener) => socket.listen(listener),
    send(data) {
      if (typeof data !== "string") network.unsent += data.length;
      return socket.send(data);
    },
    close: () => {},
    get bufferedAmount() {
      return network.unsent;
    },
  };
}

const BEAT = "$1;_heartbeat;;_OnNamespaceDisconnect;0;0;";

Deno.test("A client gives up a server that has gone without a word, and comes back", async () => {
  await using beating = await Beating.start();
  await beating.pass(24_999);
  assertEquals(beating.asked, []);
  await beating.pass(1);
  assertEquals(beating.asked, [BEAT]);
  await beating.pass(19_999);
  assertEquals(beating.told, []);
  await beating.pass(1);
  assertEquals(beating.told, [[4003, true]]);
  await beating.pass(0);
  assertEquals(beating.peers.length, 2);
});

Deno.test("Any message is a sign of life", async () => {
  for (const frame of [";chat;;onEvent;0;0;", "nonsense"]) {
    await using beating = await Beating.start({
      heartbeat: { interval: 10, timeout: 5 },
    });
    await beating.pass(10);
    await beating.send(frame);
    await beating.pass(5);
    assertEquals(beating.told, []);
    // A server that talks is not asked.
    await beating.send(frame);
    await beating.pass(10);
    assertEquals(beating.asked, [BEAT]);
    await beating.pass(10);
    assertEquals(beating.asked.length, 2);
    await beating.pass(5);
    assertEquals(beating.told, [[4003, true]]);
  }
});

Deno.test("What a server still reads is a sign of life", async () => {
  await using beating = await Beating.start({
    heartbeat: { interval: 10, timeout: 5 },
  });
  const chat = beating.client.connect("chat", { timeout: Infinity });
  await turn();
  await beating.send("$1;;;;;;");
  const nsConn = await chat;
  for (let count = 0; count < 100; count++) {
    nsConn.emit("onEvent", "0123456789");
  }
  beating.unsent = 1_000;
  await beating.pass(10);
  await beating.pass(10);
  for (const unsent of [800, 500, 1, 0]) {
    beating.unsent = unsent;
    await beating.pass(5);
    assertEquals(beating.told, []);
  }
  await beating.pass(5);
  assertEquals(beating.told, [[4003, true]]);
});

Deno.test("A server that reads nothing of what is sent is given up", async () => {
  for (const [length, patience] of [[1_000, 0], [65_536, 1_000]] as const) {
    await using beating = await Beating.start({
      heartbeat: { interval: 100, timeout: 50 },
    });
    const chat = beating.client.connect("chat", { timeout: Infinity });
    await turn();
    await beating.send("$1;;;;;;");
    const nsConn = await chat;
    const frame = new Uint8Array(length);
    // A large frame may take its time, as a slow network takes it as a whole.
    nsConn.emit("onEvent", frame);
    await beating.pass(100);
    await beating.pass(100);
    for (let left = patience; left > 0; left -= 50) {
      await beating.pass(50);
      assertEquals(beating.told, []);
    }
    await beating.pass(50);
    assertEquals(beating.told, [[4003, true]]);
  }
});

Deno.test("A silent server that answers is asked once in each interval", async () => {
  await using beating = await Beating.start({
    heartbeat: { interval: 10, timeout: 1_000 },
  });
  for (let count = 1; count <= 5; count++) {
    await beating.pass(10);
    assertEquals(beating.asked.length, count);
    await beating.send(`$${count};;;;;;`);
  }
  assertEquals(beating.told, []);
});

Deno.test("A machine that has slept asks again before it gives up its server", async () => {
  await using beating = await Beating.start({
    heartbeat: { interval: 10, timeout: 5 },
  });
  await beating.pass(10);
  const { Date } = globalThis;
  globalThis.Date = class extends Date {
    static override now = () => Date.now() + 60_000;
  } as DateConstructor;
  await beating.pass(5);
  assertEquals(beating.told, []);
  assertEquals(beating.asked.length, 2);
  await beating.pass(4);
  assertEquals(beating.told, []);
  await beating.pass(1);
  globalThis.Date = Date;
  assertEquals(beating.told, [[4003, true]]);
});

Deno.test("A client without a heartbeat asks nothing", async (t) => {
  await t.step("heartbeat: false", async () => {
    await using beating = await Beating.start({ heartbeat: false });
    await beating.pass(1e6);
    assertEquals(beating.asked, []);
    assertEquals(beating.told, []);
  });
  await t.step("native messages alone", async () => {
    await using beating = await Beating.start({}, { onNativeMessage() {} });
    await beating.pass(1e6);
    // The acknowledgement that this server sends is a message here.
    assertEquals(beating.peers[0]!.received, []);
    assertEquals(beating.told, []);
  });
});

Deno.test("A client without reconnection is closed by its heartbeat", async () => {
  await using beating = await Beating.start({
    reconnect: false,
    heartbeat: { interval: 10, timeout: 5 },
  });
  await beating.pass(10);
  await beating.pass(5);
  assertEquals(await beating.client.closed, {
    code: 4003,
    reason: "no answer to the heartbeat",
    wasClean: false,
  });
});

Deno.test("A heartbeat is answered while a slow handler runs, and calls no hook", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const log: string[] = [];
  await using memory = new MemoryServer({
    chat: {
      onSlow: () => promise,
      onNamespaceDisconnect: () => void log.push("disconnect"),
    },
  });
  const client = await RawClient.open(memory, "M");
  await client.until(1);
  client.send("$1;chat;;_OnNamespaceConnect;0;0;");
  await client.until(2);
  client.send("$2;chat;;onSlow;0;0;");
  const asks = {
    $3: "_heartbeat;;_OnNamespaceDisconnect;0;0;",
    $4: ";;_OnNamespaceConnect;0;1;",
    $5: "chat;;_OnNamespaceConnect;0;1;",
    $6: "chat;;_OnNamespaceDisconnect;0;1;",
    $7: "chat;room;_OnRoomJoin;0;1;",
    $8: "nowhere;room;_OnRoomLeave;0;1;",
  };
  for (const [wait, ask] of Object.entries(asks)) client.send(`${wait};${ask}`);
  const received = await client.until(8);
  assertEquals(
    received.slice(2),
    Object.keys(asks).map((wait) => `${wait};;;;;;`),
  );
  const [conn] = memory.server.connections;
  assert(conn!.namespace("chat")!.isConnected);
  assertEquals(conn!.namespace("chat")!.rooms, []);
  resolve();
  await client.until(9);
  assertEquals(log, []);
  client.socket.close();
});

Deno.test("A client goes on for days with a server of ours whose handler is slow", async () => {
  using time = new FakeTime(0);
  const { promise, resolve } = Promise.withResolvers<void>();
  await using memory = new MemoryServer({ chat: { onSlow: () => promise } });
  const client = await memory.dial({ chat: {} });
  const chat = await client.connect("chat");
  chat.emit("onSlow");
  for (let count = 0; count < 100; count++) {
    await turn();
    time.tick(20_000);
  }
  assert(!client.isClosed);
  resolve();
  await client.close();
});

import {
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { type Client, dial, type DialOptions } from "../client.ts";
import type { ConnHandler } from "../controller/events.ts";
import { MemoryServer, RawClient } from "../harness/mod.ts";
import { turn } from "../harness/world.ts";
import { ConnectionClosedError, EventError } from "../protocol/errors.ts";
import { Server } from "../server/server.ts";
import { socketPair } from "../transport/socket.ts";
import type { Socket } from "../transport/socket.ts";
import { denoUpgrader } from "../transport/upgrader.ts";
import {
  completeReconnect,
  delayOf,
  mayComeBack,
  type ReconnectOptions,
} from "./reconnect.ts";

/** No wait between tries. */
const AT_ONCE: ReconnectOptions = { initialDelay: 0 };

/** A reconnecting client of a server in memory, and the hooks it called. */
class Returning {
  readonly told: string[] = [];
  readonly errors: unknown[] = [];
  client!: Client;
  socket!: Socket;
  tries = 0;
  #waiting: (() => void)[] = [];

  static async dial(
    memory: MemoryServer,
    handler: ConnHandler,
    options: DialOptions = {},
  ): Promise<Returning> {
    const self = new Returning();
    self.client = await dial("ws://memory.test/", handler, {
      reconnect: AT_ONCE,
      transport() {
        self.tries++;
        return self.socket = memory.connect();
      },
      onClose: (info, willReconnect) =>
        self.#tell(`close ${info.code} ${willReconnect}`),
      onReconnect: (tries) => self.#tell(`reconnect ${tries}`),
      onError: (error) => self.errors.push(error),
      ...options,
    });
    return self;
  }

  #tell(line: string): void {
    this.told.push(line);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Waits until so many hooks were called. */
  async until(count: number): Promise<void> {
    while (this.told.length < count) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}

Deno.test("dial() reconnects into its namespaces and rooms, with the same objects", async () => {
  const log: string[] = [];
  await using memory = new MemoryServer({
    chat: {
      onRoomJoined: (_, { room }) => void log.push(`server joined ${room}`),
      onSay: (nsConn, msg) => void nsConn.room(msg.room)!.emit("onHeard"),
    },
    admin: {},
  });
  const heard = [1, 2].map(() => Promise.withResolvers<void>());
  const returning = await Returning.dial(memory, {
    chat: {
      onNamespaceConnected: () => void log.push("connected"),
      onNamespaceDisconnect: () => void log.push("disconnect"),
      onHeard: () => heard.shift()!.resolve(),
    },
    admin: {},
  });
  const { client } = returning;
  const chat = await client.connect("chat");
  const admin = await client.connect("admin");
  const rooms = [await chat.joinRoom("a"), await chat.joinRoom("b")];
  await rooms[0]!.leave();
  const { id } = client;
  const [first, second] = heard.map(({ promise }) => promise);
  rooms[1]!.emit("onSay");
  await first;
  returning.socket.terminate!();
  await returning.until(2);
  assertEquals(returning.told, ["close 1006 true", "reconnect 1"]);
  assertStrictEquals(client.namespace("chat"), chat);
  assertStrictEquals(client.namespace("admin"), admin);
  assertStrictEquals(chat.conn, client.conn);
  assertEquals(chat.rooms, [rooms[1]]);
  assertEquals(chat.isConnected && rooms[1]!.isJoined, true);
  assertEquals(rooms[0]!.isJoined, false);
  assertEquals(client.id === id, false);
  assertEquals(chat.id, client.id);
  rooms[1]!.emit("onSay");
  await second;
  assertEquals(memory.server.room("chat", "b").length, 1);
  assertEquals(log, [
    "connected",
    "server joined a",
    "server joined b",
    "disconnect",
    "connected",
    "server joined b",
  ]);
  await client.close();
  assertEquals(returning.told.at(-1), "close 1000 false");
  assertEquals(returning.errors, []);
});

Deno.test("dial() obeys a close code that says not to reconnect", async () => {
  for (
    const [code, willReturn] of [
      [1000, false],
      [1001, true],
      [1008, false],
      [1009, false],
      [1012, true],
      [1013, true],
      [4000, true],
      [4499, true],
      [4500, false],
      [4999, false],
    ] as const
  ) {
    await using memory = new MemoryServer({ chat: {} });
    const returning = await Returning.dial(memory, { chat: {} });
    memory.server.connections[0]!.close(code, "because");
    if (willReturn) {
      await returning.until(2);
      assertEquals(returning.told, [`close ${code} true`, "reconnect 1"]);
      await returning.client.close();
    } else {
      assertEquals((await returning.client.closed).code, code);
      assertEquals(returning.told, [`close ${code} false`]);
    }
    assertEquals(returning.tries, willReturn ? 2 : 1);
  }
});

Deno.test("mayComeBack() knows the codes", () => {
  const codes = Array.from({ length: 5000 }, (_, code) => code);
  const back = codes.filter(mayComeBack);
  assertEquals(back.slice(0, 8), [
    1001,
    1005,
    1006,
    1011,
    1012,
    1013,
    1014,
    4000,
  ]);
  assertEquals([back.at(-1), back.length], [4499, 507]);
});

Deno.test("dial() refuses emits while it is away, or keeps them with maxKept", async () => {
  for (const maxKept of [0, 2]) {
    const received: string[] = [];
    const last = Promise.withResolvers<void>();
    await using memory = new MemoryServer({
      chat: {
        onSay(_nsConn, msg) {
          received.push(msg.room + msg.text());
          if (msg.text() === "last") last.resolve();
        },
      },
    });
    const sent: boolean[] = [];
    const returning = await Returning.dial(memory, { chat: {} }, {
      reconnect: { ...AT_ONCE, maxKept },
      onClose: (_info, willReconnect) => {
        if (!willReconnect) return;
        for (const text of ["1", "2", "3"]) sent.push(room.emit("onSay", text));
        sent.push(chat.conn.write({ namespace: "chat", event: "onSay" }));
      },
      onReconnect: () => void chat.emit("onSay", "last"),
    });
    const chat = await returning.client.connect("chat");
    const room = await chat.joinRoom("room:");
    returning.socket.terminate!();
    await last.promise;
    const isKept = maxKept > 0;
    assertEquals(sent, [isKept, isKept, false, false]);
    assertEquals(
      received,
      isKept ? ["room:1", "room:2", "last"] : ["last"],
    );
    await returning.client.close();
    assertEquals(chat.emit("onSay", "gone"), false);
  }
});

Deno.test("dial() rejects pending asks when the connection is lost", async () => {
  const never = Promise.withResolvers<void>();
  await using memory = new MemoryServer({
    chat: { onAsk: () => never.promise },
  });
  const returning = await Returning.dial(memory, { chat: {} });
  const chat = await returning.client.connect("chat");
  const asked = chat.ask("onAsk");
  returning.socket.terminate!();
  await assertRejects(() => asked, ConnectionClosedError);
  await returning.until(2);
  never.resolve();
  await returning.client.close();
});

Deno.test("dial() tries maxTries times, and stops when the client is closed", async () => {
  await using memory = new MemoryServer({ chat: {} });
  const returning = await Returning.dial(memory, { chat: {} }, {
    reconnect: { ...AT_ONCE, maxTries: 3 },
  });
  await memory.server.close();
  const { code } = await returning.client.closed;
  assertEquals(code, 1001);
  assertEquals(returning.tries, 4);
  assertEquals(returning.told, ["close 1001 true", "close 1001 false"]);

  await using other = new MemoryServer({ chat: {} });
  const patient = await Returning.dial(other, { chat: {} }, {
    reconnect: { initialDelay: 1e9, maxDelay: 1e9, random: () => 1 },
  });
  patient.socket.terminate!();
  await patient.until(1);
  assertEquals(patient.client.isClosed, false);
  await patient.client.close();
  assertEquals(patient.client.isClosed, true);
  assertEquals(patient.told, ["close 1006 true", "close 1000 false"]);
});

Deno.test("dial() stays away when the server refuses the reconnection", async () => {
  let count = 0;
  await using memory = new MemoryServer({ chat: {} }, {
    onConnect() {
      if (count++ > 0) throw new EventError("banned");
    },
  });
  const returning = await Returning.dial(memory, { chat: {} });
  returning.socket.terminate!();
  const { code, reason } = await returning.client.closed;
  assertEquals([code, reason], [1008, "banned"]);
});

Deno.test("dial() reports to onError which namespaces and rooms refuse the reconnection", async () => {
  let isOpen = true;
  const refuse = () => {
    if (!isOpen) throw new EventError("no seat");
  };
  await using memory = new MemoryServer({
    chat: { onRoomJoin: refuse },
    admin: { onNamespaceConnect: refuse },
  });
  const returning = await Returning.dial(memory, { chat: {}, admin: {} });
  const { client } = returning;
  const chat = await client.connect("chat");
  const admin = await client.connect("admin");
  await chat.joinRoom("room");
  isOpen = false;
  returning.socket.terminate!();
  await returning.until(2);
  assertEquals(
    returning.errors.map((error) => (error as Error).message),
    ["no seat", "no seat"],
  );
  assertEquals([chat.isConnected, admin.isConnected], [true, false]);
  assertEquals(chat.rooms, []);
  await client.close();
});

Deno.test("dial() reconnects when it is lost again while it reconnects", async () => {
  let count = 0;
  await using memory = new MemoryServer({
    chat: {
      onRoomJoin(nsConn, msg) {
        // Lost between the first room and the second.
        if (msg.room === "b" && count++ === 1) nsConn.conn.close(4000);
      },
    },
  });
  const returning = await Returning.dial(memory, { chat: {} });
  const chat = await returning.client.connect("chat");
  await chat.joinRoom("a");
  await chat.joinRoom("b");
  returning.socket.terminate!();
  await returning.until(3);
  assertEquals(returning.told, [
    "close 1006 true",
    "close 4000 true",
    "reconnect 2",
  ]);
  assertEquals(chat.rooms.map(({ name }) => name), ["a", "b"]);
  await returning.client.close();
});

Deno.test("A namespace that the server connects is the same object after a reconnection", async () => {
  await using memory = new MemoryServer({ chat: {} }, {
    async onConnect(conn) {
      await conn.connect("chat");
    },
  });
  const returning = await Returning.dial(memory, { chat: {} });
  const chat = await returning.client.waitServerConnect("chat");
  returning.socket.terminate!();
  await returning.until(2);
  assertStrictEquals(returning.client.namespace("chat"), chat);
  assertEquals(chat.isConnected, true);
  await returning.client.close();
  assertEquals(memory.errors, []);
});

Deno.test("dial() finds a restarted server again", async () => {
  const make = () => new Server(denoUpgrader(), { chat: { onHi: () => "hi" } });
  const serve = (server: Server, port: number) =>
    Deno.serve(
      { port, hostname: "127.0.0.1", onListen() {} },
      (request, info) => server.upgrade(request, info),
    );
  for (const probe of [false, true]) {
    const server = make();
    const listener = serve(server, 0);
    const { port } = listener.addr;
    const back = Promise.withResolvers<void>();
    await using client = await dial(`ws://127.0.0.1:${port}/`, { chat: {} }, {
      reconnect: { initialDelay: 5, maxDelay: 20, probe },
      onReconnect: () => back.resolve(),
    });
    const chat = await client.connect("chat");
    await server.close();
    await listener.shutdown();
    const again = make();
    const second = serve(again, port);
    await back.promise;
    assertEquals((await chat.ask("onHi")).text(), "hi");
    assertEquals(again.connections[0]!.reconnectTries > 0, true);
    await client.close();
    await again.close();
    await second.shutdown();
  }
});

Deno.test("delayOf() grows to its cap, and is a random part of it", () => {
  const options = completeReconnect({
    initialDelay: 100,
    factor: 3,
    maxDelay: 1000,
    random: () => 0.5,
  })!;
  const delays = [0, 1, 2, 3, 50].map((tries) => delayOf(options, tries));
  assertEquals(delays, [50, 150, 450, 500, 500]);
  assertEquals(completeReconnect(false), undefined);
  assertEquals(completeReconnect(true)?.maxDelay, 30_000);
  assertThrows(
    () => completeReconnect({ factor: -1 }),
    RangeError,
    'Cannot set "reconnect.factor" to -1',
  );
});

Deno.test("A connection that is lost right after it was accepted is not forgotten", async () => {
  // Whatever the number of microtasks, the end must be reported or a new try made.
  for (let later = 0; later < 30; later++) {
    let count = 0;
    const transport = () => {
      const [left, right] = socketPair();
      right.listen({
        open() {},
        async message(frame) {
          if (frame !== "M") return;
          right.send("AID");
          if (count++ >= 2) return;
          for (let n = 0; n < later; n++) await Promise.resolve();
          right.terminate!();
        },
        close() {},
      });
      return left;
    };
    const back = Promise.withResolvers<void>();
    const options = {
      transport,
      reconnect: AT_ONCE,
      onReconnect: () => void (count > 2 && back.resolve()),
    };
    let client: Client | undefined;
    while (client === undefined) {
      client = await dial("memory", { chat: {} }, options).catch(() =>
        undefined
      );
    }
    if (count <= 2) await back.promise;
    await client.close();
  }
});

Deno.test("dial() calls onReconnecting before each wait, and Client.retryNow() ends the wait", async () => {
  await using memory = new MemoryServer({ "": {} });
  const waits: [number, number][] = [];
  const waiting = [1, 2].map(() => Promise.withResolvers<void>());
  let refused = 1;
  const returning = await Returning.dial(memory, { "": {} }, {
    reconnect: {
      initialDelay: 1_000_000,
      maxDelay: 3_000_000,
      random: () => 1,
    },
    onReconnecting: (...wait) => {
      waits.push(wait);
      waiting.shift()?.resolve();
    },
  });
  const [first, second] = waiting.map(({ promise }) => promise);
  // No wait is under way yet.
  returning.client.retryNow();
  memory.server.onConnect = (conn) => {
    if (refused-- > 0) conn.close(1013);
  };
  returning.socket.terminate!();
  await first;
  returning.client.retryNow();
  await second;
  returning.client.retryNow();
  await returning.until(2);
  assertEquals(returning.told, ["close 1006 true", "reconnect 2"]);
  assertEquals(waits, [[1, 1_000_000], [2, 2_000_000]]);
  await returning.client.close();
});

Deno.test("onReconnecting may close the client", async () => {
  await using memory = new MemoryServer({ "": {} });
  const returning = await Returning.dial(memory, { "": {} }, {
    reconnect: { initialDelay: 1_000_000, random: () => 1 },
    onReconnecting: () => void returning.client.close(),
  });
  returning.socket.terminate!();
  await returning.client.closed;
  assertEquals(returning.told, ["close 1006 true", "close 1000 false"]);
  assertEquals(returning.tries, 1);
});

/** A client whose server accepts it and then does what the test says. */
class Flapping {
  readonly time = new FakeTime(0);
  readonly waits: [tries: number, delay: number][] = [];
  readonly peers: RawClient[] = [];
  client!: Client;

  static async start(options: DialOptions = {}): Promise<Flapping> {
    const self = new Flapping();
    const dialling = dial("ws://memory.test/", { chat: {} }, {
      reconnect: { random: () => 1 },
      transport: () => {
        const [left, right] = socketPair();
        self.peers.push(new RawClient(right));
        return left;
      },
      onReconnecting: (...wait) => void self.waits.push(wait),
      ...options,
    });
    await self.accept();
    self.client = await dialling;
    return self;
  }

  get peer(): RawClient {
    return this.peers.at(-1)!;
  }

  async accept(): Promise<void> {
    await this.peer.until(1);
    this.peer.send("Aid");
    await turn();
  }

  async lose(code?: number): Promise<void> {
    if (code === undefined) this.peer.socket.terminate!();
    else this.peer.socket.close(code);
    await turn();
  }

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    await this.time.tickAsync(ms);
    await turn();
  }

  /** Lets the next attempt begin. */
  async retry(): Promise<void> {
    await this.pass(this.waits.at(-1)![1]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    this.time.restore();
  }
}

Deno.test("The delays grow as long as no connection lasts", async () => {
  await using flapping = await Flapping.start();
  for (let count = 0; count < 8; count++) {
    await flapping.lose(1012);
    await flapping.retry();
    await flapping.accept();
    await flapping.pass(4_999);
  }
  const delays = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
  assertEquals(flapping.waits, delays.map((delay, i) => [i + 1, delay]));
  // This one lasts.
  await flapping.pass(1);
  await flapping.lose(1012);
  assertEquals(flapping.waits.at(-1), [1, 500]);
});

Deno.test("The delays grow as long as a namespace refuses the client and closes", async () => {
  await using flapping = await Flapping.start({ onError: () => {} });
  const connecting = flapping.client.connect("chat");
  await flapping.peer.until(2);
  flapping.peer.send("$1;;;;;;");
  await connecting;
  for (let count = 0; count < 4; count++) {
    await flapping.lose(1012);
    await flapping.retry();
    await flapping.accept();
    await flapping.peer.until(2);
    // The hook is slow, so the connection itself is open for long.
    await flapping.pass(60_000);
    const [, asked] = flapping.peer.received as string[];
    flapping.peer.send(asked!.replace(";0;0;", ";1;0;not now"));
    await turn();
    flapping.peer.socket.close(4_100, "not now");
    await turn();
  }
  const tries = flapping.waits.map(([tries]) => tries);
  assertEquals(tries, [1, 2, 3, 4, 5]);
});

Deno.test("reconnect.minUptime says when a connection has lasted", async () => {
  await using flapping = await Flapping.start({
    reconnect: { random: () => 1, minUptime: 100, maxTries: 3 },
  });
  for (const uptime of [100, 99, 100, 99]) {
    await flapping.pass(uptime);
    await flapping.lose();
    await flapping.retry();
    await flapping.accept();
  }
  assertEquals(flapping.waits.map(([tries]) => tries), [1, 2, 1, 2]);
  await flapping.lose();
  await flapping.retry();
  await flapping.accept();
  await flapping.lose();
  assertEquals(flapping.waits.at(-1)![0], 3);
  assertEquals((await flapping.client.closed).code, 1006);
});

Deno.test("Client.retryNow() ends a long wait of a server that accepts and closes", async () => {
  await using flapping = await Flapping.start({
    reconnect: { random: () => 1, initialDelay: 1e12, maxDelay: Infinity },
  });
  for (let count = 1; count <= 3; count++) {
    await flapping.lose(1012);
    await flapping.pass(1e6);
    assertEquals(flapping.peers.length, count);
    flapping.client.retryNow();
    await turn();
    await flapping.accept();
  }
  // No platform's timer can wait for longer.
  assertEquals(flapping.waits.map(([, delay]) => delay), [
    2 ** 31 - 1,
    2 ** 31 - 1,
    2 ** 31 - 1,
  ]);
});

Deno.test("delayOf() makes a delay of whatever random() returns", () => {
  for (
    const [value, delay] of [[-1, 0], [2, 500], [NaN, 0], [0.5, 250]] as const
  ) {
    const options = completeReconnect({ random: () => value })!;
    assertEquals(delayOf(options, 0), delay);
  }
});

Deno.test("maxDelay is at least initialDelay where it is not set", () => {
  const { maxDelay } = completeReconnect({ initialDelay: 60_000 })!;
  assertEquals(maxDelay, 60_000);
});

/** A server whose HEAD answers a test sets, and which counts what it is asked. */
class Probed implements AsyncDisposable {
  readonly asked: string[] = [];
  readonly back = Promise.withResolvers<void>();
  answer: () => Response | Promise<Response> = () => new Response();
  readonly #server = new Server(denoUpgrader(), { chat: {} });
  readonly #hanging = Promise.withResolvers<Response>();
  readonly #listener = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (request, info) => {
      this.asked.push(request.method);
      return request.method === "HEAD"
        ? this.answer()
        : this.#server.upgrade(request, info);
    },
  );
  client!: Client;

  static async start(options: DialOptions = {}): Promise<Probed> {
    const self = new Probed();
    const { port } = self.#listener.addr;
    self.client = await dial(`ws://u:p@127.0.0.1:${port}/`, { chat: {} }, {
      reconnect: { initialDelay: 0, probe: true },
      onReconnect: () => self.back.resolve(),
      ...options,
    });
    return self;
  }

  /** Never answers. */
  readonly hang = (): Promise<Response> => this.#hanging.promise;

  lose(): void {
    this.#server.connections[0]!.close(1012);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#hanging.resolve(new Response());
    await this.client.close();
    await this.#server.close();
    await this.#listener.shutdown();
  }
}

Deno.test("A probe takes any answer for a server, but those of a proxy without one", async () => {
  for (const status of [200, 302, 404, 405, 500]) {
    await using probed = await Probed.start();
    probed.answer = () => new Response(null, { status });
    probed.lose();
    await probed.back.promise;
    assertEquals(probed.asked, ["GET", "HEAD", "GET"]);
    assertEquals(probed.client.conn.reconnectTries, 1);
  }
  for (const status of [429, 502, 503, 504]) {
    await using probed = await Probed.start();
    let count = 0;
    probed.answer = () =>
      new Response(null, { status: count++ < 2 ? status : 200 });
    probed.lose();
    await probed.back.promise;
    assertEquals(probed.asked, ["GET", "HEAD", "HEAD", "HEAD", "GET"]);
    assertEquals(probed.client.conn.reconnectTries, 3);
  }
});

Deno.test("A probe that is never answered does not keep a client away", async (t) => {
  await t.step("its time limit ends it", async () => {
    const { fetch } = globalThis;
    const aborted: unknown[] = [];
    globalThis.fetch = (url, init) => {
      init!.signal!.onabort = () => aborted.push(String(url));
      return new Promise(() => {});
    };
    try {
      await using flapping = await Flapping.start({
        reconnect: { probe: true, initialDelay: 0 },
      });
      await flapping.lose();
      await flapping.retry();
      await flapping.pass(4_999);
      assertEquals([flapping.peers.length, aborted.length], [1, 0]);
      await flapping.pass(1);
      assertEquals([flapping.peers.length, aborted.length], [2, 1]);
    } finally {
      globalThis.fetch = fetch;
    }
  });
  for (const action of ["retryNow", "close"] as const) {
    await t.step(`Client.${action}() ends it`, async () => {
      await using probed = await Probed.start({ timeout: 1e9 });
      const asked = Promise.withResolvers<void>();
      probed.answer = () => {
        asked.resolve();
        return probed.hang();
      };
      probed.lose();
      await asked.promise;
      await probed.client[action]();
      if (action === "retryNow") await probed.back.promise;
      else assertEquals((await probed.client.closed).code, 1000);
    });
  }
});

Deno.test("Client.close() while away says what closed resolves with", async (t) => {
  const close = { code: 4_500, reason: "enough", wasClean: false };
  for (const when of ["before an attempt", "during an attempt"]) {
    await t.step(when, async () => {
      const told: unknown[] = [];
      const flapping = await Flapping.start({
        onClose: (info, willReconnect) => told.push([info.code, willReconnect]),
      });
      await flapping.lose();
      if (when === "during an attempt") await flapping.retry();
      await flapping.client.close(4_500, "enough");
      assertEquals(await flapping.client.closed, close);
      assertEquals(told, [[1006, true], [4_500, false]]);
      await flapping[Symbol.asyncDispose]();
    });
  }
});

Deno.test("Conn.wasReconnected tells both sides of a reconnection", async () => {
  await using memory = new MemoryServer({ chat: {} });
  const returning = await Returning.dial(memory, { chat: {} });
  const both = () => [returning.client.conn, memory.server.connections[0]!];
  assertEquals(both().map((conn) => conn.wasReconnected), [false, false]);
  returning.socket.terminate!();
  await returning.until(2);
  assertEquals(returning.client.conn.reconnectTries, 1);
  assertEquals(returning.client.conn.wasReconnected, true);
  await returning.client.close();
});

Deno.test("The late end of an attempt that was given up does not end a later one", async () => {
  // Like a WebSocket whose server has gone: close() waits for an answer.
  const hang = (socket: Socket): Socket => ({
    listen: (listener) => socket.listen(listener),
    send: (data) => socket.send(data),
    close: () => {},
    bufferedAmount: 0,
  });
  const peers: RawClient[] = [];
  const told: string[] = [];
  const time = new FakeTime(0);
  const dialling = dial("ws://memory.test/", { chat: {} }, {
    timeout: 1_000,
    heartbeat: false,
    reconnect: { initialDelay: 0 },
    transport: () => {
      const [left, right] = socketPair();
      peers.push(new RawClient(right));
      return hang(left);
    },
    onReconnect: (tries) => void told.push(`back ${tries}`),
    onClose: ({ code }) => void told.push(`close ${code}`),
  });
  const pass = async (ms: number) => {
    await turn();
    time.tick(ms);
    await turn();
  };
  await turn();
  peers[0]!.send("Aid");
  const client = await dialling;
  peers[0]!.socket.terminate!();
  await pass(0);
  await pass(0);
  assertEquals(peers.length, 2);
  await pass(1_000);
  await pass(0);
  assertEquals(peers.length, 3);
  peers[2]!.send("Aid");
  await pass(5_000);
  peers[1]!.socket.terminate!();
  await pass(5_000);
  assertEquals(told, ["close 1006", "back 2"]);
  assertEquals(client.conn.isClosed, false);
  const closing = client.close();
  await pass(5_000);
  await closing;
  time.restore();
});

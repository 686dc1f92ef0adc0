/** Brokers that are killed, paused, cut off or full, and publishers that are hostile. */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  Broker,
  explainMissing,
  hasProgram,
  importPackage,
} from "../harness/brokers.ts";
import { TestCluster } from "../harness/cluster.ts";
import { memoryExchange } from "./engines/memory.ts";
import { natsExchange } from "./engines/nats.ts";
import { redisExchange } from "./engines/redis.ts";
import type {
  ExchangeData,
  ExchangeGap,
  ExchangeOptions,
  StackExchange,
} from "./stack_exchange.ts";

const SAY = { namespace: "chat", event: "onSay", body: "hi" } as const;

/** Short, so that the tests are. */
const HEARTBEAT = { interval: 200, timeout: 1_000 };

interface Kind {
  readonly name: string;
  readonly program: string;
  readonly package: string;
  start(): Promise<Broker>;
  connect(
    // deno-lint-ignore no-explicit-any -- a library of its users
    library: any,
    port: number,
  ): Promise<{ exchange: StackExchange; close(): unknown }>;
}

const KINDS: Kind[] = [
  {
    name: "node-redis",
    program: "redis-server",
    package: "redis@5",
    start: () => Broker.redis(),
    async connect({ createClient }, port) {
      const client = createClient({
        url: `redis://127.0.0.1:${port}`,
        socket: { reconnectStrategy: 100 },
      });
      client.on("error", () => {});
      await client.connect();
      return { exchange: redisExchange(client), close: () => client.destroy() };
    },
  },
  {
    name: "ioredis",
    program: "redis-server",
    package: "ioredis@5",
    start: () => Broker.redis(),
    connect({ Redis }, port) {
      const client = new Redis({
        port,
        host: "127.0.0.1",
        retryStrategy: () => 100,
      });
      client.on("error", () => {});
      const { promise, resolve } = Promise.withResolvers<void>();
      client.once("ready", resolve);
      const exchange = redisExchange(client);
      return promise.then(() => ({
        exchange,
        close: () => client.disconnect(),
      }));
    },
  },
  {
    name: "NATS",
    program: "nats-server",
    package: "@nats-io/transport-node@3",
    start: () => Broker.nats(),
    async connect({ connect }, port) {
      const connection = await connect({
        servers: `127.0.0.1:${port}`,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 100,
        reconnectJitter: 0,
      });
      return {
        exchange: natsExchange(connection),
        close: () => connection.close(),
      };
    },
  },
];

/** Two servers on one broker, and what they report. */
class Scene implements AsyncDisposable {
  readonly broker: Broker;
  readonly cluster = new TestCluster();
  readonly states: string[][] = [[], []];
  readonly gaps: ExchangeGap[] = [];
  #onChange = () => {};
  readonly #closers: (() => unknown)[] = [];

  constructor(broker: Broker) {
    this.broker = broker;
  }

  static async make(kind: Kind, library: unknown): Promise<Scene> {
    const scene = new Scene(await kind.start());
    for (const states of scene.states) {
      const { exchange, close } = await kind.connect(
        library,
        scene.broker.port,
      );
      scene.#closers.push(close);
      await scene.cluster.add(exchange, {
        heartbeat: HEARTBEAT,
        maxQueued: 10,
        onState(isConnected) {
          states.push(isConnected ? "back" : "lost");
          scene.#onChange();
        },
        onGap(gap) {
          scene.gaps.push(gap);
          scene.#onChange();
        },
      });
    }
    await scene.cluster.enter(0, "ann");
    await scene.cluster.enter(0, "ben");
    await scene.cluster.enter(1, "cat");
    await scene.cluster.settle();
    return scene;
  }

  /** Waits until both servers have told a number of changes of state. */
  async told(count: number): Promise<void> {
    const isDone = () =>
      this.states.every(({ length }) => length >= count) &&
      this.gaps.length >= 2 * Math.floor(count / 2);
    if (isDone()) return;
    await new Promise<void>((resolve) =>
      this.#onChange = () => isDone() && resolve()
    );
  }

  say(body: string): void {
    this.cluster.server(0).broadcast(null, { ...SAY, body });
  }

  /** Waits until some people have heard a text. */
  async heard(body: string, ...indexes: number[]): Promise<void> {
    await this.cluster.until(() =>
      indexes.every((index) => this.cluster.people[index]!.heard.includes(body))
    );
  }

  async [Symbol.asyncDispose]() {
    await this.cluster[Symbol.asyncDispose]();
    for (const close of this.#closers) await close();
    await this.broker[Symbol.asyncDispose]();
  }
}

for (const kind of KINDS) {
  // A broker is paused by a signal that Windows does not have.
  const isMissing = !hasProgram(kind.program) || Deno.build.os === "windows";
  if (isMissing) explainMissing(kind.program);
  const test = (name: string, fn: (scene: Scene) => Promise<void>) =>
    Deno.test({
      name: `${kind.name}: ${name}`,
      ignore: isMissing,
      // Clients of npm keep timers and sockets for a while after their end.
      sanitizeOps: false,
      sanitizeResources: false,
      async fn() {
        const library = await importPackage(kind.package);
        if (library === undefined) return explainMissing(kind.package);
        await using scene = await Scene.make(kind, library);
        await fn(scene);
      },
    });

  test("a broker that is killed and comes back: local delivery goes on, each change is told once, and all is as before", async (scene) => {
    scene.say("before");
    await scene.heard("before", 0, 1, 2);
    for (let round = 0; round < 2; round++) {
      await scene.broker.kill();
      scene.say(`away ${round}`);
      await scene.heard(`away ${round}`, 0, 1);
      await scene.told(2 * round + 1);
      await scene.broker.start();
      await scene.told(2 * round + 2);
      scene.say(`back ${round}`);
      await scene.heard(`back ${round}`, 0, 1, 2);
      assertEquals(await scene.cluster.server(0).count(), 3);
    }
    for (const states of scene.states) {
      assertEquals(states, ["lost", "back", "lost", "back"]);
    }
    assertEquals(
      scene.cluster.errors.map((error) => (error as Error).name),
      Array(4).fill("ExchangeError"),
    );
    assertEquals(scene.gaps.map(({ reason }) => reason).slice(0, 2), [
      "reconnected",
      "reconnected",
    ]);
  });

  test("a broker that is paused: what waits is bounded, counted, and goes out when it goes on", async (scene) => {
    scene.broker.stall();
    await scene.told(1);
    const server = scene.cluster.server(0);
    // Enough of them for all that may be on their way.
    const rest = "x".repeat(200_000);
    let sent = 0;
    while (server.stats().exchange!.dropped < 5) {
      scene.say(`paused ${sent} ${rest}`);
      await scene.heard(`paused ${sent++} ${rest}`, 0, 1);
    }
    const { isConnected, queued } = server.stats().exchange!;
    assertEquals({ isConnected, queued }, { isConnected: false, queued: 10 });
    scene.broker.goOn();
    await scene.told(2);
    await scene.heard(`paused ${sent - 6} ${rest}`, 2);
    scene.say("back");
    await scene.heard("back", 0, 1, 2);
    const heard = scene.cluster.people[2]!.heard.map((text) =>
      text.replace(` ${rest}`, "")
    );
    assertEquals(heard, [
      ...Array.from({ length: sent - 5 }, (_, i) => `paused ${i}`),
      "back",
    ]);
    for (const states of scene.states) assertEquals(states, ["lost", "back"]);
  });

  if (kind.program !== "redis-server") continue;

  test("a broker whose password is changed, and changed back", async (scene) => {
    const { broker } = scene;
    await broker.redisCli("config", "set", "requirepass", "tea");
    // Both at once: each of them has to log in again.
    await broker.redisCli("-a", "tea", "client", "kill", "type", "pubsub");
    await broker.redisCli("-a", "tea", "client", "kill", "type", "normal");
    await scene.told(1);
    scene.say("away");
    await scene.heard("away", 0, 1);
    await broker.redisCli("-a", "tea", "config", "set", "requirepass", "");
    await scene.told(2);
    scene.say("back");
    await scene.heard("back", 0, 1, 2);
    for (const states of scene.states) assertEquals(states, ["lost", "back"]);
  });

  test("a broker without memory still carries messages", async (scene) => {
    await scene.broker.redisCli("config", "set", "maxmemory", "1");
    scene.say("full");
    await scene.heard("full", 0, 1, 2);
    assertEquals(scene.states, [[], []]);
  });
}

Deno.test({
  name: "redisExchange() listens on a new connection when its own is half open",
  ignore: !hasProgram("redis-server"),
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const library = await importPackage("redis@5");
    if (library === undefined) return explainMissing("redis@5");
    await using broker = await Broker.redis();
    // A line whose bytes go nowhere from one moment on, for what is open then.
    await using line = new Line(broker.port);
    const { exchange, close } = await KINDS[0]!.connect(library, line.port);
    await using cluster = new TestCluster();
    const states: string[] = [];
    const back = Promise.withResolvers<void>();
    await cluster.add(exchange, {
      heartbeat: HEARTBEAT,
      onState(isConnected) {
        states.push(isConnected ? "back" : "lost");
        if (isConnected) back.resolve();
      },
    });
    const { exchange: other, close: closeOther } = await KINDS[0]!.connect(
      library,
      broker.port,
    );
    await cluster.add(other, { heartbeat: HEARTBEAT });
    await cluster.enter(0, "ann");
    await cluster.enter(1, "bob");
    await cluster.settle();
    assertEquals(
      await cluster.say(1, (server) => server.broadcast(null, SAY)),
      [
        "ann hi",
        "bob hi",
      ],
    );
    // The second one is that which listens.
    line.muffle(1);
    await back.promise;
    assertEquals(states, ["lost", "back"]);
    assertEquals(
      await cluster.say(1, (server) => server.broadcast(null, SAY)),
      [
        "ann hi",
        "bob hi",
      ],
    );
    close();
    closeOther();
  },
});

/** A line to a port, whose connections can be made to lose everything. */
class Line implements AsyncDisposable {
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #muffled = new Set<number>();
  readonly #conns: Deno.TcpConn[] = [];
  #count = 0;

  constructor(port: number) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    void this.#run(port);
  }

  muffle(index: number): void {
    this.#muffled.add(index);
  }

  async #run(port: number): Promise<void> {
    for await (const near of this.#listener) {
      const far = await Deno.connect({ hostname: "127.0.0.1", port });
      const index = this.#count++;
      this.#conns.push(near, far);
      void this.#copy(index, near, far);
      void this.#copy(index, far, near);
    }
  }

  async #copy(
    index: number,
    from: Deno.TcpConn,
    to: Deno.TcpConn,
  ): Promise<void> {
    try {
      for await (const chunk of from.readable) {
        if (this.#muffled.has(index)) continue;
        for (let at = 0; at < chunk.length;) {
          at += await to.write(chunk.subarray(at));
        }
      }
      to.close();
    } catch {
      // The other direction has closed both.
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const conn of this.#conns) {
      try {
        conn.close();
      } catch {
        // It is closed already.
      }
    }
    return Promise.resolve();
  }
}

Deno.test("a foreign publisher cannot crash a server, pose as a connection, or reach what a client could not", async () => {
  const exchange = memoryExchange();
  await using cluster = await TestCluster.make({ exchange: () => exchange });
  const asked: string[] = [];
  const ann = await cluster.enter(0, "ann", ["tea"], {
    onWho: () => void asked.push("ann"),
  });
  const mark = (kind: string, sequence = 1) =>
    `neffos(0x@1:${kind}:evil:${sequence}:::)`;
  const control = (meta: object) =>
    `${mark("c")};@neffos;;;0;0;${JSON.stringify(meta)}\n`;
  const hidden = (meta: object, frame = ";chat;;onSay;0;0;x") =>
    `${mark("x")};@neffos;;;0;0;${JSON.stringify(meta)}\n${frame}`;
  const nothing = { except: [], isNative: false, isBinary: false };
  const bytes = (text: string) => new TextEncoder().encode(text);
  const bad: ExchangeData[] = [
    "",
    "x",
    "neffos(0x@",
    "neffos(0x@1",
    "neffos(0x@1:m:evil:1::)",
    `${mark("m")}`,
    `${mark("m")};`,
    `${mark("m")};;;;;;`.replace("evil", ""),
    `${mark("m")}wait;chat;;onSay;0;0;x`,
    `${mark("m", -1)};chat;;onSay;0;0;x`,
    // No server has such an ID.
    ...["\ud800", "a b", "x".repeat(65)].map((id) =>
      `${mark("m").replace("evil", id)};chat;;onSay;0;0;x`
    ),
    // The events of the protocol, and native messages.
    `${mark("m")};chat;tea;_OnRoomJoined;0;0;x`,
    `${mark("m")};chat;;_OnNamespaceDisconnect;0;0;`,
    `${mark("m")};;;_OnNativeMessage;0;0;x`,
    // An answer to an ask of the client, or an ask in another name.
    hidden({ namespace: "chat", ...nothing }, "$1;chat;;onSay;0;0;x"),
    hidden({ namespace: "chat", ...nothing }, "x"),
    hidden({ namespace: 5, ...nothing }),
    hidden({ namespace: "chat", ...nothing, except: "all" }),
    hidden({ namespace: "chat", ...nothing, rooms: [""] }),
    hidden({ namespace: "\ud800", ...nothing }),
    `${
      mark("x")
    };@neffos;;;0;0;{"__proto__":{"namespace":"chat"}}\n;chat;;onSay;0;0;x`,
    `${mark("x")};@neffos;;;0;0;null\n`,
    `${mark("x")};@neffos;;;0;0;[`,
    new Uint8Array(0),
    new Uint8Array([0xff, 0xfe]),
    bytes(mark("m")),
    new Uint8Array([...bytes(`${mark("m")};chat;;onSay;0;0;`), 0xff]),
    // What is for the channels between servers.
    control({
      t: "disconnect",
      id: "1",
      target: "ann",
      code: 1000,
      reason: "",
    }),
    control({ t: "beat", version: 0 }),
  ];
  const server = cluster.server(0);
  for (const data of bad) {
    const before = server.stats().exchange!.invalid;
    await exchange.publish("neffos:namespace:chat", data);
    await Promise.resolve();
    const { invalid } = server.stats().exchange!;
    assertEquals(invalid, before + 1, String(data));
  }
  const badControl = [
    {},
    null,
    5,
    { t: "beat" },
    { t: "beat", version: "1" },
    { t: "delta", from: 0, changes: [[1]] },
    { t: "state", version: -1, part: 0, parts: 1, changes: [] },
    { t: "ask", id: "1" },
    { t: "ask", id: "1", to: "", except: [], timeout: -1 },
    { t: "ask", id: "1", to: 5, except: [] },
    { t: "count", id: "1", namespace: 5 },
    { t: "count" },
    { t: "disconnect", id: "1", target: "ann", code: 1005.5, reason: "" },
    { t: "disconnect", id: "1", target: "ann", code: 1000 },
    { t: "__proto__", id: "1" },
  ];
  for (const meta of badControl) {
    const before = server.stats().exchange!.invalid;
    await exchange.publish("neffos:servers", control(meta as object));
    await Promise.resolve();
    const { invalid } = server.stats().exchange!;
    assertEquals(invalid, before + 1, JSON.stringify(meta));
  }
  // Its end would be told to that server.
  const count = control({ t: "count", id: "1" }).replace("evil", "\ud800");
  const { invalid } = server.stats().exchange!;
  await exchange.publish("neffos:servers", count);
  await Promise.resolve();
  assertEquals(server.stats().exchange!.invalid, invalid + 1);
  // An ask for an event of the protocol has no answer.
  const ask = { t: "ask", id: "1", to: "", except: [] };
  const frames = [";chat;tea;_OnRoomLeave;0;0;", "$1;chat;;onWho;0;0;"];
  for (const frame of frames) {
    await exchange.publish("neffos:servers", `${control(ask)}${frame}`);
  }
  await exchange.publish("neffos:servers", "neffos(0x@9:what:ever)");
  await Promise.resolve();
  assertEquals(server.stats().exchange!.unknownVersion, 1);
  assertEquals([ann.heard, ann.client.isClosed], [[], false]);
  assertEquals(ann.nsConn.room("tea")?.isJoined, true);
  assertEquals(cluster.errors, []);
});

Deno.test("with a secret, what is not signed for its channel, or comes again, is ignored", async () => {
  const exchange = memoryExchange();
  const kept: [string, ExchangeData][] = [];
  const listening: StackExchange = {
    ...exchange,
    publish(channel, data) {
      kept.push([channel, data]);
      return exchange.publish(channel, data);
    },
  };
  await using cluster = await TestCluster.make({
    exchange: () => listening,
    secret: "tea",
  });
  await cluster.enter(0, "ann", ["a", "b"]);
  await cluster.enter(1, "bob", ["a", "b"]);
  kept.length = 0;
  assertEquals(
    await cluster.say(0, (server) => server.broadcast(null, SAY)),
    ["ann hi", "bob hi"],
  );
  const [channel, data] = kept[0]!;
  const text = String(data);
  const ask = `;chat;;onSay;0;0;`;
  for (
    const forged of [
      text.replace("hi", "ho"),
      text.replace(/:[^:]*\)/, ":)"),
      `neffos(0x@1:m:evil:1:::)${ask}`,
      ask,
    ]
  ) await exchange.publish(channel, forged);
  // As it is, but on another channel.
  await exchange.publish("neffos:id:bob", data);
  assertEquals(await cluster.listen(1), []);
  assertEquals(cluster.server(1).stats().exchange!.unsigned, 5);
  await exchange.publish(channel, data);
  assertEquals(await cluster.listen(1), []);
  const { server } = cluster.nodes[1]!;
  assertEquals(server.stats().exchange!.invalid, 1);
  // Nor what is between servers, also when the one that has sent it is gone.
  kept.length = 0;
  await cluster.server(0).disconnect("bob");
  const [request] = kept.filter(([, data]) =>
    String(data).includes('"disconnect"')
  );
  await cluster.people[1]!.client.closed;
  await cluster.enter(1, "bob");
  await exchange.publish(...request!);
  assertEquals(await server.count(), 2);
  await cluster.people[0]!.client.close();
  await cluster.server(0).close();
  assertEquals(server.stats().exchange!.servers, 0);
  for (const each of kept) await exchange.publish(...each);
  assertEquals([await server.count(), server.stats().exchange!.servers], [
    1,
    0,
  ]);
});

Deno.test("a message that an exchange brings twice is delivered once", async () => {
  const memory = memoryExchange();
  const eager: StackExchange = {
    ...memory,
    async publish(channel, data) {
      await memory.publish(channel, data);
      await memory.publish(channel, data);
    },
  };
  await using cluster = await TestCluster.make({ exchange: () => eager });
  await cluster.enter(0, "ann");
  await cluster.enter(1, "bob");
  const said = cluster.say(0, (server) => {
    server.broadcast(null, SAY);
    server.broadcast(null, { ...SAY, body: new Uint8Array([1]) });
  });
  assertEquals(await said, [
    "ann bytes 1",
    "ann hi",
    "bob bytes 1",
    "bob hi",
  ]);
  assertEquals(cluster.server(1).stats().exchange!.invalid, 0);
});

Deno.test("a gap in what a server has published is told, with its server and its size", async () => {
  const exchange = memoryExchange();
  let isLossy = false;
  const lossy: StackExchange = {
    ...exchange,
    publish: (channel, data) =>
      isLossy ? undefined : exchange.publish(channel, data),
  };
  const gaps: ExchangeGap[] = [];
  await using cluster = await TestCluster.make({
    exchange: (index) => index === 0 ? lossy : exchange,
    // deno-lint-ignore require-await -- as one that awaits, and fails
    async onGap(gap) {
      gaps.push(gap);
      throw new Error("no");
    },
  });
  await cluster.enter(0, "ann");
  await cluster.enter(1, "bob");
  const server = cluster.server(0);
  await cluster.say(0, (server) => server.broadcast(null, SAY));
  isLossy = true;
  for (let i = 0; i < 3; i++) server.broadcast(null, SAY);
  isLossy = false;
  await cluster.say(0, (server) => server.broadcast(null, SAY));
  assertEquals(gaps.map(({ server: _, ...gap }) => gap), [
    { reason: "sequence", channel: "neffos:namespace:chat", missed: 3 },
  ]);
  assertEquals(cluster.server(1).stats().exchange!.missed, 3);
  assertEquals(cluster.errors.map(String), ["Error: no"]);
});

Deno.test("servers with other channels, or another secret, are told of once", async () => {
  using time = new FakeTime();
  const mixtures: [ExchangeOptions, ExchangeOptions, string[]][] = [
    [{}, { channels: "rooms" }, ["channels", "channels"]],
    [{}, { go: false }, ["channels", "channels"]],
    [{ go: false }, { channels: "namespaces", go: false }, []],
    [{}, { secret: "tea" }, ["channels", "signed"]],
    [{ secret: "cake" }, { secret: "tea" }, ["signed", "signed"]],
  ];
  for (const [first, second, expected] of mixtures) {
    const exchange = { ...memoryExchange(), goChannel: (name: string) => name };
    const cluster = new TestCluster();
    await cluster.add(exchange, first);
    await cluster.add(exchange, second);
    await cluster.add(exchange, second);
    // Where one refuses the other, that hears of it by the next heartbeat.
    await time.tickAsync(2_100);
    assertEquals(
      cluster.nodes.slice(0, 2).flatMap(({ errors }) =>
        errors.map((error) => /"channels"|signed/.exec(`${error}`)![0])
      ),
      expected.map((word) => word === "signed" ? word : `"${word}"`),
    );
    await cluster[Symbol.asyncDispose]();
  }
});

Deno.test("a message that the broker's client refuses is reported, and the next ones are sent", async () => {
  const exchange = memoryExchange();
  // As NATS, with its max_payload.
  const strict: StackExchange = {
    ...exchange,
    publish(channel, data) {
      if (data.length > 1_000) throw new TypeError("too long");
      return exchange.publish(channel, data);
    },
  };
  await using cluster = await TestCluster.make({ exchange: () => strict });
  await cluster.enter(0, "ann");
  await cluster.enter(1, "bob");
  const long = { ...SAY, body: "x".repeat(1_000) };
  const heard = await cluster.say(0, (server) => {
    server.broadcast(null, long, long, SAY);
  });
  assertEquals(heard, [
    `ann hi`,
    `ann ${long.body}`,
    `ann ${long.body}`,
    "bob hi",
  ]);
  const errors = cluster.errors as Error[];
  assertEquals(errors.map(({ name }) => name), ["ExchangeError"]);
  assertEquals((errors[0]!.cause as Error).message, "too long");
  assertEquals(cluster.server(0).stats().exchange!.failed, 2);
});

Deno.test("useStackExchange() goes on without a broker, reports it once, and joins when it is there", async () => {
  using time = new FakeTime();
  const memory = memoryExchange();
  const calls: (() => void)[] = [];
  let observer: ((isConnected: boolean) => void) | undefined;
  let isConnected = false;
  const late: StackExchange = {
    ...memory,
    get isConnected() {
      return isConnected;
    },
    async subscribe(channel, listener) {
      if (!isConnected) {
        await new Promise<void>((resolve) => calls.push(resolve));
      }
      await memory.subscribe(channel, listener);
    },
    watch(watcher) {
      observer = watcher;
      return () => {};
    },
  };
  const cluster = new TestCluster();
  const states: boolean[] = [];
  const making = cluster.add(late, { onState: (state) => states.push(state) });
  await time.tickAsync(6_600);
  await making;
  assertEquals(states, [false]);
  await cluster.enter(0, "ann");
  assertEquals(await cluster.say(0, (server) => server.broadcast(null, SAY)), [
    "ann hi",
  ]);
  assertEquals(await cluster.server(0).count(), 1);
  await time.tickAsync(20_000);
  isConnected = true;
  for (const call of calls) call();
  observer!(true);
  await time.tickAsync(300);
  assertEquals(states, [false, true]);
  assertEquals(cluster.errors.length, 1);
  await cluster.add(memory);
  await time.tickAsync(600);
  await cluster.enter(1, "bob");
  assertEquals(await cluster.server(1).count(), 2);
  const closing = cluster[Symbol.asyncDispose]();
  await time.tickAsync(5_000);
  await closing;
});

Deno.test("what waits for a broker that was away goes out when the others are back as well", async () => {
  using time = new FakeTime();
  const memory = memoryExchange();
  const lines = [new BrokenLine(memory), new BrokenLine(memory)];
  const cluster = await TestCluster.make({
    exchange: (index) => lines[index]!.exchange,
  });
  await cluster.enter(0, "ann");
  const bob = await cluster.enter(1, "bob");
  await time.tickAsync(600);
  for (const line of lines) line.set(false);
  cluster.server(0).broadcast(null, { ...SAY, body: "away" });
  lines[0]!.set(true);
  await time.tickAsync(200);
  cluster.server(0).broadcast(null, { ...SAY, body: "alone" });
  await time.tickAsync(3_000);
  assertEquals(cluster.server(0).stats().exchange!.isConnected, true);
  assertEquals(bob.heard, []);
  lines[1]!.set(true);
  await time.tickAsync(200);
  cluster.server(0).broadcast(null, { ...SAY, body: "together" });
  await cluster.until(() => bob.heard.includes("together"));
  assertEquals(bob.heard, ["away", "alone", "together"]);
  const closing = cluster[Symbol.asyncDispose]();
  await time.tickAsync(1_000);
  await closing;
});

/** A connection to an exchange that can be lost. */
class BrokenLine {
  readonly exchange: StackExchange;
  #isConnected = true;
  #observer: (isConnected: boolean) => void = () => {};

  constructor(memory: StackExchange) {
    const isConnected = () => this.#isConnected;
    this.exchange = {
      ...memory,
      get isConnected() {
        return isConnected();
      },
      publish: (channel, data) =>
        isConnected() ? memory.publish(channel, data) : undefined,
      subscribe: (channel, listener) =>
        memory.subscribe(channel, (data) => {
          if (isConnected()) listener(data, channel);
        }),
      unsubscribe: () => Promise.resolve(),
      watch: (observer) => {
        this.#observer = observer;
        return () => {};
      },
    };
  }

  set(isConnected: boolean): void {
    this.#isConnected = isConnected;
    this.#observer(isConnected);
  }
}

Deno.test("a server closes while its broker has never been there", async () => {
  using time = new FakeTime();
  const gone: StackExchange = {
    isConnected: false,
    publish() {},
    subscribe: () => new Promise(() => {}),
    unsubscribe: (channel) => {
      ended.push(channel);
      return Promise.resolve();
    },
    watch: () => () => {},
  };
  const ended: string[] = [];
  const cluster = new TestCluster();
  const making = cluster.add(gone);
  await time.tickAsync(7_000);
  await making;
  const closing = cluster[Symbol.asyncDispose]();
  await time.tickAsync(1_000);
  await closing;
  assertEquals(ended.length, 2);
});

/** One suite for all exchanges, with the real brokers. */

import { assertEquals, assertThrows } from "@std/assert";
import {
  Broker,
  explainMissing,
  hasProgram,
  importPackage,
} from "../../harness/brokers.ts";
import { TestCluster } from "../../harness/cluster.ts";
import type { NSConn } from "../../api/ns_conn.ts";
import { exclude, type Message } from "../../protocol/message.ts";
import { memoryExchange } from "./memory.ts";
import { natsExchange } from "./nats.ts";
import { redisExchange } from "./redis.ts";
import type { StackExchange } from "../stack_exchange.ts";
import { workersExchange } from "./workers.ts";

/** What makes exchanges of one kind for one test. */
interface Engine extends AsyncDisposable {
  make(): Promise<StackExchange>;
}

interface EngineKind {
  readonly name: string;
  /** The program that it needs. */
  readonly program?: string;
  /** The npm package that it needs. */
  readonly package?: string;
  // deno-lint-ignore no-explicit-any -- a library of its users
  open(library: any): Promise<Engine>;
}

function ownEngine(make: () => StackExchange): Engine {
  return {
    make: () => Promise.resolve(make()),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** An engine with a broker, whose clients end with the test. */
async function brokerEngine<Client>(
  broker: Broker,
  connect: (port: number) => Promise<Client>,
  { wrap, close }: {
    wrap: (client: Client) => StackExchange;
    close: (client: Client) => unknown;
  },
): Promise<Engine> {
  const clients: Client[] = [];
  return await Promise.resolve({
    async make() {
      const client = await connect(broker.port);
      clients.push(client);
      return wrap(client);
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) await close(client);
      await broker[Symbol.asyncDispose]();
    },
  });
}

/** An engine that needs another broker beside its own. */
function withBroker(broker: Broker, engine: Engine): Engine {
  return {
    make: () => engine.make(),
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      await broker[Symbol.asyncDispose]();
    },
  };
}

/** A node that tells its address: ioredis does not guess it. */
const CLUSTER = [
  "--cluster-enabled",
  "yes",
  "--cluster-announce-ip",
  "127.0.0.1",
];

/** Makes a cluster of one node. */
async function makeRedisCluster(): Promise<Broker> {
  const broker = await Broker.redis(...CLUSTER);
  await broker.redisCli("cluster", "addslotsrange", "0", "16383");
  const isReady = async () =>
    (await broker.redisCli("cluster", "info")).includes("cluster_state:ok");
  while (!await isReady());
  return broker;
}

const KINDS: EngineKind[] = [
  {
    name: "memoryExchange()",
    open: () => {
      const exchange = memoryExchange();
      return Promise.resolve(ownEngine(() => exchange));
    },
  },
  {
    name: "workersExchange()",
    open: () => {
      const name = crypto.randomUUID();
      return Promise.resolve(ownEngine(() => workersExchange(name)));
    },
  },
  ...["redis@5", "redis@6"].map((name): EngineKind => ({
    name: `redisExchange() with ${name}`,
    program: "redis-server",
    package: name,
    open: async ({ createClient }) =>
      await brokerEngine(
        await Broker.redis(),
        async (port) => {
          const client = createClient({ url: `redis://127.0.0.1:${port}` });
          return await client.connect();
        },
        { wrap: (client) => redisExchange(client), close: (c) => c.destroy() },
      ),
  })),
  {
    name: "redisExchange() with a cluster of redis@5",
    program: "redis-server",
    package: "redis@5",
    open: async ({ createCluster }) =>
      await brokerEngine(
        await makeRedisCluster(),
        async (port) => {
          const rootNodes = [{ url: `redis://127.0.0.1:${port}` }];
          const client = createCluster({ rootNodes });
          client.on("error", () => {});
          await client.connect();
          return client;
        },
        { wrap: (client) => redisExchange(client), close: (c) => c.destroy() },
      ),
  },
  {
    name: "redisExchange() with a Sentinel of redis@5",
    program: "redis-server",
    package: "redis@5",
    open: async ({ createSentinel }) => {
      const server = await Broker.redis();
      return withBroker(
        server,
        await brokerEngine(
          await Broker.sentinel(server),
          async (port) => {
            const client = createSentinel({
              name: "main",
              sentinelRootNodes: [{ host: "127.0.0.1", port }],
            });
            client.on("error", () => {});
            await client.connect();
            return client;
          },
          {
            wrap: (client) => redisExchange(client),
            close: (c) => c.destroy(),
          },
        ),
      );
    },
  },
  {
    name: "redisExchange() with a Sentinel of ioredis@5",
    program: "redis-server",
    package: "ioredis@5",
    open: async ({ Redis }) => {
      const server = await Broker.redis();
      return withBroker(
        server,
        await brokerEngine(
          await Broker.sentinel(server),
          // deno-lint-ignore require-await -- it connects by itself
          async (port) =>
            new Redis({
              name: "main",
              sentinels: [{ host: "127.0.0.1", port }],
            }),
          {
            wrap: (client) => redisExchange(client),
            close: (c) => c.disconnect(),
          },
        ),
      );
    },
  },
  ...["ioredis@5", "ioredis@6"].map((name): EngineKind => ({
    name: `redisExchange() with ${name}`,
    program: "redis-server",
    package: name,
    open: async ({ Redis }) =>
      await brokerEngine(
        await Broker.redis(),
        // deno-lint-ignore require-await -- it connects by itself
        async (port) => new Redis({ port, host: "127.0.0.1" }),
        {
          wrap: (client) => redisExchange(client),
          close: (c) => c.disconnect(),
        },
      ),
  })),
  {
    name: "redisExchange() with a cluster of ioredis@5",
    program: "redis-server",
    package: "ioredis@5",
    open: async ({ Cluster }) =>
      await brokerEngine(
        await makeRedisCluster(),
        async (port) => {
          const client = new Cluster([{ port, host: "127.0.0.1" }], {
            shardedSubscribers: true,
          });
          await new Promise((resolve) => client.once("ready", resolve));
          return client;
        },
        {
          wrap: (client) => redisExchange(client),
          close: (c) => c.disconnect(),
        },
      ),
  },
  {
    name: "natsExchange()",
    program: "nats-server",
    package: "@nats-io/transport-node@3",
    open: async ({ connect }) =>
      await brokerEngine(
        await Broker.nats(),
        (port) => connect({ servers: `127.0.0.1:${port}` }),
        {
          wrap: (client: never) => natsExchange(client),
          close: (client) => (client as { close(): unknown }).close(),
        },
      ),
  },
];

const SAY = { namespace: "chat", event: "onSay" } as const;

for (const kind of KINDS) {
  const { name, program } = kind;
  const isMissing = program !== undefined && !hasProgram(program);
  if (isMissing) explainMissing(program);
  Deno.test({
    name: `${name} joins servers`,
    ignore: isMissing,
    // Clients of npm keep timers and sockets for a while after their end.
    sanitizeOps: program === undefined,
    sanitizeResources: program === undefined,
    async fn(t) {
      const library = kind.package && await importPackage(kind.package);
      if (kind.package !== undefined && library === undefined) {
        return explainMissing(kind.package);
      }
      await using engine = await kind.open(library);
      await behave(t, engine);
    },
  });
}

async function behave(t: Deno.TestContext, engine: Engine): Promise<void> {
  await t.step(
    "what is published arrives in order, texts and bytes",
    async () => {
      const [left, right] = [await engine.make(), await engine.make()];
      const all = Promise.withResolvers<void>();
      const got: string[] = [];
      const listener = (data: string | Uint8Array, channel: string) => {
        assertEquals(channel, "test:a%2F");
        got.push(
          typeof data === "string" ? data : new TextDecoder().decode(data),
        );
        if (got.length === 300) all.resolve();
      };
      const others: unknown[] = [];
      const other = (data: unknown) => void others.push(data);
      await right.subscribe("test:a%2F", listener);
      await right.subscribe("test:b", other);
      for (let i = 0; i < 300; i++) {
        const data = i % 2 ? `ü${i}` : new TextEncoder().encode(`ü${i}`);
        void left.publish("test:a%2F", data);
      }
      await all.promise;
      assertEquals(got, Array.from({ length: 300 }, (_, i) => `ü${i}`));
      // What was published first has come first.
      await right.unsubscribe("test:a%2F", listener);
      await left.publish("test:a%2F", "late");
      const last = Promise.withResolvers<void>();
      const end = () => last.resolve();
      await right.subscribe("test:c", end);
      await left.publish("test:c", "end");
      await last.promise;
      assertEquals([got.length, others], [300, []]);
      await right.unsubscribe("test:b", other);
      await right.unsubscribe("test:c", end);
    },
  );

  await t.step(
    "several listeners share a channel, and each ends alone",
    async () => {
      const exchange = await engine.make();
      const got: string[] = [];
      const done = Promise.withResolvers<void>();
      const first = () => void got.push("first");
      const second = () => {
        got.push("second");
        done.resolve();
      };
      await exchange.subscribe("test:d", first);
      await exchange.subscribe("test:d", second);
      await exchange.unsubscribe("test:d", first);
      await exchange.publish("test:d", "x");
      await done.promise;
      assertEquals(got, ["second"]);
      await exchange.unsubscribe("test:d", second);
    },
  );

  await t.step(
    "all hear all, once, and each speaker in order",
    () => talk(engine),
  );

  for (const channels of ["namespaces", "rooms"] as const) {
    await t.step(`servers with channels: "${channels}"`, async () => {
      await using cluster = new TestCluster();
      for (let i = 0; i < 3; i++) {
        await cluster.add(await engine.make(), { channels });
      }
      await cluster.enter(0, "ann", ["tea"]);
      await cluster.enter(1, "b b*", ["tea", "a b.>*"]);
      await cluster.enter(2, "cat");
      // As long as names may be, and longer than a line of NATS.
      const long = "日".repeat(256);
      await cluster.people[2]!.nsConn.joinRoom(long);
      await cluster.settle();
      const said = (init: object, except: string[] = []) =>
        cluster.say(0, (server) =>
          server.broadcast(except.map(exclude), {
            ...SAY,
            body: "hi",
            ...init,
          }));
      assertEquals(await said({}), ["ann hi", "b b* hi", "cat hi"]);
      assertEquals(await said({ room: "tea" }), [
        "ann tea: hi",
        "b b* tea: hi",
      ]);
      assertEquals(await said({ room: "a b.>*" }), ["b b* a b.>*: hi"]);
      assertEquals(await said({ to: "b b*" }), ["b b* hi"]);
      assertEquals(await said({ room: long }), [`cat ${long}: hi`]);
      assertEquals(await said({ to: long.repeat(4) }), []);
      assertEquals(await said({}, ["b b*"]), ["ann hi", "cat hi"]);
      assertEquals(
        await said({ body: new Uint8Array([255, 10]), room: "tea" }),
        ["ann tea: bytes 255,10", "b b* tea: bytes 255,10"],
      );
      assertEquals(await cluster.server(2).count(), 3);
      assertEquals(cluster.errors, []);
      for (const { server } of cluster.nodes) {
        const { invalid, missed, failed } = server.stats().exchange!;
        assertEquals({ invalid, missed, failed }, {
          invalid: 0,
          missed: 0,
          failed: 0,
        });
      }
    });
  }
}

/** Many people talk at once: all hear all, once, and each speaker in order. */
async function talk(engine: Engine): Promise<void> {
  await using cluster = new TestCluster();
  const onSay = (nsConn: NSConn, msg: Message) =>
    nsConn.server.broadcast(null, msg);
  for (let i = 0; i < 3; i++) {
    await cluster.add(await engine.make(), {}, { onSay });
    for (let j = 0; j < 4; j++) await cluster.enter(i, `${i}${j}`);
  }
  await cluster.settle();
  for (let n = 0; n < 100; n++) {
    for (const { name, nsConn } of cluster.people) {
      nsConn.emit("onSay", `${name} ${n}`);
    }
  }
  const { people } = cluster;
  await cluster.until(() => people.every(({ heard }) => heard.length >= 1_200));
  const numbers = Array.from({ length: 100 }, (_, n) => n);
  for (const { heard } of people) {
    assertEquals(heard.length, 1_200);
    for (const { name } of people) {
      const said = heard.filter((text) => text.startsWith(`${name} `));
      assertEquals(said, numbers.map((n) => `${name} ${n}`));
    }
  }
}

for (const name of ["redis@5", "ioredis@5"]) {
  Deno.test({
    name:
      `redisExchange() with ${name} has two connections, whatever the number of websockets`,
    ignore: !hasProgram("redis-server"),
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const library = await importPackage(name);
      if (library === undefined) return explainMissing(name);
      await using broker = await Broker.redis();
      const { createClient, Redis } = library;
      const client = createClient === undefined
        ? new Redis({ port: broker.port, host: "127.0.0.1" })
        : await createClient({ url: `redis://127.0.0.1:${broker.port}` })
          .connect();
      const count = async () => {
        const list = await broker.redisCli("client", "list");
        // The command line has one of its own.
        return list.trim().split("\n").length - 1;
      };
      const cluster = new TestCluster();
      await cluster.add(redisExchange(client), { channels: "rooms" });
      for (let i = 0; i < 50; i++) await cluster.enter(0, `p${i}`, [`r${i}`]);
      await cluster.settle();
      assertEquals(await count(), 2);
      await cluster[Symbol.asyncDispose]();
      // The one that listens has ended with the server.
      while (await count() > 1);
      if (createClient === undefined) client.disconnect();
      else client.destroy();
    },
  });
}

Deno.test("redisExchange() and natsExchange() refuse what is no client", () => {
  for (const value of [undefined, {}, { publish() {} }]) {
    assertThrows(() => redisExchange(value as never), TypeError, "Redis");
    assertThrows(() => natsExchange(value as never), TypeError, "NATS");
  }
});

/** A client of node-redis whose calls are answered by the test. */
function makeClient() {
  const calls: (PromiseWithResolvers<void> & { readonly name: string })[] = [];
  const call = (name: string) => () => {
    const reply = Promise.withResolvers<void>();
    calls.push({ name, ...reply });
    return reply.promise;
  };
  const listeners: (() => void)[] = [];
  const subscriber = {
    isOpen: true,
    isReady: true,
    on(_event: string, listener: () => void) {
      listeners.push(listener);
    },
    connect: () => Promise.resolve(),
    destroy() {},
    subscribe: call("subscribe"),
    unsubscribe: call("unsubscribe"),
  };
  const client = {
    ...subscriber,
    publish: () => Promise.resolve(),
    duplicate: () => subscriber,
  };
  const setReady = (isReady: boolean) => {
    subscriber.isReady = isReady;
    for (const listener of listeners) listener();
  };
  const names = () => calls.map(({ name }) => name);
  /** Waits until it was called so many times, and for what follows. */
  const called = async (count: number) => {
    while (calls.length < count) await Promise.resolve();
    for (let i = 0; i < 10; i++) await Promise.resolve();
  };
  const exchange = redisExchange(client as never);
  return { exchange, calls, names, called, setReady };
}

Deno.test("redisExchange() listens for none of the servers that share it where its client has refused, and for all when they try again", async () => {
  const { exchange, calls, called } = makeClient();
  const listeners = [() => {}, () => {}];
  const subscribe = () =>
    Promise.allSettled(
      listeners.map((listener) => exchange.subscribe("a", listener)),
    );
  const first = subscribe();
  await called(1);
  calls[0]!.reject(new Error("LOADING"));
  const results = await first;
  assertEquals(results.map(({ status }) => status), ["rejected", "rejected"]);
  const second = subscribe();
  await called(2);
  assertEquals(calls.length, 2);
  calls[1]!.resolve();
  await second;
});

Deno.test("redisExchange() listens again when the end is answered: until then node-redis would do nothing", async () => {
  const { exchange, calls, names, called } = makeClient();
  const listener = () => {};
  const subscribing = ["a", "b"].map((channel) =>
    exchange.subscribe(channel, listener)
  );
  await called(2);
  for (const { resolve } of calls.splice(0)) resolve();
  await Promise.all(subscribing);
  const ending = exchange.unsubscribe("a", listener);
  // Another server that shares it.
  const again = exchange.subscribe("a", () => {});
  await called(1);
  assertEquals(names(), ["unsubscribe"]);
  // The connection was lost meanwhile: this listener is not told any more.
  calls[0]!.reject(new Error("lost"));
  await ending;
  await called(2);
  assertEquals(names(), ["unsubscribe", "subscribe"]);
  calls[1]!.resolve();
  await again;
});

Deno.test("redisExchange() listens again to all channels when its client is back: ioredis may forget some", async () => {
  const { exchange, calls, names, called, setReady } = makeClient();
  const subscribing = exchange.subscribe("a", () => {});
  await called(1);
  calls.shift()!.resolve();
  await subscribing;
  setReady(false);
  assertEquals([exchange.isConnected, names()], [false, []]);
  setReady(true);
  assertEquals([exchange.isConnected, names()], [true, ["subscribe"]]);
  calls[0]!.reject(new Error("lost again"));
});

Deno.test("redisExchange() and natsExchange() name the channels of Go, and none that Go would take for a pattern", () => {
  const client = {
    isOpen: true,
    isReady: true,
    publish() {},
    subscribe() {},
    unsubscribe() {},
    on() {},
    duplicate() {},
  };
  const redis = redisExchange(client as never, { prefix: "app" });
  assertEquals(redis.goChannel!("chat"), "app.chat.");
  assertEquals(redis.goChannel!("a b.c"), "app.a b.c.");
  for (const name of ["", "*", "a?", "[a]", "a\\"]) {
    assertEquals(redis.goChannel!(name), undefined, name);
  }
  const connection = {
    publish() {},
    subscribe() {},
    flush() {},
    isClosed: () => false,
    async *status() {},
  };
  for (const prefix of ["", "my app", "app.", "*", "a>", "a\r\nb"]) {
    assertThrows(
      () => natsExchange(connection as never, { prefix }),
      TypeError,
      "as the prefix of subjects",
    );
  }
  const nats = natsExchange(connection as never, { prefix: "app" });
  assertEquals(nats.goChannel!("chat"), "app.chat");
  assertEquals(nats.goChannel!("a.b"), "app.a.b");
  const long = "é".repeat(1_000);
  for (const name of ["", "*", "a b", "a.", ".a", "a..b", ">", "a\tb", long]) {
    assertEquals(nats.goChannel!(name), undefined, name);
  }
});

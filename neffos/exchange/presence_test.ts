import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { PresenceEntry } from "../api/presence.ts";
import { TestCluster } from "../harness/cluster.ts";
import { MemoryServer } from "../harness/mod.ts";
import { memoryExchange } from "./engines/memory.ts";
import type { ExchangeObserver, StackExchange } from "./stack_exchange.ts";

/** Presence that two servers have told each other takes a batch to arrive. */
const BATCH = 50;

const ids = (entries: readonly PresenceEntry[]) =>
  entries.map(({ id }) => id).sort();

/** Logs the events of a presence. */
function logEvents(log: string[]) {
  return {
    onJoin: ({ id }: PresenceEntry) => void log.push(`+${id}`),
    onLeave: ({ id }: PresenceEntry) => void log.push(`-${id}`),
    onUpdate: (entries: readonly PresenceEntry[]) =>
      void log.push(
        `${entries[0]!.id} ${entries.map(({ data }) => JSON.stringify(data))}`,
      ),
  };
}

Deno.test("server.presence() needs no exchange, and hears of those that were there before", async () => {
  await using memory = new MemoryServer({ chat: {} }, {
    idGenerator: () => "ann",
  });
  const { server } = memory;
  const client = await memory.dial({ chat: {} });
  const nsConn = await client.connect("chat");
  await nsConn.joinRoom("tea");
  const log: string[] = [];
  const presence = server.presence("chat", "tea", logEvents(log));
  assertEquals(presence.list(), [
    { id: "ann", data: undefined, server: undefined },
  ]);
  const [own] = server.connectionsByNamespace("chat");
  assert(presence.set(own!, { name: "Ann" }));
  assertEquals(presence.get("ann")[0]!.data, { name: "Ann" });
  assertEquals([presence.size, presence.get("bob")], [1, []]);
  // Who leaves does so at once; who is lost may come back.
  await nsConn.leaveAll();
  assertEquals(presence.list(), []);
  assertEquals(presence.set(own!, {}), false);
  assertEquals(log, ['ann {"name":"Ann"}', "-ann"]);
  presence.close();
  await nsConn.joinRoom("tea");
  assertEquals(log.length, 2);
  assertEquals(ids(server.presence("chat").list()), ["ann"]);
});

Deno.test("server.presence() shows the people of all servers, with data, whoever asks first", async () => {
  using time = new FakeTime();
  const making = TestCluster.make({ size: 3 });
  await time.tickAsync(600);
  const cluster = await making;
  await cluster.enter(0, "ann", ["tea"]);
  await cluster.enter(1, "bob", ["tea"]);
  const log: string[] = [];
  const there = cluster.server(2).presence("chat", "tea", logEvents(log));
  await time.tickAsync(BATCH);
  assertEquals(ids(there.list()), ["ann", "bob"]);
  assertEquals(log, ["+ann", "+bob"]);
  const [own] = cluster.server(1).room("chat", "tea");
  cluster.server(1).presence("chat", "tea").set(own!, { name: "Bob" });
  await cluster.enter(0, "cat", ["tea"]);
  await time.tickAsync(BATCH);
  assertEquals(there.get("bob")[0]!.data, { name: "Bob" });
  assert(there.get("bob")[0]!.server);
  assertEquals(log.slice(2), ['bob {"name":"Bob"}', "+cat"]);
  // The same user twice is two entries with one ID, and one event.
  await cluster.enter(2, "ann", ["tea"]);
  await time.tickAsync(BATCH);
  assertEquals(ids(there.list()), ["ann", "ann", "bob", "cat"]);
  assertEquals(there.size, 3);
  assertEquals(log.filter((line) => line.endsWith("ann")), ["+ann"]);
  const closing = cluster[Symbol.asyncDispose]();
  await time.tickAsync(10_000);
  await closing;
});

/** An exchange whose server answers nobody who wants its presence. */
function muteRoster(exchange: StackExchange): StackExchange {
  return {
    ...exchange,
    publish(channel, data) {
      const isState = String(data).includes('"t":"state"');
      if (!isState) return exchange.publish(channel, data);
    },
  };
}

Deno.test("presence.ready waits for the people of all servers, and for no server that is dead", async () => {
  using time = new FakeTime();
  const exchange = memoryExchange();
  const cluster = new TestCluster();
  const add = async () => {
    const adding = cluster.add(exchange);
    await time.tickAsync(10);
    await adding;
  };
  await add();
  await cluster.enter(0, "ann");
  await time.tickAsync(600);
  // It does not know the other one yet.
  await add();
  const first = cluster.server(1).presence("chat");
  let isReady = false;
  const waiting = first.ready.then(() => isReady = true);
  await time.tickAsync(400);
  assertEquals(isReady, false);
  await time.tickAsync(100);
  await waiting;
  assertEquals(ids(first.list()), ["ann"]);
  // One that is known, and does not answer.
  const silent = new TestCluster();
  const adding = silent.add(muteRoster(exchange));
  await time.tickAsync(600);
  await adding;
  const second = cluster.server(0).presence("chat").ready;
  let isDone = false;
  const ending = second.then(() => isDone = true);
  await time.tickAsync(1_000);
  assertEquals(isDone, false);
  const closing = silent[Symbol.asyncDispose]();
  await time.tickAsync(2_000);
  await Promise.all([closing, ending]);

  const closed = cluster[Symbol.asyncDispose]();
  await time.tickAsync(10_000);
  await closed;
  await cluster.server(0).presence("chat").ready;
});

Deno.test("presence.ready does not wait for a broker that is away, nor without an exchange", async () => {
  using time = new FakeTime();
  await using alone = new MemoryServer({ chat: {} });
  await alone.server.presence("chat").ready;
  const cluster = new TestCluster();
  const memory = memoryExchange();
  let observer!: ExchangeObserver;
  const making = [
    cluster.add({
      ...memory,
      watch(watcher) {
        observer = watcher;
        return () => {};
      },
    }),
    cluster.add(muteRoster(memory)),
  ];
  await time.tickAsync(600);
  await Promise.all(making);
  const waiting = cluster.server(0).presence("chat").ready;
  await time.tickAsync(1_000);
  observer(false);
  await waiting;
  const closing = cluster[Symbol.asyncDispose]();
  await time.tickAsync(10_000);
  await closing;
});

Deno.test("a connection that moves to another server does not leave; one that does not come back does, after the grace", async () => {
  using time = new FakeTime();
  const making = TestCluster.make({ presenceGrace: 1_000 });
  await time.tickAsync(600);
  const cluster = await making;
  const log: string[] = [];
  const there = cluster.server(1).presence("chat", "", logEvents(log));
  const first = await cluster.enter(0, "ann");
  await time.tickAsync(BATCH);
  assertEquals(log, ["+ann"]);
  await first.client.close();
  await time.tickAsync(500);
  assertEquals(ids(there.list()), ["ann"]);
  await cluster.enter(1, "ann");
  await time.tickAsync(5_000);
  assertEquals(ids(there.list()), ["ann"]);
  assertEquals(log.filter((line) => /^[+-]/.test(line)), ["+ann"]);
  await cluster.people[1]!.client.close();
  await time.tickAsync(900);
  assertEquals(ids(there.list()), ["ann"]);
  await time.tickAsync(200);
  assertEquals([log.at(-1), there.list(), there.size], ["-ann", [], 0]);
  const closing = cluster[Symbol.asyncDispose]();
  await time.tickAsync(10_000);
  await closing;
});

Deno.test("a listener of presence that throws, or rejects, is reported, and the others are called", async () => {
  await using memory = new MemoryServer({ chat: {} }, {
    idGenerator: () => "ann",
  });
  const log: string[] = [];
  memory.server.presence("chat", "", {
    onJoin() {
      throw new Error("no");
    },
  });
  // deno-lint-ignore require-await -- as one that awaits, and fails
  const onJoin = async () => {
    throw new Error("later");
  };
  memory.server.presence("chat", "", { onJoin });
  memory.server.presence("chat", "", logEvents(log));
  const client = await memory.dial({ chat: {} });
  await client.connect("chat");
  assertEquals(log, ["+ann"]);
  assertEquals(memory.errors.map(String), ["Error: no", "Error: later"]);
});

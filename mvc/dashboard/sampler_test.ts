import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { MemoryServer, RawClient } from "../../neffos/harness/mod.ts";
import { Inspection } from "../../neffos/internal.ts";
import { memoryExchange, type Server } from "../../neffos/mod.ts";
import type { ServerSentEvent } from "../http/server_sent_events.ts";
import type { Point, Snapshot } from "./data.ts";
import { FaultLedger } from "./fault_ledger.ts";
import { Sampler } from "./sampler.ts";

/** Makes a sampler; its clock is that of the test. */
function makeSampler(server: Server): Sampler {
  const inspection = new Inspection(server);
  const faults = new FaultLedger();
  inspection.watchFaults((error, source) => faults.add(error, source));
  return new Sampler(server, { inspection, faults, now: () => Date.now() });
}

/** A page that looks. */
class Page {
  readonly #events: AsyncIterableIterator<ServerSentEvent>;

  constructor(sampler: Sampler) {
    this.#events = sampler.watch();
  }

  async next(): Promise<{ event: string | undefined; data: string }> {
    const { value, done } = await this.#events.next();
    if (done) return { event: "end", data: "" };
    return { event: value.event, data: String(value.data) };
  }

  /** Takes the next event, which is a sample. */
  async sample(): Promise<Snapshot> {
    const { event, data } = await this.next();
    assertEquals(event, "sample");
    return JSON.parse(data);
  }

  /** Takes the points that are there, and the first sample. */
  async open(): Promise<{ points: Point[]; sample: Snapshot }> {
    const { event, data } = await this.next();
    assertEquals(event, "points");
    return { points: JSON.parse(data), sample: await this.sample() };
  }

  async close(): Promise<void> {
    await this.#events.return!();
  }
}

/** Makes a server that has no timers of its own. */
function makeMemory(events = {}): MemoryServer {
  return new MemoryServer({ chat: events });
}

Deno.test("Sampler runs one timer while somebody looks, and none otherwise", async () => {
  using time = new FakeTime();
  await using memory = makeMemory();
  const sampler = makeSampler(memory.server);
  assertEquals(time.next(), false);
  const pages = [new Page(sampler), new Page(sampler)];
  // It begins with the first event that is taken.
  assertEquals(time.next(), false);
  for (const page of pages) await page.open();
  const began = time.now;
  assertEquals(time.next(), true);
  assertEquals(time.now, began + 1_000);
  assertEquals(time.next(), true);
  assertEquals(time.now, began + 2_000);
  await pages[0]!.close();
  assertEquals(sampler.isRunning, true);
  await pages[1]!.close();
  assertEquals(sampler.isRunning, false);
  assertEquals(time.next(), false);
  // And again.
  const later = new Page(sampler);
  await later.open();
  assertEquals(time.next(), true);
  await later.close();
  assertEquals(time.next(), false);
});

Deno.test("Sampler measures handlers while somebody looks alone, unless the program measures them", async () => {
  await using memory = makeMemory({ onSay: () => "said" });
  const { server } = memory;
  const sampler = makeSampler(server);
  const client = await RawClient.open(
    memory,
    "M",
    "$1;chat;;_OnNamespaceConnect;0;0;",
  );
  let frames = 2;
  const say = async () => {
    client.send(`$${++frames};chat;;onSay;0;0;`);
    await client.until(frames);
  };
  await say();
  assertEquals(server.stats().handlers, []);
  const [first, second] = [new Page(sampler), new Page(sampler)];
  await first.open();
  await second.open();
  await say();
  assertEquals(server.stats().handlers[0]!.count, 1);
  await first.close();
  await say();
  assertEquals(server.stats().handlers[0]!.count, 2);
  await second.close();
  await say();
  assertEquals(server.stats().handlers, []);
  const third = new Page(sampler);
  await third.open();
  server.measureHandlers({ buckets: [7] });
  await say();
  await third.close();
  await say();
  const [row] = server.stats().handlers;
  assertEquals([row!.count, row!.buckets.length], [2, 1]);
});

Deno.test("Sampler tells rates, handler times, limits and faults of the last minute", async () => {
  using time = new FakeTime();
  await using memory = new MemoryServer({
    chat: {
      onSay: () => "said",
      onFail() {
        throw new RangeError("secret");
      },
    },
  }, { maxRooms: 1 });
  const sampler = makeSampler(memory.server);
  const client = await RawClient.open(
    memory,
    "M",
    "$1;chat;;_OnNamespaceConnect;0;0;",
    "$2;chat;lobby;_OnRoomJoin;0;0;",
    "$3;chat;other;_OnRoomJoin;0;0;",
  );
  await client.until(4);
  const page = new Page(sampler);
  const { points, sample } = await page.open();
  assertEquals(points, [sample.point]);
  assertEquals(sample.point.messagesIn, null);
  assertEquals(sample.handlers, { count: 0, rows: [] });
  assertEquals(sample.counters, [
    { kind: "limit", name: "maxRooms", total: 1, recent: 0 },
  ]);
  assertEquals(sample.namespaces.rows, [
    { namespace: "chat", room: "", connections: 1 },
  ]);
  assertEquals(sample.rooms.rows, [
    { namespace: "chat", room: "lobby", connections: 1 },
  ]);
  assertEquals(sample.cluster, null);
  for (let i = 5; i < 15; i++) client.send(`$${i};chat;;onSay;0;0;`);
  client.send("$20;chat;;onFail;0;0;", "$21;chat;third;_OnRoomJoin;0;0;");
  await client.until(16);
  time.tick(1_000);
  const next = await page.sample();
  assertEquals(next.point.messagesIn, 12);
  assertEquals(next.point.messagesOut, 12);
  assertEquals(next.point.errors, 1);
  assertEquals(next.point.delay, 0);
  assertEquals(next.period, 1_000);
  const say = next.handlers.rows.find(({ event }) => event === "onSay")!;
  assertEquals([say.namespace, say.rate], ["chat", 10]);
  assert(say.mean >= 0 && say.share >= 0 && say.share <= 1);
  assertEquals(next.counters[0]!.recent, 1);
  const [fault] = next.faults.rows;
  assertEquals(fault, {
    namespace: "chat",
    event: "onFail",
    error: "RangeError",
    count: 1,
    last: fault!.last,
  });
  for (let i = 0; i < 70; i++) {
    time.tick(1_000);
    await page.sample();
  }
  time.tick(1_000);
  const last = await page.sample();
  assertEquals(last.handlers.rows, []);
  assertEquals(last.counters[0], {
    kind: "limit",
    name: "maxRooms",
    total: 2,
    recent: 0,
  });
  await page.close();
});

Deno.test("Sampler keeps its points from one look to the next, but no more than five minutes of them", async () => {
  using time = new FakeTime();
  await using memory = makeMemory();
  const sampler = makeSampler(memory.server);
  const first = new Page(sampler);
  await first.open();
  for (let i = 0; i < 310; i++) {
    time.tick(1_000);
    await first.sample();
  }
  await first.close();
  time.tick(5_000);
  const second = new Page(sampler);
  const { points } = await second.open();
  assertEquals(points.length, 300);
  assertEquals(points.at(-1)!.time - points.at(-2)!.time, 5_000);
  // The time between two looks is not one of them.
  assertEquals(points.at(-1)!.messagesIn, null);
  await second.close();
});

Deno.test("Sampler lets sixteen pages look, and tells others that it is full", async () => {
  using time = new FakeTime();
  await using memory = makeMemory();
  const sampler = makeSampler(memory.server);
  const pages = Array.from({ length: 16 }, () => new Page(sampler));
  for (const page of pages) await page.open();
  const late = new Page(sampler);
  assertEquals((await late.next()).event, "full");
  assertEquals((await late.next()).event, "end");
  await pages[0]!.close();
  const again = new Page(sampler);
  await again.open();
  for (const page of [...pages, again]) await page.close();
  assertEquals(time.next(), false);
});

Deno.test("Sampler skips samples for a slow page, and forgets one that takes none", async () => {
  using time = new FakeTime();
  await using memory = makeMemory();
  const sampler = makeSampler(memory.server);
  const page = new Page(sampler);
  await page.open();
  const began = time.now;
  time.tick(10_000);
  assertEquals((await page.sample()).point.time, began + 10_000);
  time.tick(30_000);
  assertEquals(sampler.isRunning, true);
  time.tick(10_000);
  assertEquals(sampler.isRunning, false);
  assertEquals(time.next(), false);
});

Deno.test("Sampler ends the pages of a server that closes, so that its listener ends", async () => {
  using time = new FakeTime();
  const memory = makeMemory();
  const sampler = makeSampler(memory.server);
  const page = new Page(sampler);
  await page.open();
  await memory.server.close();
  time.tick(1_000);
  assertEquals((await page.next()).event, "closing");
  assertEquals((await page.next()).event, "end");
  assertEquals(time.next(), false);
  const late = new Page(sampler);
  assertEquals((await late.next()).event, "closing");
  assertEquals((await late.next()).event, "end");
  assertEquals(time.next(), false);
});

Deno.test("Sampler follows the servers of the cluster", async () => {
  await using here = makeMemory();
  const there = makeMemory();
  const exchange = memoryExchange();
  for (const { server } of [here, there]) {
    await server.useStackExchange(exchange);
  }
  await RawClient.open(there, "M");
  const sampler = makeSampler(here.server);
  const page = new Page(sampler);
  let { sample } = await page.open();
  const read = () =>
    sample.cluster!.servers.map(({ state, connections }) => [
      state,
      connections,
    ]);
  while (read()[1]?.[1] !== 1) sample = await page.sample();
  assertEquals(sample.cluster!.isConnected, true);
  assertEquals(read(), [["this", 0], ["alive", 1]]);
  await there.server.close();
  while (read()[1]![0] !== "gone") sample = await page.sample();
  assertEquals(read(), [["this", 0], ["gone", null]]);
  await page.close();
});

Deno.test("Sampler counts the cluster at the beginning of each look", async () => {
  using time = new FakeTime();
  await using memory = makeMemory();
  const inspection = new Inspection(memory.server);
  let counts = 0;
  inspection.countEach = () => {
    counts++;
    return Promise.resolve(new Map());
  };
  const faults = new FaultLedger();
  const sampler = new Sampler(memory.server, { inspection, faults });
  for (let look = 1; look <= 3; look++) {
    const page = new Page(sampler);
    await page.open();
    assertEquals(counts, look);
    time.tick(1_000);
    await page.close();
  }
});

Deno.test("FaultLedger keeps fifty kinds, whatever a program throws", () => {
  const ledger = new FaultLedger();
  for (let i = 0; i < 60; i++) ledger.add(new Error("x"), { event: `${i}` });
  ledger.add(new Error("y"), { event: "15" });
  const rows = ledger.list();
  assertEquals(rows.length, 50);
  assertEquals([rows[0]!.event, rows[0]!.count], ["15", 2]);
  assertEquals(rows.at(-1)!.event, "10");
  const odd = new Proxy(new Error(), {
    get() {
      throw new Error("odd");
    },
  });
  const long = "x".repeat(1_000);
  for (const value of [odd, "text", null, new Proxy({}, {})]) {
    ledger.add(value, { namespace: long, event: long });
  }
  const [object, text, unknown] = ledger.list();
  assertEquals(object!.error, "object");
  assertEquals(text!.error, "string");
  assertEquals(unknown!.error, "unknown");
  assertEquals(unknown!.event.length, 256);
});

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { TestCluster } from "../harness/cluster.ts";
import { type Exclude, exclude } from "../protocol/message.ts";
import { denoUpgrader, Server } from "../mod.ts";
import { Emitter } from "./emitter.ts";
import { memoryExchange } from "./engines/memory.ts";
import type { ExchangeOptions } from "./stack_exchange.ts";

const SAY = { namespace: "chat", event: "onSay", body: "hi" } as const;

Deno.test("Server and Emitter refuse the client of a broker, which is no exchange", async () => {
  const client = {
    isOpen: true,
    publish() {},
    subscribe() {},
    unsubscribe() {},
    watch() {},
  };
  const server = new Server(denoUpgrader(), { chat: {} });
  for (
    const [value, name] of [
      [client, `a value of type "object"`],
      ["redis://127.0.0.1", `"redis://127.0.0.1"`],
      [undefined, "undefined"],
    ]
  ) {
    const text =
      `Cannot use ${name} as an exchange: it must be a StackExchange, such as redisExchange(client)`;
    await assertRejects(
      () => server.useStackExchange(value as never),
      TypeError,
      text,
    );
    assertThrows(() => new Emitter(value as never), TypeError, text);
  }
  await server.close();
});

Deno.test("Emitter reaches the connections of all servers, in every mode of channels", async () => {
  const modes: ExchangeOptions[] = [{}, { channels: "rooms", secret: "tea" }];
  for (const options of modes) {
    const exchange = memoryExchange();
    await using cluster = await TestCluster.make({
      ...options,
      exchange: () => exchange,
    });
    await using emitter = new Emitter(exchange, options);
    const ann = await cluster.enter(0, "ann", ["tea"]);
    await cluster.enter(1, "bob", ["tea"]);
    await cluster.enter(1, "cat");
    const said = (init = {}, except: Exclude[] | null = null) =>
      cluster.say(0, () => emitter.broadcast(except, { ...SAY, ...init }));
    assertEquals(await said(), ["ann hi", "bob hi", "cat hi"]);
    assertEquals(await said({ room: "tea" }), ["ann tea: hi", "bob tea: hi"]);
    assertEquals(await said({ to: "cat" }), ["cat hi"]);
    assertEquals(await said({}, [exclude("ann")]), ["bob hi", "cat hi"]);
    assertEquals(
      await said({ body: new Uint8Array([255]) }, [exclude("ann")]),
      ["bob bytes 255", "cat bytes 255"],
    );
    emitter.disconnect("ann", { code: 4500, reason: "bye" });
    const { code, reason } = await ann.client.closed;
    assertEquals([code, reason], [4500, "bye"]);
  }
});

Deno.test("Emitter refuses a connection to leave out, and codes that no close has", async () => {
  await using emitter = new Emitter(memoryExchange());
  assertThrows(
    () => emitter.broadcast({} as never, SAY),
    TypeError,
    "exclude(id)",
  );
  assertThrows(() => emitter.disconnect("ann", { code: 1005 }), RangeError);
});

Deno.test("Emitter keeps what it may while the broker is away, and drops the rest", async () => {
  const memory = memoryExchange();
  const got: unknown[] = [];
  await memory.subscribe("neffos:namespace:chat", (data) => got.push(data));
  let observer: ((isConnected: boolean) => void) | undefined;
  const exchange = {
    ...memory,
    isConnected: false,
    watch: (watcher: typeof observer) => {
      observer = watcher;
      return () => observer = undefined;
    },
  };
  const emitter = new Emitter(exchange, { maxQueued: 2 });
  for (let i = 0; i < 5; i++) emitter.broadcast(null, { ...SAY, body: `${i}` });
  assertEquals([emitter.queued, emitter.dropped], [2, 3]);
  exchange.isConnected = true;
  observer?.(true);
  await emitter.close();
  await Promise.resolve();
  assertEquals(got.map((data) => String(data).at(-1)), ["0", "1"]);
  assertEquals(observer, undefined);
});

Deno.test("Emitter closes although the broker takes nothing any more", async () => {
  for (const isLost of [false, true]) {
    using time = new FakeTime();
    const exchange = {
      ...memoryExchange(),
      isConnected: true,
      publish: () => new Promise<void>(() => {}),
    };
    const emitter = new Emitter(exchange);
    emitter.broadcast(null, SAY);
    let closed = 0;
    const closing = [emitter.close(), emitter.close()];
    for (const each of closing) void each.then(() => closed++);
    exchange.isConnected = !isLost;
    await time.tickAsync(isLost ? 200 : 4_900);
    assertEquals(closed, 0);
    await time.tickAsync(400);
    await Promise.all(closing);
  }
});

import { assertEquals, assertRejects } from "@std/assert";
import { TestCluster } from "../harness/cluster.ts";
import { MemoryServer, RawClient } from "../harness/mod.ts";
import { OnNativeMessage } from "../protocol/event_names.ts";
import { exclude, type MessageInit } from "../protocol/message.ts";
import { memoryExchange } from "./engines/memory.ts";
import type { ExchangeOptions } from "./stack_exchange.ts";

const SAY = { namespace: "chat", event: "onSay" } as const;

const MODES: ExchangeOptions[] = [
  {},
  { channels: "rooms" },
  { secret: "tea" },
  { channels: "rooms", secret: "tea" },
];

Deno.test("Server.broadcast() reaches the connections of all servers, in every mode of channels", async (t) => {
  for (const options of MODES) {
    await t.step(JSON.stringify(options), async () => {
      await using cluster = await TestCluster.make({ size: 3, ...options });
      await cluster.enter(0, "ann", ["tea"]);
      await cluster.enter(1, "bob", ["tea", "cake"]);
      await cluster.enter(1, "cat", ["cake"]);
      await cluster.enter(2, "dan");
      const said = (
        init: MessageInit,
        except: Parameters<typeof exclude>[] = [],
      ) =>
        cluster.say(0, (server) =>
          server.broadcast(
            except.map(([id]) => exclude(id)),
            { ...SAY, body: "hi", ...init },
          ));
      assertEquals(await said({}), ["ann hi", "bob hi", "cat hi", "dan hi"]);
      assertEquals(await said({ room: "tea" }), ["ann tea: hi", "bob tea: hi"]);
      assertEquals(await said({ room: "cake" }), [
        "bob cake: hi",
        "cat cake: hi",
      ]);
      assertEquals(
        await said({ rooms: ["cake", "tea"] }),
        ["ann tea: hi", "bob cake: hi", "cat cake: hi"],
      );
      assertEquals(await said({ rooms: ["tea"] }), [
        "ann tea: hi",
        "bob tea: hi",
      ]);
      assertEquals(await said({ rooms: [] }), []);
      assertEquals(await said({ to: "cat" }), ["cat hi"]);
      assertEquals(await said({ to: "bob", room: "tea" }), ["bob tea: hi"]);
      assertEquals(await said({ to: "cat", room: "tea" }), []);
      assertEquals(await said({}, [["bob"]]), ["ann hi", "cat hi", "dan hi"]);
      assertEquals(await said({ room: "tea" }, [["bob"], ["dan"]]), [
        "ann tea: hi",
      ]);
      const bytes = new Uint8Array([255, 0, 10, 59]);
      assertEquals(await said({ body: bytes, to: "dan" }), [
        "dan bytes 255,0,10,59",
      ]);
      assertEquals(await said({ body: bytes, room: "tea" }, [["ann"]]), [
        "bob tea: bytes 255,0,10,59",
      ]);
      assertEquals(cluster.errors, []);
    });
  }
});

Deno.test("Server.broadcast() sends native messages to the connections of all servers", async () => {
  const exchange = memoryExchange();
  const nodes = [0, 1].map(() =>
    new MemoryServer({ "": { [OnNativeMessage]() {} } })
  );
  for (const { server } of nodes) await server.useStackExchange(exchange);
  const clients: RawClient[] = [];
  for (const node of nodes) clients.push(await RawClient.open(node));
  const bytes = new Uint8Array([1, 255]);
  for (const body of ["a;b", bytes]) {
    nodes[0]!.server.broadcast(null, { body, isNative: true });
  }
  for (const client of clients) {
    assertEquals(await client.until(2), ["a;b", bytes]);
  }
  for (const { server } of nodes) await server.close();
});

Deno.test("Server.broadcast() leaves out a connection of its own, and no other", async () => {
  await using cluster = await TestCluster.make();
  await cluster.enter(0, "ann");
  await cluster.enter(0, "bob");
  await cluster.enter(1, "cat");
  const [ann] = cluster.server(0).connections;
  const heard = await cluster.say(
    0,
    (server) => server.broadcast(ann, { ...SAY, body: "hi" }),
  );
  assertEquals(heard, ["bob hi", "cat hi"]);
});

Deno.test("Server.broadcast() keeps the order of texts, bytes and rooms", async () => {
  await using cluster = await TestCluster.make();
  const bob = await cluster.enter(1, "bob", ["tea"]);
  const server = cluster.server(0);
  for (let i = 0; i < 100; i++) {
    const body = i % 3 === 0 ? new Uint8Array([i]) : `${i}`;
    const except = i % 7 === 0 ? exclude("nobody") : null;
    server.broadcast(except, { ...SAY, room: i % 2 ? "tea" : "", body });
  }
  await cluster.until(() => bob.heard.length === 100);
  assertEquals(
    bob.heard.map((text) => Number(text.match(/\d+/)![0])),
    Array.from({ length: 100 }, (_, i) => i),
  );
});

Deno.test("names with what brokers and frames treat in a special way stay names", async () => {
  const names = [
    "*",
    "a.b",
    "a b",
    ">",
    "a;b",
    "a:b",
    "[a]",
    "ü\n%",
    "..",
    "x'y",
  ];
  for (const options of MODES) {
    await using cluster = await TestCluster.make(options);
    for (const name of names) await cluster.enter(1, name, [name]);
    for (const name of names) {
      assertEquals(
        await cluster.say(
          0,
          (server) =>
            server.broadcast(null, { ...SAY, room: name, body: "hi" }),
        ),
        [`${name} ${name}: hi`],
      );
      assertEquals(
        await cluster.say(
          0,
          (server) => server.broadcast(null, { ...SAY, to: name, body: "hi" }),
        ),
        [`${name} hi`],
      );
    }
    assertEquals(cluster.server(0).stats().exchange!.invalid, 0);
  }
});

Deno.test("Server.useStackExchange() reaches those that were connected before", async () => {
  const exchange = memoryExchange();
  for (const channels of ["namespaces", "rooms"] as const) {
    await using cluster = new TestCluster();
    cluster.nodes.push(
      new MemoryServer({ chat: {} }, {
        idGenerator: () => "ann",
      }),
    );
    await cluster.enter(0, "ann", ["tea"]);
    await cluster.server(0).useStackExchange(exchange, { channels });
    await cluster.add(exchange, { channels });
    const said = (init: MessageInit) =>
      cluster.say(
        1,
        (server) => server.broadcast(null, { ...SAY, body: "hi", ...init }),
      );
    assertEquals(await said({}), ["ann hi"]);
    assertEquals(await said({ room: "tea" }), ["ann tea: hi"]);
    assertEquals(await said({ to: "ann" }), ["ann hi"]);
    assertEquals(await cluster.server(1).count(), 1);
  }
});

Deno.test("Server.useStackExchange() refuses a second exchange, and options that cannot be", async () => {
  await using cluster = await TestCluster.make({ size: 1 });
  const server = cluster.server(0);
  await assertRejects(
    () => server.useStackExchange(memoryExchange()),
    TypeError,
    "uses one already",
  );
  const other = await TestCluster.make({ size: 0 });
  for (
    const options of [
      { heartbeat: { interval: 0 } },
      { heartbeat: { timeout: NaN } },
      { maxQueued: -1 },
      { presenceGrace: -1 },
    ]
  ) {
    await assertRejects(
      () => other.add(memoryExchange(), options),
      RangeError,
    );
  }
  await assertRejects(
    () => other.add(memoryExchange(), { channels: "room" as "rooms" }),
    TypeError,
    '"channels"',
  );
  await assertRejects(() => other.add({} as never), TypeError, "exchange");
  await other[Symbol.asyncDispose]();
});

Deno.test('with channels: "rooms" a server receives only what is sent to the rooms of its own connections', async () => {
  const received = async (options: ExchangeOptions) => {
    await using cluster = await TestCluster.make({ size: 3, ...options });
    for (let i = 0; i < 3; i++) await cluster.enter(i, `p${i}`, [`room ${i}`]);
    await cluster.listen(0);
    const server = cluster.server(2);
    const before = server.stats().exchange!.received;
    for (let i = 0; i < 100; i++) {
      cluster.server(0).broadcast(null, { ...SAY, room: "room 1", body: "hi" });
    }
    await cluster.listen(0);
    return server.stats().exchange!.received - before;
  };
  // One more is that which ends the listening.
  assertEquals(await received({ channels: "namespaces" }), 101);
  assertEquals(await received({ channels: "rooms" }), 1);
});

Deno.test("a server listens to one channel for each namespace and ID of its connections, and to none that it needs no more", async () => {
  for (const [channels, more] of [["namespaces", 0], ["rooms", 1]] as const) {
    await using cluster = await TestCluster.make({ size: 1, channels });
    const count = () => cluster.server(0).stats().exchange!.channels;
    const own = count();
    const ann = await cluster.enter(0, "ann", ["tea"]);
    assertEquals(count(), own + 2 + more);
    const other = await cluster.enter(0, "ann", ["tea"]);
    assertEquals(count(), own + 2 + more);
    const bob = await cluster.enter(0, "bob");
    assertEquals(count(), own + 3 + more);
    for (const { client } of [ann, other, bob]) await client.close();
    await cluster.server(0).close();
    assertEquals(count(), 0);
  }
});

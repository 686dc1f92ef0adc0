import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Client, dial } from "../client.ts";
import { MemoryServer } from "../harness/mod.ts";
import { denoUpgrader } from "../transport/upgrader.ts";
import { Server } from "./server.ts";

Deno.test("Server.close() closes many in batches, each once, and serves the others meanwhile", async () => {
  const ends: number[] = [];
  await using memory = new MemoryServer({ ns: { onPing: () => "pong" } });
  const clients = await Promise.all(
    Array.from({ length: 600 }, (_, i) =>
      memory.dial({ ns: {} }, {
        onClose: ({ code }) => {
          assertEquals(code, 1001);
          ends.push(i);
        },
      })),
  );
  await Promise.all(clients.map((client) => client.connect("ns")));
  const closed = memory.server.close();
  const left = clients.filter((client) => !client.isClosed);
  const { totalConnections } = memory.server;
  assertEquals(totalConnections, 350);
  const answers = await Promise.all(left.map(async (client) => {
    try {
      return (await client.namespace("ns")!.ask("onPing")).text();
    } catch {
      return "closed";
    }
  }));
  assertEquals(answers.filter((text) => text === "pong").length, 350);
  await closed;
  assertEquals(ends.length, 600);
  assertEquals(new Set(ends).size, 600);
  assert(
    ends.some((end, i) => i > 0 && end < ends[i - 1]!),
    "they were shuffled",
  );
  assertEquals(memory.errors, []);
});

Deno.test("Server.close({ timeout }) ends what is left when the time is up", async () => {
  await using memory = new MemoryServer({ ns: {} });
  await Promise.all(
    Array.from({ length: 1_100 }, () => memory.dial({ ns: {} })),
  );
  const first = memory.server.close();
  assertEquals(memory.server.totalConnections, 850);
  await Promise.all([memory.server.close({ timeout: 1 }), first]);
  assertEquals(memory.server.totalConnections, 0);
});

Deno.test("Server.close({ timeout }) accepts times beyond the platform's limit", async () => {
  for (const timeout of [Infinity, 2 ** 32, 10_000]) {
    const begun = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    const log: string[] = [];
    await using memory = new MemoryServer({
      ns: {
        async onWork() {
          begun.resolve();
          await end.promise;
          log.push("done");
        },
      },
    });
    const client = await memory.dial({ ns: {} });
    (await client.connect("ns")).emit("onWork");
    await begun.promise;
    const closed = memory.server.close({ timeout })
      .then(() => log.push("closed"));
    await client.closed;
    // The platform would fire a timer beyond its limit at once.
    await new Promise((resolve) => setTimeout(resolve, 5));
    end.resolve();
    await closed;
    assertEquals(log, ["done", "closed"]);
  }
  await using memory = new MemoryServer({ ns: {} });
  for (const timeout of [NaN, -1]) {
    await assertRejects(() => memory.server.close({ timeout }), RangeError);
  }
  const client = await memory.dial({ ns: {} });
  await client.connect("ns");
  await memory.server.close({ timeout: 0 });
});

/** A server that listens, and records its connections. */
class Site {
  readonly server: Server;
  readonly listener: Deno.HttpServer<Deno.NetAddr>;

  constructor(name: string, log: string[], port = 0) {
    const events = { onWho: () => name };
    const keyOf = (headers: Headers) => headers.get("x-client");
    this.server = new Server(denoUpgrader(), { ns: events }, {
      onConnect: ({ request }) =>
        void log.push(`${name} + ${keyOf(request.headers)}`),
      onDisconnect: ({ request }) =>
        void log.push(`${name} - ${keyOf(request.headers)}`),
    });
    this.listener = Deno.serve(
      { port, hostname: "127.0.0.1", onListen() {} },
      (request, info) => this.server.upgrade(request, info),
    );
  }

  async close() {
    await this.server.close();
    await this.listener.shutdown();
  }
}

Deno.test("1,000 clients are back in their rooms after a restart, and none is on both servers", async () => {
  const log: string[] = [];
  const before = new Site("before", log);
  const { port } = before.listener.addr;
  const lost = new Map<number, number>();
  const back = Promise.withResolvers<void>();
  let returned = 0;
  const clients: Client[] = [];
  for (let i = 0; i < 1_000; i++) {
    const client = await dial(`ws://127.0.0.1:${port}`, { ns: {} }, {
      headers: { "x-client": `${i}` },
      reconnect: { initialDelay: 50, maxDelay: 500 },
      onClose: (_info, willReconnect) => {
        if (willReconnect) lost.set(i, (lost.get(i) ?? 0) + 1);
      },
      onReconnect: () => {
        if (++returned === 1_000) back.resolve();
      },
    });
    clients.push(client);
    await (await client.connect("ns")).joinRoom(`room ${i % 10}`);
  }
  await before.close();
  const after = new Site("after", log, port);
  await back.promise;
  for (let room = 0; room < 10; room++) {
    assertEquals(after.server.room("ns", `room ${room}`).length, 100);
  }
  const answers = await Promise.all(clients.map(async (client) => {
    const nsConn = client.namespace("ns")!;
    assertEquals(nsConn.rooms.length, 1);
    return (await nsConn.ask("onWho")).text();
  }));
  assertEquals(answers, Array(1_000).fill("after"));
  assertEquals([...lost.values()], Array(1_000).fill(1));
  await Promise.all(clients.map((client) => client.close()));
  await after.close();
  const stories = Map.groupBy(log, (line) => line.split(" ")[2]);
  assertEquals(stories.size, 1_000);
  for (const [key, story] of stories) {
    assertEquals(story, [
      `before + ${key}`,
      `before - ${key}`,
      `after + ${key}`,
      `after - ${key}`,
    ]);
  }
});

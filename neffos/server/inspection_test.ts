import { assertEquals } from "@std/assert";
import { memoryExchange } from "../exchange/engines/memory.ts";
import { MemoryServer, RawClient } from "../harness/mod.ts";
import { turn } from "../harness/world.ts";
import { Inspection } from "./inspection.ts";

/** Makes a server whose connections are called 0, 1, 2 and so on. */
function makeMemory(events = {}): MemoryServer {
  let next = 0;
  return new MemoryServer({ ns: events }, { idGenerator: () => `${next++}` });
}

/** Opens a raw client in namespace "ns". */
async function enter(memory: MemoryServer): Promise<RawClient> {
  const client = await RawClient.open(
    memory,
    "M",
    "$1;ns;;_OnNamespaceConnect;0;0;",
  );
  await client.until(2);
  return client;
}

Deno.test("Inspection finds connections that read slowly, the slowest first", async () => {
  await using memory = makeMemory();
  const inspection = new Inspection(memory.server);
  const clients = [];
  for (let i = 0; i < 4; i++) clients.push(await enter(memory));
  assertEquals(inspection.findSlow(2), { count: 0, connections: [] });
  for (const [i, client] of clients.entries()) {
    if (i === 3) continue;
    client.socket.pause!();
    const [conn] = memory.server.connectionsByID(`${i}`);
    const body = "x".repeat(100_000 * (i + 1));
    conn!.write({ namespace: "ns", event: "onLarge", body });
  }
  const { count, connections } = inspection.findSlow(2);
  assertEquals(count, 3);
  assertEquals(connections.map(({ id }) => id), ["2", "1"]);
  assertEquals(connections.every(({ isSlow }) => isSlow), true);
  assertEquals(connections[0]!.unsentBytes > 300_000, true);
  assertEquals(connections[0]!.unsentMessages, 1);
  for (const { socket } of clients) socket.resume!();
});

Deno.test("Inspection tells what waits for a handler of a connection", async () => {
  const gate = Promise.withResolvers<void>();
  await using memory = makeMemory({ onWait: () => gate.promise });
  const client = await enter(memory);
  client.send(...Array(3).fill(";ns;;onWait;0;0;"));
  const inspection = new Inspection(memory.server);
  const look = () => inspection.findId("0", 1).connections[0]!;
  // Two behind the one that runs.
  while (look().pending < 1 || look().queued !== 2) await turn();
  assertEquals(look().received, 5);
  gate.resolve();
  while (look().pending > 0) await turn();
  assertEquals(look().queued, 0);
});

Deno.test("Inspection shows the connections that the server counts, and no other sockets", async () => {
  await using memory = makeMemory();
  const inspection = new Inspection(memory.server);
  // It has not said hello: it is no connection, and cannot be disconnected.
  await RawClient.open(memory);
  await enter(memory);
  const all = { text: "", offset: 0, limit: 9 };
  const { count, connections } = inspection.search(all);
  assertEquals(count, memory.server.totalConnections);
  assertEquals(connections.map(({ id }) => id), ["1"]);
});

Deno.test("Inspection goes on with what is measured when the program measures too", async () => {
  await using memory = makeMemory({ onSay: () => "said" });
  const { server } = memory;
  const end = new Inspection(server).measureHandlers();
  const client = await enter(memory);
  client.send("$3;ns;;onSay;0;0;");
  await client.until(3);
  server.measureHandlers();
  assertEquals(server.stats().handlers[0]!.count, 1);
  end();
  client.send("$4;ns;;onSay;0;0;");
  await client.until(4);
  assertEquals(server.stats().handlers[0]!.count, 2);
});

Deno.test("Inspection finds all connections that share an ID, up to a number", async () => {
  await using memory = new MemoryServer({ ns: {} }, { idGenerator: () => "a" });
  for (let i = 0; i < 3; i++) await enter(memory);
  const inspection = new Inspection(memory.server);
  const { count, connections } = inspection.findId("a", 2);
  assertEquals([count, connections.length], [3, 2]);
  assertEquals(inspection.findId("b", 2), { count: 0, connections: [] });
});

Deno.test("Inspection tells every listener of faults, and the server's own hook after them", async () => {
  const heard: string[] = [];
  await using memory = new MemoryServer({
    ns: {
      onFail() {
        throw new Error("a fault");
      },
    },
  }, { onError: () => heard.push("hook") });
  for (const name of ["first", "second"]) {
    new Inspection(memory.server).watchFaults((_error, { event }) =>
      heard.push(`${name} ${event}`)
    );
  }
  const client = await enter(memory);
  client.send("$3;ns;;onFail;0;0;");
  await client.until(3);
  assertEquals(heard, ["first onFail", "second onFail", "hook"]);
});

Deno.test("Inspection measures handlers until the last look ends, however often one ends", async () => {
  await using memory = makeMemory({ onSay: () => "said" });
  const { server } = memory;
  const client = await enter(memory);
  let frames = 2;
  const countCalls = async () => {
    client.send(`$${++frames};ns;;onSay;0;0;`);
    await client.until(frames);
    return server.stats().handlers[0]?.count;
  };
  const inspection = new Inspection(server);
  assertEquals(await countCalls(), undefined);
  const [end, endOther] = [
    inspection.measureHandlers(),
    inspection.measureHandlers(),
  ];
  assertEquals(await countCalls(), 1);
  end();
  end();
  assertEquals(await countCalls(), 2);
  endOther();
  assertEquals(await countCalls(), undefined);
  server.measureHandlers();
  inspection.measureHandlers()();
  assertEquals(await countCalls(), 1);
});

Deno.test("Inspection counts the connections of each other server", async () => {
  const nodes = [makeMemory(), makeMemory(), makeMemory()];
  const exchange = memoryExchange();
  for (const { server } of nodes) await server.useStackExchange(exchange);
  const [here, two, none] = nodes as [MemoryServer, MemoryServer, MemoryServer];
  for (let i = 0; i < 2; i++) await enter(two);
  const inspection = new Inspection(here.server);
  const counts = await inspection.countEach();
  const idOf = ({ server }: MemoryServer) => new Inspection(server).exchangeId!;
  assertEquals([counts.size, counts.get(idOf(two)), counts.get(idOf(none))], [
    ...[2, 2, 0],
  ]);
  assertEquals(
    new Set(inspection.peers.map(({ id }) => id)),
    new Set([idOf(two), idOf(none)]),
  );
  assertEquals(await here.server.count(), 2);
  for (const { server } of nodes) await server.close();
  const alone = new Inspection(makeMemory().server);
  assertEquals([alone.exchangeId, alone.peers], [undefined, []]);
  assertEquals(await alone.countEach(), new Map());
});

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { NSConn } from "../api/ns_conn.ts";
import { withTimeout } from "../controller/sources.ts";
import { FakeClock } from "../harness/clock.ts";
import { hostOf, MemoryServer, RawClient, sessionOf } from "../harness/mod.ts";
import { turn } from "../harness/world.ts";
import { ConnectionClosedError } from "../protocol/errors.ts";
import { OnNativeMessage } from "../protocol/event_names.ts";
import type { CloseInfo } from "../transport/socket.ts";
import { Listening } from "./listening_test.ts";
import type { QueuedBuffer } from "./queued_buffer.ts";

const MIB = 1024 * 1024;

/** Opens a raw client in namespace "ns". */
async function enter(memory: MemoryServer): Promise<RawClient> {
  const client = await RawClient.open(memory, "M");
  client.send("#1;ns;;_OnNamespaceConnect;0;0;");
  await client.until(2);
  return client;
}

Deno.test("A slow consumer is closed with 4008, and every other connection gets everything", async () => {
  using clock = new FakeClock();
  const ends: CloseInfo[] = [];
  await using memory = new MemoryServer({ ns: { onSync() {} } }, {
    maxBufferedMessages: 500,
    onDisconnect: (_conn, info) => void ends.push(info),
  });
  const got: string[] = [];
  const reader = await memory.dial({
    ns: { onTick: (_nsConn, msg) => void got.push(msg.text()) },
  });
  await reader.connect("ns");
  const stalled = await enter(memory);
  const tell = async (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      memory.server.broadcast(null, {
        namespace: "ns",
        event: "onTick",
        body: `${i}`,
      });
      // Gives the fast client time to read.
      if (i % 100 === 99) await reader.namespace("ns")!.ask("onSync");
    }
  };
  stalled.socket.pause!();
  await tell(0, 1_000);
  const there = () => memory.server.connectionsByNamespace("ns").length;
  for (let i = 0; i < 30; i++) await clock.pass(170);
  assertEquals(there(), 2);
  for (let i = 0; i < 30; i++) await clock.pass(20);
  assertEquals(there(), 1);
  await tell(1_000, 2_000);
  await reader.namespace("ns")!.ask("onSync");
  assertEquals(got, Array.from({ length: 2_000 }, (_, i) => `${i}`));
  // As much as ever may wait closes another one at once.
  const other = await enter(memory);
  other.socket.pause!();
  await tell(2_000, 4_200);
  assertEquals(there(), 1);
  stalled.socket.resume!();
  other.socket.resume!();
  assertEquals((await stalled.closed.promise).code, 4008);
  assertEquals((await other.closed.promise).code, 4008);
  assertEquals(memory.server.stats().crossings, { maxBuffered: 2 });
  await reader.close();
  await memory.server.close();
  assertEquals(ends.map(({ code }) => code).sort(), [1000, 4008, 4008]);
});

/** Gives 5 MiB, and events behind it. */
const LARGE = {
  onLarge(nsConn: NSConn) {
    queueMicrotask(() => {
      for (let i = 0; i < 100; i++) nsConn.emit("onSmall", `${i}`);
    });
    return "x".repeat(5 * MIB);
  },
  onSync() {},
  onSay: (nsConn: NSConn, msg: { text(): string }) =>
    nsConn.broadcast("onSaid", msg.text()),
};

Deno.test("A client that reads at full speed is never closed, however large its answers are", async () => {
  await using listening = new Listening({ ns: LARGE }, {});
  let small = 0;
  let said = 0;
  await using client = await listening.dial({
    ns: { onSmall: () => void small++, onSaid: () => void said++ },
  });
  await using other = await listening.dial({ ns: {} });
  const nsConn = await client.connect("ns");
  const speaker = await other.connect("ns");
  // One after another, then several at once, with broadcasts meanwhile.
  for (let i = 0; i < 4; i++) {
    assertEquals((await nsConn.ask("onLarge")).body.length, 5 * MIB);
  }
  const asked = Array.from({ length: 12 }, () => nsConn.ask("onLarge"));
  for (let i = 0; i < 200; i++) {
    speaker.emit("onSay", "hi");
    if (i % 20 === 19) await speaker.ask("onSync");
  }
  for (const answer of await Promise.all(asked)) {
    assertEquals(answer.body.length, 5 * MIB);
  }
  await nsConn.ask("onSync");
  assertEquals([small, said], [16 * 100, 200]);
  assertEquals(listening.server.stats().crossings, {});
});

Deno.test("No messages of a peer are handled while twice maxBuffered is unsent to it", async () => {
  using clock = new FakeClock();
  let handled = 0;
  await using memory = new MemoryServer({
    ns: {
      async onLarge() {
        handled++;
        await Promise.resolve();
        return "x".repeat(1_000);
      },
      onOther: () => void handled++,
    },
  }, { maxBuffered: 100_000, maxBufferedMessages: 1e9 });
  const client = await enter(memory);
  client.socket.pause!();
  const frames = Array.from(
    { length: 1_000 },
    (_, i) => `$${i};ns;;onLarge;0;0;`,
  );
  client.send(...frames, ";ns;;onOther;0;0;");
  await turn();
  // Within what is sent between two looks.
  assert(handled >= 200 && handled <= 200 + 64, `${handled} handled`);
  const before = handled;
  await clock.pass(100);
  assertEquals(handled, before);
  for (let i = 0; i < 20; i++) {
    client.socket.resume!();
    await turn();
    client.socket.pause!();
    await clock.pass(330);
  }
  client.socket.resume!();
  for (let i = 0; i < 20; i++) await clock.pass(330);
  assertEquals(handled, 1_001);
  assertEquals((await client.until(1_002)).length, 1_002);
  // The end of a connection does not wait for it.
  client.socket.pause!();
  client.send(...frames);
  await turn();
  const [conn] = memory.server.connections;
  conn!.close(4500);
  await turn();
  client.socket.resume!();
  assertEquals((await client.closed.promise).code, 4500);
  assertEquals((await conn!.closed).code, 4500);
});

Deno.test("A write timeout closes with 4002, on both sides", async () => {
  using clock = new FakeClock();
  const timed = (write: number) => withTimeout({ ns: {} }, { write });
  for (const side of ["server", "client"]) {
    const isServer = side === "server";
    await using memory = new MemoryServer(isServer ? timed(2_000) : { ns: {} });
    const client = await memory.dial(isServer ? { ns: {} } : timed(2_000));
    const nsConn = await client.connect("ns");
    await clock.pass(10_000);
    const [there] = memory.server.connectionsByNamespace("ns");
    const socket = memory.sockets.at(isServer ? -1 : -2)!;
    const sender = isServer ? there! : nsConn;
    assert(sender.emit("onTick"));
    await clock.pass(10_000);
    assert(sender.isConnected, side);
    socket.pause!();
    assert(sender.emit("onTick"));
    for (let i = 0; i < 6; i++) await clock.pass(325);
    assert(sender.isConnected, side);
    for (let i = 0; i < 3; i++) await clock.pass(325);
    assert(!sender.isConnected, side);
    socket.resume!();
    const { code, reason } = await sender.conn.closed;
    assertEquals([code, reason], [4002, "nothing could be sent"]);
    await client.close();
  }
});

Deno.test("Conn.drained() waits while the connection is backed up, and ends with it", async () => {
  await using memory = new MemoryServer({ ns: {} });
  const client = await RawClient.open(memory, "M");
  await client.until(1);
  client.send("#1;ns;;_OnNamespaceConnect;0;0;");
  await client.until(2);
  const [nsConn] = memory.server.connectionsByNamespace("ns");
  await nsConn!.conn.drained();
  client.socket.pause!();
  for (let i = 0; i < 200; i++) nsConn!.emit("onTick", `${i}`);
  let isDrained = false;
  const drained = nsConn!.conn.drained().then(() => isDrained = true);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(isDrained, false);
  client.socket.resume!();
  await drained;
  assertEquals((await client.until(202)).length, 202);
  client.socket.pause!();
  for (let i = 0; i < 200; i++) nsConn!.emit("onTick", `${i}`);
  const failed = nsConn!.conn.drained();
  nsConn!.conn.close(4500);
  await assertRejects(() => failed, ConnectionClosedError);
  await assertRejects(() => nsConn!.conn.drained(), ConnectionClosedError);
  client.socket.resume!();
  await client.closed.promise;
});

Deno.test("Volatile messages skip only connections that are backed up", async () => {
  await using memory = new MemoryServer({ ns: {} });
  const clients = await Promise.all([1, 2].map(async () => {
    const client = await RawClient.open(memory, "M");
    await client.until(1);
    client.send(
      "#1;ns;;_OnNamespaceConnect;0;0;",
      "#2;ns;room;_OnRoomJoin;0;0;",
    );
    await client.until(3);
    return client;
  }));
  const [slow, fast] = clients;
  const [slowConn] = memory.server.connectionsByNamespace("ns");
  const { drops } = hostOf(slowConn!.conn);
  const price = { namespace: "ns", event: "onPrice", isVolatile: true };
  slow!.socket.pause!();
  memory.server.broadcast(null, { ...price, body: "1" });
  assert(slowConn!.volatile.emit("onPrice", "1"));
  assert(slowConn!.room("room")!.volatile.emit("onPrice", "1"));
  for (let i = 0; i < 150; i++) slowConn!.emit("onFill");
  memory.server.broadcast(null, { ...price, body: "2" });
  memory.server.broadcast(null, { ...price, room: "room", body: "2" });
  assertEquals(slowConn!.volatile.emit("onPrice", "2"), false);
  assertEquals(slowConn!.room("room")!.volatile.emit("onPrice", "2"), false);
  assertEquals(drops.volatile, 4);
  assertEquals((await fast!.until(6)).slice(3), [
    ";ns;;onPrice;0;0;1",
    ";ns;;onPrice;0;0;2",
    ";ns;room;onPrice;0;0;2",
  ]);
  slow!.socket.resume!();
  const prices = (await slow!.until(156)).filter((frame) =>
    (frame as string).includes("onPrice")
  );
  assertEquals(prices, [
    ";ns;;onPrice;0;0;1",
    ";ns;;onPrice;0;0;1",
    ";ns;room;onPrice;0;0;1",
  ]);
});

Deno.test("A volatile message to a closed connection does not count as a drop", async () => {
  await using memory = new MemoryServer({ ns: {} });
  const client = await RawClient.open(memory, "M");
  client.send("#1;ns;;_OnNamespaceConnect;0;0;");
  await client.until(2);
  const [nsConn] = memory.server.connectionsByNamespace("ns");
  client.socket.pause!();
  for (let i = 0; i < 150; i++) nsConn!.emit("onFill");
  nsConn!.conn.close(4500);
  assertEquals(nsConn!.volatile.emit("onPrice", "1"), false);
  assertEquals(memory.server.stats().drops.volatile, 0);
  client.socket.resume!();
});

Deno.test("A volatile native message goes out as its bare body", async () => {
  await using memory = new MemoryServer({ "": { [OnNativeMessage]() {} } });
  const client = await RawClient.open(memory);
  const { server } = memory;
  while (server.room("", "").length === 0) await Promise.resolve();
  const [nsConn] = server.room("", "");
  assert(nsConn!.emit(OnNativeMessage, "1"));
  assert(nsConn!.volatile.emit(OnNativeMessage, "2"));
  assert(nsConn!.volatile.emit("onOther", "3"));
  assertEquals(await client.until(3), ["1", "2", ";;;onOther;0;0;3"]);
});

Deno.test("A broadcast to thousands goes out in chunks, in order for each receiver", async () => {
  await using memory = new MemoryServer({ ns: {} });
  const clients: RawClient[] = [];
  for (let i = 0; i < 1_300; i++) {
    const client = await RawClient.open(memory, "M");
    client.send("#1;ns;;_OnNamespaceConnect;0;0;");
    clients.push(client);
  }
  await Promise.all(clients.map((client) => client.until(2)));
  const { server } = memory;
  const tell = (body: string) =>
    server.broadcast(null, { namespace: "ns", event: "e", body });
  const before = memory.frames.length;
  tell("1");
  assertEquals(memory.frames.length - before, 512);
  // An event emitted to one of them meanwhile comes after it.
  const nsConns = server.connectionsByNamespace("ns");
  nsConns[0]!.emit("e", "first");
  nsConns[1_299]!.emit("e", "last");
  tell("2");
  nsConns[1_298]!.conn.close(4500);
  tell("3");
  let turns = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const count = setInterval(() => turns++, 0);
  const all = Promise.all(
    clients.map((client, i) => i === 1_298 ? [] : client.until(5)),
  );
  all.then(() => resolve());
  await promise;
  clearInterval(count);
  assert(turns > 0, "nothing else had its turn");
  const bodies = (client: RawClient) =>
    client.received.slice(2).map((frame) => (frame as string).split(";")[6]);
  assertEquals(bodies(clients[0]!), ["1", "first", "2", "3"]);
  assertEquals(bodies(clients[700]!), ["1", "2", "3"]);
  await clients[1_299]!.until(6);
  assertEquals(bodies(clients[1_299]!), ["1", "last", "2", "3"]);
  // Frames accepted before the end have gone out.
  await clients[1_298]!.closed.promise;
  assertEquals(bodies(clients[1_298]!), ["1", "2"]);
});

Deno.test("A slow consumer is sent nothing of what was held back for it", async () => {
  await using memory = new MemoryServer({ chat: {} }, {
    maxBufferedMessages: 2,
  });
  const raw = await RawClient.open(memory, "M");
  await raw.until(1);
  const [conn] = memory.server.connections;
  // As ChunkedBroadcasts does for each receiver.
  const buffer = sessionOf(conn!).buffer as QueuedBuffer;
  while (buffer.queue("held"));
  const { code } = await raw.closed.promise;
  assertEquals([code, raw.received.includes("held")], [4008, false]);
});

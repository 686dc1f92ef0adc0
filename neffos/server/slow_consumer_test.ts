import { assert, assertEquals, assertRejects } from "@std/assert";
import { MemoryServer, RawClient, sessionOf } from "../harness/mod.ts";
import { ConnectionClosedError } from "../protocol/errors.ts";
import { OnNativeMessage } from "../protocol/event_names.ts";
import type { CloseInfo } from "../transport/socket.ts";

Deno.test("A slow consumer is closed with 4008, and every other connection gets everything", async () => {
  const ends: CloseInfo[] = [];
  await using memory = new MemoryServer({ ns: { onWait() {} } }, {
    maxBufferedMessages: 500,
    onDisconnect: (_conn, info) => void ends.push(info),
  });
  const got: string[] = [];
  const reader = await memory.dial({
    ns: { onTick: (_nsConn, msg) => void got.push(msg.text()) },
  });
  await reader.connect("ns");
  const stalled = await RawClient.open(memory, "M");
  await stalled.until(1);
  stalled.send("#1;ns;;_OnNamespaceConnect;0;0;");
  await stalled.until(2);
  stalled.socket.pause!();
  for (let i = 0; i < 2_000; i++) {
    memory.server.broadcast(null, {
      namespace: "ns",
      event: "onTick",
      body: `${i}`,
    });
    // Gives the fast client time to read.
    if (i % 100 === 99) await reader.namespace("ns")!.ask("onWait");
  }
  await reader.namespace("ns")!.ask("onWait");
  assertEquals(got, Array.from({ length: 2_000 }, (_, i) => `${i}`));
  assertEquals(memory.server.connectionsByNamespace("ns").length, 1);
  const { length } = memory.frames.filter(({ data }) =>
    (data as string).includes("onTick")
  );
  // To both clients, until the slow one was detected.
  assert(length < 2_000 + 500 + 128, `${length} frames`);
  stalled.socket.resume!();
  assertEquals((await stalled.closed.promise).code, 4008);
  await reader.close();
  await memory.server.close();
  assertEquals(ends.map(({ code }) => code).sort(), [1000, 4008]);
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
  const { drops } = sessionOf(slowConn!.conn).host;
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

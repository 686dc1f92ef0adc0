import { assert, assertEquals, assertRejects } from "@std/assert";
import type { ConnectionLimits } from "../client.ts";
import { MemoryServer, RawClient } from "../harness/mod.ts";
import { EventError } from "../protocol/errors.ts";
import { type Socket, socketPair } from "../transport/socket.ts";
import { type Client, dial, type DialOptions } from "../client.ts";

/** Names of rooms or namespaces. */
function namesOf(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `n${i}`);
}

Deno.test("dial() has no limits of its own: a client takes what its server gives", async (t) => {
  const many = 40;
  await t.step("namespaces and rooms", async () => {
    const names = namesOf(many);
    const handlers = Object.fromEntries(names.map((name) => [name, {}]));
    await using memory = new MemoryServer(handlers, {
      maxNamespaces: Infinity,
      maxRooms: Infinity,
    });
    await using client = await memory.dial(handlers);
    const [conn] = memory.server.connections;
    for (const name of names) await conn!.connect(name);
    const nsConn = conn!.namespace("n0")!;
    for (const name of namesOf(200)) await nsConn.joinRoom(name);
    assertEquals(client.conn.namespaces.length, many);
    assertEquals(client.namespace("n0")!.rooms.length, 200);
  });
  await t.step("long names, large messages and many asks", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const handlers = { chat: { onBig: () => {}, onWait: () => promise } };
    const unlimited = {
      maxNameLength: Infinity,
      maxPayload: Infinity,
      maxBuffered: Infinity,
      maxQueued: Infinity,
      maxPendingAsks: Infinity,
    };
    await using memory = new MemoryServer(handlers, unlimited);
    await using client = await memory.dial(handlers);
    const own = await client.connect("chat");
    const [conn] = memory.server.connections;
    const nsConn = conn!.namespace("chat")!;
    await nsConn.joinRoom("r".repeat(1_000));
    await nsConn.ask("onBig", "x".repeat(2_000_000));
    const asks = namesOf(1_100).map(() => own.ask("onWait"));
    resolve();
    await Promise.all(asks);
  });
  await t.step("many small events for a slow handler", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const done = Promise.withResolvers<void>();
    let count = 0;
    await using memory = new MemoryServer({ chat: {} }, {
      maxBufferedMessages: Infinity,
    });
    await using client = await memory.dial({
      chat: {
        async onEvent() {
          await promise;
          if (++count === 5_000) done.resolve();
        },
      },
    });
    await client.connect("chat");
    const nsConn = memory.server.connections[0]!.namespace("chat")!;
    for (let i = 0; i < 5_000; i++) nsConn.emit("onEvent", String(i));
    await nsConn.conn.drained();
    resolve();
    await done.promise;
    assert(!client.isClosed);
  });
});

/** Dials a server that speaks frames. */
async function dialRaw(
  limits: ConnectionLimits,
  options: DialOptions = {},
): Promise<{ client: Client; peer: RawClient }> {
  const [left, right] = socketPair();
  const peer = new RawClient(right);
  const dialling = dial("memory", {
    chat: { onSlow: () => new Promise(() => {}) },
  }, { transport: () => withoutPause(left), limits, ...options });
  await peer.until(1);
  peer.send("Aid");
  const client = await dialling;
  const connecting = client.connect("chat");
  await peer.until(2);
  peer.send("$1;;;;;;");
  await connecting;
  return { client, peer };
}

/** Makes a socket read on, as those of browsers do. */
function withoutPause(socket: Socket): Socket {
  const can = { ...socket.can!, pause: false };
  return Object.defineProperty(socket, "can", { value: can });
}

const EVENT = ";chat;;onSlow;0;0;";

/** The limits of a client that close it, and the code. */
const CLOSING: [ConnectionLimits, number, (peer: RawClient) => void][] = [
  [{ maxPayload: 100 }, 1009, (peer) => peer.send("x".repeat(101))],
  [
    { maxQueued: 3 },
    1008,
    (peer) => peer.send(...namesOf(5).map(() => EVENT)),
  ],
];

for (const [limits, code, send] of CLOSING) {
  const [name] = Object.keys(limits);
  Deno.test(`A client's own ${name} closes with ${code}, which decides that it stays away`, async () => {
    const { client, peer } = await dialRaw(limits, {
      reconnect: true,
      timeout: 1_000,
    });
    send(peer);
    assertEquals((await peer.closed.promise).code, code);
    assertEquals((await client.closed).code, code);
  });
}

Deno.test("A client's own maxBuffered closes with 4008, which lets it come back", async () => {
  const [left, right] = socketPair();
  const [again] = socketPair();
  const sockets = [left, again];
  const peer = new RawClient(right);
  const lost = Promise.withResolvers<[number, boolean]>();
  const dialling = dial("memory", { chat: {} }, {
    transport: () => sockets.shift()!,
    limits: { maxBuffered: 1_000 },
    reconnect: { initialDelay: 1e9, random: () => 1 },
    onClose: ({ code }, willReconnect) => lost.resolve([code, willReconnect]),
  });
  await peer.until(1);
  peer.send("Aid");
  const client = await dialling;
  const connecting = client.connect("chat");
  await peer.until(2);
  peer.send("$1;;;;;;");
  const chat = await connecting;
  right.pause!();
  while (chat.emit("onEvent", "x".repeat(500)));
  right.resume!();
  assertEquals(await lost.promise, [4008, true]);
  await client.close();
});

Deno.test("A client's own maxNamespaces, maxRooms and maxNameLength refuse", async () => {
  const handlers = { chat: {}, admin: {} };
  await using memory = new MemoryServer(handlers);
  await using client = await memory.dial(handlers, {
    limits: { maxNamespaces: 1, maxRooms: 1, maxNameLength: 20 },
  });
  const chat = await client.connect("chat");
  await chat.joinRoom("a");
  const nsConn = memory.server.connections[0]!.namespace("chat")!;
  await assertRejects(() => nsConn.joinRoom("b"), EventError, "1 rooms");
  await assertRejects(() => nsConn.joinRoom("r".repeat(21)), EventError);
  await assertRejects(
    () => nsConn.conn.connect("admin"),
    EventError,
    "1 namespaces",
  );
  assert(!client.isClosed);
});

Deno.test("dial() checks its limits at the door", async () => {
  const transport = () => socketPair()[0];
  for (const value of [0, -1, NaN, "5"]) {
    const limits = { maxRooms: value } as ConnectionLimits;
    await assertRejects(
      () => dial("memory", { chat: {} }, { transport, limits }),
      RangeError,
      `Cannot set "maxRooms" to ${
        value === "5" ? '"5"' : value
      }: it must be a positive number`,
    );
  }
  for (const value of [5, "many", null, true]) {
    const options = { transport, limits: value } as unknown as DialOptions;
    await assertRejects(
      () => dial("memory", { chat: {} }, options),
      TypeError,
      `Cannot set "limits" to ${JSON.stringify(value)}: it must be an object`,
    );
  }
  await assertRejects(
    () => dial("memory", { chat: {} }, { transport, timeout: -5 }),
    RangeError,
    'Cannot set "timeout" to -5',
  );
});

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { handshake, hostOf, MemoryServer, RawClient } from "../harness/mod.ts";
import { EventError } from "../protocol/errors.ts";
import type { Socket } from "../transport/socket.ts";

const CONNECT = "$1;chat;;_OnNamespaceConnect;0;0;";

Deno.test("Server.stats() counts connections and frames", async () => {
  const before = Date.now();
  await using memory = new MemoryServer({
    chat: {
      onSay: (nsConn, msg) => nsConn.server.broadcast(null, msg),
      onTell: (nsConn, msg) =>
        nsConn.server.broadcast(nsConn, {
          namespace: "chat",
          event: "onSay",
          body: msg.body,
          to: [...nsConn.server.connections].at(-1)!.id,
        }),
      onPing: (nsConn) => nsConn.emit("onPong", "€"),
    },
  });
  const { server } = memory;
  const empty = server.stats();
  assert(empty.startTime >= before && empty.startTime <= Date.now());
  assert(empty.uptime >= 0);
  assertEquals(empty, {
    startTime: empty.startTime,
    uptime: empty.uptime,
    connections: 0,
    sockets: 0,
    accepted: 0,
    refused: {},
    closed: {},
    namespaces: 0,
    rooms: 0,
    messagesIn: 0,
    bytesIn: 0,
    messagesOut: 0,
    bytesOut: 0,
    errors: 0,
    drops: { ...empty.drops, invalid: 0, stray: 0, lateAnswers: 0 },
    crossings: {},
    queued: 0,
    pending: 0,
    handlers: [],
  });
  const join = "$2;chat;room;_OnRoomJoin;0;0;";
  const first = await RawClient.open(memory, "M", CONNECT, join);
  await first.until(3);
  const second = await RawClient.open(memory, "M", CONNECT, join);
  await second.until(3);
  const silent = await RawClient.open(memory);
  first.send(
    ";chat;;onSay;0;0;all",
    ";chat;;onTell;0;0;one",
    new TextEncoder().encode(";chat;room;onSay;0;0;\u{1f600}"),
    ";chat;;onPing;0;0;",
  );
  await first.until(6);
  await second.until(6);
  const stats = server.stats();
  const sum = (from: string) => {
    const frames = memory.frames.filter((frame) => frame.from === from);
    const lengths = frames.map(({ data }) => data.length);
    return [frames.length, lengths.reduce((total, length) => total + length)];
  };
  assertEquals([stats.messagesIn, stats.bytesIn], sum("client"));
  assertEquals([stats.messagesOut, stats.bytesOut], sum("server"));
  assertEquals(stats.messagesOut, 12);
  const { connections, sockets, accepted, namespaces, rooms } = stats;
  assertEquals([connections, sockets, accepted], [2, 3, 3]);
  assertEquals([namespaces, rooms], [1, 1]);
  for (const { socket, closed } of [first, second, silent]) {
    socket.close();
    await closed.promise;
  }
  await server.close();
  const after = server.stats();
  assertEquals([after.connections, after.sockets, after.accepted], [0, 0, 3]);
  assertEquals([after.namespaces, after.rooms], [0, 0]);
  assertEquals(after.closed, { 1000: 3 });
  // An earlier snapshot does not change.
  assertEquals(stats.closed, {});
  assertEquals(stats.connections, 2);
});

Deno.test("Server.stats() counts refused requests, by status", async () => {
  const { server } = new MemoryServer({ onHi() {} }, {
    idGenerator() {
      throw new Error("no ID");
    },
  });
  const headers = (changes: Record<string, string>) => {
    const all = new Headers(handshake().headers);
    for (const [name, value] of Object.entries(changes)) all.set(name, value);
    return new Request("http://memory.test/", { headers: all });
  };
  const noUrl = Object.defineProperty(handshake(), "url", { value: "//" });
  for (
    const request of [
      new Request("http://memory.test/", { method: "HEAD" }),
      new Request("http://memory.test/", { method: "POST" }),
      new Request("http://memory.test/"),
      headers({ "sec-websocket-version": "7" }),
      headers({ "sec-websocket-key": "short" }),
      headers({ origin: "https://evil.test" }),
      noUrl,
      handshake(),
    ]
  ) await server.upgrade(request);
  await server.close();
  await server.upgrade(handshake());
  assertEquals(server.stats().refused, {
    400: 2,
    403: 1,
    405: 1,
    426: 2,
    500: 1,
    503: 1,
  });
  assertEquals(server.stats().accepted, 0);
  assertEquals(server.stats().errors, 1);
});

Deno.test("No client can make Server.stats() grow", async () => {
  const memory = new MemoryServer({ chat: { onSay() {} } });
  const { server } = memory;
  const sockets: Promise<unknown>[] = [];
  for (const code of [0, 999, 1000, 1004, 1015, 1016, 2999, 5000, 65535]) {
    sockets.push(end(await memory.open(), code));
  }
  for (let code = 3000; code < 5000; code += 100) {
    sockets.push(end(await memory.open(), code));
  }
  sockets.push(end(await memory.open(), 4001), end(await memory.open(), 4008));
  const client = await RawClient.open(memory, "M", CONNECT);
  for (let count = 0; count < 100; count++) {
    client.send(`$9;no${count};r${count};e${count};0;0;`);
  }
  await client.until(102);
  client.socket.terminate!();
  await client.closed.promise;
  await Promise.all(sockets);
  await server.close();
  const { closed, drops, handlers, accepted } = server.stats();
  assertEquals(closed, {
    1000: 1,
    1006: 1,
    4001: 1,
    4008: 1,
    "3xxx": 10,
    "4xxx": 10,
    other: 8,
  });
  assertEquals(accepted, 32);
  assertEquals(drops.stray, 100);
  assertEquals(handlers, []);
});

async function end(socket: Socket, code: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.listen({
    open: () => socket.close(code),
    message() {},
    close: () => resolve(),
  });
  await promise;
}

Deno.test("Server.stats() counts faults, drops and crossed limits", async () => {
  await using memory = new MemoryServer({
    chat: {
      onSay() {
        throw new Error("a fault");
      },
      onRefuse() {
        throw new EventError("no fault");
      },
    },
  });
  const { server } = memory;
  const client = await RawClient.open(memory, "M", CONNECT, "nonsense");
  client.send(";chat;;onSay;0;0;", ";chat;;onRefuse;0;0;", ";no;;onSay;0;0;");
  await client.until(4);
  const [conn] = server.connections;
  const host = hostOf(conn!);
  host.crossings.add("maxRooms");
  host.crossings.add("maxRooms");
  const { errors, drops, crossings } = server.stats();
  assertEquals(errors, 1);
  assertEquals([drops.invalid, drops.stray], [1, 1]);
  assertEquals(crossings, { maxRooms: 2 });
});

Deno.test("Server.stats() counts queued messages and pending handlers", async () => {
  const begun = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  await using memory = new MemoryServer({
    chat: {
      async onWait() {
        begun.resolve();
        await gate.promise;
      },
    },
  });
  const wait = "$2;chat;;onWait;0;0;";
  const client = await RawClient.open(memory, "M", CONNECT, wait, wait, wait);
  await begun.promise;
  await client.until(2);
  const { queued, pending } = memory.server.stats();
  assertEquals([queued, pending], [2, 1]);
  gate.resolve();
  await client.until(5);
  const after = memory.server.stats();
  assertEquals([after.queued, after.pending], [0, 0]);
});

Deno.test("Server.measureHandlers() measures handlers until their promise settles", async () => {
  let time = 0;
  let reads = 0;
  const now = () => {
    reads++;
    return time;
  };
  let begun = 0;
  const gate = Promise.withResolvers<void>();
  await using memory = new MemoryServer({
    chat: {
      onSync: () => void (time += 3),
      async onAsync() {
        time += 3;
        await gate.promise;
        time += 10;
        return "done";
      },
      onThrow() {
        time += 200;
        throw new EventError("refused");
      },
      async onReject() {
        await undefined;
        time += 2;
        throw new EventError("refused");
      },
      // A lazy thenable starts its work with each `then`.
      onLazy: () => ({
        then(resolve: (value: string) => void) {
          time += 1;
          resolve(`begun ${++begun} times`);
        },
      }),
      _OnAnyEvent: () => void (time += 1),
      _OnNamespaceConnected: () => void (time += 5),
    },
    other: { onSync() {} },
  });
  const { server } = memory;
  const before = await RawClient.open(memory, "M", CONNECT);
  before.send("$2;chat;;onSync;0;0;");
  await before.until(3);
  assertEquals([reads, server.stats().handlers], [0, []]);

  server.measureHandlers({ buckets: [2, 3, 100], now });
  // The first call has already set the buckets.
  server.measureHandlers({ buckets: [1] });
  before.send(
    "$3;chat;;onSync;0;0;",
    "$4;chat;;onThrow;0;0;",
    "$5;chat;;onReject;0;0;",
    "$6;chat;;onLazy;0;0;",
    "$7;chat;;made up;0;0;",
    "$8;chat;;constructor;0;0;",
    "$9;chat;;onAsync;0;0;",
  );
  await before.until(9);
  const names = () =>
    server.stats().handlers.map(({ namespace, event, count, duration }) =>
      `${namespace} ${event} ${count} ${duration}`
    );
  assertEquals(names(), [
    "chat onSync 1 3",
    "chat onThrow 1 200",
    "chat onReject 1 2",
    "chat onLazy 1 1",
    "chat _OnAnyEvent 2 2",
  ]);
  gate.resolve();
  const frames = await before.until(10);
  assertEquals(frames.at(-1), "$9;chat;;onAsync;0;0;done");
  assertEquals(frames.at(6), "$6;chat;;onLazy;0;0;begun 1 times");
  const after = await RawClient.open(memory, "M", CONNECT);
  await after.until(2);
  assertEquals(names(), [
    "chat onSync 1 3",
    "chat onAsync 1 13",
    "chat onThrow 1 200",
    "chat onReject 1 2",
    "chat onLazy 1 1",
    "chat _OnNamespaceConnected 1 5",
    "chat _OnAnyEvent 2 2",
  ]);
  const counts = server.stats().handlers.map(({ event, buckets }) =>
    `${event} ${buckets.map(({ max, count }) => `${max}:${count}`)}`
  );
  assertEquals(counts.slice(0, 4), [
    "onSync 2:0,3:1,100:1",
    "onAsync 2:0,3:0,100:1",
    "onThrow 2:0,3:0,100:0",
    "onReject 2:1,3:1,100:1",
  ]);
});

Deno.test("Server.measureHandlers() measures native messages", async () => {
  await using memory = new MemoryServer({
    "": { _OnNativeMessage: (nsConn, msg) => void nsConn.conn.write(msg) },
  });
  memory.server.measureHandlers();
  const client = await RawClient.open(memory, "hello", "again");
  assertEquals(await client.until(2), ["hello", "again"]);
  const [handler] = memory.server.stats().handlers;
  assertEquals([handler!.event, handler!.count], ["_OnNativeMessage", 2]);
});

Deno.test("Server.measureHandlers() checks its buckets", async () => {
  const { server } = new MemoryServer({ onHi() {} });
  for (const buckets of [[0], [-1], [NaN], [Infinity], [1, 1], [2, 1]]) {
    assertThrows(() => server.measureHandlers({ buckets }), RangeError);
  }
  server.measureHandlers({ buckets: [] });
  await server.close();
  await assertRejects(() => server.ask({ event: "onHi" }));
});

/** One client crosses each limit while another one keeps working. */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import type { Client } from "../client.ts";
import type { LimitName } from "../connection/limits.ts";
import type { ConnHandler, Events } from "../controller/events.ts";
import {
  handshake,
  hostOf,
  MemoryServer,
  RawClient,
  sessionOf,
} from "../harness/mod.ts";
import { turn } from "../harness/world.ts";
import { EventError, LimitError } from "../protocol/errors.ts";
import { reply } from "../protocol/message.ts";
import { socketPair } from "../transport/socket.ts";
import type { Socket } from "../transport/socket.ts";
import type { ServerHost } from "./host.ts";
import { Listening, request, UPGRADE } from "./listening_test.ts";
import type { ServerOptions } from "./options.ts";
import { Server } from "./server.ts";

const HELLO = ["M", "$1;chat;;_OnNamespaceConnect;0;0;"];

/** A server in memory, or on a port. */
interface Target extends AsyncDisposable {
  readonly server: Server;
  open(): Socket | Promise<Socket>;
  dial(handler: ConnHandler): Promise<Client>;
}

type Make = (handler: ConnHandler, options: ServerOptions) => Target;

const inMemory: Make = (handler, options) => new MemoryServer(handler, options);

const overSockets: Make = (handler, options) => new Listening(handler, options);

const BOTH = [inMemory, overSockets];

/** What the client that crosses the limit can use. */
interface Scene {
  readonly target: Target;
  readonly host: ServerHost;
  /** Lets the handler of `onSlow` end. */
  readonly gate: PromiseWithResolvers<void>;
  /** Opens a client in the namespace that has sent these frames. */
  enter(...frames: string[]): Promise<RawClient>;
}

/** The most asks of the client that keeps within the limit. */
const MAX_ASKS = 200;

/**
 * Crosses a limit while another client, within the limit, asks all the time and
 * must get each answer and each message once and in order.
 */
async function cross(
  make: Make,
  options: ServerOptions,
  limit: LimitName,
  act: (scene: Scene) => Promise<void>,
): Promise<void> {
  const gate = Promise.withResolvers<void>();
  const handler: ConnHandler = {
    chat: {
      onSay(nsConn, msg) {
        nsConn.emit("onTick", msg.text());
        return msg.text();
      },
      onSlow: () => gate.promise,
      onInvite(nsConn) {
        nsConn.joinRoom("room").catch(() => {});
      },
    },
    other: {},
  };
  await using target = make(handler, options);
  const heard: string[] = [];
  const client = await target.dial({
    chat: { onTick: (_, msg) => void heard.push(msg.text()) },
  });
  const nsConn = await client.connect("chat");
  const [own] = target.server.connections;
  const host = hostOf(own!);
  const enter = async (...frames: string[]) => {
    const raw = await RawClient.open(target, ...HELLO);
    await raw.until(2);
    raw.send(...frames);
    return raw;
  };
  let isOver = false;
  const acting = act({ target, host, gate, enter }).finally(() =>
    isOver = true
  );
  // Awaited below, unless something else fails first.
  acting.catch(() => {});
  const said: string[] = [];
  while (said.length < 20 || !isOver && said.length < MAX_ASKS) {
    const text = `${said.length}`;
    said.push(text);
    assertEquals((await nsConn.ask("onSay", text)).text(), text);
  }
  await acting;
  said.push("last");
  await nsConn.ask("onSay", "last");
  assertEquals(heard, said);
  assertEquals([...host.crossings.counts], [[limit, 1]]);
  await client.close();
}

Deno.test("maxPayload closes with 1009, and counts once", async () => {
  for (const make of BOTH) {
    const options = { maxPayload: 100 };
    await cross(make, options, "maxPayload", async ({ enter }) => {
      const long = `;chat;;onSay;0;0;${"€".repeat(33)}`;
      const raw = await enter(";chat;;onSay;0;0;short");
      await raw.until(3);
      raw.send(...make === inMemory ? [long, long] : [long]);
      assertEquals((await raw.closed.promise).code, 1009);
      assertEquals(raw.received.slice(2), [";chat;;onTick;0;0;short"]);
    });
  }
});

Deno.test("maxPayload counts the bytes of UTF-8, and allows exactly so many", async () => {
  await using memory = new MemoryServer({
    chat: { onSay: (_nsConn, msg) => reply(msg.body) },
  }, { maxPayload: 100 });
  const head = ";chat;;onSay;0;0;";
  const exact = `${head}${"€".repeat(27)}${"x".repeat(2)}`;
  assertEquals(new TextEncoder().encode(exact).length, 100);
  const raw = await RawClient.open(
    memory,
    "M",
    "$1;chat;;_OnNamespaceConnect;0;0;",
    exact,
    head + "x".repeat(83),
    new TextEncoder().encode(exact),
  );
  assertEquals((await raw.until(5)).slice(2, 4), [
    exact,
    head + "x".repeat(83),
  ]);
  raw.send(`${exact}x`);
  assertEquals((await raw.closed.promise).code, 1009);
});

Deno.test("maxQueued closes with 1008", async () => {
  for (const make of BOTH) {
    const options = { maxQueued: 10 };
    await cross(make, options, "maxQueued", async ({ enter, gate }) => {
      const slow = ";chat;;onSlow;0;0;";
      // One message is being handled, ten wait.
      const count = make === inMemory ? 20 : 12;
      const raw = await enter(...new Array<string>(count).fill(slow));
      const { code, reason } = await raw.closed.promise;
      assertEquals(code, 1008);
      assertEquals(reason, "10 messages may wait to be handled");
      gate.resolve();
    });
  }
});

function times(count: number, frame: string): string[] {
  return new Array<string>(count).fill(frame);
}

Deno.test("maxQueued bounds the bytes as well, whatever the messages wait for", async () => {
  const body = "x".repeat(900);
  const slow = `;chat;;onSlow;0;0;${body}`;
  const inRoom = `;chat;room;onSlow;0;0;${body}`;
  const ways: Record<string, (scene: Scene) => Promise<RawClient>> = {
    "a handler": ({ enter }) => enter(slow, ...times(18, slow)),
    "the handshake": ({ target }) => RawClient.open(target, ...times(18, slow)),
    "a room": async ({ enter }) => {
      const raw = await enter(";chat;;onInvite;0;0;");
      await raw.until(3);
      raw.send(...times(18, inRoom));
      return raw;
    },
  };
  for (const make of BOTH) {
    for (const [name, act] of Object.entries(ways)) {
      const options = { maxPayload: 1000 };
      await cross(make, options, "maxQueued", async (scene) => {
        const raw = await act(scene);
        const { code, reason } = await raw.closed.promise;
        assertEquals([name, code], [name, 1008]);
        assertEquals(reason, "16000 bytes may wait to be handled");
        scene.gate.resolve();
      });
    }
  }
});

Deno.test("maxQueued counts messages until their handlers end, whatever those wait for", async () => {
  let held = Promise.withResolvers<void>();
  const handler: ConnHandler = {
    chat: {
      onAskBack: async (nsConn) => void await nsConn.ask("onHeld"),
      onRoomJoin: async (nsConn) => void await nsConn.ask("onHeld"),
      onWait: () => held.promise,
    },
    other: {
      onNamespaceConnect: async (nsConn) =>
        void await nsConn.conn.namespace("chat")!.ask("onHeld"),
    },
  };
  const large = "x".repeat(900);
  const frames: Record<string, (n: number) => string> = {
    "asks whose handlers ask": (n) => `$${n};chat;;onAskBack;0;0;`,
    "joins whose hooks ask": (n) => `$${n};chat;room ${n};_OnRoomJoin;0;0;`,
    "events behind a handler": () => ";chat;;onWait;0;0;",
    "large asks": (n) => `$${n};chat;;onAskBack;0;0;${large}`,
    "large connects": (n) => `$${n};other;;_OnNamespaceConnect;0;0;${large}`,
  };
  for (const [name, frame] of Object.entries(frames)) {
    const isLarge = name.startsWith("large");
    held = Promise.withResolvers();
    await using memory = new MemoryServer(handler, {
      maxPayload: 1000,
      ...!isLarge && { maxQueued: 10 },
    });
    const raw = await RawClient.open(memory, ...HELLO);
    await raw.until(2);
    await turn();
    const max = isLarge ? 17 : 10;
    raw.send(...Array.from({ length: max }, (_, i) => frame(i + 10)));
    await turn();
    const { crossings, queued, pending } = memory.server.stats();
    assertEquals(crossings, {}, name);
    assertEquals([queued + pending >= max, name], [true, name]);
    raw.send(frame(99));
    const { code, reason } = await raw.closed.promise;
    const what = isLarge ? "16000 bytes" : "10 messages";
    assertEquals([code, reason], [1008, `${what} may wait to be handled`]);
    held.resolve();
  }
});

Deno.test("maxQueued does not count what has been handled", async () => {
  const handler: Events = {
    onSync: () => "sync",
    onAsync: async () => await Promise.resolve("async"),
    onFail() {
      throw new EventError("refused");
    },
    onAskBack: async (nsConn) => await nsConn.ask("onEcho"),
    onRoomJoin: async (nsConn) => void await nsConn.ask("onEcho"),
  };
  await using memory = new MemoryServer({ chat: handler }, {
    maxQueued: 8,
    maxPayload: 1000,
  });
  const client = await memory.dial({ chat: { onEcho: (_, msg) => msg.body } });
  const nsConn = await client.connect("chat");
  const body = "x".repeat(900);
  for (let n = 0; n < 20; n++) {
    for (const event of Object.keys(handler).slice(0, 4)) {
      nsConn.emit(event, body);
      await nsConn.ask(event, body).catch(() => {});
    }
    await nsConn.ask("onTypo", body).catch(() => {});
    await Promise.all([nsConn.joinRoom("a"), nsConn.joinRoom("b")]);
    await nsConn.leaveAll();
    const { conn } = memory.server.connectionsByNamespace("chat")[0]!;
    await Promise.all([
      conn.namespace("chat")!.joinRoom("c"),
      nsConn.joinRoom("c"),
    ]);
    await nsConn.room("c")!.leave();
    await client.connect("none").catch(() => {});
  }
  const { queued, pending } = memory.server.stats();
  assertEquals([queued, pending], [0, 0]);
  const { receiver } = sessionOf(memory.server.connections[0]!);
  assertEquals(receiver.held, { messages: 0, bytes: 0 });
});

Deno.test("maxQueued bounds the bytes that wait, and not those that have waited", async () => {
  const gate = Promise.withResolvers<void>();
  await using memory = new MemoryServer({
    chat: {
      onNamespaceConnect: () => gate.promise,
      onSay: (_, msg) => msg.text().length,
    },
  }, { idGenerator: () => "ID", maxPayload: 1000 });
  const say = `;chat;;onSay;0;0;${"x".repeat(900)}`;
  // One frame waits for the handshake, the other for the namespace.
  const raw = await RawClient.open(memory, ...HELLO, say, `$s${say}`);
  await raw.until(1);
  gate.resolve();
  for (let i = 3; i < 43; i++) {
    await raw.until(i);
    raw.send(`$${i}${say}`);
  }
  assertEquals((await raw.until(43)).at(-1), "$42;chat;;onSay;0;0;900");
  raw.socket.close();
  await raw.closed.promise;
});

Deno.test("maxNamespaces refuses one more, and the connection goes on", async () => {
  for (const make of BOTH) {
    const options = { maxNamespaces: 1 };
    await cross(make, options, "maxNamespaces", async ({ enter }) => {
      const raw = await enter(
        "$2;other;;_OnNamespaceConnect;0;0;",
        "$3;chat;;onSay;0;0;hi",
      );
      assertEquals((await raw.until(5)).slice(2), [
        '$2;other;;_OnNamespaceConnect;1;0;Cannot connect to namespace "other": 1 namespaces are the limit of a connection',
        ";chat;;onTick;0;0;hi",
        "$3;chat;;onSay;0;0;hi",
      ]);
      await end(raw);
    });
  }
});

Deno.test("maxRooms refuses one more, and the connection goes on", async () => {
  for (const make of BOTH) {
    const options = { maxRooms: 1 };
    await cross(make, options, "maxRooms", async ({ enter }) => {
      const raw = await enter(
        "$2;chat;first;_OnRoomJoin;0;0;",
        "$3;chat;second;_OnRoomJoin;0;0;",
        "$4;chat;first;_OnRoomLeave;0;0;",
        "$5;chat;second;_OnRoomJoin;0;0;",
      );
      assertEquals((await raw.until(6)).slice(2), [
        "$2;;;;;;",
        '$3;chat;second;_OnRoomJoin;1;0;Cannot join room "second": 1 rooms are the limit of a connection',
        "$4;;;;;;",
        "$5;;;;;;",
      ]);
      await end(raw);
    });
  }
});

Deno.test("maxPendingAsks refuses to ask a peer that never answers", async () => {
  for (const make of BOTH) {
    const options = { maxPendingAsks: 2 };
    await cross(make, options, "maxPendingAsks", async ({ enter, target }) => {
      const raw = await enter();
      const nsConn = target.server.connectionsByNamespace("chat").at(-1)!;
      const asks = [nsConn.ask("onAsk"), nsConn.ask("onAsk")];
      await assertRejects(
        () => nsConn.ask("onAsk"),
        LimitError,
        'Cannot ask "onAsk": 2 asks are the limit of a connection',
      );
      const [, , first] = await raw.until(4);
      raw.send(`${(first as string).split(";")[0]};;;;;;`);
      await asks[0];
      // Now there is room again.
      asks.push(nsConn.ask("onAsk"));
      await raw.until(5);
      await end(raw);
      const ends = await Promise.allSettled(asks);
      const { status } = ends[0]!;
      assertEquals(status, "fulfilled");
    });
  }
});

Deno.test("maxPendingAsks counts callers that wait for another caller's ask", async () => {
  await using memory = new MemoryServer({
    chat: {
      onInvite: async (nsConn) => (await nsConn.joinRoom("room")).name,
      onWait: async (nsConn) => {
        await nsConn.conn.waitConnect("other");
      },
    },
    other: {},
  }, { idGenerator: () => "ID", maxPendingAsks: 3 });
  const raw = await RawClient.open(memory, ...HELLO);
  for (let i = 1; i <= 5; i++) raw.send(`$${i};chat;;onInvite;0;0;`);
  raw.send("$6;chat;;onWait;0;0;");
  const refused = (await raw.until(6)).slice(3) as string[];
  const asked = raw.received[2] as string;
  assertEquals(refused.map((frame) => frame.slice(0, 3)), [
    "$4;",
    "$5;",
    "$6;",
  ]);
  assertEquals(
    refused[0],
    '$4;chat;;onInvite;1;0;Cannot join room "room": 3 asks are the limit of a connection',
  );
  raw.send(`${asked.split(";")[0]};;;;;;`);
  await raw.until(9);
  raw.send("$7;chat;;onInvite;0;0;");
  assertEquals((await raw.until(10)).at(-1), "$7;chat;;onInvite;0;0;room");
  raw.socket.close();
  await raw.closed.promise;
});

Deno.test("maxNameLength drops the message, and the connection goes on", async () => {
  for (const make of BOTH) {
    const options = { maxNameLength: 24 };
    await cross(make, options, "maxNameLength", async ({ enter, host }) => {
      const raw = await enter(
        `$2;chat;;${"e".repeat(25)};0;0;`,
        "$3;chat;;onSay;0;0;hi",
      );
      assertEquals((await raw.until(5)).slice(2), [
        "$2;;;;1;0;invalid payload",
        ";chat;;onTick;0;0;hi",
        "$3;chat;;onSay;0;0;hi",
      ]);
      assertEquals(host.drops.invalid, 1);
      await end(raw);
    });
  }
});

Deno.test("ackTimeout closes with 4001 when the handshake does not come", async () => {
  for (const make of BOTH) {
    const options = { ackTimeout: make === inMemory ? 20 : 500 };
    await cross(make, options, "ackTimeout", async ({ target }) => {
      const raw = await RawClient.open(target, "no hello");
      assertEquals((await raw.closed.promise).code, 4001);
    });
  }
});

Deno.test("rateLimit closes with 1008, and counts answers and the handshake", async () => {
  for (const make of BOTH) {
    // The limit leaves room for everything that the other client sends.
    const messages = 2 * MAX_ASKS;
    const rateLimit = { messages, per: 1e12 };
    await cross(make, { rateLimit }, "rateLimit", async ({ enter, target }) => {
      const raw = await enter();
      const nsConn = target.server.connectionsByNamespace("chat").at(-1)!;
      const asked = nsConn.ask("onAsk");
      const [, , question] = await raw.until(3);
      raw.send(`${(question as string).split(";")[0]};;;;;;`);
      await asked;
      const say = ";chat;;onSay;0;0;";
      // Three frames came before, and garbage counts as well.
      raw.send(...new Array<string>(messages - 4).fill(say), "garbage");
      raw.send("$2;chat;;onSay;0;0;one too many");
      if (make === inMemory) raw.send(say);
      const { code, reason } = await raw.closed.promise;
      assertEquals(code, 1008);
      assertEquals(reason, `${messages} messages in ${1e12} ms may come`);
      assertEquals(raw.received.length, 3 + messages - 4);
    });
    await cross(make, { rateLimit }, "rateLimit", async ({ target }) => {
      const frames = new Array<string>(messages).fill("no hello");
      const raw = await RawClient.open(target, ...frames, "M");
      assertEquals((await raw.closed.promise).code, 1008);
      assertEquals(raw.received, []);
    });
  }
});

Deno.test("The close code of a limit arrives although the client has sent more", async () => {
  const rateLimit = { messages: 2, per: 1e12 };
  await using listening = new Listening({ chat: {} }, { rateLimit });
  using conn = await openTcp(listening.url);
  assertEquals((await readHead(conn)).status, 101);
  // In one write, so that everything has arrived when the third frame is read.
  await conn.write(concat(new Array<Uint8Array>(20).fill(HELLO_FRAME)));
  const buffer = new Uint8Array(4096);
  const received: number[] = [];
  while (!received.includes(0x88)) {
    const read = await conn.read(buffer);
    if (read === null) break;
    received.push(...buffer.subarray(0, read));
  }
  const at = received.indexOf(0x88);
  // The close frame: its length and its code.
  assertEquals(received.slice(at + 2, at + 4), [1008 >> 8, 1008 & 255]);
});

Deno.test("rateLimit counts what came before the acceptance once", async () => {
  const gate = Promise.withResolvers<void>();
  await using memory = new MemoryServer({ chat: { on() {} } }, {
    rateLimit: { messages: 4, per: 1e12 },
    onConnect: () => gate.promise,
  });
  const raw = await RawClient.open(memory, ...HELLO, "$2;chat;;on;0;0;");
  gate.resolve();
  raw.send("$3;chat;;on;0;0;");
  assertEquals((await raw.until(4)).slice(1), [
    "$1;;;;;;",
    "$2;;;;;;",
    "$3;;;;;;",
  ]);
  await end(raw);
});

Deno.test("closeTimeout gives up on a peer that answers no close, and its socket still counts", async () => {
  const options = { closeTimeout: 20, maxConnections: 2 };
  const gone = Promise.withResolvers<number>();
  const statuses: number[] = [];
  await using listening = new Listening({ chat: { onHi: () => "hi" } }, {
    ...options,
    onDisconnect: (_, { code }) => gone.resolve(code),
    onUpgradeError: ({ status }) => void statuses.push(status),
  });
  const { server, url } = listening;
  const client = await listening.dial({ chat: {} });
  const nsConn = await client.connect("chat");
  const host = hostOf(server.connections[0]!);
  using deaf = await openDeaf(url);
  await deaf.write(HELLO_FRAME);
  while (server.connections.length < 2) await nsConn.ask("onHi");
  server.connections[1]!.close(4000);
  assertEquals(await gone.promise, 4000);
  assertEquals(server.totalConnections, 1);
  assertEquals(host.sessions.size, 1);
  assertEquals(host.crossings.counts.get("closeTimeout"), 1);
  // The socket still exists.
  const refused = await request(url, "GET", UPGRADE);
  assertEquals(refused.status, 503);
  const seconds = Number(/\r\nretry-after: (\d+)\r\n/i.exec(refused.text)![1]);
  assert(seconds >= 1 && seconds <= 10);
  assertEquals(statuses, [503]);
  assertEquals((await nsConn.ask("onHi")).text(), "hi");
  deaf.close();
  await until101(url);
  await client.close();
});

Deno.test("A client that leaves before the answer keeps no slot", async () => {
  // Deno's socket for such a client never opens and never ends.
  const never: Socket = {
    bufferedAmount: 0,
    listen() {},
    send: () => false,
    close() {},
  };
  const pairs = [socketPair(), socketPair()];
  const sockets = [pairs[0]![1], never, pairs[1]![1]];
  const server = new Server(
    () => ({ socket: sockets.shift()!, response: new Response() }),
    { chat: {} },
    { maxConnections: 2, ackTimeout: 20, closeTimeout: 20 },
  );
  const statusOf = async () => (await server.upgrade(handshake())).status;
  assertEquals(await statusOf(), 200);
  const raw = await RawClient.open({ open: () => pairs[0]![0] }, "M");
  await raw.until(1);
  const host = hostOf(server.connections[0]!);
  assertEquals(await statusOf(), 200);
  assertEquals(await statusOf(), 503);
  await [...host.sessions.values()].at(-1)!.ended;
  assertEquals(await statusOf(), 200);
  await server.close();
});

Deno.test("maxConnections answers 503, and accepts again when a connection has ended", async () => {
  for (const make of BOTH) {
    const statuses: number[] = [];
    const options: ServerOptions = {
      maxConnections: 2,
      onUpgradeError: ({ status }) => void statuses.push(status),
    };
    await cross(make, options, "maxConnections", async ({ target, enter }) => {
      const raw = await enter();
      const response = await target.server.upgrade(handshake());
      assertEquals(response.status, 503);
      assert(Number(response.headers.get("retry-after")) >= 1);
      assertEquals(await response.text(), "This server is full");
      const left = sessionOf(target.server.connections.at(-1)!).ended;
      await end(raw);
      await left;
      await end(await enter());
      assertEquals(statuses, [503]);
    });
  }
});

Deno.test("maxConnections counts the requests that are being decided", async () => {
  const gate = Promise.withResolvers<void>();
  const peers: Socket[] = [];
  const server = new Server(
    () => {
      const [left, right] = socketPair();
      peers.push(left);
      return { socket: right, response: new Response() };
    },
    { chat: {} },
    {
      maxConnections: 5,
      async idGenerator({ url }) {
        await gate.promise;
        if (url.search === "?fails") throw new Error("no ID");
        return "ID";
      },
      async origins() {
        await gate.promise;
        return true;
      },
      onError() {},
    },
  );
  const origin = { origin: "https://example.com" };
  const flood = Array.from({ length: 1000 }, (_, n) =>
    server.upgrade(handshake(
      n % 2 === 0 ? origin : {},
      n < 2 ? "?fails" : "",
    )));
  gate.resolve();
  const statuses = (await Promise.all(flood)).map(({ status }) => status);
  const count = (wanted: number) =>
    statuses.filter((status) => status === wanted).length;
  assertEquals([count(200), count(500), count(503)], [3, 2, 995]);
  assertEquals(peers.length, 3);
  // Failed requests have released their slots.
  for (const expected of [200, 200, 503]) {
    assertEquals((await server.upgrade(handshake())).status, expected);
  }
  await server.close();
});

const net = (hostname: string) => ({
  remoteAddr: { transport: "tcp", hostname, port: 1 } as const,
});

Deno.test("maxConnectionsPerAddress answers 429 to that address only", async () => {
  for (const make of BOTH) {
    const statuses: number[] = [];
    const options: ServerOptions = {
      maxConnectionsPerAddress: 2,
      trustProxy: true,
      onUpgradeError: ({ status }) => void statuses.push(status),
    };
    const limit = "maxConnectionsPerAddress";
    await cross(make, options, limit, async ({ target, enter, host }) => {
      const own = [...host.sessions.keys()].map(({ request }) =>
        request.remoteAddr
      )[0];
      const info = own ? { remoteAddr: own } : undefined;
      const raw = await enter();
      const response = await target.server.upgrade(handshake(), info);
      assertEquals(response.status, 429);
      assert(Number(response.headers.get("retry-after")) >= 1);
      assertEquals([host.admission.size, host.admission.addresses], [2, 1]);
      await end(raw);
      assertEquals(statuses, [429]);
    });
  }
});

Deno.test("X-Forwarded-For counts by the entry of the trusted proxy", async () => {
  await using listening = new Listening({ chat: {} }, {
    maxConnectionsPerAddress: 1,
    trustProxy: true,
  });
  const { url } = listening;
  const opened: Deno.Conn[] = [];
  const statusOf = async (forwarded: string) => {
    const conn = await openTcp(url, { "x-forwarded-for": forwarded });
    opened.push(conn);
    return (await readHead(conn)).status;
  };
  assertEquals(await statusOf("192.0.2.1"), 101);
  assertEquals(await statusOf("192.0.2.2"), 101);
  // The client's own entry comes before it.
  assertEquals(await statusOf("192.0.2.3, 192.0.2.1"), 429);
  assertEquals(await statusOf("192.0.2.1, 192.0.2.3"), 101);
  for (const conn of opened) conn.close();
});

Deno.test("Without trustProxy no client can choose its address", async () => {
  const forged = "?X-Websocket-Header-X-Forwarded-For=192.0.2.7";
  for (const trustProxy of [undefined, false, true]) {
    let count = 0;
    const server = new Server(
      () => ({ socket: socketPair()[0], response: new Response() }),
      { chat: {} },
      {
        maxConnectionsPerAddress: 2,
        trustProxy,
        idGenerator: () => `${count++}`,
      },
    );
    const headers: Record<string, string>[] = trustProxy
      ? [{}, {}, {}]
      : [1, 2, 3].map((n) => ({ "x-forwarded-for": `192.0.2.${n}` }));
    const statuses: number[] = [];
    for (const init of headers) {
      const search = trustProxy ? forged + statuses.length : "";
      const request = handshake(init, search);
      const response = await server.upgrade(request, net("10.0.0.1"));
      statuses.push(response.status);
    }
    assertEquals(statuses, [200, 200, 429]);
    const other = await server.upgrade(handshake(), net("10.0.0.2"));
    assertEquals(other.status, 200);
    await server.close();
  }
});

Deno.test("Requests that are refused leave nothing behind", async () => {
  const told: number[] = [];
  const peers: Socket[] = [];
  const server = new Server(
    () => {
      const [left, right] = socketPair();
      peers.push(left);
      return { socket: right, response: new Response() };
    },
    { chat: {} },
    {
      maxConnections: 3,
      maxConnectionsPerAddress: 2,
      origins: (origin) => {
        if (origin === "throws") throw new Error("origins");
        return false;
      },
      idGenerator({ url }) {
        if (url.search !== "") throw new Error("no ID");
        return "ID";
      },
      onUpgradeError: ({ status }) => void told.push(status),
      onError() {},
    },
  );
  const upgrade = async (
    address: string,
    headers: Record<string, string> = {},
    search = "",
  ) => (await server.upgrade(handshake(headers, search), net(address))).status;
  assertEquals(await upgrade("192.0.2.1"), 200);
  assertEquals(await upgrade("192.0.2.1"), 200);
  const first = new RawClient(peers[0]!);
  await Promise.resolve();
  first.send("M");
  await first.until(1);
  const host = hostOf(server.connections[0]!);
  const before = host.timers.size;
  const statuses: number[] = [];
  for (let n = 0; n < 500; n++) {
    const address = `2001:db8:0:${n.toString(16)}::1`;
    statuses.push(
      await upgrade("192.0.2.1"),
      await upgrade(address, { origin: "https://evil.test" }),
      await upgrade(address, { origin: "throws" }),
      await upgrade(address, {}, "?fails"),
      await upgrade(address, { "sec-websocket-key": "short" }),
    );
  }
  const round = [429, 403, 500, 500, 400];
  assertEquals(statuses, new Array(500).fill(round).flat());
  assertEquals(told, statuses);
  assertEquals(host.timers.size, before);
  const { admission, sessions } = host;
  assertEquals([admission.size, admission.addresses, sessions.size], [2, 1, 2]);
  assertEquals(await upgrade("192.0.2.2"), 200);
  told.length = 0;
  for (let n = 0; n < 500; n++) await upgrade(`198.51.100.${n % 256}`);
  assertEquals(told, new Array(500).fill(503));
  assertEquals([admission.size, admission.addresses, sessions.size], [3, 2, 3]);
  await server.close();
  assertEquals([admission.size, admission.addresses, sessions.size], [0, 0, 0]);
  assertEquals(host.timers.size, 0);
});

Deno.test("An origins function that fails is reported, and the page is refused", async () => {
  for (const answer of [undefined, "yes", new Error("thrown")]) {
    await using memory = new MemoryServer({ chat: {} }, {
      origins() {
        if (answer instanceof Error) throw answer;
        return answer as never;
      },
    });
    const response = await memory.server.upgrade(
      handshake({ origin: "https://example.com" }),
    );
    assertEquals(response.status, 500);
    assertEquals(await response.text(), "Internal Server Error");
    assertEquals(memory.errors.length, 1);
  }
});

Deno.test("new Server() takes only positive numbers for its limits", () => {
  const make = (options: unknown) => () =>
    new Server(
      () => {
        throw new Error("never upgraded");
      },
      { chat: {} },
      options as ServerOptions,
    );
  const names = [
    "maxPayload",
    "maxQueued",
    "maxNamespaces",
    "maxRooms",
    "maxPendingAsks",
    "maxNameLength",
    "ackTimeout",
    "askTimeout",
    "closeTimeout",
    "maxConnections",
    "maxConnectionsPerAddress",
  ];
  for (const name of names) {
    for (const value of [0, -1, NaN, "5", null]) {
      const text = `Cannot set "${name}" to ${
        value === "5" ? '"5"' : value
      }: it must be a positive number`;
      assertThrows(make({ [name]: value }), RangeError, text);
    }
    make({ [name]: 1, trustProxy: 2 })();
  }
  assertThrows(
    make({ rateLimit: { messages: 0 } }),
    RangeError,
    'Cannot set "rateLimit.messages" to 0',
  );
  assertThrows(
    make({ origins: ["example.com"] }),
    TypeError,
    'Cannot allow the origin "example.com"',
  );
  for (const trustProxy of [-1, 1.5, NaN, "1", null]) {
    assertThrows(
      make({ trustProxy }),
      RangeError,
      `Cannot set "trustProxy" to ${trustProxy}: it must be true, false, or the number of proxies`,
    );
  }
});

async function end(raw: RawClient): Promise<void> {
  raw.socket.close();
  await raw.closed.promise;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/** A text frame with "M", masked with zeros. */
const HELLO_FRAME = new Uint8Array([0x81, 0x81, 0, 0, 0, 0, 0x4d]);

/** Sends a handshake and nothing else. */
async function openTcp(
  url: string,
  headers: Record<string, string> = {},
): Promise<Deno.Conn> {
  const { hostname, port, host } = new URL(url);
  const conn = await Deno.connect({ hostname, port: Number(port) });
  const lines = Object.entries({ host, ...UPGRADE, ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `GET / HTTP/1.1\r\n${lines.join("")}\r\n`;
  await conn.write(new TextEncoder().encode(head));
  return conn;
}

async function readHead(conn: Deno.Conn): Promise<{ status: number }> {
  const buffer = new Uint8Array(4096);
  const read = await conn.read(buffer) ?? 0;
  const text = new TextDecoder().decode(buffer.subarray(0, read));
  return { status: Number(text.split(" ")[1]) };
}

/** Opens a websocket that does not read and never answers a close. */
async function openDeaf(url: string): Promise<Deno.Conn> {
  const conn = await openTcp(url);
  assertEquals((await readHead(conn)).status, 101);
  return conn;
}

/** Requests connections until the server has room for one. */
async function until101(url: string): Promise<void> {
  let status = 503;
  for (let n = 0; status === 503 && n < 2000; n++) {
    ({ status } = await request(url, "GET", UPGRADE));
  }
  assertEquals(status, 101);
}

Deno.test("A connect that maxPendingAsks refuses to another caller does not end the process", async () => {
  const refused = Promise.withResolvers<void>();
  await using memory = new MemoryServer({
    "": {
      async onBegin(nsConn) {
        await nsConn.conn.connect("late");
      },
      async onJoinIn(nsConn) {
        refused.resolve();
        await nsConn.conn.connect("late");
      },
    },
    late: {},
  }, { maxPendingAsks: 1 });
  const client = await RawClient.open(memory, "M");
  await client.until(1);
  client.send("#1;;;_OnNamespaceConnect;0;0;");
  await client.until(2);
  client.send("#2;;;onBegin;0;0;");
  const asked = (await client.until(3))[2] as string;
  client.send("#3;;;onJoinIn;0;0;");
  await refused.promise;
  client.send(`${asked.split(";")[0]};late;;_OnNamespaceConnect;1;0;no`);
  const answers = (await client.until(5)).slice(3).toSorted();
  assertEquals(answers[0], "#2;;;onBegin;1;0;no");
  assertStringIncludes(
    answers[1] as string,
    "1 asks are the limit of a connection",
  );
  client.socket.close();
});

import { assertEquals, assertRejects } from "@std/assert";
import type { Client } from "../client.ts";
import type { Events } from "../controller/events.ts";
import {
  logged,
  MemoryServer,
  numberTokens,
  RawClient,
  type SentFrame,
} from "../harness/mod.ts";
import { EventError } from "../protocol/errors.ts";
import { exclude, Message, reply } from "../protocol/message.ts";
import type { ServerOptions } from "../server/options.ts";
import type { Server } from "../server/server.ts";

interface Vector {
  name: string;
  doc: string;
  events?: string[];
  frames: { from: "client" | "server"; data: string; base64?: boolean }[];
}

const VECTORS: Vector[] = JSON.parse(
  await Deno.readTextFile(new URL("../testdata/wire.json", import.meta.url)),
);

interface Stage {
  client: Client;
  server: Server;
  log: string[];
  /** Waits until a line has been logged so many times. */
  logged(start: string, count?: number): Promise<void>;
}

interface Scenario {
  namespace?: string;
  server?: Events;
  client?: Events;
  options?: ServerOptions;
  /** Namespaces of the client only. */
  clientOnly?: string[];
  run?(stage: Stage): Promise<void> | void;
  /** Frames that differ from Go's. */
  extra?: SentFrame[];
  /** Lines of the vector that differ from Go's. */
  otherwise?: Record<string, string>;
}

const chat: Events = { chat() {} };

function result(error: unknown): string {
  return error instanceof Error ? error.message : "<nil>";
}

async function outcome(promise: Promise<unknown>): Promise<string> {
  return result(await promise.then(() => undefined, (error) => error));
}

function refusing(event: string, text: string): Events {
  return {
    [event]() {
      throw new EventError(text);
    },
  };
}

const SCENARIOS: Record<string, Scenario> = {
  ack: {},
  connect: {
    async run({ client, log }) {
      log.push(`connect err=${await outcome(client.connect("default"))}`);
    },
  },
  "connect-bad-namespace": {
    clientOnly: ["unknown"],
    async run({ client, log }) {
      log.push(`connect err=${await outcome(client.connect("unknown"))}`);
    },
  },
  "connect-rejected": {
    server: refusing("_OnNamespaceConnect", "not allowed; sorry"),
    async run({ client, log }) {
      log.push(`connect err=${await outcome(client.connect("default"))}`);
    },
  },
  "connect-twice": {
    async run({ client, log }) {
      const nsConn = await client.connect("default");
      assertEquals(await client.connect("default"), nsConn);
      log.push(`disconnect err=${await outcome(nsConn.disconnect())}`);
      log.push(`connect err=${await outcome(client.connect("default"))}`);
    },
  },
  emit: {
    server: {
      chat: (nsConn, msg) =>
        void nsConn.emit("chat", `echo: ${msg.body as string}`),
    },
    client: chat,
    async run({ client, logged }) {
      const nsConn = await client.connect("default");
      nsConn.emit("chat", "hello");
      nsConn.emit("chat", "semi;colons;;in;body");
      nsConn.emit("chat", "unicode ✓ \u2028 €");
      nsConn.emit("chat", "");
      await logged("client chat", 4);
    },
  },
  "emit-reply": {
    server: { chat: () => reply("replied") },
    client: chat,
    async run({ client, logged }) {
      (await client.connect("default")).emit("chat", "hello");
      await logged("client chat");
    },
  },
  "emit-error": {
    server: refusing("chat", "bad; chat"),
    client: chat,
    async run({ client, logged }) {
      (await client.connect("default")).emit("chat", "hello");
      await logged("client chat");
    },
  },
  escape: {
    namespace: "semi;colon",
    async run({ client, log }) {
      const connecting = client.connect("semi;colon");
      log.push(`connect err=${await outcome(connecting)}`);
      const nsConn = await connecting;
      const joining = nsConn.joinRoom("room;1");
      log.push(`join err=${await outcome(joining)}`);
      (await joining).emit("ev;ent", "x;y");
    },
  },
  ask: {
    server: { ask: () => reply("answer;42") },
    run: (stage) => ask(stage),
  },
  "ask-error": {
    server: refusing("ask", "no answer"),
    async run({ client, log }) {
      const nsConn = await client.connect("default");
      const error = await outcome(nsConn.ask("ask", "question"));
      log.push(`ask -> event="ask" body="" err=${error}`);
    },
  },
  "ask-no-reply": {
    server: { ask() {} },
    run: (stage) => ask(stage),
    extra: [{ from: "server", data: "$<wait2>;;;;;;" }],
    otherwise: {
      "ask err=context deadline exceeded": 'ask -> event="" body="" err=<nil>',
    },
  },
  "server-asks-client": {
    client: { ask: () => reply("client answer") },
    async run({ client, server, log, logged }) {
      await client.connect("default");
      await logged("server _OnNamespaceConnected");
      const [nsConn] = server.connectionsByNamespace("default");
      const answer = await nsConn!.ask("ask", "q");
      log.push(`server ask -> body="${answer.text()}" err=<nil>`);
    },
  },
  binary: {
    server: { chat: (nsConn, msg) => void nsConn.emit("chat", msg.body) },
    client: chat,
    async run({ client, logged }) {
      const nsConn = await client.connect("default");
      nsConn.emit("chat", new Uint8Array([0, 1, 2, 0x3b, 0xff, 0xfe]));
      await logged("client chat");
    },
  },
  room: {
    server: {
      chat: (nsConn, msg) => void nsConn.room(msg.room)!.emit("chat", msg.body),
    },
    client: chat,
    async run({ client, log, logged }) {
      const nsConn = await client.connect("default");
      const joining = nsConn.joinRoom("room1");
      log.push(`join err=${await outcome(joining)}`);
      const room = await joining;
      room.emit("chat", "to room");
      await logged("client chat");
      log.push(`leave err=${await outcome(room.leave())}`);
      log.push(`emit after leave=${room.emit("chat", "gone")}`);
      log.push(`leave again err=${await outcome(room.leave())}`);
    },
  },
  "room-join-rejected": {
    server: refusing("_OnRoomJoin", "room is full"),
    async run({ client, log }) {
      const nsConn = await client.connect("default");
      log.push(`join err=${await outcome(nsConn.joinRoom("room1"))}`);
    },
  },
  "room-leave-rejected": {
    server: { _OnRoomLeave: (_, msg) => msg.isForced ? undefined : stay() },
    async run({ client, log }) {
      const nsConn = await client.connect("default");
      const room = await nsConn.joinRoom("room1");
      log.push(`leave err=${await outcome(room.leave())}`);
    },
  },
  "leave-all": {
    async run({ client, log }) {
      const nsConn = await client.connect("default");
      await nsConn.joinRoom("room1");
      await nsConn.joinRoom("room2");
      log.push(`leaveAll err=${await outcome(nsConn.leaveAll())}`);
    },
  },
  disconnect: {
    async run({ client, log }) {
      const nsConn = await client.connect("default");
      await nsConn.joinRoom("room1");
      log.push(`disconnect err=${await outcome(nsConn.disconnect())}`);
      log.push(`emit after=${nsConn.emit("chat", "gone")}`);
      log.push(`disconnect again err=${await outcome(nsConn.disconnect())}`);
    },
  },
  "disconnect-rejected": {
    server: {
      chat() {},
      _OnNamespaceDisconnect: (_, msg) => msg.isForced ? undefined : stay(),
    },
    async run({ client, log, logged }) {
      const nsConn = await client.connect("default");
      log.push(`disconnect err=${await outcome(nsConn.disconnect())}`);
      log.push(`emit after=${nsConn.emit("chat", "still here")}`);
      await logged("server chat");
    },
  },
  "server-force-connect": {
    options: {
      async onConnect(conn) {
        await conn.connect("default");
      },
    },
    async run({ client, log, logged }) {
      const connecting = client.waitServerConnect("default");
      log.push(`wait err=${await outcome(connecting)}`);
      await logged("server _OnNamespaceConnected");
    },
  },
  "server-room-and-disconnect": {
    async run({ client, server, log, logged }) {
      await client.connect("default");
      await logged("server _OnNamespaceConnected");
      const [nsConn] = server.connectionsByNamespace("default");
      const room = await nsConn!.joinRoom("vip");
      log.push("server join err=<nil>");
      log.push(`server leave err=${await outcome(room.leave())}`);
      log.push(`server disconnect err=${await outcome(nsConn!.disconnect())}`);
      await logged("client _OnNamespaceDisconnect");
    },
  },
  "forced-close": {
    async run({ client }) {
      const nsConn = await client.connect("default");
      await nsConn.joinRoom("room1");
    },
  },
  broadcast: {
    client: chat,
    async run({ client, server, logged }) {
      const nsConn = await client.connect("default");
      const namespace = "default";
      const event = "chat";
      server.broadcast(null, { namespace, event, body: "to all" });
      await logged("client chat", 1);
      await nsConn.joinRoom("room1");
      server.broadcast(
        null,
        new Message({ namespace, room: "room1", event, body: "to room" }),
        { namespace, event, body: "to ID", to: "ID" },
      );
      server.broadcast(exclude("ID"), { namespace, event, body: "excluded" });
      server.broadcast(
        null,
        { namespace, event, error: new EventError("broadcast error") },
        { namespace, event, body: "binary", isBinary: true },
        { namespace, event: "a", body: "1" },
        { namespace, event: "b", body: "2" },
      );
      await logged("client chat", 5);
    },
  },
};

function stay(): never {
  throw new EventError("stay");
}

async function ask({ client, log }: Stage): Promise<void> {
  const nsConn = await client.connect("default");
  const { event, body } = await nsConn.ask("ask", "question");
  log.push(`ask -> event="${event}" body="${body}" err=<nil>`);
}

for (const vector of VECTORS) {
  const scenario = SCENARIOS[vector.name];
  if (scenario === undefined) continue;
  Deno.test(`Server and Client speak as Go does: ${vector.name}`, async () => {
    const { namespace = "default", otherwise = {}, extra = [] } = scenario;
    const log: string[] = [];
    const waiting = new Set<() => void>();
    log.push = (...lines) => {
      const length = Array.prototype.push.apply(log, lines);
      for (const check of waiting) check();
      return length;
    };
    const loggedLine = (start: string, count = 1) =>
      new Promise<void>((resolve) => {
        const check = () => {
          const lines = log.filter((line) => line.startsWith(`${start} `));
          if (lines.length >= count) waiting.delete(check), resolve();
        };
        waiting.add(check);
        check();
      });
    const memory = new MemoryServer(
      { [namespace]: logged("server", log, scenario.server ?? {}) },
      { idGenerator: () => "ID", ...scenario.options },
    );
    await using _ = memory;
    const { server } = memory;
    const clientEvents = logged("client", log, scenario.client ?? {});
    const client = await memory.dial({
      [namespace]: clientEvents,
      ...Object.fromEntries((scenario.clientOnly ?? []).map((n) => [n, {}])),
    });
    await scenario.run?.({ client, server, log, logged: loggedLine });
    await client.close();
    await server.close();

    assertEquals(memory.errors, []);
    const frames = numberTokens(memory.frames);
    const wanted = [
      ...vector.frames.map(({ from, data, base64 }) => ({
        from,
        data: base64 ? Uint8Array.fromBase64(data) : data,
      })),
      ...extra,
    ];
    for (const side of ["client", "server"]) {
      assertEquals(
        frames.filter(({ from }) => from === side),
        wanted.filter(({ from }) => from === side),
        `frames of the ${side}`,
      );
    }
    const lines = (vector.events ?? []).map((line) => otherwise[line] ?? line);
    for (const kind of ["client ", "server ", ""]) {
      const isOf = (line: string) =>
        kind === "" ? !/^(client|server) /.test(line) : line.startsWith(kind);
      assertEquals(log.filter(isOf), lines.filter(isOf), `lines of ${kind}`);
    }
  });
}

Deno.test("Server speaks as Go does: emit-not-connected-namespace", async () => {
  const vector = vectorOf("emit-not-connected-namespace");
  const log: string[] = [];
  await using memory = new MemoryServer(
    { default: logged("server", log, {}) },
    { idGenerator: () => "ID" },
  );
  const sent = vector.frames.filter(({ from }) => from === "client")
    .map(({ data }) => data.replace("<wait1>", "1"));
  const raw = await RawClient.open(memory, ...sent);
  assertEquals(await raw.until(4), [
    "AID",
    "$1;;;;;;",
    // Go does not answer these; this module answers every ask.
    "$77;other;;chat;1;0;bad namespace",
    '$78;default;;unregistered;1;0;Cannot handle event "unregistered" of namespace "default": nothing handles it',
  ]);
  raw.socket.close();
  await raw.closed.promise;
  await memory.server.close();
  const isServers = (line: string) => line.startsWith("server ");
  assertEquals(log, vector.events!.filter(isServers));
  assertEquals(memory.errors, []);
});

Deno.test("Server and Client speak as Go does: ack-rejected", async () => {
  await using memory = new MemoryServer({ default: {} }, {
    onConnect() {
      throw new EventError("go away");
    },
  });
  const error = await assertRejects(() => memory.dial({ default: {} }));
  assertEquals(`dial err=${result(error)}`, "dial err=go away");
  assertEquals(memory.frames, framesOf("ack-rejected"));
});

Deno.test("Server and Client speak as Go does: native-only", async () => {
  const received: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const handler = (name: string): Events => ({
    _OnNativeMessage(_nsConn, msg) {
      received.push(`${name} ${msg.text()} ${msg.isNative}`);
      if (name === "client") return resolve();
      return reply(`native: ${msg.text()}`);
    },
  });
  await using memory = new MemoryServer(handler("server"));
  await using client = await memory.dial(handler("client"));
  client.conn.write({ body: "raw;;;;;;text", isNative: true });
  await promise;
  assertEquals(received, [
    "server raw;;;;;;text true",
    "client native: raw;;;;;;text true",
  ]);
  assertEquals(memory.frames, [
    { from: "client", data: "raw;;;;;;text" },
    { from: "server", data: "native: raw;;;;;;text" },
  ]);
});

Deno.test("What asks the other side says that native messages alone have no answers", async () => {
  const handler: Events = { _OnNativeMessage() {} };
  await using memory = new MemoryServer(handler);
  await using client = await memory.dial(handler);
  for (const { conn } of [client, { conn: memory.server.connections[0]! }]) {
    const nsConn = await conn.waitConnect("");
    const calls = {
      'ask "onHi"': () => nsConn.ask("onHi"),
      'join room "room"': () => nsConn.joinRoom("room"),
      'leave namespace ""': () => nsConn.disconnect(),
    };
    for (const [call, run] of Object.entries(calls)) {
      await assertRejects(
        run,
        EventError,
        `Cannot ${call}: this connection has native messages alone`,
      );
    }
    assertEquals(conn.namespace(""), nsConn);
  }
  assertEquals(memory.frames, []);
});

Deno.test("Server and Client speak as Go does: native-mixed", async () => {
  const log: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  await using memory = new MemoryServer({
    _OnNativeMessage(nsConn, { event, body, isNative }) {
      log.push(
        `server native event="${event}" body="${body}" isNative=${isNative}`,
      );
      nsConn.emit("_OnNativeMessage", `native: ${body}`);
    },
    chat: (_nsConn, msg) => void log.push(`server chat "${msg.text()}"`),
  }, { idGenerator: () => "ID" });
  const client = await memory.dial({
    _OnNativeMessage(_nsConn, { event, body, isNative }) {
      log.push(
        `client native event="${event}" body="${body}" isNative=${isNative}`,
      );
      resolve();
    },
    chat() {},
  });
  await client.connect("");
  log.push("connect err=<nil>");
  client.conn.write({ body: "raw text", isNative: true });
  client.namespace("")!.emit("chat", "framed");
  await promise;
  await client.close();
  const vector = vectorOf("native-mixed");
  assertEquals(log.toSorted(), vector.events!.toSorted());
  assertEquals(numberTokens(memory.frames), framesOf("native-mixed"));
});

Deno.test("Every recorded scenario is replayed", () => {
  const apart = [
    "ack-rejected",
    "emit-not-connected-namespace",
    "native-only",
    "native-mixed",
  ];
  const replayed = [...Object.keys(SCENARIOS), ...apart];
  assertEquals(replayed.toSorted(), VECTORS.map(({ name }) => name).toSorted());
  assertEquals(replayed.length, 28);
});

function vectorOf(name: string): Vector {
  return VECTORS.find((vector) => vector.name === name)!;
}

function framesOf(name: string): SentFrame[] {
  return vectorOf(name).frames.map(({ from, data }) => ({ from, data }));
}

/**
 * The scenarios for this module's client and server; client.go and server.go
 * have the Go side.
 *
 * @module
 */

import { logged } from "../../../neffos/harness/mod.ts";
import { callAsync } from "../../../neffos/internal.ts";
import {
  AskTimeoutError,
  type BodyCodec,
  type Client,
  EventError,
  type Events,
  exclude,
  type Message,
  type NSConn,
  reply,
  type ServerOptions,
} from "../../../neffos/mod.ts";
import type { Journal } from "../journal.ts";

/** The time limit of a scenario, in milliseconds. */
export const DEADLINE = 5_000;

/** The time limit of an ask that may get no answer. */
const ASK_TIMEOUT = 1_000;

const MANY_MESSAGES = 1_000;

const MANY_ASKS = 100;

const ODD_NAMESPACE = "na;me ☃";

const ODD_ROOM = "ro;om žluť 🚪";

const ODD_EVENT = "ev;ent 日本語";

const TEXT = 'a;b;;c;;;;;;; "quotes" \\ \n žluť 日本語 👩‍👩‍👧 @%!semi';

const ALL_BYTES = Uint8Array.from({ length: 65_536 }, (_, i) => i);

/** The packages of the registry are for this program alone. */
const MSGPACK: string = "Deno" in globalThis
  ? "npm:@msgpack/msgpack@3.1.3"
  : "@msgpack/msgpack";

const msgpack: {
  encode(value: unknown): Uint8Array;
  decode(bytes: Uint8Array): unknown;
} = await import(MSGPACK);

const msgpackCodec: BodyCodec = {
  encode: msgpack.encode,
  decode: (body) => msgpack.decode(body as Uint8Array),
};

/** What the scenario of msgpack sends, as note in server.go. */
interface Note {
  from: string;
  tags: string[];
  count: number;
  data: Uint8Array;
}

const NOTE: Note = {
  from: "Ann ☃",
  tags: ["a", "b"],
  count: 300,
  data: new Uint8Array([0, 255]),
};

function show(msg: Message): string {
  const { from, tags, count, data } = msg.json<Note>();
  return `${from} ${tags} ${count} ${data}`;
}

/** A run of a scenario, on the client's side. */
export interface ClientStage {
  readonly client: Client;
  /** The client's log. */
  readonly log: Journal;
  /** The server's log. */
  readonly serverLog: Journal;
}

/** Both sides of a scenario, with notes. */
export interface Scenario {
  /** The namespace of both sides, "default" if there is none. */
  readonly namespace?: string;
  /** A namespace of the client only. */
  readonly other?: string;
  /** Whether only the scenario's own lines count. */
  readonly isQuiet?: boolean;
  /** Whether the events belong to the empty namespace. */
  readonly isNative?: boolean;
  /** The events of the server. */
  readonly server?: (log: string[]) => Events;
  /** The options of the server. */
  readonly options?: ServerOptions;
  /** The codec of the client. */
  readonly codec?: BodyCodec;
  /** The server's action once the client has emitted `go`. */
  readonly steps?: Readonly<
    Record<string, (nsConn: NSConn, log: string[]) => Promise<void> | void>
  >;
  /** The events of the client. */
  readonly client?: (log: string[]) => Events;
  /** The headers of the client. */
  readonly headers?: Record<string, string>;
  /** The URL parameters of the client. */
  readonly query?: Record<string, string>;
  /** The client's actions. */
  readonly run?: (stage: ClientStage) => Promise<void> | void;
  /** The lines of both sides, where the vectors have none. */
  readonly lines?: readonly string[];
  /** The lines that differ when the server is this module's. */
  readonly otherwise?: Readonly<Record<string, string>>;
  /** Whether the Go client acts in any order. */
  readonly isUnordered?: boolean;
  /** The note on the row of the Go client. */
  readonly clientNote?: string;
  /** The note on the row of the Go server. */
  readonly serverNote?: string;
}

/**
 * Formats an error for the log.
 *
 * @param error The error, if there is one.
 * @returns Its text, in Go's words.
 */
export function result(error: unknown): string {
  if (error instanceof AskTimeoutError) return "context deadline exceeded";
  return error instanceof Error ? error.message : "<nil>";
}

async function outcome(promise: Promise<unknown>): Promise<string> {
  return result(await promise.then(() => undefined, (error) => error));
}

/**
 * Makes the handler of this module's server for a scenario.
 *
 * @param scenario The scenario.
 * @param log The log of its events.
 * @returns The handler.
 */
export function serverHandler(
  scenario: Scenario,
  log: string[],
): Record<string, Events> {
  const events = scenario.server?.(log) ?? {};
  const all = handlers("server", scenario, log, events);
  if (scenario.steps === undefined) return all;
  const { steps } = scenario;
  const go = (nsConn: NSConn, msg: Message) => {
    const step = callAsync(() => steps[msg.text()]!(nsConn, log));
    step.catch((error) => log.push(`step failed: ${error}`))
      .finally(() => nsConn.emit("bye"));
  };
  return mapEvents(all, (events) => ({ ...events, go }));
}

/**
 * Makes the handler of this module's client for a scenario.
 *
 * @param scenario The scenario.
 * @param log The log of its events.
 * @returns The handler.
 */
export function clientHandler(
  scenario: Scenario,
  log: string[],
): Record<string, Events> {
  const events = scenario.client?.(log) ?? {};
  const all = handlers("client", scenario, log, events);
  return scenario.other === undefined ? all : { ...all, [scenario.other]: {} };
}

function handlers(
  side: string,
  { namespace = "default", isNative, isQuiet }: Scenario,
  log: string[],
  events: Events,
): Record<string, Events> {
  if (isNative) return { "": events };
  return { [namespace]: isQuiet ? events : logged(side, log, events) };
}

function mapEvents(
  all: Record<string, Events>,
  map: (events: Events) => Events,
): Record<string, Events> {
  return Object.fromEntries(
    Object.entries(all).map(([name, events]) => [name, map(events)]),
  );
}

function refusing(event: string, text: string): () => Events {
  return () => ({
    [event](_nsConn, msg) {
      if (!msg.isForced) throw new EventError(text);
    },
  });
}

const chat = (): Events => ({ chat() {} });

async function tryConnect({ client, log }: ClientStage): Promise<void> {
  log.push(`connect err=${await outcome(client.connect("default"))}`);
}

async function emitHello({ client, log }: ClientStage): Promise<void> {
  (await client.connect("default")).emit("chat", "hello");
  await log.has("client chat");
}

async function ask({ client, log }: ClientStage): Promise<void> {
  const nsConn = await client.connect("default");
  try {
    const { event, body } = await nsConn.ask("ask", "question", {
      timeout: ASK_TIMEOUT,
    });
    log.push(`ask -> event="${event}" body="${body}" err=<nil>`);
  } catch (error) {
    log.push(
      error instanceof EventError
        ? `ask -> event="ask" body="" err=${result(error)}`
        : `ask err=${result(error)}`,
    );
  }
}

async function askHeader({ client, log }: ClientStage): Promise<void> {
  const nsConn = await client.connect("default");
  log.push(`header=${(await nsConn.ask("header")).text()}`);
}

const answerHeader = (): Events => ({
  header({ conn: { request: { headers } } }) {
    const name = headers.get("x-name") ?? "";
    const forwarded = headers.get("x-forwarded-for") ?? "";
    return reply(`${name} forwarded=${forwarded}`);
  },
});

async function askAtOnce(nsConn: NSConn): Promise<number> {
  const answers = await Promise.all(
    Array.from({ length: MANY_ASKS }, async (_, i) => {
      const question = `question; ${i}`;
      const answer = await nsConn.ask("ask", question);
      return answer.text() === `re: ${question}`;
    }),
  );
  return answers.filter((isRight) => isRight).length;
}

const answerAsk = (): Events => ({
  ask: (_nsConn, msg) => reply(`re: ${msg.text()}`),
});

function isAllBytes({ body }: Message): boolean {
  return body instanceof Uint8Array && body.length === ALL_BYTES.length &&
    body.every((byte, i) => byte === ALL_BYTES[i]);
}

function isOdd({ namespace, room, body }: Message): boolean {
  return namespace === ODD_NAMESPACE && room === ODD_ROOM && body === TEXT;
}

function counter(side: string, log: string[]): (msg: Message) => void {
  let next = 0;
  return (msg) => {
    if (msg.text() !== String(next)) {
      log.push(`${side} got ${msg.text()} for ${next}`);
    }
    if (++next === MANY_MESSAGES) log.push(`${side} got ${next} in order`);
  };
}

const nativeClient = (log: string[]): Events => ({
  _OnNativeMessage(_nsConn, { event, body, isNative }) {
    log.push(
      `client native event="${event}" body="${body}" isNative=${isNative}`,
    );
  },
});

const nativeEcho = (log: string[]): Events => ({
  _OnNativeMessage({ conn }, { event, body, isNative }) {
    log.push(
      `server native event="${event}" body="${body}" isNative=${isNative}`,
    );
    conn.write({ body: `native: ${body}`, isNative: true });
  },
});

/** The scenarios, by name, in the order of the table. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  ack: {
    run: ({ client, log }) => void log.push(`id=${client.id}`),
    lines: ["id=ID"],
  },
  "ack-rejected": {
    options: {
      onConnect() {
        throw new EventError("go away");
      },
    },
  },
  connect: { run: tryConnect },
  "connect-bad-namespace": {
    other: "unknown",
    async run({ client, log }) {
      log.push(`connect err=${await outcome(client.connect("unknown"))}`);
    },
  },
  "connect-rejected": {
    server: refusing("_OnNamespaceConnect", "not allowed; sorry"),
    run: tryConnect,
  },
  "connect-twice": {
    async run(stage) {
      const { client, log } = stage;
      const nsConn = await client.connect("default");
      if (await client.connect("default") !== nsConn) {
        throw new Error("the second connect gave another connection");
      }
      log.push(`disconnect err=${await outcome(nsConn.disconnect())}`);
      await tryConnect(stage);
    },
  },
  emit: {
    server: () => ({
      chat: (nsConn, msg) => void nsConn.emit("chat", `echo: ${msg.text()}`),
    }),
    client: chat,
    async run({ client, log }) {
      const nsConn = await client.connect("default");
      nsConn.emit("chat", "hello");
      nsConn.emit("chat", "semi;colons;;in;body");
      nsConn.emit("chat", "unicode ✓ \u2028 €");
      nsConn.emit("chat", "");
      await log.has("client chat", 4);
    },
  },
  "emit-reply": {
    server: () => ({ chat: () => reply("replied") }),
    client: chat,
    run: emitHello,
  },
  "emit-error": {
    server: refusing("chat", "bad; chat"),
    client: chat,
    run: emitHello,
  },
  escape: {
    namespace: "semi;colon",
    async run({ client, log }) {
      const connecting = client.connect("semi;colon");
      log.push(`connect err=${await outcome(connecting)}`);
      const joining = (await connecting).joinRoom("room;1");
      log.push(`join err=${await outcome(joining)}`);
      (await joining).emit("ev;ent", "x;y");
    },
  },
  ask: { server: () => ({ ask: () => reply("answer;42") }), run: ask },
  "ask-error": { server: refusing("ask", "no answer"), run: ask },
  "ask-no-reply": {
    server: () => ({ ask() {} }),
    run: ask,
    otherwise: {
      "ask err=context deadline exceeded": 'ask -> event="" body="" err=<nil>',
    },
    clientNote: "by design: our server answers the empty reply, Go's nothing",
    serverNote: "Go's server answers nothing: our ask ends with its time limit",
  },
  "server-asks-client": {
    client: () => ({ ask: () => reply("client answer") }),
    steps: {
      async 1(nsConn, log) {
        const answer = await nsConn.ask("ask", "q");
        log.push(`server ask -> body="${answer.text()}" err=<nil>`);
      },
    },
    async run({ client, serverLog }) {
      (await client.connect("default")).emit("go", "1");
      await serverLog.has("server ask");
    },
  },
  binary: {
    server: () => ({
      chat: (nsConn, msg) => void nsConn.emit("chat", msg.body),
    }),
    client: chat,
    async run({ client, log }) {
      const nsConn = await client.connect("default");
      nsConn.emit("chat", new Uint8Array([0, 1, 2, 0x3b, 0xff, 0xfe]));
      await log.has("client chat");
    },
  },
  room: {
    server: () => ({
      chat: (nsConn, msg) => void nsConn.room(msg.room)!.emit("chat", msg.body),
    }),
    client: chat,
    async run({ client, log }) {
      const nsConn = await client.connect("default");
      const joining = nsConn.joinRoom("room1");
      log.push(`join err=${await outcome(joining)}`);
      const room = await joining;
      room.emit("chat", "to room");
      await log.has("client chat");
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
    server: refusing("_OnRoomLeave", "stay"),
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
    isUnordered: true,
    clientNote: "Go's client leaves them in any order",
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
    server: () => ({
      ...chat(),
      ...refusing("_OnNamespaceDisconnect", "stay")(),
    }),
    async run({ client, log, serverLog }) {
      const nsConn = await client.connect("default");
      log.push(`disconnect err=${await outcome(nsConn.disconnect())}`);
      log.push(`emit after=${nsConn.emit("chat", "still here")}`);
      await serverLog.has("server chat");
    },
  },
  "server-force-connect": {
    options: {
      async onConnect(conn) {
        await conn.connect("default");
      },
    },
    async run({ client, log, serverLog }) {
      const connecting = client.waitServerConnect("default");
      log.push(`wait err=${await outcome(connecting)}`);
      await serverLog.has("server _OnNamespaceConnected");
    },
  },
  "server-room-and-disconnect": {
    steps: {
      async 1(nsConn, log) {
        const room = await nsConn.joinRoom("vip");
        log.push("server join err=<nil>");
        log.push(`server leave err=${await outcome(room.leave())}`);
        log.push(`server disconnect err=${await outcome(nsConn.disconnect())}`);
      },
    },
    async run({ client, serverLog }) {
      (await client.connect("default")).emit("go", "1");
      await serverLog.has("server disconnect");
    },
  },
  "forced-close": {
    async run({ client }) {
      await (await client.connect("default")).joinRoom("room1");
    },
  },
  broadcast: {
    client: chat,
    steps: {
      1({ server }) {
        const to = { namespace: "default", event: "chat" };
        server.broadcast(null, { ...to, body: "to all" });
      },
      2(nsConn) {
        const { server } = nsConn;
        const to = { namespace: "default", event: "chat" };
        const error = new EventError("broadcast error");
        server.broadcast(null, { ...to, room: "room1", body: "to room" });
        server.broadcast(null, { ...to, to: "ID", body: "to ID" });
        server.broadcast(exclude("ID"), { ...to, body: "excluded" });
        server.broadcast(nsConn, { ...to, body: "to others" });
        server.broadcast(null, { ...to, error });
        server.broadcast(null, { ...to, body: "binary", isBinary: true });
      },
    },
    async run({ client, log }) {
      const nsConn = await client.connect("default");
      nsConn.emit("go", "1");
      await log.has("client chat");
      await nsConn.joinRoom("room1");
      nsConn.emit("go", "2");
      await log.has("client chat", 5);
    },
  },
  "native-only": {
    isNative: true,
    server: nativeEcho,
    client: nativeClient,
    async run({ client, log }) {
      log.push("dial err=<nil>");
      client.conn.write({ body: "raw;;;;;;text", isNative: true });
      await log.has("client native");
    },
    lines: [
      "dial err=<nil>",
      'server native event="_OnNativeMessage" body="raw;;;;;;text" isNative=true',
      'client native event="_OnNativeMessage" body="native: raw;;;;;;text" isNative=true',
    ],
  },
  "native-mixed": {
    isNative: true,
    server: (log) => ({
      ...nativeEcho(log),
      chat: (_nsConn, msg) => void log.push(`server chat "${msg.text()}"`),
    }),
    client: (log) => ({ ...nativeClient(log), ...chat() }),
    async run({ client, log }) {
      log.push(`connect err=${await outcome(client.connect(""))}`);
      client.conn.write({ body: "raw text", isNative: true });
      client.namespace("")!.emit("chat", "framed");
      await log.has("client native");
    },
  },
  order: {
    isQuiet: true,
    server(log) {
      const count = counter("server", log);
      return {
        chat(nsConn, msg) {
          count(msg);
          nsConn.emit("chat", msg.body);
        },
      };
    },
    client(log) {
      const count = counter("client", log);
      return { chat: (_nsConn, msg) => count(msg) };
    },
    async run({ client, log }) {
      const nsConn = await client.connect("default");
      for (let i = 0; i < MANY_MESSAGES; i++) nsConn.emit("chat", String(i));
      await log.has("client got 1000");
    },
    lines: ["server got 1000 in order", "client got 1000 in order"],
    clientNote: "1,000 messages each way",
    serverNote: "1,000 messages each way",
  },
  unicode: {
    namespace: ODD_NAMESPACE,
    isQuiet: true,
    server: (log) => ({
      [ODD_EVENT](nsConn, msg) {
        log.push(`server got it: ${isOdd(msg)}`);
        nsConn.room(msg.room)!.emit(ODD_EVENT, msg.body);
      },
      "as;k"(_nsConn, msg) {
        throw new EventError(`refused; ${msg.text()}`);
      },
    }),
    client: (log) => ({
      [ODD_EVENT]: (_nsConn, msg) =>
        void log.push(`client got it: ${isOdd(msg)}`),
    }),
    async run({ client, log }) {
      const nsConn = await client.connect(ODD_NAMESPACE);
      (await nsConn.joinRoom(ODD_ROOM)).emit(ODD_EVENT, TEXT);
      await log.has("client got");
      log.push(`ask err=${await outcome(nsConn.ask("as;k", TEXT))}`);
    },
    lines: [
      "server got it: true",
      "client got it: true",
      `ask err=refused; ${TEXT}`,
    ],
  },
  bytes: {
    isQuiet: true,
    server: (log) => ({
      chat(nsConn, msg) {
        log.push(`server got all bytes: ${isAllBytes(msg)}`);
        nsConn.emit("chat", msg.body);
      },
      ask: (_nsConn, msg) => reply(msg.body),
    }),
    client: (log) => ({
      chat: (_nsConn, msg) =>
        void log.push(`client got all bytes: ${isAllBytes(msg)}`),
    }),
    async run({ client, log }) {
      const nsConn = await client.connect("default");
      nsConn.emit("chat", ALL_BYTES);
      await log.has("client got");
      const answer = await nsConn.ask("ask", ALL_BYTES);
      log.push(`answer has all bytes: ${isAllBytes(answer)}`);
    },
    lines: [
      "server got all bytes: true",
      "client got all bytes: true",
      "answer has all bytes: true",
    ],
    clientNote: "64 KiB, emitted and asked",
    serverNote: "64 KiB, emitted and asked",
  },
  asks: {
    isQuiet: true,
    server: answerAsk,
    async run({ client, log }) {
      const nsConn = await client.connect("default");
      log.push(`right answers: ${await askAtOnce(nsConn)}`);
    },
    lines: ["right answers: 100"],
    clientNote:
      "Go's tokens are the time: it asks one after another, answers wait",
  },
  "server-asks-at-once": {
    isQuiet: true,
    client: answerAsk,
    steps: {
      async 1(nsConn, log) {
        log.push(`server right answers: ${await askAtOnce(nsConn)}`);
      },
    },
    async run({ client, serverLog }) {
      (await client.connect("default")).emit("go", "1");
      await serverLog.has("server right");
    },
    lines: ["server right answers: 100"],
    serverNote:
      "Go's tokens are the time: it asks one after another, answers wait",
  },
  "ask-inside-a-handler": {
    isQuiet: true,
    server: () => ({
      async back(nsConn, msg) {
        return reply((await nsConn.ask("ask", msg.body)).body);
      },
    }),
    client: () => ({
      ask: (_nsConn, msg) => reply(`client says ${msg.text()}`),
    }),
    async run({ client, log }) {
      const nsConn = await client.connect("default");
      const answer = await nsConn.ask("back", "hi");
      log.push(`ask -> body="${answer.text()}" err=<nil>`);
    },
    lines: ['ask -> body="client says hi" err=<nil>'],
    serverNote: "Go takes the next frame, whatever it is, for the answer",
  },
  "ask-in-a-room": {
    isQuiet: true,
    server: () => ({
      ask: (_nsConn, msg) => reply(`in ${msg.room}: ${msg.text()}`),
    }),
    async run({ client, log }) {
      const nsConn = await client.connect("default");
      const { room, body } = await (await nsConn.joinRoom("room1"))
        .ask("ask", "hi");
      log.push(`ask -> room="${room}" body="${body}" err=<nil>`);
    },
    lines: ['ask -> room="room1" body="in room1: hi" err=<nil>'],
  },
  "entry-body": {
    isQuiet: true,
    server: (log) => {
      const hook = (name: string) => (_: NSConn, msg: Message) => {
        // A Go client cannot connect with a body at first.
        if (msg.body !== "") log.push(`server ${name} ${msg.text()}`);
        if (msg.text() === "no") throw new EventError("not with no");
      };
      return {
        onNamespaceConnect: hook("connect"),
        onNamespaceConnected: hook("connected"),
        onRoomJoin: hook("join"),
      };
    },
    async run({ client, log, serverLog }) {
      const nsConn = await client.connect("default");
      await nsConn.joinRoom("room1", { body: { pass: 1 } });
      const join = nsConn.joinRoom("room2", { body: "no" });
      log.push(`join err=${await outcome(join)}`);
      await nsConn.disconnect();
      await client.connect("default", { body: async () => await "a; b" });
      await serverLog.has("server connected");
    },
    lines: [
      'server join {"pass":1}',
      "server join no",
      "join err=not with no",
      "server connect a; b",
      "server connected a; b",
    ],
    clientNote: "Go's client sends it by conn.Ask(message)",
  },
  msgpack: {
    isQuiet: true,
    options: { bodyCodec: msgpackCodec },
    codec: msgpackCodec,
    server: (log) => ({
      chat(nsConn, msg) {
        log.push(`server got ${show(msg)}`);
        nsConn.emit("chat", msg.json<Note>());
      },
      ask: (_nsConn, msg) => msg.json(),
    }),
    client: (log) => ({
      chat: (_nsConn, msg) => void log.push(`client got ${show(msg)}`),
    }),
    async run({ client, log }) {
      const nsConn = await client.connect("default");
      nsConn.emit("chat", NOTE);
      await log.has("client got");
      log.push(`answer ${show(await nsConn.ask("ask", NOTE))}`);
    },
    lines: [
      "server got Ann ☃ a,b 300 0,255",
      "client got Ann ☃ a,b 300 0,255",
      "answer Ann ☃ a,b 300 0,255",
    ],
    clientNote: "bodies in msgpack on both sides",
    serverNote: "bodies in msgpack on both sides",
  },
  header: {
    isQuiet: true,
    server: answerHeader,
    headers: { "X-Name": "Ann; Bob" },
    run: askHeader,
    lines: ["header=Ann; Bob forwarded="],
  },
  "parameter-header": {
    isQuiet: true,
    server: answerHeader,
    query: {
      "X-Websocket-Header-X-Name": "Ann; Bob",
      "X-Websocket-Header-X-Forwarded-For": "1.2.3.4",
    },
    run: askHeader,
    lines: ["header=Ann; Bob forwarded=1.2.3.4"],
    otherwise: {
      "header=Ann; Bob forwarded=1.2.3.4": "header=Ann; Bob forwarded=",
    },
    clientNote:
      "by design: our server believes no X-Forwarded-For of a parameter",
    serverNote: "Go's server believes X-Forwarded-For of a parameter",
  },
};

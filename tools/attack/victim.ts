/**
 * The server under attack. Prints its port, then serves until SIGTERM:
 * `deno run -A --v8-flags=--expose-gc tools/attack/victim.ts <folder> <transport> <module of the package ws>`.
 *
 * Its time limits are short, so that the attacks need not wait long; all other limits are the defaults.
 */

import process from "node:process";
import {
  Application,
  contextOf,
  type Message,
  NSConn,
  reply,
  Router,
  Server,
  type StandardSchemaV1,
  websocketHandler,
} from "../../mod.ts";
import { mountFaulty } from "./victim_faulty.ts";
import { mountGuarded } from "./victim_guarded.ts";
import { mountRude } from "./victim_rude.ts";
import { ESCAPED, NAMESPACES, TIMES } from "./victim_limits.ts";
import { makeTransport } from "./victim_transport.ts";
import { mountWeb } from "./victim_web.ts";

/** Accepts only lists of lists, and reads all of them. */
const Lists: StandardSchemaV1<unknown[]> = {
  "~standard": {
    version: 1,
    vendor: "attack",
    validate: (value) =>
      isLists(value)
        ? { value: value as unknown[] }
        : { issues: [{ message: "should be lists of lists" }] },
  },
};

function isLists(value: unknown): boolean {
  return Array.isArray(value) && value.every(isLists);
}

/** The namespace of the attackers, with a handler for each event they try. */
class OpenController {
  static readonly namespace = "open";
  static readonly inject = [NSConn] as const;
  static readonly events = { onLists: Lists };
  readonly #nsConn: NSConn;
  readonly #seen: string[] = [];

  constructor(nsConn: NSConn) {
    this.#nsConn = nsConn;
  }

  onRoomJoin({ room }: Message) {
    this.#seen.push(`join ${room}`);
    if (room === "closed") throw new Error("nobody may join");
  }
  onRoomJoined({ room }: Message) {
    this.#seen.push(`joined ${room}`);
  }
  onRoomLeft({ room }: Message) {
    this.#seen.push(`left ${room}`);
  }
  onNamespaceConnected() {
    this.#seen.push("connected");
  }
  /** The life-cycle events so far, and the messages in rooms. */
  onSeen() {
    return this.#seen;
  }
  onEcho(msg: Message) {
    if (msg.room !== "") this.#seen.push(`echo ${msg.room}`);
    return msg.body;
  }
  onHeaders() {
    return Object.fromEntries(contextOf(this.#nsConn).headers);
  }
  /** Broadcasts to the room as often as the message says. */
  onShout(msg: Message) {
    const { times, size } = msg.json<{ times: number; size: number }>();
    const message = {
      namespace: "open",
      room: "loud",
      event: "onNoise",
      body: "x".repeat(size),
    };
    for (let i = 0; i < times; i++) {
      this.#nsConn.server.broadcast(null, message);
    }
  }
  onJSON(msg: Message) {
    return typeof msg.json();
  }
  onLists(_msg: Message<unknown[]>) {
    return "lists";
  }
  /** Asks the peer that asks. */
  async onAskBack() {
    return (await this.#nsConn.ask("onQuestion")).text();
  }
  async onJoinBack() {
    return (await this.#nsConn.joinRoom("back")).name;
  }
  /** Begins whatever a program may forget to wait for. */
  onForget() {
    const { conn, server } = this.#nsConn;
    void this.#nsConn.ask("onQuestion");
    void this.#nsConn.joinRoom("forgotten");
    void this.#nsConn.leaveAll();
    void conn.connect("n0");
    void conn.waitConnect("n1");
    void conn.drained();
    void conn.closed;
    void conn.disconnectAll();
    void server.ask({ namespace: "open", event: "onQuestion" });
  }
  /** Never ends. */
  onStuck() {
    return new Promise(() => {});
  }
}

/** The namespace of the well-behaved client. */
class WitnessController {
  static readonly namespace = "witness";

  onNumber(_nsConn: NSConn, msg: Message) {
    return reply(msg.body);
  }
  onAsk(_nsConn: NSConn, msg: Message) {
    return msg.body;
  }
}

const router = new Router({ onError() {} });
const [folder, transport, wsFile] = process.argv.slice(2) as string[];
const { upgrader, compressing, listen } = await makeTransport(
  transport!,
  wsFile!,
);

const app = new Application(router.party("/ws"));
app.handleWebsocket(OpenController);
app.handleWebsocket(WitnessController);
for (let i = 0; i < NAMESPACES; i++) {
  app.handleWebsocket({ onEcho: (_nsConn: NSConn, msg: Message) => msg.body })
    .setNamespace(`n${i}`);
}
const server = new Server(upgrader, app, {
  ackTimeout: TIMES.ack,
  askTimeout: TIMES.ask,
  closeTimeout: TIMES.close,
  onError() {},
  onUnhandled() {},
});
app.router.get("/", websocketHandler(server));

const compressed = compressing && new Server(compressing, {
  open: { onEcho: (_nsConn: NSConn, msg: Message) => msg.body },
}, { ackTimeout: TIMES.ack, closeTimeout: TIMES.close });
if (compressed !== undefined) {
  router.get("/compressed", websocketHandler(compressed));
}

const native = new Server(upgrader, {
  onNativeMessage: (_nsConn: NSConn, msg: Message) => reply(msg.body),
}, { ackTimeout: TIMES.ack, closeTimeout: TIMES.close });
router.get("/native", websocketHandler(native));

const faulty = mountFaulty(router, upgrader);
const guarded = mountGuarded(router, upgrader);
mountRude(router, upgrader);
mountWeb(router);
if ("Deno" in globalThis) router.handleDir("/files", folder!);
router.get("/hello", (ctx) => ctx.text("hello"));
router.post("/json", async (ctx) => ctx.json(await ctx.readBody()));
router.get("/memory", async (ctx) => {
  const { gc } = globalThis as { gc?: () => void };
  for (let count = 0; count < 3; count++) {
    gc?.();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return ctx.json({
    heap: process.memoryUsage().heapUsed,
    connections: server.totalConnections,
  });
});

let count = 0;
setInterval(() => {
  const body = ++count;
  const news = { namespace: "witness", room: "news", event: "onNews", body };
  server.broadcast(null, news);
}, 5);

process.on("SIGTERM", async () => {
  const timeout = 2 * TIMES.close;
  await Promise.all(
    [server, compressed, native, ...faulty, ...guarded].map((each) =>
      each?.close({ timeout })
    ),
  );
  // A shutdown of the listener would wait for clients that no longer read.
  process.exit();
});

const port = await listen(async (request, info) => {
  try {
    return await router.handler(request, info);
  } catch {
    return new Response("it got past the router", { status: ESCAPED });
  }
});
console.log(port);

/** No promise of the public API has to be awaited, and each still rejects for a caller that awaits it. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  Client,
  Conn,
  ConnectionClosedError,
  Container,
  dial,
  EventError,
  memoryExchange,
  NSConn,
  Room,
  Router,
  Server,
} from "../mod.ts";
import { MemoryServer } from "../neffos/harness/mod.ts";
import { turn } from "../neffos/harness/world.ts";
import { socketPair } from "../neffos/transport/socket.ts";
import type { AskOptions, UpgradeRequest } from "../neffos/mod.ts";

const QUESTION = { namespace: "ns", event: "onAsk" };
const IN_ROOM = { ...QUESTION, room: "room" };

/** The arguments for each member; `false` for one that is a plain value. */
type Calls = Record<PropertyKey, ((options: AskOptions) => unknown[]) | false>;

const NOTHING = () => [];
const OPTIONS = (options: AskOptions) => [options];

/** One call of each member: a new one is missing here, and the test fails. */
const CALLS = {
  Conn: {
    id: false,
    isClient: false,
    isClosed: false,
    reconnectTries: false,
    wasReconnected: false,
    server: false,
    request: false,
    bufferedAmount: false,
    namespaces: false,
    closed: NOTHING,
    drained: NOTHING,
    namespace: () => ["ns"],
    connect: (options) => ["other", options],
    waitConnect: (options) => ["other", options],
    disconnectAll: OPTIONS,
    write: () => [QUESTION],
    ask: (options) => [QUESTION, options],
    close: ({ timeout }) => [timeout === undefined ? 1000 : timeout],
    set: () => ["key", 1],
    get: () => ["key"],
    increment: () => ["key"],
    decrement: () => ["key"],
    toString: NOTHING,
  },
  NSConn: {
    conn: false,
    id: false,
    namespace: false,
    isConnected: false,
    server: false,
    rooms: false,
    volatile: false,
    room: () => ["room"],
    emit: () => ["onEvent"],
    broadcast: () => ["onEvent"],
    broadcastOthers: () => ["onEvent"],
    ask: (options) => ["onAsk", undefined, options],
    joinRoom: (options) => ["other", options],
    leaveAll: OPTIONS,
    disconnect: OPTIONS,
    toString: NOTHING,
  },
  Room: {
    nsConn: false,
    isJoined: false,
    volatile: false,
    emit: () => ["onEvent"],
    broadcast: () => ["onEvent"],
    broadcastOthers: () => ["onEvent"],
    ask: (options) => ["onAsk", undefined, options],
    leave: OPTIONS,
    toString: NOTHING,
  },
  Client: {
    conn: false,
    id: false,
    isClosed: false,
    closed: NOTHING,
    connect: (options) => ["other", options],
    waitServerConnect: (options) => ["other", options],
    namespace: () => ["ns"],
    retryNow: NOTHING,
    close: ({ timeout }) => [timeout === undefined ? 1000 : timeout],
    [Symbol.asyncDispose]: NOTHING,
  },
  Server: {
    totalConnections: false,
    connections: false,
    connectionsByID: () => ["id"],
    connectionsByNamespace: () => ["ns"],
    room: () => ["ns", "room"],
    upgrade: () => [new Request("http://memory.test/")],
    accept: () => [requestOf()],
    broadcast: () => [null, QUESTION],
    ask: (options) => [QUESTION, options],
    askAll: (options) => [IN_ROOM, options],
    useStackExchange: ({ timeout = 1_000 }) => [
      memoryExchange(),
      { heartbeat: { timeout } },
    ],
    presence: () => ["ns"],
    count: () => [{ namespace: "ns" }],
    disconnect: ({ timeout = 4500 }) => ["id", { code: timeout }],
    do: () => [() => {}],
    stats: NOTHING,
    measureHandlers: NOTHING,
    close: OPTIONS,
    [Symbol.asyncDispose]: NOTHING,
  },
} satisfies Record<string, Calls>;

function requestOf(): UpgradeRequest {
  const request = new Request("http://memory.test/");
  const { headers, url } = request;
  return { request, headers, url: new URL(url) };
}

const CLASSES = { Conn, NSConn, Room, Client, Server };

/** A server and a client, in a namespace and a room. */
class Pair implements AsyncDisposable {
  readonly memory: MemoryServer;
  readonly client: Client;

  /** Lets the handlers end that are asked. */
  readonly #finish: () => void;

  private constructor(
    memory: MemoryServer,
    client: Client,
    finish: () => void,
  ) {
    this.memory = memory;
    this.client = client;
    this.#finish = finish;
  }

  static async make(state: { refuses: boolean }): Promise<Pair> {
    const refuse = () => {
      if (state.refuses) throw new EventError("no");
    };
    const over = Promise.withResolvers<void>();
    const events = {
      onAsk: () => refuse() ?? over.promise,
      _OnNamespaceConnect: refuse,
      _OnNamespaceDisconnect: refuse,
      _OnRoomJoin: refuse,
      _OnRoomLeave: refuse,
    };
    const handlers = { ns: events, other: events };
    const memory = new MemoryServer(handlers, { idGenerator: () => "id" });
    const client = await memory.dial(handlers);
    await (await client.connect("ns")).joinRoom("room");
    return new Pair(memory, client, over.resolve);
  }

  /** Finds the object of a class on one side. */
  find(name: keyof typeof CLASSES, side: "server" | "client"): object {
    const { client, memory: { server } } = this;
    const conn = side === "client" ? client.conn : server.connections[0]!;
    const nsConn = conn.namespace("ns")!;
    const room = nsConn.room("room")!;
    return {
      Conn: conn,
      NSConn: nsConn,
      Room: room,
      Client: client,
      Server: server,
    }[name];
  }

  /** From here on, neither side reads, so that nothing is answered. */
  pause(): void {
    for (const socket of this.memory.sockets) socket.pause!();
  }

  lose(): void {
    for (const socket of this.memory.sockets) socket.terminate!();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.lose();
    this.#finish();
    await this.memory.server.close();
  }
}

/** Calls a member, and leaves its promise alone. */
function call(target: object, key: PropertyKey, args: unknown[]): unknown {
  const member = Reflect.get(target, key);
  try {
    const result = typeof member === "function"
      ? Reflect.apply(member, target, args)
      : member;
    const iterator = result?.[Symbol.asyncIterator]?.();
    return iterator ? iterator.next() : result;
  } catch {
    // Thrown at once: there is no promise.
    return undefined;
  }
}

type Scenario = (
  pair: Pair,
  act: (options: AskOptions) => void,
  state: { refuses: boolean },
) => Promise<void> | void;

const SCENARIOS: Record<string, Scenario> = {
  "the peer leaves meanwhile": (pair, act) => {
    pair.pause();
    act({});
    pair.lose();
  },
  "the peer has left": async (pair, act) => {
    pair.lose();
    await turn();
    act({});
  },
  "the peer refuses": (_, act, state) => {
    state.refuses = true;
    act({});
  },
  "this side closes": (pair, act) => {
    pair.pause();
    act({});
    void pair.client.conn.close(4500);
    for (const conn of pair.memory.server.connections) conn.close(4500);
  },
  "the arguments are wrong": (_, act) => act({ timeout: -1 }),
  "the time is up": async (pair, act) => {
    pair.pause();
    act({ timeout: 1 });
    await new Promise((resolve) => setTimeout(resolve, 5));
  },
  "its signal has aborted": (_, act) => {
    act({ signal: AbortSignal.abort() });
  },
};

/** Runs code, and lists the rejections that nobody has handled. */
async function findUnhandled(code: () => Promise<void>): Promise<unknown[]> {
  const found: unknown[] = [];
  const listener = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    found.push(event.reason);
  };
  addEventListener("unhandledrejection", listener);
  try {
    await code();
    for (let i = 0; i < 3; i++) await turn();
  } finally {
    removeEventListener("unhandledrejection", listener);
  }
  return found;
}

const addr = { transport: "tcp", hostname: "127.0.0.1", port: 1 } as const;
const INFO = { remoteAddr: addr, completed: Promise.resolve() };

const SIDES = ["server", "client"] as const;

for (const [name, Class] of Object.entries(CLASSES)) {
  Deno.test(`No promise of ${name} ends the process when nobody awaits it`, async () => {
    const known: Calls = (CALLS as Record<string, Calls>)[name]!;
    const members = Reflect.ownKeys(Class.prototype)
      .filter((key) => key !== "constructor");
    assertEquals(
      members.filter((key) => !Object.hasOwn(known, key)),
      [],
      `members of ${name} that this test does not call`,
    );
    const wrong: string[] = [];
    for (const key of members) {
      const args = known[key];
      if (!args) continue;
      for (const [title, run] of Object.entries(SCENARIOS)) {
        for (const side of SIDES) {
          const state = { refuses: false };
          await using pair = await Pair.make(state);
          const target = pair.find(name as keyof typeof CLASSES, side);
          const unhandled = await findUnhandled(async () => {
            await run(
              pair,
              (options) => void call(target, key, args(options)),
              state,
            );
          });
          if (unhandled.length === 0) continue;
          wrong.push(`${side}'s ${String(key)}, ${title}: ${unhandled}`);
        }
      }
    }
    assertEquals(wrong, []);
  });
}

Deno.test("No promise of dial(), of a container or of a body ends the process when nobody awaits it", async () => {
  const transport = () => {
    const [socket, other] = socketPair();
    other.listen({ open: () => other.close(1008), message() {}, close() {} });
    return socket;
  };
  class Fails {
    [Symbol.dispose]() {
      throw new Error("no");
    }
  }
  class Target {
    static readonly inject = [Fails] as const;
    constructor(readonly fails: Fails) {}
  }
  const container = new Container().singleton(Fails, [], () => new Fails());
  container.compile(Target).create();
  const router = new Router();
  const ends = Promise.withResolvers<void>();
  router.post("/", (ctx) => {
    void ctx.readBody();
    void ctx.readQuery({
      "~standard": {
        version: 1,
        vendor: "",
        validate: () => ({ issues: [{ message: "no" }] }),
      },
    });
    ends.resolve();
    return ctx.text("hi");
  });
  const calls: Record<string, () => unknown> = {
    "dial, which the server refuses": () => dial("memory", {}, { transport }),
    "dial, which is aborted": () =>
      dial("memory", {}, { transport, signal: AbortSignal.abort() }),
    "dial without handlers": () => dial("memory", undefined as never),
    "a container whose service fails": () => container[Symbol.asyncDispose](),
    "a body that breaks off": () => {
      const body = new ReadableStream({
        start: (controller) => controller.error(new Error("gone")),
      });
      const headers = { "content-type": "application/json" };
      const init = { method: "POST", body, headers };
      const request = new Request("http://localhost/?a=b", init);
      return Promise.resolve(router.handler(request, INFO));
    },
  };
  for (const [name, begin] of Object.entries(calls)) {
    const unhandled = await findUnhandled(async () => {
      const result = begin();
      assert(result instanceof Promise, name);
      for (let i = 0; i < 5; i++) await turn();
    });
    assertEquals(unhandled, [], name);
  }
  await ends.promise;
});

Deno.test("Promises that nobody handles still reject for those who await them", async () => {
  const begin = async (act: (pair: Pair) => Promise<unknown>) => {
    await using pair = await Pair.make({ refuses: false });
    pair.pause();
    const promise = act(pair);
    pair.lose();
    await promise;
  };
  const server = (pair: Pair) => pair.memory.server;
  const nsConn = (pair: Pair) => server(pair).connectionsByNamespace("ns")[0]!;
  const acts: ((pair: Pair) => Promise<unknown>)[] = [
    (pair) => pair.client.connect("other"),
    (pair) => pair.client.waitServerConnect("other"),
    (pair) => pair.client.conn.ask(QUESTION),
    (pair) => nsConn(pair).ask("onAsk"),
    (pair) => nsConn(pair).joinRoom("other"),
    (pair) => nsConn(pair).room("room")!.ask("onAsk"),
    (pair) => server(pair).ask(QUESTION),
    (pair) => {
      for (let i = 0; i < 500; i++) nsConn(pair).emit("onFill");
      return nsConn(pair).conn.drained();
    },
  ];
  for (const act of acts) {
    await assertRejects(
      () => begin(act),
      ConnectionClosedError,
      "",
      String(act),
    );
  }
});

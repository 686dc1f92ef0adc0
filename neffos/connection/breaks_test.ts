/** Peers and programs that broke the agreement, or the way back, each found by trying. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { setImmediate } from "node:timers";
import { completeReconnect, delayOf } from "../client/reconnect.ts";
import { MemoryServer, RawClient } from "../harness/mod.ts";
import {
  type Client,
  CloseError,
  type ConnHandler,
  dial,
  type DialOptions,
  EventError,
  type NSConn,
  OnNativeMessage,
  type ReconnectOptions,
  type Socket,
  Struct,
} from "../mod.ts";
import { socketPair } from "../transport/socket.ts";

/** Lets timers and promises go on until something holds. */
async function until(holds: () => boolean): Promise<void> {
  for (let turns = 0; !holds(); turns++) {
    assert(turns < 100_000, "it never holds");
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** A client that comes back, and what it was told. */
class Returning implements AsyncDisposable {
  readonly errors: unknown[] = [];
  readonly log: string[] = [];
  client!: Client;
  returns = 0;
  isAway = false;
  #socket!: Socket;
  /** Lets the next tries wait until it is called. */
  #random = 0;

  static async dial(
    connect: () => Socket,
    handler: ConnHandler,
    reconnect: ReconnectOptions = {},
    options: DialOptions = {},
  ): Promise<Returning> {
    const self = new Returning();
    self.client = await dial("ws://memory.test/", handler, {
      transport: () => self.#socket = connect(),
      reconnect: {
        initialDelay: 60_000,
        maxDelay: 60_000,
        random: () => self.#random,
        ...reconnect,
      },
      onError: (error) => self.errors.push(error),
      onClose: (_, willReconnect) => {
        self.isAway = true;
        self.log.push(willReconnect ? "away" : "over");
      },
      onReconnecting: (tries) => {
        self.log.push(`try ${tries}`);
      },
      onReconnect: () => {
        self.isAway = false;
        self.returns++;
      },
      ...options,
    });
    return self;
  }

  /** Loses the socket, and stays away until {@linkcode retry}. */
  async lose(): Promise<void> {
    this.#random = 1;
    this.drop();
    await until(() => this.isAway);
  }

  /** Loses the socket, without waiting for what follows. */
  drop(): void {
    this.#socket.terminate!();
  }

  retry(): void {
    this.#random = 0;
    this.client.retryNow();
  }

  /** Waits until it has come back for the n-th time. */
  async until(returns: number): Promise<void> {
    await until(() => this.returns === returns);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
  }
}

for (const microtasks of [0, 1, 2, 3, 4, 8]) {
  Deno.test(`A client that is lost ${microtasks} microtasks after its acceptance comes back all the same`, async () => {
    let dials = 0;
    const accept = () => {
      const [left, right] = socketPair();
      const count = ++dials;
      right.listen({
        open() {},
        close() {},
        message(data) {
          if (data !== "M") {
            right.send(`${String(data).split(";")[0]};;;;;;`);
            return;
          }
          right.send(`A${count}`);
          if (count !== 2) return;
          let left = microtasks;
          const close = () =>
            left-- > 0 ? queueMicrotask(close) : right.close(1012);
          close();
        },
      });
      return left;
    };
    await using returning = await Returning.dial(accept, { chat: {} });
    const nsConn = await returning.client.connect("chat");
    await returning.lose();
    returning.retry();
    await until(() => dials === 3 && !returning.client.conn.isClosed);
    await until(() => nsConn.isConnected || returning.errors.length > 0);
    assertEquals(returning.errors, []);
  });
}

Deno.test("A client comes back into more rooms than asks may wait", async () => {
  const count = 1100;
  await using memory = new MemoryServer({ chat: {} }, { maxRooms: count });
  await using returning = await Returning.dial(() => memory.connect(), {
    chat: {},
  });
  const nsConn = await returning.client.connect("chat");
  for (let n = 0; n < count; n++) await nsConn.joinRoom(`room ${n}`);
  await returning.lose();
  returning.retry();
  await returning.until(1);
  const [seen] = memory.server.connectionsByNamespace("chat");
  assertEquals([nsConn.rooms.length, seen?.rooms.length], [count, count]);
});

/** A server whose hook lets no client into a room for the n-th time. */
class Doorkeeper implements AsyncDisposable {
  readonly memory: MemoryServer;
  readonly events: string[] = [];
  readonly gate: PromiseWithResolvers<void> = Promise.withResolvers();
  #joins = 0;

  constructor(room: string, n: number) {
    this.memory = new MemoryServer({
      chat: {
        onRoomJoin: async (_, msg) => {
          if (msg.room === room && ++this.#joins === n) await this.gate.promise;
        },
        onNote: (_, msg) => void this.events.push(String(msg.body)),
        onEcho: (_, msg) => msg.body,
      },
    });
  }

  readonly connect = (): Socket => this.memory.connect();

  /** Waits until the hook holds a client back. */
  async until(): Promise<void> {
    await until(() => this.#joins > 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.memory[Symbol.asyncDispose]();
  }
}

Deno.test("An ask that waits behind what was kept is not sent on the next connection", async () => {
  let isThird = false;
  let answer: Promise<string> | undefined;
  await using door = new Doorkeeper("a", 2);
  await using returning = await Returning.dial(door.connect, {
    chat: {
      onNamespaceConnected(nsConn) {
        if (!isThird) return;
        answer = nsConn.ask("onEcho", "new").then((msg) => msg.text());
      },
    },
  }, { maxKept: 1 });
  const nsConn = await returning.client.connect("chat");
  await nsConn.joinRoom("a");
  await returning.lose();
  assert(nsConn.emit("onNote", "kept"));
  returning.retry();
  await until(() => nsConn.isConnected);
  const old = nsConn.ask("onEcho", "old").catch((error) => error.name);
  isThird = true;
  returning.drop();
  assertEquals(await old, "ConnectionClosedError");
  door.gate.resolve();
  await returning.until(1);
  assertEquals([await answer, door.events], ["new", ["kept"]]);
});

for (const maxKept of [0, 1]) {
  Deno.test(`No more than maxKept is kept for a room whose turn has not come: ${maxKept}`, async () => {
    await using door = new Doorkeeper("a", 2);
    await using returning = await Returning.dial(door.connect, { chat: {} }, {
      maxKept,
    });
    const nsConn = await returning.client.connect("chat");
    const room = await nsConn.joinRoom("a");
    await returning.lose();
    returning.retry();
    await until(() => nsConn.isConnected);
    const kept = [1, 2, 3].map((n) => room.emit("onNote", `${n}`));
    door.gate.resolve();
    await returning.until(1);
    await nsConn.ask("onEcho");
    assertEquals(kept.filter((isKept) => isKept).length, maxKept);
    assertEquals(door.events.length, maxKept);
  });
}

Deno.test("An emit to a room that was left during the return is refused", async () => {
  const gate = Promise.withResolvers<void>();
  await using memory = new MemoryServer({ chat: {} });
  let joins = 0;
  await using returning = await Returning.dial(() => memory.connect(), {
    chat: {
      onRoomJoin: (_, msg) =>
        msg.room === "b" && ++joins === 2
          ? gate.promise.then(() => {})
          : undefined,
    },
  }, { maxKept: 1 });
  const nsConn = await returning.client.connect("chat");
  const rooms = await Promise.all(["a", "b"].map((n) => nsConn.joinRoom(n)));
  await returning.lose();
  returning.retry();
  await until(() => joins === 2);
  await rooms[0]!.leave();
  assertEquals(rooms[0]!.emit("onNote"), false);
  gate.resolve();
  await returning.until(1);
});

Deno.test("What is emitted while hooks are told of the loss is kept", async () => {
  const gate = Promise.withResolvers<void>();
  await using door = new Doorkeeper("a", 0);
  let isTold = false;
  await using returning = await Returning.dial(door.connect, {
    chat: {
      onRoomLeave: () => {
        isTold = true;
        return gate.promise;
      },
    },
  }, { maxKept: 2 });
  const nsConn = await returning.client.connect("chat");
  const room = await nsConn.joinRoom("a");
  const lost = returning.lose();
  await until(() => isTold);
  const isKept = [nsConn, room].map((each) => each.emit("onNote", "kept"));
  assertEquals(isKept, [true, true]);
  gate.resolve();
  await lost;
  returning.retry();
  await returning.until(1);
  await nsConn.ask("onEcho");
  assertEquals(door.events, ["kept", "kept"]);
});

Deno.test("write() and volatile do not overtake what was kept", async () => {
  await using door = new Doorkeeper("a", 2);
  await using returning = await Returning.dial(door.connect, { chat: {} }, {
    maxKept: 1,
  });
  const { client } = returning;
  const nsConn = await client.connect("chat");
  await nsConn.joinRoom("a");
  await returning.lose();
  nsConn.emit("onNote", "1");
  returning.retry();
  await until(() => nsConn.isConnected);
  client.conn.write({ namespace: "chat", event: "onNote", body: "2" });
  nsConn.volatile.emit("onNote", "3");
  door.gate.resolve();
  await returning.until(1);
  await nsConn.ask("onEcho");
  assertEquals(door.events, ["1", "2", "3"]);
});

Deno.test("The handles of a former stay keep nothing", async () => {
  await using door = new Doorkeeper("a", 0);
  await using returning = await Returning.dial(door.connect, { chat: {} }, {
    maxKept: 2,
  });
  const former = await returning.client.connect("chat");
  const formerRoom = await former.joinRoom("a");
  await former.disconnect();
  const nsConn = await returning.client.connect("chat");
  await nsConn.joinRoom("a");
  await returning.lose();
  const emits = [former, formerRoom].map((each) => each.emit("onNote"));
  assertEquals(emits, [false, false]);
  assert(nsConn.emit("onNote"));
});

Deno.test("What was kept goes out where there are native messages alone", async () => {
  const got: string[] = [];
  await using memory = new MemoryServer({
    [OnNativeMessage]: (_, msg) => void got.push(String(msg.body)),
  });
  await using returning = await Returning.dial(() => memory.connect(), {
    [OnNativeMessage]() {},
  }, { maxKept: 1 });
  const nsConn = returning.client.namespace("")!;
  await returning.lose();
  assert(nsConn.emit(OnNativeMessage, "kept"));
  returning.retry();
  await returning.until(1);
  nsConn.emit(OnNativeMessage, "later");
  await until(() => got.includes("later"));
  assertEquals(got, ["kept", "later"]);
});

/** Two rooms of a client, and a server that answers leaves when it is told. */
class TwoRooms implements AsyncDisposable {
  readonly asked: string[] = [];
  readonly memory: MemoryServer;
  nsConn!: NSConn;
  #answer: (refusal?: string) => void = () => {};

  constructor() {
    this.memory = new MemoryServer({
      chat: {
        onRoomLeave: (_, msg) => {
          if (msg.isForced) return;
          this.asked.push(msg.room);
          const { promise, resolve, reject } = Promise.withResolvers<void>();
          this.#answer = (refusal) =>
            refusal === undefined ? resolve() : reject(new EventError(refusal));
          return promise;
        },
      },
    });
  }

  static async open(): Promise<TwoRooms> {
    const self = new TwoRooms();
    self.nsConn = await (await self.memory.dial({ chat: {} })).connect("chat");
    for (const room of ["a", "b"]) await self.nsConn.joinRoom(room);
    return self;
  }

  /** Answers the n-th leave. */
  async answer(n: number, refusal?: string): Promise<void> {
    await until(() => this.asked.length === n);
    this.#answer(refusal);
  }

  get rooms(): string[] {
    return this.nsConn.rooms.map(({ name }) => name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.memory[Symbol.asyncDispose]();
  }
}

const textOf = (error: Error): string => error.message;

Deno.test("leaveAll() leaves everything when another one gives up", async () => {
  await using two = await TwoRooms.open();
  const giving = new AbortController();
  const { signal } = giving;
  const first = two.nsConn.leaveAll({ signal }).catch((error) => error.name);
  const second = two.nsConn.leaveAll();
  await until(() => two.asked.length === 1);
  giving.abort();
  assertEquals(await first, "AbortError");
  await two.answer(1);
  await two.answer(2);
  await second;
  assertEquals([two.asked, two.rooms], [["a", "b"], []]);
});

Deno.test("leaveAll() is refused by what another one is refused by", async () => {
  await using two = await TwoRooms.open();
  const first = two.nsConn.leaveAll().catch(textOf);
  const join = two.nsConn.joinRoom("a");
  await two.answer(1);
  await until(() => two.asked.length === 2);
  const second = two.nsConn.leaveAll().catch(textOf);
  await two.answer(2, "stay");
  assertEquals(await first, "stay");
  await join;
  await two.answer(3);
  assertEquals([await second, two.rooms], ["stay", ["b"]]);
});

Deno.test("leaveAll() waits for its leaves when a call between them gives up", async () => {
  await using two = await TwoRooms.open();
  const first = two.nsConn.leaveAll().catch(textOf);
  const giving = new AbortController();
  const { signal } = giving;
  const join = two.nsConn.joinRoom("b", { signal }).catch(textOf);
  const second = two.nsConn.leaveAll().catch(textOf);
  giving.abort();
  await two.answer(1);
  await two.answer(2, "stay");
  assertEquals(await join, "The signal has been aborted");
  assertEquals([await first, await second], ["stay", "stay"]);
  assertEquals(two.rooms, ["b"]);
});

for (const hook of ["onNamespaceConnect", "onRoomJoin"]) {
  Deno.test(`A client that is turned away without a text comes back: ${hook}`, async () => {
    let count = 0;
    await using memory = new MemoryServer({
      chat: {
        [hook]() {
          if (++count === 2) throw new CloseError(4001);
        },
      },
    });
    await using returning = await Returning.dial(() => memory.connect(), {
      chat: {},
    });
    const nsConn = await returning.client.connect("chat");
    const room = await nsConn.joinRoom("a");
    await returning.lose();
    returning.retry();
    await until(() => count === 3);
    await until(() => room.isJoined);
  });
}

for (const how of ["wrong", "aborted", "given up"]) {
  Deno.test(`A disconnect that is ${how} during the return costs no rooms`, async () => {
    const gate = Promise.withResolvers<void>();
    let count = 0;
    await using memory = new MemoryServer({
      chat: {
        onNamespaceConnect: () => ++count === 2 ? gate.promise : undefined,
      },
    });
    await using returning = await Returning.dial(() => memory.connect(), {
      chat: {},
    });
    const nsConn = await returning.client.connect("chat");
    const room = await nsConn.joinRoom("a");
    await returning.lose();
    returning.retry();
    await until(() => count === 2);
    const giving = new AbortController();
    const { signal } = giving;
    if (how === "aborted") giving.abort();
    const options = how === "wrong" ? { timeout: -1 } : { signal };
    const disconnect = assertRejects(() => nsConn.disconnect(options));
    giving.abort();
    await disconnect;
    gate.resolve();
    await returning.until(1);
    assertEquals([nsConn.isConnected, room.isJoined], [true, true]);
  });
}

Deno.test("A client that is closed during a try begins no other one", async () => {
  let count = 0;
  await using memory = new MemoryServer({ chat: {} }, {
    onConnect: () =>
      ++count === 2 ? new Promise<void>(() => {}) : Promise.resolve(),
    closeTimeout: 5,
  });
  const returning = await Returning.dial(() => memory.connect(), { chat: {} });
  await returning.lose();
  returning.retry();
  await until(() => count === 2);
  await returning.client.close();
  assertEquals(returning.log, ["away", "try 1", "over"]);
});

Deno.test("A room may be joined right behind a connect that crosses the server's", async () => {
  const notes: string[] = [];
  await using memory = new MemoryServer({
    chat: { onNote: (_, msg) => void notes.push(msg.room) },
  });
  const raw = await RawClient.open(memory, "M");
  await raw.until(1);
  memory.server.connections[0]!.connect("chat");
  const token = String((await raw.until(2))[1]).split(";")[0]!;
  raw.send(
    "$1;chat;;_OnNamespaceConnect;0;0;",
    "$2;chat;a;_OnRoomJoin;0;0;",
    ";chat;a;onNote;0;0;",
    `${token};;;;;;`,
  );
  assertEquals((await raw.until(4)).slice(2), ["$1;;;;;;", "$2;;;;;;"]);
  await until(() => notes.length === 1);
  raw.socket.close();
  await raw.closed.promise;
});

Deno.test("Server.ask() that nobody waits for does not end the program", async () => {
  const unhandled: unknown[] = [];
  const onUnhandled = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    unhandled.push(event.reason);
  };
  globalThis.addEventListener("unhandledrejection", onUnhandled);
  await using memory = new MemoryServer({ chat: {} });
  memory.server.ask({ namespace: "chat", event: "onHi" });
  await new Promise<void>((resolve) => setImmediate(resolve));
  globalThis.removeEventListener("unhandledrejection", onUnhandled);
  assertEquals(unhandled, []);
});

for (const side of ["client", "server"] as const) {
  Deno.test(`A controller is disposed when the hook that lets it in has ended: ${side}`, async () => {
    const log: string[] = [];
    const gate = Promise.withResolvers<void>();
    class Chat {
      static readonly namespace = "chat";

      async onNamespaceConnect(): Promise<void> {
        log.push("begin");
        await gate.promise;
        log.push("end");
      }

      [Symbol.dispose](): void {
        log.push("disposed");
      }
    }
    const controller = new Struct(Chat);
    await using memory = new MemoryServer(
      side === "server" ? controller : { chat: {} },
      { closeTimeout: 5 },
    );
    const client = await memory.dial(
      side === "client" ? controller : { chat: {} },
    );
    const connect = assertRejects(() => client.connect("chat"));
    await until(() => log.length > 0);
    const [conn] = memory.server.connections;
    conn!.close();
    await connect;
    await Promise.all([conn!.closed, client.closed]);
    assertEquals(log, ["begin"]);
    gate.resolve();
    await until(() => log.length === 3);
    assertEquals(log, ["begin", "end", "disposed"]);
  });
}

Deno.test("The delay before a try is a number that timers can count", () => {
  const limits = { initialDelay: 0, maxDelay: Infinity };
  const options = completeReconnect({ ...limits, random: () => 1 })!;
  assertEquals(delayOf(options, 2000), 0);
  const growing = delayOf({ ...options, initialDelay: 500 }, 2000);
  assertEquals(growing, 2 ** 31 - 1);
});

for (const side of ["client", "server"] as const) {
  for (const how of ["leave()", "leaveAll()"]) {
    Deno.test(`${how} while the namespace is being left asks for nothing, and resolves: ${side}`, async () => {
      const gates = {
        a: Promise.withResolvers<void>(),
        b: Promise.withResolvers<void>(),
      };
      const told: string[] = [];
      const handler: ConnHandler = {
        chat: {
          onRoomLeave: async (_, msg) => {
            told.push(msg.room);
            await gates[msg.room as "a" | "b"].promise;
          },
        },
      };
      const plain = { chat: {} };
      await using memory = new MemoryServer(
        side === "server" ? handler : plain,
      );
      const client = await memory.dial(side === "client" ? handler : plain);
      const nsConn = await client.connect("chat");
      for (const room of ["a", "b"]) await nsConn.joinRoom(room);
      const own = side === "client"
        ? nsConn
        : memory.server.connectionsByNamespace("chat")[0]!;
      const disconnect = nsConn.disconnect();
      await until(() => told.length === 1);
      const sent = memory.frames.length;
      const leave = how === "leave()" ? own.room("b")!.leave() : own.leaveAll();
      await new Promise<void>((resolve) => setImmediate(resolve));
      assertEquals(memory.frames.slice(sent), []);
      gates.a.resolve();
      await until(() => told.length === 2);
      gates.b.resolve();
      await Promise.all([leave, disconnect]);
      assertEquals(told, ["a", "b"]);
    });
  }
}

Deno.test("Two stays may be sent in one burst", async () => {
  const notes: string[] = [];
  await using memory = new MemoryServer({
    chat: {
      onRoomJoined: async () => {
        await Promise.resolve();
      },
      onNote: (_, msg) => void notes.push(`${msg.room} ${msg.body}`),
    },
  });
  const burst = (n: number) => [
    `$${n}1;chat;;_OnNamespaceConnect;0;0;`,
    `$${n}2;chat;a;_OnRoomJoin;0;0;`,
    `;chat;a;onNote;0;0;${n}`,
    `$${n}3;chat;a;_OnRoomLeave;0;0;`,
    `$${n}4;chat;;_OnNamespaceDisconnect;0;0;`,
  ];
  const raw = await RawClient.open(memory, "M", burst(1)[0]!);
  await raw.until(2);
  raw.send(...burst(1).slice(1), ...burst(2));
  const answers = (await raw.until(9)).slice(1);
  const tokens = [1, 2].flatMap((n) => [1, 2, 3, 4].map((m) => `$${n}${m}`));
  assertEquals(answers, tokens.map((token) => `${token};;;;;;`));
  assertEquals(notes, ["a 1", "a 2"]);
  raw.socket.close();
  await raw.closed.promise;
});

Deno.test("waitConnect() waits for the next stay while the present one ends", async () => {
  const gate = Promise.withResolvers<void>();
  let isTold = false;
  await using memory = new MemoryServer({
    chat: {
      onRoomLeave: () => {
        isTold = true;
        return gate.promise;
      },
    },
  });
  const client = await memory.dial({ chat: {} });
  const nsConn = await client.connect("chat");
  await nsConn.joinRoom("a");
  const disconnect = nsConn.disconnect();
  await until(() => isTold);
  const [conn] = memory.server.connections;
  const wait = conn!.waitConnect("chat");
  gate.resolve();
  await disconnect;
  await client.connect("chat");
  assert((await wait).isConnected);
});

Deno.test("A hook may close what another one has just accepted", async () => {
  await using memory = new MemoryServer({
    chat: {},
    other: { onNamespaceConnect: (nsConn) => nsConn.conn.close(4000) },
  }, {
    onConnect: async (conn) => {
      await conn.connect("chat");
    },
  });
  const raw = await RawClient.open(
    memory,
    "M",
    "$1;other;;_OnNamespaceConnect;0;0;",
  );
  assertEquals((await raw.closed.promise).code, 4000);
  assertEquals(memory.errors, []);
});

import { setImmediate } from "node:timers";
import type { Conn } from "../../neffos/api/conn.ts";
import type { RoomMembership } from "../../neffos/connection/stay.ts";
import { hostOf, sessionOf } from "../../neffos/harness/mod.ts";
import type { ServerHost } from "../../neffos/server/host.ts";
import { Server } from "../../neffos/server/server.ts";
import { socketPair } from "../../neffos/transport/socket.ts";
import { TrafficCounters } from "../../neffos/server/counters.ts";
import type { Socket } from "../../neffos/transport/socket.ts";
import { FuzzFailure, Log } from "./failure.ts";
import { NAMESPACES } from "./frames.ts";
import { Peer, type Terms } from "./peer.ts";
import { Prng } from "./prng.ts";
import { type Manners, Program } from "./program.ts";
import { VirtualTimers } from "./virtual_timers.ts";

const ACK_TIMEOUT = 1_000;

const ASK_TIMEOUT = 500;

const CLOSE_TIMEOUT = 200;

/** Longer than the wait of any call that only its time limit can end. */
const PATIENCE = 350;

/** Enough time for everything that has a limit to reach it. */
const LONG = 10_000;

const MAX_PEERS = 6;

/** Settling takes few turns; more of them mean that it never settles. */
const MAX_TURNS = 200;

const HANDSHAKE = {
  connection: "upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "MDEyMzQ1Njc4OWFiY2RlZg==",
};

/** The result of a round. */
export interface RoundResult {
  readonly frames: number;
  readonly received: number;
  readonly steps: number;
  readonly digest: number;
}

/** Runs one round: a server, its program and clients, until all is over. */
export async function runRound(
  seed: number,
  frames: number,
): Promise<RoundResult> {
  const round = new Round(seed);
  const onError = (event: Event) => {
    event.preventDefault();
    const { error, reason } = event as Event & {
      error?: unknown;
      reason?: unknown;
    };
    round.log.fail(`${event.type}: ${Deno.inspect(error ?? reason)}`);
  };
  const restoreTokens = drawTokens(new Prng(~seed));
  globalThis.addEventListener("error", onError);
  globalThis.addEventListener("unhandledrejection", onError);
  try {
    return await round.run(frames);
  } catch (error) {
    const { lines } = round.log;
    throw new FuzzFailure(
      `${error instanceof Error ? error.message : error}
    seed ${seed}, step ${round.steps}, after ${round.frames} frames; again with
    deno task fuzz --seed=${seed} --frames=${frames}
${lines.join("\n")}`,
      { cause: error },
    );
  } finally {
    restoreTokens();
    globalThis.removeEventListener("error", onError);
    globalThis.removeEventListener("unhandledrejection", onError);
  }
}

/** Makes the server take its wait tokens from the seed; returns a function that undoes that. */
function drawTokens(rng: Prng): () => void {
  Object.defineProperty(crypto, "getRandomValues", {
    configurable: true,
    value: (array: Uint32Array) => array.map(() => rng.next()),
  });
  // The platform's own method is inherited.
  return () => Reflect.deleteProperty(crypto, "getRandomValues");
}

class Round {
  readonly log = new Log();
  steps = 0;
  readonly #rng: Prng;
  readonly #program: Program;
  readonly #server: Server;
  readonly #terms: Terms;
  readonly #waiting: Socket[] = [];
  readonly #peers: Peer[] = [];
  #timers!: VirtualTimers;
  #host!: ServerHost;
  #count = 0;
  #closedFrames = 0;
  #received = 0;
  /** The traffic of the server's sockets, counted there. */
  readonly #traffic = new TrafficCounters();
  #faults = 0;

  constructor(seed: number) {
    const rng = this.#rng = new Prng(seed);
    const manners: Manners = {
      trouble: rng.pick([0, 20, 100, 250]),
      stuck: rng.pick([0, 0, 20]),
      isNative: rng.chance(400),
    };
    this.#terms = {
      maxPayload: rng.pick([3_000, 65_536]),
      maxQueued: rng.pick([8, 64, 4096]),
      isNative: manners.isNative,
    };
    this.#program = new Program(rng, this.log, manners);
    this.#server = new Server(
      () => ({ socket: this.#waiting.shift()!, response: new Response() }),
      this.#program.handlers(),
      {
        ...this.#terms,
        maxRooms: rng.pick([2, 128]),
        maxNamespaces: rng.pick([2, 32]),
        maxPendingAsks: rng.pick([2, 1024]),
        ackTimeout: ACK_TIMEOUT,
        askTimeout: ASK_TIMEOUT,
        closeTimeout: CLOSE_TIMEOUT,
        idGenerator: () => `id${this.#count % 4}`,
        onError: (error) => {
          this.#faults++;
          this.#program.onError(error);
        },
        onUnhandled() {},
      },
    );
    if (seed % 2 === 0) this.#server.measureHandlers();
    this.#program.onBroadcast = (...args) => this.#noteBroadcast(...args);
  }

  get frames(): number {
    return this.#peers.reduce(
      (sum, { sent }) => sum + sent,
      this.#closedFrames,
    );
  }

  async run(frames: number): Promise<RoundResult> {
    await this.#takeClock();
    this.#server.onConnect = this.#program.onConnect;
    this.#server.onDisconnect = this.#program.onDisconnect;
    await this.#open();
    while (this.frames < frames) {
      this.steps++;
      await this.#step();
      this.#throwIfFailed();
    }
    await this.#checkpoint();
    await this.#end();
    return {
      frames: this.frames,
      received: this.#received,
      steps: this.steps,
      digest: this.log.digest,
    };
  }

  /** Replaces the server's timers by virtual ones. */
  async #takeClock(): Promise<void> {
    // Only a connection leads to the host.
    const found = Promise.withResolvers<Conn>();
    this.#server.onConnect = found.resolve;
    const socket = await this.#connect();
    socket.listen({
      open: () => socket.send("M"),
      message() {},
      close() {},
    });
    const conn = await found.promise;
    this.#host = hostOf(conn);
    conn.close();
    await conn.closed;
    this.#host.timers.stop();
    this.#timers = new VirtualTimers();
    Object.defineProperty(this.#host, "timers", { value: this.#timers });
  }

  async #connect(): Promise<Socket> {
    const [left, right] = socketPair();
    this.#waiting.push(this.#tap(right));
    const request = new Request("http://memory.test/", { headers: HANDSHAKE });
    await this.#server.upgrade(request);
    return left;
  }

  /** Checks that no listener of a socket throws. */
  #tap(socket: Socket): Socket {
    const guard = (code: () => void) => {
      try {
        code();
      } catch (error) {
        this.log.fail(`an exception escaped: ${Deno.inspect(error)}`);
      }
    };
    return {
      listen: (listener) =>
        socket.listen({
          open: () => guard(() => listener.open()),
          message: (data) => {
            this.#traffic.messagesIn++;
            this.#traffic.bytesIn += data.length;
            guard(() => listener.message(data));
          },
          close: (info) => guard(() => listener.close(info)),
        }),
      send: (data) => {
        const isSent = socket.send(data);
        if (isSent) {
          this.#traffic.messagesOut++;
          this.#traffic.bytesOut += data.length;
        }
        return isSent;
      },
      close: (code, reason) => socket.close(code, reason),
      terminate: () => socket.terminate?.(),
      get bufferedAmount() {
        return socket.bufferedAmount;
      },
    };
  }

  async #open(): Promise<void> {
    const id = ++this.#count;
    const socket = await this.#connect();
    const conn = [...this.#host.sessions.keys()].at(-1)!;
    conn.set("number", id);
    const peer = new Peer({
      id,
      conn,
      socket,
      rng: this.#rng,
      log: this.log,
      terms: this.#terms,
    });
    this.#peers.push(peer);
    this.log.add(`${id} opens`, id);
    await undefined;
    await undefined;
    if (this.#rng.chance(900)) peer.greet();
  }

  async #step(): Promise<void> {
    const rng = this.#rng;
    const kind = rng.below(1000);
    const peer = this.#peers.length > 0 ? rng.pick(this.#peers) : undefined;
    if (peer === undefined || kind < 10) {
      if (this.#peers.length < MAX_PEERS) await this.#open();
    } else if (kind < 400) {
      for (let count = 1 + rng.below(4); count > 0; count--) peer.sendRandom();
    } else if (kind < 780) peer.sendSensible();
    else if (kind < 860) peer.answerAny();
    else if (kind < 900) {
      if (!peer.conn.isClosed) this.#program.act(peer.conn);
    } else if (kind < 940) this.#program.release();
    else if (kind < 950) {
      await this.#settle();
      await this.#advance(rng.below(300));
    } else if (kind < 960) peer.greet();
    else if (kind < 964) peer.close();
    else if (kind < 972) await this.#checkpoint();
    const pause = rng.below(10);
    if (pause < 3) {
      for (let count = rng.below(6); count >= 0; count--) await undefined;
    } else if (pause === 3) await this.#settle();
    this.#forgetClosed();
  }

  #forgetClosed(): void {
    for (let at = this.#peers.length - 1; at >= 0; at--) {
      const peer = this.#peers[at]!;
      if (peer.status !== "closed") continue;
      this.#closedFrames += peer.sent;
      this.#peers.splice(at, 1);
    }
  }

  /** Lets everything run that can run. */
  async #settle(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    for (const peer of this.#peers) {
      this.#received += peer.talk;
      peer.talk = 0;
    }
    this.#throwIfFailed();
  }

  /** Lets time pass, one deadline after another. */
  async #advance(ms: number): Promise<void> {
    const end = this.#timers.time + ms;
    for (const peer of this.#peers) peer.taintUnanswered();
    while (this.#timers.runNext(end)) {
      await this.#settle();
      for (const peer of this.#peers) peer.taintUnanswered();
    }
  }

  /** Brings everything to rest, and checks all of it. */
  async #checkpoint(): Promise<void> {
    const { gates, calls } = this.#program;
    let turns = 0;
    do {
      if (++turns > MAX_TURNS) throw new Error("it never comes to rest");
      while (gates.length > 0) this.#program.release();
      for (const peer of this.#peers) peer.answerAll();
      await this.#settle();
      // Some calls wait in vain until their time limit.
      if (turns % 10 === 0 && calls.size > 0) {
        await this.#advance(PATIENCE);
      }
    } while (
      gates.length > 0 || calls.size > 0 && turns < 30 ||
      this.#peers.some(({ asked }) => asked.length > 0)
    );
    this.#forgetClosed();
    this.#checkIndex();
    this.#checkStats();
    const isStuck = this.#program.stuck.length > 0;
    if (!isStuck && calls.size > 0) {
      this.log.fail(`never came to an end: ${[...calls.values()].join(", ")}`);
    }
    for (const peer of this.#peers) {
      peer.checkSettled(
        this.#program.stuck.some(({ conn }) => conn === peer.conn),
      );
      if (peer.status === "open" && peer.casts.size > 0) {
        this.log.fail(
          `client ${peer.id} did not get broadcast ${[...peer.casts]}`,
        );
      }
    }
    this.#throwIfFailed();
  }

  /** Lists the receivers of a broadcast, by the connections' own records and not by the directory. */
  #noteBroadcast(id: string, namespace: string, room: string): void {
    for (const peer of this.#peers) {
      const { conn } = peer;
      if (conn.isClosed || peer.status === "closed") continue;
      const { host, namespaces } = sessionOf(conn);
      const stay = namespaces.find(namespace);
      if (!stay?.isOngoing) continue;
      if (room !== "" && !isStaying(stay.find(room))) continue;
      // Who leaves gets nothing that the hook about it broadcasts.
      const leaver = host.tracer!.getStore()?.leaver;
      const isLeaving = leaver?.conn === conn &&
        leaver.namespace === namespace &&
        (leaver.room === "" || leaver.room === room);
      if (!isLeaving) peer.casts.add(id);
    }
  }

  /** Checks that the server's directory and the connections' own records agree. */
  #checkIndex(): void {
    const server = this.#server;
    let places = 0;
    for (const conn of server.connections) {
      if (conn.isClosed) this.log.fail("a closed connection is still listed");
      for (const nsConn of conn.namespaces) {
        const { namespace } = nsConn;
        if (!server.connectionsByNamespace(namespace).includes(nsConn)) {
          this.log.fail(`the index lacks a member of "${namespace}"`);
        }
        places++;
        for (const { name } of nsConn.rooms) {
          if (!server.room(namespace, name).includes(nsConn)) {
            this.log.fail(`the index lacks a member of room "${name}"`);
          }
          if (!this.#program.roomNames.has(name) && namespace !== "bare") {
            this.log.fail(`room "${name}" was joined without a hook`);
          }
          this.#program.roomNames.add(name);
          places++;
        }
      }
    }
    if (this.#countPlaces() !== places) {
      this.log.fail("the index has members that are not there");
    }
  }

  /** Checks that the server's counters are correct. */
  #checkStats(): void {
    const stats = this.#server.stats();
    const { connections, accepted, sockets, errors, queued } = stats;
    const ended = Object.values(stats.closed).reduce((a, b) => a + b, 0);
    const isOver = sockets === 0;
    const seen = {
      ...this.#traffic,
      errors: this.#faults,
      connections: this.#server.totalConnections,
      accepted: sockets + ended,
    };
    const counted: typeof seen = {
      messagesIn: stats.messagesIn,
      bytesIn: stats.bytesIn,
      messagesOut: stats.messagesOut,
      bytesOut: stats.bytesOut,
      errors,
      connections,
      accepted,
    };
    for (const key of Object.keys(seen) as (keyof typeof seen)[]) {
      if (seen[key] === counted[key]) continue;
      this.log.fail(`stats() has ${counted[key]} ${key}, not ${seen[key]}`);
    }
    const left = stats.namespaces + stats.rooms + queued + stats.pending;
    if (isOver && left > 0) this.log.fail("stats() counts what is gone");
  }

  #countPlaces(): number {
    let count = 0;
    for (const namespace of NAMESPACES) {
      count += this.#server.connectionsByNamespace(namespace).length;
      for (const room of this.#program.roomNames) {
        if (room !== "") count += this.#server.room(namespace, room).length;
      }
    }
    return count;
  }

  /** Ends everything in some way, and checks what is left. */
  async #end(): Promise<void> {
    let isClosed = false;
    const closing = this.#rng.chance(500);
    if (closing) {
      void this.#server.close().then(() => isClosed = true);
    } else for (const peer of this.#peers) peer.close();
    await this.#wind();
    this.#checkEmpty();
    if (!closing) void this.#server.close().then(() => isClosed = true);
    await this.#settle();
    if (!isClosed) this.log.fail("server.close() does not end");
    // Stuck handlers go on after the end, and must do no harm.
    for (const gate of this.#program.stuck.splice(0)) {
      gate.settle(this.#rng.chance(300));
    }
    await this.#wind();
    this.#checkEmpty();
    const { calls } = this.#program;
    if (calls.size > 0) {
      this.log.fail(`never came to an end: ${[...calls.values()].join(", ")}`);
    }
    this.#throwIfFailed();
  }

  async #wind(): Promise<void> {
    const { gates } = this.#program;
    for (let turn = 0; turn < 20; turn++) {
      while (gates.length > 0) this.#program.release();
      await this.#settle();
      await this.#advance(turn === 0 ? CLOSE_TIMEOUT : LONG);
    }
  }

  #checkEmpty(): void {
    const { log } = this;
    const total = this.#server.totalConnections;
    if (total > 0) log.fail(`${total} connections are left`);
    if (this.#host.sessions.size > 0) {
      log.fail(`${this.#host.sessions.size} connections have not ended`);
    }
    if (this.#countPlaces() > 0) log.fail("the index is not empty");
    this.#checkStats();
    if (this.#timers.size > 0) log.fail(`${this.#timers.size} timers are left`);
    for (const [conn, { isLetIn, disconnects }] of this.#program.hooked) {
      if (disconnects !== Number(isLetIn)) {
        log.fail(
          `onDisconnect was called ${disconnects} times on ${
            conn.get("number")
          }`,
        );
      }
      const { asks, namespaces } = sessionOf(conn);
      if (asks.size > 0) log.fail(`${asks.size} asks are left`);
      // Messages behind a handler that never ends go when that handler does.
      if (this.#program.stuck.some((gate) => gate.conn === conn)) continue;
      for (const { namespace } of namespaces.stays) {
        log.fail(`namespace "${namespace}" is left on ${conn.get("number")}`);
      }
    }
    for (const [nsConn, told] of this.#program.told) {
      if (told.connected !== told.disconnected) {
        log.fail(
          `OnNamespaceConnected ${told.connected} times, OnNamespaceDisconnect ${told.disconnected} times in "${nsConn.namespace}" on ${
            nsConn.conn.get("number")
          }`,
        );
      }
      for (const [room, count] of told.rooms) {
        if (count !== 0) log.fail(`OnRoomLeft is missing for room "${room}"`);
      }
    }
    this.#throwIfFailed();
  }

  #throwIfFailed(): void {
    if (this.log.failure !== undefined) throw new Error(this.log.failure);
  }
}

/** Whether a connection is in a room and not certain to leave it. */
function isStaying(room: RoomMembership | undefined): boolean {
  return room?.isIn === true && room.phase !== "telling";
}

import { AsyncLocalStorage } from "node:async_hooks";
import { sessionOf } from "../../neffos/harness/mod.ts";
import {
  CloseError,
  type Conn,
  EventError,
  type Events,
  type Message,
  NeffosError,
  type NSConn,
  OnAnyEvent,
  OnNamespaceConnect,
  OnNamespaceConnected,
  OnNamespaceDisconnect,
  OnNativeMessage,
  OnRoomJoin,
  OnRoomJoined,
  OnRoomLeave,
  OnRoomLeft,
  reply,
} from "../../neffos/mod.ts";
import type { Log } from "./failure.ts";
import {
  carriable,
  EVENTS,
  randomBody,
  randomNamespace,
  randomRoom,
} from "./frames.ts";
import type { Prng } from "./prng.ts";

/** The start of the body of every native message. */
export const NATIVE_MARK = "native:";

/** The body of an answer to an error frame, which must never be sent. */
export const ERROR_ANSWERED = "an error was answered";

/** The calls of {@linkcode Program.act}, by number. */
const CALLS: readonly string[] = [
  "emit",
  "room.emit",
  "write",
  "broadcast",
  "broadcast",
  "ask",
  "room.ask",
  "server.ask",
  "connect",
  "connect",
  "joinRoom",
  "joinRoom",
  "waitConnect",
  "leave",
  "leave",
  "leaveAll",
  "disconnect",
  "disconnectAll",
  "close",
  "joinRoom",
];

/** The hook calls of an instance of a namespace. */
interface Told {
  readonly conn: Conn;
  connected: number;
  disconnected: number;
  /** The joins without a leave yet. */
  readonly rooms: Map<string, number>;
}

/** A hook that decides about leaving a namespace. */
interface DisconnectHook {
  readonly nsConn: NSConn;
  /** Whether the hook has called for that itself. */
  hasAgreed: boolean;
}

/** A promise of the program that the driver settles. */
interface Gate {
  readonly conn: Conn;
  readonly settle: (isFailure: boolean) => void;
}

/** The numbers of hook calls of a connection. */
interface Hooked {
  isLetIn: boolean;
  disconnects: number;
}

/** The behaviour of a round's program, in thousandths. */
export interface Manners {
  /** Hooks and handlers that fail, refuse, or act on the connection. */
  readonly trouble: number;
  /** Handlers that never end. */
  readonly stuck: number;
  /** Whether there is a handler of native messages. */
  readonly isNative: boolean;
}

/** The server's program: it does anything a program may do, and counts. */
export class Program {
  readonly thrown = new Set<unknown>();
  readonly gates: Gate[] = [];
  /** The gates that stay closed until everything else is over. */
  readonly stuck: Gate[] = [];
  readonly told = new Map<NSConn, Told>();
  readonly #disconnecting = new AsyncLocalStorage<DisconnectHook>();
  readonly hooked = new Map<Conn, Hooked>();
  /** The names of all rooms that were ever joined. */
  readonly roomNames = new Set<string>();
  /** The calls of the API that have not ended. */
  readonly calls = new Map<number, string>();
  /** Called before each broadcast. */
  onBroadcast: (id: string, namespace: string, room: string) => void = () => {};
  #callCount = 0;
  #broadcastCount = 0;
  #depth = 0;
  readonly #rng: Prng;
  readonly #log: Log;
  readonly #manners: Manners;

  constructor(rng: Prng, log: Log, manners: Manners) {
    this.#rng = rng;
    this.#log = log;
    this.#manners = manners;
  }

  /** The handlers, by namespace. */
  handlers(): Record<string, Events> {
    const all = (isAny: boolean): Events => ({
      ...this.#events(),
      ...this.#hooks(),
      ...(isAny ? { [OnAnyEvent]: this.#handler() } : {}),
    });
    return {
      chat: all(false),
      "": {
        ...all(true),
        ...(this.#manners.isNative
          ? { [OnNativeMessage]: this.#handler() }
          : {}),
      },
      ["__proto__"]: all(true),
      "a;b": all(true),
      bare: this.#events(),
    };
  }

  onError = (error: unknown): void => {
    if (this.thrown.has(error)) return;
    if (error instanceof TypeError && /Cannot send|BigInt/.test(`${error}`)) {
      return;
    }
    this.#log.fail(
      `onError got what no handler has thrown: ${Deno.inspect(error)}`,
    );
  };

  onConnect = async (conn: Conn): Promise<void> => {
    if (this.hooked.has(conn)) this.#log.fail("onConnect was called twice");
    const hooked = { isLetIn: false, disconnects: 0 };
    this.hooked.set(conn, hooked);
    await this.#guard(async () => {
      if (this.#isTrouble()) await this.#pause(conn);
      if (this.#isTrouble()) {
        const connecting = this.#call(conn);
        if (this.#rng.chance(500)) await connecting;
      }
      if (this.#isTrouble() && this.#rng.chance(300)) this.#throw();
    });
    // However late: a connection that was given up still gets onDisconnect.
    hooked.isLetIn = true;
  };

  onDisconnect = async (conn: Conn): Promise<void> => {
    this.hooked.get(conn)!.disconnects++;
    await this.#guard(async () => {
      if (this.#isTrouble()) await this.#pause(conn, false);
      if (this.#isTrouble()) await this.#call(conn);
      if (this.#isTrouble()) this.#throw();
    });
  };

  /** Acts on a connection, as a program does outside its handlers. */
  act(conn: Conn): void {
    void this.#call(conn);
  }

  /** Ends the wait of a handler. */
  release(): void {
    this.#rng.take(this.gates)?.settle(this.#rng.chance(200));
  }

  #events(): Events {
    const [first, second, ...rest] = EVENTS;
    const events: Events = {
      [first!]: this.#handler(),
      [second!]: async (nsConn, msg) => {
        this.#check(nsConn, msg);
        return await this.#guard(() => this.#later(nsConn, msg));
      },
    };
    for (const name of rest) events[name] = this.#handler();
    return events;
  }

  #handler(): (nsConn: NSConn, msg: Message) => unknown {
    return (nsConn, msg) => {
      this.#check(nsConn, msg);
      return this.#guardSync(() => {
        const kind = this.#rng.below(12);
        if (kind === 0) return this.#guard(() => this.#later(nsConn, msg));
        if (kind === 1 && this.#isTrouble()) void this.#call(nsConn.conn);
        return this.#result(msg);
      });
    };
  }

  /** Checks that a handler gets what the server knows. */
  #check(nsConn: NSConn, msg: Message): void {
    const { conn } = nsConn;
    const stay = sessionOf(conn).namespaces.find(msg.namespace);
    if (stay?.nsConn !== nsConn) {
      this.#log.fail(
        `"${msg.event}" was handled in a namespace that is not connected`,
      );
    }
    if (msg.room !== "" && nsConn.room(msg.room) === undefined) {
      this.#log.fail(`"${msg.event}" was handled in a room that is not joined`);
    }
    if (msg.isLocal || msg.isForced) {
      this.#log.fail(`"${msg.event}" came from the wire as local or forced`);
    }
  }

  async #later(nsConn: NSConn, msg: Message): Promise<unknown> {
    const rng = this.#rng;
    for (let count = rng.below(4); count > 0; count--) await undefined;
    if (this.#isTrouble()) await this.#pause(nsConn.conn);
    if (this.#isTrouble()) {
      const call = this.#call(nsConn.conn);
      if (rng.chance(700)) await call;
    }
    if (rng.chance(30)) await nsConn.ask("onQuestion", randomBody(rng));
    return this.#result(msg);
  }

  /** Makes any result of a handler, failures included. */
  #result(msg: Message): unknown {
    const rng = this.#rng;
    const text = msg.isNative || msg.event === OnNativeMessage
      ? NATIVE_MARK
      : msg.error
      ? ERROR_ANSWERED
      : randomBody(rng);
    switch (rng.below(24)) {
      case 0:
        return text;
      case 1:
        return { text, list: [1, ";"] };
      case 2:
      case 3:
        return reply(text);
      case 4:
        return reply(new TextEncoder().encode(text));
      case 5:
        return this.#isTrouble() ? this.#note(new EventError("no")) : undefined;
      case 6:
        return this.#isTrouble() ? this.#throw() : undefined;
      case 7:
        return rng.pick([null, 0, "", false, new Uint8Array()]);
      case 8:
        return rng.pick([() => 1, Symbol.iterator, 1n]);
      case 9:
        return this.#note(new Error("returned"));
      default:
        return undefined;
    }
  }

  #throw(): never {
    const rng = this.#rng;
    switch (rng.below(10)) {
      case 0:
        throw this.#note(new CloseError(4100, "handler"));
      case 1:
        throw this.#note(rng.pick([undefined, null, "text", 5, {}]));
      case 2:
      case 3:
      case 4:
        throw this.#note(new Error("thrown"));
      default:
        throw this.#note(new EventError(rng.chance(100) ? "" : "refused;x"));
    }
  }

  #hooks(): Events {
    const refusable = (): Events[string] => async (nsConn, msg) => {
      this.#noteHook(nsConn, msg);
      await this.#runHook(nsConn.conn, true);
      return msg.isNoOp ? undefined : this.#refusal();
    };
    return {
      [OnNamespaceConnect]: refusable(),
      [OnNamespaceConnected]: (nsConn, msg) => {
        this.#noteHook(nsConn, msg);
        const told = this.#toldOf(nsConn);
        if (++told.connected > 1) {
          this.#log.fail("OnNamespaceConnected fired twice");
        }
        return this.#runHook(nsConn.conn, false);
      },
      [OnNamespaceDisconnect]: async (nsConn, msg) => {
        this.#noteHook(nsConn, msg);
        const isAsked = !msg.isLocal && !msg.isForced;
        const told = this.#toldOf(nsConn);
        this.#countDisconnect(told);
        const hook: DisconnectHook = { nsConn, hasAgreed: false };
        // A hook that refuses is called again when the namespace is left,
        // unless it has called for that itself.
        const takeBack = () => {
          if (isAsked && !hook.hasAgreed) told.disconnected--;
        };
        try {
          await this.#disconnecting.run(
            hook,
            () => this.#runHook(nsConn.conn, false),
          );
        } catch (error) {
          takeBack();
          throw error;
        }
        const refusal = isAsked ? this.#refusal() : undefined;
        if (refusal !== undefined) takeBack();
        return refusal;
      },
      [OnRoomJoin]: refusable(),
      [OnRoomJoined]: (nsConn, msg) => {
        const { room } = msg;
        this.#noteHook(nsConn, msg);
        this.roomNames.add(room);
        this.#countRoom(nsConn, room, 1);
        return this.#runHook(nsConn.conn, false);
      },
      [OnRoomLeave]: async (nsConn, msg) => {
        this.#noteHook(nsConn, msg);
        await this.#runHook(nsConn.conn, false);
        return msg.isLocal || msg.isForced ? undefined : this.#refusal();
      },
      [OnRoomLeft]: (nsConn, msg) => {
        const { room } = msg;
        this.#noteHook(nsConn, msg);
        this.#countRoom(nsConn, room, -1);
        return this.#runHook(nsConn.conn, false);
      },
    };
  }

  #countDisconnect(told: Told): void {
    if (++told.disconnected > 1) {
      this.#log.fail("OnNamespaceDisconnect fired twice");
    } else if (told.connected === 0) {
      this.#log.fail("OnNamespaceDisconnect without OnNamespaceConnected");
    }
  }

  #countRoom(nsConn: NSConn, room: string, change: number): void {
    const { rooms } = this.#toldOf(nsConn);
    const count = (rooms.get(room) ?? 0) + change;
    rooms.set(room, count);
    if (count > 1) this.#log.fail("OnRoomJoined fired twice");
    if (count < 0) this.#log.fail("OnRoomLeft without OnRoomJoined");
  }

  #toldOf(nsConn: NSConn): Told {
    const known = this.told.get(nsConn);
    if (known !== undefined) return known;
    const told = {
      conn: nsConn.conn,
      connected: 0,
      disconnected: 0,
      rooms: new Map<string, number>(),
    };
    this.told.set(nsConn, told);
    return told;
  }

  #runHook(conn: Conn, mayFail: boolean): Promise<void> | void {
    if (!this.#isTrouble()) return;
    return this.#guard(async () => {
      if (this.#rng.chance(300)) await this.#pause(conn, false);
      if (this.#rng.chance(300)) {
        const call = this.#call(conn);
        if (this.#rng.chance(600)) await call;
      }
      if (mayFail && this.#rng.chance(300)) this.#throw();
    });
  }

  #refusal(): Error | undefined {
    return this.#isTrouble() && this.#rng.chance(400)
      ? this.#note(new EventError("refused"))
      : undefined;
  }

  #isTrouble(): boolean {
    return this.#rng.chance(this.#manners.trouble);
  }

  #pause(conn: Conn, mayStick = true): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const isStuck = mayStick && this.#rng.chance(this.#manners.stuck);
    (isStuck ? this.stuck : this.gates).push({
      conn,
      settle: (isFailure) =>
        isFailure ? reject(this.#note(new Error("gate"))) : resolve(),
    });
    return promise;
  }

  /** Makes any call of the API; the promise is never rejected. */
  async #call(conn: Conn): Promise<void> {
    // A call may cause further calls, which must end.
    if (this.#depth > 12) return;
    this.#depth++;
    const id = ++this.#callCount;
    const kind = this.#rng.below(CALLS.length);
    const label = `call ${id} (${CALLS[kind]}) on ${this.#nameOf(conn)}`;
    this.calls.set(id, label);
    this.#log.add(`   ${label}`, kind);
    try {
      await this.#callAny(conn, kind);
    } catch (error) {
      const isExpected = error instanceof NeffosError ||
        error instanceof TypeError && /lone surrogate/.test(error.message);
      if (!isExpected && !this.thrown.has(error)) {
        this.#log.fail(`call ${kind} was rejected: ${Deno.inspect(error)}`);
      }
    }
    this.#log.add(`   call ${id} is over`, id);
    this.#depth--;
    this.calls.delete(id);
  }

  /** Returns the driver's number for a connection. */
  #nameOf(conn: Conn): string {
    return `${conn.get("number")}`;
  }

  #noteHook(nsConn: NSConn, { event, room, isLocal, isForced }: Message): void {
    const { conn, namespace } = nsConn;
    const cause = (isLocal ? " local" : "") + (isForced ? " forced" : "");
    const where = JSON.stringify([namespace, room]);
    const text = `   hook ${event} ${where} on ${this.#nameOf(conn)}${cause}`;
    this.#log.add(text, text.length);
  }

  async #callAny(conn: Conn, kind: number): Promise<unknown> {
    const rng = this.#rng;
    const { server } = conn;
    const namespace = carriable(randomNamespace(rng));
    const nsConn = conn.namespaces.length > 0
      ? rng.pick(conn.namespaces)
      : undefined;
    const room = nsConn && nsConn.rooms.length > 0
      ? rng.pick(nsConn.rooms)
      : undefined;
    const timeout = 1 + rng.below(400);
    switch (kind) {
      case 0:
        return nsConn?.emit("onTold", randomBody(rng));
      case 1:
        return room?.emit("onTold", new Uint8Array(3));
      case 2:
        return conn.write({
          namespace,
          room: rng.chance(300) ? carriable(randomRoom(rng)) : "",
          event: "onTold",
          body: { a: [";"] },
        });
      case 3:
      case 4: {
        const name = rng.chance(500) ? carriable(randomRoom(rng)) : "";
        const id = `cast${++this.#broadcastCount}`;
        this.onBroadcast(id, namespace, name);
        return server.broadcast(null, {
          namespace,
          room: name,
          event: "onCast",
          body: id,
        });
      }
      case 5:
        return await nsConn?.ask("onQuestion", randomBody(rng), { timeout });
      case 6:
        return await room?.ask("onQuestion", 5);
      case 7:
        return await server.ask({ namespace, event: "onQuestion" });
      case 8:
        return await conn.connect(namespace);
      case 9:
        return await conn.connect(namespace, { timeout });
      case 10:
      case 11:
        return await nsConn?.joinRoom(carriable(randomRoom(rng)), { timeout });
      case 12:
        return await this.#waitConnect(conn, namespace);
      case 13:
      case 14:
        return await room?.leave();
      case 15:
        return await nsConn?.leaveAll();
      case 16:
        this.#noteAgreement(nsConn);
        return await nsConn?.disconnect();
      case 17:
        this.#noteAgreement();
        return await conn.disconnectAll({ timeout });
      case 18:
        return rng.chance(100) ? conn.close(4101, "program") : undefined;
      default:
        return await nsConn?.joinRoom(carriable(randomRoom(rng)));
    }
  }

  #noteAgreement(nsConn?: NSConn): void {
    const hook = this.#disconnecting.getStore();
    // A call on a connection that has ended changes nothing.
    if (hook === undefined || hook.nsConn.conn.isClosed) return;
    if (nsConn === undefined || nsConn === hook.nsConn) hook.hasAgreed = true;
  }

  async #waitConnect(conn: Conn, namespace: string): Promise<void> {
    // Not awaited: it counts among the calls that must end.
    this.#depth--;
    try {
      await conn.waitConnect(namespace, { timeout: 300 });
    } finally {
      this.#depth++;
    }
  }

  #note<T>(error: T): T {
    this.thrown.add(error);
    return error;
  }

  async #guard<T>(code: () => Promise<T>): Promise<T> {
    try {
      return await code();
    } catch (error) {
      throw this.#note(error);
    }
  }

  #guardSync<T>(code: () => T): T {
    try {
      return code();
    } catch (error) {
      throw this.#note(error);
    }
  }
}

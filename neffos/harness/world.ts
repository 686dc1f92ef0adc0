/**
 * A client and a server in memory, to be compared after any order of calls.
 *
 * @module
 */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { setImmediate } from "node:timers";
import {
  type Client,
  type Conn,
  type ConnHandler,
  dial,
  type DialOptions,
  EventError,
  type Events,
  joinConnHandlers,
  type Message,
  type MessageHandler,
  type NSConn,
  type ReconnectOptions,
  type Room,
  type ServerOptions,
  type Socket,
  Struct,
} from "../mod.ts";
import { MemoryServer, withoutTracing } from "./mod.ts";

export { withoutTracing } from "./mod.ts";

export type Side = "client" | "server";

export const SIDES = ["client", "server"] as const;
export const NAMESPACES = ["chat", "other"];

/** The options of a {@linkcode World}. */
export interface Setting {
  client?: ConnHandler;
  server?: ConnHandler;
  dial?: DialOptions;
  reconnect?: ReconnectOptions;
  options?: ServerOptions;
  /** Whether the end of a socket comes in a later turn, as over a network. */
  isCloseLate?: boolean;
  /** Whether the client cannot tell which hook calls, as in a browser. */
  isBrowser?: boolean;
}

/** Makes a hook wait until the test opens it. */
export class Gate {
  readonly #opened = Promise.withResolvers<void>();
  #isReached = false;

  pass(): Promise<void> {
    this.#isReached = true;
    return this.#opened.promise;
  }

  open(): void {
    assert(this.#isReached, "no hook waits at the gate");
    this.#opened.resolve();
  }
}

/** Makes a hook that runs an action at its n-th call only. */
export function nth(n: number, action: Gate | MessageHandler): MessageHandler {
  let count = 0;
  return (nsConn, msg) => {
    if (++count !== n) return;
    return action instanceof Gate ? action.pass() : action(nsConn, msg);
  };
}

/** Makes a hook that refuses. */
export function refuse(text: string): MessageHandler {
  return () => {
    throw new EventError(text);
  };
}

export function otherOf(side: Side): Side {
  return side === "client" ? "server" : "client";
}

/** Makes a class with the events of the namespace "chat" as methods. */
export function controllerOf(events: Events, log: string[] = []): Struct {
  let count = 0;
  class Chat {
    static readonly namespace = "chat";
    readonly nsConn: NSConn;
    readonly #number = ++count;

    constructor(nsConn: NSConn) {
      this.nsConn = nsConn;
      log.push(`made ${this.#number}`);
    }

    onNumber(): number {
      return this.#number;
    }

    [Symbol.dispose](): void {
      log.push(`disposed ${this.#number}`);
    }
  }
  for (const [event, handle] of Object.entries(events)) {
    const value = function (this: Chat, msg: Message): unknown {
      return handle(this.nsConn, msg);
    };
    Object.defineProperty(Chat.prototype, event, { value });
  }
  return new Struct(Chat);
}

/** The ways in which a program writes its hooks. */
export const FORMS: Record<string, (events: Events) => ConnHandler> = {
  object: (events) => ({ chat: events }),
  controller: controllerOf,
};

/** Records the namespaces and rooms that the hooks of both sides have seen. */
export class Told {
  readonly faults: string[] = [];
  /** The number of life-cycle events so far. */
  count = 0;
  readonly rooms = new Set<string>();
  readonly #conns: Conn[] = [];
  readonly #depths = new Map<string, number>();

  /** Wraps a handler of the program to record its life-cycle events. */
  around(side: Side, handler: ConnHandler): ConnHandler {
    const mark = (by: 1 | -1) => (nsConn: NSConn, msg: Message) =>
      this.#mark(this.#keyOf(side, nsConn, msg), by);
    const enter = mark(1);
    const leave = mark(-1);
    // A server may refuse an ask to leave, so this event changes nothing yet.
    const isAsked = ({ isLocal, isForced }: Message) =>
      side === "server" && !isLocal && !isForced;
    const before: Events = {
      onNamespaceConnected: enter,
      onRoomJoined: enter,
      onRoomLeft: leave,
      onNamespaceDisconnect(nsConn, msg) {
        if (!isAsked(msg)) leave(nsConn, msg);
      },
      onEcho: () => "echo",
    };
    const after: Events = {
      onNamespaceDisconnect: (nsConn, msg) => {
        const key = this.#keyOf(side, nsConn, msg);
        if (isAsked(msg) && this.#depths.get(key) === 1) leave(nsConn, msg);
      },
    };
    const everywhere = (events: Events) =>
      Object.fromEntries(NAMESPACES.map((name) => [name, events]));
    return joinConnHandlers(everywhere(before), handler, everywhere(after));
  }

  /** The names that one connection is in, by its hooks. */
  stateOf(side: Side, conn: Conn | undefined): string[] {
    const prefix = `${side} ${conn ? this.#conns.indexOf(conn) : ""} `;
    return [...this.#depths].filter(([key, depth]) =>
      key.startsWith(prefix) && depth !== 0
    ).map(([key]) => key.slice(prefix.length)).sort();
  }

  /** The names that all connections are in, by their hooks. */
  get total(): number {
    return [...this.#depths.values()].reduce((sum, depth) => sum + depth, 0);
  }

  #keyOf(side: Side, { conn }: NSConn, { namespace, room }: Message): string {
    if (!this.#conns.includes(conn)) this.#conns.push(conn);
    if (room !== "") this.rooms.add(room);
    const name = room === "" ? namespace : `${namespace}/${room}`;
    return `${side} ${this.#conns.indexOf(conn)} ${name}`;
  }

  #mark(key: string, by: 1 | -1): void {
    const depth = (this.#depths.get(key) ?? 0) + by;
    this.#depths.set(key, depth);
    this.count++;
    if (depth !== 0 && depth !== 1) this.faults.push(`${key}: ${depth}`);
  }
}

/** Waits one turn of the event loop, in which everything in memory runs. */
export function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** Returns the outcomes of calls, updated as they settle. */
export function watch(calls: readonly Promise<unknown>[]): string[] {
  const outcomes = calls.map(() => "pending");
  calls.forEach((call, i) => {
    call.then(
      () => outcomes[i] = "done",
      (error) => outcomes[i] = (error as Error).name,
    );
  });
  return outcomes;
}

/** An upper bound of turns, far more than any test takes. */
export const MAX_TURNS = 300;

/** One client and one server in memory, to be compared. */
export class World implements AsyncDisposable {
  readonly told = new Told();
  readonly memory: MemoryServer;
  readonly lines: string[] = [];
  client!: Client;
  #socket!: Socket;

  constructor({ server = {}, options }: Setting) {
    this.memory = new MemoryServer(this.told.around("server", server), options);
  }

  /** Dials; a lost client reconnects at {@linkcode comeBack}. */
  static async start(setting: Setting = {}): Promise<World> {
    const world = new World(setting);
    const { client = {}, reconnect, dial: options } = setting;
    const { isCloseLate, isBrowser } = setting;
    const handler = world.told.around("client", client);
    const dialled = () =>
      dial("ws://memory.test/", handler, {
        transport() {
          const socket = world.#socket = world.memory.connect();
          return isCloseLate ? closeLate(socket) : socket;
        },
        reconnect: {
          initialDelay: 1e9,
          maxDelay: 1e9,
          random: () => 1,
          ...reconnect,
        },
        onError: (error) => world.memory.errors.push(error),
        ...options,
        onReconnect(tries) {
          world.lines.push("back");
          options?.onReconnect?.(tries);
        },
      });
    world.client = await (isBrowser ? withoutTracing(dialled) : dialled());
    return world;
  }

  /** The connection of one side. */
  at(side: Side): Conn {
    const conn = side === "client"
      ? this.client.conn
      : this.memory.server.connections[0];
    assert(conn, "the client is away");
    return conn;
  }

  /** The connection in the namespace "chat". */
  chat(side: Side): NSConn {
    const nsConn = this.at(side).namespace("chat");
    assert(nsConn, `the ${side} is not in the namespace`);
    return nsConn;
  }

  /** A room of the namespace "chat". */
  room(side: Side, name = "room"): Room {
    const room = this.chat(side).room(name);
    assert(room, `the ${side} is not in the room`);
    return room;
  }

  /** Enters the namespace "chat" and rooms. */
  async enter(...rooms: string[]): Promise<void> {
    const nsConn = await this.client.connect("chat");
    for (const room of rooms) await nsConn.joinRoom(room);
    await this.rest();
  }

  /** Loses the socket. */
  async lose(): Promise<void> {
    this.#socket.terminate!();
    await this.rest();
  }

  /** Lets the client reconnect. */
  async comeBack(): Promise<void> {
    this.client.retryNow();
    await this.rest();
  }

  /** Waits until nothing more happens. */
  async rest(): Promise<void> {
    const { frames } = this.memory;
    let idle = 0;
    for (let turns = 0; idle < 3; turns++) {
      assert(turns < MAX_TURNS, "it never comes to rest");
      const before = frames.length + this.told.count + this.lines.length;
      await turn();
      const after = frames.length + this.told.count + this.lines.length;
      idle = after === before ? idle + 1 : 0;
    }
  }

  /** Opens a gate once everything else waits for it. */
  async open(gate: Gate | undefined): Promise<void> {
    await this.rest();
    gate!.open();
    await this.rest();
  }

  /** Returns the outcomes of calls once both sides are at rest. */
  async outcomes(...calls: Promise<unknown>[]): Promise<string[]> {
    const outcomes = watch(calls);
    await this.rest();
    return outcomes;
  }

  /**
   * Checks that both sides, the server's directory and the hooks agree, and
   * that each side can ask the other wherever both are.
   */
  async assertAgreed(expected?: string[], where?: string): Promise<void> {
    await this.rest();
    const { server } = this.memory;
    const state = namesOf(this.at("client"));
    const conn = this.at("server");
    if (expected !== undefined) assertEquals(state, expected, where);
    assertEquals(namesOf(conn), state, where);
    assertEquals(server.totalConnections, 1, where);
    const listed = NAMESPACES.flatMap((namespace) =>
      ["", ...this.told.rooms].flatMap((room) =>
        server.room(namespace, room).map((nsConn) => {
          assertStrictEquals(nsConn.conn, conn, where);
          return room === "" ? namespace : `${namespace}/${room}`;
        })
      )
    );
    assertEquals(listed.sort(), state, where);
    const calls = SIDES.flatMap((side) =>
      this.at(side).namespaces.flatMap((nsConn) =>
        [nsConn, ...nsConn.rooms].map((each) => each.ask("onEcho"))
      )
    );
    const outcomes = await this.outcomes(...calls);
    assertEquals(outcomes, calls.map(() => "done"), where);
  }

  /** Checks also that the hooks saw as many ends as beginnings. */
  async assertBalanced(expected?: string[], where?: string): Promise<void> {
    await this.assertAgreed(expected, where);
    const state = namesOf(this.at("client"));
    for (const side of SIDES) {
      assertEquals(this.told.stateOf(side, this.at(side)), state, where);
    }
    assertEquals(this.told.total, 2 * state.length, where);
  }

  /** Checks also that beginnings and ends alternate, and that no hook failed. */
  async assertAtRest(expected?: string[], where?: string): Promise<void> {
    await this.assertBalanced(expected, where);
    assertEquals(this.told.faults, [], where);
    assertEquals(this.memory.errors, [], where);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    let isOver = false;
    const end = async () => {
      await this.client.close();
      await this.memory.server.close();
      isOver = true;
    };
    void end();
    // A failed test may have left a hook that never ends.
    for (let turns = 0; turns < MAX_TURNS && !isOver; turns++) await turn();
  }
}

/** Delays the end of a socket by some turns after the last frame. */
export function closeLate(socket: Socket): Socket {
  const listen: Socket["listen"] = (listener) =>
    socket.listen({
      open: () => listener.open(),
      message: (data) => listener.message(data),
      close: (info) => void turn().then(turn).then(() => listener.close(info)),
    });
  return Object.create(socket, { listen: { value: listen } });
}

/** Lists the namespaces and rooms that a connection is in. */
export function namesOf(conn: Conn): string[] {
  return conn.namespaces.flatMap(({ namespace, rooms }) => [
    namespace,
    ...rooms.map(({ name }) => `${namespace}/${name}`),
  ]).sort();
}

/** Makes the setting in which one side has hooks in the namespace "chat". */
export function hooksOf(side: Side, events: Events, form = "object"): Setting {
  return { [side]: FORMS[form]!(events) };
}

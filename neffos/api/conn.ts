/**
 * {@linkcode Conn}: one connection, in all of its namespaces, on either side.
 *
 * @module
 */

import { assertCloseCode, describe } from "../protocol/errors.ts";
import type {
  Message,
  MessageInit,
  UntypedMessage,
} from "../protocol/message.ts";
import type { CloseInfo } from "../transport/socket.ts";
import type { UpgradeRequest } from "../transport/upgrade_request.ts";
import { ignoreRejection, runUnwatched } from "../util/promises.ts";
import type { AskOptions, EntryOptions } from "./ask_options.ts";
import type { NSConn, UntypedNSConn } from "./ns_conn.ts";
import type { FaultSource, ServerApi } from "./server_api.ts";
import type {
  AnswerOf,
  AnyEvents,
  ConnectArgs,
  EventInit,
  EventsOf,
  NamespaceOf,
} from "./typed_events.ts";

/** What stands behind a {@linkcode Conn}. */
export interface ConnPort {
  readonly id: string;
  readonly isClient: boolean;
  /** The number of attempts that a client needed to reconnect. */
  readonly tries: number;
  /** Whether nothing can be sent any more. */
  readonly isEnding: boolean;
  /** The server, on its side. */
  readonly server: ServerApi | undefined;
  /** Resolves when all is over, hooks included. */
  readonly ended: Promise<CloseInfo>;
  readonly bufferedAmount: number;
  readonly namespaces: {
    /** The namespaces that it is in. */
    readonly stays: readonly { readonly nsConn: UntypedNSConn }[];
    find(namespace: string): { readonly nsConn: UntypedNSConn } | undefined;
    connect(namespace: string, options: EntryOptions): Promise<UntypedNSConn>;
    waitConnect(namespace: string, options: AskOptions): Promise<UntypedNSConn>;
    disconnectAll(options: AskOptions): Promise<void>;
  };
  drained(): Promise<void>;
  /** Sends a message, if its namespace is connected and its room joined. */
  write(message: Message | MessageInit): boolean;
  ask(
    message: Message | MessageInit,
    options: AskOptions,
  ): Promise<UntypedMessage>;
  close(code: number, reason: string): void;
  report(error: unknown, source: Omit<FaultSource, "conn">): void;
}

let getPort: (conn: Conn) => ConnPort;
let setPort: (conn: Conn, port: ConnPort) => void;

/**
 * One connection, in all of its namespaces, on either side.
 *
 * @example
 * ```ts
 * import { type Conn, denoUpgrader, Server } from "@neffos/mvc";
 *
 * const server = new Server(denoUpgrader(), { chat: {} }, {
 *   onConnect(conn: Conn) {
 *     conn.set("since", Date.now());
 *   },
 *   onDisconnect(conn: Conn, { code }) {
 *     const seconds = (Date.now() - conn.get<number>("since")!) / 1000;
 *     console.log(`${conn.id} has left after ${seconds} s with code ${code}`);
 *   },
 * });
 * await server.close();
 * ```
 *
 * @category Connections
 */
export class Conn {
  #port: ConnPort;
  readonly #request: UpgradeRequest | undefined;
  #values: Map<string | symbol, unknown> | undefined;

  static {
    getPort = (conn) => conn.#port;
    setPort = (conn, port) => conn.#port = port;
  }

  /**
   * Called by this module alone.
   *
   * @param port What stands behind it.
   * @param request The request that it came from, on the server's side.
   * @ignore
   */
  constructor(port: ConnPort, request?: UpgradeRequest) {
    this.#port = port;
    this.#request = request;
  }

  /** The ID that the server gave it; several connections may share one. */
  get id(): string {
    return this.#port.id;
  }

  /** Whether this is the client's side. */
  get isClient(): boolean {
    return this.#port.isClient;
  }

  /** Whether nothing can be sent any more: it is closed, or is being closed. */
  get isClosed(): boolean {
    return this.#port.isEnding;
  }

  /**
   * The number of attempts that the client needed to reconnect as this
   * connection, on a server as the client itself says. 0 for a new client.
   */
  get reconnectTries(): number {
    return this.#port.tries;
  }

  /**
   * Whether the client has reconnected: this is not its first connection. On a
   * server, as the client itself says.
   */
  get wasReconnected(): boolean {
    return this.reconnectTries > 0;
  }

  /**
   * Resolves, with the reason, when the connection and its hooks have ended; in
   * those hooks themselves at once.
   */
  get closed(): Promise<CloseInfo> {
    return this.#port.ended;
  }

  /**
   * The server, on its side.
   *
   * @throws {TypeError} When this is a client's connection.
   */
  get server(): ServerApi {
    return assertServerSide("server", this.#port.server);
  }

  /**
   * The request that it came from, on the server's side.
   *
   * @throws {TypeError} When this is a client's connection.
   */
  get request(): UpgradeRequest {
    return assertServerSide("request", this.#request);
  }

  /** The number of bytes that were sent and are still waiting for the network. */
  get bufferedAmount(): number {
    return this.#port.bufferedAmount;
  }

  /**
   * Resolves when at most 64 KiB and about 128 messages are unsent. A program
   * that sends much awaits it now and then: a server closes a connection that
   * does not read while more than `maxBuffered` is unsent, or has four times as
   * much unsent.
   *
   * @returns Nothing, once there is room.
   * @throws {ConnectionClosedError} When the connection is closed, or closes
   * meanwhile.
   *
   * @example
   * ```ts
   * import type { NSConn } from "@neffos/mvc";
   *
   * async function sendAll(nsConn: NSConn, rows: AsyncIterable<object>) {
   *   for await (const row of rows) {
   *     nsConn.emit("onRow", row);
   *     await nsConn.conn.drained();
   *   }
   * }
   * ```
   */
  drained(): Promise<void> {
    return ignoreRejection(this.#port.drained());
  }

  /**
   * The namespaces that are connected. When the connection is lost, each of them
   * is until its hooks have heard of that.
   */
  get namespaces(): NSConn[] {
    return this.#port.namespaces.stays.map(({ nsConn }) => nsConn);
  }

  /**
   * Finds a namespace that is connected.
   *
   * @param name The name of the namespace.
   * @returns The connection in it, `undefined` when it is not connected.
   */
  namespace(name: string): NSConn | undefined {
    return this.#port.namespaces.find(name)?.nsConn;
  }

  /**
   * Connects a namespace, if the other side lets it. A server that does so
   * in `onConnect` thereby accepts the connection.
   *
   * @typeParam C The type of the other side's controller, or an interface of
   * the events that it takes. Without it, any.
   * @param namespace The name of the namespace.
   * @param args The time limit (10 seconds), a signal that ends the wait, and a
   * body for the hooks of the other side; see {@linkcode EntryOptions}.
   * @returns The connection in the namespace.
   * @throws {BadNamespaceError} When either side has no handler for it.
   * @throws {EventError} When the other side or the own `onNamespaceConnect`
   * refuses.
   * @throws {AskTimeoutError} When no answer came in time.
   * @throws {ConnectionClosedError} When the connection is closed.
   * @throws {LimitError} When it is in `maxNamespaces` namespaces, or too many
   * asks wait.
   * @throws {RangeError} When the time limit is not a positive number.
   * @throws {TypeError} When the body cannot be sent, or the name has a lone
   * surrogate.
   *
   * @example
   * ```ts
   * import { type Conn, EventError, type Message, NSConn } from "@neffos/mvc";
   *
   * class ChatController {
   *   static readonly namespace = "chat";
   *   static readonly inject = [NSConn] as const;
   *   constructor(readonly nsConn: NSConn) {}
   *
   *   onNamespaceConnect(msg: Message<{ token: string }>) {
   *     if (msg.json().token !== "secret") throw new EventError("who are you?");
   *   }
   * }
   *
   * async function enter(conn: Conn, readToken: () => Promise<string>) {
   *   return await conn.connect<typeof ChatController>("chat", {
   *     body: async () => ({ token: await readToken() }),
   *   });
   * }
   * ```
   */
  connect<C extends object = AnyEvents>(
    namespace: NamespaceOf<C>,
    ...args: ConnectArgs<C>
  ): Promise<NSConn<EventsOf<C>>> {
    // Whatever the type of its body, it is one that can be sent.
    const [options = {}] = args as [options?: EntryOptions];
    return this.#port.namespaces.connect(namespace, options);
  }

  /**
   * Waits until the other side connects a namespace.
   *
   * @typeParam C The type of the other side's controller, or an interface of
   * the events that it takes. Without it, any.
   * @param namespace The name of the namespace.
   * @param options A time limit (none by default), and a signal that ends
   * the wait.
   * @returns The connection in the namespace.
   * @throws {BadNamespaceError} When it was not connected in time.
   * @throws {ConnectionClosedError} When the connection is closed.
   */
  waitConnect<C extends object = AnyEvents>(
    namespace: NamespaceOf<C>,
    options: AskOptions = {},
  ): Promise<NSConn<EventsOf<C>>> {
    return this.#port.namespaces.waitConnect(namespace, options);
  }

  /**
   * Leaves every namespace, one after another.
   *
   * @param options The time limit for each (10 seconds), and a signal that
   * ends the wait.
   * @returns When all are left.
   * @throws {EventError} When the other side refuses; the namespaces that come
   * after it are not left then.
   * @throws {AskTimeoutError} When no answer came in time.
   * @throws {ConnectionClosedError} When the connection is closed.
   * @throws {RangeError} When the time limit is not a positive number.
   */
  disconnectAll(options: AskOptions = {}): Promise<void> {
    return runUnwatched(() => this.#port.namespaces.disconnectAll(options));
  }

  /**
   * Sends a message of any namespace and room.
   *
   * @param init The message. A native one goes out as its bare body.
   * @returns Whether it was sent: `false` when the connection is closed, or
   * its namespace not connected, or its room not joined, or when it is
   * volatile and the connection is backed up.
   * @throws {TypeError} When the body cannot be sent, or a name has a lone
   * surrogate.
   */
  write(init: MessageInit | Message): boolean {
    return this.#port.write(init);
  }

  /**
   * Asks the other side, in any namespace and room, and waits for the answer.
   *
   * @typeParam Emits The events that may be sent, as for `NSConn`.
   * @param init The message.
   * @param options The time limit (10 seconds), and a signal that ends the
   * wait.
   * @returns The answer.
   * @throws {EventError} What the other side's handler has thrown.
   * @throws {AskTimeoutError} When no answer came in time.
   * @throws {BadNamespaceError} When the namespace is not connected.
   * @throws {BadRoomError} When it is not in the room.
   * @throws {ConnectionClosedError} When the connection is closed, or closes
   * before the answer.
   * @throws {LimitError} When too many asks wait already.
   * @throws {RangeError} When the time limit is not a positive number.
   * @throws {TypeError} When the body cannot be sent, or the event is one of the
   * protocol (`isSystemEvent`).
   *
   * @example
   * ```ts
   * import type { Conn } from "@neffos/mvc";
   *
   * async function confirm(conn: Conn, question: string) {
   *   const answer = await conn.ask<{ onConfirm(question: string): boolean }>(
   *     { namespace: "default", event: "onConfirm", body: question },
   *     { timeout: 60_000 },
   *   );
   *   return answer.json();
   * }
   * ```
   */
  ask<Emits extends object = AnyEvents>(
    init: Message | EventInit<Emits>,
    options: AskOptions = {},
  ): Promise<Message<AnswerOf<Emits, keyof Emits & string>>> {
    // Whatever its type, an EventInit is a MessageInit that says more.
    return runUnwatched(() =>
      this.#ask(init as Message | MessageInit, options)
    );
  }

  async #ask(
    init: Message | MessageInit,
    options: AskOptions,
  ): Promise<UntypedMessage> {
    return await this.#port.ask(init, options);
  }

  /**
   * Closes the connection. What follows (rooms and namespaces are left,
   * `onDisconnect` is called) takes its time; `closed` resolves at its end.
   *
   * @param code The close code, 1000 to 4999.
   * @param reason The close reason; it is cut at 123 bytes.
   * @throws {RangeError} When the code is not an integer from 1000 to 4999.
   */
  close(code = 1000, reason = ""): void {
    assertCloseCode(code);
    this.#port.close(code, reason);
  }

  /**
   * Stores a value with the connection.
   *
   * @param key The key.
   * @param value The value.
   */
  set(key: string | symbol, value: unknown): void {
    (this.#values ??= new Map()).set(key, value);
  }

  /**
   * Returns a value that was stored with {@linkcode set}. Its type is not
   * checked.
   *
   * @typeParam T The type of the value.
   * @param key The key.
   * @returns The value, `undefined` when there is none.
   */
  get<T = unknown>(key: string | symbol): T | undefined {
    return this.#values?.get(key) as T | undefined;
  }

  /**
   * Adds to a number that is stored with the connection. A missing value counts
   * as 0.
   *
   * @param key The key.
   * @param by The number to add.
   * @returns The new number.
   * @throws {TypeError} When the value, or `by`, is not a number.
   *
   * @example
   * ```ts
   * import { CloseError, type NSConn } from "@neffos/mvc";
   *
   * const events = {
   *   onLogin(nsConn: NSConn) {
   *     if (nsConn.conn.increment("tries") > 3) throw new CloseError(4500);
   *   },
   * };
   * ```
   */
  increment(key: string | symbol, by = 1): number {
    return this.#add("increment", key, by, 1);
  }

  /**
   * Subtracts from a number that is stored with the connection; see
   * {@linkcode increment}.
   *
   * @param key The key.
   * @param by The number to subtract.
   * @returns The new number.
   * @throws {TypeError} When the value, or `by`, is not a number.
   */
  decrement(key: string | symbol, by = 1): number {
    return this.#add("decrement", key, by, -1);
  }

  #add(action: string, key: string | symbol, by: number, sign: number): number {
    const kept = this.get(key);
    const value = kept === undefined ? 0 : kept;
    for (const [what, each] of [["its value", value], ["the step", by]]) {
      if (typeof each === "number") continue;
      throw new TypeError(
        `Cannot ${action} "${String(key)}": ${what} is ${
          describe(each)
        }, and must be a number`,
      );
    }
    const result = value as number + sign * by;
    this.set(key, result);
    return result;
  }

  /**
   * Returns the ID, for use in strings.
   *
   * @returns The ID.
   */
  toString(): string {
    return this.id;
  }
}

function assertServerSide<T>(what: string, value: T | undefined): T {
  if (value !== undefined) return value;
  throw new TypeError(
    `Cannot get the ${what} of a client's connection: only those of a server have one`,
  );
}

/**
 * Gets what stands behind a connection, for the other files of this module.
 *
 * @param conn The connection.
 * @returns What stands behind it.
 */
export function portOf(conn: Conn): ConnPort {
  return getPort(conn);
}

/**
 * Puts another connection behind a client's handle, after the client has come
 * back.
 *
 * @param conn The handle.
 * @param port What stands behind it from now on.
 */
export function attachConn(conn: Conn, port: ConnPort): void {
  setPort(conn, port);
}

/**
 * {@linkcode Conn}: one connection, in all of its namespaces, on either side.
 *
 * @module
 */

import { Core, type CoreInit } from "../connection/session.ts";
import { encode } from "../protocol/codec.ts";
import { assertCloseCode } from "../protocol/errors.ts";
import { Message, type MessageInit } from "../protocol/message.ts";
import type { CloseInfo } from "../transport/socket.ts";
import type { UpgradeRequest } from "../transport/upgrader.ts";
import { mayFail } from "../util/deferred.ts";
import type { AskOptions } from "./ask_options.ts";
import type { NSConn } from "./ns_conn.ts";
import type { ServerApi } from "./server_api.ts";
import type { AnyEvents, EventsOf, NamespaceOf } from "./typed_events.ts";

/** How a {@linkcode Conn} is made. */
export interface ConnInit extends CoreInit {
  /** The request that it came from, on the server's side. */
  readonly request?: UpgradeRequest | undefined;
}

let readCore: (conn: Conn) => Core;

let renewCore: (conn: Conn, init: CoreInit) => Core;

/** One connection, in all of its namespaces, on either side. */
export class Conn {
  #core: Core;
  readonly #request: UpgradeRequest | undefined;
  #values: Map<string | symbol, unknown> | undefined;

  static {
    readCore = (conn) => conn.#core;
    renewCore = (conn, init) => conn.#core = new Core(conn, init);
  }

  /**
   * Made by this module alone.
   *
   * @param init Its parts.
   * @ignore
   */
  constructor(init: ConnInit) {
    this.#core = new Core(this, init);
    this.#request = init.request;
  }

  /** The ID that the server gave it; several connections may share one. */
  get id(): string {
    return this.#core.id;
  }

  /** Whether this is the client's side. */
  get isClient(): boolean {
    return this.#core.host.isClient;
  }

  /** Whether it is closed, or about to be, so that nothing can be sent. */
  get isClosed(): boolean {
    return this.#core.isEnding;
  }

  /**
   * How many times a client has tried in vain before it came back as this
   * connection, as it says itself. 0 for one that was not here before.
   */
  get reconnectTries(): number {
    const tries = this.#request?.headers.get("x-websocket-reconnect");
    return tries && /^\d{1,9}$/.test(tries) ? Number(tries) : 0;
  }

  /** Settled with the reason when all is over, hooks included. */
  get closed(): Promise<CloseInfo> {
    const { finished, isEnding, queue } = this.#core;
    // A handler that has closed it may wait for that, and is not waited for.
    if (isEnding) queue.suspend(queue.caller());
    return finished;
  }

  /**
   * The server, on its side.
   *
   * @throws {TypeError} When this is a client's connection.
   */
  get server(): ServerApi {
    const { server } = this.#core.host;
    if (server === undefined) {
      throw new TypeError(
        "Cannot get the server of a client's connection: only connections that a server has accepted have one",
      );
    }
    return server;
  }

  /**
   * The request that it came from, on the server's side.
   *
   * @throws {TypeError} When this is a client's connection.
   */
  get request(): UpgradeRequest {
    if (this.#request === undefined) {
      throw new TypeError(
        "Cannot get the request of a client's connection: only connections that a server has accepted have one",
      );
    }
    return this.#request;
  }

  /** The bytes that were sent and that the network has not taken yet. */
  get bufferedAmount(): number {
    return this.#core.bufferedAmount;
  }

  /**
   * Waits until no more than 64 KiB and about 128 messages wait to be sent; at
   * once where that is so. Who sends much waits for it now and then: a
   * server's connection that is further behind than `maxBuffered` is closed.
   *
   * @returns When there is room again.
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
    return mayFail(this.#core.drained());
  }

  /** The namespaces that are connected. */
  get namespaces(): NSConn[] {
    return this.#core.membership.states
      .filter(({ status }) => status === "connected")
      .map(({ nsConn }) => nsConn);
  }

  /**
   * Finds a namespace that is connected.
   *
   * @param name The name of the namespace.
   * @returns The connection in it, `undefined` when it is not connected.
   */
  namespace(name: string): NSConn | undefined {
    const state = this.#core.membership.find(name);
    return state?.status === "connected" ? state.nsConn : undefined;
  }

  /**
   * Connects a namespace, if the other side lets it. A server that does so
   * in `onConnect` thereby accepts the connection.
   *
   * @typeParam C The type of the other side's controller, or an interface of
   * the events that it takes. Without it, any.
   * @param namespace The name of the namespace.
   * @param options The time limit (10 seconds), and a signal that ends the
   * wait.
   * @returns The connection in the namespace.
   * @throws {BadNamespaceError} When either side has no handler for it.
   * @throws {EventError} When the other side refuses.
   * @throws {AskTimeoutError} When no answer came in time.
   * @throws {ConnectionClosedError} When the connection is closed.
   */
  connect<C extends object = AnyEvents>(
    namespace: NamespaceOf<C>,
    options: AskOptions = {},
  ): Promise<NSConn<EventsOf<C>>> {
    return mayFail(this.#core.membership.connect(namespace, options));
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
    return mayFail(
      this.isClosed
        ? Promise.reject(this.#core.closedError())
        : this.#core.membership.waitConnect(namespace, options),
    );
  }

  /**
   * Leaves every namespace, one after another.
   *
   * @param options The time limit for each, and a signal that ends the wait.
   * @throws {EventError} When the other side refuses.
   */
  async disconnectAll(options: AskOptions = {}): Promise<void> {
    for (const nsConn of this.namespaces) {
      if (nsConn.isConnected) await nsConn.disconnect(options);
    }
  }

  /**
   * Sends a message of any namespace and room.
   *
   * @param init The message. A native one goes out as its bare body.
   * @returns Whether it was sent: `false` when the connection is closed, or
   * its namespace not connected, or its room not joined, or when it is
   * volatile and the other side is behind.
   * @throws {TypeError} When the body cannot be sent.
   */
  write(init: MessageInit | Message): boolean {
    const { body, error, isNative, isBinary } = init;
    const { namespace = "", room = "", event = "" } = init;
    const state = this.#core.membership.find(namespace);
    if (state?.status !== "connected") return false;
    if (room !== "" && !state.rooms.has(room)) return false;
    const message = new Message(
      { namespace, room, event, body, error, isNative, isBinary },
    );
    const frame = encode(message);
    return init.isVolatile
      ? this.#core.sendVolatile(frame)
      : this.#core.send(frame);
  }

  /**
   * Closes the connection. What follows (rooms and namespaces are left,
   * `onDisconnect`) happens in its own time; `closed` tells when it is over.
   *
   * @param code The close code, 1000 to 4999.
   * @param reason The close reason; it is cut at 123 bytes.
   * @throws {RangeError} When the code is not an integer from 1000 to 4999.
   */
  close(code = 1000, reason = ""): void {
    assertCloseCode(code);
    this.#core.close(code, reason);
  }

  /**
   * Keeps a value with the connection.
   *
   * @param key The key.
   * @param value The value.
   */
  set(key: string | symbol, value: unknown): void {
    (this.#values ??= new Map()).set(key, value);
  }

  /**
   * Gives a value that was kept with the connection. The type is the
   * caller's claim.
   *
   * @typeParam T The type of the value.
   * @param key The key.
   * @returns The value, `undefined` when there is none.
   */
  get<T = unknown>(key: string | symbol): T | undefined {
    return this.#values?.get(key) as T | undefined;
  }

  /**
   * Gives the ID, for texts.
   *
   * @returns The ID.
   */
  toString(): string {
    return this.id;
  }
}

/**
 * Gives what is behind a connection, to the other files of this module.
 *
 * @param conn The connection.
 * @returns What is behind it.
 */
export function coreOf(conn: Conn): Core {
  return readCore(conn);
}

/**
 * Gives a client's connection another socket, after it has lost its own.
 *
 * @param conn The connection.
 * @param init What it goes on with.
 * @returns What is behind it now.
 */
export function renew(conn: Conn, init: CoreInit): Core {
  return renewCore(conn, init);
}

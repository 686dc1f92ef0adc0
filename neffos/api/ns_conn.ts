/**
 * {@linkcode NSConn}: a connection inside one namespace.
 *
 * @module
 */

import { assertName } from "../protocol/errors.ts";
import { OnNativeMessage } from "../protocol/event_names.ts";
import type {
  Body,
  Message,
  MessageInit,
  UntypedMessage,
} from "../protocol/message.ts";
import { runUnwatched } from "../util/promises.ts";
import type { AskOptions, EntryOptions } from "./ask_options.ts";
import type { Conn } from "./conn.ts";
import type { Room, UntypedRoom } from "./room.ts";
import type { ServerApi } from "./server_api.ts";
import type { AnswerOf, AnyEvents, BodyArgs, BodyOf } from "./typed_events.ts";

/** What stands behind an {@linkcode NSConn}. */
export interface NamespacePort {
  readonly conn: Conn;
  readonly namespace: string;
  readonly isConnected: boolean;
  readonly rooms: UntypedRoom[];
  findRoom(name: string): UntypedRoom | undefined;
  emit(event: string, body: unknown): boolean;
  ask(
    event: string,
    body: unknown,
    options: AskOptions | undefined,
  ): Promise<UntypedMessage>;
  joinRoom(name: string, options: EntryOptions): Promise<UntypedRoom>;
  leaveAll(options: AskOptions): Promise<void>;
  disconnect(options: AskOptions): Promise<void>;
}

let setPort: (nsConn: NSConn, port: NamespacePort) => void;

/**
 * A connection inside one namespace, on either side: what handlers get, and
 * what sends and asks.
 *
 * @typeParam Emits The events that may be sent to the other side: an
 * interface whose keys are their names and whose values their bodies, or
 * functions from body to answer. Without it, any.
 *
 * @example
 * ```ts
 * import type { NSConn } from "@neffos/mvc";
 *
 * interface ChatEvents {
 *   onChat: { from: string; text: string };
 *   onConfirm(question: string): boolean;
 * }
 *
 * async function clear(nsConn: NSConn<ChatEvents>) {
 *   const answer = await nsConn.ask("onConfirm", "Clear it?");
 *   if (answer.json()) nsConn.emit("onChat", { from: "server", text: "" });
 * }
 * ```
 *
 * @category Connections
 */
export class NSConn<Emits extends object = AnyEvents> {
  #port: NamespacePort;

  static {
    setPort = (nsConn, port) => nsConn.#port = port;
  }

  /**
   * Called by this module alone.
   *
   * @param port What stands behind it.
   * @ignore
   */
  constructor(port: NamespacePort) {
    this.#port = port;
  }

  /** The connection, in all of its namespaces. */
  get conn(): Conn {
    return this.#port.conn;
  }

  /** The connection's ID. */
  get id(): string {
    return this.#port.conn.id;
  }

  /** The name of the namespace. */
  get namespace(): string {
    return this.#port.namespace;
  }

  /** Whether the namespace is connected, now. */
  get isConnected(): boolean {
    return this.#port.isConnected;
  }

  /**
   * The server, on its side.
   *
   * @throws {TypeError} When this is a client's connection.
   */
  get server(): ServerApi {
    return this.conn.server;
  }

  /** The rooms that it is in. */
  get rooms(): Room<Emits>[] {
    return this.#port.rooms;
  }

  /**
   * Finds a room that it is in.
   *
   * @param name The name of the room.
   * @returns The room, `undefined` when it is not in it.
   * @throws {TypeError} When the name is no string or has a lone surrogate.
   */
  room(name: string): Room<Emits> | undefined {
    assertName("room", name);
    return this.#port.findRoom(name);
  }

  /**
   * Sends an event to the other side.
   *
   * @param event The name of the event.
   * @param body The body: a string goes as text, bytes as a binary frame,
   * anything else as JSON, or as the option `bodyCodec` encodes it. What JSON
   * cannot carry, such as a promise or a Map, is refused wherever it is in the
   * body.
   * @returns Whether it was sent, or kept by a client that is coming back (see
   * `ReconnectOptions.maxKept`): `false` when the connection is closed or the
   * namespace not connected.
   * @throws {TypeError} When the body cannot be sent, or the name of the event
   * has a lone surrogate.
   */
  emit<Event extends keyof Emits & string>(
    event: Event,
    ...body: BodyArgs<BodyOf<Emits, Event>>
  ): boolean {
    return this.#port.emit(event, body[0]);
  }

  /**
   * Sends events that each receiver which is backed up misses; see
   * `MessageInit.isVolatile`. `emit` returns `false` for one that is left out.
   *
   * @example
   * ```ts
   * import type { NSConn } from "@neffos/mvc";
   *
   * function tellPrice(nsConn: NSConn<{ onPrice: number }>, price: number) {
   *   nsConn.volatile.emit("onPrice", price);
   * }
   * ```
   */
  get volatile(): Pick<
    NSConn<Emits>,
    "emit" | "broadcast" | "broadcastOthers"
  > {
    return makeVolatile(this.conn, (event) => this.#init(event));
  }

  /**
   * Sends an event to every connection in the namespace, itself included. On
   * the server's side only; see `Server.broadcast`.
   *
   * @param event The name of the event.
   * @param body The body, as for {@linkcode emit}.
   * @throws {TypeError} When the body cannot be sent, or this is a client's
   * connection.
   *
   * @example
   * ```ts
   * import type { NSConn } from "@neffos/mvc";
   *
   * const events = {
   *   onNamespaceConnected(nsConn: NSConn<{ onCount: number }>) {
   *     const { server, namespace } = nsConn;
   *     const { length } = server.connectionsByNamespace(namespace);
   *     nsConn.broadcast("onCount", length);
   *   },
   * };
   * ```
   */
  broadcast<Event extends keyof Emits & string>(
    event: Event,
    ...body: BodyArgs<BodyOf<Emits, Event>>
  ): void {
    this.server.broadcast(null, this.#init(event, body[0]));
  }

  /**
   * Sends an event to every other connection in the namespace. On the server's
   * side only; see `Server.broadcast`.
   *
   * @param event The name of the event.
   * @param body The body, as for {@linkcode emit}.
   * @throws {TypeError} When the body cannot be sent, or this is a client's
   * connection.
   */
  broadcastOthers<Event extends keyof Emits & string>(
    event: Event,
    ...body: BodyArgs<BodyOf<Emits, Event>>
  ): void {
    this.server.broadcast(this.conn, this.#init(event, body[0]));
  }

  #init(event: string, body?: unknown): MessageInit {
    const { namespace } = this;
    const isNative = event === OnNativeMessage && namespace === "";
    return { namespace, event, body: body as Body, isNative };
  }

  /**
   * Sends an event to the other side and waits for the answer.
   *
   * @param event The name of the event.
   * @param body The body, as for {@linkcode emit}.
   * @param options The time limit (10 seconds), and a signal that ends the
   * wait.
   * @returns The answer.
   * @throws {EventError} What the other side's handler has thrown.
   * @throws {AskTimeoutError} When no answer came in time.
   * @throws {ConnectionClosedError} When the connection is closed, or closes
   * before the answer.
   * @throws {BadNamespaceError} When the namespace is not connected.
   * @throws {LimitError} When too many asks wait already.
   * @throws {RangeError} When the time limit is not a positive number.
   * @throws {TypeError} When the body cannot be sent, the name of the event has
   * a lone surrogate, or the event is one of the protocol (`isSystemEvent`).
   */
  ask<Event extends keyof Emits & string>(
    event: Event,
    ...body: BodyArgs<BodyOf<Emits, Event>, [options?: AskOptions]>
  ): Promise<Message<AnswerOf<Emits, Event>>> {
    return this.#port.ask(event, body[0], body[1]);
  }

  /**
   * Joins a room, if the other side lets it.
   *
   * @param name The name of the room.
   * @param options The time limit (10 seconds), a signal that ends the wait, and
   * a body for the hooks of the other side.
   * @returns The room, at once where it is joined already.
   * @throws {EventError} When the other side or the own `onRoomJoin` refuses.
   * @throws {AskTimeoutError} When no answer came in time.
   * @throws {ConnectionClosedError} When the connection is closed, or closes
   * before the answer.
   * @throws {BadNamespaceError} When the namespace is not connected.
   * @throws {BadRoomError} When the name is empty.
   * @throws {LimitError} When it is in `maxRooms` rooms, or too many asks wait.
   * @throws {RangeError} When the time limit is not a positive number.
   * @throws {TypeError} When the body cannot be sent, or the name has a lone
   * surrogate.
   */
  joinRoom(name: string, options: EntryOptions = {}): Promise<Room<Emits>> {
    return this.#port.joinRoom(name, options);
  }

  /**
   * Leaves every room, one after another.
   *
   * @param options The time limit for each (10 seconds), and a signal that
   * ends the wait.
   * @returns When all are left.
   * @throws {EventError} When the other side refuses; the rooms that come after
   * it are not left then.
   * @throws {AskTimeoutError} When no answer came in time.
   * @throws {ConnectionClosedError} When the connection is closed.
   * @throws {RangeError} When the time limit is not a positive number.
   */
  leaveAll(options: AskOptions = {}): Promise<void> {
    return runUnwatched(() => this.#port.leaveAll(options));
  }

  /**
   * Leaves the namespace, if the other side lets it.
   *
   * @param options The time limit (10 seconds), and a signal that ends the
   * wait.
   * @returns When it has left.
   * @throws {BadNamespaceError} When the namespace is not connected.
   * @throws {EventError} When the other side refuses.
   * @throws {AskTimeoutError} When no answer came in time.
   * @throws {ConnectionClosedError} When the connection is closed.
   * @throws {RangeError} When the time limit is not a positive number.
   */
  disconnect(options: AskOptions = {}): Promise<void> {
    return this.#port.disconnect(options);
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

/**
 * Puts another connection behind a handle, after a client has come back.
 *
 * @param nsConn The handle.
 * @param port What stands behind it from now on.
 */
export function attachNSConn(nsConn: NSConn, port: NamespacePort): void {
  setPort(nsConn, port);
}

/** A connection in a namespace whose events are not checked. */
// deno-lint-ignore no-explicit-any -- the caller claims which events may be sent
export type UntypedNSConn = NSConn<any>;

/** What sends messages that may be dropped. */
export interface VolatileSender {
  emit(event: string, ...body: unknown[]): boolean;
  broadcast(event: string, ...body: unknown[]): void;
  broadcastOthers(event: string, ...body: unknown[]): void;
}

/**
 * Makes what sends messages that are dropped for peers that read slowly.
 *
 * @param conn The connection.
 * @param where The namespace and the room of the messages.
 * @returns The functions that send them.
 */
export function makeVolatile(
  conn: Conn,
  where: (event: string) => MessageInit,
): VolatileSender {
  const init = (event: string, body: unknown): MessageInit => ({
    ...where(event),
    body: body as Body,
    isVolatile: true,
  });
  return {
    emit: (event, body) => conn.write(init(event, body)),
    broadcast: (event, body) => conn.server.broadcast(null, init(event, body)),
    broadcastOthers: (event, body) =>
      conn.server.broadcast(conn, init(event, body)),
  };
}

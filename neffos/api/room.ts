/**
 * {@linkcode Room}: a connection inside one room of a namespace.
 *
 * @module
 */

import type {
  Body,
  Message,
  MessageInit,
  UntypedMessage,
} from "../protocol/message.ts";
import type { AskOptions } from "./ask_options.ts";
import { makeVolatile, type NSConn, type UntypedNSConn } from "./ns_conn.ts";
import type { AnswerOf, AnyEvents, BodyArgs, BodyOf } from "./typed_events.ts";

/** What stands behind a {@linkcode Room}. */
export interface RoomPort {
  readonly name: string;
  readonly nsConn: UntypedNSConn;
  readonly isJoined: boolean;
  emit(event: string, body: unknown): boolean;
  ask(
    event: string,
    body: unknown,
    options: AskOptions | undefined,
  ): Promise<UntypedMessage>;
  leave(options: AskOptions): Promise<void>;
}

let setPort: (room: Room, port: RoomPort) => void;

/**
 * A connection inside one room of a namespace.
 *
 * @typeParam Emits The events that may be sent, as for `NSConn`.
 *
 * @example
 * ```ts
 * import { denoUpgrader, Server } from "@neffos/mvc";
 *
 * const server = new Server(denoUpgrader(), {
 *   chat: {
 *     async onEnter(nsConn, msg) {
 *       const room = await nsConn.joinRoom(msg.text());
 *       room.broadcastOthers("onEntered", nsConn.id);
 *     },
 *   },
 * });
 * await server.close();
 * ```
 *
 * @category Connections
 */
export class Room<Emits extends object = AnyEvents> {
  /** The name of the room. */
  readonly name: string;
  #port: RoomPort;

  static {
    setPort = (room, port) => room.#port = port;
  }

  /**
   * Called by this module alone.
   *
   * @param port What stands behind it.
   * @ignore
   */
  constructor(port: RoomPort) {
    this.name = port.name;
    this.#port = port;
  }

  /** The connection in the namespace that the room is in. */
  get nsConn(): NSConn<Emits> {
    return this.#port.nsConn;
  }

  /** Whether the connection is in the room, now. */
  get isJoined(): boolean {
    return this.#port.isJoined;
  }

  /**
   * Sends an event to the other side, marked with the room.
   *
   * @param event The name of the event.
   * @param body The body, as for `NSConn.emit`.
   * @returns Whether it was sent, or kept by a client that is coming back:
   * `false` when the room is left or the connection closed.
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
   * import type { Room } from "@neffos/mvc";
   *
   * function tellPrice(room: Room<{ onPrice: number }>, price: number) {
   *   room.volatile.emit("onPrice", price);
   * }
   * ```
   */
  get volatile(): Pick<
    Room<Emits>,
    "emit" | "broadcast" | "broadcastOthers"
  > {
    return makeVolatile(this.nsConn.conn, (event) => this.#init(event));
  }

  /**
   * Sends an event to every connection in the room, itself included if it is
   * in it. On the server's side only; see `Server.broadcast`.
   *
   * @param event The name of the event.
   * @param body The body, as for `NSConn.emit`.
   * @throws {TypeError} When the body cannot be sent, or this is a client's
   * connection.
   *
   * @example
   * ```ts
   * import type { Message, NSConn } from "@neffos/mvc";
   *
   * const events = {
   *   onRoomJoined(nsConn: NSConn, msg: Message) {
   *     nsConn.room(msg.room)!.broadcastOthers("onJoined", nsConn.id);
   *   },
   * };
   * ```
   */
  broadcast<Event extends keyof Emits & string>(
    event: Event,
    ...body: BodyArgs<BodyOf<Emits, Event>>
  ): void {
    this.nsConn.server.broadcast(null, this.#init(event, body[0]));
  }

  /**
   * Sends an event to every other connection in the room. On the server's side
   * only; see `Server.broadcast`.
   *
   * @param event The name of the event.
   * @param body The body, as for `NSConn.emit`.
   * @throws {TypeError} When the body cannot be sent, or this is a client's
   * connection.
   */
  broadcastOthers<Event extends keyof Emits & string>(
    event: Event,
    ...body: BodyArgs<BodyOf<Emits, Event>>
  ): void {
    const { conn } = this.nsConn;
    conn.server.broadcast(conn, this.#init(event, body[0]));
  }

  #init(event: string, body?: unknown): MessageInit {
    const { namespace } = this.nsConn;
    return { namespace, room: this.name, event, body: body as Body };
  }

  /**
   * Sends an event to the other side, marked with the room, and waits for the
   * answer.
   *
   * @param event The name of the event.
   * @param body The body, as for `NSConn.emit`.
   * @param options The time limit (10 seconds), and a signal that ends the
   * wait.
   * @returns The answer.
   * @throws {EventError} What the other side's handler has thrown.
   * @throws {AskTimeoutError} When no answer came in time.
   * @throws {ConnectionClosedError} When the connection is closed, or closes
   * before the answer.
   * @throws {BadRoomError} When it is not in the room.
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
   * Leaves the room, if the other side lets it.
   *
   * @param options The time limit (10 seconds), and a signal that ends the
   * wait.
   * @returns When it has left.
   * @throws {BadRoomError} When it is not in the room.
   * @throws {EventError} When the other side refuses.
   * @throws {AskTimeoutError} When no answer came in time.
   * @throws {ConnectionClosedError} When the connection is closed.
   * @throws {RangeError} When the time limit is not a positive number.
   */
  leave(options: AskOptions = {}): Promise<void> {
    return this.#port.leave(options);
  }

  /**
   * Returns the name, for use in strings.
   *
   * @returns The name of the room.
   */
  toString(): string {
    return this.name;
  }
}

/**
 * Puts another connection behind a handle, after a client has come back.
 *
 * @param room The handle.
 * @param port What stands behind it from now on.
 */
export function attachRoom(room: Room, port: RoomPort): void {
  setPort(room, port);
}

/** A room whose events are not checked. */
// deno-lint-ignore no-explicit-any -- the caller claims which events may be sent
export type UntypedRoom = Room<any>;

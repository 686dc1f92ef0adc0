/**
 * {@linkcode Room}: a connection inside one room of a namespace.
 *
 * @module
 */

import type { NSState } from "../connection/namespace_state.ts";
import { encodeEvent, encodeRoute } from "../protocol/codec.ts";
import { BAD_ROOM, BadRoomError } from "../protocol/errors.ts";
import { type Body, type Message, toRawBody } from "../protocol/message.ts";
import { mayFail } from "../util/deferred.ts";
import type { AskOptions } from "./ask_options.ts";
import type { NSConn } from "./ns_conn.ts";
import type { AnswerOf, AnyEvents, BodyArgs, BodyOf } from "./typed_events.ts";

/**
 * A connection inside one room of a namespace.
 *
 * @typeParam Emits The events that may be sent, as for `NSConn`.
 */
export class Room<Emits extends object = AnyEvents> {
  /** The name of the room. */
  readonly name: string;
  readonly #state: NSState;
  readonly #scope: string;

  /**
   * Made by this module alone.
   *
   * @param state The namespace that the room is in.
   * @param name The name of the room.
   * @ignore
   */
  constructor(state: NSState, name: string) {
    this.#state = state;
    this.name = name;
    this.#scope = encodeRoute(state.namespace, name);
  }

  /** The connection in the namespace that the room is in. */
  get nsConn(): NSConn<Emits> {
    return this.#state.nsConn;
  }

  /** Whether the connection is in the room, now. */
  get isJoined(): boolean {
    return this.nsConn.isConnected && this.#state.rooms.get(this.name) === this;
  }

  /**
   * Sends an event to the other side, marked with the room.
   *
   * @param event The name of the event.
   * @param body The body, as for `NSConn.emit`.
   * @returns Whether it was sent: `false` when the room is left or the
   * connection closed.
   * @throws {TypeError} When the body cannot be sent.
   */
  emit<Event extends keyof Emits & string>(
    event: Event,
    ...body: BodyArgs<BodyOf<Emits, Event>>
  ): boolean {
    const frame = encodeEvent("", this.#scope, event, toRawBody(body[0]));
    return this.isJoined
      ? this.#state.core.send(frame)
      : this.#state.keep(frame);
  }

  /**
   * Sends events that are not sent to who is behind; see
   * `MessageInit.isVolatile`. `emit` gives `false` where one is left out.
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
  get volatile(): Pick<Room<Emits>, "emit"> {
    const { conn } = this.nsConn;
    const at = {
      namespace: this.nsConn.namespace,
      room: this.name,
      isVolatile: true,
    };
    return {
      emit: (event, ...[body]) =>
        conn.write({ ...at, event, body: body as Body }),
    };
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
   * @throws {ConnectionClosedError} When the connection is closed.
   * @throws {BadRoomError} When it is not in the room.
   * @throws {TypeError} When the body cannot be sent.
   */
  ask<Event extends keyof Emits & string>(
    event: Event,
    ...body: BodyArgs<BodyOf<Emits, Event>, [options?: AskOptions]>
  ): Promise<Message<AnswerOf<Emits, Event>>> {
    const { core, namespace } = this.#state;
    const raw = toRawBody(body[0]);
    const room = this.name;
    if (!this.isJoined) {
      return mayFail(Promise.reject(
        core.isEnding
          ? core.closedError()
          : new BadRoomError(BAD_ROOM, { namespace, room, event }),
      ));
    }
    return mayFail(core.asks.request(
      { namespace, room, event },
      (wait) => encodeEvent(wait, this.#scope, event, raw),
      body[1],
    ));
  }

  /**
   * Leaves the room, if the other side lets it.
   *
   * @param options The time limit, and a signal that ends the wait.
   * @returns When it has left.
   * @throws {BadRoomError} When it is not in the room.
   * @throws {EventError} When the other side refuses.
   */
  leave(options: AskOptions = {}): Promise<void> {
    const { rooms } = this.#state.core.membership;
    return mayFail(rooms.leave(this.#state, this.name, options));
  }

  /**
   * Gives the name, for texts.
   *
   * @returns The name of the room.
   */
  toString(): string {
    return this.name;
  }
}

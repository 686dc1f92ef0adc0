/**
 * {@linkcode NSConn}: a connection inside one namespace.
 *
 * @module
 */

import type { NSState } from "../connection/namespace_state.ts";
import { encodeEvent } from "../protocol/codec.ts";
import { BAD_NAMESPACE, BadNamespaceError } from "../protocol/errors.ts";
import { OnNativeMessage } from "../protocol/event_names.ts";
import { type Body, type Message, toRawBody } from "../protocol/message.ts";
import { mayFail } from "../util/deferred.ts";
import type { AskOptions } from "./ask_options.ts";
import type { Conn } from "./conn.ts";
import type { Room } from "./room.ts";
import type { ServerApi } from "./server_api.ts";
import type { AnswerOf, AnyEvents, BodyArgs, BodyOf } from "./typed_events.ts";

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
 */
export class NSConn<Emits extends object = AnyEvents> {
  readonly #state: NSState;

  /**
   * Made by this module alone.
   *
   * @param state The state behind it.
   * @ignore
   */
  constructor(state: NSState) {
    this.#state = state;
  }

  /** The connection, in all of its namespaces. */
  get conn(): Conn {
    return this.#state.core.conn;
  }

  /** The connection's ID. */
  get id(): string {
    return this.#state.core.id;
  }

  /** The name of the namespace. */
  get namespace(): string {
    return this.#state.namespace;
  }

  /** Whether the namespace is connected, now. */
  get isConnected(): boolean {
    return this.#state.status === "connected" && !this.#state.core.isEnding;
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
    return [...this.#state.rooms.values()];
  }

  /**
   * Finds a room that it is in.
   *
   * @param name The name of the room.
   * @returns The room, `undefined` when it is not in it.
   */
  room(name: string): Room<Emits> | undefined {
    return this.#state.rooms.get(name);
  }

  /**
   * Sends an event to the other side.
   *
   * @param event The name of the event.
   * @param body The body: a string goes as text, bytes as a binary frame,
   * anything else as JSON.
   * @returns Whether it was sent: `false` when the connection is closed or
   * the namespace not connected.
   * @throws {TypeError} When the body cannot be sent.
   */
  emit<Event extends keyof Emits & string>(
    event: Event,
    ...body: BodyArgs<BodyOf<Emits, Event>>
  ): boolean {
    const state = this.#state;
    const raw = toRawBody(body[0]);
    const frame = isNative(state.namespace, event)
      ? raw
      : encodeEvent("", state.scope, event, raw);
    return state.status === "connected"
      ? state.core.send(frame)
      : state.keep(frame);
  }

  /**
   * Sends events that are not sent to who is behind; see
   * `MessageInit.isVolatile`. `emit` gives `false` where one is left out.
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
  get volatile(): Pick<NSConn<Emits>, "emit"> {
    const { conn, namespace } = this;
    return {
      emit: (event, ...[body]) =>
        conn.write({
          namespace,
          event,
          body: body as Body,
          isVolatile: true,
          isNative: isNative(namespace, event),
        }),
    };
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
   * @throws {TypeError} When the body cannot be sent.
   */
  ask<Event extends keyof Emits & string>(
    event: Event,
    ...body: BodyArgs<BodyOf<Emits, Event>, [options?: AskOptions]>
  ): Promise<Message<AnswerOf<Emits, Event>>> {
    const { core, namespace, scope, status } = this.#state;
    const raw = toRawBody(body[0]);
    if (status !== "connected") {
      return mayFail(Promise.reject(
        core.isEnding
          ? core.closedError()
          : new BadNamespaceError(BAD_NAMESPACE, { namespace, event }),
      ));
    }
    return mayFail(core.asks.request(
      { namespace, room: "", event },
      (wait) => encodeEvent(wait, scope, event, raw),
      body[1],
    ));
  }

  /**
   * Joins a room, if the other side lets it.
   *
   * @param name The name of the room.
   * @param options The time limit, and a signal that ends the wait.
   * @returns The room.
   * @throws {EventError} When the other side refuses.
   * @throws {AskTimeoutError} When no answer came in time.
   * @throws {ConnectionClosedError} When the connection is closed.
   */
  joinRoom(name: string, options: AskOptions = {}): Promise<Room<Emits>> {
    const { rooms } = this.#state.core.membership;
    return mayFail(rooms.join(this.#state, name, options));
  }

  /**
   * Leaves every room, one after another.
   *
   * @param options The time limit for each, and a signal that ends the wait.
   * @throws {EventError} When the other side refuses.
   */
  leaveAll(options: AskOptions = {}): Promise<void> {
    return mayFail(this.#leaveAll(options));
  }

  async #leaveAll(options: AskOptions): Promise<void> {
    const { rooms } = this.#state.core.membership;
    for (const { name } of this.rooms) {
      if (!this.#state.rooms.has(name)) continue;
      await rooms.leave(this.#state, name, options, { isLocal: true });
    }
  }

  /**
   * Leaves the namespace, if the other side lets it.
   *
   * @param options The time limit, and a signal that ends the wait.
   * @returns When it has left.
   * @throws {BadNamespaceError} When the namespace is not connected.
   * @throws {EventError} When the other side refuses.
   */
  disconnect(options: AskOptions = {}): Promise<void> {
    const { membership } = this.#state.core;
    return mayFail(membership.disconnect(this.#state, options));
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

/** Whether an event goes out as its bare body. */
function isNative(namespace: string, event: string): boolean {
  return event === OnNativeMessage && namespace === "";
}

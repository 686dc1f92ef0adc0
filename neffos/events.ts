/**
 * Events and where they go: event names, {@linkcode Events},
 * {@linkcode Namespaces}, {@linkcode ConnHandler},
 * {@linkcode joinConnHandlers} and {@linkcode withTimeout}.
 *
 * @module
 */

import { handlerSource } from "./_names.ts";
import { assertTimeouts, sourcesOf, strictest } from "./_compile.ts";
import type { Message } from "./message.ts";
import type { NSConn } from "./ns_conn.ts";
import type { Server } from "./server.ts";

export {
  handlerSource,
  OnAnyEvent,
  OnNamespaceConnect,
  OnNamespaceConnected,
  OnNamespaceDisconnect,
  OnNativeMessage,
  OnRoomJoin,
  OnRoomJoined,
  OnRoomLeave,
  OnRoomLeft,
} from "./_names.ts";

/**
 * Handles one event of one connection.
 *
 * What it returns answers an ask: a string as text, bytes as a binary frame,
 * anything else as JSON, nothing as the empty reply. A plain emit is answered
 * only by `reply(body)`. What it throws goes back as an error.
 *
 * @param nsConn The connection, in the namespace of the event.
 * @param msg The message.
 * @returns The answer, or a promise of it.
 */
// A method, so that a handler may say what it expects: Message<Chat>.
export type MessageHandler = {
  handle(nsConn: NSConn, msg: Message): unknown;
}["handle"];

/**
 * The events of one namespace: names on the wire and their handlers. The
 * built-in events may be spelt `_OnRoomJoin`, `OnRoomJoin` or `onRoomJoin`.
 */
export interface Events {
  /** The handler of an event. */
  [event: string]: MessageHandler;
}

/** Several namespaces and the events of each. */
export interface Namespaces {
  /** The events of a namespace. */
  [namespace: string]: Events;
}

/**
 * What a server or a client handles its connections with: the events of the
 * empty namespace, the events of several namespaces, or anything made of
 * them, such as a Struct, an Application, or what {@linkcode joinConnHandlers}
 * and {@linkcode withTimeout} return.
 */
export type ConnHandler = Events | Namespaces | HandlerSource;

/** Something that provides event handlers; see {@linkcode ConnHandler}. */
export interface HandlerSource {
  /**
   * Gives the handlers. It is called once, when a server or a client is made.
   *
   * @param server The server that is made, on its side.
   * @returns The handlers, by namespace; a namespace may come several times.
   */
  [handlerSource](server?: Server): NamespaceSource[];
}

/** What one controller or one object of events brings to a namespace. */
export interface NamespaceSource {
  /** The namespace. */
  readonly namespace: string;
  /** Who brings it, for error texts. */
  readonly name: string;
  /** The handlers by the names on the wire. */
  readonly handlers: ReadonlyMap<string, SourceHandler>;
  /** Makes what the handlers work on, for each connection. */
  readonly bind?: ((nsConn: NSConn) => Binding | Promise<Binding>) | undefined;
  /** The time limits. */
  readonly timeouts?: Timeouts | undefined;
}

/**
 * A handler of a {@linkcode NamespaceSource}: a {@linkcode MessageHandler}
 * that is given what its source's `bind` made, too.
 */
export interface SourceHandler {
  /** Handles an event; `instance` is what the source's `bind` made. */
  (nsConn: NSConn, msg: Message, instance: object): unknown;
  /** Whether it stands for an async function. */
  readonly isAsync?: boolean | undefined;
}

/** What a source made for one connection in its namespace. */
export interface Binding {
  /** The object that the handlers work on. */
  readonly instance: object;
  /** Called once the connection has left the namespace. */
  readonly dispose?: (() => void | Promise<void>) | undefined;
}

/** Time limits of a connection, in milliseconds. */
export interface Timeouts {
  /**
   * Closes a connection (4002) from which nothing came for so long.
   *
   * @default {undefined} no limit
   */
  readonly read?: number | undefined;
}

/**
 * Joins several handlers into one. A namespace may come from several of them.
 *
 * @param handlers The handlers.
 * @returns A handler with the events of all of them. Life-cycle events
 * (connect, join and so on) of several handlers run one after another.
 * @throws {TypeError} When a server or client is made of it and two of them
 * handle the same event of the same namespace.
 *
 * @example
 * ```ts
 * import { denoUpgrader, joinConnHandlers, Server } from "@neffos/mvc";
 *
 * const handler = joinConnHandlers(
 *   { chat: { onSay: () => {} } },
 *   { admin: { onKick: () => {} } },
 * );
 * const server = new Server(denoUpgrader(), handler);
 * await server.close();
 * ```
 */
export function joinConnHandlers(...handlers: ConnHandler[]): HandlerSource {
  return {
    [handlerSource]: (server) =>
      handlers.flatMap((handler) => sourcesOf(handler, server)),
  };
}

/**
 * Gives a handler time limits. Where handlers with limits are joined, the
 * strictest limit counts.
 *
 * @param handler The handler.
 * @param timeouts The limits.
 * @returns The handler with the limits.
 * @throws {RangeError} When a limit is not a positive number.
 */
export function withTimeout(
  handler: ConnHandler,
  timeouts: Timeouts,
): HandlerSource {
  assertTimeouts(timeouts);
  return {
    [handlerSource]: (server) =>
      sourcesOf(handler, server).map((source) => ({
        ...source,
        timeouts: strictest([source.timeouts, timeouts]),
      })),
  };
}

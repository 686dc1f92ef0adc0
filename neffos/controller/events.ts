/**
 * Events and where they go: event names, {@linkcode Events},
 * {@linkcode Namespaces}, {@linkcode ConnHandler},
 * {@linkcode joinConnHandlers} and {@linkcode withTimeout}.
 *
 * @module
 */

import type { NSConn } from "../api/ns_conn.ts";
import type { ServerApi } from "../api/server_api.ts";
import type {
  BodyOf,
  BuiltInMethod,
  Transmitted,
} from "../api/typed_events.ts";
import type { Message, Reply } from "../protocol/message.ts";

export {
  OnAnyEvent,
  OnNamespaceConnect,
  OnNamespaceConnected,
  OnNamespaceDisconnect,
  OnNativeMessage,
  OnRoomJoin,
  OnRoomJoined,
  OnRoomLeave,
  OnRoomLeft,
} from "../protocol/event_names.ts";

/** The key of the method that makes an object a {@linkcode HandlerSource}. */
export const handlerSource: unique symbol = Symbol("neffos.handlerSource");

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
  [handlerSource](server?: ServerApi): NamespaceSource[];
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
  /** What runs around its events, the first one outermost. */
  readonly use?: readonly EventMiddleware[] | undefined;
  /**
   * What runs around those and around the events of all other sources that
   * have the same array here: once for what they handle together.
   */
  readonly around?: readonly EventMiddleware[] | undefined;
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

/**
 * Runs what comes after a middleware: the next one, at last the handler.
 *
 * @param msg What the rest is given in place of the message, if anything. Its
 * namespace, room and event change nothing any more.
 * @returns What the handler returned. It rejects with what the handler threw,
 * or with the error that it returned.
 */
export type NextEvent = (msg?: Message) => Promise<unknown>;

/**
 * Runs around every event that has a handler, and around connecting to and
 * leaving a namespace and joining and leaving a room, whether they have a
 * handler or not.
 *
 * What it throws before the handler is reached refuses: the other side is
 * told the text of an EventError. What it returns is the answer, in place of
 * what the handler returned. Who asks to connect or to join is let in only if
 * the handler was reached and lets them; a controller, and the services that
 * it is given, are made after the middleware of connecting. What has happened already (connected, joined, left, the
 * connection lost) cannot be refused, and its handler runs in any case.
 *
 * @param nsConn The connection, in the namespace of the event.
 * @param msg The message; `msg.event` says what happens, for instance
 * {@linkcode OnRoomJoin}.
 * @param next Runs what comes after. May be called once, and should be awaited
 * or returned.
 * @returns The answer, or a promise of it.
 *
 * @example
 * ```ts
 * import { contextOf, EventError, type EventMiddleware } from "@neffos/mvc";
 *
 * const requireKey: EventMiddleware = (nsConn, _msg, next) => {
 *   if (contextOf(nsConn).header("x-key") === undefined) {
 *     throw new EventError("a key is required");
 *   }
 *   return next();
 * };
 *
 * const logTime: EventMiddleware = async (nsConn, msg, next) => {
 *   const start = performance.now();
 *   try {
 *     return await next();
 *   } finally {
 *     console.log(nsConn.id, msg.event, performance.now() - start);
 *   }
 * };
 *
 * class ChatController {
 *   static readonly use = [logTime, requireKey];
 *   onChat() {}
 * }
 * ```
 */
// A method, so that it may ask for an NSConn<Events>.
export type EventMiddleware = {
  handle(nsConn: NSConn, msg: Message, next: NextEvent): unknown;
}["handle"];

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
 * The handlers of the other side of a connection: what a client gives to
 * `dial` where the server's controller has an `NSConn<Emits>`. The events of
 * the life cycle may be among them.
 *
 * @typeParam Emits The events that come from the other side.
 *
 * @example
 * ```ts
 * import type { HandlersOf } from "@neffos/mvc";
 *
 * interface ChatEvents {
 *   onChat: { from: string; text: string };
 * }
 * const chat: HandlersOf<ChatEvents> = {
 *   onChat: (_nsConn, msg) => console.log(msg.json().text),
 * };
 * ```
 */
export type HandlersOf<Emits extends object> =
  & {
    [Event in keyof Emits & string]?: (
      nsConn: NSConn,
      msg: Message<Transmitted<BodyOf<Emits, Event>>>,
    ) => Emits[Event] extends (...args: never[]) => infer Answer
      ? Answer | Reply<Answer> | Promise<Answer | Reply<Answer>>
      : unknown;
  }
  & { [Event in BuiltInMethod]?: MessageHandler };

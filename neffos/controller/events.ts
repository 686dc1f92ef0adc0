/**
 * The types of handlers: {@linkcode Events}, {@linkcode Namespaces},
 * {@linkcode ConnHandler} and {@linkcode EventMiddleware}.
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
import type { handlerSource } from "../protocol/event_names.ts";

/**
 * Handles one event of one connection.
 *
 * Its result answers an ask: a string as text, bytes as a binary frame,
 * `undefined` as the empty reply, anything else as JSON or as the option
 * `bodyCodec` encodes it. A plain emit is
 * answered only by `reply(body)`. An EventError is sent to the peer.
 *
 * @param nsConn The connection, in the namespace of the event.
 * @param msg The message.
 * @returns The answer, or a promise of it.
 *
 * @category Events
 */
// A method, whose parameters are bivariant: a handler may take Message<Chat>.
export type MessageHandler = {
  handle(nsConn: NSConn, msg: Message): unknown;
}["handle"];

/**
 * The handlers of one namespace, by the names of their events on the wire.
 * Built-in events may be spelt `_OnRoomJoin`, `OnRoomJoin` or `onRoomJoin`.
 *
 * @category Events
 */
export interface Events {
  /** The handler of an event. */
  [event: string]: MessageHandler;
}

/**
 * The handlers of several namespaces: objects of events, and controllers.
 *
 * @example
 * ```ts
 * import { denoUpgrader, type Message, NSConn, Server, Struct } from "@neffos/mvc";
 *
 * class Room {
 *   constructor(readonly nsConn: NSConn) {}
 *   onSay(msg: Message) {
 *     this.nsConn.server.broadcast(this.nsConn, msg);
 *   }
 * }
 *
 * // Each namespace has instances of its own.
 * const server = new Server(denoUpgrader(), {
 *   chat: new Struct(Room),
 *   lobby: new Struct(Room),
 *   status: { onPing: () => "pong" },
 * });
 * await server.close();
 * ```
 *
 * @category Events
 */
export interface Namespaces {
  /** The events of a namespace, or a controller without another namespace. */
  [namespace: string]: Events | HandlerSource | BareClass;
}

/**
 * The handler of a server or a client: the events of the empty namespace, the
 * events of several namespaces, or a {@linkcode HandlerSource}: a Struct, an
 * Application, or the result of `joinConnHandlers` or `withTimeout`.
 *
 * @category Events
 */
export type ConnHandler = Events | Namespaces | HandlerSource | BareClass;

/**
 * What the compiler compares a class with that is given without a Struct: no class
 * is one, and its error shows the text.
 *
 * @category Type utilities
 */
export type BareClass = abstract new (
  ...args: never[]
) => "is a class: write new Struct(Class)";

/**
 * A provider of event handlers; see {@linkcode ConnHandler}.
 *
 * @category Protocol
 */
export interface HandlerSource {
  /**
   * Returns the handlers. Called once, when a server or a client is made.
   *
   * @param server The server that is being made, on the server's side.
   * @returns The sources; several may have the same namespace.
   */
  [handlerSource](server?: ServerApi): NamespaceSource[];
}

/**
 * The handlers that one controller or one object has for a namespace.
 *
 * @category Protocol
 */
export interface NamespaceSource {
  /** The namespace. */
  readonly namespace: string;
  /** The name of the controller, for error texts. */
  readonly name: string;
  /** The class or the object, which cannot handle a namespace twice. */
  readonly controller?: object | undefined;
  /** The handlers, by the names of their events on the wire. */
  readonly handlers: ReadonlyMap<string, SourceHandler>;
  /** The object of functions that they were taken from. */
  readonly events?: Events | undefined;
  /** The methods of the controller that they call, by event. */
  readonly methods?: ReadonlyMap<string, string> | undefined;
  /** Whether all connections share the instance of the controller. */
  readonly isShared?: boolean | undefined;
  /** Whether the constructor of the controller may take more than an `NSConn`. */
  readonly isInjected?: boolean | undefined;
  /** Makes the instance of the controller for a connection. */
  readonly bind?: ((nsConn: NSConn) => Binding | Promise<Binding>) | undefined;
  /** The time limits. */
  readonly timeouts?: Timeouts | undefined;
  /** The middleware of its events, the first one outermost. */
  readonly use?: readonly EventMiddleware[] | undefined;
  /**
   * The middleware around `use`. Sources with the same array share it: it runs
   * once for a life-cycle event that several of them handle.
   */
  readonly around?: readonly EventMiddleware[] | undefined;
}

/**
 * A handler of a {@linkcode NamespaceSource}: a {@linkcode MessageHandler}
 * that also takes the instance of its controller.
 *
 * @category Protocol
 */
export interface SourceHandler {
  /** Handles an event; `instance` comes from the source's `bind`. */
  (nsConn: NSConn, msg: Message, instance: object): unknown;
}

/**
 * The instance of a controller for one connection in a namespace.
 *
 * @category Protocol
 */
export interface Binding {
  /** The instance. */
  readonly instance: object;
  /** Called after the connection has left the namespace. */
  readonly dispose?: (() => void | Promise<void>) | undefined;
}

/**
 * Runs the next middleware or, after the last one, the handler.
 *
 * @param msg A message in place of the present one, if any. Its namespace,
 * room and event have no effect.
 * @returns The result of the handler. Rejects with the error that the handler
 * throws or returns.
 *
 * @category Events
 */
export type NextEvent = (msg?: Message) => Promise<unknown>;

/**
 * Runs around every event that has a handler, and around every life-cycle
 * event (connecting to and leaving a namespace, joining and leaving a room)
 * with or without a handler.
 *
 * An exception before `next()` refuses the event: the peer gets the text of an
 * EventError. The result is the answer, in place of the handler's. A connect
 * or a join is granted only if the handler runs and does not refuse it; a
 * controller and its services are made after the middleware of connecting. An
 * event after the fact (connected, joined, left, the connection lost) cannot
 * be refused, and its handler runs in any case.
 *
 * @param nsConn The connection, in the namespace of the event.
 * @param msg The message; `msg.event` is the event, for instance
 * {@linkcode OnRoomJoin}.
 * @param next Runs the next middleware or the handler. May be called once, and
 * should be awaited or returned.
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
 *
 * @category Events
 */
// A method, whose parameters are bivariant: it may take an NSConn<Events>.
export type EventMiddleware = {
  handle(nsConn: NSConn, msg: Message, next: NextEvent): unknown;
}["handle"];

/**
 * Time limits of a connection, in milliseconds.
 *
 * @category Events
 */
export interface Timeouts {
  /**
   * Closes a connection (4002) after so many milliseconds without a frame from
   * the peer.
   *
   * @default {undefined} no limit
   */
  readonly read?: number | undefined;
  /**
   * Closes a connection (4002) when the network has not taken a message so many
   * milliseconds after it was sent: the peer has stopped to read, or is gone. It is
   * looked at about three times a second. A message should be small enough to
   * be taken in that time.
   *
   * @default {undefined} no limit; see `maxBuffered`
   */
  readonly write?: number | undefined;
}

/**
 * The handlers for the events that the peer emits: for a client of a server
 * whose controller has an `NSConn<Emits>`. Built-in events may be among them.
 *
 * @typeParam Emits The events that the peer emits.
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
 *
 * @category Events
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

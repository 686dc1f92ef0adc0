/**
 * {@linkcode dial}: a client for Deno, browsers, Node and Bun, on the
 * platform's WebSocket alone. For pages and programs that only connect.
 *
 * ```ts
 * import { dial } from "@neffos/mvc/client";
 * import { denoUpgrader, Server } from "@neffos/mvc/neffos";
 *
 * // The server, which is another program.
 * const server = new Server(denoUpgrader(), {
 *   chat: { onSay: (_nsConn, msg) => `you said ${msg.text()}` },
 * });
 * const listener = Deno.serve(
 *   { port: 0, hostname: "127.0.0.1", onListen() {} },
 *   (request, info) => server.upgrade(request, info),
 * );
 *
 * const client = await dial(`ws://127.0.0.1:${listener.addr.port}`, {
 *   chat: { onNews: (_nsConn, msg) => console.log(msg.text()) },
 * }, { reconnect: true });
 * const chat = await client.connect("chat");
 * chat.emit("onSay", "hello");
 * console.log((await chat.ask("onSay", "hello")).text()); // you said hello
 *
 * await client.close();
 * await server.close();
 * await listener.shutdown();
 * ```
 *
 * @module
 */

import type { AskOptions } from "./api/ask_options.ts";
import type { Conn } from "./api/conn.ts";
import type { NSConn } from "./api/ns_conn.ts";
import type {
  AnyEvents,
  ConnectArgs,
  EventsOf,
  NamespaceOf,
} from "./api/typed_events.ts";
import type { ConnHandler } from "./controller/events.ts";
import type { CloseInfo } from "./transport/socket.ts";
import type { DialOptions, DialURL } from "./client/dial.ts";
import { ClientHost } from "./client/host.ts";
import { ignoreRejection } from "./util/promises.ts";
import { NeffosError } from "./protocol/errors.ts";

export type { AskOptions, EntryOptions } from "./api/ask_options.ts";
export { Conn } from "./api/conn.ts";
export { NSConn } from "./api/ns_conn.ts";
export { Room } from "./api/room.ts";
export type { FaultSource } from "./api/server_api.ts";
export type {
  AnswerOf,
  AnyEvents,
  BodyArgs,
  BodyOf,
  BuiltInMethod,
  ConnectArgs,
  ConnectBodyOf,
  EventInit,
  EventMethod,
  EventsOf,
  MessageParameter,
  NamespaceOf,
  OnMethod,
  SchemaOf,
  Transmitted,
} from "./api/typed_events.ts";
export type {
  DialAttempt,
  DialOptions,
  DialURL,
  ForEachAttempt,
} from "./client/dial.ts";
export type { ReconnectOptions } from "./client/reconnect.ts";
export type {
  ConnectionLimits,
  HeartbeatOptions,
} from "./connection/limits.ts";
export type { EventTracing } from "./connection/tracing.ts";
export type {
  BareClass,
  Binding,
  ConnHandler,
  EventMiddleware,
  Events,
  HandlersOf,
  HandlerSource,
  MessageHandler,
  Namespaces,
  NamespaceSource,
  NextEvent,
  SourceHandler,
  Timeouts,
} from "./controller/events.ts";
export { joinConnHandlers, withTimeout } from "./controller/sources.ts";
export {
  type ControllerClass,
  type EventMatcher,
  eventPrefixMatcher,
  eventTrimPrefixMatcher,
  Struct,
  type StructOptions,
} from "./controller/struct.ts";
export {
  AskTimeoutError,
  BadNamespaceError,
  BadRoomError,
  type CheckedErrorClass,
  CloseError,
  ConnectionClosedError,
  type ConnectionClosedErrorOptions,
  DialError,
  type DialErrorOptions,
  EventError,
  InvalidPayloadError,
  type KnownErrorClass,
  LimitError,
  NeffosError,
  type NeffosErrorOptions,
  registerError,
} from "./protocol/errors.ts";
export {
  handlerSource,
  isSystemEvent,
  OnAnyEvent,
  OnNamespaceConnect,
  OnNamespaceConnected,
  OnNamespaceDisconnect,
  OnNativeMessage,
  OnRoomJoin,
  OnRoomJoined,
  OnRoomLeave,
  OnRoomLeft,
} from "./protocol/event_names.ts";
export {
  type Body,
  Exclude,
  exclude,
  Message,
  type MessageInit,
  type RawBody,
  Reply,
  reply,
} from "./protocol/message.ts";
export type { BodyCodec, StandardSchemaV1 } from "./protocol/body.ts";
export {
  decode,
  type Encodable,
  encode,
  type NativeMode,
} from "./protocol/codec.ts";
export { socketPair } from "./transport/socket.ts";
export type {
  CloseInfo,
  Socket,
  SocketAbilities,
  SocketListener,
} from "./transport/socket.ts";
export type {
  PeerAddress,
  UpgradeRequest,
} from "./transport/upgrade_request.ts";

/**
 * A connection to a neffos server, made by {@linkcode dial}.
 *
 * @example
 * ```ts
 * import { denoUpgrader, dial, Server } from "@neffos/mvc";
 *
 * const server = new Server(denoUpgrader(), { chat: { onHi: () => "hello" } });
 * const listener = Deno.serve(
 *   { port: 0, hostname: "127.0.0.1", onListen() {} },
 *   (request, info) => server.upgrade(request, info),
 * );
 * {
 *   await using client = await dial(`ws://127.0.0.1:${listener.addr.port}`, {
 *     chat: {},
 *   });
 *   await client.connect("chat");
 *   console.log(client.id, client.namespace("chat") !== undefined); // … true
 * }
 * await server.close();
 * await listener.shutdown();
 * ```
 *
 * @category Client
 */
export class Client implements AsyncDisposable {
  readonly #host: ClientHost;
  readonly #conn: Conn;

  /**
   * Made by {@linkcode dial}.
   *
   * @param host The host of its connection.
   * @param conn The connection.
   * @ignore
   */
  constructor(host: ClientHost, conn: Conn) {
    this.#host = host;
    this.#conn = conn;
  }

  /** The connection, in all of its namespaces. */
  get conn(): Conn {
    return this.#conn;
  }

  /** The ID that the server gave to the connection. */
  get id(): string {
    return this.#conn.id;
  }

  /** Whether the connection is closed for good, or about to be. */
  get isClosed(): boolean {
    return this.#host.isOver;
  }

  /** Settled, with the reason, when the connection has ended for good. */
  get closed(): Promise<CloseInfo> {
    return this.#host.closed.promise;
  }

  /**
   * Connects a namespace, if the server lets it.
   *
   * @typeParam C The type of the server's controller, or an interface of the
   * events that it takes: `connect<typeof ChatController>("default")` knows
   * the events, their bodies and their answers. Without it, any.
   * @param namespace The name of the namespace, which the handler given to
   * {@linkcode dial} must have as well.
   * @param args The time limit (10 seconds), a signal that ends the wait, and a
   * body for the hooks of the other side; see {@linkcode EntryOptions}.
   * @returns The connection in the namespace.
   * @throws {BadNamespaceError} When either side has no handler for it.
   * @throws {EventError} When the server or the own `onNamespaceConnect`
   * refuses.
   * @throws {AskTimeoutError} When no answer came in time.
   * @throws {ConnectionClosedError} When the connection is closed, or the
   * client away.
   * @throws {RangeError} When the time limit is not a positive number.
   * @throws {TypeError} When the body cannot be sent, or the name has a lone
   * surrogate.
   */
  connect<C extends object = AnyEvents>(
    namespace: NamespaceOf<C>,
    ...args: ConnectArgs<C>
  ): Promise<NSConn<EventsOf<C>>> {
    return this.#conn.connect<C>(namespace, ...args);
  }

  /**
   * Waits until the server connects a namespace.
   *
   * @typeParam C As for {@linkcode Client.connect}.
   * @param namespace The name of the namespace.
   * @param options A time limit (none by default), and a signal that ends
   * the wait.
   * @returns The connection in the namespace.
   * @throws {BadNamespaceError} When it was not connected in time.
   * @throws {ConnectionClosedError} When the connection is closed.
   */
  waitServerConnect<C extends object = AnyEvents>(
    namespace: NamespaceOf<C>,
    options?: AskOptions,
  ): Promise<NSConn<EventsOf<C>>> {
    return this.#conn.waitConnect<C>(namespace, options);
  }

  /**
   * Finds a namespace that is connected.
   *
   * @param name The name of the namespace.
   * @returns The connection in it, `undefined` when it is not connected.
   */
  namespace(name: string): NSConn | undefined {
    return this.#conn.namespace(name);
  }

  /**
   * Ends the delay before the next attempt to reconnect; see
   * {@linkcode DialOptions.onReconnecting}. Call it when the user asks for it,
   * or on the event `online` of a page. It does nothing if the client is not
   * waiting.
   */
  retryNow(): void {
    this.#host.retryNow();
  }

  /**
   * Closes the connection for good.
   *
   * @param code The close code: 1000, or 3000 to 4999.
   * @param reason The close reason.
   * @throws {RangeError} When the code is not an integer from 1000 to 4999.
   */
  close(code = 1000, reason = ""): Promise<void> {
    return ignoreRejection(this.#host.close(code, reason));
  }

  /** Closes the connection for good; see {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * Connects to a neffos server.
 *
 * The handlers are read here, once: one that is added to the object later is
 * not called, which is reported to `onError` when its event comes.
 *
 * @param url Where it is: `ws:`, `wss:`, `http:` or `https:`; in a page also
 * a path, relative to the page or its `<base>`. Without a scheme it is `ws:`. A
 * function gives it for each attempt to connect.
 * @param handler What handles the events: objects of functions, a Struct, or
 * what `joinConnHandlers` returns.
 * @param options The options.
 * @returns The client, once the server has accepted it.
 * @throws {DialError} When no server is there, or it opens no WebSocket, or it
 * did not accept in time.
 * @throws {EventError} When the server refuses, with its text.
 * @throws {TypeError} When the URL, the handler or an option is not valid.
 * @throws {RangeError} When the number of an option is out of range.
 *
 * @example
 * ```ts
 * import { denoUpgrader, dial, Server } from "@neffos/mvc";
 *
 * const server = new Server(denoUpgrader(), { chat: { onHi: () => "hello" } });
 * const listener = Deno.serve(
 *   { port: 0, hostname: "127.0.0.1", onListen() {} },
 *   (request, info) => server.upgrade(request, info),
 * );
 *
 * const client = await dial(`ws://127.0.0.1:${listener.addr.port}`, {
 *   chat: {},
 * });
 * const nsConn = await client.connect("chat");
 * const answer = await nsConn.ask("onHi");
 * console.log(answer.text()); // hello
 *
 * await client.close();
 * await server.close();
 * await listener.shutdown();
 * ```
 *
 * @category Client
 */
export function dial(
  url: DialURL,
  handler: ConnHandler,
  options: DialOptions = {},
): Promise<Client> {
  return ignoreRejection(open(url, handler, options));
}

async function open(
  url: DialURL,
  handler: ConnHandler,
  options: DialOptions,
): Promise<Client> {
  const host = new ClientHost(url, handler, options);
  // Taken before the first await, which ends the stack of the caller.
  const { stack } = new Error();
  try {
    return new Client(host, await host.dial());
  } catch (error) {
    if (error instanceof NeffosError) addFrames(error, stack);
    throw error;
  }
}

/** Adds the caller's frames to the stack of an error. */
function addFrames(error: Error, stack = ""): void {
  // V8 begins a stack with the text of the error.
  error.stack += `\n${stack.replace(/^Error.*\n/, "")}`;
}

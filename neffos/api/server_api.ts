/**
 * {@linkcode ServerApi}: the server, as its handlers and hooks see it.
 *
 * @module
 */

import type { UpgradeError } from "../protocol/upgrade_error.ts";
import type { Exclude, Message } from "../protocol/message.ts";
import type { CloseInfo } from "../transport/socket.ts";
import type { UpgradeRequest } from "../transport/upgrade_request.ts";
import type { AskOptions } from "./ask_options.ts";
import type { Conn } from "./conn.ts";
import type { NSConn } from "./ns_conn.ts";
import type { Room } from "./room.ts";
import type { Presence, PresenceListener } from "./presence.ts";
import type { MeasureOptions, ServerStats } from "./stats.ts";
import type { AnswerOf, AnyEvents, EventInit } from "./typed_events.ts";

/**
 * Where an error came from.
 *
 * @category Server
 */
export interface FaultSource {
  /** The connection, if there was one. */
  readonly conn?: Conn | undefined;
  /** The namespace, if there was one. */
  readonly namespace?: string | undefined;
  /** The event, or the name of the hook. */
  readonly event?: string | undefined;
}

/**
 * The hooks of a server: what it decides and reports about connections.
 *
 * @category Server
 */
export interface ServerHooks {
  /**
   * Decides whether a new connection is accepted. An EventError refuses it
   * with its text.
   *
   * @default {undefined} every connection is accepted
   */
  onConnect?: ((conn: Conn) => void | Promise<void>) | undefined;
  /**
   * Called exactly once at the end of each connection that `onConnect` has
   * accepted, after its rooms and namespaces were left.
   *
   * @default {undefined} nothing is called
   */
  onDisconnect?:
    | ((conn: Conn, info: CloseInfo) => void | Promise<void>)
    | undefined;
  /**
   * Called for each request that was not upgraded, with the reason.
   *
   * @default {undefined} nothing is called
   */
  onUpgradeError?:
    | ((error: UpgradeError, request: UpgradeRequest) => void)
    | undefined;
  /**
   * Called for every exception that is not an EventError, and for each
   * EventError that cannot be sent to a peer.
   *
   * @default {one line of JSON by `console.error` for each}
   */
  onError?: ((error: unknown, source: FaultSource) => void) | undefined;
  /**
   * Called for each message without a handler: there is none for its event
   * and none for any event. An ask is answered with an error.
   *
   * @default {one line of `console.warn` for each event, for at most 100 of
   * them, since clients choose the names}
   */
  onUnhandled?: ((nsConn: NSConn, msg: Message) => void) | undefined;
  /**
   * Returns the ID of a new connection, a string of 1 to 1,024 characters.
   * Several connections of one user may share an ID. An exception is answered
   * with 500.
   *
   * @default {crypto.randomUUID}
   */
  idGenerator?:
    | ((request: UpgradeRequest) => string | Promise<string>)
    | undefined;
}

/**
 * The receivers that a broadcast leaves out: one connection, all connections
 * with an ID, or none.
 *
 * @category Server
 */
export type Except = Conn | NSConn | Room | Exclude | null | undefined;

/**
 * Options of `Server.ask` and `Server.askAll`.
 *
 * @category Server
 */
export interface AskManyOptions extends AskOptions {
  /**
   * The connections that are not asked.
   *
   * @default {undefined} none
   */
  except?: Except | readonly Except[];
}

/**
 * What is counted by `Server.count`: by default all connections.
 *
 * @category Server
 */
export interface CountOptions {
  /**
   * The namespace that the connections are in.
   *
   * @default {undefined} all connections are counted; with a room, `""`
   */
  namespace?: string;
  /**
   * The room of the namespace that they are in.
   *
   * @default {""} all of the namespace
   */
  room?: string;
}

/**
 * How connections are closed by `Server.disconnect`.
 *
 * @category Server
 */
export interface DisconnectOptions {
  /**
   * The close code, as for `Conn.close`.
   *
   * @default {1000}
   */
  code?: number;
  /**
   * The close reason; it is cut at 123 bytes.
   *
   * @default {""}
   */
  reason?: string;
}

/**
 * An answer of one of many connections that were asked.
 *
 * @typeParam T The type that `json()` returns, if it is known.
 *
 * @category Server
 */
export interface Answer<T = unknown> extends Message<T> {
  /** The ID of the connection that has answered. */
  readonly id: string;
  /** The connection that has answered, if it is one of this server. */
  readonly nsConn: NSConn | undefined;
}

/** An answer whose body is not checked. */
// deno-lint-ignore no-explicit-any -- the caller claims what it can be read as
export type UntypedAnswer = Answer<any>;

/**
 * The server as its handlers and hooks see it: `nsConn.server` and
 * `conn.server`. The class `Server` implements it.
 *
 * @example
 * ```ts
 * import { exclude, type NSConn, type ServerApi } from "@neffos/mvc";
 *
 * function notifyOthers(server: ServerApi, userId: string) {
 *   server.broadcast(exclude(userId), { event: "onChange", body: userId });
 * }
 *
 * const events = {
 *   onChange: (nsConn: NSConn) => notifyOthers(nsConn.server, nsConn.id),
 * };
 * ```
 *
 * @category Server
 */
export interface ServerApi extends ServerHooks, AsyncDisposable {
  /** The number of connections. */
  readonly totalConnections: number;

  /** A snapshot of the connections. */
  readonly connections: Conn[];

  /**
   * Finds the connections with an ID, which several connections of one user may
   * share. It takes the same time however many connections there are.
   *
   * @param id The ID.
   * @returns A snapshot of the connections with it, empty when there is none.
   *
   * @example
   * ```ts
   * import type { ServerApi } from "@neffos/mvc";
   *
   * function logOut(server: ServerApi, userId: string) {
   *   for (const conn of server.connectionsByID(userId)) conn.close(4500);
   * }
   * ```
   */
  connectionsByID(id: string): Conn[];

  /**
   * Finds the connections in a namespace.
   *
   * @param namespace The name of the namespace.
   * @returns A snapshot of the connections in it.
   */
  connectionsByNamespace(namespace: string): NSConn[];

  /**
   * Finds the connections in a room.
   *
   * @param namespace The name of the namespace.
   * @param name The name of the room.
   * @returns A snapshot of the connections in it.
   * @throws {TypeError} When a name is no string or has a lone surrogate, so that
   * nobody can be there.
   */
  room(namespace: string, name: string): NSConn[];

  /**
   * Sends messages to every connection in their namespace, or in their room
   * if they have one. Each connection gets them in this order, and before
   * anything that is sent to it later. A message for more than 512
   * connections goes out in chunks, with a turn of the event loop in between.
   *
   * @typeParam Emits The events that may be sent, as for `NSConn`.
   * @param except The receivers to leave out: a connection, `exclude(id)`, an
   * array of these, or `null` for none.
   * @param messages The messages. `to` limits one to an ID; `rooms` sends one
   * to several rooms, to each connection once.
   * @throws {TypeError} When a body cannot be sent, or what is left out is
   * no connection; nothing is sent then.
   *
   * @example
   * ```ts
   * import { exclude, type NSConn } from "@neffos/mvc";
   *
   * const events = {
   *   onTyping(nsConn: NSConn) {
   *     nsConn.server.broadcast([nsConn, exclude("bot")], {
   *       namespace: nsConn.namespace,
   *       rooms: nsConn.rooms.map(({ name }) => name),
   *       event: "onTyping",
   *       body: nsConn.id,
   *     });
   *   },
   * };
   * ```
   */
  broadcast<Emits extends object = AnyEvents>(
    except: Except | readonly Except[],
    ...messages: (Message | EventInit<Emits>)[]
  ): void;

  /**
   * Asks every connection in a message's namespace, or in its rooms if it has
   * any, and takes the first answer that is no refusal. The other asks are
   * given up then.
   *
   * @typeParam Emits The events that may be sent, as for `NSConn`.
   * @param init The message. `to` limits it to an ID.
   * @param options The time limit (10 seconds), a signal that ends the wait,
   * and the connections to leave out.
   * @returns The first answer.
   * @throws {EventError} The last refusal, when no peer has answered otherwise
   * and all have answered or left.
   * @throws {AskTimeoutError} When no peer answered in time.
   * @throws {BadNamespaceError} When no connection is there.
   * @throws {ConnectionClosedError} When all have left.
   * @throws {LimitError} When too many asks of each wait already.
   * @throws {RangeError} When the time limit is not a positive number.
   * @throws {TypeError} When the body cannot be sent, or the event is one of the
   * protocol (`isSystemEvent`).
   */
  ask<Emits extends object = AnyEvents>(
    init: Message | EventInit<Emits>,
    options?: AskManyOptions,
  ): Promise<Answer<AnswerOf<Emits, keyof Emits & string>>>;

  /**
   * Asks every connection in a message's namespace, or in its rooms if it has
   * any, and gives all answers as they come. A refusal is an answer with an
   * `error`.
   *
   * Nothing is sent before the first answer is taken. It ends when all have
   * answered or left, and at the time limit, with what has come; when the
   * loop is left, the other asks are given up. Answers that come while the
   * loop does something else are kept.
   *
   * @typeParam Emits The events that may be sent, as for `NSConn`.
   * @param init The message. `to` limits it to an ID.
   * @param options The time limit for all (10 seconds, from the first
   * answer taken), a signal, whose reason the loop throws, and the connections
   * to leave out.
   * @returns The answers.
   * @throws {RangeError} When the time limit is not a positive number.
   * @throws {TypeError} When the body cannot be sent, or the event is one of the
   * protocol (`isSystemEvent`).
   *
   * @example
   * ```ts
   * import type { NSConn } from "@neffos/mvc";
   *
   * async function countVotes({ server, namespace }: NSConn, question: string) {
   *   const missing = new Set(server.connectionsByNamespace(namespace));
   *   let votes = 0;
   *   const answers = server.askAll<{ onVote(question: string): boolean }>(
   *     { namespace, event: "onVote", body: question },
   *     { timeout: 30_000 },
   *   );
   *   for await (const answer of answers) {
   *     if (answer.nsConn) missing.delete(answer.nsConn);
   *     if (answer.error === undefined && answer.json()) votes++;
   *   }
   *   return { votes, missing: missing.size };
   * }
   * ```
   */
  askAll<Emits extends object = AnyEvents>(
    init: Message | EventInit<Emits>,
    options?: AskManyOptions,
  ): AsyncIterableIterator<Answer<AnswerOf<Emits, keyof Emits & string>>>;

  /**
   * Returns the presence of a namespace or a room, on all servers of the
   * exchange. From the first call on, the servers tell each other which
   * connections join and leave; those of other servers are listed once the
   * servers have answered, for which `ready` waits.
   *
   * @param namespace The namespace.
   * @param room The room, empty for all of the namespace.
   * @param listener Called when an entry is added, removed or changed.
   * @returns The list, which is always up to date.
   * @throws {TypeError} When a name is no string or has a lone surrogate.
   *
   * @example
   * ```ts
   * import type { NSConn } from "@neffos/mvc";
   *
   * const events = {
   *   onWhoIsThere: ({ server }: NSConn) =>
   *     server.presence("chat", "lobby").list().map(({ id }) => id),
   * };
   * ```
   */
  presence(
    namespace: string,
    room?: string,
    listener?: PresenceListener,
  ): Presence;

  /**
   * Counts the connections of all servers of the exchange.
   *
   * @param options The namespace and the room that they are in.
   * @returns The number, without the servers that have not answered within five
   * seconds.
   * @throws {TypeError} When a name is not a string, or has a lone surrogate.
   *
   * @example
   * ```ts
   * import type { NSConn } from "@neffos/mvc";
   *
   * const events = {
   *   onCount: ({ server, namespace }: NSConn) => server.count({ namespace }),
   * };
   * ```
   */
  count(options?: CountOptions): Promise<number>;

  /**
   * Closes all connections with an ID, on all servers of the exchange.
   *
   * @param id The ID.
   * @param options The close code and reason.
   * @returns The number of connections that are being closed, without the
   * servers that have not answered within five seconds.
   * @throws {RangeError} When the close code is not valid.
   * @throws {TypeError} When the ID is not a string, or has a lone surrogate.
   *
   * @example
   * ```ts
   * import type { ServerApi } from "@neffos/mvc";
   *
   * async function logOut(server: ServerApi, userId: string) {
   *   await server.disconnect(userId, { reason: "logged out" });
   * }
   * ```
   */
  disconnect(id: string, options?: DisconnectOptions): Promise<number>;

  /**
   * Calls a function with every connection.
   *
   * @param action The function.
   */
  do(action: (conn: Conn) => void): void;

  /**
   * Takes a snapshot of the server's counters. It is cheap enough for once a
   * second: it visits each connection once, and costs a message nothing.
   *
   * @returns The numbers; they do not change any more.
   *
   * @example
   * ```ts
   * import { denoUpgrader, Server } from "@neffos/mvc";
   *
   * const server = new Server(denoUpgrader(), { onPing: () => "pong" });
   * const { connections, messagesIn } = server.stats();
   * console.log(`${connections} connections, ${messagesIn} messages`);
   * await server.close();
   * ```
   */
  stats(): ServerStats;

  /**
   * Begins to measure how long handlers take; {@linkcode stats} then reports
   * it. Until then no clock is read. `metricsHandler()` calls it.
   *
   * Calling it again changes nothing: the first options stay.
   *
   * @param options The buckets of the histogram, and the clock.
   * @throws {RangeError} When the buckets are not positive numbers in
   * ascending order.
   */
  measureHandlers(options?: MeasureOptions): void;

  /**
   * Closes the server: new requests are answered with 503; every connection
   * is closed (1001) and leaves its rooms and namespaces; running handlers
   * are awaited. More than 250 connections are closed in batches, in random
   * order, with a tenth of a second in between, so that their clients do not
   * all reconnect at once. Until its turn a connection is served as before.
   *
   * @param options The time to wait, in milliseconds; without it the
   * `closeTimeout` of each connection counts.
   * @returns When every connection has ended. At the timeout the remaining
   * ones are ended at once, and the hooks for that (rooms and namespaces that
   * are left, then `onDisconnect`) have one more `closeTimeout` each.
   * @throws {RangeError} When the timeout is negative or not a number.
   */
  close(options?: { timeout?: number }): Promise<void>;
}

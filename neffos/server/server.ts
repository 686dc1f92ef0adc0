/**
 * {@linkcode Server}: accepts connections, keeps them by namespace and room, broadcasts.
 *
 * @module
 */

import type { Conn } from "../api/conn.ts";
import type { NSConn } from "../api/ns_conn.ts";
import type {
  Answer,
  AskManyOptions,
  CountOptions,
  DisconnectOptions,
  Except,
  ServerApi,
  ServerHooks,
  UntypedAnswer,
} from "../api/server_api.ts";
import type { MeasureOptions, ServerStats } from "../api/stats.ts";
import type { AnswerOf, AnyEvents, EventInit } from "../api/typed_events.ts";
import { Presence, type PresenceListener } from "../api/presence.ts";
import { quote } from "../connection/faults.ts";
import { assertNumber, assertType } from "../connection/limits.ts";
import type { ConnHandler } from "../controller/events.ts";
import { Cluster } from "../exchange/cluster.ts";
import {
  assertExchange,
  type ExchangeOptions,
  type StackExchange,
} from "../exchange/stack_exchange.ts";
import { assertCloseCode, assertName, isInstance } from "../protocol/errors.ts";
import { UpgradeError } from "../protocol/upgrade_error.ts";
import {
  type Message,
  type MessageInit,
  toMessage,
} from "../protocol/message.ts";
import type { UpgradeRequest } from "../transport/upgrade_request.ts";
import type { Upgrader } from "../transport/upgrader.ts";
import { callAsync, runUnwatched } from "../util/promises.ts";
import type { ConnectionSlot } from "./upgrade/admission.ts";
import { hasValidHost } from "./upgrade/address.ts";
import { broadcast } from "./broadcast.ts";
import { ClusterPort, countConnections, disconnectId } from "./cluster_port.ts";
import {
  assertHandshake,
  chooseProtocol,
  markUpgraded,
  takeHeaders,
} from "./upgrade/handshake.ts";
import { ServerHost } from "./host.ts";
import { findMemoryUpgrade } from "./upgrade/memory_upgrade.ts";
import type { ServerOptions } from "./options.ts";
import { Poll } from "./poll.ts";
import { ServerSession } from "./session.ts";
import { Shutdown } from "./shutdown.ts";

/** The options that are functions. */
const HOOKS = [
  "onConnect",
  "onDisconnect",
  "onUpgradeError",
  "onError",
  "onUnhandled",
  "idGenerator",
] as const;

/** The longest ID, in UTF-16 units: it is in logs, and goes to brokers. */
const MAX_ID = 1_024;

/** Opens a server to what shows its operator what goes on in it. */
export let inspect: (server: Server) => {
  readonly host: ServerHost;
  isClosing(): boolean;
};

/**
 * Options of {@linkcode Server.accept}.
 *
 * @category Server
 */
export interface AcceptOptions {
  /**
   * Gives the ID of the connection.
   *
   * @default {the idGenerator of the server}
   */
  idGenerator?: ServerHooks["idGenerator"];
}

/**
 * A websocket server: its connections, and what can be said to all of them.
 *
 * @example
 * ```ts
 * import { denoUpgrader, Server } from "@neffos/mvc";
 *
 * const server = new Server(denoUpgrader(), {
 *   chat: {
 *     onSay: (nsConn, msg) => nsConn.server.broadcast(nsConn, msg),
 *   },
 * }, { maxConnections: 10_000, rateLimit: { messages: 20 } });
 * const listener = Deno.serve(
 *   { port: 0, hostname: "127.0.0.1", onListen() {} },
 *   (request, info) => server.upgrade(request, info),
 * );
 *
 * // When the program ends:
 * await server.close({ timeout: 10_000 });
 * await listener.shutdown();
 * ```
 *
 * @category Server
 */
export class Server implements ServerApi {
  /** See {@linkcode ServerOptions.onConnect}. */
  onConnect: ServerHooks["onConnect"];
  /** See {@linkcode ServerOptions.onDisconnect}. */
  onDisconnect: ServerHooks["onDisconnect"];
  /** See {@linkcode ServerOptions.onUpgradeError}. */
  onUpgradeError: ServerHooks["onUpgradeError"];
  /** See {@linkcode ServerOptions.onError}. */
  onError: ServerHooks["onError"];
  /** See {@linkcode ServerOptions.onUnhandled}. */
  onUnhandled: ServerHooks["onUnhandled"];
  /** See {@linkcode ServerOptions.idGenerator}. */
  idGenerator: NonNullable<ServerHooks["idGenerator"]>;
  readonly #options: ServerOptions;
  readonly #upgrader: Upgrader;
  readonly #host: ServerHost;
  readonly #shutdown: Shutdown;

  static {
    inspect = (server) => ({
      host: server.#host,
      isClosing: () => server.#shutdown.hasBegun,
    });
  }

  /**
   * Makes a server.
   *
   * @param upgrader How requests become sockets, such as `denoUpgrader()`.
   * @param handler What handles the connections' events: an Application, a
   * Struct, or objects of functions.
   * @param options The limits and hooks.
   * @throws {TypeError} When the upgrader or a hook is no function, the handler
   * is none, or handles an event twice, or `origins` or `parameterHeaders` have
   * what cannot be there.
   * @throws {RangeError} When a limit is not a positive number.
   */
  constructor(
    upgrader: Upgrader,
    handler: ConnHandler,
    options: ServerOptions = {},
  ) {
    assertType("upgrader", upgrader, "function", "one, such as denoUpgrader()");
    for (const name of HOOKS) {
      if (options[name] !== undefined) {
        assertType(name, options[name], "function");
      }
    }
    this.#upgrader = upgrader;
    this.#options = options;
    this.onConnect = options.onConnect;
    this.onDisconnect = options.onDisconnect;
    this.onUpgradeError = options.onUpgradeError;
    this.onError = options.onError;
    this.onUnhandled = options.onUnhandled;
    this.idGenerator = options.idGenerator ?? (() => crypto.randomUUID());
    this.#host = new ServerHost(this, handler, options);
    this.#shutdown = new Shutdown(this.#host);
  }

  /** See {@linkcode ServerApi.totalConnections}. */
  get totalConnections(): number {
    return this.#host.directory.size;
  }

  /** See {@linkcode ServerApi.connections}. */
  get connections(): Conn[] {
    return this.#host.directory.connections;
  }

  /** See {@linkcode ServerApi.connectionsByID}. */
  connectionsByID(id: string): Conn[] {
    return [...this.#host.directory.findId(id)];
  }

  /** See {@linkcode ServerApi.connectionsByNamespace}. */
  connectionsByNamespace(namespace: string): NSConn[] {
    return this.room(namespace, "");
  }

  /** See {@linkcode ServerApi.room}. */
  room(namespace: string, name: string): NSConn[] {
    assertName("namespace", namespace);
    assertName("room", name);
    const members = this.#host.directory.find(namespace, name);
    return Array.from(members.values(), ({ nsConn }) => nsConn);
  }

  /**
   * Makes a request a connection. A refusal is an HTTP response as well: 405
   * for another method than GET (a HEAD is answered 302, by which neffos
   * clients see that the server is there), 426 and 400 for what is no
   * websocket handshake, 400 for a Host header that is no host, 403 for a page of another origin, 429 when there are
   * too many connections from its address, 431 for more than 64 headers as URL
   * parameters, 500 when the ID generator fails, 503 when the server is full
   * or closing.
   *
   * @param request The request.
   * @param info What `Deno.serve` gives beside it.
   * @returns The response, which must be the answer to the request.
   *
   * @example
   * ```ts
   * import { denoUpgrader, Server } from "@neffos/mvc";
   *
   * const server = new Server(denoUpgrader(), { onPing: () => "pong" });
   * const listener = Deno.serve(
   *   { port: 0, hostname: "127.0.0.1" },
   *   (request, info) => server.upgrade(request, info),
   * );
   *
   * // When the program ends:
   * await server.close();
   * await listener.shutdown();
   * ```
   */
  async upgrade(
    request: Request,
    info?: Pick<Deno.ServeHandlerInfo, "remoteAddr">,
  ): Promise<Response> {
    const { remoteAddr } = info ?? {};
    if (!hasValidHost(request)) {
      const { headers } = request;
      const url = new URL("http://invalid");
      const error = new UpgradeError(400, "Bad Request: the host is not valid");
      return this.#refuse(error, { request, headers, url, remoteAddr });
    }
    const headers = takeHeaders(request);
    const url = new URL(request.url);
    const response = await this.accept({ request, headers, url, remoteAddr });
    if (response.status === 101) markUpgraded(request, response);
    return response;
  }

  /**
   * Upgrades a request as {@linkcode upgrade} does, but takes one that was read
   * before, such as a Context. `conn.request` returns it.
   *
   * @param from The request and what was taken out of it. Where its URL has
   * parameters, its headers must be a copy: those that came as parameters are
   * added to them.
   * @param options The ID generator, if not that of the server.
   * @returns The response, which must be the answer to the request.
   */
  async accept(
    from: UpgradeRequest,
    options: AcceptOptions = {},
  ): Promise<Response> {
    const { request, headers } = from;
    const isProbe = request.method === "HEAD" && !this.#shutdown.hasBegun;
    if (isProbe) return new Response(null, { status: 302 });
    let place: ConnectionSlot | undefined;
    try {
      if (request.url.includes("?")) {
        this.#host.parameterHeaders.addTo(headers, from.url);
      }
      this.#assertOpen();
      assertHandshake(request.method, headers);
      // It counts from here on, before anything is waited for.
      place = this.#host.admission.acquire(from);
      await this.#host.checkOrigin(from);
      const id = await this.#makeId(from, options);
      const { protocols = [] } = this.#options;
      const protocol = chooseProtocol(headers, protocols);
      // It may have begun to close meanwhile.
      this.#assertOpen();
      from.detach?.();
      // Once this is called, nothing may fail until the response is sent.
      const memory = findMemoryUpgrade();
      const upgrader = memory?.upgrader ?? this.#upgrader;
      const { socket, response } = upgrader(request, protocol);
      from.setUpgraded?.(response);
      const session = new ServerSession({
        host: this.#host,
        socket,
        id,
        request: from,
        tries: readTries(headers),
        watcher: place,
      });
      memory?.onSession(session);
      this.#host.add(session);
      return response;
    } catch (error) {
      place?.release();
      return this.#refuse(error, from);
    }
  }

  #assertOpen(): void {
    if (!this.#shutdown.hasBegun) return;
    throw new UpgradeError(503, "This server is closing", {
      headers: { "retry-after": "1" },
    });
  }

  async #makeId(
    from: UpgradeRequest,
    { idGenerator }: AcceptOptions,
  ): Promise<string> {
    const id: unknown = idGenerator
      ? await idGenerator(from)
      : await this.idGenerator(from);
    if (
      typeof id === "string" && id !== "" && id.length <= MAX_ID &&
      id.isWellFormed()
    ) return id;
    throw new TypeError(
      `Cannot use ${
        typeof id === "string" ? quote(id) : `a value of type "${typeof id}"`
      } as the ID of a connection: it must be a string of 1 to ${MAX_ID} characters, without lone surrogates`,
    );
  }

  #refuse(cause: unknown, from: UpgradeRequest): Response {
    let error: UpgradeError;
    if (isInstance(cause, UpgradeError)) error = cause;
    else {
      this.#host.report(cause, { event: "upgrade" });
      error = new UpgradeError(500, "Internal Server Error", { cause });
    }
    callAsync(() => this.onUpgradeError?.(error, from)).catch((failure) =>
      this.#host.report(failure, { event: "onUpgradeError" })
    );
    const { counters } = this.#host;
    try {
      const { status, headers, message } = error;
      const response = new Response(message, { status, headers });
      counters.addRefused(status);
      return response;
    } catch (unreadable) {
      // An error of the program may have any status, or cannot be read.
      this.#host.report(unreadable, { event: "upgrade" });
      counters.addRefused(500);
      return new Response("Internal Server Error", { status: 500 });
    }
  }

  /** See {@linkcode ServerApi.broadcast}. */
  broadcast<Emits extends object = AnyEvents>(
    except: Except | readonly Except[],
    ...messages: (Message | EventInit<Emits>)[]
  ): void {
    // Whatever its type, an EventInit is a MessageInit that says more.
    broadcast(this.#host, except, messages as (Message | MessageInit)[]);
  }

  /** See {@linkcode ServerApi.ask}. */
  ask<Emits extends object = AnyEvents>(
    init: Message | EventInit<Emits>,
    options: AskManyOptions = {},
  ): Promise<Answer<AnswerOf<Emits, keyof Emits & string>>> {
    return runUnwatched(() =>
      this.#ask(init as Message | MessageInit, options)
    );
  }

  async #ask(
    init: Message | MessageInit,
    options: AskManyOptions,
  ): Promise<UntypedAnswer> {
    const { codec, trace } = this.#host;
    const message = toMessage(init, codec);
    const poll = new Poll(this.#host, message, options);
    if (trace === undefined) return await poll.first();
    return await trace.ask({ message }, (context) => {
      poll.context = context;
      return poll.first();
    });
  }

  /** See {@linkcode ServerApi.askAll}. */
  askAll<Emits extends object = AnyEvents>(
    init: Message | EventInit<Emits>,
    options: AskManyOptions = {},
  ): AsyncIterableIterator<Answer<AnswerOf<Emits, keyof Emits & string>>> {
    const { codec, trace } = this.#host;
    const message = toMessage(init as Message | MessageInit, codec);
    const poll = new Poll(this.#host, message, options);
    poll.startSpan = trace && (() => trace.startPoll({ message }));
    return poll;
  }

  /**
   * Joins the server to others: what it broadcasts and asks reaches their
   * connections as well. The exchange stays the program's, and may be given to
   * several servers and emitters.
   *
   * While the broker is away, the connections of this server are served as
   * before.
   *
   * @param exchange The exchange, such as `redisExchange(client)`.
   * @param options The channels, heartbeats and hooks. All servers must have the
   * same channels and secret.
   * @returns When the broker has answered, or has not for the time after which
   * it counts as lost: that is reported to `onError`.
   * @throws {TypeError} When the server has an exchange already, or closes, or an
   * option is of the wrong kind.
   * @throws {RangeError} When a number is not positive.
   *
   * @example
   * ```ts
   * import { denoUpgrader, Server, workersExchange } from "@neffos/mvc";
   *
   * const server = new Server(denoUpgrader(), {
   *   chat: {
   *     onSay: (nsConn, msg) => nsConn.server.broadcast(nsConn, msg),
   *   },
   * });
   * // All processes of `deno serve --parallel`.
   * await server.useStackExchange(workersExchange("chat"));
   * await server.close();
   * ```
   */
  useStackExchange(
    exchange: StackExchange,
    options: ExchangeOptions = {},
  ): Promise<void> {
    return runUnwatched(() => this.#useStackExchange(exchange, options));
  }

  async #useStackExchange(
    exchange: StackExchange,
    options: ExchangeOptions,
  ): Promise<void> {
    const host = this.#host;
    assertExchange(exchange);
    if (host.cluster !== undefined || this.#shutdown.hasBegun) {
      throw new TypeError(
        `Cannot use a stack exchange: the server ${
          this.#shutdown.hasBegun ? "is closing" : "uses one already"
        }`,
      );
    }
    const { presenceGrace = host.grace } = options;
    assertNumber("presenceGrace", presenceGrace, 0);
    const cluster = new Cluster(new ClusterPort(host), exchange, options);
    host.grace = presenceGrace;
    host.cluster = cluster;
    host.directory.watch({
      onEnter({ namespace }, room, isFirst) {
        if (isFirst) cluster.addPlace(namespace, room);
      },
      onExit({ namespace }, room, isLast) {
        if (isLast) cluster.removePlace(namespace, room);
      },
      onId(id, isThere) {
        if (isThere) cluster.addId(id);
        else cluster.removeId(id);
      },
    });
    if (host.roster !== undefined) cluster.watchRoster();
    await cluster.start();
  }

  /** See {@linkcode ServerApi.presence}. */
  presence(
    namespace: string,
    room = "",
    listener?: PresenceListener,
  ): Presence {
    assertName("namespace", namespace);
    assertName("room", room);
    const host = this.#host;
    const roster = host.openRoster();
    host.cluster?.watchRoster();
    const whenKnown = async () => await host.cluster?.whenRosterKnown();
    return new Presence(roster, { namespace, room, whenKnown }, listener);
  }

  /** See {@linkcode ServerApi.count}. */
  count(options: CountOptions = {}): Promise<number> {
    return runUnwatched(async () => {
      const { cluster, directory } = this.#host;
      const { namespace = "", room = "" } = options;
      assertName("namespace", namespace);
      assertName("room", room);
      const here = countConnections(directory, options);
      return here + (await cluster?.requester.count(options) ?? 0);
    });
  }

  /** See {@linkcode ServerApi.disconnect}. */
  disconnect(id: string, options: DisconnectOptions = {}): Promise<number> {
    return runUnwatched(async () => {
      const { cluster, directory } = this.#host;
      const { code = 1000, reason = "" } = options;
      assertName("connection", id);
      assertCloseCode(code);
      const close = { code, reason };
      const here = disconnectId(directory, id, close);
      return here + (await cluster?.requester.disconnect(id, close) ?? 0);
    });
  }

  /** See {@linkcode ServerApi.do}. */
  do(action: (conn: Conn) => void): void {
    for (const conn of this.connections) action(conn);
  }

  /** See {@linkcode ServerApi.stats}. */
  stats(): ServerStats {
    return this.#host.stats();
  }

  /** See {@linkcode ServerApi.measureHandlers}. */
  measureHandlers(options: MeasureOptions = {}): void {
    this.#host.meter.keep(options);
  }

  /** See {@linkcode ServerApi.close}. */
  close(options: { timeout?: number } = {}): Promise<void> {
    return runUnwatched(() => this.#shutdown.close(options.timeout));
  }

  /** Closes the server, as {@linkcode Server.close} does. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Reads how many attempts a client has needed to reconnect. */
function readTries(headers: Headers): number {
  const tries = headers.get("x-websocket-reconnect") ?? "";
  return /^\d{1,9}$/.test(tries) ? Number(tries) : 0;
}

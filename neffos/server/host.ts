import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate } from "node:timers";
import type { Conn } from "../api/conn.ts";
import type { Drops, ServerStats } from "../api/stats.ts";
import type { FaultSource, ServerApi } from "../api/server_api.ts";
import type { UntypedNSConn } from "../api/ns_conn.ts";
import { logFault, WarningLog, writeUnhandled } from "../connection/faults.ts";
import {
  Crossings,
  DEFAULT_LIMITS,
  type LimitName,
  type Limits,
  limitsOf,
} from "../connection/limits.ts";
import { reportTo } from "../connection/report.ts";
import type { Session } from "../connection/session.ts";
import type { EventTracing, Tracing } from "../connection/tracing.ts";
import type { Turn, TurnTracer } from "../connection/turn_queue.ts";
import {
  type CompiledEvents,
  type CompiledHandlers,
  compileHandlers,
} from "../controller/compile.ts";
import type { ConnHandler, NamespaceSource } from "../controller/events.ts";
import { checkSources } from "../controller/mistakes.ts";
import { assertCodec, type BodyCodec } from "../protocol/body.ts";
import { type DecodeOptions, Decoder } from "../protocol/codec.ts";
import type { Message } from "../protocol/message.ts";
import type { FrameSender } from "../transport/send_buffer.ts";
import type { CloseInfo } from "../transport/socket.ts";
import { callAsync } from "../util/promises.ts";
import { SharedTimers } from "../util/shared_timers.ts";
import { ConnectionLimiter } from "./upgrade/admission.ts";
import { ChunkedBroadcasts } from "./chunked_broadcasts.ts";
import type { Cluster } from "../exchange/cluster.ts";
import { Roster } from "../exchange/presence/roster.ts";
import { ConnectionCounters, TrafficCounters } from "./counters.ts";
import { ServerDirectory } from "./directory.ts";
import { HandlerMeter } from "./handler_times.ts";
import { ParameterHeaders } from "./upgrade/handshake.ts";
import type { ServerOptions } from "./options.ts";
import type { QueuedBuffer } from "./queued_buffer.ts";
import type { ServerSessionHost } from "./session.ts";
import { Bucket, type RateLimit, rateOf } from "./rate_limit.ts";
import { makeOriginCheck, type OriginCheck } from "./upgrade/origins.ts";
import { parseTrustProxy } from "./upgrade/address.ts";

/**
 * The lead of an acknowledgement over what follows at once, in milliseconds, as
 * in Go. In Node, neffos.js gets all frames that it reads at once before a program
 * that awaits the first of them goes on: it would not know the room or namespace
 * yet, nor have called `waitServerConnect`.
 */
const LEAD = 15;

/** The server as its connections see it. */
export class ServerHost implements ServerSessionHost {
  readonly server: ServerApi;
  readonly handlers: CompiledHandlers;
  /** Traces what it sends, if the middleware of a handler does. */
  readonly trace: Tracing | undefined;
  readonly limits: Limits;
  readonly #rate: Required<RateLimit> | undefined;
  readonly codec: BodyCodec | undefined;
  /** What the decoders of all connections share. */
  readonly #decoding: DecodeOptions;
  readonly admission: ConnectionLimiter;
  readonly checkOrigin: OriginCheck;
  readonly parameterHeaders: ParameterHeaders;
  readonly isClient = false;
  readonly goal = undefined;
  readonly tracer: TurnTracer = new AsyncLocalStorage<Turn>();
  readonly timers: SharedTimers = new SharedTimers();
  readonly directory: ServerDirectory = new ServerDirectory();
  readonly broadcasts: ChunkedBroadcasts = new ChunkedBroadcasts();
  /** The controllers and objects that it handles events with. */
  sources: readonly NamespaceSource[] = [];
  readonly drops = { invalid: 0, stray: 0, lateAnswers: 0, volatile: 0 };
  readonly crossings: Crossings = new Crossings();
  readonly traffic: TrafficCounters = new TrafficCounters();
  readonly counters: ConnectionCounters = new ConnectionCounters();
  readonly makePrefix: () => string = makePrefix;
  /** How long handlers take, once that is asked for. */
  readonly meter: HandlerMeter;
  /** The number of trusted proxies. */
  readonly hops: number;
  /** Called for each error that is reported, before it is. */
  onFault: ((error: unknown, source: FaultSource) => void) | undefined;
  /** The other servers, once there is an exchange. */
  cluster: Cluster | undefined;
  /** How long a lost connection stays in presence, in milliseconds. */
  grace = 2_000;
  /** The presence of all servers, once a program has asked for it. */
  roster: Roster | undefined;
  /** The connections whose end was not told yet. */
  readonly sessions: Map<Conn, Session> = new Map();
  /** The buffers that hold what follows an answer. */
  readonly #leads = new Set<QueuedBuffer>();
  #endLeads: ReturnType<typeof setImmediate> | undefined;
  readonly #unhandled = new WarningLog();

  constructor(server: ServerApi, handler: ConnHandler, options: ServerOptions) {
    const { origins, trustProxy = false, rateLimit, bodyCodec } = options;
    assertCodec(bodyCodec);
    this.codec = bodyCodec;
    this.server = server;
    // Nothing but traceEvents() makes one.
    let trace = options.trace?.tracing as Tracing | undefined;
    const handled = trace?.around(handler) ?? handler;
    this.handlers = compileHandlers(handled, server, (sources) => {
      const checked = this.sources = checkSources(sources);
      trace ??= findTracing(checked);
      return checked;
    });
    this.trace = trace;
    this.meter = new HandlerMeter(this.handlers.namespaces);
    this.#decoding = { native: this.handlers.native, codec: bodyCodec };
    this.limits = limitsOf(options, DEFAULT_LIMITS);
    this.#rate = rateOf(rateLimit);
    const { crossings } = this;
    const hops = this.hops = parseTrustProxy(trustProxy);
    this.admission = new ConnectionLimiter({ ...options, hops, crossings });
    this.checkOrigin = makeOriginCheck(origins, hops);
    this.parameterHeaders = new ParameterHeaders(options.parameterHeaders);
  }

  /** Begins to keep presence, unless a program has asked for it before. */
  openRoster(): Roster {
    if (this.roster !== undefined) return this.roster;
    const roster = this.roster = new Roster(this);
    this.directory.watch({
      onEnter: ({ nsConn }, room) => roster.enter(nsConn, room),
      onExit: ({ nsConn, conn }, room) =>
        roster.exit(nsConn, room, conn.isClosed),
    });
    return roster;
  }

  add(session: Session): void {
    this.sessions.set(session.conn, session);
    this.counters.accepted++;
    session.start();
  }

  received(length: number): void {
    this.traffic.messagesIn++;
    this.traffic.bytesIn += length;
  }

  sent(messages: number, length: number): void {
    this.traffic.messagesOut += messages;
    this.traffic.bytesOut += length;
  }

  dropped(why: keyof Drops): void {
    this.drops[why]++;
  }

  crossed(limit: LimitName): void {
    this.crossings.add(limit);
  }

  makeDecoder(link: object): Decoder {
    return this.trace?.makeDecoder(link, this) ??
      new Decoder(this.#decoding);
  }

  makeBucket(): Bucket | undefined {
    return this.#rate && new Bucket(this.#rate);
  }

  /** Puts the numbers of the server together. */
  stats(): ServerStats {
    const { counters, directory } = this;
    let queued = 0;
    let pending = 0;
    for (const { buffer, queue, receiver } of this.sessions.values()) {
      // Each connection of a server has one.
      (buffer as QueuedBuffer).countTraffic();
      queued += receiver.waiting;
      pending += queue.pending;
    }
    return {
      ...counters.stats(),
      connections: directory.size,
      sockets: this.sessions.size,
      namespaces: directory.namespaces,
      rooms: directory.rooms,
      ...this.traffic,
      drops: { ...this.drops },
      crossings: Object.fromEntries(this.crossings.counts),
      queued,
      pending,
      handlers: this.meter.stats(),
      ...this.cluster && { exchange: this.cluster.stats() },
    };
  }

  lead(buffer: FrameSender): void {
    // Each connection of a server has one.
    const queued = buffer as QueuedBuffer;
    if (!queued.hold()) return;
    this.#leads.add(queued);
    this.#endLeads ??= setImmediate(() => {
      this.#endLeads = undefined;
      for (const buffer of this.#leads) {
        if (buffer.queued === 0) buffer.flush();
        else this.timers.set(LEAD, () => buffer.flush());
      }
      this.#leads.clear();
    });
  }

  async onConnect(conn: Conn): Promise<void> {
    this.directory.connect(conn);
    await this.server.onConnect?.(conn);
  }

  onLost(conn: Conn): void {
    this.directory.disconnect(conn);
  }

  async onEnded(
    conn: Conn,
    info: CloseInfo,
    isPaired?: boolean,
  ): Promise<void> {
    // A hook that ends after the end was given up on tells of it again.
    if (this.sessions.delete(conn)) this.counters.addClosed(info.code);
    if (!isPaired) return;
    try {
      await this.server.onDisconnect?.(conn, info);
    } catch (error) {
      this.report(error, { conn, event: "onDisconnect" });
    }
  }

  onUnhandled(
    nsConn: UntypedNSConn,
    events: CompiledEvents,
    message: Message,
  ): void {
    const { onUnhandled } = this.server;
    const { conn, namespace } = nsConn;
    if (onUnhandled === undefined) {
      const { event } = message;
      this.#unhandled.tell(
        `${namespace}\n${event}`,
        () => writeUnhandled(namespace, event, events),
      );
      return;
    }
    callAsync(() => onUnhandled(nsConn, message)).catch((error) =>
      this.report(error, { conn, namespace, event: "onUnhandled" })
    );
  }

  report(error: unknown, source: FaultSource): void {
    this.counters.errors++;
    this.onFault?.(error, source);
    reportTo(this.server.onError, logFault, error, source);
  }
}

/** Finds what `traceEvents` has put into the middleware of handlers. */
function findTracing(sources: readonly NamespaceSource[]): Tracing | undefined {
  for (const { around = [], use = [] } of sources) {
    for (const middleware of [...around, ...use]) {
      const { tracing } = middleware as Partial<EventTracing>;
      if (tracing !== undefined) return tracing as Tracing;
    }
  }
  return undefined;
}

/** Makes a prefix of wait tokens that a client cannot guess. */
export function makePrefix(): string {
  const [a, b] = crypto.getRandomValues(new Uint32Array(2));
  return `s${a!.toString(36)}${b!.toString(36)}.`;
}

import { AsyncLocalStorage } from "node:async_hooks";
import { type Conn, coreOf } from "../api/conn.ts";
import type { FaultSource } from "../api/server_api.ts";
import type { Drops } from "../api/stats.ts";
import { reportTo, UnhandledLog } from "../connection/faults.ts";
import type { End, Host } from "../connection/host.ts";
import {
  Crossings,
  type Limits,
  limitsOf,
  type RateLimit,
  rateOf,
} from "../connection/limits.ts";
import type { NSState } from "../connection/namespace_state.ts";
import type { Turn, TurnTracer } from "../connection/turn_queue.ts";
import {
  type CompiledHandlers,
  compileHandlers,
} from "../controller/compile.ts";
import type { ConnHandler } from "../controller/events.ts";
import type { Message } from "../protocol/message.ts";
import { Traffic } from "../transport/send_buffer.ts";
import { Timers } from "../util/timers.ts";
import { parseTrustProxy } from "./address.ts";
import { ConnectionLimiter, type ConnectionSlot } from "./admission.ts";
import { Backlog } from "./backlog.ts";
import { Tally } from "./counters.ts";
import { Index } from "./directory.ts";
import type { HandlerTimes } from "./handler_times.ts";
import type { ServerOptions } from "./options.ts";
import { makeOriginCheck, type OriginCheck } from "./origins.ts";
import type { Server } from "./server.ts";

/** The server as its connections see it. */
export class ServerHost implements Host {
  readonly server: Server;
  readonly handlers: CompiledHandlers;
  readonly limits: Limits;
  readonly rate: Required<RateLimit> | undefined;
  /** Who may still come in. */
  readonly admission: ConnectionLimiter;
  /** Which pages may. */
  readonly checkOrigin: OriginCheck;
  readonly isClient = false;
  readonly tracer: TurnTracer = new AsyncLocalStorage<Turn>();
  readonly timers: Timers = new Timers();
  readonly index: Index = new Index();
  readonly backlog: Backlog = new Backlog();
  readonly drops: Drops = { invalid: 0, stray: 0, lateAnswers: 0, volatile: 0 };
  readonly crossings: Crossings = new Crossings();
  readonly traffic: Traffic = new Traffic();
  readonly tally: Tally = new Tally();
  /** How long the handlers take, once somebody wants to know. */
  measure: HandlerTimes | undefined;
  /** Every connection whose end was not told yet. */
  readonly all = new Set<Conn>();
  /** Those that `onConnect` was called for and that are not closed. */
  readonly connected = new Set<Conn>();
  readonly #unhandled = new UnhandledLog();

  constructor(server: Server, handler: ConnHandler, options: ServerOptions) {
    const { origins, trustProxy = false, rateLimit } = options;
    this.server = server;
    this.handlers = compileHandlers(handler, server);
    this.limits = limitsOf(options);
    this.rate = rateOf(rateLimit);
    const { crossings } = this;
    const hops = parseTrustProxy(trustProxy);
    this.admission = new ConnectionLimiter({ ...options, hops, crossings });
    this.checkOrigin = makeOriginCheck(origins, hops);
  }

  add(conn: Conn, place: ConnectionSlot): void {
    this.all.add(conn);
    this.tally.accepted++;
    coreOf(conn).start(place);
  }

  async onConnect(conn: Conn): Promise<void> {
    this.connected.add(conn);
    await this.server.onConnect?.(conn);
  }

  onOpen(): void {}

  onRefused(): void {}

  onSilenced(conn: Conn): void {
    this.connected.delete(conn);
  }

  async onClosed(conn: Conn, { info, isPaired }: End): Promise<void> {
    // A hook that ends after the end was given up on tells of it again.
    if (this.all.delete(conn)) this.tally.addClosed(info.code);
    if (!isPaired) return;
    try {
      await this.server.onDisconnect?.(conn, info);
    } catch (error) {
      this.report(error, { conn, event: "onDisconnect" });
    }
  }

  onUnhandled({ nsConn, namespace, events }: NSState, message: Message): void {
    const { onUnhandled } = this.server;
    if (onUnhandled === undefined) {
      this.#unhandled.tell(namespace, message.event, events);
      return;
    }
    Promise.try(onUnhandled, nsConn, message).catch((error) =>
      this.report(error, {
        conn: nsConn.conn,
        namespace,
        event: "onUnhandled",
      })
    );
  }

  report(error: unknown, source: FaultSource): void {
    this.tally.errors++;
    reportTo(this.server.onError, error, source);
  }
}

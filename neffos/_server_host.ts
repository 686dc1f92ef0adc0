import { AsyncLocalStorage } from "node:async_hooks";
import { Backlog } from "./_backlog.ts";
import { Admission, type Place } from "./_admission.ts";
import { type CompiledHandlers, compileHandlers } from "./_compile.ts";
import {
  Crossings,
  type Drops,
  type End,
  type FaultSource,
  type Host,
  type Limits,
  reportTo,
} from "./_host.ts";
import { Index } from "./_index.ts";
import type { Measure } from "./_measure.ts";
import { limitsOf, type ServerOptions } from "./_options.ts";
import { makeOriginCheck, type OriginCheck } from "./_origins.ts";
import { hopsOf } from "./_proxy.ts";
import type { Turn, TurnTracer } from "./_queue.ts";
import type { NSState } from "./_state.ts";
import { type RateLimit, rateOf } from "./_rate.ts";
import { Timers } from "./_timers.ts";
import { UnhandledLog } from "./_unhandled.ts";
import { Tally } from "./_tally.ts";
import { Traffic } from "./_traffic.ts";
import { type Conn, coreOf } from "./conn.ts";
import type { ConnHandler } from "./events.ts";
import type { Message } from "./message.ts";
import type { Server } from "./server.ts";

/** The server as its connections see it. */
export class ServerHost implements Host {
  readonly server: Server;
  readonly handlers: CompiledHandlers;
  readonly limits: Limits;
  readonly rate: Required<RateLimit> | undefined;
  /** Who may still come in. */
  readonly admission: Admission;
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
  measure: Measure | undefined;
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
    this.admission = new Admission(options, this.crossings);
    this.checkOrigin = makeOriginCheck(origins, hopsOf(trustProxy));
  }

  add(conn: Conn, place: Place): void {
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

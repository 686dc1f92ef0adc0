import type { Conn } from "../api/conn.ts";
import type { UntypedNSConn } from "../api/ns_conn.ts";
import type { FaultSource } from "../api/server_api.ts";
import { Goal } from "../connection/goal.ts";
import {
  heartbeatOf,
  type HeartbeatOptions,
  type Limits,
} from "../connection/limits.ts";
import { reportTo } from "../connection/report.ts";
import type { Tracing } from "../connection/tracing.ts";
import type { TurnTracer } from "../connection/turn_queue.ts";
import {
  type CompiledEvents,
  type CompiledHandlers,
  compileHandlers,
  isLate,
} from "../controller/compile.ts";
import type { ConnHandler } from "../controller/events.ts";
import {
  AskTimeoutError,
  assertCloseCode,
  DialError,
} from "../protocol/errors.ts";
import { assertCodec, type BodyCodec } from "../protocol/body.ts";
import type { Decoder } from "../protocol/codec.ts";
import { OnNamespaceConnect, OnRoomJoin } from "../protocol/event_names.ts";
import type { Message } from "../protocol/message.ts";
import type { CloseInfo, Socket } from "../transport/socket.ts";
import {
  type Deferred,
  makeDeferred,
  Waiter,
  type WaiterOptions,
} from "../util/promises.ts";
import { ClientTimers } from "./timers.ts";
import {
  clientLimitsOf,
  type DialAttempt,
  type DialOptions,
  type DialURL,
  explainFailure,
  isThere,
  isUntold,
  lookUp,
  openWebSocket,
  resolveURL,
} from "./dial.ts";
import {
  completeReconnect,
  delayOf,
  mayComeBack,
  mayTryAgain,
  type Reconnect,
} from "./reconnect.ts";
import { ClientSession, type ClientSessionHost } from "./session.ts";

/** How long the probe before an attempt may take, in milliseconds. */
const PROBE_TIMEOUT = 5_000;
/** How long it may take to look up why a socket could not be opened. */
const LOOK_UP_TIMEOUT = 1_000;

/**
 * The state of a client.
 *
 * | status   | what happens                                     | next            |
 * | -------- | ------------------------------------------------ | --------------- |
 * | dialling | the first connection is being made               | open, over      |
 * | open     | the server has accepted the connection           | away, over      |
 * | away     | the connection is lost; the client is            | open, over      |
 * |          | reconnecting                                     |                 |
 * | over     | it is closed for good                            |                 |
 */
export type ClientStatus = "dialling" | "open" | "away" | "over";

/** One attempt to connect. */
class Attempt implements DialAttempt {
  readonly tries: number;
  /** Settles when the server has accepted or refused the client. */
  readonly accepted: Waiter<void>;
  readonly #ended = new AbortController();
  /** The URL of the socket, or what the option `transport` is given. */
  url = "";
  headers: Headers = new Headers();
  socket: Socket | undefined;
  session: ClientSession | undefined;
  /** Whether the server has refused the client. */
  isRefused = false;

  constructor(tries: number, options: WaiterOptions) {
    this.tries = tries;
    const onEnd = () => this.#ended.abort();
    this.accepted = new Waiter({ ...options, onEnd });
  }

  get signal(): AbortSignal {
    return this.#ended.signal;
  }
}

/** The client as its connection sees it: dials, and reconnects. */
export class ClientHost implements ClientSessionHost {
  readonly handlers: CompiledHandlers;
  readonly trace: Tracing | undefined;
  readonly limits: Limits;
  readonly heartbeat: Required<HeartbeatOptions> | undefined;
  readonly isClient = true;
  readonly tracer: TurnTracer | undefined = makeTracer();
  readonly server = undefined;
  readonly directory = undefined;
  readonly goal: Goal | undefined;
  readonly codec: BodyCodec | undefined;
  readonly timers: ClientTimers = new ClientTimers();
  readonly closed: Deferred<CloseInfo> = makeDeferred();
  readonly #url: DialURL;
  readonly #options: DialOptions;
  readonly #reconnect: Reconnect | undefined;
  /** Aborted, with what `closed` is to resolve with, when the program closes. */
  readonly #end = new AbortController();
  /** Aborted when the next attempt is to be made at once. */
  #skip = new AbortController();
  /** The latest attempt to connect. */
  #attempt: Attempt | undefined;
  /** The number of attempts to reconnect since a connection has lasted. */
  #tries = 0;
  /** Since when the client is connected, and in its namespaces and rooms. */
  #since: number | undefined;
  /** The events whose handlers were added too late, and that were reported. */
  readonly #late = new Set<string>();
  #session!: ClientSession;
  #status: ClientStatus = "dialling";

  constructor(url: DialURL, handler: ConnHandler, options: DialOptions) {
    this.limits = clientLimitsOf(options);
    assertCodec(options.bodyCodec);
    this.codec = options.bodyCodec;
    this.heartbeat = heartbeatOf(options.heartbeat);
    this.#reconnect = completeReconnect(options.reconnect);
    this.#url = url;
    this.#options = options;
    // Nothing but traceEvents() makes one.
    this.trace = options.trace?.tracing as Tracing | undefined;
    this.handlers = compileHandlers(this.trace?.around(handler) ?? handler);
    if (this.#reconnect === undefined) return;
    this.goal = new Goal({
      maxKept: this.#reconnect.maxKept,
      onRefused: (error, namespace, room) => {
        const event = room === "" ? OnNamespaceConnect : OnRoomJoin;
        this.report(error, { conn: this.#session.conn, namespace, event });
      },
    });
  }

  get status(): ClientStatus {
    return this.#status;
  }

  /** Whether it is closed for good, or about to be. */
  get isOver(): boolean {
    return this.#status === "over" || this.#end.signal.aborted;
  }

  /** Dials for the first time. */
  async dial(): Promise<Conn> {
    const { signal } = this.#options;
    signal?.throwIfAborted();
    try {
      const { conn } = await this.#connect(0, signal);
      return conn;
    } catch (error) {
      // No program holds this client, so no hook is called.
      this.#status = "over";
      throw error;
    }
  }

  /** Closes the client for good; resolves when its hooks have ended. */
  async close(code: number, reason: string): Promise<void> {
    assertCloseCode(code);
    const session = this.#session;
    const closed = session.isAwaitingCaller
      ? undefined
      : session.queue.awaitEnd(this.closed.promise);
    this.#end.abort({ code, reason, wasClean: false });
    session.close(code, reason);
    this.retryNow();
    await closed;
  }

  /** Ends the delay or the probe before the next attempt. */
  retryNow(): void {
    this.#skip.abort();
  }

  // Attempts -----------------------------------------------------------------

  /** Connects; resolves when the server has accepted the client. */
  async #connect(
    tries: number,
    signal: AbortSignal | undefined,
  ): Promise<ClientSession> {
    const { timers, limits: { ackTimeout: timeout } } = this;
    const attempt: Attempt = new Attempt(tries, {
      timers,
      timeout,
      signal,
      onTimeout: () => {
        const late = attempt.socket === undefined
          ? "the functions for its URL and headers did not end"
          : "the server did not accept";
        const why = `${late} within ${timeout} ms`;
        const cause = new AskTimeoutError(`Cannot dial: ${why}`, timeout);
        return new DialError(attempt.url, why, { cause });
      },
    });
    this.#attempt = attempt;
    this.#open(attempt).catch((error) => attempt.accepted.reject(error));
    try {
      await attempt.accepted.promise;
      return attempt.session!;
    } catch (error) {
      // A server that refuses closes the socket itself, with its own code. A
      // session that ended later would be taken for the one of a later attempt.
      if (!attempt.isRefused) attempt.session?.abandon(1000, "");
      throw error;
    }
  }

  /** Opens the socket of an attempt, and starts its session. */
  async #open(attempt: Attempt): Promise<void> {
    const { tries, accepted, signal } = attempt;
    const hint = { tries, signal };
    const { transport, headers } = this.#options;
    const given = this.#url;
    if (typeof given !== "function") attempt.url = String(given);
    const url = typeof given === "function" ? await given(hint) : given;
    const all = typeof headers === "function" ? await headers(hint) : headers;
    if (accepted.isSettled) return;
    attempt.url = transport ? String(url) : resolveURL(url).href;
    attempt.headers = new Headers(all);
    if (tries > 0) {
      attempt.headers.set("x-websocket-reconnect", String(tries));
      if (this.#reconnect!.probe && !await this.#probe(url)) {
        throw new DialError(attempt.url, "no server is there");
      }
      if (accepted.isSettled) return;
    }
    attempt.socket = transport
      ? transport(attempt.url)
      : openWebSocket(attempt.url, attempt.headers, this.#options);
    const before: ClientSession | undefined = this.#session;
    this.#session = new ClientSession({
      host: this,
      socket: attempt.socket,
      id: before?.id ?? "",
      conn: before?.conn,
      tries,
    });
    attempt.session = this.#session;
    this.#session.start();
  }

  /** Asks whether the server is there; `retryNow()` ends that. */
  async #probe(url: string | URL): Promise<boolean> {
    const isGone = await this.#within(
      Math.min(PROBE_TIMEOUT, this.limits.ackTimeout / 2),
      this.#skip.signal,
      async (signal) => !await isThere(resolveURL(url), signal),
    );
    return !isGone;
  }

  /** Sends a request; resolves with nothing if that takes too long. */
  #within<T>(
    timeout: number,
    ended: AbortSignal,
    request: (signal: AbortSignal) => Promise<T>,
  ): Promise<T | undefined> {
    const controller = new AbortController();
    const waiter = new Waiter<T>({
      timers: this.timers,
      timeout,
      signal: ended,
      onEnd: () => controller.abort(),
    });
    if (!waiter.isSettled) {
      request(controller.signal).then(
        (result) => waiter.resolve(result),
        (error) => waiter.reject(error),
      );
    }
    return waiter.promise.catch(() => undefined);
  }

  makePrefix(): string {
    return this.trace?.prefix ?? "$";
  }

  makeDecoder(link: object): Decoder | undefined {
    return this.trace?.makeDecoder(link, this);
  }

  onOpen(): void {
    // Set now: the socket may drop before the awaiting dial() resumes.
    if (this.#status === "dialling") this.#since = Date.now();
    this.#status = "open";
    this.#attempt!.accepted.resolve();
  }

  onRefused(error: Error): void {
    const attempt = this.#attempt!;
    attempt.isRefused = true;
    attempt.accepted.reject(error);
  }

  onLost(_conn: Conn, { code, reason }: CloseInfo): void {
    if (this.isOver || !mayComeBack(code)) {
      if (this.#status === "open") this.goal?.clear();
    } else this.goal?.restore(reason);
  }

  onEnded(_conn: Conn, info: CloseInfo): void {
    const attempt = this.#attempt!;
    if (!attempt.accepted.isSettled) void this.#fail(attempt, info);
    if (this.#status === "dialling" || this.#status === "away") return;
    const options = this.#reconnect;
    if (options === undefined || this.isOver || !mayComeBack(info.code)) {
      return this.#finish(info);
    }
    this.#status = "away";
    this.#tell("onClose", info, true);
    void this.#comeBack(options, info);
  }

  /** Ends an attempt whose socket has ended before the server accepted it. */
  async #fail(
    { tries, url, headers, socket, accepted, signal }: Attempt,
    info: CloseInfo,
  ): Promise<void> {
    const { failure } = socket!;
    // Only dial() tells its caller why.
    const seen = tries === 0 && isUntold(failure)
      ? await this.#within(
        LOOK_UP_TIMEOUT,
        signal,
        (signal) => lookUp(url, headers, signal),
      )
      : undefined;
    accepted.reject(explainFailure({ url, info, failure, seen }));
  }

  async #comeBack(options: Reconnect, lost: CloseInfo): Promise<void> {
    const { signal } = this.#end;
    const { minUptime, maxTries } = options;
    if (this.#since !== undefined && Date.now() - this.#since >= minUptime) {
      this.#tries = 0;
    }
    this.#since = undefined;
    let last = lost;
    // The client may be closed during an attempt.
    while (this.#tries < maxTries && !signal.aborted) {
      const delay = delayOf(options, this.#tries);
      const tries = ++this.#tries;
      this.#skip = new AbortController();
      this.#tell("onReconnecting", tries, delay);
      // The hook may have closed the client.
      if (!signal.aborted) await this.#wait(delay);
      if (signal.aborted) break;
      try {
        const session = await this.#connect(tries, signal);
        await session.namespaces.reenter();
        // If the connection is lost again already, onEnded() reconnects.
        if (session.isEnding) return;
        this.#since = Date.now();
        return this.#tell("onReconnect", tries);
      } catch (error) {
        const end = await this.#readRefusal(error);
        if (end === undefined) continue;
        last = end;
        break;
      }
    }
    await this.#session.ended;
    this.#finish(signal.aborted ? signal.reason : last);
  }

  /** Reads how a server has told the client not to come back, if it has. */
  async #readRefusal(error: unknown): Promise<CloseInfo | undefined> {
    const { session, isRefused } = this.#attempt!;
    const end = await session?.ended;
    if (isRefused) {
      if (mayTryAgain(end!.code)) return undefined;
      const reason = error instanceof Error ? error.message : "";
      return { code: 1008, reason, wasClean: true };
    }
    if (!(error instanceof DialError) || mayComeBack(error.code)) {
      return undefined;
    }
    return { code: error.code, reason: error.reason, wasClean: true };
  }

  /** Waits for a time, or until `retryNow()` is called. */
  async #wait(ms: number): Promise<void> {
    await this.#within(ms, this.#skip.signal, () => new Promise(() => {}));
  }

  #finish(info: CloseInfo): void {
    if (this.#status === "over") return;
    this.#status = "over";
    this.goal?.clear();
    this.closed.resolve(info);
    this.#tell("onClose", info, false);
  }

  #tell(hook: "onReconnect", tries: number): void;
  #tell(hook: "onReconnecting", tries: number, delay: number): void;
  #tell(hook: "onClose", info: CloseInfo, willReconnect: boolean): void;
  #tell(
    hook: "onReconnect" | "onReconnecting" | "onClose",
    ...args: never[]
  ): void {
    const told: ((...args: never[]) => unknown) | undefined =
      this.#options[hook];
    const run = async () => await told?.(...args);
    run().catch((error) => this.report(error, { event: hook }));
  }

  /**
   * A client gets many events that it does not handle. Only one whose handler
   * came too late is reported, once.
   */
  onUnhandled(
    { conn, namespace }: UntypedNSConn,
    events: CompiledEvents,
    { event }: Message,
  ): void {
    const what = `event ${JSON.stringify(event)} of namespace ${
      JSON.stringify(namespace)
    }`;
    if (!isLate(events, event) || this.#late.has(what)) return;
    this.#late.add(what);
    this.report(
      new TypeError(
        `Cannot handle ${what}: its handler was added after dial()`,
      ),
      { conn, namespace, event },
    );
  }

  report(error: unknown, source: FaultSource): void {
    reportTo(this.#options.onError, logFault, error, source);
  }
}

function logFault(
  error: unknown,
  { namespace, event }: Omit<FaultSource, "conn">,
): void {
  // deno-lint-ignore no-console -- no onError is set, or it has failed
  console.error("neffos: a fault", { namespace, event }, error);
}

/** Makes an AsyncLocalStorage, where the platform has it. */
function makeTracer(): TurnTracer | undefined {
  const { process } = globalThis as {
    process?: {
      getBuiltinModule?(
        name: string,
      ): { AsyncLocalStorage: new () => TurnTracer } | undefined;
    };
  };
  const hooks = process?.getBuiltinModule?.("node:async_hooks");
  return hooks && new hooks.AsyncLocalStorage();
}

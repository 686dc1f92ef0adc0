import type { Conn } from "../api/conn.ts";
import type { FaultSource } from "../api/server_api.ts";
import { reportTo } from "../connection/faults.ts";
import { Goal } from "../connection/goal.ts";
import type { Host } from "../connection/host.ts";
import { Crossings, type Limits } from "../connection/limits.ts";
import { Session } from "../connection/session.ts";
import type { TurnTracer } from "../connection/turn_queue.ts";
import {
  type CompiledHandlers,
  compileHandlers,
} from "../controller/compile.ts";
import type { ConnHandler } from "../controller/events.ts";
import {
  AskTimeoutError,
  assertCloseCode,
  ConnectionClosedError,
  EventError,
} from "../protocol/errors.ts";
import { OnNamespaceConnect, OnRoomJoin } from "../protocol/event_names.ts";
import { TrafficCounters } from "../transport/send_buffer.ts";
import type { CloseInfo, Socket } from "../transport/socket.ts";
import { type Deferred, makeDeferred } from "../util/promises.ts";
import { Timers } from "../util/timers.ts";
import { Waiter } from "../util/promises.ts";
import {
  clientLimitsOf,
  type DialOptions,
  openWebSocket,
  resolveURL,
} from "./dial.ts";
import {
  completeReconnect,
  delayOf,
  isThere,
  mayComeBack,
  mayTryAgain,
  type Reconnect,
  wait,
} from "./reconnect.ts";

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

/** The client as its connection sees it: dials, and reconnects. */
export class ClientHost implements Host {
  readonly handlers: CompiledHandlers;
  readonly limits: Limits;
  readonly isClient = true;
  readonly tracer: TurnTracer | undefined = makeTracer();
  readonly server = undefined;
  readonly directory = undefined;
  readonly rate = undefined;
  readonly goal: Goal | undefined;
  readonly timers: Timers = new Timers();
  readonly drops = { invalid: 0, stray: 0, lateAnswers: 0, volatile: 0 };
  readonly crossings: Crossings = new Crossings();
  readonly traffic: TrafficCounters = new TrafficCounters();
  readonly closed: Deferred<CloseInfo> = makeDeferred();
  readonly #url: string | URL;
  readonly #options: DialOptions;
  readonly #reconnect: Reconnect | undefined;
  /** Aborted when the program closes the client. */
  readonly #end = new AbortController();
  /** Aborted when the next attempt is to be made at once. */
  #skip = new AbortController();
  /** Settles when the server has accepted or refused the connection. */
  #accepted: Waiter<void> | undefined;
  #session!: Session;
  #status: ClientStatus = "dialling";

  constructor(url: string | URL, handler: ConnHandler, options: DialOptions) {
    this.handlers = compileHandlers(handler);
    this.limits = clientLimitsOf(options);
    this.#url = url;
    this.#options = options;
    this.#reconnect = completeReconnect(options.reconnect);
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
    const socket = this.#openSocket(0);
    this.#session = new Session({ host: this, socket, id: "" });
    await this.#start(signal);
    return this.#session.conn;
  }

  /** Closes the client for good; resolves when its hooks have ended. */
  async close(code: number, reason: string): Promise<void> {
    assertCloseCode(code);
    const closed = this.#session.queue.suspendCaller(this.closed.promise);
    this.#end.abort();
    this.#session.close(code, reason);
    this.retryNow();
    await closed;
  }

  /** Ends the delay before the next attempt. */
  retryNow(): void {
    this.#skip.abort();
  }

  #openSocket(tries: number): Socket {
    const { transport, headers } = this.#options;
    if (transport !== undefined) return transport(String(this.#url));
    const all = new Headers(headers);
    if (tries > 0) all.set("x-websocket-reconnect", String(tries));
    return openWebSocket(this.#url, { ...this.#options, headers: all });
  }

  /** Starts the session, and waits until the server has accepted it. */
  async #start(signal: AbortSignal | undefined): Promise<void> {
    const session = this.#session;
    const { ackTimeout } = this.limits;
    const accepted = new Waiter<void>({
      timers: this.timers,
      timeout: ackTimeout,
      signal,
      onTimeout: () =>
        new AskTimeoutError(
          `Cannot dial: the server did not accept within ${ackTimeout} ms`,
          ackTimeout,
        ),
    });
    this.#accepted = accepted;
    session.start();
    try {
      await accepted.promise;
    } catch (error) {
      // A server that refuses closes the socket itself, with its own code.
      if (!(error instanceof EventError)) session.close();
      throw error;
    }
  }

  onConnect(): void {}

  onOpen(): void {
    // Set now: the socket may drop before the awaiting dial() resumes.
    this.#status = "open";
    this.#accepted?.resolve();
  }

  onRefused(error: Error): void {
    this.#accepted?.reject(error);
  }

  onLost(_conn: Conn, { code, reason }: CloseInfo): void {
    if (this.isOver || !mayComeBack(code)) {
      if (this.#status === "open") this.goal?.clear();
    } else this.goal?.restore(reason);
  }

  onEnded(_conn: Conn, info: CloseInfo): void {
    // The server has not accepted the connection.
    this.#accepted?.reject(new ConnectionClosedError(info.code, info.reason));
    if (this.#status === "dialling") {
      // dial() rejects: no program holds this client, so no hook is called.
      this.#status = "over";
      return this.timers.stop();
    }
    if (this.#status === "away") return;
    const options = this.#reconnect;
    if (options === undefined || this.isOver || !mayComeBack(info.code)) {
      return this.#finish(info);
    }
    this.#status = "away";
    this.#tell("onClose", info, true);
    void this.#comeBack(options, info);
  }

  async #comeBack(options: Reconnect, lost: CloseInfo): Promise<void> {
    const { signal } = this.#end;
    let last = lost;
    for (let tries = 0; tries < options.maxTries; tries++) {
      // The client was closed during the last attempt.
      if (signal.aborted) break;
      const delay = delayOf(options, tries);
      this.#skip = new AbortController();
      this.#tell("onReconnecting", tries + 1, delay);
      // The hook may have closed the client.
      if (!signal.aborted) await wait(delay, this.#skip.signal);
      if (signal.aborted) break;
      try {
        const session = await this.#tryAgain(options, tries + 1);
        await session.namespaces.reenter();
        // If the connection is lost again already, onEnded() reconnects.
        if (!session.isEnding) this.#tell("onReconnect", tries + 1);
        return;
      } catch (error) {
        if (!(error instanceof EventError)) continue;
        const { code } = await this.#session.ended;
        if (mayTryAgain(code)) continue;
        last = { code: 1008, reason: error.message, wasClean: true };
        break;
      }
    }
    await this.#session.ended;
    this.#finish(last);
  }

  async #tryAgain({ probe }: Reconnect, tries: number): Promise<Session> {
    const { signal } = this.#end;
    if (probe && !await isThere(resolveURL(this.#url), signal)) {
      throw new ConnectionClosedError();
    }
    const { id, conn } = this.#session;
    const socket = this.#openSocket(tries);
    const session = new Session({ host: this, socket, id, conn });
    this.#session = session;
    await this.#start(signal);
    return session;
  }

  #finish(info: CloseInfo): void {
    if (this.#status === "over") return;
    this.#status = "over";
    this.goal?.clear();
    this.timers.stop();
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
    const report = (error: unknown) => this.report(error, { event: hook });
    try {
      const result = told?.(...args);
      if (result instanceof Promise) result.catch(report);
    } catch (error) {
      report(error);
    }
  }

  /** A client gets many events that it does not handle: none is logged. */
  onUnhandled(): void {}

  report(error: unknown, source: FaultSource): void {
    reportTo(this.#options.onError, error, source);
  }
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

import { Conn, coreOf, renew } from "../api/conn.ts";
import type { FaultSource } from "../api/server_api.ts";
import type { Drops } from "../api/stats.ts";
import { reportTo } from "../connection/faults.ts";
import type { End, Host } from "../connection/host.ts";
import {
  Crossings,
  DEFAULT_LIMITS,
  type Limits,
  limitsOf,
} from "../connection/limits.ts";
import type { Left } from "../connection/namespace_state.ts";
import type { Core } from "../connection/session.ts";
import type { TurnTracer } from "../connection/turn_queue.ts";
import {
  type CompiledHandlers,
  compileHandlers,
} from "../controller/compile.ts";
import type { ConnHandler } from "../controller/events.ts";
import {
  AskTimeoutError,
  ConnectionClosedError,
  EventError,
} from "../protocol/errors.ts";
import { OnNamespaceConnect, OnRoomJoin } from "../protocol/event_names.ts";
import { Traffic } from "../transport/send_buffer.ts";
import type { CloseInfo, Socket } from "../transport/socket.ts";
import { type Deferred, makeDeferred } from "../util/deferred.ts";
import { Timers } from "../util/timers.ts";
import { type DialOptions, openWebSocket, resolveURL } from "./dial.ts";
import {
  completeReconnect,
  delayOf,
  isThere,
  mayComeBack,
  type Reconnect,
  wait,
} from "./reconnect.ts";

/** The client as its connection sees it: dials, and comes back. */
export class ClientHost implements Host {
  readonly handlers: CompiledHandlers;
  readonly limits: Limits;
  readonly isClient = true;
  readonly tracer: TurnTracer | undefined = makeTracer();
  readonly server = undefined;
  readonly index = undefined;
  readonly rate = undefined;
  readonly timers: Timers = new Timers();
  readonly drops: Drops = { invalid: 0, stray: 0, lateAnswers: 0, volatile: 0 };
  readonly crossings: Crossings = new Crossings();
  readonly traffic: Traffic = new Traffic();
  readonly closed: Deferred<CloseInfo> = makeDeferred();
  readonly #url: string | URL;
  readonly #options: DialOptions;
  readonly #reconnect: Reconnect | undefined;
  /** Aborted when the program wants no more of it. */
  readonly #end = new AbortController();
  /** Aborted when it is not to wait any longer before the next try. */
  #skip = new AbortController();
  #opened: Deferred<void> = makeDeferred();
  /** What is to be entered again, by namespace. */
  readonly #former = new Map<string, Left>();
  #status: "dialling" | "open" | "away" | "over" = "dialling";

  constructor(url: string | URL, handler: ConnHandler, options: DialOptions) {
    const { timeout = DEFAULT_LIMITS.ackTimeout, maxPayload, askTimeout } =
      options;
    this.handlers = compileHandlers(handler);
    this.limits = limitsOf({
      ackTimeout: timeout,
      maxPayload,
      askTimeout,
      maxBuffered: Infinity,
      maxBufferedMessages: Infinity,
    });
    this.#url = url;
    this.#options = options;
    this.#reconnect = completeReconnect(options.reconnect);
  }

  /** Whether it is closed, and does not come back. */
  get isOver(): boolean {
    return this.#status === "over" || this.#end.signal.aborted;
  }

  /** Dials for the first time. */
  async dial(): Promise<Conn> {
    const { signal } = this.#options;
    signal?.throwIfAborted();
    const socket = this.#openSocket(0);
    const conn = new Conn({ host: this, socket, id: "" });
    await this.#accepted(conn, signal);
    return conn;
  }

  /** The program wants no more of it. */
  close(conn: Conn, code: number, reason: string): void {
    conn.close(code, reason);
    this.#end.abort();
    this.retryNow();
  }

  /** Ends the wait before the next try, if it waits. */
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

  /** Waits until the server has accepted the connection. */
  async #accepted(conn: Conn, signal: AbortSignal | undefined): Promise<void> {
    const { ackTimeout } = this.limits;
    const opened = makeDeferred<void>();
    this.#opened = opened;
    const giveUp = (reason: unknown) => {
      opened.reject(reason);
      conn.close();
    };
    const onAbort = () => giveUp(signal?.reason);
    signal?.addEventListener("abort", onAbort);
    const deadline = this.timers.set(ackTimeout, () =>
      giveUp(
        new AskTimeoutError(
          `Cannot dial: the server did not accept within ${ackTimeout} ms`,
          ackTimeout,
        ),
      ));
    try {
      coreOf(conn).start();
      await opened.promise;
    } finally {
      signal?.removeEventListener("abort", onAbort);
      this.timers.clear(ackTimeout, deadline);
    }
  }

  onConnect(): void {}

  onOpen(): void {
    // At once: it may be lost again before who waits for it goes on.
    this.#status = "open";
    this.#opened.resolve();
  }

  onRefused(_conn: Conn, error: Error): void {
    this.#opened.reject(error);
  }

  onSilenced(): void {}

  onClosed(conn: Conn, { info, left }: End): void {
    // A try that has failed is told to who tries.
    this.#opened.reject(new ConnectionClosedError(info.code, info.reason));
    if (this.#status === "dialling") return this.timers.stop();
    if (this.#status === "away") return;
    const options = this.#reconnect;
    if (options === undefined || this.isOver || !mayComeBack(info.code)) {
      return this.#finish(info);
    }
    this.#status = "away";
    for (const { state, rooms } of left) {
      // It may be lost again before it was back in all of its rooms.
      const before = this.#former.get(state.namespace)?.rooms ?? [];
      const all = [...new Set([...before, ...rooms])];
      this.#former.set(state.namespace, { state, rooms: all });
      if (options.maxKept > 0) {
        state.outbox ??= { frames: [], max: options.maxKept };
      }
    }
    this.#tell("onClose", info, true);
    void this.#comeBack(conn, options, info);
  }

  async #comeBack(
    conn: Conn,
    options: Reconnect,
    lost: CloseInfo,
  ): Promise<void> {
    const { signal } = this.#end;
    for (let tries = 0; tries < options.maxTries; tries++) {
      const delay = delayOf(options, tries);
      this.#skip = new AbortController();
      this.#tell("onReconnecting", tries + 1, delay);
      // The hook may have closed the client.
      if (!signal.aborted) await wait(delay, this.#skip.signal);
      if (signal.aborted) break;
      try {
        const core = await this.#tryAgain(conn, options, tries + 1);
        const isBack = await this.#enterAgain(conn, core);
        if (isBack) this.#tell("onReconnect", tries + 1);
        return;
      } catch (error) {
        if (error instanceof EventError) {
          // It is there, and does not want this client.
          await coreOf(conn).finished;
          return this.#finish({
            code: 1008,
            reason: error.message,
            wasClean: true,
          });
        }
      }
    }
    await coreOf(conn).finished;
    this.#finish(lost);
  }

  async #tryAgain(
    conn: Conn,
    { probe }: Reconnect,
    tries: number,
  ): Promise<Core> {
    const { signal } = this.#end;
    if (probe && !await isThere(resolveURL(this.#url), signal)) {
      throw new ConnectionClosedError();
    }
    const { id } = conn;
    const former = [...this.#former.values()];
    const socket = this.#openSocket(tries);
    const core = renew(conn, { host: this, socket, id, former });
    await this.#accepted(conn, signal);
    return core;
  }

  /** Enters what it was in; says whether it could without being lost again. */
  async #enterAgain(conn: Conn, core: Core): Promise<boolean> {
    const { membership } = core;
    for (const [namespace, { state, rooms }] of [...this.#former]) {
      try {
        await membership.connect(namespace, {});
      } catch (error) {
        if (!core.isEnding) this.#reportLoss(error, conn, namespace);
      }
      for (const room of rooms) {
        if (state.status !== "connected") break;
        try {
          await membership.rooms.join(state, room.name, {}, room);
        } catch (error) {
          if (!core.isEnding) this.#reportLoss(error, conn, namespace, true);
        }
      }
      if (core.isEnding) return false;
      this.#former.delete(namespace);
      const frames = state.outbox?.frames ?? [];
      state.outbox = undefined;
      if (state.status === "connected") frames.forEach((f) => core.send(f));
    }
    return true;
  }

  #reportLoss(
    error: unknown,
    conn: Conn,
    namespace: string,
    isRoom = false,
  ): void {
    const event = isRoom ? OnRoomJoin : OnNamespaceConnect;
    this.report(error, { conn, namespace, event });
  }

  #finish(info: CloseInfo): void {
    if (this.#status === "over") return;
    this.#status = "over";
    for (const { state } of this.#former.values()) state.outbox = undefined;
    this.#former.clear();
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

  /** Clients are sent much that they do not care about. */
  onUnhandled(): void {}

  report(error: unknown, source: FaultSource): void {
    reportTo(this.#options.onError, error, source);
  }
}

/** Takes the platform's AsyncLocalStorage, where there is one. */
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

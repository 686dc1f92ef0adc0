import { type CompiledHandlers, compileHandlers } from "./_compile.ts";
import {
  DEFAULT_LIMITS,
  type Drops,
  type FaultSource,
  type Host,
  type Limits,
  reportTo,
} from "./_host.ts";
import { limitsOf } from "./_options.ts";
import type { TurnTracer } from "./_queue.ts";
import { Timers } from "./_timers.ts";
import type { DialOptions } from "./client.ts";
import type { Conn } from "./conn.ts";
import { AskTimeoutError, ConnectionClosedError } from "./errors.ts";
import type { ConnHandler } from "./events.ts";
import type { CloseInfo } from "./socket.ts";

/** The client as its connection sees it. */
export class ClientHost implements Host {
  readonly handlers: CompiledHandlers;
  readonly limits: Limits;
  readonly isClient = true;
  readonly tracer: TurnTracer | undefined = makeTracer();
  readonly server = undefined;
  readonly index = undefined;
  readonly timers: Timers = new Timers();
  readonly drops: Drops = { invalid: 0, stray: 0, lateAnswers: 0 };
  readonly closed: PromiseWithResolvers<CloseInfo> = Promise.withResolvers();
  readonly #options: DialOptions;
  readonly #opened: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(handler: ConnHandler, options: DialOptions) {
    const { timeout = DEFAULT_LIMITS.ackTimeout, maxPayload, askTimeout } =
      options;
    this.handlers = compileHandlers(handler);
    this.limits = limitsOf({ ackTimeout: timeout, maxPayload, askTimeout });
    this.#options = options;
  }

  /** Waits until the server has accepted the connection. */
  async opened(conn: Conn, { signal }: DialOptions): Promise<void> {
    const { ackTimeout } = this.limits;
    const onAbort = () => this.#giveUp(conn, signal?.reason);
    signal?.addEventListener("abort", onAbort);
    const deadline = this.timers.set(
      ackTimeout,
      () =>
        this.#giveUp(
          conn,
          new AskTimeoutError(
            `Cannot dial: the server did not accept within ${ackTimeout} ms`,
            ackTimeout,
          ),
        ),
    );
    try {
      await this.#opened.promise;
    } finally {
      signal?.removeEventListener("abort", onAbort);
      this.timers.clear(ackTimeout, deadline);
    }
  }

  #giveUp(conn: Conn, reason: unknown): void {
    this.#opened.reject(reason);
    conn.close();
  }

  onConnect(): void {}

  onOpen(): void {
    this.#opened.resolve();
  }

  onRefused(_conn: Conn, error: Error): void {
    this.#opened.reject(error);
  }

  onSilenced(): void {}

  onClosed(_conn: Conn, info: CloseInfo, isPaired: boolean): void {
    this.#opened.reject(new ConnectionClosedError(info.code, info.reason));
    this.timers.stop();
    this.closed.resolve(info);
    if (!isPaired) return;
    try {
      this.#options.onClose?.(info);
    } catch (error) {
      this.report(error, { event: "onClose" });
    }
  }

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

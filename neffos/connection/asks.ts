import type { AskHead, AskOptions } from "../api/ask_options.ts";
import type { UntypedMessage, UntypedNSConn } from "../api/untyped.ts";
import {
  AskTimeoutError,
  BadNamespaceError,
  LimitError,
} from "../protocol/errors.ts";
import type { Message, RawBody } from "../protocol/message.ts";
import { type Deferred, makeDeferred } from "../util/deferred.ts";
import { SparseMap } from "../util/sparse_map.ts";
import type { Deadline } from "../util/timers.ts";
import type { Core } from "./session.ts";

/** Told, once, of the answer or of why there will be none. */
export type AnswerListener = (
  answer: UntypedMessage | undefined,
  error: unknown,
) => void;

interface Ask {
  readonly listener: AnswerListener;
  readonly timeout: number;
  readonly deadline: Deadline;
  readonly signal: AbortSignal | undefined;
  readonly onAbort: (() => void) | undefined;
}

/** The asks of one connection that wait for their answers, by wait token. */
export class Asks {
  /** Made with the first ask: most connections are never asked. */
  #pending: Map<string, Ask> | undefined;
  readonly #core: Core;
  /** How many wait for an ask that somebody else has begun. */
  joined = 0;
  #prefix = "";
  #count = 0;

  constructor(core: Core) {
    this.#core = core;
  }

  get size(): number {
    return this.#pending?.size ?? 0;
  }

  /** Asks the other side. The listener is told once, never before a return. */
  ask(
    head: AskHead,
    write: (wait: string) => RawBody,
    options: AskOptions,
    listener: AnswerListener,
  ): void {
    const { limits } = this.#core.host;
    const { timeout = limits.askTimeout, signal } = options;
    const refusal = this.refusal(head, timeout, signal);
    if (refusal !== undefined) {
      queueMicrotask(() => listener(undefined, refusal.error));
      return;
    }
    const wait = this.#open(head, timeout, signal, listener);
    if (!this.#core.send(write(wait))) {
      queueMicrotask(() =>
        this.#end(wait, undefined, this.#core.closedError())
      );
    }
  }

  /** Says why nothing can be asked now, if so. */
  refusal(
    head: AskHead,
    timeout: number,
    signal: AbortSignal | undefined,
  ): { error: unknown } | undefined {
    const { event } = head;
    if (!(timeout > 0)) {
      return {
        error: new RangeError(
          `Cannot ask "${event}" with a timeout of ${timeout}: it must be a positive number of milliseconds`,
        ),
      };
    }
    if (signal?.aborted) return { error: signal.reason };
    if (this.#core.status !== "open") {
      return { error: this.#core.closedError() };
    }
    const error = this.limitError(`ask "${event}"`, head);
    return error && { error };
  }

  /** Says that no more may wait for an answer, if so. */
  limitError(
    action: string,
    about?: Partial<AskHead>,
  ): LimitError | undefined {
    const { crossings, limits: { maxPendingAsks } } = this.#core.host;
    if (this.size + this.joined < maxPendingAsks) return undefined;
    crossings.add("maxPendingAsks");
    return new LimitError(
      `Cannot ${action}: ${maxPendingAsks} asks of this connection wait for an answer, which is the limit`,
      about,
    );
  }

  /** As {@linkcode ask}, as a promise, for which the caller's turn waits. */
  request(
    head: AskHead,
    write: (wait: string) => RawBody,
    options: AskOptions = {},
  ): Promise<UntypedMessage> {
    const { queue } = this.#core;
    const turns = queue.callers();
    queue.suspend(turns);
    return new Promise((resolve, reject) => {
      this.ask(head, write, options, (answer, error) => {
        queue.resume(turns);
        if (answer === undefined) reject(error);
        else resolve(answer);
      });
    });
  }

  /** Opens an ask and gives its wait token. */
  #open(
    head: AskHead,
    timeout: number,
    signal: AbortSignal | undefined,
    listener: AnswerListener,
  ): string {
    if (this.#prefix === "") {
      this.#prefix = makePrefix(this.#core.host.isClient);
    }
    const token = this.#prefix + (++this.#count).toString(36);
    const onAbort = signal &&
      (() => this.#end(token, undefined, signal.reason));
    const deadline = this.#core.host.timers.set(
      timeout,
      () => this.#end(token, undefined, timeoutError(head, timeout)),
    );
    this.#pending ??= new Map();
    this.#pending.set(token, { listener, timeout, deadline, signal, onAbort });
    if (onAbort) signal.addEventListener("abort", onAbort, { once: true });
    return token;
  }

  /** Gives a message to the ask that it answers, if it answers one. */
  settle(message: Message): boolean {
    if (!this.#pending?.has(message.wait)) return false;
    if (message.error !== undefined) {
      this.#end(message.wait, undefined, message.error);
    } else this.#end(message.wait, message, undefined);
    return true;
  }

  /** Whether this side made the token: then a message with it is an answer. */
  isOwn(token: string): boolean {
    return this.#prefix !== "" && token.startsWith(this.#prefix);
  }

  /** Ends every ask. */
  closeAll(error: unknown): void {
    for (const token of [...this.#pending?.keys() ?? []]) {
      this.#end(token, undefined, error);
    }
  }

  #end(token: string, answer: Message | undefined, error: unknown): void {
    const ask = this.#pending?.get(token);
    if (ask === undefined) return;
    this.#pending!.delete(token);
    this.#core.host.timers.clear(ask.timeout, ask.deadline);
    if (ask.onAbort) ask.signal?.removeEventListener("abort", ask.onAbort);
    ask.listener(answer, error);
  }
}

/**
 * Makes the start of a connection's tokens. A client's begins with `$`. A
 * server's cannot be guessed, begins with a letter, and has no `!` as its
 * second character, which would mean another server's ask.
 */
function makePrefix(isClient: boolean): string {
  if (isClient) return "$";
  const [a, b] = crypto.getRandomValues(new Uint32Array(2));
  return `s${a!.toString(36)}${b!.toString(36)}.`;
}

/** Makes the error of an ask that was not answered in time. */
export function timeoutError(head: AskHead, timeout: number): AskTimeoutError {
  const { event } = head;
  const text = `Cannot ask "${event}": no answer within ${timeout} ms`;
  return new AskTimeoutError(text, timeout, head);
}

/** Who waits until the other side connects a namespace. */
export class Waiters {
  readonly #core: Core;
  readonly #all = new SparseMap<string, Set<Deferred<UntypedNSConn>>>();

  constructor(core: Core) {
    this.#core = core;
  }

  /** Waits for a namespace. */
  wait(namespace: string, options: AskOptions): Promise<UntypedNSConn> {
    const { asks, queue, host } = this.#core;
    const { timeout, signal } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const refusal = asks.limitError(`wait for namespace "${namespace}"`);
    if (refusal !== undefined) return Promise.reject(refusal);
    asks.joined++;
    const waiter = makeDeferred<UntypedNSConn>();
    const waiters = this.#all.get(namespace) ?? new Set();
    this.#all.set(namespace, waiters.add(waiter));
    const onAbort = () => waiter.reject(signal?.reason);
    signal?.addEventListener("abort", onAbort);
    const deadline = timeout === undefined
      ? undefined
      : host.timers.set(timeout, () =>
        waiter.reject(
          new BadNamespaceError(
            `Cannot wait for namespace "${namespace}": the other side did not connect it within ${timeout} ms`,
            { namespace },
          ),
        ));
    const turns = queue.callers();
    queue.suspend(turns);
    return waiter.promise.finally(() => {
      asks.joined--;
      queue.resume(turns);
      waiters.delete(waiter);
      if (waiters.size === 0) this.#all.delete(namespace);
      signal?.removeEventListener("abort", onAbort);
      if (deadline) host.timers.clear(timeout!, deadline);
    });
  }

  /** The namespace is connected. */
  resolve(nsConn: UntypedNSConn): void {
    for (const waiter of this.#all.get(nsConn.namespace) ?? []) {
      waiter.resolve(nsConn);
    }
  }

  /** There will be no namespace any more. */
  rejectAll(error: unknown): void {
    for (const waiters of this.#all.values()) {
      for (const waiter of waiters) waiter.reject(error);
    }
  }
}

import type { Deadline, Timers } from "./timers.ts";

/**
 * Marks a rejection as handled, so that a call that is not awaited raises no
 * `unhandledrejection`: a refusal by the peer is not a fault of the program.
 */
export function ignoreRejection<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/**
 * Runs an async function whose rejection need not be handled. The errors keep
 * the frames of callers that await it, which {@linkcode ignoreRejection} takes
 * from them: V8 follows a promise only while nothing else waits for it.
 */
export function runUnwatched<T>(code: () => Promise<T>): Promise<T> {
  const promise = run();
  return promise;

  async function run(): Promise<T> {
    try {
      return await code();
    } catch (error) {
      ignoreRejection(promise);
      throw error;
    }
  }
}

/** A promise with the functions that settle it. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

/** Makes a promise like `Promise.withResolvers`, which Node 20 lacks. */
export function makeDeferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((onValue, onReason) => {
    resolve = onValue;
    reject = onReason;
  });
  return { promise, resolve, reject };
}

/**
 * Calls a function like `Promise.try`, which Node lacks before version 24.
 *
 * @param code Returns or throws at once, or later.
 * @returns What it returns; rejects with what it throws.
 */
export async function callAsync<T>(
  code: () => T | PromiseLike<T>,
): Promise<Awaited<T>> {
  return await code();
}

/** Tells whether a value is a promise or another thenable. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null &&
    typeof (value as Partial<PromiseLike<unknown>>).then === "function";
}

/** Makes a rejected promise that raises no `unhandledrejection`. */
export function rejected(error: unknown): Promise<never> {
  return ignoreRejection(Promise.reject(error));
}

/** Options of a {@linkcode Waiter}. */
export interface WaiterOptions {
  readonly timers: Timers;
  /** The time limit in milliseconds; none by default. */
  readonly timeout?: number | undefined;
  /** Ends the wait; the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Makes the error of a wait that exceeds its time limit. */
  readonly onTimeout?: () => unknown;
  /** Called once, however the wait ends, before the promise settles. */
  readonly onEnd?: (() => void) | undefined;
}

/**
 * A promise with a time limit and a signal, behind every call that waits for
 * the peer. It need not be awaited: a rejection that is not handled raises no
 * `unhandledrejection`.
 */
export class Waiter<T> {
  readonly promise: Promise<T>;
  readonly #options: WaiterOptions;
  readonly #deadline: Deadline | undefined;
  readonly #onAbort: (() => void) | undefined;
  /** Takes a T; `never` makes a `Waiter<T>` a `Waiter<unknown>` as well. */
  #resolve!: (value: never) => void;
  #isSettled = false;
  #isCommitted = false;
  #result: unknown;

  constructor(options: WaiterOptions) {
    const { timers, timeout, signal, onTimeout } = options;
    this.#options = options;
    this.promise = new Promise((resolve) => this.#resolve = resolve);
    if (timeout !== undefined) {
      this.#deadline = timers.set(
        timeout,
        () => this.fail(() => onTimeout?.()),
      );
    }
    if (signal === undefined) return;
    this.#onAbort = () => this.reject(signal.reason);
    if (signal.aborted) this.#onAbort();
    else signal.addEventListener("abort", this.#onAbort);
  }

  /** Whether the wait has ended, with a result or with an error. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Whether the result is certain, though it may not be there yet. */
  get isCommitted(): boolean {
    return this.#isCommitted;
  }

  /** Makes the result certain: the time limit and the signal stop counting. */
  commit(result?: unknown): void {
    if (this.#isCommitted || this.#isSettled) return;
    this.#isCommitted = true;
    this.#result = result;
    this.#stopWatching();
  }

  /** Ends the wait with the result that is certain. */
  finish(): void {
    this.resolve(this.#result as T);
  }

  /** Ends the wait with a result. */
  resolve(value: T): void {
    if (this.#end()) this.#resolve(value as never);
  }

  /** Ends the wait with an error. */
  reject(error: unknown): void {
    this.fail(() => error);
  }

  /**
   * Ends the wait with an error that is made for its caller: one that awaits
   * the promise is in its stack.
   */
  fail(make: () => unknown): void {
    if (this.#end()) this.#resolve(this.#throwLater(make) as never);
  }

  /**
   * Throws an error that is made where the promise follows an async function:
   * there V8 adds the frames of those that await it to the stack. To take the
   * frames at each call would double the cost of an ask.
   */
  async #throwLater(make: () => unknown): Promise<never> {
    // The promise follows this one from the second microtask on.
    await undefined;
    await undefined;
    const error = make();
    // Only now: V8 follows a promise while nothing else waits for it.
    ignoreRejection(this.promise);
    throw error;
  }

  #end(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    if (!this.#isCommitted) this.#stopWatching();
    this.#options.onEnd?.();
    return true;
  }

  #stopWatching(): void {
    const { timers, timeout, signal } = this.#options;
    if (this.#deadline !== undefined) timers.clear(timeout!, this.#deadline);
    if (this.#onAbort) signal!.removeEventListener("abort", this.#onAbort);
  }
}

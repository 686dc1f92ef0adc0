import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate } from "node:timers";

/** Timers that may run before a walk counts as one that never comes to rest. */
const MAX_RUNS = 20_000;

class Timer {
  readonly due: number;
  readonly order: number;
  readonly run: () => void;

  constructor(due: number, order: number, run: () => void) {
    this.due = due;
    this.order = order;
    this.run = run;
  }

  // The runtimes' timer objects have these; nothing keeps a walk alive.
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

/** Waits until no microtask is left. */
function drain(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * The clock of the whole realm while a walk runs: `setTimeout`, `clearTimeout`,
 * `performance.now` and `Date.now`. Time passes only when the walk says so, so
 * "nothing is left to happen" is exact.
 */
export class WalkClock implements Disposable {
  /** The milliseconds that have passed. */
  now = 0;
  readonly #timers = new Set<Timer>();
  readonly #restore: () => void;
  #count = 0;
  #runs = 0;

  /** Takes the place of the realm's clock, until it is disposed. */
  constructor() {
    const { setTimeout, clearTimeout } = globalThis;
    const { now } = performance;
    const dateNow = Date.now;
    this.#restore = () => {
      Object.assign(globalThis, { setTimeout, clearTimeout });
      performance.now = now;
      Date.now = dateNow;
    };
    Object.assign(globalThis, {
      setTimeout: (run: (...args: unknown[]) => void, ms = 0, ...args: []) =>
        this.set(ms, () => run(...args)),
      clearTimeout: (timer: Timer) => this.#timers.delete(timer),
    });
    performance.now = () => this.now;
    Date.now = () => 1_700_000_000_000 + this.now;
  }

  /** Has something run later, in the caller's async context as platforms do. */
  set(ms: number, run: () => void): Timer {
    const inContext = AsyncLocalStorage.snapshot();
    const due = this.now + Math.max(0, ms);
    const timer = new Timer(due, this.#count++, () => inContext(run));
    this.#timers.add(timer);
    return timer;
  }

  /** Lets time pass, and everything happen that is due until then. */
  async passUntil(time: number): Promise<void> {
    await drain();
    while (this.#runNext(time)) await drain();
    this.now = Math.max(this.now, time);
  }

  /**
   * Lets time pass until nothing is left to happen.
   *
   * @param isOver Ends it earlier.
   * @returns Whether it has come to an end.
   */
  async rest(isOver: () => boolean = () => false): Promise<boolean> {
    await drain();
    while (!isOver() && this.#runNext(Infinity)) {
      if (++this.#runs > MAX_RUNS) return false;
      await drain();
    }
    return true;
  }

  #runNext(end: number): boolean {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due > end) continue;
      if (
        next === undefined || timer.due < next.due ||
        timer.due === next.due && timer.order < next.order
      ) next = timer;
    }
    if (next === undefined) return false;
    this.now = Math.max(this.now, next.due);
    this.#timers.delete(next);
    next.run();
    return true;
  }

  [Symbol.dispose](): void {
    this.#restore();
  }
}

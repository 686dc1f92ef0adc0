/**
 * Stands in for `@std/testing/time`: a clock that moves only when it is told to.
 *
 * ```ts
 * import { FakeTime } from "@std/testing/time";
 * import { assertEquals } from "@std/assert";
 *
 * using time = new FakeTime(0);
 * const rings: number[] = [];
 * setTimeout(() => rings.push(Date.now()), 1_000);
 * time.tick(999);
 * assertEquals(rings, []);
 * time.tick(1);
 * assertEquals(rings, [1_000]);
 * ```
 *
 * @module
 */

/** A time was faked that was faked already, or restored that was not. */
export class TimeError extends Error {
  /** @param message What was tried, and why it cannot be done. */
  constructor(message: string) {
    super(message);
    this.name = "TimeError";
  }
}

interface Timer {
  readonly id: number;
  readonly callback: (...args: unknown[]) => void;
  readonly args: readonly unknown[];
  /** Milliseconds from one call to the next, for what repeats. */
  readonly interval?: number;
  readonly due: number;
}

/** The timers of one clock, in the order in which they are due; of those due at once, the oldest first. */
class Timers {
  #queue: Timer[] = [];
  #lastId = 0;

  get first(): Timer | undefined {
    return this.#queue[0];
  }

  nextId(): number {
    return ++this.#lastId;
  }

  insert(timer: Timer): void {
    const at = this.#queue.findIndex((other) => other.due > timer.due);
    this.#queue.splice(at === -1 ? this.#queue.length : at, 0, timer);
  }

  remove(id: unknown): void {
    this.#queue = this.#queue.filter((timer) => timer.id !== id);
  }
}

/** What the clock that runs replaces. There is one set of globals, and so one clock at a time. */
let running: { readonly time: FakeTime; readonly timers: Timers } | undefined;

const real = {
  Date: globalThis.Date,
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
};

const fake = {
  Date: new Proxy(real.Date, {
    construct: (_target, args: [] | [number]) =>
      args.length === 0 ? new real.Date(now()) : new real.Date(...args),
    apply: () => new real.Date(now()).toString(),
    get: (target, key, receiver) =>
      key === "now" ? now : Reflect.get(target, key, receiver),
  }),
  setTimeout(callback: unknown, delay = 0, ...args: unknown[]): number {
    assertCallable(callback, "setTimeout");
    const { time, timers } = demandRunning("set timeout");
    const id = timers.nextId();
    const due = time.now + Math.max(0, Math.floor(delay) || 0);
    timers.insert({ id, callback, args, due });
    return id;
  },
  clearTimeout(id?: unknown): void {
    demandRunning("clear timeout").timers.remove(id);
  },
  setInterval(callback: unknown, delay = 0, ...args: unknown[]): number {
    assertCallable(callback, "setInterval");
    const { time, timers } = demandRunning("set interval");
    const id = timers.nextId();
    const interval = Math.max(1, Math.floor(delay) || 0);
    timers.insert({ id, callback, args, interval, due: time.now + interval });
    return id;
  },
  clearInterval(id?: unknown): void {
    demandRunning("clear interval").timers.remove(id);
  },
};

const realTimeout = AbortSignal.timeout;

function fakeTimeout(delay: number): AbortSignal {
  const controller = new AbortController();
  fake.setTimeout(() => {
    controller.abort(new DOMException("Signal timed out.", "TimeoutError"));
  }, delay);
  return controller.signal;
}

/** Replaces `Date`, the timers and `AbortSignal.timeout()` until it is restored. Microtasks go on as ever. */
export class FakeTime {
  readonly #timers = new Timers();
  readonly #start: number;
  #now: number;

  /**
   * @param start The time to begin with; the real one if it is left out.
   * @throws {TimeError} If time is faked already.
   * @throws {TypeError} If the start is no time.
   */
  constructor(start?: number | string | Date | null) {
    if (running) {
      throw new TimeError("Cannot construct FakeTime: time is already faked");
    }
    this.#start = toTime(start);
    if (Number.isNaN(this.#start)) {
      throw new TypeError(
        `Cannot construct FakeTime: invalid start time ${this.#start}`,
      );
    }
    this.#now = this.#start;
    running = { time: this, timers: this.#timers };
    replaceGlobals();
  }

  /**
   * Restores the real time, whichever FakeTime faked it.
   *
   * @throws {TimeError} If time is not faked.
   */
  static restore(): void {
    if (!running) {
      throw new TimeError("Cannot restore time: time is already restored");
    }
    running.time.restore();
  }

  /**
   * Restores the real time until a function has returned, or its promise is settled.
   *
   * @param callback The function.
   * @param args What it is called with.
   * @returns What it returns.
   * @throws {TimeError} If time is not faked.
   */
  static async restoreFor<T>(
    // deno-lint-ignore no-explicit-any
    callback: (...args: any[]) => Promise<T> | T,
    // deno-lint-ignore no-explicit-any
    ...args: any[]
  ): Promise<T> {
    demandRunning("restore time");
    restoreGlobals();
    try {
      const result = callback(...args);
      // Awaiting what is no promise would keep the real time for too long.
      return result instanceof Promise ? await result : result;
    } finally {
      replaceGlobals();
    }
  }

  /** The time, in milliseconds since 1970. Setting it calls what is due in between. */
  get now(): number {
    return this.#now;
  }

  set now(value: number) {
    if (value < this.#now) {
      throw new RangeError(
        `Cannot set current time in the past, time must be >= ${this.#now}: received ${value}`,
      );
    }
    let timer = this.#timers.first;
    while (timer !== undefined && timer.due <= value) {
      const { id, callback, args, interval, due } = timer;
      this.#timers.remove(id);
      this.#now = due;
      if (interval !== undefined) {
        this.#timers.insert({ ...timer, due: due + interval });
      }
      callback(...args);
      timer = this.#timers.first;
    }
    this.#now = value;
  }

  /** The time that the clock began with. */
  get start(): number {
    return this.#start;
  }

  /**
   * Moves the clock and calls what is due in between.
   *
   * @param ms By how much.
   */
  tick(ms = 0): void {
    this.now += ms;
  }

  /**
   * Lets all microtasks run, then moves the clock.
   *
   * @param ms By how much.
   */
  async tickAsync(ms = 0): Promise<void> {
    await this.runMicrotasks();
    this.now += ms;
  }

  /**
   * Moves the clock to the next timer and calls it.
   *
   * @returns Whether there was one.
   */
  next(): boolean {
    const timer = this.#timers.first;
    if (timer) this.now = timer.due;
    return timer !== undefined;
  }

  /**
   * Lets all microtasks run, then moves the clock to the next timer and calls it.
   *
   * @returns Whether there was one.
   */
  async nextAsync(): Promise<boolean> {
    await this.runMicrotasks();
    return this.next();
  }

  /** Calls one timer after the other until none is left. */
  runAll(): void {
    while (this.#timers.first) this.next();
  }

  /** Calls one timer after the other until none is left, with all microtasks in between. */
  async runAllAsync(): Promise<void> {
    while (this.#timers.first) await this.nextAsync();
  }

  /** Lets all microtasks run. */
  async runMicrotasks(): Promise<void> {
    await this.delay(0);
  }

  /**
   * Waits in real time.
   *
   * @param ms How long.
   */
  async delay(ms: number): Promise<void> {
    await new Promise((resolve) => real.setTimeout(resolve, ms));
  }

  /**
   * Restores the real time.
   *
   * @throws {TimeError} If that was done before.
   */
  restore(): void {
    if (!running) {
      throw new TimeError("Cannot restore time: time is already restored");
    }
    running = undefined;
    restoreGlobals();
  }

  /** Restores the real time. */
  [Symbol.dispose](): void {
    this.restore();
  }
}

function replaceGlobals(): void {
  Object.assign(globalThis, fake);
  AbortSignal.timeout = fakeTimeout;
}

function restoreGlobals(): void {
  Object.assign(globalThis, real);
  AbortSignal.timeout = realTimeout;
}

function now(): number {
  return running ? running.time.now : real.Date.now();
}

function toTime(start: number | string | Date | null | undefined): number {
  if (start === undefined || start === null) return real.Date.now();
  if (typeof start === "number") return Math.floor(start);
  return new real.Date(start).valueOf();
}

function demandRunning(action: string): NonNullable<typeof running> {
  if (running) return running;
  throw new TimeError(`Cannot ${action}: time is not faked`);
}

function assertCallable(
  callback: unknown,
  name: string,
): asserts callback is Timer["callback"] {
  if (typeof callback === "function") return;
  throw new TimeError(
    `FakeTime does not support non-function callbacks to ${name}`,
  );
}

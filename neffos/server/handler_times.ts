import type { HandlerStats, MeasureOptions } from "../api/stats.ts";
import type { CompiledEvents } from "../controller/compile.ts";
import type { CompiledHandler } from "../controller/compile.ts";
import { OnAnyEvent, OnNativeMessage } from "../protocol/event_names.ts";
import { isPromise } from "../util/promises.ts";

// Most handlers take far less than a millisecond, some query a database.
const BUCKETS: readonly number[] = [
  ...[0.1, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000],
  10_000,
];

/**
 * Measures handlers: for good once the program asks for it, else while somebody
 * looks. They are wrapped in place, so that a server that does not measure pays
 * nothing.
 */
export class HandlerMeter {
  readonly #namespaces: ReadonlyMap<string, CompiledEvents>;
  #times: HandlerTimes | undefined;
  #looks = 0;
  #isKept = false;

  constructor(namespaces: ReadonlyMap<string, CompiledEvents>) {
    this.#namespaces = namespaces;
  }

  /** The times; none while nothing is measured. */
  stats(): HandlerStats[] {
    return this.#times?.stats() ?? [];
  }

  /**
   * Measures from now on. The first options stay. What is measured by default
   * while somebody looks goes on.
   *
   * @throws {RangeError} When the buckets are not positive numbers in ascending
   * order.
   */
  keep(options: MeasureOptions) {
    if (this.#isKept) return;
    const { buckets = BUCKETS, now = () => performance.now() } = options;
    assertAscending(buckets);
    this.#isKept = true;
    const isDefault = !options.buckets && !options.now;
    if (isDefault && this.#times !== undefined) return;
    this.#stop();
    this.#start([...buckets], now);
  }

  /**
   * Measures while somebody looks.
   *
   * @returns A function that ends it, unless others look.
   */
  look(): () => void {
    if (this.#times === undefined) {
      this.#start(BUCKETS, () => performance.now());
    }
    this.#looks++;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      if (--this.#looks === 0 && !this.#isKept) this.#stop();
    };
  }

  #start(bounds: readonly number[], now: () => number): void {
    const times = this.#times = new HandlerTimes(bounds, now);
    replaceHandlers(
      this.#namespaces,
      (handler, namespace, event) => times.measure(handler, namespace, event),
    );
  }

  #stop(): void {
    const times = this.#times;
    if (times === undefined) return;
    this.#times = undefined;
    replaceHandlers(this.#namespaces, (handler) => times.findOriginal(handler));
  }
}

function replaceHandlers(
  namespaces: ReadonlyMap<string, CompiledEvents>,
  replace: (
    handler: CompiledHandler,
    namespace: string,
    event: string,
  ) => CompiledHandler,
): void {
  for (const [namespace, events] of namespaces) {
    for (const map of [events.handlers, events.hooks]) {
      for (const [event, handler] of map) {
        map.set(event, replace(handler, namespace, event));
      }
    }
    const { any, native } = events;
    events.any = any && replace(any, namespace, OnAnyEvent);
    events.native = native && replace(native, namespace, OnNativeMessage);
  }
}

/** The durations of handlers: one histogram for each, not for each event. */
class HandlerTimes {
  readonly #bounds: readonly number[];
  readonly #now: () => number;
  readonly #histograms: Histogram[] = [];
  readonly #originals = new Map<CompiledHandler, CompiledHandler>();

  constructor(bounds: readonly number[], now: () => number) {
    this.#bounds = bounds;
    this.#now = now;
  }

  stats(): HandlerStats[] {
    return this.#histograms
      .filter(({ count }) => count > 0)
      .map((histogram) => histogram.stats());
  }

  /** Wraps a handler so that its durations go into a new histogram. */
  measure(
    handler: CompiledHandler,
    namespace: string,
    event: string,
  ): CompiledHandler {
    const histogram = new Histogram(namespace, event, this.#bounds);
    this.#histograms.push(histogram);
    const now = this.#now;
    const measured: CompiledHandler = (state, msg) => {
      const start = now();
      let isLater = false;
      try {
        const result = handler(state, msg);
        isLater = isPromise(result);
        return isLater ? untilEnd(result, start) : result;
      } finally {
        if (!isLater) histogram.add(now() - start);
      }
    };
    // Awaited once, here alone: a lazy thenable starts with each `then`.
    const untilEnd = async (result: unknown, start: number) => {
      try {
        return await result;
      } finally {
        histogram.add(now() - start);
      }
    };
    this.#originals.set(measured, handler);
    return measured;
  }

  /** Finds what was wrapped. */
  findOriginal(measured: CompiledHandler): CompiledHandler {
    return this.#originals.get(measured) ?? measured;
  }
}

class Histogram {
  readonly #namespace: string;
  readonly #event: string;
  readonly #bounds: readonly number[];
  /** One count for each bucket, not cumulative, and one above the last bound. */
  readonly #counts: number[];
  #sum = 0;
  count = 0;

  constructor(namespace: string, event: string, bounds: readonly number[]) {
    this.#namespace = namespace;
    this.#event = event;
    this.#bounds = bounds;
    this.#counts = Array(bounds.length + 1).fill(0);
  }

  add(ms: number): void {
    let at = 0;
    while (at < this.#bounds.length && ms > this.#bounds[at]!) at++;
    this.#counts[at]!++;
    this.#sum += ms;
    this.count++;
  }

  stats(): HandlerStats {
    let below = 0;
    return {
      namespace: this.#namespace,
      event: this.#event,
      count: this.count,
      duration: this.#sum,
      buckets: this.#bounds.map((max, at) => ({
        max,
        count: below += this.#counts[at]!,
      })),
    };
  }
}

function assertAscending(buckets: readonly number[]): void {
  buckets.forEach((max, at) => {
    const before = buckets[at - 1] ?? 0;
    if (Number.isFinite(max) && max > before) return;
    throw new RangeError(
      `Cannot measure with a bucket of ${max} after ${before}: buckets are positive numbers in ascending order`,
    );
  });
}

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
 * Begins to measure handlers. They are wrapped in place, so that a server
 * that does not measure pays nothing.
 *
 * @param namespaces The event maps, which are changed.
 * @param options The buckets and the clock.
 * @returns The times.
 * @throws {RangeError} When the buckets are not positive numbers in ascending
 * order.
 */
export function measureHandlers(
  namespaces: ReadonlyMap<string, CompiledEvents>,
  { buckets = BUCKETS, now = () => performance.now() }: MeasureOptions,
): HandlerTimes {
  assertAscending(buckets);
  const times = new HandlerTimes([...buckets], now);
  for (const [namespace, events] of namespaces) {
    for (const map of [events.handlers, events.hooks]) {
      for (const [event, handler] of map) {
        map.set(event, times.measure(handler, namespace, event));
      }
    }
    const { any, native } = events;
    events.any = any && times.measure(any, namespace, OnAnyEvent);
    events.native = native &&
      times.measure(native, namespace, OnNativeMessage);
  }
  return times;
}

/** The durations of handlers: one histogram for each, not for each event. */
export class HandlerTimes {
  readonly #bounds: readonly number[];
  readonly #now: () => number;
  readonly #histograms: Histogram[] = [];

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
    return measured;
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

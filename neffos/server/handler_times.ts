import type { HandlerStats, MeasureOptions } from "../api/stats.ts";
import type { CompiledEvents } from "../controller/compile.ts";
import type { CompiledHandler } from "../controller/middleware.ts";
import { OnAnyEvent, OnNativeMessage } from "../protocol/event_names.ts";
import { isPromise } from "../util/deferred.ts";

// Most handlers are done in far less than a millisecond, some ask a database.
const BUCKETS: readonly number[] = [
  ...[0.1, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000],
  10_000,
];

/**
 * Measures how long handlers take. It puts itself around those that are
 * there, so that who does not measure pays nothing, and there is one
 * histogram for each, whatever names clients think of.
 */
export class Measure {
  readonly #bounds: readonly number[];
  readonly #now: () => number;
  readonly #histograms: Histogram[] = [];

  constructor(
    namespaces: ReadonlyMap<string, CompiledEvents>,
    { buckets = BUCKETS, now = () => performance.now() }: MeasureOptions,
  ) {
    assertAscending(buckets);
    this.#bounds = [...buckets];
    this.#now = now;
    for (const [namespace, events] of namespaces) {
      for (const map of [events.handlers, events.hooks]) {
        for (const [event, handler] of map) {
          map.set(event, this.#wrap(handler, namespace, event));
        }
      }
      const { any, native } = events;
      events.any = any && this.#wrap(any, namespace, OnAnyEvent);
      events.native = native && this.#wrap(native, namespace, OnNativeMessage);
    }
  }

  stats(): HandlerStats[] {
    return this.#histograms
      .filter(({ count }) => count > 0)
      .map((histogram) => histogram.stats());
  }

  #wrap(
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
    // Awaited once, by this alone: some begin their work with each `then`.
    const untilEnd = async (result: unknown, start: number) => {
      try {
        return await result;
      } finally {
        histogram.add(now() - start);
      }
    };
    return Object.assign(measured, { isAsync: handler.isAsync });
  }
}

class Histogram {
  readonly #namespace: string;
  readonly #event: string;
  readonly #bounds: readonly number[];
  /** For each bound those above the one before, and those above all. */
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

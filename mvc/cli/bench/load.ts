import type { Tally } from "./figures.ts";

/** Sends one ask, and resolves with its answer. */
export type Ask = () => Promise<unknown>;

/** How a load is made. */
export interface LoadOptions {
  /** What asks, one for each connection. */
  readonly asks: readonly Ask[];
  /** How many asks of each connection wait for an answer at once. */
  readonly inFlight: number;
  /** How many asks a second there are on all connections; else as fast as answers come. */
  readonly rate: number | undefined;
  /** When to end, in milliseconds from the beginning. */
  readonly duration: number;
  /** How many asks to send at most. */
  readonly count: number;
  /** Ends it early. */
  readonly signal: AbortSignal;
  readonly tally: Tally;
  /** Returns the time, in milliseconds. */
  now(): number;
}

/** How often a load with a rate looks at the clock, in milliseconds. */
const TICK = 5;

/** How long after its end a load with a rate may send what is late, in milliseconds. */
const GRACE = 1_000;

/**
 * Loads a server. With a rate, the time of an ask counts from when it was due,
 * so that a server which stands still is seen in the latencies of all that
 * waited.
 *
 * @param options How.
 * @returns How long it took, in milliseconds; asks that wait at the end are
 * awaited, but not when the signal ends it.
 */
export async function runLoad(options: LoadOptions): Promise<number> {
  const { rate, now, signal } = options;
  const begin = now();
  const stopped = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => stopped.resolve(), { once: true });
  const running = rate === undefined
    ? runInFlight(options, begin)
    : runAtRate(options, { begin, rate });
  await Promise.race([running, stopped.promise]);
  return now() - begin;
}

async function runInFlight(
  { asks, inFlight, duration, count, signal, tally, now }: LoadOptions,
  begin: number,
): Promise<void> {
  let left = count;
  const loop = async (ask: Ask) => {
    while (!signal.aborted && left > 0 && now() - begin < duration) {
      left--;
      if (!await measure(ask, { since: now(), tally, now })) return;
    }
  };
  await Promise.all(
    asks.flatMap((ask) => Array.from({ length: inFlight }, () => loop(ask))),
  );
}

async function runAtRate(
  { asks, duration, count, signal, tally, now }: LoadOptions,
  { begin, rate }: { begin: number; rate: number },
): Promise<void> {
  const total = Math.min(count, Math.ceil(rate * duration / 1_000));
  const waiting = new Set<Promise<unknown>>();
  let sent = 0;
  let rested = begin;
  while (sent < total && !signal.aborted && now() - begin < duration + GRACE) {
    const due = begin + sent * 1_000 / rate;
    const early = due - now();
    // Answers are read while it sleeps, so that it does when it is late, too.
    if (early > 0 || now() - rested > TICK) {
      await sleep(Math.max(0, Math.min(early, TICK)));
      rested = now();
      continue;
    }
    const ask = asks[sent++ % asks.length]!;
    const one = measure(ask, { since: due, tally, now });
    waiting.add(one);
    void one.then(() => waiting.delete(one));
  }
  if (sent < total && !signal.aborted) {
    tally.addError(
      "not sent: the rate is too high for this side",
      total - sent,
    );
  }
  await Promise.all(waiting);
}

/** Asks once; resolves with whether the connection can go on. */
async function measure(
  ask: Ask,
  { since, tally, now }: { since: number } & Pick<LoadOptions, "tally" | "now">,
): Promise<boolean> {
  try {
    await ask();
    tally.addAnswer(now() - since);
    return true;
  } catch (error) {
    const { name, message } = error as Error;
    tally.addError(message);
    return name !== "ConnectionClosedError";
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

import type { HandlerStats, ServerStats } from "../../neffos/mod.ts";
import type { Counter, CounterKind, HandlerRow } from "./data.ts";

/** The share of calls that `p95` is about. */
const QUANTILE = 0.95;

/** The counters of a server, each with how much of it is new. */
export function compareCounters(
  now: ServerStats,
  before: ServerStats,
): Counter[] {
  const old = new Map(
    listCounters(before).map((
      [kind, name, total],
    ) => [`${kind} ${name}`, total]),
  );
  return listCounters(now).map(([kind, name, total]) => ({
    kind,
    name,
    total,
    recent: total - (old.get(`${kind} ${name}`) ?? 0),
  })).filter(({ total }) => total > 0);
}

function listCounters(
  { crossings, refused, closed, drops, exchange }: ServerStats,
): [kind: CounterKind, name: string, total: number][] {
  const { dropped = 0, failed = 0, missed = 0 } = exchange ?? {};
  const tables: Record<CounterKind, Readonly<Record<string, number>>> = {
    limit: crossings,
    refused,
    closed,
    dropped: { ...drops },
    lost: { dropped, failed, missed },
  };
  return (Object.keys(tables) as CounterKind[]).flatMap((kind) =>
    Object.entries(tables[kind])
      .map((
        [name, total],
      ): [CounterKind, string, number] => [kind, name, total])
  );
}

/**
 * Compares the handler times of two moments.
 *
 * @param now The later ones.
 * @param before The earlier ones.
 * @param seconds The time between them.
 * @returns The handlers that were called meanwhile, those first that took the
 * most time.
 */
export function compareHandlers(
  now: readonly HandlerStats[],
  before: readonly HandlerStats[],
  seconds: number,
): HandlerRow[] {
  const old = new Map(before.map((each) => [nameHandler(each), each]));
  const changes = now.map((each) => subtract(each, old.get(nameHandler(each))))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.duration - a.duration);
  const all = changes.reduce((sum, { duration }) => sum + duration, 0);
  return changes.map(({ namespace, event, count, duration, buckets }) => ({
    namespace,
    event,
    rate: seconds > 0 ? count / seconds : 0,
    mean: duration / count,
    p95: buckets.find((each) => each.count >= QUANTILE * count)?.max ?? null,
    share: all > 0 ? duration / all : 0,
  }));
}

function nameHandler({ namespace, event }: HandlerStats): string {
  return JSON.stringify([namespace, event]);
}

function subtract(now: HandlerStats, before?: HandlerStats): HandlerStats {
  if (before === undefined) return now;
  // It was measured anew meanwhile, with other buckets.
  const isAnew = before.count > now.count || before.duration > now.duration;
  if (isAnew) return now;
  return {
    ...now,
    count: now.count - before.count,
    duration: now.duration - before.duration,
    buckets: now.buckets.map(({ max, count }, at) => ({
      max,
      count: count - (before.buckets[at]?.count ?? 0),
    })),
  };
}

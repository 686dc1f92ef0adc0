import type { SideResult, SoakResult } from "./mod.ts";

/** Renders the result of a soak as a table. */
export function renderReport({ ours, bare }: SoakResult): string {
  const rows = ROWS.map(({ name, read, digits = 0, isRatio = true }) => {
    const values = [read(ours), read(bare)] as const;
    const [a, b] = values.map((value) => value.toFixed(digits));
    const ratio = values[0] / values[1];
    return [name, a, b, isRatio && values[1] > 0 ? ratio.toFixed(2) : ""];
  });
  const head = ["", "ours", "bare", "ratio"];
  return [head, head.map(() => "---"), ...rows]
    .map((row) => `| ${row.join(" | ")} |`).join("\n");
}

interface Row {
  readonly name: string;
  readonly read: (side: SideResult) => number;
  readonly digits?: number;
  readonly isRatio?: boolean;
}

function count(name: string, read: Row["read"]): Row {
  return { name, read, isRatio: false };
}

function size(name: string, read: Row["read"]): Row {
  const readMiB = (side: SideResult) => read(side) / 1024 / 1024;
  return { name: `${name}, MiB`, read: readMiB, digits: 1, isRatio: false };
}

function time(name: string, read: Row["read"]): Row {
  return { name, read, digits: 2 };
}

const ROWS: readonly Row[] = [
  count("connections held", ({ connections }) => connections),
  count("messages sent", ({ tally }) => tally.sent),
  count("messages received", ({ tally }) => tally.received),
  count("lost", ({ tally }) => tally.lost),
  count("duplicated", ({ tally }) => tally.duplicated),
  count("out of order", ({ tally }) => tally.disordered),
  count("connections dropped", ({ tally }) => tally.dropped),
  count("errors", ({ errors }) => errors.length),
  {
    name: "memory of an idle connection, bytes",
    read: ({ rss, idle }) => (rss.idle - rss.start) / idle,
  },
  {
    name: "heap of an idle connection, bytes",
    read: ({ heap, idle }) => (heap.idle - heap.start) / idle,
  },
  time("answer, p50, ms", ({ millis }) => quantile(millis, 0.5)),
  time("answer, p99, ms", ({ millis }) => quantile(millis, 0.99)),
  time("answer, max, ms", ({ millis }) => quantile(millis, 1)),
  time(
    "CPU for a message, µs",
    ({ cpu, tally }) => cpu / (tally.sent + tally.received) * 1e6,
  ),
  size("memory before any connection", ({ rss }) => rss.start),
  size("memory after the first turn", ({ rss }) => rss.first),
  size("memory after the last turn", ({ rss }) => rss.last),
  size("memory after all have left", ({ rss }) => rss.end),
  size("heap before any connection", ({ heap }) => heap.start),
  size("heap after all have left", ({ heap }) => heap.end),
  count("sockets left", ({ sockets }) => sockets),
  count("closed and ended", ({ isClosed }) => Number(isClosed)),
];

function quantile(sorted: readonly number[], part: number): number {
  const last = sorted.length - 1;
  return sorted[Math.floor(part * last)] ?? 0;
}

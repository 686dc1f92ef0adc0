import { toOneLine } from "../failure.ts";
import { toVisible } from "../output/visible.ts";

/** What a load has measured. */
export interface Figures {
  /** How many answers came. */
  readonly answers: number;
  /** How many asks failed, by the text of their errors. */
  readonly errors: ReadonlyMap<string, number>;
  /** From the first ask to the last answer, in seconds. */
  readonly seconds: number;
  /** Answers a second. */
  readonly perSecond: number;
  /** In milliseconds; `undefined` when nothing was answered. */
  readonly latency: Latency | undefined;
}

/** How long answers took, in milliseconds. */
export interface Latency {
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Collects what a load measures. */
export class Tally {
  readonly #latencies: number[] = [];
  readonly #errors = new Map<string, number>();
  #failed = 0;

  /** How many answers came. */
  get answers(): number {
    return this.#latencies.length;
  }

  /** How many asks failed. */
  get failed(): number {
    return this.#failed;
  }

  /** Adds an answer, by how long it took, in milliseconds. */
  addAnswer(latency: number): void {
    this.#latencies.push(latency);
  }

  /** Adds failures of one kind. */
  addError(text: string, count = 1): void {
    this.#failed += count;
    this.#errors.set(text, (this.#errors.get(text) ?? 0) + count);
  }

  /**
   * Sums up.
   *
   * @param duration How long it took, in milliseconds.
   */
  sum(duration: number): Figures {
    const seconds = duration / 1_000;
    return {
      answers: this.answers,
      errors: this.#errors,
      seconds,
      perSecond: seconds > 0 ? this.answers / seconds : 0,
      latency: measureLatency(this.#latencies),
    };
  }
}

/**
 * Sorts latencies into percentiles.
 *
 * @param latencies The latencies, in milliseconds.
 * @returns The percentiles, each the smallest value that so many of all do not exceed.
 */
export function measureLatency(
  latencies: readonly number[],
): Latency | undefined {
  if (latencies.length === 0) return undefined;
  const sorted = Float64Array.from(latencies).sort();
  const at = (share: number) =>
    sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
  return { min: at(0), p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

/** Writes figures for people. */
export function writeFigures(
  figures: Figures,
  { connections }: { connections: number },
): string {
  const { answers, errors, seconds, perSecond, latency } = figures;
  const lines = [
    `connections  ${connections}`,
    `answers      ${answers} in ${seconds.toFixed(1)} s`,
    `throughput   ${perSecond.toFixed(0)} a second`,
  ];
  if (latency !== undefined) {
    const { min, p50, p90, p99, max } = latency;
    const shown = Object.entries({ min, p50, p90, p99, max })
      .map(([name, value]) => `${name} ${formatMilliseconds(value)}`);
    lines.push(`latency      ${shown.join("  ")}`);
  }
  let failed = 0;
  for (const count of errors.values()) failed += count;
  lines.push(`errors       ${failed}`);
  for (const [text, count] of errors) {
    lines.push(`  ${count} × ${toOneLine(text)}`);
  }
  return lines.join("\n");
}

/** Writes a duration with three digits. */
function formatMilliseconds(value: number): string {
  if (value >= 1_000) return `${(value / 1_000).toFixed(2)} s`;
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ms`;
}

/** Writes figures as one line of JSON; latencies in milliseconds. */
export function toFiguresJSON(
  figures: Figures,
  { connections }: { connections: number },
): string {
  const { errors, ...others } = figures;
  const all = { connections, ...others, errors: Object.fromEntries(errors) };
  const json = JSON.stringify(
    all,
    (_key, value) => typeof value === "number" ? round(value) : value,
  );
  return toVisible(json);
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

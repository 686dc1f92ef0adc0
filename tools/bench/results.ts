/** What a run has measured, as its JSON has it. */

import type { Claim } from "./claims.ts";
import { median } from "./median.ts";
import type { Settings } from "./settings.ts";
import type { Metric } from "./works.ts";

/** The values of a server for a metric, one of each round that had it. */
export interface Cell {
  readonly server: string;
  readonly metric: string;
  readonly rounds: number[];
  readonly values: number[];
}

/** What could not be measured. */
export interface LeftOut {
  readonly server: string;
  /** The metrics; all where there are none. */
  readonly metrics: readonly string[];
  readonly reason: string;
}

/** A run. */
export interface Results {
  /** The day, as YYYY-MM-DD. */
  readonly date: string;
  readonly command: string;
  readonly machine: {
    readonly processor: string;
    readonly cores: number;
    readonly system: string;
  };
  /** What the servers ran on, by name. */
  readonly versions: Readonly<Record<string, string>>;
  readonly minutes: number;
  readonly settings: Settings;
  readonly servers: readonly {
    readonly id: string;
    readonly name: string;
    readonly group: string;
  }[];
  readonly metrics: readonly Metric[];
  readonly cells: readonly Cell[];
  readonly claims: readonly Claim[];
  /** How busy the driver was, as a share of one core, by metric. */
  readonly driver: Readonly<Record<string, Spread>>;
  readonly leftOut: readonly LeftOut[];
}

/** The digits of a figure that are kept. */
const DIGITS = 5;

/** Rounds all figures, so that a run is the same before and after it was written. */
export function round(results: Results): Results {
  return JSON.parse(JSON.stringify(
    results,
    (_, value) =>
      typeof value === "number" ? Number(value.toPrecision(DIGITS)) : value,
  ));
}

/** A middle value, with the least and the greatest. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Summarises values. */
export function spread(values: readonly number[]): Spread {
  return {
    median: median(values),
    min: Math.min(...values),
    max: Math.max(...values),
  };
}

/** Finds the values of a server for a metric. */
export function findCell(
  { cells }: Pick<Results, "cells">,
  server: string,
  metric: string,
): Cell | undefined {
  return cells.find((cell) => cell.server === server && cell.metric === metric);
}

/** Finds the middle value of a server for a metric. */
export function findMedian(
  results: Pick<Results, "cells">,
  server: string,
  metric: string,
): number | undefined {
  const cell = findCell(results, server, metric);
  return cell === undefined ? undefined : median(cell.values);
}

/** A claim that was tested. */
export interface Verdict extends Spread {
  readonly claim: Claim;
  /** Of each round. */
  readonly each: readonly number[];
  readonly isKept: boolean;
}

/** Tests a claim; `undefined` where one of the two was not measured. */
export function judge(
  results: Pick<Results, "cells">,
  claim: Claim,
): Verdict | undefined {
  const ours = findCell(results, claim.server, claim.metric);
  const theirs = findCell(results, claim.over, claim.metric);
  if (ours === undefined || theirs === undefined) return undefined;
  const each: number[] = [];
  for (const [i, round] of ours.rounds.entries()) {
    const other = theirs.values[theirs.rounds.indexOf(round)];
    if (other === undefined) continue;
    const value = ours.values[i]!;
    each.push(claim.isDifference ? value - other : value / other);
  }
  if (each.length === 0) return undefined;
  const summary = spread(each);
  const isKept = summary.median <= claim.atMost ||
    (claim.isCautious === true && summary.min <= 1);
  return { claim, each, ...summary, isKept };
}

/** Tests all claims that were measured. */
export function judgeAll(results: Results): Verdict[] {
  return results.claims.flatMap((claim) => judge(results, claim) ?? []);
}

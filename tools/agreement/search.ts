import type { Case } from "./cases.ts";
import { decodeWorld, encodeWorld } from "./encoding.ts";
import { isForced, Play } from "./play.ts";
import { findViolation } from "./violations.ts";

/** What a search has found. */
export interface SearchResult {
  /** How many different states were seen. */
  readonly states: number;
  /** What does not hold, or "". */
  readonly fault: string;
  /** A shortest way to it. */
  readonly trace: readonly string[];
}

/** For each state how it was reached: by which step of which other state. */
interface Origins {
  readonly from: number[];
  readonly step: number[];
}

/** Plays every order of what a case allows, breadth first, up to a fault. */
export function search(c: Case): SearchResult {
  const play = new Play(c);
  const start = encodeWorld(play.world);
  const seen = new Set([start]);
  const origins: Origins = { from: [-1], step: [-1] };
  let round: { text: string; id: number }[] = [{ text: start, id: 0 }];
  while (round.length > 0) {
    const following: typeof round = [];
    for (const { text, id } of round) {
      play.world = decodeWorld(text);
      const steps = play.listSteps();
      const fault = play.world.fault ||
        (steps.some(isForced) ? "" : findViolation(play.world, c));
      if (fault) {
        const trace = retrace(c, findPath(origins, id));
        return { states: seen.size, fault, trace };
      }
      for (const [i, step] of steps.entries()) {
        if (i > 0) play.world = decodeWorld(text);
        play.take(step);
        const next = encodeWorld(play.world);
        if (seen.has(next)) continue;
        seen.add(next);
        following.push({ text: next, id: origins.from.length });
        origins.from.push(id);
        origins.step.push(i);
      }
    }
    round = following;
  }
  return { states: seen.size, fault: "", trace: [] };
}

/** Lists the places of the steps that lead to a state. */
function findPath({ from, step }: Origins, id: number): number[] {
  const path: number[] = [];
  for (let at = id; from[at]! >= 0; at = from[at]!) path.push(step[at]!);
  return path.reverse();
}

function retrace(c: Case, path: readonly number[]): string[] {
  const play = new Play(c);
  const trace: string[] = [];
  play.log = trace;
  for (const place of path) {
    const step = play.listSteps()[place]!;
    trace.push(play.describe(step));
    play.take(step);
  }
  return trace;
}

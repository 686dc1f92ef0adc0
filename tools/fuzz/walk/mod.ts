/** Walks: two sides, random calls, hooks and losses, and what both say in the end. */

import { FuzzFailure } from "../failure.ts";
import { makePlan } from "./plan.ts";
import { shrink } from "./shrink.ts";
import { runWalk, type WalkResult } from "./walk.ts";

export { makePlan } from "./plan.ts";
export { shrink } from "./shrink.ts";
export { runWalk, type WalkResult } from "./walk.ts";

/** What walks have come to in all. */
export interface WalksResult {
  walks: number;
  steps: number;
}

/**
 * Walks, each walk with the seed after the one before.
 *
 * @param seed The seed of the first.
 * @param count How many.
 * @param isOver Ends it earlier.
 * @returns How many were walked, and how much has happened.
 * @throws {FuzzFailure} When a walk finds a fault, with the account of a walk
 * from which all is left out that the fault does not need.
 */
export async function walkAll(
  seed: number,
  count: number,
  isOver: () => boolean = () => false,
): Promise<WalksResult> {
  const total = { walks: 0, steps: 0 };
  for (; total.walks < count && !isOver(); total.walks++) {
    const plan = makePlan((seed + total.walks) >>> 0);
    const result = await runWalk(plan);
    total.steps += result.steps;
    if (result.faults.length > 0) {
      throw new FuzzFailure(account(await shrink(result)));
    }
  }
  return total;
}

/** Tells what a walk has found, how it came about, and how to do it again. */
export function account({ plan, faults, lines }: WalkResult): string {
  const { seed, setup } = plan;
  const { latency, isLatencyFixed, maxKept, maxRooms, maxNamespaces } = setup;
  const about = [
    `latency ${isLatencyFixed ? "" : "up to "}${latency} ms`,
    maxKept > 0 && `maxKept ${maxKept}`,
    maxRooms && `maxRooms ${maxRooms}`,
    maxNamespaces && `maxNamespaces ${maxNamespaces}`,
    setup.isBlind && "the client does not trace its hooks",
    setup.greeting.length > 0 &&
    `onConnect ${setup.isGreetingAwaited ? "awaits" : "begins"} calls`,
  ];
  return [
    ...faults.map(({ kind, text }) => `${kind}: ${text}`),
    `replay: deno task fuzz --walk=${seed}`,
    about.filter(Boolean).join(", "),
    ...lines,
  ].join("\n");
}

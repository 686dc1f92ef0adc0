/** A fuzzer for the server: random clients, a random program, and the invariants. */

import { type RoundResult, runRound } from "./round.ts";

export { FuzzFailure } from "./failure.ts";
export type { RoundResult } from "./round.ts";

/** The frames of one round: few enough to read what led to a failure. */
export const ROUND_FRAMES = 2_000;

/**
 * Sends frames in rounds; each round's seed follows that of the round before.
 *
 * @param seed The seed of the first round.
 * @param frames How many frames the clients send in all.
 * @param onRound Called after each round without a failure.
 * @returns The totals.
 * @throws {FuzzFailure} When an invariant does not hold.
 */
export async function fuzz(
  seed: number,
  frames: number,
  onRound: (result: RoundResult) => void | Promise<void> = () => {},
): Promise<RoundResult> {
  let total: RoundResult = { frames: 0, received: 0, steps: 0, digest: 0 };
  for (let next = seed; total.frames < frames; next++) {
    const count = Math.min(ROUND_FRAMES, frames - total.frames);
    const result = await runRound(next, count);
    total = {
      frames: total.frames + result.frames,
      received: total.received + result.received,
      steps: total.steps + result.steps,
      digest: (Math.imul(total.digest, 31) + result.digest) >>> 0,
    };
    await onRound(result);
  }
  return total;
}

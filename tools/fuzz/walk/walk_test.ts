import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { Room } from "../../../neffos/mod.ts";
import { FuzzFailure } from "../failure.ts";
import { makePlan, runWalk, shrink, walkAll, type WalkResult } from "./mod.ts";

const WALKS = 1_000;

for (let part = 0; part < 7; part++) {
  const seed = 1 + part * WALKS;
  Deno.test(`both sides agree after random walks, seed ${seed}`, async () => {
    await walkAll(seed, WALKS);
  });
}

Deno.test("runWalk() does the same again for the same plan", async () => {
  let count = 0;
  for (const seed of [3, 8, 21, 34, 55]) {
    const first = await runWalk(makePlan(seed), { isTraced: true });
    const again = await runWalk(makePlan(seed), { isTraced: true });
    assertEquals(again.lines, first.lines);
    count += first.lines.length;
  }
  assert(count > 100);
});

/** Has rooms left without a word to the other side. */
function breakLeave(): Disposable {
  const { leave } = Room.prototype;
  Room.prototype.leave = () => Promise.resolve();
  return {
    [Symbol.dispose]: () => {
      Room.prototype.leave = leave;
    },
  };
}

/** Finds a walk of many actions in which a broken leave is the only fault. */
async function findWalk(): Promise<WalkResult> {
  for (let seed = 1; seed < WALKS; seed++) {
    const plan = makePlan(seed);
    if (plan.actions.length < 8) continue;
    if ((await runWalk(plan)).faults.length > 0) continue;
    using _broken = breakLeave();
    const result = await runWalk(plan);
    if (result.faults.length > 0) return result;
  }
  throw new Error("no walk sees that rooms are not left");
}

Deno.test("walkAll() tells of a room that is not left", async () => {
  const { plan } = await findWalk();
  using _broken = breakLeave();
  const failure = await assertRejects(
    () => walkAll(plan.seed, 1),
    FuzzFailure,
    "the last call does not decide: ",
  );
  assert(failure.message.includes(`--walk=${plan.seed}\n`));
  assert(/calls leave\(a\/\w\) \[\d+\]\n/.test(failure.message));
});

Deno.test("shrink() leaves out what a fault does not need", async () => {
  const result = await findWalk();
  using _broken = breakLeave();
  const small = await shrink(result);
  const { kind } = result.faults[0]!;
  assert(small.faults.some((fault) => fault.kind === kind));
  assertLess(small.plan.actions.length, result.plan.actions.length);
});

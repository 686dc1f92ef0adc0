import { WalkClock } from "./clock.ts";
import { Comparison } from "./compare.ts";
import { type Fault, Journal, textOf } from "./journal.ts";
import type { Action, Behaviour, Plan } from "./plan.ts";
import { World } from "./world.ts";

/** What a walk has come to. */
export interface WalkResult {
  plan: Plan;
  faults: Fault[];
  /** A readable account, where it was asked for. */
  lines: readonly string[];
  /** The runs of hooks that were not plain. */
  unplain: [key: string, behaviour: Behaviour][];
  /** How much has happened. */
  steps: number;
}

/**
 * Walks: does what a plan says, lets all come to rest, and compares.
 *
 * @param plan The plan.
 * @param options Whether a readable account is kept.
 */
export async function runWalk(
  plan: Plan,
  { isTraced = false }: { isTraced?: boolean } = {},
): Promise<WalkResult> {
  using clock = new WalkClock();
  const journal = new Journal(clock, isTraced);
  const onRejection = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    journal.fail("an unhandled rejection", textOf(event.reason));
  };
  globalThis.addEventListener("unhandledrejection", onRejection);
  // No stack is read, and most of the time of a walk would go into them.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    const world = new World(plan, clock, journal);
    await world.dial();
    if (world.client !== undefined) await walk(world);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    globalThis.removeEventListener("unhandledrejection", onRejection);
  }
  return {
    plan,
    faults: journal.faults,
    lines: journal.lines,
    unplain: journal.unplain,
    steps: journal.order,
  };
}

async function walk(world: World): Promise<void> {
  const { plan, clock, journal } = world;
  const comparison = new Comparison(world);
  let isCompared = false;
  for (const action of plan.actions) {
    if (action.gap > 0) await clock.passUntil(clock.now + action.gap);
    isCompared = action.type === "rest";
    if (action.type !== "rest") perform(world, action);
    else if (await comesToRest(world)) await comparison.compare();
    if (journal.faults.length > 0) break;
  }
  if (!isCompared && journal.faults.length === 0 && await comesToRest(world)) {
    await comparison.compare();
  }
  await end(world, comparison);
}

function perform(
  world: World,
  action: Action & { type: "call" | "lose" | "kick" },
): void {
  switch (action.type) {
    case "call":
      void world.calls.make(action.side, action.call, action);
      break;
    case "lose":
      world.lose(action);
      break;
    case "kick":
      world.journal.note(() => `server closes, ${action.code}`);
      world.conn?.close(action.code);
      break;
  }
}

async function comesToRest(
  { clock, journal, calls }: World,
): Promise<boolean> {
  if (await clock.rest()) {
    calls.watchLoose();
    await clock.rest();
    return true;
  }
  journal.fail("never at rest", `after ${clock.now} ms`);
  return false;
}

/** Closes both sides: nothing may be left. */
async function end(world: World, comparison: Comparison): Promise<void> {
  const { client, server, journal } = world;
  if (journal.faults.length > 0) return;
  journal.note(() => "end");
  world.isOver = true;
  let isClosed = false;
  const closed = Promise.all([client!.close(), server.close()]);
  closed.then(() => isClosed = true);
  if (!await comesToRest(world)) return;
  if (!isClosed) journal.fail("a promise never ends", "close()");
  if (server.totalConnections > 0) {
    journal.fail("the sides disagree", "the server has connections");
  }
  await comparison.compare();
}

import type { FaultKind } from "./journal.ts";
import type { Action, Behaviour, Plan, Setup } from "./plan.ts";
import { runWalk, type WalkResult } from "./walk.ts";

const PLAIN: Behaviour = { outcome: "ok" };

/** What a setup may be made simpler by, one at a time. */
const SIMPLER: Partial<Setup>[] = [
  { greeting: [] },
  { maxKept: 0 },
  { maxRooms: undefined },
  { maxNamespaces: undefined },
  { isBlind: false },
  { isGreetingAwaited: true },
  { namespaces: ["a"] },
  { rooms: ["r"] },
  { latency: 0 },
  { isLatencyFixed: true },
];

/**
 * Leaves out of a walk what its fault does not need.
 *
 * @param result The walk, which has found a fault.
 * @returns A walk that finds a fault of the same kind, with an account of it.
 */
export async function shrink(result: WalkResult): Promise<WalkResult> {
  const kind = result.faults[0]!.kind;
  let best = result;
  const tryPlan = async (plan: Plan): Promise<boolean> => {
    const next = await runWalk(plan);
    if (!has(next, kind)) return false;
    best = next;
    return true;
  };
  let size: number;
  do {
    size = sizeOf(best);
    await leaveOutActions(() => best.plan, tryPlan);
    for (const [key, behaviour] of [...best.unplain]) {
      for (const simpler of simplerThan(behaviour)) {
        const changed = new Map(best.plan.changed).set(key, simpler);
        if (await tryPlan({ ...best.plan, changed })) break;
      }
    }
    for (const simpler of SIMPLER) {
      const [[key, value]] = Object.entries(simpler) as [
        [keyof Setup, unknown],
      ];
      const { setup } = best.plan;
      if (JSON.stringify(setup[key]) === JSON.stringify(value)) continue;
      await tryPlan({ ...best.plan, setup: { ...setup, ...simpler } });
    }
    await simplifyActions(() => best.plan, tryPlan);
  } while (sizeOf(best) < size);
  return await runWalk(best.plan, { isTraced: true });
}

function has({ faults }: WalkResult, kind: FaultKind): boolean {
  return faults.some((fault) => fault.kind === kind);
}

function sizeOf({ plan, unplain }: WalkResult): number {
  return JSON.stringify([plan.actions, plan.setup, unplain]).length;
}

/** Leaves out actions: many at once, then one at a time. */
async function leaveOutActions(
  current: () => Plan,
  tryPlan: (plan: Plan) => Promise<boolean>,
): Promise<void> {
  let count = Math.ceil(current().actions.length / 2);
  while (count >= 1) {
    for (let at = current().actions.length - count; at >= 0; at--) {
      const plan = current();
      if (at + count > plan.actions.length) continue;
      const actions = without(plan.actions, at, count);
      await tryPlan({ ...plan, actions });
    }
    count = Math.floor(count / 2);
  }
}

/** What follows comes as late as before. */
function without(actions: Action[], at: number, count: number): Action[] {
  const left = [...actions];
  const gone = left.splice(at, count);
  const next = left[at];
  if (next !== undefined) {
    const gap = gone.reduce((sum, action) => sum + action.gap, next.gap);
    left[at] = { ...next, gap };
  }
  return left;
}

async function simplifyActions(
  current: () => Plan,
  tryPlan: (plan: Plan) => Promise<boolean>,
): Promise<void> {
  const replace = (at: number, action: Action) => {
    const plan = current();
    const actions = plan.actions.with(at, action);
    return tryPlan({ ...plan, actions });
  };
  for (let at = 0; at < current().actions.length; at++) {
    const action = current().actions[at]!;
    for (const gap of [0, 1]) {
      if (action.gap > gap && await replace(at, { ...action, gap })) break;
    }
    const now = current().actions[at]!;
    if (now.type === "lose") {
      const atOnce = { clientAfter: 0, serverAfter: 0, outage: 0 };
      await replace(at, { ...now, ...atOnce });
    } else if (now.type === "call") {
      const { timeout: _, abortAfter: __, ...call } = now.call;
      const isLimited = call.op !== "wait" &&
        (now.call.timeout ?? now.call.abortAfter) !== undefined;
      if (isLimited) await replace(at, { ...now, call });
    }
  }
}

function simplerThan({ delay, outcome, call }: Behaviour): Behaviour[] {
  const simpler = [PLAIN];
  if (call !== undefined) simpler.push({ delay, outcome });
  if (outcome !== "ok") simpler.push({ delay, outcome: "ok", call });
  if (delay !== undefined) simpler.push({ outcome, call });
  if (delay !== undefined && delay > 0) {
    simpler.push({ delay: 0, outcome, call });
  }
  return simpler;
}

import { kindOf } from "./book.ts";
import type { HookRun, MadeCall, Name } from "./journal.ts";
import { isLimited, type Side } from "./plan.ts";
import type { World } from "./world.ts";

/** What has gone before. */
export interface Before {
  /** When both sides were compared last, as a place in the order of all that happens. */
  since: number;
  /** The side was in then. */
  wasIn: boolean;
  /** The client has lost a socket since. */
  hasLost: boolean;
}

/**
 * Tells whether a side is in or out as the last of its calls that has succeeded
 * wants it, or something else has a say: the other side's calls, refusals, and
 * calls that were given up and may have had their effect.
 */
export function lastCallDecides(
  world: World,
  side: Side,
  name: Name,
  { since, wasIn, hasLost }: Before,
): boolean {
  const { journal, isOver, plan: { setup } } = world;
  // A server has a new connection when its client comes back.
  if (isOver || side === "server" && hasLost) return true;
  const calls = journal.calls.filter((call) =>
    call.begun > since && kindOf(call, name) !== undefined
  );
  const own = calls.filter((call) => call.side === side);
  const isUnclear = own.some((call) => isPart(call, name, setup.isBlind)) ||
    isOvertaken(own, name);
  if (isUnclear) return true;
  const refusals = journal.hooks.filter((hook) =>
    hook.ended > since && isRefusal(hook, name)
  );
  const wish = wishOf(own, name, wasIn, refusals);
  const isIn = world.find(side, name.namespace, name.room) !== undefined;
  if (wish === undefined || wish === isIn) return true;
  if (hasLost && wish) {
    if (refusals.length > 0 || isLimited(setup)) return true;
  }
  if (hasLost && !wish && hasFailed(world, name)) return true;
  // A join that the other side gives up, or refuses itself, ends with a leave.
  return calls.some((call) =>
    call.side !== side &&
    ((kindOf(call, name) === "leave") === wish ||
      wish && call.result !== "done")
  );
}

/**
 * Whether a fault, or an error that closes, has ever kept the client out of a
 * name: it may try again on the next connection.
 */
export function hasFailed({ journal }: World, name: Name): boolean {
  return journal.hooks.some((hook) =>
    hook.side === "client" && hook.outcome !== "refuse" && isRefusal(hook, name)
  );
}

/** What the calls of a side want, where that is clear. */
function wishOf(
  own: readonly MadeCall[],
  name: Name,
  wasIn: boolean,
  refusals: readonly HookRun[],
): boolean | undefined {
  const hasRefusedLeave = refusals.some(({ event }) =>
    event === "OnRoomLeave" || event === "OnNamespaceDisconnect"
  );
  let wish = wasIn;
  let isClear = true;
  for (const call of own) {
    if (call.result === "done") {
      wish = kindOf(call, name) === "enter";
      // A room that it was entering may be left by it or not.
      isClear = call.op !== "leaveAll" || isListed(call, name);
    } else if (kindOf(call, name) === "enter") {
      isClear &&= !hasRefusedLeave;
    } else if (call.result === "given up" || call.op.endsWith("All")) {
      isClear = false;
    }
  }
  return isClear ? wish : undefined;
}

function isRefusal(
  { outcome, namespace, room }: HookRun,
  name: Name,
): boolean {
  return outcome !== "ok" && namespace === name.namespace &&
    (room === "" || room === name.room);
}

/**
 * Whether a call may not count as one of its own: a hook makes it about what
 * the hook itself is about, or it leaves several namespaces one after another,
 * so that other calls may come in between.
 */
function isPart(call: MadeCall, name: Name, isBlind: boolean): boolean {
  const { by, op, names } = call;
  if (op === "disconnectAll" && names[0]?.namespace !== name.namespace) {
    return true;
  }
  if (by === undefined) return false;
  if (op !== "disconnectAll" && call.namespace !== by.namespace) return false;
  if (isBlind && call.side === "client") return true;
  return by.event !== "OnRoomJoined" && by.event !== "OnNamespaceConnected";
}

/** Whether a disconnect that waited for its turn came after a join that did not. */
function isOvertaken(own: readonly MadeCall[], name: Name): boolean {
  return own.some((join) =>
    join.op === "join" &&
    own.some((call) =>
      call.op.startsWith("disconnect") && kindOf(call, name) === "leave" &&
      call.begun < join.begun &&
      (call.ended > join.begun || call.result === "pending")
    )
  );
}

function isListed({ names }: MadeCall, { namespace, room }: Name): boolean {
  return names.some((name) =>
    name.namespace === namespace && name.room === room
  );
}

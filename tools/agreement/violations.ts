import type { Case } from "./cases.ts";
import {
  type Call,
  type Name,
  nameCall,
  NAMES,
  otherSide,
  type SideName,
  SIDES,
  type World,
} from "./world.ts";

/** Finds what does not hold although all is quiet; "" if everything does. */
export function findViolation(world: World, c: Case): string {
  for (const name of NAMES) {
    const text = findDisagreement(world, name);
    if (text) return text;
    if (c.isAgreementOnly) continue;
    for (const [i, side] of SIDES.entries()) {
      if (c.rules?.[i] === "go") continue;
      const text = findWrongHooks(world, { name, side }) ||
        findUnheeded(world, { c, name, side });
      if (text) return text;
    }
  }
  for (const side of SIDES) {
    const text = findUnrest(world, side);
    if (text) return text;
  }
  return "";
}

/** Both sides know the same. */
function findDisagreement({ sides }: World, name: Name): string {
  const { client, server } = sides;
  const [a, b] = [client.records[name].isIn, server.records[name].isIn];
  if (a === b) return "";
  const [inside, outside] = a ? SIDES : [...SIDES].reverse();
  return `the ${inside} is in the ${name}, the ${outside} is out of it`;
}

/** The hooks that come in pairs say what is so. */
function findWrongHooks(
  { sides }: World,
  { name, side }: { name: Name; side: SideName },
): string {
  const { isIn, isTold } = sides[side].records[name];
  return isIn === isTold ? "" : `${side}: hooks of the ${name} say otherwise`;
}

/** The last call that has succeeded decides, unless something has a say too. */
function findUnheeded(
  world: World,
  { c, name, side }: { c: Case; name: Name; side: SideName },
): string {
  // A server has a new connection when its client comes back.
  if (side === "server" && world.hasLostSocket) return "";
  const isAbout = (call: Call) =>
    !call.isPart &&
    (call.name === name ||
      name !== "namespace" && call.name === "namespace" &&
        call.kind === "leave");
  let wantsIn = c.start.includes(name);
  // A later call that was given up may have had its effect.
  let isOpen = false;
  for (const { kind, result } of world.sides[side].calls.filter(isAbout)) {
    if (result === "done") [wantsIn, isOpen] = [kind === "enter", false];
    else if (kind === "enter") isOpen ||= world.hasRefusedLeave;
    else if (result === "givenUp") isOpen = true;
  }
  if (world.sides[side].records[name].isIn === wantsIn || isOpen) return "";
  // What is entered again may be refused.
  const hasRefused = (c.refusals ?? 0) > world.budget.refusals;
  if (world.hasLostSocket && wantsIn && hasRefused) return "";
  // So does the other side; a join that it gives up, or refuses, is left.
  const others = world.sides[otherSide(side)].calls.filter(isAbout);
  const hasOtherSay = others.some(({ kind, result }) =>
    (kind === "leave") === wantsIn || wantsIn && result !== "done"
  );
  if (hasOtherSay) return "";
  const [wanted, found] = wantsIn ? ["in", "out"] : ["out of", "in"];
  return `${side}: the last call that succeeded wants it ${wanted} ` +
    `the ${name}, and it is ${found}`;
}

/** Every promise ends, and nothing waits. */
function findUnrest({ sides }: World, side: SideName): string {
  const { calls, queue, hooks, records } = sides[side];
  const place = calls.findIndex(({ result }) => result === "pending");
  if (place >= 0) {
    const { name, kind } = calls[place]!;
    return `${side}: ${nameCall(name, kind)}() [${place + 1}] never ends`;
  }
  if (queue.length + hooks.length > 0) {
    return `${side}: an ask or a hook never ends`;
  }
  for (const name of NAMES) {
    const { phase, owed, chain } = records[name];
    const isAtRest = phase.type === "idle" && owed === 0 && chain.length === 0;
    if (!isAtRest) return `${side}: the ${name} is not at rest`;
  }
  return "";
}

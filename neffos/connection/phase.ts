import type { Kind } from "./call_chain.ts";
import type { Turn } from "./turn_queue.ts";

/**
 * Where one side is with a namespace or a room. An ask is a frame that the
 * other side answers; a hook is a handler of the life cycle.
 *
 * | phase      | is in | under way                            | next                  |
 * | ---------- | ----- | ------------------------------------ | --------------------- |
 * | out        | no    | nothing                              | deciding, entering,   |
 * |            |       |                                      | admitting, in (native)|
 * | deciding   | no    | an own hook: before the ask for a    | entering, in,         |
 * |            |       | namespace, after the grant of a room | takingBack, out       |
 * | entering   | no    | an own ask to connect or join        | in, deciding,         |
 * |            |       |                                      | takingBack, out       |
 * | takingBack | no    | an own ask to leave again, without   | out, in               |
 * |            |       | hooks: nobody waits for the grant    |                       |
 * | admitting  | no    | a hook, for the other side's ask     | in, out               |
 * | in         | yes   | nothing                              | leaving, releasing,   |
 * |            |       |                                      | telling               |
 * | leaving    | yes   | an own ask to disconnect or leave    | telling, in           |
 * | releasing  | yes   | a hook, for the other side's ask     | telling, out, in      |
 * | telling    | yes   | hooks: it is left for certain        | out                   |
 *
 * When the connection is lost, all phases but `releasing` and `telling` end at
 * once, in `in` where this side was in, else in `out`.
 */
export type Phase =
  | "out"
  | "deciding"
  | "entering"
  | "takingBack"
  | "admitting"
  | "in"
  | "leaving"
  | "releasing"
  | "telling";

interface Whereabouts {
  readonly phase: Phase;
  /** Whether this side is in, which follows from the phase. */
  readonly isIn: boolean;
}

/** A phase in which an own ask is under way. */
export interface OwnAsk extends Whereabouts {
  readonly phase: "entering" | "leaving" | "takingBack";
  /** Whether the other side has asked for the same meanwhile. */
  isCrossed: boolean;
}

/** A phase in which a hook runs. */
export interface HookRun extends Whereabouts {
  readonly phase: "deciding" | "admitting" | "releasing" | "telling";
  /** The turn of the hook, where that is known. */
  readonly turn: Turn | undefined;
  /** Whether the hook itself has called for what it decides about. */
  isAgreed: boolean;
}

/**
 * A phase and what belongs to it. Its identity is that of the attempt: code
 * that goes on after an `await` and finds another state changes nothing.
 */
export type State =
  | Whereabouts & { readonly phase: "out" | "in" }
  | OwnAsk
  | HookRun;

/** The state of a name that this side is out of. */
export const OUT: State = { phase: "out", isIn: false };
/** The state of a name that this side is in. */
export const IN: State = { phase: "in", isIn: true };

/** Makes the state of an own ask. */
export function makeOwnAsk(phase: OwnAsk["phase"]): OwnAsk {
  return { phase, isIn: phase === "leaving", isCrossed: false };
}

/** Makes the state of a hook that runs. */
export function makeHookRun(
  phase: HookRun["phase"],
  turn: Turn | undefined,
): HookRun {
  const isIn = phase === "releasing" || phase === "telling";
  return { phase, isIn, turn, isAgreed: false };
}

/** Whether an own ask is under way. */
export function isOwnAsk(state: State): state is OwnAsk {
  return "isCrossed" in state;
}

/** Tells what an own ask wants. */
export function kindOf({ phase }: OwnAsk): Kind {
  return phase === "entering" ? "enter" : "leave";
}

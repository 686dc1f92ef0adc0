import type { Message } from "../protocol/message.ts";
import type { Kind } from "./call_chain.ts";
import type { Turn } from "./turn_queue.ts";

/**
 * The phase of a namespace or a room on one side of a connection.
 *
 * | phase      | in  | what is under way                                      |
 * | ---------- | --- | ------------------------------------------------------ |
 * | out        | no  | nothing                                                |
 * | deciding   | no  | this side's hook: of a namespace before the peer is    |
 * |            |     | asked, of a room after the peer has granted the join   |
 * | entering   | no  | this side's ask to connect or join                     |
 * | takingBack | no  | this side's ask to leave again, without hooks: no      |
 * |            |     | caller waits for the entry that the peer has granted   |
 * | admitting  | no  | a hook, for the peer's ask to connect or join          |
 * | in         | yes | nothing                                                |
 * | leaving    | yes | this side's ask to disconnect or leave                 |
 * | releasing  | yes | a hook, for the peer's ask to disconnect or leave      |
 * | telling    | yes | hooks, which can no longer keep this side in           |
 *
 * Where the phase may go from there:
 *
 * | phase      | namespace                     | room                         |
 * | ---------- | ----------------------------- | ---------------------------- |
 * | out        | deciding, admitting           | entering, admitting          |
 * | deciding   | entering, in, out             | in, takingBack, out          |
 * | entering   | in, takingBack, out           | deciding, takingBack, out    |
 * | takingBack | out, in                       | out, in                      |
 * | admitting  | in, out                       | in, out                      |
 * | in         | leaving, releasing, telling   | leaving, releasing, telling  |
 * | leaving    | telling, in                   | telling, in                  |
 * | releasing  | telling, in                   | out, in                      |
 * | telling    | out                           | out                          |
 *
 * A namespace that has native messages alone is entered without an ask, from
 * `deciding`. A client's namespace goes from `in` to `telling` when the server
 * disconnects it: no hook of a client may refuse that.
 *
 * The loss of the connection ends every phase at once, except `releasing` and
 * `telling`. Leaving a namespace ends every phase of its rooms, except
 * `telling`. A phase that ends this way becomes `in` where this side was in,
 * else `out`, and from `in` it goes on to `telling`.
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

/** A phase in which this side's ask is under way. */
export type OwnAskPhase = "entering" | "leaving" | "takingBack";

/** A phase in which a hook runs. */
export type HookPhase = "deciding" | "admitting" | "releasing" | "telling";

/**
 * A phase with its data. The identity of the object is that of the attempt:
 * code that finds another state after an `await` changes nothing.
 */
export interface State {
  readonly phase: Phase;
  /** Whether this side is in, which follows from the phase. */
  readonly isIn: boolean;
  /** The turn of the queue in which a hook runs, if it is known. */
  readonly turn: Turn | undefined;
  /** The ask by which the peer has meanwhile asked for what this side asks. */
  crossing: Message | undefined;
  /** Whether the hook that runs has called to leave, which grants the ask. */
  isAgreed: boolean;
}

/** Makes the state of a new attempt. */
export function makeState(phase: Phase, turn?: Turn): State {
  const isIn = /^(in|leaving|releasing|telling)$/.test(phase);
  return { phase, isIn, turn, crossing: undefined, isAgreed: false };
}

/** The state of a name when this side is out. */
export const OUT: State = makeState("out");
/** The state of a name when this side is in. */
export const IN: State = makeState("in");

/** Whether an ask of this side is under way. */
export function isOwnAsk({ phase }: State): boolean {
  return /^(entering|leaving|takingBack)$/.test(phase);
}

/** Gets the kind of an ask of this side. */
export function kindOf({ phase }: State): Kind {
  return phase === "entering" ? "enter" : "leave";
}

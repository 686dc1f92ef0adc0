import { EventError, type FaultSource } from "../../../neffos/mod.ts";
import { textOf } from "./journal.ts";
import { isLimited, type Side } from "./plan.ts";
import type { World } from "./world.ts";

/** What was told to onError, and whether there was a reason to. */
export class Reports {
  readonly #world: World;
  readonly #refusals = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
  }

  /** How often a client was told that it was not let into a namespace, or a room of it, again. */
  refusalsOf(namespace: string, isRoom: boolean): number {
    return this.#refusals.get(`${namespace} ${isRoom}`) ?? 0;
  }

  add(
    side: Side,
    error: unknown,
    { namespace = "", event = "" }: FaultSource,
  ): void {
    const { journal } = this.#world;
    journal.note(() =>
      `${side} onError ${event} ${namespace}: ${textOf(error)}`
    );
    const isRoom = event.endsWith("Join");
    if (side === "client" && (isRoom || event.endsWith("Connect"))) {
      const key = `${namespace} ${isRoom}`;
      this.#refusals.set(key, (this.#refusals.get(key) ?? 0) + 1);
      if (this.#mayBeRefused(error, namespace, isRoom)) return;
    }
    if (typeof error === "object" && journal.thrown.has(error!)) return;
    journal.fail("reported without a fault", `${side}: ${textOf(error)}`);
  }

  /** Whether a client may be told that it was not let in again. */
  #mayBeRefused(error: unknown, namespace: string, isRoom: boolean): boolean {
    const { losses, journal: { calls, hooks }, plan } = this.#world;
    if (losses === 0) return false;
    // What only the server had entered is not missed.
    const isOwn = calls.some((call) =>
      call.side === "client" && call.namespace === namespace &&
      call.op === (isRoom ? "join" : "connect")
    );
    if (!isOwn || !(error instanceof EventError)) return false;
    return isLimited(plan.setup) ||
      hooks.some(({ outcome }) => outcome !== undefined && outcome !== "ok") ||
      calls.some(({ side, op }) => side === "server" && op.startsWith("dis"));
  }
}

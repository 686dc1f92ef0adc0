import type { Behaviour } from "./behaviours.ts";
import type { Transport } from "./stand.ts";

/** A behaviour on one transport. */
export interface Step {
  /** Its name, with what the transport cannot do. */
  readonly name: string;
  /** Tries it; `undefined` where the transport cannot do it. */
  readonly run: (() => Promise<void>) | undefined;
}

/** Lists what is to be tried on a transport, and what it cannot do. */
export function plan(
  behaviours: readonly Behaviour[],
  transport: Transport,
): Step[] {
  return behaviours.map(({ name, needs, run, otherwise }) => {
    const lacks = needs.filter((ability) => !transport.abilities.has(ability));
    if (lacks.length === 0) return { name, run: () => run(transport) };
    const isTold = otherwise !== undefined && lacks.length === 1 &&
      lacks[0] === needs.at(-1);
    return {
      name: `${name} (without ${lacks.map((lack) => `"${lack}"`).join(", ")})`,
      run: isTold ? () => otherwise(transport) : undefined,
    };
  });
}

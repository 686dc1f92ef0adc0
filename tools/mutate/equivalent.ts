import type { Kind } from "./plugin.ts";

/** Mutants that no test can notice, and why. */
export interface Equivalent {
  readonly file: string;
  /** The code that they begin in, as it stands in the file, once. */
  readonly code: string;
  /** All kinds, by default. */
  readonly kinds?: readonly Kind[];
  readonly reason: string;
}

/** The equivalent mutants of this repository. A run fails if an entry does not fit its file any more. */
export const EQUIVALENTS: readonly Equivalent[] = [
  ...["b", "c", "d", "e", "f"].map((name): Equivalent => ({
    file: "neffos/protocol/codec.ts",
    code: `if (${name} < 0) return undefined;`,
    kinds: ["boundary"],
    reason: "only the first separator can be at 0",
  })),
  {
    file: "neffos/protocol/codec.ts",
    code: "!message.isNative && ",
    kinds: ["negate"],
    reason: "the head of no frame is kept, which only costs time",
  },
  {
    file: "neffos/protocol/codec.ts",
    code: 'encodeEvent("", route, event, "")',
    kinds: ["string"],
    reason: "another head is only never found again, and costs time",
  },
  {
    file: "neffos/protocol/codec.ts",
    code: 'return message.wait === ""',
    kinds: ["return-early"],
    reason: "the head of no frame is kept, which only costs time",
  },
  {
    file: "neffos/connection/membership.ts",
    code: "new Waiter<Handle>({ timers: this.link.host.timers })",
    kinds: ["remove-property"],
    reason: "a wait without a time limit uses no timers",
  },
  {
    file: "neffos/connection/membership.ts",
    code: 'if (this.#forgetGoal() || this.verdictOnHook("leave"))',
    kinds: ["string"],
    reason: "whatever the verdict, there is nothing to reserve",
  },
  {
    file: "neffos/server/handler_times.ts",
    code: "Array(bounds.length + 1)",
    reason: "what is above the last bound is read in the count of all",
  },
  {
    file: "mvc/container/container.ts",
    code: "make: () => undefined",
    kinds: ["remove-property"],
    reason: "what a scope provides is read, not made",
  },
  {
    file: "mvc/container/plan.ts",
    code: "this.#version = version;",
    reason: "the plan is only checked again, which costs time",
  },
  {
    file: "mvc/container/plan.ts",
    code: "slot: -1",
    kinds: ["number"],
    reason: "the cell of a transient service is not used",
  },
  {
    file: "mvc/router/route_table.ts",
    code: "this.#candidates.set(key, candidates);",
    reason: "the list is only made again, which costs time",
  },
  {
    file: "mvc/router/static_files.ts",
    code: 'name !== "."',
    kinds: ["string"],
    reason: "the router has taken such segments out of the path",
  },
  {
    file: "mvc/router/static_folder.ts",
    code: "groups ?? {}",
    reason: "the route has matched: the default is for the compiler",
  },
];

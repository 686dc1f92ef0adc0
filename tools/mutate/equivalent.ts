import type { Kind } from "./plugin.ts";

/** Mutants that no test can notice, and why. */
export interface Equivalent {
  readonly file: string;
  /** The code that they are in, as it stands in the file, once. */
  readonly code: string;
  /** All kinds, by default. */
  readonly kinds?: readonly Kind[];
  readonly reason: string;
}

/** The equivalent mutants of this repository. A run fails if an entry does not fit its file any more. */
export const EQUIVALENTS: readonly Equivalent[] = [];

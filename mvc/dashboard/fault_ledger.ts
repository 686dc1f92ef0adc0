import type { FaultSource } from "../../neffos/mod.ts";
import type { FaultRow } from "./data.ts";

/** The most kinds of faults that are kept: a client may choose the events. */
const MAX_KINDS = 50;

/** The longest name that is kept, in characters. */
const MAX_NAME = 256;

/** Counts the faults of a server by their kind, which costs nothing without any. */
export class FaultLedger {
  /** The kinds, the last one last. */
  readonly #rows = new Map<string, FaultRow>();

  /** Counts a fault. */
  add(error: unknown, source: FaultSource): void {
    const { namespace = "", event = "" } = source;
    const kind = {
      namespace: namespace.slice(0, MAX_NAME),
      event: event.slice(0, MAX_NAME),
      error: readClass(error),
    };
    const key = JSON.stringify(kind);
    const count = (this.#rows.get(key)?.count ?? 0) + 1;
    this.#rows.delete(key);
    this.#rows.set(key, { ...kind, count, last: Date.now() });
    if (this.#rows.size <= MAX_KINDS) return;
    const [oldest] = this.#rows.keys();
    this.#rows.delete(oldest!);
  }

  /** The kinds, the last one first. */
  list(): FaultRow[] {
    return [...this.#rows.values()].reverse();
  }
}

/** Reads the name of an error's class; its text may quote a message. */
function readClass(error: unknown): string {
  try {
    if (!(error instanceof Error)) return typeof error;
    return String(error.constructor.name || error.name).slice(0, MAX_NAME);
  } catch {
    // A program may throw anything.
    return "unknown";
  }
}

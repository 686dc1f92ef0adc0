import { SparseMap } from "./_sparse_map.ts";
import type { Deadline, Timers } from "./_timers.ts";

/** What a connection has a time limit for. */
export type TimeLimit =
  | "hello" // of the other side
  | "silence" // since it has last sent something
  | "goodbye" // its answer to our close
  | "stuck" // the handlers of what came before the end
  | "hooks" // of the end
  | "drain"; // the next look at what was sent

/** The time limits of one connection that are running. */
export class Deadlines {
  readonly #timers: Timers;
  readonly #running = new SparseMap<TimeLimit, [number, Deadline]>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Has something done after some milliseconds, unless it is cleared. */
  set(limit: TimeLimit, ms: number, run: () => void): void {
    const deadline = this.#timers.set(ms, () => {
      this.#running.delete(limit);
      run();
    });
    this.#running.set(limit, [ms, deadline]);
  }

  clear(limit: TimeLimit): void {
    const entry = this.#running.get(limit);
    if (entry === undefined) return;
    this.#running.delete(limit);
    this.#timers.clear(...entry);
  }
}

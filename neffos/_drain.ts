import { type Deferred, makeDeferred } from "./_deferred.ts";
import type { Deadlines } from "./_deadlines.ts";
import type { Outlet } from "./_outlet.ts";

/** How often is looked whether what was sent has gone, in milliseconds. */
const LOOK = 10;

/** Who waits until what was sent has gone; no platform tells of that. */
export class Drain {
  readonly #outlet: Outlet;
  readonly #deadlines: Deadlines;
  readonly #waiting: Deferred<void> = makeDeferred();

  constructor(outlet: Outlet, deadlines: Deadlines) {
    this.#outlet = outlet;
    this.#deadlines = deadlines;
    this.#wait();
  }

  /** Settled when there is room again. */
  get promise(): Promise<void> {
    return this.#waiting.promise;
  }

  /** There will be no room any more. */
  end(error: Error): void {
    this.#deadlines.clear("drain");
    this.#waiting.reject(error);
  }

  #wait(): void {
    this.#deadlines.set("drain", LOOK, () => {
      if (this.#outlet.isBehind) this.#wait();
      else this.#waiting.resolve();
    });
  }
}

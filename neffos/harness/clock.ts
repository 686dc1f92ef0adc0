import { FakeTime } from "@std/testing/time";
import { turn } from "./world.ts";

/** A clock that the test moves: timers, `Date` and `performance.now`. */
export class FakeClock implements Disposable {
  readonly #time = new FakeTime(0);

  constructor() {
    Object.defineProperty(performance, "now", {
      configurable: true,
      value: () => this.#time.now,
    });
  }

  /** Moves it. */
  tick(ms: number): void {
    this.#time.tick(ms);
  }

  /** Moves it between two turns of the event loop. */
  async pass(ms: number): Promise<void> {
    await turn();
    this.#time.tick(ms);
    await turn();
  }

  [Symbol.dispose](): void {
    Reflect.deleteProperty(performance, "now");
    this.#time.restore();
  }
}

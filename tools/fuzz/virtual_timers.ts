import {
  type SharedDeadline as Deadline,
  SharedTimers,
} from "../../neffos/util/shared_timers.ts";

/** Timers on a clock that only the fuzzer moves. */
export class VirtualTimers extends SharedTimers {
  readonly #deadlines = new Set<Deadline>();
  #time = 0;

  /** The milliseconds that have passed. */
  get time(): number {
    return this.#time;
  }

  override get size(): number {
    return this.#deadlines.size;
  }

  override set(ms: number, run: () => void): Deadline {
    const due = this.#time + ms;
    const deadline = { due, dueDate: due, run };
    this.#deadlines.add(deadline);
    return deadline;
  }

  override clear(_ms: number, deadline: Deadline): void {
    this.#deadlines.delete(deadline);
  }

  override stop(): void {
    this.#deadlines.clear();
  }

  /**
   * Moves the clock to the next deadline, if it is due by then, and runs it.
   *
   * @param end The time until which deadlines are run.
   * @returns Whether there was a deadline.
   */
  runNext(end: number): boolean {
    let next: Deadline | undefined;
    for (const deadline of this.#deadlines) {
      if (deadline.due < (next?.due ?? end + 1)) next = deadline;
    }
    this.#time = Math.max(this.#time, next?.due ?? end);
    if (next === undefined) return false;
    this.#deadlines.delete(next);
    next.run();
    return true;
  }
}

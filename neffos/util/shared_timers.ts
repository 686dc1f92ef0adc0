import { type Deadline, MAX_WAIT, type Timers } from "./timers.ts";

type Handle = ReturnType<typeof setTimeout>;

/** A deadline of {@linkcode SharedTimers}. */
export interface SharedDeadline extends Deadline {
  /** When it is due, on the clock of `performance.now()`. */
  readonly due: number;
  /** When it is due by the calendar; the earlier one counts. */
  readonly dueDate: number;
}

interface Group {
  /** In order of their due time, since all have the same delay. */
  readonly deadlines: Set<SharedDeadline>;
  handle: Handle;
}

/**
 * Runs many deadlines on few timers: one for each delay in use. Setting or
 * clearing a deadline costs a set operation, not a platform timer.
 *
 * `performance.now()` never jumps, but stands still while some machines sleep,
 * and where a test has faked the time; there `Date.now()` goes on.
 */
export class SharedTimers implements Timers {
  readonly #groups = new Map<number, Group>();

  /** The number of deadlines that are set. */
  get size(): number {
    let size = 0;
    for (const { deadlines } of this.#groups.values()) size += deadlines.size;
    return size;
  }

  set(ms: number, run: () => void): SharedDeadline {
    const due = performance.now() + ms;
    const deadline = { due, dueDate: Date.now() + ms, run };
    const group = this.#groups.get(ms);
    if (group === undefined) {
      const deadlines = new Set([deadline]);
      this.#groups.set(ms, { deadlines, handle: this.#arm(ms, ms) });
    } else {
      if (group.deadlines.size === 0) setRef(group.handle, true);
      group.deadlines.add(deadline);
    }
    return deadline;
  }

  clear(ms: number, deadline: SharedDeadline): void {
    const group = this.#groups.get(ms);
    if (!group?.deadlines.delete(deadline)) return;
    // The timer stays for the next deadline, but keeps no program alive.
    if (group.deadlines.size === 0) setRef(group.handle, false);
  }

  /** Forgets every deadline and stops every timer. */
  stop(): void {
    for (const { handle } of this.#groups.values()) clearTimeout(handle);
    this.#groups.clear();
  }

  #arm(ms: number, wait: number): Handle {
    return setTimeout(() => this.#expire(ms), Math.min(wait, MAX_WAIT));
  }

  #expire(ms: number): void {
    const group = this.#groups.get(ms);
    if (group === undefined) return;
    const now = performance.now();
    const date = Date.now();
    for (const deadline of group.deadlines) {
      const rest = Math.min(deadline.due - now, deadline.dueDate - date);
      if (rest > 0) {
        group.handle = this.#arm(ms, rest);
        return;
      }
      group.deadlines.delete(deadline);
      deadline.run();
    }
    this.#groups.delete(ms);
  }
}

/** Sets whether a timer keeps a Deno, Node or Bun program alive. */
function setRef(handle: Handle, isRef: boolean): void {
  if (typeof handle === "number") {
    const { Deno } = globalThis as {
      Deno?: { refTimer(id: number): void; unrefTimer(id: number): void };
    };
    if (isRef) Deno?.refTimer(handle);
    else Deno?.unrefTimer(handle);
  } else if (isRef) (handle as { ref?(): void }).ref?.();
  else (handle as { unref?(): void }).unref?.();
}

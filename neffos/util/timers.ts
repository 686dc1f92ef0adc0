/** A deadline that has been set and can be cleared. */
export interface Deadline {
  /** Called when it is due. */
  readonly run: () => void;
}

/** Runs deadlines. */
export interface Timers {
  /** Sets a deadline, after so many milliseconds. */
  set(ms: number, run: () => void): Deadline;
  /** Clears a deadline that was set with so many milliseconds. */
  clear(ms: number, deadline: Deadline): void;
}

/** The longest delay of the platform's timers, in milliseconds. */
export const MAX_WAIT = 2 ** 31 - 1;

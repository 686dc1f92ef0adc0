import type { AskOptions } from "../api/ask_options.ts";
import type { Waiter } from "../util/waiter.ts";

/** What a call, or an ask of the other side, wants. */
export type Kind = "enter" | "leave";

/** How an event of the life cycle came about. */
export interface Cause {
  readonly isLocal?: boolean;
  readonly isForced?: boolean;
}

/** Calls of one kind that stand next to each other: one ask serves them all. */
export interface Entry {
  readonly kind: Kind;
  readonly waiters: Set<Waiter<unknown>>;
  /** What hooks are told of the cause. */
  readonly cause: Cause;
  /** How many calls that leave several names are still to wait for it. */
  reservations: number;
  /** Whether it begins only when one of them has come to it. */
  isBlocked: boolean;
}

/** The calls about one name, in order. */
export class CallChain {
  #entries: Entry[] = [];

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  get head(): Entry | undefined {
    return this.#entries[0];
  }

  get last(): Entry | undefined {
    return this.#entries.at(-1);
  }

  /** Whether a call is there that leaves. */
  get hasLeave(): boolean {
    return this.#entries.some(({ kind }) => kind === "leave");
  }

  append(kind: Kind, cause: Cause = {}, isBlocked = false): Entry {
    const waiters = new Set<never>();
    const entry = { kind, waiters, cause, reservations: 0, isBlocked };
    this.#entries.push(entry);
    return entry;
  }

  has(entry: Entry): boolean {
    return this.#entries.includes(entry);
  }

  /** Takes out a waiter that has ended; tells whether it was there. */
  withdraw(waiter: Waiter<unknown>): boolean {
    return this.#entries.some(({ waiters }) => waiters.delete(waiter));
  }

  /** Takes the first entry out. */
  shift(): Entry {
    return this.#entries.shift()!;
  }

  /** Takes all entries out. */
  clear(): Entry[] {
    return this.#entries.splice(0);
  }

  /**
   * Drops what nobody waits for, so that its neighbours, now of one kind, are
   * one entry.
   *
   * @param underWay An entry that was asked for, and stays.
   */
  prune(underWay: Entry | undefined): void {
    const kept: Entry[] = [];
    for (const entry of this.#entries) {
      const isWanted = entry.waiters.size + entry.reservations > 0;
      if (!isWanted && entry !== underWay) continue;
      const last = kept.at(-1);
      if (last?.kind !== entry.kind) kept.push(entry);
      else for (const waiter of entry.waiters) last.waiters.add(waiter);
    }
    this.#entries = kept;
  }
}

/** Rejects what callers wait for. */
export function rejectAll(
  waiters: Iterable<Waiter<unknown>>,
  error: unknown,
): void {
  for (const waiter of [...waiters]) waiter.reject(error);
}

/** Resolves what callers wait for. */
export function resolveAll(
  waiters: Iterable<Waiter<unknown>>,
  value?: unknown,
): void {
  for (const waiter of [...waiters]) waiter.resolve(value);
}

/** What can be left together with others. */
export interface Leavable {
  /** Puts a leave into the chain that does not begin yet. */
  reserveLeave(cause: Cause): Entry | undefined;
  /** Begins a leave that was reserved, and waits for it. */
  beginLeave(entry: Entry, options: AskOptions): Promise<void>;
  /** Takes back a leave that was reserved and that nobody waits for. */
  dropLeave(entry: Entry): void;
}

/**
 * Leaves several names, one after another. All leaves stand in their chains
 * from the start, so that what is called meanwhile comes after them.
 *
 * @throws The first refusal; what has not begun is not left then.
 */
export async function leaveEach(
  all: Iterable<Leavable>,
  options: AskOptions,
  cause: Cause,
): Promise<void> {
  const reserved: [Leavable, Entry][] = [];
  for (const membership of all) {
    const entry = membership.reserveLeave(cause);
    if (entry !== undefined) reserved.push([membership, entry]);
  }
  try {
    while (reserved.length > 0) {
      const [membership, entry] = reserved.shift()!;
      await membership.beginLeave(entry, options);
    }
  } finally {
    for (const [membership, entry] of reserved) membership.dropLeave(entry);
  }
}

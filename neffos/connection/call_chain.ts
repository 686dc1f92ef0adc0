import type { AskOptions } from "../api/ask_options.ts";
import type { Waiter } from "../util/promises.ts";

/** What a call, or an ask of the other side, wants. */
export type Kind = "enter" | "leave";

/** How an event of the life cycle came about. */
export interface Cause {
  readonly isLocal?: boolean;
  readonly isForced?: boolean;
}

/** A place in a chain for a call that is made later. */
export interface Reservation {
  /** Its entry; none once that has begun, or has ended. */
  entry: Entry | undefined;
  /** Why the entry has failed, if so. */
  refusal: { readonly error: unknown } | undefined;
}

/** Calls of one kind that stand next to each other: one ask serves them all. */
export interface Entry {
  readonly kind: Kind;
  readonly waiters: Set<Waiter<unknown>>;
  /** It does not begin for these, since others are left before it. */
  readonly reservations: Set<Reservation>;
  /** What hooks are told of the cause. */
  readonly cause: Cause;
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

  /**
   * Whether its first entry stands for calls that are made later, and does not
   * begin before: nobody waits for it, or for what comes after it.
   */
  get isReserved(): boolean {
    return this.#entries.length === 1 && this.head!.waiters.size === 0;
  }

  /** Whether a call is there that leaves. */
  get hasLeave(): boolean {
    return this.#entries.some(({ kind }) => kind === "leave");
  }

  append(kind: Kind, cause: Cause = {}): Entry {
    const waiters = new Set<never>();
    const reservations = new Set<Reservation>();
    const entry = { kind, waiters, reservations, cause };
    this.#entries.push(entry);
    return entry;
  }

  /** Takes out a waiter that has ended; tells whether it was there. */
  withdraw(waiter: Waiter<unknown>): boolean {
    return this.#entries.some(({ waiters }) => waiters.delete(waiter));
  }

  /** Takes the first entry out; it has failed where there is a refusal. */
  shift(refusal?: { readonly error: unknown }): Entry {
    const entry = this.#entries.shift()!;
    move(entry.reservations, { entry: undefined, refusal });
    return entry;
  }

  /** Takes all entries out. */
  clear(): Entry[] {
    const entries = this.#entries.splice(0);
    for (const { reservations } of entries) {
      move(reservations, { entry: undefined, refusal: undefined });
    }
    return entries;
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
      const { kind, waiters, reservations } = entry;
      const isWanted = waiters.size > 0 || reservations.size > 0;
      if (!isWanted && entry !== underWay) continue;
      const last = kept.at(-1);
      if (last?.kind !== kind) {
        kept.push(entry);
        continue;
      }
      for (const waiter of waiters) last.waiters.add(waiter);
      for (const each of reservations) last.reservations.add(each);
      move(reservations, { entry: last, refusal: undefined });
    }
    this.#entries = kept;
  }
}

function move(reservations: Set<Reservation>, to: Reservation): void {
  for (const each of reservations) Object.assign(each, to);
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
  reserveLeave(cause: Cause): Reservation | undefined;
  /** Begins a leave that was reserved, and waits for it. */
  beginLeave(reservation: Reservation, options: AskOptions): Promise<void>;
  /** Takes back a leave that was reserved and has not begun. */
  dropLeave(reservation: Reservation): void;
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
  const reserved: [Leavable, Reservation][] = [];
  for (const membership of all) {
    const reservation = membership.reserveLeave(cause);
    if (reservation !== undefined) reserved.push([membership, reservation]);
  }
  try {
    for (const [membership, reservation] of reserved) {
      await membership.beginLeave(reservation, options);
    }
  } finally {
    for (const [membership, reservation] of reserved) {
      membership.dropLeave(reservation);
    }
  }
}

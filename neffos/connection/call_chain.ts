import type { AskOptions } from "../api/ask_options.ts";
import type { RawBody } from "../protocol/body.ts";
import type { Waiter } from "../util/promises.ts";
import type { Turn } from "./turn_queue.ts";

/** What a call, or an ask of the peer, wants. */
export type Kind = "enter" | "leave";

/** What has caused an event of the life cycle. */
export interface Cause {
  readonly isLocal?: boolean;
  readonly isForced?: boolean;
}

/** Why an entry has failed: makes the error, for each caller its own. */
export type Refusal = () => unknown;

/** A place in a chain for a call that is made later. */
export interface Reservation {
  /** Its entry; `undefined` once that has left the chain. */
  entry: Entry | undefined;
  /** The error of the entry, if it has failed. */
  refusal: Refusal | undefined;
}

/** The body of a call that enters, encoded, or the function that makes it. */
export type EntryBody = RawBody | (() => unknown);

/** What a call wants to go with it. */
export interface CallInit {
  /** The cause that hooks are told. */
  readonly cause?: Cause | undefined;
  readonly body?: EntryBody | undefined;
}

/** Neighbouring calls of one kind and body, which one ask serves. */
export interface Entry {
  readonly kind: Kind;
  readonly waiters: Set<Waiter<unknown>>;
  /** The calls that leave other names first; it does not begin for these. */
  readonly reservations: Set<Reservation>;
  /** The cause that hooks are told. */
  readonly cause: Cause;
  readonly body: EntryBody | undefined;
  /** The body as it is sent; `undefined` until a function has made it. */
  encoded: RawBody | undefined;
  /** The turn of the queue in which that function runs. */
  maker: Turn | undefined;
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
   * Whether its first entry is there for reservations alone, and does not begin
   * yet: no caller waits for it, or for an entry behind it.
   */
  get isReserved(): boolean {
    return this.#entries.length === 1 && this.head!.waiters.size === 0;
  }

  /** Whether there is a call that leaves. */
  get hasLeave(): boolean {
    return this.#entries.some(({ kind }) => kind === "leave");
  }

  append(kind: Kind, { cause = {}, body }: CallInit = {}): Entry {
    const entry: Entry = {
      kind,
      waiters: new Set<never>(),
      reservations: new Set<Reservation>(),
      cause,
      body,
      encoded: typeof body === "function" ? undefined : body ?? "",
      maker: undefined,
    };
    this.#entries.push(entry);
    return entry;
  }

  /** Removes a waiter that has ended; tells whether it was there. */
  withdraw(waiter: Waiter<unknown>): boolean {
    return this.#entries.some(({ waiters }) => waiters.delete(waiter));
  }

  /** Removes the first entry, which has failed if there is a refusal. */
  shift(refusal?: Refusal): Entry {
    const entry = this.#entries.shift()!;
    move(entry.reservations, { entry: undefined, refusal });
    return entry;
  }

  /** Removes all entries. */
  clear(): Entry[] {
    const entries = this.#entries.splice(0);
    for (const { reservations } of entries) {
      move(reservations, { entry: undefined, refusal: undefined });
    }
    return entries;
  }

  /**
   * Removes the entries that no caller waits for. Their neighbours, which are
   * of one kind, become one entry if one ask can serve them.
   *
   * @param underWay The entry that is under way, which stays.
   */
  prune(underWay: Entry | undefined): void {
    const kept: Entry[] = [];
    for (const entry of this.#entries) {
      const { waiters, reservations } = entry;
      const isWanted = waiters.size > 0 || reservations.size > 0;
      if (!isWanted && entry !== underWay) continue;
      const last = kept.at(-1);
      if (last === undefined || !canServe(last, entry)) {
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

/**
 * Whether the ask of an entry serves a call as well: it has the same body, or
 * the call has none.
 */
export function canServe(
  { kind, body }: Entry,
  call: Pick<Entry, "kind" | "body">,
): boolean {
  return kind === call.kind && (call.body === undefined || call.body === body);
}

function move(reservations: Set<Reservation>, to: Reservation): void {
  for (const each of reservations) Object.assign(each, to);
}

/** Rejects all waiters, each with an error that is made for it. */
export function rejectAll(
  waiters: Iterable<Waiter<unknown>>,
  refusal: Refusal,
): void {
  for (const waiter of [...waiters]) waiter.fail(refusal);
}

/** Resolves all waiters. */
export function resolveAll(
  waiters: Iterable<Waiter<unknown>>,
  value?: unknown,
): void {
  for (const waiter of [...waiters]) waiter.resolve(value);
}

/** A name that can be left together with others. */
export interface Leavable {
  /** Reserves a place in the chain for a leave that does not begin yet. */
  reserveLeave(cause: Cause): Reservation | undefined;
  /** Begins a reserved leave, and waits for it. */
  beginLeave(reservation: Reservation, options: AskOptions): Promise<void>;
  /** Cancels a reserved leave that has not begun. */
  dropLeave(reservation: Reservation): void;
}

/**
 * Leaves several names, one after another. All leaves are in their chains from
 * the start, so that calls made meanwhile come after them.
 *
 * @throws The first refusal. Names whose leave has not begun are not left then.
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

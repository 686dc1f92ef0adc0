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
  /** The cause that hooks are told. */
  readonly cause: Cause;
  readonly body: EntryBody | undefined;
  /** The body as it is sent; `undefined` until a function has made it. */
  encoded: RawBody | undefined;
  /** The turn of the queue in which that function runs. */
  maker?: Turn | undefined;
  /** How many calls leave other names first; it does not begin for these. */
  reserved: number;
  /** The entry that it has become a part of. */
  whole?: Entry;
  /** Whether it has left the chain. */
  isOver?: boolean;
  /** Makes its error, if it has failed. */
  refusal?: Refusal | undefined;
}

/** Makes the entry of a call. */
export function makeEntry(
  kind: Kind,
  { cause = {}, body }: CallInit = {},
): Entry {
  const encoded = typeof body === "function" ? undefined : body ?? "";
  const waiters = new Set<Waiter<unknown>>();
  return { kind, waiters, cause, body, encoded, reserved: 0 };
}

/**
 * Removes the entries that no caller waits for. Their neighbours, which are of
 * one kind, become one entry if one ask can serve them.
 *
 * @param chain The entries.
 * @param isUnderWay Whether the first one is under way, and stays.
 */
export function mergeEntries(
  chain: readonly Entry[],
  isUnderWay: boolean,
): readonly Entry[] {
  const kept: Entry[] = [];
  for (const entry of chain) {
    const { waiters, reserved } = entry;
    const isWanted = waiters.size > 0 || reserved > 0;
    if (!isWanted && !(isUnderWay && entry === chain[0])) continue;
    const last = kept.at(-1);
    if (last === undefined || !canServe(last, entry)) kept.push(entry);
    else {
      for (const waiter of waiters) last.waiters.add(waiter);
      last.reserved += reserved;
      entry.whole = last;
    }
  }
  return kept;
}

/** Finds the entry that one has become a part of. */
export function findMerged(entry: Entry): Entry {
  return entry.whole ? findMerged(entry.whole) : entry;
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
  /**
   * Reserves a place in the chain for a leave, before the calls made later.
   *
   * @returns The place, for {@linkcode beginLeave} or {@linkcode dropLeave};
   * `undefined` when there is nothing to leave.
   */
  reserveLeave(cause: Cause): Entry | undefined;
  /** Begins a reserved leave, and waits for it. */
  beginLeave(reserved: Entry, options: AskOptions): Promise<void>;
  /** Cancels a reserved leave that has not begun. */
  dropLeave(reserved: Entry): void;
}

/**
 * Leaves several names, one after another. All leaves are in their chains from
 * the start, so that calls made meanwhile come after them.
 *
 * @throws The first refusal. Names whose leave has not begun are not left then.
 */
export async function leaveEach(
  all: readonly Leavable[],
  options: AskOptions,
  cause: Cause,
): Promise<void> {
  const reserved = all.flatMap((membership) => {
    const entry = membership.reserveLeave(cause);
    return entry ? [{ membership, entry }] : [];
  });
  try {
    for (let next; (next = reserved.shift());) {
      await next.membership.beginLeave(next.entry, options);
    }
  } finally {
    for (const { membership, entry } of reserved) membership.dropLeave(entry);
  }
}

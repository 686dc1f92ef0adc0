import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import type { AskOptions } from "../api/ask_options.ts";
import { SharedTimers } from "../util/shared_timers.ts";
import { Waiter } from "../util/promises.ts";
import {
  CallChain,
  type Cause,
  type Entry,
  type Kind,
  type Leavable,
  leaveEach,
  rejectAll,
  type Reservation,
  resolveAll,
} from "./call_chain.ts";

function makeWaiter(): Waiter<unknown> {
  return new Waiter({
    timers: new SharedTimers(),
    onTimeout: () => new Error(),
  });
}

/** Appends an entry that so many callers wait for. */
function append(chain: CallChain, kind: Kind, callers = 1): Entry {
  const entry = chain.append(kind);
  for (let i = 0; i < callers; i++) entry.waiters.add(makeWaiter());
  return entry;
}

/** Takes all entries out: their kinds, and how many wait for each. */
function drain(chain: CallChain): string[] {
  return chain.clear().map(({ kind, waiters }) => `${kind} ${waiters.size}`);
}

/** Puts a reservation into an entry. */
function reserve(entry: Entry): Reservation {
  const reservation: Reservation = { entry, refusal: undefined };
  entry.reservations.add(reservation);
  return reservation;
}

Deno.test("CallChain keeps entries in order, and gives out the first", () => {
  const chain = new CallChain();
  assert(chain.isEmpty);
  assertEquals([chain.head, chain.last], [undefined, undefined]);
  const enter = append(chain, "enter");
  assertEquals([chain.isEmpty, chain.hasLeave], [false, false]);
  const leave = chain.append("leave", { cause: { isForced: true } });
  assert(chain.hasLeave);
  assertEquals([enter.cause, leave.cause], [{}, { isForced: true }]);
  assertStrictEquals(chain.head, enter);
  assertStrictEquals(chain.last, leave);
  assertStrictEquals(chain.shift(), enter);
  assertStrictEquals(chain.head, leave);
  assertEquals(chain.clear(), [leave]);
  assert(chain.isEmpty);
});

Deno.test("CallChain.withdraw() takes a waiter out, wherever it is", () => {
  const chain = new CallChain();
  append(chain, "enter");
  const waiter = makeWaiter();
  append(chain, "leave").waiters.add(waiter);
  assert(chain.withdraw(waiter));
  assert(!chain.withdraw(waiter));
  assertEquals(drain(chain), ["enter 1", "leave 1"]);
});

Deno.test("CallChain.prune() drops entries without a waiter", () => {
  const chain = new CallChain();
  append(chain, "enter", 0);
  append(chain, "leave", 1);
  append(chain, "enter", 0);
  chain.prune(undefined);
  assertEquals(drain(chain), ["leave 1"]);
});

Deno.test("CallChain.prune() merges neighbours of one kind", () => {
  const chain = new CallChain();
  const first = append(chain, "leave", 1);
  append(chain, "enter", 0);
  append(chain, "leave", 2);
  append(chain, "enter", 0);
  append(chain, "leave", 3);
  append(chain, "enter", 1);
  chain.prune(undefined);
  assertStrictEquals(chain.head, first);
  assertEquals(drain(chain), ["leave 6", "enter 1"]);
});

Deno.test("CallChain.prune() keeps the entry that is under way, even without a waiter", () => {
  const chain = new CallChain();
  const underWay = append(chain, "enter", 0);
  append(chain, "leave", 0);
  append(chain, "enter", 2);
  chain.prune(underWay);
  assertStrictEquals(chain.head, underWay);
  // A call of the same kind shares it.
  assertEquals(drain(chain), ["enter 2"]);
});

Deno.test("CallChain.prune() keeps a reserved entry", () => {
  const chain = new CallChain();
  const leave = append(chain, "leave", 0);
  const reservation = reserve(leave);
  append(chain, "enter", 1);
  chain.prune(undefined);
  assertStrictEquals(chain.head, leave);
  leave.reservations.delete(reservation);
  chain.prune(undefined);
  assertEquals(drain(chain), ["enter 1"]);
});

Deno.test("CallChain.prune() moves reservations when it merges entries", () => {
  const chain = new CallChain();
  const first = append(chain, "leave", 1);
  const own = reserve(first);
  append(chain, "enter", 0);
  const second = append(chain, "leave", 1);
  const moved = reserve(second);
  chain.prune(undefined);
  assertEquals([first.waiters.size, first.reservations.size], [2, 2]);
  assertStrictEquals(own.entry, first);
  assertStrictEquals(moved.entry, first);
});

Deno.test("CallChain.shift() tells reservations how their entry has begun", () => {
  const chain = new CallChain();
  const [begun, refused] = ["leave", "enter"].map((kind) =>
    reserve(append(chain, kind as Kind))
  );
  chain.shift();
  assertEquals(begun, { entry: undefined, refusal: undefined });
  const refusal = () => new Error("refused");
  chain.shift(refusal);
  assertEquals(refused, { entry: undefined, refusal });
});

Deno.test("CallChain.clear() ends every reservation", () => {
  const chain = new CallChain();
  const kinds: Kind[] = ["leave", "enter"];
  const reservations = kinds.map((kind) => reserve(append(chain, kind)));
  chain.clear();
  const ended = { entry: undefined, refusal: undefined };
  assertEquals(reservations, [ended, ended]);
});

Deno.test("CallChain.isReserved is false once a caller waits for the first entry or behind it", () => {
  const chain = new CallChain();
  const leave = append(chain, "leave", 0);
  reserve(leave);
  assert(chain.isReserved);
  // What comes after it has to wait for it.
  append(chain, "enter", 1);
  assert(!chain.isReserved);
  chain.clear();
  reserve(append(chain, "leave", 1));
  assert(!chain.isReserved);
});

Deno.test("resolveAll() and rejectAll() end every wait", async () => {
  const waiters = new Set([makeWaiter(), makeWaiter()]);
  resolveAll(waiters, "result");
  const promises = [...waiters].map(({ promise }) => promise);
  assertEquals(await Promise.all(promises), ["result", "result"]);
  const others = new Set([makeWaiter(), makeWaiter()]);
  rejectAll(others, () => new Error("refused"));
  for (const { promise } of others) {
    await assertRejects(() => promise, Error, "refused");
  }
});

/** A name that can be left, and what became of it. */
class Name implements Leavable {
  readonly #name: string;
  readonly #log: string[];
  readonly #isIn: boolean;
  /** What the leave comes to. */
  readonly ended = Promise.withResolvers<void>();

  constructor(name: string, log: string[], isIn = true) {
    this.#name = name;
    this.#log = log;
    this.#isIn = isIn;
  }

  reserveLeave({ isForced }: Cause): Reservation | undefined {
    this.#log.push(`reserve ${this.#name} ${isForced}`);
    return this.#isIn
      ? reserve(append(new CallChain(), "leave", 0))
      : undefined;
  }

  beginLeave(_: Reservation, { timeout }: AskOptions): Promise<void> {
    this.#log.push(`begin ${this.#name} ${timeout}`);
    return this.ended.promise;
  }

  dropLeave(): void {
    this.#log.push(`drop ${this.#name}`);
  }
}

Deno.test("leaveEach() reserves all leaves, then begins them one after another", async () => {
  const log: string[] = [];
  const a = new Name("a", log);
  const out = new Name("out", log, false);
  const b = new Name("b", log);
  const left = leaveEach([a, out, b], { timeout: 5 }, { isForced: true });
  const reserved = ["reserve a true", "reserve out true", "reserve b true"];
  assertEquals(log.splice(0), [...reserved, "begin a 5"]);
  a.ended.resolve();
  await a.ended.promise;
  await Promise.resolve();
  assertEquals(log.splice(0), ["begin b 5"]);
  b.ended.resolve();
  await left;
  assertEquals(log, ["drop a", "drop b"]);
});

Deno.test("leaveEach() stops at the first refusal, and drops what has not begun", async () => {
  const log: string[] = [];
  const a = new Name("a", log);
  const b = new Name("b", log);
  const left = leaveEach([a, b], {}, {});
  log.length = 0;
  a.ended.reject(new Error("refused"));
  await assertRejects(() => left, Error, "refused");
  assertEquals(log, ["drop a", "drop b"]);
});

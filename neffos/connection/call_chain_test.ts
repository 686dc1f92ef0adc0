import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import type { AskOptions } from "../api/ask_options.ts";
import { SharedTimers } from "../util/shared_timers.ts";
import { Waiter } from "../util/promises.ts";
import {
  type Cause,
  type Entry,
  findMerged,
  type Kind,
  type Leavable,
  leaveEach,
  makeEntry,
  mergeEntries,
  rejectAll,
  resolveAll,
} from "./call_chain.ts";

function makeWaiter(): Waiter<unknown> {
  return new Waiter({
    timers: new SharedTimers(),
    onTimeout: () => new Error(),
  });
}

/** Makes an entry that so many callers wait for. */
function make(kind: Kind, callers = 1): Entry {
  const entry = makeEntry(kind);
  for (let i = 0; i < callers; i++) entry.waiters.add(makeWaiter());
  return entry;
}

/** What is left of a chain: the kinds, and how many wait for each. */
function merge(chain: Entry[], isUnderWay = false): string[] {
  return mergeEntries(chain, isUnderWay)
    .map(({ kind, waiters }) => `${kind} ${waiters.size}`);
}

Deno.test("mergeEntries() drops entries without a waiter", () => {
  const chain = [make("enter", 0), make("leave", 1), make("enter", 0)];
  assertEquals(merge(chain), ["leave 1"]);
});

Deno.test("mergeEntries() merges neighbours of one kind", () => {
  const first = make("leave", 1);
  const last = make("leave", 3);
  const chain = [
    first,
    make("enter", 0),
    make("leave", 2),
    make("enter", 0),
    last,
    make("enter", 1),
  ];
  assertEquals(merge(chain), ["leave 6", "enter 1"]);
  assertStrictEquals(findMerged(last), first);
});

Deno.test("mergeEntries() keeps the entry that is under way, even without a waiter", () => {
  const chain = [make("enter", 0), make("leave", 0), make("enter", 2)];
  // A call of the same kind shares it.
  assertEquals(merge(chain, true), ["enter 2"]);
  assertStrictEquals(findMerged(chain[2]!), chain[0]);
});

Deno.test("mergeEntries() keeps a reserved entry", () => {
  const leave = make("leave", 0);
  leave.reserved++;
  const chain = [leave, make("enter", 1)];
  assertEquals(merge(chain), ["leave 0", "enter 1"]);
  leave.reserved--;
  assertEquals(merge(chain), ["enter 1"]);
});

Deno.test("mergeEntries() moves reservations when it merges entries", () => {
  const first = make("leave", 1);
  const second = make("leave", 1);
  first.reserved++;
  second.reserved++;
  assertEquals(merge([first, make("enter", 0), second]), ["leave 2"]);
  assertEquals(first.reserved, 2);
  assertStrictEquals(findMerged(second), first);
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

  reserveLeave({ isForced }: Cause): Entry | undefined {
    this.#log.push(`reserve ${this.#name} ${isForced}`);
    return this.#isIn ? make("leave", 0) : undefined;
  }

  beginLeave(_: Entry, { timeout }: AskOptions): Promise<void> {
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
  assertEquals(log, []);
});

Deno.test("leaveEach() stops at the first refusal, and drops what has not begun", async () => {
  const log: string[] = [];
  const a = new Name("a", log);
  const b = new Name("b", log);
  const left = leaveEach([a, b], {}, {});
  log.length = 0;
  a.ended.reject(new Error("refused"));
  await assertRejects(() => left, Error, "refused");
  assertEquals(log, ["drop b"]);
});

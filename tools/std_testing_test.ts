// What the tests of this repository rely on: true of `@std/testing` and of what stands in for it.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotStrictEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { FakeTime, TimeError } from "@std/testing/time";

Deno.test("FakeTime sets the date and restores it", () => {
  const { Date: RealDate, setTimeout: realSetTimeout } = globalThis;
  {
    using time = new FakeTime("1970-01-01T00:00:01Z");
    assertEquals(time.now, 1_000);
    assertEquals(time.start, 1_000);
    assertEquals(Date.now(), 1_000);
    assertEquals(new Date().getTime(), 1_000);
    assertEquals(new Date(5).getTime(), 5);
    assertEquals(new Date(1970, 0, 2).getDate(), 2);
    assertInstanceOf(new Date(), Date);
    assertEquals(Date.UTC(1970, 0), 0);
    assertNotStrictEquals(setTimeout, realSetTimeout);
    time.tick(250);
    assertEquals(Date.now(), 1_250);
    assertEquals(time.start, 1_000);
  }
  assertStrictEquals(globalThis.Date, RealDate);
  assertStrictEquals(globalThis.setTimeout, realSetTimeout);
});

Deno.test("FakeTime starts now, or at a number, a text or a date", () => {
  const before = Date.now();
  {
    using time = new FakeTime();
    assert(time.now >= before);
  }
  for (const start of [5.7, new Date(5), "1970-01-01T00:00:00.005Z"]) {
    using time = new FakeTime(start);
    assertEquals(time.now, 5);
  }
  assertThrows(() => new FakeTime(NaN), TypeError);
});

Deno.test("FakeTime calls due timers in order, at their time", () => {
  using time = new FakeTime(0);
  const calls: string[] = [];
  const log = (name: string) => calls.push(`${name} ${Date.now()}`);
  setTimeout(log, 20, "c");
  setTimeout(log, 10, "a");
  setTimeout(log, 10, "b");
  setTimeout(() => {
    log("nested");
    setTimeout(log, 5, "later");
    setTimeout(log, 0, "at once");
  }, 15);
  const cancelled = setTimeout(log, 12, "never");
  clearTimeout(cancelled);
  clearTimeout(undefined);
  clearTimeout(999);
  time.tick(9);
  assertEquals(calls, []);
  time.tick(11);
  assertEquals(calls, [
    "a 10",
    "b 10",
    "nested 15",
    "at once 15",
    "c 20",
    "later 20",
  ]);
  assertEquals(time.now, 20);
});

Deno.test("FakeTime repeats intervals until they are cleared", () => {
  using time = new FakeTime(0);
  const calls: number[] = [];
  const id = setInterval(() => {
    calls.push(Date.now());
    if (calls.length === 3) clearInterval(id);
  }, 10);
  time.tick(25);
  assertEquals(calls, [10, 20]);
  time.tick(100);
  assertEquals(calls, [10, 20, 30]);
  let count = 0;
  const fast = setInterval(() => count++, 0);
  time.tick(5);
  assertEquals(count, 5);
  clearInterval(fast);
});

Deno.test("FakeTime.now can be set, but not to the past", () => {
  using time = new FakeTime(0);
  let called = false;
  setTimeout(() => {
    called = true;
  }, 10);
  time.now = 10;
  assert(called);
  assertThrows(() => {
    time.now = 9;
  }, RangeError);
});

Deno.test("FakeTime stops at a callback that throws, and goes on after it", () => {
  using time = new FakeTime(0);
  const calls: number[] = [];
  setTimeout(() => {
    throw new Error("thrown");
  }, 10);
  setTimeout(() => calls.push(Date.now()), 20);
  assertThrows(() => time.tick(30), Error, "thrown");
  assertEquals(time.now, 10);
  time.tick(10);
  assertEquals(calls, [20]);
});

Deno.test("FakeTime.next() goes to the next timer, runAll() to the last", () => {
  using time = new FakeTime(0);
  const calls: number[] = [];
  const log = () => calls.push(Date.now());
  assertEquals(time.next(), false);
  setTimeout(log, 10);
  setTimeout(() => setTimeout(log, 30), 20);
  clearTimeout(setTimeout(log, 5));
  assertEquals(time.next(), true);
  assertEquals(time.now, 10);
  time.runAll();
  assertEquals(time.now, 50);
  assertEquals(calls, [10, 50]);
  assertEquals(time.next(), false);
  assertEquals(time.now, 50);
});

Deno.test("FakeTime.tickAsync(), nextAsync() and runAllAsync() let microtasks run first", async () => {
  using time = new FakeTime(0);
  const calls: string[] = [];
  const schedule = async (name: string) => {
    await Promise.resolve();
    await Promise.resolve();
    setTimeout(() => calls.push(`${name} ${Date.now()}`), 10);
  };
  let done = schedule("tick");
  await time.tickAsync(10);
  assertEquals(calls, ["tick 10"]);
  await done;
  done = schedule("next");
  assertEquals(await time.nextAsync(), true);
  await done;
  setTimeout(() => {
    done = schedule("all");
  }, 5);
  await time.runAllAsync();
  await done;
  await time.runAllAsync();
  assertEquals(calls, ["tick 10", "next 20", "all 35"]);
});

Deno.test("FakeTime aborts AbortSignal.timeout() at its time", () => {
  using time = new FakeTime(0);
  const signal = AbortSignal.timeout(100);
  time.tick(99);
  assertEquals(signal.aborted, false);
  time.tick(1);
  assertEquals(signal.aborted, true);
  assertEquals(signal.reason.name, "TimeoutError");
});

Deno.test("FakeTime can be faked once and restored once", () => {
  const time = new FakeTime();
  assertThrows(() => new FakeTime(), TimeError);
  time.restore();
  assertThrows(() => time.restore(), TimeError);
  assertThrows(() => FakeTime.restore(), TimeError);
});

Deno.test("FakeTime.restoreFor() gives the real time to one function", async () => {
  const { Date: RealDate } = globalThis;
  const time = new FakeTime(0);
  const seen = await FakeTime.restoreFor(
    (value: number) => [value, globalThis.Date === RealDate],
    5,
  );
  assertEquals(seen, [5, true]);
  await FakeTime.restoreFor(() =>
    new Promise((resolve) => setTimeout(resolve, 0))
  );
  assertEquals(Date.now(), time.now);
  time.restore();
  await assertRejects(() => FakeTime.restoreFor(() => {}), TimeError);
});

import { assertEquals, assertThrows } from "@std/assert";
import { Bucket, rateOf } from "./rate_limit.ts";

/** Takes messages out of a bucket until it is empty. */
function drain(bucket: Bucket): number {
  let count = 0;
  while (bucket.take()) count++;
  return count;
}

Deno.test("Bucket lets a burst through, then as many as the rate says", () => {
  let now = 500;
  const rate = rateOf({ messages: 3, per: 100, burst: 5 })!;
  const bucket = new Bucket(rate, () => now);
  assertEquals(drain(bucket), 5);
  now += 33;
  assertEquals(drain(bucket), 0);
  now += 1;
  assertEquals(drain(bucket), 1);
  now += 66;
  assertEquals(drain(bucket), 2);
  now += 1_000_000;
  assertEquals(drain(bucket), 5);
});

Deno.test("Bucket loses nothing to fractions", () => {
  let now = 0;
  const bucket = new Bucket(rateOf({ messages: 7, burst: 1 })!, () => now);
  let count = 0;
  for (; now < 10_000; now++) count += drain(bucket);
  assertEquals(count, 70);
});

Deno.test("rateOf() completes a rate and checks it", () => {
  assertEquals(rateOf(undefined), undefined);
  assertEquals(rateOf({ messages: 5 }), { messages: 5, per: 1000, burst: 5 });
  assertEquals(rateOf({ messages: 0.5, per: 100 })?.burst, 1);
  const throws = (limit: unknown, text: string) =>
    assertThrows(() => rateOf(limit as { messages: number }), RangeError, text);
  throws({ messages: 0 }, 'Cannot set "rateLimit.messages" to 0: it must be');
  throws({}, '"rateLimit.messages" to undefined');
  throws({ messages: 1, per: -1 }, '"rateLimit.per" to -1');
  throws({ messages: "1" }, '"rateLimit.messages" to "1"');
  throws({ messages: Infinity }, '"rateLimit.messages" to Infinity');
  throws({ messages: 1, burst: 0.5 }, '"rateLimit.burst" to 0.5');
});

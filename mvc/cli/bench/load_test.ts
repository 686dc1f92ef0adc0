import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Tally } from "./figures.ts";
import { type Ask, type LoadOptions, runLoad } from "./load.ts";

/** Makes the options of a load whose asks take some milliseconds. */
function plan(asks: readonly Ask[], options: Partial<LoadOptions> = {}) {
  const tally = new Tally();
  const signal = new AbortController().signal;
  return {
    asks,
    tally,
    signal,
    inFlight: 1,
    rate: undefined,
    duration: Infinity,
    count: Infinity,
    now: () => Date.now(),
    ...options,
  };
}

function take(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

Deno.test("runLoad() keeps so many asks of each connection in flight", async () => {
  using time = new FakeTime();
  let waiting = 0;
  let most = 0;
  const ask = async () => {
    most = Math.max(most, ++waiting);
    await take(10);
    waiting--;
  };
  const options = plan([ask, ask], { inFlight: 3, duration: 95 });
  const running = runLoad(options);
  for (let i = 0; i < 20; i++) await time.tickAsync(10);
  await running;
  assertEquals(most, 6);
  assertEquals(options.tally.answers, 60);
});

Deno.test("runLoad() sends no more than it is told to", async () => {
  const options = plan([() => Promise.resolve()], { inFlight: 4, count: 10 });
  await runLoad(options);
  assertEquals(options.tally.answers, 10);
});

Deno.test("runLoad() counts latency from when an ask was due", async () => {
  using time = new FakeTime();
  let isFirst = true;
  const ask = async () => {
    // The server stands still for 100 ms, and with it what follows.
    if (isFirst) await take(100);
    isFirst = false;
  };
  let clock = 0;
  const now = () => clock;
  const options = plan([ask], { rate: 100, count: 3, now });
  const running = runLoad(options);
  clock = 100;
  for (let i = 0; i < 20; i++) await time.tickAsync(10);
  await running;
  const { latency } = options.tally.sum(1);
  assertEquals([latency!.min, latency!.max], [80, 100]);
});

Deno.test("runLoad() gives up a rate that it cannot reach, and says so", async () => {
  let clock = 0;
  const ask = () => Promise.resolve(clock += 3);
  const now = () => clock;
  const options = plan([ask], { rate: 1e9, duration: 1_000, now });
  await runLoad(options);
  const { answers, failed } = options.tally;
  assertEquals(answers + failed, 1e9);
  assertEquals(answers < 1_000, true);
});

Deno.test("runLoad() does not wait for answers when the signal ends it", async () => {
  for (const rate of [undefined, 1_000]) {
    const controller = new AbortController();
    const ask = () => {
      queueMicrotask(() => controller.abort());
      return new Promise(() => {});
    };
    const { signal } = controller;
    const options = plan([ask], { signal, rate, count: 1 });
    await runLoad(options);
    assertEquals([options.tally.answers, options.tally.failed], [0, 0]);
  }
});

Deno.test("runLoad() counts errors, and ends with the connections or the signal", async () => {
  const closed = Object.assign(new Error("gone"), {
    name: "ConnectionClosedError",
  });
  const lost = plan([() => Promise.reject(closed)], { count: 10 });
  await runLoad(lost);
  assertEquals(lost.tally.failed, 1);
  const refused = plan([() => Promise.reject(new Error("no"))], { count: 10 });
  await runLoad(refused);
  assertEquals(refused.tally.failed, 10);
  const controller = new AbortController();
  const stopped = plan([() => Promise.resolve(controller.abort())], {
    signal: controller.signal,
  });
  await runLoad(stopped);
  assertEquals(stopped.tally.answers, 1);
});

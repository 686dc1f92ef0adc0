import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { SharedTimers } from "./shared_timers.ts";

Deno.test("SharedTimers run what is due, in order, and nothing that was cleared", () => {
  using time = new FakeTime();
  const log: string[] = [];
  const timers = new SharedTimers();
  timers.set(100, () => log.push("a"));
  const cleared = timers.set(100, () => log.push("cleared"));
  timers.set(50, () => log.push("b"));
  time.tick(40);
  timers.set(100, () => log.push("c"));
  timers.clear(100, cleared);
  assertEquals(timers.size, 3);
  time.tick(60);
  assertEquals(log, ["b", "a"]);
  time.tick(40);
  assertEquals(log, ["b", "a", "c"]);
  assertEquals(timers.size, 0);
});

Deno.test("SharedTimers go on when a deadline sets another one", () => {
  using time = new FakeTime();
  const log: number[] = [];
  const timers = new SharedTimers();
  const again = () => {
    log.push(Date.now());
    if (log.length < 3) timers.set(10, again);
  };
  const start = Date.now();
  timers.set(10, again);
  for (let i = 0; i < 5; i++) time.tick(10);
  assertEquals(log, [start + 10, start + 20, start + 30]);
});

Deno.test("SharedTimers.stop() leaves no timer behind", () => {
  const timers = new SharedTimers();
  timers.set(1_000_000, () => {});
  timers.clear(1_000_000, timers.set(1_000_000, () => {}));
  timers.stop();
  assertEquals(timers.size, 0);
});

Deno.test("SharedTimers keep a program alive only for deadlines that are set", async () => {
  const run = async (lines: string) => {
    const { href } = new URL("./shared_timers.ts", import.meta.url);
    const code = `import { SharedTimers } from ${JSON.stringify(href)};
      const timers = new SharedTimers();
      ${lines}`;
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-config", "--ext=ts", code],
    }).output();
    return new TextDecoder().decode(stdout).trim();
  };
  assertEquals(await run(`timers.set(1, () => console.log("due"));`), "due");
  const clear = `timers.clear(1e9, timers.set(1e9, () => {}));`;
  assertEquals(await run(`${clear} console.log("end");`), "end");
  const again = `${clear} timers.clear(1e9, timers.set(1e9, () => {}));`;
  assertEquals(await run(`${again} console.log("end");`), "end");
});

Deno.test("SharedTimers wait for longer than a timer of the platform can", () => {
  using time = new FakeTime();
  const timers = new SharedTimers();
  const log: string[] = [];
  const DAY = 86_400_000;
  timers.set(30 * DAY, () => log.push("month"));
  timers.set(Infinity, () => log.push("never"));
  time.tick(29 * DAY);
  assertEquals(log, []);
  time.tick(DAY);
  assertEquals(log, ["month"]);
  for (let year = 0; year < 10; year++) time.tick(365 * DAY);
  assertEquals(log, ["month"]);
  timers.stop();
});

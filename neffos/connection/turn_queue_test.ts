import { assertEquals } from "@std/assert";
import { AsyncLocalStorage } from "node:async_hooks";
import { type Turn, TurnQueue, type Turns } from "./turn_queue.ts";

/** The queues of these tests have tasks alone. */
const NO_ITEMS = { handle() {} };

/** Waits for the microtasks of a few awaits. */
async function later(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

Deno.test("TurnQueue handles items in order, each when the one before is done", async () => {
  const log: string[] = [];
  const queue = new TurnQueue<never>(NO_ITEMS, undefined);
  queue.push(() => void log.push("sync"));
  queue.push(async () => {
    log.push("begin");
    await later();
    log.push("end");
  });
  queue.push(() => {
    // An item that a handler adds comes last.
    queue.push(() => void log.push("added"));
    log.push("adds");
  });
  queue.push(() => void log.push("last"));
  assertEquals(log, ["sync", "begin"]);
  assertEquals(queue.size, 2);
  await later();
  await later();
  assertEquals(log, ["sync", "begin", "end", "adds", "last", "added"]);
  assertEquals(queue.size, 0);
});

for (const tracer of [undefined, new AsyncLocalStorage<Turn>()]) {
  const how = tracer ? "traced" : "untraced";
  Deno.test(`TurnQueue goes on while a turn waits, and then waits for it (${how})`, async () => {
    const log: string[] = [];
    const answer = Promise.withResolvers<void>();
    let turns: Turns = [];
    const queue: TurnQueue<never> = new TurnQueue(
      NO_ITEMS,
      tracer,
    );
    queue.push(async () => {
      await later();
      turns = queue.possibleCallers();
      queue.suspend(turns);
      log.push("asks");
      await answer.promise;
      await later();
      log.push("answered");
    });
    queue.push(() => {
      log.push("second");
      queue.resume(turns);
      answer.resolve();
    });
    queue.push(() => void log.push("third"));
    for (let i = 0; i < 5; i++) await later();
    assertEquals(log, ["asks", "second", "answered", "third"]);
  });
}

Deno.test("TurnQueue does not go on for an ask from outside its turns", async () => {
  const log: string[] = [];
  const tracer = new AsyncLocalStorage<Turn>();
  const queue: TurnQueue<never> = new TurnQueue(
    NO_ITEMS,
    tracer,
  );
  queue.push(async () => {
    log.push("begin");
    await later();
    log.push("end");
  });
  queue.push(() => void log.push("second"));
  // For instance an ask by a timer of the program.
  const turns = queue.possibleCallers();
  assertEquals(turns, []);
  queue.suspend(turns);
  await later();
  await later();
  assertEquals(log, ["begin", "end", "second"]);
});

Deno.test("TurnQueue counts correctly when a turn does not await its ask", async () => {
  const log: string[] = [];
  const queue = new TurnQueue<never>(NO_ITEMS, undefined);
  let turns: Turns = [];
  queue.push(() => {
    turns = queue.possibleCallers();
    queue.suspend(turns);
    log.push("asks and leaves");
  });
  queue.push(async () => {
    log.push("begin");
    await later();
    log.push("end");
  });
  queue.push(() => void log.push("last"));
  queue.resume(turns);
  for (let i = 0; i < 4; i++) await later();
  assertEquals(log, ["asks and leaves", "begin", "end", "last"]);
});

Deno.test("TurnQueue.unshift() puts items before the others", async () => {
  const log: string[] = [];
  const queue = new TurnQueue<never>(NO_ITEMS, undefined);
  queue.push(later);
  queue.push(() => void log.push("c"));
  queue.unshift([() => void log.push("a"), () => void log.push("b")]);
  await later();
  await later();
  assertEquals(log, ["a", "b", "c"]);
});

Deno.test("TurnQueue does not confuse a finished turn with the next one", async () => {
  const log: string[] = [];
  const queue = new TurnQueue<never>(NO_ITEMS, undefined);
  let turns: Turns = [];
  // A handler starts work without awaiting it, and that work asks later.
  queue.push(() => {
    turns = queue.possibleCallers();
  });
  queue.suspend(turns);
  const gate = Promise.withResolvers<void>();
  queue.push(async () => {
    log.push("begin");
    await gate.promise;
    log.push("end");
  });
  queue.push(() => void log.push("next"));
  await later();
  assertEquals(log, ["begin"]);
  queue.resume(turns);
  gate.resolve();
  await later();
  assertEquals(log, ["begin", "end", "next"]);
});

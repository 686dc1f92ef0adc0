import { assertEquals } from "@std/assert";
import { AsyncLocalStorage } from "node:async_hooks";
import { AskTask, Turn, TurnQueue, type Turns } from "./turn_queue.ts";

/** The handler of queues that have tasks alone. */
const NO_ITEMS = { handle() {}, isAsk: () => false };

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
  Deno.test(`TurnQueue lets asks, and no events, begin while a turn waits (${how})`, async () => {
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
    const ask = (name: string, isSlow: boolean) =>
      new AskTask<never>(async () => {
        log.push(name);
        if (isSlow) await later();
        log.push(`${name} ends`);
      });
    queue.push(() => void log.push("event 1"));
    queue.push(ask("ask 1", true));
    queue.push(() => void log.push("event 2"));
    queue.push(ask("ask 2", false));
    for (let i = 0; i < 5; i++) await later();
    assertEquals(log.splice(0), [
      ...["asks", "ask 1", "ask 1 ends", "ask 2", "ask 2 ends"],
    ]);
    queue.push(ask("ask 3", false));
    await later();
    assertEquals(log.splice(0), ["ask 3", "ask 3 ends"]);
    assertEquals(queue.size, 2);
    queue.resume(turns);
    answer.resolve();
    queue.push(ask("ask 4", false));
    for (let i = 0; i < 5; i++) await later();
    assertEquals(log, [
      ...["answered", "event 1", "event 2", "ask 4", "ask 4 ends"],
    ]);
    assertEquals(queue.size, 0);
  });
}

/** Adds a turn that waits for an answer, which the returned function gives. */
function addWaiting<Item extends object>(queue: TurnQueue<Item>): () => void {
  const answer = Promise.withResolvers<void>();
  let turns: Turns = [];
  queue.push(async () => {
    turns = queue.possibleCallers();
    queue.suspend(turns);
    await answer.promise;
  });
  return () => {
    queue.resume(turns);
    answer.resolve();
  };
}

Deno.test("TurnQueue tells by its items which of them are asks", async () => {
  const log: string[] = [];
  const queue = new TurnQueue<{ name: string }>({
    handle: ({ name }) => void log.push(name),
    isAsk: ({ name }) => name.startsWith("ask"),
  }, undefined);
  const answer = addWaiting(queue);
  for (const name of ["event 1", "ask 1", "event 2", "ask 2"]) {
    queue.push({ name });
  }
  await later();
  assertEquals(log, ["ask 1", "ask 2"]);
  answer();
  await later();
  assertEquals(log.slice(2), ["event 1", "event 2"]);
});

Deno.test("TurnQueue keeps its order however many asks go ahead of an event", async () => {
  const log: number[] = [];
  const queue = new TurnQueue<{ n: number }>({
    handle: ({ n }) => void log.push(n),
    isAsk: ({ n }) => n % 10 !== 0,
  }, undefined);
  const answer = addWaiting(queue);
  const all = Array.from({ length: 20_000 }, (_, n) => n);
  for (const n of all) {
    queue.push({ n });
    if (n % 1_500 === 0) await later();
  }
  await later();
  assertEquals(log, all.filter((n) => n % 10 !== 0));
  assertEquals(queue.size, 2_000);
  answer();
  await later();
  assertEquals(log.slice(18_000), all.filter((n) => n % 10 === 0));
});

Deno.test("TurnQueue lets an ask take along the events that nothing could handle after it", async () => {
  const log: string[] = [];
  const queue = new TurnQueue<{ name: string }>({
    handle: ({ name }) => void log.push(name),
    isAsk: () => false,
  }, undefined);
  const answer = addWaiting(queue);
  const leave = (room: string) =>
    new AskTask<{ name: string }>(
      () => void log.push(`leave ${room}`),
      ({ name }) => name.startsWith(room),
    );
  queue.push(leave("a"));
  for (const name of ["b1", "a1", "b2"]) queue.push({ name });
  queue.push(() => void log.push("task"));
  queue.push(leave("c"));
  await later();
  assertEquals(log.splice(0), ["leave a", "leave c"]);
  queue.push(leave("a"));
  await later();
  assertEquals(log.splice(0), ["b1", "a1", "leave a"]);
  answer();
  await later();
  assertEquals(log, ["b2", "task"]);
});

Deno.test("TurnQueue lets all begin while a turn waits for the end of the connection", async () => {
  const log: string[] = [];
  const queue = new TurnQueue<never>(NO_ITEMS, undefined);
  const end = Promise.withResolvers<void>();
  queue.push(async () => {
    await queue.awaitEnd(end.promise);
    log.push("ended");
    await later();
    log.push("done");
  });
  queue.push(() => void log.push("event"));
  await later();
  assertEquals(log.splice(0), ["event"]);
  queue.push(async () => {
    await later();
    log.push("end");
    end.resolve();
  });
  queue.push(() => void log.push("last"));
  for (let i = 0; i < 4; i++) await later();
  assertEquals(log, ["end", "ended", "done", "last"]);
  // A call from outside suspends nothing.
  const outside = queue.awaitEnd(end.promise);
  queue.push(() => later());
  queue.push(() => void log.push("waits"));
  await outside;
  assertEquals(log.at(-1), "last");
});

Deno.test("TurnQueue takes no turn of another queue, and none that has ended, for its caller", async () => {
  const tracer = new AsyncLocalStorage<Turn>();
  const make = () => new TurnQueue<never>(NO_ITEMS, tracer);
  const [queue, other] = [make(), make()];
  const found: Turns[] = [];
  // Both have a turn that is pending.
  const gate = Promise.withResolvers<void>();
  other.push(() => gate.promise);
  queue.push(async () => {
    await later();
    found.push(other.possibleCallers());
    // It goes on when its turn has ended.
    void later().then(later).then(() => found.push(queue.possibleCallers()));
  });
  queue.push(() => gate.promise);
  for (let i = 0; i < 4; i++) await later();
  gate.resolve();
  assertEquals(found, [[], []]);
});

Deno.test("TurnQueue does not let a turn inherit the async context of the code that unblocks it", async () => {
  const tracer = new AsyncLocalStorage<Turn>();
  const stores: unknown[] = [];
  const queue: TurnQueue<{ isLate: boolean }> = new TurnQueue({
    async handle({ isLate }) {
      if (isLate) await later();
      stores.push(tracer.getStore());
    },
    isAsk: () => false,
  }, tracer);
  tracer.run(new Turn(), () => {
    queue.push({ isLate: false });
    queue.push({ isLate: true });
  });
  for (let i = 0; i < 4; i++) await later();
  assertEquals(stores, [undefined, undefined]);
});

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

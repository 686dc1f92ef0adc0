import { assert, assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { setImmediate } from "node:timers";
import { SharedTimers } from "./shared_timers.ts";
import { Waiter, type WaiterOptions } from "./promises.ts";

/** A signal that counts its listeners. */
class CountedSignal {
  readonly controller = new AbortController();
  listeners = 0;

  constructor() {
    const { signal } = this;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (
      ...args: Parameters<typeof addEventListener>
    ) => {
      this.listeners++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (
      ...args: Parameters<typeof removeEventListener>
    ) => {
      this.listeners--;
      removeEventListener.apply(signal, args);
    };
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }
}

/** A waiter with a time limit and a signal, and what it leaves behind. */
class Subject implements Disposable {
  readonly time = new FakeTime();
  readonly timers = new SharedTimers();
  readonly counted = new CountedSignal();
  readonly waiter: Waiter<string>;
  ends = 0;

  constructor(options: Partial<WaiterOptions> = {}) {
    this.waiter = new Waiter({
      timers: this.timers,
      timeout: 100,
      signal: this.counted.signal,
      onTimeout: () => new Error("too late"),
      onEnd: () => void this.ends++,
      ...options,
    });
  }

  /** The deadlines and the listeners that are set. */
  get watching(): [number, number] {
    return [this.timers.size, this.counted.listeners];
  }

  [Symbol.dispose](): void {
    this.timers.stop();
    this.time.restore();
  }
}

Deno.test("Waiter resolves with its result, and leaves nothing behind", async () => {
  using subject = new Subject();
  const { waiter } = subject;
  assertEquals([waiter.isSettled, ...subject.watching], [false, 1, 1]);
  waiter.resolve("result");
  assertEquals([waiter.isSettled, ...subject.watching], [true, 0, 0]);
  assertEquals(await waiter.promise, "result");
  assertEquals(subject.ends, 1);
});

Deno.test("Waiter rejects with its error, and leaves nothing behind", async () => {
  using subject = new Subject();
  subject.waiter.reject(new TypeError("refused"));
  assertEquals(subject.watching, [0, 0]);
  await assertRejects(() => subject.waiter.promise, TypeError, "refused");
  assertEquals(subject.ends, 1);
});

Deno.test("Waiter rejects at its time limit, not before", async () => {
  using subject = new Subject();
  const { time, waiter } = subject;
  time.tick(99);
  assert(!waiter.isSettled);
  time.tick(1);
  assertEquals([waiter.isSettled, ...subject.watching], [true, 0, 0]);
  await assertRejects(() => waiter.promise, Error, "too late");
  assertEquals(subject.ends, 1);
});

Deno.test("Waiter without a time limit waits for ever", () => {
  using subject = new Subject({ timeout: undefined });
  assertEquals(subject.watching, [0, 1]);
  subject.time.tick(1e9);
  assert(!subject.waiter.isSettled);
});

Deno.test("Waiter rejects with the reason of its signal", async () => {
  using subject = new Subject();
  const { waiter, counted: { controller } } = subject;
  controller.abort(new RangeError("no more"));
  assertEquals([waiter.isSettled, ...subject.watching], [true, 0, 0]);
  await assertRejects(() => waiter.promise, RangeError, "no more");
  assertEquals(subject.ends, 1);
});

Deno.test("Waiter with an aborted signal has ended from the start", async () => {
  const reason = new RangeError("no more");
  using subject = new Subject({ signal: AbortSignal.abort(reason) });
  assert(subject.waiter.isSettled);
  assertEquals([subject.timers.size, subject.ends], [0, 1]);
  await assertRejects(() => subject.waiter.promise, RangeError, "no more");
});

Deno.test("Waiter ends once, whatever is called afterwards", async () => {
  using subject = new Subject();
  const { time, waiter, counted: { controller } } = subject;
  waiter.resolve("first");
  waiter.resolve("second");
  waiter.reject(new Error("third"));
  waiter.commit();
  controller.abort();
  time.tick(1000);
  assertEquals(await waiter.promise, "first");
  assertEquals([subject.ends, waiter.isCommitted], [1, false]);
  assertEquals(subject.watching, [0, 0]);
});

Deno.test("Waiter calls onEnd before its promise is settled", async () => {
  const log: string[] = [];
  using subject = new Subject({
    onEnd() {
      log.push(`end ${subject.waiter.isSettled}`);
      // It has ended: this changes nothing.
      subject.waiter.reject(new Error("by onEnd"));
    },
  });
  const { waiter } = subject;
  const told = waiter.promise.then((result) => log.push(result));
  waiter.resolve("result");
  log.push("resolved");
  await told;
  assertEquals(log, ["end true", "resolved", "result"]);
});

Deno.test("Waiter.commit() stops the time limit and the signal", async () => {
  using subject = new Subject();
  const { time, waiter, counted: { controller } } = subject;
  waiter.commit();
  waiter.commit();
  assertEquals([waiter.isCommitted, waiter.isSettled], [true, false]);
  assertEquals([...subject.watching, subject.ends], [0, 0, 0]);
  controller.abort();
  time.tick(1000);
  assert(!waiter.isSettled);
  waiter.resolve("result");
  assertEquals(await waiter.promise, "result");
  assertEquals([...subject.watching, subject.ends], [0, 0, 1]);
});

Deno.test("Waiter may fail after commit()", async () => {
  using subject = new Subject();
  subject.waiter.commit();
  subject.waiter.reject(new Error("failed"));
  await assertRejects(() => subject.waiter.promise, Error, "failed");
  assertEquals([...subject.watching, subject.ends], [0, 0, 1]);
});

Deno.test("Waiter that is not awaited raises no unhandledrejection", async () => {
  const unhandled: unknown[] = [];
  const onUnhandled = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    unhandled.push(event.reason);
  };
  addEventListener("unhandledrejection", onUnhandled);
  try {
    const waiter = new Waiter({
      timers: new SharedTimers(),
      onTimeout: () => {},
    });
    waiter.reject(new Error("nobody hears this"));
    await new Promise<void>((resolve) => void setImmediate(resolve));
    assertEquals(unhandled, []);
  } finally {
    removeEventListener("unhandledrejection", onUnhandled);
  }
});

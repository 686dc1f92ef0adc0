import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Message, type RawBody } from "../protocol/message.ts";
import {
  AskTimeoutError,
  ConnectionClosedError,
  EventError,
  LimitError,
} from "../protocol/errors.ts";
import { makePrefix } from "../server/host.ts";
import { SharedTimers } from "../util/shared_timers.ts";
import { Asks } from "./asks.ts";
import { Crossings, DEFAULT_LIMITS, type LimitName } from "./limits.ts";
import type { Link } from "./link.ts";
import { AskTask, TurnQueue } from "./turn_queue.ts";

const HEAD = { namespace: "chat", room: "lobby", event: "onAsk" };

/** The asks of a connection, what they have sent, and what they leave behind. */
class Subject implements Disposable {
  readonly time = new FakeTime();
  readonly timers = new SharedTimers();
  readonly crossings = new Crossings();
  readonly queue = new TurnQueue<never>(
    { handle() {}, isAsk: () => false },
    undefined,
  );
  readonly sent: RawBody[] = [];
  readonly asks: Asks;
  isOpen = true;

  constructor({ makePrefix = (): string => "$", maxPendingAsks = 1024 } = {}) {
    const { timers, crossings, queue, sent } = this;
    const crossed = (limit: LimitName) => crossings.add(limit);
    const limits = { ...DEFAULT_LIMITS, askTimeout: 100, maxPendingAsks };
    const handlers = { native: "none" };
    const isOpen = () => this.isOpen;
    // Asks look at nothing else of a connection.
    this.asks = new Asks(
      {
        host: { makePrefix, handlers, limits, timers, crossed },
        queue,
        get isOpen() {
          return isOpen();
        },
        send: (frame: RawBody) => sent.push(frame) > 0,
        readOn() {},
        closedError: () => new ConnectionClosedError(4000, "closed"),
      } as unknown as Link,
    );
  }

  /** The asks, the callers, the deadlines and the pending turns there are. */
  get counts(): Record<string, number> {
    const { asks, timers } = this;
    return { asks: asks.size, callers: asks.waiting, timers: timers.size };
  }

  request(options = {}): Promise<Message> {
    return this.asks.request(HEAD, (token) => `${token};ask`, options)
      .promise;
  }

  /** The token of what was sent last. */
  get token(): string {
    return String(this.sent.at(-1)).split(";")[0]!;
  }

  answer(body: string, error?: Error): boolean {
    return this.asks.settle(new Message({ wait: this.token, body, error }));
  }

  [Symbol.dispose](): void {
    this.timers.stop();
    this.time.restore();
  }
}

const NOTHING = { asks: 0, callers: 0, timers: 0 };
const ONE = { asks: 1, callers: 1, timers: 1 };

Deno.test("Asks gives each ask its own token, which begins with $ on a client", () => {
  using subject = new Subject();
  const { asks } = subject;
  assert(!asks.isOwn("$1"), "no token was made yet");
  const tokens = Array.from(
    { length: 100 },
    () => asks.send((token) => `${token};`, () => {}),
  );
  assertEquals(new Set(tokens).size, 100);
  for (const token of tokens) {
    assertMatch(token, /^\$[0-9a-z]+$/);
    assert(asks.isOwn(token));
  }
  assertEquals(subject.sent, tokens.map((token) => `${token};`));
  assertEquals(asks.size, 100);
  assert(!asks.isOwn("s1"));
});

Deno.test("Asks of a server make tokens that cannot be guessed", () => {
  const tokens = Array.from({ length: 50 }, () => {
    using subject = new Subject({ makePrefix });
    const first = subject.asks.send(() => "", () => {});
    const second = subject.asks.send(() => "", () => {});
    assert(subject.asks.isOwn(first) && subject.asks.isOwn(second));
    assertNotEquals(first, second);
    // Clients begin with $; # and ! have meanings of their own.
    assertMatch(first, /^s[0-9a-z]{2,14}\.1$/);
    return first;
  });
  assertEquals(new Set(tokens).size, 50);
});

Deno.test("Asks.settle() gives an answer to its ask, once", () => {
  using subject = new Subject();
  const { asks } = subject;
  const answers: string[] = [];
  for (const name of ["first", "second"]) {
    asks.send((token) => `${token};`, ({ body }) => {
      answers.push(`${name}: ${body}`);
    });
  }
  const [first, second] = subject.sent.map((frame) => `${frame}`.slice(0, -1));
  const settle = (wait: string, body: string) =>
    asks.settle(new Message({ wait, body }));
  assert(settle(second!, "2"));
  assert(!settle(second!, "again"));
  assert(!settle("$unknown", "?"));
  assert(settle(first!, "1"));
  assertEquals(answers, ["second: 2", "first: 1"]);
  assertEquals(asks.size, 0);
});

Deno.test("Asks forgets an ask before its listener is called", () => {
  using subject = new Subject();
  const { asks } = subject;
  let isSettledTwice = true;
  asks.send((token) => `${token};`, (answer) => {
    isSettledTwice = asks.settle(answer);
  });
  subject.answer("1");
  assert(!isSettledTwice);
});

Deno.test("Asks.request() resolves with the answer, and leaves nothing behind", async () => {
  using subject = new Subject();
  const asked = subject.request();
  assertEquals(subject.sent, ["$1;ask"]);
  assertEquals(subject.counts, ONE);
  assert(subject.answer("answer"));
  assertEquals(subject.counts, NOTHING);
  assertEquals((await asked).body, "answer");
});

Deno.test("Asks.request() rejects with the error of the answer", async () => {
  using subject = new Subject();
  const asked = subject.request();
  subject.answer("", new EventError("refused"));
  assertEquals(subject.counts, NOTHING);
  await assertRejects(() => asked, EventError, "refused");
});

Deno.test("Asks.request() may take a refusal for an answer", async () => {
  using subject = new Subject();
  const { promise } = subject.asks.request(
    HEAD,
    (token) => `${token};ask`,
    { isErrorAnswer: true },
  );
  subject.answer("", new EventError("refused"));
  assertEquals((await promise).error?.message, "refused");
  assertEquals(subject.counts, NOTHING);
});

Deno.test("Asks.request() sends by the function that it is given", () => {
  using subject = new Subject();
  const frames: RawBody[] = [];
  const sendFrame = (frame: RawBody) => void frames.push(frame);
  subject.asks.request(HEAD, (token) => token, { sendFrame });
  assertEquals([frames, subject.sent], [["$1"], []]);
});

Deno.test("Asks.request() rejects at its time limit, and takes no answer after it", async () => {
  using subject = new Subject();
  const byDefault = subject.request();
  const own = subject.request({ timeout: 200 });
  subject.time.tick(100);
  assertEquals(subject.counts, ONE);
  subject.time.tick(100);
  assertEquals(subject.counts, NOTHING);
  assert(!subject.answer("late"));
  const error = await assertRejects(
    () => byDefault,
    AskTimeoutError,
    'Cannot ask "onAsk": no answer within 100 ms',
  );
  const { timeout, namespace, room, event } = error;
  assertEquals({ timeout, namespace, room, event }, { timeout: 100, ...HEAD });
  await assertRejects(() => own, AskTimeoutError, "within 200 ms");
});

Deno.test("Asks.request() without a time limit sets no deadline", () => {
  using subject = new Subject();
  subject.request({ timeout: Infinity });
  assertEquals(subject.counts, { ...ONE, timers: 0 });
});

for (const timeout of [0, -1, NaN]) {
  Deno.test(`Asks.request() refuses a time limit of ${timeout}, and sends nothing`, async () => {
    using subject = new Subject();
    await assertRejects(
      () => subject.request({ timeout }),
      RangeError,
      `Cannot ask "onAsk" with a timeout of ${timeout}: it must be a positive number`,
    );
    assertEquals([subject.sent, subject.counts], [[], NOTHING]);
  });
}

Deno.test("Asks.request() ends with its signal, and sends nothing after it", async () => {
  using subject = new Subject();
  const controller = new AbortController();
  const { signal } = controller;
  const asked = subject.request({ signal });
  controller.abort(new TypeError("no more"));
  assertEquals(subject.counts, NOTHING);
  assert(!subject.answer("late"));
  await assertRejects(() => asked, TypeError, "no more");
  await assertRejects(() => subject.request({ signal }), TypeError, "no more");
  assertEquals(subject.sent.length, 1);
});

Deno.test("Asks.request() on a connection that is not open sends nothing", async () => {
  using subject = new Subject();
  subject.isOpen = false;
  await assertRejects(() => subject.request(), ConnectionClosedError);
  assertEquals([subject.sent, subject.counts], [[], NOTHING]);
});

Deno.test("Asks refuses callers beyond the limit until one has ended", async () => {
  using subject = new Subject({ maxPendingAsks: 2 });
  subject.request();
  subject.request();
  const error = await assertRejects(
    () => subject.request(),
    LimitError,
    'Cannot ask "onAsk": 2 asks are the limit of a connection',
  );
  assertEquals([error.namespace, error.event], ["chat", "onAsk"]);
  assertEquals(subject.crossings.counts.get("maxPendingAsks"), 1);
  assertEquals([subject.sent.length, subject.asks.waiting], [2, 2]);
  subject.answer("answer");
  subject.request();
  assertEquals([subject.sent.length, subject.asks.waiting], [3, 2]);
});

Deno.test("Asks does not count an ask without a caller", () => {
  using subject = new Subject({ maxPendingAsks: 1 });
  subject.asks.send((token) => token, () => {});
  subject.request();
  assertEquals(subject.counts, { asks: 2, callers: 1, timers: 1 });
  assertEquals(subject.crossings.counts.size, 0);
});

Deno.test("Asks.close() ends every wait whose result is not certain", async () => {
  using subject = new Subject();
  const { asks } = subject;
  const asked = subject.request();
  const about = { action: "join room", about: {} };
  const certain = asks.wait<string>(about);
  certain.commit();
  let isAnswered = false;
  asks.send((token) => token, () => isAnswered = true);
  asks.close(() => new ConnectionClosedError(4000, "gone"));
  const error = await assertRejects(() => asked, ConnectionClosedError);
  assertEquals([error.code, error.reason], [4000, "gone"]);
  assertEquals([asks.size, asks.waiting, certain.isSettled], [0, 1, false]);
  assert(!subject.answer("late"));
  assert(!isAnswered);
  certain.resolve("result");
  assertEquals(await certain.promise, "result");
  assertEquals(subject.counts, NOTHING);
});

Deno.test("Asks.wait() calls onEnd once, and not for a wait that never began", () => {
  using subject = new Subject({ maxPendingAsks: 1 });
  const log: string[] = [];
  const wait = (name: string, options = {}) =>
    subject.asks.wait<void>({
      action: "wait",
      about: {},
      onEnd: () => void log.push(name),
      ...options,
    });
  wait("aborted", { signal: AbortSignal.abort() });
  wait("invalid", { timeout: 0 });
  const first = wait("first");
  wait("one too many");
  assertEquals(log, []);
  first.resolve();
  first.reject(new Error());
  assertEquals(log, ["first"]);
});

Deno.test("Asks.wait() rejects with the error that onTimeout makes", async () => {
  using subject = new Subject();
  const { promise } = subject.asks.wait({
    action: "wait",
    about: {},
    onTimeout: (timeout) => new RangeError(`after ${timeout}`),
  });
  subject.time.tick(100);
  await assertRejects(() => promise, RangeError, "after 100");
});

Deno.test("Asks lets asks go ahead while a turn waits for an answer", async () => {
  using subject = new Subject();
  const log: string[] = [];
  const { queue } = subject;
  queue.push(async () => {
    log.push("asks");
    log.push(`${(await subject.request()).body}`);
  });
  queue.push(() => void log.push("event"));
  queue.push(new AskTask(() => void log.push("ask")));
  await subject.time.runMicrotasks();
  assertEquals(log, ["asks", "ask"]);
  subject.answer("answer");
  // From here on the queue waits for the turn again.
  queue.push(new AskTask(() => void log.push("last")));
  assertEquals(log, ["asks", "ask"]);
  await subject.time.runMicrotasks();
  assertEquals(log, ["asks", "ask", "answer", "event", "last"]);
});

Deno.test("Asks does not let the queue go on for a refused wait", async () => {
  using subject = new Subject({ maxPendingAsks: 1 });
  subject.request();
  const log: string[] = [];
  const held = Promise.withResolvers<void>();
  subject.queue.push(async () => {
    await assertRejects(() => subject.request(), LimitError);
    await held.promise;
    log.push("first");
  });
  subject.queue.push(new AskTask(() => void log.push("second")));
  await subject.time.runMicrotasks();
  assertEquals(log, []);
  held.resolve();
  await subject.time.runMicrotasks();
  assertEquals(log, ["first", "second"]);
});

import { assert, assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { RawBody } from "../protocol/message.ts";
import { QueuedBuffer } from "../server/queued_buffer.ts";
import { ClientSendBuffer } from "../client/send_buffer.ts";
import { SharedTimers } from "../util/shared_timers.ts";
import type { FrameSender, SendBufferOwner } from "./send_buffer.ts";
import type { Socket } from "./socket.ts";

/**
 * A socket that sends when the test says so, counts only bytes, and counts a
 * frame until the last byte of it is gone, as Deno's do.
 */
class SlowSocket implements Socket {
  waiting: RawBody[] = [];
  taken: RawBody[] = [];
  looks = 0;
  #sizes: number[] = [];
  #bytes = 0;
  /** What has been taken of the first frame. */
  #credit = 0;

  get bufferedAmount(): number {
    this.looks++;
    return this.#bytes;
  }
  listen(): void {}
  close(): void {}
  send(frame: RawBody): boolean {
    const size = sizeOf(frame);
    this.waiting.push(frame);
    this.#sizes.push(size);
    this.#bytes += size;
    return true;
  }
  /** The network takes some frames. */
  take(count: number): void {
    this.taken.push(...this.waiting.splice(0, count));
    for (const size of this.#sizes.splice(0, count)) this.#bytes -= size;
  }
  /** The network takes some bytes. */
  takeBytes(bytes: number): void {
    this.#credit += bytes;
    let count = 0;
    while (this.#credit >= this.#sizes[count]!) {
      this.#credit -= this.#sizes[count++]!;
    }
    if (count > 0) this.take(count);
    if (this.waiting.length === 0) this.#credit = 0;
  }
}

function sizeOf(frame: RawBody): number {
  return typeof frame === "string"
    ? new TextEncoder().encode(frame).length
    : frame.length;
}

interface Setup {
  maxBuffered?: number;
  messages?: number;
  write?: number;
}

/** A buffer whose owner closes it as a session does. */
class Subject<Buffer extends FrameSender> implements Disposable {
  readonly socket = new SlowSocket();
  readonly time = new FakeTime();
  readonly timers = new SharedTimers();
  readonly buffer: Buffer;
  /** How it was closed. */
  end: "overflowed" | "write timeout" | undefined;
  /** What has happened to the congestions. */
  readonly reliefs: string[] = [];

  constructor(
    Buffer: new (socket: Socket, owner: SendBufferOwner) => Buffer,
    { maxBuffered = Infinity, messages = Infinity, write }: Setup,
  ) {
    const close = (end: "overflowed" | "write timeout") => {
      if (this.end !== undefined) return;
      this.end = end;
      this.buffer.close(new Error(end));
    };
    this.buffer = new Buffer(this.socket, {
      host: {
        limits: { maxBuffered, maxBufferedMessages: messages },
        handlers: { timeouts: write === undefined ? {} : { write } },
        timers: this.timers,
      },
      congested: (relief) => {
        const at = this.reliefs.push("congested") - 1;
        relief.then(() => this.reliefs[at] = "relieved");
      },
      overflowed: () => close("overflowed"),
      writeTimedOut: () => close("write timeout"),
    });
  }

  /** Lets time pass, in which the network takes bytes at a rate. */
  pass(ms: number, bytesPerSecond = 0): void {
    for (let passed = 0; passed < ms; passed += 10) {
      this.socket.takeBytes(bytesPerSecond / 100);
      this.time.tick(10);
    }
  }

  send(length: number, count = 1): void {
    for (let i = 0; i < count && this.end === undefined; i++) {
      this.buffer.send("x".repeat(length));
    }
  }

  [Symbol.dispose](): void {
    this.buffer.close(new Error("disposed"));
    this.timers.stop();
    this.time.restore();
  }
}

const KIB = 1024;
const MIB = 1024 * KIB;
const LIMITS = { maxBuffered: 4 * MIB, messages: 8192 };

/** Tests the send buffers of both sides. */
function testEach(
  name: string,
  test: (
    make: (setup: Setup) => Subject<FrameSender>,
  ) => void | Promise<void>,
): void {
  for (const Buffer of [QueuedBuffer, ClientSendBuffer]) {
    const make = (setup: Setup) => new Subject<FrameSender>(Buffer, setup);
    const title = Buffer === QueuedBuffer ? name : `${name} (client)`;
    Deno.test(title, () => test(make));
  }
}

Deno.test("SendBuffer reads bufferedAmount rarely", () => {
  using subject = new Subject(QueuedBuffer, { maxBuffered: 100_000 });
  for (let i = 0; i < 1000; i++) {
    subject.send(99);
    subject.socket.take(1);
  }
  const { looks } = subject.socket;
  assert(looks < 100, `${looks} looks`);
  assertEquals(subject.timers.size, 0);
});

testEach("SendBuffer overflows at once beyond four times the bytes", (make) => {
  using bytes = make({ maxBuffered: 100_000 });
  bytes.send(999, 1_000);
  assertEquals(bytes.end, "overflowed");
  const sent = bytes.socket.waiting.length * 999;
  assert(sent > 400_000 && sent < 400_000 + 2 * 999, `${sent} bytes`);
});

testEach(
  "SendBuffer overflows at once beyond four times the messages",
  (make) => {
    using messages = make({ messages: 1000 });
    // A peer that is always a little behind, within the limit.
    for (let i = 0; i < 50_000; i++) {
      messages.send(6);
      if (messages.socket.waiting.length > 700) messages.socket.take(1);
    }
    assertEquals(messages.end, undefined);
    assertEquals(messages.socket.waiting.length, 700);
    messages.send(6, 10_000);
    assertEquals(messages.end, "overflowed");
    const { length } = messages.socket.waiting;
    assert(length >= 4000 - 64 && length <= 4000 + 128, `${length} messages`);
  },
);

testEach(
  "SendBuffer overflows when too many messages are unsent, however small they are",
  (make) => {
    using subject = make(LIMITS);
    subject.send(6, 8192 + 128);
    assertEquals(subject.reliefs, []);
    subject.pass(4_990);
    assertEquals(subject.end, undefined);
    subject.pass(400);
    assertEquals(subject.end, "overflowed");
    assertEquals(subject.timers.size, 0);
  },
);

testEach(
  "SendBuffer sends a message of any size to a peer that reads",
  (make) => {
    for (const rate of [125_000, 10 * MIB]) {
      using subject = make(LIMITS);
      // One, with small ones behind it in the same turn.
      subject.send(5 * MIB);
      subject.send(100, 1_000);
      for (let i = 0; i < 20 && rate > MIB; i++) {
        subject.pass(1_000, rate);
        subject.send(5 * MIB);
        subject.send(100, 10);
      }
      // As many at once as four times the limit has room for, and one more.
      subject.pass(100_000, rate);
      assertEquals(subject.socket.waiting.length, 0);
      subject.send(5 * MIB, 4);
      subject.send(100 * MIB / 20);
      assertEquals(subject.end, "overflowed");
    }
  },
);

testEach(
  "SendBuffer is patient with a peer that takes a long message slowly",
  (make) => {
    using subject = make(LIMITS);
    subject.send(16 * MIB);
    subject.send(100);
    // Longer than four minutes; nothing is seen of it until the end.
    subject.pass(16 * MIB / 66_000 * 990, 66_000);
    assertEquals([subject.end, subject.socket.waiting.length], [undefined, 2]);
    assertEquals(subject.timers.size, 1);
    subject.pass(4_000, 66_000);
    assertEquals([subject.timers.size, subject.socket.waiting.length], [0, 0]);
    // Small ones get no more time because there was a long one before.
    subject.send(KIB, 4_200);
    subject.pass(5_400);
    assertEquals(subject.end, "overflowed");
  },
);

testEach(
  "SendBuffer closes a peer that stops reading a long message, in time",
  (make) => {
    using subject = make(LIMITS);
    subject.send(5 * MIB);
    subject.pass(84_000);
    assertEquals(subject.end, undefined);
    subject.pass(2_000);
    assertEquals(subject.end, "overflowed");
  },
);

testEach(
  "SendBuffer leaves a stalled peer alone that is within the limits",
  (make) => {
    using subject = make(LIMITS);
    subject.send(KIB, 4_000);
    subject.pass(60_000);
    assertEquals([subject.end, subject.timers.size], [undefined, 0]);
  },
);

testEach(
  "SendBuffer does not count the time in which the event loop was blocked",
  (make) => {
    using subject = make(LIMITS);
    subject.send(5 * KIB, 1_000);
    subject.pass(1_000);
    // A minute in one turn: nothing could be taken.
    const value = () => Date.now() + 60_000;
    Object.defineProperty(performance, "now", { configurable: true, value });
    subject.pass(2_000);
    Reflect.deleteProperty(performance, "now");
    assertEquals(subject.end, undefined);
    subject.pass(2_000, MIB);
    assertEquals(subject.end, undefined);
  },
);

testEach(
  "SendBuffer tells of congestion at twice the limits, and when it is over",
  async (make) => {
    using subject = make(LIMITS);
    const { reliefs } = subject;
    subject.send(5 * MIB);
    subject.pass(10);
    assertEquals(reliefs, []);
    subject.send(5 * MIB);
    await Promise.resolve();
    assertEquals(reliefs, ["congested"]);
    subject.send(KIB, 200);
    subject.pass(4_900, MIB);
    await Promise.resolve();
    assertEquals(reliefs, ["congested"]);
    subject.pass(400, MIB);
    await Promise.resolve();
    assertEquals(reliefs, ["relieved"]);
    subject.send(KIB, 4 * KIB);
    subject.send(6, 2 * 8192);
    await Promise.resolve();
    assertEquals(reliefs, ["relieved", "congested"]);
    const drained = subject.buffer.drained();
    subject.pass(100_000);
    assertEquals(subject.end, "overflowed");
    await assertRejects(() => drained, Error, "overflowed");
    assertEquals(reliefs, ["relieved", "relieved"]);
    assertEquals(subject.timers.size, 0);
  },
);

Deno.test("SendBuffer polls a stalled peer less and less often, and one that reads soon again", () => {
  using subject = new Subject(QueuedBuffer, LIMITS);
  subject.send(KIB, 5 * KIB);
  const before = subject.socket.looks;
  subject.pass(4_900);
  const looks = subject.socket.looks - before;
  assert(looks < 100, `${looks} looks`);
  subject.pass(400, MIB);
  let isDrained = false;
  void subject.buffer.drained().then(() => isDrained = true);
  subject.pass(5_000, MIB);
  assertEquals(subject.socket.waiting.length, 0);
  return Promise.resolve().then(() => assert(isDrained));
});

testEach(
  "SendBuffer.drained() and a write timeout leave no timer behind",
  async (make) => {
    using subject = make({ write: 1_000 });
    assertEquals(subject.timers.size, 0);
    subject.send(100);
    assertEquals(subject.timers.size, 1);
    subject.socket.take(1);
    subject.pass(400);
    assertEquals(subject.timers.size, 0);
    subject.send(KIB, 200);
    const drained = subject.buffer.drained();
    assertEquals(subject.timers.size, 1);
    subject.pass(100, 4 * MIB);
    await drained;
    subject.pass(400);
    assertEquals([subject.timers.size, subject.end], [0, undefined]);
  },
);

for (const write of [20, 320, 1_000, 10_000]) {
  testEach(
    `A write timeout of ${write} ms closes a peer that does not take a message in time`,
    (make) => {
      // Whatever was sent before, and how much.
      for (const before of [0, write / 2, write * 3]) {
        for (const length of [1, 5 * MIB]) {
          using subject = make({ ...LIMITS, write });
          subject.send(10);
          subject.pass(before, MIB);
          assertEquals(subject.end, undefined);
          subject.send(length);
          subject.pass(write - 10);
          assertEquals(subject.end, undefined, `${before}, ${length}`);
          subject.pass(650 + 20);
          assertEquals(subject.end, "write timeout", `${before}, ${length}`);
        }
      }
    },
  );
}

testEach(
  "A write timeout closes a peer that trickles, and none that reads",
  (make) => {
    for (const rate of [20 * KIB, 200 * KIB]) {
      using subject = make({ write: 5_000 });
      for (let i = 0; i < 100; i++) {
        subject.pass(1_000, rate);
        subject.send(KIB, 100);
      }
      const isLate = rate < 100 * KIB;
      assertEquals(subject.end, isLate ? "write timeout" : undefined);
    }
  },
);

/** A generator of numbers from 0 to 1 (mulberry32). */
function seeded(seed: number): () => number {
  return () => {
    seed = seed + 0x6D2B79F5 | 0;
    let t = Math.imul(seed ^ seed >>> 15, 1 | seed);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
  };
}

/** The slowest rate at which a peer is never closed, in bytes a second. */
const SLOWEST = 64 * KIB;

testEach(
  "Walks of a SendBuffer: memory is bounded, a peer that reads stays, and one that stalls is closed in time",
  (make) => {
    const seen = { closed: 0, kept: 0, congested: 0 };
    for (let seed = 1; seed <= 40; seed++) {
      const random = seeded(seed);
      const limit = Math.round((64 + random() * 400) * KIB);
      const messages = Math.round(200 + random() * 2_000);
      using subject = make({ maxBuffered: limit, messages });
      const isReader = random() < 0.5;
      const { buffer, socket } = subject;
      const sent: RawBody[] = [];
      const makeFrame = () => {
        const size = random() < 0.02 ? limit * 2 : random() * 4 * KIB;
        return random() < 0.8
          ? new Uint8Array(size)
          : `${sent.length}${random() < 0.5 ? "e" : "€".repeat(size / 8)}`;
      };
      let largest = 0;
      let stalledFor = 0;
      for (let step = 0; step < 400 && subject.end === undefined; step++) {
        // A program that bursts more than the bound closes any peer: a peer that
        // is to stay has one that waits at three times the limits.
        let { bufferedAmount } = socket;
        const burst = Math.floor(random() * 40);
        for (let i = 0; i < burst && subject.end === undefined; i++) {
          const frame = makeFrame();
          const size = sizeOf(frame);
          const isRoom = bufferedAmount + size < 3 * limit &&
            socket.waiting.length < 3 * messages;
          if (isReader && !isRoom) break;
          bufferedAmount += size;
          largest = Math.max(largest, size);
          const queue = buffer instanceof QueuedBuffer ? buffer : undefined;
          const isTaken = random() < 0.2 && queue
            ? queue.queue(frame)
            : buffer.send(frame);
          if (isTaken) sent.push(frame);
          if (random() < 0.3) queue?.flush();
        }
        if (subject.end === undefined && buffer instanceof QueuedBuffer) {
          buffer.flush();
        }
        const isOver = socket.bufferedAmount > limit;
        const ms = Math.ceil(random() * 50) * 10;
        const isStalled = !isReader && random() < 0.7;
        stalledFor = isStalled && isOver ? stalledFor + ms : 0;
        subject.pass(ms, isStalled ? 0 : SLOWEST * (1.05 + random() * 20));
        // Memory: one frame more than four times the limit, and what is sent
        // between two looks.
        const unsent = socket.bufferedAmount;
        assert(
          unsent <= 4 * limit + largest + 3 * 64 * KIB,
          `seed ${seed}: ${unsent}`,
        );
        assert(socket.waiting.length <= 4 * messages + 128, `seed ${seed}`);
        const allowed = 5_000 + largest / 64 / KIB * 1_000 + 1_000;
        assert(
          stalledFor <= allowed || subject.end !== undefined,
          `seed ${seed}: stalled for ${stalledFor} ms`,
        );
      }
      assert(!isReader || subject.end === undefined, `seed ${seed}: closed`);
      // Order: what has gone out is what was sent, without a gap.
      const out = [...socket.taken, ...socket.waiting];
      assert(out.every((frame, i) => frame === sent[i]), `seed ${seed}`);
      if (subject.end === undefined) {
        assertEquals(out.length, sent.length, `seed ${seed}`);
        subject.pass(60_000, 10 * MIB);
        assertEquals(subject.timers.size, 0, `seed ${seed}`);
      } else assertEquals(subject.timers.size, 0, `seed ${seed}`);
      seen[subject.end === undefined ? "kept" : "closed"]++;
      if (subject.reliefs.length > 0) seen.congested++;
    }
    assert(
      seen.closed > 5 && seen.kept > 10 && seen.congested > 20,
      JSON.stringify(seen),
    );
  },
);

Deno.test("SendBuffer.bufferedMessages is never less than the number of unsent messages", () => {
  using subject = new Subject(QueuedBuffer, {});
  const { socket, buffer } = subject;
  let random = 1;
  for (let i = 0; i < 5_000; i++) {
    random = (random * 16807) % 2147483647;
    buffer.send((random % 3 === 0 ? "ß" : "s").repeat(1 + random % 2000));
    if (random % 2 === 0) socket.take(random % 5);
    const { length } = socket.waiting;
    assert(buffer.bufferedMessages >= length);
  }
  socket.take(Infinity);
  assertEquals(buffer.bufferedMessages, 0);
  for (let i = 0; i < 200; i++) buffer.send("s");
  assertEquals(buffer.bufferedMessages, 200);
  assert(buffer.isBackedUp);
  socket.take(150);
  // In steps of 64, since the buffer does not look at each message.
  const { bufferedMessages } = buffer;
  assert(bufferedMessages >= 50 && bufferedMessages <= 50 + 64);
});

Deno.test("SendBuffer sends queued frames first, and in order", () => {
  using subject = new Subject(QueuedBuffer, { messages: 3 });
  const { socket, buffer } = subject;
  buffer.send("1");
  buffer.queue("2");
  buffer.send("3");
  assertEquals(socket.waiting, ["1"]);
  assertEquals(buffer.flush(), 2);
  buffer.send("4");
  assertEquals(socket.waiting, ["1", "2", "3", "4"]);
  assertEquals(buffer.flush(), 0);
  for (let i = 0; i < 12; i++) assert(buffer.queue("x"));
  assertEquals(subject.end, undefined);
  assert(!buffer.queue("x"));
  assertEquals(subject.end, "overflowed");
  assertEquals(buffer.flush(), 0);
});

Deno.test("SendBuffer stops sending queued frames when it overflows", () => {
  using subject = new Subject(QueuedBuffer, { maxBuffered: 100_000 });
  const { socket, buffer } = subject;
  subject.send(999, 300);
  for (let i = 0; i < 299; i++) assert(buffer.queue("x".repeat(999)));
  assertEquals(subject.end, undefined);
  buffer.flush();
  assertEquals(subject.end, "overflowed");
  const { length } = socket.waiting;
  assert(length > 400 && length <= 400 + 2, `${length} messages`);
  assertEquals(buffer.flush(), 0);
});

Deno.test("SendBuffer counts the bytes of queued frames", () => {
  using subject = new Subject(QueuedBuffer, { maxBuffered: 100_000 });
  const { socket, buffer } = subject;
  buffer.queue("x".repeat(50_000));
  assertEquals(buffer.isBackedUp, false);
  buffer.send("x".repeat(400_000));
  assertEquals([buffer.isBackedUp, subject.end], [true, undefined]);
  // One that is too much by itself fits, one more does not.
  assert(!buffer.send("x"));
  assertEquals(subject.end, "overflowed");
  assertEquals(socket.waiting, []);
});

Deno.test("SendBuffer counts no longer what it has flushed", () => {
  using other = new Subject(QueuedBuffer, { maxBuffered: 100_000 });
  other.buffer.queue("x".repeat(300_000));
  other.buffer.flush();
  other.socket.take(Infinity);
  assertEquals(other.buffer.isBackedUp, false);
  other.buffer.queue("x".repeat(50_000));
  assertEquals([other.buffer.isBackedUp, other.end], [false, undefined]);
});

testEach("SendBuffer.look() settles drained() without a poll", async (make) => {
  using subject = make({});
  subject.buffer.look();
  subject.send(KIB, 200);
  const drained = subject.buffer.drained();
  subject.buffer.look();
  assertEquals(subject.timers.size, 1);
  subject.socket.take(200);
  subject.buffer.look();
  await drained;
  assertEquals(subject.timers.size, 0);
});

Deno.test("SendBuffer.look() takes no time from a slow peer, and does not poll in vain", () => {
  using subject = new Subject(QueuedBuffer, LIMITS);
  subject.send(KIB, 5 * KIB);
  for (let i = 0; i < 1_000; i++) subject.buffer.look();
  assertEquals([subject.end, subject.timers.size], [undefined, 1]);
  const before = subject.socket.looks;
  subject.pass(4_900);
  assertEquals(subject.end, undefined);
  const looks = subject.socket.looks - before;
  assert(looks < 100, `${looks} looks`);
  subject.pass(500);
  assertEquals(subject.end, "overflowed");
});

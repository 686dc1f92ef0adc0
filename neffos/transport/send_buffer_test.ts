import { assert, assertEquals } from "@std/assert";
import type { RawBody } from "../protocol/message.ts";
import { SendBuffer, TrafficCounters } from "./send_buffer.ts";
import { Timers } from "../util/timers.ts";
import type { Socket } from "./socket.ts";

/** A socket that sends when the test says so, and counts only bytes. */
class SlowSocket implements Socket {
  waiting: RawBody[] = [];
  looks = 0;
  #bytes = 0;

  get bufferedAmount(): number {
    this.looks++;
    return this.#bytes;
  }
  listen(): void {}
  close(): void {}
  send(frame: RawBody): boolean {
    this.waiting.push(frame);
    this.#bytes += sizeOf(frame);
    return true;
  }
  /** The network takes some frames. */
  take(count: number): void {
    for (const frame of this.waiting.splice(0, count)) {
      this.#bytes -= sizeOf(frame);
    }
  }
}

function sizeOf(frame: RawBody): number {
  return new TextEncoder().encode(frame as string).length;
}

function makeBuffer(
  limits: {
    maxBuffered?: number;
    messages?: number;
    /** Drops what is queued, as a session does at an overflow. */
    isDropped?: boolean;
  } = {},
) {
  const socket = new SlowSocket();
  let over = 0;
  const buffer: SendBuffer = new SendBuffer(socket, {
    host: {
      limits: {
        maxBuffered: limits.maxBuffered ?? Infinity,
        maxBufferedMessages: limits.messages ?? Infinity,
      },
      timers: new Timers(),
      traffic: new TrafficCounters(),
    },
    overflowed() {
      over++;
      if (limits.isDropped) buffer.drop();
    },
  });
  return { socket, buffer, over: () => over };
}

Deno.test("SendBuffer overflows when too many bytes are unsent, and reads bufferedAmount rarely", () => {
  const { socket, buffer, over } = makeBuffer({ maxBuffered: 100_000 });
  for (let i = 0; i < 1000; i++) {
    buffer.send("x".repeat(99));
    socket.take(1);
  }
  assertEquals(over(), 0);
  assert(socket.looks < 100, `${socket.looks} looks`);
  while (over() === 0) buffer.send("x".repeat(999));
  const waiting = socket.waiting.length * 999;
  assert(waiting > 100_000 && waiting < 170_000, `${waiting} bytes`);
});

Deno.test("SendBuffer overflows when too many messages are unsent, however small they are", () => {
  const { socket, buffer, over } = makeBuffer({ messages: 1000 });
  // A peer that is always a little behind, within the limit.
  for (let i = 0; i < 50_000; i++) {
    buffer.send(";;;;;;");
    if (socket.waiting.length > 700) socket.take(1);
  }
  assertEquals(over(), 0);
  assertEquals(socket.waiting.length, 700);
  while (over() === 0) buffer.send(";;;;;;");
  const { length } = socket.waiting;
  assert(length >= 1000 - 64 && length <= 1000 + 128, `${length} messages`);
});

Deno.test("SendBuffer.bufferedMessages is never less than the number of unsent messages", () => {
  const { socket, buffer } = makeBuffer();
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
  const { socket, buffer, over } = makeBuffer({ messages: 3 });
  buffer.send("1");
  buffer.queue("2");
  buffer.send("3");
  assertEquals(socket.waiting, ["1"]);
  assertEquals(buffer.flush(), 2);
  buffer.send("4");
  assertEquals(socket.waiting, ["1", "2", "3", "4"]);
  assertEquals(buffer.flush(), 0);
  for (let i = 0; i < 4; i++) buffer.queue("x");
  assertEquals(over(), 1);
  buffer.drop();
  assertEquals(buffer.flush(), 0);
});

Deno.test("SendBuffer stops sending queued frames when it overflows", () => {
  const limits = { maxBuffered: 100_000, isDropped: true };
  const { socket, buffer, over } = makeBuffer(limits);
  for (let i = 0; i < 63; i++) buffer.send("x".repeat(999));
  for (let i = 0; i < 99; i++) buffer.queue("x".repeat(999));
  assertEquals(over(), 0);
  buffer.flush();
  assertEquals(over(), 1);
  const { length } = socket.waiting;
  assert(length > 100 && length <= 100 + 66, `${length} messages`);
  assert(length < 63 + 99, "the rest is dropped");
  assertEquals(buffer.flush(), 0);
});

Deno.test("SendBuffer counts the bytes of queued frames", () => {
  const { socket, buffer, over } = makeBuffer({ maxBuffered: 100_000 });
  buffer.queue("x".repeat(50_000));
  assertEquals(buffer.isBackedUp, false);
  buffer.send("x".repeat(50_000));
  assertEquals([buffer.isBackedUp, over()], [true, 0]);
  buffer.send("x");
  assertEquals(over(), 1);
  buffer.flush();
  socket.take(Infinity);
  assertEquals(buffer.isBackedUp, false);
  buffer.queue("x".repeat(50_000));
  assertEquals([buffer.isBackedUp, over()], [false, 1]);
});

import { assert, assertEquals } from "@std/assert";
import type { RawBody } from "../protocol/message.ts";
import { Outlet, Traffic } from "./send_buffer.ts";
import type { Socket } from "./socket.ts";

/** A socket that sends when the test says so, and counts bytes alone. */
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

function outletOf(
  limits: {
    maxBuffered?: number;
    messages?: number;
    /** As a connection does with who is too slow. */
    isDropped?: boolean;
  } = {},
) {
  const socket = new SlowSocket();
  let over = 0;
  const outlet: Outlet = new Outlet({
    socket,
    limits: {
      maxBuffered: limits.maxBuffered ?? Infinity,
      maxBufferedMessages: limits.messages ?? Infinity,
    },
    traffic: new Traffic(),
    onOver: () => {
      over++;
      if (limits.isDropped) outlet.drop();
    },
  });
  return { socket, outlet, over: () => over };
}

Deno.test("Outlet tells when more bytes wait than may, and seldom looks", () => {
  const { socket, outlet, over } = outletOf({ maxBuffered: 100_000 });
  for (let i = 0; i < 1000; i++) {
    outlet.send("x".repeat(99));
    socket.take(1);
  }
  assertEquals(over(), 0);
  assert(socket.looks < 100, `${socket.looks} looks`);
  while (over() === 0) outlet.send("x".repeat(999));
  const waiting = socket.waiting.length * 999;
  assert(waiting > 100_000 && waiting < 170_000, `${waiting} bytes`);
});

Deno.test("Outlet tells when more messages wait than may, however little they are", () => {
  const { socket, outlet, over } = outletOf({ messages: 1000 });
  // Somebody who is always a little behind, and never too far.
  for (let i = 0; i < 50_000; i++) {
    outlet.send(";;;;;;");
    if (socket.waiting.length > 700) socket.take(1);
  }
  assertEquals(over(), 0);
  assertEquals(socket.waiting.length, 700);
  while (over() === 0) outlet.send(";;;;;;");
  const { length } = socket.waiting;
  assert(length >= 1000 - 64 && length <= 1000 + 128, `${length} messages`);
});

Deno.test("Outlet.bufferedMessages never says less than what waits", () => {
  const { socket, outlet } = outletOf();
  let random = 1;
  for (let i = 0; i < 5_000; i++) {
    random = (random * 16807) % 2147483647;
    outlet.send((random % 3 === 0 ? "ß" : "s").repeat(1 + random % 2000));
    if (random % 2 === 0) socket.take(random % 5);
    const { length } = socket.waiting;
    assert(outlet.bufferedMessages >= length);
  }
  socket.take(Infinity);
  assertEquals(outlet.bufferedMessages, 0);
  for (let i = 0; i < 200; i++) outlet.send("s");
  assertEquals(outlet.bufferedMessages, 200);
  assert(outlet.isBehind);
  socket.take(150);
  // In steps of some 64, since it does not look at each message.
  const { bufferedMessages } = outlet;
  assert(bufferedMessages >= 50 && bufferedMessages <= 50 + 64);
});

Deno.test("Outlet sends what is held first, and in order", () => {
  const { socket, outlet, over } = outletOf({ messages: 3 });
  outlet.send("1");
  outlet.hold("2");
  outlet.send("3");
  assertEquals(socket.waiting, ["1"]);
  assertEquals(outlet.flush(), 2);
  outlet.send("4");
  assertEquals(socket.waiting, ["1", "2", "3", "4"]);
  assertEquals(outlet.flush(), 0);
  for (let i = 0; i < 4; i++) outlet.hold("x");
  assertEquals(over(), 1);
  outlet.drop();
  assertEquals(outlet.flush(), 0);
});

Deno.test("Outlet sends no more of what is held once too much waits", () => {
  const limits = { maxBuffered: 100_000, isDropped: true };
  const { socket, outlet, over } = outletOf(limits);
  for (let i = 0; i < 63; i++) outlet.send("x".repeat(999));
  for (let i = 0; i < 99; i++) outlet.hold("x".repeat(999));
  assertEquals(over(), 0);
  outlet.flush();
  assertEquals(over(), 1);
  const { length } = socket.waiting;
  assert(length > 100 && length <= 100 + 66, `${length} messages`);
  assert(length < 63 + 99, "the rest is dropped");
  assertEquals(outlet.flush(), 0);
});

Deno.test("Outlet counts the bytes that are held", () => {
  const { socket, outlet, over } = outletOf({ maxBuffered: 100_000 });
  outlet.hold("x".repeat(50_000));
  assertEquals(outlet.isBehind, false);
  outlet.send("x".repeat(50_000));
  assertEquals([outlet.isBehind, over()], [true, 0]);
  outlet.send("x");
  assertEquals(over(), 1);
  outlet.flush();
  socket.take(Infinity);
  assertEquals(outlet.isBehind, false);
  outlet.hold("x".repeat(50_000));
  assertEquals([outlet.isBehind, over()], [false, 1]);
});

import { Buffer } from "node:buffer";
import { assertEquals } from "@std/assert";
import { makeFrame, PING, TEXT } from "../../transports/frame.ts";
import { MessageReader } from "./reader.ts";

const encoder = new TextEncoder();
/** Longer than what is compared in a loop, with a length of two bytes. */
const AWAITED = "hello ".repeat(40);

interface Heard {
  count: number;
  others: string[];
  pings: number;
}

/** Reads frames, cut into chunks. */
function read(frames: readonly Uint8Array[], chunk: number): Heard {
  const heard: Heard = { count: 0, others: [], pings: 0 };
  const reader = new MessageReader({
    onOther: (text) => heard.others.push(text),
    onPing: () => heard.pings++,
  });
  reader.await(encoder.encode(AWAITED));
  const all = Buffer.concat(frames);
  for (let at = 0; at < all.length; at += chunk) {
    const part = all.subarray(at, at + chunk);
    heard.count += reader.read(part, part.length);
  }
  return heard;
}

function serve(text: string, opcode = TEXT, isFinal = true): Uint8Array {
  return makeFrame(opcode, text, { isMasked: false, isFinal });
}

const CHUNKS = [1, 2, 3, 7, 64, 100, 1000];

for (const chunk of CHUNKS) {
  Deno.test(`MessageReader counts awaited messages in chunks of ${chunk} bytes`, () => {
    const frames = [serve(AWAITED), serve(AWAITED), serve("", PING)];
    const heard = read([...frames, serve(AWAITED)], chunk);
    assertEquals(heard, { count: 3, others: [], pings: 1 });
  });

  Deno.test(`MessageReader tells of other messages in chunks of ${chunk} bytes`, () => {
    const others = [
      "",
      "other",
      AWAITED.slice(0, -1),
      `${AWAITED}!`,
      AWAITED.slice(0, -1) + "?",
      `?${AWAITED.slice(1)}`,
    ];
    const frames = others.flatMap((text) => [serve(text), serve(AWAITED)]);
    const heard = read(frames, chunk);
    assertEquals(heard, { count: others.length, others, pings: 0 });
  });

  Deno.test(`MessageReader joins fragments in chunks of ${chunk} bytes`, () => {
    const [first, last] = [AWAITED.slice(0, 80), AWAITED.slice(80)];
    const frames = [
      serve(first, TEXT, false),
      serve("", PING),
      serve(last, 0),
      serve(AWAITED),
    ];
    assertEquals(read(frames, chunk), { count: 2, others: [], pings: 1 });
  });
}

Deno.test("MessageReader reads a length of eight bytes", () => {
  const long = "x".repeat(70_000);
  const heard = read([serve(long), serve(AWAITED)], 4096);
  assertEquals(heard, { count: 1, others: [long], pings: 0 });
});

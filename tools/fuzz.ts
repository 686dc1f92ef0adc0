/**
 * Sends random frames to a server in memory and checks what must always hold.
 *
 * ```sh
 * deno task fuzz --frames=1000000 --seed=1
 * ```
 *
 * The same seed does the same again, to the last frame. Without one it is drawn
 * by lot, and printed. Under `--v8-flags=--expose-gc`, which the task gives, the
 * memory that is left after each part of the run is printed and has to come back.
 *
 * @module
 */

import { fuzz, FuzzFailure } from "./fuzz/mod.ts";
import { readOption } from "./options.ts";

/** Frames between two looks at the memory. */
const PART = 100_000;
/** What a run may leave more than its first part has left: compiled code grows for a while. */
const MAX_GROWTH = 2 * 1024 * 1024;

/** The bytes in use once the collector has run, where it can be called. */
async function measureHeap(): Promise<number | undefined> {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) return undefined;
  for (let count = 0; count < 3; count++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return Deno.memoryUsage().heapUsed;
}

function toMiB(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1);
}

async function main(): Promise<void> {
  const frames = readOption("frames", 1_000_000);
  const [lot] = crypto.getRandomValues(new Uint32Array(1));
  const seed = readOption("seed", lot!);
  console.log(`seed ${seed}, ${frames} frames`);
  const start = performance.now();
  const heap: number[] = [];
  let sent = 0;
  let received = 0;
  let reached = 0;
  await fuzz(seed, frames, async (result) => {
    sent += result.frames;
    received += result.received;
    if (sent < reached + PART && sent < frames) return;
    reached = sent;
    const used = await measureHeap();
    if (used !== undefined) heap.push(used);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    const memory = used === undefined ? "" : `, heap ${toMiB(used)} MiB`;
    console.log(`${sent} sent, ${received} received, ${seconds} s${memory}`);
  });
  const growth = heap.at(-1)! - heap[0]!;
  if (growth > MAX_GROWTH) {
    throw new FuzzFailure(`the heap has grown by ${toMiB(growth)} MiB`);
  }
  console.log("everything held");
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof FuzzFailure)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
}

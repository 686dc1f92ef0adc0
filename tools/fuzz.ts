/**
 * Sends random frames to a server in memory and checks its invariants; then has
 * random handlers wait, ask and emit in turn, and checks the order of events;
 * then lets a server and a client make random calls, lose their socket and
 * reconnect, and checks that both agree in the end.
 *
 * ```sh
 * deno task fuzz --frames=1000000 --orders=20000 --walks=100000 --seed=1
 * deno task fuzz --frames=0 --orders=0 --walks=10000000 --seconds=600
 * deno task fuzz --walk=1
 * ```
 *
 * The same seed repeats a run to the last frame; without one, the seed is random
 * and printed. `--seconds` ends the walks early; `--walk` prints all of one walk,
 * and again without the steps that its fault does not need. With
 * `--v8-flags=--expose-gc`, which the task sets, the memory in use after each part
 * of the run is printed and must not grow.
 *
 * @module
 */

import { fuzz, FuzzFailure } from "./fuzz/mod.ts";
import {
  account,
  makePlan,
  runWalk,
  shrink,
  walkAll,
} from "./fuzz/walk/mod.ts";
import { walkOrders } from "./fuzz/order.ts";
import { readOption } from "./options.ts";

/** The frames between two measurements of the memory. */
const PART = 100_000;
/** The walks between two lines of output. */
const WALKS_PART = 10_000;
/** The growth allowed after the first part of a run: compiled code grows for a while. */
const MAX_GROWTH = 2 * 1024 * 1024;

/** Returns the bytes in use after a garbage collection, where that can be called. */
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

async function sendFrames(seed: number, frames: number): Promise<void> {
  if (frames === 0) return;
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
}

async function walkThroughOrders(seed: number, count: number): Promise<void> {
  for (let done = 0; done < count; done += WALKS_PART) {
    await walkOrders(seed + done, Math.min(WALKS_PART, count - done));
  }
  console.log(`${count} walks of events and asks`);
}

async function walk(seed: number, walks: number): Promise<void> {
  const start = performance.now();
  const seconds = readOption("seconds", Infinity);
  const isOver = () => performance.now() - start > seconds * 1000;
  for (let done = 0; done < walks && !isOver();) {
    const count = Math.min(WALKS_PART, walks - done);
    done += (await walkAll((seed + done) >>> 0, count, isOver)).walks;
    const passed = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`${done} walks, ${passed} s`);
  }
}

/** Prints all of one walk. */
async function replay(seed: number): Promise<void> {
  const result = await runWalk(makePlan(seed), { isTraced: true });
  console.log(account(result));
  if (result.faults.length === 0) return;
  console.log("\nwithout what the fault does not need:");
  throw new FuzzFailure(account(await shrink(result)));
}

async function main(): Promise<void> {
  const one = readOption("walk", -1);
  if (one >= 0) return await replay(one);
  const frames = readOption("frames", 1_000_000);
  const walks = readOption("walks", 50_000);
  const [lot] = crypto.getRandomValues(new Uint32Array(1));
  const seed = readOption("seed", lot!);
  console.log(`seed ${seed}, ${frames} frames, ${walks} walks`);
  await sendFrames(seed, frames);
  await walkThroughOrders(seed, readOption("orders", 20_000));
  await walk(seed, walks);
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

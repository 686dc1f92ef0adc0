import process from "node:process";
import { setTimeout as wait } from "node:timers/promises";

/** How often garbage is collected: what one pass frees may hold what the next one does. */
const PASSES = 5;

/**
 * Tells the benchmark the port. Answers each line of the input with the bytes that
 * are in use on the heap; ends with the input, so that no server outlives it.
 */
export function announce(port) {
  console.log(port);
  process.stdin.on("data", async () => console.log(await readHeap()));
  process.stdin.on("end", () => process.exit());
}

async function readHeap() {
  for (let pass = 0; pass < PASSES; pass++) {
    if (globalThis.Bun) globalThis.Bun.gc(true);
    else globalThis.gc();
    await wait(0);
  }
  return process.memoryUsage().heapUsed;
}

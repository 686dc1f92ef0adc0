/**
 * Runs this module's server and a bare `Deno.upgradeWebSocket` server with
 * thousands of connections, some of which talk, and checks that no message is
 * lost and that memory and sockets are released. Linux only.
 *
 * ```sh
 * deno task soak --idle=10000 --talking=200 --seconds=120 --seed=1
 * ```
 *
 * The servers take turns of a second, so each works for half of the time. Exits
 * with 1 when a message is lost, duplicated or out of order, when a connection
 * is dropped, or when memory or sockets are not released; never because of a
 * time or of the memory of a connection.
 *
 * @module
 */

import { readOption } from "./options.ts";
import { soak, SoakFailure } from "./soak/mod.ts";
import { renderReport } from "./soak/report.ts";

/** The length of a turn, in milliseconds. */
const SPAN = 1000;
const MESSAGES = 20;
const ROOMS = 100;
const HOLDERS = 2;

async function main(): Promise<void> {
  const [lot] = crypto.getRandomValues(new Uint32Array(1));
  const seed = readOption("seed", lot!);
  const seconds = readOption("seconds", 120);
  const result = await soak({
    idle: readOption("idle", 10_000),
    talking: readOption("talking", 200),
    turns: Math.ceil(seconds * 1000 / SPAN / 2),
    messages: MESSAGES,
    span: SPAN,
    rooms: ROOMS,
    holders: HOLDERS,
    seed,
    log: console.error,
  });
  console.log(`seed ${seed}\n\n${renderReport(result)}`);
  for (const failure of result.failures) console.error(`FAILED: ${failure}`);
  if (result.failures.length > 0) Deno.exit(1);
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof SoakFailure)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
}

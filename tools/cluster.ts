/**
 * Lets three servers on each exchange carry the messages of a crowd, with an
 * outage in the middle, and checks that each message arrives once and in order.
 * Needs redis-server and nats-server.
 *
 * ```sh
 * deno task cluster --clients=300 --messages=30000 --only=NATS
 * ```
 *
 * Exits with 1 when a message is missing that no outage explains, arrives twice
 * or out of order, or when a server has not told of what it has missed.
 *
 * @module
 */

import { ENGINES, findEngine, isInstalled } from "./cluster/engines.ts";
import { listOutages, soak } from "./cluster/soak.ts";
import { readOption, readText } from "./options.ts";

/** The people in each room. */
const PER_ROOM = 10;

const clients = readOption("clients", 300);
const messages = Math.max(
  3,
  Math.ceil(readOption("messages", 30_000) / clients),
);
const only = readText("only");
const options = {
  size: clients,
  perRoom: PER_ROOM,
  messages,
  every: 33,
  busy: readOption("busy", 3_000),
};

let hasFailed = false;
console.log("| exchange | outage | messages | deliveries | missing | told |");
console.log("| --- | --- | --- | --- | --- | --- |");
for (const engine of only === undefined ? ENGINES : [findEngine(only)]) {
  if (!isInstalled(engine)) {
    console.error(`${engine.broker!.program} is not installed`);
    hasFailed = true;
    continue;
  }
  for (const outage of listOutages(engine)) {
    const result = await soak(engine, outage, options);
    const cells = [
      engine.name,
      outage,
      result.messages,
      result.deliveries,
      result.missing,
      result.told,
    ];
    console.log(`| ${cells.join(" | ")} |`);
    for (const failure of result.failures) console.error(`FAILED: ${failure}`);
    hasFailed ||= result.failures.length > 0;
  }
}
Deno.exit(hasFailed ? 1 : 0);

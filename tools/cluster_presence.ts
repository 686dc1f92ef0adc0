/**
 * Measures presence: thousands of people on four servers, one of which is killed.
 * Needs redis-server.
 *
 * ```sh
 * deno task cluster:presence --people=10000 --rounds=3
 * ```
 *
 * @module
 */

import { measurePresence } from "./cluster/presence.ts";
import { readOption } from "./options.ts";

const people = readOption("people", 10_000);
const rest = readOption("rest", 20);
console.log(
  "| people | all agree after the last came, s | after a kill, s | with its people elsewhere, s | bytes/s to the broker | from it |",
);
console.log("| --- | --- | --- | --- | --- | --- |");
for (let round = 0; round < readOption("rounds", 3); round++) {
  const result = await measurePresence({ people, rest });
  const { entered, left, back, input, output } = result;
  const cells = [
    people,
    ...[entered, left, back].map((seconds) => seconds.toFixed(2)),
    Math.round(input),
    Math.round(output),
  ];
  console.log(`| ${cells.join(" | ")} |`);
}
Deno.exit();

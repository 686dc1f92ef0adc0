/**
 * Tries every behaviour in Node or Bun, and prints a line of JSON for each:
 * `program.mjs <module of the package ws> <carrier> [<part of a name>]`.
 * The carrier is `bun` for `Bun.serve`, or any other name for `node:http` and `ws`.
 *
 * @module
 */

import process from "node:process";
import { pathToFileURL } from "node:url";
import type { Check } from "../peer.ts";
import { within } from "../journal.ts";
import { type Behaviour, BEHAVIOURS } from "../../transports/behaviours.ts";
import { plan } from "../../transports/plan.ts";
import { REQUESTS } from "../../transports/requests.ts";
import { carry, chooseCarrier } from "../../transports/transports.ts";

/** The time limit of a behaviour, in milliseconds. */
const LIMIT = 30_000;

const [wsFile, carrier, only = ""] = process.argv.slice(2);
const behaviours: Behaviour[] = [...BEHAVIOURS, ...REQUESTS];

const wsPackage = await import(pathToFileURL(wsFile!).href);
const transport = carry(chooseCarrier(carrier!, wsPackage));
for (const { name, run } of plan(behaviours, transport)) {
  if (!name.includes(only)) continue;
  let check: Check = { name, ok: true };
  try {
    if (run === undefined) check = { name, ok: true, note: "it cannot" };
    else await within(run(), LIMIT, "It");
  } catch (error) {
    const note = error instanceof Error ? error.stack : `${error}`;
    check = { name, ok: false, note };
  }
  console.log(JSON.stringify(check));
}
// What a behaviour that has failed has left open must not keep it running.
process.exit();

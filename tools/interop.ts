/**
 * Runs other implementations of neffos against this one, and prints what each tried and whether it held. README.md in
 * tools/interop/ has what a run printed.
 *
 * ```sh
 * deno task interop
 * ```
 *
 * Words after that run the peers alone that have all of them in their names: `deno task interop ports`.
 *
 * Leaves out a peer that this machine cannot run, unless the environment variable INTEROP is `required`.
 *
 * @module
 */

import { commandLine } from "./cli/peer.ts";
import { cacheFolder } from "./interop/cache.ts";
import { exchanges } from "./interop/exchange/peer.ts";
import { goClient, goServer } from "./interop/go/peer.ts";
import { neffosJS } from "./interop/neffos_js/peer.ts";
import { platforms } from "./interop/platforms/peer.ts";
import { ports } from "./interop/ports/peer.ts";
import { pythonClient } from "./interop/python/peer.ts";
import { servers } from "./interop/servers/peer.ts";
import { type Check, type Peer, UnavailableError } from "./interop/peer.ts";

const PEERS: readonly Peer[] = [
  neffosJS,
  goClient,
  goServer,
  commandLine,
  ...exchanges,
  pythonClient,
  ports,
  ...platforms,
  ...servers,
];

const isRequired = Deno.env.get("INTEROP") === "required";

/** How many checks have held, and how many have not. */
interface Sum {
  held: number;
  failed: number;
}

/** Runs every check of a peer, and prints the results. */
async function tryPeer(peer: Peer): Promise<Sum> {
  let tryAll: () => Promise<Check[]>;
  try {
    tryAll = await peer.prepare(cacheFolder());
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    console.log(`\n${peer.name}: left out, since ${error.message}`);
    return { held: 0, failed: isRequired ? 1 : 0 };
  }
  const checks = await tryAll();
  printTable(peer, checks);
  const held = checks.filter(({ ok }) => ok).length;
  const failed = checks.length - held;
  console.log(`${checks.length} tried, ${held} held`);
  return { held, failed };
}

function printTable(peer: Peer, checks: readonly Check[]): void {
  const width = Math.max(...checks.map(({ name }) => name.length));
  console.log(`\n| ${peer.name.padEnd(width)} | held | note`);
  console.log(`| ${"-".repeat(width)} | ---- | ----`);
  for (const { name, ok, note = "" } of checks) {
    const line = note.replaceAll(/\s+/g, " ");
    console.log(`| ${name.padEnd(width)} | ${ok ? "yes " : "NO  "} | ${line}`);
  }
}

let held = 0;
let failed = 0;
for (const peer of PEERS) {
  const name = peer.name.toLowerCase();
  if (!Deno.args.every((word) => name.includes(word.toLowerCase()))) continue;
  const sum = await tryPeer(peer);
  held += sum.held;
  failed += sum.failed;
}
// .ci/run adds up lines in the format of `deno test`.
const verdict = failed === 0 ? "ok" : "FAILED";
console.log(`\n${verdict} | ${held} passed | ${failed} failed`);
Deno.exit(failed === 0 ? 0 : 1);

/**
 * Lets other implementations of neffos use the chat example, and prints what they tried and what held.
 *
 * ```sh
 * deno task interop
 * ```
 *
 * A peer that this machine cannot run is left out, unless the environment variable INTEROP is `required`.
 *
 * @module
 */

import { homedir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ChatServer } from "./interop/chat_server.ts";
import { neffosJS } from "./interop/neffos_js/peer.ts";
import { type Check, type Peer, UnavailableError } from "./interop/peer.ts";

const PEERS: readonly Peer[] = [neffosJS];

const isRequired = Deno.env.get("INTEROP") === "required";

/** Where what the peers need is kept from run to run. */
function cacheFolder(): URL {
  const folder = Deno.build.os === "windows"
    ? Deno.env.get("LOCALAPPDATA") || join(homedir(), "AppData", "Local")
    : Deno.build.os === "darwin"
    ? join(homedir(), "Library", "Caches")
    : Deno.env.get("XDG_CACHE_HOME") || join(homedir(), ".cache");
  return pathToFileURL(join(folder, "neffos-mvc-interop") + "/");
}

/** Runs a peer against a server of its own, and says whether all is well. */
async function tryPeer(peer: Peer): Promise<boolean> {
  let command: readonly [program: string, ...args: string[]];
  try {
    command = await peer.prepare(cacheFolder());
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    console.log(`${peer.name}: left out, since ${error.message}`);
    return !isRequired;
  }
  await using server = await ChatServer.start();
  const [program, ...args] = command;
  const { success, stdout } = await new Deno.Command(program, {
    args: [...args, server.endpoint],
    stderr: "inherit",
  }).output();
  const checks = new TextDecoder().decode(stdout).split("\n")
    .filter((line) => line !== "")
    // What our own program for the peer prints is as `Peer` says.
    .map((line): Check => JSON.parse(line));
  printTable(peer, checks);
  const failed = checks.filter(({ ok }) => !ok).length;
  console.log(`${checks.length} tried, ${checks.length - failed} held`);
  if (!success) console.log(`${peer.name}: the program has failed`);
  return success && checks.length > 0 && failed === 0;
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

let isGood = true;
for (const peer of PEERS) {
  if (!await tryPeer(peer)) isGood = false;
}
Deno.exit(isGood ? 0 : 1);

/**
 * Measures what compression by the package `ws` costs in memory: a server in Node
 * holds connections that compress nothing, that have agreed to compress, and that
 * have compressed a message each way. Linux only, as `deno task attack`.
 *
 * ```sh
 * deno task compression --connections=200
 * ```
 *
 * @module
 */

import { compress, enter } from "./attack/attacks/compression.ts";
import { Arena } from "./attack/arena.ts";
import { type Peer, TEXT } from "./attack/peer.ts";
import { Victim } from "./attack/victim_process.ts";
import { Prng } from "./fuzz/prng.ts";
import { readOption } from "./options.ts";

/** The length of the messages, in bytes. */
const LENGTH = 4 * 1024;
/** The bit of a compressed message. */
const COMPRESSED = { reserved: 4 };

/** How many connections are opened at once. */
const WIDTH = 20;

const WAYS: Readonly<Record<string, (arena: Arena) => Promise<Peer>>> = {
  "without compression": (arena) => arena.enter(),
  "agreed, and nothing compressed": (arena) => enter(arena),
  "4 KiB compressed each way": async (arena) => {
    const peer = await enter(arena);
    const text = `$1;open;;onEcho;0;0;${"hello ".repeat(LENGTH / 6)}`;
    await peer.frame(TEXT, compress(text), COMPRESSED);
    const answer = await peer.next();
    if (answer === undefined || answer.data.length > LENGTH / 4) {
      throw new Error("The answer was not compressed");
    }
    return peer;
  },
};

if (import.meta.main) {
  const count = readOption("connections", 200);
  console.log("| connections | KiB of resident memory for each |");
  console.log("| --- | --- |");
  for (const [name, open] of Object.entries(WAYS)) {
    await using victim = await Victim.start("ws-node");
    using arena = new Arena(victim, new Prng(0), 1);
    const fill = async () => {
      for (let i = 0; i < count; i += WIDTH) {
        await Promise.all(Array.from({ length: WIDTH }, () => open(arena)));
      }
    };
    // The first ones grow tables and compile code.
    await fill();
    const before = (await victim.memory()).rss;
    await fill();
    const { rss } = await victim.memory();
    const each = (rss - before) / count / 1024;
    console.log(`| ${name} | ${each.toFixed(1)} |`);
  }
  Deno.exit();
}

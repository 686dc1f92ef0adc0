/**
 * Measures how much a client that crosses limits slows down a client that does
 * not: `deno task neighbours`. Linux only.
 *
 * Windows of a second alternate: in every second one, a hostile client crosses
 * one limit ten times, each time on a new connection. The answer times of the
 * well-behaved client are compared.
 */

import { Arena } from "./attack/arena.ts";
import { NAMESPACES } from "./attack/victim_limits.ts";
import { Victim } from "./attack/victim_process.ts";
import { Witness } from "./attack/witness.ts";
import { median } from "./bench/median.ts";
import { Prng } from "./fuzz/prng.ts";

const WINDOWS = 8;
const CROSSINGS = 10;
const WINDOW = 1_000;

/** Crosses a limit once. */
type Crossing = (arena: Arena) => Promise<unknown>;

const LIMITS: Readonly<Record<string, Crossing>> = {
  "nothing (the same twice)": () => Promise.resolve(),
  "maxPayload, 1 MiB": async (arena) => {
    const peer = await arena.enter();
    void peer.send(";open;;onEcho;0;0;" + "x".repeat(1024 * 1024));
    await peer.ended();
  },
  "maxNamespaces": async (arena) => {
    const peer = await arena.enter();
    for (let i = 0; i < NAMESPACES; i++) {
      await peer.ask(`$${i};n${i};;_OnNamespaceConnect;0;0;`);
    }
  },
  "maxRooms": async (arena) => {
    const peer = await arena.enter();
    for (let i = 0; i < 140; i++) {
      await peer.ask(`$${i};open;r${i};_OnRoomJoin;0;0;`);
    }
  },
  "maxNameLength": async (arena) => {
    const peer = await arena.enter();
    for (let i = 0; i < 50; i++) {
      await peer.ask(`$${i};open;;${"x".repeat(300)};0;0;`);
    }
  },
  "rateLimit": async (arena) => {
    const peer = await arena.enter("/guarded");
    for (let i = 0; i < 60; i++) void peer.send(";open;;onEcho;0;0;x");
    await peer.ended();
  },
  "maxConnectionsPerAddress": async (arena) => {
    for (let i = 0; i < 10; i++) await arena.tryUpgrade("/guarded");
  },
  "origins": async (arena) => {
    for (let i = 0; i < 10; i++) {
      await arena.tryUpgrade("/ws", { origin: "https://stranger.example" });
    }
  },
};

/** Waits for a window to pass, with crossings spread over it. */
async function spend(victim: Victim, cross: Crossing | undefined) {
  const start = performance.now();
  for (let i = 1; i <= CROSSINGS; i++) {
    if (cross !== undefined) {
      using arena = new Arena(victim, new Prng(i), 1);
      await cross(arena);
    }
    const left = start + i * WINDOW / CROSSINGS - performance.now();
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, left)));
  }
}

await using victim = await Victim.start();
using witness = await Witness.at(victim.port);
await spend(victim, undefined);
console.log("| limit that is crossed 10 times a second | slower by |");
console.log("| --- | --- |");
for (const [name, cross] of Object.entries(LIMITS)) {
  const ratios: number[] = [];
  for (let i = 0; i < WINDOWS; i++) {
    await witness.testify();
    await spend(victim, undefined);
    const alone = median([...(await witness.testify()).trips]);
    await spend(victim, cross);
    ratios.push(median([...(await witness.testify()).trips]) / alone);
  }
  console.log(`| ${name} | ${median(ratios).toFixed(2)} |`);
}
const { faults } = await witness.leave();
if (faults.length > 0) throw new Error(faults.join("\n"));

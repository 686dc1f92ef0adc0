/** Attacks on a server over real sockets, and the invariants that must hold. */

import { median } from "../bench/median.ts";
import { Prng } from "../fuzz/prng.ts";
import { within } from "../interop/journal.ts";
import { Arena, type Attack } from "./arena.ts";
import { BODIES } from "./attacks/bodies.ts";
import { COMPRESSION } from "./attacks/compression.ts";
import { CROWDS } from "./attacks/crowds.ts";
import { FAULTY } from "./attacks/faulty.ts";
import { FLOODS } from "./attacks/floods.ts";
import { FORGERIES } from "./attacks/forgeries.ts";
import { FRAMES } from "./attacks/frames.ts";
import { REQUESTS } from "./attacks/requests.ts";
import { SILENCE } from "./attacks/silence.ts";
import { TARGETS } from "./attacks/targets.ts";
import type { TransportName } from "./victim_transport.ts";
import { Victim } from "./victim_process.ts";
import { type Testimony, Witness } from "./witness.ts";

export type { Attack } from "./arena.ts";

/** Every attack. */
export const ATTACKS: readonly Attack[] = [
  ...FORGERIES,
  ...REQUESTS,
  ...TARGETS,
  ...BODIES,
  ...FRAMES,
  ...SILENCE,
  ...FLOODS,
  ...CROWDS,
  ...FAULTY,
  ...COMPRESSION,
];

/** Chooses the attacks on a transport. */
export function attacksOn(
  transport: TransportName,
  attacks: readonly Attack[] = ATTACKS,
): Attack[] {
  return attacks.filter((attack) =>
    attack.transport === undefined || attack.transport === transport
  );
}

/** Options of {@linkcode attack}. */
export interface AttackOptions {
  readonly attacks?: readonly Attack[];
  /** The transport of the server. */
  readonly transport?: TransportName;
  /** The seed of the random numbers. */
  readonly seed: number;
  /** 1 for a full run, less for a shorter one. */
  readonly scale: number;
  /** Called with the result of each attack. */
  readonly onRow?: (row: Row) => void;
}

/** The effects of an attack on the server. Sizes are in bytes. */
export interface Row {
  readonly name: string;
  readonly faults: string | undefined;
  readonly seen: string;
  readonly limit: string | undefined;
  /** The time of the well-behaved client's asks during the attack, as a ratio to before. */
  readonly slowdown: number;
  /** The number of the well-behaved client's asks during the attack. */
  readonly trips: number;
  readonly rss: { before: number; during: number; after: number };
  readonly heap: { before: number; after: number };
  /** The open sockets while the attackers kept theirs, and after they had gone. */
  readonly sockets: { kept: number; left: number };
  /** The expectations that failed. */
  readonly failures: readonly string[];
  /** In milliseconds. */
  readonly time: number;
}

const MIB = 1024 * 1024;
/** Compiled code and grown tables stay in memory. */
const MAX_GROWTH = 3 * MIB;
/**
 * One full run leaves 13 MiB, three in a row leave 14 MiB. Most of it is gone
 * 45 seconds later, when the timers of what has ended abruptly have fired.
 */
const MAX_WHOLE_GROWTH = 16 * MIB;
/** The time limit of an attack, in milliseconds. */
const LONGEST = 60_000;
/** The time in which the server must recover, in milliseconds. */
const RECOVERY = 8_000;
/** The interval at which the process is measured, in milliseconds. */
const LOOK_AFTER = 20;

/**
 * Runs attacks against a server, one after another.
 *
 * @returns The result of each attack.
 */
export async function attack(options: AttackOptions): Promise<Row[]> {
  const { transport = "deno", seed, scale, onRow = () => {} } = options;
  const attacks = attacksOn(transport, options.attacks);
  const rows: Row[] = [];
  const add = (row: Row) => {
    rows.push(row);
    onRow(row);
  };
  // The remaining attacks get another server if one attack has ended it.
  for (let next = 0; next < attacks.length;) {
    await using victim = await Victim.start(transport);
    using witness = await Witness.at(victim.port);
    const start = await victim.memory();
    while (next < attacks.length && await victim.serves()) {
      const arena = new Arena(victim, new Prng(seed + next), scale);
      add(await withstand(attacks[next++]!, arena, witness));
    }
    if (await victim.serves()) add(await end(victim, witness, start.heap));
  }
  return rows;
}

/** Runs one attack, and measures its effects. */
async function withstand(
  attack: Attack,
  arena: Arena,
  witness: Witness,
): Promise<Row> {
  const { victim } = arena;
  const failures: string[] = [];
  const quiet = await quietly(witness, arena.many(20));
  const before = await victim.memory();
  const sockets = await victim.settles(
    () => victim.sockets(),
    (open) => open <= victim.ownSockets + 1,
    RECOVERY,
  );
  const start = performance.now();
  let highest = before.rss;
  const watch = setInterval(async () => {
    // The process may have died.
    highest = Math.max(highest, await victim.rss().catch(() => 0));
  }, LOOK_AFTER);
  let seen = "";
  try {
    seen = await within(attack.run(arena), LONGEST, "the attack");
  } catch (error) {
    failures.push(error instanceof Error ? error.message : String(error));
  }
  const time = performance.now() - start;
  clearInterval(watch);
  const testimony = await testify(witness, failures);
  const kept = await look(() => victim.sockets());
  arena[Symbol.dispose]();
  const left = await look(() =>
    victim.settles(
      () => victim.sockets(),
      (open) => open <= sockets,
      RECOVERY,
    )
  );
  if (left > sockets) failures.push(`${left - sockets} sockets are left`);
  const isSmall = ({ heap }: { heap: number }) =>
    heap <= before.heap + MAX_GROWTH;
  const after = await victim.settles(() => victim.memory(), isSmall, RECOVERY)
    .catch(() => before);
  if (!isSmall(after)) {
    failures.push(
      `the heap has grown by ${
        ((after.heap - before.heap) / MIB).toFixed(1)
      } MiB`,
    );
  }
  if (!victim.isAlive) failures.push(`it died: ${victim.errors}`);
  else if (!await victim.serves()) {
    failures.push(`it serves no more: ${victim.errors}`);
  }
  return {
    name: attack.name,
    faults: attack.faults,
    limit: victim.transport === "deno" ? attack.limit : undefined,
    seen,
    slowdown: median(testimony?.trips ?? []) / median(quiet),
    trips: testimony?.trips.length ?? 0,
    rss: { before: before.rss, during: highest, after: after.rss },
    heap: { before: before.heap, after: after.heap },
    sockets: { kept: kept - sockets, left: left - sockets },
    failures,
    time,
  };
}

/** Measures how long asks take without an attack. */
async function quietly(
  witness: Witness,
  count: number,
): Promise<readonly number[]> {
  await witness.testify();
  const trips: number[] = [];
  while (trips.length < count) {
    const { trips: more, faults } = await witness.testify();
    // A witness that has failed has no more of them.
    if (more.length === 0 && faults.length > 0) {
      throw new Error(`The witness has failed: ${faults.join("; ")}`);
    }
    trips.push(...more);
  }
  return trips;
}

async function testify(
  witness: Witness,
  failures: string[],
): Promise<Testimony | undefined> {
  try {
    const testimony = await witness.testify();
    failures.push(...testimony.faults.map((fault) => `the witness: ${fault}`));
    return testimony;
  } catch (error) {
    failures.push(String(error));
    return undefined;
  }
}

/** Counts the sockets; a process that has died has none. */
async function look(count: () => Promise<number>): Promise<number> {
  try {
    return await count();
  } catch {
    return 0;
  }
}

/** Dismisses the witness, and stops the server while one client keeps its connection. */
async function end(
  victim: Victim,
  witness: Witness,
  heap: number,
): Promise<Row> {
  const failures: string[] = [];
  const start = performance.now();
  const { messages, asks, broadcasts, faults } = await witness.leave();
  failures.push(...faults);
  const last = await victim.memory();
  if (last.heap > heap + MAX_WHOLE_GROWTH) {
    failures.push(
      `the heap has grown by ${
        ((last.heap - heap) / MIB).toFixed(1)
      } MiB in all`,
    );
  }
  using arena = new Arena(victim, new Prng(0), 1);
  for (let i = 0; i < 10; i++) await arena.enter();
  await (await arena.enter()).send(";open;;onStuck;0;0;");
  if (!await victim.stop()) failures.push(`it ended badly: ${victim.errors}`);
  return {
    name: "the end, with clients that ignore it",
    faults: undefined,
    limit: undefined,
    seen:
      `the witness: ${messages} messages, ${asks} asks and ${broadcasts} broadcasts, once and in order`,
    slowdown: NaN,
    trips: 0,
    rss: { before: last.rss, during: last.rss, after: 0 },
    heap: { before: heap, after: last.heap },
    sockets: { kept: 0, left: 0 },
    failures,
    time: performance.now() - start,
  };
}

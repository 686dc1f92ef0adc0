/** Reads from the options what is to be measured. */

import { readOption, readText } from "../options.ts";
import type { ServerSpec } from "./servers.ts";
import { FULL, QUICK, type Settings } from "./settings.ts";
import type { Work } from "./works.ts";

/** All options, and what they are for. */
export const HELP = `deno task bench [options]

  --quick           about two minutes in place of twenty
  --only=GROUP      servers of some groups: bare, ours, peers
  --servers=ID      some servers, such as bare-deno,ours-deno
  --work=ID         some figures, such as echo-16,broadcast-one,memory,latency,start
  --pairs=12        rounds, each with fresh processes
  --others=3        rounds for figures on which no claim rests
  --turns=6         turns in a round, and the length of each in milliseconds:
  --turn=80
  --warmup=200      what comes before the first turn of each work, in milliseconds
  --compile=1200    what comes before the first work, so that code is compiled
  --receivers=500   receivers of a broadcast, of one to a crowd:
  --crowd=10000
  --latency=1500    how long messages come at a fixed rate, in milliseconds
  --against=REF     compares with another commit or folder, and fails if it is dearer
  --json=FILE       writes all figures
  --svg=FILE        draws them
  --from=FILE       measures nothing: reads what --json has written
  --write           updates README.md, neffos/BENCHMARKS.md, their chart and results.json
`;

const NAMES = new Set(HELP.match(/(?<=--)[a-z]+/g));

/** The options that leave out something, while the pages show all of a run. */
const PARTIAL = ["only", "servers", "work", "against"];

/**
 * Checks that all options are known, and go together.
 *
 * @throws {RangeError} When one is not, or two do not.
 */
export function checkOptions(args: readonly string[]): void {
  for (const arg of args) {
    const name = /^--([a-z]+)(=|$)/.exec(arg)?.[1];
    if (name !== undefined && NAMES.has(name)) continue;
    throw new RangeError(`Cannot use "${arg}": it is no option\n\n${HELP}`);
  }
  const partial = PARTIAL.find((name) => readText(name) !== undefined);
  if (partial === undefined || !args.includes("--write")) return;
  throw new RangeError(
    `Cannot use "--write" with "--${partial}": the pages show all servers and works`,
  );
}

/** Reads how much is measured. */
export function readSettings(isQuick: boolean): Settings {
  const base = isQuick ? QUICK : FULL;
  const pairs = readOption("pairs", base.pairs);
  return {
    ...base,
    pairs,
    others: readOption("others", Math.min(pairs, base.others)),
    turns: readOption("turns", base.turns),
    turn: readOption("turn", base.turn),
    receivers: readOption("receivers", base.receivers),
    crowd: readOption("crowd", base.crowd),
    warmUp: readOption("warmup", base.warmUp),
    firstWarmUp: readOption("compile", base.firstWarmUp),
    latency: readOption("latency", base.latency),
  };
}

/** Reads a list. */
function readList(name: string): string[] | undefined {
  return readText(name)?.split(",");
}

/** Chooses by IDs, or by how they begin. */
function chooseById<T>(
  all: readonly T[],
  { option, ids }: { option: string; ids(each: T): readonly string[] },
): readonly T[] {
  const wanted = readList(option);
  if (wanted === undefined) return all;
  const isMeant = (id: string, want: string) =>
    id === want || id.startsWith(`${want}-`);
  for (const want of wanted) {
    if (all.some((each) => ids(each).some((id) => isMeant(id, want)))) continue;
    throw new RangeError(
      `Cannot use "--${option}=${want}": it must be one of ${
        [...new Set(all.flatMap(ids))].join(", ")
      }`,
    );
  }
  return all.filter((each) =>
    ids(each).some((id) => wanted.some((want) => isMeant(id, want)))
  );
}

/** Chooses servers by `--only` and `--servers`. */
export function chooseServers(
  all: readonly ServerSpec[],
): readonly ServerSpec[] {
  const inGroups = chooseById(all, {
    option: "only",
    ids: ({ group }) => [group],
  });
  return chooseById(inGroups, { option: "servers", ids: ({ id }) => [id] });
}

/** Chooses works by `--work`. */
export function chooseWorks(all: readonly Work[]): readonly Work[] {
  const ids = ({ metrics }: Work) => metrics.map(({ id }) => id);
  return chooseById(all, { option: "work", ids });
}

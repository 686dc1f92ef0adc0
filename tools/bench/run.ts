/** Makes a run: what was asked for, as results. */

import { cpus, release, type } from "node:os";
import { OtherTree } from "./against.ts";
import { chooseServers, chooseWorks } from "./choose.ts";
import { type Claim, claimAgainst, CLAIMS } from "./claims.ts";
import { Kit } from "./kit.ts";
import { type Results, round, spread } from "./results.ts";
import { measure } from "./rounds.ts";
import { listOurs, SERVERS, type ServerSpec } from "./servers.ts";
import type { Settings } from "./settings.ts";
import { makeWorks, type Work } from "./works.ts";

/** Options of a run. */
export interface RunOptions {
  readonly settings: Settings;
  /** The command that was called. */
  readonly command: string;
  /** Hears what is done. */
  readonly onProgress: (text: string) => void;
}

/** What a run is about. */
interface Subjects {
  readonly servers: readonly ServerSpec[];
  readonly works: readonly Work[];
  readonly claims: readonly Claim[];
}

/** Measures the servers that were chosen. */
export async function runBench(options: RunOptions): Promise<Results> {
  const servers = chooseServers(SERVERS);
  const works = chooseWorks(makeWorks(options.settings));
  return await run({ servers, works, claims: CLAIMS }, options);
}

/** What tells most of a change, in a few minutes. */
const AGAINST_WORKS = [
  "echo-1-16",
  "echo-16-16",
  "echo-16-1024",
  "broadcast-one",
  "broadcast-ten",
];
const AGAINST_SERVERS = ["deno-controller", "ws-deno-controller"];

/** Measures the servers of this tree beside those of another one. */
export async function runAgainst(
  where: string,
  options: RunOptions,
): Promise<Results> {
  await using tree = await OtherTree.copy(where);
  const all = [...listOurs(), ...tree.list("theirs")];
  const chosen = chooseServers(all);
  const servers = chosen.length < all.length
    ? chosen
    : all.filter(({ id }) =>
      AGAINST_SERVERS.some((end) => id.replace(/^[a-z]+-/, "") === end)
    );
  const allWorks = makeWorks(options.settings);
  const chosenWorks = chooseWorks(allWorks);
  const works = chosenWorks.length < allWorks.length
    ? chosenWorks
    : allWorks.filter(({ metrics }) => AGAINST_WORKS.includes(metrics[0]!.id));
  const claims = claimAgainst({ ours: "ours", theirs: "theirs" }, {
    servers: servers.map(({ id }) => id),
    metrics: works.flatMap(({ metrics }) => metrics.map(({ id }) => id)),
  });
  return await run({ servers, works, claims }, options);
}

async function run(
  { servers, works, claims }: Subjects,
  { settings, command, onProgress }: RunOptions,
): Promise<Results> {
  const start = performance.now();
  await using kit = new Kit();
  const plan = { servers, works, claims, settings, onProgress };
  const { cells, driver, leftOut } = await measure(plan, kit);
  return round({
    date: new Date().toISOString().slice(0, 10),
    command,
    machine: describeMachine(),
    versions: kit.versions,
    minutes: (performance.now() - start) / 60_000,
    settings,
    servers: servers.map(({ id, name, group }) => ({ id, name, group })),
    metrics: works.flatMap(({ metrics }) => metrics),
    cells,
    claims,
    driver: Object.fromEntries(
      Object.entries(driver).map(([id, shares]) => [id, spread(shares)]),
    ),
    leftOut,
  });
}

function describeMachine(): Results["machine"] {
  const processors = cpus();
  return {
    processor: processors[0]?.model ?? Deno.build.arch,
    cores: processors.length,
    system: `${type()} ${release()}`,
  };
}

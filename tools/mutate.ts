/**
 * Makes small changes to the source, one at a time, and runs the tests that concern each: a change that no test
 * notices is a behaviour that no test holds. The checkout itself is not touched.
 *
 * ```sh
 * deno task mutate --sample=300 --seed=1                       # some of all changes
 * deno task mutate --files=neffos/protocol,mvc/router/p*.ts    # all of some files
 * deno task mutate --only=neffos/protocol/codec.ts:90:7:negate # one of them again
 * ```
 *
 * Prints what survived as it is found, and the share that was noticed. Fails if that is below `--at-least=90` percent.
 * `--workers=1` leaves the other cores alone, `--json=FILE` writes the outcomes. On two cores with other work, 240 of
 * some 4,600 took 11 minutes; measuring the tests, one or two of them, is done again only where a file has changed.
 * Not for Windows, which has no groups of processes.
 *
 * @module
 */

import { matchesGlob } from "node:path";
import { fileURLToPath } from "node:url";
import { EQUIVALENTS } from "./mutate/equivalent.ts";
import { mutate, type Outcome } from "./mutate/mod.ts";
import { findFiles } from "./mutate/suites.ts";
import { readOption, readText } from "./options.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const FILES =
  "neffos/protocol,neffos/connection,neffos/server,mvc/container,mvc/router";
/** The name of a file that does not belong to the sources of the module. */
const NO_SOURCE = /_(test|bench)\.ts$|\/(harness|testdata)\//;

function print({ mutant, diff, verdict, suites }: Outcome): void {
  const tests = verdict === "uncovered"
    ? "no test runs this line"
    : `${verdict}, ${suites} test files run this line`;
  console.log(`\n${mutant.id}\n${diff}\n  ${tests}`);
}

function isNoticed({ verdict }: Outcome): boolean {
  return verdict === "noticed" || verdict === "timeout";
}

function printRow(name: string, outcomes: readonly Outcome[]): void {
  const count = (wanted: string) =>
    outcomes.filter(({ verdict }) => verdict === wanted).length;
  console.log(
    `| ${
      [
        name,
        outcomes.length,
        count("noticed"),
        count("timeout"),
        count("survived"),
        count("uncovered"),
        `${toPercent(outcomes).toFixed(1)} %`,
      ].join(" | ")
    } |`,
  );
}

function toPercent(outcomes: readonly Outcome[]): number {
  return outcomes.filter(isNoticed).length / outcomes.length * 100;
}

if (import.meta.main) {
  const start = performance.now();
  const patterns = (readText("files") ?? FILES).split(",");
  const files = (await findFiles(ROOT, ".ts")).filter((file) =>
    !NO_SOURCE.test(file) &&
    patterns.some((pattern) =>
      file === pattern || file.startsWith(`${pattern.replace(/\/$/, "")}/`) ||
      matchesGlob(file, pattern)
    )
  );
  const only = readText("only");
  const atLeast = readOption("at-least", 90);
  const [lot] = crypto.getRandomValues(new Uint32Array(1));
  const seed = readOption("seed", lot!);
  const sample = readText("sample") === undefined
    ? undefined
    : readOption("sample", 0);
  const progress = Deno.stderr.isTerminal();
  // The tests run in groups of their own, which a terminal does not end.
  const end = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => end.abort());
  }
  let done = 0;
  let all = 0;
  const { outcomes, equivalent } = await mutate({
    root: ROOT,
    files: only === undefined ? files : [only.split(":")[0]!],
    equivalents: EQUIVALENTS,
    cache: `${ROOT}coverage/mutate`,
    workers: readOption("workers", navigator.hardwareConcurrency),
    longest: readOption("longest", 10) * 1000,
    only,
    sample,
    seed,
    signal: end.signal,
    onStart(count) {
      all = count;
      const time = ((performance.now() - start) / 1000).toFixed(0);
      console.log(
        `${count} mutants, seed ${seed}; the tests were measured in ${time} s`,
      );
    },
    onOutcome(outcome) {
      done++;
      if (!isNoticed(outcome) || only !== undefined) print(outcome);
      if (progress) {
        Deno.stderr.writeSync(
          new TextEncoder().encode(`\r${done} of ${all} `),
        );
      }
    },
  });
  const json = readText("json");
  if (json !== undefined) {
    await Deno.writeTextFile(json, JSON.stringify(outcomes, null, 2));
  }
  console.log(
    "\n| | mutants | noticed | timed out | survived | in no test | |",
  );
  console.log("| --- | --- | --- | --- | --- | --- | --- |");
  const folders = Map.groupBy(
    outcomes,
    ({ mutant }) => mutant.file.split("/").slice(0, 2).join("/"),
  );
  for (const [folder, some] of folders) printRow(folder, some);
  printRow("all", outcomes);
  const time = ((performance.now() - start) / 60_000).toFixed(1);
  const share = toPercent(outcomes);
  console.log(
    `\n${equivalent.size} mutants are left out: no test can notice them. ${time} minutes.`,
  );
  Deno.exit(share >= atLeast ? 0 : 1);
}

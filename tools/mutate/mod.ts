/** Makes small changes to a checkout, and looks whether a test notices. */

import { dirname, join } from "node:path";
import { Prng } from "../fuzz/prng.ts";
import type { Equivalent } from "./equivalent.ts";
import {
  applyTo,
  findEquivalents,
  findMutants,
  type Mutant,
  showDiff,
} from "./mutants.ts";
import {
  chooseSuites,
  findFiles,
  measureSuites,
  runTests,
  type Suite,
} from "./suites.ts";

/**
 * What the tests said to a mutant: one of them failed, they did not end in time, all of them passed, or none of them
 * runs the line.
 */
export type Verdict = "noticed" | "timeout" | "survived" | "uncovered";

/** A mutant and what became of it. */
export interface Outcome {
  readonly mutant: Mutant;
  readonly verdict: Verdict;
  /** The lines that go and those that come. */
  readonly diff: string;
  /** How many test files run its line. */
  readonly suites: number;
  /** In milliseconds. */
  readonly time: number;
}

/** Options of {@linkcode mutate}. */
export interface MutateOptions {
  /** The checkout. It is copied, and not changed. */
  readonly root: string;
  /** The files to change. */
  readonly files: readonly string[];
  /** Mutants that no test can notice. */
  readonly equivalents: readonly Equivalent[];
  /** The folder that keeps which test runs which lines. */
  readonly cache: string;
  /** How many mutants are tried at once. */
  readonly workers: number;
  /** Test files that take longer are left out. In milliseconds. */
  readonly longest: number;
  /** The least time that tests have. In milliseconds; 10 seconds by default. */
  readonly leastTime?: number;
  /** The mutant to try. All of them, by default. */
  readonly only?: string;
  /** How many of them to try, taken at random. */
  readonly sample?: number;
  /** The seed of the sample. */
  readonly seed: number;
  /** Ends the run, with all processes of it. */
  readonly signal?: AbortSignal;
  /** Called once it is known how many mutants are tried. */
  readonly onStart?: (count: number) => void;
  /** Called with each outcome. */
  readonly onOutcome?: (outcome: Outcome) => void;
}

/** What came out of a run. */
export interface Tally {
  /** In the order of their places. */
  readonly outcomes: readonly Outcome[];
  /** The mutants that were left out because no test can notice them, with the reason. */
  readonly equivalent: ReadonlyMap<Mutant, string>;
}

/** How many times longer than before the tests may take. */
const PATIENCE = 5;
/** What one process runs takes this long, before it is one test file too many. In milliseconds. */
const BATCH = 3_000;

/**
 * Tries the mutants of some files.
 *
 * @throws {Error} If a test fails without a change, or an entry of the equivalent mutants is stale.
 */
export async function mutate(options: MutateOptions): Promise<Tally> {
  const { root, files, equivalents, only, onOutcome } = options;
  const { leastTime = 10_000, signal = new AbortController().signal } = options;
  const all = await findMutants(root, files);
  const equivalent = await findEquivalents(root, all, equivalents);
  const chosen = choose(
    all.filter((mutant) => !equivalent.has(mutant)),
    options,
  );
  if (only !== undefined && chosen.length === 0) {
    throw new Error(`Cannot try ${only}: there is no such mutant`);
  }
  await using folders = new AsyncDisposableStack();
  const copies: string[] = [];
  for (let i = 0; i < options.workers; i++) {
    const copy = await Deno.realPath(await Deno.makeTempDir());
    folders.defer(() => Deno.remove(copy, { recursive: true }));
    await copyTree(root, copy);
    copies.push(copy);
  }
  const suites = await measureSuites(copies[0]!, { ...options, signal });
  options.onStart?.(chosen.length);
  const outcomes: Outcome[] = [];
  const queue = chosen.values();
  await Promise.all(copies.map(async (copy) => {
    // The workers share the iterator.
    for (const mutant of queue) {
      const outcome = await tryMutant(copy, mutant, {
        suites,
        leastTime,
        signal,
      });
      outcomes.push(outcome);
      onOutcome?.(outcome);
    }
  }));
  const places = new Map(chosen.map((mutant, i) => [mutant, i]));
  outcomes.sort((a, b) => places.get(a.mutant)! - places.get(b.mutant)!);
  return { outcomes, equivalent };
}

function choose(
  mutants: readonly Mutant[],
  { only, sample = Infinity, seed }: MutateOptions,
): Mutant[] {
  if (only !== undefined) return mutants.filter(({ id }) => id === only);
  const prng = new Prng(seed);
  const rest = [...mutants];
  while (rest.length > sample) prng.take(rest);
  return rest;
}

async function copyTree(from: string, to: string): Promise<void> {
  for (const file of await findFiles(from, "")) {
    await Deno.mkdir(join(to, dirname(file)), { recursive: true });
    await Deno.copyFile(join(from, file), join(to, file));
  }
}

/** Applies a mutant to a copy of the checkout, runs the tests that run its line, and takes it back. */
async function tryMutant(
  root: string,
  mutant: Mutant,
  { suites, leastTime, signal }: {
    suites: readonly Suite[];
    leastTime: number;
    signal: AbortSignal;
  },
): Promise<Outcome> {
  const chosen = chooseSuites(suites, mutant);
  const path = join(root, mutant.file);
  const source = await Deno.readTextFile(path);
  const diff = showDiff(source, mutant);
  const outcome = { mutant, diff, suites: chosen.length };
  if (chosen.length === 0) return { ...outcome, verdict: "uncovered", time: 0 };
  const start = performance.now();
  let verdict: Verdict = "survived";
  await Deno.writeTextFile(path, applyTo(source, mutant));
  try {
    for (const batch of toBatches(chosen)) {
      const usual = batch.reduce((sum, { time }) => sum + time, 0);
      const { success, isTimeout, output } = await runTests(
        root,
        batch.map(({ file }) => file),
        { timeout: Math.max(leastTime, PATIENCE * usual), signal },
      );
      if (output.includes("source code could not be parsed")) {
        throw new Error(`Cannot try ${mutant.id}: it is no code\n${output}`);
      }
      if (success) continue;
      verdict = isTimeout ? "timeout" : "noticed";
      break;
    }
  } finally {
    await Deno.writeTextFile(path, source);
  }
  return { ...outcome, verdict, time: performance.now() - start };
}

/** Puts test files together that run in one process: the first one alone, since most mutants get no further. */
function toBatches([first, ...rest]: readonly Suite[]): Suite[][] {
  const batches: Suite[][] = first === undefined ? [] : [[first]];
  let time = Infinity;
  for (const suite of rest) {
    if (time + suite.time > BATCH) {
      batches.push([]);
      time = 0;
    }
    batches.at(-1)!.push(suite);
    time += suite.time;
  }
  return batches;
}

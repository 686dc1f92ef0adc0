/**
 * Measures the cost of services and controllers: `deno task bench:container`.
 *
 * - start-up: from the first registration until `new Server` has returned, of
 *   a program with 100 services and 50 controllers, in fresh processes;
 * - a scope: opened, a controller with five services built in it, disposed,
 *   beside the same by hand;
 * - the type check of that program with an empty cache, beside that of a
 *   program that only imports the module.
 *
 * Exits with 1 when one of them exceeds its budget.
 */

import { median } from "./bench/median.ts";
import { writeProgram } from "./bench/program.ts";
import { measureScopes } from "./bench/scopes.ts";

const SIZE = { services: 100, controllers: 50 };
const STARTS = 20;
const CHECKS = 5;

interface Row {
  readonly name: string;
  readonly cost: number;
  readonly beside: string;
  readonly budget: number;
  readonly unit: "ms" | "µs";
}

/** Runs Deno to its end and returns its output. */
async function run(
  args: string[],
  env: Record<string, string> = {},
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(
    Deno.execPath(),
    { args, env },
  ).output();
  if (success) return new TextDecoder().decode(stdout);
  throw new Error(new TextDecoder().decode(stderr));
}

async function measureStart(program: string): Promise<Row> {
  const args = ["run", "-A", "--no-config", program];
  // The first run fills the cache of transpiled modules.
  await run(args);
  const millis: number[] = [];
  for (let i = 0; i < STARTS; i++) millis.push(Number(await run(args)));
  const beside = `${Math.min(...millis).toFixed(1)} to ${
    Math.max(...millis).toFixed(1)
  }`;
  const name = `start-up of ${SIZE.services} services, ` +
    `${SIZE.controllers} controllers`;
  return { name, cost: median(millis), beside, budget: 50, unit: "ms" };
}

async function measureScope(): Promise<Row> {
  const { ours, byHand } = await measureScopes();
  const beside = `by hand ${byHand.toFixed(2)}, ratio ${
    (ours / byHand).toFixed(1)
  }`;
  const name = "scope with a controller of five services";
  return { name, cost: ours, beside, budget: 5, unit: "µs" };
}

/** Returns the milliseconds of a type check with an empty cache. */
async function check(program: string): Promise<number> {
  const cache = await Deno.makeTempDir();
  try {
    const start = performance.now();
    const args = ["check", "--quiet", "--no-config", "--no-lock", program];
    await run(args, { DENO_DIR: cache });
    return performance.now() - start;
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}

async function measureCheck(program: string, empty: string): Promise<Row> {
  const full: number[] = [];
  const base: number[] = [];
  for (let i = 0; i < CHECKS; i++) {
    full.push(await check(program));
    base.push(await check(empty));
  }
  const beside = `import alone ${median(base).toFixed(0)}`;
  return {
    name: "type check of that program",
    cost: median(full),
    beside,
    budget: 3000,
    unit: "ms",
  };
}

async function measureAll(folder: string): Promise<Row[]> {
  const program = `${folder}/program.ts`;
  const empty = `${folder}/empty.ts`;
  await Deno.writeTextFile(program, writeProgram(SIZE));
  const mod = new URL("../mod.ts", import.meta.url).href;
  await Deno.writeTextFile(empty, `import "${mod}";\n`);
  return [
    await measureStart(program),
    await measureScope(),
    await measureCheck(program, empty),
  ];
}

const folder = await Deno.makeTempDir();
let rows: Row[];
try {
  rows = await measureAll(folder);
} finally {
  await Deno.remove(folder, { recursive: true });
}
console.log("| what | cost | beside | budget |");
console.log("| --- | --- | --- | --- |");
for (const { name, cost, beside, budget, unit } of rows) {
  const figures = [`${cost.toFixed(2)} ${unit}`, beside, `${budget} ${unit}`];
  console.log(`| ${name} | ${figures.join(" | ")} |`);
}
if (rows.some(({ cost, budget }) => cost > budget)) {
  console.error("FAILED: one costs more than it may");
  Deno.exit(1);
}

/**
 * Measures what a message, a broadcast and a connection cost a server: this module
 * on each platform beside bare servers and other frameworks. Each server is a
 * process of its own, which another process loads over raw TCP; its CPU time comes
 * from `/proc`, so it needs Linux. See `bench/README.md`.
 *
 * ```sh
 * deno task bench --quick
 * deno task bench --servers=bare-deno,ours-deno --work=echo
 * deno task bench --against=origin/main
 * ```
 *
 * Prints Markdown. Servers for which this machine lacks something are left out, and
 * so are those that answer wrongly.
 *
 * @module
 */

import { checkOptions, HELP, readSettings } from "./bench/choose.ts";
import { drawChart } from "./bench/chart.ts";
import { renderPages, RESULTS, writeJson } from "./bench/pages.ts";
import { judgeAll, type Results } from "./bench/results.ts";
import { runAgainst, runBench } from "./bench/run.ts";
import { writeResults } from "./bench/table.ts";
import { UnavailableError } from "./interop/peer.ts";
import { readText } from "./options.ts";

const { args } = Deno;

function has(flag: string): boolean {
  return args.includes(`--${flag}`);
}

async function getResults(): Promise<Results> {
  const from = readText("from");
  if (from !== undefined) return JSON.parse(await Deno.readTextFile(from));
  const options = {
    settings: readSettings(has("quick")),
    command: ["deno task bench", ...args.filter((arg) => arg !== "--write")]
      .join(" "),
    onProgress: (text: string) => console.error(text),
  };
  const against = readText("against");
  return against === undefined
    ? await runBench(options)
    : await runAgainst(against, options);
}

async function write(results: Results): Promise<void> {
  const json = await writeJson(results);
  const files = [["json", json], ["svg", drawChart(results)]] as const;
  for (const [name, text] of files) {
    const file = readText(name);
    if (file !== undefined) await Deno.writeTextFile(file, text);
  }
  if (!has("write")) return;
  await Deno.writeTextFile(RESULTS, json);
  for (const { url, text } of await renderPages(results)) {
    await Deno.writeTextFile(url, text);
  }
}

async function main(): Promise<void> {
  checkOptions(args);
  const results = await getResults();
  console.log(writeResults(results));
  await write(results);
  const isDearer = readText("against") !== undefined &&
    judgeAll(results).some(({ isKept }) => !isKept);
  if (!isDearer) return;
  console.error("FAILED: this tree costs more than it may");
  Deno.exitCode = 1;
}

if (import.meta.main) {
  if (has("help")) console.log(HELP);
  else {
    try {
      await main();
    } catch (error) {
      const isUsage = error instanceof RangeError ||
        error instanceof UnavailableError;
      if (!isUsage) throw error;
      console.error(error.message);
      Deno.exitCode = 2;
    }
  }
}

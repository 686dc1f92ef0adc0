/**
 * Does what a new user does with README.md alone, in an empty folder, and prints
 * each step: installs the module, pastes the files, runs the commands, and opens
 * the page in a browser.
 *
 * ```sh
 * deno task first-hour
 * ```
 *
 * @module
 */

import { lacksBrowser } from "./browser/mod.ts";
import { runFirstHour } from "./first_hour/mod.ts";
import { layOutPackage } from "./first_hour/registry.ts";

const cache = await Deno.makeTempDir();
try {
  const registry = await layOutPackage(cache);
  const begin = performance.now();
  await runFirstHour({
    registry,
    hasBrowser: !lacksBrowser("the page of the README"),
    onStep({ name, output }) {
      console.log(`$ ${name}\n${output.trimEnd()}`);
    },
  });
  const seconds = (performance.now() - begin) / 1_000;
  console.log(`From nothing to a tested program in ${seconds.toFixed(1)} s`);
} finally {
  await Deno.remove(cache, { recursive: true });
}

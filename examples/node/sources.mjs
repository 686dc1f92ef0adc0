/**
 * Lets Node run the sources of this repository as they are: TypeScript, and
 * `@neffos/mvc` as deno.json has it. A program of yours needs none of this: it
 * gets JavaScript by `npx jsr add @neffos/mvc`.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { register } from "node:module";
import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";
import { transform } from "esbuild";

const CONFIG = new URL("../../deno.json", import.meta.url);
const { name, exports } = JSON.parse(await readFile(CONFIG, "utf8"));
const entries = new Map(
  Object.entries(exports).map(([path, file]) => [
    name + path.slice(1),
    new URL(file, CONFIG).href,
  ]),
);

/** A hook of Node: finds the entry points of the module. */
export function resolve(specifier, context, next) {
  const url = entries.get(specifier);
  return url ? { url, shortCircuit: true } : next(specifier, context);
}

/** A hook of Node: reads TypeScript as JavaScript. */
export async function load(url, context, next) {
  if (!url.endsWith(".ts")) return await next(url, context);
  const source = await readFile(new URL(url), "utf8");
  const { code } = await transform(source, {
    loader: "ts",
    target: `node${process.versions.node}`,
    sourcefile: fileURLToPath(url),
    sourcemap: "inline",
  });
  return { format: "module", source: code, shortCircuit: true };
}

// Node runs hooks in a thread of their own, which loads this file again.
if (isMainThread) register(import.meta.url);

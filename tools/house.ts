/**
 * Prints the figures of the source: files, folders, circles.
 *
 * ```sh
 * deno task house                     # of this checkout
 * deno task house ../before           # of another one, old or new
 * deno task house ../before --walks   # with what an action passes through and what a connection holds
 * ```
 *
 * @module
 */

import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { median } from "./bench/median.ts";
import {
  type Circle,
  findCircles,
  findFiles,
  findFolderCircles,
  reach,
  readImports,
} from "./house/imports.ts";
import { countObjects } from "./house/objects.ts";
import { takeWalks } from "./house/walks.ts";

const CLIENT = "neffos/client.ts";

/** Counts lines, without the empty ones and those of comments. */
function countCode(lines: readonly string[]): number {
  let isComment = false;
  return lines.map((line) => line.trim()).filter((line) => {
    if (line.startsWith("/*")) isComment = true;
    const isCode = !isComment && line !== "" && !line.startsWith("//");
    if (line.endsWith("*/")) isComment = false;
    return isCode;
  }).length;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Finds the largest figure, with what it is about. */
function largest(figures: Iterable<[string, number]>): string {
  const [name, value] = [...figures].reduce((a, b) => b[1] > a[1] ? b : a);
  return `${value} (${name})`;
}

function describeFiles(
  root: string,
  files: readonly string[],
): [string, string | number][] {
  const sources = files.map((file) =>
    Deno.readTextFileSync(`${root}/${file}`).trimEnd().split("\n")
  );
  const lines = sources.map(({ length }) => length);
  const folders = Map.groupBy(files, dirname);
  return [
    ["source files", files.length],
    ["lines", sum(lines)],
    ["lines of code", sum(sources.map(countCode))],
    ["lines of a file, median", median(lines)],
    ["lines of a file, largest", largest(files.map((f, i) => [f, lines[i]!]))],
    ["files under 60 lines", lines.filter((count) => count < 60).length],
    ["files over 400 lines", lines.filter((count) => count > 400).length],
    [
      "files of the largest folder",
      largest(folders.entries().map(([name, { length }]) => [name, length])),
    ],
  ];
}

function describeCircles(circles: readonly Circle[]): string {
  const sizes = circles.map(({ members }) => members.length)
    .toSorted((a, b) => b - a);
  return sizes.length === 0 ? "0" : `${sizes.length} (of ${sizes.join(", ")})`;
}

async function describeImports(
  root: string,
  files: readonly string[],
): Promise<[string, string | number][]> {
  const imports = await readImports(root, files);
  const values = imports.filter(({ isType }) => !isType);
  return [
    ["circles of values", describeCircles(findCircles(values))],
    ["circles, with types", describeCircles(findCircles(imports))],
    ["circles of folders", describeCircles(findFolderCircles(imports))],
    [`modules loaded for ${CLIENT}`, reach(values, CLIENT).size + 1],
  ];
}

if (import.meta.main) {
  const folder = Deno.args.find((arg) => !arg.startsWith("--"));
  const root = resolve(
    folder ?? fileURLToPath(new URL("../", import.meta.url)),
  );
  const files = [
    ...await findFiles(root, "neffos"),
    ...await findFiles(root, "mvc"),
  ];
  const rows = [
    ...describeFiles(root, files),
    ...await describeImports(root, files),
  ];
  if (Deno.args.includes("--walks")) {
    rows.push(...await takeWalks(root), ...await countObjects(root, files));
  }
  console.log("| what | figure |\n| --- | --- |");
  for (const [name, figure] of rows) console.log(`| ${name} | ${figure} |`);
}

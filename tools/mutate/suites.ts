/** The test files of a checkout, and the lines that each of them runs. */

import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { reach, readImports } from "../house/imports.ts";

/** A test file. */
export interface Suite {
  /** A path relative to the checkout. */
  readonly file: string;
  /** How long it takes, in milliseconds. */
  readonly time: number;
  /** The lines that run, by their file. */
  readonly lines: Readonly<Record<string, readonly number[]>>;
}

/** A program that has ended, or was ended. */
export interface Ending {
  readonly isTimeout: boolean;
  readonly success: boolean;
  readonly output: string;
}

/** Memory of a test that loops for ever, in MiB. */
const MOST_MEMORY = 1024;

/** Options of {@linkcode runTests}. */
interface RunOptions {
  readonly args?: readonly string[];
  /** In milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/**
 * Runs test files one after another until one fails or the time is up, which ends all its processes.
 *
 * @throws {DOMException} When it is aborted.
 */
export async function runTests(
  root: string,
  files: readonly string[],
  { args = [], timeout, signal }: RunOptions,
): Promise<Ending> {
  signal.throwIfAborted();
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "-A",
      "--no-check",
      "--fail-fast",
      `--v8-flags=--max-old-space-size=${MOST_MEMORY}`,
      ...args,
      ...files,
    ],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
    // Makes a group of it, with the processes that tests start.
    detached: true,
  }).spawn();
  const end = () => killGroup(process.pid);
  const time = AbortSignal.timeout(timeout);
  const either = AbortSignal.any([signal, time]);
  either.addEventListener("abort", end);
  const { success, stdout, stderr } = await process.output();
  either.removeEventListener("abort", end);
  signal.throwIfAborted();
  const isTimeout = time.aborted;
  if (!success) end();
  const decoder = new TextDecoder();
  const output = decoder.decode(stdout) + decoder.decode(stderr);
  return { isTimeout, success, output };
}

function killGroup(pid: number): void {
  try {
    Deno.kill(-pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Finds files of a checkout by the end of their names; folders with a dot and those of tools are left out. */
export async function findFiles(
  root: string,
  suffix: string,
  path = "",
): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(join(root, path))) {
    const inner = path === "" ? name : `${path}/${name}`;
    if (/^\.|^(node_modules|coverage)$/.test(name)) continue;
    if (isDirectory) found.push(...await findFiles(root, suffix, inner));
    else if (name.endsWith(suffix)) found.push(inner);
  }
  return found.sort();
}

/** Options of {@linkcode measureSuites}. */
export interface MeasureOptions {
  /** The folder that keeps the results for the next run. */
  readonly cache: string;
  /** Tests that take longer are left out. In milliseconds. */
  readonly longest: number;
  readonly signal: AbortSignal;
}

/**
 * Runs every test file of a checkout by itself, and notes the lines that it runs.
 *
 * A file that nothing of what it imports has changed since the last run is not run again.
 *
 * @throws {Error} If a test fails.
 */
export async function measureSuites(
  root: string,
  { cache, longest, signal }: MeasureOptions,
): Promise<Suite[]> {
  await Deno.mkdir(cache, { recursive: true });
  const files = await findFiles(root, ".ts");
  const edges = await readImports(root, files);
  const suites: Suite[] = [];
  for (const file of files.filter((file) => file.endsWith("_test.ts"))) {
    const needed = [file, ...reach(edges, file).keys()]
      .filter((path) => files.includes(path)).sort();
    const key = await hash(root, ["deno.json", ...new Set(needed)]);
    const kept = join(cache, `${key}.lines`);
    try {
      suites.push({ ...JSON.parse(await Deno.readTextFile(kept)), file });
    } catch {
      const suite = await measure(root, file, { timeout: longest, signal });
      if (suite === undefined) continue;
      await Deno.writeTextFile(kept, JSON.stringify(suite));
      suites.push(suite);
    }
  }
  return suites;
}

/** Changes when the kept results do. */
const FORMAT = "2";

async function hash(root: string, files: readonly string[]): Promise<string> {
  const texts = files.map(async (file) =>
    `${file}\n${await Deno.readTextFile(join(root, file)).catch(() => "")}\n`
  );
  const data = new TextEncoder().encode(
    FORMAT + Deno.version.deno + (await Promise.all(texts)).join(""),
  );
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data)).toHex();
}

async function measure(
  root: string,
  file: string,
  options: RunOptions,
): Promise<Suite | undefined> {
  const folder = await Deno.makeTempDir();
  try {
    const args = [`--coverage=${folder}`, "--coverage-raw-data-only"];
    let start = performance.now();
    let ending = await runTests(root, [file], { ...options, args });
    if (!ending.success && !ending.isTimeout) {
      start = performance.now();
      ending = await runTests(root, [file], { ...options, args });
    }
    const time = performance.now() - start;
    if (ending.isTimeout) return undefined;
    if (!ending.success) {
      throw new Error(
        `Cannot measure ${file}: it fails without a change\n${ending.output}`,
      );
    }
    return { file, time, lines: await readLines(root, folder) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Reads which lines have run from what V8 has noted. */
async function readLines(
  root: string,
  folder: string,
): Promise<Record<string, number[]>> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["coverage", "--lcov", folder],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  const lines: Record<string, number[]> = {};
  const add = (line: string) => {
    const known = lines[file] ??= [];
    if (!known.includes(Number(line))) known.push(Number(line));
  };
  let file = "";
  for (const line of new TextDecoder().decode(stdout).split("\n")) {
    const [, source] = /^SF:(.*)$/.exec(line) ?? [];
    if (source !== undefined) {
      const path = source.startsWith("file:") ? fileURLToPath(source) : source;
      file = relative(root, path).replaceAll("\\", "/");
    }
    const [, number, count] = /^DA:(\d+),(\d+)/.exec(line) ?? [];
    if (number !== undefined && count !== "0") add(number);
    // A line counts as not run if any part of it has not run; it has branches if the rest has.
    const [, branching] = /^BRDA:(\d+),/.exec(line) ?? [];
    if (branching !== undefined) add(branching);
  }
  return lines;
}

/** Chooses the suites that run a line of a file: first that of the file itself, then those that take the least time. */
export function chooseSuites(
  suites: readonly Suite[],
  { file, line }: { file: string; line: number },
): Suite[] {
  const own = file.replace(/\.ts$/, "_test.ts");
  return suites.filter(({ lines }) => lines[file]?.includes(line))
    .toSorted((a, b) =>
      Number(b.file === own) - Number(a.file === own) || a.time - b.time
    );
}

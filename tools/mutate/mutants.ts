/** The mutants of a checkout: each of them is one small change of one file. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Equivalent } from "./equivalent.ts";
import type { Change } from "./plugin.ts";

/** A change of a file, and where it is. */
export interface Mutant extends Change {
  /** Names it from run to run, while the file stays as it is: `file:line:column:kind`. */
  readonly id: string;
  /** A path relative to the checkout. */
  readonly file: string;
  /** Counts from 1. */
  readonly line: number;
  /** Counts from 1. */
  readonly column: number;
}

/** What `deno lint --json` prints, as far as it is read here. */
interface Report {
  readonly diagnostics: readonly {
    readonly filename: string;
    readonly message: string;
  }[];
  readonly errors: readonly { readonly message: string }[];
}

/** Finds the mutants of some files, in the order of their places. */
export async function findMutants(
  root: string,
  files: readonly string[],
): Promise<Mutant[]> {
  const config = fileURLToPath(new URL("lint.json", import.meta.url));
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["lint", "--json", `--config=${config}`, ...files],
    cwd: root,
  }).output();
  const decoder = new TextDecoder();
  const text = decoder.decode(stdout);
  if (text === "") throw new Error(decoder.decode(stderr));
  const { diagnostics, errors } = JSON.parse(text) as Report;
  if (errors.length > 0) throw new Error(errors[0]!.message);
  const changes = Map.groupBy(
    diagnostics,
    ({ filename }) => fileURLToPath(filename),
  );
  const mutants = files.map(async (file) => {
    const path = join(root, file);
    const source = await Deno.readTextFile(path);
    const all = (changes.get(path) ?? [])
      .map(({ message }) => JSON.parse(message) as Change)
      .toSorted((a, b) => a.start - b.start || a.end - b.end);
    return place(file, source, all);
  });
  return (await Promise.all(mutants)).flat();
}

/** Gives each change its place and its name. */
function place(
  file: string,
  source: string,
  changes: readonly Change[],
): Mutant[] {
  const seen = new Set<string>();
  return changes.flatMap((change) => {
    const result = applyTo(source, change);
    if (seen.has(result)) return [];
    seen.add(result);
    const before = source.slice(0, change.start);
    const line = before.split("\n").length;
    const column = before.length - before.lastIndexOf("\n");
    const name = `${file}:${line}:${column}:${change.kind}`;
    let id = name;
    for (let n = 2; seen.has(id); n++) id = `${name}-${n}`;
    seen.add(id);
    return { ...change, id, file, line, column };
  });
}

/** Applies a change to its file. */
export function applyTo(source: string, { start, end, text }: Change): string {
  return source.slice(0, start) + text + source.slice(end);
}

/** The number of lines of a diff that says what has gone. */
const MOST_LINES = 8;

/** Shows a change as the lines that go, with `-`, and those that come, with `+`. */
export function showDiff(source: string, change: Change): string {
  const { start, end, text } = change;
  const first = source.lastIndexOf("\n", start - 1) + 1;
  const last = source.indexOf("\n", end);
  const tail = source.slice(end, last < 0 ? undefined : last);
  const lines = (sign: string, code: string) => {
    const all = code.split("\n");
    const shown = all.slice(0, MOST_LINES).map((line) => `${sign} ${line}`);
    if (all.length > MOST_LINES) shown.push(`${sign} …`);
    return shown;
  };
  const head = source.slice(first, start);
  return [
    ...lines("-", head + source.slice(start, end) + tail),
    ...lines("+", head + text + tail).filter((line) => line.trim() !== "+"),
  ].join("\n");
}

/**
 * Finds the mutants that behave like the original, by a list.
 *
 * @returns Each of them with the reason.
 * @throws {Error} If an entry is stale: its code is not in its file, or more than once, or has no such mutant.
 */
export async function findEquivalents(
  root: string,
  mutants: readonly Mutant[],
  list: readonly Equivalent[],
): Promise<Map<Mutant, string>> {
  const found = new Map<Mutant, string>();
  const inFile = Map.groupBy(mutants, ({ file }) => file);
  for (const { file, code, kinds, reason } of list) {
    const candidates = inFile.get(file);
    if (candidates === undefined) continue;
    const source = await Deno.readTextFile(join(root, file));
    const start = source.indexOf(code);
    if (start < 0 || source.includes(code, start + 1)) {
      const count = start < 0 ? "not there" : "there more than once";
      throw new Error(
        `Cannot use the equivalent mutants of ${file}: ${
          JSON.stringify(code)
        } is ${count}`,
      );
    }
    const matching = candidates.filter((mutant) =>
      mutant.start >= start && mutant.start < start + code.length &&
      (kinds === undefined || kinds.includes(mutant.kind))
    );
    if (matching.length === 0) {
      throw new Error(
        `Cannot use the equivalent mutants of ${file}: ${
          JSON.stringify(code)
        } has no such mutant`,
      );
    }
    for (const mutant of matching) found.set(mutant, reason);
  }
  return found;
}

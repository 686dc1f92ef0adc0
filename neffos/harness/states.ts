/** Helpers for tests of state machines: tables from comments, and logged paths. */

import { assert, assertEquals } from "@std/assert";

/** The place of the table of a state machine. */
export interface TableSource {
  /** The URL of the module that declares the states. */
  readonly module: URL;
  /** The union type of the states, whose comment has the table. */
  readonly type: string;
  /**
   * The column with the next states.
   *
   * @default {"next"}
   */
  readonly column?: string;
}

/**
 * Reads a table of transitions from the comment of a union type.
 *
 * @returns The transitions, such as `out -> entering`, in alphabetical order.
 */
export async function readTransitions(
  { module, type, column = "next" }: TableSource,
): Promise<string[]> {
  const source = await Deno.readTextFile(module);
  const [before, after] = source.split(
    new RegExp(`^(?:export )?type ${type} =`, "m"),
  );
  assert(after !== undefined, `there is no type ${type} in ${module}`);
  const comment = before!.slice(before!.lastIndexOf("/**"));
  const union = after.slice(0, after.indexOf(";"));
  const states = Array.from(union.matchAll(/"(\w+)"/g), ([, name]) => name!);
  const next = readColumn(comment, column);
  assertEquals([...next.keys()], states, `the rows of ${type}, "${column}"`);
  return [...next].flatMap(([state, cell]) => {
    const names = cell.split(",").map((name) => name.trim()).filter(Boolean);
    return names.map((name) => {
      assert(states.includes(name), `"${name}" is not a state of ${type}`);
      return `${state} -> ${name}`;
    });
  }).sort();
}

/** Reads a column of a table in a comment, by the cells of the first column. */
function readColumn(comment: string, column: string): Map<string, string> {
  const cells = new Map<string, string>();
  let index = -1;
  let last = "";
  for (const line of comment.split("\n")) {
    const row = line.match(/^ \* \|(.*)\|$/)?.[1]?.split("|")
      .map((cell) => cell.trim());
    if (row === undefined) index = -1;
    else if (index < 0) index = row.indexOf(column);
    else if (!row[0]!.startsWith("---")) {
      // A row without a first cell continues the row above it.
      last = row[0] || last;
      cells.set(last, `${cells.get(last) ?? ""} ${row[index]}`);
    }
  }
  return cells;
}

/** Lists the transitions of paths such as `out entering in`. */
export function transitionsOf(paths: Iterable<string>): string[] {
  const all = new Set<string>();
  for (const path of paths) {
    const states = path.split(" ");
    for (const [i, state] of states.slice(1).entries()) {
      all.add(`${states[i]} -> ${state}`);
    }
  }
  return [...all].sort();
}

/** Options of a {@linkcode PathLog}. */
export interface PathLogInit<Owner> {
  /** The state in which every path begins. */
  readonly first: string;
  /** Names the path of an object. */
  keyOf(owner: Owner): string;
  /** Reads the state of an object. */
  stateOf(owner: Owner): string;
}

/** Logs the states that objects go through. */
export class PathLog<Owner extends object> implements Disposable {
  readonly #init: PathLogInit<Owner>;
  readonly #paths = new Map<string, string[]>();
  /** The latest object of each path. */
  readonly #owners = new Map<string, Owner>();
  readonly #restored = new DisposableStack();

  constructor(init: PathLogInit<Owner>) {
    this.#init = init;
  }

  /** The latest objects of all paths. */
  get owners(): Owner[] {
    return [...this.#owners.values()];
  }

  /** Logs the state of an object, if it has changed. */
  note(owner: Owner): void {
    const { first, keyOf, stateOf } = this.#init;
    const key = keyOf(owner);
    const path = this.#paths.get(key) ?? [first];
    this.#paths.set(key, path);
    this.#owners.set(key, owner);
    const state = stateOf(owner);
    if (path.at(-1) !== state) path.push(state);
  }

  /** Logs the states of all known objects, if they have changed. */
  noteAll(): void {
    for (const owner of this.owners) this.note(owner);
  }

  /**
   * Logs the state before and after each call of some methods of a class, until
   * the log is disposed of.
   *
   * @param prototype The prototype of the class.
   * @param names The methods, which may be protected.
   * @param ownersOf The objects to log; the one that is called by default.
   */
  watch<Target extends object>(
    prototype: Target,
    names: readonly string[],
    ownersOf: (target: Target) => Owner[] = (target) => [target as never],
  ): void {
    // The cast lets a test wrap methods that are protected.
    const methods = prototype as Record<string, (...args: never[]) => unknown>;
    for (const name of names) {
      const method = methods[name];
      assert(typeof method === "function", `there is no method ${name}`);
      const note = (target: Target) => {
        for (const owner of ownersOf(target)) this.note(owner);
      };
      methods[name] = function (this: Target, ...args) {
        note(this);
        try {
          return method.apply(this, args);
        } finally {
          note(this);
        }
      };
      this.#restored.defer(() => methods[name] = method);
    }
  }

  /** The path with a key, such as `out entering in`. */
  pathOf(key: string): string {
    return (this.#paths.get(key) ?? [this.#init.first]).join(" ");
  }

  [Symbol.dispose](): void {
    this.#restored.dispose();
  }
}

/**
 * Matches a path against a pattern in time that grows with the length of the
 * path alone: whatever a client sends, each place in the pattern is tried at
 * most once for each place in the path. A regular expression of JavaScript may
 * try them in every combination.
 *
 * The pattern becomes a program for a backtracking machine that remembers which
 * of its choices have failed. It finds what `URLPattern` finds, since it tries
 * the same choices in the same order.
 *
 * @module
 */

/** Tells which of the 128 ASCII characters match. A clean path has no others. */
type CharTable = readonly boolean[];

/** One step of a program. */
type Step =
  | { readonly op: "char"; readonly table: CharTable }
  | { readonly op: "choice"; first: number; second: number; id: number }
  | { readonly op: "jump"; to: number }
  | { readonly op: "save"; readonly slot: number }
  | {
    readonly op: "test";
    readonly holds: (path: string, at: number) => boolean;
  }
  | { readonly op: "end" };

/** A part of a program; building it appends its steps. */
export type Fragment = (builder: Builder) => void;

/** A quantifier: how often, and whether rather often than seldom. */
export interface Quantifier {
  readonly min: number;
  readonly max: number;
  readonly isGreedy: boolean;
}

/** More steps than this make a path cost too much. */
const MAX_STEPS = 4_096;

class Builder {
  readonly steps: Step[] = [];
  choices = 0;

  add<S extends Step>(step: S): S {
    if (this.steps.length === MAX_STEPS) {
      throw new TypeError(
        `its regular expressions are too large: they must not repeat so much by {n}`,
      );
    }
    this.steps.push(step);
    return step;
  }

  /** Adds a choice between the next step and one that is known later. */
  addChoice(isGreedy: boolean): (other: number) => void {
    const next = this.steps.length + 1;
    const choice = this.add({
      op: "choice",
      first: next,
      second: next,
      id: this.choices++,
    });
    return (other) => {
      if (isGreedy) choice.second = other;
      else choice.first = other;
    };
  }
}

/** Matches a text as it is. */
export function matchText(text: string): Fragment {
  return matchAll(
    Array.from(text, (char) => matchChar((each) => each === char)),
  );
}

/** Matches one character. */
function matchChar(isMatch: (char: string) => boolean): Fragment {
  const table = Array.from(
    { length: 128 },
    (_, code) => isMatch(String.fromCharCode(code)),
  );
  return (builder) => void builder.add({ op: "char", table });
}

/** Matches fragments one after another. */
export function matchAll(fragments: readonly Fragment[]): Fragment {
  return (builder) => {
    for (const fragment of fragments) fragment(builder);
  };
}

/** Matches one of several fragments, the first one first. */
function matchAny([first, ...others]: readonly Fragment[]): Fragment {
  if (others.length === 0) return first!;
  return (builder) => {
    const setOther = builder.addChoice(true);
    first!(builder);
    const jump = builder.add({ op: "jump", to: 0 });
    setOther(builder.steps.length);
    matchAny(others)(builder);
    jump.to = builder.steps.length;
  };
}

/** Matches a fragment several times. */
export function repeat(
  fragment: Fragment,
  { min, max, isGreedy }: Quantifier,
): Fragment {
  return (builder) => {
    for (let i = 0; i < min; i++) fragment(builder);
    if (max === Infinity) {
      const start = builder.steps.length;
      const setEnd = builder.addChoice(isGreedy);
      fragment(builder);
      builder.add({ op: "jump", to: start });
      setEnd(builder.steps.length);
      return;
    }
    const setEnds: ((end: number) => void)[] = [];
    for (let i = min; i < max; i++) {
      setEnds.push(builder.addChoice(isGreedy));
      fragment(builder);
    }
    for (const setEnd of setEnds) setEnd(builder.steps.length);
  };
}

/** Saves what a fragment matches as a group. */
export function capture(fragment: Fragment, group: number): Fragment {
  return (builder) => {
    builder.add({ op: "save", slot: 2 * group });
    fragment(builder);
    builder.add({ op: "save", slot: 2 * group + 1 });
  };
}

/**
 * Compiles a fragment.
 *
 * @returns A function that matches whole paths, and returns the groups:
 * `undefined` for one that was left out.
 */
export function compileFragment(
  fragment: Fragment,
  groups: number,
): (path: string) => (string | undefined)[] | undefined {
  const builder = new Builder();
  fragment(builder);
  builder.add({
    op: "test",
    holds: (path, at) => at === path.length,
  });
  builder.add({ op: "end" });
  const { steps, choices } = builder;
  return (path) => {
    const saves = run(steps, choices, path);
    if (saves === undefined) return undefined;
    return Array.from({ length: groups }, (_, i) => {
      const start = saves[2 * i];
      return start === undefined ? undefined : path.slice(
        start,
        saves[2 * i + 1],
      );
    });
  };
}

/** Runs a program, and returns where its groups start and end. */
function run(
  steps: readonly Step[],
  choices: number,
  path: string,
): (number | undefined)[] | undefined {
  const saves: (number | undefined)[] = [];
  // A choice that was made before at the same place has failed since.
  const seen = new Uint8Array(choices * (path.length + 1));
  // Pairs: a step and a place to go back to, or ~slot and its former value.
  const stack: (number | undefined)[] = [0, 0];
  while (stack.length > 0) {
    const place = stack.pop();
    let index = stack.pop()!;
    if (index < 0) {
      saves[~index] = place;
      continue;
    }
    let at = place!;
    for (;;) {
      const step = steps[index]!;
      if (step.op === "char") {
        if (!step.table[path.charCodeAt(at)]) break;
        at++;
        index++;
      } else if (step.op === "choice") {
        const key = step.id * (path.length + 1) + at;
        if (seen[key]) break;
        seen[key] = 1;
        stack.push(step.second, at);
        index = step.first;
      } else if (step.op === "jump") {
        index = step.to;
      } else if (step.op === "save") {
        stack.push(~step.slot, saves[step.slot]);
        saves[step.slot] = at;
        index++;
      } else if (step.op === "test") {
        if (!step.holds(path, at)) break;
        index++;
      } else return saves;
    }
  }
  return undefined;
}

/**
 * Reads a regular expression that `URLPattern` has accepted. Deno accepts no
 * capturing group, no lookahead and no lookbehind.
 *
 * @throws {TypeError} If it has a group that is not `(?:…)`, or a back
 * reference.
 */
export function readRegExp(source: string): Fragment {
  return new RegExpReader(source).readAlternatives();
}

const WORD = /\w/;

function isWordAt(path: string, at: number): boolean {
  return WORD.test(path.charAt(at));
}

const ASSERTIONS: ReadonlyMap<string, (path: string, at: number) => boolean> =
  new Map([
    ["^", (_path, at) => at === 0],
    ["$", (path, at) => at === path.length],
    ["\\b", (path, at) => isWordAt(path, at - 1) !== isWordAt(path, at)],
    ["\\B", (path, at) => isWordAt(path, at - 1) === isWordAt(path, at)],
  ]);

/** One assertion, or one character: a class, an escape, or itself. */
const TOKEN =
  /\[(?:\\[^]|[^\]\\])*\]|\\(?:[pPu]\{[^}]*\}|u[\da-f]{4}|x[\da-f]{2}|c[a-z]|[^])|[^]/iy;

const QUANTIFIER = /(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})(\??)/y;

class RegExpReader {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  readAlternatives(): Fragment {
    const alternatives = [this.#readSequence()];
    while (this.#take(/\|/y)) alternatives.push(this.#readSequence());
    return matchAny(alternatives);
  }

  #readSequence(): Fragment {
    const fragments: Fragment[] = [];
    while (this.#at < this.#source.length && !/[|)]/.test(this.#peek())) {
      fragments.push(this.#readQuantified());
    }
    return matchAll(fragments);
  }

  #readQuantified(): Fragment {
    const fragment = this.#readOne();
    const found = this.#take(QUANTIFIER);
    if (found === undefined) return fragment;
    const [, sign, min, comma, max, lazy] = found;
    const isGreedy = lazy === "";
    if (sign === "*") {
      return repeat(fragment, { min: 0, max: Infinity, isGreedy });
    }
    if (sign === "+") {
      return repeat(fragment, { min: 1, max: Infinity, isGreedy });
    }
    if (sign === "?") return repeat(fragment, { min: 0, max: 1, isGreedy });
    return repeat(fragment, {
      min: Number(min),
      max: comma ? Number(max || Infinity) : Number(min),
      isGreedy,
    });
  }

  #readOne(): Fragment {
    if (this.#peek() === "(") return this.#readGroup();
    const [token] = this.#take(TOKEN)!;
    const holds = ASSERTIONS.get(token);
    if (holds) return (builder) => void builder.add({ op: "test", holds });
    if (/^\\[1-9k]/.test(token)) refuse("a back reference");
    return matchSet(token);
  }

  #readGroup(): Fragment {
    if (this.#take(/\(\?:/y) === undefined) {
      refuse("a group that is not written (?:…)");
    }
    const fragment = this.readAlternatives();
    this.#take(/\)/y);
    return fragment;
  }

  #peek(): string {
    return this.#source.charAt(this.#at);
  }

  #take(what: RegExp): RegExpExecArray | undefined {
    what.lastIndex = this.#at;
    const found = what.exec(this.#source) ?? undefined;
    if (found !== undefined) this.#at = what.lastIndex;
    return found;
  }
}

/** Matches one character as a part of a regular expression does. */
function matchSet(source: string): Fragment {
  const set = new RegExp(`^(?:${source})$`, "u");
  return matchChar((char) => set.test(char));
}

function refuse(what: string): never {
  throw new TypeError(
    `its regular expression has ${what}, which cannot be matched in linear time`,
  );
}

import { usage } from "../failure.ts";

/** A word of a line. */
export interface Word {
  /** The word, without its quotes. */
  readonly text: string;
  /** Whether it has quotes. */
  readonly isQuoted: boolean;
  /** Where it begins in the line. */
  readonly start: number;
  /** Where what follows it begins, spaces left out. */
  readonly end: number;
}

/**
 * Reads the next word of a line: up to a space, or in quotes. Double quotes are
 * those of JSON; nothing is special within single ones.
 *
 * @param line The line.
 * @param from Where to begin.
 * @returns The word, `undefined` at the end of the line.
 * @throws {Failure} When a quote is not closed.
 */
export function readWord(line: string, from = 0): Word | undefined {
  const start = from + /^\s*/.exec(line.slice(from))![0].length;
  const rest = line.slice(start);
  if (rest === "") return undefined;
  const match = QUOTED.exec(rest);
  const quote = rest.charAt(0);
  if (match === null && (quote === '"' || quote === "'")) {
    throw usage(`Cannot read the line: the quote ${quote} is not closed`);
  }
  const raw = match?.[1] ?? /^\S+/.exec(rest)![0];
  const after = rest.slice(raw.length);
  const end = start + raw.length + /^\s*/.exec(after)![0].length;
  return {
    text: match === null ? raw : unquote(raw),
    isQuoted: match !== null,
    start,
    end,
  };
}

const QUOTED = /^("(?:[^"\\]|\\.)*"|'[^']*')(?=\s|$)/;

function unquote(raw: string): string {
  if (raw.startsWith("'")) return raw.slice(1, -1);
  try {
    return JSON.parse(raw);
  } catch {
    throw usage(`Cannot read ${raw}: it is no string of JSON`);
  }
}

/** The words at the beginning of a line, and what follows them as it is. */
export interface Line {
  readonly words: readonly Word[];
  /** The rest: a body, whose quotes and spaces are its own. */
  readonly rest: string;
}

/**
 * Splits a line into words and the rest.
 *
 * @param line The line.
 * @param count How many words there may be before the rest.
 * @returns The words, and the rest.
 * @throws {Failure} When a quote is not closed.
 */
export function splitLine(line: string, count: number): Line {
  const words: Word[] = [];
  let at = 0;
  while (words.length < count) {
    const word = readWord(line, at);
    if (word === undefined) break;
    words.push(word);
    at = word.end;
  }
  return { words, rest: line.slice(at).trimEnd() };
}

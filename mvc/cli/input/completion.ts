import { quoteIfOdd } from "../output/visible.ts";
import { readWord, type Word } from "./line.ts";

/** What a word of a line names. */
export type WordKind =
  | "command"
  | "namespace"
  | "room"
  | "event"
  /** The name of a room, or what to do in the only one. */
  | "room or verb"
  | "verb";

/** The names of one kind that are known. */
export type Known = (kind: WordKind) => readonly string[];

/** Tells what the next word of a line names, if that is known, by those before it. */
export type Grammar = (before: readonly string[]) => WordKind | undefined;

/**
 * Completes the last word of a line.
 *
 * @param line The line up to the cursor.
 * @param grammar What each word names.
 * @param known The names that are known.
 * @returns The words that may stand there, and what they replace.
 */
export function completeLine(
  line: string,
  grammar: Grammar,
  known: Known,
): [hits: string[], fragment: string] {
  const before: string[] = [];
  let at = 0;
  for (;;) {
    const word = tryWord(line, at);
    // What the cursor touches is not whole yet.
    if (word === undefined || !/\s$/.test(line.slice(at, word.end))) break;
    before.push(word.text);
    at = word.end;
  }
  const fragment = line.slice(at);
  const kind = grammar(before);
  if (kind === undefined) return [[], fragment];
  const start = fragment.replace(/^["']/, "");
  const hits = [...new Set(known(kind))]
    .filter((name) => name !== "" && name.startsWith(start)).toSorted()
    .map((name) => `${quoteIfOdd(name)} `);
  return [hits, fragment];
}

function tryWord(line: string, at: number): Word | undefined {
  try {
    return readWord(line, at);
  } catch {
    // A quote that is not closed yet.
    return undefined;
  }
}

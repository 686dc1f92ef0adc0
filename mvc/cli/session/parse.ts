import { usage } from "../failure.ts";
import { splitLine, type Word } from "../input/line.ts";
import { type Action, ACTIONS, isVerb } from "./actions.ts";

/** A line that can be run. */
export interface Parsed {
  readonly action: Action;
  readonly words: readonly Word[];
  /** What follows the words. */
  readonly rest: string;
}

/**
 * Parses a line of the session.
 *
 * @param line The line.
 * @returns What to run, `undefined` for an empty line or a comment (`#`).
 * @throws {Failure} When there is no such command, or words are missing or too many.
 */
export function parseLine(line: string): Parsed | undefined {
  if (/^\s*(#|$)/.test(line)) return undefined;
  const { words: [first], rest: after } = splitLine(line, 1);
  const name = first!.text === "exit" ? "quit" : first!.text;
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action === undefined) {
    throw usage(
      `Cannot run ${
        JSON.stringify(name)
      }: no such command; help lists them, and emit EVENT sends an event`,
    );
  }
  const { words, rest } = splitArguments(action, after);
  const isWrong = words.length < action.least ||
    action.isClosed === true && rest !== "" ||
    action === ACTIONS["room"] && !isVerb(words.at(-2)!);
  if (isWrong) throw usage(`Write: ${name} ${action.arguments}`.trimEnd());
  return { action, words, rest };
}

function splitArguments(action: Action, text: string) {
  const { length } = action.words;
  if (action !== ACTIONS["room"]) return splitLine(text, length);
  const { words: [first] } = splitLine(text, 1);
  const hasRoom = first !== undefined && !isVerb(first);
  return splitLine(text, hasRoom ? length : length - 1);
}

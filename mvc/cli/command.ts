import { parseArgs } from "node:util";
import { usage } from "./failure.ts";
import type { IO } from "./io.ts";

/** An option of a command. */
export interface Option {
  /** The letter of its short form. */
  readonly short?: string;
  /** What its value is called in the help; without it, it takes none. */
  readonly value?: string;
  /** Whether it may be given several times. */
  readonly isList?: boolean;
  /** What it does. */
  readonly about: string;
}

/** The options of a command, by their names. */
export type Options = Readonly<Record<string, Option>>;

/** A command, such as `ask`. */
export interface Command {
  readonly name: string;
  /** One line about it. */
  readonly summary: string;
  /** Its arguments, such as `URL NAMESPACE EVENT [BODY]`. */
  readonly arguments: string;
  /** What else to know, a paragraph each. */
  readonly about: readonly string[];
  readonly options: Options;
  /** Commands that people may copy. */
  readonly examples: readonly string[];
  /**
   * Runs it.
   *
   * @param call What it was called with.
   * @returns The exit code.
   */
  run(call: Call): Promise<number>;
}

/** What a command was called with. */
export class Call {
  readonly io: IO;
  readonly words: readonly string[];
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(
    io: IO,
    words: readonly string[],
    values: Readonly<Record<string, unknown>>,
  ) {
    this.io = io;
    this.words = words;
    this.#values = values;
  }

  /** Whether an option without a value was given. */
  has(option: string): boolean {
    return this.#values[option] === true;
  }

  /** The value of an option. */
  get(option: string): string | undefined {
    const value = this.#values[option];
    return typeof value === "string" ? value : undefined;
  }

  /** The values of an option that may be given several times. */
  list(option: string): readonly string[] {
    const value = this.#values[option];
    return Array.isArray(value) ? value : [];
  }
}

/** The option that every command has. */
export const HELP: Option = { short: "h", about: "print this help" };

/**
 * Reads the arguments of a command.
 *
 * @param command The command.
 * @param args The arguments after its name.
 * @param io What it reads and writes.
 * @returns What it is called with, `undefined` if its help is asked for.
 * @throws {Failure} When an option is unknown, or there are too few or too many
 * arguments.
 */
export function parseCall(
  command: Command,
  args: readonly string[],
  io: IO,
): Call | undefined {
  const all: Options = { ...command.options, help: HELP };
  const { values, positionals } = parse(command, args, all);
  if (values["help"] === true) return undefined;
  assertCount(command, positionals.length);
  return new Call(io, positionals, values);
}

function parse(command: Command, args: readonly string[], all: Options) {
  const options = Object.fromEntries(
    Object.entries(all).map(([name, { short, value, isList = false }]) => [
      name,
      {
        type: value === undefined ? "boolean" : "string",
        multiple: isList,
        ...(short !== undefined && { short }),
      } as const,
    ]),
  );
  try {
    return parseArgs({
      args: [...args],
      options,
      allowPositionals: true,
      strict: true,
    });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw usage(
      `Cannot run "${command.name}": ${
        rephrase(error.message)
      }; see neffos help ${command.name}`,
    );
  }
}

/** Shortens what `parseArgs` says. */
function rephrase(message: string): string {
  const unknown = /^Unknown option '(-+[^' ,]+)/.exec(message);
  if (unknown !== null) {
    return `there is no option ${
      unknown[1]
    } (an argument that begins with - goes after --)`;
  }
  const lacks = /^Option '(?:-\w, )?(--[\w-]+) <value>' /.exec(message);
  if (lacks !== null) return `${lacks[1]} takes a value`;
  const takesNone = /^Option '(?:-\w, )?(--[\w-]+)' does not take an argument/
    .exec(message);
  if (takesNone !== null) return `${takesNone[1]} takes no value`;
  return message.split(/[.\n]/)[0]!;
}

/** Checks the number of arguments by those that the help shows. */
function assertCount(command: Command, count: number): void {
  const names = command.arguments.split(" ").filter((name) => name !== "");
  const least = names.filter((name) => !name.startsWith("["));
  const isOpen = names.some((name) => name.endsWith("...]"));
  if (count < least.length) {
    throw usage(
      `Cannot run "${command.name}" without ${
        least[count]
      }: write neffos ${command.name} ${command.arguments}`,
    );
  }
  if (isOpen || count <= names.length) return;
  throw usage(
    `Cannot run "${command.name}" with ${count} arguments: write neffos ${command.name} ${command.arguments}, with quotes around what has spaces`,
  );
}

import { type Command, HELP, type Options } from "./command.ts";
import type { Style } from "./output/style.ts";

/** The exit codes, for the help. */
const EXIT_CODES = `Exit codes:
    0  success; also the end of a watch by Ctrl-C
    1  the server refused an event, a namespace, a room or the client
    2  wrong arguments, or a file that cannot be read or written
    3  no connection, or the connection was lost
    4  a time limit has passed
   70  a bug in this program
  130  interrupted by Ctrl-C`;

/**
 * Writes the help of all commands.
 *
 * @param commands The commands.
 * @param style The colours.
 * @returns The text.
 */
export function writeHelp(commands: readonly Command[], style: Style): string {
  const rows = commands.map(({ name, summary }) => [name, summary] as const);
  return `${
    style.name("neffos")
  } talks to neffos servers from a terminal: those of @neffos/mvc, and those in Go.

Usage: neffos COMMAND [ARGUMENTS] [OPTIONS]

${writeRows(rows, style)}

  neffos help COMMAND   all about a command
  neffos --version      the version

${EXIT_CODES}

NO_COLOR=1 turns colours off. Results go to standard output, all else to
standard error.
`;
}

/**
 * Writes the help of one command.
 *
 * @param command The command.
 * @param style The colours.
 * @returns The text.
 */
export function writeCommandHelp(command: Command, style: Style): string {
  const { name, summary, about, examples, options } = command;
  const parts = [
    `${style.name(`neffos ${name}`)}: ${summary}`,
    `Usage: neffos ${`${name} ${command.arguments}`.trimEnd()} [OPTIONS]`,
    ...about,
    `Options:\n${writeRows(listOptions({ ...options, help: HELP }), style)}`,
    `Examples:\n${examples.map((example) => `  ${example}`).join("\n")}`,
  ];
  return `${parts.join("\n\n")}\n`;
}

function listOptions(options: Options): (readonly [string, string])[] {
  return Object.entries(options).map(([name, { short, value, about }]) => {
    const begin = short === undefined ? "    " : `-${short}, `;
    const end = value === undefined ? "" : ` ${value}`;
    return [`${begin}--${name}${end}`, about] as const;
  });
}

function writeRows(
  rows: readonly (readonly [string, string])[],
  style: Style,
): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, about]) =>
    `  ${style.name(name)}${" ".repeat(width - name.length)}  ${about}`
  ).join("\n");
}

import config from "../../deno.json" with { type: "json" };
import { type Command, parseCall } from "./command.ts";
import { bench } from "./commands/bench.ts";
import { connect } from "./commands/connect.ts";
import { init } from "./commands/init.ts";
import { ask, emit } from "./commands/send.ts";
import { watch } from "./commands/watch.ts";
import { EXIT, toFailure, usage, writeFailure } from "./failure.ts";
import { writeCommandHelp, writeHelp } from "./help.ts";
import type { IO } from "./io.ts";
import { makeStyle } from "./output/style.ts";

/** The commands, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  connect,
  emit,
  ask,
  watch,
  bench,
  init,
];

/**
 * Runs a command line.
 *
 * @param args The arguments.
 * @param io What it reads and writes.
 * @returns The exit code.
 */
export async function runProgram(
  args: readonly string[],
  io: IO,
): Promise<number> {
  try {
    return await runCommand(args, io);
  } catch (error) {
    const failure = toFailure(error);
    const { outcome } = failure;
    const message = writeFailure(failure);
    const exit = EXIT[outcome];
    const style = makeStyle(io.isErrorTTY, io);
    io.err(
      args.includes("--json")
        ? `${JSON.stringify({ error: message, kind: outcome, exit })}\n`
        : `${style.error("neffos:")} ${message}\n`,
    );
    return exit;
  }
}

async function runCommand(args: readonly string[], io: IO): Promise<number> {
  const style = makeStyle(io.isTTY, io);
  const [name, ...rest] = args;
  switch (name) {
    case undefined:
      io.err(writeHelp(COMMANDS, makeStyle(io.isErrorTTY, io)));
      return EXIT.usage;
    case "-V":
    case "--version":
    case "version":
      io.out(`neffos ${config.version}\n`);
      return EXIT.done;
    case "-h":
    case "--help":
    case "help": {
      const [topic] = rest.filter((word) => !word.startsWith("-"));
      io.out(
        topic === undefined
          ? writeHelp(COMMANDS, style)
          : writeCommandHelp(findCommand(topic), style),
      );
      return EXIT.done;
    }
  }
  const command = findCommand(name);
  const call = parseCall(command, rest, io);
  if (call !== undefined) return await command.run(call);
  io.out(writeCommandHelp(command, style));
  return EXIT.done;
}

function findCommand(name: string): Command {
  const found = COMMANDS.find((command) => command.name === name);
  if (found !== undefined) return found;
  const names = COMMANDS.map((command) => command.name).join(", ");
  const advice = /^(wss?|https?):/.test(name)
    ? `did you mean neffos connect ${name}`
    : `the commands are ${names}`;
  throw usage(`Cannot run ${JSON.stringify(name)}: ${advice}`);
}

/**
 * The command line: talks to neffos servers from a terminal, lays out projects,
 * and loads a server of one's own.
 *
 * ```sh
 * deno run -A jsr:@neffos/mvc/cli help
 * deno install -g -A -n neffos jsr:@neffos/mvc/cli
 * neffos connect ws://localhost:8080/chat chat
 * ```
 *
 * `neffos help` lists the commands, and `CLI.md` explains them. A program can
 * run them too:
 *
 * ```ts
 * import { runCommandLine } from "@neffos/mvc/cli";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await runCommandLine(["--version"]), 0);
 * ```
 *
 * @module
 */

import { makeIO } from "./io.ts";
import { runProgram } from "./program.ts";

/**
 * Runs a command line, with the input and output of this process.
 *
 * @param args The arguments, such as `["ask", url, "chat", "onTime"]`.
 * @returns The exit code: 0 for success, 1 when the server refuses, 2 for
 * wrong arguments, 3 without a connection, 4 when a time limit has passed, 70
 * for a bug in the command line itself.
 *
 * @example
 * ```ts
 * import { runCommandLine } from "@neffos/mvc/cli";
 * import { assertEquals } from "@std/assert";
 *
 * const code = await runCommandLine(["ask", "ws://127.0.0.1:1", "chat", "onHi"]);
 * assertEquals(code, 3); // nothing listens there
 * ```
 *
 * @category Command line
 */
export async function runCommandLine(
  args: readonly string[],
): Promise<number> {
  return await runProgram(args, makeIO());
}

// What is read from a terminal would keep the process alive.
if (import.meta.main) Deno.exit(await runCommandLine(Deno.args));

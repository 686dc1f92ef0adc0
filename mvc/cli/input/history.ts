import { dirname, join } from "node:path";
import type { IO } from "../io.ts";

/** How many lines are kept. */
export const HISTORY_SIZE = 1_000;

/**
 * Returns the file of the history: `neffos/history` in `$XDG_STATE_HOME`, or
 * in `~/.local/state`.
 *
 * @param io The environment.
 * @returns Its path, `undefined` if there is no home.
 */
export function findHistoryFile({ env }: Pick<IO, "env">): string | undefined {
  const home = env("HOME") ?? env("USERPROFILE");
  const base = env("XDG_STATE_HOME") ||
    (home && join(home, ".local", "state"));
  return base ? join(base, "neffos", "history") : undefined;
}

/**
 * Reads a history.
 *
 * @param path The file.
 * @returns Its lines, the latest first; none if it cannot be read.
 */
export async function readHistory(path: string): Promise<string[]> {
  try {
    const text = await Deno.readTextFile(path);
    return text.split("\n").filter((line) => line !== "").toReversed()
      .slice(0, HISTORY_SIZE);
  } catch {
    return [];
  }
}

/**
 * Writes a history, for its owner alone. If that is not possible, there is
 * none, which is no error.
 *
 * @param path The file.
 * @param lines The lines, the latest first.
 */
export async function writeHistory(
  path: string,
  lines: readonly string[],
): Promise<void> {
  const kept = lines.slice(0, HISTORY_SIZE).toReversed();
  try {
    await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await Deno.writeTextFile(path, kept.map((line) => `${line}\n`).join(""), {
      mode: 0o600,
    });
  } catch {
    // A history is a comfort, and its folder may be read-only.
  }
}

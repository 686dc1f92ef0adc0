import process from "node:process";

const SIGNALS: readonly NodeJS.Signals[] = process.platform === "win32"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

/** How long the end may take, in milliseconds. */
const LONGEST = 15_000;

/**
 * Ends the program in good order when it is told to, by Ctrl+C for example.
 *
 * @param stop Closes what is open. A second signal does not wait for it.
 * @param longest How long it is waited for, in milliseconds: a listener does
 * not end while a client leaves its answer unread.
 */
export function stopOnSignal(
  stop: () => Promise<void>,
  longest = LONGEST,
): void {
  async function end() {
    for (const signal of SIGNALS) process.off(signal, end);
    setTimeout(() => process.exit(1), longest);
    await stop();
    process.exit();
  }
  for (const signal of SIGNALS) process.on(signal, end);
}

const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

/**
 * Ends the program in good order when it is told to, by Ctrl+C for example.
 *
 * @param stop Closes what is open. A second signal does not wait for it.
 */
export function stopOnSignal(stop: () => Promise<void>): void {
  async function end() {
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, end);
    await stop();
    Deno.exit();
  }
  for (const signal of SIGNALS) Deno.addSignalListener(signal, end);
}

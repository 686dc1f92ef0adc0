import type { FaultSource } from "../api/server_api.ts";

/**
 * Reports to the program's hook, else to a log; never throws.
 *
 * @param onError The hook, if the program has set one.
 * @param log Logs what no hook has taken.
 * @param error The thrown value.
 * @param source Where it comes from.
 */
export function reportTo(
  onError: ((error: unknown, source: FaultSource) => unknown) | undefined,
  log: (error: unknown, source: FaultSource) => void,
  error: unknown,
  source: FaultSource,
): void {
  const run = async () => {
    try {
      await (onError ?? log)(error, source);
    } catch (failure) {
      // A fault that onError failed to report is logged.
      log(error, source);
      log(failure, { ...source, event: "onError" });
    }
  };
  // A failing console must not stop the connection.
  run().catch(() => {});
}

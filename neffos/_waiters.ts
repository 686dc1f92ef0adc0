import type { AskOptions } from "./_asks.ts";
import type { Core } from "./_core.ts";
import { type Deferred, makeDeferred } from "./_deferred.ts";
import { SparseMap } from "./_sparse_map.ts";
import { BadNamespaceError } from "./errors.ts";
import type { UntypedNSConn } from "./_untyped.ts";

/** Who waits until the other side connects a namespace. */
export class Waiters {
  readonly #core: Core;
  readonly #all = new SparseMap<string, Set<Deferred<UntypedNSConn>>>();

  constructor(core: Core) {
    this.#core = core;
  }

  /** Waits for a namespace. */
  wait(namespace: string, options: AskOptions): Promise<UntypedNSConn> {
    const { asks, queue, host } = this.#core;
    const { timeout, signal } = options;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const refusal = asks.limitError(`wait for namespace "${namespace}"`);
    if (refusal !== undefined) return Promise.reject(refusal);
    asks.joined++;
    const waiter = makeDeferred<UntypedNSConn>();
    const waiters = this.#all.get(namespace) ?? new Set();
    this.#all.set(namespace, waiters.add(waiter));
    const onAbort = () => waiter.reject(signal?.reason);
    signal?.addEventListener("abort", onAbort);
    const deadline = timeout === undefined
      ? undefined
      : host.timers.set(timeout, () =>
        waiter.reject(
          new BadNamespaceError(
            `Cannot wait for namespace "${namespace}": the other side did not connect it within ${timeout} ms`,
            { namespace },
          ),
        ));
    const turns = queue.callers();
    queue.suspend(turns);
    return waiter.promise.finally(() => {
      asks.joined--;
      queue.resume(turns);
      waiters.delete(waiter);
      if (waiters.size === 0) this.#all.delete(namespace);
      signal?.removeEventListener("abort", onAbort);
      if (deadline) host.timers.clear(timeout!, deadline);
    });
  }

  /** The namespace is connected. */
  resolve(nsConn: UntypedNSConn): void {
    for (const waiter of this.#all.get(nsConn.namespace) ?? []) {
      waiter.resolve(nsConn);
    }
  }

  /** There will be no namespace any more. */
  rejectAll(error: unknown): void {
    for (const waiters of this.#all.values()) {
      for (const waiter of waiters) waiter.reject(error);
    }
  }
}

import { within } from "../interop/journal.ts";
import { DEADLINE } from "./peer.ts";

/** What the worker is told: where the server is, then what to do. */
export type Order = "report" | "stop" | (string & Record<never, never>);

/** What the well-behaved client has seen, since it came or since it was last asked. */
export interface Testimony {
  /** What was lost, came twice or in another order, since it came. */
  readonly faults: readonly string[];
  /** The messages that came back, since it came. */
  readonly messages: number;
  /** The asks, since it came. */
  readonly asks: number;
  /** The broadcasts, since it came. */
  readonly broadcasts: number;
  /** How long asks took, in milliseconds, since it was last asked. */
  readonly trips: readonly number[];
}

/**
 * The well-behaved client, on a thread of its own so that the attackers do not
 * slow it: it sends numbered messages that must come back in order, asks, and
 * reads numbered broadcasts.
 */
export class Witness implements Disposable {
  readonly #worker = new Worker(new URL("witness_worker.ts", import.meta.url), {
    type: "module",
  });

  /** Brings it to a server. */
  static async at(port: number): Promise<Witness> {
    const witness = new Witness();
    await witness.#tell(`ws://127.0.0.1:${port}/ws`);
    return witness;
  }

  /** Asks what it has seen, once all that it has sent came back. */
  testify(): Promise<Testimony> {
    return this.#tell("report");
  }

  /** Lets it go. */
  leave(): Promise<Testimony> {
    return this.#tell("stop");
  }

  /** Ends it. */
  [Symbol.dispose](): void {
    this.#worker.terminate();
  }

  #tell(order: Order): Promise<Testimony> {
    const { promise, resolve, reject } = Promise.withResolvers<Testimony>();
    this.#worker.onmessage = ({ data }) => resolve(data);
    this.#worker.onerror = (event) => reject(new Error(event.message));
    this.#worker.postMessage(order);
    return within(promise, 2 * DEADLINE, "the witness");
  }
}

import { within } from "../interop/journal.ts";
import { DEADLINE } from "./peer.ts";

/** Messages to the worker: first the server's port, then orders. */
export type Order = "report" | "stop" | (string & Record<never, never>);

/** What the well-behaved client has seen, in all or since its last report. */
export interface Testimony {
  /** All messages that were lost, duplicated or out of order. */
  readonly faults: readonly string[];
  /** The number of all messages that came back. */
  readonly messages: number;
  /** The number of all asks. */
  readonly asks: number;
  /** The number of all broadcasts. */
  readonly broadcasts: number;
  /** The times of asks since the last report, in milliseconds. */
  readonly trips: readonly number[];
}

/**
 * The well-behaved client, on a thread of its own so that the attacks do not
 * slow it down: it sends numbered messages that must come back in order, asks, and
 * reads numbered broadcasts.
 */
export class Witness implements Disposable {
  readonly #worker = new Worker(new URL("witness_worker.ts", import.meta.url), {
    type: "module",
  });

  /** Connects it to a server. */
  static async at(port: number): Promise<Witness> {
    const witness = new Witness();
    await witness.#tell(`ws://127.0.0.1:${port}/ws`);
    return witness;
  }

  /** Requests its report, once all its messages have come back. */
  testify(): Promise<Testimony> {
    return this.#tell("report");
  }

  /** Disconnects it and returns its last report. */
  leave(): Promise<Testimony> {
    return this.#tell("stop");
  }

  /** Kills it. */
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

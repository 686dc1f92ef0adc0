/**
 * {@linkcode workersExchange}: joins the threads of one program.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { type Deferred, makeDeferred } from "../../util/promises.ts";
import { ChannelListeners } from "./listeners.ts";
import type {
  ExchangeData,
  ExchangeListener,
  StackExchange,
} from "../stack_exchange.ts";

interface Parcel {
  readonly channel: string;
  readonly data: ExchangeData;
}

/**
 * Joins the servers of the threads of a program by `BroadcastChannel`: those of
 * `deno serve --parallel`, of workers, and of isolates.
 *
 * A thread that is busy for long loses messages, since the platform keeps only
 * some of them for it: `onGap` tells of that as soon as the next one arrives.
 *
 * @param name The name of the `BroadcastChannel`.
 * @returns The exchange of this thread.
 * @throws {TypeError} When the name is no string, or empty.
 *
 * @example
 * ```ts
 * import { denoUpgrader, Server, workersExchange } from "@neffos/mvc";
 *
 * const server = new Server(denoUpgrader(), { chat: {} });
 * await server.useStackExchange(workersExchange("my-app"));
 * await server.close();
 * ```
 *
 * @category Exchanges
 */
export function workersExchange(name: string): StackExchange {
  if (typeof name !== "string" || name === "") {
    throw new TypeError(
      `Cannot join threads by the name ${
        JSON.stringify(name)
      }: it must be a string that is not empty`,
    );
  }
  return new WorkersExchange(name);
}

class WorkersExchange implements StackExchange {
  readonly isConnected = true;
  readonly #name: string;
  readonly #listeners = new ChannelListeners();
  /** Open while there is a listener: it keeps the program alive. */
  #port: BroadcastChannel | undefined;
  /** What was published in this turn of the event loop. */
  #parcels: Parcel[] = [];
  #posting: Deferred<void> | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  publish(channel: string, data: ExchangeData): Promise<void> {
    this.#parcels.push({ channel, data });
    if (this.#posting === undefined) {
      this.#posting = makeDeferred<void>();
      // The platform keeps a number of posts for a thread, whatever their size.
      setImmediate(() => this.#post());
    }
    return this.#posting.promise;
  }

  subscribe(channel: string, listener: ExchangeListener): Promise<void> {
    if (this.#port === undefined) this.#open();
    this.#listeners.add(channel, listener);
    return Promise.resolve();
  }

  unsubscribe(channel: string, listener: ExchangeListener): Promise<void> {
    this.#listeners.remove(channel, listener);
    if (this.#listeners.names.length === 0) {
      this.#port?.close();
      this.#port = undefined;
    }
    return Promise.resolve();
  }

  watch(): () => void {
    return () => {};
  }

  #open(): BroadcastChannel {
    const port = this.#port = new BroadcastChannel(this.#name);
    port.onmessage = ({ data }) => {
      if (Array.isArray(data)) this.#tell(data);
    };
    return port;
  }

  #post(): void {
    const parcels = this.#parcels;
    this.#parcels = [];
    if (this.#port === undefined) postOnce(this.#name, parcels);
    else {
      try {
        this.#port.postMessage(parcels);
      } catch {
        // In Deno 2.9, one that is opened while the last other one is being
        // closed neither sends nor receives.
        this.#port.close();
        this.#open().postMessage(parcels);
      }
    }
    this.#posting?.resolve();
    this.#posting = undefined;
    // A port does not hear its own messages.
    this.#tell(parcels);
  }

  #tell(parcels: readonly unknown[]): void {
    for (const parcel of parcels) {
      if (!isParcel(parcel)) continue;
      this.#listeners.tell(parcel.channel, parcel.data);
    }
  }
}

function postOnce(name: string, parcels: readonly Parcel[]): void {
  const port = new BroadcastChannel(name);
  port.postMessage(parcels);
  port.close();
}

/** Tells whether a message is one of this module: others may use the name. */
function isParcel(value: unknown): value is Parcel {
  const { channel, data } = Object(value);
  return typeof channel === "string" &&
    (typeof data === "string" || data instanceof Uint8Array);
}

/**
 * {@linkcode workersExchange}: joins the threads of one program.
 *
 * @module
 */

import { ChannelListeners } from "./listeners.ts";
import type { ExchangeData, StackExchange } from "./stack_exchange.ts";

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
 *
 * @example
 * ```ts
 * import { denoUpgrader, Server, workersExchange } from "@neffos/mvc";
 *
 * const server = new Server(denoUpgrader(), { chat: {} });
 * await server.useStackExchange(workersExchange("my-app"));
 * await server.close();
 * ```
 */
export function workersExchange(name: string): StackExchange {
  const listeners = new ChannelListeners();
  /** Open while somebody listens: it keeps the program alive. */
  let port: BroadcastChannel | undefined;
  const open = () => {
    port = new BroadcastChannel(name);
    port.onmessage = ({ data }) => {
      if (isParcel(data)) listeners.tell(data.channel, data.data);
    };
    return port;
  };
  return {
    isConnected: true,
    publish(channel, data) {
      const parcel: Parcel = { channel, data };
      if (port === undefined) postOnce(name, parcel);
      else {
        try {
          port.postMessage(parcel);
        } catch {
          // In Deno 2.9, one that is opened while the last other one is being
          // closed neither sends nor receives.
          port.close();
          open().postMessage(parcel);
        }
      }
      // A port does not hear its own messages.
      queueMicrotask(() => listeners.tell(channel, data));
    },
    subscribe(channel, listener) {
      if (port === undefined) open();
      listeners.add(channel, listener);
      return Promise.resolve();
    },
    unsubscribe(channel, listener) {
      listeners.remove(channel, listener);
      if (listeners.names.length === 0) {
        port?.close();
        port = undefined;
      }
      return Promise.resolve();
    },
    watch: () => () => {},
  };
}

function postOnce(name: string, parcel: Parcel): void {
  const port = new BroadcastChannel(name);
  port.postMessage(parcel);
  port.close();
}

/** Tells whether a message is one of this module: others may use the name. */
function isParcel(value: unknown): value is Parcel {
  const { channel, data } = Object(value);
  return typeof channel === "string" &&
    (typeof data === "string" || data instanceof Uint8Array);
}

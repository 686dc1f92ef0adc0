/**
 * {@linkcode memoryExchange}: joins servers of one process.
 *
 * @module
 */

import { ChannelListeners } from "./listeners.ts";
import type { StackExchange } from "../stack_exchange.ts";

/**
 * Joins servers of one process, for tests and for several servers in a
 * program. What is published arrives in a later microtask.
 *
 * @returns The exchange, for all of the servers.
 *
 * @example
 * ```ts
 * import { denoUpgrader, memoryExchange, Server } from "@neffos/mvc";
 *
 * const exchange = memoryExchange();
 * const servers = [1, 2].map(() => new Server(denoUpgrader(), { chat: {} }));
 * for (const server of servers) await server.useStackExchange(exchange);
 *
 * // Reaches the connections of both.
 * servers[0]!.broadcast(null, { namespace: "chat", event: "onNews" });
 * for (const server of servers) await server.close();
 * ```
 *
 * @category Exchanges
 */
export function memoryExchange(): StackExchange {
  const listeners = new ChannelListeners();
  return {
    isConnected: true,
    publish(channel, data) {
      queueMicrotask(() => listeners.tell(channel, data));
    },
    subscribe(channel, listener) {
      listeners.add(channel, listener);
      return Promise.resolve();
    },
    unsubscribe(channel, listener) {
      listeners.remove(channel, listener);
      return Promise.resolve();
    },
    watch: () => () => {},
  };
}

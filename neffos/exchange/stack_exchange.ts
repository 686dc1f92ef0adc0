/**
 * {@linkcode StackExchange}: what joins servers, and the options of a server
 * that uses one.
 *
 * @module
 */

import { describe, NeffosError } from "../protocol/errors.ts";

/**
 * What is published: text, or bytes.
 *
 * @category Exchanges
 */
export type ExchangeData = string | Uint8Array;

/**
 * Called with whatever is published to a channel. Text may arrive as its bytes
 * in UTF-8.
 *
 * @category Exchanges
 */
export type ExchangeListener = (data: ExchangeData, channel: string) => void;

/**
 * Called when the broker is lost, and when it is back.
 *
 * @category Exchanges
 */
export type ExchangeObserver = (isConnected: boolean, cause?: unknown) => void;

/**
 * Joins servers: publishes to channels, and listens to them. `redisExchange()`,
 * `natsExchange()`, `workersExchange()` and `memoryExchange()` make one; a
 * program may write its own for another broker.
 *
 * A publisher hears its own messages too. Messages of one publisher to one
 * channel arrive in order, each at most once. Several servers and emitters of
 * a program may share an exchange.
 *
 * @example
 * ```ts
 * import type { ExchangeListener, StackExchange } from "@neffos/mvc";
 *
 * // Joins servers of one process, without a broker.
 * function localExchange(): StackExchange {
 *   const channels = new Map<string, Set<ExchangeListener>>();
 *   return {
 *     isConnected: true,
 *     publish(channel, data) {
 *       for (const listener of channels.get(channel) ?? []) {
 *         queueMicrotask(() => listener(data, channel));
 *       }
 *     },
 *     async subscribe(channel, listener) {
 *       const listeners = channels.get(channel) ?? new Set();
 *       channels.set(channel, listeners.add(listener));
 *     },
 *     async unsubscribe(channel, listener) {
 *       channels.get(channel)?.delete(listener);
 *     },
 *     watch: () => () => {},
 *   };
 * }
 * ```
 *
 * @category Exchanges
 */
export interface StackExchange {
  /**
   * Begins the names of all channels, so that several applications may share a
   * broker.
   *
   * @default {"neffos"}
   */
  readonly prefix?: string;

  /** Whether the broker can be reached, as far as its client knows. */
  readonly isConnected: boolean;

  /**
   * Publishes to a channel.
   *
   * @param channel The channel: letters, digits and `:-_%.` alone.
   * @param data The text or the bytes.
   * @returns When the broker has taken it. A rejection counts as one message
   * that was lost.
   */
  publish(channel: string, data: ExchangeData): void | Promise<unknown>;

  /**
   * Begins to listen to a channel. The exchange listens again by itself when it
   * has lost its broker and found it again.
   *
   * @param channel The channel.
   * @param listener Called with what is published to it.
   * @returns When it listens.
   */
  subscribe(channel: string, listener: ExchangeListener): Promise<void>;

  /**
   * Ends what `subscribe` has begun.
   *
   * @param channel The channel.
   * @param listener The listener that was given to `subscribe`.
   * @returns When it is done. A rejection means that it listens still.
   */
  unsubscribe(channel: string, listener: ExchangeListener): Promise<void>;

  /**
   * Watches the connection to the broker.
   *
   * @param observer Called each time that `isConnected` changes.
   * @returns A function that ends it.
   */
  watch(observer: ExchangeObserver): () => void;

  /**
   * Names the channel on which Go's neffos publishes for a namespace or for the
   * ID of a connection.
   *
   * @param name The namespace or ID.
   * @returns The channel; `undefined` when the name cannot be put into one.
   */
  goChannel?(name: string): string | undefined;

  /**
   * Listens to all channels again, on a new connection to the broker. Called
   * again and again while nothing comes: the client may see no fault, or may not
   * reconnect.
   *
   * @returns When it listens.
   */
  resubscribe?(): Promise<void>;
}

/**
 * The exchange is lost, or cannot be used.
 *
 * @example
 * ```ts
 * import { denoUpgrader, ExchangeError, Server } from "@neffos/mvc";
 *
 * const server = new Server(denoUpgrader(), { chat: {} }, {
 *   onError(error) {
 *     if (error instanceof ExchangeError) console.warn("The broker is away");
 *     else console.error(error);
 *   },
 * });
 * await server.close();
 * ```
 *
 * @category Errors
 */
export class ExchangeError extends NeffosError {
  static {
    this.prototype.name = "ExchangeError";
  }
}

/**
 * What may have been missed between servers.
 *
 * @category Exchanges
 */
export interface ExchangeGap {
  /**
   * `"reconnected"`: the broker was away, and whatever was published meanwhile
   * is lost. `"sequence"`: messages of one server did not arrive.
   */
  readonly reason: "reconnected" | "sequence";
  /** The channel with the gap. */
  readonly channel: string | undefined;
  /** The server whose messages are missing. */
  readonly server: string | undefined;
  /** The number of missing messages. */
  readonly missed: number | undefined;
}

/**
 * How servers know that the others are alive. Times are in milliseconds.
 *
 * @category Exchanges
 */
export interface ExchangeHeartbeat {
  /**
   * The time between two heartbeats of a server, in milliseconds.
   *
   * @default {2_000}
   */
  interval?: number;
  /**
   * The time without one, in milliseconds, after which a server is taken for
   * dead, and the broker for lost when the server's own do not come back.
   *
   * @default {6_500}
   */
  timeout?: number;
}

/**
 * Options that all servers and emitters on one exchange must share.
 *
 * @category Exchanges
 */
export interface ChannelOptions {
  /**
   * `"namespaces"`: one channel for each namespace, as in Go. `"rooms"`: one
   * for each room as well, so that a process receives only what is sent to the
   * rooms that its own connections are in.
   *
   * @default {"namespaces"}
   */
  channels?: "namespaces" | "rooms";
  /**
   * Whether servers in Go may be on the same broker. With `channels: "rooms"`
   * or a `secret`, which they do not know, they cannot. Without them, messages
   * to a namespace cost less on Redis, since several go together.
   *
   * @default {true}
   */
  go?: boolean;
  /**
   * Signs what is published (HMAC with SHA-256), and ignores whatever is not
   * signed: for a broker to which others may publish. It does not encrypt.
   *
   * @default {undefined} nothing is signed
   */
  secret?: string;
  /**
   * The messages that are kept while the broker is away, or has not taken 16 MiB
   * before them; more, or more than 16 MiB of them, are dropped and counted.
   *
   * @default {10_000}
   */
  maxQueued?: number;
}

/**
 * Options of `server.useStackExchange()`.
 *
 * @category Exchanges
 */
export interface ExchangeOptions extends ChannelOptions {
  /**
   * How servers know that the others are alive.
   *
   * @default {{ interval: 2_000, timeout: 6_500 }}
   */
  heartbeat?: ExchangeHeartbeat;
  /**
   * How long a connection that has ended stays in presence, in milliseconds: it
   * may be on its way to another server.
   *
   * @default {2_000}
   */
  presenceGrace?: number;
  /**
   * Called when the broker is lost, and when it is back. Its loss is also
   * reported to the server's `onError`, once.
   *
   * @default {undefined}
   */
  onState?: (isConnected: boolean, cause?: unknown) => void;
  /**
   * Called when messages of other servers may have been missed.
   *
   * @default {undefined}
   */
  onGap?: (gap: ExchangeGap) => void;
}

/**
 * Checks that a value is an exchange. The clients of Redis have methods of the
 * same names, `watch` included, but no `isConnected`.
 *
 * @param value The value.
 * @throws {TypeError} When it is not.
 */
export function assertExchange(value: unknown): void {
  const exchange: Partial<StackExchange> = Object(value);
  if (
    typeof exchange.isConnected === "boolean" &&
    typeof exchange.publish === "function"
  ) return;
  throw new TypeError(
    `Cannot use ${
      describe(value)
    } as an exchange: it must be a StackExchange, such as redisExchange(client)`,
  );
}

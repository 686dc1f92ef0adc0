/**
 * {@linkcode natsExchange}: joins servers by NATS.
 *
 * @module
 */

import { describe } from "../../protocol/errors.ts";
import { ChannelListeners } from "./listeners.ts";
import {
  ExchangeError,
  type ExchangeObserver,
  type StackExchange,
} from "../stack_exchange.ts";

/**
 * A subscription of a {@linkcode NatsConnection}.
 *
 * @category Exchanges
 */
export interface NatsSubscription {
  /** Ends it. */
  unsubscribe(): void;
}

/**
 * A connection of `@nats-io/transport-node` or `@nats-io/nats-core`, version 3.
 *
 * @category Exchanges
 */
export interface NatsConnection {
  /** Publishes to a subject. */
  publish(subject: string, payload?: string | Uint8Array): void;
  /** Listens to a subject. */
  subscribe(subject: string, options: {
    callback(error: unknown, message: { readonly data: Uint8Array }): void;
  }): NatsSubscription;
  /** Resolves when the server has taken what was sent. */
  flush(): Promise<void>;
  /** Tells whether it has ended for good. */
  isClosed(): boolean;
  /** Tells of the state of the connection. */
  status(): AsyncIterable<{ readonly type: string; readonly error?: Error }>;
}

/**
 * Options of {@linkcode natsExchange}.
 *
 * @category Exchanges
 */
export interface NatsExchangeOptions {
  /**
   * Begins all subjects, so that several applications may share a server. It is
   * the `SubjectPrefix` of servers in Go.
   *
   * @default {"neffos"}
   */
  prefix?: string;
}

/** The longest name in a subject: NATS closes at a line of 4 KiB. */
const MAX_NAME = 512;

/** A name that can be a subject, or the end of one: no wildcards, no spaces. */
const SUBJECT = /^[^\s.*>\p{Cc}]+(\.[^\s.*>\p{Cc}]+)*$/u;

/**
 * Joins servers by NATS, together with those in Go that use the same server and
 * prefix. One connection is enough; it stays the program's, and must not have
 * the option `noEcho`.
 *
 * @param connection A connection of `npm:@nats-io/transport-node`. It comes back
 * as its options say: `maxReconnectAttempts: -1` never gives up, and
 * `reconnectTimeWait` is the pause between two attempts.
 * @param options The prefix.
 * @returns The exchange.
 * @throws {TypeError} When it is no connection, or the prefix cannot begin a
 * subject.
 *
 * @example
 * ```ts ignore
 * import { denoUpgrader, natsExchange, Server } from "@neffos/mvc";
 * import { connect } from "npm:@nats-io/transport-node@3";
 *
 * const connection = await connect({
 *   servers: "127.0.0.1:4222",
 *   maxReconnectAttempts: -1,
 *   reconnectTimeWait: 500,
 * });
 * const server = new Server(denoUpgrader(), { chat: {} });
 * await server.useStackExchange(natsExchange(connection));
 * ```
 *
 * @category Exchanges
 */
export function natsExchange(
  connection: NatsConnection,
  options: NatsExchangeOptions = {},
): StackExchange {
  if (typeof connection?.subscribe !== "function") {
    throw new TypeError(
      `Cannot use a value of type "${typeof connection}" for NATS: it must be a connection of @nats-io/transport-node`,
    );
  }
  const { prefix = "neffos" } = options;
  if (!SUBJECT.test(prefix)) {
    throw new TypeError(
      `Cannot use ${
        describe(prefix)
      } as the prefix of subjects: it must have no spaces, wildcards or empty parts`,
    );
  }
  return new NatsExchange(connection, prefix);
}

class NatsExchange implements StackExchange {
  readonly prefix: string;
  isConnected: boolean;
  readonly #connection: NatsConnection;
  readonly #listeners = new ChannelListeners();
  readonly #subscriptions = new Map<string, NatsSubscription>();
  readonly #observers = new Set<ExchangeObserver>();
  /** The flush for all that is published in one turn. */
  #flushing: Promise<void> | undefined;
  /** Ends the flushes that wait when the connection is lost. */
  #onLost = new Set<() => void>();

  constructor(connection: NatsConnection, prefix: string) {
    this.prefix = prefix;
    this.#connection = connection;
    this.isConnected = !connection.isClosed();
    void this.#follow();
  }

  publish(channel: string, data: string | Uint8Array): Promise<void> {
    this.#connection.publish(channel, data);
    return this.#flush();
  }

  async subscribe(
    channel: string,
    listener: Parameters<StackExchange["subscribe"]>[1],
  ): Promise<void> {
    if (!this.#listeners.add(channel, listener)) return;
    const subscription = this.#connection.subscribe(channel, {
      callback: (error, { data }) => {
        if (error === null || error === undefined) {
          this.#listeners.tell(channel, data);
        }
      },
    });
    this.#subscriptions.set(channel, subscription);
    // Its client subscribes again when it is back.
    if (this.isConnected) await this.#flush().catch(() => {});
  }

  unsubscribe(
    channel: string,
    listener: Parameters<StackExchange["subscribe"]>[1],
  ): Promise<void> {
    if (this.#listeners.remove(channel, listener)) {
      this.#subscriptions.get(channel)?.unsubscribe();
      this.#subscriptions.delete(channel);
    }
    return Promise.resolve();
  }

  watch(observer: ExchangeObserver): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  goChannel(name: string): string | undefined {
    return name.length <= MAX_NAME && SUBJECT.test(name)
      ? `${this.prefix}.${name}`
      : undefined;
  }

  #flush(): Promise<void> {
    return this.#flushing ??= Promise.resolve().then(async () => {
      this.#flushing = undefined;
      let onLost!: () => void;
      const lost = new Promise<never>((_, reject) => {
        onLost = () => reject(new ExchangeError("The connection was lost"));
      });
      this.#onLost.add(onLost);
      try {
        await Promise.race([this.#connection.flush(), lost]);
      } finally {
        this.#onLost.delete(onLost);
      }
    });
  }

  /** Follows the connection until it has ended. */
  async #follow(): Promise<void> {
    let cause: unknown;
    for await (const { type, error } of this.#connection.status()) {
      if (type === "error") cause = error;
      else if (type === "reconnect") this.#set(true, undefined);
      else if (type === "disconnect") this.#set(false, cause);
      else if (type === "close") break;
    }
    this.#set(false, cause);
  }

  #set(isConnected: boolean, cause: unknown): void {
    if (!isConnected) { for (const onLost of this.#onLost) onLost(); }
    if (this.isConnected === isConnected) return;
    this.isConnected = isConnected;
    for (const observer of this.#observers) observer(isConnected, cause);
  }
}

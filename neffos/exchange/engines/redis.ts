/**
 * {@linkcode redisExchange}: joins servers by Redis or Valkey.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { ChannelListeners } from "./listeners.ts";
import { Packer, unpack } from "./packs.ts";
import {
  type IoRedisClient,
  IoRedisDriver,
  type NodeRedisClient,
  NodeRedisDriver,
  type OnState,
  type RedisDriver,
  type Subscriber,
} from "./redis_drivers.ts";
import type {
  ExchangeData,
  ExchangeListener,
  ExchangeObserver,
  StackExchange,
} from "../stack_exchange.ts";

/**
 * Options of {@linkcode redisExchange}.
 *
 * @category Exchanges
 */
export interface RedisExchangeOptions {
  /**
   * Begins all channels, so that several applications may share a server. It is
   * the `channel` of servers in Go.
   *
   * @default {"neffos"}
   */
  prefix?: string;
  /**
   * Whether to use the sharded channels of Redis 7, which reach only the nodes
   * of a cluster that are concerned. Servers in Go know none of them. ioredis
   * needs `shardedSubscribers: true`.
   *
   * @default {false} but `true` for a cluster, where the client can do it
   */
  sharded?: boolean;
}

/** A name that Go may put into a channel: it takes the channel for a pattern. */
const PLAIN = /^[^*?[\]\\]+$/;

/**
 * Joins servers by Redis or Valkey, together with those in Go that use the same
 * server and prefix. There are two connections: the client that is given
 * publishes, and a duplicate of it listens. The client stays the program's.
 *
 * @param client A client of `npm:redis` or `npm:ioredis`, connected. It comes
 * back as its options say: both wait for up to two seconds between attempts by
 * default.
 * @param options The prefix, and whether channels are sharded.
 * @returns The exchange.
 * @throws {TypeError} When it is no such client.
 *
 * @example
 * ```ts ignore
 * import { denoUpgrader, redisExchange, Server } from "@neffos/mvc";
 * import { createClient } from "npm:redis@5";
 *
 * const client = createClient({
 *   url: "redis://127.0.0.1:6379",
 *   socket: { reconnectStrategy: 500 },
 * });
 * client.on("error", console.error);
 * await client.connect();
 *
 * const server = new Server(denoUpgrader(), { chat: {} });
 * await server.useStackExchange(redisExchange(client));
 * ```
 *
 * @category Exchanges
 */
export function redisExchange(
  client: NodeRedisClient | IoRedisClient,
  options: RedisExchangeOptions = {},
): StackExchange {
  const isClient = typeof client?.publish === "function" &&
    typeof client.subscribe === "function";
  if (isClient && "isOpen" in client) {
    return new RedisExchange(
      new NodeRedisDriver(client, options.sharded),
      options,
    );
  }
  if (isClient && "status" in client) {
    return new RedisExchange(
      new IoRedisDriver(client, options.sharded),
      options,
    );
  }
  throw new TypeError(
    `Cannot use a value of type "${typeof client}" for Redis: it must be a client of npm:redis or npm:ioredis`,
  );
}

const decoder = new TextDecoder();

/** Reads the names of channels: most come several times in a row. */
class ChannelNames {
  #bytes: Uint8Array = new Uint8Array();
  #name = "";

  read(bytes: Uint8Array): string {
    if (!isSame(bytes, this.#bytes)) {
      // What a client gives is a part of all that it has read at a time.
      this.#bytes = new Uint8Array(bytes);
      this.#name = decoder.decode(bytes);
    }
    return this.#name;
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

interface Next {
  readonly subscriber: Subscriber;
  channels: readonly string[] | undefined;
}

class RedisExchange implements StackExchange {
  readonly prefix: string;
  readonly #driver: RedisDriver;
  readonly #packer: Packer;
  readonly #listeners = new ChannelListeners();
  readonly #names = new ChannelNames();
  /** The first calls for channels, which may fail for all of their listeners. */
  readonly #beginnings = new Map<string, Promise<void>>();
  /** The last calls for channels that are not answered. */
  readonly #endings = new Map<string, Promise<void>>();
  readonly #observers = new Set<ExchangeObserver>();
  /** Open while there is a listener. */
  #subscriber: Subscriber | undefined;
  /** The same, once it could be used. */
  #opened: Subscriber | undefined;
  /**
   * The one that may follow: the first of the two that brings something stays.
   * Its channels, once it listens to them.
   */
  #next: Next | undefined;
  #wasConnected: boolean;
  #wasListenerEnded = false;
  #cause: unknown;

  constructor(
    driver: RedisDriver,
    { prefix = "neffos" }: RedisExchangeOptions,
  ) {
    this.prefix = prefix;
    this.#driver = driver;
    this.#wasConnected = this.isConnected;
    // Servers in Go listen to others, and cannot unpack.
    const own = `${prefix}:`;
    this.#packer = new Packer({
      publish: (channel, data) => driver.publish(channel, toRedis(data)),
      isPackable: (channel) => channel.startsWith(own),
    });
    driver.watch(this.#onState);
  }

  get isConnected(): boolean {
    return this.#driver.isReady && this.#opened?.isReady !== false;
  }

  publish(channel: string, data: ExchangeData): Promise<unknown> {
    return this.#packer.publish(channel, data);
  }

  async subscribe(channel: string, listener: ExchangeListener): Promise<void> {
    if (this.#listeners.add(channel, listener)) {
      this.#beginnings.set(channel, this.#begin(channel));
    }
    await this.#beginnings.get(channel);
  }

  async #begin(channel: string): Promise<void> {
    try {
      const subscriber = await this.#open();
      // Until then node-redis believes that it listens, and does nothing.
      await this.#endings.get(channel);
      await subscriber.subscribe([channel]);
    } catch (error) {
      this.#listeners.forget(channel);
      throw error;
    } finally {
      this.#beginnings.delete(channel);
    }
  }

  async unsubscribe(
    channel: string,
    listener: ExchangeListener,
  ): Promise<void> {
    if (!this.#listeners.remove(channel, listener)) return;
    const subscriber = this.#subscriber;
    if (subscriber === undefined) return;
    const isLast = this.#listeners.names.length === 0;
    if (isLast && this.#driver.hasSubscribers) return this.#close();
    const ending = this.#end(channel, subscriber);
    // While it is away, its client keeps the call until it is back.
    if (subscriber.isReady) await ending;
  }

  async #end(channel: string, subscriber: Subscriber): Promise<void> {
    // It may fail: then its client listens on, and nobody is told.
    const ending = subscriber.unsubscribe(channel).then(() => {}, () => {});
    this.#endings.set(channel, ending);
    await ending;
    if (this.#endings.get(channel) === ending) this.#endings.delete(channel);
  }

  watch(observer: ExchangeObserver): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  goChannel(name: string): string | undefined {
    return !this.#driver.isSharded && PLAIN.test(name)
      ? `${this.prefix}.${name}.`
      : undefined;
  }

  async resubscribe(): Promise<void> {
    if (this.#subscriber === undefined || !this.#driver.hasSubscribers) return;
    if (this.#isListenerEnded) return this.#replace();
    // Its client is about to come back.
    if (!this.isConnected) return;
    this.#dropNext();
    const next = this.#openNew();
    this.#next = { subscriber: next, channels: undefined };
    await next.opened;
    const channels = this.#listeners.names;
    await next.subscribe(channels);
    if (this.#next?.subscriber === next) this.#next.channels = channels;
    else next.close();
  }

  async #open(): Promise<Subscriber> {
    const subscriber = this.#subscriber ??= this.#openNew();
    try {
      await subscriber.opened;
    } catch (error) {
      if (subscriber === this.#subscriber) this.#subscriber = undefined;
      throw error;
    }
    if (subscriber === this.#subscriber) this.#opened = subscriber;
    this.#onState();
    return subscriber;
  }

  #openNew(): Subscriber {
    const subscriber = this.#driver.open((channel, data) => {
      if (subscriber === this.#next?.subscriber) this.#switch();
      else if (subscriber === this.#subscriber) this.#dropNext();
      // It may be on its way out.
      if (subscriber !== this.#subscriber) return;
      const name = this.#names.read(channel);
      const texts = unpack(data);
      if (texts === undefined) this.#listeners.tell(name, toBytes(data));
      else for (const text of texts) this.#listeners.tell(name, text);
    }, this.#onState);
    return subscriber;
  }

  /** Whether the connection that listens is lost, and the other one is there. */
  get #isListenerEnded(): boolean {
    return this.#driver.isReady && this.#opened?.isEnded === true;
  }

  /** Where the client is not to reconnect, its duplicate does not either. */
  async #replace(): Promise<void> {
    // It is being replaced.
    if (this.#subscriber !== this.#opened) return;
    this.#dropNext();
    const subscriber = this.#subscriber = this.#openNew();
    try {
      await subscriber.opened;
      await subscriber.subscribe(this.#listeners.names);
    } catch (error) {
      subscriber.close();
      if (subscriber === this.#subscriber) this.#subscriber = this.#opened;
      throw error;
    }
    if (subscriber !== this.#subscriber) return subscriber.close();
    this.#opened = subscriber;
    this.#onState();
  }

  /** The next subscriber has brought something, and the one before nothing. */
  #switch(): void {
    const { subscriber, channels } = this.#next!;
    // Until it listens to all, the one before may still be the better one.
    if (channels === undefined) return;
    this.#next = undefined;
    const before = this.#subscriber!;
    this.#subscriber = this.#opened = subscriber;
    before.close();
    const known = new Set(channels);
    const added = [...this.#listeners.names].filter((name) => !known.has(name));
    if (added.length > 0) subscriber.subscribe(added).catch(() => {});
    this.#onState();
  }

  /**
   * The clients listen again by themselves, but ioredis may forget a channel that
   * it began with when the connection was lost. To do so twice does no harm.
   */
  #listenAgain(): void {
    const { names } = this.#listeners;
    if (names.length === 0 || !this.#opened?.isReady) return;
    this.#opened.subscribe(names).catch(() => {});
  }

  /** The subscriber was just slow, or is not needed any more. */
  #dropNext(): void {
    this.#next?.subscriber.close();
    this.#next = undefined;
  }

  #close(): void {
    this.#dropNext();
    const before = this.#subscriber;
    // Its end is one that was wanted.
    this.#subscriber = this.#opened = undefined;
    before?.close();
  }

  readonly #onState: OnState = (error) => {
    if (error !== undefined) this.#cause = error;
    const wasEnded = this.#wasListenerEnded;
    this.#wasListenerEnded = this.#isListenerEnded;
    // What fails is tried again by resubscribe().
    if (this.#wasListenerEnded && !wasEnded) this.#replace().catch(() => {});
    const { isConnected } = this;
    if (isConnected === this.#wasConnected) return;
    this.#wasConnected = isConnected;
    if (isConnected) this.#listenAgain();
    const cause = isConnected ? undefined : this.#cause;
    for (const observer of this.#observers) observer(isConnected, cause);
  };
}

/**
 * What the clients take; it shares the memory of the bytes. Text stays text: the
 * clients write it together with the rest of the command.
 */
function toRedis(data: ExchangeData): string | Buffer {
  return typeof data === "string"
    ? data
    : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

/** Plain bytes, which a socket takes. */
function toBytes(data: Uint8Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

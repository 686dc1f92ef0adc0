/**
 * {@linkcode redisExchange}: joins servers by Redis or Valkey.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { ignoreRejection } from "../../util/promises.ts";
import { ChannelListeners } from "./listeners.ts";
import { Packer, unpack } from "./packs.ts";
import type {
  ExchangeData,
  ExchangeListener,
  ExchangeObserver,
  StackExchange,
} from "../stack_exchange.ts";

/**
 * A client of `npm:redis`, version 5 or 6: of one server, of Sentinel or of
 * Cluster.
 *
 * @category Exchanges
 */
export interface NodeRedisClient {
  /** Whether it was told to connect. */
  readonly isOpen: boolean;
  /** Whether it can be used now; a cluster of version 5 does not know. */
  readonly isReady?: boolean;
  /** Publishes to a channel. */
  publish(channel: string, message: string | Buffer): Promise<unknown>;
  /** Listens to channels. */
  subscribe(
    channels: string | string[],
    listener: (message: Buffer, channel: Buffer) => void,
    isBuffer: true,
  ): Promise<unknown>;
  /** Listens to its events. */
  on(event: string, listener: (...args: unknown[]) => void): unknown;
}

/**
 * A client of `npm:ioredis`, version 5 or 6: of one server, Sentinel or Cluster.
 *
 * @category Exchanges
 */
export interface IoRedisClient {
  /** What it does: `"ready"` when it can be used. */
  readonly status: string;
  /** Publishes to a channel. */
  publish(channel: string, message: string | Buffer): Promise<unknown>;
  /** Listens to channels. */
  subscribe(...channels: string[]): Promise<unknown>;
  /** Ends that. */
  unsubscribe(...channels: string[]): Promise<unknown>;
  /** Listens to its events. */
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  /** Makes a client with the same options. */
  duplicate(): unknown;
}

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
    return new RedisExchange(new NodeRedisDriver(client, options), options);
  }
  if (isClient && "status" in client) {
    return new RedisExchange(new IoRedisDriver(client, options), options);
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

/** Called with what is published to a channel. */
type OnMessage = (channel: Uint8Array, data: Uint8Array) => void;

/** The connection that listens. */
interface Subscriber {
  /** Resolves when it can be used for the first time. */
  readonly opened: Promise<unknown>;
  readonly isReady: boolean;
  subscribe(channels: string[]): Promise<void>;
  unsubscribe(channel: string): Promise<unknown>;
  close(): void;
}

interface Next {
  readonly subscriber: Subscriber;
  channels: readonly string[] | undefined;
}

/** One library: how it publishes and listens. */
interface RedisDriver {
  readonly isReady: boolean;
  readonly isSharded: boolean;
  /** Whether each subscriber is a connection of its own. */
  readonly hasSubscribers: boolean;
  publish(channel: string, data: string | Buffer): Promise<unknown>;
  /** Opens a connection that listens. */
  open(onMessage: OnMessage, onState: OnState): Subscriber;
  /** Watches the connection that publishes. */
  watch(onState: OnState): void;
}

/** Called when the state may have changed, with an error if there was one. */
type OnState = (error?: unknown) => void;

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
    await subscriber.opened;
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

  /** The next subscriber has brought something, and the one before nothing. */
  #switch(): void {
    const { subscriber, channels } = this.#next!;
    // Until it listens to all, the one before may still be the better one.
    if (channels === undefined) return;
    this.#next = undefined;
    this.#subscriber!.close();
    this.#subscriber = this.#opened = subscriber;
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
    this.#subscriber?.close();
    this.#subscriber = this.#opened = undefined;
  }

  readonly #onState: OnState = (error) => {
    if (error !== undefined) this.#cause = error;
    const { isConnected } = this;
    if (isConnected === this.#wasConnected) return;
    this.#wasConnected = isConnected;
    if (isConnected) this.#listenAgain();
    const cause = isConnected ? undefined : this.#cause;
    for (const observer of this.#observers) observer(isConnected, cause);
  };
}

/** What not every client of node-redis has, or declares in the same way. */
interface NodeRedisExtras {
  unsubscribe(
    channel: string,
    listener: (message: Buffer, channel: Buffer) => void,
    isBuffer: true,
  ): Promise<unknown>;
  duplicate(): unknown;
  connect(): Promise<unknown>;
  destroy?(): void;
  disconnect?(): Promise<void>;
  sPublish?: NodeRedisClient["publish"];
  sSubscribe?: NodeRedisClient["subscribe"];
  sUnsubscribe?: NodeRedisExtras["unsubscribe"];
}

type NodeRedis = NodeRedisClient & Partial<NodeRedisExtras>;

class NodeRedisDriver implements RedisDriver {
  readonly isSharded: boolean;
  readonly hasSubscribers: boolean;
  readonly #client: NodeRedis;

  constructor(client: NodeRedisClient, { sharded }: RedisExchangeOptions) {
    this.#client = client;
    const isCluster = "slots" in client;
    const isSentinel = "getSentinelNode" in client;
    // These have a connection of their own to listen.
    this.hasSubscribers = !isCluster && !isSentinel;
    this.isSharded = sharded ??
      (isCluster && this.#client.sSubscribe !== undefined);
  }

  get isReady(): boolean {
    return this.#client.isReady ?? this.#client.isOpen;
  }

  publish(channel: string, data: string | Buffer): Promise<unknown> {
    return this.isSharded
      ? this.#client.sPublish!(channel, data)
      : this.#client.publish(channel, data);
  }

  open(onMessage: OnMessage, onState: OnState): Subscriber {
    const listener = (data: Buffer, channel: Buffer) =>
      onMessage(channel, data);
    const { isSharded } = this;
    const isOwn = this.hasSubscribers;
    const client = isOwn
      // The duplicate of a client is one.
      ? this.#client.duplicate!() as NodeRedis
      : this.#client;
    if (isOwn) watchEvents(client, onState);
    return {
      opened: ignoreRejection(isOwn ? client.connect!() : Promise.resolve()),
      get isReady() {
        return client.isReady ?? client.isOpen;
      },
      async subscribe(channels) {
        if (!isSharded) {
          await client.subscribe(channels, listener, true);
          return;
        }
        // They may be in slots of several nodes.
        for (const channel of channels) {
          await client.sSubscribe!(channel, listener, true);
        }
      },
      unsubscribe: (channel) =>
        isSharded
          ? client.sUnsubscribe!(channel, listener, true)
          : client.unsubscribe!(channel, listener, true),
      close() {
        if (!isOwn) return;
        if (client.destroy !== undefined) client.destroy();
        else void client.disconnect?.().catch(() => {});
      },
    };
  }

  watch(onState: OnState): void {
    watchEvents(this.#client, onState);
  }
}

/** What not every client of ioredis has. */
interface IoRedisExtras {
  readonly isCluster?: boolean;
  readonly options?: { readonly shardedSubscribers?: boolean };
  connect(): Promise<unknown>;
  disconnect(): void;
  spublish?: IoRedisClient["publish"];
  ssubscribe?: IoRedisClient["subscribe"];
  sunsubscribe?: IoRedisClient["unsubscribe"];
}

type IoRedis = IoRedisClient & Partial<IoRedisExtras>;

class IoRedisDriver implements RedisDriver {
  readonly isSharded: boolean;
  readonly hasSubscribers = true;
  readonly #client: IoRedis;

  constructor(client: IoRedisClient, { sharded }: RedisExchangeOptions) {
    this.#client = client;
    const { isCluster, options } = this.#client;
    this.isSharded = sharded ??
      (isCluster === true && options?.shardedSubscribers === true);
  }

  get isReady(): boolean {
    return this.#client.status === "ready";
  }

  publish(channel: string, data: string | Buffer): Promise<unknown> {
    return this.isSharded
      ? this.#client.spublish!(channel, data)
      : this.#client.publish(channel, data);
  }

  open(onMessage: OnMessage, onState: OnState): Subscriber {
    const { isSharded } = this;
    // The duplicate of a client is one.
    const client = this.#client.duplicate() as IoRedis;
    watchEvents(client, onState);
    client.on(
      isSharded ? "smessageBuffer" : "messageBuffer",
      // As their names say.
      (channel, data) => onMessage(channel as Buffer, data as Buffer),
    );
    if (client.status === "wait") client.connect!().catch(() => {});
    return {
      opened: client.status === "ready"
        ? Promise.resolve()
        : new Promise<void>((resolve) => client.on("ready", () => resolve())),
      get isReady() {
        return client.status === "ready";
      },
      async subscribe(channels) {
        if (!isSharded) {
          await client.subscribe(...channels);
          return;
        }
        for (const channel of channels) await client.ssubscribe!(channel);
      },
      unsubscribe: (channel) =>
        isSharded ? client.sunsubscribe!(channel) : client.unsubscribe(channel),
      close: () => client.disconnect!(),
    };
  }

  watch(onState: OnState): void {
    watchEvents(this.#client, onState);
  }
}

/**
 * Watches the events of a client. Its errors are told as well: they would end
 * the program if nobody listened.
 */
function watchEvents(
  client: Pick<NodeRedisClient, "on">,
  onState: OnState,
): void {
  client.on("error", (error) => onState(error));
  // The clients change their state before the event, or right after it.
  const onEvent = () => {
    onState();
    queueMicrotask(() => onState());
  };
  for (const event of ["ready", "close", "end", "reconnecting"]) {
    client.on(event, onEvent);
  }
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

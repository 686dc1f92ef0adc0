/** The two libraries for Redis, by the shape of their clients. */

import type { Buffer } from "node:buffer";
import { ignoreRejection } from "../../util/promises.ts";

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

/** Called with what is published to a channel. */
export type OnMessage = (channel: Uint8Array, data: Uint8Array) => void;

/** The connection that listens. */
export interface Subscriber {
  /** Resolves when it can be used for the first time. */
  readonly opened: Promise<unknown>;
  readonly isReady: boolean;
  /** Whether it does not come back. */
  readonly isEnded: boolean;
  subscribe(channels: string[]): Promise<void>;
  unsubscribe(channel: string): Promise<unknown>;
  close(): void;
}

/** One library: how it publishes and listens. */
export interface RedisDriver {
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
export type OnState = (error?: unknown) => void;

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

/** Drives a client of node-redis. */
export class NodeRedisDriver implements RedisDriver {
  readonly isSharded: boolean;
  readonly hasSubscribers: boolean;
  readonly #client: NodeRedis;

  constructor(client: NodeRedisClient, sharded: boolean | undefined) {
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
      get isEnded() {
        return isOwn && !client.isOpen;
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
        // To end it twice is an error.
        if (!isOwn || !client.isOpen) return;
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

/** Drives a client of ioredis. */
export class IoRedisDriver implements RedisDriver {
  readonly isSharded: boolean;
  readonly hasSubscribers = true;
  readonly #client: IoRedis;

  constructor(client: IoRedisClient, sharded: boolean | undefined) {
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
        : ignoreRejection(untilReady(client)),
      get isReady() {
        return client.status === "ready";
      },
      get isEnded() {
        return client.status === "end";
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

function untilReady(client: Pick<IoRedisClient, "on">): Promise<void> {
  return new Promise((resolve, reject) => {
    client.on("ready", () => resolve());
    client.on("end", () => reject(new Error("The connection has ended")));
  });
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

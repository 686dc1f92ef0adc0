import { createHash } from "node:crypto";
import type { ChannelOptions, StackExchange } from "./stack_exchange.ts";

/** What is to be reached: a namespace, a room, or an ID. */
export interface Target {
  readonly namespace: string;
  readonly room: string;
  readonly to: string;
}

/** The longest name in a channel: NATS closes at a line of 4 KiB. */
const MAX_NAME = 256;

/** The channels that are kept; then they are made anew. */
const MAX_KNOWN = 4_096;

/**
 * Escapes a name for a channel: no broker finds a pattern, a space or a level
 * in it. Of a long one its hash is left.
 *
 * @param name The name, well-formed.
 * @returns Up to 256 letters, digits and `-_%`.
 */
export function escapeName(name: string): string {
  const escaped = encodeURIComponent(name).replaceAll(
    /[!'()*.~]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return escaped.length <= MAX_NAME
    ? escaped
    // No escaped character begins like this.
    : `%h${createHash("sha256").update(name).digest("base64url")}`;
}

/** Names the channels of an exchange. */
export class Channels {
  /** What all servers listen to. */
  readonly servers: string;
  /** The channel of presence, to which only the servers that want it listen. */
  readonly presence: string;
  /** Whether rooms have channels of their own. */
  readonly hasRooms: boolean;
  /** Whether servers in Go may be there. */
  readonly isForGo: boolean;
  /** How places become channels: servers with another way miss each other. */
  readonly mode: "go" | "namespaces" | "rooms";
  readonly #exchange: Pick<StackExchange, "goChannel">;
  readonly #prefix: string;
  /** The channels of namespaces and rooms: to escape a name takes its time. */
  readonly #known = new Map<string, string>();

  constructor(exchange: StackExchange, options: ChannelOptions) {
    const { channels = "namespaces", go = true, secret } = options;
    if (channels !== "namespaces" && channels !== "rooms") {
      throw new TypeError(
        `Cannot use ${
          JSON.stringify(channels)
        } as "channels": it must be "namespaces" or "rooms"`,
      );
    }
    this.#exchange = exchange;
    this.#prefix = exchange.prefix ?? "neffos";
    this.hasRooms = channels === "rooms";
    this.isForGo = go && !this.hasRooms && secret === undefined &&
      exchange.goChannel !== undefined;
    this.mode = this.isForGo ? "go" : channels;
    this.servers = `${this.#prefix}:servers`;
    this.presence = `${this.#prefix}:presence`;
  }

  /** Names the channel of one server. */
  server(id: string): string {
    return `${this.#prefix}:server:${escapeName(id)}`;
  }

  /** Names the channel of a namespace. */
  namespace(name: string): string {
    return this.#goChannel(name) ??
      `${this.#prefix}:namespace:${escapeName(name)}`;
  }

  /** Names the channel of a room. */
  room(namespace: string, name: string): string {
    return `${this.#prefix}:room:${escapeName(namespace)}:${escapeName(name)}`;
  }

  /** Names the channel of the connections with an ID. */
  id(id: string): string {
    return this.#goChannel(id) ?? `${this.#prefix}:id:${escapeName(id)}`;
  }

  /** Names the channel that reaches a target, and no more than needed. */
  find({ namespace, room, to }: Target): string {
    if (to !== "") return this.id(to);
    const name = this.hasRooms ? room : "";
    const key = `${namespace.length}:${namespace}${name}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const channel = name === ""
      ? this.namespace(namespace)
      : this.room(namespace, name);
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(key, channel);
    return channel;
  }

  #goChannel(name: string): string | undefined {
    return this.isForGo ? this.#exchange.goChannel!(name) : undefined;
  }
}

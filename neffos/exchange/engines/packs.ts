/**
 * Several texts for one channel as one message of the broker: the clients of
 * Redis take more time for a message than for what is in it.
 *
 *     neffos*LENGTH,LENGTH,…:texts
 *
 * The lengths are in UTF-16 units.
 */

import { setImmediate } from "node:timers";
import { callAsync, type Deferred, makeDeferred } from "../../util/promises.ts";
import type { ExchangeData } from "../stack_exchange.ts";

const BEGIN = "neffos*";

const HEAD = /^neffos\*(\d+(?:,\d+)*):/;

/**
 * The most that is packed together, in UTF-16 units: a program that keeps a
 * part of a pack keeps all of it in memory.
 */
const MAX_SIZE = 16_384;

interface Pack {
  readonly channel: string;
  readonly texts: ExchangeData[];
  readonly published: Deferred<unknown>;
  size: number;
}

/** What a {@linkcode Packer} needs of its exchange. */
export interface PackerHost {
  /** Publishes to a channel. */
  publish(channel: string, data: ExchangeData): Promise<unknown>;
  /** Tells whether all that listen to a channel can unpack. */
  isPackable(channel: string): boolean;
}

/**
 * Publishes the first text of each turn of the event loop at once, and what
 * follows in the turn together, in its order.
 */
export class Packer {
  readonly #host: PackerHost;
  #hasBegun = false;
  /** What waits for the end of the turn. */
  #packs: Pack[] = [];

  constructor(host: PackerHost) {
    this.#host = host;
  }

  /** Publishes to a channel; resolves when the broker has it. */
  publish(channel: string, data: ExchangeData): Promise<unknown> {
    const isPackable = typeof data === "string" && data.length < MAX_SIZE &&
      this.#host.isPackable(channel);
    if (this.#packs.length === 0 && !(isPackable && this.#hasBegun)) {
      if (isPackable) this.#begin();
      return this.#host.publish(channel, data);
    }
    const last = this.#packs.at(-1);
    const fits = isPackable && last?.channel === channel &&
      last.size + data.length <= MAX_SIZE;
    const pack = fits ? last : this.#add(channel);
    pack.texts.push(data);
    // Nothing is added to what cannot be packed.
    pack.size += isPackable ? data.length : MAX_SIZE;
    return pack.published.promise;
  }

  /**
   * Before the first text is published: node-redis writes all of a turn in an
   * immediate of its own. Were it to write in the next turn, and the connection
   * lost before, it would wait for the answers for good (5.12).
   */
  #begin(): void {
    this.#hasBegun = true;
    setImmediate(() => this.#flush());
  }

  #add(channel: string): Pack {
    const pack = { channel, texts: [], size: 0, published: makeDeferred() };
    this.#packs.push(pack);
    return pack;
  }

  #flush(): void {
    const packs = this.#packs;
    this.#packs = [];
    this.#hasBegun = false;
    for (const { channel, texts, published } of packs) {
      const data = texts.length === 1 ? texts[0]! : join(texts as string[]);
      published.resolve(callAsync(() => this.#host.publish(channel, data)));
    }
  }
}

function join(texts: readonly string[]): string {
  const lengths = texts.map(({ length }) => length).join(",");
  return `${BEGIN}${lengths}:${texts.join("")}`;
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Takes a pack apart; `undefined` for what is none. */
export function unpack(data: Uint8Array): string[] | undefined {
  for (let i = 0; i < BEGIN.length; i++) {
    if (data[i] !== BEGIN.charCodeAt(i)) return undefined;
  }
  const text = decoder.decode(data);
  const head = HEAD.exec(text);
  if (head === null) return undefined;
  let end = head[0].length;
  const texts = head[1]!.split(",").map((length) =>
    text.slice(end, end += Number(length))
  );
  return end === text.length ? texts : undefined;
}

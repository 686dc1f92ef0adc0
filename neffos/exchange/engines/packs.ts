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
 * Publishes at once while nothing is on its way to the broker. Else, what is
 * published in one turn of the event loop goes together, in its order.
 */
export class Packer {
  readonly #host: PackerHost;
  #inFlight = 0;
  /** What waits for the end of the turn. */
  #packs: Pack[] = [];

  constructor(host: PackerHost) {
    this.#host = host;
  }

  /** Publishes to a channel; resolves when the broker has it. */
  publish(channel: string, data: ExchangeData): Promise<unknown> {
    const isPackable = typeof data === "string" && data.length < MAX_SIZE &&
      this.#host.isPackable(channel);
    if (this.#packs.length === 0) {
      if (this.#inFlight === 0 || !isPackable) {
        return this.#publish(channel, data);
      }
      setImmediate(() => this.#flush());
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

  #add(channel: string): Pack {
    const pack = { channel, texts: [], size: 0, published: makeDeferred() };
    this.#packs.push(pack);
    return pack;
  }

  #flush(): void {
    const packs = this.#packs;
    this.#packs = [];
    for (const { channel, texts, published } of packs) {
      const data = texts.length === 1 ? texts[0]! : join(texts as string[]);
      published.resolve(callAsync(() => this.#publish(channel, data)));
    }
  }

  #publish(channel: string, data: ExchangeData): Promise<unknown> {
    const promise = this.#host.publish(channel, data);
    this.#inFlight++;
    const onEnd = () => void this.#inFlight--;
    promise.then(onEnd, onEnd);
    return promise;
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

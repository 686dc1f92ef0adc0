import type { ExchangeData, ExchangeListener } from "../stack_exchange.ts";

/** Keeps the listeners of the channels of an exchange. */
export class ChannelListeners {
  readonly #channels = new Map<string, Set<ExchangeListener>>();

  /** The channels with a listener. */
  get names(): string[] {
    return [...this.#channels.keys()];
  }

  /** Adds a listener; tells whether it is the first of its channel. */
  add(channel: string, listener: ExchangeListener): boolean {
    const listeners = this.#channels.get(channel);
    if (listeners === undefined) {
      this.#channels.set(channel, new Set([listener]));
    } else listeners.add(listener);
    return listeners === undefined;
  }

  /** Removes a listener; tells whether it was the last of its channel. */
  remove(channel: string, listener: ExchangeListener): boolean {
    const listeners = this.#channels.get(channel);
    if (!listeners?.delete(listener) || listeners.size > 0) return false;
    this.#channels.delete(channel);
    return true;
  }

  /** Removes all listeners of a channel. */
  forget(channel: string): void {
    this.#channels.delete(channel);
  }

  /** Tells all listeners of a channel what was published to it. */
  tell(channel: string, data: ExchangeData): void {
    for (const listener of this.#channels.get(channel) ?? []) {
      listener(data, channel);
    }
  }
}

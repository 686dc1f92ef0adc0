import { type Deferred, makeDeferred } from "../util/promises.ts";
import type { ExchangeListener, StackExchange } from "./stack_exchange.ts";

/**
 * One channel. The state says what the exchange was told last:
 *
 *     off -> subscribing -> on -> unsubscribing -> off
 *
 * A call that fails goes back to where it came from, and is tried again.
 */
interface Subscription {
  /** The number of those that want it. */
  wanted: number;
  state: "off" | "subscribing" | "on" | "unsubscribing";
}

/**
 * Keeps the channels that a server listens to: the exchange is called once for
 * each channel, however many want it, and never twice at the same time.
 */
export class Subscriptions {
  readonly #exchange: StackExchange;
  readonly #listener: ExchangeListener;
  readonly #channels = new Map<string, Subscription>();
  readonly #onForget: (channel: string) => void;
  /** The calls that the exchange has not answered. */
  #calls = 0;
  #isOver = false;
  /** Resolved when the exchange was told all. */
  #idle: Deferred<void> | undefined;

  /**
   * Makes an empty list.
   *
   * @param exchange The exchange.
   * @param listener Called with what comes.
   * @param onForget Called with a channel that nobody listens to any more.
   */
  constructor(
    exchange: StackExchange,
    listener: ExchangeListener,
    onForget: (channel: string) => void,
  ) {
    this.#exchange = exchange;
    this.#listener = listener;
    this.#onForget = onForget;
  }

  /** The number of channels that are wanted. */
  get size(): number {
    let size = 0;
    for (const { wanted } of this.#channels.values()) if (wanted > 0) size++;
    return size;
  }

  /** Listens to a channel. */
  add(channel: string): void {
    const found = this.#channels.get(channel);
    if (found !== undefined) {
      found.wanted++;
      if (found.wanted === 1) void this.#settle(channel, found);
      return;
    }
    const subscription: Subscription = { wanted: 1, state: "off" };
    this.#channels.set(channel, subscription);
    void this.#settle(channel, subscription);
  }

  /** Takes one {@linkcode add} back. */
  remove(channel: string): void {
    const found = this.#channels.get(channel);
    if (found === undefined || found.wanted === 0) return;
    found.wanted--;
    if (found.wanted === 0) void this.#settle(channel, found);
  }

  /** Tries again what has failed. */
  retry(): void {
    for (const [channel, subscription] of this.#channels) {
      void this.#settle(channel, subscription);
    }
  }

  /** Waits until the exchange was told all that is wanted now. */
  async whenSettled(): Promise<void> {
    if (this.#calls === 0) return;
    await (this.#idle ??= makeDeferred<void>()).promise;
  }

  /** Listens to nothing any more. */
  async stop(): Promise<void> {
    this.#isOver = true;
    for (const [channel, subscription] of this.#channels) {
      subscription.wanted = 0;
      if (subscription.state !== "subscribing") continue;
      // It may wait for a broker that never comes.
      this.#exchange.unsubscribe(channel, this.#listener).catch(() => {});
    }
    this.retry();
    await this.whenSettled();
  }

  async #settle(channel: string, subscription: Subscription): Promise<void> {
    const { state, wanted } = subscription;
    if (state === "off" && wanted > 0) subscription.state = "subscribing";
    else if (state === "on" && wanted === 0) {
      subscription.state = "unsubscribing";
    } else {
      if (state === "off") this.#channels.delete(channel);
      return;
    }
    let hasFailed = false;
    this.#calls++;
    try {
      if (state === "off") {
        await this.#exchange.subscribe(channel, this.#listener);
      } else {
        await this.#exchange.unsubscribe(channel, this.#listener);
        this.#onForget(channel);
      }
    } catch {
      hasFailed = true;
    }
    this.#calls--;
    const isOn = (state === "off") !== hasFailed;
    subscription.state = isOn ? "on" : "off";
    if (hasFailed && this.#isOver) this.#channels.delete(channel);
    // What was wanted meanwhile; what has failed waits for retry().
    else if (!hasFailed || isOn === subscription.wanted > 0) {
      void this.#settle(channel, subscription);
    }
    if (this.#calls > 0) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }
}

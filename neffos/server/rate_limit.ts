import type { RateGate } from "../connection/host.ts";
import { assertPositive } from "../connection/limits.ts";

/**
 * The rate at which a connection may send; see `ServerOptions.rateLimit`.
 *
 * @category Limits
 */
export interface RateLimit {
  /** How many messages it may send in each `per`, on average. */
  readonly messages: number;
  /**
   * The period for `messages`, in milliseconds.
   *
   * @default {1000}
   */
  readonly per?: number;
  /**
   * How many messages it may send at once after a pause; at least 1.
   *
   * @default {`messages`, or 1 where that is less}
   */
  readonly burst?: number;
}

/**
 * Checks a rate and fills in its defaults.
 *
 * @param limit The option.
 * @returns The rate, `undefined` when there is no limit.
 * @throws {RangeError} When one of its numbers is not positive or not finite,
 * or `burst` is less than 1.
 */
export function rateOf(
  limit: RateLimit | undefined,
): Required<RateLimit> | undefined {
  if (limit === undefined) return undefined;
  const { messages, per = 1000, burst = Math.max(1, messages) } = limit;
  const rate = { messages, per, burst };
  for (const [name, value] of Object.entries(rate)) {
    assertPositive(`rateLimit.${name}`, value);
    if (value < Infinity) continue;
    throw new RangeError(
      `Cannot set "rateLimit.${name}" to Infinity: it must be finite; leave out "rateLimit" for no limit`,
    );
  }
  if (burst >= 1) return rate;
  throw new RangeError(
    `Cannot set "rateLimit.burst" to ${burst}: it must be at least 1, for else nothing could be sent`,
  );
}

/** A token bucket: how many messages one connection may send now. */
export class Bucket implements RateGate {
  readonly #rate: Required<RateLimit>;
  readonly #now: () => number;
  /** In messages times milliseconds, so that no fraction is rounded off. */
  #credit: number;
  #filledAt: number;

  constructor(
    rate: Required<RateLimit>,
    now: () => number = () => performance.now(),
  ) {
    this.#rate = rate;
    this.#now = now;
    this.#credit = rate.burst * rate.per;
    this.#filledAt = now();
  }

  /** What it lets through, for the reason of a close. */
  get rule(): string {
    return `${this.#rate.messages} messages in ${this.#rate.per} ms may come`;
  }

  /** Takes one message; tells whether the bucket had one. */
  take(): boolean {
    const { messages, per, burst } = this.#rate;
    const now = this.#now();
    const earned = (now - this.#filledAt) * messages;
    this.#filledAt = now;
    this.#credit = Math.min(burst * per, this.#credit + earned);
    if (this.#credit < per) return false;
    this.#credit -= per;
    return true;
  }
}

/** The limits of one connection. Sizes in bytes, times in milliseconds. */
export interface Limits {
  readonly maxPayload: number;
  readonly maxQueued: number;
  readonly maxBuffered: number;
  readonly maxBufferedMessages: number;
  readonly maxNamespaces: number;
  readonly maxRooms: number;
  readonly maxPendingAsks: number;
  readonly maxNameLength: number;
  readonly ackTimeout: number;
  readonly askTimeout: number;
  readonly closeTimeout: number;
}

/** The limits where the options set none. */
export const DEFAULT_LIMITS: Limits = {
  maxPayload: 1024 * 1024,
  maxQueued: 4096,
  maxBuffered: 4 * 1024 * 1024,
  maxBufferedMessages: 8192,
  maxNamespaces: 32,
  maxRooms: 128,
  maxPendingAsks: 1024,
  maxNameLength: 256,
  ackTimeout: 10_000,
  askTimeout: 10_000,
  closeTimeout: 5_000,
};

/** The name of a limit, which is that of its option. */
export type LimitName =
  | Exclude<keyof Limits, "askTimeout">
  | "maxConnections"
  | "maxConnectionsPerAddress"
  | "rateLimit";

/** Counts how often each limit was crossed. */
export class Crossings {
  readonly counts: Map<LimitName, number> = new Map();

  /** Counts one crossing of a limit. */
  add(limit: LimitName): void {
    this.counts.set(limit, (this.counts.get(limit) ?? 0) + 1);
  }
}

/**
 * Takes the limits from options.
 *
 * @param options The options.
 * @returns The limits, with defaults where the options have none.
 * @throws {RangeError} When a limit is not a positive number.
 */
export function limitsOf(options: Partial<Limits>): Limits {
  const limits: { -readonly [K in keyof Limits]: Limits[K] } = {
    ...DEFAULT_LIMITS,
  };
  for (const name of Object.keys(DEFAULT_LIMITS) as (keyof Limits)[]) {
    const value = options[name];
    if (value === undefined) continue;
    assertPositive(name, value);
    limits[name] = value;
  }
  return limits;
}

/** Checks that an option is a number greater than zero. */
export function assertPositive(name: string, value: unknown): void {
  if (typeof value === "number" && value > 0) return;
  throw new RangeError(
    `Cannot set "${name}" to ${String(value)}: it must be a positive number`,
  );
}

/** The rate at which a connection may send; see `ServerOptions.rateLimit`. */
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
   * @default `messages`, or 1 where that is less
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
export class Bucket {
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

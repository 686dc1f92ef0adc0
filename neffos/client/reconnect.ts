import {
  assertNumber,
  assertType,
  makeOptionError,
} from "../connection/limits.ts";
import { MAX_WAIT } from "../util/timers.ts";

/**
 * How a client reconnects after it has lost its connection.
 *
 * @category Client
 */
export interface ReconnectOptions {
  /**
   * The upper bound of the first delay, in milliseconds.
   *
   * @default {500}
   */
  initialDelay?: number;
  /**
   * The upper bound of every delay, in milliseconds; 2^31 - 1, or 25 days, is
   * the most that counts.
   *
   * @default {30_000, or `initialDelay` where that is more}
   */
  maxDelay?: number;
  /**
   * The factor by which the upper bound grows from one delay to the next.
   *
   * @default {2}
   */
  factor?: number;
  /**
   * How many attempts are made before the client is closed for good.
   *
   * @default {Infinity}
   */
  maxTries?: number;
  /**
   * How long a connection must last, in milliseconds, before attempts are
   * counted anew and the delays begin at `initialDelay` again. It counts from
   * the time when the client is back in its namespaces and rooms: a server that
   * accepts and then closes is tried less and less often.
   *
   * @default {5_000}
   */
  minUptime?: number;
  /**
   * How many events of each namespace `emit` keeps while the client is away, to
   * send them once the namespace and its rooms are back. Events beyond it are
   * refused: `emit` returns false.
   *
   * @default {0}
   */
  maxKept?: number;
  /**
   * Whether to ask by an HTTP HEAD request if the server is there before each
   * attempt, as neffos.js does. If no answer comes, or 429, 502, 503 or 504, the
   * attempt has failed; with any other answer the client connects. It also does
   * if the request takes longer than 5 seconds, or if `client.retryNow()` is
   * called.
   *
   * @default {false}
   */
  probe?: boolean;
  /**
   * Returns a number from 0 to 1: how much of the upper bound a delay takes.
   *
   * @default {Math.random}
   */
  random?: () => number;
}

/** {@linkcode ReconnectOptions} with their defaults. */
export type Reconnect = Required<ReconnectOptions>;

const DEFAULTS: Reconnect = {
  initialDelay: 500,
  maxDelay: 30_000,
  factor: 2,
  maxTries: Infinity,
  minUptime: 5_000,
  maxKept: 0,
  probe: false,
  random: Math.random,
};

/** The close codes below 4000 after which a client reconnects. */
const COME_BACK: ReadonlySet<number> = new Set([
  1001, // going away
  1005, // no code
  1006, // no close frame
  1011, // internal error
  1012, // service restart
  1013, // try again later
  1014, // bad gateway
]);

/**
 * Tells whether a client should reconnect.
 *
 * @param code The close code (RFC 6455, section 7.4, and the IANA registry).
 * @returns Whether it should.
 */
export function mayComeBack(code: number): boolean {
  return COME_BACK.has(code) || (code >= 4000 && code <= 4499);
}

/**
 * Tells whether a client that was refused while reconnecting should try again.
 * A server that wants it to closes with a code that says so.
 *
 * @param code The close code after the refusal.
 * @returns Whether it should.
 */
export function mayTryAgain(code: number): boolean {
  return code !== 1005 && code !== 1006 && mayComeBack(code);
}

/**
 * Fills in the defaults of the options.
 *
 * @param options The options, or whether to reconnect at all.
 * @returns The options with their defaults, `undefined` for no reconnection.
 * @throws {TypeError} When an option is of another type.
 * @throws {RangeError} When a number is negative, NaN or otherwise out of range.
 */
export function completeReconnect(
  options: boolean | ReconnectOptions | undefined,
): Reconnect | undefined {
  if (options === undefined || options === false) return undefined;
  const given = options === true ? {} : options;
  assertType(
    "reconnect",
    given,
    "object",
    "true, false or an object such as { initialDelay: 500 }",
  );
  const { initialDelay = DEFAULTS.initialDelay } = given;
  const complete: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(DEFAULTS)) {
    const own = given[name as keyof Reconnect] ?? value;
    const type = typeof value as "number" | "boolean" | "function";
    assertType(`reconnect.${name}`, own, type);
    if (type === "number") {
      assertNumber(`reconnect.${name}`, own, name === "factor" ? 1 : 0);
    }
    complete[name] = own;
  }
  const maxDelay = given.maxDelay ?? Math.max(DEFAULTS.maxDelay, initialDelay);
  if (initialDelay > maxDelay) {
    throw makeOptionError(
      RangeError,
      "reconnect.initialDelay",
      initialDelay,
      `at most "reconnect.maxDelay", which is ${maxDelay}`,
    );
  }
  // The loop has checked each of them.
  return { ...complete, maxDelay } as Reconnect;
}

/**
 * Computes the delay before an attempt: exponential backoff with full jitter,
 * so that clients that were lost together do not reconnect together.
 *
 * @param options The options.
 * @param tries The number of attempts before this one.
 * @returns The delay, in milliseconds.
 */
export function delayOf(options: Reconnect, tries: number): number {
  const { initialDelay, factor, maxDelay, random } = options;
  // 0 times a factor that has grown to Infinity is NaN.
  const bound = Math.min(
    MAX_WAIT,
    maxDelay,
    initialDelay * factor ** tries || 0,
  );
  return Math.min(Math.max(0, random()), 1) * bound || 0;
}

import { MAX_WAIT } from "../util/timers.ts";

/** How a client reconnects after it has lost its connection. */
export interface ReconnectOptions {
  /**
   * The upper bound of the first delay, in milliseconds.
   *
   * @default {500}
   */
  initialDelay?: number;
  /**
   * The upper bound of every delay, in milliseconds.
   *
   * @default {30_000}
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
   * How many events of each namespace `emit` keeps while the client is away, to
   * send them once the namespace and its rooms are back. Events beyond it are
   * refused: `emit` returns false.
   *
   * @default {0}
   */
  maxKept?: number;
  /**
   * Whether to ask by an HTTP HEAD request if the server is there before each
   * attempt, as neffos.js does.
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
 * @throws {RangeError} When a number is negative or NaN.
 */
export function completeReconnect(
  options: boolean | ReconnectOptions | undefined,
): Reconnect | undefined {
  if (!options) return undefined;
  const given = options === true ? {} : options;
  const complete: Reconnect = {
    initialDelay: given.initialDelay ?? 500,
    maxDelay: given.maxDelay ?? 30_000,
    factor: given.factor ?? 2,
    maxTries: given.maxTries ?? Infinity,
    maxKept: given.maxKept ?? 0,
    probe: given.probe ?? false,
    random: given.random ?? Math.random,
  };
  for (const [name, value] of Object.entries(complete)) {
    if (typeof value === "number" && !(value >= 0)) {
      throw new RangeError(
        `Cannot set reconnect.${name} to ${value}: it must not be negative`,
      );
    }
  }
  return complete;
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
  const bound = initialDelay * factor ** tries || 0;
  return random() * Math.min(MAX_WAIT, maxDelay, bound);
}

/**
 * Waits for a time, or until a signal ends the wait without an error.
 *
 * @param ms The time, in milliseconds.
 * @param signal The signal.
 */
export function wait(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}

/**
 * Asks by an HTTP HEAD request whether a server answers at all.
 *
 * @param url The WebSocket URL of the server.
 * @param signal Aborts the request.
 * @returns Whether an answer came, of whatever status.
 */
export async function isThere(url: URL, signal: AbortSignal): Promise<boolean> {
  const http = new URL(url);
  http.protocol = url.protocol === "wss:" ? "https:" : "http:";
  try {
    const response = await fetch(http, {
      method: "HEAD",
      redirect: "manual",
      mode: "no-cors",
      signal,
    });
    await response.body?.cancel();
    return true;
  } catch {
    return false;
  }
}

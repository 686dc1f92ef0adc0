import { MAX_WAIT } from "../util/timers.ts";

/** How a client comes back after it has lost its connection. */
export interface ReconnectOptions {
  /**
   * The upper bound of the first wait, in milliseconds.
   *
   * @default {500}
   */
  initialDelay?: number;
  /**
   * The upper bound of every wait, in milliseconds.
   *
   * @default {30_000}
   */
  maxDelay?: number;
  /**
   * What the upper bound is multiplied by from one wait to the next.
   *
   * @default {2}
   */
  factor?: number;
  /**
   * How many times to try, before the client is closed for good.
   *
   * @default {Infinity}
   */
  maxTries?: number;
  /**
   * How many events, in each namespace, `emit` keeps while the connection is
   * away, to be sent once the namespace and its rooms are back. Without it
   * they are refused: `emit` returns false.
   *
   * @default {0}
   */
  maxKept?: number;
  /**
   * Asks by an HTTP HEAD whether the server is there, before each try, as
   * neffos.js does.
   *
   * @default {false}
   */
  probe?: boolean;
  /**
   * Gives the part of the upper bound that is waited, from 0 to 1.
   *
   * @default {Math.random}
   */
  random?: () => number;
}

/** {@linkcode ReconnectOptions}, complete. */
export type Reconnect = Required<ReconnectOptions>;

/** Codes by which a server, or the loss of it, does not say "stay away". */
const COME_BACK: ReadonlySet<number> = new Set([
  1001, // it goes away
  1005, // it said nothing
  1006, // the socket was lost
  1011, // it has failed
  1012, // it restarts
  1013, // it has too much to do
  1014, // its gateway has failed
]);

/**
 * Tells whether a client should come back.
 *
 * @param code The close code (RFC 6455, section 7.4, and the IANA registry).
 * @returns Whether it should.
 */
export function mayComeBack(code: number): boolean {
  return COME_BACK.has(code) || (code >= 4000 && code <= 4499);
}

/**
 * Tells whether a client that was refused when it came back should try again.
 * A server that wants it to says so with a code of its own.
 *
 * @param code The close code after the refusal.
 * @returns Whether it should.
 */
export function mayTryAgain(code: number): boolean {
  return code !== 1005 && code !== 1006 && mayComeBack(code);
}

/**
 * Completes the options.
 *
 * @param options The options, or whether to come back at all.
 * @returns The options with their defaults, `undefined` for "stay away".
 * @throws {RangeError} When a number is negative or none.
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
 * Says how long to wait before a try: a random part ("full jitter") of a
 * bound that grows, so that clients that were lost together do not come back
 * together.
 *
 * @param options The options.
 * @param tries How many times was tried before.
 * @returns The wait, in milliseconds.
 */
export function delayOf(options: Reconnect, tries: number): number {
  const { initialDelay, factor, maxDelay, random } = options;
  // No delay at all times a factor that has grown without bounds is NaN.
  const bound = initialDelay * factor ** tries || 0;
  return random() * Math.min(MAX_WAIT, maxDelay, bound);
}

/**
 * Waits.
 *
 * @param ms How long, in milliseconds.
 * @param signal Ends the wait early, without an error.
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
 * Asks whether a server answers at all.
 *
 * @param url Its websocket URL.
 * @param signal Ends the wait for it.
 * @returns Whether it does.
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

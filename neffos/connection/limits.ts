import {
  describe,
  LimitError,
  type NeffosErrorOptions,
} from "../protocol/errors.ts";

/**
 * The limits of what one connection holds and receives, as options of a server
 * or a client. Sizes are in bytes. The defaults are those of a server: a client
 * has none of these limits unless its options set them.
 *
 * @category Limits
 */
export interface ConnectionLimits {
  /**
   * The maximum size of a message, in bytes. A larger one closes the connection
   * (1009).
   *
   * @default {1_048_576}
   */
  maxPayload?: number;
  /**
   * The maximum number of messages of a connection that have come and whose
   * handling has not ended: they wait for the acceptance, a handler before them
   * or a name that is being entered, or their own handler has not ended. More
   * close it (1008), and so do more bytes than in 16 messages of `maxPayload`;
   * text counts as if it were ASCII. `Infinity` sets no limit of either kind.
   *
   * Where the transport can stop reading, as that of `wsUpgrader`, it does so at
   * half of these numbers instead, and the peer is closed only while an answer of
   * it is waited for.
   *
   * @default {4096}
   */
  maxQueued?: number;
  /**
   * The number of bytes that may wait to be sent to a connection whether its
   * peer reads or not. While more wait, a peer that takes nothing for 5
   * seconds, and 16 seconds more for each MiB of the largest message that
   * waits, is closed (4008). While twice as many wait, no messages of the peer
   * are handled; when four times as many wait, the next message closes it.
   *
   * It is checked once for each 64 KiB or 64 messages.
   *
   * @default {4_194_304}
   */
  maxBuffered?: number;
  /**
   * The approximate number of messages that may wait to be sent to a
   * connection, with the same consequences as `maxBuffered`. Of messages in
   * other scripts than Latin fewer may wait, down to a third.
   *
   * @default {8192}
   */
  maxBufferedMessages?: number;
  /**
   * The maximum number of namespaces of a connection.
   *
   * @default {32}
   */
  maxNamespaces?: number;
  /**
   * The maximum number of rooms of a connection, in all of its namespaces.
   *
   * @default {128}
   */
  maxRooms?: number;
  /**
   * The maximum number of pending asks to a connection, callers that wait for
   * another caller's ask included.
   *
   * @default {1024}
   */
  maxPendingAsks?: number;
  /**
   * The maximum length, in UTF-16 units, of the name of a namespace, a room or
   * an event. A message with a longer one is dropped.
   *
   * @default {256}
   */
  maxNameLength?: number;
}

/** The limits of one connection. Sizes in bytes, times in milliseconds. */
export interface Limits extends Readonly<Required<ConnectionLimits>> {
  readonly ackTimeout: number;
  readonly askTimeout: number;
  readonly closeTimeout: number;
}

/** The limits of a server where its options set none. */
export const DEFAULT_LIMITS: Limits = {
  maxPayload: 1_048_576,
  maxQueued: 4096,
  maxBuffered: 4_194_304,
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

/** What a connection may have so many of, by its limit. */
const COUNTED = {
  maxNamespaces: "namespaces",
  maxRooms: "rooms",
  maxPendingAsks: "asks",
};

/**
 * Counts a crossing of a limit, and makes the error of the call.
 *
 * @param host The host of the connection.
 * @param limit The limit.
 * @param call The action, for the text of the error, and the names concerned.
 * @returns The error.
 */
export function crossLimit(
  host: { readonly limits: Limits; crossed?(limit: LimitName): void },
  limit: keyof typeof COUNTED,
  { action, about }: {
    readonly action: string;
    readonly about: NeffosErrorOptions;
  },
): LimitError {
  host.crossed?.(limit);
  return new LimitError(
    `Cannot ${action}: ${host.limits[limit]} ${
      COUNTED[limit]
    } are the limit of a connection`,
    about,
  );
}

/**
 * Takes the limits from options.
 *
 * @param options The options.
 * @param defaults The limits where the options have none.
 * @returns The limits.
 * @throws {RangeError} When a limit is not a positive number.
 */
export function limitsOf(
  options: { readonly [K in keyof Limits]?: Limits[K] | undefined },
  defaults: Limits,
): Limits {
  const limits: { -readonly [K in keyof Limits]: Limits[K] } = { ...defaults };
  for (const name of Object.keys(defaults) as (keyof Limits)[]) {
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
  throw makeOptionError(RangeError, name, value, "a positive number");
}

/** Checks that an option is a number that is not less than another. */
export function assertNumber(name: string, value: unknown, min: number): void {
  assertType(name, value, "number");
  if (value as number >= min) return;
  throw makeOptionError(RangeError, name, value, `at least ${min}`);
}

/**
 * Checks the type of an option.
 *
 * @param name The name of the option.
 * @param value Its value.
 * @param type The type, as `typeof` tells it; an array is no object here.
 * @param wanted What it should be, in words.
 * @throws {TypeError} When it is of another type.
 */
export function assertType(
  name: string,
  value: unknown,
  type: "object" | "function" | "number" | "boolean",
  wanted = `a ${type}`,
): void {
  if (typeof value === type && value !== null && !Array.isArray(value)) return;
  throw makeOptionError(TypeError, name, value, wanted);
}

/** Makes the error of an option that has a wrong value. */
export function makeOptionError(
  Class: ErrorConstructor,
  name: string,
  value: unknown,
  wanted: string,
): Error {
  const shown = typeof value === "number" ? value : describe(value);
  return new Class(`Cannot set "${name}" to ${shown}: it must be ${wanted}`);
}

/**
 * How a client notices that its server has gone without a word.
 *
 * @category Client
 */
export interface HeartbeatOptions {
  /**
   * How long the server may be silent before it is asked for a sign of life, in
   * milliseconds. Silence is looked at once in that time, so it may last for up
   * to twice as long.
   *
   * @default {25_000}
   */
  interval?: number;
  /**
   * How long the server may then take to send something, whatever it is, in
   * milliseconds. A message counts once all of it is there, so raise this where
   * large ones come over slow networks. While the server still reads what was
   * sent before, it has more time: 16 seconds for each MiB of the largest unsent
   * message.
   *
   * @default {20_000}
   */
  timeout?: number;
}

/**
 * Fills in the defaults of the options.
 *
 * @param options The options, or whether to have a heartbeat at all.
 * @returns The options with their defaults, `undefined` for no heartbeat.
 * @throws {TypeError} When an option is of another type.
 * @throws {RangeError} When a number is not positive.
 */
export function heartbeatOf(
  options: boolean | HeartbeatOptions = true,
): Required<HeartbeatOptions> | undefined {
  if (options === false) return undefined;
  const given = options === true ? {} : options;
  assertType(
    "heartbeat",
    given,
    "object",
    "true, false or an object such as { interval: 25_000 }",
  );
  const { interval = 25_000, timeout = 20_000 } = given;
  assertPositive("heartbeat.interval", interval);
  assertPositive("heartbeat.timeout", timeout);
  return { interval, timeout };
}

/**
 * {@linkcode ServerStats}: what `Server.stats()` tells.
 *
 * @module
 */

/** What was thrown away, counted. */
export interface Drops {
  /** Frames that are no messages. */
  invalid: number;
  /** Messages for a namespace, a room or an event that is not there. */
  stray: number;
  /** Answers that came too late, or twice. */
  lateAnswers: number;
  /** Volatile messages that were not sent to who was behind. */
  volatile: number;
}

/**
 * The numbers of a server at one moment. Those that only ever grow count
 * since the server was made; times are in milliseconds.
 */
export interface ServerStats {
  /** When the server was made, in milliseconds since 1970. */
  readonly startTime: number;
  /** How long ago that was. */
  readonly uptime: number;
  /** The connections there are: `Server.totalConnections`. */
  readonly connections: number;
  /**
   * The connections, those that have not said hello yet, and those whose end
   * was not told yet: all that was accepted and is not counted in `closed`.
   */
  readonly sockets: number;
  /** The requests that became sockets. */
  readonly accepted: number;
  /** The requests that were refused, by the HTTP status of the answer. */
  readonly refused: Readonly<Record<string, number>>;
  /**
   * The sockets that have ended, by close code. The codes that RFC 6455 and
   * this module know are told apart; `3xxx` and `4xxx` have those of
   * libraries and applications, `other` all the rest.
   */
  readonly closed: Readonly<Record<string, number>>;
  /** The namespaces that somebody is in. */
  readonly namespaces: number;
  /** The rooms that somebody is in, in all namespaces. */
  readonly rooms: number;
  /** The frames that came in, those of the protocol itself included. */
  readonly messagesIn: number;
  /** Their lengths: bytes of binary frames, UTF-16 units of text. */
  readonly bytesIn: number;
  /** The frames that sockets have taken, each receiver's counted. */
  readonly messagesOut: number;
  /** Their lengths: bytes of binary frames, UTF-16 units of text. */
  readonly bytesOut: number;
  /** The faults that `onError` was told of, or the console. */
  readonly errors: number;
  /** What was thrown away, by reason. */
  readonly drops: Readonly<Drops>;
  /** How often limits were crossed, by the names of their options. */
  readonly crossings: Readonly<Record<string, number>>;
  /** The messages that wait for a handler before them, or for a room. */
  readonly queued: number;
  /** The handlers and hooks that have begun and whose promise is pending. */
  readonly pending: number;
  /**
   * How long handlers took, once `Server.measureHandlers()` was called: those
   * that have run since.
   */
  readonly handlers: readonly HandlerStats[];
}

/** How long the handler of one event took, middleware included. */
export interface HandlerStats {
  /** The namespace, as the program has registered it. */
  readonly namespace: string;
  /**
   * The event, as the program has registered it: `_OnAnyEvent` for all that
   * have no handler of their own, `_OnNativeMessage` for native messages.
   */
  readonly event: string;
  /** How many times it has ended, well or badly. */
  readonly count: number;
  /** How long all of that took together, in milliseconds. */
  readonly duration: number;
  /** How many of them took how long, each bucket with the ones before it. */
  readonly buckets: readonly DurationBucket[];
}

/** How many times a handler took no longer than a time. */
export interface DurationBucket {
  /** The time in milliseconds. */
  readonly max: number;
  /** How many times. */
  readonly count: number;
}

/** How handlers are measured. */
export interface MeasureOptions {
  /**
   * The upper bounds of the buckets, in milliseconds, in ascending order.
   *
   * @default {[0.1, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000]}
   */
  buckets?: readonly number[];
  /**
   * The clock, in milliseconds.
   *
   * @default {performance.now}
   */
  now?: () => number;
}

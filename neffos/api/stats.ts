/**
 * {@linkcode ServerStats}: the result of `Server.stats()`.
 *
 * @module
 */

/**
 * The frames and messages that were dropped, by reason.
 *
 * @category Observability
 */
export interface Drops {
  /** Frames that could not be decoded. */
  invalid: number;
  /** Messages for an unknown namespace, room or event. */
  stray: number;
  /** Answers that arrived too late, or twice. */
  lateAnswers: number;
  /** Volatile messages that were not sent, to peers that read slowly. */
  volatile: number;
}

/**
 * A snapshot of the counters and gauges of a server. The counters begin when
 * the server is made; times are in milliseconds.
 *
 * @category Observability
 */
export interface ServerStats {
  /** When the server was made, in milliseconds since 1970. */
  readonly startTime: number;
  /** The time since then, in milliseconds. */
  readonly uptime: number;
  /** The connections now: `Server.totalConnections`. */
  readonly connections: number;
  /**
   * The connections, with those before their handshake and those whose end
   * was not reported yet: `accepted` less all in `closed`.
   */
  readonly sockets: number;
  /** The requests that were upgraded. */
  readonly accepted: number;
  /** The requests that were refused, by HTTP status. */
  readonly refused: Readonly<Record<string, number>>;
  /**
   * The sockets that have ended, by close code. The codes of RFC 6455 and of
   * this module are counted one by one; `3xxx` and `4xxx` count the codes of
   * libraries and applications, `other` the rest.
   */
  readonly closed: Readonly<Record<string, number>>;
  /** The namespaces with at least one connection. */
  readonly namespaces: number;
  /** The rooms with at least one connection, in all namespaces. */
  readonly rooms: number;
  /** The frames received, those of the protocol itself included. */
  readonly messagesIn: number;
  /** Their lengths: bytes of binary frames, UTF-16 units of text frames. */
  readonly bytesIn: number;
  /** The frames sent, a broadcast once for each receiver. */
  readonly messagesOut: number;
  /** Their lengths: bytes of binary frames, UTF-16 units of text frames. */
  readonly bytesOut: number;
  /** The errors that were reported to `onError`, or to the console. */
  readonly errors: number;
  /** The frames and messages that were dropped. */
  readonly drops: Readonly<Drops>;
  /** How often each limit was reached, by the name of its option. */
  readonly crossings: Readonly<Record<string, number>>;
  /** The messages that wait for an earlier handler, or for a join. */
  readonly queued: number;
  /** The handlers and hooks whose promise is pending. */
  readonly pending: number;
  /** The durations of handlers since `Server.measureHandlers()`. */
  readonly handlers: readonly HandlerStats[];
  /** The numbers of the exchange, if the server uses one. */
  readonly exchange?: ExchangeStats;
}

/**
 * The durations of the handler of one event, middleware included.
 *
 * @category Observability
 */
export interface HandlerStats {
  /** The namespace, as registered. */
  readonly namespace: string;
  /**
   * The event, as registered: `_OnAnyEvent` for all without a handler of
   * their own, `_OnNativeMessage` for native messages.
   */
  readonly event: string;
  /** The number of calls that have ended, with an error or without. */
  readonly count: number;
  /** Their total duration, in milliseconds. */
  readonly duration: number;
  /** The cumulative buckets of the histogram. */
  readonly buckets: readonly DurationBucket[];
}

/**
 * One bucket of the histogram.
 *
 * @category Observability
 */
export interface DurationBucket {
  /** The upper bound, in milliseconds. */
  readonly max: number;
  /** The number of calls that took no longer. */
  readonly count: number;
}

/**
 * Options of `Server.measureHandlers()`.
 *
 * @category Observability
 */
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

/**
 * The counters and gauges of a server's exchange.
 *
 * @category Observability
 */
export interface ExchangeStats {
  /** Whether messages get to the broker and back. */
  readonly isConnected: boolean;
  /** The other servers that are alive. */
  readonly servers: number;
  /** The channels that the server listens to. */
  readonly channels: number;
  /** The messages that were published, those between servers included. */
  readonly published: number;
  /** The messages of others that have come. */
  readonly received: number;
  /** The messages that wait for the broker. */
  readonly queued: number;
  /** The messages that were dropped, since too many waited. */
  readonly dropped: number;
  /** The messages that the broker has refused. */
  readonly failed: number;
  /** The messages of others that are known to be missing. */
  readonly missed: number;
  /** The messages in no format, or not allowed. */
  readonly invalid: number;
  /** The messages of a version that is not known. */
  readonly unknownVersion: number;
  /** The messages without a valid signature. */
  readonly unsigned: number;
}

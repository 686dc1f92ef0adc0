import type { CompiledHandlers } from "./_compile.ts";
import { writeFault } from "./_fault_line.ts";
import type { Index } from "./_index.ts";
import type { TurnTracer } from "./_queue.ts";
import type { RateLimit } from "./_rate.ts";
import type { Left, NSState } from "./_state.ts";
import type { Timers } from "./_timers.ts";
import type { Traffic } from "./_traffic.ts";
import type { Conn } from "./conn.ts";
import type { Server } from "./server.ts";
import type { Message } from "./message.ts";
import type { CloseInfo } from "./socket.ts";

/** What one connection may take. Sizes in bytes, times in milliseconds. */
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

/** The limits of the design. */
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

/** Where something went wrong. */
export interface FaultSource {
  /** The connection, where there was one. */
  readonly conn?: Conn | undefined;
  /** The namespace, where there was one. */
  readonly namespace?: string | undefined;
  /** The event, or the hook. */
  readonly event?: string | undefined;
}

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

/** A limit, by the name of its option. */
export type LimitName =
  | Exclude<keyof Limits, "askTimeout">
  | "maxConnections"
  | "maxConnectionsPerAddress"
  | "rateLimit";

/** How often each limit was crossed. */
export class Crossings {
  readonly counts: Map<LimitName, number> = new Map();

  /** Counts a limit that was crossed. */
  add(limit: LimitName): void {
    this.counts.set(limit, (this.counts.get(limit) ?? 0) + 1);
  }
}

/** How a connection has ended. */
export interface End {
  readonly info: CloseInfo;
  /** Whether onConnect had succeeded. */
  readonly isPaired: boolean;
  /** The namespaces that it was in. */
  readonly left: readonly Left[];
}

/** What a connection needs of the server or the client that it belongs to. */
export interface Host {
  readonly handlers: CompiledHandlers;
  readonly limits: Limits;
  /** How fast a connection may send, where that is limited. */
  readonly rate: Required<RateLimit> | undefined;
  readonly timers: Timers;
  readonly drops: Drops;
  readonly traffic: Traffic;
  readonly crossings: Crossings;
  /** Tells whose turn it is, where the platform can. */
  readonly tracer: TurnTracer | undefined;
  /** The server, on its side. */
  readonly server: Server | undefined;
  /** Who is where, on the server's side. */
  readonly index: Index | undefined;
  /** The socket of a client is open and must be greeted by it. */
  readonly isClient: boolean;

  /** Runs the hook that may refuse a connection. */
  onConnect(conn: Conn): void | Promise<void>;
  /** The connection can be used. */
  onOpen(conn: Conn): void;
  /** The other side refused the connection. */
  onRefused(conn: Conn, error: Error): void;
  /** Nothing can be sent any more; hooks and handlers may still run. */
  onSilenced(conn: Conn): void;
  /** All is over. */
  onClosed(conn: Conn, end: End): void | Promise<void>;
  /** A message came whose event nobody handles. */
  onUnhandled(state: NSState, message: Message): void;
  /** Something failed that nobody else is told of. */
  report(error: unknown, source: FaultSource): void;
}

/** Reports to the program's hook, or to the console; never throws. */
export function reportTo(
  onError: ((error: unknown, source: FaultSource) => void) | undefined,
  error: unknown,
  source: FaultSource,
): void {
  if (onError === undefined) return logFault(error, source);
  const onFailure = (failure: unknown) => {
    // What could not be told is not lost.
    logFault(error, source);
    logFault(failure, { ...source, event: "onError" });
  };
  try {
    const reported: unknown = onError(error, source);
    if (reported instanceof Promise) reported.catch(onFailure);
  } catch (failure) {
    onFailure(failure);
  }
}

function logFault(error: unknown, source: FaultSource): void {
  try {
    // deno-lint-ignore no-console -- the program has no onError that works
    console.error(writeFault(error, source));
  } catch {
    // A console that fails must not stop anything.
  }
}

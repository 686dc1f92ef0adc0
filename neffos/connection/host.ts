import type { Conn } from "../api/conn.ts";
import type { FaultSource, ServerApi } from "../api/server_api.ts";
import type { Drops } from "../api/stats.ts";
import type { CompiledHandlers } from "../controller/compile.ts";
import type { Message } from "../protocol/message.ts";
import type { Index } from "../server/directory.ts";
import type { Traffic } from "../transport/send_buffer.ts";
import type { CloseInfo } from "../transport/socket.ts";
import type { Timers } from "../util/timers.ts";
import type { Crossings, Limits, RateLimit } from "./limits.ts";
import type { Left, NSState } from "./namespace_state.ts";
import type { TurnTracer } from "./turn_queue.ts";

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
  readonly server: ServerApi | undefined;
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

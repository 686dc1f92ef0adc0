import type { UpgradeError } from "../protocol/errors.ts";
import type { Exclude, Message } from "../protocol/message.ts";
import type { CloseInfo } from "../transport/socket.ts";
import type { UpgradeRequest } from "../transport/upgrader.ts";
import type { Conn } from "./conn.ts";
import type { NSConn } from "./ns_conn.ts";
import type { Room } from "./room.ts";

/** Where something went wrong. */
export interface FaultSource {
  /** The connection, where there was one. */
  readonly conn?: Conn | undefined;
  /** The namespace, where there was one. */
  readonly namespace?: string | undefined;
  /** The event, or the hook. */
  readonly event?: string | undefined;
}

/** What a program can hear of and decide about a server's connections. */
export interface ServerHooks {
  /**
   * Decides about a new connection. An EventError refuses it with its text.
   *
   * @default {undefined} everybody is let in
   */
  onConnect?: ((conn: Conn) => void | Promise<void>) | undefined;
  /**
   * Told exactly once of the end of each connection that `onConnect` has
   * let in, after its rooms and namespaces were left.
   */
  onDisconnect?:
    | ((conn: Conn, info: CloseInfo) => void | Promise<void>)
    | undefined;
  /** Told of each request that was not upgraded, and why. */
  onUpgradeError?:
    | ((error: UpgradeError, request: UpgradeRequest) => void)
    | undefined;
  /**
   * Told of every exception that is not an EventError, and of those that
   * nobody else can be told of.
   *
   * @default one line of JSON by `console.error` for each
   */
  onError?: ((error: unknown, source: FaultSource) => void) | undefined;
  /**
   * Told of each message whose event nobody handles: neither a handler of its
   * name nor one of any event. An ask gets the empty reply all the same.
   *
   * @default one line of `console.warn` for each event, for at most 100 of
   * them, since it is clients that choose their names
   */
  onUnhandled?: ((nsConn: NSConn, msg: Message) => void) | undefined;
  /**
   * Gives the ID of a new connection. Several connections of one user may
   * share an ID. What it throws is answered with 500.
   *
   * @default {crypto.randomUUID}
   */
  idGenerator?:
    | ((request: UpgradeRequest) => string | Promise<string>)
    | undefined;
}

/** Whom a broadcast leaves out: one connection, or an ID, or nobody. */
export type Except = Conn | NSConn | Room | Exclude | null | undefined;

import type { Conn } from "../api/conn.ts";
import type { FaultSource } from "../api/server_api.ts";
import type {
  ConnectionClosedError,
  NeffosError,
  NeffosErrorOptions,
} from "../protocol/errors.ts";
import type { Message, RawBody } from "../protocol/message.ts";
import type { FrameSender } from "../transport/send_buffer.ts";
import type { Host } from "./host.ts";
import type { TurnQueue } from "./turn_queue.ts";

/** What the parts of a connection need from it. */
export interface Link {
  readonly conn: Conn;
  readonly host: Host;
  readonly buffer: FrameSender;
  readonly queue: TurnQueue<Message>;
  /** Whether the peer has accepted the connection, or was accepted. */
  readonly isOpen: boolean;
  /** Whether nothing can be sent any more. */
  readonly isEnding: boolean;

  /** Accepts the peer, if the connection is still deciding about it. */
  accept(): void;
  /** Reads from the socket, since something of the peer is waited for. */
  readOn(): void;
  /** Sends a frame; tells whether the socket has taken it. */
  send(frame: RawBody): boolean;
  /** Answers a message with the empty reply, if the peer waits for one. */
  acknowledge(message: Message): void;
  /** Tells the peer that its message was refused or its handler has failed. */
  refuse(message: Message, text: string): void;
  /** Handles an exception of a handler: reports it, and tells the peer. */
  fail(message: Message, error: unknown): void;
  /** Reports an exception that the peer is not told. */
  report(error: unknown, source: Omit<FaultSource, "conn">): void;
  /** Makes the error of a call that a closed connection cannot serve. */
  closedError(about?: NeffosErrorOptions): ConnectionClosedError;
  /** Makes the error of a call about a name that this side is not in. */
  notInError(about: NeffosErrorOptions, isRoom: boolean): NeffosError;
  close(code: number, reason: string): void;
}

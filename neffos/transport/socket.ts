/**
 * {@linkcode Socket}: the small port behind which a transport sits, and
 * {@linkcode socketPair}, a transport inside the process for tests.
 *
 * @module
 */

import type { RawBody } from "../protocol/message.ts";

/** How a socket ended. */
export interface CloseInfo {
  /** The close code (RFC 6455, section 7.4), 1006 for an abnormal end. */
  readonly code: number;
  /** The close reason, often empty. */
  readonly reason: string;
  /** Whether both sides agreed to close. */
  readonly wasClean: boolean;
}

/** What happens on a {@linkcode Socket}. None of these may throw. */
export interface SocketListener {
  /** The socket can be written to. */
  open(): void;
  /**
   * A frame came in.
   *
   * @param data A string for a text frame, bytes for a binary one.
   */
  message(data: RawBody): void;
  /**
   * The socket ended. Called exactly once, whatever ended it.
   *
   * @param info How it ended.
   */
  close(info: CloseInfo): void;
}

/** What a transport can do besides sending and closing. */
export interface SocketAbilities {
  /** It ends a socket at once; see {@linkcode Socket.terminate}. */
  readonly terminate: boolean;
  /** It stops reading; see {@linkcode Socket.pause}. */
  readonly pause: boolean;
  /** It counts what waits; see {@linkcode Socket.bufferedMessages}. */
  readonly count: boolean;
}

/** One end of a websocket, whatever carries it. */
export interface Socket {
  /**
   * What the transport can do.
   *
   * @default nothing of it, as with the platform's WebSocket
   */
  readonly can?: SocketAbilities;
  /**
   * Sets who is told what happens. Called once, before anything can happen.
   *
   * @param listener Who is told.
   */
  listen(listener: SocketListener): void;
  /**
   * Sends a frame.
   *
   * @param data A string for a text frame, bytes for a binary one.
   * @returns Whether the socket was open and took it.
   */
  send(data: RawBody): boolean;
  /**
   * Starts the closing handshake. Calling it again does nothing.
   *
   * @param code The close code.
   * @param reason The close reason; cut at 123 bytes.
   */
  close(code?: number, reason?: string): void;
  /** The bytes that {@linkcode send} took and the network has not. */
  readonly bufferedAmount: number;
  /** The messages that {@linkcode send} took and the network has not. */
  readonly bufferedMessages?: number;
  /** Ends the socket at once, and frees what waits to be sent. */
  terminate?(): void;
  /** Reads no more until {@linkcode resume}, so that the peer has to wait. */
  pause?(): void;
  /** Reads on. */
  resume?(): void;
}

const MAX_REASON_BYTES = 123;

/**
 * Cuts a close reason at the 123 bytes that a close frame has room for
 * (RFC 6455, section 5.5), between two characters.
 *
 * @param reason The reason.
 * @returns As much of it as fits.
 */
export function cutReason(reason: string): string {
  // No UTF-16 unit takes more than three bytes of UTF-8.
  if (reason.length * 3 <= MAX_REASON_BYTES) return reason;
  const room = new Uint8Array(MAX_REASON_BYTES);
  const { read } = new TextEncoder().encodeInto(reason, room);
  return reason.slice(0, read);
}

/**
 * {@linkcode Socket}: the port that every transport implements.
 *
 * @module
 */

import type { RawBody } from "../protocol/message.ts";

/** The end of a socket. */
export interface CloseInfo {
  /** The close code (RFC 6455, section 7.4), 1006 without a close frame. */
  readonly code: number;
  /** The close reason, often empty. */
  readonly reason: string;
  /** Whether the closing handshake was completed. */
  readonly wasClean: boolean;
}

/** Handles the events of a {@linkcode Socket}. Its methods must not throw. */
export interface SocketListener {
  /** Called when the socket is open and can send. */
  open(): void;
  /**
   * Called for each frame received.
   *
   * @param data A string for a text frame, bytes for a binary one.
   */
  message(data: RawBody): void;
  /**
   * Called exactly once, at the end of the socket, whatever its cause.
   *
   * @param info The close code and reason.
   */
  close(info: CloseInfo): void;
}

/** The optional abilities of a transport. */
export interface SocketAbilities {
  /** Whether it has {@linkcode Socket.terminate}. */
  readonly terminate: boolean;
  /** Whether it has {@linkcode Socket.pause} and `resume`. */
  readonly pause: boolean;
  /** Whether it has {@linkcode Socket.bufferedMessages}. */
  readonly count: boolean;
}

/** One end of a websocket, over any transport. */
export interface Socket {
  /**
   * The optional abilities of the transport.
   *
   * @default none, as with the platform's WebSocket
   */
  readonly can?: SocketAbilities;
  /**
   * Sets the listener. Called once, before the first event.
   *
   * @param listener The listener.
   */
  listen(listener: SocketListener): void;
  /**
   * Sends a frame.
   *
   * @param data A string for a text frame, bytes for a binary one.
   * @returns Whether the socket was open and has taken the frame.
   */
  send(data: RawBody): boolean;
  /**
   * Starts the closing handshake. A second call does nothing.
   *
   * @param code The close code.
   * @param reason The close reason; it is cut at 123 bytes.
   */
  close(code?: number, reason?: string): void;
  /** The bytes that wait to be sent. */
  readonly bufferedAmount: number;
  /** The messages that wait to be sent. */
  readonly bufferedMessages?: number;
  /** Ends the socket at once, and drops what waits to be sent. */
  terminate?(): void;
  /** Stops reading until {@linkcode resume}: backpressure on the peer. */
  pause?(): void;
  /** Reads again. */
  resume?(): void;
}

const MAX_REASON_BYTES = 123;

/**
 * Cuts a close reason, between two characters, at the 123 bytes that fit into
 * a close frame (RFC 6455, section 5.5).
 *
 * @param reason The reason.
 * @returns The part that fits.
 */
export function cutReason(reason: string): string {
  // No UTF-16 unit takes more than three bytes of UTF-8.
  if (reason.length * 3 <= MAX_REASON_BYTES) return reason;
  const room = new Uint8Array(MAX_REASON_BYTES);
  const { read } = new TextEncoder().encodeInto(reason, room);
  return reason.slice(0, read);
}

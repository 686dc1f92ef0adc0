/**
 * {@linkcode Socket}: the port that every transport implements, and
 * {@linkcode socketPair}, a transport inside one process for tests.
 *
 * @module
 */

import type { RawBody } from "../protocol/message.ts";

/**
 * The end of a socket.
 *
 * @category Connections
 */
export interface CloseInfo {
  /** The close code (RFC 6455, section 7.4), 1006 without a close frame. */
  readonly code: number;
  /** The close reason, often empty. */
  readonly reason: string;
  /** Whether the closing handshake was completed. */
  readonly wasClean: boolean;
}

/**
 * Handles the events of a {@linkcode Socket}. Its methods must not throw.
 *
 * @category Transports
 */
export interface SocketListener {
  /** Called when the socket is open and can send. */
  open(): void;
  /**
   * Called for each frame received.
   *
   * @param data A string for a text frame, bytes for a binary one.
   */
  message(data: RawBody): void;
  /** Called when what waited to be sent was taken, where the transport tells. */
  drain?(): void;
  /**
   * Called exactly once, at the end of the socket, whatever its cause.
   *
   * @param info The close code and reason.
   */
  close(info: CloseInfo): void;
}

/**
 * The optional abilities of a transport.
 *
 * @category Transports
 */
export interface SocketAbilities {
  /** Whether it has {@linkcode Socket.terminate}. */
  readonly terminate: boolean;
  /** Whether it has {@linkcode Socket.pause} and `resume`. */
  readonly pause: boolean;
  /** Whether it has {@linkcode Socket.bufferedMessages}. */
  readonly count: boolean;
}

/**
 * One end of a websocket, over any transport.
 *
 * @category Transports
 */
export interface Socket {
  /**
   * The optional abilities of the transport.
   *
   * @default {none, as with the platform's WebSocket}
   */
  readonly can?: SocketAbilities;
  /**
   * Whether frames go over a network, where the peer may read several of them
   * at once.
   *
   * @default {false}
   */
  readonly isRemote?: boolean;
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
  /** Why it could not be opened, once it has ended, where that is known. */
  readonly failure?: unknown;
  /** The bytes that wait to be sent. */
  readonly bufferedAmount: number;
  /** The messages that wait to be sent. */
  readonly bufferedMessages?: number;
  /** Ends the socket at once, and drops what waits to be sent. */
  terminate?(): void;
  /**
   * Stops reading until {@linkcode resume}: backpressure on the peer. Frames that
   * were read already may still come.
   */
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

/**
 * Makes two sockets that are connected to each other inside this process.
 * Frames arrive in order, and never within the call of `send`.
 *
 * @returns The two ends.
 *
 * @example
 * ```ts
 * import { socketPair } from "@neffos/mvc";
 *
 * const [left, right] = socketPair();
 * const received = Promise.withResolvers<string | Uint8Array>();
 * left.listen({ open: () => left.send("hi"), message() {}, close() {} });
 * right.listen({ open() {}, message: received.resolve, close() {} });
 * console.log(await received.promise); // hi
 * ```
 *
 * @category Transports
 */
export function socketPair(): [Socket, Socket] {
  const left = new MemorySocket();
  const right = new MemorySocket();
  left.join(right);
  right.join(left);
  return [left, right];
}

class MemorySocket implements Socket {
  readonly can = { terminate: true, pause: true, count: true };
  #peer!: MemorySocket;
  #listener: SocketListener | undefined;
  #state: "connecting" | "open" | "closing" | "closed" = "connecting";
  #received: RawBody[] = [];
  #receivedBytes = 0;
  #isScheduled = false;
  #isPaused = false;
  #end: CloseInfo | undefined;

  get bufferedAmount(): number {
    return this.#peer.#receivedBytes;
  }

  get bufferedMessages(): number {
    return this.#peer.#received.length;
  }

  join(peer: MemorySocket): void {
    this.#peer = peer;
  }

  listen(listener: SocketListener): void {
    this.#listener = listener;
    this.#schedule();
  }

  send(data: RawBody): boolean {
    if (this.#state !== "open") return false;
    this.#peer.#received.push(
      typeof data === "string" ? data : data.slice(),
    );
    this.#peer.#receivedBytes += data.length;
    this.#peer.#schedule();
    return true;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#schedule();
  }

  close(code = 1000, reason = ""): void {
    if (this.#state === "closing" || this.#state === "closed") return;
    this.#state = "closing";
    const end = { code, reason: cutReason(reason), wasClean: true };
    this.#peer.#finish(end);
    // A peer that does not read does not answer the close frame.
    if (!this.#peer.#isPaused) this.#finish(end);
  }

  terminate(): void {
    const end = { code: 1006, reason: "", wasClean: false };
    for (const each of [this.#peer, this]) {
      each.#isPaused = false;
      each.#finish(end);
    }
  }

  #finish(end: CloseInfo): void {
    this.#end ??= end;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#listener === undefined) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#deliver(this.#listener!);
    });
  }

  #deliver(listener: SocketListener): void {
    if (this.#state === "connecting") {
      this.#state = "open";
      listener.open();
    }
    const received = this.#received;
    this.#received = [];
    let handled = 0;
    while (handled < received.length && !this.#isPaused) {
      const data = received[handled++]!;
      this.#receivedBytes -= data.length;
      listener.message(data);
    }
    if (handled < received.length) {
      this.#received = [...received.slice(handled), ...this.#received];
    }
    if (this.#isPaused || this.#end === undefined) return;
    if (this.#state === "closed") return;
    this.#state = "closed";
    listener.close(this.#end);
    this.#peer.#finish(this.#end);
  }
}

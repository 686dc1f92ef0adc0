import type { RawBody } from "../protocol/message.ts";
import {
  AT_MOST,
  BACKED_UP,
  SendBuffer,
  type SendBufferOwner,
} from "../transport/send_buffer.ts";
import type { Socket } from "../transport/socket.ts";

/**
 * The send buffer of a server's connection, which can hold frames back: those
 * of broadcasts that are sent in chunks, and what follows an answer.
 */
export class QueuedBuffer extends SendBuffer {
  readonly #socket: Socket;
  #queued: RawBody[] | undefined;
  #queuedBytes = 0;

  constructor(socket: Socket, owner: SendBufferOwner) {
    super(socket, owner);
    this.#socket = socket;
  }

  override get isBackedUp(): boolean {
    return this.queued > BACKED_UP.messages ||
      this.#queuedBytes > BACKED_UP.bytes || super.isBackedUp;
  }

  /** The number of frames that are queued. */
  get queued(): number {
    return this.#queued?.length ?? 0;
  }

  /** Sends a frame, behind those that are queued. */
  override send(frame: RawBody): boolean {
    return this.#queued === undefined ? super.send(frame) : this.queue(frame);
  }

  /** Queues a frame until {@linkcode flush}. */
  queue(frame: RawBody): boolean {
    const queued = this.#queued ??= [];
    const { maxBuffered, maxBufferedMessages } = this.limits;
    const isFull = queued.length >= AT_MOST * maxBufferedMessages ||
      this.#queuedBytes > AT_MOST * maxBuffered;
    if (isFull) this.overflow();
    else {
      queued.push(frame);
      this.#queuedBytes += frame.length;
    }
    return !isFull;
  }

  /**
   * Queues all frames from now on until {@linkcode flush}; tells whether it does:
   * in one process, each frame arrives by itself.
   */
  hold(): boolean {
    if (this.#socket.isRemote !== true) return false;
    this.#queued ??= [];
    return true;
  }

  /** Sends the queued frames, unless they are dropped; returns how many. */
  flush(): number {
    const queued = this.#queued ?? [];
    let sent = 0;
    for (const frame of queued) {
      super.send(frame);
      sent++;
    }
    this.#clear();
    return sent;
  }

  /** Sends what was accepted for sending, as far as the socket takes it. */
  override close(error: Error): void {
    super.close(error);
    this.flush();
  }

  /** Drops the queued frames, those included that a flush has yet to send. */
  protected override overflow(): void {
    if (this.#queued !== undefined) this.#queued.length = 0;
    this.#clear();
    super.overflow();
  }

  #clear(): void {
    this.#queued = undefined;
    this.#queuedBytes = 0;
  }
}

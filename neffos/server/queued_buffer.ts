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
  /** Whether it waits for its turn in a broadcast. */
  isWaiting = false;
  readonly #isRemote: boolean;
  /** Whether frames are queued though none is. */
  #isHeld = false;
  /** The first frame that is queued, for most the only one. */
  #first: RawBody | undefined;
  #rest: RawBody[] | undefined;
  #queuedBytes = 0;

  constructor(socket: Socket, owner: SendBufferOwner) {
    super(socket, owner);
    this.#isRemote = socket.isRemote === true;
  }

  override get isBackedUp(): boolean {
    return this.queued > BACKED_UP.messages ||
      this.#queuedBytes > BACKED_UP.bytes || super.isBackedUp;
  }

  /** The number of frames that are queued. */
  get queued(): number {
    if (this.#first === undefined) return 0;
    return 1 + (this.#rest?.length ?? 0);
  }

  /** Sends a frame, behind those that are queued. */
  override send(frame: RawBody): boolean {
    return this.#first === undefined && !this.#isHeld
      ? super.send(frame)
      : this.queue(frame);
  }

  /** Queues a frame until {@linkcode flush}. */
  queue(frame: RawBody): boolean {
    if (this.#first === undefined) this.#first = frame;
    else {
      const { maxBuffered, maxBufferedMessages } = this.limits;
      const isFull = this.queued >= AT_MOST * maxBufferedMessages ||
        this.#queuedBytes > AT_MOST * maxBuffered;
      if (isFull) {
        this.overflow();
        return false;
      }
      (this.#rest ??= []).push(frame);
    }
    this.#queuedBytes += frame.length;
    return true;
  }

  /**
   * Queues all frames from now on until {@linkcode flush}; tells whether it does:
   * in one process, each frame arrives by itself.
   */
  hold(): boolean {
    if (this.#isRemote) this.#isHeld = true;
    return this.#isRemote;
  }

  /** Sends the queued frames, unless they are dropped; returns how many. */
  flush(): number {
    let sent = 0;
    if (this.#first !== undefined) {
      super.send(this.#first);
      sent++;
    }
    for (const frame of this.#rest ?? []) {
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
    if (this.#rest !== undefined) this.#rest.length = 0;
    this.#clear();
    super.overflow();
  }

  #clear(): void {
    this.#isHeld = false;
    this.#first = undefined;
    this.#rest = undefined;
    this.#queuedBytes = 0;
  }
}

import type { RawBody } from "../protocol/message.ts";
import {
  AT_MOST,
  BACKED_UP,
  CONGESTED,
  type FrameSender,
  PATIENCE,
  type SendBufferOwner,
} from "../transport/send_buffer.ts";
import type { Socket } from "../transport/socket.ts";
import { type Deferred, makeDeferred } from "../util/promises.ts";
import type { Deadline } from "../util/timers.ts";

/** The time between two looks at what the network has taken, in milliseconds. */
const POLL = 20;

/** What the network has to take within a time. */
interface Due {
  /** Where it ends in the stream, in bytes. */
  readonly end: number;
  /** The time that is left, in milliseconds. */
  left: number;
}

/**
 * The send buffer of a client. It knows each frame that is unsent, where that of
 * a server estimates, since it sends to one peer alone.
 */
export class ClientSendBuffer implements FrameSender {
  readonly #socket: Socket;
  readonly #owner: SendBufferOwner;
  /** The bytes of all frames. */
  #sent = 0;
  /** The frames that may be unsent: where they end, and their bytes. */
  #frames: [end: number, bytes: number][] = [];
  /** Set while more than the limits is unsent. */
  #slow: Due | undefined;
  /** Set while something is unsent, if there is a write timeout. */
  #late: Due | undefined;
  #drained: Deferred<void> | undefined;
  /** Settles when the peer may ask for more. */
  #relief: Deferred<void> | undefined;
  #poll: Deadline | undefined;
  #delay = 0;
  #isClosed = false;

  constructor(socket: Socket, owner: SendBufferOwner) {
    this.#socket = socket;
    this.#owner = owner;
  }

  /** The bytes that the network has taken. */
  get taken(): number {
    return this.#sent - this.#socket.bufferedAmount;
  }

  /**
   * How long a peer that reads may take for the largest unsent frame, in
   * milliseconds; `undefined` if nothing is unsent.
   */
  get patience(): number | undefined {
    if (this.#socket.bufferedAmount === 0) return undefined;
    const largest = this.#unsent()
      .reduce((most, [, bytes]) => Math.max(most, bytes), 0);
    return largest * PATIENCE.msPerByte;
  }

  get isBackedUp(): boolean {
    return this.#socket.bufferedAmount > BACKED_UP.bytes ||
      this.#messages > BACKED_UP.messages;
  }

  get #messages(): number {
    return this.#socket.bufferedMessages ?? this.#unsent().length;
  }

  #unsent(): [end: number, bytes: number][] {
    const { taken } = this;
    const first = this.#frames.findIndex(([end]) => end > taken);
    if (first !== 0) this.#frames.splice(0, first < 0 ? Infinity : first);
    return this.#frames;
  }

  /** What is unsent, as a part of the limits. */
  get #load(): number {
    const { maxBuffered, maxBufferedMessages } = this.#owner.host.limits;
    return Math.max(
      this.#socket.bufferedAmount / maxBuffered,
      this.#messages / maxBufferedMessages,
    );
  }

  send(frame: RawBody): boolean {
    if (this.#load > AT_MOST) {
      this.#owner.overflowed();
      return false;
    }
    const before = this.#socket.bufferedAmount;
    if (!this.#socket.send(frame)) return false;
    const bytes = this.#socket.bufferedAmount - before;
    this.#sent += bytes;
    this.#frames.push([this.#sent, bytes]);
    this.#look(0);
    return true;
  }

  drained(): Promise<void> {
    if (!this.isBackedUp) return Promise.resolve();
    this.#drained ??= makeDeferred();
    this.#look(0);
    return this.#drained.promise;
  }

  look(): void {
    this.#look(0);
  }

  close(error: Error): void {
    this.#isClosed = true;
    this.#stopPolling();
    this.#relief?.resolve();
    this.#drained?.reject(error);
  }

  #stopPolling(): void {
    if (this.#poll) this.#owner.host.timers.clear(this.#delay, this.#poll);
    this.#poll = undefined;
  }

  /**
   * Compares what the network has taken with what it should have.
   *
   * @param passed The time since the last poll, in milliseconds; 0 in between.
   */
  #look(passed: number): void {
    if (this.#isClosed) return;
    const { taken } = this;
    const load = this.#load;
    const { handlers, timers } = this.#owner.host;
    const { write } = handlers.timeouts;
    const follow = (due: Due | undefined, end: number, ms: () => number) => {
      if (due === undefined) {
        // The next poll may come early for it.
        return { end, left: ms() + (this.#poll ? this.#delay : 0) };
      }
      due.left -= passed;
      return passed > 0 && taken >= due.end ? { end, left: ms() } : due;
    };
    this.#slow = load > 1
      ? follow(this.#slow, taken + 1, () => PATIENCE.ms + this.patience!)
      : undefined;
    this.#late = write !== undefined && taken < this.#sent
      ? follow(this.#late, this.#sent, () => write)
      : undefined;
    if (this.#slow && this.#slow.left <= 0) return this.#owner.overflowed();
    if (this.#late && this.#late.left <= 0) return this.#owner.writeTimedOut();
    if (load <= CONGESTED) {
      this.#relief?.resolve();
      this.#relief = undefined;
    } else if (this.#relief === undefined) {
      this.#relief = makeDeferred();
      this.#owner.congested(this.#relief.promise);
    }
    if (!this.isBackedUp) {
      this.#drained?.resolve();
      this.#drained = undefined;
    }
    if (!this.#slow && !this.#late && !this.#drained) this.#stopPolling();
    else if (this.#poll === undefined) {
      const delay = this.#delay = Math.min(POLL, write ?? POLL);
      this.#poll = timers.set(delay, () => {
        this.#poll = undefined;
        this.#look(delay);
      });
    }
  }
}

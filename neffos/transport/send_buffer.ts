import type { RawBody } from "../protocol/message.ts";
import { type Deferred, makeDeferred } from "../util/promises.ts";
import type { Deadline, Timers } from "../util/timers.ts";
import type { Socket } from "./socket.ts";

/** How much is sent between two checks of the limits. */
const LOOK_AFTER = { bytes: 64 * 1024, messages: 64 };

/** A connection with more than this unsent is backed up. */
export const BACKED_UP = { bytes: 64 * 1024, messages: 128 };

/** The time between two polls of what is unsent, in milliseconds. */
const POLL = { shortest: 10, longest: 320 };

/**
 * How many times the limits are unsent when the peer should ask for no more,
 * and at most, while it reads.
 */
export const CONGESTED = 2;
export const AT_MOST = 4;

/**
 * How much time a peer has to take something while more than the limits is
 * unsent: in milliseconds, and for each byte of the largest frame, since the
 * unsent bytes of most platforms shrink by whole frames. A peer that reads
 * half a megabit a second is in time.
 */
export const PATIENCE = { ms: 5_000, msPerByte: 1_000 / (64 * 1024) };

/** Sends the frames of a connection, and tells how much of them is unsent. */
export interface FrameSender {
  /** Whether so much is unsent that what can be dropped should be. */
  readonly isBackedUp: boolean;
  /** Sends a frame; tells whether the socket has taken it. */
  send(frame: RawBody): boolean;
  /** Resolves when it is not backed up. */
  drained(): Promise<void>;
  /** Looks how much is unsent, since the socket has sent something. */
  look(): void;
  /** Called when the connection has ended, with the error of what waits. */
  close(error: Error): void;
}

/** What a {@linkcode SendBuffer} needs from its connection. */
export interface SendBufferOwner {
  readonly host: {
    readonly limits: {
      readonly maxBuffered: number;
      readonly maxBufferedMessages: number;
    };
    readonly handlers: {
      readonly timeouts: { readonly write?: number | undefined };
    };
    readonly timers: Timers;
    /** Counts frames that were sent. */
    sent?(messages: number, length: number): void;
  };
  /**
   * Called when so much is unsent that the peer should ask for no more.
   *
   * @param relief Resolves when that is over, or the connection is.
   */
  congested(relief: Promise<void>): void;
  /** Called when the peer reads too slowly for what is unsent. */
  overflowed(): void;
  /** Called when something was unsent for longer than the write timeout. */
  writeTimedOut(): void;
}

/** What the network has to take within a time, in bytes and milliseconds. */
interface Due {
  bytes: number;
  left: number;
}

/** A point in the stream: how many bytes and messages were sent before it. */
interface Mark {
  readonly bytes: number;
  readonly messages: number;
}

const START: Mark = { bytes: 0, messages: 0 };

/**
 * The send buffer of one connection: estimates how much is unsent, and reports
 * when that is too much.
 *
 * Above the limits a peer that reads is left alone, and one that does not is
 * reported in time. Only what no peer could have read yet is bounded as well:
 * at {@linkcode AT_MOST} times the limits, one frame more not counted.
 *
 * Reading `bufferedAmount` for each message would cost too much, so it is read
 * now and then. The platform counts bytes alone; the messages that they belong
 * to follow from their order. Text counts as if it were ASCII, so with other
 * text the estimate is too high, never too low.
 */
export class SendBuffer implements FrameSender {
  readonly #socket: Socket;
  readonly #owner: SendBufferOwner;
  readonly #writeTimeout: number | undefined;
  /** What was sent since the last mark. */
  #newBytes = 0;
  #newMessages = 0;
  /** The last mark, and those before it that may still be unsent. */
  #last = START;
  #earlier: Mark[] | undefined;
  /** Set while more than the limits is unsent. */
  #slow: Due | undefined;
  /** Set while something is unsent, if there is a write timeout. */
  #late: Due | undefined;
  /** Settles when the connection is no longer backed up. */
  #drained: Deferred<void> | undefined;
  /** Settles when the peer may ask for more. */
  #relief: Deferred<void> | undefined;
  /** The next poll: a WebSocket has no drain event. */
  #poll: Deadline | undefined;
  #delay = 0;
  /** The unsent bytes when they were last read, during polls. */
  #seen = 0;
  /** The bytes of the largest frame that may be unsent, and where it ends. */
  #largest = 0;
  #largestEnd = 0;
  #isClosed = false;

  constructor(socket: Socket, owner: SendBufferOwner) {
    this.#socket = socket;
    this.#owner = owner;
    this.#writeTimeout = owner.host.handlers.timeouts.write;
  }

  protected get limits(): SendBufferOwner["host"]["limits"] {
    return this.#owner.host.limits;
  }

  /** Reports that the peer reads too slowly. */
  protected overflow(): void {
    this.#owner.overflowed();
  }

  /** Whether so much is unsent that volatile messages are dropped. */
  get isBackedUp(): boolean {
    const unsent = this.#socket.bufferedAmount;
    return unsent > BACKED_UP.bytes ||
      this.#countMessages(unsent) > BACKED_UP.messages;
  }

  /** An estimate of the unsent messages, never too low. */
  get bufferedMessages(): number {
    return this.#countMessages(this.#socket.bufferedAmount);
  }

  #countMessages(unsent: number): number {
    const { bufferedMessages } = this.#socket;
    const { bytes, messages } = this.#mark();
    if (unsent === 0 || bufferedMessages !== undefined) {
      this.#earlier = undefined;
      return bufferedMessages ?? 0;
    }
    const gone = bytes - unsent;
    const marks = this.#earlier ?? [this.#last];
    const first = marks.findLastIndex(({ bytes }) => bytes <= gone);
    if (first > 0) marks.splice(0, first);
    return messages - marks[0]!.messages;
  }

  /** Adds what was sent since the last mark to the traffic. */
  countTraffic(): void {
    this.#mark();
  }

  /** Resolves when the connection is no longer backed up. */
  drained(): Promise<void> {
    if (!this.isBackedUp) return Promise.resolve();
    this.#drained ??= makeDeferred();
    this.#pollAfter(POLL.shortest);
    return this.#drained.promise;
  }

  /** Looks at what is unsent before the next poll, if one is due. */
  look(): void {
    if (this.#poll === undefined) return;
    this.#stopPolling();
    // No time counts toward the limits of slow peers.
    this.#delay = 0;
    this.#onPoll();
  }

  /** Rejects {@linkcode drained}: nothing more is sent. */
  close(error: Error): void {
    this.countTraffic();
    this.#isClosed = true;
    this.#stopPolling();
    this.#slow = undefined;
    this.#relief?.resolve();
    this.#drained?.reject(error);
  }

  /** Sends a frame; tells whether the socket has taken it. */
  send(frame: RawBody): boolean {
    const { length } = frame;
    const isMeasured = length >= LOOK_AFTER.bytes || this.#poll !== undefined;
    if (isMeasured ? !this.#writeMeasured(frame) : !this.#socket.send(frame)) {
      return false;
    }
    this.#newMessages++;
    this.#newBytes += length;
    const isTime = this.#newMessages >= LOOK_AFTER.messages ||
      this.#newBytes >= LOOK_AFTER.bytes;
    if (isTime) this.#look();
    if (this.#writeTimeout !== undefined) this.#expectWrite(this.#writeTimeout);
    return true;
  }

  #writeMeasured(frame: RawBody): boolean {
    const unsent = this.#observe();
    const { maxBuffered } = this.limits;
    if (this.#slow !== undefined && unsent > AT_MOST * maxBuffered) {
      this.overflow();
      return false;
    }
    if (!this.#socket.send(frame)) return false;
    this.#seen = this.#socket.bufferedAmount;
    const size = this.#seen - unsent;
    if (size >= this.#largest) {
      this.#largest = size;
      this.#largestEnd = this.#last.bytes + this.#newBytes +
        frame.length;
    }
    return true;
  }

  #look(): void {
    if (this.#isClosed) return;
    const unsent = this.#socket.bufferedAmount;
    const { maxBufferedMessages } = this.limits;
    if (this.#countMessages(unsent) > AT_MOST * maxBufferedMessages) {
      return this.overflow();
    }
    const load = this.#load(unsent);
    if (load > 1 && this.#slow === undefined) {
      this.#seen = unsent;
      this.#slow = this.#makeSlow();
      this.#pollAfter(POLL.shortest);
    }
    if (load > CONGESTED && this.#relief === undefined) {
      this.#relief = makeDeferred();
      this.#owner.congested(this.#relief.promise);
    }
  }

  /** How many times the limits are unsent. */
  #load(unsent: number): number {
    const { maxBuffered, maxBufferedMessages } = this.limits;
    return Math.max(
      unsent / maxBuffered,
      this.#countMessages(unsent) / maxBufferedMessages,
    );
  }

  /** Whatever the peer takes of what is unsent shows that it reads. */
  #makeSlow(): Due {
    const gone = this.#mark().bytes - this.#seen;
    if (gone >= this.#largestEnd) this.#largest = 0;
    const { ms, msPerByte } = PATIENCE;
    return { bytes: 1, left: ms + this.#largest * msPerByte };
  }

  #expectWrite(timeout: number): void {
    if (this.#late !== undefined || this.#isClosed) return;
    this.#seen = this.#socket.bufferedAmount;
    if (this.#seen === 0) return;
    this.#late = { bytes: this.#seen, left: timeout };
    this.#pollAfter(POLL.longest);
  }

  /** Reads the unsent bytes, and counts what was taken since the last time. */
  #observe(): number {
    const unsent = this.#socket.bufferedAmount;
    const taken = Math.max(0, this.#seen - unsent);
    if (this.#slow !== undefined) this.#slow.bytes -= taken;
    if (this.#late !== undefined) this.#late.bytes -= taken;
    this.#seen = unsent;
    return unsent;
  }

  /**
   * Polls after a delay, or before. The time that counts is the sum of the
   * delays: while the program blocks the event loop, no peer can take anything.
   */
  #pollAfter(delay: number): void {
    if (this.#isClosed) return;
    if (this.#poll !== undefined) {
      if (this.#delay <= delay) return;
      this.#stopPolling();
    }
    this.#delay = Math.min(delay, this.#writeTimeout ?? Infinity);
    const { timers } = this.#owner.host;
    this.#poll = timers.set(this.#delay, () => this.#onPoll());
  }

  #stopPolling(): void {
    if (this.#poll === undefined) return;
    this.#owner.host.timers.clear(this.#delay, this.#poll);
    this.#poll = undefined;
  }

  #onPoll(): void {
    this.#poll = undefined;
    const before = this.#seen;
    const unsent = this.#observe();
    const slow = this.#slow;
    if (slow !== undefined) {
      slow.left -= this.#delay;
      const load = this.#load(unsent);
      if (load <= CONGESTED) {
        this.#relief?.resolve();
        this.#relief = undefined;
      }
      if (load <= 1) this.#slow = undefined;
      else if (slow.bytes <= 0) this.#slow = this.#makeSlow();
      else if (slow.left <= 0) return this.overflow();
    }
    const late = this.#late;
    if (late !== undefined) {
      late.left -= this.#delay;
      if (late.bytes <= 0) {
        const left = this.#writeTimeout!;
        this.#late = unsent === 0 ? undefined : { bytes: unsent, left };
      } else if (late.left <= 0) return this.#owner.writeTimedOut();
    }
    if (this.#drained !== undefined && !this.isBackedUp) {
      this.#drained.resolve();
      this.#drained = undefined;
    }
    if (this.#slow !== undefined || this.#drained !== undefined) {
      // Stalled peers, of which there may be many, are polled less often.
      const isStalled = unsent >= before;
      this.#pollAfter(
        isStalled
          ? Math.min(2 * this.#delay || POLL.shortest, POLL.longest)
          : POLL.shortest,
      );
    } else if (this.#late !== undefined) this.#pollAfter(POLL.longest);
  }

  /** Marks how much has been sent so far. */
  #mark(): Mark {
    const last = this.#last;
    const messages = this.#newMessages;
    if (messages === 0) return last;
    const bytes = this.#newBytes;
    this.#owner.host.sent?.(messages, bytes);
    const mark = {
      bytes: last.bytes + bytes,
      messages: last.messages + messages,
    };
    this.#newBytes = 0;
    this.#newMessages = 0;
    (this.#earlier ??= []).push(last);
    return this.#last = mark;
  }
}

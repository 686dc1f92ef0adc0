import type { RawBody } from "../protocol/message.ts";
import { type Deferred, makeDeferred } from "../util/promises.ts";
import type { Deadline, Timers } from "../util/timers.ts";
import type { Socket } from "./socket.ts";

/** How much is sent between two looks at what waits. */
const LOOK_AFTER = { bytes: 64 * 1024, messages: 64 };

/** A connection with more than this unsent is backed up. */
const BACKED_UP = { bytes: 64 * 1024, messages: 128 };

/** The time between two looks at what is unsent, in milliseconds. */
const DRAIN_INTERVAL = 10;

/**
 * What has gone over the sockets of a server or a client, in frames and in
 * their lengths: bytes of a binary frame, UTF-16 units of text, whose bytes
 * are not known without encoding it.
 */
export class TrafficCounters {
  messagesIn = 0;
  bytesIn = 0;
  messagesOut = 0;
  bytesOut = 0;
}

/** What a {@linkcode SendBuffer} is made of. */
export interface SendBufferInit {
  readonly socket: Socket;
  readonly limits: {
    readonly maxBuffered: number;
    readonly maxBufferedMessages: number;
  };
  readonly timers: Timers;
  /** Where what was sent is counted. */
  readonly traffic: TrafficCounters;
  /** Called when more is unsent than the limits allow. */
  readonly onOverflow: () => void;
}

/** A point in what was sent: so many bytes, in so many messages. */
interface Mark {
  readonly bytes: number;
  readonly messages: number;
}

const START: Mark = { bytes: 0, messages: 0 };

/**
 * The way out of one connection: knows what is unsent, and tells when that is
 * too much.
 *
 * A platform tells how many bytes are unsent, and only when it is asked, which
 * is too dear for each message. Which messages these bytes belong to follows
 * from their order. Text counts as if it were ASCII, so other text is taken
 * for more messages than are unsent.
 */
export class SendBuffer {
  readonly #init: SendBufferInit;
  /** Frames of broadcasts whose turn has not come. */
  #queued: RawBody[] | undefined;
  #queuedBytes = 0;
  /** What was sent since the last look; all before it is in the last mark. */
  #newBytes = 0;
  #newMessages = 0;
  #marks: Mark[] = [START];
  /** Settles when it is backed up no more. */
  #drained: Deferred<void> | undefined;
  #nextLook: Deadline | undefined;

  constructor(init: SendBufferInit) {
    this.#init = init;
  }

  /** Whether so much is unsent that volatile messages should be left out. */
  get isBackedUp(): boolean {
    const queued = this.#queued?.length ?? 0;
    return queued > BACKED_UP.messages ||
      this.#queuedBytes > BACKED_UP.bytes ||
      this.#init.socket.bufferedAmount > BACKED_UP.bytes ||
      this.bufferedMessages > BACKED_UP.messages;
  }

  /** About how many messages are unsent, never fewer than there are. */
  get bufferedMessages(): number {
    const { bufferedAmount, bufferedMessages } = this.#init.socket;
    const { bytes, messages } = this.#mark();
    if (bufferedAmount === 0 || bufferedMessages !== undefined) {
      this.#marks = this.#marks.slice(-1);
      return bufferedMessages ?? 0;
    }
    const gone = bytes - bufferedAmount;
    const first = this.#marks.findLastIndex(({ bytes }) => bytes <= gone);
    if (first > 0) this.#marks.splice(0, first);
    return messages - this.#marks[0]!.messages;
  }

  /** Sends a frame, after those that are queued. */
  send(frame: RawBody): boolean {
    return this.#queued === undefined ? this.#write(frame) : this.queue(frame);
  }

  /** Keeps a frame until {@linkcode flush}. */
  queue(frame: RawBody): boolean {
    const queued = this.#queued ??= [];
    queued.push(frame);
    this.#queuedBytes += frame.length;
    const { maxBuffered, maxBufferedMessages } = this.#init.limits;
    const isOver = queued.length > maxBufferedMessages ||
      this.#queuedBytes > maxBuffered;
    if (isOver) this.#init.onOverflow();
    return true;
  }

  /** Sends what is queued, until it is dropped; tells how many frames. */
  flush(): number {
    const queued = this.#queued ?? [];
    let sent = 0;
    for (const frame of queued) {
      this.#write(frame);
      sent++;
    }
    this.#clear();
    return sent;
  }

  /** Drops what is queued, and what {@linkcode flush} has not sent yet. */
  drop(): void {
    if (this.#queued !== undefined) this.#queued.length = 0;
    this.#clear();
  }

  /** Adds to the traffic what was sent since the last look. */
  countTraffic(): void {
    this.#mark();
  }

  /** Resolves once it is backed up no more. */
  drained(): Promise<void> {
    if (!this.isBackedUp) return Promise.resolve();
    if (this.#drained === undefined) {
      this.#drained = makeDeferred();
      this.#awaitDrain();
    }
    return this.#drained.promise;
  }

  /** Ends the wait for what will not be sent any more. */
  close(error: Error): void {
    this.countTraffic();
    if (this.#nextLook !== undefined) {
      this.#init.timers.clear(DRAIN_INTERVAL, this.#nextLook);
    }
    this.#drained?.reject(error);
  }

  /** Looks again and again: a WebSocket has no event for it. */
  #awaitDrain(): void {
    this.#nextLook = this.#init.timers.set(DRAIN_INTERVAL, () => {
      if (this.isBackedUp) return this.#awaitDrain();
      this.#drained!.resolve();
      this.#drained = undefined;
    });
  }

  #clear(): void {
    this.#queued = undefined;
    this.#queuedBytes = 0;
  }

  #write(frame: RawBody): boolean {
    if (!this.#init.socket.send(frame)) return false;
    this.#newMessages++;
    this.#newBytes += frame.length;
    const isTime = this.#newMessages >= LOOK_AFTER.messages ||
      this.#newBytes >= LOOK_AFTER.bytes;
    if (isTime) this.#look();
    return true;
  }

  #look(): void {
    const { socket, limits, onOverflow } = this.#init;
    const { bufferedMessages } = this;
    const isOver = bufferedMessages > limits.maxBufferedMessages ||
      socket.bufferedAmount > limits.maxBuffered;
    if (isOver) onOverflow();
  }

  /** Marks how much was sent until now. */
  #mark(): Mark {
    const last = this.#marks.at(-1)!;
    const messages = this.#newMessages;
    if (messages === 0) return last;
    const bytes = this.#newBytes;
    const { traffic } = this.#init;
    traffic.messagesOut += messages;
    traffic.bytesOut += bytes;
    const mark = {
      bytes: last.bytes + bytes,
      messages: last.messages + messages,
    };
    this.#newBytes = 0;
    this.#newMessages = 0;
    this.#marks.push(mark);
    return mark;
  }
}

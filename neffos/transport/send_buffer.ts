import type { RawBody } from "../protocol/message.ts";
import { type Deferred, makeDeferred } from "../util/promises.ts";
import type { Deadline, Timers } from "../util/timers.ts";
import type { Socket } from "./socket.ts";

/** How much is sent between two checks of the limits. */
const LOOK_AFTER = { bytes: 64 * 1024, messages: 64 };

/** A connection with more than this unsent is backed up. */
const BACKED_UP = { bytes: 64 * 1024, messages: 128 };

/** The time between two polls of the unsent bytes, in milliseconds. */
const DRAIN_INTERVAL = 10;

/**
 * Counts the frames that have gone over the sockets of a server or a client,
 * and their lengths: a binary frame in bytes, a text frame in UTF-16 units,
 * since its bytes are not known without encoding it.
 */
export class TrafficCounters {
  messagesIn = 0;
  bytesIn = 0;
  messagesOut = 0;
  bytesOut = 0;
}

/** What a {@linkcode SendBuffer} needs from its connection. */
export interface SendBufferOwner {
  readonly host: {
    readonly limits: {
      readonly maxBuffered: number;
      readonly maxBufferedMessages: number;
    };
    readonly timers: Timers;
    /** The counters to which sent frames are added. */
    readonly traffic: TrafficCounters;
  };
  /** Called when more is unsent than the limits allow. */
  overflowed(): void;
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
 * Reading `bufferedAmount` for each message would cost too much, so it is read
 * now and then. The platform counts bytes alone; the messages that they belong
 * to follow from their order. Text counts as if it were ASCII, so with other
 * text the estimate is too high, never too low.
 */
export class SendBuffer {
  readonly #socket: Socket;
  readonly #owner: SendBufferOwner;
  /** Frames of broadcasts that are sent in chunks. */
  #queued: RawBody[] | undefined;
  #queuedBytes = 0;
  /** What was sent since the last mark. */
  #newBytes = 0;
  #newMessages = 0;
  #marks: Mark[] = [START];
  /** Settles when the connection is no longer backed up. */
  #drained: Deferred<void> | undefined;
  #nextLook: Deadline | undefined;

  constructor(socket: Socket, owner: SendBufferOwner) {
    this.#socket = socket;
    this.#owner = owner;
  }

  /** Whether so much is unsent that volatile messages are dropped. */
  get isBackedUp(): boolean {
    const queued = this.#queued?.length ?? 0;
    return queued > BACKED_UP.messages ||
      this.#queuedBytes > BACKED_UP.bytes ||
      this.#socket.bufferedAmount > BACKED_UP.bytes ||
      this.bufferedMessages > BACKED_UP.messages;
  }

  /** An estimate of the unsent messages, never too low. */
  get bufferedMessages(): number {
    const { bufferedAmount, bufferedMessages } = this.#socket;
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

  /** Sends a frame, behind those that are queued. */
  send(frame: RawBody): boolean {
    return this.#queued === undefined ? this.#write(frame) : this.queue(frame);
  }

  /** Queues a frame until {@linkcode flush}. */
  queue(frame: RawBody): boolean {
    const queued = this.#queued ??= [];
    queued.push(frame);
    this.#queuedBytes += frame.length;
    const { maxBuffered, maxBufferedMessages } = this.#owner.host.limits;
    const isOver = queued.length > maxBufferedMessages ||
      this.#queuedBytes > maxBuffered;
    if (isOver) this.#owner.overflowed();
    return true;
  }

  /** Sends the queued frames, unless they are dropped; returns how many. */
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

  /** Drops the queued frames, those included that a flush has yet to send. */
  drop(): void {
    if (this.#queued !== undefined) this.#queued.length = 0;
    this.#clear();
  }

  /** Adds what was sent since the last mark to the traffic. */
  countTraffic(): void {
    this.#mark();
  }

  /** Resolves when the connection is no longer backed up. */
  drained(): Promise<void> {
    if (!this.isBackedUp) return Promise.resolve();
    if (this.#drained === undefined) {
      this.#drained = makeDeferred();
      this.#awaitDrain();
    }
    return this.#drained.promise;
  }

  /** Rejects {@linkcode drained}: nothing more is sent. */
  close(error: Error): void {
    this.countTraffic();
    if (this.#nextLook !== undefined) {
      this.#owner.host.timers.clear(DRAIN_INTERVAL, this.#nextLook);
    }
    this.#drained?.reject(error);
  }

  /** Polls, since a WebSocket has no drain event. */
  #awaitDrain(): void {
    this.#nextLook = this.#owner.host.timers.set(DRAIN_INTERVAL, () => {
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
    if (!this.#socket.send(frame)) return false;
    this.#newMessages++;
    this.#newBytes += frame.length;
    const isTime = this.#newMessages >= LOOK_AFTER.messages ||
      this.#newBytes >= LOOK_AFTER.bytes;
    if (isTime) this.#look();
    return true;
  }

  #look(): void {
    const { limits } = this.#owner.host;
    const { bufferedMessages } = this;
    const isOver = bufferedMessages > limits.maxBufferedMessages ||
      this.#socket.bufferedAmount > limits.maxBuffered;
    if (isOver) this.#owner.overflowed();
  }

  /** Marks how much has been sent so far. */
  #mark(): Mark {
    const last = this.#marks.at(-1)!;
    const messages = this.#newMessages;
    if (messages === 0) return last;
    const bytes = this.#newBytes;
    const { traffic } = this.#owner.host;
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

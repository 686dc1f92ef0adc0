import type { RawBody } from "../protocol/message.ts";
import type { Socket } from "./socket.ts";

/** How much is sent between two looks at what waits. */
export const LOOK_AFTER = { bytes: 64 * 1024, messages: 64 };

/** Beyond this much that waits, somebody is behind. */
const BEHIND = { bytes: 64 * 1024, messages: 128 };

/** What may wait to be sent to one connection. */
export interface OutletLimits {
  readonly maxBuffered: number;
  readonly maxBufferedMessages: number;
}

/** What an {@linkcode Outlet} is made of. */
export interface OutletInit {
  readonly socket: Socket;
  readonly limits: OutletLimits;
  /** What counts all that is sent. */
  readonly traffic: Traffic;
  /** Told when more waits than may. */
  readonly onOver: () => void;
}

/** A point in what was sent: so many bytes, in so many messages. */
interface Mark {
  readonly bytes: number;
  readonly messages: number;
}

const START: Mark = { bytes: 0, messages: 0 };

/**
 * The way out of one connection: knows what waits to be sent, and tells when
 * that is too much.
 *
 * The platform tells how many bytes wait, and that only when asked, which is
 * not done for each message. Which messages these bytes belong to follows
 * from their order. Text counts as if it were ASCII, so that of other text
 * more messages are taken to wait than do.
 */
export class Outlet {
  readonly #socket: Socket;
  readonly #limits: OutletLimits;
  readonly #traffic: Traffic;
  readonly #onOver: () => void;
  /** Frames of broadcasts whose turn has not come, if there are any. */
  #held: RawBody[] | undefined;
  #heldBytes = 0;
  /** What was sent since the last look; all before is in the last mark. */
  #newBytes = 0;
  #newMessages = 0;
  #marks: Mark[] = [START];

  constructor({ socket, limits, traffic, onOver }: OutletInit) {
    this.#socket = socket;
    this.#limits = limits;
    this.#traffic = traffic;
    this.#onOver = onOver;
  }

  /** Whether so much waits that what can be left out should be. */
  get isBehind(): boolean {
    const held = this.#held?.length ?? 0;
    return held > BEHIND.messages ||
      this.#heldBytes > BEHIND.bytes ||
      this.#socket.bufferedAmount > BEHIND.bytes ||
      this.bufferedMessages > BEHIND.messages;
  }

  /** About how many messages wait, never less. */
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

  /** Marks how much was sent until now. */
  #mark(): Mark {
    const last = this.#marks.at(-1)!;
    if (this.#newMessages === 0) return last;
    const mark = {
      bytes: last.bytes + this.#newBytes,
      messages: last.messages + this.#newMessages,
    };
    this.#newBytes = 0;
    this.#newMessages = 0;
    this.#marks.push(mark);
    return mark;
  }

  /** Sends a frame, after those that are held. */
  send(frame: RawBody): boolean {
    return this.#held === undefined ? this.#write(frame) : this.hold(frame);
  }

  /** Counts what has gone over the socket without this. */
  add({ messages, bytes }: Mark): void {
    this.#count(messages, bytes);
  }

  /** Keeps a frame until {@linkcode flush}. */
  hold(frame: RawBody): boolean {
    const held = this.#held ??= [];
    held.push(frame);
    this.#heldBytes += frame.length;
    const { maxBuffered, maxBufferedMessages } = this.#limits;
    const isOver = held.length > maxBufferedMessages ||
      this.#heldBytes > maxBuffered;
    if (isOver) this.#onOver();
    return true;
  }

  /** Sends what is held, until it is dropped; says how many frames that were. */
  flush(): number {
    const held = this.#held ?? [];
    let sent = 0;
    for (const frame of held) {
      this.#write(frame);
      sent++;
    }
    this.#forget();
    return sent;
  }

  /** Drops what is held, and what {@linkcode flush} has not sent yet. */
  drop(): void {
    if (this.#held !== undefined) this.#held.length = 0;
    this.#forget();
  }

  #forget(): void {
    this.#held = undefined;
    this.#heldBytes = 0;
  }

  #write(frame: RawBody): boolean {
    if (!this.#socket.send(frame)) return false;
    const { length } = frame;
    this.#traffic.countOut(1, length);
    this.#count(1, length);
    return true;
  }

  #count(messages: number, bytes: number): void {
    this.#newMessages += messages;
    this.#newBytes += bytes;
    const isTime = this.#newMessages >= LOOK_AFTER.messages ||
      this.#newBytes >= LOOK_AFTER.bytes;
    if (isTime) this.#look();
  }

  #look(): void {
    const { maxBuffered, maxBufferedMessages } = this.#limits;
    const { bufferedMessages } = this;
    const isOver = bufferedMessages > maxBufferedMessages ||
      this.#socket.bufferedAmount > maxBuffered;
    if (isOver) this.#onOver();
  }
}

/**
 * What has gone over the sockets of a server or a client, in frames and in
 * their lengths: bytes of a binary one, UTF-16 units of text, whose bytes
 * nobody could tell without encoding it.
 */
export class Traffic {
  messagesIn = 0;
  bytesIn = 0;
  messagesOut = 0;
  bytesOut = 0;

  /** Counts a frame that was sent so many times. */
  countOut(times: number, length: number): void {
    this.messagesOut += times;
    this.bytesOut += times * length;
  }
}

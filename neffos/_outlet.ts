import type { Traffic } from "./_traffic.ts";
import type { RawBody } from "./message.ts";
import type { Socket } from "./socket.ts";

/** What a message that waits costs the platform beside its bytes; in bytes. */
const MESSAGE_COST = 1024;
/** How much is sent, in bytes, between two looks at what waits. */
const LOOK_AFTER = 64 * 1024;
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
  /** Frames of broadcasts whose turn has not come. */
  #held: RawBody[] = [];
  #messages = 0;
  #bytes = 0;
  #unseen = 0;
  #marks: Mark[] = [START];

  constructor({ socket, limits, traffic, onOver }: OutletInit) {
    this.#socket = socket;
    this.#limits = limits;
    this.#traffic = traffic;
    this.#onOver = onOver;
  }

  /** Whether so much waits that what can be left out should be. */
  get isBehind(): boolean {
    return this.#held.length > BEHIND.messages ||
      this.#socket.bufferedAmount > BEHIND.bytes ||
      this.bufferedMessages > BEHIND.messages;
  }

  /** About how many messages wait, never less. */
  get bufferedMessages(): number {
    const { bufferedAmount, bufferedMessages } = this.#socket;
    if (bufferedMessages !== undefined) return bufferedMessages;
    if (bufferedAmount === 0) {
      this.#marks = [{ bytes: this.#bytes, messages: this.#messages }];
      return 0;
    }
    const gone = this.#bytes - bufferedAmount;
    const first = this.#marks.findLastIndex(({ bytes }) => bytes <= gone);
    if (first > 0) this.#marks.splice(0, first);
    return this.#messages - this.#marks[0]!.messages;
  }

  /** Sends a frame, after those that are held. */
  send(frame: RawBody): boolean {
    return this.#held.length > 0 ? this.hold(frame) : this.#write(frame);
  }

  /** Keeps a frame until {@linkcode flush}. */
  hold(frame: RawBody): boolean {
    this.#held.push(frame);
    if (this.#held.length > this.#limits.maxBufferedMessages) this.#onOver();
    return true;
  }

  /** Sends what is held; says how many frames that were. */
  flush(): number {
    const held = this.#held;
    if (held.length === 0) return 0;
    this.#held = [];
    for (const frame of held) this.#write(frame);
    return held.length;
  }

  /** Forgets what is held. */
  drop(): void {
    this.#held = [];
  }

  #write(frame: RawBody): boolean {
    if (!this.#socket.send(frame)) return false;
    const { length } = frame;
    const traffic = this.#traffic;
    traffic.messagesOut++;
    traffic.bytesOut += length;
    this.#messages++;
    this.#bytes += length;
    this.#unseen += length + MESSAGE_COST;
    if (this.#unseen >= LOOK_AFTER) this.#look();
    return true;
  }

  #look(): void {
    this.#unseen = 0;
    const { maxBuffered, maxBufferedMessages } = this.#limits;
    const isOver = this.#socket.bufferedAmount > maxBuffered ||
      this.bufferedMessages > maxBufferedMessages;
    if (isOver) return this.#onOver();
    this.#marks.push({ bytes: this.#bytes, messages: this.#messages });
  }
}

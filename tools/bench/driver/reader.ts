import { Buffer } from "node:buffer";
import { PING } from "../../transports/frame.ts";

/** Up to this length a loop is faster than a call. */
const SHORT = 64;

/** What hears of messages and pings. */
export interface ReaderListener {
  /** A whole message that is not the one which is awaited. */
  onOther(text: string): void;
  onPing(): void;
}

/**
 * Reads the frames of a server. Counts the messages that are the awaited one, byte
 * for byte, without a copy; so a wrong answer cannot pass, and the driver stays cheap.
 */
export class MessageReader {
  readonly #listener: ReaderListener;
  #awaited: Buffer = Buffer.alloc(0);
  readonly #head = new Uint8Array(10);
  #headLength = 0;
  /** The bytes of the frame that have not come. */
  #left = 0;
  #inFrame = false;
  /** The bytes of the message so far. */
  #length = 0;
  /** The message so far, where it is not the awaited one. */
  #other: Uint8Array[] | undefined;

  constructor(listener: ReaderListener) {
    this.#listener = listener;
  }

  /** Changes the message that is counted. No message may be under way. */
  await(message: Uint8Array): void {
    this.#awaited = Buffer.from(message);
  }

  /** Takes the first `end` bytes of a chunk; returns how many awaited messages end in it. */
  read(chunk: Buffer, end: number): number {
    let count = 0;
    let at = 0;
    while (at < end) {
      if (!this.#inFrame) {
        at = this.#readHead(chunk, at, end);
        if (!this.#inFrame) break;
      }
      const stop = Math.min(end, at + this.#left);
      if (!this.#isControl) this.#take(chunk, at, stop);
      this.#left -= stop - at;
      at = stop;
      if (this.#left === 0 && this.#endFrame()) count++;
    }
    return count;
  }

  get #isControl(): boolean {
    return (this.#head[0]! & 8) !== 0;
  }

  #readHead(chunk: Buffer, at: number, end: number): number {
    const head = this.#head;
    while (at < end) {
      head[this.#headLength++] = chunk[at++]!;
      if (this.#headLength < 2) continue;
      const short = head[1]! & 0x7f;
      const size = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (this.#headLength < size) continue;
      this.#left = size === 2 ? short : readLength(head, size);
      this.#inFrame = true;
      this.#headLength = 0;
      break;
    }
    return at;
  }

  #take(chunk: Buffer, from: number, to: number): void {
    const offset = this.#length;
    this.#length += to - from;
    if (this.#other === undefined) {
      if (this.#isAwaited(chunk, { from, to, offset })) return;
      this.#other = [this.#awaited.slice(0, offset)];
    }
    this.#other.push(chunk.slice(from, to));
  }

  #isAwaited(
    chunk: Buffer,
    { from, to, offset }: { from: number; to: number; offset: number },
  ): boolean {
    const awaited = this.#awaited;
    const end = offset + to - from;
    if (end > awaited.length) return false;
    if (to - from > SHORT) {
      const part = chunk.subarray(from, to);
      return part.compare(awaited.subarray(offset, end)) === 0;
    }
    for (let i = from; i < to; i++) {
      if (chunk[i] !== awaited[offset + i - from]) return false;
    }
    return true;
  }

  /** Ends a frame; tells whether it was the last one of an awaited message. */
  #endFrame(): boolean {
    this.#inFrame = false;
    const first = this.#head[0]!;
    if ((first & 8) !== 0) {
      if ((first & 0xf) === PING) this.#listener.onPing();
      return false;
    }
    if ((first & 0x80) === 0) return false;
    const isWhole = this.#length === this.#awaited.length;
    const other = this.#other ??
      (isWhole ? undefined : [this.#awaited.slice(0, this.#length)]);
    this.#length = 0;
    this.#other = undefined;
    if (other === undefined) return true;
    this.#listener.onOther(Buffer.concat(other).toString());
    return false;
  }
}

function readLength(head: Uint8Array, size: number): number {
  const view = new DataView(head.buffer);
  return size === 4 ? view.getUint16(2) : Number(view.getBigUint64(2));
}

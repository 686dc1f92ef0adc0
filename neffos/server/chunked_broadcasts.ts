import { clearImmediate, setImmediate } from "node:timers";
import type { RawBody } from "../protocol/message.ts";
import type { QueuedBuffer } from "./queued_buffer.ts";
import type { FrameSender } from "../transport/send_buffer.ts";

/** How many frames of broadcasts are sent in one turn of the event loop. */
export const CHUNK = 512;

/**
 * What is left of broadcasts to many receivers: they go out in chunks, and
 * other work has its turn in between. Each receiver still gets all in order.
 */
export class ChunkedBroadcasts {
  #waiting: QueuedBuffer[] = [];
  /** The index of the next one in `#waiting`. */
  #head = 0;
  #next: ReturnType<typeof setImmediate> | undefined;

  /** Whether nothing is left. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Sends a frame when its turn has come. */
  add(buffer: FrameSender, frame: RawBody): void {
    // Each connection of a server has one.
    const queued = buffer as QueuedBuffer;
    queued.queue(frame);
    if (!queued.isWaiting) {
      queued.isWaiting = true;
      this.#waiting.push(queued);
    }
    this.#next ??= setImmediate(this.#send);
  }

  /** Stops, and forgets what is left. */
  stop(): void {
    if (this.#next !== undefined) clearImmediate(this.#next);
    this.#next = undefined;
    this.#waiting = [];
    this.#head = 0;
  }

  readonly #send = (): void => {
    let sent = 0;
    while (this.#head < this.#waiting.length && sent < CHUNK) {
      const buffer = this.#waiting[this.#head++]!;
      buffer.isWaiting = false;
      sent += buffer.flush();
    }
    if (this.#head === this.#waiting.length) this.stop();
    else if (2 * this.#head > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    this.#next = this.isEmpty ? undefined : setImmediate(this.#send);
  };
}

import { clearImmediate, setImmediate } from "node:timers";
import type { RawBody } from "../protocol/message.ts";
import type { QueuedBuffer } from "./queued_buffer.ts";
import type { SendBuffer } from "../transport/send_buffer.ts";

/** How many frames of broadcasts are sent in one turn of the event loop. */
export const CHUNK = 512;

/**
 * What is left of broadcasts to many receivers: they go out in chunks, and
 * other work has its turn in between. Each receiver still gets all in order.
 */
export class ChunkedBroadcasts {
  readonly #waiting = new Set<QueuedBuffer>();
  #next: ReturnType<typeof setImmediate> | undefined;

  /** Whether nothing is left. */
  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** Sends a frame when its turn has come. */
  add(buffer: SendBuffer, frame: RawBody): void {
    // Each connection of a server has one.
    const queued = buffer as QueuedBuffer;
    queued.queue(frame);
    this.#waiting.add(queued);
    this.#next ??= setImmediate(this.#send);
  }

  /** Stops, and forgets what is left. */
  stop(): void {
    if (this.#next !== undefined) clearImmediate(this.#next);
    this.#next = undefined;
    this.#waiting.clear();
  }

  readonly #send = (): void => {
    let sent = 0;
    for (const buffer of this.#waiting) {
      this.#waiting.delete(buffer);
      sent += buffer.flush();
      if (sent >= CHUNK) break;
    }
    this.#next = this.isEmpty ? undefined : setImmediate(this.#send);
  };
}

import { clearImmediate, setImmediate } from "node:timers";
import type { RawBody } from "../protocol/message.ts";
import type { Outlet } from "../transport/send_buffer.ts";

/** How many frames of broadcasts are sent in one turn of the event loop. */
export const CHUNK = 512;

/**
 * What is left of broadcasts to many: they go out in chunks, and everything
 * else has its turn in between. Each receiver still gets all in order.
 */
export class Backlog {
  readonly #waiting = new Set<Outlet>();
  #next: ReturnType<typeof setImmediate> | undefined;

  /** Whether nothing is left. */
  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** Sends a frame to many, at once to as many as one turn has room for. */
  send(frame: RawBody, outlets: Iterable<Outlet>): void {
    // After what is left of earlier ones.
    let room = this.isEmpty ? CHUNK : 0;
    for (const outlet of outlets) {
      if (room-- > 0) outlet.send(frame);
      else this.add(outlet, frame);
    }
  }

  /** Has a frame sent when its turn has come. */
  add(outlet: Outlet, frame: RawBody): void {
    outlet.hold(frame);
    this.#waiting.add(outlet);
    this.#next ??= setImmediate(this.#send);
  }

  /** Sends no more by itself. */
  stop(): void {
    if (this.#next !== undefined) clearImmediate(this.#next);
    this.#next = undefined;
    this.#waiting.clear();
  }

  readonly #send = (): void => {
    let sent = 0;
    for (const outlet of this.#waiting) {
      this.#waiting.delete(outlet);
      sent += outlet.flush();
      if (sent >= CHUNK) break;
    }
    this.#next = this.isEmpty ? undefined : setImmediate(this.#send);
  };
}

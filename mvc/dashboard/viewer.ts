import { makeDeferred } from "../../neffos/internal.ts";
import type { ServerSentEvent } from "../http/server_sent_events.ts";

/** A page that has not taken so many samples is gone, whatever TCP says. */
const MAX_MISSED = 30;

/** Hears of a viewer. */
export interface ViewerListener {
  /** The page begins to read. */
  onEnter(viewer: Viewer): void;
  /** The page has gone, or was ended. */
  onLeave(viewer: Viewer): void;
}

/**
 * One page that looks. It enters with the first event that it takes. Where it is
 * slow, it misses samples: only the last one waits for it.
 */
export class Viewer implements AsyncIterableIterator<ServerSentEvent> {
  readonly #listener: ViewerListener;
  #state: "new" | "looking" | "gone" = "new";
  readonly #events: ServerSentEvent[] = [];
  #missed = 0;
  #wake: (() => void) | undefined;

  constructor(listener: ViewerListener) {
    this.#listener = listener;
  }

  /** Sends an event; a sample takes the place of one that still waits. */
  push(event: ServerSentEvent): void {
    if (this.#state === "gone") return;
    if (this.#events.at(-1)?.event === event.event) {
      this.#events.pop();
      if (++this.#missed > MAX_MISSED) return this.#leave();
    }
    this.#events.push(event);
    this.#wake?.();
  }

  /** Says why no more comes, and ends. */
  end(reason: "closing" | "full"): void {
    this.push({ event: reason, data: "" });
    this.#leave();
  }

  async next(): Promise<IteratorResult<ServerSentEvent>> {
    if (this.#state === "new") {
      this.#state = "looking";
      this.#listener.onEnter(this);
    }
    this.#missed = 0;
    if (this.#events.length === 0 && this.#state !== "gone") {
      const { promise, resolve } = makeDeferred<void>();
      this.#wake = resolve;
      await promise;
      this.#wake = undefined;
    }
    const value = this.#events.shift();
    return value === undefined
      ? { value: undefined, done: true }
      : { value, done: false };
  }

  return(): Promise<IteratorResult<ServerSentEvent>> {
    this.#events.length = 0;
    this.#leave();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #leave(): void {
    if (this.#state === "gone") return;
    this.#state = "gone";
    this.#wake?.();
    this.#listener.onLeave(this);
  }
}

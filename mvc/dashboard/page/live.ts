/// <reference lib="dom" />
import type { Point, Snapshot } from "../data.ts";

/** How long a page waits before it comes back to a server that refuses it. */
const RETRY = 5_000;

/** Whether what the page shows is still true. */
export type LiveState =
  | "connecting"
  | "live"
  | "lost" // and it reconnects
  | "closing" // the server closes
  | "full" // too many pages look
  | "refused"; // by the guard

/** Hears what the server sends. */
export interface LiveListener {
  onPoints(points: readonly Point[]): void;
  onSample(sample: Snapshot): void;
  onState(state: LiveState): void;
}

/**
 * The stream of samples. It comes back by itself, and ends while the page is
 * hidden: then nobody looks.
 */
export class Live {
  readonly #listener: LiveListener;
  #source: EventSource | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(listener: LiveListener) {
    this.#listener = listener;
    document.addEventListener("visibilitychange", () => this.#turn());
    this.#turn();
  }

  #turn(): void {
    if (document.hidden) this.#close();
    else if (this.#source === undefined) this.#open();
  }

  #open(): void {
    const source = this.#source = new EventSource("events");
    const listen = (type: string, hear: (data: string) => void) =>
      source.addEventListener(type, ({ data }) => hear(data));
    listen("points", (data) => this.#listener.onPoints(JSON.parse(data)));
    listen("sample", (data) => {
      this.#listener.onState("live");
      this.#listener.onSample(JSON.parse(data));
    });
    listen("closing", () => this.#comeBack("closing"));
    listen("full", () => this.#comeBack("full"));
    source.onerror = () => {
      // It comes back by itself, unless it was answered with an error.
      if (source.readyState !== EventSource.CLOSED) {
        this.#listener.onState("lost");
      } else void this.#findReason();
    };
  }

  async #findReason(): Promise<void> {
    // A guard may redirect to where one signs in.
    const redirect = "manual";
    const state = await fetch("events", { method: "HEAD", redirect }).then(
      ({ status, type }) =>
        status === 401 || status === 403 || type === "opaqueredirect"
          ? "refused"
          : "lost",
      () => "lost" as const,
    );
    this.#comeBack(state);
  }

  #comeBack(state: LiveState): void {
    this.#close();
    this.#listener.onState(state);
    this.#retry = setTimeout(() => this.#turn(), RETRY);
  }

  #close(): void {
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = undefined;
  }
}

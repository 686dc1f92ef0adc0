/** What an ask is about. */
export interface AskHead {
  readonly namespace: string;
  readonly room: string;
  readonly event: string;
}

/** How long to wait for an answer, and what ends the wait early. */
export interface AskOptions {
  /**
   * The time limit in milliseconds.
   *
   * @default {10_000}
   */
  timeout?: number | undefined;
  /** Ends the wait; the promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
}

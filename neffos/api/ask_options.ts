/** The namespace, room and event of an ask. */
export interface AskHead {
  readonly namespace: string;
  readonly room: string;
  readonly event: string;
}

/** The time limit of an ask, and a signal that ends it. */
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

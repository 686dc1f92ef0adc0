import type { Body } from "../protocol/body.ts";

/** The namespace, room and event of an ask. */
export interface AskHead {
  readonly namespace: string;
  readonly room: string;
  readonly event: string;
}

/**
 * The time limit of an ask, and a signal that ends it.
 *
 * @category Connections
 */
export interface AskOptions {
  /**
   * The time limit in milliseconds.
   *
   * @default {10_000}
   */
  timeout?: number | undefined;
  /**
   * Ends the wait; the promise is rejected with the signal's reason.
   *
   * @default {undefined} the time limit alone ends it
   */
  signal?: AbortSignal | undefined;
}

/**
 * The options of a call that connects a namespace or joins a room.
 *
 * @typeParam B The type of the body.
 *
 * @category Connections
 */
export interface EntryOptions<B = Body> extends AskOptions {
  /**
   * A body for the hooks of the other side, and for this side's own, such as
   * credentials: `onNamespaceConnect`, `onRoomJoin` and the hooks that follow
   * them read it by `msg.json()` or `msg.text()`.
   *
   * A function, which may be async, is called before each try: a client that
   * reconnects sends a fresh body. What it throws rejects the call; when the
   * client reconnects it is reported to `onError`, and the name is entered when
   * the client reconnects the next time.
   *
   * Calls about one name wait for each other. Those without a body, or with
   * an equal text or the same bytes or function, share one try. Any other
   * body is sent if the call before it fails; once the name is entered, it is
   * not needed. When both sides ask at once, each reads its own body.
   *
   * @default {undefined} no body
   */
  body?: B | (() => B | Promise<B>) | undefined;
}

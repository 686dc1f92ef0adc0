/**
 * The errors of this module: {@linkcode NeffosError} and its family.
 *
 * What the caller did wrong (a bad argument) is a `TypeError` or a
 * `RangeError`; everything that happens on a connection is a `NeffosError`.
 *
 * @module
 */

/** What {@linkcode NeffosError}s are made of besides their text. */
export interface NeffosErrorOptions extends ErrorOptions {
  /** The namespace that the failed action was about. */
  namespace?: string | undefined;
  /** The room that the failed action was about. */
  room?: string | undefined;
  /** The event that the failed action was about. */
  event?: string | undefined;
}

/**
 * The base of every error that this module throws for something that happened
 * on a connection.
 */
export class NeffosError extends Error {
  /** The name of the class. */
  override name = "NeffosError";
  /** The namespace that the failed action was about. */
  readonly namespace: string | undefined;
  /** The room that the failed action was about. */
  readonly room: string | undefined;
  /** The event that the failed action was about. */
  readonly event: string | undefined;

  /**
   * Makes an error.
   *
   * @param message What happened, for people.
   * @param options The cause, and what the action was about.
   */
  constructor(message: string, options?: NeffosErrorOptions) {
    super(message, options);
    this.namespace = options?.namespace;
    this.room = options?.room;
    this.event = options?.event;
  }
}

/**
 * An error whose text is meant for the other side.
 *
 * Thrown by a handler, its text travels to the other side: as the rejection
 * of its `ask`, as the refusal of its connect or join, or as a message of the
 * same event with `message.error` set. Every other exception of a handler is
 * reported to `onError`, and the other side reads `internal error`.
 *
 * @example
 * ```ts
 * import { EventError, type Events } from "@neffos/mvc";
 *
 * const events: Events = {
 *   onChat(_nsConn, msg) {
 *     if (msg.text() === "") throw new EventError("say something");
 *   },
 * };
 * ```
 */
export class EventError extends NeffosError {
  /** The name of the class. */
  override name = "EventError";
}

/**
 * An {@linkcode EventError} that closes the connection as well: thrown by a
 * handler, the other side is sent its text and then the close code.
 *
 * Our client comes back after 1001, 1012, 1013 and 4000 to 4499, and stays
 * away after every other code (RFC 6455, section 7.4, leaves 4000 to 4999 to
 * the application).
 */
export class CloseError extends EventError {
  /** The name of the class. */
  override name = "CloseError";
  /** The WebSocket close code. */
  readonly code: number;

  /**
   * Makes an error that closes the connection.
   *
   * @param code The close code, 1000 to 4999.
   * @param reason The close reason; it is cut at 123 bytes on the wire.
   * @param options The cause, and what the action was about.
   * @throws {RangeError} When the code is not an integer from 1000 to 4999.
   */
  constructor(code: number, reason = "", options?: NeffosErrorOptions) {
    super(reason, options);
    assertCloseCode(code);
    this.code = code;
  }
}

/** The namespace is unknown to one of the two sides, or not connected. */
export class BadNamespaceError extends EventError {
  /** The name of the class. */
  override name = "BadNamespaceError";
}

/** The room is not one that this connection has joined. */
export class BadRoomError extends EventError {
  /** The name of the class. */
  override name = "BadRoomError";
}

/** A frame that is no message of the protocol. */
export class InvalidPayloadError extends EventError {
  /** The name of the class. */
  override name = "InvalidPayloadError";
}

/** The connection is closed, or closed before the answer came. */
export class ConnectionClosedError extends NeffosError {
  /** The name of the class. */
  override name = "ConnectionClosedError";
  /** The close code, 1006 where the connection was lost without one. */
  readonly code: number;
  /** The close reason, often empty. */
  readonly reason: string;

  /**
   * Makes an error.
   *
   * @param code The close code.
   * @param reason The close reason.
   * @param options The cause, and what the action was about.
   */
  constructor(code = 1006, reason = "", options?: NeffosErrorOptions) {
    super("write closed", options);
    this.code = code;
    this.reason = reason;
  }
}

/** An answer did not come in time. */
export class AskTimeoutError extends NeffosError {
  /** The name of the class. */
  override name = "AskTimeoutError";
  /** How long was waited, in milliseconds. */
  readonly timeout: number;

  /**
   * Makes an error.
   *
   * @param message What was asked.
   * @param timeout How long was waited, in milliseconds.
   * @param options The cause, and what the action was about.
   */
  constructor(message: string, timeout: number, options?: NeffosErrorOptions) {
    super(message, options);
    this.timeout = timeout;
  }
}

/** A limit of the connection is reached, such as its number of rooms. */
export class LimitError extends EventError {
  /** The name of the class. */
  override name = "LimitError";
}

/** A request that was not upgraded. */
export class UpgradeError extends NeffosError {
  /** The name of the class. */
  override name = "UpgradeError";
  /** The status that the client was answered with. */
  readonly status: number;
  /** The headers that the client was answered with. */
  readonly headers: Record<string, string>;

  /**
   * Makes an error.
   *
   * @param status The HTTP status.
   * @param message Why, for people; it is the body of the answer.
   * @param options The headers of the answer, and the cause.
   */
  constructor(
    status: number,
    message: string,
    options: { headers?: Record<string, string>; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.status = status;
    this.headers = options.headers ?? {};
  }
}

/** The texts that peers in other languages compare. */
export const BAD_NAMESPACE = "bad namespace";

/** See {@linkcode BAD_NAMESPACE}. */
export const BAD_ROOM = "bad room";

/** See {@linkcode BAD_NAMESPACE}. */
export const INVALID_PAYLOAD = "invalid payload";

/**
 * Makes the error that a text from the other side stands for.
 *
 * @param text The text of an error frame.
 * @param options What the action was about.
 * @returns The error of the family that has this text, else an EventError.
 */
export function errorFromText(
  text: string,
  options?: NeffosErrorOptions,
): EventError {
  switch (text) {
    case BAD_NAMESPACE:
      return new BadNamespaceError(text, options);
    case BAD_ROOM:
      return new BadRoomError(text, options);
    case INVALID_PAYLOAD:
      return new InvalidPayloadError(text, options);
    default:
      return new EventError(text, options);
  }
}

/**
 * Checks a close code at the door.
 *
 * @param code The close code.
 * @throws {RangeError} When it is not an integer from 1000 to 4999, or one
 * that no close frame may have.
 */
export function assertCloseCode(code: number): void {
  if (!Number.isInteger(code) || code < 1000 || code > 4999) {
    throw new RangeError(
      `Cannot close with code ${code}: a close code is an integer from 1000 to 4999`,
    );
  }
  if ((code >= 1004 && code <= 1006) || code === 1015) {
    throw new RangeError(
      `Cannot close with code ${code}: RFC 6455 has it for ends without a close frame`,
    );
  }
}

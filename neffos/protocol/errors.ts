/**
 * The errors of this module: {@linkcode NeffosError} and its family.
 *
 * A wrong argument is a `TypeError` or a `RangeError`; everything that happens
 * on a connection is a `NeffosError`. Each class has its name on its
 * prototype, as the built-in errors do: a minified bundle renames the classes.
 *
 * @module
 */

/**
 * Tells whether a thrown value is an instance of a class. A program may throw
 * anything: `instanceof` itself throws for a revoked Proxy.
 *
 * @typeParam T The type of the instances.
 * @param value The thrown value.
 * @param Class The class.
 * @returns Whether it is; `false` if the value cannot be examined.
 */
export function isInstance<T>(
  value: unknown,
  Class: abstract new (...args: never[]) => T,
): value is T {
  try {
    return value instanceof Class;
  } catch {
    return false;
  }
}

/**
 * The options of a {@linkcode NeffosError}.
 *
 * @category Errors
 */
export interface NeffosErrorOptions extends ErrorOptions {
  /**
   * The namespace of the failed action.
   *
   * @default {undefined} none
   */
  namespace?: string | undefined;
  /**
   * The room of the failed action.
   *
   * @default {undefined} none
   */
  room?: string | undefined;
  /**
   * The event of the failed action.
   *
   * @default {undefined} none
   */
  event?: string | undefined;
}

/**
 * The base class of the errors that happen on a connection.
 *
 * @example
 * ```ts
 * import { NeffosError, type NSConn } from "@neffos/mvc";
 *
 * export async function askForName(nsConn: NSConn): Promise<string> {
 *   try {
 *     return (await nsConn.ask("onName")).text();
 *   } catch (error) {
 *     // A wrong argument is a TypeError or a RangeError instead.
 *     if (!(error instanceof NeffosError)) throw error;
 *     console.warn(error.namespace, error.event, error.message);
 *     return "nobody";
 *   }
 * }
 * ```
 *
 * @category Errors
 */
export class NeffosError extends Error {
  static {
    this.prototype.name = "NeffosError";
  }
  /** The namespace of the failed action. */
  readonly namespace: string | undefined;
  /** The room of the failed action. */
  readonly room: string | undefined;
  /** The event of the failed action. */
  readonly event: string | undefined;

  /**
   * Makes an error.
   *
   * @param message What happened, in words.
   * @param options The cause, and the place of the failed action.
   */
  constructor(message: string, options?: NeffosErrorOptions) {
    super(message, options);
    this.namespace = options?.namespace;
    this.room = options?.room;
    this.event = options?.event;
  }
}

/**
 * An error whose text is sent to the peer.
 *
 * When a handler throws one, the peer gets the text: as the rejection of its
 * `ask`, as the refusal of its connect or join, or as a message of the same
 * event with `message.error` set. Any other exception of a handler is
 * reported to `onError`, and the peer gets `internal error`.
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
 *
 * @category Errors
 */
export class EventError extends NeffosError {
  static {
    this.prototype.name = "EventError";
  }
}

/**
 * An {@linkcode EventError} that also closes the connection: when a handler
 * throws one, the peer gets its text and then the close code.
 *
 * Our client reconnects after 1001, 1005, 1006, 1011 to 1014 and 4000 to
 * 4499, and after no other code (RFC 6455, section 7.4, leaves 4000 to 4999
 * to the application).
 *
 * @example
 * ```ts
 * import { CloseError, type Events } from "@neffos/mvc";
 *
 * const events: Events = {
 *   onUpload(_nsConn, msg) {
 *     // 4500 to 4999: the client does not come back.
 *     if (msg.bytes().length > 1_000_000) throw new CloseError(4500, "too large");
 *   },
 * };
 * console.log(Object.keys(events)); // ["onUpload"]
 * ```
 *
 * @category Errors
 */
export class CloseError extends EventError {
  static {
    this.prototype.name = "CloseError";
  }
  /** The WebSocket close code. */
  readonly code: number;

  /**
   * Makes an error that closes the connection.
   *
   * @param code The close code, 1000 to 4999.
   * @param reason The close reason; it is cut at 123 bytes.
   * @param options The cause, and the place of the failed action.
   * @throws {RangeError} When the code is not an integer from 1000 to 4999, or
   * one that no close frame may carry (1004 to 1006, 1015).
   */
  constructor(code: number, reason = "", options?: NeffosErrorOptions) {
    super(reason, options);
    assertCloseCode(code);
    this.code = code;
  }
}

/** The text of a refusal that has none: on the wire that would be no error. */
export const REFUSED = "refused";

/**
 * The namespace is unknown to one side, or it is not connected.
 *
 * @example
 * ```ts
 * import { BadNamespaceError, type Client } from "@neffos/mvc";
 *
 * export async function connectAdmin(client: Client) {
 *   try {
 *     return await client.connect("admin");
 *   } catch (error) {
 *     // This server has no such namespace.
 *     if (error instanceof BadNamespaceError) return undefined;
 *     throw error;
 *   }
 * }
 * ```
 *
 * @category Errors
 */
export class BadNamespaceError extends EventError {
  static {
    this.prototype.name = "BadNamespaceError";
  }
}

/**
 * The connection has not joined the room.
 *
 * @example
 * ```ts
 * import { BadRoomError, type NSConn } from "@neffos/mvc";
 *
 * export async function countPeople(nsConn: NSConn): Promise<number> {
 *   try {
 *     return (await nsConn.room("lobby")?.ask("onCount"))?.json<number>() ?? 0;
 *   } catch (error) {
 *     if (error instanceof BadRoomError) return 0; // left meanwhile
 *     throw error;
 *   }
 * }
 * ```
 *
 * @category Errors
 */
export class BadRoomError extends EventError {
  static {
    this.prototype.name = "BadRoomError";
  }
}

/**
 * A frame is not a message of the protocol, or the codec of the connection
 * cannot decode its body.
 *
 * @example
 * ```ts
 * import { InvalidPayloadError, type Message } from "@neffos/mvc";
 *
 * // With `bodyCodec`; without it, a body that is not JSON is an EventError.
 * export function readPoint(msg: Message): { x: number; y: number } | undefined {
 *   try {
 *     return msg.json<{ x: number; y: number }>();
 *   } catch (error) {
 *     if (error instanceof InvalidPayloadError) return undefined;
 *     throw error;
 *   }
 * }
 * ```
 *
 * @category Errors
 */
export class InvalidPayloadError extends EventError {
  static {
    this.prototype.name = "InvalidPayloadError";
  }
}

/**
 * Options of a {@linkcode ConnectionClosedError}.
 *
 * @category Errors
 */
export interface ConnectionClosedErrorOptions extends NeffosErrorOptions {
  /**
   * What happened, in words.
   *
   * @default {"write closed"}
   */
  message?: string;
}

/**
 * The connection is closed, or it closed before the answer arrived.
 *
 * @example
 * ```ts
 * import { ConnectionClosedError, type NSConn } from "@neffos/mvc";
 *
 * export async function askAgainLater(nsConn: NSConn): Promise<boolean> {
 *   try {
 *     await nsConn.ask("onSave", { draft: "hello" });
 *     return false;
 *   } catch (error) {
 *     // It is not known whether the server has handled it.
 *     if (error instanceof ConnectionClosedError) return true;
 *     throw error;
 *   }
 * }
 * ```
 *
 * @category Errors
 */
export class ConnectionClosedError extends NeffosError {
  static {
    this.prototype.name = "ConnectionClosedError";
  }
  /** The close code, 1006 if the connection ended without one. */
  readonly code: number;
  /** The close reason, often empty. */
  readonly reason: string;

  /**
   * Makes an error.
   *
   * @param code The close code.
   * @param reason The close reason.
   * @param options The text, the cause, and the place of the failed action.
   */
  constructor(
    code = 1006,
    reason = "",
    options: ConnectionClosedErrorOptions = {},
  ) {
    super(options.message ?? "write closed", options);
    this.code = code;
    this.reason = reason;
  }
}

/**
 * Options of a {@linkcode DialError}.
 *
 * @category Errors
 */
export interface DialErrorOptions extends NeffosErrorOptions {
  /**
   * The HTTP status with which the server refused to open a WebSocket.
   *
   * @default {undefined} not known
   */
  status?: number | undefined;
  /**
   * The close code.
   *
   * @default {1006}
   */
  code?: number | undefined;
  /**
   * The close reason.
   *
   * @default {""}
   */
  reason?: string | undefined;
}

/**
 * A client could not connect: no server answers at its URL, it opens no
 * WebSocket, or it does not accept the client.
 *
 * Neither `message` nor `url` contains what may be secret: user, password and
 * query of the URL.
 *
 * @example
 * ```ts
 * import { dial, DialError } from "@neffos/mvc/client";
 *
 * try {
 *   await dial("ws://127.0.0.1:9/nobody", { onHi() {} });
 * } catch (error) {
 *   if (!(error instanceof DialError)) throw error;
 *   console.log(error.message, error.status, error.cause);
 * }
 * ```
 *
 * @category Errors
 */
export class DialError extends ConnectionClosedError {
  static {
    this.prototype.name = "DialError";
  }
  /** The URL, without user, password and query. */
  readonly url: string;
  /**
   * The HTTP status with which the server refused to open a WebSocket, where
   * the platform tells.
   */
  readonly status: number | undefined;

  /**
   * Makes an error.
   *
   * @param url The URL; what may be secret in it is left out.
   * @param why What failed, in words.
   * @param options The status, the close code and reason, and the cause.
   */
  constructor(url: string, why: string, options: DialErrorOptions = {}) {
    const { status, code, reason } = options;
    const shown = hideSecrets(url);
    const message = `Cannot dial ${JSON.stringify(shown)}: ${why}`;
    super(code, reason, { ...options, message });
    this.url = shown;
    this.status = status;
  }
}

/**
 * Leaves out what may be secret in a URL: user and password, and the query,
 * which may have tokens and headers.
 *
 * @param url The URL.
 * @returns The rest; `?…` stands for a query.
 */
export function hideSecrets(url: string): string {
  return url.replace(/#.*/s, "").replace(/\?.+/s, "?…")
    .replace(/^([a-z][a-z\d+.-]*:\/\/)?[^/?]*@/i, "$1");
}

/**
 * An answer did not arrive in time.
 *
 * @example
 * ```ts
 * import { AskTimeoutError, type NSConn } from "@neffos/mvc";
 *
 * export async function isAwake(nsConn: NSConn): Promise<boolean> {
 *   try {
 *     await nsConn.ask("onPing", "", { timeout: 2_000 }); // milliseconds
 *     return true;
 *   } catch (error) {
 *     if (error instanceof AskTimeoutError) return false;
 *     throw error;
 *   }
 * }
 * ```
 *
 * @category Errors
 */
export class AskTimeoutError extends NeffosError {
  static {
    this.prototype.name = "AskTimeoutError";
  }
  /** The time limit, in milliseconds. */
  readonly timeout: number;

  /**
   * Makes an error.
   *
   * @param message What timed out, in words.
   * @param timeout The time limit, in milliseconds.
   * @param options The cause, and the place of the failed action.
   */
  constructor(message: string, timeout: number, options?: NeffosErrorOptions) {
    super(message, options);
    this.timeout = timeout;
  }
}

/**
 * The connection has reached a limit, such as its number of rooms.
 *
 * @example
 * ```ts
 * import { LimitError, type NSConn } from "@neffos/mvc";
 *
 * export async function joinRooms(nsConn: NSConn, names: string[]) {
 *   try {
 *     for (const name of names) await nsConn.joinRoom(name);
 *   } catch (error) {
 *     if (!(error instanceof LimitError)) throw error;
 *     console.warn(error.message); // `maxRooms` of the server
 *   }
 * }
 * ```
 *
 * @category Errors
 */
export class LimitError extends EventError {
  static {
    this.prototype.name = "LimitError";
  }
}

/** A text that peers in other languages compare. */
export const BAD_NAMESPACE = "bad namespace";

/** See {@linkcode BAD_NAMESPACE}. */
export const BAD_ROOM = "bad room";

/** See {@linkcode BAD_NAMESPACE}. */
export const INVALID_PAYLOAD = "invalid payload";

/**
 * Makes the error of a name that this side, or the peer, is not in.
 *
 * @param about The names concerned.
 * @param isRoom Whether it is the room that is missing.
 * @returns The error.
 */
export function makeBadName(
  about: NeffosErrorOptions,
  isRoom: boolean = !!about.room,
): EventError {
  return isRoom
    ? new BadRoomError(BAD_ROOM, about)
    : new BadNamespaceError(BAD_NAMESPACE, about);
}

/**
 * Makes the error that the text of an error frame stands for.
 *
 * @param text The text.
 * @param options The place of the failed action.
 * @returns An error of the class for this text, else an EventError.
 */
export function parseErrorText(
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
      return parseKnownError(text, options) ?? new EventError(text, options);
  }
}

/**
 * Makes an error of the peer again, for one caller: with the place of its own
 * call, and its own frames in the stack.
 *
 * @param error The error that has come.
 * @param about The place of the call.
 * @returns The error, of the same class.
 */
export function remakeError(
  error: Error,
  about: NeffosErrorOptions,
): EventError {
  return parseErrorText(writeErrorText(error), about);
}

/**
 * A class for {@linkcode registerError}: a subclass of {@linkcode EventError}
 * that is made of a text, or has a function `fromText` that does so.
 *
 * @category Errors
 */
export type KnownErrorClass =
  | (new (text: string, options?: NeffosErrorOptions) => EventError)
  | (
    & (abstract new (...args: never[]) => EventError)
    & { fromText(text: string): EventError | undefined }
  );

/**
 * Checks a {@linkcode KnownErrorClass}: its own type, or a text that says what is
 * wrong.
 *
 * @typeParam C The type of the class.
 *
 * @category Type utilities
 */
export type CheckedErrorClass<C> = C extends KnownErrorClass ? C
  : C extends abstract new (...args: never[]) => EventError
    ? "is not made of (text, options): write a static function fromText(text)"
  : "must be a subclass of EventError";

/**
 * The registered classes, by their names. They are as global as the names of
 * classes are, and as the `instanceof` of the programs that register them.
 */
const KNOWN = new Map<string, KnownErrorClass>();

/** The classes with a text of their own, which peers compare. */
const FIXED: readonly unknown[] = [
  BadNamespaceError,
  BadRoomError,
  InvalidPayloadError,
];

/**
 * Registers a class of errors, as Go's `RegisterKnownError` does: an error of
 * this class that a handler throws arrives as one of this class, where the
 * other side has registered it too. It counts for all servers and clients of
 * the program.
 *
 * The error goes as the name of the class, a colon and its text, which is what
 * peers that do not know it read: `OutOfStockError: no apples are left`. It is
 * made again by `new Class(text, { namespace, room, event })`, and has this
 * text. The name is `Class.prototype.name` if the class has set it, else
 * `Class.name`, which minifiers change.
 *
 * A class with a static function `fromText(text)` is found by its text alone,
 * and sent without its name. The function returns `undefined` for a text that
 * is none of its own. This is the way for errors with data, which their text
 * must then have, and for errors of a Go peer.
 *
 * What `new` or `fromText` throws for a text is ignored: the error is an
 * EventError then. The texts are chosen by the other side.
 *
 * @param Class The class.
 * @throws {TypeError} When it is not a subclass of EventError, has a text of the
 * protocol (`BadRoomError` and its like), or has no name or that of another
 * class that is registered.
 *
 * @example
 * ```ts
 * import { EventError, registerError } from "@neffos/mvc";
 *
 * class OutOfStockError extends EventError {
 *   static {
 *     this.prototype.name = "OutOfStockError";
 *   }
 * }
 *
 * class PriceChangedError extends EventError {
 *   static fromText(text: string) {
 *     const price = /^the price is now (\d+)$/.exec(text)?.[1];
 *     return price ? new PriceChangedError(Number(price)) : undefined;
 *   }
 *   constructor(readonly price: number) {
 *     super(`the price is now ${price}`);
 *   }
 * }
 *
 * registerError(OutOfStockError);
 * registerError(PriceChangedError);
 * ```
 *
 * @category Errors
 */
export function registerError<C>(Class: CheckedErrorClass<C>): void;
export function registerError(Class: KnownErrorClass): void {
  const isError = typeof Class === "function" &&
    Class.prototype instanceof EventError;
  const name = isError ? nameError(Class) : "";
  const known = KNOWN.get(name);
  if (isError && known === Class) return;
  const fault = !isError
    ? "it must be a subclass of EventError"
    : FIXED.includes(Class)
    ? "its text is one of the protocol, by which it is known"
    : !/^[^\s:][^:]*$/.test(name)
    ? "it must have a name, which has no colon"
    : known && "another class has this name";
  if (fault !== undefined) {
    const shown = describe(isError ? name : Class);
    throw new TypeError(`Cannot register ${shown} as an error: ${fault}`);
  }
  KNOWN.set(name, Class);
}

function nameError(Class: KnownErrorClass): string {
  return Object.hasOwn(Class.prototype, "name")
    ? String(Class.prototype.name)
    : Class.name;
}

/** Whether a class is found by its text; a base that is does not count. */
function hasFromText(
  Class: KnownErrorClass,
): Class is Extract<KnownErrorClass, { fromText: unknown }> {
  return Object.hasOwn(Class, "fromText");
}

/**
 * Writes the text that goes to the peer for an error.
 *
 * @param error The error.
 * @returns The text, with the name of a registered class.
 */
export function writeErrorText(error: Error): string {
  const { message } = error;
  if (KNOWN.size === 0) return message;
  // The nearest class: others of the registered ones may be its bases.
  let prototype = Object.getPrototypeOf(error);
  for (; prototype !== null; prototype = Object.getPrototypeOf(prototype)) {
    for (const [name, Class] of KNOWN) {
      if (Class.prototype !== prototype) continue;
      return hasFromText(Class) ? message : `${name}: ${message}`;
    }
  }
  return message;
}

function parseKnownError(
  text: string,
  options: NeffosErrorOptions | undefined,
): EventError | undefined {
  for (const [name, Class] of KNOWN) {
    const start = hasFromText(Class) ? "" : `${name}: `;
    if (!text.startsWith(start)) continue;
    const message = text.slice(start.length);
    try {
      const error = hasFromText(Class)
        ? Class.fromText(message)
        : new Class(message, options);
      // Its constructor may have made another text, and taken no options.
      if (isInstance(error, Class)) {
        const { namespace, room, event } = options ?? {};
        return Object.assign(error, { message, namespace, room, event });
      }
    } catch {
      // Whatever its text is, the error must arrive.
    }
  }
  return undefined;
}

/** What has a name that goes over the wire. */
type Named = "namespace" | "room" | "event" | "connection";

/**
 * Checks a name: UTF-8 has no form for a lone surrogate, so the peer would get
 * another name.
 *
 * @param kind What has the name.
 * @param name The name, or the ID of a connection.
 * @returns The error, `undefined` for a string without lone surrogates.
 */
export function findBadName(
  kind: Named,
  name: unknown,
): TypeError | undefined {
  return typeof name === "string" && name.isWellFormed()
    ? undefined
    : new TypeError(
      `Cannot use ${
        describe(name)
      } as the name of the ${kind}: it must be a string without lone surrogates`,
    );
}

/**
 * Describes a value for the text of an error.
 *
 * @param value The value.
 * @returns A string in quotes, a number and its like as it is, the name of a
 * class or a function, else the type.
 */
export function describe(value: unknown): string {
  const type = typeof value;
  if (type === "string") return JSON.stringify(value);
  if (typeof value === "function" && value.name !== "") return value.name;
  return value === null || !/^(object|function|symbol)$/.test(type)
    ? `${value}`
    : `a value of type "${type}"`;
}

/**
 * Checks a name, as {@linkcode findBadName} does.
 *
 * @param kind What has the name.
 * @param name The name.
 * @throws {TypeError} When it is not a string, or has a lone surrogate.
 */
export function assertName(kind: Named, name: unknown): void {
  const error = findBadName(kind, name);
  if (error !== undefined) throw error;
}

/**
 * Tells whether a value is a close code that a close frame may carry.
 *
 * @param code The value.
 * @returns Whether it is.
 */
export function isCloseCode(code: unknown): code is number {
  const isReserved = code === 1004 || code === 1005 || code === 1006 ||
    code === 1015;
  return Number.isInteger(code) && Number(code) > 999 && Number(code) < 5000 &&
    !isReserved;
}

/**
 * Checks a close code.
 *
 * @param code The close code.
 * @throws {RangeError} When it is not an integer from 1000 to 4999, or one
 * that no close frame may carry.
 */
export function assertCloseCode(code: number): void {
  if (isCloseCode(code)) return;
  throw new RangeError(
    `Cannot close with code ${code}: it must be an integer from 1000 to 4999, but not 1004 to 1006 or 1015`,
  );
}

/**
 * Frames: {@linkcode decode} and {@linkcode encode} a message. The only file
 * that knows the separator and its escape.
 *
 * A frame is `wait;namespace;room;event;isError;isNoOp;body`.
 *
 * @module
 */

import { errorFromText } from "./errors.ts";
import { OnNativeMessage } from "./event_names.ts";
import { Message, type RawBody } from "./message.ts";

/**
 * Reads the frames of one connection. It keeps the head of the last frame:
 * most frames have the same one as the frame before, and need no taking apart.
 */
export class Decoder {
  readonly #native: NativeMode;
  /** From the first separator to the last, both included. */
  #head = "";
  #last: Message | undefined;

  /**
   * Makes a decoder.
   *
   * @param native Whether native messages are allowed.
   */
  constructor(native: NativeMode) {
    this.#native = native;
  }

  /**
   * Reads a frame.
   *
   * @param data The frame.
   * @returns The message, `undefined` when the frame is not valid.
   */
  decode(data: RawBody): Message | undefined {
    const last = this.#last;
    if (
      last !== undefined && typeof data === "string" &&
      data.startsWith(this.#head)
    ) {
      return new Message({
        namespace: last.namespace,
        room: last.room,
        event: last.event,
        body: data.slice(this.#head.length),
      });
    }
    const message = decode(data, this.#native);
    if (message !== undefined && isPlain(message) && data.length < MAX_KEPT) {
      const { namespace, room, event } = message;
      this.#last = new Message({ namespace, room, event });
      const scope = encodeScope(namespace, room);
      // Without a body it is text, and all head.
      this.#head = encodeScoped("", scope, event, "") as string;
    }
    return message;
  }
}

/** Whether nothing but its body can differ in the next one like it. */
function isPlain(message: Message): boolean {
  return message.wait === "" && message.error === undefined &&
    !message.isNoOp && !message.isNative && !message.isBinary;
}

const SEPARATOR = ";";

const ESCAPED = "@%!semicolon@%!";

const SEPARATOR_BYTE = 0x3b;

/** Marks the ID of the connection that sent it, between servers. */
const SENDER_MARK = "neffos(0x";

/** What is cut out of a longer frame would keep all of it in memory. */
export const MAX_KEPT = 512;

/**
 * What to do with frames that are not in the protocol's format: refuse them,
 * allow them beside the others, or take every frame as one of them.
 */
export type NativeMode = "none" | "allow" | "only";

/**
 * Reads a frame.
 *
 * @param data The frame: a string for text, bytes for binary.
 * @param native Whether native messages are allowed.
 * @returns The message, `undefined` when the frame is not valid.
 */
export function decode(
  data: RawBody,
  native: NativeMode = "none",
): Message | undefined {
  if (data.length === 0) return undefined;
  if (native === "only") return nativeMessage(data, true);
  const message = typeof data === "string"
    ? decodeText(data, native)
    : decodeBinary(data, native);
  return message ??
    (native === "allow" ? nativeMessage(data, true) : undefined);
}

function nativeMessage(body: RawBody, isNative: boolean): Message {
  return new Message({ event: OnNativeMessage, body, isNative });
}

function decodeText(data: string, native: NativeMode): Message | undefined {
  const a = data.indexOf(SEPARATOR);
  if (a < 0) return undefined;
  const b = data.indexOf(SEPARATOR, a + 1);
  if (b < 0) return undefined;
  const c = data.indexOf(SEPARATOR, b + 1);
  if (c < 0) return undefined;
  const d = data.indexOf(SEPARATOR, c + 1);
  if (d < 0) return undefined;
  const e = data.indexOf(SEPARATOR, d + 1);
  if (e < 0) return undefined;
  const f = data.indexOf(SEPARATOR, e + 1);
  if (f < 0) return undefined;
  const cut = data.length > MAX_KEPT ? copyPart : cutPart;
  return message(
    cut(data, 0, a),
    cut(data, a + 1, b),
    cut(data, b + 1, c),
    cut(data, c + 1, d),
    isOne(data, d + 1, e),
    isOne(data, e + 1, f),
    data.slice(f + 1),
    native,
  );
}

function cutPart(data: string, start: number, end: number): string {
  return data.slice(start, end);
}

/**
 * V8 cuts a string by pointing into it, which keeps all of it in memory: a
 * name that is kept must not keep the body that came with it.
 */
function copyPart(data: string, start: number, end: number): string {
  return `.${data.slice(start, end)}`.slice(1);
}

function decodeBinary(
  data: Uint8Array,
  native: NativeMode,
): Message | undefined {
  let end = -1;
  for (let count = 0; count < 6; count++) {
    end = data.indexOf(SEPARATOR_BYTE, end + 1);
    if (end < 0) return undefined;
  }
  const parts = new TextDecoder("utf-8", { ignoreBOM: true }).decode(
    data.subarray(0, end),
  )
    .split(SEPARATOR) as [string, string, string, string, string, string];
  const [wait, namespace, room, event, isError, isNoOp] = parts;
  return message(
    wait,
    namespace,
    room,
    event,
    isError === "1",
    isNoOp === "1",
    data.subarray(end + 1),
    native,
  );
}

function isOne(data: string, start: number, end: number): boolean {
  return end === start + 1 && data.charCodeAt(start) === 0x31;
}

function message(
  wait: string,
  namespace: string,
  room: string,
  event: string,
  isError: boolean,
  isNoOp: boolean,
  body: RawBody,
  native: NativeMode,
): Message {
  const name = unescape(event);
  const failed = isError && body.length > 0;
  return new Message({
    // A sender's mark means nothing when it comes from a websocket.
    wait: wait.startsWith(SENDER_MARK) ? "" : wait,
    namespace: unescape(namespace),
    room: unescape(room),
    event: name,
    isNoOp,
    isNative: native !== "none" && name === OnNativeMessage,
    isBinary: typeof body !== "string",
    body: failed ? "" : body,
    error: failed ? errorFromText(toText(body)) : undefined,
  });
}

/** What a message needs to be encoded. */
export interface Encodable {
  /** The wait token, else empty. */
  readonly wait?: string | undefined;
  /** The namespace. */
  readonly namespace: string;
  /** The room, else empty. */
  readonly room: string;
  /** The event. */
  readonly event: string;
  /** The text or the bytes. */
  readonly body: RawBody;
  /** The error, which takes the place of the body. */
  readonly error?: Error | undefined;
  /** The protocol's no-operation flag. */
  readonly isNoOp?: boolean | undefined;
  /** Only the body is sent, unless there is a wait token. */
  readonly isNative?: boolean | undefined;
  /** Whether the frame is to be binary. */
  readonly isBinary?: boolean | undefined;
}

/**
 * Writes a frame.
 *
 * @param message The message.
 * @returns A string for a text frame, bytes for a binary one.
 */
export function encode(message: Encodable): RawBody {
  const { wait = "", error } = message;
  let { body } = message;
  if (message.isNative && wait === "") return body;
  let isError = "0";
  if (error !== undefined) {
    isError = "1";
    body = error.message;
  }
  const head = `${wait};${escape(message.namespace)};${escape(message.room)};${
    escape(message.event)
  };${isError};${message.isNoOp ? "1" : "0"};`;
  return message.isBinary ? join(head, body) : head + toText(body);
}

/** From how many receivers on a frame is worth being made flat. */
const MANY = 16;

/**
 * Writes a frame that is sent several times. V8 makes the string of a frame
 * out of its parts' strings; for many receivers it is copied into one, since
 * each of them would read it part by part.
 *
 * @param message The message.
 * @param receivers How many get it.
 * @returns The frame.
 */
export function encodeOnce(message: Encodable, receivers: number): RawBody {
  const frame = encode(message);
  return typeof frame === "string" && receivers >= MANY
    ? new TextDecoder("utf-8", { ignoreBOM: true })
      .decode(new TextEncoder().encode(frame))
    : frame;
}

/**
 * Writes the part of a frame between the wait token and the event. What is
 * sent again and again to one namespace or room keeps it.
 *
 * @param namespace The namespace.
 * @param room The room, else empty.
 * @returns The part, separators included.
 */
export function encodeScope(namespace: string, room: string): string {
  return `;${escape(namespace)};${escape(room)};`;
}

/**
 * Writes the frame of a message that is neither an error nor native.
 *
 * @param wait The wait token, else empty.
 * @param scope The namespace and room, from {@linkcode encodeScope}.
 * @param event The event.
 * @param body The body: bytes make a binary frame.
 * @returns The frame.
 */
export function encodeScoped(
  wait: string,
  scope: string,
  event: string,
  body: RawBody,
): RawBody {
  const head = wait + scope + escape(event) + ";0;0;";
  return typeof body === "string" ? head + body : join(head, body);
}

/**
 * Writes the reply that says no more than "done".
 *
 * @param wait The wait token.
 * @returns The frame.
 */
export function encodeEmptyReply(wait: string): string {
  return `${wait};;;;;;`;
}

/** What the wait field says between servers on a StackExchange. */
export interface Origin {
  /** The ID of the connection that sent the message, else empty. */
  readonly sender: string;
  /** The token without its mark, else empty. */
  readonly wait: string;
  /** Whether another server waits for the answer. */
  readonly isRemoteAsk: boolean;
}

/**
 * Reads the wait field of a message that came from a server, not from a
 * websocket: there it may name the sender, or another server's ask, which is
 * marked by a `!` as the second character of the token.
 *
 * @param wait The wait field.
 * @returns What it says.
 */
export function readOrigin(wait: string): Origin {
  if (wait.startsWith(SENDER_MARK)) {
    return { sender: wait, wait: "", isRemoteAsk: false };
  }
  // The second character, not the second UTF-16 unit.
  const [first = "", second] = wait;
  return second === "!"
    ? {
      sender: "",
      wait: first + wait.slice(first.length + 1),
      isRemoteAsk: true,
    }
    : { sender: "", wait, isRemoteAsk: false };
}

function escape(field: string): string {
  return field.includes(SEPARATOR)
    ? field.replaceAll(SEPARATOR, ESCAPED)
    : field;
}

function unescape(field: string): string {
  // Most fields are shorter than the escape and need no search.
  return field.length >= ESCAPED.length && field.includes(ESCAPED)
    ? field.replaceAll(ESCAPED, SEPARATOR)
    : field;
}

function toText(body: RawBody): string {
  return typeof body === "string" ? body : new TextDecoder().decode(body);
}

function join(head: string, body: RawBody): Uint8Array {
  const encoder = new TextEncoder();
  const start = encoder.encode(head);
  const rest = typeof body === "string" ? encoder.encode(body) : body;
  const frame = new Uint8Array(start.length + rest.length);
  frame.set(start);
  frame.set(rest, start.length);
  return frame;
}

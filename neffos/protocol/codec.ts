/**
 * Frames: {@linkcode decode} and {@linkcode encode}.
 *
 * A frame is `wait;namespace;room;event;isError;isNoOp;body`.
 *
 * @module
 */

import type { BodyCodec } from "./body.ts";
import { parseErrorText, writeErrorText } from "./errors.ts";
import { OnNativeMessage } from "./event_names.ts";
import { Message, type RawBody } from "./message.ts";

const SEPARATOR = ";";

const ESCAPED = "@%!semicolon@%!";

const SEPARATOR_BYTE = 0x3b;

/** Begins the ID of the sending connection, between servers. */
export const SENDER_MARK = "neffos(0x";

/** Parts of a longer frame are copied: a slice keeps all of it in memory. */
const MAX_RETAINED = 512;

/**
 * The treatment of native messages, which are frames in no format: refuse
 * them, allow them beside the others, or take every frame as one.
 *
 * @category Protocol
 */
export type NativeMode = "none" | "allow" | "only";

/** How frames are decoded. */
export interface DecodeOptions {
  readonly native: NativeMode;
  /** What reads the bodies in place of JSON. */
  readonly codec: BodyCodec | undefined;
}

/**
 * Decodes a frame, as Go's `DeserializeMessage` does. Servers and clients do it
 * for every frame: this is for programs that have frames from elsewhere, such
 * as a log or a broker.
 *
 * @param data The frame: a string for text, bytes for binary.
 * @param native The treatment of native messages.
 * @returns The message, `undefined` when the frame is not valid: it is empty,
 * has fewer than seven fields, or names that are not UTF-8.
 * @throws {TypeError} When the frame is neither a string nor bytes.
 *
 * @example
 * ```ts
 * import { decode } from "@neffos/mvc/neffos";
 *
 * const message = decode(";chat;;onSay;0;0;hello");
 * console.log(message?.event, message?.text()); // onSay hello
 * ```
 *
 * @category Protocol
 */
export function decode(
  data: RawBody | ArrayBuffer,
  native: NativeMode = "none",
): Message | undefined {
  const frame = data instanceof ArrayBuffer ? new Uint8Array(data) : data;
  if (typeof frame !== "string" && !(frame instanceof Uint8Array)) {
    throw new TypeError(
      `Cannot decode a value of type "${typeof data}": a frame is a string, a Uint8Array or an ArrayBuffer`,
    );
  }
  return decodeWith({ native, codec: undefined }, frame);
}

/** Decodes a frame as {@linkcode decode} does, for a connection. */
export function decodeWith(
  options: DecodeOptions,
  data: RawBody,
): Message | undefined {
  const { native, codec } = options;
  if (data.length === 0) return undefined;
  if (native !== "only") {
    const fields = typeof data === "string"
      ? splitText(data)
      : splitBytes(data);
    if (fields !== undefined) return toMessage(options, fields);
    if (native === "none") return undefined;
  }
  const event = OnNativeMessage;
  return new Message({ event, body: data, isNative: true, codec });
}

/** The fields of a frame, still escaped. */
interface Fields {
  readonly wait: string;
  readonly namespace: string;
  readonly room: string;
  readonly event: string;
  readonly isError: boolean;
  readonly isNoOp: boolean;
  readonly body: RawBody;
}

function splitText(data: string): Fields | undefined {
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
  const cut = data.length > MAX_RETAINED ? copySlice : slice;
  return {
    wait: cut(data, 0, a),
    namespace: cut(data, a + 1, b),
    room: cut(data, b + 1, c),
    event: cut(data, c + 1, d),
    isError: isOne(data, d + 1, e),
    isNoOp: isOne(data, e + 1, f),
    body: data.slice(f + 1),
  };
}

function slice(data: string, start: number, end: number): string {
  return data.slice(start, end);
}

/**
 * V8 slices a string by pointing into it: a namespace that is kept would keep
 * the body of its first message in memory.
 */
function copySlice(data: string, start: number, end: number): string {
  return `.${data.slice(start, end)}`.slice(1);
}

function splitBytes(data: Uint8Array): Fields | undefined {
  let end = -1;
  for (let count = 0; count < 6; count++) {
    end = data.indexOf(SEPARATOR_BYTE, end + 1);
    if (end < 0) return undefined;
  }
  try {
    const head = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true })
      .decode(data.subarray(0, end + 1));
    return { ...splitText(head)!, body: data.subarray(end + 1) };
  } catch {
    // Names with other characters in place of theirs would be other names.
    return undefined;
  }
}

function isOne(data: string, start: number, end: number): boolean {
  return end === start + 1 && data.charCodeAt(start) === 0x31;
}

function toMessage({ native, codec }: DecodeOptions, fields: Fields): Message {
  const { wait, isNoOp, body } = fields;
  const namespace = unescape(fields.namespace);
  const room = unescape(fields.room);
  const event = unescape(fields.event);
  const isFailure = fields.isError && body.length > 0;
  return new Message({
    // Only servers may name a sender; a client could name anybody.
    wait: wait.startsWith(SENDER_MARK) ? "" : wait,
    namespace,
    room,
    event,
    isNoOp,
    isNative: native !== "none" && event === OnNativeMessage,
    isBinary: typeof body !== "string",
    body: isFailure ? "" : body,
    error: isFailure
      ? parseErrorText(toText(body), { namespace, room, event })
      : undefined,
    codec,
  });
}

/**
 * Decodes the frames of one connection. Most frames have the same head as the
 * frame before, so the decoder keeps the last head and parses it once.
 */
export class Decoder {
  readonly #options: DecodeOptions;
  /** The last frame from its first to its last separator. */
  #head = "";
  #last: Message | undefined;

  /**
   * Makes a decoder.
   *
   * @param options The treatment of native messages, and what reads the bodies
   * in place of JSON. Decoders may share them.
   */
  constructor(options: DecodeOptions) {
    this.#options = options;
  }

  /**
   * Decodes a frame.
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
        codec: this.#options.codec,
      });
    }
    const message = decodeWith(this.#options, data);
    if (
      message !== undefined && isPlain(message) && data.length < MAX_RETAINED
    ) {
      const { namespace, room, event } = message;
      this.#last = new Message({ namespace, room, event });
      const route = encodeRoute(namespace, room);
      // An empty body makes a text frame.
      this.#head = encodeEvent("", route, event, "") as string;
    }
    return message;
  }
}

/** Whether a frame with the same head can differ in its body alone. */
function isPlain(message: Message): boolean {
  return message.wait === "" && message.error === undefined &&
    !message.isNoOp && !message.isNative && !message.isBinary;
}

/**
 * The parts of a {@linkcode Message} that its frame is made of.
 *
 * @category Protocol
 */
export type Encodable =
  & Pick<Message, "namespace" | "room" | "event" | "body">
  & Partial<
    Pick<Message, "wait" | "error" | "isNoOp" | "isNative" | "isBinary">
  >;

/**
 * Encodes a message, as Go's `SerializeMessage` does. Servers and clients do it
 * for whatever they send: this is for programs that write frames themselves,
 * such as a test or a gateway.
 *
 * @param message The message. A body of bytes makes a binary frame, unless
 * `isBinary` is `false`.
 * @returns A string for a text frame, bytes for a binary one. A native message
 * is its bare body.
 *
 * @example
 * ```ts
 * import { encode, Message } from "@neffos/mvc/neffos";
 *
 * const message = new Message({
 *   namespace: "chat",
 *   event: "onSay",
 *   body: { text: "hello" },
 * });
 * console.log(encode(message)); // ;chat;;onSay;0;0;{"text":"hello"}
 * ```
 *
 * @category Protocol
 */
export function encode(message: Encodable): RawBody {
  const { wait = "", error } = message;
  let { body } = message;
  if (message.isNative && wait === "") return body;
  let isError = "0";
  if (error !== undefined) {
    isError = "1";
    body = writeErrorText(error);
  }
  const head = `${wait};${escape(message.namespace)};${escape(message.room)};${
    escape(message.event)
  };${isError};${message.isNoOp ? "1" : "0"};`;
  const { isBinary = typeof body !== "string" } = message;
  return isBinary ? join(head, body) : head + toText(body);
}

/**
 * Encodes a message that nobody is to answer, for a room that need not be its
 * own.
 *
 * @param message The message.
 * @param room The room, else empty.
 * @returns The frame.
 */
export function encodeForRoom(message: Encodable, room: string): RawBody {
  // One by one, since a spread of it is slow in Node 20.
  const { namespace, event, body, error } = message;
  const { isNoOp = false, isNative = false } = message;
  const isBytes = error === undefined && typeof body !== "string";
  const { isBinary = isBytes } = message;
  const wait = "";
  return encode({
    wait,
    namespace,
    room,
    event,
    body,
    error,
    isNoOp,
    isNative,
    isBinary,
  });
}

/** The number of receivers from which on flattening a frame pays. */
const MANY = 16;

/**
 * Encodes a message as {@linkcode encodeForRoom} does, for several receivers.
 * V8 concatenates strings by pointing to their parts, which each receiver's
 * socket would have to join; for many receivers the frame is copied into one
 * flat string.
 *
 * @param message The message.
 * @param room The room, else empty.
 * @param receivers The number of receivers.
 * @returns The frame.
 */
export function encodeOnce(
  message: Encodable,
  room: string,
  receivers: number,
): RawBody {
  const frame = encodeForRoom(message, room);
  return typeof frame === "string" && receivers >= MANY
    ? new TextDecoder("utf-8", { ignoreBOM: true })
      .decode(new TextEncoder().encode(frame))
    : frame;
}

/**
 * Encodes the part of a frame between the wait token and the event, for a
 * namespace or a room that keeps it.
 *
 * @param namespace The namespace.
 * @param room The room, else empty.
 * @returns The part, separators included.
 */
export function encodeRoute(namespace: string, room: string): string {
  return `;${escape(namespace)};${escape(room)};`;
}

/**
 * Encodes a message that is neither an error nor native.
 *
 * @param wait The wait token, else empty.
 * @param route The namespace and room, from {@linkcode encodeRoute}.
 * @param event The event.
 * @param body The body: bytes make a binary frame.
 * @returns The frame.
 */
export function encodeEvent(
  wait: string,
  route: string,
  event: string,
  body: RawBody,
): RawBody {
  const head = wait + route + escape(event) + ";0;0;";
  return typeof body === "string" ? head + body : join(head, body);
}

/**
 * Encodes the empty reply, which acknowledges an ask.
 *
 * @param wait The wait token.
 * @returns The frame.
 */
export function encodeEmptyReply(wait: string): string {
  return `${wait};;;;;;`;
}

/** The wait field of a message between servers on a StackExchange. */
export interface Origin {
  /** The ID of the connection that sent the message, else empty. */
  readonly sender: string;
  /** The token without its mark, else empty. */
  readonly wait: string;
  /** Whether another server waits for the answer. */
  readonly isRemoteAsk: boolean;
}

/**
 * Reads the wait field of a message that a server has published, which names
 * the sender, or another server's ask by a `!` as its second byte of more than
 * two.
 *
 * @param wait The wait field.
 * @returns The parts of the field.
 */
export function readOrigin(wait: string): Origin {
  if (wait.startsWith(SENDER_MARK)) {
    return { sender: wait, wait: "", isRemoteAsk: false };
  }
  // Go compares the second byte, and wants more than two: a character of several
  // bytes has none that is a "!".
  return wait.length > 2 && wait.charCodeAt(0) < 0x80 && wait[1] === "!"
    ? { sender: "", wait: wait[0] + wait.slice(2), isRemoteAsk: true }
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

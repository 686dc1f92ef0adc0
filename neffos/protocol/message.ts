/**
 * {@linkcode Message}: one event and its body; {@linkcode reply} and
 * {@linkcode exclude}.
 *
 * @module
 */

import {
  assertText,
  type Body,
  type BodyCodec,
  describeIssues,
  encodeBody,
  joinIssues,
  type RawBody,
  type StandardSchemaV1,
  validateFirst,
} from "./body.ts";
import {
  assertName,
  EventError,
  INVALID_PAYLOAD,
  InvalidPayloadError,
} from "./errors.ts";

export type { Body, RawBody } from "./body.ts";

/**
 * The parts of a {@linkcode Message}.
 *
 * @category Messages
 */
export interface MessageInit {
  /**
   * The name of the event; a native message needs none.
   *
   * @default {""}
   */
  event?: string;
  /**
   * The namespace.
   *
   * @default {""}
   */
  namespace?: string | undefined;
  /**
   * The room.
   *
   * @default {""}
   */
  room?: string | undefined;
  /**
   * Several rooms, instead of `room`. Each connection that is in any of them
   * gets the message once, in the first of them that it is in. An empty list
   * reaches nobody.
   *
   * @default {undefined} the one of `room`
   */
  rooms?: readonly string[] | undefined;
  /**
   * The body.
   *
   * @default {""}
   */
  body?: Body;
  /**
   * An error for the peer; its text is sent instead of the body.
   *
   * @default {undefined} no error
   */
  error?: Error | undefined;
  /**
   * Sends the body alone, for peers that do not speak the protocol.
   *
   * @default {false}
   */
  isNative?: boolean | undefined;
  /**
   * Sends a binary frame.
   *
   * @default {true} for a body of bytes, else false
   */
  isBinary?: boolean | undefined;
  /**
   * Limits a broadcast to the connections with this ID.
   *
   * @default {""} all of them
   */
  to?: string | undefined;
  /**
   * Skips each peer that reads slowly, to which more than 64 KiB or about 128
   * messages wait to be sent. For values that the next one replaces.
   *
   * @default {false}
   */
  isVolatile?: boolean | undefined;
}

let sourceOf: (message: Message) => unknown;

/**
 * One event of one connection, received or to be sent.
 *
 * @typeParam T The type that {@linkcode Message.json} returns, if it is known:
 * from a schema in a controller's `static events`, or as the program claims.
 *
 * @example
 * ```ts
 * import { denoUpgrader, type Message, type NSConn, Server } from "@neffos/mvc";
 *
 * const server = new Server(denoUpgrader(), {
 *   chat: {
 *     onSay(_nsConn: NSConn, msg: Message<{ text: string }>) {
 *       const { text } = msg.json(); // msg.text() and msg.bytes() read the others
 *       console.log(`${msg.namespace} ${msg.event}: ${text}`);
 *     },
 *   },
 * });
 * await server.close();
 * ```
 *
 * @category Messages
 */
export class Message<T = unknown> {
  /** The namespace, often `""` or `"default"`. */
  readonly namespace: string;
  /** The room, empty outside of rooms. */
  readonly room: string;
  /** The name of the event. */
  readonly event: string;
  /**
   * The body: a string for a text frame, bytes for a binary one. The bytes are
   * a view of their frame and begin anywhere in its buffer; see {@linkcode
   * bytes}.
   */
  readonly body: RawBody;
  /** The error that the peer has answered with, if any. */
  readonly error: Error | undefined;
  /**
   * Whether no side has asked for it: the connection has ended, or a room is
   * left together with its namespace.
   */
  readonly isForced: boolean;
  /** Whether this side has caused it. */
  readonly isLocal: boolean;
  /** Whether the frame is not in the format of the protocol, and all body. */
  readonly isNative: boolean;
  /** Whether its frame is binary. */
  readonly isBinary: boolean;
  /** Limits a broadcast to the connections with this ID. */
  readonly to: string;
  /** Several rooms for a broadcast. */
  readonly rooms: readonly string[] | undefined;
  /** Whether it skips peers that read slowly. */
  readonly isVolatile: boolean;
  /** The token of the peer's ask, else empty. */
  readonly wait: string;
  /** The protocol's no-operation flag. */
  readonly isNoOp: boolean;
  /** The codec of the body, if the connection uses one instead of JSON. */
  readonly codec: BodyCodec | undefined;
  /** What `body` was encoded from, before a connection was known. */
  readonly #source: unknown;

  static {
    sourceOf = (message) => message.#source;
  }

  /**
   * Makes a message to be broadcast or written. A connection with a codec of
   * its own encodes the body anew when it sends the message.
   *
   * @param init The parts.
   * @throws {TypeError} When the body cannot be sent: it is or has something
   * that JSON cannot carry, such as a promise, a Map or a function. What only a
   * codec can carry goes to `broadcast`, `ask` and `write` as the parts, not as
   * a Message. Or when there are both `room` and `rooms`.
   */
  constructor(init: MessageInit & Partial<Received> = {}) {
    const { body, codec } = init;
    this.namespace = init.namespace ?? "";
    this.room = init.room ?? "";
    this.event = init.event ?? "";
    if (typeof body === "string") this.body = body;
    else {
      this.body = encodeBody(body, codec);
      if (codec === undefined) this.#source = body;
    }
    this.error = init.error;
    this.isForced = init.isForced ?? false;
    this.isLocal = init.isLocal ?? false;
    this.isNative = init.isNative ?? false;
    this.isBinary = init.isBinary ?? typeof this.body !== "string";
    this.to = init.to ?? "";
    this.rooms = init.rooms;
    if (init.rooms !== undefined) assertRooms(init.rooms, this.room);
    this.isVolatile = init.isVolatile ?? false;
    this.wait = init.wait ?? "";
    this.isNoOp = init.isNoOp ?? false;
    this.codec = codec;
  }

  /**
   * Returns the body as text, decoded from UTF-8 if it is bytes.
   *
   * @returns The text.
   */
  text(): string {
    return typeof this.body === "string"
      ? this.body
      : new TextDecoder().decode(this.body);
  }

  /**
   * Returns the body as bytes, encoded in UTF-8 if it is text. They are the
   * whole of their buffer, so that any view of it fits: bytes that are not,
   * those of a frame, are copied at each call.
   *
   * @returns The bytes.
   *
   * @example
   * ```ts
   * import { Message } from "@neffos/mvc";
   *
   * const message = new Message({ body: new Float32Array([0.5, 2]) });
   * const numbers = new Float32Array(message.bytes().buffer);
   * console.log(numbers[1]); // 2
   * ```
   */
  bytes(): Uint8Array<ArrayBuffer> {
    const { body } = this;
    if (typeof body === "string") return new TextEncoder().encode(body);
    return isWhole(body) ? body : new Uint8Array(body);
  }

  /**
   * Parses the body as JSON, or decodes it by the codec of the connection. The
   * type is a claim: use {@linkcode parse}, or a schema in `static events`, for
   * a body that is not trusted. A string and bytes are not sent as JSON:
   * without a schema, read them with {@linkcode text} and {@linkcode bytes}.
   *
   * @typeParam U The type that the caller expects.
   * @returns The value, `undefined` for an empty body; the output of the
   * schema, if `static events` has one for the event.
   * @throws {EventError} When the body is not JSON. If the handler does not
   * catch it, the sender gets it.
   * @throws {InvalidPayloadError} When the codec cannot decode the body.
   */
  json<U = T>(): unknown extends T ? U : T {
    type Result = unknown extends T ? U : T;
    if (this.codec !== undefined) return this.#decode(this.codec) as Result;
    const text = this.text();
    if (text === "") return undefined as Result;
    try {
      return JSON.parse(text) as Result;
    } catch (cause) {
      throw new EventError(
        `Cannot read the body of event "${this.event}": it is not JSON`,
        { cause, namespace: this.namespace, event: this.event },
      );
    }
  }

  #decode(codec: BodyCodec): unknown {
    if (this.body.length === 0) return undefined;
    try {
      const { body } = this;
      return codec.decode(typeof body === "string" ? body : this.bytes());
    } catch (cause) {
      const { namespace, room, event } = this;
      const place = { namespace, room, event };
      throw new InvalidPayloadError(INVALID_PAYLOAD, { cause, ...place });
    }
  }

  /**
   * Validates the body. The schema gets it as JSON, as text and, from a binary
   * frame, as bytes, until it accepts one of them: strings and bytes are not
   * sent as JSON. With a codec of the connection it gets what that decodes,
   * then the text of a text frame or the bytes of a binary one.
   *
   * @typeParam Output The output of the schema.
   * @param schema A validator that follows the Standard Schema specification
   * (https://standardschema.dev), version 1, such as those of zod, valibot
   * and arktype.
   * @returns The output, as a promise if the schema is async.
   * @throws {EventError} When the schema accepts none of them. If the handler
   * does not catch it, the sender gets it.
   */
  parse<Output>(
    schema: StandardSchemaV1<unknown, Output>,
  ): Output | Promise<Output> {
    const isText = typeof this.body === "string";
    const bytes = isText ? [] : [this.bytes()];
    // What a codec has encoded in bytes is no text.
    const texts = isText || this.codec === undefined ? [this.text()] : [];
    let json: unknown;
    try {
      json = this.json();
    } catch (error) {
      return validateFirst(schema, [...texts, ...bytes], () => error);
    }
    // A sender that does not encode strings itself means the quotes.
    const values = texts[0]?.startsWith('"')
      ? [...texts, json, ...bytes]
      : [json, ...texts, ...bytes];
    return validateFirst(schema, values, (issues) => {
      const { namespace, event } = this;
      const text = joinIssues(describeIssues(issues[values.indexOf(json)]!));
      return new EventError(
        `Cannot accept the body of event "${event}": ${text}`,
        { namespace, event },
      );
    });
  }
}

function assertRooms(rooms: unknown, room: string): void {
  if (room !== "") {
    throw new TypeError(
      `Cannot send to "rooms" and to room "${room}" at once: give one of them`,
    );
  }
  const isName = (name: unknown) => typeof name === "string" && name !== "";
  if (Array.isArray(rooms) && rooms.every(isName)) return;
  throw new TypeError(
    `Cannot send to the rooms ${
      JSON.stringify(rooms)
    }: they must be an array of names`,
  );
}

/** The parts of a message that a program cannot set. */
interface Received {
  isForced: boolean;
  isLocal: boolean;
  wait: string;
  isNoOp: boolean;
  codec: BodyCodec | undefined;
}

/** Whether bytes are the whole of their buffer, and no subclass of theirs. */
function isWhole(bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> {
  return bytes.byteLength === bytes.buffer.byteLength &&
    bytes.constructor === Uint8Array;
}

/**
 * Makes the message that a connection or a server sends for a program.
 *
 * @param init The message, or its parts.
 * @param codec The codec of the connection.
 * @returns The message, with its body encoded.
 * @throws {TypeError} When the body cannot be sent, or a name or a text has a
 * lone surrogate.
 */
export function toMessage(
  init: Message | MessageInit,
  codec: BodyCodec | undefined,
): Message {
  let message: Message;
  if (!(init instanceof Message)) {
    // Node 20 takes some 5 µs for a spread.
    message = new Message(codec === undefined ? init : { ...init, codec });
  } else {
    const source = codec && sourceOf(init);
    message = source === undefined ? init : new Message({
      ...init,
      body: source as Body,
      // Not the one of the body in JSON.
      isBinary: init.isBinary || undefined,
      codec,
    });
  }
  const { namespace, room, rooms, event, body, to } = message;
  assertName("namespace", namespace);
  for (const name of rooms ?? [room]) assertName("room", name);
  assertName("event", event);
  assertName("connection", to);
  if (typeof body === "string") assertText(body);
  return message;
}

let readReply: (reply: Reply) => { source: unknown; fault: unknown };

/**
 * An answer that a handler returns; made by {@linkcode reply}.
 *
 * @typeParam T The type of the body.
 *
 * @example
 * ```ts
 * import { type Events, Reply, reply } from "@neffos/mvc";
 * import { assertInstanceOf } from "@std/assert";
 *
 * const events: Events = { onPing: () => reply("pong") };
 * assertInstanceOf(reply("pong"), Reply);
 * console.log(Object.keys(events)); // ["onPing"]
 * ```
 *
 * @category Messages
 */
export class Reply<T = unknown> {
  /** The type of the body, for the compiler alone. */
  declare readonly "~body"?: T;
  /** The body of the answer; in JSON, whatever codec will send it. */
  readonly body: RawBody = "";
  readonly #source: unknown;
  /** Why JSON cannot carry the body, which a codec may. */
  readonly #fault: unknown;

  static {
    readReply = (reply) => ({ source: reply.#source, fault: reply.#fault });
  }

  /**
   * Makes an answer.
   *
   * @param body The body of the answer.
   */
  constructor(body: Body) {
    this.#source = body;
    try {
      this.body = encodeBody(body);
    } catch (fault) {
      this.#fault = fault;
    }
  }
}

/**
 * Encodes the body of an answer.
 *
 * @param reply The answer.
 * @param codec The codec of the connection; JSON by default.
 * @returns Text or bytes.
 * @throws {TypeError} When it cannot be sent.
 */
export function encodeReply(
  reply: Reply,
  codec: BodyCodec | undefined,
): RawBody {
  const { source, fault } = readReply(reply);
  if (codec !== undefined) return encodeBody(source, codec);
  if (fault !== undefined) throw fault;
  return reply.body;
}

/**
 * Makes an answer for a handler to return: the sender gets the same event with
 * the new body, for an ask and for a plain emit alike.
 *
 * A body that cannot be sent is a fault of the handler: the TypeError is
 * reported to `onError`, and the sender gets `internal error`.
 *
 * @param body The body of the answer.
 * @returns The answer.
 * @typeParam T The type of the body.
 *
 * @example
 * ```ts
 * import { type Events, reply } from "@neffos/mvc";
 *
 * const events: Events = {
 *   onPing: () => reply("pong"),
 * };
 * ```
 *
 * @category Messages
 */
export function reply<const T extends Body = undefined>(body?: T): Reply<T> {
  return new Reply(body);
}

/**
 * The ID that a broadcast leaves out; made by {@linkcode exclude}.
 *
 * @example
 * ```ts
 * import { denoUpgrader, exclude, Server } from "@neffos/mvc";
 *
 * const server = new Server(denoUpgrader(), { chat: {} });
 * const message = { namespace: "chat", event: "onNotice", body: "hello" };
 * server.broadcast(exclude("bot"), message); // to all but "bot"
 * await server.close();
 * ```
 *
 * @category Server
 */
export class Exclude {
  /** The ID of the connections to leave out. */
  readonly id: string;

  /**
   * Makes an exclusion.
   *
   * @param id The ID of the connections to leave out.
   * @throws {TypeError} When it is not a string, or has a lone surrogate.
   */
  constructor(id: string) {
    assertName("connection", id);
    this.id = id;
  }
}

/**
 * Leaves each connection with an ID out of a broadcast.
 *
 * @param id The ID, which several connections of one user may share.
 * @returns The first argument of `server.broadcast`.
 * @throws {TypeError} When the ID is not a string, or has a lone surrogate.
 *
 * @example
 * ```ts
 * import { exclude, type ServerApi } from "@neffos/mvc";
 *
 * function notifyOthers(server: ServerApi, userId: string) {
 *   server.broadcast(exclude(userId), {
 *     namespace: "default",
 *     event: "onChat",
 *     body: "hello",
 *   });
 * }
 * ```
 *
 * @category Server
 */
export function exclude(id: string): Exclude {
  return new Exclude(id);
}

/** Estimates the size of a queued message, without its names, which are short. */
export function estimateSize({ body, wait }: Message): number {
  return body.length + wait.length;
}

/** A message whose body is not checked. */
// deno-lint-ignore no-explicit-any -- the caller claims what it can be read as
export type UntypedMessage = Message<any>;

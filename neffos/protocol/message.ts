/**
 * {@linkcode Message}: one event and its body; {@linkcode reply} and
 * {@linkcode exclude}.
 *
 * @module
 */

import { EventError } from "./errors.ts";
import {
  describeIssues,
  joinIssues,
  type StandardSchemaV1,
  validateFirst,
} from "./schema.ts";

/**
 * A body that can be sent: a string goes as text, bytes as a binary frame,
 * `undefined` as the empty body, anything else as JSON.
 */
export type Body =
  | string
  | Uint8Array
  | number
  | boolean
  | object
  | null
  | undefined;

/** The body of a frame: text or bytes. */
export type RawBody = string | Uint8Array;

/** The parts of a {@linkcode Message}. */
export interface MessageInit {
  /** The name of the event; optional for a native message. */
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
   * Several rooms in place of `room`. Each connection that is in any of them
   * gets the message once, in the first of them that it is in. An empty list
   * reaches nobody.
   *
   * @default none
   */
  rooms?: readonly string[] | undefined;
  /**
   * The body.
   *
   * @default {""}
   */
  body?: Body;
  /** An error for the peer; its text is sent in place of the body. */
  error?: Error | undefined;
  /** Sends the body alone, for peers that do not speak the protocol. */
  isNative?: boolean | undefined;
  /** Sends a binary frame; a body of bytes implies it. */
  isBinary?: boolean | undefined;
  /** Limits a broadcast to the connections with this ID. */
  to?: string | undefined;
  /**
   * Skips each peer that reads slowly, to which more than 64 KiB or about 128
   * messages wait to be sent. For values that the next one replaces.
   */
  isVolatile?: boolean | undefined;
}

/**
 * One event of one connection, received or to be sent.
 *
 * @typeParam T The type that {@linkcode Message.json} returns, if it is known:
 * from a schema in a controller's `static events`, or as the program claims.
 */
export class Message<T = unknown> {
  /** The namespace, often `""` or `"default"`. */
  readonly namespace: string;
  /** The room, empty outside of rooms. */
  readonly room: string;
  /** The name of the event. */
  readonly event: string;
  /** The body: a string for a text frame, bytes for a binary one. */
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

  /**
   * Makes a message to be broadcast or written.
   *
   * @param init The parts.
   * @throws {TypeError} When the body cannot be sent (a function, a symbol, a
   * bigint or a circular structure), or there are both `room` and `rooms`.
   */
  constructor(init: MessageInit & Partial<Received> = {}) {
    const body = init.body;
    this.namespace = init.namespace ?? "";
    this.room = init.room ?? "";
    this.event = init.event ?? "";
    this.body = typeof body === "string" ? body : toRawBody(body);
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
   * Returns the body as bytes, encoded in UTF-8 if it is text.
   *
   * @returns The bytes.
   */
  bytes(): Uint8Array {
    return typeof this.body === "string"
      ? new TextEncoder().encode(this.body)
      : this.body;
  }

  /**
   * Parses the body as JSON. The type is a claim: use {@linkcode parse}, or a
   * schema in `static events`, for a body that is not trusted. A string and
   * bytes are not sent as JSON: without a schema, read them with
   * {@linkcode text} and {@linkcode bytes}.
   *
   * @typeParam U The type that the caller expects.
   * @returns The value, `undefined` for an empty body; the output of the
   * schema, if `static events` has one for the event.
   * @throws {EventError} When the body is not JSON. If the handler does not
   * catch it, the sender gets it.
   */
  json<U = T>(): unknown extends T ? U : T {
    type Result = unknown extends T ? U : T;
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

  /**
   * Validates the body. The schema gets it as JSON, as text and, from a binary
   * frame, as bytes, until it accepts one of them: strings and bytes are not
   * sent as JSON.
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
    const text = this.text();
    const bytes = typeof this.body === "string" ? [] : [this.body];
    let json: unknown;
    try {
      json = this.json();
    } catch (error) {
      return validateFirst(schema, [text, ...bytes], () => error);
    }
    // A sender that does not encode strings itself means the quotes.
    const first = text.startsWith('"') ? [text, json] : [json, text];
    const values = [...first, ...bytes];
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
      `Cannot send to "rooms" and to room "${room}" at once: a message should have one of "room" and "rooms"`,
    );
  }
  const isName = (name: unknown) => typeof name === "string" && name !== "";
  if (Array.isArray(rooms) && rooms.every(isName)) return;
  throw new TypeError(
    `Cannot send to the rooms ${
      JSON.stringify(rooms)
    }: they must be an array of names, none of them empty`,
  );
}

/** The parts of a message that a program cannot set. */
interface Received {
  isForced: boolean;
  isLocal: boolean;
  wait: string;
  isNoOp: boolean;
}

/**
 * An answer that a handler returns; made by {@linkcode reply}.
 *
 * @typeParam T The type of the body.
 */
export class Reply<T = unknown> {
  /** The type of the body, for the compiler alone. */
  declare readonly "~body"?: T;
  /** The body of the answer. */
  readonly body: RawBody;

  /**
   * Makes an answer.
   *
   * @param body The body of the answer.
   */
  constructor(body: Body) {
    this.body = toRawBody(body);
  }
}

/**
 * Makes an answer for a handler to return: the sender gets the same event with
 * the new body, for an ask and for a plain emit alike.
 *
 * @param body The body of the answer.
 * @returns The answer.
 * @typeParam T The type of the body.
 * @throws {TypeError} When the body cannot be sent.
 *
 * @example
 * ```ts
 * import { type Events, reply } from "@neffos/mvc";
 *
 * const events: Events = {
 *   onPing: () => reply("pong"),
 * };
 * ```
 */
export function reply<const T extends Body = undefined>(body?: T): Reply<T> {
  return new Reply(body);
}

/** The ID that a broadcast leaves out; made by {@linkcode exclude}. */
export class Exclude {
  /** The ID of the connections to leave out. */
  readonly id: string;

  /**
   * Makes an exclusion.
   *
   * @param id The ID of the connections to leave out.
   */
  constructor(id: string) {
    this.id = id;
  }
}

/**
 * Leaves each connection with an ID out of a broadcast.
 *
 * @param id The ID, which several connections of one user may share.
 * @returns The first argument of `server.broadcast`.
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
 */
export function exclude(id: string): Exclude {
  return new Exclude(id);
}

/**
 * Encodes a body.
 *
 * @param body A body that can be sent.
 * @returns Text or bytes.
 * @throws {TypeError} When it cannot be sent.
 */
export function toRawBody(body: unknown): RawBody {
  if (typeof body === "string") return body;
  if (body === undefined) return "";
  if (body instanceof Uint8Array) return body;
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  if (ArrayBuffer.isView(body)) {
    return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  }
  const json = JSON.stringify(body);
  if (json === undefined) {
    throw new TypeError(
      `Cannot send a body of type "${typeof body}": it must be a string, bytes or a JSON value`,
    );
  }
  return json;
}

/** Makes a message, unless it is one already. */
export function toMessage(init: Message | MessageInit): Message {
  return init instanceof Message ? init : new Message(init);
}

/** Estimates the size of a queued message, without its names, which are short. */
export function estimateSize({ body, wait }: Message): number {
  return body.length + wait.length;
}

/** A message whose body is not checked. */
// deno-lint-ignore no-explicit-any -- the caller claims what it can be read as
export type UntypedMessage = Message<any>;

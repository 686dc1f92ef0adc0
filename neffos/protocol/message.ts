/**
 * What one event carries: {@linkcode Message}, the bodies that can be sent,
 * and {@linkcode reply} and {@linkcode exclude}.
 *
 * @module
 */

import { EventError } from "./errors.ts";
import { describeIssues, joinIssues, type StandardSchemaV1 } from "./schema.ts";

/** How large a message that waits is, about: its names are short. */
export function sizeOf({ body, wait }: Message): number {
  return body.length + wait.length;
}

/** Gives the body of a message to a schema, in each way it can be read. */
export function parseBody<Output>(
  msg: Message,
  schema: StandardSchemaV1<unknown, Output>,
): Output | Promise<Output> {
  const text = msg.text();
  const bytes = typeof msg.body === "string" ? [] : [msg.body];
  let json: unknown;
  try {
    json = msg.json();
  } catch (error) {
    return accept(schema, [text, ...bytes], () => error);
  }
  // Only who writes a string as JSON by itself sends one in quotes.
  const first = text.startsWith('"') ? [text, json] : [json, text];
  const values = [...first, ...bytes];
  return accept(
    schema,
    values,
    (issues) => refusal(msg, issues[values.indexOf(json)]!),
  );
}

type Result<Output> = StandardSchemaV1.Result<Output>;

type Issues = readonly StandardSchemaV1.Issue[];

/** Gives what a schema makes of the first value that it accepts. */
function accept<Output>(
  schema: StandardSchemaV1<unknown, Output>,
  values: readonly unknown[],
  refuse: (issues: readonly Issues[]) => unknown,
): Output | Promise<Output> {
  const found: Issues[] = [];

  function next(): Output | Promise<Output> {
    if (found.length === values.length) throw refuse(found);
    const result = schema["~standard"].validate(values[found.length]);
    return isThenable(result)
      ? Promise.resolve(result).then(settle)
      : settle(result);
  }

  function settle(result: Result<Output>): Output | Promise<Output> {
    if (result.issues === undefined) return result.value;
    found.push(result.issues);
    return next();
  }

  return next();
}

/** Promises of other kinds too: taken for a result they would have no issues. */
function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as Partial<PromiseLike<T>>).then === "function";
}

function refusal(
  { namespace, event }: Message,
  issues: readonly StandardSchemaV1.Issue[],
): EventError {
  const text = joinIssues(describeIssues(issues));
  return new EventError(
    `Cannot accept the body of event "${event}": ${text}`,
    { namespace, event },
  );
}

/**
 * What can be sent: a string goes as text, bytes as a binary frame, nothing
 * as the empty body, anything else as JSON.
 */
export type Body =
  | string
  | Uint8Array
  | number
  | boolean
  | object
  | null
  | undefined;

/** A body as it travels: text or bytes. */
export type RawBody = string | Uint8Array;

/** What a {@linkcode Message} can be made of. */
export interface MessageInit {
  /** The name of the event; may be left out of a native message. */
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
   * The body.
   *
   * @default {""}
   */
  body?: Body;
  /** An error to tell; its text takes the place of the body. */
  error?: Error | undefined;
  /** Sends the bare body, for peers that do not speak the protocol. */
  isNative?: boolean | undefined;
  /** Sends the message as a binary frame; implied by a body of bytes. */
  isBinary?: boolean | undefined;
  /** Limits a broadcast to the connections with this ID. */
  to?: string | undefined;
  /**
   * Leaves out who is behind: more than 64 KiB or about 128 messages wait to
   * be sent to them. For what is soon replaced by the next of its kind.
   */
  isVolatile?: boolean | undefined;
}

/**
 * One event of one connection: what handlers get and what can be sent.
 *
 * @typeParam T What {@linkcode Message.json} gives, where that is known: by a
 * schema in a controller's `static events`, or because the program says so.
 */
export class Message<T = unknown> {
  /** The namespace it belongs to, often `""` or `"default"`. */
  readonly namespace: string;
  /** The room it belongs to, empty outside of rooms. */
  readonly room: string;
  /** The name of the event. */
  readonly event: string;
  /** The body: a string for a text frame, bytes for a binary one. */
  readonly body: RawBody;
  /** The error that the other side answered with, if it did. */
  readonly error: Error | undefined;
  /** Nobody asked for it: the connection was lost, or the server decided. */
  readonly isForced: boolean;
  /** It was caused by this side. */
  readonly isLocal: boolean;
  /** It is not in the protocol's format: only the body is there. */
  readonly isNative: boolean;
  /** It came, or goes, as a binary frame. */
  readonly isBinary: boolean;
  /** Limits a broadcast to the connections with this ID. */
  readonly to: string;
  /** It is not sent to who is behind. */
  readonly isVolatile: boolean;
  /** The token by which the other side waits for an answer, else empty. */
  readonly wait: string;
  /** The protocol's no-operation flag. */
  readonly isNoOp: boolean;

  /**
   * Makes a message, to be broadcast or written.
   *
   * @param init Its parts.
   * @throws {TypeError} When the body cannot be sent (a function, a symbol, a
   * bigint or a circular structure).
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
    this.isVolatile = init.isVolatile ?? false;
    this.wait = init.wait ?? "";
    this.isNoOp = init.isNoOp ?? false;
  }

  /**
   * Gives the body as text; bytes are read as UTF-8.
   *
   * @returns The text.
   */
  text(): string {
    return typeof this.body === "string"
      ? this.body
      : new TextDecoder().decode(this.body);
  }

  /**
   * Gives the body as bytes; text is written as UTF-8.
   *
   * @returns The bytes.
   */
  bytes(): Uint8Array {
    return typeof this.body === "string"
      ? new TextEncoder().encode(this.body)
      : this.body;
  }

  /**
   * Reads the body as JSON. The type is the caller's claim, and `Message<T>`
   * that of whoever wrote it: use {@linkcode parse}, or a schema in `static
   * events`, for a body that is not trusted. A string and bytes are sent as
   * they are and not as JSON: without a schema, read them by {@linkcode text}
   * and {@linkcode bytes}.
   *
   * @typeParam U The type that the caller expects.
   * @returns The value, `undefined` for an empty body; what a schema in
   * `static events` made of the body.
   * @throws {EventError} When the body is not JSON. Left uncaught in a handler
   * it goes back to the sender.
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
   * Validates the body: what it is as JSON or, since strings and bytes are
   * sent as they are, as text or, of a binary frame, as bytes; the first that
   * the schema accepts.
   *
   * @typeParam Output What the schema makes of the body.
   * @param schema A validator that follows the Standard Schema specification
   * (https://standardschema.dev), version 1, such as those of zod, valibot
   * and arktype.
   * @returns What the schema made of it: a promise where the schema is async.
   * @throws {EventError} When the body is not JSON or not what the schema
   * wants. Left uncaught in a handler it goes back to the sender.
   */
  parse<Output>(
    schema: StandardSchemaV1<unknown, Output>,
  ): Output | Promise<Output> {
    return parseBody(this, schema);
  }
}

/** The parts of a message that only this module sets. */
interface Received {
  isForced: boolean;
  isLocal: boolean;
  wait: string;
  isNoOp: boolean;
}

/**
 * An answer that a handler returns; made by {@linkcode reply}.
 *
 * @typeParam T What it was made of.
 */
export class Reply<T = unknown> {
  /** The type of what it was made of; never there at run time. */
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
 * Makes an answer to be returned from a handler: the same event goes back to
 * the sender with the new body, whether it asked or not.
 *
 * @param body The body of the answer.
 * @returns What the handler returns.
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

/** Whom a broadcast leaves out by ID; made by {@linkcode exclude}. */
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
 * Leaves every connection with an ID out of a broadcast.
 *
 * @param id The ID; several connections of one user may share it.
 * @returns The first argument of `server.broadcast`.
 *
 * @example
 * ```ts
 * import { exclude, type ServerApi } from "@neffos/mvc";
 *
 * function tellOthers(server: ServerApi, userId: string) {
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
 * Makes a body ready to travel.
 *
 * @param body Anything that can be sent.
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

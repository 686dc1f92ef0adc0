/**
 * Bodies: what can be sent and how, and the validators of what arrives.
 *
 * @module
 */

import { isInstance } from "./errors.ts";

/**
 * A body that can be sent: a string goes as text, bytes as a binary frame,
 * `undefined` as the empty body, anything else as JSON, or as the connection's
 * {@linkcode BodyCodec} encodes it.
 *
 * The type leaves out what JSON cannot carry and the compiler can tell:
 * promises, functions, collections, streams, files, responses.
 *
 * @category Messages
 */
export type Body =
  | string
  | ArrayBuffer
  | ArrayBufferView
  | number
  | boolean
  | null
  | undefined
  | (object & NotOpaque)
  // For object literals, whose properties an interface would have to name.
  | { readonly [key: string]: unknown }
  | { toJSON(): unknown };

/** What is no function; a function's own `bind` is one. */
type NotFunction =
  | string
  | number
  | boolean
  | null
  | undefined
  | (object & { readonly bind?: NotCallable });

type NotCallable =
  | string
  | number
  | boolean
  | null
  | undefined
  | (object & { readonly bind?: never });

/**
 * The members by which the compiler tells what JSON cannot carry.
 *
 * @internal
 */
interface NotOpaque {
  /** Functions have it. */
  readonly bind?: NotCallable;
  /** Promises have it: an `await` is missing. */
  readonly then?: NotFunction;
  /** Files, requests and responses have it. */
  readonly arrayBuffer?: NotFunction;
  /** Streams have it. */
  readonly getReader?: NotFunction;
  /** Collections, buffers and generators have it. */
  readonly [Symbol.toStringTag]?: never;
  /** Asynchronous iterables have it. */
  readonly [Symbol.asyncIterator]?: never;
}

/**
 * The body of a frame: text or bytes.
 *
 * @category Messages
 */
export type RawBody = string | Uint8Array;

/**
 * Encodes and decodes the bodies of a connection instead of JSON, for example
 * as msgpack or CBOR. Both sides must have the same one.
 *
 * Strings, bytes and the empty body are sent as they are and do not go through
 * `encode`; a promise in a body is a TypeError, as with JSON. An empty body does not go through `decode`; any other body does
 * where a program reads it with `msg.json()` or through a schema.
 *
 * @example
 * ```ts
 * import { type BodyCodec, denoUpgrader, Server } from "@neffos/mvc";
 *
 * // JSON that keeps dates.
 * const bodyCodec: BodyCodec = {
 *   encode: (value) =>
 *     JSON.stringify(value, function (key, value) {
 *       const original = this[key];
 *       return original instanceof Date ? { $date: value } : value;
 *     }),
 *   decode: (body) =>
 *     JSON.parse(
 *       typeof body === "string" ? body : new TextDecoder().decode(body),
 *       (_, value) => value?.$date ? new Date(value.$date) : value,
 *     ),
 * };
 *
 * const server = new Server(
 *   denoUpgrader(),
 *   { onNow: () => ({ now: new Date() }) },
 *   { bodyCodec },
 * );
 * await server.close();
 * ```
 *
 * @category Messages
 */
export interface BodyCodec {
  /**
   * Encodes a value.
   *
   * @param value A value that is neither a string nor bytes nor `undefined`.
   * @returns Text for a text frame, bytes for a binary one. Anything else, and
   * an exception, is a TypeError for the caller that sends.
   */
  encode(value: unknown): string | Uint8Array;
  /**
   * Decodes a body.
   *
   * @param body The body of a frame: text of a text frame, bytes of a binary
   * one, which are the whole of their buffer.
   * @returns The value. An exception is an `InvalidPayloadError` for the
   * handler, and goes to the sender where the handler does not catch it.
   */
  decode(body: string | Uint8Array): unknown;
}

/**
 * Checks the option `bodyCodec`.
 *
 * @throws {TypeError} When it is no codec.
 */
export function assertCodec(codec: BodyCodec | undefined): void {
  if (codec === undefined) return;
  if (
    typeof codec?.encode === "function" && typeof codec.decode === "function"
  ) return;
  throw new TypeError(
    'Cannot use the option "bodyCodec": it must have the functions "encode" and "decode"',
  );
}

/**
 * Encodes a body.
 *
 * @param body A body that can be sent.
 * @param codec The codec of the connection; JSON by default.
 * @returns Text or bytes.
 * @throws {TypeError} When it cannot be sent.
 */
export function encodeBody(body: unknown, codec?: BodyCodec): RawBody {
  if (typeof body === "string") return assertText(body);
  if (body === undefined) return "";
  if (body instanceof ArrayBuffer) return toBytes(new DataView(body));
  if (ArrayBuffer.isView(body)) return toBytes(body);
  return codec === undefined ? encodeJSON(body) : encodeWith(codec, body);
}

/** Checks that a text arrives as it was sent. */
export function assertText(text: string): string {
  if (text.isWellFormed()) return text;
  throw new TypeError(
    "Cannot send a text with a lone surrogate: toWellFormed() replaces it, and JSON keeps it",
  );
}

function toBytes(view: ArrayBufferView): Uint8Array {
  const { buffer, byteOffset, byteLength } = view;
  if ((buffer as Partial<ArrayBuffer>).detached) {
    throw new TypeError(
      "Cannot send bytes whose buffer is detached",
    );
  }
  const bytes = view instanceof Uint8Array
    ? view
    : new Uint8Array(buffer, byteOffset, byteLength);
  // Other threads may change shared memory, and WebSocket takes none.
  return buffer instanceof ArrayBuffer ? bytes : new Uint8Array(bytes);
}

function encodeWith(codec: BodyCodec, body: unknown): RawBody {
  const fault = findFault(body, new Set());
  if (fault !== undefined) throw new TypeError(describeFault(fault));
  let encoded: unknown;
  try {
    encoded = codec.encode(body);
  } catch (cause) {
    throw new TypeError("Cannot send a body: bodyCodec.encode() has failed", {
      cause,
    });
  }
  if (typeof encoded === "string") return assertText(encoded);
  if (encoded instanceof Uint8Array) return toBytes(encoded);
  throw new TypeError(
    `Cannot send a body: bodyCodec.encode() has returned a value of type "${
      nameType(encoded)
    }", and must return a string or a Uint8Array`,
  );
}

/**
 * Encodes a value as JSON, and looks then for what JSON has left out: a replacer
 * would do both, and take five times as long.
 *
 * @param value The value.
 * @returns The text.
 * @throws {TypeError} When it has something that JSON cannot carry.
 */
export function encodeJSON(value: unknown): string {
  // The errors of a bigint and of a circle say what they are.
  const json: string | undefined = JSON.stringify(value);
  const fault = json === undefined
    ? { type: nameType(value), path: [] }
    : findFault(value);
  if (fault !== undefined) throw new TypeError(describeFault(fault));
  return json!;
}

/** Something that JSON cannot carry, and its place in a body. */
interface BodyFault {
  readonly type: string;
  /** The keys that lead to it, innermost first. */
  readonly path: (string | number)[];
}

function describeFault({ type, path }: BodyFault): string {
  const place = path.toReversed()
    .map((key) => typeof key === "number" ? `[${key}]` : `.${key}`)
    .join("").replace(/^\./, "");
  const what = place === ""
    ? `a body of type "${type}"`
    : `a body whose ${JSON.stringify(place)} is of type "${type}"`;
  const wanted = type === "Promise"
    ? "await it first"
    : "it must be a string, bytes or a JSON value";
  return `Cannot send ${what}: ${wanted}`;
}

/**
 * Finds what `JSON.stringify` has left out, or has written as `{}`.
 *
 * @param value What JSON has taken, or is to be given to a codec.
 * @param seen For a codec: the objects that were looked into. A codec may carry
 * what JSON cannot, so only a promise is a fault there, and code as the whole.
 */
function findFault(
  value: unknown,
  seen?: Set<object>,
): BodyFault | undefined {
  if (typeof value === "string" || typeof value === "number") return undefined;
  const isObject = typeof value === "object" && value !== null;
  if (isObject && seen === undefined && hasToJSON(value)) {
    const json = value.toJSON("");
    return json === value ? undefined : findFault(json);
  }
  const live = findLiveType(value);
  if (live === "Promise" || (live !== undefined && !seen?.size)) {
    return { type: live, path: [] };
  }
  if (!isObject) return undefined;
  const isList = Array.isArray(value);
  const keys = isList ? value : Object.keys(value);
  const prototype = isList ? null : Object.getPrototypeOf(value);
  const isPlain = prototype === null || prototype === Object.prototype;
  if (seen !== undefined) {
    if (!isPlain || seen.has(value)) return undefined;
    seen.add(value);
  } else if (!isList) {
    const isEmpty = keys.length === 0;
    const type = isPlain && !isEmpty
      ? undefined
      : findOpaqueType(value, isEmpty);
    if (type !== undefined) return { type, path: [] };
  }
  for (let i = 0; i < keys.length; i++) {
    const key: string | number = isList ? i : keys[i];
    const field = (value as Record<string | number, unknown>)[key];
    // The fields of an object of a class may be functions: methods.
    if (!isPlain && typeof field !== "object") continue;
    const fault = findFault(field, seen);
    if (fault === undefined) continue;
    fault.path.push(key);
    return fault;
  }
  return undefined;
}

function hasToJSON(
  value: object,
): value is { toJSON(key: string): unknown } {
  return typeof (value as { toJSON?: unknown }).toJSON === "function";
}

/** The type of what no codec can carry: code, and results to come. */
function findLiveType(value: unknown): string | undefined {
  if (typeof value === "function" || typeof value === "symbol") {
    return typeof value;
  }
  return isThenable(value) ? "Promise" : undefined;
}

/** The objects that stand for a value, which JSON takes. */
const BOXES = /^(Boolean|Number|String)$/;

/** The type of an object whose content is not in its fields. */
function findOpaqueType(value: object, isEmpty: boolean): string | undefined {
  const tag = tagOf(value);
  const isOpaque = tag === "Object"
    ? Symbol.asyncIterator in value || (isEmpty && isIterable(value))
    // The classes of the platform, such as Map, are named like their tags.
    : !BOXES.test(tag) &&
      (isEmpty || value instanceof Error || ArrayBuffer.isView(value) ||
        isInstance(value, Reflect.get(globalThis, tag)));
  return isOpaque ? nameType(value) : undefined;
}

function isIterable(value: object): boolean {
  return Symbol.iterator in value ||
    typeof (value as { next?: unknown }).next === "function";
}

function nameType(value: unknown): string {
  if (typeof value !== "object" || value === null) {
    return value === null ? "null" : typeof value;
  }
  if (isThenable(value)) return "Promise";
  const tag = tagOf(value);
  if (tag !== "Object" && tag !== "Error") return tag;
  const { constructor } = value;
  return typeof constructor === "function" && constructor !== Object
    ? constructor.name
    : tag === "Error"
    ? tag
    : "object";
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/**
 * A validator of the Standard Schema specification, version 1.
 *
 * @category Controllers
 */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  /** The properties of the specification. */
  readonly "~standard": {
    /** The version of the specification. */
    readonly version: 1;
    /** The name of the library. */
    readonly vendor: string;
    /** Validates a value. */
    readonly validate: (
      value: unknown,
    ) =>
      | StandardSchemaV1.Result<Output>
      | Promise<StandardSchemaV1.Result<Output>>;
    /** The types, for the compiler alone. */
    readonly types?:
      | { readonly input: Input; readonly output: Output }
      | undefined;
  };
}

/**
 * The types of the specification.
 *
 * @category Controllers
 */
export declare namespace StandardSchemaV1 {
  /** The result of a validation. */
  export type Result<Output> =
    | { readonly value: Output; readonly issues?: undefined }
    | { readonly issues: ReadonlyArray<Issue> };
  /** One thing that is wrong with a value. */
  export interface Issue {
    /** The text. */
    readonly message: string;
    /** The place in the value. */
    readonly path?:
      | ReadonlyArray<PropertyKey | { readonly key: PropertyKey }>
      | undefined;
  }
}

/** One thing that is wrong with a value, in plain strings. */
export interface DescribedIssue {
  /** The place, as names with dots between; empty for the whole value. */
  readonly path: string;
  /** The text. */
  readonly message: string;
}

type Issues = readonly StandardSchemaV1.Issue[];

/** Turns the issues of a validator into plain strings. */
export function describeIssues(
  issues: Issues,
): DescribedIssue[] {
  return issues.map(({ message, path = [] }) => ({
    path: path.map((part) => String(typeof part === "object" ? part.key : part))
      .join("."),
    message,
  }));
}

/** Joins issues into one line. */
export function joinIssues(issues: readonly DescribedIssue[]): string {
  return issues.map(({ path, message }) =>
    path === "" ? message : `${path}: ${message}`
  ).join("; ");
}

/** Whether a value is a schema. */
export function isSchema(value: unknown): value is StandardSchemaV1 {
  // The schemas of arktype are functions.
  if (typeof value !== "object" && typeof value !== "function") return false;
  const { "~standard": standard } = (value ?? {}) as Partial<StandardSchemaV1>;
  return typeof standard?.validate === "function";
}

/**
 * Validates several forms of one value, in order, until a schema accepts one.
 *
 * @param schema The schema, sync or async.
 * @param values The forms.
 * @param refuse Makes the error from the issues of each form.
 * @returns The output of the schema.
 */
export function validateFirst<Output>(
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

  function settle(
    result: StandardSchemaV1.Result<Output>,
  ): Output | Promise<Output> {
    if (result.issues === undefined) return result.value;
    found.push(result.issues);
    return next();
  }

  return next();
}

/** Not `instanceof`: promises of other kinds would pass for valid results. */
function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null &&
    typeof (value as Partial<PromiseLike<T>>).then === "function";
}

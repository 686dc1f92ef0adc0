import { describeIssues, joinIssues } from "../../neffos/internal.ts";
import type { StandardSchemaV1 } from "../../neffos/mod.ts";
import { HttpError, JSON_TYPE } from "./http_error.ts";

/** The part of a Context that reading a body needs. */
export interface BodySource {
  readonly request: Request;
  readonly method: string;
  readonly path: string;
  header(name: string): string | undefined;
}

/** The format of a body, by its content type. */
type Format = "json" | "urlencoded" | "multipart";

/**
 * The limits of a body and of a query.
 *
 * @category Limits
 */
export interface InputLimits {
  /**
   * The largest body that is accepted, in bytes. Reading stops there, and the
   * client gets 413.
   *
   * @default {1_048_576}
   */
  readonly maxBody?: number | undefined;
  /**
   * The most fields of a form, the most parts of `multipart/form-data`, and the
   * most parameters of a query. They are counted before they are parsed, since
   * parsing takes up to 15 times as long as receiving them. With more of them the
   * client gets 413, or 414 for a query.
   *
   * @default {1_000}
   */
  readonly maxFields?: number | undefined;
  /**
   * How long the client may take to send the body, in milliseconds; `Infinity`
   * for no limit. After that time it gets 408.
   *
   * @default {30_000}
   */
  readonly bodyTimeout?: number | undefined;
}

const DEFAULTS = {
  maxBody: 1024 * 1024,
  maxFields: 1_000,
  bodyTimeout: 30_000,
};

/** The longest time of a platform's timer: with a longer one it fires at once. */
const MAX_TIMER = 2 ** 31 - 1;

/** The buffer that a body begins with; a claimed length may be a lie. */
const FIRST_BUFFER = 16 * 1024;

/**
 * Reads the body of a request as JSON or as a form.
 *
 * @throws {HttpError} 400, 408, 413 or 415.
 * @throws {TypeError} If the body is already read.
 * @throws {RangeError} If a limit is not valid.
 */
export async function readBody(
  source: BodySource,
  limits: InputLimits = {},
): Promise<unknown> {
  assertLimits(limits);
  const format = readFormat(source);
  const bytes = await readBytes(source, limits);
  switch (format) {
    case "json":
      return parseJson(bytes);
    case "urlencoded":
      return parseForm(bytes, limits);
    case "multipart":
      return await parseMultipart(bytes, source, limits);
  }
}

/** The keys of {@linkcode InputLimits}. */
export const LIMITS = ["maxBody", "maxFields", "bodyTimeout"] as const;

/**
 * Checks the limits of a body.
 *
 * @throws {RangeError} If one of them is not a number in its range.
 */
export function assertLimits(limits: InputLimits): void {
  for (const key of LIMITS) {
    const limit: unknown = limits[key];
    if (limit === undefined) continue;
    const isNumber = typeof limit === "number" && limit >= 0;
    if (
      isNumber &&
      (key !== "bodyTimeout" || limit <= MAX_TIMER || limit === Infinity)
    ) continue;
    throw new RangeError(
      key === "bodyTimeout"
        ? `Cannot limit the time of a body to "${limit}": bodyTimeout must be a number of milliseconds, 0 to ${MAX_TIMER}, or Infinity`
        : key === "maxFields"
        ? `Cannot limit the fields of a form to "${limit}": maxFields must be a number, 0 or more`
        : `Cannot limit a body to "${limit}": maxBody must be a number of bytes, 0 or more`,
    );
  }
}

const ACCEPTED = [
  "application/json",
  "application/x-www-form-urlencoded",
  "multipart/form-data",
] as const;

function readFormat(source: BodySource): Format {
  const sent = source.header("content-type") ?? "";
  const type = sent.split(";", 1)[0]!.trim().toLowerCase();
  const encoding = source.header("content-encoding") ?? "identity";
  if (encoding.toLowerCase() !== "identity") {
    throw new HttpError(
      415,
      `Cannot read a body with content-encoding "${encoding}": it must not be encoded`,
      { headers: { "accept-encoding": "identity" } },
    );
  }
  if (type === "multipart/form-data") return "multipart";
  const format = JSON_TYPE.test(type)
    ? "json"
    : type === "application/x-www-form-urlencoded"
    ? "urlencoded"
    : undefined;
  if (format === undefined) throw createTypeError(`of content-type "${sent}"`);
  const charset = /;\s*charset\s*=\s*"?([^\s;"]*)/i.exec(sent)?.[1];
  if (charset === undefined || /^(?:utf-?8|us-ascii)$/i.test(charset)) {
    return format;
  }
  throw new HttpError(
    415,
    `Cannot read a body with charset "${charset}": it must be UTF-8`,
  );
}

function createTypeError(what: string): HttpError {
  const [json, form, multipart] = ACCEPTED;
  return new HttpError(
    415,
    `Cannot read a body ${what}: its content-type must be ${json}, ${form} or ${multipart}`,
    { headers: { accept: ACCEPTED.join(", ") } },
  );
}

async function readBytes(
  source: BodySource,
  { maxBody = DEFAULTS.maxBody, bodyTimeout = DEFAULTS.bodyTimeout }:
    InputLimits,
): Promise<Uint8Array<ArrayBuffer>> {
  const { request } = source;
  if (request.bodyUsed) {
    throw new TypeError(
      `Cannot read the body of ${source.method} "${source.path}": it was already read`,
    );
  }
  if (Number(source.header("content-length")) > maxBody) {
    throw createSizeError(maxBody);
  }
  const reader = request.body?.getReader();
  if (reader === undefined) return new Uint8Array();
  let isLate = false;
  const timer = bodyTimeout === Infinity ? undefined : setTimeout(() => {
    isLate = true;
    // Resolves the pending read; the answer is the same if that fails.
    reader.cancel().catch(() => {});
  }, bodyTimeout);
  try {
    const bytes = await readAll(reader, maxBody);
    if (!isLate) return bytes;
  } catch (error) {
    // A stream may fail because it was cancelled.
    if (!isLate) throw error;
  } finally {
    clearTimeout(timer);
  }
  throw new HttpError(
    408,
    `Cannot read the body: it did not arrive within ${bodyTimeout} ms`,
    { headers: { connection: "close" } },
  );
}

/** Copies the chunks: Deno gives a view of 64 KiB of memory for each byte. */
async function readAll(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  maxBody: number,
): Promise<Uint8Array<ArrayBuffer>> {
  let bytes = new Uint8Array(FIRST_BUFFER);
  let size = 0;
  while (true) {
    const { done, value } = await readFrom(reader);
    if (done) return bytes.subarray(0, size);
    const end = size + value.byteLength;
    if (end > maxBody) {
      // The answer is the same if the rest cannot be cancelled.
      reader.cancel().catch(() => {});
      throw createSizeError(maxBody);
    }
    if (end > bytes.byteLength) {
      const larger = new Uint8Array(Math.max(end, bytes.byteLength * 2));
      larger.set(bytes.subarray(0, size));
      bytes = larger;
    }
    bytes.set(value, size);
    size = end;
  }
}

async function readFrom(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<ReadableStreamReadResult<Uint8Array>> {
  try {
    return await reader.read();
  } catch (cause) {
    // A client that disconnects in the middle is not an error of the server.
    throw new HttpError(400, "Cannot read the body: it ended too early", {
      cause,
    });
  }
}

function createSizeError(maxBody: number): HttpError {
  return new HttpError(
    413,
    `Cannot read the body: it is larger than ${maxBody} bytes`,
  );
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new HttpError(400, "Cannot read the body: it is not UTF-8", {
      cause,
    });
  }
}

function parseJson(bytes: Uint8Array): unknown {
  const text = decode(bytes);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new HttpError(400, "Cannot read the body: it is not JSON", {
      cause,
    });
  }
}

function parseForm(
  bytes: Uint8Array<ArrayBuffer>,
  { maxFields = DEFAULTS.maxFields }: InputLimits,
): Fields<string> {
  const text = decode(bytes);
  // A form encodes these; `curl -d` sends JSON as a form unless it is told.
  if (/^\s*[[{]/.test(text) && isJson(text)) {
    throw createTypeError("of JSON that is said to be a form");
  }
  if (countFields(text, "&", maxFields) > maxFields) {
    throw createCountError(maxFields);
  }
  return collectFields(new URLSearchParams(text));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The characters of a boundary, RFC 2046, section 5.1.1. */
const BOUNDARY =
  /;\s*boundary\s*=\s*(?:"([\w'()+,\-./:=? ]{1,70})"|([\w'()+,\-./:=?]{1,70})(?=\s*(?:;|$)))/i;

async function parseMultipart(
  bytes: Uint8Array<ArrayBuffer>,
  source: BodySource,
  { maxFields = DEFAULTS.maxFields }: InputLimits,
): Promise<Fields<FormDataEntryValue>> {
  const found = BOUNDARY.exec(source.header("content-type") ?? "");
  const boundary = found?.[1] ?? found?.[2] ?? "";
  const text = new TextDecoder("latin1").decode(bytes);
  // The last delimiter ends the form, so that each part has one before it.
  if (
    boundary !== "" &&
    countFields(text, `--${boundary}`, maxFields) - 2 > maxFields
  ) {
    throw createCountError(maxFields);
  }
  // Written anew, so that the parser splits at the boundary that was counted.
  const type = `multipart/form-data; boundary="${boundary}"`;
  let form: FormData;
  try {
    if (boundary === "") throw new TypeError("It has no valid boundary");
    form = await new Response(bytes, { headers: { "content-type": type } })
      .formData();
  } catch (cause) {
    throw new HttpError(
      400,
      "Cannot read the body: it is not multipart/form-data",
      { cause },
    );
  }
  return collectFields(form);
}

/** Counts what separators make of a text, at most a few more than the limit. */
function countFields(text: string, separator: string, limit: number): number {
  let count = 1;
  for (
    let at = text.indexOf(separator);
    at !== -1 && count <= limit + 2;
    at = text.indexOf(separator, at + separator.length)
  ) count++;
  return count;
}

function createCountError(maxFields: number): HttpError {
  return new HttpError(
    413,
    `Cannot read the body: it has more than ${maxFields} fields`,
  );
}

/**
 * Collects the parameters of a query into an object.
 *
 * @throws {HttpError} 414 if there are too many of them.
 * @throws {RangeError} If the limit is not valid.
 */
export function collectQuery(
  query: URLSearchParams,
  limits: InputLimits = {},
): Fields<string> {
  assertLimits(limits);
  const { maxFields = DEFAULTS.maxFields } = limits;
  if (query.size > maxFields) {
    throw new HttpError(
      414,
      `Cannot read the query: it has more than ${maxFields} parameters`,
    );
  }
  return collectFields(query);
}

/** Fields of a form or a query by name; a repeated one is an array. */
type Fields<Value> = Record<string, Value | Value[]>;

/**
 * Collects fields into an object.
 *
 * A field named `__proto__` is dropped: copied into another object, it would
 * become that object's prototype.
 */
function collectFields<Value>(
  entries: Iterable<[string, Value]>,
): Fields<Value> {
  // A Map first: in an object, "constructor" would be known from the start.
  const fields = new Map<string, Value | Value[]>();
  for (const [name, value] of entries) {
    if (name === "__proto__") continue;
    const known = fields.get(name);
    if (known === undefined) fields.set(name, value);
    else if (Array.isArray(known)) known.push(value);
    else fields.set(name, [known, value]);
  }
  return Object.fromEntries(fields);
}

/**
 * Validates a part of a request.
 *
 * @param part The name of the part, for the text of the error.
 * @returns The output of the schema.
 * @throws {HttpError} 400 with the issues as an extension, if the schema refuses the value.
 */
export async function validate<T>(
  schema: StandardSchemaV1<unknown, T>,
  value: unknown,
  part: "body" | "query",
): Promise<T> {
  const result = await schema["~standard"].validate(value);
  if (result.issues === undefined) return result.value;
  const issues = describeIssues(result.issues);
  const text = `Cannot accept the ${part}: ${joinIssues(issues)}`;
  throw new HttpError(400, text, { extensions: { issues } });
}

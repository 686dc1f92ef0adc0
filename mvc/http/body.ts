import { describeIssues, joinIssues } from "../../neffos/internal.ts";
import type { StandardSchemaV1 } from "../../neffos/mod.ts";
import { HttpError } from "./http_error.ts";

/** The part of a Context that reading a body needs. */
export interface BodySource {
  readonly request: Request;
  readonly method: string;
  readonly path: string;
  header(name: string): string | undefined;
}

/** The format of a body, by its content type. */
type Format = "json" | "urlencoded" | "multipart";

/** The default limit of a body, in bytes. */
export const MAX_BODY = 1024 * 1024;

/**
 * Reads the body of a request as JSON or as a form.
 *
 * @throws {HttpError} 400, 413 or 415.
 * @throws {TypeError} If the body is already read.
 */
export async function readBody(
  source: BodySource,
  maxBody: number = MAX_BODY,
): Promise<unknown> {
  assertMaxBody(maxBody);
  const format = readFormat(source);
  const bytes = await readBytes(source, maxBody);
  switch (format) {
    case "json":
      return parseJson(bytes);
    case "urlencoded":
      return collectFields(new URLSearchParams(decode(bytes)));
    case "multipart":
      return collectFields(await parseMultipart(bytes, source));
  }
}

/**
 * Checks a limit for bodies.
 *
 * @throws {RangeError} If it is not a number of bytes.
 */
export function assertMaxBody(maxBody: unknown): void {
  if (typeof maxBody === "number" && maxBody >= 0) return;
  throw new RangeError(
    `Cannot limit a body to "${maxBody}": maxBody must be a number of bytes, 0 or more`,
  );
}

function readFormat(source: BodySource): Format {
  const sent = source.header("content-type") ?? "";
  const type = sent.split(";", 1)[0]!.trim().toLowerCase();
  const encoding = source.header("content-encoding") ?? "identity";
  if (encoding.toLowerCase() !== "identity") {
    throw new HttpError(
      415,
      `Cannot read a body with content-encoding "${encoding}": it must not be encoded`,
    );
  }
  if (/^application\/(?:json|[^/\s]+\+json)$/.test(type)) return "json";
  if (type === "application/x-www-form-urlencoded") return "urlencoded";
  if (type === "multipart/form-data") return "multipart";
  throw new HttpError(
    415,
    `Cannot read a body of content-type "${sent}": it must be application/json, application/x-www-form-urlencoded or multipart/form-data`,
  );
}

async function readBytes(
  source: BodySource,
  maxBody: number,
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
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = request.body?.getReader();
  while (reader !== undefined) {
    const { done, value } = await readFrom(reader);
    if (done) break;
    size += value.byteLength;
    if (size > maxBody) {
      // The answer is the same if the rest cannot be cancelled.
      reader.cancel().catch(() => {});
      throw createSizeError(maxBody);
    }
    chunks.push(value);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
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

async function parseMultipart(
  bytes: Uint8Array<ArrayBuffer>,
  source: BodySource,
): Promise<FormData> {
  const headers = { "content-type": source.header("content-type") ?? "" };
  try {
    return await new Response(bytes, { headers }).formData();
  } catch (cause) {
    throw new HttpError(
      400,
      "Cannot read the body: it is not multipart/form-data",
      { cause },
    );
  }
}

/** Fields of a form or a query by name; a repeated one is an array. */
export type Fields<Value> = Record<string, Value | Value[]>;

/**
 * Collects fields into an object.
 *
 * A field named `__proto__` is dropped: copied into another object, it would
 * become that object's prototype.
 */
export function collectFields<Value>(
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
 * @throws {HttpError} 400 with the issues, if the schema refuses the value.
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
  throw new HttpError(400, text, { body: { error: text, issues } });
}

import { describeIssues, joinIssues } from "../../neffos/internal.ts";
import type { StandardSchemaV1 } from "../../neffos/mod.ts";
import { HttpError } from "./http_error.ts";

/** What reading a body needs of a request's Context. */
export interface BodySource {
  readonly request: Request;
  readonly method: string;
  readonly path: string;
  header(name: string): string | undefined;
}

/** What the body of a request may be, by its content type. */
type Kind = "json" | "urlencoded" | "multipart";

/** The bytes of a body that are read where nothing else is said. */
export const MAX_BODY = 1024 * 1024;

/**
 * Reads the body of a request as JSON or as a form.
 *
 * @throws {HttpError} 400, 413 or 415.
 * @throws {TypeError} When the body was read already.
 */
export async function readBody(
  source: BodySource,
  maxBody: number = MAX_BODY,
): Promise<unknown> {
  assertMaxBody(maxBody);
  const kind = kindOf(source);
  const bytes = await readBytes(source, maxBody);
  switch (kind) {
    case "json":
      return parseJson(bytes);
    case "urlencoded":
      return collectFields(new URLSearchParams(decode(bytes)));
    case "multipart":
      return collectFields(await parseMultipart(bytes, source));
  }
}

/** Checks a limit at the door. */
export function assertMaxBody(maxBody: unknown): void {
  if (typeof maxBody === "number" && maxBody >= 0) return;
  throw new RangeError(
    `Cannot read a body of at most "${maxBody}" bytes: maxBody should be a number of bytes`,
  );
}

function kindOf(source: BodySource): Kind {
  const sent = source.header("content-type") ?? "";
  const type = sent.split(";", 1)[0]!.trim().toLowerCase();
  const encoding = source.header("content-encoding") ?? "identity";
  if (encoding.toLowerCase() !== "identity") {
    throw new HttpError(
      415,
      `Cannot read a body in content-encoding "${encoding}": it should have none`,
    );
  }
  if (/^application\/(?:json|[^/\s]+\+json)$/.test(type)) return "json";
  if (type === "application/x-www-form-urlencoded") return "urlencoded";
  if (type === "multipart/form-data") return "multipart";
  throw new HttpError(
    415,
    `Cannot read a body of content-type "${sent}": it should be application/json, application/x-www-form-urlencoded or multipart/form-data`,
  );
}

async function readBytes(
  source: BodySource,
  maxBody: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const { request } = source;
  if (request.bodyUsed) {
    throw new TypeError(
      `Cannot read the body of ${source.method} "${source.path}": it was read already`,
    );
  }
  if (Number(source.header("content-length")) > maxBody) {
    throw tooLarge(maxBody);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = request.body?.getReader();
  while (reader !== undefined) {
    const { done, value } = await readFrom(reader);
    if (done) break;
    size += value.byteLength;
    if (size > maxBody) {
      // Whether the rest can be stopped makes no difference to the answer.
      reader.cancel().catch(() => {});
      throw tooLarge(maxBody);
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
    // A client that goes away in the middle is no fault of this side.
    throw new HttpError(400, "Cannot read the body: it ended too early", {
      cause,
    });
  }
}

function tooLarge(maxBody: number): HttpError {
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

/** The fields of a form or a query by their names; a repeated one is an array. */
export type Fields<Value> = Record<string, Value | Value[]>;

/**
 * Collects fields into an object.
 *
 * A field called `__proto__` is left out: nothing wants it, and copied into
 * another object it would become that object's prototype.
 */
export function collectFields<Value>(
  entries: Iterable<[string, Value]>,
): Fields<Value> {
  // Not an object at once: "constructor" would be in it before it was sent.
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
 * Gives what a schema makes of something that a client sent.
 *
 * @param what What it is, for the text of the error.
 * @throws {HttpError} 400 with the issues, if it is not what the schema wants.
 */
export async function validate<T>(
  schema: StandardSchemaV1<unknown, T>,
  value: unknown,
  what: "body" | "query",
): Promise<T> {
  const result = await schema["~standard"].validate(value);
  if (result.issues === undefined) return result.value;
  const issues = describeIssues(result.issues);
  const text = `Cannot accept the ${what}: ${joinIssues(issues)}`;
  throw new HttpError(400, text, { body: { error: text, issues } });
}

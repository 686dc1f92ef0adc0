import { collectFields } from "./_fields.ts";
import type { Context } from "./context.ts";
import { HttpError } from "./http_error.ts";

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
  ctx: Context<unknown>,
  maxBody: number = MAX_BODY,
): Promise<unknown> {
  assertMaxBody(maxBody);
  const kind = kindOf(ctx);
  const bytes = await readBytes(ctx, maxBody);
  switch (kind) {
    case "json":
      return parseJson(bytes);
    case "urlencoded":
      return collectFields(new URLSearchParams(decode(bytes)));
    case "multipart":
      return collectFields(await parseMultipart(bytes, ctx));
  }
}

/** Checks a limit at the door. */
export function assertMaxBody(maxBody: unknown): void {
  if (typeof maxBody === "number" && maxBody >= 0) return;
  throw new RangeError(
    `Cannot read a body of at most "${maxBody}" bytes: maxBody should be a number of bytes`,
  );
}

function kindOf(ctx: Context<unknown>): Kind {
  const sent = ctx.header("content-type") ?? "";
  const type = sent.split(";", 1)[0]!.trim().toLowerCase();
  const encoding = ctx.header("content-encoding") ?? "identity";
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
  ctx: Context<unknown>,
  maxBody: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const { request } = ctx;
  if (request.bodyUsed) {
    throw new TypeError(
      `Cannot read the body of ${ctx.method} "${ctx.path}": it was read already`,
    );
  }
  if (Number(ctx.header("content-length")) > maxBody) throw tooLarge(maxBody);
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
  ctx: Context<unknown>,
): Promise<FormData> {
  const headers = { "content-type": ctx.header("content-type") ?? "" };
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

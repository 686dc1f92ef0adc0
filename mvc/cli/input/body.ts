import type { RawBody } from "../../../neffos/client.ts";
import { usage } from "../failure.ts";
import { isJSON } from "../output/events.ts";

/** What a body may be read from. */
export interface BodySource {
  /** Reads a file. */
  readFile(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Reads standard input to its end; not where lines are typed. */
  readInput?: () => Promise<Uint8Array<ArrayBuffer>>;
}

/** The files of this machine. */
export const FILES: BodySource = { readFile: (path) => Deno.readFile(path) };

/**
 * Reads a body as it is written in arguments and lines.
 *
 * | written              | sent                                               |
 * | -------------------- | -------------------------------------------------- |
 * | `@FILE`              | the file: as text if it is UTF-8, else as bytes    |
 * | `-`, `@-`            | standard input, without its last line break        |
 * | `base64:…`, `hex:…`  | bytes                                              |
 * | `text:…`             | what follows, whatever it begins with              |
 * | anything else        | the text; JSON is sent as it is written            |
 *
 * @param written The body as it is written.
 * @param source What it may be read from.
 * @returns Text or bytes.
 * @throws {Failure} When it cannot be read.
 */
export async function readBody(
  written: string,
  source: BodySource = FILES,
): Promise<RawBody> {
  const { readInput } = source;
  if (readInput !== undefined && (written === "-" || written === "@-")) {
    return toText(await readInput(), { isTrimmed: true });
  }
  const [, scheme, rest = ""] = /^(base64:|hex:|text:|@)(.*)$/s.exec(written) ??
    [];
  switch (scheme) {
    case "@":
      return toText(await readFile(rest, source));
    case "base64:":
      return decode("base64", rest);
    case "hex:":
      return decode("hex", rest);
    case "text:":
      return rest;
    default:
      return written;
  }
}

async function readFile(
  path: string,
  source: BodySource,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await source.readFile(path);
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound
      ? "it is not there"
      : error instanceof Error
      ? error.message
      : error;
    throw usage(
      `Cannot read the file ${
        JSON.stringify(path)
      } of the body: ${reason}; text:@… sends a text that begins with @`,
    );
  }
}

function toText(
  bytes: Uint8Array<ArrayBuffer>,
  { isTrimmed = false } = {},
): RawBody {
  try {
    const options = { fatal: true, ignoreBOM: true };
    const text = new TextDecoder("utf-8", options).decode(bytes);
    return isTrimmed ? text.replace(/\r?\n$/, "") : text;
  } catch {
    return bytes;
  }
}

function decode(kind: "base64" | "hex", text: string): RawBody {
  const digits = text.replaceAll(/\s/g, "");
  try {
    if (kind === "hex") return Uint8Array.fromHex(digits);
    const alphabet = /[-_]/.test(digits) ? "base64url" : "base64";
    return Uint8Array.fromBase64(digits, { alphabet });
  } catch {
    throw usage(
      `Cannot read ${
        JSON.stringify(`${kind}:${text.slice(0, 40)}`)
      } as bytes: it is not ${kind}; text:${kind}:… sends it as text`,
    );
  }
}

/**
 * Finds what was probably not meant: a text that begins as JSON does, and is
 * none. It is sent nevertheless.
 *
 * @param body The body.
 * @returns What to tell, if anything.
 */
export function findOddJSON(body: RawBody): string | undefined {
  if (typeof body !== "string" || !/^\s*[[{]/.test(body) || isJSON(body)) {
    return undefined;
  }
  return "the body begins like JSON and is not; it was sent as it is";
}

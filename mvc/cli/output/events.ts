import type { RawBody } from "../../../neffos/client.ts";
import type { Style } from "./style.ts";
import { quoteIfOdd, toVisible } from "./visible.ts";

/** What is shown of a message. */
export interface Shown {
  readonly namespace: string;
  readonly room: string;
  readonly event: string;
  readonly body: RawBody;
  readonly error?: Error | undefined;
  readonly isNative?: boolean;
  /** The token of an ask, else empty. */
  readonly wait?: string;
}

/** How many characters or bytes of a body a line for people has. */
const MAX_SHOWN = 4_096;

/** How many bytes of a binary body that line has. */
const MAX_BYTES = 32;

/**
 * Writes a message as a line for people.
 *
 * @param message The message.
 * @param style The colours.
 * @returns Such as `< chat/lobby onChat {"text":"hello"}`.
 */
export function formatEvent(message: Shown, style: Style): string {
  const { event, error, isNative = false, wait = "" } = message;
  const words = isNative
    ? [style.dim("native")]
    : [style.place(formatPlace(message)), style.name(quoteIfOdd(event))];
  if (error !== undefined) {
    words.push(style.error(`refused: ${toVisible(error.message)}`));
  } else words.push(formatBody(message.body));
  if (wait !== "") words.push(style.dim("(asks)"));
  return `${style.dim("<")} ${words.filter((word) => word !== "").join(" ")}`;
}

/**
 * Writes a namespace and a room.
 *
 * @param place Their names.
 * @returns Such as `chat/lobby`.
 */
export function formatPlace(
  { namespace, room }: Pick<Shown, "namespace" | "room">,
): string {
  const name = quoteIfOdd(namespace);
  return room === "" ? name : `${name}/${quoteIfOdd(room)}`;
}

/**
 * Writes a body for people: what could move the cursor is escaped, and a long
 * one cut.
 *
 * @param body The body.
 * @returns The text; for bytes their number, and the first of them in hex.
 */
export function formatBody(body: RawBody): string {
  if (typeof body !== "string") {
    const begin = body.slice(0, MAX_BYTES).toHex();
    const more = body.length > MAX_BYTES ? "…" : "";
    const count = body.length === 1 ? "1 byte" : `${body.length} bytes`;
    return `<${count}${begin === "" ? "" : ` ${begin}${more}`}>`;
  }
  if (body.length <= MAX_SHOWN) return toVisible(body);
  const rest = body.length - MAX_SHOWN;
  return `${
    toVisible(body.slice(0, MAX_SHOWN).toWellFormed())
  }… (${rest} more characters; --json has all)`;
}

/**
 * Writes a message as one line of JSON.
 *
 * @param message The message.
 * @param more What the line has besides.
 * @returns The line, without a line break. `body` is the text as JSON if it is
 * that, else a string; a binary body is `base64` instead.
 */
export function toJSONLine(
  message: Shown,
  more: Readonly<Record<string, unknown>> = {},
): string {
  const { namespace, room, event, body, error, isNative } = message;
  const place = {
    ...more,
    ...(isNative ? { native: true } : { namespace, room, event }),
  };
  const head = JSON.stringify(place).slice(1, -1);
  // What is escaped can stand in a string of JSON alone, and means the same there.
  return toVisible(
    `{${head},${
      error ? `"error":${JSON.stringify(error.message)}` : writeBody(body)
    }}`,
  );
}

function writeBody(body: RawBody): string {
  if (typeof body !== "string") {
    return `"base64":${JSON.stringify(body.toBase64())}`;
  }
  return `"body":${isJSON(body) ? joinLines(body) : JSON.stringify(body)}`;
}

/** The text as it is, so that large numbers keep their digits; line breaks and tabs of JSON are only spaces. */
function joinLines(json: string): string {
  return json.trim().replaceAll(/[\r\n\t]+/g, " ");
}

/** Whether a text is JSON. */
export function isJSON(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

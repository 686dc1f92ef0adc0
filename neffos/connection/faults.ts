import type { FaultSource } from "../api/server_api.ts";
import { type CompiledEvents, isLate } from "../controller/compile.ts";

/** The longest name or ID that is logged, in UTF-16 units. */
const MAX_NAME = 128;

/** The longest error text that is logged: it may quote a client's data. */
const MAX_TEXT = 1_024;

const MAX_STACK = 4_096;

/** How many errors a line describes, causes and parts included. */
const MAX_ERRORS = 8;

/** An error as it is logged. */
interface Described {
  name?: string;
  message: string;
  stack?: string;
  cause?: Described;
  /** The parts of an AggregateError or a SuppressedError. */
  errors?: Described[];
}

/** Writes a fault of a connection as {@linkcode writeError} does. */
export function writeFault(
  error: unknown,
  { conn, namespace, event }: FaultSource,
): string {
  const place = { conn: conn?.id, namespace, event };
  return writeError(error, "neffos: a fault", place);
}

/**
 * Writes an error as one line of JSON. All of its characters are printable,
 * whatever a client has put into names and errors, and it contains no message
 * body.
 *
 * @param error The thrown value.
 * @param message What happened.
 * @param place Where it happened.
 * @returns The line, without a line break.
 */
export function writeError(
  error: unknown,
  message: string,
  place: Readonly<Record<string, string | undefined>>,
): string {
  const names = Object.entries(place)
    .map(([key, name]) => [key, name && cut(name, MAX_NAME)]);
  return toLogText({
    level: "error",
    message,
    ...Object.fromEntries(names),
    error: new Describer().describe(error),
  });
}

/** Describes an error and those inside it, up to {@linkcode MAX_ERRORS}. */
class Describer {
  #count = 0;

  describe(error: unknown): Described {
    this.#count++;
    if (typeof error !== "object" && typeof error !== "function") {
      return { message: cut(String(error), MAX_TEXT) };
    }
    if (error === null) return { message: "null" };
    const text = read(error, "message");
    // A thrown value that is no error may be a message or its body.
    if (typeof text !== "string") return { message: kindOf(error) };
    const described: Described = { message: cut(text, MAX_TEXT) };
    const name = read(error, "name");
    if (typeof name === "string") described.name = cut(name, MAX_NAME);
    const stack = read(error, "stack");
    if (typeof stack === "string") {
      described.stack = cut(framesOf(stack, text), MAX_STACK);
    }
    const cause = read(error, "cause");
    if (cause !== undefined && this.#count < MAX_ERRORS) {
      described.cause = this.describe(cause);
    }
    const errors: Described[] = [];
    for (const part of partsOf(error)) {
      if (this.#count >= MAX_ERRORS) break;
      errors.push(this.describe(part));
    }
    if (errors.length > 0) described.errors = errors;
    return described;
  }
}

/** The errors that an AggregateError or a SuppressedError stands for. */
function partsOf(error: object): unknown[] {
  const parts = ["error", "suppressed"].map((key) => read(error, key))
    .filter((part) => part !== undefined);
  const errors = read(error, "errors");
  try {
    if (Array.isArray(errors)) parts.push(...errors.slice(0, MAX_ERRORS));
  } catch {
    // A Proxy of an array may throw as well.
  }
  return parts;
}

/** Reads a property, `undefined` if a getter or a Proxy throws. */
function read(object: object, key: string): unknown {
  try {
    return (object as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** Takes the frames from a stack, without the text before them. */
function framesOf(stack: string, text: string): string {
  const at = text === "" ? -1 : stack.indexOf(text);
  const rest = at < 0 ? stack : stack.slice(at + text.length);
  // If the text was changed later, the stack still has the old one in full.
  const start = rest.search(/\n {4}at /);
  return start < 0 ? "" : rest.slice(start + 1);
}

function kindOf(value: object): string {
  const constructor = read(value, "constructor");
  const name = typeof constructor === "function"
    ? read(constructor, "name")
    : undefined;
  return typeof name === "string" && name !== ""
    ? `something of class ${cut(name, MAX_NAME)} was thrown`
    : "something that is no error was thrown";
}

function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max)}… (${text.length})`;
}

/** Logs a fault as one line of JSON. */
export function logFault(error: unknown, source: FaultSource): void {
  // deno-lint-ignore no-console -- no onError is set, or it has failed
  console.error(writeFault(error, source));
}

/**
 * Characters that JSON does not escape and that control a terminal, break lines
 * or are invisible: DEL, C1 controls, line separators, direction marks.
 */
const UNSEEN = /[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Writes an untrusted value as one line of JSON that is safe in a log and on a
 * terminal.
 */
export function toLogText(value: unknown): string {
  return JSON.stringify(value).replace(UNSEEN, escape);
}

function escape(text: string): string {
  return Array.from(
    { length: text.length },
    (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, "0")}`,
  ).join("");
}

/** Quotes an untrusted text for a log or an error, escaped and cut. */
export function quote(text: string): string {
  return toLogText(cut(text, MAX_NAME));
}

/** At most this many names are logged, since clients choose them. */
const MAX_NAMES = 100;

/** Warns once of each name. */
export class WarningLog {
  readonly #told = new Set<string>();

  /** Warns of a name. */
  tell(name: string, write: () => string): void {
    if (this.#told.size === MAX_NAMES || this.#told.has(name)) return;
    this.#told.add(name);
    // deno-lint-ignore no-console -- a program has no hook for it, or sets none
    console.warn(write());
  }
}

/** Writes that an event has no handler in its namespace. */
export function writeUnhandled(
  namespace: string,
  event: string,
  events: CompiledEvents,
): string {
  const meant = findSimilar(event, events.handlers.keys());
  const hint = isLate(events, event)
    ? "; its handler was added after the server was made, which reads the handlers once"
    : meant === undefined
    ? ""
    : `; did you mean ${toLogText(meant)}?`;
  return `Cannot handle event ${toLogText(event)} of namespace ${
    toLogText(namespace)
  }: nothing handles it${hint}`;
}

/** Finds a known event that differs in case alone, or by a leading `on`. */
function findSimilar(
  event: string,
  known: Iterable<string>,
): string | undefined {
  const wanted = normalize(event);
  for (const name of known) if (normalize(name) === wanted) return name;
  return undefined;
}

function normalize(event: string): string {
  return event.toLowerCase().replace(/^on(?=.)/s, "");
}

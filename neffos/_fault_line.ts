import type { FaultSource } from "./_host.ts";
import { toLogText } from "./_log_text.ts";

/** How long a name or an ID may be, in UTF-16 units. */
const MAX_NAME = 128;
/** How long the text of an error may be: it may have what a client has sent. */
const MAX_TEXT = 1_024;
const MAX_STACK = 4_096;
/** How many errors a line has, causes and parts included. */
const MAX_ERRORS = 8;

/** An error as it stands in a line. */
interface Described {
  name?: string;
  message: string;
  stack?: string;
  cause?: Described;
  /** The parts of an AggregateError or a SuppressedError. */
  errors?: Described[];
}

/**
 * Writes the line of a fault: one JSON object in which nothing but printable
 * characters stands, whatever a client has put into names and errors. It has
 * no body of a message.
 *
 * @param error What was thrown.
 * @param source Where.
 * @returns The line, without its end.
 */
export function writeFault(error: unknown, source: FaultSource): string {
  const { conn, namespace, event } = source;
  return toLogText({
    level: "error",
    message: "neffos: a fault",
    conn: conn && cut(conn.id, MAX_NAME),
    namespace: namespace && cut(namespace, MAX_NAME),
    event: event && cut(event, MAX_NAME),
    error: new Describer().describe(error),
  });
}

/** Describes an error and those inside of it, up to a number of them. */
class Describer {
  #count = 0;

  describe(error: unknown): Described {
    this.#count++;
    if (typeof error !== "object" && typeof error !== "function") {
      return { message: cut(String(error), MAX_TEXT) };
    }
    if (error === null) return { message: "null" };
    const text = read(error, "message");
    // What is no error may be a message, or its body.
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
    // A Proxy of an array may be as bad as any other.
  }
  return parts;
}

/** Reads a property of what may be anything, a Proxy or a getter that throws. */
function read(object: object, key: string): unknown {
  try {
    return (object as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** Takes from a stack what comes after the text, which stands for itself. */
function framesOf(stack: string, text: string): string {
  const at = text === "" ? -1 : stack.indexOf(text);
  const rest = at < 0 ? stack : stack.slice(at + text.length);
  // Else a text that was changed later would stand here in full.
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

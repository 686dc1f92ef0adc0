import { EventError } from "@neffos/mvc";

/**
 * Reads a text of a page, which may have sent anything.
 *
 * @param what What it is, for the error: "A name".
 * @param value What the page has sent.
 * @param max The most characters that it may have.
 * @returns The text.
 * @throws {EventError} When it is none, is empty, or has space at its ends.
 */
export function readText(what: string, value: unknown, max: number): string {
  const text = typeof value === "string" ? value.trim() : "";
  if (text !== "" && text === value && text.length <= max) return text;
  throw new EventError(
    `${what} must have 1 to ${max} characters, and no space at its ends`,
  );
}

import { diff, format, suffix } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";

/**
 * Asserts that two values are the same, by `Object.is()`.
 *
 * @param actual The value under test.
 * @param expected What it should be.
 * @param msg What to add to the text of the error.
 * @throws {AssertionError} If they are not.
 */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (Object.is(actual, expected)) return;
  const text = format(actual);
  throw new AssertionError(
    text === format(expected)
      ? `Values have the same structure but are not reference-equal${
        suffix(msg)
      }\n\n${text.replace(/^/gm, "    ")}\n`
      : `Values are not strictly equal${suffix(msg)}\n${
        diff(actual, expected)
      }`,
  );
}

import { format, suffix } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";

/**
 * Asserts that two values are not the same, by `Object.is()`.
 *
 * @param actual The value under test.
 * @param expected What it should not be.
 * @param msg What to add to the text of the error.
 * @throws {AssertionError} If they are the same.
 */
export function assertNotStrictEquals<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (!Object.is(actual, expected)) return;
  throw new AssertionError(
    `Expected "actual" to not be strictly equal to: ${format(actual)}${
      suffix(msg)
    }\n`,
  );
}

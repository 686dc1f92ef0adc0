import { diff, suffix } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";
import { equal } from "./equal.ts";

/**
 * Asserts that two values are deeply equal, as `equal()` sees it.
 *
 * @param actual The value under test.
 * @param expected What it should equal.
 * @param msg What to add to the text of the error.
 * @throws {AssertionError} If they are not; with the difference, line by line.
 */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  throw new AssertionError(
    `Values are not equal${suffix(msg)}\n${diff(actual, expected)}`,
  );
}

import { assertFalse } from "./false.ts";
import { suffix } from "./_message.ts";

/**
 * Asserts that a value is not an instance of a class.
 *
 * @param actual The value.
 * @param unexpectedType The class.
 * @param msg What to add to the text of the error.
 * @throws {AssertionError} If it is.
 */
export function assertNotInstanceOf<A, T>(
  actual: A,
  // deno-lint-ignore no-explicit-any
  unexpectedType: abstract new (...args: any[]) => T,
  msg?: string,
): asserts actual is Exclude<A, T> {
  assertFalse(
    actual instanceof unexpectedType,
    `Expected object to not be an instance of "${typeof unexpectedType}"${
      suffix(msg)
    }`,
  );
}

import { plain, suffix } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";

/**
 * Asserts that a value is an error, of a class and with a text where these are given.
 *
 * @param error The value.
 * @param ErrorClass The class that it should be an instance of.
 * @param msgMatches What its text should include, or match.
 * @param msg What to add to the text of the error.
 * @throws {AssertionError} If it is not.
 */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  // deno-lint-ignore no-explicit-any
  ErrorClass?: abstract new (...args: any[]) => E,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  const end = suffix(msg);
  if (!(error instanceof Error)) {
    throw new AssertionError(`Expected "error" to be an Error object${end}`);
  }
  if (ErrorClass && !(error instanceof ErrorClass)) {
    throw new AssertionError(
      `Expected error to be instance of "${ErrorClass.name}", but was "${error.constructor?.name}"${end}`,
    );
  }
  if (!msgMatches) return;
  const text = plain(error.message);
  const matches = typeof msgMatches === "string"
    ? text.includes(plain(msgMatches))
    : msgMatches.test(text);
  if (matches) return;
  throw new AssertionError(
    `Expected error message to include ${
      typeof msgMatches === "string" ? JSON.stringify(msgMatches) : msgMatches
    }, but got ${JSON.stringify(error.message)}${end}`,
  );
}

import { suffix } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";
import { assertIsError } from "./is_error.ts";

/**
 * Asserts that a function returns a promise that is rejected.
 *
 * @param fn The function.
 * @param msg What to add to the text of the error.
 * @returns What the promise was rejected with.
 * @throws {AssertionError} If it is not rejected, or the function throws or returns something else.
 */
export function assertRejects(
  fn: () => PromiseLike<unknown>,
  msg?: string,
): Promise<unknown>;
/**
 * Asserts that a function returns a promise that is rejected with an error of a class.
 *
 * @param fn The function.
 * @param ErrorClass The class of the error.
 * @param msgIncludes What the error's text should include.
 * @param msg What to add to the text of the error.
 * @returns The error.
 * @throws {AssertionError} If it is not rejected, or with something else, or the function throws or returns something else.
 */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  // deno-lint-ignore no-explicit-any
  ErrorClass: abstract new (...args: any[]) => E,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  // deno-lint-ignore no-explicit-any
  classOrMsg?: (abstract new (...args: any[]) => E) | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const ErrorClass = typeof classOrMsg === "string" ? undefined : classOrMsg;
  const text = typeof classOrMsg === "string" ? classOrMsg : msg;
  const promise = call(fn);
  if (promise === undefined) {
    throw new AssertionError(
      `Function throws when expected to reject${suffix(text)}`,
    );
  }
  try {
    await promise;
  } catch (error) {
    if (ErrorClass) {
      if (!(error instanceof Error)) {
        throw new AssertionError(
          `A non-Error object was rejected${suffix(text)}`,
        );
      }
      assertIsError(error, ErrorClass, msgIncludes, text);
    }
    return error;
  }
  throw new AssertionError(`Expected function to reject${suffix(text)}`);
}

/** What the function returns, if it returns a promise and does not throw. */
function call(fn: () => PromiseLike<unknown>): object | undefined {
  try {
    const result: unknown = fn();
    const isPromise = typeof result === "object" && result !== null &&
      "then" in result && typeof result.then === "function";
    return isPromise ? result : undefined;
  } catch {
    return undefined;
  }
}

import { suffix } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";

/**
 * Fails.
 *
 * @param msg What to add to the text of the error.
 * @throws {AssertionError} Always.
 */
export function fail(msg?: string): never {
  throw new AssertionError(`Failed assertion${suffix(msg)}`);
}

import { suffix } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";

/**
 * Marks what is never reached.
 *
 * @param msg What to add to the text of the error.
 * @throws {AssertionError} If it is reached.
 */
export function unreachable(msg?: string): never {
  throw new AssertionError(`Unreachable${suffix(msg)}`);
}

import { suffix } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";

/**
 * Asserts that two numbers are close to each other.
 *
 * @param actual The number under test.
 * @param expected What it should be close to.
 * @param tolerance How far apart they may be; a ten-millionth of `expected` if it is left out.
 * @param msg What to add to the text of the error.
 * @throws {AssertionError} If they are further apart.
 */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance: number = isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7,
  msg?: string,
): void {
  if (Object.is(actual, expected)) return;
  const delta = Math.abs(expected - actual);
  if (delta <= tolerance) return;
  throw new AssertionError(
    `Expected actual: "${show(actual)}" to be close to "${
      show(expected)
    }": delta "${show(delta)}" is greater than "${show(tolerance)}"${
      suffix(msg)
    }`,
  );
}

function show(value: number): string {
  return Number.isInteger(value) ? `${value}` : value.toExponential();
}

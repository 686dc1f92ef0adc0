import { suffix } from "./_message.ts";
import { AssertionError } from "./assertion_error.ts";

/** Any class that can be built. */
// deno-lint-ignore no-explicit-any
export type AnyConstructor = new (...args: any[]) => any;

/** What a class builds. */
export type GetConstructorType<T extends AnyConstructor> = InstanceType<T>;

/**
 * Asserts that a value is an instance of a class.
 *
 * @param actual The value.
 * @param expectedType The class.
 * @param msg What to add to the text of the error.
 * @throws {AssertionError} If it is not.
 */
export function assertInstanceOf<
  // deno-lint-ignore no-explicit-any
  T extends abstract new (...args: any[]) => any,
>(
  actual: unknown,
  expectedType: T,
  msg = "",
): asserts actual is InstanceType<T> {
  if (actual instanceof expectedType) return;
  const expected = expectedType.name;
  const found = nameOf(actual);
  let text = `Expected object to be an instance of "${expected}"`;
  if (found === "function") text += " but was not an instanced object";
  else if (found !== expected) text += ` but was "${found}"`;
  throw new AssertionError(text + suffix(msg));
}

function nameOf(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  return value.constructor?.name ?? "Object";
}

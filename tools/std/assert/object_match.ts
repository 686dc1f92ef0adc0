import { assertEquals } from "./equals.ts";

type Loose = Record<PropertyKey, unknown>;

/**
 * Asserts that an object has all that another one has, deeply; it may have more.
 *
 * @param actual The object under test.
 * @param expected What it should have.
 * @param msg What to add to the text of the error.
 * @throws {AssertionError} If something is missing or different.
 */
export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  // Both go through the same reduction, which makes plain objects of instances:
  // classes do not count, only what is in the objects.
  assertEquals(
    reduceObject(actual, expected, new WeakMap()),
    reduceObject(expected, expected, new WeakMap()),
    msg,
  );
}

/** What of the value has a counterpart in the model. */
function reduce(
  value: unknown,
  model: unknown,
  seen: WeakMap<object, object>,
): unknown {
  if (value instanceof RegExp) return value;
  if (Array.isArray(value) && Array.isArray(model)) {
    return reduceArray(value, model, seen);
  }
  if (!isObject(value) || !isObject(model)) return value;
  if (value instanceof Map && model instanceof Map) {
    return reduceMap(value, model, seen);
  }
  if (value instanceof Set && model instanceof Set) {
    return value.intersection(model);
  }
  return reduceObject(value, model, seen);
}

function reduceObject(
  value: Loose,
  model: Loose,
  seen: WeakMap<object, object>,
): Loose {
  if (!isObject(value) && typeof value !== "function") {
    throw new TypeError(
      `Cannot assertObjectMatch ${
        value === null ? null : `type ${typeof value}`
      }`,
    );
  }
  if (seen.get(value) === model) return value;
  seen.set(value, model);
  const keys = Reflect.ownKeys(value);
  const modelKeys = Reflect.ownKeys(model);
  const common = keys.filter((key) => modelKeys.includes(key));
  const reduced: Loose = {};
  // With nothing in common the whole value says more than an empty object.
  const isDisjoint = keys.length > 0 && modelKeys.length > 0 &&
    common.length === 0;
  for (const key of isDisjoint ? keys : common) {
    // Defined, not set: a key may be named `__proto__`.
    Object.defineProperty(reduced, key, {
      value: isDisjoint ? value[key] : reduce(value[key], model[key], seen),
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
  return reduced;
}

function reduceArray(
  value: unknown[],
  model: unknown[],
  seen: WeakMap<object, object>,
): unknown[] {
  if (seen.get(value) === model) return value;
  seen.set(value, model);
  const length = Math.min(value.length, model.length);
  return Array.from(
    { length },
    (_, i) => reduce(value[i], model[i], seen),
  );
}

function reduceMap(
  value: Map<unknown, unknown>,
  model: Map<unknown, unknown>,
  seen: WeakMap<object, object>,
): Map<unknown, unknown> {
  const reduced = new Map<unknown, unknown>();
  for (const [key, member] of value) {
    if (!model.has(key)) continue;
    const other = model.get(key);
    reduced.set(
      key,
      isObject(member) && isObject(other)
        ? reduceObject(member, other, seen)
        : member,
    );
  }
  return reduced;
}

function isObject(value: unknown): value is Loose {
  return typeof value === "object" && value !== null;
}

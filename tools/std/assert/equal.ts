type Keyed = Map<unknown, unknown> | Set<unknown>;

/** The constructor above `Uint8Array` and its kin, which has no global name. */
const TypedArray = Object.getPrototypeOf(Uint8Array) as new () => ArrayLike<
  unknown
>;

/**
 * Compares two values deeply.
 *
 * `NaN` equals itself and `0` equals `-0`. Objects must have the same prototype (an object without one counts as a
 * plain object) and the same keys, also where the value is `undefined`. Of instances of a class, what is inherited is
 * compared too, so that accessors count. Sets and maps are compared without regard to order, functions by identity.
 *
 * @param a One value.
 * @param b The other value.
 * @returns Whether they are equal.
 * @throws {TypeError} If both are a `WeakMap`, or both a `WeakSet`, which cannot be inspected.
 */
export function equal(a: unknown, b: unknown): boolean {
  return compare(a, b, new Map());
}

function compare(
  a: unknown,
  b: unknown,
  seen: Map<object, object>,
): boolean {
  if (sameValueZero(a, b)) return true;
  if (!isObject(a) || !isObject(b)) return false;
  if (a instanceof Date && b instanceof Date) {
    return Object.is(a.getTime(), b.getTime());
  }
  if (!samePrototype(a, b)) return false;
  if (a instanceof TypedArray) return sameElements(a, b as typeof a);
  if (a instanceof ArrayBuffer || a instanceof SharedArrayBuffer) {
    return sameElements(new Uint8Array(a), new Uint8Array(b as typeof a));
  }
  if (a instanceof WeakMap || a instanceof WeakSet) {
    throw new TypeError(`Cannot compare ${a.constructor.name} instances`);
  }
  if (a instanceof WeakRef) {
    return compare(a.deref(), (b as WeakRef<WeakKey>).deref(), seen);
  }
  if (seen.get(a) === b) return true;
  if (Object.keys(a).length !== Object.keys(b).length) return false;
  seen.set(a, b);
  if (isKeyed(a)) return compareKeyed(a, b as Keyed, seen);
  if (isWrittenInFull(a)) return String(a) === String(b);
  for (const key of new Set([...keysOf(a), ...keysOf(b)])) {
    if (!compare(Reflect.get(a, key), Reflect.get(b, key), seen)) return false;
    if (key in a !== key in b) return false;
  }
  return true;
}

function compareKeyed(
  a: Keyed,
  b: Keyed,
  seen: Map<object, object>,
): boolean {
  if (a.size !== b.size) return false;
  if ([...a.keys()].every(isPrimitive)) {
    if (a instanceof Set) return a.symmetricDifference(b).size === 0;
    for (const [key, value] of a) {
      if (!b.has(key)) return false;
      if (!compare(value, (b as typeof a).get(key), seen)) return false;
    }
    return true;
  }
  let unmatched = a.size;
  for (const [key, value] of a.entries()) {
    for (const [otherKey, otherValue] of b.entries()) {
      if (!compare(key, otherKey, seen)) continue;
      // A set has each member as key and as value: it was compared just now.
      const isMember = key === value && otherKey === otherValue;
      if (isMember || compare(value, otherValue, seen)) {
        unmatched--;
        break;
      }
    }
  }
  return unmatched === 0;
}

function sameValueZero(a: unknown, b: unknown): boolean {
  return a === b || Object.is(a, b);
}

function sameElements(a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (!sameValueZero(a[i], b[i])) return false;
  }
  return true;
}

function samePrototype(a: object, b: object): boolean {
  const first = Object.getPrototypeOf(a) ?? Object.prototype;
  const second = Object.getPrototypeOf(b) ?? Object.prototype;
  return first === second;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isPrimitive(value: unknown): boolean {
  return !isObject(value) && typeof value !== "function";
}

function isKeyed(value: object): value is Keyed {
  return value instanceof Map || value instanceof Set;
}

/** Whether `String(value)` says all there is to say about it. Subclasses may hold more. */
function isWrittenInFull(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  if (
    prototype === RegExp.prototype || prototype === URL.prototype ||
    prototype === URLSearchParams.prototype ||
    prototype === Intl.Locale.prototype
  ) {
    return true;
  }
  const { Temporal } = globalThis as {
    Temporal?: Record<string, { prototype?: unknown }>;
  };
  return Temporal !== undefined &&
    Object.getOwnPropertyNames(Temporal).some((name) =>
      Temporal[name]?.prototype === prototype
    );
}

/** The keys to compare: what can be enumerated in plain objects and arrays, else all of them, inherited ones too. */
function keysOf(value: object): Set<PropertyKey> {
  const prototype = Object.getPrototypeOf(value);
  if (
    prototype === null || prototype === Object.prototype ||
    prototype === Array.prototype
  ) {
    return new Set(Reflect.ownKeys({ ...value }));
  }
  const keys = new Set<PropertyKey>();
  let at: object | null = value;
  while (
    at !== null && at !== Object.prototype && at !== Array.prototype
  ) {
    for (const key of Reflect.ownKeys(at)) keys.add(key);
    at = Object.getPrototypeOf(at);
  }
  return keys;
}

/** The fields of a form or a query by their names; a repeated one is an array. */
export type Fields<Value> = Record<string, Value | Value[]>;

/**
 * Collects fields into an object.
 *
 * A field called `__proto__` is left out: nothing wants it, and copied into
 * another object it would become that object's prototype.
 */
export function collectFields<Value>(
  entries: Iterable<[string, Value]>,
): Fields<Value> {
  // Not an object at once: "constructor" would be in it before it was sent.
  const fields = new Map<string, Value | Value[]>();
  for (const [name, value] of entries) {
    if (name === "__proto__") continue;
    const known = fields.get(name);
    if (known === undefined) fields.set(name, value);
    else if (Array.isArray(known)) known.push(value);
    else fields.set(name, [known, value]);
  }
  return Object.fromEntries(fields);
}

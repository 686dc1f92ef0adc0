/**
 * Moves a JSON Schema to another place, and its references with it.
 *
 * @module
 */

import type { JsonSchema } from "./schema.ts";

/** The URL of a schema that has none. */
const ROOT = "schema:///";

/** Keywords whose values are data, whatever they look like. */
const DATA = new Set(["const", "default", "enum", "examples"]);

/** Keywords whose values are schemas by name. */
const MAPS = new Set([
  "$defs",
  "definitions",
  "dependencies",
  "dependentSchemas",
  "patternProperties",
  "properties",
]);

/**
 * Moves a schema into a document: what refers to a part of it, by a pointer, an
 * `$id` or an `$anchor`, becomes a pointer from the root of the document.
 *
 * @param schema The schema.
 * @param base The pointer to its new place, such as `#/components/schemas/a`.
 * @returns The schema, without `$id` and `$anchor`.
 * @throws {TypeError} If it refers to a part that it does not have.
 */
export function moveSchema(schema: JsonSchema, base: string): JsonSchema {
  const targets = new Map<string, Target>();
  collectTargets(schema, { pointer: base, url: ROOT }, targets);
  return move(schema, ROOT, targets);
}

/** Where a schema is that has a URL, or a URL and an anchor. */
interface Target {
  readonly pointer: string;
  readonly schema: JsonSchema;
}

function collectTargets(
  schema: JsonSchema,
  { pointer, url }: { readonly pointer: string; readonly url: string },
  targets: Map<string, Target>,
): void {
  const own = readURL(schema, url);
  const target = { pointer, schema };
  if (!targets.has(own)) targets.set(own, target);
  const { $anchor, $id } = schema;
  if (typeof $anchor === "string") targets.set(`${own}#${$anchor}`, target);
  // The anchors of draft 7.
  if (typeof $id === "string" && $id.startsWith("#")) {
    targets.set(own + $id, target);
  }
  mapChildren(schema, (child, step) => {
    collectTargets(child, { pointer: pointer + step, url: own }, targets);
    return child;
  });
}

/** Reads the URL that the references in a schema are relative to. */
function readURL({ $id }: JsonSchema, outer: string): string {
  if (typeof $id !== "string") return outer;
  return splitURL($id, outer)?.url ?? outer;
}

function splitURL(
  reference: string,
  base: string,
): { url: string; fragment: string } | undefined {
  if (!URL.canParse(reference, base)) return undefined;
  const [url = ""] = new URL(reference, base).href.split("#");
  // As it is written: a URL would encode some of it.
  return { url, fragment: reference.split("#").slice(1).join("#") };
}

function move(
  schema: JsonSchema,
  outer: string,
  targets: ReadonlyMap<string, Target>,
): JsonSchema {
  const url = readURL(schema, outer);
  const moved = mapChildren(schema, (child) => move(child, url, targets));
  return Object.fromEntries(
    Object.entries(moved)
      .filter(([key, value]) =>
        !/^\$(id|anchor)$/.test(key) || typeof value !== "string"
      )
      .map(([key, value]) => [
        key,
        key === "$ref" && typeof value === "string"
          ? findTarget(value, url, targets)
          : value,
      ]),
  );
}

function findTarget(
  reference: string,
  base: string,
  targets: ReadonlyMap<string, Target>,
): string {
  const { url, fragment } = splitURL(reference, base) ??
    { url: reference, fragment: "" };
  const isPointer = fragment === "" || fragment.startsWith("/");
  const target = targets.get(isPointer ? url : `${url}#${fragment}`);
  const steps = target &&
    followPointer(target.schema, isPointer ? fragment : "");
  if (steps !== undefined) return target!.pointer + steps;
  // Another document, which the reader finds by itself.
  if (!url.startsWith(ROOT) && !targets.has(url)) return reference;
  throw new TypeError(`it refers to "${reference}", which it does not have`);
}

/** Follows a pointer, and writes it again as part of a URL. */
function followPointer(
  schema: JsonSchema,
  pointer: string,
): string | undefined {
  let at: unknown = schema;
  let steps = "";
  for (const part of pointer.split("/").slice(1)) {
    // Some libraries do not encode names.
    const key = [part, decode(part)]
      .map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"))
      .find((name) => Object.hasOwn(Object(at), name));
    if (key === undefined) return undefined;
    at = (at as JsonSchema)[key];
    steps += toStep(key);
  }
  return steps;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function toStep(key: string): string {
  const escaped = key.replaceAll("~", "~0").replaceAll("/", "~1");
  return `/${encodeURIComponent(escaped).replaceAll("%24", "$")}`;
}

/** Copies a schema with other subschemas; `step` is the pointer to each. */
function mapChildren(
  schema: JsonSchema,
  map: (child: JsonSchema, step: string) => JsonSchema,
): JsonSchema {
  const mapValue = (value: unknown, step: string): unknown =>
    isSchemaObject(value) ? map(value, step) : value;
  return mapEntries(schema, (value, key) => {
    const step = toStep(key);
    if (DATA.has(key)) return value;
    if (Array.isArray(value)) {
      return value.map((each, i) => mapValue(each, `${step}/${i}`));
    }
    if (!MAPS.has(key) || !isSchemaObject(value)) return mapValue(value, step);
    return mapEntries(
      value,
      (each, name) => mapValue(each, step + toStep(name)),
    );
  });
}

function mapEntries(
  object: JsonSchema,
  map: (value: unknown, key: string) => unknown,
): JsonSchema {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [key, map(value, key)]),
  );
}

function isSchemaObject(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The schemas of events and routes, as JSON Schema and as text.
 *
 * @module
 */

import type { StandardSchemaV1 } from "../../neffos/mod.ts";

/**
 * A JSON Schema, as an object.
 *
 * @category Observability
 */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * The side of a schema that is meant: what goes into its validation (`"input"`),
 * as for a body that a client sends, or what comes out of it (`"output"`). zod's
 * `toJSONSchema()` takes it as its second argument.
 *
 * @category Observability
 */
export interface SchemaUse {
  /** The side. */
  readonly io: "input" | "output";
}

/**
 * Options of {@linkcode Application.explain}.
 *
 * @category Observability
 */
export interface ExplainOptions {
  /**
   * Converts a schema to JSON Schema, for libraries whose schemas cannot do it
   * themselves.
   *
   * @default {`schema["~standard"].jsonSchema`, which the schemas of zod 4.2 and
   * ArkType 2.1.28 have, else none}
   * @param schema The schema, as the controller declares it.
   * @param use The side that is meant.
   * @returns The JSON Schema, `undefined` if there is none.
   */
  toJsonSchema?(
    schema: StandardSchemaV1,
    use: SchemaUse,
  ): object | undefined;
}

/**
 * A schema of an event or a route.
 *
 * @category Observability
 */
export interface SchemaExplanation {
  /** The library, such as `"zod"`. */
  readonly vendor: string;
  /** The JSON Schema, where there is one. */
  readonly jsonSchema?: JsonSchema;
}

/**
 * The part of the Standard JSON Schema specification that is used here:
 * https://standardschema.dev/json-schema
 */
interface MaybeConvertible {
  readonly jsonSchema?: {
    readonly [Side in SchemaUse["io"]]?: (
      options: { readonly target: string },
    ) => object;
  };
}

/** What AsyncAPI's own schemas are a superset of. */
const TARGET = "draft-07";

/**
 * Explains a schema.
 *
 * @param schema The schema.
 * @param place What it validates, for the error.
 * @throws {TypeError} If the converter of the program throws.
 */
export function explainSchema(
  schema: StandardSchemaV1,
  { io, place, toJsonSchema }: SchemaUse & ExplainOptions & {
    readonly place: string;
  },
): SchemaExplanation {
  const { vendor } = schema["~standard"];
  let jsonSchema: JsonSchema | undefined;
  try {
    const found = toJsonSchema?.(schema, { io });
    jsonSchema = found && toPlain(found);
  } catch (cause) {
    throw new TypeError(
      `Cannot convert the schema of ${place} to JSON Schema: toJsonSchema() has failed`,
      { cause },
    );
  }
  jsonSchema ??= convert(schema, io);
  return { vendor, ...(jsonSchema && { jsonSchema }) };
}

/**
 * Makes it plain and detached: libraries hang more on it than JSON.
 *
 * @throws {TypeError} If it is not a JSON Schema, or a promise of one.
 */
function toPlain(found: object): JsonSchema {
  if (typeof found !== "object" || found instanceof Promise) {
    throw new TypeError(
      `it has returned ${
        found instanceof Promise ? "a promise" : `a ${typeof found}`
      }, and must return an object`,
    );
  }
  const { $schema: _, ...jsonSchema } = JSON.parse(JSON.stringify(found));
  return jsonSchema;
}

/** Converts a schema that can do it itself. */
function convert(
  { "~standard": standard }: StandardSchemaV1,
  io: SchemaUse["io"],
): JsonSchema | undefined {
  try {
    const found = (standard as MaybeConvertible).jsonSchema?.[io]?.({
      target: TARGET,
    });
    return found && toPlain(found);
  } catch {
    // It has something that JSON Schema cannot say, such as a transformation.
    return undefined;
  }
}

/** Writes a schema in the manner of TypeScript. */
export function describeSchema(
  { vendor, jsonSchema }: SchemaExplanation,
): string {
  return jsonSchema === undefined
    ? `a schema of ${vendor}`
    : describe(jsonSchema);
}

function describe(schema: unknown): string {
  if (typeof schema !== "object" || schema === null) return "unknown";
  const { type, properties, items, ...rest } = schema as JsonSchema;
  if ("const" in rest) return JSON.stringify(rest.const);
  if (Array.isArray(rest.enum)) {
    return rest.enum.map((value) => JSON.stringify(value)).join(" | ");
  }
  const choices = rest.anyOf ?? rest.oneOf;
  if (Array.isArray(choices)) return choices.map(describe).join(" | ");
  if (Array.isArray(rest.allOf)) return rest.allOf.map(describe).join(" & ");
  if (rest.$ref === "#") return "this";
  if (typeof rest.$ref === "string") return rest.$ref.split("/").at(-1)!;
  if (Array.isArray(type)) return type.join(" | ");
  if (type === "array") return describeArray(items);
  if (typeof properties === "object" && properties !== null) {
    return describeObject(properties as JsonSchema, rest.required);
  }
  return typeof type === "string" ? type : "unknown";
}

function describeArray(items: unknown): string {
  if (Array.isArray(items)) return `[${items.map(describe).join(", ")}]`;
  const { type, enum: values, anyOf, oneOf, allOf } = Object(items);
  const isOne = [type, values, anyOf, oneOf, allOf].every((choices) =>
    !Array.isArray(choices)
  );
  return isOne ? `${describe(items)}[]` : `(${describe(items)})[]`;
}

function describeObject(properties: JsonSchema, required: unknown): string {
  const names: readonly unknown[] = Array.isArray(required) ? required : [];
  const fields = Object.entries(properties).map(([name, schema]) =>
    `${/^[\w$]+$/.test(name) ? name : JSON.stringify(name)}${
      names.includes(name) ? "" : "?"
    }: ${describe(schema)}`
  );
  return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
}

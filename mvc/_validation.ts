import type { StandardSchemaV1 } from "../neffos/mod.ts";
import { HttpError } from "./http_error.ts";

/**
 * Gives what a schema makes of something that a client sent.
 *
 * @param what What it is, for the text of the error.
 * @throws {HttpError} 400 with the issues, if it is not what the schema wants.
 */
export async function validate<T>(
  schema: StandardSchemaV1<unknown, T>,
  value: unknown,
  what: "body" | "query",
): Promise<T> {
  const result = await schema["~standard"].validate(value);
  if (result.issues === undefined) return result.value;
  const issues = result.issues.map(({ message, path = [] }) => ({
    path: path.map((part) => String(typeof part === "object" ? part.key : part))
      .join("."),
    message,
  }));
  const texts = issues.map(({ path, message }) =>
    path === "" ? message : `${path}: ${message}`
  );
  const text = `Cannot accept the ${what}: ${texts.join("; ")}`;
  throw new HttpError(400, text, { body: { error: text, issues } });
}

/** Tells a schema that the types may not have seen. */
export function isSchema(value: unknown): value is StandardSchemaV1 {
  // Those of arktype are functions.
  if (typeof value !== "object" && typeof value !== "function") return false;
  const { "~standard": standard } = (value ?? {}) as Partial<StandardSchemaV1>;
  return typeof standard?.validate === "function";
}

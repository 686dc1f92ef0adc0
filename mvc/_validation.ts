import type { StandardSchemaV1 } from "../neffos/mod.ts";
import { describeIssues, joinIssues } from "../neffos/_standard_schema.ts";
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
  const issues = describeIssues(result.issues);
  const text = `Cannot accept the ${what}: ${joinIssues(issues)}`;
  throw new HttpError(400, text, { body: { error: text, issues } });
}

import {
  describeIssues,
  joinIssues,
  type StandardSchemaV1,
} from "./_standard_schema.ts";
import { EventError } from "./errors.ts";
import type { Message } from "./message.ts";

/** Gives the body of a message to a schema, in each way it can be read. */
export function parseBody<Output>(
  msg: Message,
  schema: StandardSchemaV1<unknown, Output>,
): Output | Promise<Output> {
  const text = msg.text();
  const bytes = typeof msg.body === "string" ? [] : [msg.body];
  let json: unknown;
  try {
    json = msg.json();
  } catch (error) {
    return accept(schema, [text, ...bytes], () => error);
  }
  // Only who writes a string as JSON by itself sends one in quotes.
  const first = text.startsWith('"') ? [text, json] : [json, text];
  const values = [...first, ...bytes];
  return accept(
    schema,
    values,
    (issues) => refusal(msg, issues[values.indexOf(json)]!),
  );
}

type Result<Output> = StandardSchemaV1.Result<Output>;
type Issues = readonly StandardSchemaV1.Issue[];

/** Gives what a schema makes of the first value that it accepts. */
function accept<Output>(
  schema: StandardSchemaV1<unknown, Output>,
  values: readonly unknown[],
  refuse: (issues: readonly Issues[]) => unknown,
): Output | Promise<Output> {
  const found: Issues[] = [];

  function next(): Output | Promise<Output> {
    if (found.length === values.length) throw refuse(found);
    const result = schema["~standard"].validate(values[found.length]);
    return isThenable(result)
      ? Promise.resolve(result).then(settle)
      : settle(result);
  }

  function settle(result: Result<Output>): Output | Promise<Output> {
    if (result.issues === undefined) return result.value;
    found.push(result.issues);
    return next();
  }

  return next();
}

/** Promises of other kinds too: taken for a result they would have no issues. */
function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as Partial<PromiseLike<T>>).then === "function";
}

function refusal(
  { namespace, event }: Message,
  issues: readonly StandardSchemaV1.Issue[],
): EventError {
  const text = joinIssues(describeIssues(issues));
  return new EventError(
    `Cannot accept the body of event "${event}": ${text}`,
    { namespace, event },
  );
}

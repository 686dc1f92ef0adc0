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
  let json: unknown;
  try {
    json = msg.json();
  } catch (error) {
    return settle(validate(schema, text), (result) => {
      if (result.issues === undefined) return result.value;
      throw error;
    });
  }
  // Only who writes a string as JSON by itself sends one in quotes.
  const values = text.startsWith('"') ? [text, json] : [json, text];
  return settle(validate(schema, values[0]), (first) => {
    if (first.issues === undefined) return first.value;
    return settle(validate(schema, values[1]), (second) => {
      if (second.issues === undefined) return second.value;
      throw refusal(msg, values[0] === json ? first.issues : second.issues);
    });
  });
}

type Settled<Output> = StandardSchemaV1.Result<Output>;

function validate<Output>(
  schema: StandardSchemaV1<unknown, Output>,
  value: unknown,
): Settled<Output> | Promise<Settled<Output>> {
  return schema["~standard"].validate(value);
}

/** Goes on at once where nothing is pending. */
function settle<T, R>(
  value: T | Promise<T>,
  then: (value: T) => R | Promise<R>,
): R | Promise<R> {
  return value instanceof Promise ? value.then(then) : then(value);
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

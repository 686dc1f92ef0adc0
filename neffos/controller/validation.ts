import { Message } from "../protocol/message.ts";
import { isSchema, type StandardSchemaV1 } from "../protocol/schema.ts";
import type { SourceHandler } from "./events.ts";
import { readStatic } from "./members.ts";

/** The schemas of a controller's events, by the names of its methods. */
export type Schemas = Readonly<Record<string, StandardSchemaV1>>;

/** A message whose `json()` returns the output of a schema. */
class ValidMessage extends Message {
  readonly #value: unknown;

  constructor(msg: Message, value?: unknown) {
    super({ ...msg });
    this.#value = value;
  }

  override json<U>(): U {
    if (this.error !== undefined) throw this.error;
    // The compiler has compared the schema with the method's parameter.
    return this.#value as U;
  }
}

/** Makes a handler that validates the body of each message first. */
export function validateBody(
  handler: SourceHandler,
  schema: StandardSchemaV1,
): SourceHandler {
  const validated: SourceHandler = (nsConn, msg, instance) => {
    // An error frame has no body to validate.
    if (msg.error !== undefined) {
      return handler(nsConn, new ValidMessage(msg), instance);
    }
    const value = msg.parse(schema);
    return value instanceof Promise
      ? value.then((value) =>
        handler(nsConn, new ValidMessage(msg, value), instance)
      )
      : handler(nsConn, new ValidMessage(msg, value), instance);
  };
  return Object.assign(validated, { isAsync: handler.isAsync });
}

/**
 * Reads the `static events` of a controller.
 *
 * @throws {TypeError} When it is no object of Standard Schema validators.
 */
export function readSchemas(controller: object, name: string): Schemas {
  const events = readStatic(controller, "events") ?? {};
  if (typeof events !== "object") {
    throw new TypeError(
      `Cannot validate events of ${name}: its static events must be an object of schemas, not a ${typeof events}`,
    );
  }
  for (const [event, schema] of Object.entries(events)) {
    if (isSchema(schema)) continue;
    throw new TypeError(
      `Cannot validate event "${event}" of ${name}: its schema must follow the Standard Schema specification, as those of zod, valibot and arktype do`,
    );
  }
  return events as Schemas;
}

import { Message } from "../protocol/message.ts";
import { isSchema, type StandardSchemaV1 } from "../protocol/schema.ts";
import type { SourceHandler } from "./events.ts";
import { staticOf } from "./members.ts";

/** The schemas of a controller's events, by the names of its methods. */
export type Schemas = Readonly<Record<string, StandardSchemaV1>>;

/** A message whose body was validated: its `json()` is what came out. */
class ValidMessage extends Message {
  readonly #value: unknown;

  constructor(msg: Message, value?: unknown) {
    super({ ...msg });
    this.#value = value;
  }

  override json<U>(): U {
    if (this.error !== undefined) throw this.error;
    // The compiler has compared the schema with what the method takes.
    return this.#value as U;
  }
}

/** Has the body of each message validated before the handler is called. */
export function validateFor(
  handler: SourceHandler,
  schema: StandardSchemaV1,
): SourceHandler {
  const validated: SourceHandler = (nsConn, msg, instance) => {
    // An error of the other side has no body that could be validated.
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
export function schemasOf(controller: object, name: string): Schemas {
  const events = staticOf(controller, "events") ?? {};
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
  // Checked above.
  return events as Schemas;
}

import { describe } from "../protocol/errors.ts";
import { Message } from "../protocol/message.ts";
import type { StandardSchemaV1 } from "../protocol/body.ts";
import type { EventMiddleware, SourceHandler } from "./events.ts";

/** A method of a controller. */
export type Method = (this: object, ...args: unknown[]) => unknown;

/** Lists the methods of a class or an object by name, inherited ones too. */
export function listMethods(controller: object): Map<string, Method> {
  const methods = new Map<string, Method>();
  let level: object | null = typeof controller === "function"
    ? controller.prototype
    : controller;
  for (; level && level !== Object.prototype; level = getParent(level)) {
    for (const name of Object.getOwnPropertyNames(level)) {
      if (name === "constructor" || methods.has(name)) continue;
      const { value } = Object.getOwnPropertyDescriptor(level, name)!;
      if (typeof value === "function") methods.set(name, value);
    }
  }
  return methods;
}

/**
 * Reads the namespace of a class or an object.
 *
 * @throws {TypeError} When it is no string.
 */
export function readNamespace(
  controller: object,
  name: string,
): string | undefined {
  const Class = controller.constructor;
  const namespace = readField(controller) ??
    (typeof controller === "function" ? undefined : readField(Class ?? {}));
  if (namespace === undefined || typeof namespace === "string") {
    return namespace;
  }
  throw new TypeError(
    `Cannot find the namespace of ${name}: it is ${
      describe(namespace)
    }, and must be a string`,
  );
}

/** Reads `namespace`, a value or a method. */
export function readField(owner: object & { namespace?: unknown }): unknown {
  return typeof owner.namespace === "function"
    ? owner.namespace()
    : owner.namespace;
}

/** Whether a value is a class, as opposed to a function that can be called. */
export function isClass(value: unknown): value is { readonly name: string } {
  return typeof value === "function" &&
    /^class\b/.test(Function.prototype.toString.call(value));
}

/**
 * Reads a static field of a class, or of the class of an instance. An object
 * without a class has it as its own field.
 */
export function readStatic(controller: object, field: string): unknown {
  const owner = findStaticOwner(controller);
  // Every class inherits the fields of Function.prototype, such as `name`.
  return owner !== undefined && field in owner && !(field in Function.prototype)
    ? Reflect.get(owner, field)
    : undefined;
}

/** Finds the object that has the static fields of a controller. */
export function findStaticOwner(controller: object): object | undefined {
  if (typeof controller === "function" || isPlain(controller)) {
    return controller;
  }
  const Class: unknown = controller.constructor;
  return typeof Class === "function" ? Class : undefined;
}

function isPlain(controller: object): boolean {
  const parent = getParent(controller);
  return parent === null || parent === Object.prototype;
}

/** Gets the prototype of an object. */
export function getParent(level: object): object | null {
  return Object.getPrototypeOf(level);
}

/** The schemas of a controller's events, by the names of its methods. */
export type Schemas = Readonly<Record<string, StandardSchemaV1>>;

/** A message whose `json()` returns the output of a schema. */
class ValidMessage extends Message {
  readonly #value: unknown;

  constructor(msg: Message, value: unknown) {
    super({ ...msg });
    this.#value = value;
  }

  override json<U>(): U {
    // The compiler has compared the schema with the method's parameter.
    return this.#value as U;
  }
}

/** Makes a handler that validates the body of each message first. */
export function validateBody(
  handler: SourceHandler,
  schema: StandardSchemaV1,
): SourceHandler {
  return (nsConn, msg, instance) => {
    // An error frame has no body: nothing of it would have been validated.
    if (msg.error !== undefined) return;
    const value = msg.parse(schema);
    return value instanceof Promise
      ? value.then((value) =>
        handler(nsConn, new ValidMessage(msg, value), instance)
      )
      : handler(nsConn, new ValidMessage(msg, value), instance);
  };
}

/** Reads the `static events` of a controller. */
export function readSchemas(controller: object): Schemas {
  return (readStatic(controller, "events") ?? {}) as Schemas;
}

/** Reads the `static use` of a controller. */
export function readMiddleware(controller: object): EventMiddleware[] {
  return (readStatic(controller, "use") ?? []) as EventMiddleware[];
}

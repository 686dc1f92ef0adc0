import { NSConn } from "../api/ns_conn.ts";
import {
  beginsWith,
  findMeantEvent,
  isNearly,
} from "../protocol/event_names.ts";
import { Message } from "../protocol/message.ts";
import { isSchema, type StandardSchemaV1 } from "../protocol/body.ts";
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
 * @throws {TypeError} When it is no string, stands in a class as a field of
 * the instances, or class and instance have different ones.
 */
export function readNamespace(
  controller: object,
  name: string,
): string | undefined {
  const isClass = typeof controller === "function";
  if (isClass && "namespace" in controller.prototype) {
    throw new TypeError(
      `Cannot find the namespace of ${name}: a class has it in a static field, write \`static namespace\``,
    );
  }
  const fromClass = isClass
    ? undefined
    : readField(controller.constructor ?? {});
  const namespace = readField(controller) ?? fromClass;
  if (namespace === undefined) return undefined;
  if (typeof namespace !== "string") {
    throw new TypeError(
      `Cannot find the namespace of ${name}: it is of type "${typeof namespace}", and must be a string`,
    );
  }
  if (fromClass !== undefined && fromClass !== namespace) {
    throw new TypeError(
      `Cannot find the namespace of ${name}: it is "${fromClass}" in the class and "${namespace}" in the instance`,
    );
  }
  return namespace;
}

/** Reads `namespace`, a value or a method. */
function readField(owner: object & { namespace?: unknown }): unknown {
  return typeof owner.namespace === "function"
    ? owner.namespace()
    : owner.namespace;
}

/** The static fields of a controller. */
const FIELDS = ["namespace", "inject", "events", "use"];

/**
 * Refuses what would be ignored without a word: fields and events that stand
 * in the wrong place, or are misspelt.
 *
 * @throws {TypeError} That says what to write.
 */
export function assertMembers(controller: object, name: string): void {
  const isClass = typeof controller === "function";
  const owner = findStaticOwner(controller);
  for (const [key, { value }] of listOwn(owner, Function.prototype)) {
    const meant = FIELDS.find((field) => isMisspelt(key, field));
    if (meant !== undefined && (isClass || typeof value !== "function")) {
      throw fail(`read "${key}" of ${name}`, `its name is ${meant}`);
    }
    if (owner !== controller || isClass) {
      if (typeof value === "function" && beginsWith(key, "on")) {
        throw fail(
          `handle an event with ${name}.${key}`,
          "it is static, write it as a method",
        );
      }
    }
  }
  const members = isClass ? controller.prototype : controller;
  for (const [key, { value, get }] of listOwn(members, Object.prototype)) {
    const isMisplaced = key === "inject" ||
      (get !== undefined && FIELDS.includes(key));
    if (isClass && isMisplaced) {
      throw fail(
        `read "${key}" of ${name}`,
        `a class has it in a static field, write \`static ${key}\``,
      );
    }
    if (!isClass && /^namespace$/i.test(key) && key !== "namespace") {
      throw fail(`read "${key}" of ${name}`, "its name is namespace");
    }
    if (get !== undefined && beginsWith(key, "on")) {
      throw fail(
        `handle an event with ${name}.${key}`,
        "it is a getter, write it as a method",
      );
    }
    if (isGenerator(value) && beginsWith(key, "on")) {
      throw fail(
        `handle an event with ${name}.${key}`,
        "a generator is no answer; write a method that returns a list",
      );
    }
    const meant = typeof value === "function" ? findMeantEvent(key) : undefined;
    if (meant !== undefined) {
      throw fail(
        `handle an event with ${name}.${key}`,
        `there is no such built-in event, write ${meant}`,
      );
    }
  }
}

const GENERATORS: readonly unknown[] = [
  Object.getPrototypeOf(function* () {}),
  Object.getPrototypeOf(async function* () {}),
];

/** Whether a value is a generator function, also an asynchronous one. */
export function isGenerator(value: unknown): boolean {
  return typeof value === "function" &&
    GENERATORS.includes(Object.getPrototypeOf(value));
}

/**
 * Refuses a class that an Application has to make, for one that makes
 * `new Class(nsConn)`: its other arguments would be missing.
 *
 * @throws {TypeError} That says what to write.
 */
export function assertConstructor(
  controller: { readonly length: number },
  name: string,
): void {
  const inject = readStatic(controller, "inject");
  const isInjected = Array.isArray(inject) &&
    inject.some((token) => token !== NSConn);
  if (controller.length <= 1 && !isInjected) return;
  throw fail(
    `make a controller of ${name}`,
    `a Struct makes it as new ${name}(nsConn); handle it with an Application, which injects its services, or give the option "create"`,
  );
}

/**
 * Refuses fields of an instance that stand in the wrong place, which cannot be
 * seen in its class.
 *
 * @throws {TypeError} That says what to write.
 */
export function assertFields(
  instance: object,
  name: string,
  namespace: string | undefined,
): void {
  for (const [key, value] of Object.entries(instance)) {
    if (
      typeof value === "function" && beginsWith(key, "on") &&
      !isMeantAsField(instance, key)
    ) {
      throw fail(
        `handle events with ${name}.${key}`,
        "it is a field, write it as a method",
      );
    }
    if (
      namespace === undefined && /^namespace$/i.test(key) &&
      typeof value === "string"
    ) {
      throw fail(
        `find the namespace of ${name}`,
        "a class has it in a static field, write `static namespace`",
      );
    }
  }
}

/** What a constructor keeps: `this.onLog = onLog`, `this.onLog = options.onLog`. */
const KEPT = /\bthis\.([\w$]+)\s*=\s*[\w$.]+\s*(?:[;,}\n]|\?\?|\|\|)/g;

/**
 * Tells whether a field with a function is no mistake: it hides a method of the
 * same name, as by `this.onChat = this.onChat.bind(this)`, or the constructor was
 * given the function.
 */
export function isMeantAsField(instance: object, key: string): boolean {
  let level = getParent(instance);
  for (; level && level !== Object.prototype; level = getParent(level)) {
    const own = Object.getOwnPropertyDescriptor(level, key);
    if (typeof own?.value === "function") return true;
    if (typeof level.constructor !== "function") continue;
    const text = Function.prototype.toString.call(level.constructor);
    for (const [, kept] of text.matchAll(KEPT)) if (kept === key) return true;
  }
  return false;
}

/**
 * Refuses a method that is called with other arguments than it takes. The
 * number of arguments does not tell all of it, so the usual names count as well.
 *
 * @throws {TypeError} That says what to write.
 */
export function assertSignature(
  method: Method,
  { owner, name, isShared }: {
    readonly owner: string;
    readonly name: string;
    readonly isShared: boolean;
  },
): void {
  const { length } = method;
  const first = length === 1 ? readFirstParameter(method) : "";
  const wrong = isShared
    ? /^_?(m|msg|message|body|data|text|payload)$/i
    : /^_?(conn|ns|nsConn)$/i;
  if (length <= (isShared ? 2 : 1) && !wrong.test(first)) return;
  throw fail(
    `handle an event with ${owner}.${name}`,
    `it takes ${length === 1 ? `(${first})` : `${length} arguments`}, but ${
      isShared
        ? "shared controllers take (nsConn, msg)"
        : "controllers of one connection take (msg)"
    }`,
  );
}

function readFirstParameter(method: Method): string {
  const text = Function.prototype.toString.call(method);
  const [, name = ""] = /^(?:async\s+)?([\w$]+)\s*=>/.exec(text) ??
    /^[^(]*\(\s*([\w$]+)/.exec(text) ?? [];
  return name;
}

/** Whether a value is a class, as opposed to a function that can be called. */
export function isClass(value: unknown): boolean {
  return typeof value === "function" &&
    /^class\b/.test(Function.prototype.toString.call(value));
}

/** Whether a key is nearly the name of a field; `user` is not nearly `use`. */
function isMisspelt(key: string, field: string): boolean {
  const lower = key.toLowerCase();
  return key !== field &&
    (lower === field || lower === `${field}s` ||
      (field.length > 3 && isNearly(lower, field)));
}

/** Lists the properties of an object and of those that it inherits from. */
function listOwn(
  object: object | undefined,
  end: object,
): [key: string, descriptor: PropertyDescriptor][] {
  const found: [string, PropertyDescriptor][] = [];
  let level: object | null = object ?? null;
  for (; level && level !== end && level !== Object.prototype;) {
    found.push(...Object.entries(Object.getOwnPropertyDescriptors(level)));
    level = getParent(level);
  }
  return found;
}

function fail(action: string, reason: string): TypeError {
  return new TypeError(`Cannot ${action}: ${reason}`);
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

function getParent(level: object): object | null {
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

/**
 * Reads the `static events` of a controller.
 *
 * @throws {TypeError} When it is not an object of Standard Schema validators.
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

/**
 * Reads the `static use` of a controller.
 *
 * @throws {TypeError} When it is not an array of functions.
 */
export function readMiddleware(
  controller: object,
  name: string,
): EventMiddleware[] {
  const use = readStatic(controller, "use") ?? [];
  assertMiddleware(use, name);
  return [...use];
}

/**
 * Checks a list of middleware, since JavaScript programs have no compiler.
 *
 * @throws {TypeError} When it is not an array of functions.
 */
export function assertMiddleware(
  use: unknown,
  name: string,
): asserts use is EventMiddleware[] {
  if (Array.isArray(use) && use.every((each) => typeof each === "function")) {
    return;
  }
  throw new TypeError(
    `Cannot use middleware in ${name}: it should be an array of functions (nsConn, msg, next)`,
  );
}

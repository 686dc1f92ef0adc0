/**
 * Mistakes in controllers and objects of functions, which would be silent: a
 * server looks for them when it starts. A client does not, since a page would
 * have to load all of it.
 */

import { NSConn } from "../api/ns_conn.ts";
import {
  beginsWith,
  BUILT_IN,
  findBuiltInEvent,
  OnNamespaceConnect,
  OnNamespaceDisconnect,
  OnRoomJoin,
  OnRoomLeave,
  OnRoomLeft,
} from "../protocol/event_names.ts";
import { isSchema } from "../protocol/body.ts";
import { describe } from "../protocol/errors.ts";
import type { Binding, EventMiddleware, NamespaceSource } from "./events.ts";
import {
  findStaticOwner,
  getParent,
  isClass,
  listMethods,
  type Method,
  readField,
  readMiddleware,
  readSchemas,
  readStatic,
  type Schemas,
} from "./members.ts";

import { makeDuplicateError } from "./sources.ts";

/**
 * Looks for mistakes in the handlers of a server.
 *
 * @param sources The handlers.
 * @returns The handlers; the first instance of a controller is looked at when it
 * is made.
 * @throws {TypeError} That says what to write.
 */
export function checkSources(
  sources: readonly NamespaceSource[],
): NamespaceSource[] {
  const checked = sources.map(checkSource);
  const known = new Map<string, Set<object>>();
  for (const { namespace, controller, name } of sources) {
    if (controller === undefined) continue;
    const same = known.get(namespace) ?? new Set();
    if (same.has(controller)) {
      throw fail(
        `handle namespace "${namespace}" with ${name} twice`,
        "give each its own namespace, for instance with setNamespace()",
      );
    }
    known.set(namespace, same.add(controller));
  }
  return checked;
}

function checkSource(source: NamespaceSource): NamespaceSource {
  const { controller, name, events, methods, isShared = false, bind } = source;
  if (events !== undefined) assertEvents(events, source.namespace);
  if (controller === undefined || methods === undefined) return source;
  assertController(controller, name);
  if (typeof controller === "function" && !source.isInjected) {
    assertConstructor(controller as { readonly length: number }, name);
  }
  const all = listMethods(controller);
  if (methods.size === 0) {
    throw fail(
      `handle events with ${name}`,
      `none of its methods (${
        [...all.keys()].join(", ")
      }) is an event, name one like its event, for instance onChat`,
    );
  }
  for (const key of methods.values()) {
    assertSignature(all.get(key)!, { owner: name, name: key, isShared });
  }
  return bind === undefined
    ? source
    : { ...source, bind: checkInstance(source, bind) };
}

/** Checks the first instance for fields that its class does not show. */
function checkInstance(
  { name, namespace }: NamespaceSource,
  bind: NonNullable<NamespaceSource["bind"]>,
): (nsConn: NSConn) => Promise<Binding> {
  let isChecked = false;
  return async (nsConn) => {
    const binding = await bind(nsConn);
    if (isChecked) return binding;
    try {
      assertFields(binding.instance, name, namespace);
    } catch (error) {
      await binding.dispose?.();
      throw error;
    }
    isChecked = true;
    return binding;
  };
}

/** Refuses events that are not functions of a program's own choice. */
function assertEvents(events: object, namespace: string): void {
  const known = new Set<string>();
  for (const [key, handler] of Object.entries(events)) {
    const event = findBuiltInEvent(key) ?? key;
    if (known.has(event)) {
      const name = `events of namespace "${namespace}"`;
      throw makeDuplicateError(namespace, key, [name, name]);
    }
    known.add(event);
    if (isClass(handler)) {
      throw fail(
        `handle event "${key}" of namespace "${namespace}" with the class ${handler.name}`,
        `write new Struct(${handler.name})`,
      );
    }
    const meant = findMeantEvent(key);
    if (meant !== undefined) {
      throw fail(
        `handle event "${key}" of namespace "${namespace}"`,
        `there is no such built-in event, write ${meant}`,
      );
    }
  }
}

/**
 * Looks for mistakes in a controller.
 *
 * @param controller The class or the object.
 * @param name Its name, for error texts.
 * @throws {TypeError} That says what to write.
 */
export function assertController(controller: object, name: string): void {
  assertNamespace(controller, name);
  assertMembers(controller, name);
  assertMiddleware(readMiddleware(controller), name);
  const methods = listMethods(controller);
  for (const key of listSchemas(controller, name)) {
    if (methods.has(key) && findBuiltInEvent(key) === undefined) continue;
    throw fail(
      `validate event "${key}" of ${name}`,
      "its static events should name methods that handle events of its own",
    );
  }
  for (const field of ["answers", "emits"] as const) {
    for (
      const [key, schema] of Object.entries(readOutputs(controller, field))
    ) {
      const isKnown = field === "emits" || methods.has(key);
      if (isKnown && isSchema(schema)) continue;
      throw fail(
        `describe "${key}" in the static ${field} of ${name}`,
        isKnown
          ? "its schema must follow the Standard Schema specification"
          : "it should name methods that handle events of its own",
      );
    }
  }
  if (methods.size === 0) {
    throw fail(
      `handle events with ${name}`,
      "it has no methods, name one like its event, for instance onChat; a field with a function is none",
    );
  }
}

/** Lists the names in the `static events` of a controller. */
function listSchemas(controller: object, name: string): string[] {
  const events: unknown = readSchemas(controller);
  if (typeof events !== "object") {
    throw new TypeError(
      `Cannot validate events of ${name}: its static events must be an object of schemas, not ${
        describe(events)
      }`,
    );
  }
  for (const [event, schema] of Object.entries(events ?? {})) {
    if (isSchema(schema)) continue;
    throw new TypeError(
      `Cannot validate event "${event}" of ${name}: its schema must follow the Standard Schema specification, as those of zod, valibot and arktype do`,
    );
  }
  return Object.keys(events ?? {});
}

/**
 * Reads the `static answers` or `static emits` of a controller: schemas of what
 * it sends, which describe and validate nothing. Without any schema in it, the
 * field is one of the program's own.
 */
export function readOutputs(
  controller: object,
  field: "answers" | "emits",
): Schemas {
  const found = readStatic(controller, field);
  return typeof found === "object" && found !== null &&
      Object.values(found).some(isSchema)
    ? found as Schemas
    : {};
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

/** Refuses a namespace that stands in the wrong place, or is not the same. */
function assertNamespace(controller: object, name: string): void {
  const action = `find the namespace of ${name}`;
  if (typeof controller === "function") {
    if (!("namespace" in controller.prototype)) return;
    throw fail(
      action,
      "a class has it in a static field, write `static namespace`",
    );
  }
  const own = readField(controller);
  const fromClass = readField(controller.constructor ?? {});
  if (own === undefined || fromClass === undefined || own === fromClass) return;
  throw fail(
    action,
    `it is "${fromClass}" in the class and "${own}" in the instance`,
  );
}

/** The static fields of a controller. */
const FIELDS = ["namespace", "inject", "events", "use"];

/**
 * Refuses what would be ignored without a word: fields and events that stand
 * in the wrong place, or are misspelt.
 *
 * @throws {TypeError} That says what to write.
 */
function assertMembers(controller: object, name: string): void {
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
function assertConstructor(
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
function assertFields(
  instance: object,
  name: string,
  namespace: string,
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
      /^namespace$/i.test(key) && typeof value === "string" &&
      value !== namespace
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
function assertSignature(
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

/** Forms of the built-in events that people write and that do not exist. */
const WRONG_FORMS: readonly (readonly [wrong: string, right: string])[] = [
  ["namespaceconnecting", OnNamespaceConnect],
  ["namespacedisconnected", OnNamespaceDisconnect],
  ["namespacedisconnecting", OnNamespaceDisconnect],
  ["roomjoining", OnRoomJoin],
  ["roomleaving", OnRoomLeave],
  ["roomleaved", OnRoomLeft],
];

const FORMS = [
  ...Array.from(
    BUILT_IN,
    (name) => [name.slice(3).toLowerCase(), name] as const,
  ),
  ...WRONG_FORMS,
];

/**
 * Finds the built-in event that the name of a method or a key was meant to be:
 * `onNamespaceDisconnected`, `OnRoomJoind`.
 *
 * @param name The name.
 * @returns What to write, `undefined` if it is right or far from all of them.
 */
export function findMeantEvent(name: string): string | undefined {
  if (findBuiltInEvent(name) !== undefined || hasOtherWord(name)) {
    return undefined;
  }
  const [, bare] = /^on(.+)/.exec(name.replaceAll("_", "").toLowerCase()) ?? [];
  const found = FORMS.filter(([form]) => bare && isTypo(bare, form))
    .map(([, event]) => `o${event.slice(2)}`);
  return found.length === 0 ? undefined : [...new Set(found)].join(" or ");
}

/** Whether a name is a built-in one with one more word: `onAnyEventX`. */
function hasOtherWord(name: string): boolean {
  return /[\p{Lu}\p{N}_]$/u.test(name) &&
    findBuiltInEvent(name.slice(0, -1)) !== undefined;
}

/** The length from which a name with another letter is no other word. */
const MIN_LONG = 12;

/** Whether a text is nearly a form; `zoomjoin` and `roomlease` are words of their own. */
function isTypo(text: string, form: string): boolean {
  return isNearly(text, form) &&
    (form.length >= MIN_LONG || text.length !== form.length || text === form ||
      [...text].toSorted().join() === [...form].toSorted().join()) &&
    text.charAt(0) === form.charAt(0);
}

/** Whether two texts differ by at most one letter, or two that are swapped. */
export function isNearly(a: string, b: string): boolean {
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  const [restA, restB] = [a.slice(i), b.slice(i)];
  return restA.slice(1) === restB.slice(1) || restA.slice(1) === restB ||
    restA === restB.slice(1) ||
    (restA.slice(2) === restB.slice(2) &&
      restA.charAt(0) + restA.charAt(1) === restB.charAt(1) + restB.charAt(0));
}

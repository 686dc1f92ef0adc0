/**
 * Members of an HTTP controller that look like routes or settings and are none:
 * each would be ignored without a word.
 *
 * @module
 */

import {
  findStaticOwner,
  isGenerator,
  isMeantAsField,
  listMethods,
} from "../../neffos/internal.ts";
import { type Constructor, isConstructor } from "../container/tokens.ts";
import { isRouteName } from "./method_route.ts";

/** What a class configures by static members. */
const STATICS = [
  "routes",
  "inject",
  "use",
  "beforeActivation",
  "afterActivation",
] as const;

/** A function as a value: an arrow, `function`, or `.bind()`. */
const FUNCTION =
  /(?:async\b\s*)?(?:function\b|[\w$]+\s*=>|\(\)\s*=>)|[\w$.#]+\.bind\(/
    .source;

/** A function as a field of the instances. */
const FIELD = new RegExp(
  `(?:^|[;{}\\n])\\s*([\\w$]+)\\s*=\\s*(?:${FUNCTION})`,
  "g",
);

/** A function that the constructor assigns to a field. */
const ASSIGNED = new RegExp(
  `\\bthis\\.([\\w$]+)\\s*=\\s*(?:${FUNCTION})`,
  "g",
);

/** A list of services that are not injected, since it is not static. */
const INJECT = /(?:^|[;{}\n])\s*inject\s*=\s*\[/;

/** Routes that are not registered, since they are not static, and the first method. */
const ROUTES = /(?:^|[;{}\n])\s*routes\s*=\s*\{\s*([\w$]+)\s*:/g;

/** Comments, and what stands between quotes or is a regular expression. */
const NO_CODE =
  /\/\*[\s\S]*?\*\/|\/\/.*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\[\s\S]|[^`\\])*`|(?<=(?:[(,=:[!&|?{};]|\breturn)\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//g;

/** What {@linkcode assertNoMistakes} checks. */
export interface Checked {
  readonly name: string;
  readonly controller: object;
  /** The names in `static routes` that are excluded. */
  readonly excluded: ReadonlySet<string>;
}

/**
 * Checks the members of a controller.
 *
 * @throws {TypeError} If one of them is ignored, with what to write instead.
 */
export function assertNoMistakes(checked: Checked): void {
  const { controller } = checked;
  if (isConstructor(controller)) {
    assertClass(checked, controller);
    assertMembers(checked, controller.prototype);
  } else {
    const owner = findStaticOwner(controller);
    if (owner !== undefined && isConstructor(owner)) {
      assertStatics(checked, owner);
      assertNoSettings(checked, controller, owner);
    } else assertSettings(checked, controller, "");
    assertMembers(checked, controller);
  }
}

/**
 * Checks the first instance of a class, which has fields that its source text does
 * not show.
 *
 * @throws {TypeError} If a field is a function that is named like a route.
 */
export function assertNoFunctionFields(
  instance: object,
  checked: Checked,
): void {
  for (const key of Object.getOwnPropertyNames(instance)) {
    const { value } = Object.getOwnPropertyDescriptor(instance, key)!;
    if (typeof value === "function" && !isMeantAsField(instance, key)) {
      assertNoRoute(key, checked);
    }
  }
}

function assertClass(checked: Checked, Class: Constructor<object>): void {
  assertStatics(checked, Class);
  for (const each of listClasses(Class)) {
    const { code, fields, construction } = readCode(each);
    const found = [
      ...fields.matchAll(FIELD),
      ...construction.matchAll(ASSIGNED),
    ];
    for (const [, key = ""] of found) assertNoRoute(key, checked);
    if (INJECT.test(fields)) assertNoSetting(checked, "inject", Class);
    for (const [, key = ""] of code.matchAll(ROUTES)) {
      if (listMethods(Class).has(key)) {
        assertNoSetting(checked, "routes", Class);
      }
    }
  }
}

/** Fails if a field with a function has the name of a route, and hides no method. */
function assertNoRoute(
  key: string,
  { name, excluded, controller }: Checked,
): void {
  if (!isRouteName(key) || excluded.has(key)) return;
  // As by `this.getUsers = this.getUsers.bind(this)`: the route calls it.
  if (listMethods(controller).has(key)) return;
  failAsField(name, key);
}

/** The source text of a class, without comments and literals. */
interface Code {
  /** All of it. */
  readonly code: string;
  /** What is in no brackets but those of the class. */
  readonly fields: string;
  /** What is in no brackets but those of the constructor. */
  readonly construction: string;
}

/** Reads the source text of a class. */
function readCode(Class: object): Code {
  const code = Function.prototype.toString.call(Class).replace(NO_CODE, "0");
  let fields = "";
  let construction = "";
  let depth = 0;
  let isConstruction = false;
  for (const char of code) {
    const isEnd = ")]}".includes(char);
    if (isEnd) depth--;
    if (depth === 1) {
      if (char === "{") {
        isConstruction = /\bconstructor\s*\(\)\s*$/.test(fields);
      }
      fields += char;
    } else if (depth === 2 && isConstruction) construction += char;
    if (!isEnd && "([{".includes(char)) depth++;
  }
  return { code, fields, construction };
}

/** Lists a class and those that it extends. */
function listClasses(Class: object): object[] {
  const classes: object[] = [];
  for (
    let each: object | null = Class;
    each !== null && each !== Function.prototype;
    each = Object.getPrototypeOf(each)
  ) classes.push(each);
  return classes;
}

/** Checks the static members of a class. */
function assertStatics(checked: Checked, Class: object): void {
  for (const each of listClasses(Class)) {
    assertSettings(checked, each, "static ");
    for (const key of Object.getOwnPropertyNames(each)) {
      const { value } = Object.getOwnPropertyDescriptor(each, key)!;
      // Others, such as `getInstance`, are helpers.
      if (typeof value !== "function" || !/^(?:[a-z]+|[a-z]+By)$/.test(key)) {
        continue;
      }
      if (isRouteName(key)) {
        fail(
          checked.name,
          key,
          `it is static, and no request calls it; write "${key}(…)" without "static"`,
        );
      }
    }
  }
}

/** Checks that no name differs from a setting by its case alone. */
function assertSettings(
  { name }: Checked,
  owner: object,
  prefix: string,
): void {
  for (const key of Object.getOwnPropertyNames(owner)) {
    const plain = key.toLowerCase().replaceAll("_", "");
    const meant = STATICS.find((each) =>
      each.toLowerCase() === plain || `${plain}s` === each
    );
    if (meant === undefined || key === meant) continue;
    const { value } = Object.getOwnPropertyDescriptor(owner, key)!;
    // The hooks are functions, and the other settings are none.
    if ((typeof value === "function") === meant.endsWith("Activation")) {
      fail(name, key, `it configures nothing; write "${prefix}${meant}"`);
    }
  }
}

/** Fails if a setting is not static, and the class has no static one either. */
function assertNoSetting(
  { name }: Checked,
  key: "routes" | "inject",
  Class: object,
): void {
  if (key in Class) return;
  fail(name, key, `it must be static; write "static readonly ${key}"`);
}

/** What may be settings in the wrong place, or anything else. */
interface Settings {
  readonly inject?: unknown;
  readonly routes?: unknown;
}

/** Checks that an instance has no settings that its class should have. */
function assertNoSettings(
  checked: Checked,
  instance: object,
  Class: object,
): void {
  const { inject, routes }: Settings = { ...instance };
  const methods = listMethods(instance);
  if (Array.isArray(inject)) assertNoSetting(checked, "inject", Class);
  // Any other object may be data, such as the routes of a bus.
  if (Object.keys(routes ?? {}).some((key) => methods.has(key))) {
    assertNoSetting(checked, "routes", Class);
  }
}

/** Checks the methods of a class or an object, inherited ones too. */
function assertMembers(checked: Checked, owner: object): void {
  const { name, excluded, controller } = checked;
  for (
    let level: object | null = owner;
    level !== null && level !== Object.prototype;
    level = Object.getPrototypeOf(level)
  ) {
    const keys = Object.getOwnPropertyNames(level);
    for (const key of keys) {
      if (key === "constructor" || excluded.has(key)) continue;
      const { value, get } = Object.getOwnPropertyDescriptor(level, key)!;
      const isSetting = key === "routes" || key === "inject";
      if (get !== undefined && isSetting && isConstructor(controller)) {
        assertNoSetting(checked, key, controller);
      }
      if (get !== undefined && isRouteName(key)) {
        fail(name, key, `it is a getter; write a method, "${key}() { … }"`);
      }
      if (typeof value !== "function") continue;
      const meant = findRouteName(key);
      if (meant !== undefined) {
        fail(
          name,
          key,
          `a route is named after its method and path in camel case; write "${meant}", or list it in "static routes"`,
        );
      }
      if (isRouteName(key) && isGenerator(value)) {
        fail(
          name,
          key,
          "a generator is no answer; return a list, or a stream by ReadableStream.from()",
        );
      }
    }
  }
}

/** Finds what a name such as `GET_users`, `GETUsers` or `get_users` is meant to be. */
function findRouteName(key: string): string | undefined {
  const [, verb, rest = ""] =
    /^(get|post|put|patch|delete|head|options|any)((?:[_A-Z\d].*)?)$/i
      .exec(key) ?? [];
  if (verb === undefined || isRouteName(key)) return undefined;
  // Any other spelling, such as `getter`, is a word of its own.
  if (!rest.startsWith("_") && verb !== verb.toUpperCase()) return undefined;
  if (/^[A-Z\d]+$/.test(rest)) return undefined;
  const words = rest.split("_").filter((word) => word !== "")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return verb.toLowerCase() + words.join("");
}

function failAsField(name: string, field: string): never {
  fail(
    name,
    field,
    `it is a field with a function, which is no route; write a method, "${field}() { … }", or exclude it by "${field}: false" in "static routes"`,
  );
}

function fail(name: string, member: string, reason: string): never {
  throw new TypeError(
    `Cannot handle requests with ${name}.${member}: ${reason}`,
  );
}

/**
 * Members of an HTTP controller that look like routes or settings and are none:
 * each would be ignored without a word.
 *
 * @module
 */

import { findStaticOwner, isGenerator } from "../../neffos/internal.ts";
import { isConstructor } from "../container/tokens.ts";
import { isRouteName } from "./method_route.ts";

/** What a class configures by static members. */
const STATICS = [
  "routes",
  "inject",
  "use",
  "beforeActivation",
  "afterActivation",
] as const;

/** A function as the value of a field: an arrow, `function`, or `.bind()`. */
const FUNCTION =
  /(?:async\b\s*)?(?:function\b|[\w$]+\s*=>|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\s*=>)|[\w$.#]+\.bind\(/
    .source;

/** A field of the instances, or an assignment to one in the constructor. */
const FIELD = new RegExp(
  `(?:^|[;{}\\n])\\s*(?:this\\.)?([\\w$]+)\\s*=\\s*(?:${FUNCTION})`,
  "g",
);

/** A field that configures nothing, since it is not static. */
const SETTING = /(?:^|[;{}\n])\s*(routes|inject)\s*=\s*[{[]/;

/** Comments, and what stands between quotes. */
const NO_CODE =
  /\/\*[\s\S]*?\*\/|\/\/.*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\[\s\S]|[^`\\])*`/g;

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
      assertNoSetting(checked, Object.keys(controller), owner);
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
  { name, excluded }: Checked,
): void {
  for (const key of Object.getOwnPropertyNames(instance)) {
    const { value } = Object.getOwnPropertyDescriptor(instance, key)!;
    if (typeof value === "function" && isRouteName(key) && !excluded.has(key)) {
      failAsField(name, key);
    }
  }
}

function assertClass(checked: Checked, Class: object): void {
  const { name, excluded } = checked;
  assertStatics(checked, Class);
  for (const each of listClasses(Class)) {
    const text = Function.prototype.toString.call(each).replace(NO_CODE, "0");
    for (const [, field = ""] of text.matchAll(FIELD)) {
      if (isRouteName(field) && !excluded.has(field)) failAsField(name, field);
    }
    const [, setting] = SETTING.exec(text) ?? [];
    if (setting !== undefined) assertNoSetting(checked, [setting], Class);
  }
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

/** Checks that instances have no settings that their class should have. */
function assertNoSetting(
  { name }: Checked,
  keys: readonly string[],
  Class: object,
): void {
  for (const key of ["routes", "inject"]) {
    if (keys.includes(key) && !(key in Class)) {
      fail(name, key, `it must be static; write "static readonly ${key}"`);
    }
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
    if (isConstructor(controller)) assertNoSetting(checked, keys, controller);
    for (const key of keys) {
      if (key === "constructor" || excluded.has(key)) continue;
      const { value, get } = Object.getOwnPropertyDescriptor(level, key)!;
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

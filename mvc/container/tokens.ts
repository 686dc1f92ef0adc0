/**
 * Tokens, and what can be read off them and off classes at run time.
 *
 * @module
 */

import type {
  Constructor,
  Dependency,
  Optional,
  ServiceToken,
  Token,
} from "./types.ts";

/**
 * Makes a token: a Symbol that stands for a service of type `T`.
 *
 * @typeParam T The type of the service.
 * @typeParam N The literal description, to tell apart tokens whose services
 * have the same type.
 * @param description What error texts call the service.
 * @returns A new Symbol with this description.
 * @throws {TypeError} When the description is not a string, or empty.
 *
 * @example
 * ```ts
 * import { token } from "@neffos/mvc";
 * import { assertEquals } from "@std/assert";
 *
 * interface Logger {
 *   log(text: string): void;
 * }
 * const Logger = token<Logger>("Logger");
 * const DbUrl = token<string, "DbUrl">("DbUrl");
 *
 * assertEquals(typeof Logger, "symbol");
 * assertEquals(DbUrl.description, "DbUrl");
 * ```
 */
export function token<T, const N extends string = string>(
  description: N,
): Token<T, N> {
  if (typeof description !== "string" || description === "") {
    throw new TypeError(
      `Cannot make a token: its description must be a string that is not empty, not ${
        show(description)
      }`,
    );
  }
  // The brand is for the compiler only: no Symbol has such properties.
  return Symbol(description) as Token<T, N>;
}

/**
 * Marks a dependency that may be missing: where its token is not registered,
 * `undefined` is given in its place.
 *
 * @param token The token of the service.
 * @returns What `deps` and `static inject` take in place of the token.
 * @throws {TypeError} When it is no token.
 *
 * @example
 * ```ts
 * import { Container, optional, token } from "@neffos/mvc";
 * import { assertEquals } from "@std/assert";
 *
 * const Prefix = token<string>("Prefix");
 * const Greeting = token<string, "Greeting">("Greeting");
 *
 * const container = new Container().singleton(
 *   Greeting,
 *   [optional(Prefix)],
 *   (prefix) => `${prefix ?? ""}Hello`,
 * );
 * assertEquals(await container.compile(Greeting).create(), "Hello");
 * ```
 */
export function optional<K extends ServiceToken>(token: K): Optional<K> {
  assertToken(token);
  return Object.freeze({ optional: token });
}

/** The name of a token, a class or an optional dependency, for people. */
export function nameOf(dep: Dependency): string {
  const token = tokenOf(dep);
  // A static member of a class may be called so, too.
  const name: unknown = typeof token === "symbol"
    ? token.description
    : token.name;
  return typeof name === "string" && name !== "" ? name : "(unnamed)";
}

/** The token behind a dependency. */
export function tokenOf(dep: Dependency): ServiceToken {
  return isOptional(dep) ? dep.optional : dep;
}

/** Whether a dependency may be missing. */
export function isOptional(dep: Dependency): dep is Optional {
  return typeof dep === "object" && "optional" in dep;
}

/** Whether a value can be a token. */
export function isToken(value: unknown): value is ServiceToken {
  return typeof value === "symbol" || typeof value === "function";
}

/**
 * Checks a token that the compiler may not have seen.
 *
 * @throws {TypeError} When it is none.
 */
export function assertToken(token: unknown): asserts token is ServiceToken {
  if (isToken(token)) return;
  throw new TypeError(
    `Cannot use ${show(token)} as a token: a token is a Symbol or a class`,
  );
}

/**
 * Checks a list of dependencies that the compiler may not have seen.
 *
 * @throws {TypeError} When it is no list of tokens.
 */
export function assertDeps(
  name: string,
  deps: unknown,
): asserts deps is readonly Dependency[] {
  if (!Array.isArray(deps)) {
    throw new TypeError(
      `Cannot inject into "${name}": its dependencies must be an array of tokens, not ${typeof deps}`,
    );
  }
  // Not forEach: it would skip the holes of the array.
  for (let i = 0; i < deps.length; i++) {
    const dep = deps[i];
    if (isToken(dep) || isToken(dep?.optional)) continue;
    const hint = dep === undefined ? " (is it imported in a circle?)" : "";
    throw new TypeError(
      `Cannot inject into "${name}": dependency ${i} must be a token, a class or optional(), not ${
        show(dep)
      }${hint}`,
    );
  }
}

/**
 * What a class wants to be given: its `static inject`.
 *
 * @throws {TypeError} When it is no class, or it is missing though the constructor takes
 * parameters, too short, or no list of tokens.
 */
export function depsOf(Class: Constructor): readonly Dependency[] {
  const inject = "inject" in Class ? Class.inject : undefined;
  const name = nameOf(Class);
  if (!isConstructible(Class)) {
    throw new TypeError(
      `Cannot build "${name}" with new: it is a function and no class; give a factory after the list of its dependencies`,
    );
  }
  if (inject === undefined && Class.length > 0) {
    throw new TypeError(
      `Cannot inject into "${name}": its constructor takes ${Class.length} parameters; write "static readonly inject = [...] as const" with their tokens`,
    );
  }
  const deps = inject ?? [];
  assertDeps(name, deps);
  if (Class.length > deps.length) {
    throw new TypeError(
      `Cannot inject into "${name}": its constructor takes ${Class.length} parameters, its static inject has ${deps.length}`,
    );
  }
  return deps;
}

/** Whether `new` can be used with a function; runs nothing of it. */
function isConstructible(value: Constructor): boolean {
  try {
    Reflect.construct(Object, [], value);
    return true;
  } catch {
    return false;
  }
}

function show(value: unknown): string {
  return typeof value === "string" ? `"${value}"` : String(value);
}

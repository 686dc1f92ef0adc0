/**
 * Tokens: what names a service, for the compiler and at run time.
 *
 * @module
 */

import type { Token, TokenBrand } from "./token_type.ts";

export type { Token, TokenBrand };

/**
 * A class, concrete or abstract, that is its own token.
 *
 * @typeParam T The type of its instances.
 *
 * @category Services
 */
// Without the prototype, the compiler would take a generic class for one of its
// instantiations, which is another token.
export type ClassToken<T = unknown> =
  & (abstract new (...args: never[]) => T)
  & { readonly prototype: T };

/**
 * A class that the container can build.
 *
 * @typeParam T The type of its instances.
 *
 * @category Services
 */
export type Constructor<T = unknown> =
  & (new (...args: never[]) => T)
  & { readonly prototype: T };

/**
 * Anything that names a service: a {@linkcode Token} or a class.
 *
 * @typeParam T The type of the service.
 *
 * @category Services
 */
export type ServiceToken<T = unknown> = Token<T> | ClassToken<T>;

/**
 * A dependency that may be missing, made by `optional()`.
 *
 * @typeParam K The type of the token.
 *
 * @category Services
 */
export interface Optional<K extends ServiceToken = ServiceToken> {
  /** The token of the service. */
  readonly optional: K;
}

/**
 * An element of `deps` and of `static inject`.
 *
 * @category Services
 */
export type Dependency = ServiceToken | Optional;

/**
 * The service that a token, a class or an {@linkcode Optional} stands for.
 *
 * @typeParam K The type of the token: `ServiceOf<typeof Logger>`.
 *
 * @category Type utilities
 */
export type ServiceOf<K> = K extends TokenBrand<infer T, string> ? T
  // The prototype of a generic class has instances of a type argument `unknown`.
  : K extends { readonly prototype: infer T } ? T
  : K extends Optional<infer O> ? ServiceOf<O> | undefined
  : never;

/**
 * The services that a tuple of dependencies stands for, in its order.
 *
 * @typeParam Deps The type of the tuple: `ServicesOf<typeof inject>`.
 *
 * @category Type utilities
 */
// Through `infer`, so that a factory without parameters does not make the
// compiler infer that there are no dependencies.
export type ServicesOf<Deps extends readonly unknown[]> = Deps extends
  infer D extends readonly unknown[]
  ? { -readonly [I in keyof D]: ServiceOf<D[I]> }
  : never;

/**
 * Makes a token: a Symbol that stands for a service of type `T`.
 *
 * @typeParam T The type of the service.
 * @param description The name of the service in error texts.
 * @returns A new Symbol with this description.
 * @throws {TypeError} If the description is empty or not a string.
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
 *
 * @category Services
 */
export function token<T>(description: string): Token<T>;
/**
 * Makes a token whose type has its description.
 *
 * @typeParam T The type of the service.
 * @typeParam N The literal description, which tells apart tokens whose services
 * have the same type, and stands in the errors of the compiler.
 * @param description The name of the service in error texts.
 * @returns A new Symbol with this description.
 * @throws {TypeError} If the description is empty or not a string.
 *
 * @category Services
 */
export function token<T, const N extends string>(description: N): Token<T, N>;
export function token<T>(description: string): Token<T> {
  if (typeof description !== "string" || description === "") {
    throw new TypeError(
      `Cannot make a token: its description must be a string that is not empty, not ${
        quote(description)
      }`,
    );
  }
  // The brand is for the compiler only: no Symbol has such properties.
  return Symbol(description) as Token<T>;
}

/**
 * Marks a dependency as optional: if its token is not registered, `undefined`
 * is injected.
 *
 * @param token The token of the service.
 * @returns The element for `deps` or `static inject`.
 * @throws {TypeError} If it is not a token.
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
 *
 * @category Services
 */
export function optional<K extends ServiceToken>(token: K): Optional<K> {
  assertToken(token);
  return Object.freeze({ optional: token });
}

/** Reads the name of a token, a class or an optional dependency. */
export function readName(dep: Dependency): string {
  const token = unwrapOptional(dep);
  // A class may have a static member `name` of any type.
  const name: unknown = typeof token === "symbol"
    ? token.description
    : token.name;
  return typeof name === "string" && name !== "" ? name : "(unnamed)";
}

/** Writes the name of a dependency, with `?` after an optional one. */
export function describeDep(dep: Dependency): string {
  return readName(dep) + (isOptional(dep) ? "?" : "");
}

/** Returns the token of a dependency, optional or not. */
export function unwrapOptional(dep: Dependency): ServiceToken {
  return isOptional(dep) ? dep.optional : dep;
}

/** Tells whether a dependency may be missing. */
export function isOptional(dep: Dependency): dep is Optional {
  return typeof dep === "object" && "optional" in dep;
}

/** Tells whether a value can be a token. */
export function isToken(value: unknown): value is ServiceToken {
  return typeof value === "symbol" || typeof value === "function";
}

/** Tells a class from an instance or a Symbol. */
export function isConstructor(value: unknown): value is Constructor<object> {
  return typeof value === "function";
}

/**
 * Checks a token that the compiler may not have seen.
 *
 * @throws {TypeError} If it is not a token.
 */
export function assertToken(token: unknown): asserts token is ServiceToken {
  if (isToken(token)) return;
  throw new TypeError(
    `Cannot use ${quote(token)} as a token: it must be a Symbol or a class`,
  );
}

/** Writes a value for an error text. */
export function quote(value: unknown): string {
  return typeof value === "string" ? `"${value}"` : String(value);
}

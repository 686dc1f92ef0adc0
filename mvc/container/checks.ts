/**
 * Compile-time checks of the container: types whose failures name the token.
 *
 * @module
 */

import type { Bundle } from "./plan.ts";
import type {
  Constructor,
  Dependency,
  Optional,
  ServicesOf,
  ServiceToken,
} from "./tokens.ts";

/**
 * Compile error: the token `K` is not registered in this container.
 *
 * @typeParam K The type of the token.
 *
 * @category Type utilities
 */
export interface NotRegistered<K> {
  /** Never set: it is the text of the error. */
  readonly "is not registered": K;
}

/**
 * Compile error: the constructor takes parameters, and the class has no
 * `static inject`.
 *
 * @typeParam Parameters The constructor's parameters.
 *
 * @category Type utilities
 */
export interface InjectMissing<Parameters> {
  /** Never set: it is the text of the error. */
  readonly "static readonly inject = [...] as const": Parameters;
}

/**
 * Compile error: `static inject` is an array of unknown length.
 *
 * @typeParam Inject Its type.
 *
 * @category Type utilities
 */
export interface InjectNotConst<Inject> {
  /** Never set: it is the text of the error. */
  readonly "static inject needs `as const`": Inject;
}

/**
 * Compile error: an element of `static inject` is not a token.
 *
 * @typeParam Inject Its type.
 *
 * @category Type utilities
 */
export interface InjectNotTokens<Inject> {
  /** Never set: it is the text of the error. */
  readonly "static inject takes tokens, classes and optional()": Inject;
}

/**
 * Compile error: `static inject` does not fit the constructor.
 *
 * @typeParam Place The element: `inject[0]`.
 * @typeParam Given The type of the service that it injects.
 * @typeParam Taken The type of the constructor's parameter.
 *
 * @category Type utilities
 */
export interface InjectMismatch<Place extends string, Given, Taken> {
  /** Never set: it is the text of the error. */
  readonly "the constructor takes something else": [Place, Given, Taken];
}

/**
 * Compile error: the service of the token `K` is built for each scope, and a
 * singleton would keep the first one forever.
 *
 * @typeParam K The type of the token.
 *
 * @category Type utilities
 */
export interface ScopedInSingleton<K> {
  /** Never set: it is the text of the error. */
  readonly "is scoped, and cannot be kept by a singleton": K;
}

/**
 * The union of the types of the dependencies that are scoped.
 *
 * @typeParam Deps The type of the tuple.
 * @typeParam Scoped The union of the types of the scoped tokens.
 * @typeParam Shared The union of the types of those that are not scoped.
 *
 * @category Type utilities
 */
export type ScopedOf<Deps extends readonly unknown[], Scoped, Shared> = {
  [I in keyof Deps]: CapturedDep<Deps[I], Scoped, Shared> extends
    ScopedInSingleton<infer K> ? K : never;
}[number];

/**
 * Checks one dependency of a singleton: `unknown` if the singleton may keep it.
 * A type that is in both unions, because two tokens share it or one token was
 * registered twice, is left to the check at start-up.
 *
 * @typeParam K The type of the dependency.
 * @typeParam Scoped The union of the types of the scoped tokens.
 * @typeParam Shared The union of the types of those that are not scoped.
 *
 * @category Type utilities
 */
export type CapturedDep<K, Scoped, Shared> = K extends Optional<infer O>
  ? CapturedDep<O, Scoped, Shared>
  : Exactly<K> extends ExactlyEach<Scoped>
    ? Exactly<K> extends ExactlyEach<Shared> ? unknown : ScopedInSingleton<K>
  : unknown;

/**
 * Checks the dependencies of a singleton: {@linkcode CheckedDeps}, and that
 * none of them is scoped.
 *
 * @typeParam Deps The type of the tuple.
 * @typeParam Registered The union of the types of all registered tokens.
 * @typeParam Scoped The union of the types of the scoped tokens.
 * @typeParam Shared The union of the types of those that are not scoped.
 *
 * @category Type utilities
 */
export type CheckedSingletonDeps<
  Deps extends readonly unknown[],
  Registered,
  Scoped,
  Shared,
> = [ServiceToken] extends [Registered] ? unknown : {
  readonly [I in keyof Deps]:
    & CheckedDep<Deps[I], Registered>
    & CapturedDep<Deps[I], Scoped, Shared>;
};

/**
 * Makes the type of a token invariant: `Token<"a">` extends `Token<string>`,
 * and a class its base class, without being the same token.
 *
 * @typeParam K The type of the token.
 *
 * @category Type utilities
 */
export interface Exactly<in out K> {
  /** Never set: it makes `K` invariant. */
  readonly "~exactly": (token: K) => K;
}

/**
 * Makes each member of a union of tokens invariant.
 *
 * @typeParam Registered The union of the types of all registered tokens.
 *
 * @category Type utilities
 */
export type ExactlyEach<Registered> = Registered extends unknown
  ? Exactly<Registered>
  : never;

/**
 * Checks one dependency: `unknown` if it is registered or optional.
 *
 * @typeParam K The type of the dependency.
 * @typeParam Registered The union of the types of all registered tokens.
 *
 * @category Type utilities
 */
export type CheckedDep<K, Registered> = K extends Optional ? unknown
  : Exactly<K> extends ExactlyEach<Registered> ? unknown
  : NotRegistered<K>;

/**
 * Checks a token that is to be overridden: the token itself if it is registered.
 * If `Registered` is `ServiceToken`, every token counts as registered.
 *
 * @typeParam K The type of the token.
 * @typeParam Registered The union of the types of all registered tokens.
 * @category Type utilities
 */
export type CheckedOverride<K, Registered> = [ServiceToken] extends [Registered]
  ? K
  : unknown extends CheckedDep<K, Registered> ? K
  : NotRegistered<K>;

/**
 * Checks a tuple of dependencies. Used as `Deps & CheckedDeps<Deps,
 * Registered>` it makes the compiler mark the very element that is not
 * registered.
 *
 * If `Registered` is `ServiceToken`, every token counts as registered.
 *
 * @typeParam Deps The type of the tuple.
 * @typeParam Registered The union of the types of all registered tokens.
 *
 * @category Type utilities
 */
export type CheckedDeps<Deps extends readonly unknown[], Registered> =
  [ServiceToken] extends [Registered] ? unknown
    : { readonly [I in keyof Deps]: CheckedDep<Deps[I], Registered> };

/**
 * The union of the types of the dependencies that are not registered.
 *
 * @typeParam Deps The type of the tuple.
 * @typeParam Registered The union of the types of all registered tokens.
 *
 * @category Type utilities
 */
export type UnregisteredOf<Deps extends readonly unknown[], Registered> = {
  [I in keyof Deps]: CheckedDep<Deps[I], Registered> extends
    NotRegistered<infer K> ? K : never;
}[number];

/**
 * The union of the mismatches between `static inject` and a constructor.
 *
 * @typeParam Given The tuple of the injected services.
 * @typeParam Taken The tuple of the constructor's parameters.
 *
 * @category Type utilities
 */
export type MismatchOf<
  Given extends readonly unknown[],
  Taken extends readonly unknown[],
> = {
  [I in keyof Taken]-?: I extends keyof Given
    ? Given[I] extends Taken[I] ? never
    : InjectMismatch<`inject[${I & (string | number)}]`, Given[I], Taken[I]>
    : undefined extends Taken[I] ? never
    : InjectMismatch<`inject[${I & (string | number)}]`, "nothing", Taken[I]>;
}[number];

/**
 * Checks that a constructor takes the services that are injected.
 *
 * @typeParam C The type of the class.
 * @typeParam Given The tuple of the injected services.
 *
 * @category Type utilities
 */
export type CheckedConstructor<C, Given extends readonly unknown[]> = C extends
  abstract new (...args: Given) => unknown ? C
  : C extends abstract new (...args: infer Taken) => unknown
    ? MismatchOf<Given, Taken>
  : C;

/**
 * Checks a class that the container builds: `C` itself if every token in its
 * `static inject` is registered and its constructor takes exactly these
 * services, else the error that names the token or the element.
 *
 * Used as the type of a parameter it leaves `C` inferable.
 *
 * @typeParam C The type of the class.
 * @typeParam Registered The union of the types of all registered tokens.
 * @typeParam Builtins The union of the types of the tokens that the framework
 * registers itself.
 * @typeParam Scoped The union of the types of the tokens that the class, being
 * a singleton, cannot keep.
 * @typeParam Shared The union of the types of those that it can.
 *
 * @example
 * ```ts
 * import { type CheckedClass, type Constructor, token } from "@neffos/mvc";
 *
 * const Clock = token<() => number>("Clock");
 *
 * function build<C extends Constructor>(
 *   _Class: CheckedClass<C, typeof Clock>,
 * ): void {}
 *
 * build(
 *   class Greeter {
 *     static readonly inject = [Clock] as const;
 *     constructor(readonly now: () => number) {}
 *   },
 * );
 * ```
 *
 * @category Type utilities
 */
export type CheckedClass<
  C,
  Registered,
  Builtins = never,
  Scoped = never,
  Shared = never,
> = [ServiceToken] extends [Registered] ? C
  : C extends { readonly inject: infer Inject }
    ? Inject extends readonly Dependency[]
      ? number extends Inject["length"] ? InjectNotConst<Inject>
      : [UnregisteredOf<Inject, Registered | Builtins>] extends [never]
        ? [ScopedOf<Inject, Scoped, Shared>] extends [never]
          ? CheckedConstructor<C, ServicesOf<Inject>>
        : ScopedInSingleton<ScopedOf<Inject, Scoped, Shared>>
      : NotRegistered<UnregisteredOf<Inject, Registered | Builtins>>
    : InjectNotTokens<Inject>
  : C extends abstract new () => unknown ? C
  : C extends abstract new (...args: infer Taken) => unknown
    ? InjectMissing<Taken>
  : C;

/**
 * Checks the argument of `compile()`.
 *
 * @typeParam T The type of the target.
 * @typeParam Registered The union of the types of all registered tokens.
 *
 * @category Type utilities
 */
export type CheckedTarget<T, Registered> = [ServiceToken] extends [Registered]
  ? T
  : unknown extends CheckedDep<T, Registered> ? T
  : T extends Constructor ? CheckedClass<T, Registered>
  : T extends Bundle<infer Deps>
    ? T & { readonly deps: CheckedDeps<Deps, Registered> }
  : NotRegistered<T>;

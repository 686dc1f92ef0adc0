/**
 * The checks of the container: types whose failures name the token.
 *
 * @module
 */

import type {
  Bundle,
  Constructor,
  Dependency,
  Optional,
  ServicesOf,
  ServiceToken,
} from "./types.ts";

/**
 * Compile error: the token `K` is not registered in this container.
 *
 * @typeParam K The type of the token.
 */
export interface NotRegistered<K> {
  /** Never there: it is the text of the error. */
  readonly "is not registered": K;
}

/**
 * Compile error: the constructor takes parameters, and the class does not say
 * which services to give.
 *
 * @typeParam Parameters The constructor's parameters.
 */
export interface InjectMissing<Parameters> {
  /** Never there: it is the text of the error. */
  readonly "static readonly inject = [...] as const": Parameters;
}

/**
 * Compile error: `static inject` is an array of unknown length.
 *
 * @typeParam Inject Its type.
 */
export interface InjectNotConst<Inject> {
  /** Never there: it is the text of the error. */
  readonly "static inject needs `as const`": Inject;
}

/**
 * Compile error: `static inject` holds something that is no token.
 *
 * @typeParam Inject Its type.
 */
export interface InjectNotTokens<Inject> {
  /** Never there: it is the text of the error. */
  readonly "static inject takes tokens, classes and optional()": Inject;
}

/**
 * Compile error: the constructor does not take what `static inject` gives.
 *
 * @typeParam Place Where: `inject[0]`.
 * @typeParam Given The service that inject gives there.
 * @typeParam Taken What the constructor takes there.
 */
export interface InjectMismatch<Place extends string, Given, Taken> {
  /** Never there: it is the text of the error. */
  readonly "the constructor takes something else": [Place, Given, Taken];
}

/**
 * Compile error: the service of the token `K` is built for each scope, and a
 * singleton would keep the first one for ever.
 *
 * @typeParam K The type of the token.
 */
export interface ScopedInSingleton<K> {
  /** Never there: it is the text of the error. */
  readonly "is scoped, and cannot be kept by a singleton": K;
}

/**
 * The union of the types of those dependencies that are scoped.
 *
 * @typeParam Deps The type of the tuple.
 * @typeParam Scoped The union of the types of the scoped tokens.
 * @typeParam Shared The union of the types of those that are not scoped.
 */
export type ScopedOf<Deps extends readonly unknown[], Scoped, Shared> = {
  [I in keyof Deps]: CapturedDep<Deps[I], Scoped, Shared> extends
    ScopedInSingleton<infer K> ? K : never;
}[number];

/**
 * The check of one dependency of a singleton: `unknown` where it may keep it.
 * A type that is in both unions, since two tokens have it or one was
 * registered twice, is left to the check at start-up.
 *
 * @typeParam K The type of the dependency.
 * @typeParam Scoped The union of the types of the scoped tokens.
 * @typeParam Shared The union of the types of those that are not scoped.
 */
export type CapturedDep<K, Scoped, Shared> = K extends Optional<infer O>
  ? CapturedDep<O, Scoped, Shared>
  : Exactly<K> extends ExactlyEach<Scoped>
    ? Exactly<K> extends ExactlyEach<Shared> ? unknown : ScopedInSingleton<K>
  : unknown;

/**
 * As {@linkcode CheckedDeps}, for what a singleton depends on.
 *
 * @typeParam Deps The type of the tuple.
 * @typeParam Registered The union of the types of all registered tokens.
 * @typeParam Scoped The union of the types of the scoped tokens.
 * @typeParam Shared The union of the types of those that are not scoped.
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
 * A token's type, invariant: `Token<"a">` extends `Token<string>`, and a class
 * its base class, without being the same token.
 *
 * @typeParam K The type of the token.
 */
export interface Exactly<in out K> {
  /** Never there: it makes `K` invariant. */
  readonly "~exactly": (token: K) => K;
}

/**
 * Each member of a union of tokens, invariant.
 *
 * @typeParam Registered The union of the types of all registered tokens.
 */
export type ExactlyEach<Registered> = Registered extends unknown
  ? Exactly<Registered>
  : never;

/**
 * The check of one dependency: `unknown` where it is registered or optional.
 *
 * @typeParam K The type of the dependency.
 * @typeParam Registered The union of the types of all registered tokens.
 */
export type CheckedDep<K, Registered> = K extends Optional ? unknown
  : Exactly<K> extends ExactlyEach<Registered> ? unknown
  : NotRegistered<K>;

/**
 * The check of a tuple of dependencies, to be used as `Deps &
 * CheckedDeps<Deps, Registered>`: the compiler then marks the very element
 * that is not registered.
 *
 * Where `Registered` is `ServiceToken`, everything is taken to be registered.
 *
 * @typeParam Deps The type of the tuple.
 * @typeParam Registered The union of the types of all registered tokens.
 */
export type CheckedDeps<Deps extends readonly unknown[], Registered> =
  [ServiceToken] extends [Registered] ? unknown
    : { readonly [I in keyof Deps]: CheckedDep<Deps[I], Registered> };

/**
 * The union of the types of those dependencies that are not registered.
 *
 * @typeParam Deps The type of the tuple.
 * @typeParam Registered The union of the types of all registered tokens.
 */
export type UnregisteredOf<Deps extends readonly unknown[], Registered> = {
  [I in keyof Deps]: CheckedDep<Deps[I], Registered> extends
    NotRegistered<infer K> ? K : never;
}[number];

/**
 * The places where a constructor does not take what `static inject` gives.
 *
 * @typeParam Given The tuple of services that are given.
 * @typeParam Taken The tuple of the constructor's parameters.
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
 * The check that a constructor takes the services that it is given.
 *
 * @typeParam C The type of the class.
 * @typeParam Given The tuple of services that are given.
 */
export type CheckedConstructor<C, Given extends readonly unknown[]> = C extends
  abstract new (...args: Given) => unknown ? C
  : C extends abstract new (...args: infer Taken) => unknown
    ? MismatchOf<Given, Taken>
  : C;

/**
 * The check of a class that the container builds: `C` itself where everything
 * in its `static inject` is registered and its constructor takes exactly
 * that, else the error that names the token or the place.
 *
 * Used as the type of a parameter it leaves `C` inferable.
 *
 * @typeParam C The type of the class.
 * @typeParam Registered The union of the types of all registered tokens.
 * @typeParam Builtins The union of the types of the tokens that the framework
 * gives by itself.
 * @typeParam Scoped The union of the types of the tokens that it cannot keep,
 * where it is a singleton.
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
 * The check of what `compile()` takes.
 *
 * @typeParam T The type of the target.
 * @typeParam Registered The union of the types of all registered tokens.
 */
export type CheckedTarget<T, Registered> = [ServiceToken] extends [Registered]
  ? T
  : unknown extends CheckedDep<T, Registered> ? T
  : T extends Constructor ? CheckedClass<T, Registered>
  : T extends Bundle<infer Deps>
    ? T & { readonly deps: CheckedDeps<Deps, Registered> }
  : NotRegistered<T>;

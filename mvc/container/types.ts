/**
 * The types of the container: what can be a token, and which service a token
 * stands for.
 *
 * @module
 */

/**
 * What a {@linkcode Token} carries for the compiler. Nothing of it exists at
 * run time.
 *
 * @typeParam T The type of the service.
 * @typeParam N The literal description, where one was given.
 */
export interface TokenBrand<T, N extends string> {
  /** The type of the service. */
  readonly "~service": T;
  /** The literal description, else `string`. */
  readonly "~description": N;
}

/**
 * A Symbol that stands for a service of type `T`, made by `token()`.
 *
 * Two tokens of the same service type are one type to the compiler, unless
 * each is given its literal description as the second type argument.
 *
 * @typeParam T The type of the service.
 * @typeParam N The literal description.
 *
 * @example
 * ```ts
 * import { type Token, token } from "@neffos/mvc";
 *
 * const DbUrl: Token<string, "DbUrl"> = token<string, "DbUrl">("DbUrl");
 * const Secret: Token<string, "Secret"> = token<string, "Secret">("Secret");
 * ```
 */
export type Token<T, N extends string = string> = symbol & TokenBrand<T, N>;

/**
 * A class that stands as its own token, concrete or abstract.
 *
 * @typeParam T The type of its instances.
 */
export type ClassToken<T = unknown> = abstract new (...args: never[]) => T;

/**
 * A class that can be built.
 *
 * @typeParam T The type of its instances.
 */
// With its prototype, or the compiler would take a generic class for one of its
// instantiations, which is another token.
export type Constructor<T = unknown> =
  & (new (...args: never[]) => T)
  & { readonly prototype: T };

/**
 * Everything that names a service: a {@linkcode Token} or a class.
 *
 * @typeParam T The type of the service.
 */
export type ServiceToken<T = unknown> = Token<T> | ClassToken<T>;

/**
 * A dependency that may be missing, made by `optional()`.
 *
 * @typeParam K The type of the token.
 */
export interface Optional<K extends ServiceToken = ServiceToken> {
  /** The token of the service. */
  readonly optional: K;
}

/** What `deps` and `static inject` are lists of. */
export type Dependency = ServiceToken | Optional;

/**
 * The service that a token, a class or an {@linkcode Optional} stands for.
 *
 * @typeParam K The type of the token: `ServiceOf<typeof Logger>`.
 */
export type ServiceOf<K> = K extends TokenBrand<infer T, string> ? T
  // Of a generic class the prototype knows the instances, its type unknown.
  : K extends ClassToken & { readonly prototype: infer T } ? T
  : K extends Optional<infer O> ? ServiceOf<O> | undefined
  : never;

/**
 * The services that a tuple of dependencies stands for, in its order.
 *
 * @typeParam Deps The type of the tuple: `ServicesOf<typeof inject>`.
 */
export type ServicesOf<Deps extends readonly unknown[]> = {
  -readonly [I in keyof Deps]: ServiceOf<Deps[I]>;
};

/**
 * Makes a service out of those that it depends on.
 *
 * @typeParam Deps The type of the tuple of dependencies.
 * @typeParam T The type of the service.
 */
export type Factory<Deps extends readonly Dependency[], T> = (
  ...services: ServicesOf<Deps>
) => T | Promise<T>;

/**
 * Services asked for together: `compile()` gives them as a tuple.
 *
 * @typeParam Deps The type of the tuple of dependencies.
 */
export interface Bundle<
  Deps extends readonly Dependency[] = readonly Dependency[],
> {
  /** What to call it in error texts. @default {"(bundle)"} */
  readonly name?: string;
  /** The services to give, in this order. */
  readonly deps: Deps;
}

/**
 * The life of one request or of one connection in one namespace, made by
 * `createScope()`: holds what was built for it, and disposes it, in reverse
 * order of creation.
 */
export interface Scope extends AsyncDisposable {
  /** Whether it has been disposed, or is about to be. */
  readonly isDisposed: boolean;
}

/**
 * What `compile()` makes: knows how a class, or a service, is built.
 *
 * @typeParam T The type of what it builds.
 */
export interface Plan<T> {
  /** The name of the class or the token, for error texts. */
  readonly name: string;
  /**
   * Whether it depends on anything that lives in a scope, so that it must be
   * built for each scope.
   */
  readonly isScoped: boolean;
  /**
   * Builds it. A class that is not registered itself is built anew by each
   * call, and disposed with the scope, or with the container where no scope
   * is given; a registered one is built as it was registered.
   *
   * @param scope The scope to build it in; may be left out where `isScoped`
   * is false.
   * @returns The instance; a promise only where something is really pending.
   * It rejects with the very error of the dependency that failed.
   * @throws {TypeError} When the scope is missing or not of this container.
   * @throws {DependencyError} When the scope or the container is disposed.
   * @throws {Error} Whatever a factory that is not async throws.
   */
  create(scope?: Scope): T | Promise<T>;
}

/** One registration, as `graph()` lists it. */
export interface GraphEntry {
  /** The name of the token or the class. */
  readonly name: string;
  /** How it comes to be. */
  readonly kind: ServiceKind;
  /** The names of what it depends on; an optional one ends in `?`. */
  readonly deps: readonly string[];
}

/**
 * How a service comes to be: given (`value`), built once (`singleton`), built
 * once for each scope (`scoped`) or given with each scope (`provided`).
 */
export type ServiceKind = "value" | "singleton" | "scoped" | "provided";

/** What `compile()` takes. */
export type CompileTarget = ServiceToken | Bundle;

/**
 * What a plan gives for a {@linkcode CompileTarget}.
 *
 * @typeParam T The type of the target.
 */
export type ResultOf<T> = T extends ServiceToken ? ServiceOf<T>
  : T extends Bundle<infer Deps> ? ServicesOf<Deps>
  : never;

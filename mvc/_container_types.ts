/**
 * The types of the container: what can be a token, which service a token
 * stands for, and the checks whose failures name the token.
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
export type Constructor<T = unknown> = new (...args: never[]) => T;

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
  [I in keyof Taken]: I extends keyof Given ? Given[I] extends Taken[I] ? never
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
export type CheckedClass<C, Registered, Builtins = never> =
  [ServiceToken] extends [Registered] ? C
    : C extends { readonly inject: infer Inject }
      ? Inject extends readonly Dependency[]
        ? number extends Inject["length"] ? InjectNotConst<Inject>
        : [UnregisteredOf<Inject, Registered | Builtins>] extends [never]
          ? CheckedConstructor<C, ServicesOf<Inject>>
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

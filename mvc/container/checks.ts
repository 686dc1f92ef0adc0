/**
 * Compile-time checks of the container. A check is the type that an argument
 * must have: its own type if nothing is wrong with it, else a text, which the
 * compiler shows in its error. A text that has to name a type is a tuple.
 *
 * @module
 */

import type { Bundle } from "./plan.ts";
import type {
  ClassToken,
  Optional,
  ServiceOf,
  ServicesOf,
  ServiceToken,
  TokenBrand,
} from "./tokens.ts";

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
 * One member of a union, since the compiler may show the name of a type in place
 * of several texts.
 *
 * @typeParam Union The union.
 *
 * @category Type utilities
 */
export type OneOf<Union> = (
  Union extends unknown ? (one: () => Union) => void : never
) extends (all: infer All) => void ? All extends () => infer One ? One : never
  : never;

/**
 * Says what is wrong with one dependency; `never` if nothing is.
 *
 * A type that is scoped and shared, because two tokens share it or one token
 * was registered twice, is left to the check at start-up.
 *
 * @typeParam K The type of the dependency.
 * @typeParam Registered The union of the types of all registered tokens.
 * @typeParam Scoped The union of the types of the tokens that the dependent,
 * being a singleton, cannot keep.
 * @typeParam Shared The union of the types of those that it can.
 *
 * @category Type utilities
 */
export type DepFault<K, Registered, Scoped, Shared> = K extends
  Optional<infer O> ? CaptureFault<O, Scoped, Shared>
  : K extends ServiceToken
    ? Exactly<K> extends ExactlyEach<Registered>
      ? CaptureFault<K, Scoped, Shared>
    : "is not registered; register it earlier in this chain of calls"
  : "must be a token, a class or optional()";

/**
 * Says that a singleton cannot keep a service.
 *
 * @internal
 */
type CaptureFault<K, Scoped, Shared> = Exactly<K> extends ExactlyEach<Scoped>
  ? Exactly<K> extends ExactlyEach<Shared> ? never
  : "is scoped, and a singleton would keep the first one forever; register this with scoped()"
  : never;

/**
 * Names a dependency in a text: by its description if its type has that.
 *
 * @internal
 */
type NameDep<Text extends string, K> = K extends TokenBrand<unknown, infer Name>
  ? string extends Name ? [Text, K]
  : `${Text} ${Name}`
  : [Text, K];

/**
 * Says what is wrong with a dependency in `static inject`; the first one.
 *
 * @internal
 */
type InjectFault<
  Inject extends readonly unknown[],
  Registered,
  Scoped,
  Shared,
  Done extends readonly unknown[] = [],
> = Inject extends readonly [infer K, ...infer Rest]
  ? DepFault<K, Registered, Scoped, Shared> extends infer Text extends string
    ? [Text] extends [never]
      ? InjectFault<Rest, Registered, Scoped, Shared, [...Done, K]>
    : NameDep<`inject[${Done["length"] & number}] ${Text}:`, K>
  : never
  : never;

/**
 * Says which service does not fit the parameters of a constructor; the first one.
 *
 * @internal
 */
type ParameterFault<
  Given extends readonly unknown[],
  Taken extends readonly unknown[],
  Done extends readonly unknown[] = [],
> = Given extends readonly [infer Service, ...infer Rest]
  ? Taken extends readonly [] ? never
  : [Service] extends [Taken[0]]
    ? ParameterFault<Rest, RestOf<Taken>, [...Done, Service]>
  : [
    `inject[${Done["length"] & number}] gives`,
    Service,
    "but the constructor takes",
    Taken[0],
  ]
  : Taken extends readonly [infer Parameter, ...infer _] ? [
      `inject[${Done["length"] & number}] is missing: the constructor takes`,
      Parameter,
    ]
  : never;

/**
 * The parameters after the first one; a rest parameter stays.
 *
 * @internal
 *
 * @category Type utilities
 */
export type RestOf<Taken extends readonly unknown[]> = Taken extends
  readonly [unknown?, ...infer Others] ? Others : Taken;

/**
 * Says what is wrong with a class that the container builds; `never` if nothing
 * is: every token in its `static inject` is registered, and its constructor
 * takes these services.
 *
 * @typeParam C The type of the class.
 * @typeParam Registered The union of the types of all registered tokens.
 * @typeParam Scoped The union of the types of the tokens that the class, being
 * a singleton, cannot keep.
 * @typeParam Shared The union of the types of those that it can.
 *
 * @category Type utilities
 */
export type ClassFault<C, Registered, Scoped = never, Shared = never> =
  C extends new (...services: never[]) => unknown
    ? C extends { readonly inject: infer Inject }
      ? Inject extends readonly unknown[]
        ? number extends Inject["length"]
          ? "static inject needs as const: static readonly inject = [...] as const"
        : [InjectFault<Inject, Registered, Scoped, Shared>] extends [never]
          ? C extends new (...services: ServicesOf<Inject>) => unknown ? never
          : ParameterFault<ServicesOf<Inject>, ParametersOf<C>>
        : InjectFault<Inject, Registered, Scoped, Shared>
      : ["static inject must be a list of tokens, not", Inject]
    : C extends new () => unknown ? never
    : [
      "its constructor takes parameters; write static readonly inject = [...] as const with their tokens:",
      ParametersOf<C>,
    ]
    : "is abstract, and only a class that extends it can be built";

/**
 * The parameters of a constructor.
 *
 * @internal
 */
type ParametersOf<C> = C extends abstract new (...taken: infer Taken) => unknown
  ? Taken
  : [];

/**
 * Checks a class that the container builds; see {@linkcode ClassFault}. Used as
 * the type of a parameter it leaves `C` inferable.
 *
 * @typeParam C The type of the class.
 * @typeParam Registered The union of the types of all registered tokens.
 * @typeParam Scoped The union of the types of the tokens that the class, being
 * a singleton, cannot keep.
 * @typeParam Shared The union of the types of those that it can.
 *
 * @example
 * ```ts
 * import { type ClassToken, type CheckedClass, token } from "@neffos/mvc";
 *
 * const Clock = token<() => number>("Clock");
 *
 * function build<C extends ClassToken>(
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
export type CheckedClass<C, Registered, Scoped = never, Shared = never> =
  // The compiler takes the constraint where the argument does not fulfil it.
  [ClassToken] extends [C] ? "must be a class with a public constructor"
    : C extends ClassToken ? [ServiceToken] extends [Registered] ? C
      : [ClassFault<C, Registered, Scoped, Shared>] extends [never] ? C
      : ClassFault<C, Registered, Scoped, Shared>
    : "needs a class or a factory after it";

/**
 * What builds the service of a token: a class with `static inject`, a factory
 * without dependencies or, if the token is a class, the list of its services.
 *
 * @typeParam K The type of the token.
 *
 * @category Type utilities
 */
export type Maker<K> =
  | ClassToken
  // The empty tuple makes the compiler infer a tuple.
  | readonly []
  | readonly unknown[]
  | FactoryOf<K>;

/**
 * The services of parameters that a factory may not have. With another type than
 * `any`, what it does with them would be a second error.
 *
 * @internal
 */
// deno-lint-ignore no-explicit-any
type AnyServices = any[];

/**
 * Checks a {@linkcode Maker}. Used as the type of a parameter it leaves `M`
 * inferable.
 *
 * @typeParam K The type of the token.
 * @typeParam M The type of the maker.
 * @typeParam Registered The union of the types of all registered tokens.
 * @typeParam Scoped The union of the types of the tokens that the service,
 * being a singleton, cannot keep.
 * @typeParam Shared The union of the types of those that it can.
 *
 * @category Type utilities
 */
export type CheckedMaker<K, M, Registered, Scoped = never, Shared = never> =
  // The compiler takes the constraint where the argument does not fulfil it, and
  // until it knows the argument.
  [Maker<K>] extends [M]
    ? (...services: AnyServices) => ServiceOf<K> | Promise<ServiceOf<K>>
    : M extends ClassToken
      ? M extends abstract new (...services: never[]) => ServiceOf<K>
        ? CheckedClass<M, Registered, Scoped, Shared>
      : new (...services: never[]) => ServiceOf<K>
    : M extends readonly unknown[]
      ? K extends ClassToken ? CheckedServices<K, M, Registered, Scoped, Shared>
      : "must have a factory after it, since the token is no class: [Context], (context) => ..."
    : M extends () => unknown ? M
    : "takes services: list their tokens before it, as in [Logger], (logger) => ...";

/**
 * Checks the services that a class is built with.
 *
 * @internal
 */
type CheckedServices<
  C,
  Deps extends readonly unknown[],
  Registered,
  Scoped,
  Shared,
> = C extends new (...services: ServicesOf<Deps>) => unknown
  ? CheckedDeps<Deps, Registered, Scoped, Shared>
  : C extends new (...services: never[]) => unknown
    ? FittingDeps<Deps, ServicesOf<Deps>, ParametersOf<C>>
  : "must have a factory after it, since the class is abstract";

/**
 * Marks the dependencies that do not fit the parameters of a constructor, or the
 * list if it is too short.
 *
 * @internal
 */
type FittingDeps<
  Deps extends readonly unknown[],
  Given extends readonly unknown[],
  Taken extends readonly unknown[],
> = ParameterFault<Given, Taken> extends infer Fault
  ? [Fault] extends
    [readonly [`inject[${infer Index}] is missing${string}`, unknown]]
    ? [Fault] extends [never] ? Deps
    : `deps[${Index}] is missing: the constructor takes more parameters`
  : {
    readonly [I in keyof Deps]: Extract<
      Fault,
      readonly [`inject[${I & string}] gives`, ...unknown[]]
    > extends infer Own ? [Own] extends [never] ? Deps[I]
      : Own extends readonly [unknown, ...infer Texts] ? ["gives", ...Texts]
      : never
      : never;
  }
  : never;

/**
 * Checks a tuple of dependencies. Used as the type of a parameter it leaves
 * `Deps` inferable, and the compiler marks the very element that is wrong.
 *
 * If `Registered` is `ServiceToken`, every token counts as registered.
 *
 * @typeParam Deps The type of the tuple.
 * @typeParam Registered The union of the types of all registered tokens.
 * @typeParam Scoped The union of the types of the tokens that the dependent,
 * being a singleton, cannot keep.
 * @typeParam Shared The union of the types of those that it can.
 *
 * @category Type utilities
 */
export type CheckedDeps<
  Deps extends readonly unknown[],
  Registered,
  Scoped = never,
  Shared = never,
> =
  // The compiler takes the constraint where the argument does not fulfil it.
  [readonly unknown[]] extends [Deps]
    ? "must be a list of tokens, as in [Logger, Database]"
    : {
      readonly [I in keyof Deps]: [ServiceToken] extends [Registered] ? Deps[I]
        : [DepFault<Deps[I], Registered, Scoped, Shared>] extends [never]
          ? Deps[I]
        : DepFault<Deps[I], Registered, Scoped, Shared>;
    };

/**
 * A factory of a service, whatever its dependencies.
 *
 * @typeParam K The type of the token.
 *
 * @category Type utilities
 */
export type FactoryOf<K> = (
  ...services: never[]
) => ServiceOf<K> | Promise<ServiceOf<K>>;

/**
 * Checks a factory: its type if it takes the services of a tuple of
 * dependencies, else the type that it must have. Used as the type of a parameter
 * it leaves `F` inferable, with the literal types of what it returns.
 *
 * @typeParam K The type of the token.
 * @typeParam Deps The type of the tuple.
 * @typeParam F The type of the factory.
 *
 * @category Type utilities
 */
export type CheckedFactory<K, Deps extends readonly unknown[], F> =
  // The compiler takes the constraint where the argument does not fulfil it, and
  // until it knows the argument.
  [FactoryOf<K>] extends [F] ? (
      ...services: [...ServicesOf<Deps>, ...AnyServices]
    ) => ServiceOf<K> | Promise<ServiceOf<K>>
    : F extends ClassToken ? "is a class: write (logger) => new Class(logger)"
    : F extends (...services: ServicesOf<Deps>) => unknown ? F
    : F extends (...services: [...ServicesOf<Deps>, ...never[]]) => unknown
      ? "takes more services than the list before it has"
    : (...services: ServicesOf<Deps>) => ServiceOf<K> | Promise<ServiceOf<K>>;

/**
 * Checks a token that is to be overridden: the token itself if it is registered.
 * If `Registered` is `ServiceToken`, every token counts as registered.
 *
 * @typeParam K The type of the token.
 * @typeParam Registered The union of the types of all registered tokens.
 *
 * @category Type utilities
 */
export type CheckedOverride<K, Registered> =
  // For the variance of Container, whose methods the compiler compares with `any`.
  unknown extends K ? K
    : [ServiceToken] extends [Registered] ? K
    : Exactly<K> extends ExactlyEach<Registered> ? K
    : "is not registered, so nothing would be given the value";

/**
 * What may stand in for a service: for the instance of a class, any value with
 * its public members.
 *
 * @typeParam K The type of the token.
 *
 * @category Type utilities
 */
export type StandInOf<K> = K extends ClassToken<infer Instance>
  ? { [Member in keyof Instance]: Instance[Member] }
  : ServiceOf<K>;

/**
 * Checks the argument of `compile()`.
 *
 * @typeParam T The type of the target.
 * @typeParam Registered The union of the types of all registered tokens.
 *
 * @category Type utilities
 */
export type CheckedTarget<T, Registered> =
  // For the variance of Container, whose methods the compiler compares with `any`.
  unknown extends T ? T
    : [ServiceToken] extends [Registered] ? T
    : Exactly<T> extends ExactlyEach<Registered> ? T
    : T extends ClassToken ? CheckedClass<T, Registered>
    : T extends Bundle<infer Deps> ? {
        [P in keyof T]: P extends "deps" ? CheckedDeps<Deps, Registered> : T[P];
      }
    : DepFault<T, Registered, never, never>;

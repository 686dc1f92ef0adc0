/**
 * A typed container for services: tokens are Symbols that carry the type of
 * their service, and the compiler knows which of them are registered.
 *
 * @example
 * ```ts
 * import { Container, token } from "@neffos/mvc";
 *
 * interface Logger {
 *   log(text: string): void;
 * }
 * const Logger = token<Logger>("Logger");
 *
 * class Greeter {
 *   static readonly inject = [Logger] as const;
 *   constructor(readonly logger: Logger) {}
 *   greet(name: string): void {
 *     this.logger.log(`Hello ${name}`);
 *   }
 * }
 *
 * await using container = new Container()
 *   .register(Logger, { log: (text) => console.log(text) })
 *   .singleton(Greeter);
 *
 * const greeter = await container.compile(Greeter).create();
 * greeter.greet("world");
 * ```
 *
 * @module
 */

import type {
  CheckedClass,
  CheckedDeps,
  CheckedSingletonDeps,
  CheckedTarget,
} from "./checks.ts";
import { drawGraph, type Registration } from "./graph.ts";
import { draft, recipeOf, Registry, RegistryPlan } from "./registry.ts";
import { assertToken, nameOf } from "./tokens.ts";
import type {
  CompileTarget,
  Constructor,
  Dependency,
  Factory,
  GraphEntry,
  Plan,
  ResultOf,
  Scope,
  ServiceOf,
  ServiceToken,
} from "./types.ts";

export type {
  CapturedDep,
  CheckedClass,
  CheckedConstructor,
  CheckedDep,
  CheckedDeps,
  CheckedSingletonDeps,
  CheckedTarget,
  Exactly,
  ExactlyEach,
  InjectMismatch,
  InjectMissing,
  InjectNotConst,
  InjectNotTokens,
  MismatchOf,
  NotRegistered,
  ScopedInSingleton,
  ScopedOf,
  UnregisteredOf,
} from "./checks.ts";
export { DependencyError } from "./graph.ts";
export { optional, token } from "./tokens.ts";
export type {
  Bundle,
  ClassToken,
  CompileTarget,
  Constructor,
  Dependency,
  Factory,
  GraphEntry,
  Optional,
  Plan,
  ResultOf,
  Scope,
  ServiceKind,
  ServiceOf,
  ServicesOf,
  ServiceToken,
  Token,
  TokenBrand,
} from "./types.ts";

/**
 * What a {@linkcode Container} is made with.
 *
 * @typeParam Provided The union of the types of the provided tokens.
 */
export interface ContainerOptions<Provided extends ServiceToken> {
  /**
   * The tokens whose services come with each scope, by `createScope()`.
   *
   * @default {[]}
   */
  // The empty tuple has the compiler infer a tuple: of an array's elements it
  // would drop the subclasses.
  provided?: readonly Provided[] | readonly [];
}

/** What {@linkcode Container.compile} can be told. */
export interface CompileOptions {
  /**
   * The provided tokens that the scopes of this plan will have a value for;
   * depending on another one is an error.
   *
   * @default all provided tokens of the container
   */
  provided?: readonly ServiceToken[];
}

/**
 * Registrations of services, and the singletons built from them.
 *
 * Each call that registers returns the same container, with the token added
 * to its type. A `Container<A | B>` can stand where a `Container<A>` is asked
 * for. In a `Container<ServiceToken>` the compiler checks nothing; then, and
 * in JavaScript, `compile()` reports the same faults.
 *
 * The order of registrations does not matter at run time. The last one of a
 * token wins, until something has been built with it: from then on another
 * one is an error.
 *
 * @typeParam Registered The union of the types of all registered tokens.
 * @typeParam Scoped The union of the types of those that live in a scope.
 * @typeParam Shared The union of the types of those that do not.
 *
 * @example
 * ```ts
 * import { Container, token } from "@neffos/mvc";
 * import { assertEquals } from "@std/assert";
 *
 * const User = token<string>("User");
 *
 * class Session {
 *   static readonly inject = [User] as const;
 *   constructor(readonly user: string) {}
 * }
 *
 * const container = new Container({ provided: [User] }).scoped(Session);
 * const plan = container.compile(Session);
 *
 * await using scope = container.createScope(new Map([[User, "kataras"]]));
 * const session = await plan.create(scope);
 * assertEquals(session.user, "kataras");
 * ```
 */
export class Container<
  in Registered extends ServiceToken = never,
  in Scoped = never,
  in Shared = never,
> implements AsyncDisposable {
  #registry = new Registry();

  /**
   * Makes an empty container.
   *
   * @param options What comes with each scope.
   * @throws {TypeError} When something provided is no token.
   */
  constructor(options: ContainerOptions<Registered> = {}) {
    this.#provide(options.provided);
  }

  /**
   * Registers a value as it is. The container never disposes it.
   *
   * @param token What it is asked for by.
   * @param value The service.
   * @returns This container.
   * @throws {TypeError} When the token is none.
   * @throws {DependencyError} When an earlier registration is in use.
   */
  register<K extends ServiceToken>(
    token: K,
    value: ServiceOf<K>,
  ): Container<Registered | K, Scoped, Shared | K> {
    return this.#add(token, { kind: "value", deps: [], make: () => value });
  }

  /**
   * Registers a class that is built at most once, on first use, with what its
   * `static inject` lists.
   *
   * @param token The class.
   * @returns This container.
   * @throws {TypeError} When its `static inject` does not fit.
   * @throws {DependencyError} When an earlier registration is in use.
   */
  singleton<C extends Constructor>(
    token: CheckedClass<C, Registered, never, Scoped, Shared>,
  ): Container<Registered | C, Scoped, Shared | C>;
  /**
   * Registers a class as the implementation of a token, built at most once,
   * on first use, with what its `static inject` lists.
   *
   * @param token What it is asked for by.
   * @param implementation The class.
   * @returns This container.
   * @throws {TypeError} When its `static inject` does not fit.
   * @throws {DependencyError} When an earlier registration is in use.
   */
  singleton<K extends ServiceToken, C extends Constructor<ServiceOf<K>>>(
    token: K,
    implementation: CheckedClass<C, Registered, never, Scoped, Shared>,
  ): Container<Registered | K, Scoped, Shared | K>;
  /**
   * Registers a service that is built at most once, on first use. Uses at the
   * same time share one build; a failed build is not kept.
   *
   * @param token What it is asked for by.
   * @param deps The tokens of what it is built with.
   * @param factory Builds it.
   * @returns This container.
   * @throws {TypeError} When an argument is of the wrong kind.
   * @throws {DependencyError} When an earlier registration is in use.
   */
  singleton<K extends ServiceToken, const Deps extends readonly Dependency[]>(
    token: K,
    deps: Deps & CheckedSingletonDeps<Deps, Registered, Scoped, Shared>,
    factory: Factory<Deps, ServiceOf<K>>,
  ): Container<Registered | K, Scoped, Shared | K>;
  singleton(...args: never[]): Container<ServiceToken, unknown, unknown> {
    return this.#addRecipe("singleton", args);
  }

  /**
   * Registers a class that is built once for each scope, with what its
   * `static inject` lists.
   *
   * @param token The class.
   * @returns This container.
   * @throws {TypeError} When its `static inject` does not fit.
   * @throws {DependencyError} When an earlier registration is in use.
   */
  scoped<C extends Constructor>(
    token: CheckedClass<C, Registered>,
  ): Container<Registered | C, Scoped | C, Shared>;
  /**
   * Registers a class as the implementation of a token, built once for each
   * scope, with what its `static inject` lists.
   *
   * @param token What it is asked for by.
   * @param implementation The class.
   * @returns This container.
   * @throws {TypeError} When its `static inject` does not fit.
   * @throws {DependencyError} When an earlier registration is in use.
   */
  scoped<K extends ServiceToken, C extends Constructor<ServiceOf<K>>>(
    token: K,
    implementation: CheckedClass<C, Registered>,
  ): Container<Registered | K, Scoped | K, Shared>;
  /**
   * Registers a service that is built once for each scope, however many ask
   * for it there.
   *
   * @param token What it is asked for by.
   * @param deps The tokens of what it is built with.
   * @param factory Builds it.
   * @returns This container.
   * @throws {TypeError} When an argument is of the wrong kind.
   * @throws {DependencyError} When an earlier registration is in use.
   */
  scoped<K extends ServiceToken, const Deps extends readonly Dependency[]>(
    token: K,
    deps: Deps & CheckedDeps<Deps, Registered>,
    factory: Factory<Deps, ServiceOf<K>>,
  ): Container<Registered | K, Scoped | K, Shared>;
  scoped(...args: never[]): Container<ServiceToken, unknown, unknown> {
    return this.#addRecipe("scoped", args);
  }

  /**
   * Makes a container that inherits these registrations, those to come
   * included, and may override them.
   *
   * Singletons stay shared: they are built here, from what is registered here.
   * What is scoped is built from what the child sees. The child is disposed
   * with this container, if not before.
   *
   * @param options What comes with each scope of the child besides.
   * @returns The child.
   * @throws {TypeError} When something provided is no token.
   */
  createChild<Provided extends ServiceToken = never>(
    options: ContainerOptions<Provided> = {},
  ): Container<Registered | Provided, Scoped | Provided, Shared> {
    const child = new Container<
      Registered | Provided,
      Scoped | Provided,
      Shared
    >();
    child.#registry = new Registry(this.#registry);
    child.#provide(options.provided);
    return child;
  }

  /**
   * Opens a scope. Who opens it disposes it.
   *
   * @param values The services of the provided tokens; those of other tokens
   * are not looked at. They are not disposed with the scope.
   * @returns The scope.
   * @throws {DependencyError} When the container is disposed.
   */
  createScope(
    values: ReadonlyMap<ServiceToken, unknown> = new Map(),
  ): Scope {
    return this.#registry.createScope(values);
  }

  /**
   * Checks that a class or a service can be built, and prepares building it.
   *
   * @param target A class, registered or not; a registered token; or `{ deps }`,
   * for several services as a tuple.
   * @param options Which provided tokens there will be.
   * @returns The plan.
   * @throws {DependencyError} When something it depends on is not registered,
   * depends on itself, or is scoped though a singleton depends on it.
   * @throws {TypeError} When the `static inject` of the class does not fit.
   *
   * @example
   * ```ts
   * import { Container, token } from "@neffos/mvc";
   * import { assertEquals } from "@std/assert";
   *
   * const Host = token<string>("Host");
   * const Port = token<number>("Port");
   * const container = new Container().register(Host, "::1").register(Port, 80);
   *
   * const plan = container.compile({ deps: [Host, Port] });
   * const [host, port] = await plan.create();
   * assertEquals(`[${host}]:${port}`, "[::1]:80");
   * ```
   */
  compile<const T extends CompileTarget>(
    target: CheckedTarget<T, Registered>,
    options: CompileOptions = {},
  ): Plan<ResultOf<T>> {
    // The check is T itself where it holds, and T is what it must be.
    const { name, blueprint } = draft(this.#registry, target as T);
    const given = options.provided && new Set(options.provided);
    return new RegistryPlan(this.#registry, name, { ...blueprint, given });
  }

  /**
   * Lists what is registered here and in the parents, each token once.
   *
   * @returns One entry for each token.
   */
  graph(): GraphEntry[] {
    return this.#registry.list();
  }

  /**
   * Draws what a class or a service depends on, whether it can be built or
   * not.
   *
   * @param target What `compile()` takes.
   * @returns Lines of text, without a line feed at the end.
   * @throws {TypeError} When the `static inject` of the class does not fit.
   *
   * @example
   * ```ts
   * import { Container, token } from "@neffos/mvc";
   * import { assertEquals } from "@std/assert";
   *
   * const Url = token<string>("Url");
   * class Database {
   *   static readonly inject = [Url] as const;
   *   constructor(readonly url: string) {}
   * }
   *
   * const container = new Container().register(Url, "pg://").singleton(Database);
   * assertEquals(
   *   container.explain(Database),
   *   "Database (singleton)\n└── Url (value)",
   * );
   * ```
   */
  explain(target: CompileTarget): string {
    return drawGraph(this.#registry, draft(this.#registry, target).blueprint);
  }

  /**
   * Disposes its children and then the singletons that it has built, in
   * reverse order of creation. A second call does nothing.
   *
   * @throws {Error} What the disposal of a singleton threw, as a
   * SuppressedError where there was more than one.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#registry[Symbol.asyncDispose]();
  }

  #provide(provided: readonly ServiceToken[] = []): void {
    for (const token of provided) {
      this.#add(token, { kind: "provided", deps: [], make: () => undefined });
    }
  }

  #add(
    token: ServiceToken,
    registration: Registration,
  ): Container<ServiceToken, unknown, unknown> {
    assertToken(token);
    this.#registry.set(token, registration);
    // Its callers' types say what was done here.
    return this as Container as Container<ServiceToken, unknown, unknown>;
  }

  #addRecipe(
    kind: "singleton" | "scoped",
    [token, made = token, factory]: readonly unknown[],
  ): Container<ServiceToken, unknown, unknown> {
    assertToken(token);
    return this.#add(token, recipeOf(kind, nameOf(token), { made, factory }));
  }
}

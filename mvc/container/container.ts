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

import { ignoreRejection } from "../../neffos/internal.ts";
import type {
  CheckedClass,
  CheckedDeps,
  CheckedFactory,
  CheckedMaker,
  CheckedOverride,
  CheckedTarget,
  FactoryOf,
  Maker,
  StandInOf,
} from "./checks.ts";
import { explainGraph, type GraphEntry } from "./graph.ts";
import {
  type CompileTarget,
  type Plan,
  readTarget,
  RegistryPlan,
  type ResultOf,
} from "./plan.ts";
import { makeProvider, type Provider } from "./provider.ts";
import { Registry } from "./registry.ts";
import type { Scope } from "./scope.ts";
import {
  assertToken,
  type ClassToken,
  readName,
  type ServiceOf,
  type ServiceToken,
} from "./tokens.ts";

/** Finds the registry of a container. */
export let registryOf: (container: Container<ServiceToken>) => Registry;

/**
 * The options of a {@linkcode Container}.
 *
 * @typeParam Provided The union of the types of the provided tokens.
 *
 * @category Services
 */
export interface ContainerOptions<Provided extends ServiceToken> {
  /**
   * The tokens whose services are handed in with each scope, by
   * `createScope()`.
   *
   * @default {[]}
   */
  // The empty tuple makes the compiler infer a tuple: from an array it would
  // drop elements that are subclasses of others.
  provided?: readonly Provided[] | readonly [];
}

/**
 * The options of {@linkcode Container.compile}.
 *
 * @category Services
 */
export interface CompileOptions {
  /**
   * The provided tokens that the scopes of this plan will have a value for;
   * depending on another one is an error.
   *
   * @default {all provided tokens of the container}
   */
  provided?: readonly ServiceToken[];
}

/**
 * Holds registrations of services, and the singletons built from them.
 *
 * Each call that registers a service returns the same container, with the
 * token added to its type. A `Container<A | B>` is assignable to a
 * `Container<A>`. In a `Container<ServiceToken>` the compiler checks nothing;
 * then, and in JavaScript, `compile()` reports the same errors.
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
 *
 * @category Services
 */
export class Container<
  in Registered extends ServiceToken = never,
  in Scoped = never,
  in Shared = never,
> implements AsyncDisposable {
  #registry = new Registry();

  static {
    registryOf = (container) => container.#registry;
  }

  /**
   * Makes an empty container.
   *
   * @param options The provided tokens.
   * @throws {TypeError} If a provided token is neither a Symbol nor a class.
   */
  constructor(options: ContainerOptions<Registered> = {}) {
    this.#provide(options.provided);
  }

  /**
   * Registers a value as it is. The container never disposes it.
   *
   * @param token The token of the service.
   * @param value The service.
   * @returns This container.
   * @throws {TypeError} If the token is neither a Symbol nor a class.
   * @throws {DependencyError} If an earlier registration is in use.
   */
  register<K extends ServiceToken>(
    token: K,
    value: ServiceOf<K>,
  ): Container<Registered | K, Scoped, Shared | K> {
    return this.#add(token, { kind: "value", deps: [], make: () => value });
  }

  /**
   * Registers a class that is built at most once, on first use, with the
   * services that its `static inject` lists.
   *
   * @param token The class.
   * @returns This container.
   * @throws {TypeError} If its `static inject` does not fit its constructor.
   * @throws {DependencyError} If an earlier registration is in use.
   */
  singleton<C extends ServiceToken>(
    token: CheckedClass<C, Registered, Scoped, Shared>,
  ): Container<Registered | C, Scoped, Shared | C>;
  /**
   * Registers a service that is built at most once, on first use: by a
   * class with `static inject`, by a factory without dependencies or, if the
   * token is a class, with the services that a list names.
   *
   * @param token The token of the service.
   * @param maker The class, the factory or the list: `[Database, Logger]`.
   * @returns This container.
   * @throws {TypeError} If the services do not fit the constructor, or the
   * factory takes any.
   * @throws {DependencyError} If an earlier registration is in use.
   *
   * @example
   * ```ts
   * import { Container, token } from "@neffos/mvc";
   * import { assertEquals } from "@std/assert";
   *
   * const Url = token<string>("Url");
   * class Database {
   *   constructor(readonly url: string) {}
   * }
   *
   * const container = new Container()
   *   .singleton(Url, () => "pg://localhost")
   *   .singleton(Database, [Url]);
   * const database = await container.compile(Database).create();
   * assertEquals(database.url, "pg://localhost");
   * ```
   */
  singleton<K extends ServiceToken, const M extends Maker<K>>(
    token: K,
    maker: CheckedMaker<K, M, Registered, Scoped, Shared>,
  ): Container<Registered | K, Scoped, Shared | K>;
  /**
   * Registers a service that is built at most once, on first use. Concurrent
   * first uses share one build; a failed build is not kept.
   *
   * @param token The token of the service.
   * @param deps The tokens of its dependencies.
   * @param factory Builds the service.
   * @returns This container.
   * @throws {TypeError} If an argument is of the wrong kind.
   * @throws {DependencyError} If an earlier registration is in use.
   */
  singleton<
    K extends ServiceToken,
    const Deps extends readonly unknown[],
    F extends FactoryOf<K> | ClassToken = FactoryOf<K>,
  >(
    token: K,
    deps: CheckedDeps<Deps, Registered, Scoped, Shared>,
    factory: CheckedFactory<K, Deps, F>,
  ): Container<Registered | K, Scoped, Shared | K>;
  singleton(...args: never[]): Container<ServiceToken, unknown, unknown> {
    return this.#addBuilt("singleton", args);
  }

  /**
   * Registers a class that is built once for each scope, with the
   * services that its `static inject` lists.
   *
   * @param token The class.
   * @returns This container.
   * @throws {TypeError} If its `static inject` does not fit its constructor.
   * @throws {DependencyError} If an earlier registration is in use.
   */
  scoped<C extends ServiceToken>(
    token: CheckedClass<C, Registered>,
  ): Container<Registered | C, Scoped | C, Shared>;
  /**
   * Registers a service that is built once for each scope: by a
   * class with `static inject`, by a factory without dependencies or, if the
   * token is a class, with the services that a list names.
   *
   * @param token The token of the service.
   * @param maker The class, the factory or the list: `[Database, Logger]`.
   * @returns This container.
   * @throws {TypeError} If the services do not fit the constructor, or the
   * factory takes any.
   * @throws {DependencyError} If an earlier registration is in use.
   */
  scoped<K extends ServiceToken, const M extends Maker<K>>(
    token: K,
    maker: CheckedMaker<K, M, Registered>,
  ): Container<Registered | K, Scoped | K, Shared>;
  /**
   * Registers a service that is built once for each scope, however many
   * services there depend on it.
   *
   * @param token The token of the service.
   * @param deps The tokens of its dependencies.
   * @param factory Builds the service.
   * @returns This container.
   * @throws {TypeError} If an argument is of the wrong kind.
   * @throws {DependencyError} If an earlier registration is in use.
   */
  scoped<
    K extends ServiceToken,
    const Deps extends readonly unknown[],
    F extends FactoryOf<K> | ClassToken = FactoryOf<K>,
  >(
    token: K,
    deps: CheckedDeps<Deps, Registered>,
    factory: CheckedFactory<K, Deps, F>,
  ): Container<Registered | K, Scoped | K, Shared>;
  scoped(...args: never[]): Container<ServiceToken, unknown, unknown> {
    return this.#addBuilt("scoped", args);
  }

  /**
   * Puts a value in the place of a service that is registered, for tests: in
   * the container that has it, whatever depends on it and was compiled already.
   * The container never disposes it.
   *
   * @param token The token of the service.
   * @param value The value, which scopes share; for a class, any with
   * its public members.
   * @returns This container.
   * @throws {TypeError} If the token is neither a Symbol nor a class.
   * @throws {DependencyError} If the token is not registered, is provided with
   * each scope, or something was built with it already.
   *
   * @example
   * ```ts
   * import { Container, token } from "@neffos/mvc";
   * import { assertEquals } from "@std/assert";
   *
   * const Now = token<() => number>("Now");
   * const container = new Container().register(Now, Date.now);
   *
   * container.override(Now, () => 0);
   * const now = await container.compile(Now).create();
   * assertEquals(now(), 0);
   * ```
   */
  override<K extends ServiceToken>(
    token: CheckedOverride<K, Registered>,
    value: StandInOf<K>,
  ): this {
    assertToken(token);
    this.#registry.override(token, value);
    return this;
  }

  /**
   * Makes a container that inherits these registrations, later ones included,
   * and may override them.
   *
   * Singletons stay shared: this container builds them, from its own
   * registrations. Scoped services are built from what the child sees. The
   * child is disposed together with this container, if not before.
   *
   * @param options The tokens that are provided to the child besides.
   * @returns The child.
   * @throws {TypeError} If a provided token is neither a Symbol nor a class.
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
   * Opens a scope. The caller disposes it.
   *
   * @param values The services of the provided tokens; other tokens are
   * ignored. The scope does not dispose them.
   * @returns The scope.
   * @throws {DependencyError} If the container is disposed.
   */
  createScope(
    values: Pick<ReadonlyMap<ServiceToken, unknown>, "get" | "has"> = new Map(),
  ): Scope {
    return this.#registry.createScope(values);
  }

  /**
   * Checks that a class or a service can be built, and prepares its building.
   *
   * @param target A class, registered or not; a registered token; or `{ deps }`,
   * for several services as a tuple.
   * @param options The provided tokens that there will be.
   * @returns The plan.
   * @throws {DependencyError} If a dependency is not registered, depends on
   * itself, or is scoped although a singleton depends on it.
   * @throws {TypeError} If the `static inject` of the class does not fit its
   * constructor.
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
    { provided }: CompileOptions = {},
  ): Plan<ResultOf<T>> {
    // The check is T itself if it holds, and T is what it must be.
    const found = readTarget(this.#registry, target as T);
    const given = provided && new Set(provided);
    return new RegistryPlan(this.#registry, found, given);
  }

  /**
   * Lists the registrations of this container and of its parents, each token
   * once.
   *
   * @returns One entry for each token.
   */
  graph(): GraphEntry[] {
    return this.#registry.list();
  }

  /**
   * Draws the dependencies of a class or a service, even if it cannot be
   * built.
   *
   * @param target The argument of `compile()`.
   * @returns Lines of text, without a line feed at the end.
   * @throws {TypeError} If the `static inject` of the class does not fit its
   * constructor.
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
    return explainGraph(this.#registry, readTarget(this.#registry, target));
  }

  /**
   * Disposes the child containers and then the singletons that this one has
   * built, in reverse order of creation. A second call does nothing.
   *
   * @throws {Error} The error of a singleton's disposal; a SuppressedError if
   * there is more than one.
   */
  [Symbol.asyncDispose](): Promise<void> {
    return ignoreRejection(this.#registry[Symbol.asyncDispose]());
  }

  #provide(provided: readonly ServiceToken[] = []): void {
    for (const token of provided) {
      this.#add(token, { kind: "provided", deps: [], make: () => undefined });
    }
  }

  #addBuilt(
    kind: "singleton" | "scoped",
    [token, ...others]: readonly unknown[],
  ): Container<ServiceToken, unknown, unknown> {
    assertToken(token);
    const provider = makeProvider(kind, readName(token), [token, ...others]);
    return this.#add(token, provider);
  }

  #add(
    token: ServiceToken,
    provider: Provider,
  ): Container<ServiceToken, unknown, unknown> {
    assertToken(token);
    this.#registry.set(token, provider);
    // The types of the public methods say what was registered.
    return this as Container as Container<ServiceToken, unknown, unknown>;
  }
}

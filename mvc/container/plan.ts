/**
 * Plans: what `compile()` makes of a class or a service.
 *
 * @module
 */

import { checkGraph, type Root, type View } from "./graph.ts";
import { assertDeps, makeProvider, type Provider } from "./provider.ts";
import type { Registry } from "./registry.ts";
import {
  createDisposedError,
  InstanceScope,
  type Resolver,
  resolveService,
  type Scope,
} from "./scope.ts";
import {
  type Dependency,
  isConstructor,
  isToken,
  readName,
  type ServiceOf,
  type ServicesOf,
  type ServiceToken,
} from "./tokens.ts";

/**
 * Services that are built together: `compile()` gives them as a tuple.
 *
 * @typeParam Deps The type of the tuple of dependencies.
 *
 * @category Services
 */
export interface Bundle<
  Deps extends readonly Dependency[] = readonly Dependency[],
> {
  /**
   * Its name in error texts.
   *
   * @default {"(bundle)"}
   */
  readonly name?: string;
  /** The dependencies, in the order of the tuple. */
  readonly deps: Deps;
}

/**
 * The argument of `compile()`.
 *
 * @category Services
 */
export type CompileTarget = ServiceToken | Bundle;

/**
 * The result of a plan for a {@linkcode CompileTarget}.
 *
 * @typeParam T The type of the target.
 *
 * @category Type utilities
 */
export type ResultOf<T> = T extends ServiceToken ? ServiceOf<T>
  : T extends Bundle<infer Deps> ? ServicesOf<Deps>
  : never;

/**
 * The result of `compile()`: builds a class or a service.
 *
 * @typeParam T The type of the result.
 *
 * @category Services
 */
export interface Plan<T> {
  /** The name of the class or the token in error texts. */
  readonly name: string;
  /**
   * Whether any of its dependencies lives in a scope, so that the result must
   * be built for each scope.
   */
  readonly isScoped: boolean;
  /**
   * Builds the class or the service. A class that is not registered is built
   * anew by each call, and disposed with the scope, or with the container if
   * there is no scope. A registered one is built as it was registered.
   *
   * @param scope The scope to build in; may be left out if `isScoped` is false.
   * @returns The instance; a promise only if something is really pending. It
   * rejects with the very error of the dependency that failed.
   * @throws {TypeError} If the scope is missing or belongs to another container.
   * @throws {DependencyError} If the scope or the container is disposed.
   * @throws {Error} Anything that a factory throws that is not async.
   */
  create(scope?: Scope): T | Promise<T>;
}

/** What a plan builds. */
export interface Target extends Root {
  readonly title: string;
  /** A class that counts for itself only until it is registered. */
  readonly token?: ServiceToken;
  /** Left out if the one dependency is the result. */
  readonly provider?: Provider<"transient">;
}

/**
 * Finds out how a target is built.
 *
 * @throws {TypeError} If its dependencies are not a list of tokens.
 */
export function readTarget(view: View, target: CompileTarget): Target {
  if (!isToken(target)) {
    const { name = "(bundle)", deps } = target;
    assertDeps(name, "deps", deps);
    const make: Provider["make"] = (services) => services;
    return {
      title: name,
      name,
      deps,
      provider: { kind: "transient", deps, make },
    };
  }
  const name = readName(target);
  if (!isConstructor(target) || view.find(target) !== undefined) {
    return { title: name, deps: [target] };
  }
  const provider = makeProvider("transient" as const, name, [target]);
  return { title: name, name, token: target, deps: provider.deps, provider };
}

/** A {@linkcode Plan} over a registry. */
export class RegistryPlan<T> implements Plan<T> {
  readonly name: string;
  readonly #registry: Registry;
  readonly #given: ReadonlySet<ServiceToken> | undefined;
  #target: Target;
  #resolver: Resolver | undefined = undefined;
  #version = -1;
  #isScoped = false;

  constructor(
    registry: Registry,
    target: Target,
    given: ReadonlySet<ServiceToken> | undefined,
  ) {
    this.name = target.title;
    this.#registry = registry;
    this.#target = target;
    this.#given = given;
    this.#check();
  }

  get isScoped(): boolean {
    this.#check();
    return this.#isScoped;
  }

  create(scope?: Scope): T | Promise<T> {
    this.#check();
    const inside = this.#enter(scope);
    const resolver = this.#resolver ??= this.#link();
    // The types of `compile()` say that this target makes a T.
    return resolveService(resolver, inside) as T | Promise<T>;
  }

  /** Checks again if something was registered since the last check. */
  #check(): void {
    if (this.#resolver !== undefined) return;
    const { version } = this.#registry;
    if (this.#version === version) return;
    const { title, token } = this.#target;
    if (token !== undefined && this.#registry.find(token) !== undefined) {
      this.#target = { title, deps: [token] };
    }
    this.#isScoped = checkGraph(this.#registry, this.#target, this.#given);
    this.#version = version;
  }

  #link(): Resolver {
    const { name } = this;
    const { deps, provider } = this.#target;
    const resolvers = deps.map((dep) => this.#registry.link(dep, name));
    if (provider === undefined) return resolvers[0]!;
    const { kind, make } = provider;
    return { kind, name, deps: resolvers, make, slot: -1, home: undefined };
  }

  #enter(scope: Scope | undefined): InstanceScope {
    const registry = this.#registry;
    if (registry.isDisposed) {
      throw createDisposedError(this.name, "container");
    }
    if (scope === undefined) {
      if (!this.#isScoped) return registry.root;
      throw new TypeError(
        `Cannot build "${this.name}" without a scope: it depends on a service that lives in one`,
      );
    }
    if (scope instanceof InstanceScope && scope.owner === registry) {
      if (!scope.isDisposed) return scope;
      throw createDisposedError(this.name, "scope");
    }
    throw new TypeError(
      `Cannot build "${this.name}" in this scope: the scope belongs to another container`,
    );
  }
}

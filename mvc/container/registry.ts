/**
 * The registry of a container: its providers, and the resolvers linked to
 * them.
 *
 * @module
 */

import {
  DependencyError,
  type Found,
  type GraphEntry,
  type View,
} from "./graph.ts";
import type { Provider } from "./provider.ts";
import {
  disposeAll,
  InstanceScope,
  makeValueResolver,
  type Resolver,
  type ScopeValues,
} from "./scope.ts";
import {
  type Dependency,
  describeDep,
  isOptional,
  readName,
  type ServiceToken,
  unwrapOptional,
} from "./tokens.ts";

interface FoundInRegistry extends Found {
  readonly owner: Registry;
}

/** The providers of one container. */
export class Registry implements View {
  readonly #parent: Registry | undefined;
  readonly #children = new Set<Registry>();
  readonly #providers = new Map<ServiceToken, Provider>();
  readonly #resolvers = new Map<ServiceToken, Resolver>();
  /** The linked tokens, with the name of their first dependent. */
  readonly #dependents = new Map<ServiceToken, string>();
  /** Where the singletons live. */
  readonly root = new InstanceScope(this, { place: "container" });
  #slots = 0;
  #version = 0;
  #isDisposed = false;

  constructor(parent?: Registry) {
    this.#parent = parent;
    if (parent !== undefined) parent.#children.add(this);
  }

  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  /** Grows with each registration that can be seen from here. */
  get version(): number {
    return this.#version + (this.#parent?.version ?? 0);
  }

  /**
   * Registers a provider.
   *
   * @throws {DependencyError} If the token is linked already.
   */
  set(token: ServiceToken, provider: Provider): void {
    const dependent = this.#dependents.get(token);
    if (dependent !== undefined) {
      const name = readName(token);
      throw new DependencyError(
        `Cannot register "${name}": "${dependent}" already uses an earlier registration, or was built without one; register before the first use, or in a child container`,
        [name],
      );
    }
    this.#providers.set(token, provider);
    this.#version++;
  }

  /**
   * Puts a value in the place of a provider, in the registry that has it. What
   * was built for each scope still counts as such, so that what depends on it
   * is not shared all at once.
   *
   * @throws {DependencyError} If the token is not registered, is provided, or
   * is linked already.
   */
  override(token: ServiceToken, value: unknown): void {
    const name = readName(token);
    const found = this.find(token);
    const kind = found?.provider.kind;
    const dependent = found && found.owner.#dependents.get(token);
    const reason = found === undefined
      ? "it is not registered, so nothing would be given the value"
      : kind === "provided"
      ? "each request or connection has one of its own"
      : dependent !== undefined
      ? `"${dependent}" uses it already; override before the first request or connection, in an application of the test's own`
      : undefined;
    if (reason !== undefined) {
      throw new DependencyError(`Cannot override "${name}": ${reason}`, [name]);
    }
    found!.owner.#replace(token, value);
  }

  #replace(token: ServiceToken, value: unknown): void {
    const held: Provider = { kind: "value", deps: [], make: () => value };
    if (this.#providers.get(token)?.kind !== "scoped") {
      return this.set(token, held);
    }
    // What a scope has not built, it does not dispose.
    const holder = Symbol(readName(token)) as ServiceToken;
    this.set(holder, held);
    const deps = [holder];
    this.set(token, { kind: "scoped", deps, make: ([service]) => service });
  }

  find(token: ServiceToken): FoundInRegistry | undefined {
    const provider = this.#providers.get(token);
    if (provider === undefined) return this.#parent?.find(token);
    return { provider, owner: this };
  }

  /**
   * Opens a scope.
   *
   * @throws {DependencyError} If the container is disposed.
   */
  createScope(values: ScopeValues): InstanceScope {
    if (this.#isDisposed) {
      throw new DependencyError(
        "Cannot create a scope: the container is disposed",
        [],
      );
    }
    const slots = this.#slots;
    return new InstanceScope(this, { place: "scope", values, slots });
  }

  /**
   * Links a dependency to its provider for good. The graph must have been
   * checked: in a cycle this would not end.
   */
  link(dep: Dependency, dependent: string): Resolver {
    const token = unwrapOptional(dep);
    const found = this.find(token);
    this.#lock(token, dependent);
    // Not shared between dependents: one may be optional, another not.
    if (found?.provider.kind === "provided") {
      return { kind: "provided", token, isOptional: isOptional(dep) };
    }
    let resolver = this.#resolvers.get(token);
    if (resolver === undefined) {
      resolver = found === undefined
        ? makeValueResolver(undefined)
        : this.#makeResolver(token, found, dependent);
      this.#resolvers.set(token, resolver);
    }
    return resolver;
  }

  #makeResolver(
    token: ServiceToken,
    { provider: { kind, deps, make }, owner }: FoundInRegistry,
    dependent: string,
  ): Resolver {
    if (kind !== "scoped" && owner !== this) {
      return owner.link(token, dependent);
    }
    if (kind === "value") return makeValueResolver(make([]));
    const name = readName(token);
    const resolvers = deps.map((dep) => this.link(dep, name));
    if (kind === "scoped") {
      const slot = this.#slots++;
      return { kind, name, deps: resolvers, make, slot, home: undefined };
    }
    const home = this.root;
    const slot = home.cells.push(undefined) - 1;
    return { kind: "singleton", name, deps: resolvers, make, slot, home };
  }

  #lock(token: ServiceToken, dependent: string): void {
    if (!this.#dependents.has(token)) this.#dependents.set(token, dependent);
    if (this.#parent === undefined || this.#providers.has(token)) return;
    this.#parent.#lock(token, dependent);
  }

  /** Lists the providers that can be seen from here. */
  list(): GraphEntry[] {
    return Array.from(this.collect(), ([token, { kind, deps }]) => ({
      name: readName(token),
      kind,
      deps: deps.map(describeDep),
    }));
  }

  /** Collects the providers that can be seen from here. */
  collect(): Map<ServiceToken, Provider> {
    const all = new Map<ServiceToken, Provider>();
    this.#collect(all);
    return all;
  }

  #collect(all: Map<ServiceToken, Provider>): void {
    if (this.#parent !== undefined) this.#parent.#collect(all);
    for (const [token, provider] of this.#providers) all.set(token, provider);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    if (this.#parent !== undefined) this.#parent.#children.delete(this);
    // Children first, since they may use singletons of this container.
    await disposeAll([this.root, ...this.#children]);
  }
}

/**
 * How what a program registers and asks for is made.
 *
 * @module
 */

import {
  checkGraph,
  DependencyError,
  type Found,
  type Registration,
  type Root,
  type View,
} from "./graph.ts";
import {
  disposedError,
  FreshSource,
  InstanceScope,
  ProvidedSource,
  SharedSource,
  type Source,
  ValueSource,
} from "./scope.ts";
import {
  assertDeps,
  depsOf,
  isOptional,
  isToken,
  nameOf,
  tokenOf,
} from "./tokens.ts";
import type {
  Bundle,
  CompileTarget,
  Constructor,
  Dependency,
  GraphEntry,
  Plan,
  Scope,
  ServiceToken,
} from "./types.ts";

/** A blueprint and what to call it. */
export interface Draft {
  readonly name: string;
  readonly blueprint: Blueprint;
}

/**
 * Finds out what is to be done for a target.
 *
 * @throws {TypeError} When its dependencies are no list of tokens.
 */
export function draft(view: View, target: CompileTarget): Draft {
  if (!isToken(target)) return draftBundle(target);
  const name = nameOf(target);
  if (!isConstructor(target) || view.find(target) !== undefined) {
    return { name, blueprint: { deps: [target] } };
  }
  const [deps, make] = [depsOf(target), makerOf(target)];
  const blueprint = { name, token: target, deps, make };
  return { name, blueprint };
}

function draftBundle({ name = "(bundle)", deps }: Bundle): Draft {
  assertDeps(name, deps);
  return { name, blueprint: { name, deps, make: (services) => services } };
}

/**
 * Makes the registration of a class, or of a factory and its dependencies.
 *
 * @throws {TypeError} When they are something else.
 */
export function recipeOf(
  kind: "singleton" | "scoped",
  name: string,
  { made, factory }: { made: unknown; factory: unknown },
): Registration {
  if (isConstructor(made)) {
    return { kind, deps: depsOf(made), make: makerOf(made) };
  }
  assertDeps(name, made);
  if (!isFactory(factory)) {
    throw new TypeError(
      `Cannot register "${name}": its factory must be a function, not ${typeof factory}`,
    );
  }
  return { kind, deps: made, make: (services) => factory(...services) };
}

// The types of singleton() and scoped() say that it can be built.
function isConstructor(value: unknown): value is Constructor {
  return typeof value === "function";
}

// The types of singleton() and scoped() say that it takes these services.
function isFactory(
  value: unknown,
): value is (...services: readonly unknown[]) => unknown {
  return typeof value === "function";
}

function makerOf(Class: Constructor): Registration["make"] {
  // The types of static inject say that it takes these services.
  const Any = Class as new (...services: readonly unknown[]) => unknown;
  return (services) => new Any(...services);
}

/** What a plan builds; without `make`, what the one dependency stands for. */
export interface Blueprint extends Root {
  /** The class, which counts for itself only until it is registered. */
  readonly token?: ServiceToken;
  readonly make?: (services: readonly unknown[]) => unknown;
}

interface Located extends Found {
  readonly owner: Registry;
}

/** The registrations of one container. */
export class Registry implements View {
  readonly #parent: Registry | undefined;
  readonly #children = new Set<Registry>();
  readonly #registrations = new Map<ServiceToken, Registration>();
  readonly #sources = new Map<ServiceToken, Source>();
  /** What is built into already, and by whom. */
  readonly #users = new Map<ServiceToken, string>();
  /** Where the singletons live. */
  readonly #root = new InstanceScope(this, { place: "container" });
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

  get root(): InstanceScope {
    return this.#root;
  }

  set(token: ServiceToken, registration: Registration): void {
    const user = this.#users.get(token);
    if (user !== undefined) {
      const name = nameOf(token);
      throw new DependencyError(
        `Cannot register "${name}": "${user}" already uses an earlier registration, or went without one; register before the first use, or in a child container`,
        [name],
      );
    }
    this.#registrations.set(token, registration);
    this.#version++;
  }

  find(token: ServiceToken): Located | undefined {
    const registration = this.#registrations.get(token);
    if (registration === undefined) return this.#parent?.find(token);
    return { registration, owner: this };
  }

  createScope(values: ReadonlyMap<ServiceToken, unknown>): InstanceScope {
    if (this.#isDisposed) {
      throw new DependencyError(
        "Cannot create a scope: the container is disposed",
        [],
      );
    }
    return new InstanceScope(this, {
      place: "scope",
      values,
      slots: this.#slots,
    });
  }

  /**
   * Binds a dependency to what it is registered as, for good. The graph must
   * have been checked: this does not end in a cycle.
   */
  link(dep: Dependency, user: string): Source {
    const token = tokenOf(dep);
    const found = this.find(token);
    this.#lock(token, user);
    // Not shared with the others: only here it may be missing in the scope.
    if (found?.registration.kind === "provided") {
      return new ProvidedSource(token, isOptional(dep));
    }
    let source = this.#sources.get(token);
    if (source === undefined) {
      source = found === undefined
        ? new ValueSource(undefined)
        : this.#bind(token, found, user);
      this.#sources.set(token, source);
    }
    return source;
  }

  #bind(
    token: ServiceToken,
    { registration: { kind, deps, make }, owner }: Located,
    user: string,
  ): Source {
    if (kind !== "scoped" && owner !== this) return owner.link(token, user);
    if (kind === "value") return new ValueSource(make([]));
    const name = nameOf(token);
    const sources = deps.map((dep) => this.link(dep, name));
    const recipe = { name, sources, make };
    if (kind === "scoped") return new SharedSource(recipe, this.#slots++);
    const slot = this.#root.cells.push(undefined) - 1;
    return new SharedSource(recipe, slot, this.#root);
  }

  #lock(token: ServiceToken, user: string): void {
    if (!this.#users.has(token)) this.#users.set(token, user);
    if (this.#parent === undefined || this.#registrations.has(token)) return;
    this.#parent.#lock(token, user);
  }

  list(): GraphEntry[] {
    const all = new Map<ServiceToken, Registration>();
    this.#collect(all);
    return Array.from(all, ([token, { kind, deps }]) => ({
      name: nameOf(token),
      kind,
      deps: deps.map((dep) => nameOf(dep) + (isOptional(dep) ? "?" : "")),
    }));
  }

  #collect(all: Map<ServiceToken, Registration>): void {
    if (this.#parent !== undefined) this.#parent.#collect(all);
    for (const [token, registration] of this.#registrations) {
      all.set(token, registration);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    if (this.#parent !== undefined) this.#parent.#children.delete(this);
    // Children last, so first: they may use what lives here.
    const all = new AsyncDisposableStack();
    all.use(this.#root);
    for (const child of this.#children) all.use(child);
    await all.disposeAsync();
  }
}

/** A {@linkcode Plan} over a registry. */
export class RegistryPlan<T> implements Plan<T> {
  readonly name: string;
  readonly #registry: Registry;
  #blueprint: Blueprint;
  #source: Source | undefined = undefined;
  #version = -1;
  #isScoped = false;

  constructor(registry: Registry, name: string, blueprint: Blueprint) {
    this.name = name;
    this.#registry = registry;
    this.#blueprint = blueprint;
    this.#check();
  }

  get isScoped(): boolean {
    this.#check();
    return this.#isScoped;
  }

  create(scope?: Scope): T | Promise<T> {
    this.#check();
    const inside = this.#enter(scope);
    const source = this.#source ??= this.#link();
    const cell = source.resolve(inside);
    // The types of `compile()` say that this blueprint makes a T.
    return cell.promise === undefined
      ? cell.value as T
      : cell.promise.then(() => cell.value as T);
  }

  /** Checks anew what may have changed since the last time. */
  #check(): void {
    if (this.#source !== undefined) return;
    const { version } = this.#registry;
    if (this.#version === version) return;
    const { token, given } = this.#blueprint;
    if (token !== undefined && this.#registry.find(token) !== undefined) {
      this.#blueprint = { deps: [token], given };
    }
    this.#isScoped = checkGraph(this.#registry, this.#blueprint);
    this.#version = version;
  }

  #link(): Source {
    const { deps, make } = this.#blueprint;
    const sources = deps.map((dep) => this.#registry.link(dep, this.name));
    const [only] = sources;
    if (make === undefined && only !== undefined) return only;
    const whole = make ?? ((services) => services);
    return new FreshSource({ name: this.name, sources, make: whole });
  }

  #enter(scope: Scope | undefined): InstanceScope {
    const registry = this.#registry;
    if (registry.isDisposed) {
      throw disposedError(this.name, "container");
    }
    if (scope === undefined) {
      if (!this.#isScoped) return registry.root;
      throw new TypeError(
        `Cannot build "${this.name}" without a scope: it depends on something that lives in one`,
      );
    }
    if (scope instanceof InstanceScope && scope.owner === registry) {
      if (!scope.isDisposed) return scope;
      throw disposedError(this.name, "scope");
    }
    throw new TypeError(
      `Cannot build "${this.name}" in this scope: it is not of the same container`,
    );
  }
}

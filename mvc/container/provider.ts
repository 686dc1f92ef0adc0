/**
 * Providers: how a service is made, as the program registered it.
 *
 * @module
 */

import {
  type Constructor,
  type Dependency,
  isConstructor,
  isToken,
  quote,
  readName,
  type ServicesOf,
  type ServiceToken,
} from "./tokens.ts";

/**
 * Makes a service out of its dependencies.
 *
 * @typeParam Deps The type of the tuple of dependencies.
 * @typeParam T The type of the service.
 *
 * @category Services
 */
export type Factory<Deps extends readonly Dependency[], T> = (
  ...services: ServicesOf<Deps>
) => T | Promise<T>;

/**
 * The origin of a service: registered as it is (`value`), built once
 * (`singleton`), built once for each scope (`scoped`), or handed in with each
 * scope (`provided`).
 *
 * @category Services
 */
export type ServiceKind = "value" | "singleton" | "scoped" | "provided";

/** How a service is made. */
export interface Provider<Kind = ServiceKind> {
  readonly kind: Kind;
  /** Empty for values and provided services. */
  readonly deps: readonly Dependency[];
  /** Makes the service. Never called for a provided one. */
  readonly make: (services: readonly unknown[]) => unknown;
}

/**
 * Makes the provider of a class, or of a factory and its dependencies.
 *
 * @param args The arguments of a registration: a token, then a class, a factory
 * or a list of dependencies, then a factory.
 * @throws {TypeError} If they are of the wrong kind.
 */
export function makeProvider<Kind>(
  kind: Kind,
  name: string,
  args: readonly [token: ServiceToken, ...others: readonly unknown[]],
): Provider<Kind> {
  const [token, maker, factory] = args;
  if (args.length > 2) {
    assertDeps(name, "deps", maker);
    return provideFactory(kind, name, { deps: maker, factory });
  }
  if (Array.isArray(maker)) {
    assertDeps(name, "deps", maker);
    return provideClass(kind, name, { Class: token, deps: maker });
  }
  if (args.length === 1) return provideClass(kind, name, { Class: token });
  return isClass(maker)
    ? provideClass(kind, readName(maker), { Class: maker })
    : provideFactory(kind, name, { deps: [], factory: maker });
}

function provideClass<Kind>(
  kind: Kind,
  name: string,
  { Class, deps }: {
    readonly Class: ServiceToken;
    readonly deps?: readonly Dependency[];
  },
): Provider<Kind> {
  if (!isConstructor(Class)) {
    throw new TypeError(
      `Cannot register "${name}": the token needs a class or a factory after it`,
    );
  }
  if (!isConstructible(Class)) {
    throw new TypeError(
      `Cannot build "${name}" with new: it is a plain function and must be a class; a factory stands after its token`,
    );
  }
  const listed = deps ?? readInject(name, Class);
  if (Class.length > listed.length) {
    throw new TypeError(
      `Cannot inject into "${name}": ${
        deps === undefined ? "inject" : "deps"
      }[${listed.length}] is missing: the constructor takes ${Class.length} parameters`,
    );
  }
  // The types say that it takes these services.
  const Typed = Class as new (...services: readonly unknown[]) => object;
  return { kind, deps: listed, make: (services) => new Typed(...services) };
}

function provideFactory<Kind>(
  kind: Kind,
  name: string,
  { deps, factory }: {
    readonly deps: readonly Dependency[];
    readonly factory: unknown;
  },
): Provider<Kind> {
  if (isClass(factory)) {
    const Class = readName(factory);
    throw new TypeError(
      `Cannot register "${name}": its factory is a class; write (logger) => new ${Class}(logger)`,
    );
  }
  if (!isFactory(factory)) {
    throw new TypeError(
      `Cannot register "${name}": its factory must be a function, not ${typeof factory}`,
    );
  }
  if (factory.length > deps.length) {
    throw new TypeError(
      `Cannot register "${name}": its factory takes more services (${factory.length}) than the list before it has (${deps.length})`,
    );
  }
  return { kind, deps, make: (services) => factory(...services) };
}

// The types of singleton() and scoped() say that it takes these services.
function isFactory(
  value: unknown,
): value is (...services: readonly unknown[]) => unknown {
  return typeof value === "function";
}

/**
 * Checks a list of dependencies that the compiler may not have seen.
 *
 * @throws {TypeError} If it is not a list of dependencies.
 */
export function assertDeps(
  name: string,
  list: "inject" | "deps",
  deps: unknown,
): asserts deps is readonly Dependency[] {
  if (!Array.isArray(deps)) {
    throw new TypeError(
      `Cannot inject into "${name}": ${
        list === "inject" ? "static inject" : list
      } must be a list of tokens, not ${typeof deps}`,
    );
  }
  // Not forEach: it would skip the holes of the array.
  for (let i = 0; i < deps.length; i++) {
    const dep = deps[i];
    if (isToken(dep) || isToken(dep?.optional)) continue;
    const hint = dep === undefined
      ? " (is its module in an import cycle?)"
      : "";
    throw new TypeError(
      `Cannot inject into "${name}": ${list}[${i}] must be a token, a class or optional(), not ${
        quote(dep)
      }${hint}`,
    );
  }
}

/** Reads and checks the `static inject` of a class. */
function readInject(name: string, Class: Constructor): readonly Dependency[] {
  const inject = "inject" in Class ? Class.inject : undefined;
  if (inject === undefined && Class.length > 0) {
    throw new TypeError(
      `Cannot inject into "${name}": its constructor takes parameters (${Class.length}); write static readonly inject = [...] as const with their tokens`,
    );
  }
  const deps = inject ?? [];
  assertDeps(name, "inject", deps);
  return deps;
}

/**
 * Tells a class from a factory. A plain function can be called with `new` as well,
 * but has no prototype (a bound one) or one that nothing was added to.
 */
function isClass(value: unknown): value is Constructor {
  if (!isConstructor(value) || !isConstructible(value)) return false;
  const own = Object.getOwnPropertyDescriptor(value, "prototype");
  if (own === undefined) return false;
  return own.writable !== true || Reflect.ownKeys(own.value).length > 1;
}

/** Tells whether `new` works on a function, without running any of it. */
function isConstructible(value: Constructor): boolean {
  try {
    Reflect.construct(Object, [], value);
    return true;
  } catch {
    return false;
  }
}

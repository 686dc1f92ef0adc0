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
 * @throws {TypeError} If the arguments are neither.
 */
export function makeProvider<Kind>(
  kind: Kind,
  name: string,
  [classOrDeps, factory]: readonly unknown[],
): Provider<Kind> {
  if (isConstructor(classOrDeps)) {
    // The types of `static inject` say that it takes these services.
    const Class = classOrDeps as new (
      ...services: readonly unknown[]
    ) => object;
    const deps = readInject(classOrDeps);
    return { kind, deps, make: (services) => new Class(...services) };
  }
  assertDeps(name, classOrDeps);
  if (!isFactory(factory)) {
    throw new TypeError(
      `Cannot register "${name}": its factory must be a function, not ${typeof factory}`,
    );
  }
  return { kind, deps: classOrDeps, make: (services) => factory(...services) };
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
  deps: unknown,
): asserts deps is readonly Dependency[] {
  if (!Array.isArray(deps)) {
    throw new TypeError(
      `Cannot inject into "${name}": its dependencies must be an array of tokens, not ${typeof deps}`,
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
      `Cannot inject into "${name}": dependency ${i} must be a token, a class or optional(), not ${
        quote(dep)
      }${hint}`,
    );
  }
}

/** Reads and checks the `static inject` of a class. */
function readInject(Class: Constructor): readonly Dependency[] {
  const inject = "inject" in Class ? Class.inject : undefined;
  const name = readName(Class);
  if (!isConstructible(Class)) {
    throw new TypeError(
      `Cannot build "${name}" with new: it is a plain function and must be a class; for a factory, pass the list of its dependencies first`,
    );
  }
  if (inject === undefined && Class.length > 0) {
    throw new TypeError(
      `Cannot inject into "${name}": its constructor takes ${Class.length} parameters; write "static readonly inject = [...] as const" with their tokens`,
    );
  }
  const deps = inject ?? [];
  assertDeps(name, deps);
  if (Class.length > deps.length) {
    throw new TypeError(
      `Cannot inject into "${name}": its constructor takes ${Class.length} parameters, and its static inject lists ${deps.length}`,
    );
  }
  return deps;
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

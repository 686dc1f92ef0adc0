/**
 * How what a program registers and asks for is made.
 *
 * @module
 */

import type { Blueprint } from "./_container_registry.ts";
import { assertDeps, depsOf, isToken, nameOf } from "./_container_tokens.ts";
import type { Bundle, CompileTarget, Constructor } from "./_container_types.ts";
import type { Registration, View } from "./_graph.ts";

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

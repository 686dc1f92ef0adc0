/**
 * The graph of providers: checked when a plan is compiled, and drawn for
 * people.
 *
 * @module
 */

import { NeffosError } from "../../neffos/mod.ts";
import type { Provider, ServiceKind } from "./provider.ts";
import {
  type Dependency,
  isOptional,
  readName,
  type ServiceToken,
  unwrapOptional,
} from "./tokens.ts";

/**
 * A service cannot be built: a dependency is not registered, depends on
 * itself, lives shorter than its dependent, or is disposed.
 *
 * @example
 * ```ts
 * import {
 *   Container,
 *   DependencyError,
 *   type ServiceToken,
 *   token,
 * } from "@neffos/mvc";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const Logger = token<Console>("Logger");
 *
 * class Users {
 *   static readonly inject = [Logger] as const;
 *   constructor(readonly logger: Console) {}
 * }
 *
 * // Of this type, as in JavaScript, the compiler checks nothing.
 * const container: Container<ServiceToken> = new Container<ServiceToken>();
 * const error = assertThrows(
 *   () => container.compile(Users),
 *   DependencyError,
 *   "Users -> Logger: not registered",
 * );
 * assertEquals(error.path, ["Users", "Logger"]);
 * ```
 *
 * @category Services
 */
export class DependencyError extends NeffosError {
  /** The name of the class. */
  override name = "DependencyError";
  /** The names from the requested service down to the one that fails. */
  readonly path: readonly string[];

  /**
   * Makes an error.
   *
   * @param message The text.
   * @param path The names from the requested service down to the one that
   * fails.
   * @param options The cause.
   */
  constructor(
    message: string,
    path: readonly string[],
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.path = path;
  }
}

/**
 * One registration, as `graph()` lists it.
 *
 * @category Services
 */
export interface GraphEntry {
  /** The name of the token or the class. */
  readonly name: string;
  /** The origin of the service. */
  readonly kind: ServiceKind;
  /** The names of its dependencies; an optional one ends in `?`. */
  readonly deps: readonly string[];
}

/** A provider and the container that has it. */
export interface Found {
  readonly provider: Provider;
  readonly owner: View;
}

/** The providers that one container sees: its own and the inherited ones. */
export interface View {
  find(token: ServiceToken): Found | undefined;
}

/** The root of a graph. */
export interface Root {
  /** Left out if the root is the one dependency itself. */
  readonly name?: string;
  readonly deps: readonly Dependency[];
}

interface Step {
  readonly token: ServiceToken;
  readonly view: View;
}

/** Tokens for each view: a child may build a parent's service from its own. */
class Visited {
  readonly #tokens = new Map<View, Set<ServiceToken>>();

  has({ token, view }: Step): boolean {
    return this.#tokens.get(view)?.has(token) ?? false;
  }

  add({ token, view }: Step): void {
    const tokens = this.#tokens.get(view) ?? new Set();
    this.#tokens.set(view, tokens.add(token));
  }
}

function includesStep(path: readonly Step[], { token, view }: Step): boolean {
  return path.some((step) => step.token === token && step.view === view);
}

interface Walk {
  readonly root: Root;
  readonly view: View;
  /** The provided tokens that there will be; all of them if left out. */
  readonly given: ReadonlySet<ServiceToken> | undefined;
  readonly path: (Step & { readonly kind: ServiceKind })[];
  readonly done: Visited;
}

/**
 * Checks that every dependency of a root can be built.
 *
 * @param given The provided tokens that there will be; all of them if left out.
 * @returns Whether any of the dependencies lives in a scope.
 * @throws {DependencyError} If one of them cannot be built.
 */
export function checkGraph(
  view: View,
  root: Root,
  given?: ReadonlySet<ServiceToken>,
): boolean {
  const walk: Walk = { root, view, given, path: [], done: new Visited() };
  let isScoped = false;
  for (const dep of root.deps) {
    const kind = check(dep, view, walk);
    if (kind !== undefined && isPerScope(kind)) isScoped = true;
  }
  return isScoped;
}

function check(
  dep: Dependency,
  from: View,
  walk: Walk,
): ServiceKind | undefined {
  const token = unwrapOptional(dep);
  const found = from.find(token);
  if (found === undefined) {
    if (isOptional(dep)) return undefined;
    fail(token, walk, `not registered${describeRemedy(token, from, walk)}`);
  }
  const { kind, deps } = found.provider;
  const dependent = walk.path.at(-1);
  if (dependent?.kind === "singleton" && isPerScope(kind)) {
    fail(token, walk, describeCapture(dependent.token, kind));
  }
  const { given } = walk;
  if (kind === "provided" && given?.has(token) === false) {
    if (isOptional(dep)) return undefined;
    const names = Array.from(given, readName).join(", ") || "nothing";
    fail(token, walk, `not provided here; the scope is given ${names}`);
  }
  const step = { token, view: findView(found, from), kind };
  if (includesStep(walk.path, step)) fail(token, walk, "cycle");
  if (walk.done.has(step)) return kind;
  walk.path.push(step);
  for (const each of deps) check(each, step.view, walk);
  walk.path.pop();
  walk.done.add(step);
  return kind;
}

/**
 * Finds the container in which the dependencies of a provider are looked up:
 * a parent builds what it shares with its children from its own providers.
 */
function findView({ provider, owner }: Found, from: View): View {
  return isPerScope(provider.kind) ? from : owner;
}

function isPerScope(kind: ServiceKind): boolean {
  return kind === "scoped" || kind === "provided";
}

function fail(
  token: ServiceToken,
  { root, path }: Walk,
  reason: string,
): never {
  const names = path.map((step) => readName(step.token));
  if (root.name !== undefined) names.unshift(root.name);
  names.push(readName(token));
  throw new DependencyError(
    `Cannot build "${names[0]}": ${names.join(" -> ")}: ${reason}`,
    names,
  );
}

function describeRemedy(
  token: ServiceToken,
  from: View,
  { view }: Walk,
): string {
  return from !== view && view.find(token) !== undefined
    ? " in the parent container, which does not see the registrations of its child"
    : "; add it with register(), singleton() or scoped()";
}

function describeCapture(token: ServiceToken, kind: ServiceKind): string {
  const dependent = readName(token);
  const life = kind === "scoped" ? "built for each scope" : "given with it";
  return `${kind} (${life}), but the singleton "${dependent}" would keep the first one forever; register "${dependent}" with scoped()`;
}

/**
 * Draws the dependencies of a root as a tree, even if it cannot be built.
 *
 * @returns Lines of text, without a line feed at the end.
 */
export function explainGraph(view: View, root: Root): string {
  const tree = new Tree();
  if (root.name === undefined) {
    for (const dep of root.deps) tree.add(dep, view, "", "");
  } else {
    tree.lines.push(root.name);
    tree.addAll(root.deps, view, "");
  }
  return tree.lines.join("\n");
}

class Tree {
  readonly lines: string[] = [];
  readonly #path: Step[] = [];
  readonly #drawn = new Visited();

  addAll(deps: readonly Dependency[], view: View, indent: string): void {
    const last = deps.length - 1;
    deps.forEach((dep, i) => {
      const [branch, below] = i < last ? ["├── ", "│   "] : ["└── ", "    "];
      this.add(dep, view, indent + branch, indent + below);
    });
  }

  add(dep: Dependency, from: View, branch: string, indent: string): void {
    const token = unwrapOptional(dep);
    const found = from.find(token);
    const notes: string[] = isOptional(dep) ? ["optional"] : [];
    notes.push(found?.provider.kind ?? "not registered");
    const deps = found?.provider.deps ?? [];
    const step = { token, view: found ? findView(found, from) : from };
    const isCycle = includesStep(this.#path, step);
    const isRepeated = this.#drawn.has(step) && deps.length > 0;
    if (isCycle) notes.push("cycle");
    else if (isRepeated) notes.push("see above");
    this.lines.push(`${branch}${readName(token)} (${notes.join(", ")})`);
    if (isCycle || isRepeated) return;
    this.#drawn.add(step);
    this.#path.push(step);
    this.addAll(deps, step.view, indent);
    this.#path.pop();
  }
}

/**
 * The graph of registrations as a text for people.
 *
 * @module
 */

import { NeffosError } from "../../neffos/mod.ts";
import { isOptional, nameOf, tokenOf } from "./tokens.ts";
import type { Dependency, ServiceKind, ServiceToken } from "./types.ts";

/**
 * Draws what a root depends on, as a tree. Draws what cannot be built, too.
 *
 * @returns Lines of text, without a line feed at the end.
 */
export function drawGraph(view: View, root: Root): string {
  const drawing = new Drawing();
  if (root.name === undefined) {
    for (const dep of root.deps) drawing.add(dep, view, "", "");
  } else {
    drawing.lines.push(root.name);
    drawing.addAll(root.deps, view, "");
  }
  return drawing.lines.join("\n");
}

class Drawing {
  readonly lines: string[] = [];
  readonly #path: { token: ServiceToken; view: View }[] = [];
  readonly #drawn = new Map<View, Set<ServiceToken>>();

  addAll(deps: readonly Dependency[], view: View, indent: string): void {
    const last = deps.length - 1;
    deps.forEach((dep, i) => {
      const [branch, below] = i < last ? ["├── ", "│   "] : ["└── ", "    "];
      this.add(dep, view, indent + branch, indent + below);
    });
  }

  add(dep: Dependency, from: View, branch: string, indent: string): void {
    const token = tokenOf(dep);
    const found = from.find(token);
    const notes: string[] = isOptional(dep) ? ["optional"] : [];
    notes.push(found?.registration.kind ?? "not registered");
    const deps = found?.registration.deps ?? [];
    const view = found === undefined ? from : viewWithin(found, from);
    const drawn = this.#drawn.get(view) ?? new Set();
    const isCycle = this.#path.some((step) =>
      step.token === token && step.view === view
    );
    const isRepeated = drawn.has(token) && deps.length > 0;
    if (isCycle) notes.push("cycle");
    else if (isRepeated) notes.push("see above");
    this.lines.push(`${branch}${nameOf(token)} (${notes.join(", ")})`);
    if (isCycle || isRepeated) return;
    this.#drawn.set(view, drawn.add(token));
    this.#path.push({ token, view });
    this.addAll(deps, view, indent);
    this.#path.pop();
  }
}

/**
 * A service cannot be built: something is not registered, depends on itself,
 * lives shorter than what wants it, or is disposed.
 */
export class DependencyError extends NeffosError {
  /** The name of the class. */
  override name = "DependencyError";
  /** The names from what was asked for down to what fails. */
  readonly path: readonly string[];

  /**
   * Makes an error.
   *
   * @param message What happened, for people.
   * @param path The names from what was asked for down to what fails.
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

/** How one token was registered. */
export interface Registration {
  readonly kind: ServiceKind;
  /** Empty unless it is a singleton or scoped. */
  readonly deps: readonly Dependency[];
  /** Makes the service of a value, a singleton or a scoped registration. */
  readonly make: (services: readonly unknown[]) => unknown;
}

/** A registration and the container that has it. */
export interface Found {
  readonly registration: Registration;
  readonly owner: View;
}

/** What one container sees: its own registrations and the inherited ones. */
export interface View {
  find(token: ServiceToken): Found | undefined;
}

/** What is to be built; the name is left out where it is the one dep's. */
export interface Root {
  readonly name?: string;
  readonly deps: readonly Dependency[];
  /** The provided tokens that there will be. @default all of them */
  readonly given?: ReadonlySet<ServiceToken> | undefined;
}

interface Step {
  readonly token: ServiceToken;
  readonly view: View;
  readonly kind: ServiceKind;
}

interface Walk {
  readonly root: Root;
  readonly view: View;
  readonly path: Step[];
  readonly done: Map<View, Set<ServiceToken>>;
}

/**
 * Checks that everything a root depends on can be built.
 *
 * @returns Whether any of it lives in a scope.
 * @throws {DependencyError} When not.
 */
export function checkGraph(view: View, root: Root): boolean {
  const walk: Walk = { root, view, path: [], done: new Map() };
  let isScoped = false;
  for (const dep of root.deps) {
    const kind = check(dep, view, walk);
    if (kind === "scoped" || kind === "provided") isScoped = true;
  }
  return isScoped;
}

function check(
  dep: Dependency,
  from: View,
  walk: Walk,
): ServiceKind | undefined {
  const token = tokenOf(dep);
  const found = from.find(token);
  if (found === undefined) {
    if (isOptional(dep)) return undefined;
    throw fail(token, walk, `not registered${hintFor(token, from, walk)}`);
  }
  const { kind, deps } = found.registration;
  const user = walk.path.at(-1);
  if (user?.kind === "singleton" && isPerScope(kind)) {
    throw fail(token, walk, captiveReason(nameOf(user.token), kind));
  }
  const { given } = walk.root;
  if (kind === "provided" && given?.has(token) === false) {
    if (isOptional(dep)) return undefined;
    const names = Array.from(given, nameOf).join(", ") || "nothing";
    throw fail(token, walk, `not provided here; the scope is given ${names}`);
  }
  const view = viewWithin(found, from);
  if (walk.path.some((step) => step.token === token && step.view === view)) {
    throw fail(token, walk, "cycle");
  }
  const done = walk.done.get(view) ?? new Set();
  if (done.has(token)) return kind;
  walk.path.push({ token, view, kind });
  for (const each of deps) check(each, view, walk);
  walk.path.pop();
  walk.done.set(view, done.add(token));
  return kind;
}

/**
 * Where the dependencies of a registration are looked up: what a parent shares
 * with its children it builds for itself, from its own registrations.
 */
export function viewWithin({ registration, owner }: Found, from: View): View {
  return isPerScope(registration.kind) ? from : owner;
}

function isPerScope(kind: ServiceKind): boolean {
  return kind === "scoped" || kind === "provided";
}

function fail(
  token: ServiceToken,
  { root, path }: Walk,
  reason: string,
): DependencyError {
  const names = path.map((step) => nameOf(step.token));
  if (root.name !== undefined) names.unshift(root.name);
  names.push(nameOf(token));
  return new DependencyError(
    `Cannot build "${names[0]}": ${names.join(" -> ")}: ${reason}`,
    names,
  );
}

function hintFor(token: ServiceToken, from: View, { view }: Walk): string {
  return from !== view && view.find(token) !== undefined
    ? " in the parent container, which does not see what its child registers"
    : "; add it with register(), singleton() or scoped()";
}

function captiveReason(user: string, kind: ServiceKind): string {
  const life = kind === "scoped" ? "built for each scope" : "given with it";
  return `${kind} (${life}), but the singleton "${user}" would keep the first one for ever; register "${user}" with scoped()`;
}

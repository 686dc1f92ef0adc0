/**
 * Where instances live, and how they are built into it.
 *
 * @module
 */

import { DependencyError } from "./graph.ts";
import { nameOf } from "./tokens.ts";
import type { Scope, ServiceToken } from "./types.ts";

/** One instance, or the promise that there will be one. */
export class Cell {
  value: unknown;
  /** Set while it is being built; rejects where that fails. */
  promise: Promise<void> | undefined = undefined;

  constructor(value?: unknown) {
    this.value = value;
  }
}

/** Gives a service to what is built in a scope. */
export interface Source {
  resolve(scope: InstanceScope): Cell;
}

/** How an instance is made of others. */
export interface Recipe {
  readonly name: string;
  readonly sources: readonly Source[];
  readonly make: (services: readonly unknown[]) => unknown;
}

/** What an {@linkcode InstanceScope} is made with. */
export interface InstanceScopeOptions {
  readonly place: "scope" | "container";
  readonly values?: ReadonlyMap<ServiceToken, unknown>;
  /** How many cells there will be, as far as that is known. */
  readonly slots?: number;
}

type Owned = AsyncDisposable | Disposable;

/**
 * A {@linkcode Scope} from the inside. The singletons of a container live in
 * one as well, its root.
 */
export class InstanceScope implements Scope {
  /** The container that made it. */
  readonly owner: unknown;
  /** What it is called in error texts. */
  readonly place: "scope" | "container";
  /** What it was given. */
  readonly values: ReadonlyMap<ServiceToken, unknown>;
  /** What was built in it, by the slot of the registration. */
  readonly cells: (Cell | undefined)[];
  // Not an AsyncDisposableStack, which takes longer than all the rest.
  #kept: Owned[] | undefined = undefined;
  #isDisposed = false;

  constructor(owner: unknown, options: InstanceScopeOptions) {
    this.owner = owner;
    this.place = options.place;
    this.values = options.values ?? new Map();
    this.cells = new Array(options.slots ?? 0).fill(undefined);
  }

  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  /** Takes an instance that was built out of `services`, to dispose it. */
  keep(instance: unknown, services: readonly unknown[]): void {
    // A factory that hands on one of its services has not built it.
    if (!isDisposable(instance) || services.includes(instance)) return;
    (this.#kept ??= []).push(instance);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    const kept = this.#kept;
    if (kept === undefined) return;
    this.#kept = undefined;
    const errors: unknown[] = [];
    for (let i = kept.length - 1; i >= 0; i--) {
      const owned = kept[i]!;
      try {
        if (isAsyncDisposable(owned)) await owned[Symbol.asyncDispose]();
        else {
          // Whatever its type says, it may be async, and fail later.
          const ended: unknown = owned[Symbol.dispose]();
          if (ended instanceof Promise) await ended;
        }
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length === 0) return;
    throw errors.reduce((before, error) => new SuppressedError(error, before));
  }
}

/** Gives what is there already. */
export class ValueSource implements Source {
  readonly #cell: Cell;

  constructor(value: unknown) {
    this.#cell = new Cell(value);
  }

  resolve(): Cell {
    return this.#cell;
  }
}

/** Gives what the scope was given. */
export class ProvidedSource implements Source {
  readonly #token: ServiceToken;
  readonly #isOptional: boolean;

  constructor(token: ServiceToken, isOptional: boolean) {
    this.#token = token;
    this.#isOptional = isOptional;
  }

  resolve(scope: InstanceScope): Cell {
    const value = scope.values.get(this.#token);
    if (
      value === undefined && !this.#isOptional && !scope.values.has(this.#token)
    ) {
      const name = nameOf(this.#token);
      throw new DependencyError(
        `Cannot inject "${name}": it is not among the values that the scope was created with`,
        [name],
      );
    }
    return new Cell(value);
  }
}

/** Builds once for a scope: the one that asks, or always the same one. */
export class SharedSource implements Source {
  readonly #recipe: Recipe;
  readonly #slot: number;
  readonly #home: InstanceScope | undefined;

  constructor(recipe: Recipe, slot: number, home?: InstanceScope) {
    this.#recipe = recipe;
    this.#slot = slot;
    this.#home = home;
  }

  resolve(scope: InstanceScope): Cell {
    const home = this.#home ?? scope;
    const known = home.cells[this.#slot];
    if (known !== undefined) return known;
    const cell = build(this.#recipe, home);
    home.cells[this.#slot] = cell;
    // The first to hear of the failure, so that who asks next tries again.
    cell.promise?.catch(() => home.cells[this.#slot] = undefined);
    return cell;
  }
}

/** Builds each time. */
export class FreshSource implements Source {
  readonly #recipe: Recipe;

  constructor(recipe: Recipe) {
    this.#recipe = recipe;
  }

  resolve(scope: InstanceScope): Cell {
    return build(this.#recipe, scope);
  }
}

interface Late {
  readonly index: number;
  readonly cell: Cell;
}

/** A build that has to wait: for other services, or for its own factory. */
interface Job {
  readonly recipe: Recipe;
  readonly scope: InstanceScope;
  readonly services: unknown[];
  readonly late?: readonly Late[];
  readonly made?: unknown;
}

function build(recipe: Recipe, scope: InstanceScope): Cell {
  const { sources } = recipe;
  const services = new Array<unknown>(sources.length);
  let late: Late[] | undefined;
  let index = 0;
  for (const source of sources) {
    const cell = source.resolve(scope);
    services[index] = cell.value;
    if (cell.promise !== undefined) (late ??= []).push({ index, cell });
    index++;
  }
  const cell = new Cell();
  if (late !== undefined) {
    cell.promise = finish(cell, { recipe, scope, services, late });
    return cell;
  }
  const made = recipe.make(services);
  // A factory may have ended the very scope that it builds for.
  if (made instanceof Promise || scope.isDisposed) {
    cell.promise = finish(cell, { recipe, scope, services, made });
    return cell;
  }
  cell.value = made;
  scope.keep(made, services);
  return cell;
}

async function finish(cell: Cell, job: Job): Promise<void> {
  const { recipe, scope, services, late } = job;
  let made: unknown = job.made;
  if (late !== undefined) {
    await Promise.all(late.map(({ cell }) => cell.promise));
    for (const { index, cell } of late) services[index] = cell.value;
    if (scope.isDisposed) throw disposedError(recipe.name, scope.place);
    made = recipe.make(services);
  }
  // A service that happens to have a method then() is not to be awaited.
  const value = made instanceof Promise ? await made : made;
  if (scope.isDisposed) throw await discard(value, job);
  scope.keep(value, services);
  cell.value = value;
  cell.promise = undefined;
}

/** Disposes what came too late; gives the error for who waited for it. */
async function discard(
  instance: unknown,
  { recipe, scope, services }: Job,
): Promise<DependencyError> {
  const orphans = new InstanceScope(scope.owner, { place: scope.place });
  orphans.keep(instance, services);
  try {
    await orphans[Symbol.asyncDispose]();
    return disposedError(recipe.name, scope.place);
  } catch (cause) {
    return disposedError(recipe.name, scope.place, { cause });
  }
}

/** The error of who builds in what is disposed. */
export function disposedError(
  name: string,
  place: InstanceScope["place"],
  options?: ErrorOptions,
): DependencyError {
  const message = `Cannot build "${name}": its ${place} is disposed`;
  return new DependencyError(message, [name], options);
}

function isAsyncDisposable(owned: Owned): owned is AsyncDisposable {
  const { [Symbol.asyncDispose]: dispose } = owned as Partial<AsyncDisposable>;
  return typeof dispose === "function";
}

function isDisposable(value: unknown): value is Owned {
  if (value === null) return false;
  if (typeof value !== "object" && typeof value !== "function") return false;
  const { [Symbol.dispose]: dispose, [Symbol.asyncDispose]: asyncDispose } =
    value as Partial<AsyncDisposable & Disposable>;
  return typeof (asyncDispose ?? dispose) === "function";
}

/**
 * Scopes, and how services are built in them.
 *
 * @module
 */

import { DependencyError } from "./graph.ts";
import type { Provider } from "./provider.ts";
import { readName, type ServiceToken } from "./tokens.ts";

/**
 * The life of one request or of one connection in one namespace, made by
 * `createScope()`: holds the services built for it, and disposes them in
 * reverse order of creation.
 *
 * @category Services
 */
export interface Scope extends AsyncDisposable {
  /** Whether it is disposed or being disposed. */
  readonly isDisposed: boolean;
}

/** The services of provided tokens: a Map, or what looks them up. */
export type ScopeValues = Pick<
  ReadonlyMap<ServiceToken, unknown>,
  "get" | "has"
>;

/** One service, or the promise of one. */
interface Cell {
  value: unknown;
  /** Set while the service is being built; rejects if that fails. */
  promise: Promise<void> | undefined;
}

/** The options of an {@linkcode InstanceScope}. */
export interface InstanceScopeOptions {
  readonly place: "scope" | "container";
  readonly values?: ScopeValues;
  /** How many cells there will be, as far as is known. */
  readonly slots?: number;
}

const NONE: ScopeValues = new Map<ServiceToken, unknown>();

/** A {@linkcode Scope} from the inside. Singletons live in one as well. */
export class InstanceScope implements Scope {
  /** The registry that made it. */
  readonly owner: unknown;
  /** Its name in error texts. */
  readonly place: "scope" | "container";
  /** The provided services. */
  readonly values: ScopeValues;
  /** The services built in it, by the slot of their resolver. */
  readonly cells: (Cell | undefined)[];
  // An AsyncDisposableStack of one service takes 1.9 µs, an array 0.1 µs.
  #owned: (AsyncDisposable | Disposable)[] | undefined = undefined;
  #isDisposed = false;

  constructor(owner: unknown, options: InstanceScopeOptions) {
    this.owner = owner;
    this.place = options.place;
    this.values = options.values ?? NONE;
    this.cells = new Array(options.slots ?? 0).fill(undefined);
  }

  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  /** Makes the scope dispose an instance that was built out of `services`. */
  own(instance: unknown, services: readonly unknown[]): void {
    // A factory that returns one of its services has not built it.
    if (!isDisposable(instance) || services.includes(instance)) return;
    (this.#owned ??= []).push(instance);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    const owned = this.#owned;
    if (owned === undefined) return;
    this.#owned = undefined;
    await disposeAll(owned);
  }
}

/**
 * Disposes in reverse order, like an AsyncDisposableStack, which Node lacks
 * before version 24.
 *
 * @param instances What is disposed, the last one first.
 * @throws {Error} The error of one of them; a SuppressedError if several fail.
 */
export async function disposeAll(
  instances: readonly (AsyncDisposable | Disposable)[],
): Promise<void> {
  const errors: unknown[] = [];
  for (let i = instances.length - 1; i >= 0; i--) {
    const instance = instances[i]!;
    try {
      if (isAsyncDisposable(instance)) await instance[Symbol.asyncDispose]();
      else {
        // Whatever its type says, it may be async, and fail later.
        const ended: unknown = instance[Symbol.dispose]();
        if (ended instanceof Promise) await ended;
      }
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors.reduce(suppress);
}

/** Joins two errors; Node has no SuppressedError before version 24. */
function suppress(before: unknown, error: unknown): unknown {
  return typeof SuppressedError === "function"
    ? new SuppressedError(error, before)
    : new AggregateError([error, before], "Several services failed to end");
}

function isAsyncDisposable(
  instance: AsyncDisposable | Disposable,
): instance is AsyncDisposable {
  return typeof (instance as Partial<AsyncDisposable>)[Symbol.asyncDispose] ===
    "function";
}

function isDisposable(value: unknown): value is AsyncDisposable | Disposable {
  if (value === null) return false;
  if (typeof value !== "object" && typeof value !== "function") return false;
  const { [Symbol.dispose]: dispose, [Symbol.asyncDispose]: asyncDispose } =
    value as Partial<AsyncDisposable & Disposable>;
  return typeof (asyncDispose ?? dispose) === "function";
}

/**
 * How a dependency becomes a service in a scope, linked once, so that no token
 * is looked up for a request.
 */
export type Resolver = ValueResolver | ProvidedResolver | BuildResolver;

/** Gives a service that exists already. */
interface ValueResolver {
  readonly kind: "value";
  readonly cell: Cell;
}

/** Gives a service that was handed in with the scope. */
interface ProvidedResolver {
  readonly kind: "provided";
  readonly token: ServiceToken;
  readonly isOptional: boolean;
}

/**
 * Builds a service: anew each time, once for each scope, or once in the root
 * scope of its container. One shape for the three, since five shapes behind one
 * `switch` are too many for V8's inline caches: a scope then costs 8 % more.
 */
interface BuildResolver extends Pick<Provider, "make"> {
  readonly kind: "transient" | "scoped" | "singleton";
  readonly name: string;
  readonly deps: readonly Resolver[];
  /** The cell of the service; unused if it is transient. */
  readonly slot: number;
  /** The root scope of a singleton. */
  readonly home: InstanceScope | undefined;
}

/** Makes the resolver of a service that exists already. */
export function makeValueResolver(value: unknown): Resolver {
  return { kind: "value", cell: { value, promise: undefined } };
}

/**
 * Gives the service of a resolver: a promise only if the service is pending.
 *
 * @throws {DependencyError} If the scope was created without it.
 */
export function resolveService(
  resolver: Resolver,
  scope: InstanceScope,
): unknown {
  const cell = resolve(resolver, scope);
  return cell.promise === undefined
    ? cell.value
    : cell.promise.then(() => cell.value);
}

function resolve(resolver: Resolver, scope: InstanceScope): Cell {
  switch (resolver.kind) {
    case "value":
      return resolver.cell;
    case "provided":
      return { value: readProvided(resolver, scope), promise: undefined };
    case "transient":
      return build(resolver, scope);
    case "scoped":
    case "singleton":
      return buildOnce(resolver, resolver.home ?? scope);
  }
}

function readProvided(
  { token, isOptional }: ProvidedResolver,
  { values }: InstanceScope,
): unknown {
  const value = values.get(token);
  if (value !== undefined || isOptional || values.has(token)) return value;
  const name = readName(token);
  throw new DependencyError(
    `Cannot inject "${name}": it is not among the values that the scope was created with`,
    [name],
  );
}

function buildOnce(resolver: BuildResolver, home: InstanceScope): Cell {
  const { slot } = resolver;
  const known = home.cells[slot];
  if (known !== undefined) return known;
  const cell = build(resolver, home);
  home.cells[slot] = cell;
  // Attached first, so that a dependent that sees the failure can try again.
  cell.promise?.catch(() => home.cells[slot] = undefined);
  return cell;
}

function build(resolver: BuildResolver, scope: InstanceScope): Cell {
  const { deps, make } = resolver;
  const services = new Array<unknown>(deps.length);
  let pending: Pending[] | undefined;
  let index = 0;
  for (const dep of deps) {
    const cell = resolve(dep, scope);
    services[index] = cell.value;
    if (cell.promise !== undefined) (pending ??= []).push({ index, cell });
    index++;
  }
  const cell: Cell = { value: undefined, promise: undefined };
  if (pending !== undefined) {
    cell.promise = buildLater({ resolver, scope, services, cell }, pending);
    return cell;
  }
  const made = make(services);
  // A factory may have disposed the very scope that it builds for.
  if (made instanceof Promise || scope.isDisposed) {
    cell.promise = settle({ resolver, scope, services, cell }, made);
    return cell;
  }
  cell.value = made;
  scope.own(made, services);
  return cell;
}

/** A build that waits for other services or for its own factory. */
interface Job {
  readonly resolver: BuildResolver;
  readonly scope: InstanceScope;
  readonly services: unknown[];
  readonly cell: Cell;
}

/** A dependency that is still being built. */
interface Pending {
  readonly index: number;
  readonly cell: Cell;
}

async function buildLater(
  job: Job,
  pending: readonly Pending[],
): Promise<void> {
  const { resolver, scope, services } = job;
  await Promise.all(pending.map(({ cell }) => cell.promise));
  for (const { index, cell } of pending) services[index] = cell.value;
  if (scope.isDisposed) throw createDisposedError(resolver.name, scope.place);
  await settle(job, resolver.make(services));
}

async function settle(job: Job, made: unknown): Promise<void> {
  const { scope, services, cell } = job;
  // A service that happens to have a method then() is not to be awaited.
  const value = made instanceof Promise ? await made : made;
  if (scope.isDisposed) throw await discard(value, job);
  scope.own(value, services);
  cell.value = value;
  cell.promise = undefined;
}

/** Disposes an instance whose scope ended first, and makes the error of it. */
async function discard(
  instance: unknown,
  { resolver, scope, services }: Job,
): Promise<DependencyError> {
  const orphans = new InstanceScope(scope.owner, { place: scope.place });
  orphans.own(instance, services);
  try {
    await orphans[Symbol.asyncDispose]();
    return createDisposedError(resolver.name, scope.place);
  } catch (cause) {
    return createDisposedError(resolver.name, scope.place, { cause });
  }
}

/** Makes the error of a build in a disposed scope or container. */
export function createDisposedError(
  name: string,
  place: InstanceScope["place"],
  options?: ErrorOptions,
): DependencyError {
  const message = `Cannot build "${name}": its ${place} is disposed`;
  return new DependencyError(message, [name], options);
}

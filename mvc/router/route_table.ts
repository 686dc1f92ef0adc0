import type { Context } from "../http/context.ts";
import { BadRequestError } from "../http/http_error.ts";
import { normalizePath, trimSlash } from "../http/path.ts";
import type { Middleware, RouteHandler } from "./handlers.ts";
import {
  compilePattern,
  decodeGroups,
  isPattern,
  type PathMatcher,
} from "./pattern.ts";

/** Middleware and handler as one function. */
export type Chain = (ctx: Context) => Response | Promise<Response>;

/** Handles an error of a request that is already answered. */
export type LateErrorHook = (error: unknown, ctx: Context) => void;

const NONE = Symbol("none");

/**
 * Wraps a handler in middleware, the first one outermost.
 *
 * A rejected `next()` that its middleware does not await would end the process.
 * So each one has a handler, and errors after the response go to `onLateError`.
 */
export function compileChain(
  middleware: readonly Middleware[],
  handler: RouteHandler,
  onLateError: LateErrorHook,
): Chain {
  if (middleware.length === 0) return handler;
  return (ctx) => {
    let reached = 0;
    // A late error passes through every level, and is reported once.
    let late: unknown = NONE;

    function onReject(error: unknown): void {
      if (!ctx.answered || error === late) return;
      late = error;
      onLateError(error, ctx);
    }

    function next(index: number): Promise<Response> {
      // Thrown synchronously: a rejection might not be awaited.
      if (index <= reached) {
        throw new Error(
          `Cannot call next() for ${ctx.method} "${ctx.path}": the middleware has already called it, and must call it at most once`,
        );
      }
      reached = index;
      const answer = run(index);
      answer.catch(onReject);
      return answer;
    }

    async function run(index: number): Promise<Response> {
      if (index < middleware.length) {
        return checkResponse(
          await middleware[index]!(ctx, () => next(index + 1)),
          ctx,
        );
      }
      const response = checkResponse(await handler(ctx), ctx);
      // Only an upgrade makes such a response; the handler may have upgraded
      // the request without telling the context.
      if (response.status === 101) ctx.setUpgraded(response);
      return response;
    }

    return middleware[0]!(ctx, () => next(1));
  };
}

/**
 * Checks the return value of a handler or middleware, whatever its type says.
 *
 * @throws {TypeError} If it is not a Response.
 */
export function checkResponse(value: unknown, ctx: Context): Response {
  if (value instanceof Response) return value;
  throw new TypeError(
    `Cannot answer ${ctx.method} "${ctx.path}": a handler or middleware returned ${
      value === null ? "null" : typeof value
    }; it must return a Response, such as ctx.json(value)`,
  );
}

/** The method of routes for every method without a handler of its own. */
export const ANY = "ANY";

/** The middleware of a party, and the group around it. */
export interface Group {
  readonly parent: Group | undefined;
  readonly middleware: Middleware[];
}

/** One method on one path. */
export interface Route {
  readonly method: string;
  /** The whole path, as it was registered. */
  readonly path: string;
  readonly group: Group;
  readonly middleware: readonly Middleware[];
  readonly handler: RouteHandler;
  /** The position in the order of registration. */
  readonly order: number;
  /** Compiled on first use, and again after each `use`. */
  chain: Chain | undefined;
}

/** The routes on one path, by method. */
export type Routes = Map<string, Route>;

interface Pattern {
  readonly match: PathMatcher;
  readonly routes: Routes;
}

/** A route and the decoded parameters of the path. */
export interface Match {
  readonly route: Route;
  readonly params: Record<string, string>;
}

interface Candidate {
  readonly route: Route;
  readonly match: PathMatcher;
}

/** Collects the middleware of a party and of the parties around it. */
export function collectMiddleware(group: Group | undefined): Middleware[] {
  return group === undefined
    ? []
    : [...collectMiddleware(group.parent), ...group.middleware];
}

/**
 * Picks the route for a method: its own, for HEAD also the one for GET, else the
 * one for any method.
 */
export function pickRoute(routes: Routes, method: string): Route | undefined {
  return routes.get(method) ??
    (method === "HEAD" ? routes.get("GET") : undefined) ??
    routes.get(ANY);
}

/** All routes of a router and its parties. */
export class RouteTable {
  readonly #onLateError: LateErrorHook;
  readonly #exact = new Map<string, Routes>();
  readonly #patterns = new Map<string, Pattern>();
  /** For each method, the patterns that have a route for it, in order. */
  readonly #candidates = new Map<string, readonly Candidate[]>();
  /** For each method, the other patterns. */
  readonly #others = new Map<string, readonly Pattern[]>();
  readonly #routes: Route[] = [];
  readonly #methods = new Set(["HEAD"]);

  constructor(onLateError: LateErrorHook) {
    this.#onLateError = onLateError;
  }

  /** The routes in order of registration. */
  get routes(): readonly Route[] {
    return this.#routes;
  }

  /**
   * Adds a route.
   *
   * @throws {TypeError} If its path is not a valid pattern, or is already
   * registered for its method.
   */
  add(route: Omit<Route, "order" | "chain">): void {
    const { method, path } = route;
    const routes = isPattern(path)
      ? this.#getPatternRoutes(method, path)
      : this.#getExactRoutes(method, path);
    if (routes.has(method)) {
      throw new TypeError(
        `Cannot register ${method} "${path}": a handler is already registered for it, and a path must have one for each method`,
      );
    }
    const added = { ...route, order: this.#routes.length, chain: undefined };
    routes.set(method, added);
    this.#routes.push(added);
    this.#methods.add(method);
    this.#candidates.clear();
    this.#others.clear();
  }

  /** Drops the compiled chains, after middleware was added. */
  resetChains(): void {
    for (const route of this.#routes) route.chain = undefined;
  }

  /** Returns the function that runs a route with its middleware. */
  getChain(route: Route): Chain {
    return route.chain ??= compileChain(
      [...collectMiddleware(route.group), ...route.middleware],
      route.handler,
      this.#onLateError,
    );
  }

  /** Finds the routes on exactly this path, as it was sent. */
  findExact(path: string): Routes | undefined {
    return this.#exact.get(path);
  }

  /** Finds the route for a clean path, exact paths before patterns. */
  find(method: string, path: string): Match | undefined {
    const exact = this.#exact.get(trimSlash(path));
    const route = exact && pickRoute(exact, method);
    if (route !== undefined) return { route, params: {} };
    for (const candidate of this.#getCandidates(method)) {
      const groups = candidate.match(path);
      if (groups !== undefined) {
        return { route: candidate.route, params: decodeGroups(groups) };
      }
    }
    return undefined;
  }

  /**
   * Finds the routes of other methods on a clean path, for which there is no
   * route of this one.
   */
  findOthers(method: string, path: string): Route[] {
    const exact = this.#exact.get(trimSlash(path));
    const found = exact === undefined ? [] : [...exact.values()];
    for (const { match, routes } of this.#getOthers(method)) {
      if (match(path) !== undefined) found.push(...routes.values());
    }
    return found;
  }

  #getExactRoutes(method: string, path: string): Routes {
    const key = compileWith(`${method} "${path}"`, () => cleanExact(path));
    const routes = this.#exact.get(key) ?? new Map<string, Route>();
    this.#exact.set(key, routes);
    return routes;
  }

  #getPatternRoutes(method: string, path: string): Routes {
    let pattern = this.#patterns.get(path);
    if (pattern === undefined) {
      const match = compileWith(
        `${method} "${path}"`,
        () => compilePattern(path),
      );
      pattern = { match, routes: new Map() };
      this.#patterns.set(path, pattern);
    }
    return pattern.routes;
  }

  #getCandidates(method: string): readonly Candidate[] {
    const key = this.#getKey(method);
    let candidates = this.#candidates.get(key);
    if (candidates === undefined) {
      candidates = [...this.#patterns.values()].flatMap(({ match, routes }) => {
        const route = pickRoute(routes, key);
        return route === undefined ? [] : { route, match };
      }).sort((a, b) => a.route.order - b.route.order);
      this.#candidates.set(key, candidates);
    }
    return candidates;
  }

  #getOthers(method: string): readonly Pattern[] {
    const key = this.#getKey(method);
    let others = this.#others.get(key);
    if (others === undefined) {
      others = [...this.#patterns.values()]
        .filter(({ routes }) => pickRoute(routes, key) === undefined);
      this.#others.set(key, others);
    }
    return others;
  }

  /** Clients may invent methods; those without a route share one list. */
  #getKey(method: string): string {
    return this.#methods.has(method) ? method : ANY;
  }
}

function cleanExact(path: string): string {
  const url = new URL("http://host");
  url.pathname = path;
  return normalizePath(url.pathname);
}

function compileWith<T>(what: string, compile: () => T): T {
  try {
    return compile();
  } catch (cause) {
    const reason = cause instanceof BadRequestError
      ? "the path must be percent-encoded UTF-8"
      : (cause as Error).message;
    throw new TypeError(`Cannot register ${what}: ${reason}`, { cause });
  }
}

import type { Context } from "../http/context.ts";
import { trimSlash } from "../http/path.ts";
import type { Middleware, RouteHandler } from "./handlers.ts";
import {
  compilePattern,
  decodeGroups,
  isPattern,
  type PathMatcher,
} from "./pattern.ts";

/** Middleware and handler in one function, which the router calls. */
export type Chain = (ctx: Context) => Response | Promise<Response>;

/** Is told what went wrong in a request that is answered already. */
export type LateErrorHook = (error: unknown, ctx: Context) => void;

const NONE = Symbol("none");

/**
 * Puts middleware around a handler, the first one outermost.
 *
 * A rejected `next()` that its middleware does not await would end the process.
 * Here it never does: an error that comes after the answer goes to `onLateError`.
 */
export function compileChain(
  middleware: readonly Middleware[],
  handler: RouteHandler,
  onLateError: LateErrorHook,
): Chain {
  if (middleware.length === 0) return handler;
  return (ctx) => {
    let reached = 0;
    // One late error passes through every level, and is reported once.
    let late: unknown = NONE;

    function onReject(error: unknown): void {
      if (!ctx.answered || error === late) return;
      late = error;
      onLateError(error, ctx);
    }

    function next(index: number): Promise<Response> {
      // Thrown here and now: a rejection might not be awaited.
      if (index <= reached) {
        throw new Error(
          `Cannot call next() for ${ctx.method} "${ctx.path}": the middleware has called it already, and should call it once`,
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
      // Only an upgrade makes such a response, so the handler may have done it
      // without telling the context.
      if (response.status === 101) ctx.setUpgraded(response);
      return response;
    }

    return middleware[0]!(ctx, () => next(1));
  };
}

/** Checks what a handler or a middleware returned, whatever its types promise. */
export function checkResponse(value: unknown, ctx: Context): Response {
  if (value instanceof Response) return value;
  throw new TypeError(
    `Cannot answer ${ctx.method} "${ctx.path}": a handler or middleware returned ${
      value === null ? "null" : typeof value
    } and should return a Response`,
  );
}

/** Stands for every method that a path has no handler of its own for. */
export const ANY = "ANY";

/** A party's own middleware and where it stands. */
export interface Group {
  readonly parent: Group | undefined;
  readonly middleware: Middleware[];
}

/** One method on one path. */
export interface Route {
  readonly method: string;
  /** The path with that of its party, as it was registered. */
  readonly path: string;
  readonly group: Group;
  readonly middleware: readonly Middleware[];
  readonly handler: RouteHandler;
  /** Its place in the order of registration. */
  readonly order: number;
  /** Compiled on first use, and again after the next `use`. */
  chain: Chain | undefined;
}

/** The routes on one path, by method. */
export type Routes = Map<string, Route>;

interface Pattern {
  readonly match: PathMatcher;
  readonly routes: Routes;
}

/** A route and what the request's path filled in. */
export interface Match {
  readonly route: Route;
  readonly params: Record<string, string>;
}

interface Candidate {
  readonly route: Route;
  readonly match: PathMatcher;
}

/** All middleware that runs around a route or an answer of a party. */
export function collectMiddleware(group: Group | undefined): Middleware[] {
  return group === undefined
    ? []
    : [...collectMiddleware(group.parent), ...group.middleware];
}

/**
 * Picks the route of a path for a method: its own, for HEAD also that for GET,
 * else the one for any method.
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
  /** For each method the patterns that have a route for it, in order. */
  readonly #candidates = new Map<string, Candidate[]>();
  readonly #routes: Route[] = [];
  readonly #methods = new Set(["HEAD"]);

  constructor(onLateError: LateErrorHook) {
    this.#onLateError = onLateError;
  }

  /** All routes in order of registration. */
  get routes(): readonly Route[] {
    return this.#routes;
  }

  add(route: Omit<Route, "order" | "chain">): void {
    const { method, path } = route;
    const routes = isPattern(path)
      ? this.#patternRoutes(method, path)
      : this.#exactRoutes(path);
    if (routes.has(method)) {
      throw new TypeError(
        `Cannot register ${method} "${path}": a handler is already registered for it, and a path should have one for each method`,
      );
    }
    const added = { ...route, order: this.#routes.length, chain: undefined };
    routes.set(method, added);
    this.#routes.push(added);
    this.#methods.add(method);
    this.#candidates.clear();
  }

  /** Forgets what was compiled, since middleware was added. */
  resetChains(): void {
    for (const route of this.#routes) route.chain = undefined;
  }

  /** The function that runs a route with its middleware. */
  chainOf(route: Route): Chain {
    return route.chain ??= compileChain(
      [...collectMiddleware(route.group), ...route.middleware],
      route.handler,
      this.#onLateError,
    );
  }

  /** The routes on exactly this path, as it was sent: one look-up in a map. */
  findExact(path: string): Routes | undefined {
    return this.#exact.get(path);
  }

  /**
   * The route for a clean path, the exact ones before the patterns.
   *
   * @throws {BadRequestError} If a path parameter cannot be decoded.
   */
  find(method: string, path: string): Match | undefined {
    const exact = this.#exact.get(trimSlash(path));
    const route = exact && pickRoute(exact, method);
    if (route !== undefined) return { route, params: {} };
    for (const candidate of this.#candidatesFor(method)) {
      const groups = candidate.match(path);
      if (groups !== undefined) {
        return { route: candidate.route, params: decodeGroups(groups) };
      }
    }
    return undefined;
  }

  /** The routes on a clean path, whatever their method. */
  findOthers(path: string): Route[] {
    const exact = this.#exact.get(trimSlash(path));
    const others = exact === undefined ? [] : [...exact.values()];
    for (const { match, routes } of this.#patterns.values()) {
      if (match(path) !== undefined) others.push(...routes.values());
    }
    return others;
  }

  #exactRoutes(path: string): Routes {
    const url = new URL("http://host");
    url.pathname = path;
    const routes = this.#exact.get(url.pathname) ?? new Map<string, Route>();
    this.#exact.set(url.pathname, routes);
    return routes;
  }

  #patternRoutes(method: string, path: string): Routes {
    let pattern = this.#patterns.get(path);
    if (pattern === undefined) {
      try {
        pattern = { match: compilePattern(path), routes: new Map() };
      } catch (cause) {
        throw new TypeError(
          `Cannot register ${method} "${path}": the path should be a pattern that URLPattern takes`,
          { cause },
        );
      }
      this.#patterns.set(path, pattern);
    }
    return pattern.routes;
  }

  #candidatesFor(method: string): readonly Candidate[] {
    // Clients may make up methods; those without a route share one list.
    const key = this.#methods.has(method) ? method : ANY;
    let candidates = this.#candidates.get(key);
    if (candidates === undefined) {
      candidates = [];
      for (const { match, routes } of this.#patterns.values()) {
        const route = pickRoute(routes, key);
        if (route !== undefined) candidates.push({ route, match });
      }
      candidates.sort((a, b) => a.route.order - b.route.order);
      this.#candidates.set(key, candidates);
    }
    return candidates;
  }
}

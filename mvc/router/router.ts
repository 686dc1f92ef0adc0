/**
 * {@linkcode Router}: makes a handler for `Deno.serve` out of routes.
 *
 * @module
 */

import { assertDeno } from "../../neffos/internal.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { ErrorHook } from "./handlers.ts";
import { Party } from "./party.ts";
import type { Route, RouteTable } from "./route_table.ts";
import { explainRoutes } from "./text.ts";

/** Lists the routes of a router with their handlers. */
export let routesOf: (router: Router) => readonly Route[];

/**
 * The options of a {@linkcode Router}.
 *
 * @category Routing
 */
export interface RouterOptions {
  /**
   * Handles the errors of handlers and middleware, and may return a response.
   *
   * @default {one line of JSON by `console.error`, and the client gets 500}
   */
  onError?: ErrorHook;
}

/**
 * One entry of {@linkcode Router.routes}.
 *
 * @category Routing
 */
export interface RouteInfo {
  /** The method; `ANY` for every method without a handler of its own. */
  readonly method: string;
  /** The whole path, as it was registered. */
  readonly path: string;
  /** The name of the handler, if it has one. */
  readonly name?: string;
}

/**
 * The options of {@linkcode Router.listen}: those of `Deno.serve`, with `cert`
 * and `key` for HTTPS.
 *
 * @category Routing
 */
export type ListenOptions =
  | Deno.ServeTcpOptions
  | (Deno.ServeTcpOptions & Deno.TlsCertifiedKeyPem);

/**
 * Dispatches requests to handlers by method and path.
 *
 * {@linkcode Router.handler} is the handler for `Deno.serve`, and never throws.
 * An error of a handler becomes status 500, or the response of
 * {@linkcode RouterOptions.onError}. An upgraded request is answered with the
 * response of the upgrade, whatever the middleware around it returns: any other
 * response would stop the listener.
 *
 * @example
 * ```ts
 * import { Router } from "@neffos/mvc";
 * import { assertEquals } from "@std/assert";
 *
 * const router = new Router();
 * router.use(async (_ctx, next) => {
 *   const response = await next();
 *   response.headers.set("x-served-by", "deno");
 *   return response;
 * });
 * router.get("/", (ctx) => ctx.text("Hello"));
 * router.party("/api").get("/users/:id", (ctx) => ctx.json(ctx.params.id));
 *
 * const server = Deno.serve({ port: 0, onListen() {} }, router.handler);
 * const response = await fetch(
 *   `http://localhost:${server.addr.port}/api/users/ann`,
 * );
 * assertEquals(await response.json(), "ann");
 * assertEquals(response.headers.get("x-served-by"), "deno");
 * await server.shutdown();
 * ```
 *
 * @category Routing
 */
export class Router extends Party<unknown> {
  /**
   * Answers a request: the handler for `Deno.serve`, bound to its router. It
   * never throws and never rejects.
   */
  readonly handler: (
    request: Request,
    info: Deno.ServeHandlerInfo,
  ) => Response | Promise<Response>;
  /**
   * Answers a request: the same function as {@linkcode Router.handler}, under the
   * name that `deno serve` looks for in a default export.
   *
   * @example
   * ```ts
   * import { Router } from "@neffos/mvc";
   *
   * const router = new Router();
   * router.get("/", (ctx) => ctx.text("Hello"));
   *
   * // Start it by `deno serve main.ts`.
   * export default router satisfies Deno.ServeDefaultExport;
   * ```
   */
  readonly fetch: Router["handler"];
  readonly #table: RouteTable;

  static {
    routesOf = (router) => router.#table.routes;
  }

  /**
   * Makes a router without routes.
   *
   * @param options The error hook.
   */
  constructor(options?: RouterOptions) {
    const dispatcher = new Dispatcher(options?.onError);
    super(dispatcher.table, dispatcher.root, { path: "/" });
    this.#table = dispatcher.table;
    this.handler = (request, info) => dispatcher.handle(request, info);
    this.fetch = this.handler;
  }

  /**
   * Lists the routes, those of parties included.
   *
   * @returns The routes in order of registration.
   *
   * @example
   * ```ts
   * import { Router } from "@neffos/mvc";
   * import { assertEquals } from "@std/assert";
   *
   * const router = new Router();
   * router.party("/users").get("/:id", (ctx) => ctx.text(ctx.params.id));
   * assertEquals(router.routes(), [{ method: "GET", path: "/users/:id" }]);
   * ```
   */
  routes(): RouteInfo[] {
    return this.#table.routes.map(({ method, path, handler: { name } }) =>
      name ? { method, path, name } : { method, path }
    );
  }

  /**
   * Draws the routes as a table: method, path, the name of the handler, and the
   * middleware that runs before it.
   *
   * @returns The routes in order of registration, in which patterns are tried:
   * one on each line, without a line feed at the end.
   *
   * @example
   * ```ts
   * import { type Middleware, Router } from "@neffos/mvc";
   * import { assertEquals } from "@std/assert";
   *
   * const logRequests: Middleware = (_ctx, next) => next();
   *
   * const router = new Router();
   * router.get("/", function showHome(ctx) {
   *   return ctx.text("Hello");
   * });
   * router.party("/users", logRequests)
   *   .delete("/:id", (ctx) => ctx.text(ctx.params.id));
   * assertEquals(
   *   router.explain(),
   *   `
   * GET     /           showHome
   * DELETE  /users/:id  (anonymous)  after logRequests`.trim(),
   * );
   * ```
   */
  explain(): string {
    return explainRoutes(this.#table.routes);
  }

  /**
   * Starts a server with {@linkcode Router.handler}. It calls `Deno.serve`, with
   * its defaults: port 8000 on all addresses.
   *
   * @param options The port, 0 for any free one, or the options of `Deno.serve`.
   * @returns The server, with its `addr`, `finished` and `shutdown()`.
   * @throws {Deno.errors.AddrInUse} If another listener has the port.
   * @throws {Deno.errors.AddrNotAvailable} If the machine does not have the
   * address.
   * @throws {Deno.errors.PermissionDenied} If the operating system denies the
   * port, as many do for those below 1024.
   * @throws {TypeError} If the program does not run in Deno.
   *
   * @example
   * ```ts
   * import { Router } from "@neffos/mvc";
   * import { assertEquals } from "@std/assert";
   *
   * const router = new Router();
   * router.get("/", (ctx) => ctx.text("Hello"));
   *
   * const server = router.listen({ port: 0, hostname: "127.0.0.1" });
   * const response = await fetch(`http://127.0.0.1:${server.addr.port}/`);
   * assertEquals(await response.text(), "Hello");
   * await server.shutdown();
   * ```
   */
  listen(options: number | ListenOptions = {}): Deno.HttpServer<Deno.NetAddr> {
    assertDeno(
      "call router.listen()",
      "use serveNode(router) of @neffos/mvc/node",
    );
    const settings = typeof options === "number" ? { port: options } : options;
    try {
      return Deno.serve(settings, this.handler);
    } catch (error) {
      throw explainListenError(error, settings);
    }
  }
}

/** Adds the address to the errors whose text says nothing but "os error 98". */
function explainListenError(
  error: unknown,
  { port = 8000, hostname }: ListenOptions,
): unknown {
  const { AddrInUse, AddrNotAvailable, PermissionDenied } = Deno.errors;
  const cause = { cause: error };
  if (error instanceof AddrInUse) {
    const text = `Cannot listen on port ${port}: it is in use`;
    return new AddrInUse(text, cause);
  }
  if (error instanceof PermissionDenied) {
    const text =
      `Cannot listen on port ${port}: the operating system denies it`;
    return new PermissionDenied(text, cause);
  }
  if (error instanceof AddrNotAvailable) {
    const text =
      `Cannot listen on "${hostname}": this machine does not have the address`;
    return new AddrNotAvailable(text, cause);
  }
  return error;
}

/**
 * {@linkcode Router}: paths, methods and middleware in, a handler for
 * `Deno.serve` out.
 *
 * @module
 */

import { Dispatcher } from "./dispatcher.ts";
import type { ErrorHook } from "./handlers.ts";
import { Party } from "./party.ts";
import {
  collectMiddleware,
  type Route,
  type RouteTable,
} from "./route_table.ts";

/**
 * Writes routes as a table for people: method, path, handler, and what runs
 * before it.
 *
 * @returns Lines of text, without a line feed at the end.
 */
export function explainRoutes(routes: readonly Route[]): string {
  const rows = routes.map((route) => [
    route.method,
    route.path,
    nameOf(route.handler),
    explainMiddleware(route),
  ]);
  const widths = [0, 1, 2].map((column) =>
    Math.max(...rows.map((row) => row[column]!.length))
  );
  return rows.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")
      .trimEnd()
  ).join("\n");
}

function explainMiddleware({ group, middleware }: Route): string {
  const names = [...collectMiddleware(group), ...middleware].map(nameOf);
  return names.length === 0 ? "" : `after ${names.join(", ")}`;
}

/** Functions that were written where they were handed over have no name. */
function nameOf({ name }: { readonly name: string }): string {
  return name || "(anonymous)";
}

/** What a {@linkcode Router} may be told. */
export interface RouterOptions {
  /**
   * Is told what handlers and middleware throw, and may answer for them.
   *
   * @default {prints the error to the console, and the client gets 500}
   */
  onError?: ErrorHook;
}

/** One line of {@linkcode Router.routes}. */
export interface RouteInfo {
  /** The method, `ANY` for those that the path has no other handler for. */
  readonly method: string;
  /** The path with that of its party, as it was registered. */
  readonly path: string;
  /** The name of the handler, if it has one. */
  readonly name?: string;
}

/**
 * What {@linkcode Router.listen} may be told: what `Deno.serve` may be, with
 * `cert` and `key` for HTTPS.
 */
export type ListenOptions =
  | Deno.ServeTcpOptions
  | (Deno.ServeTcpOptions & Deno.TlsCertifiedKeyPem);

/**
 * Gives requests to handlers by method and path.
 *
 * Its {@linkcode Router.handler} goes to `Deno.serve` and never throws. A handler
 * that throws makes a 500, or what {@linkcode RouterOptions.onError} returns. A
 * request that was upgraded is answered with the upgrade's response, whatever
 * the middleware around it does: any other answer would stop the listener.
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
 */
export class Router extends Party<unknown> {
  /**
   * Answers a request; made for `Deno.serve`, and bound to its router. It never
   * throws and never rejects.
   */
  readonly handler: (
    request: Request,
    info: Deno.ServeHandlerInfo,
  ) => Response | Promise<Response>;
  readonly #table: RouteTable;

  /**
   * Makes a router without routes.
   *
   * @param options What to do with errors.
   */
  constructor(options?: RouterOptions) {
    const dispatcher = new Dispatcher(options?.onError);
    super(dispatcher.table, dispatcher.root, { path: "/" });
    this.#table = dispatcher.table;
    this.handler = (request, info) => dispatcher.handle(request, info);
  }

  /**
   * Lists what is registered, parties included, for people to read.
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
   * Draws what is registered as a table, for people to read: method, path,
   * the name of the handler, and the middleware that runs before it.
   *
   * @returns The routes in order of registration, in which patterns are tried:
   * one to a line, without a line feed at the end.
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
   * Starts a server that answers with {@linkcode Router.handler}. It is
   * `Deno.serve`, with its defaults: port 8000 on all addresses.
   *
   * @param options The port, 0 for any that is free, or the options of
   * `Deno.serve`.
   * @returns The server, with its `addr`, `finished` and `shutdown()`.
   * @throws {Deno.errors.AddrInUse} If something else listens there.
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
    return Deno.serve(
      typeof options === "number" ? { port: options } : options,
      this.handler,
    );
  }
}

/**
 * The types of HTTP controllers: classes whose methods are routes.
 *
 * @module
 */

import type { StandardSchemaV1 } from "../../neffos/mod.ts";
import type { InputLimits } from "../http/body.ts";
import type { Middleware } from "../router/handlers.ts";
import type { Party } from "../router/party.ts";

/**
 * The options of one method in `static routes` of a controller, and the limits of
 * its body and query.
 *
 * @category Controllers
 */
export interface RouteOptions extends InputLimits {
  /**
   * The HTTP method; `ANY` for every method without a handler of its own.
   *
   * @default {the HTTP method that the name of the method begins with}
   */
  readonly method?: string | undefined;
  /**
   * The path, relative to the party.
   *
   * @default {the path in the rest of the method's name}
   */
  readonly path?: string | undefined;
  /**
   * Validates the body of the request, as `Context.readBody` reads it. The output
   * is the argument after those for the path. Services of the request are built
   * once the body is there and valid.
   *
   * @default {none: the body is not read}
   */
  readonly body?: StandardSchemaV1 | undefined;
  /**
   * Validates the query: an object of strings, with arrays for repeated
   * parameters. The output is the last argument.
   *
   * @default {none: the query is not an argument}
   */
  readonly query?: StandardSchemaV1 | undefined;
  /**
   * Middleware of this route only, the first one outermost.
   *
   * @default {[]}
   */
  readonly use?: readonly Middleware[] | undefined;
}

/**
 * The type of `static routes` of a controller: routes by method name, as `"METHOD
 * /path"`, as `"/path"`, or as options. `false` excludes a method that is named
 * like a route. A controller that is a plain object has a field `routes`.
 *
 * @example
 * ```ts
 * import { Application, type ControllerRoutes, Router } from "@neffos/mvc";
 *
 * class ProductController {
 *   static readonly routes = {
 *     find: "GET /search/:term",
 *     getBy: "/:id(\\d+)",
 *     getPrices: false,
 *   } as const satisfies ControllerRoutes;
 *
 *   find(term: string) {
 *     return { term };
 *   }
 *   getBy(id: string) {
 *     return { id, prices: this.getPrices(id) };
 *   }
 *   getPrices(_id: string) {
 *     return [1, 2];
 *   }
 * }
 *
 * const router = new Router();
 * new Application(router.party("/products")).handle(ProductController);
 * ```
 *
 * @category Controllers
 */
export type ControllerRoutes = Readonly<
  Record<string, string | false | RouteOptions>
>;

/**
 * One route of a controller, for `afterActivation`.
 *
 * @category Controllers
 */
export interface ControllerRoute {
  /** The HTTP method. */
  readonly method: string;
  /** The whole path, with that of the party. */
  readonly path: string;
  /** The name of the controller's method. */
  readonly methodName: string;
}

/**
 * The argument of a controller's `beforeActivation`.
 *
 * @example
 * ```ts
 * import { Application, type BeforeActivation, Router } from "@neffos/mvc";
 * import { assertEquals } from "@std/assert";
 *
 * class StatusController {
 *   static beforeActivation(b: BeforeActivation): void {
 *     b.handle("GET", "/health", "get").use(async (_ctx, next) => {
 *       const response = await next();
 *       response.headers.set("cache-control", "no-store");
 *       return response;
 *     });
 *   }
 *   get() {
 *     return "up";
 *   }
 * }
 *
 * const router = new Router();
 * new Application(router).handle(StatusController);
 * assertEquals(router.routes().map((route) => route.path), ["/", "/health"]);
 * ```
 *
 * @category Controllers
 */
export interface BeforeActivation {
  /** The party of the controller's routes. */
  readonly router: Party;
  /**
   * Registers another route for a method. The arguments are those of its own
   * route: the path parameters, then the body and the query if `static routes`
   * has schemas for them. The `use` of `static routes` does not apply to it.
   *
   * @param method The HTTP method; `ANY` for every method without a handler of
   * its own.
   * @param path The path, relative to the party.
   * @param methodName The name of the controller's method.
   * @param middleware Middleware of this route only.
   * @returns This.
   * @throws {TypeError} If the method does not exist, or is an event.
   */
  handle(
    method: string,
    path: string,
    methodName: string,
    ...middleware: Middleware[]
  ): this;
  /**
   * Adds middleware to the routes of this controller only.
   *
   * @param middleware The middleware, the first one outermost.
   * @returns This.
   */
  use(...middleware: Middleware[]): this;
}

/**
 * The argument of a controller's `afterActivation`.
 *
 * @example
 * ```ts
 * import { type AfterActivation, Application, Router } from "@neffos/mvc";
 * import { assertEquals } from "@std/assert";
 *
 * const paths: string[] = [];
 * class UserController {
 *   static afterActivation(a: AfterActivation): void {
 *     for (const { method, path } of a.routes) paths.push(`${method} ${path}`);
 *   }
 *   getBy(id: string) {
 *     return { id };
 *   }
 * }
 *
 * new Application(new Router().party("/users")).handle(UserController);
 * assertEquals(paths, ["GET /users/:param1"]);
 * ```
 *
 * @category Controllers
 */
export interface AfterActivation {
  /** The party of the controller's routes. */
  readonly router: Party;
  /** The registered routes, in the order in which the router tries them. */
  readonly routes: readonly ControllerRoute[];
}

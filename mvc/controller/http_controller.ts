/**
 * HTTP controllers: classes whose methods are routes.
 *
 * @module
 */

import type { StandardSchemaV1 } from "../../neffos/mod.ts";
import type { CheckedClass } from "../container/checks.ts";
import type { ClassToken } from "../container/tokens.ts";
import type { Middleware } from "../router/handlers.ts";
import type { Party } from "../router/party.ts";
import type { RouteFaults } from "./route_checks.ts";

export type {
  ArgumentMismatch,
  NoSuchMethod,
  RouteFaults,
} from "./route_checks.ts";

/** What `static routes` of a controller may say of one method. */
export interface RouteOptions {
  /**
   * The HTTP method; `ANY` for all that the path has no other handler for.
   *
   * @default {what the name of the method begins with}
   */
  readonly method?: string | undefined;
  /**
   * The path behind that of the party, as the router takes it.
   *
   * @default {what the rest of the method's name says}
   */
  readonly path?: string | undefined;
  /**
   * Validates the body of the request, read as `Context.readBody` does it. What
   * it makes of the body is the argument after those for the path.
   *
   * @default {none: the body is not read}
   */
  readonly body?: StandardSchemaV1 | undefined;
  /**
   * Validates the query as an object of strings, with arrays for what is
   * repeated. What it makes of it is the last argument.
   *
   * @default {none: the query is no argument}
   */
  readonly query?: StandardSchemaV1 | undefined;
  /**
   * The largest body that is read, in bytes.
   *
   * @default {1048576}
   */
  readonly maxBody?: number | undefined;
  /**
   * Runs around this route only, the first one outermost.
   *
   * @default {[]}
   */
  readonly use?: readonly Middleware[] | undefined;
}

/**
 * What `static routes` of a controller is: for names of methods their route, as
 * `"METHOD /path"`, as `"/path"`, or by its options. `false` makes a method that
 * is named like a route none. A controller that is an object of no class has
 * them as its field `routes`.
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
 */
export type ControllerRoutes = Readonly<
  Record<string, string | false | RouteOptions>
>;

/** One route of a controller, as `afterActivation` reads it. */
export interface ControllerRoute {
  /** The HTTP method. */
  readonly method: string;
  /** The path with that of the party. */
  readonly path: string;
  /** The name of the method that answers. */
  readonly methodName: string;
}

/**
 * What `beforeActivation` of a controller is given.
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
 */
export interface BeforeActivation {
  /** The party that the controller's routes are registered on. */
  readonly router: Party;
  /**
   * Registers a further route for a method. It is given what its own route
   * gives it: the path parameters, then what `static routes` says of the body
   * and the query. The `use` of `static routes` is not run around it.
   *
   * @param method The HTTP method; `ANY` for all others.
   * @param path The path behind that of the party.
   * @param methodName The name of the method that answers.
   * @param middleware Runs around this route only.
   * @returns This.
   * @throws {TypeError} When there is no such method, or it is an event.
   */
  handle(
    method: string,
    path: string,
    methodName: string,
    ...middleware: Middleware[]
  ): this;
  /**
   * Adds middleware around this controller's routes, and around no others.
   *
   * @param middleware The middleware, the first one outermost.
   * @returns This.
   */
  use(...middleware: Middleware[]): this;
}

/**
 * What `afterActivation` of a controller is given.
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
 */
export interface AfterActivation {
  /** The party that the controller's routes are registered on. */
  readonly router: Party;
  /** What was registered, in the order in which the router compares. */
  readonly routes: readonly ControllerRoute[];
}

/**
 * The check of an HTTP controller: that a class is given services that are
 * registered, as `CheckedClass` does it, and that each of its routes gives its
 * method what that takes. An instance needs none.
 *
 * @typeParam C The type of the class or the instance.
 * @typeParam Registered The union of the types of all registered tokens.
 * @typeParam Builtins The union of the types of the tokens that the framework
 * gives by itself.
 */
export type CheckedHttpController<C, Registered, Builtins = never> = C extends
  ClassToken
  ? [RouteFaults<C>] extends [never] ? CheckedClass<C, Registered, Builtins>
  : RouteFaults<C>
  : C;

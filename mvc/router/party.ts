import { joinPath, trimSlash } from "../http/path.ts";
import type { Middleware, RouteHandler, RouteHandlers } from "./handlers.ts";
import type { PathParams } from "./pattern.ts";
import { ANY, type Group, type RouteTable } from "./route_table.ts";
import { type DirOptions, serveFolder } from "./static_folder.ts";

/**
 * Routes under a common path, with common middleware.
 *
 * Made by {@linkcode Party.party} of a router or of another party. Paths are
 * those of the platform's `URLPattern`: `/users/:id`, `/users/:id(\\d+)`,
 * `/files/*`, `/a{/:b}?`. A path with a slash at its end is the same as without.
 * A request goes to a route with exactly its path, else to the first pattern, in
 * order of registration, that matches.
 *
 * @typeParam Params The parameters in the path of the party, by their names.
 */
export class Party<Params = Record<string, string>> {
  /** The path that all routes of the party begin with; a router's is "/". */
  readonly path: string;
  /** The party or the router that this one was made by, if any. */
  readonly parent: Party<unknown> | undefined;
  readonly #table: RouteTable;
  readonly #group: Group;

  /** @ignore Parties are made by {@linkcode Party.party}. */
  protected constructor(
    table: RouteTable,
    group: Group,
    place: { path: string; parent?: Party<unknown> },
  ) {
    this.#table = table;
    this.#group = group;
    this.path = place.path;
    this.parent = place.parent;
  }

  /**
   * Makes a party under this one.
   *
   * @param path The path of the new party, after that of this one. Its groups
   * should have names: those without one are counted along the whole path.
   * @param middleware Runs around the routes of the new party.
   * @returns The party.
   * @throws {TypeError} If the path does not begin with a slash.
   *
   * @example
   * ```ts
   * import { Router } from "@neffos/mvc";
   *
   * const router = new Router();
   * const users = router.party("/users/:user");
   * users.get("/posts/:post", (ctx) => {
   *   return ctx.text(`${ctx.params.post} of ${ctx.params.user}`);
   * });
   * ```
   */
  party<const Path extends string>(
    path: Path,
    ...middleware: Middleware<Params & PathParams<Path>>[]
  ): Party<Params & PathParams<Path>> {
    if (!path.startsWith("/")) {
      throw new TypeError(
        `Cannot make party "${path}": the path should begin with "/"`,
      );
    }
    const party = new Party<Params & PathParams<Path>>(
      this.#table,
      { parent: this.#group, middleware: [] },
      { path: joinPath(this.path, path), parent: this },
    );
    // The table gives each middleware the parameters that its path has filled.
    return party.use(...middleware as Middleware[]);
  }

  /**
   * Adds middleware to all routes of this party and of the parties under it.
   *
   * It makes no difference whether a route is registered before or after. The
   * router's middleware runs first, then that of the outer and of the inner
   * party, then that of the route, each in order of registration. It also runs
   * around the answers that the router gives by itself: the router's around 404,
   * a party's around 405 and OPTIONS for paths of its routes.
   *
   * @param middleware The middleware, the first one outermost.
   * @returns The party.
   * @throws {TypeError} If one of them is not a function.
   */
  use(...middleware: Middleware[]): this {
    assertFunctions(middleware, `use middleware in "${this.path}"`);
    this.#group.middleware.push(...middleware);
    this.#table.resetChains();
    return this;
  }

  /**
   * Registers a handler for a method.
   *
   * @param method The method, in any case. `ANY` is what {@linkcode Party.any}
   * registers.
   * @param path The path after that of the party. It begins with `/` or `*`.
   * @param handlers The handler, and before it the middleware of this route.
   * @returns The party.
   * @throws {TypeError} If the path, the method or a handler is not one, or if
   * the method and path are registered already.
   */
  handle<const Path extends string>(
    method: string,
    path: Path,
    ...handlers: RouteHandlers<Params & PathParams<Path>>
  ): this {
    // The table gives each handler the parameters that its path has filled.
    const functions = handlers as unknown as RouteHandlers;
    const name = method.toUpperCase();
    if (!/^[/*]/.test(path)) {
      throw new TypeError(
        `Cannot register ${name} "${path}": the path should begin with "/" or "*"`,
      );
    }
    const what = `${name} "${joinPath(this.path, path)}"`;
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
      throw new TypeError(
        `Cannot register ${what}: "${method}" should be an HTTP method`,
      );
    }
    if (functions.length === 0) {
      throw new TypeError(`Cannot register ${what}: a handler should be given`);
    }
    assertFunctions(functions, `register ${what}`);
    this.#table.add({
      method: name,
      path: joinPath(this.path, path),
      group: this.#group,
      middleware: functions.slice(0, -1) as Middleware[],
      handler: functions.at(-1) as RouteHandler,
    });
    return this;
  }

  /**
   * Registers a handler for GET.
   *
   * It answers HEAD too, without the body, unless the path has a handler for HEAD.
   *
   * @param path The path after that of the party.
   * @param handlers The handler, and before it the middleware of this route.
   * @returns The party.
   * @throws {TypeError} As {@linkcode Party.handle} does.
   */
  get<const Path extends string>(
    path: Path,
    ...handlers: RouteHandlers<Params & PathParams<Path>>
  ): this {
    return this.handle("GET", path, ...handlers);
  }

  /**
   * Registers a handler for POST.
   *
   * @param path The path after that of the party.
   * @param handlers The handler, and before it the middleware of this route.
   * @returns The party.
   * @throws {TypeError} As {@linkcode Party.handle} does.
   */
  post<const Path extends string>(
    path: Path,
    ...handlers: RouteHandlers<Params & PathParams<Path>>
  ): this {
    return this.handle("POST", path, ...handlers);
  }

  /**
   * Registers a handler for PUT.
   *
   * @param path The path after that of the party.
   * @param handlers The handler, and before it the middleware of this route.
   * @returns The party.
   * @throws {TypeError} As {@linkcode Party.handle} does.
   */
  put<const Path extends string>(
    path: Path,
    ...handlers: RouteHandlers<Params & PathParams<Path>>
  ): this {
    return this.handle("PUT", path, ...handlers);
  }

  /**
   * Registers a handler for PATCH.
   *
   * @param path The path after that of the party.
   * @param handlers The handler, and before it the middleware of this route.
   * @returns The party.
   * @throws {TypeError} As {@linkcode Party.handle} does.
   */
  patch<const Path extends string>(
    path: Path,
    ...handlers: RouteHandlers<Params & PathParams<Path>>
  ): this {
    return this.handle("PATCH", path, ...handlers);
  }

  /**
   * Registers a handler for DELETE.
   *
   * @param path The path after that of the party.
   * @param handlers The handler, and before it the middleware of this route.
   * @returns The party.
   * @throws {TypeError} As {@linkcode Party.handle} does.
   */
  delete<const Path extends string>(
    path: Path,
    ...handlers: RouteHandlers<Params & PathParams<Path>>
  ): this {
    return this.handle("DELETE", path, ...handlers);
  }

  /**
   * Registers a handler for HEAD.
   *
   * @param path The path after that of the party.
   * @param handlers The handler, and before it the middleware of this route.
   * @returns The party.
   * @throws {TypeError} As {@linkcode Party.handle} does.
   */
  head<const Path extends string>(
    path: Path,
    ...handlers: RouteHandlers<Params & PathParams<Path>>
  ): this {
    return this.handle("HEAD", path, ...handlers);
  }

  /**
   * Registers a handler for OPTIONS.
   *
   * Without one, the router answers OPTIONS with the methods of the path.
   *
   * @param path The path after that of the party.
   * @param handlers The handler, and before it the middleware of this route.
   * @returns The party.
   * @throws {TypeError} As {@linkcode Party.handle} does.
   */
  options<const Path extends string>(
    path: Path,
    ...handlers: RouteHandlers<Params & PathParams<Path>>
  ): this {
    return this.handle("OPTIONS", path, ...handlers);
  }

  /**
   * Registers a handler for every method that the path has no other one for,
   * HEAD and OPTIONS included.
   *
   * @param path The path after that of the party.
   * @param handlers The handler, and before it the middleware of this route.
   * @returns The party.
   * @throws {TypeError} As {@linkcode Party.handle} does.
   */
  any<const Path extends string>(
    path: Path,
    ...handlers: RouteHandlers<Params & PathParams<Path>>
  ): this {
    return this.handle(ANY, path, ...handlers);
  }

  /**
   * Serves the files of a folder, to GET and HEAD.
   *
   * Tags, dates, conditions and ranges are those of `serveFile` of
   * `@std/http/file-server`, which is loaded with the first request. Folders are
   * redirected to their path with a slash at its end, files to theirs without.
   * What is not there is answered with 404. So is what a symbolic link leads to
   * outside of the folder, and a name with a separator in it, such as `a%2fb`;
   * links within the folder are followed.
   *
   * @param path The path after that of the party, without a wildcard. It may
   * have parameters, which make no difference to the files.
   * @param folder The folder: a file URL, or a path from the working directory.
   * @param options What of it is served.
   * @returns The party.
   * @throws {TypeError} As {@linkcode Party.handle} does, and if the folder is not
   * there.
   *
   * @example
   * ```ts
   * import { Router } from "@neffos/mvc";
   * import { assertEquals, assertMatch } from "@std/assert";
   *
   * const router = new Router();
   * router.handleDir("/source", "mvc", {
   *   headers: { "cache-control": "max-age=60" },
   * });
   *
   * const server = Deno.serve({ port: 0, onListen() {} }, router.handler);
   * const response = await fetch(
   *   `http://localhost:${server.addr.port}/source/router/router.ts`,
   * );
   * assertMatch(await response.text(), /class Router/);
   * assertEquals(response.headers.get("cache-control"), "max-age=60");
   * await server.shutdown();
   * ```
   */
  handleDir(
    path: string,
    folder: string | URL,
    options: DirOptions = {},
  ): this {
    if (!path.startsWith("/") || path.endsWith("*")) {
      throw new TypeError(
        `Cannot serve "${folder}" under "${path}": the path should begin with "/" and have no wildcard at its end`,
      );
    }
    const below = joinPath(trimSlash(path), "/*");
    const handler = serveFolder(joinPath(this.path, below), folder, options);
    return this.handle("GET", below, handler);
  }
}

function assertFunctions(values: readonly unknown[], action: string): void {
  for (const value of values) {
    if (typeof value !== "function") {
      throw new TypeError(
        `Cannot ${action}: "${String(value)}" should be a function`,
      );
    }
  }
}

import { joinPath, trimSlash } from "../http/path.ts";
import {
  assertFunctions,
  type Middleware,
  type RouteHandler,
  type RouteHandlers,
} from "./handlers.ts";
import type { PathParams } from "./pattern.ts";
import { ANY, type Group, type RouteTable } from "./route_table.ts";
import { type DirOptions, serveFolder } from "./static_folder.ts";

/**
 * Groups routes under a common path, with common middleware.
 *
 * {@linkcode Party.party} of a router or of another party makes one. Paths are
 * patterns of `URLPattern`: `/users/:id`, `/users/:id(\\d+)`, `/files/*`,
 * `/a{/:b}?`. A slash at the end of a path makes no difference. A request goes
 * to a route with exactly its path, else to the first pattern, in order of
 * registration, that matches.
 *
 * @typeParam Params The parameters in the path of the party, by name.
 *
 * @example
 * ```ts
 * import { Router } from "@neffos/mvc";
 * import { assertEquals } from "@std/assert";
 *
 * const router = new Router();
 * const admin = router.party("/admin", (ctx, next) => {
 *   if (ctx.header("x-role") === "admin") return next();
 *   return ctx.text("admins only", { status: 403 });
 * });
 * admin.get("/users/:id", (ctx) => ctx.text(`user ${ctx.params.id}`));
 *
 * const options = { port: 0, hostname: "127.0.0.1", onListen() {} };
 * const listener = router.listen(options);
 * const url = `http://127.0.0.1:${listener.addr.port}/admin/users/7`;
 * const response = await fetch(url);
 * assertEquals(await response.text(), "admins only");
 * await listener.shutdown();
 * ```
 *
 * @category Routing
 */
export class Party<Params = Record<string, string>> {
  /** The path prefix of all routes of the party; "/" for a router. */
  readonly path: string;
  /** The party or the router that made this party, if any. */
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
   * @param path The path of the new party, relative to this one. Give its groups
   * names: unnamed groups are numbered along the whole path.
   * @param middleware Middleware of the new party.
   * @returns The new party.
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
        `Cannot make party "${path}": the path must begin with "/"`,
      );
    }
    const party = new Party<Params & PathParams<Path>>(
      this.#table,
      { parent: this.#group, middleware: [] },
      { path: joinPath(this.path, path), parent: this },
    );
    // The dispatcher gives middleware the parameters of the matched path.
    return party.use(...middleware as Middleware[]);
  }

  /**
   * Adds middleware to all routes of this party and of the parties under it,
   * registered before or after.
   *
   * The middleware of the router runs first, then that of the outer and of the
   * inner party, then that of the route, each in order of registration. It also
   * runs around the router's own responses: the router's around 404, a party's
   * around 405 and OPTIONS for paths of its routes.
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
   * @param method The method, in any case; `ANY` as in {@linkcode Party.any}.
   * @param path The path, relative to the party. It begins with `/` or `*`.
   * @param handlers Middleware of this route, then the handler.
   * @returns The party.
   * @throws {TypeError} If the path, the method or a handler is not valid, or if
   * the method and path are already registered.
   */
  handle<const Path extends string>(
    method: string,
    path: Path,
    ...handlers: RouteHandlers<Params & PathParams<Path>>
  ): this {
    // The dispatcher gives handlers the parameters of the matched path.
    const functions = handlers as unknown as RouteHandlers;
    const name = method.toUpperCase();
    if (!/^[/*]/.test(path)) {
      throw new TypeError(
        `Cannot register ${name} "${path}": the path must begin with "/" or "*"`,
      );
    }
    const what = `${name} "${joinPath(this.path, path)}"`;
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
      throw new TypeError(
        `Cannot register ${what}: "${method}" must be an HTTP method`,
      );
    }
    if (functions.length === 0) {
      throw new TypeError(`Cannot register ${what}: it must have a handler`);
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
   * It also answers HEAD, without the body, unless the path has a handler for
   * HEAD.
   *
   * @param path The path, relative to the party.
   * @param handlers Middleware of this route, then the handler.
   * @returns The party.
   * @throws {TypeError} Like {@linkcode Party.handle}.
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
   * @param path The path, relative to the party.
   * @param handlers Middleware of this route, then the handler.
   * @returns The party.
   * @throws {TypeError} Like {@linkcode Party.handle}.
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
   * @param path The path, relative to the party.
   * @param handlers Middleware of this route, then the handler.
   * @returns The party.
   * @throws {TypeError} Like {@linkcode Party.handle}.
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
   * @param path The path, relative to the party.
   * @param handlers Middleware of this route, then the handler.
   * @returns The party.
   * @throws {TypeError} Like {@linkcode Party.handle}.
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
   * @param path The path, relative to the party.
   * @param handlers Middleware of this route, then the handler.
   * @returns The party.
   * @throws {TypeError} Like {@linkcode Party.handle}.
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
   * @param path The path, relative to the party.
   * @param handlers Middleware of this route, then the handler.
   * @returns The party.
   * @throws {TypeError} Like {@linkcode Party.handle}.
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
   * Without a handler, the router answers OPTIONS with the methods of the path.
   *
   * @param path The path, relative to the party.
   * @param handlers Middleware of this route, then the handler.
   * @returns The party.
   * @throws {TypeError} Like {@linkcode Party.handle}.
   */
  options<const Path extends string>(
    path: Path,
    ...handlers: RouteHandlers<Params & PathParams<Path>>
  ): this {
    return this.handle("OPTIONS", path, ...handlers);
  }

  /**
   * Registers a handler for every method without a handler of its own, HEAD and
   * OPTIONS included.
   *
   * @param path The path, relative to the party.
   * @param handlers Middleware of this route, then the handler.
   * @returns The party.
   * @throws {TypeError} Like {@linkcode Party.handle}.
   */
  any<const Path extends string>(
    path: Path,
    ...handlers: RouteHandlers<Params & PathParams<Path>>
  ): this {
    return this.handle(ANY, path, ...handlers);
  }

  /**
   * Serves the files of a folder to GET and HEAD.
   *
   * Responses have a type by the extension of the file, a date and a weak entity
   * tag; a client that has the file is answered with 304, one that asks for a
   * range with 206. Folders are redirected to their path with a slash at its end,
   * files to theirs without.
   * A missing file is answered with 404, and so is a target of a symbolic link
   * outside of the folder, and a name with a separator in it, such as `a%2fb`.
   * Symbolic links within the folder are followed.
   *
   * @param path The path, relative to the party, without a wildcard. It may have
   * parameters, which do not affect the files.
   * @param folder The folder: a file URL, or a path relative to the working
   * directory.
   * @param options The index, listings, dotfiles and headers.
   * @returns The party.
   * @throws {TypeError} Like {@linkcode Party.handle}, and if the folder does not
   * exist.
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
        `Cannot serve "${folder}" under "${path}": the path must begin with "/" and have no wildcard at its end`,
      );
    }
    const below = joinPath(trimSlash(path), "/*");
    const handler = serveFolder(joinPath(this.path, below), folder, options);
    return this.handle("GET", below, handler);
  }
}

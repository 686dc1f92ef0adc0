/**
 * {@linkcode websocketHandler} and {@linkcode contextOf}: connect the router and
 * the websocket server.
 *
 * @module
 */

import {
  type Conn,
  type NSConn,
  type Server,
  UpgradeError,
} from "../neffos/mod.ts";
import { isInstance } from "../neffos/internal.ts";
import { type Context, findContext } from "./http/context.ts";
import { HttpError, respondError } from "./http/http_error.ts";
import type { RouteHandler } from "./router/handlers.ts";

/**
 * Options of {@linkcode websocketHandler}.
 *
 * @typeParam Params The path parameters by name.
 *
 * @category Application
 */
export interface WebsocketHandlerOptions<Params = Record<string, string>> {
  /**
   * Returns the ID of a new connection of this endpoint, for instance the name
   * of the user that middleware has found. Several connections of one user may
   * share an ID. An HttpError is answered with its status and text, any other
   * exception with 500.
   *
   * @default {the idGenerator of the server}
   */
  idGenerator?:
    | ((context: Context<Params>) => string | Promise<string>)
    | undefined;
}

/**
 * Makes the handler of a websocket endpoint. Mount it by a plain GET.
 *
 * The connection keeps the Context of its request; see {@linkcode contextOf}.
 * The server answers invalid requests without an upgrade; see `Server.upgrade`.
 *
 * @typeParam Params The path parameters by name, which the route's path gives.
 * @param server The server.
 * @param options The ID generator of this endpoint.
 * @returns The handler, for `router.get`.
 * @throws {TypeError} If the options are not an object, or the ID generator is
 * not a function.
 *
 * @example
 * ```ts
 * import { denoUpgrader, Router, Server, websocketHandler } from "@neffos/mvc";
 *
 * const server = new Server(denoUpgrader(), { chat: { onSay: () => {} } });
 * const router = new Router();
 * router.get("/chat", websocketHandler(server));
 * router.get(
 *   "/users/:name/chat",
 *   websocketHandler(server, { idGenerator: (ctx) => ctx.params.name }),
 * );
 * const options = { port: 0, hostname: "127.0.0.1" };
 * const listener = Deno.serve(options, router.handler);
 *
 * // When the program ends:
 * await server.close();
 * await listener.shutdown();
 * ```
 *
 * @category Application
 */
export function websocketHandler<Params = Record<string, string>>(
  server: Server,
  options: WebsocketHandlerOptions<Params> = {},
): RouteHandler<Params> {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(
      `Cannot take a value of type "${
        options === null ? "null" : typeof options
      }" as the options of an endpoint: they must be an object such as { idGenerator }`,
    );
  }
  const { idGenerator } = options;
  if (idGenerator !== undefined && typeof idGenerator !== "function") {
    throw new TypeError(
      `Cannot use ${
        String(idGenerator)
      } as the "idGenerator" of an endpoint: it must be a function`,
    );
  }
  const handle = (context: Context<Params>): Promise<Response> => {
    // The server adds headers, which must go into the copy.
    context.detach();
    return server.accept(context, {
      idGenerator: idGenerator && (() => generateID(idGenerator, context)),
    }).then((response) =>
      response.status < 400 ? response : respondRefusal(response, context)
    );
  };
  // For `Router.routes()` and `Router.explain()`.
  Object.defineProperty(handle, "name", { value: "websocketHandler" });
  return Object.assign(handle, { allow: "GET", [endpointOf]: server });
}

const endpointOf = Symbol("neffos.endpointOf");

/** The handler of a route, which may be that of a websocket endpoint. */
interface MaybeEndpoint {
  readonly [endpointOf]?: Server;
}

/** Finds the server of a websocket endpoint, by the handler of its route. */
export function findServer(handler: RouteHandler): Server | undefined {
  return (handler as MaybeEndpoint)[endpointOf];
}

async function generateID<Params>(
  idGenerator: (context: Context<Params>) => string | Promise<string>,
  context: Context<Params>,
): Promise<string> {
  try {
    return await idGenerator(context);
  } catch (cause) {
    if (!isInstance(cause, HttpError)) throw cause;
    const { status, message } = cause;
    const headers = Object.fromEntries(cause.headers);
    throw new UpgradeError(status, message, { headers, cause });
  }
}

/** Writes the answer of a server that refuses in the client's format. */
async function respondRefusal(
  response: Response,
  { headers }: Context<unknown>,
): Promise<Response> {
  const own = new Headers(response.headers);
  own.delete("content-type");
  const error = new HttpError(response.status, await response.text(), {
    headers: own,
  });
  return await respondError(error, headers);
}

/**
 * Returns the Context of the request that a connection came from. Its fields
 * were copied before the upgrade. If the connection came through
 * `Server.upgrade`, without a router, it is made of the request: it has no path
 * parameters, and `remoteAddr` only if the server was given it.
 *
 * @param conn The connection, or the connection in a namespace.
 * @returns The Context, the same one for each call.
 * @throws {TypeError} If the connection is that of a client.
 *
 * @example
 * ```ts
 * import { contextOf, denoUpgrader, Server } from "@neffos/mvc";
 *
 * const server = new Server(denoUpgrader(), {
 *   chat: {
 *     onWhoAmI: (nsConn) => contextOf(nsConn).cookies.get("name") ?? "nobody",
 *   },
 * });
 * await server.close();
 * ```
 *
 * @category Application
 */
export function contextOf(conn: Conn | NSConn): Context {
  const context = findContext("conn" in conn ? conn.conn : conn);
  if (context !== undefined) return context;
  throw new TypeError(
    "Cannot get the Context of a connection: it must be a connection of a server",
  );
}

/**
 * {@linkcode websocketHandler} and {@linkcode contextOf}: where the router
 * and the websocket server meet.
 *
 * @module
 */

import type { Conn, NSConn, Server } from "../neffos/mod.ts";
import { type Context, findContext } from "./http/context.ts";
import type { RouteHandler } from "./router/handlers.ts";

/**
 * Makes the handler of a websocket endpoint, to be mounted by a plain GET.
 *
 * The Context goes with the connection, see {@linkcode contextOf}. What is
 * wrong with a request is answered before it is upgraded: see
 * `Server.upgrade`.
 *
 * @param server The server.
 * @returns The handler, for `router.get`.
 *
 * @example
 * ```ts
 * import { denoUpgrader, Router, Server, websocketHandler } from "@neffos/mvc";
 *
 * const server = new Server(denoUpgrader(), { chat: { onSay: () => {} } });
 * const router = new Router();
 * router.get("/chat", websocketHandler(server));
 * const options = { port: 0, hostname: "127.0.0.1" };
 * const listener = Deno.serve(options, router.handler);
 *
 * // When the program ends:
 * await server.close();
 * await listener.shutdown();
 * ```
 */
export function websocketHandler(server: Server): RouteHandler {
  const handle = (context: Context): Promise<Response> => {
    // What the server adds to the headers goes into a copy.
    context.detach();
    return server.accept(context);
  };
  // The name that a list of routes shows.
  Object.defineProperty(handle, "name", { value: "websocketHandler" });
  return Object.assign(handle, { allow: "GET" });
}

/**
 * Gives the Context of the request that a connection came from. All that it
 * shows of the request was copied before the upgrade.
 *
 * @param conn The connection, or the connection in a namespace.
 * @returns The Context.
 * @throws {TypeError} When the connection did not come through
 * {@linkcode websocketHandler}.
 */
export function contextOf(conn: Conn | NSConn): Context {
  const context = findContext("conn" in conn ? conn.conn : conn);
  if (context !== undefined) return context;
  throw new TypeError(
    "Cannot get the Context of a connection that did not come through websocketHandler()",
  );
}

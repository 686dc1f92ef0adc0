import type { Context } from "../http/context.ts";

/**
 * Runs what comes after a middleware: the next one, at last the handler.
 *
 * @returns The response, which the middleware may change or replace.
 */
export type Next = () => Promise<Response>;

/**
 * Answers a request, or lets `next` do it and works on the response.
 *
 * @typeParam Params The path parameters by their names.
 * @param ctx The request.
 * @param next Runs what comes after. May be called once, and should be awaited
 * or returned: what it throws comes out of it.
 * @returns The response.
 *
 * @example
 * ```ts
 * import type { Middleware } from "@neffos/mvc";
 *
 * const requireKey: Middleware = async (ctx, next) => {
 *   if (ctx.header("x-key") === undefined) {
 *     return ctx.text("Unauthorized", { status: 401 });
 *   }
 *   const response = await next();
 *   response.headers.set("cache-control", "no-store");
 *   return response;
 * };
 * ```
 */
export type Middleware<Params = Record<string, string>> = (
  ctx: Context<Params>,
  next: Next,
) => Response | Promise<Response>;

/**
 * Answers the requests of one route.
 *
 * @typeParam Params The path parameters by their names.
 */
export interface RouteHandler<Params = Record<string, string>> {
  /**
   * Answers a request.
   *
   * @param ctx The request.
   * @returns The response.
   */
  (ctx: Context<Params>): Response | Promise<Response>;
  /**
   * What the `Allow` header says of this handler, beside the other methods of
   * its path.
   *
   * @default {the method that it is registered for, and HEAD if that is GET}
   */
  allow?: string;
}

/**
 * What a route is registered with: any number of middleware, then the handler.
 *
 * @typeParam Params The path parameters by their names.
 */
export type RouteHandlers<Params = Record<string, string>> = [
  ...middleware: Middleware<Params>[],
  handler: RouteHandler<Params>,
];

/**
 * Is told what a handler or a middleware threw.
 *
 * @param error What was thrown.
 * @param ctx The request. Its `upgraded` says whether it became a websocket and
 * its `answered` whether the answer is out; a response has no effect then.
 * @returns The response for the client, if not 500.
 */
export type ErrorHook = (
  error: unknown,
  ctx: Context,
) => Response | void | Promise<Response | void>;

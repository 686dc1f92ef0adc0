import type { Context } from "../http/context.ts";

/**
 * Runs the next middleware, or the handler after the last one.
 *
 * @returns The response, which the middleware may change or replace.
 *
 * @category Routing
 */
export type Next = () => Promise<Response>;

/**
 * Answers a request, or calls `next` and works on its response.
 *
 * @typeParam Params The path parameters by name.
 * @param ctx The request.
 * @param next Runs the rest of the chain. Call it at most once, and await or
 * return its promise, which rejects with the errors of the rest.
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
 *
 * @category Routing
 */
export type Middleware<Params = Record<string, string>> = (
  ctx: Context<Params>,
  next: Next,
) => Response | Promise<Response>;

/**
 * Answers the requests of one route.
 *
 * @typeParam Params The path parameters by name.
 *
 * @category Routing
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
   * The methods of this handler in the `Allow` header.
   *
   * @default {the method that it is registered for, and HEAD if that is GET}
   */
  allow?: string;
}

/**
 * The arguments of a route: any number of middleware, then the handler.
 *
 * @typeParam Params The path parameters by name.
 *
 * @category Routing
 */
export type RouteHandlers<Params = Record<string, string>> = [
  ...middleware: Middleware<Params>[],
  handler: RouteHandler<Params>,
];

/**
 * Handles an error of a handler or middleware.
 *
 * @param error The thrown value.
 * @param ctx The request. If it is `upgraded` or `answered` already, the
 * returned response has no effect.
 * @returns The response for the client; nothing for status 500.
 *
 * @category Routing
 */
export type ErrorHook = (
  error: unknown,
  ctx: Context,
) => Response | void | Promise<Response | void>;

/**
 * Checks handlers and middleware that the compiler may not have seen.
 *
 * @throws {TypeError} If one of them is not a function.
 */
export function assertFunctions(
  values: readonly unknown[],
  action: string,
): void {
  for (const value of values) {
    if (typeof value !== "function") {
      throw new TypeError(
        `Cannot ${action}: "${String(value)}" must be a function`,
      );
    }
  }
}

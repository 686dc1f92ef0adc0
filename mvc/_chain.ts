import type { Middleware, RouteHandler } from "./_handlers.ts";
import type { Context } from "./context.ts";

/** Middleware and handler in one function, which the router calls. */
export type Chain = (ctx: Context) => Response | Promise<Response>;

/** Is told what went wrong in a request that is answered already. */
export type LateErrorHook = (error: unknown, ctx: Context) => void;

const NONE = Symbol("none");

/**
 * Puts middleware around a handler, the first one outermost.
 *
 * A rejected `next()` that its middleware does not await would end the process.
 * Here it never does: an error that comes after the answer goes to `onLateError`.
 */
export function compileChain(
  middleware: readonly Middleware[],
  handler: RouteHandler,
  onLateError: LateErrorHook,
): Chain {
  if (middleware.length === 0) return handler;
  return (ctx) => {
    let reached = 0;
    // One late error passes through every level, and is reported once.
    let late: unknown = NONE;

    function onReject(error: unknown): void {
      if (!ctx.answered || error === late) return;
      late = error;
      onLateError(error, ctx);
    }

    function next(index: number): Promise<Response> {
      // Thrown here and now: a rejection might not be awaited.
      if (index <= reached) {
        throw new Error(
          `Cannot call next() for ${ctx.method} "${ctx.path}": the middleware has called it already, and should call it once`,
        );
      }
      reached = index;
      const answer = run(index);
      answer.catch(onReject);
      return answer;
    }

    async function run(index: number): Promise<Response> {
      if (index < middleware.length) {
        return checkResponse(
          await middleware[index]!(ctx, () => next(index + 1)),
          ctx,
        );
      }
      const response = checkResponse(await handler(ctx), ctx);
      // Only an upgrade makes such a response, so the handler may have done it
      // without telling the context.
      if (response.status === 101) ctx.setUpgraded(response);
      return response;
    }

    return middleware[0]!(ctx, () => next(1));
  };
}

/** Checks what a handler or a middleware returned, whatever its types promise. */
export function checkResponse(value: unknown, ctx: Context): Response {
  if (value instanceof Response) return value;
  throw new TypeError(
    `Cannot answer ${ctx.method} "${ctx.path}": a handler or middleware returned ${
      value === null ? "null" : typeof value
    } and should return a Response`,
  );
}

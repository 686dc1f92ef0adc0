/** Handlers and middleware that upgrade a request and return another response. */

import {
  type Context,
  type Middleware,
  type Router,
  Server,
  type Upgrader,
  websocketHandler,
} from "../../mod.ts";
import { TIMES } from "./victim_limits.ts";

/** Actions after the upgrade. */
export const RUDE_HANDLERS = ["throw", "answer", "nothing", "later"] as const;
/** Middleware around the upgrade. */
export const RUDE_MIDDLEWARE = [
  "answer",
  "throw",
  "nothing",
  "twice",
  "hurry",
  "header",
  "clone",
] as const;

const HANDLERS: Record<
  typeof RUDE_HANDLERS[number],
  // A JavaScript program may return anything.
  () => Response | Promise<Response>
> = {
  throw: () => {
    throw new Error("after the upgrade");
  },
  answer: () => new Response("after the upgrade"),
  nothing: () => undefined as unknown as Response,
  later: () =>
    new Promise((_, reject) =>
      setTimeout(() => reject(new Error("after the upgrade")))
    ),
};

const MIDDLEWARE: Record<typeof RUDE_MIDDLEWARE[number], Middleware> = {
  answer: async (_ctx, next) => {
    await next();
    return new Response("after the upgrade");
  },
  throw: async (_ctx, next) => {
    await next();
    throw new Error("after the upgrade");
  },
  nothing: async (_ctx, next) => {
    await next();
    return undefined as unknown as Response;
  },
  twice: async (_ctx, next) => {
    await next();
    return await next();
  },
  hurry: (_ctx, next) => {
    void next();
    return new Response("before the upgrade");
  },
  header: async (_ctx, next) => {
    const response = await next();
    response.headers.set("x-served-by", "rude");
    return response;
  },
  clone: async (_ctx, next) => {
    const response = await next();
    return new Response(response.body, response);
  },
};

/** Mounts all of these. */
export function mountRude(router: Router, upgrader: Upgrader): void {
  const server = new Server(upgrader, { onEcho: () => {} }, {
    ackTimeout: TIMES.ack,
    closeTimeout: TIMES.close,
  });
  const party = router.party("/rude");
  for (const [name, answer] of Object.entries(HANDLERS)) {
    party.get(`/handler/${name}`, async (ctx: Context) => {
      ctx.detach();
      await server.accept(ctx);
      return await answer();
    });
    // The same, hidden from the router.
    party.get(`/unknown/${name}`, async (ctx: Context) => {
      await server.upgrade(ctx.request, ctx.info);
      return await answer();
    });
  }
  for (const [name, middleware] of Object.entries(MIDDLEWARE)) {
    party.get(`/middleware/${name}`, middleware, websocketHandler(server));
  }
}

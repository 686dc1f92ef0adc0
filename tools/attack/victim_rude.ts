/** Handlers and middleware that upgrade a request and then answer otherwise. */

import {
  type Context,
  type Middleware,
  type Router,
  Server,
  type Upgrader,
  websocketHandler,
} from "../../mod.ts";
import { TIMES } from "./victim_limits.ts";

/** What they do once the request is upgraded. */
export const RUDE_HANDLERS = ["throw", "answer", "nothing", "later"] as const;
/** What middleware does around the upgrade. */
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
  // Who writes JavaScript may return anything.
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

/** Mounts them all. */
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
    // The same, without telling the router of it.
    party.get(`/unknown/${name}`, async (ctx: Context) => {
      await server.upgrade(ctx.request, ctx.info);
      return await answer();
    });
  }
  for (const [name, middleware] of Object.entries(MIDDLEWARE)) {
    party.get(`/middleware/${name}`, middleware, websocketHandler(server));
  }
}

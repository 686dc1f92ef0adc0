import type { Context } from "../http/context.ts";
import type { Middleware } from "./handlers.ts";
import type { Party } from "./party.ts";
import { Router } from "./router.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends
  (<T>() => T extends B ? 1 : 2) ? true : false;

/** Compiles only if the two types are the same. */
function same<A, B>(_proof: Same<A, B>): void {}

Deno.test("Party.get() gives its handler the parameters of party and path", () => {
  const router = new Router();
  router.party("/users/:user").party("/posts").get("/:post/:tab?", (ctx) => {
    same<typeof ctx.params.user, string>(true);
    same<typeof ctx.params.post, string>(true);
    same<typeof ctx.params.tab, string | undefined>(true);
    // @ts-expect-error: no such parameter
    ctx.params.nope;
    return ctx.text("");
  });
  const path: string = "/any";
  router.get(path, (ctx) => ctx.text(ctx.params.whatever ?? ""));
});

Deno.test("Party.get() takes middleware and handlers that name no parameters", () => {
  const router = new Router();
  const middleware: Middleware = (_ctx, next) => next();
  const handler = (ctx: Context) => ctx.text(ctx.params.id ?? "");
  router.get("/:id/:tab?", middleware, (_ctx, next) => next(), handler);
  router.party("/:a", middleware).get("/:b?", middleware, handler);
});

Deno.test("Party.get() refuses an invalid handler at compile time", () => {
  const router = new Router();
  const register = () => {
    // @ts-expect-error: the last one is the handler, and has no next
    router.get("/a", (_ctx: Context, next: () => Promise<Response>) => next());
    // @ts-expect-error: it has no handler
    router.get("/b");
    // @ts-expect-error: it returns no response
    router.get("/c", () => "text");
  };
  void register;
});

Deno.test("Party is assignable from parties with any path", () => {
  const takeParty = (party: Party): string => party.path;
  const router = new Router();
  takeParty(router);
  takeParty(router.party("/websocket_endpoint"));
  takeParty(router.party("/:id/:tab?").party("/x"));
});

import type { Context } from "../http/context.ts";
import type { Middleware } from "./handlers.ts";
import type { Party } from "./party.ts";
import type { PathParams } from "./path_types.ts";
import { Router } from "./router.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends
  (<T>() => T extends B ? 1 : 2) ? true : false;

/** Compiles only where the two types are the same. */
function same<A, B>(_proof: Same<A, B>): void {}

Deno.test("PathParams has the names of a pattern", () => {
  same<PathParams<"/a/b">, Record<never, never>>(true);
  same<PathParams<"/users/:id">, { id: string }>(true);
  same<PathParams<"/users/:id/:tab?">, { id: string; tab?: string }>(true);
  same<PathParams<"/users/:id/:tab">, { id: string; tab?: string }>(false);
  same<PathParams<"/:a-:b.json">, { a: string; b: string }>(true);
  same<PathParams<"/:été/\\:a">, { été: string }>(true);
  same<PathParams<"/:some+/:any*">, { some: string; any?: string }>(true);
});

Deno.test("PathParams counts groups without a name", () => {
  same<PathParams<"/files/*">, { 0: string }>(true);
  same<PathParams<"*">, { 0: string }>(true);
  same<
    PathParams<"/:n(\\d+)/(a|(b))/*">,
    { n: string; 0: string; 1: string }
  >(true);
});

Deno.test("PathParams makes what optional braces hold optional", () => {
  same<PathParams<"/a{/:b/c}?/:d">, { b?: string; d: string }>(true);
  same<PathParams<"/a{/:b}/:d">, { b: string; d: string }>(true);
  same<PathParams<"/a{/:b}+/:d">, { b: string; d: string }>(true);
});

Deno.test("PathParams has any name where the pattern is not one literal", () => {
  same<PathParams<string>, Record<string, string>>(true);
  same<PathParams<`/x/${string}`>, Record<string, string>>(true);
});

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

Deno.test("Party.get() does not take for a handler what is none", () => {
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

Deno.test("Party stands for parties with any path", () => {
  const takeParty = (party: Party): string => party.path;
  const router = new Router();
  takeParty(router);
  takeParty(router.party("/websocket_endpoint"));
  takeParty(router.party("/:id/:tab?").party("/x"));
});

/** HTTP routes that attackers aim at: bodies, paths, and programs that fail. */

import {
  Application,
  Context,
  type Router,
  type StandardSchemaV1,
  token,
} from "../../mod.ts";
import { fail } from "./nasty.ts";
import { TIMES } from "./victim_limits.ts";

/** The answer of the route that only the right path may reach. */
export const ADMIN = "for administrators alone";

/** Accepts anything. */
const Anything: StandardSchemaV1<unknown, object> = {
  "~standard": {
    version: 1,
    vendor: "attack",
    validate: (value) => ({ value: value as object }),
  },
};

const Session = token<object>("Session");

/** Takes bodies, and needs a service of the request. */
class BodyController {
  static readonly inject = [Session] as const;
  static readonly routes = {
    postForm: { body: Anything, bodyTimeout: TIMES.body },
    postSlowly: { body: Anything },
  };

  constructor(readonly session: object) {}

  postForm(body: object) {
    return { fields: Object.keys(body).length };
  }
  postSlowly(body: object) {
    return this.postForm(body);
  }
}

/** Mounts the routes. */
export function mountWeb(router: Router): void {
  let sessions = 0;
  const party = router.party("/web");
  new Application(party)
    .scoped(Session, [Context], () => {
      sessions++;
      return { [Symbol.dispose]: () => sessions-- };
    })
    .handle(BodyController);
  party.get("/sessions", (ctx) => ctx.json({ sessions }));

  party.get("/public", (ctx) => ctx.text("for everybody"));
  router.get("/admin", (ctx) => ctx.text(ADMIN));
  party.get("/admin", (ctx) => ctx.text(ADMIN));

  for (const [i, pattern] of WILDCARDS.entries()) {
    party.get(`/wild${i}${pattern}`, (ctx) => ctx.json(ctx.params));
  }

  party.get("/fail", (ctx) => fail(ctx.query.get("how")!) as Response);
  const failing = party.party("/around", async (ctx, next) => {
    await next();
    return fail(ctx.query.get("how")!) as Response;
  });
  failing.get("/", (ctx) => ctx.text("around"));
  party.get("/late", (ctx) => {
    ctx.onSent(async () => {
      await Promise.resolve();
      return fail(ctx.query.get("how")!) as void;
    });
    // A program may forget to wait for what it has begun.
    return Promise.race([
      Promise.resolve(ctx.text("late")),
      Promise.resolve().then(() => fail(ctx.query.get("how")!)),
    ]) as Promise<Response>;
  });
  party.get("/sent", (ctx) => {
    ctx.onSent(() => fail(ctx.query.get("how")!) as void);
    return ctx.text("sent");
  });
}

/** Patterns with groups that compete for the same part of a path. */
export const WILDCARDS = [
  "/:a+/x/:b+/end",
  "/:a*/:b*/end",
  "/*/x/*/end",
  "/:a(.*)/:b(.*)/end",
  "{/:a}*{/:b}*/end",
] as const;

import type { Context, Middleware } from "@neffos/mvc";

/**
 * A middleware: refuses what a page of another site sends in the name of the
 * one who looks at it. The cookie is SameSite=Strict, but a site is more than
 * an origin, and signing in needs no cookie.
 */
export const requireSameOrigin: Middleware = (ctx, next) =>
  isSameOrigin(ctx) ? next() : ctx.text("Forbidden", { status: 403 });

/** Programs that are no browsers send neither header, and have nobody's cookies. */
function isSameOrigin(ctx: Context): boolean {
  const site = ctx.header("sec-fetch-site");
  if (site !== undefined && site !== "same-origin") return false;
  const origin = ctx.header("origin");
  // The host alone: behind a proxy the request may have come by HTTPS.
  return origin === undefined ||
    (URL.canParse(origin) && new URL(origin).host === ctx.url.host);
}

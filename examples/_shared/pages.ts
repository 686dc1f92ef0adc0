import { stripTypeScriptTypes } from "node:module";
import {
  clientScript,
  type Context,
  type Middleware,
  type RouteHandler,
  type Router,
} from "@neffos/mvc";

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  ts: "text/javascript; charset=utf-8",
};

interface CachedFile {
  readonly mtime: number | undefined;
  readonly text: string;
}

/**
 * Serves the files of a folder under a route that ends in `/*`. TypeScript is
 * served as JavaScript: its types are taken out, and no build step is needed.
 *
 * @param folder The folder, with a slash at its end.
 * @param base The folder of the files that it has not.
 * @returns The handler.
 */
function serveFolder(
  folder: URL,
  base?: URL,
): RouteHandler<{ 0: string }> {
  const next = base === undefined ? notFound : serveFolder(base);
  const cache = new Map<string, CachedFile>();
  return async function serveFile(ctx) {
    const path = ctx.params[0] || "index.html";
    // Without another dot in it, no path leads out of the folder.
    const [, extension] = /^(?:\w+\/)*\w+\.(css|html|ts)$/.exec(path) ?? [];
    if (extension === undefined) return notFound(ctx);
    const file = new URL(path, folder);
    try {
      const mtime = (await Deno.stat(file)).mtime?.getTime();
      let cached = cache.get(path);
      if (cached === undefined || cached.mtime !== mtime) {
        const source = await Deno.readTextFile(file);
        const text = extension === "ts" ? stripTypeScriptTypes(source) : source;
        cached = { mtime, text };
        cache.set(path, cached);
      }
      const headers = {
        "content-type": TYPES[extension]!,
        "cache-control": "no-cache",
      };
      return ctx.text(cached.text, { headers });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return next(ctx);
      throw error;
    }
  };
}

function notFound(ctx: Context<{ 0: string }>): Response {
  return ctx.text("Not Found", { status: 404 });
}

/**
 * Mounts a page: the files of its folder, what the pages share, and the client
 * as one module, `/neffos.js`.
 *
 * @param router The router.
 * @param folder The folder of the page, with a slash at its end.
 * @param base The folder of the page that this one builds on, if it does: its
 * files take the place of those that are missing, and all of them are under the
 * path that leads to them from the folder `examples`.
 */
export function mountPage(router: Router, folder: URL, base?: URL): void {
  const page = router.party("/", protectPage);
  page.get("/neffos.js", clientScript());
  page.get("/_shared/page/*", serveFolder(new URL("page/", import.meta.url)));
  if (base !== undefined) {
    const [path] = /\w+\/page\/$/.exec(base.pathname)!;
    page.get(`/${path}*` as "/*", serveFolder(base));
  }
  page.get("/*", serveFolder(folder, base));
}

/** A middleware: nothing but what comes from this server runs in the page. */
const protectPage: Middleware = async (_ctx, next) => {
  const response = await next();
  const { headers } = response;
  headers.set(
    "content-security-policy",
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  );
  headers.set("x-content-type-options", "nosniff");
  headers.set("referrer-policy", "same-origin");
  return response;
};

import { readFile, stat } from "node:fs/promises";
import module from "node:module";
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
  readonly mtimeMs: number;
  readonly text: string;
}

/** The options of {@linkcode mountPage}. */
export interface PageOptions {
  /**
   * The folder of the page that this one builds on, if it does: its files take
   * the place of those that are missing, and all of them are under the path that
   * leads to them from the folder `examples`.
   *
   * @default {undefined} it builds on none
   */
  readonly base?: URL | undefined;
  /**
   * Makes JavaScript of TypeScript.
   *
   * @default {stripTypeScriptTypes() of node:module}
   */
  readonly stripTypes?:
    | ((source: string) => string | Promise<string>)
    | undefined;
}

/**
 * Serves the files of a folder under a route that ends in `/*`. TypeScript is
 * served as JavaScript: its types are taken out, and no build step is needed.
 *
 * @param folder The folder, with a slash at its end.
 * @param options The folder of the files that it has not.
 * @returns The handler.
 */
function serveFolder(
  folder: URL,
  { base, stripTypes = module.stripTypeScriptTypes }: PageOptions,
): RouteHandler<{ 0: string }> {
  const next = base === undefined
    ? notFound
    : serveFolder(base, { stripTypes });
  const cache = new Map<string, CachedFile>();
  return async function serveFile(ctx) {
    const path = ctx.params[0] || "index.html";
    // Without another dot in it, no path leads out of the folder.
    const [, extension] = /^(?:\w+\/)*\w+\.(css|html|ts)$/.exec(path) ?? [];
    if (extension === undefined) return notFound(ctx);
    const file = new URL(path, folder);
    try {
      const { mtimeMs } = await stat(file);
      let cached = cache.get(path);
      if (cached?.mtimeMs !== mtimeMs) {
        const source = await readFile(file, "utf8");
        const text = extension === "ts" ? await stripTypes(source) : source;
        cached = { mtimeMs, text };
        cache.set(path, cached);
      }
      const headers = {
        "content-type": TYPES[extension]!,
        "cache-control": "no-cache",
      };
      return ctx.text(cached.text, { headers });
    } catch (error) {
      if (Object(error).code === "ENOENT") return await next(ctx);
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
 * @param options What it builds on, and what reads its TypeScript.
 */
export function mountPage(
  router: Router,
  folder: URL,
  options: PageOptions = {},
): void {
  const { base, stripTypes } = options;
  const page = router.party("/", protectPage);
  page.get("/neffos.js", clientScript());
  const shared = serveFolder(new URL("page/", import.meta.url), { stripTypes });
  page.get("/_shared/page/*", shared);
  if (base !== undefined) {
    const [path] = /\w+\/page\/$/.exec(base.pathname)!;
    page.get(`/${path}*` as "/*", serveFolder(base, { stripTypes }));
  }
  page.get("/*", serveFolder(folder, options));
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

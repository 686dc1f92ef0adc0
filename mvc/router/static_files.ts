/**
 * What serves the files of a folder. It needs a package, so nothing imports it
 * before the first request for a file.
 *
 * @module
 */

// @ts-ignore -- where the package is not reached, all that does without it should pass type checking
import { serveDir, serveFile } from "@std/http/file-server";
import { isAbsolute, join, relative, sep } from "node:path";
import type { Context } from "../http/context.ts";

/** A folder, and what of it is served. */
export interface Site {
  /** The absolute path of the folder. It may be a link. */
  readonly folder: string;
  /** The name of the index; `""` for none. */
  readonly index: string;
  readonly listing: boolean;
  readonly dotfiles: boolean;
  readonly headers: Headers;
}

/** Something in the folder, links followed. */
interface Entry {
  readonly path: string;
  readonly info: Deno.FileInfo;
}

/**
 * Answers GET and HEAD with a file of a folder.
 *
 * `serveDir` is not given the request's path: it would let `/static../` out of
 * the folder by a level, follow links to anywhere, and answer 405 to HEAD.
 *
 * @param ctx The request.
 * @param site The folder, and what of it is served.
 * @param tail What the path has after the path of the folder, as it was sent.
 */
export async function answer(
  ctx: Context,
  site: Site,
  tail: string,
): Promise<Response> {
  const names = readNames(tail);
  if (names === undefined) return notFound(ctx);
  if (!site.dotfiles && names.some((name) => name.startsWith("."))) {
    return notFound(ctx);
  }
  const entry = await findEntry(site.folder, names);
  if (entry?.info.isDirectory) return await answerFolder(ctx, site, names);
  if (!entry?.info.isFile) return notFound(ctx);
  return ctx.path.endsWith("/")
    ? redirect(ctx, ctx.path.slice(0, -1))
    : await answerFile(ctx, site, entry);
}

async function answerFolder(
  ctx: Context,
  site: Site,
  names: readonly string[],
): Promise<Response> {
  // Without the slash the links of an index would lead to the folder above.
  if (!ctx.path.endsWith("/")) return redirect(ctx, `${ctx.path}/`);
  const index = site.index !== ""
    ? await findEntry(site.folder, [...names, site.index])
    : undefined;
  if (index?.info.isFile) return await answerFile(ctx, site, index);
  return site.listing ? await answerList(ctx, site, names) : notFound(ctx);
}

async function answerFile(
  ctx: Context,
  site: Site,
  { path, info }: Entry,
): Promise<Response> {
  const request = makeGet(ctx.headers, info);
  return addHeaders(await serveFile(request, path, { fileInfo: info }), site);
}

async function answerList(
  ctx: Context,
  site: Site,
  names: readonly string[],
): Promise<Response> {
  const path = names.map((name) => `${encodeURIComponent(name)}/`).join("");
  const response = await serveDir(new Request(`http://localhost/${path}`), {
    fsRoot: site.folder,
    showDirListing: true,
    showDotfiles: site.dotfiles,
    showIndex: false,
    quiet: true,
  });
  return response.ok ? addHeaders(response, site) : notFound(ctx);
}

/**
 * Splits a path into names, each decoded once. A name that holds a separator,
 * as `%2f` makes it, is not taken apart: middleware that looks at the path of
 * the request would not have seen it.
 *
 * @returns The names, `undefined` if one of them cannot be a file's.
 */
function readNames(tail: string): string[] | undefined {
  const trimmed = tail.replace(/\/$/, "");
  if (trimmed === "") return [];
  const names = trimmed.split("/").map(decodeURIComponent);
  const isName = (name: string) =>
    name !== "" && name !== "." && name !== ".." && !/[/\\\0]/.test(name);
  return names.every(isName) ? names : undefined;
}

/** Finds what is in the folder, not what a link in it leads to elsewhere. */
async function findEntry(
  folder: string,
  names: readonly string[],
): Promise<Entry | undefined> {
  try {
    const [root, path] = await Promise.all([
      Deno.realPath(folder),
      Deno.realPath(join(folder, ...names)),
    ]);
    const inside = relative(root, path);
    const isOutside = inside === ".." || inside.startsWith(`..${sep}`) ||
      isAbsolute(inside);
    return isOutside ? undefined : { path, info: await Deno.stat(path) };
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound ||
    error instanceof Deno.errors.NotADirectory ||
    error instanceof Deno.errors.FilesystemLoop ||
    // Deno has no class for this one.
    (error instanceof Error && "code" in error &&
      error.code === "ENAMETOOLONG");
}

/** Makes the request for `serveFile`, which leaves conditions out for HEAD and does not know If-Range. */
function makeGet(from: Headers, { mtime }: Deno.FileInfo): Request {
  const headers = new Headers(from);
  const condition = headers.get("if-range");
  if (condition !== null) {
    // A tag never fits: those of serveFile are weak.
    const modified = Math.floor((mtime?.getTime() ?? NaN) / 1000) * 1000;
    if (Date.parse(condition) !== modified) headers.delete("range");
  }
  return new Request("http://localhost/", { headers });
}

function addHeaders(response: Response, { headers }: Site): Response {
  for (const [name, value] of headers) response.headers.set(name, value);
  return response;
}

/** Two slashes at the beginning would name another host. */
function redirect(ctx: Context, path: string): Response {
  const query = ctx.query.size > 0 ? ctx.url.search : "";
  return ctx.redirect(path.replace(/^\/+/, "/") + query, 301);
}

function notFound(ctx: Context): Response {
  return ctx.text("Not Found", { status: 404 });
}

/**
 * Serves the files of a folder. It needs a package, so it is imported with the
 * first request for a file.
 *
 * @module
 */

// @ts-ignore -- programs that serve no files must pass type checking without the package
import { serveDir, serveFile } from "@std/http/file-server";
import { isAbsolute, join, relative, sep } from "node:path";
import type { Context } from "../http/context.ts";
import { HttpError, respondError } from "../http/http_error.ts";

/** A folder that is served, and how. */
export interface Site {
  /** The absolute path of the folder. It may be a link. */
  readonly folder: string;
  /** The name of the index file; `""` for none. */
  readonly index: string;
  readonly listing: boolean;
  readonly dotfiles: boolean;
  readonly headers: Headers;
}

/** A file or folder, with links followed. */
interface Entry {
  readonly path: string;
  readonly info: Deno.FileInfo;
}

/**
 * Answers GET and HEAD with a file of a folder.
 *
 * `serveDir` does not get the request's path: it would let `/static../` leave
 * the folder by a level, follow links anywhere, and answer 405 to HEAD.
 *
 * @param ctx The request.
 * @param site The folder.
 * @param tail The rest of the path after that of the folder, as it was sent.
 */
export async function answer(
  ctx: Context,
  site: Site,
  tail: string,
): Promise<Response> {
  const names = readNames(tail);
  if (names === undefined) return refuse(ctx);
  if (!site.dotfiles && names.some((name) => name.startsWith("."))) {
    return refuse(ctx);
  }
  const entry = await findEntry(site.folder, names);
  if (entry?.info.isDirectory) return await answerFolder(ctx, site, names);
  if (!entry?.info.isFile) return refuse(ctx);
  return ctx.path.endsWith("/")
    ? redirect(ctx, ctx.path.slice(0, -1))
    : await answerFile(ctx, site, entry);
}

async function answerFolder(
  ctx: Context,
  site: Site,
  names: readonly string[],
): Promise<Response> {
  // Without the slash, relative links of the index would miss the folder.
  if (!ctx.path.endsWith("/")) return redirect(ctx, `${ctx.path}/`);
  const index = site.index !== ""
    ? await findEntry(site.folder, [...names, site.index])
    : undefined;
  if (index?.info.isFile) return await answerFile(ctx, site, index);
  return site.listing ? await answerList(ctx, site, names) : refuse(ctx);
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
  return response.ok ? addHeaders(response, site) : refuse(ctx);
}

/**
 * Splits a path into names, each decoded once. A name with an encoded separator,
 * `%2f`, is not split: middleware that checks the path of the request would not
 * have seen it.
 *
 * @returns The names, `undefined` if one of them cannot be the name of a file.
 */
function readNames(tail: string): string[] | undefined {
  const trimmed = tail.replace(/\/$/, "");
  if (trimmed === "") return [];
  const names = trimmed.split("/").map(decodeURIComponent);
  const isName = (name: string) =>
    name !== "" && name !== "." && name !== ".." && !/[/\\\0]/.test(name);
  return names.every(isName) ? names : undefined;
}

/** Finds a file or folder, unless a link leads out of the served folder. */
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
    // Deno has no class for this error.
    (error instanceof Error && "code" in error &&
      error.code === "ENAMETOOLONG");
}

/**
 * Makes the request for `serveFile`, which ignores conditions of HEAD and does
 * not know If-Range.
 */
function makeGet(from: Headers, { mtime }: Deno.FileInfo): Request {
  const headers = new Headers(from);
  const condition = headers.get("if-range");
  if (condition !== null) {
    // An entity tag never matches: those of serveFile are weak.
    const modified = Math.floor((mtime?.getTime() ?? NaN) / 1000) * 1000;
    if (Date.parse(condition) !== modified) headers.delete("range");
  }
  return new Request("http://localhost/", { headers });
}

function addHeaders(response: Response, { headers }: Site): Response {
  for (const [name, value] of headers) response.headers.set(name, value);
  return response;
}

function redirect(ctx: Context, path: string): Response {
  // Two slashes at the beginning would name another host.
  return ctx.redirect(path.replace(/^\/+/, "/") + ctx.url.search, 301);
}

function refuse(ctx: Context): Response | Promise<Response> {
  return respondError(new HttpError(404), ctx.headers);
}

/**
 * Serves the files of a folder. It is imported with the first request for a file.
 *
 * @module
 */

import type { Stats } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import type { Context } from "../http/context.ts";
import { HttpError, respondError } from "../http/http_error.ts";
import { respondFile, respondList } from "./file_response.ts";

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
  readonly stats: Stats;
}

/**
 * Answers GET and HEAD with a file of a folder; the router drops the body of HEAD.
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
  if (entry?.stats.isDirectory()) return await answerFolder(ctx, site, names);
  if (!entry?.stats.isFile()) return refuse(ctx);
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
  if (index?.stats.isFile()) return await answerFile(ctx, site, index);
  return site.listing ? await answerList(ctx, site, names) : refuse(ctx);
}

async function answerFile(
  ctx: Context,
  site: Site,
  { path, stats }: Entry,
): Promise<Response> {
  return addHeaders(await respondFile(ctx.headers, path, stats), site);
}

async function answerList(
  ctx: Context,
  site: Site,
  names: readonly string[],
): Promise<Response> {
  const folder = await findEntry(site.folder, names);
  if (folder === undefined) return refuse(ctx);
  const title = ["", ...names, ""].join("/");
  const { dotfiles } = site;
  return addHeaders(await respondList(folder.path, { title, dotfiles }), site);
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
      realpath(folder),
      realpath(join(folder, ...names)),
    ]);
    const inside = relative(root, path);
    const isOutside = inside === ".." || inside.startsWith(`..${sep}`) ||
      isAbsolute(inside);
    return isOutside ? undefined : { path, stats: await stat(path) };
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

const ABSENT = ["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"];

function isAbsent(error: unknown): boolean {
  return ABSENT.includes(Object(error).code);
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

/**
 * Makes the handler of `handleDir`. What reads the files, `static_files.ts`, is
 * imported with the first request.
 *
 * @module
 */

import { statSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Context } from "../http/context.ts";
import type { RouteHandler } from "./handlers.ts";
import { compilePattern, type PathGroups } from "./pattern.ts";
import type { Site } from "./static_files.ts";

/**
 * The options of {@linkcode Party.handleDir}.
 *
 * @category Routing
 */
export interface DirOptions {
  /**
   * The name of the file that is served for its folder, `false` for none.
   *
   * @default {"index.html"}
   */
  index?: string | false;
  /**
   * Whether a folder without an index is answered with a list of its files,
   * instead of 404.
   *
   * @default {false}
   */
  listing?: boolean;
  /**
   * Whether files and folders with names that begin with a full stop are served.
   * To serve only one of them, give it a route of its own:
   * `handleDir("/.well-known", "public/.well-known")`.
   *
   * @default {false}
   */
  dotfiles?: boolean;
  /**
   * Headers of the responses, such as `cache-control`. They replace those of the
   * same name.
   *
   * @default {none}
   */
  headers?: HeadersInit;
}

/**
 * Makes the handler that serves a folder.
 *
 * @param pattern The whole path of its route, which ends in `/*`.
 * @param folder The folder.
 * @param options The index, listings, dotfiles and headers.
 * @throws {TypeError} If the folder does not exist, or an option is not valid.
 */
export function serveFolder(
  pattern: string,
  folder: string | URL,
  options: DirOptions,
): RouteHandler {
  const site = makeSite(pattern, folder, options);
  const match = compilePattern(pattern);
  const handle = async (ctx: Context): Promise<Response> => {
    const { answer } = await import("./static_files.ts");
    return await answer(ctx, site, readTail(match(ctx.path)));
  };
  const name = `handleDir(${JSON.stringify(String(folder))})`;
  return Object.defineProperty(handle, "name", { value: name });
}

function makeSite(
  pattern: string,
  folder: string | URL,
  options: DirOptions,
): Site {
  const action = `Cannot serve "${folder}" under "${pattern}"`;
  const { index = "index.html", listing = false, dotfiles = false, headers } =
    options;
  if (index !== false && !/^[^/\\\0]+$/.test(index)) {
    throw new TypeError(
      `${action}: the index "${index}" must be the name of a file, or false`,
    );
  }
  const path = resolveFolder(folder, action);
  assertFolder(path, action);
  return {
    folder: path,
    index: index || "",
    listing,
    dotfiles,
    headers: new Headers(headers),
  };
}

function resolveFolder(folder: string | URL, action: string): string {
  if (typeof folder === "string" && folder !== "") return resolve(folder);
  if (folder instanceof URL && folder.protocol === "file:") {
    return fileURLToPath(folder);
  }
  throw new TypeError(`${action}: the folder must be a path or a file URL`);
}

function assertFolder(path: string, action: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) {
    throw new TypeError(
      `${action}: "${path}" does not exist, and must exist when it is registered`,
    );
  }
  if (!stats.isDirectory()) {
    throw new TypeError(`${action}: "${path}" is a file and must be a folder`);
  }
}

/** Reads what the wildcard at the end matched: the last unnamed group. */
function readTail(groups: PathGroups | undefined): string {
  const numbers = Object.keys(groups ?? {}).filter((key) => /^\d+$/.test(key));
  return groups?.[numbers.at(-1) ?? ""] ?? "";
}

/**
 * What `handleDir` needs when it is called. It loads no package: what serves
 * the files is imported with the first request.
 *
 * @module
 */

import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Context } from "../http/context.ts";
import type { RouteHandler } from "./handlers.ts";
import { compilePattern, type PathGroups } from "./pattern.ts";
import type { Site } from "./static_files.ts";

/** What {@linkcode Party.handleDir} may be told. */
export interface DirOptions {
  /**
   * The name of the file that is served for the folder that it is in, `false`
   * for none.
   *
   * @default {"index.html"}
   */
  index?: string | false;
  /**
   * Whether folders without an index are answered with a list of what is in
   * them. Otherwise they are not found.
   *
   * @default {false}
   */
  listing?: boolean;
  /**
   * Whether files and folders whose names begin with a full stop are served. To
   * serve one of them alone, give it a route of its own:
   * `handleDir("/.well-known", "public/.well-known")`.
   *
   * @default {false}
   */
  dotfiles?: boolean;
  /**
   * Headers for the files and lists, such as `cache-control`. They replace those
   * of the same name.
   *
   * @default {{}}
   */
  headers?: HeadersInit;
}

/**
 * Makes the handler that serves a folder.
 *
 * @param pattern The whole path of its route, which ends in `/*`.
 * @param folder The folder.
 * @param options What of it is served.
 * @throws {TypeError} If there is no such folder, or an option does not fit.
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
    return await answer(ctx, site, lastGroup(match(ctx.path)));
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
      `${action}: the index "${index}" should be the name of a file, or false`,
    );
  }
  const path = pathOfFolder(folder, action);
  assertFolder(path, action);
  return {
    folder: path,
    index: index || "",
    listing,
    dotfiles,
    headers: new Headers(headers),
  };
}

function pathOfFolder(folder: string | URL, action: string): string {
  if (typeof folder === "string" && folder !== "") return resolve(folder);
  if (folder instanceof URL && folder.protocol === "file:") {
    return fileURLToPath(folder);
  }
  throw new TypeError(`${action}: the folder should be a path or a file URL`);
}

function assertFolder(path: string, action: string): void {
  let info: Deno.FileInfo;
  try {
    info = Deno.statSync(path);
  } catch (cause) {
    if (
      cause instanceof Deno.errors.NotFound ||
      cause instanceof Deno.errors.NotADirectory
    ) {
      throw new TypeError(
        `${action}: there is no "${path}", and the folder should be there when it is registered`,
        { cause },
      );
    }
    throw cause;
  }
  if (!info.isDirectory) {
    throw new TypeError(
      `${action}: "${path}" is a file and should be a folder`,
    );
  }
}

/** What the wildcard at the end has taken: of the groups without a name the last one. */
function lastGroup(groups: PathGroups | undefined): string {
  const numbers = Object.keys(groups ?? {}).filter((key) => /^\d+$/.test(key));
  return groups?.[numbers.at(-1) ?? ""] ?? "";
}

/**
 * Stands in for `@std/http/file-server`: files and folders as responses, with conditions and ranges.
 *
 * ```ts
 * import { serveDir } from "@std/http/file-server";
 * import { assertEquals } from "@std/assert";
 *
 * const response = await serveDir(new Request("http://localhost/none.html"), {
 *   fsRoot: "neffos",
 *   quiet: true,
 * });
 * assertEquals(response.status, 404);
 * await response.body?.cancel();
 * ```
 *
 * @module
 */

import { STATUS_CODES } from "node:http";
import { extname, isAbsolute, join, posix, relative } from "node:path";

/** How {@linkcode serveFile} serves a file. */
export interface ServeFileOptions {
  /**
   * The digest in the entity tag.
   *
   * @default {"SHA-256"}
   */
  etagAlgorithm?: AlgorithmIdentifier;
  /** What `Deno.stat()` said of the file, where that is known. */
  fileInfo?: Deno.FileInfo;
}

/** How {@linkcode serveDir} serves a folder. */
export interface ServeDirOptions {
  /**
   * The folder.
   *
   * @default {"."}
   */
  fsRoot?: string;
  /** The path, without slashes around it, that it is served under. */
  urlRoot?: string;
  /**
   * Whether folders without an index are listed.
   *
   * @default {false}
   */
  showDirListing?: boolean;
  /**
   * Whether what has a name with a full stop at its beginning is served.
   *
   * @default {false}
   */
  showDotfiles?: boolean;
  /**
   * Whether a folder's `index.html` is served for the folder.
   *
   * @default {true}
   */
  showIndex?: boolean;
  /**
   * Whether scripts of other origins may read what is served.
   *
   * @default {false}
   */
  enableCors?: boolean;
  /**
   * Whether requests and errors are not logged.
   *
   * @default {false}
   */
  quiet?: boolean;
  /**
   * The digest in the entity tags.
   *
   * @default {"SHA-256"}
   */
  etagAlgorithm?: AlgorithmIdentifier;
  /** What to add to each response, as `name: value`. */
  headers?: string[];
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".avif": "image/avif",
  ".css": "text/css; charset=UTF-8",
  ".csv": "text/csv; charset=UTF-8",
  ".gif": "image/gif",
  ".htm": "text/html; charset=UTF-8",
  ".html": "text/html; charset=UTF-8",
  ".ico": "image/vnd.microsoft.icon",
  ".jpeg": "image/jpeg",
  ".jpg": "image/jpeg",
  ".js": "text/javascript; charset=UTF-8",
  ".json": "application/json; charset=UTF-8",
  ".map": "application/json; charset=UTF-8",
  ".md": "text/markdown; charset=UTF-8",
  ".mjs": "text/javascript; charset=UTF-8",
  ".mp4": "video/mp4",
  ".otf": "font/otf",
  ".pdf": "application/pdf",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".ttf": "font/ttf",
  ".txt": "text/plain; charset=UTF-8",
  ".wasm": "application/wasm",
  ".webp": "image/webp",
  ".woff": "font/woff",
  ".woff2": "font/woff2",
};

/**
 * Serves one file.
 *
 * @param req The request: its method, conditions and range count, not its path.
 * @param filePath The file.
 * @param options The digest, and what is known of the file.
 * @returns The response: 200, 206, 304, 404, 405 or 416.
 */
export async function serveFile(
  req: Request,
  filePath: string,
  options: ServeFileOptions = {},
): Promise<Response> {
  await req.body?.cancel();
  if (req.method !== "GET" && req.method !== "HEAD") return respond(405);
  const info = options.fileInfo ?? await statIfThere(filePath);
  if (info === undefined || info.isDirectory) return respond(404);

  const headers = baseHeaders();
  const etag = await makeEtag(info, options.etagAlgorithm ?? "SHA-256");
  if (info.mtime) headers.set("last-modified", info.mtime.toUTCString());
  if (etag) headers.set("etag", etag);
  const type = CONTENT_TYPES[extname(filePath).toLowerCase()];
  if (type) headers.set("content-type", type);

  if (req.method === "HEAD") {
    headers.set("content-length", `${info.size}`);
    return respond(200, { headers, body: null });
  }
  if (isFresh(req, { etag, mtime: info.mtime })) {
    return respond(304, { headers, body: null });
  }
  const range = parseRange(req.headers.get("range"), info.size);
  if (range === undefined) {
    headers.set("content-length", `${info.size}`);
    const file = await Deno.open(filePath);
    return respond(200, { headers, body: file.readable });
  }
  if (range.end < 0 || range.end < range.start || range.start >= info.size) {
    headers.set("content-range", `bytes */${info.size}`);
    return respond(416, { headers });
  }
  const start = Math.max(0, range.start);
  const end = Math.min(range.end, info.size - 1);
  headers.set("content-range", `bytes ${start}-${end}/${info.size}`);
  headers.set("content-length", `${end - start + 1}`);
  const file = await Deno.open(filePath);
  await file.seek(start, Deno.SeekMode.Start);
  return respond(206, { headers, body: readPart(file, end - start + 1) });
}

/**
 * Serves the files of a folder, by the path of the request.
 *
 * @param req The request.
 * @param opts The folder, and what of it is served.
 * @returns The response: as of {@linkcode serveFile}, 301 for paths that can be written in a better way, or 500.
 */
export async function serveDir(
  req: Request,
  opts: ServeDirOptions = {},
): Promise<Response> {
  if (req.method !== "GET" && req.method !== "HEAD") return respond(405);
  let response: Response;
  try {
    response = await findInDir(req, opts);
  } catch (error) {
    if (!opts.quiet) console.error(String(error));
    response = respond(error instanceof Deno.errors.NotFound ? 404 : 500);
  }
  if (!opts.quiet) {
    const { pathname, search } = new URL(req.url);
    console.debug(`[${req.method}] ${pathname}${search} ${response.status}`);
  }
  if (response.status === 301) return response;
  if (opts.enableCors) {
    response.headers.append("access-control-allow-origin", "*");
    response.headers.append(
      "access-control-allow-headers",
      "Origin, X-Requested-With, Content-Type, Accept, Range",
    );
  }
  for (const header of opts.headers ?? []) {
    const [name = "", ...value] = header.split(":");
    response.headers.append(name, value.join(":"));
  }
  return response;
}

async function findInDir(
  req: Request,
  opts: ServeDirOptions,
): Promise<Response> {
  const { fsRoot = ".", urlRoot, etagAlgorithm, showIndex = true } = opts;
  const url = new URL(req.url);
  const decoded = decodeURIComponent(url.pathname);
  const normal = posix.normalize(decoded);
  if (urlRoot && !`${normal}/`.startsWith(`/${urlRoot}/`)) return respond(404);
  if (normal !== decoded) return redirect(url, normal);
  const path = urlRoot ? normal.slice(urlRoot.length + 1) : normal;
  if (!opts.showDotfiles && path.includes("/.")) return respond(404);

  const fsPath = join(fsRoot, path.replace(/\/$/, ""));
  const inside = relative(fsRoot, fsPath);
  // Backslashes mean something on Windows only, and `normalize()` leaves them.
  if (/^\.\.(?:[/\\]|$)/.test(inside) || isAbsolute(inside)) {
    return respond(404);
  }
  const info = await Deno.stat(fsPath);
  const hasSlash = url.pathname.endsWith("/");
  if (info.isFile && hasSlash) {
    return redirect(url, url.pathname.slice(0, -1));
  }
  // Without the slash the links of an index would lead to the folder above.
  if (info.isDirectory && !hasSlash) return redirect(url, `${url.pathname}/`);
  if (!info.isDirectory) {
    return await serveFile(req, fsPath, { etagAlgorithm, fileInfo: info });
  }

  const indexPath = join(fsPath, "index.html");
  const index = showIndex
    ? await statIfThere(indexPath, Deno.lstat)
    : undefined;
  if (index?.isFile) {
    return await serveFile(req, indexPath, { etagAlgorithm, fileInfo: index });
  }
  return opts.showDirListing
    ? await listDir(req, fsPath, { title: `/${inside}`, ...opts })
    : respond(404);
}

async function listDir(
  { method }: Request,
  folder: string,
  { title, showDotfiles }: { title: string; showDotfiles?: boolean },
): Promise<Response> {
  const names: string[] = title === "/" ? [] : ["../"];
  for await (const entry of Deno.readDir(folder)) {
    if (entry.name.startsWith(".") && !showDotfiles) continue;
    names.push(entry.isDirectory ? `${entry.name}/` : entry.name);
  }
  const items = names.sort().map((name) => {
    const link = name === "../"
      ? ".."
      : `./${encodeURIComponent(name).replace(/%2F$/, "/")}`;
    return `<li><a href="${link}">${escape(name)}</a></li>\n`;
  });
  const headers = baseHeaders();
  headers.set("content-type", "text/html; charset=UTF-8");
  const heading = escape(`Index of ${title}`);
  const page = `<!DOCTYPE html>\n<title>${heading}</title>\n` +
    `<h1>${heading}</h1>\n<ul>\n${items.join("")}</ul>\n`;
  if (method === "GET") return respond(200, { headers, body: page });
  const { length } = new TextEncoder().encode(page);
  headers.set("content-length", `${length}`);
  return respond(200, { headers, body: null });
}

function respond(
  status: number,
  init: { headers?: Headers; body?: BodyInit | null } = {},
): Response {
  const statusText = STATUS_CODES[status] ?? "";
  const { headers, body = statusText } = init;
  return new Response(body, { status, statusText, headers });
}

function redirect(url: URL, pathname: string): Response {
  const target = new URL(url);
  target.pathname = pathname;
  return Response.redirect(target, 301);
}

function baseHeaders(): Headers {
  return new Headers({ server: "deno", "accept-ranges": "bytes" });
}

async function statIfThere(
  path: string,
  stat: typeof Deno.stat = Deno.stat,
): Promise<Deno.FileInfo | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** A weak tag: it says that size and time are the same, which two contents can share. */
async function makeEtag(
  { size, mtime }: Deno.FileInfo,
  algorithm: AlgorithmIdentifier,
): Promise<string | undefined> {
  if (mtime === null) return undefined;
  const data = new TextEncoder().encode(mtime.toJSON());
  const digest = new Uint8Array(await crypto.subtle.digest(algorithm, data));
  return `W/"${size.toString(16)}-${digest.toBase64().slice(0, 27)}"`;
}

function isFresh(
  { headers }: Request,
  { etag, mtime }: { etag: string | undefined; mtime: Date | null },
): boolean {
  const tags = headers.get("if-none-match");
  if (tags) {
    if (etag === undefined) return false;
    const bare = (tag: string) => tag.trim().replace(/^W\//, "");
    return tags.trim() === "*" ||
      tags.split(",").map(bare).includes(bare(etag));
  }
  const since = headers.get("if-modified-since");
  // Headers know whole seconds only.
  return tags === null && since !== null && mtime !== null &&
    mtime.getTime() < new Date(since).getTime() + 1000;
}

/** The first and last byte that are asked for; undefined if the whole file is. Several ranges are not supported. */
function parseRange(
  header: string | null,
  size: number,
): { start: number; end: number } | undefined {
  const match = /bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (match === null || size === 0) return undefined;
  const [, first, last] = match;
  if (first) return { start: Number(first), end: Number(last || size - 1) };
  return last ? { start: size - Number(last), end: size - 1 } : undefined;
}

function readPart(
  file: Deno.FsFile,
  length: number,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let left = length;
  return new ReadableStream({
    async pull(controller) {
      const buffer = new Uint8Array(Math.min(left, 64 * 1024));
      const size = await file.read(buffer).catch((error) => {
        file.close();
        throw error;
      });
      if (size !== null) controller.enqueue(buffer.subarray(0, size));
      left -= size ?? left;
      if (left > 0) return;
      file.close();
      controller.close();
    },
    cancel() {
      file.close();
    },
  });
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

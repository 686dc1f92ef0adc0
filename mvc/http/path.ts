import { hasValidHost } from "../../neffos/internal.ts";
import { BadRequestError } from "./http_error.ts";

/**
 * What `URL` spells differently: characters that it encodes, backslashes, and
 * the segments "." and "..", which Deno passes on as they were sent.
 */
const UNCLEAN = /[^\w\-.~!$&'()*+,;=:@/%]|\/(?:\.|%2e){1,2}(?:\/|$)/i;

/**
 * Reads the path of a request as it was sent, without the query.
 *
 * It makes no `URL`, which takes five times as long. Every other path that
 * `URL` reads differently is for {@linkcode cleanPath}.
 *
 * @throws {BadRequestError} If the Host header is not a valid host: Deno makes
 * the URL of it, so that it could hold a path of its own.
 */
export function readPath(request: Request): string {
  if (!hasValidHost(request)) {
    throw new BadRequestError(
      "Cannot read the path of a request: its host is not valid",
    );
  }
  const { url } = request;
  const start = url.indexOf("/", url.indexOf("://") + 3);
  const query = url.indexOf("?");
  if (start === -1 || query !== -1 && query < start) return "/";
  return query === -1 ? url.slice(start) : url.slice(start, query);
}

/**
 * Spells a path the way `URL` and RFC 3986, section 6.2.2, do, so that each path
 * has one spelling: without dot segments, percent-encoded in upper case, and
 * only where it has to be. A slash stays encoded.
 *
 * @throws {BadRequestError} If it is not percent-encoded UTF-8.
 */
export function cleanPath(path: string, url: string): string {
  if (UNCLEAN.test(path)) {
    // Only the scheme of the URL matters here.
    const scheme = url.slice(0, url.indexOf("://"));
    path = new URL(`${scheme}://host${path}`).pathname;
  }
  return normalizePath(path);
}

const UNRESERVED = /[\w.~-]/;

/**
 * Normalizes the percent-encoding of a path.
 *
 * @throws {BadRequestError} If it is not percent-encoded UTF-8.
 */
export function normalizePath(path: string): string {
  if (!path.includes("%")) return path;
  try {
    decodeURIComponent(path);
  } catch (cause) {
    throw new BadRequestError(
      `Cannot decode path "${path}": it is not percent-encoded UTF-8`,
      { cause },
    );
  }
  return path.replace(/%../g, (triplet) => {
    const char = String.fromCharCode(parseInt(triplet.slice(1), 16));
    return UNRESERVED.test(char) ? char : triplet.toUpperCase();
  });
}

/** Reads the query of a request's URL, with its question mark. */
export function readQuery(url: string): string {
  const hash = url.indexOf("#");
  const end = hash === -1 ? url.length : hash;
  const query = url.indexOf("?");
  return query === -1 || query > end ? "" : url.slice(query, end);
}

/** Removes the slash at the end of a path, unless it is the root. */
export function trimSlash(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

/** Appends a path to the path of its party. */
export function joinPath(prefix: string, path: string): string {
  const rest = path.startsWith("*") ? `/${path}` : path;
  return trimSlash(prefix === "/" ? rest : prefix + rest);
}

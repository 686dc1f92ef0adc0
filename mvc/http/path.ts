import { BadRequestError } from "./http_error.ts";

/**
 * What `URL` writes differently: characters that it encodes, backslashes, and
 * the segments "." and "..", which Deno hands over as they were sent.
 */
const UNCLEAN = /[^\w\-.~!$&'()*+,;=:@/%]|\/(?:\.|%2e){1,2}(?:\/|$)/i;

const SLASH = 47;

const QUERY = 63;

/**
 * Takes the path out of a request's URL as it was sent, without the query.
 *
 * A `URL` is not made, since that costs more than all the rest of routing. What
 * `URL` would read differently from us is refused: a middleware may look at
 * `ctx.url.pathname` to decide who gets in, and must see the path that is served.
 */
export function pathOf(url: string): string {
  const start = url.indexOf("://") + 3;
  let end = start;
  for (; end < url.length; end++) {
    const char = url.charCodeAt(end);
    if (char === SLASH || char === QUERY) break;
    // '#' and '\', from a Host header such as "a#b", end the host for `URL`.
    if (char === 35 || char === 92) {
      throw new BadRequestError(
        `Cannot read the path of "${url}": its host is not a host`,
      );
    }
  }
  if (url.charCodeAt(end) !== SLASH) return "/";
  const query = url.indexOf("?", end);
  return query === -1 ? url.slice(end) : url.slice(end, query);
}

/** Writes a path the way `URL` does, so that one path has one spelling. */
export function cleanPath(path: string, url: string): string {
  if (!UNCLEAN.test(path)) return path;
  // Only the scheme of the URL matters here; its host may be no host at all.
  const scheme = url.slice(0, url.indexOf("://"));
  return new URL(`${scheme}://host${path}`).pathname;
}

/** Takes the query out of a request's URL, with its question mark. */
export function queryOf(url: string): string {
  const hash = url.indexOf("#");
  const end = hash === -1 ? url.length : hash;
  const query = url.indexOf("?");
  return query === -1 || query > end ? "" : url.slice(query, end);
}

/** Takes the slash off the end of a path; the root stays what it is. */
export function trimSlash(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

/** Puts a path behind the path of its party. */
export function joinPath(prefix: string, path: string): string {
  const rest = path.startsWith("*") ? `/${path}` : path;
  return trimSlash(prefix === "/" ? rest : prefix + rest);
}

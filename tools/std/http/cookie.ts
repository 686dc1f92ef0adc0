/**
 * Stands in for `@std/http/cookie`: cookies of requests and responses, after RFC 6265.
 *
 * ```ts
 * import { getCookies, setCookie } from "@std/http/cookie";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(getCookies(new Headers({ cookie: "a=1; b=2" })), {
 *   a: "1",
 *   b: "2",
 * });
 * const headers = new Headers();
 * setCookie(headers, { name: "a", value: "1", httpOnly: true });
 * assertEquals(headers.get("set-cookie"), "a=1; HttpOnly");
 * ```
 *
 * @module
 */

/** A cookie as a response sets it. */
export interface Cookie {
  /** Its name. */
  name: string;
  /** Its value: ASCII without blanks, quotes, commas, semicolons and backslashes. */
  value: string;
  /** When it ends: a date, or milliseconds since 1970. */
  expires?: Date | number;
  /** After how many seconds it ends. */
  maxAge?: number;
  /** The host, with all that are below it, that it is sent to. */
  domain?: string;
  /** The path, with all that are below it, that it is sent to. */
  path?: string;
  /** Whether it is sent over HTTPS only. */
  secure?: boolean;
  /** Whether scripts do not see it. */
  httpOnly?: boolean;
  /** Whether it is kept apart for each site that embeds this one. */
  partitioned?: boolean;
  /** Whether requests that come from other sites carry it. */
  sameSite?: "Strict" | "Lax" | "None";
  /** What else to add, each as `key=value`. */
  unparsed?: string[];
}

/** A token of RFC 2616: printable, neither blank nor separator. */
const NAME = /^[!#$%&'*+\-./\w^`|~]+$/;

/**
 * Reads the cookies of a request.
 *
 * Newer releases of `@std/http` may accept what 1.1.3 refuses. The stand-in is
 * as strict as 1.1.3, so that no test passes here that fails there.
 *
 * @param headers The request's headers.
 * @returns Their values by their names.
 * @throws {SyntaxError} If nothing stands before an `=` or between two
 * semicolons, as in `a=1;` and in an empty header.
 */
export function getCookies(headers: Headers): Partial<Record<string, string>> {
  // Names come from outside: without a prototype none of them finds anything.
  const cookies: Partial<Record<string, string>> = Object.create(null);
  for (const pair of headers.get("cookie")?.split(";") ?? []) {
    const [name = "", ...value] = pair.split("=");
    // A name of blanks passes.
    if (name === "") {
      throw new SyntaxError(
        `Cannot read the cookie "${pair}": it should begin with a name`,
      );
    }
    cookies[name.trim()] = value.join("=");
  }
  return cookies;
}

/**
 * Adds a cookie to a response.
 *
 * @param headers The response's headers.
 * @param cookie The cookie; without a name it is left out.
 * @throws {SyntaxError} If a part of it has a character that a header cannot carry.
 * @throws {RangeError} If `maxAge` is negative.
 */
export function setCookie(headers: Headers, cookie: Cookie): void {
  if (cookie.name) headers.append("set-cookie", serialize(cookie));
}

/**
 * Makes a client forget a cookie.
 *
 * @param headers The response's headers.
 * @param name The cookie's name.
 * @param attributes Those that it was set with.
 * @throws {SyntaxError} If a part of it has a character that a header cannot carry.
 */
export function deleteCookie(
  headers: Headers,
  name: string,
  attributes?: Pick<
    Cookie,
    "path" | "domain" | "secure" | "httpOnly" | "partitioned"
  >,
): void {
  setCookie(headers, { name, value: "", expires: new Date(0), ...attributes });
}

function serialize(cookie: Cookie): string {
  const { name, value, httpOnly, partitioned, maxAge, sameSite, expires } =
    cookie;
  const isHost = name.startsWith("__Host");
  const secure = cookie.secure || isHost || name.startsWith("__Secure");
  const domain = isHost ? undefined : cookie.domain;
  const path = isHost ? "/" : cookie.path;

  if (!NAME.test(name)) {
    throw new SyntaxError(
      `Cannot set the cookie "${name}": its name should be a token`,
    );
  }
  validateValue(name, value);
  const parts = [`${name}=${value}`];
  if (secure) parts.push("Secure");
  if (httpOnly) parts.push("HttpOnly");
  if (partitioned) parts.push("Partitioned");
  if (maxAge !== undefined && Number.isInteger(maxAge)) {
    if (maxAge < 0) {
      throw new RangeError(
        `Cannot set the cookie "${name}": maxAge is ${maxAge} and should not be negative`,
      );
    }
    parts.push(`Max-Age=${maxAge}`);
  }
  if (domain) parts.push(`Domain=${validDomain(domain)}`);
  if (sameSite) parts.push(`SameSite=${sameSite}`);
  if (path) parts.push(`Path=${validPath(path)}`);
  if (expires) parts.push(`Expires=${new Date(expires).toUTCString()}`);
  if (cookie.unparsed) parts.push(cookie.unparsed.join("; "));
  return parts.join("; ");
}

function validateValue(name: string, value: string): void {
  const found = /[^\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]/u.exec(value);
  if (found === null) return;
  throw new SyntaxError(
    `Cannot set the cookie "${name}": its value has a "${found[0]}"`,
  );
}

function validDomain(domain: string): string {
  if (/^-|[-.]$/.test(domain)) {
    throw new SyntaxError(
      `Cannot set a cookie for the domain "${domain}": it should be a host name`,
    );
  }
  return domain;
}

function validPath(path: string): string {
  if (/[^\x20-\x7e]|;/.test(path)) {
    throw new SyntaxError(
      `Cannot set a cookie for the path "${path}": it should be printable ASCII without semicolons`,
    );
  }
  return path;
}

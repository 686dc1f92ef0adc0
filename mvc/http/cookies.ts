/**
 * The cookies of one request, and those that its response sets.
 *
 * @module
 */

/**
 * The attributes of a cookie that a response sets.
 *
 * @category HTTP
 */
export interface CookieOptions {
  /**
   * After how many seconds the client forgets the cookie.
   *
   * @default {none: with the end of the browser's session}
   */
  maxAge?: number;
  /**
   * When the client forgets the cookie: a date, or milliseconds since 1970.
   *
   * @default {none: with the end of the browser's session}
   */
  expires?: Date | number;
  /**
   * The host that gets the cookie, with all hosts below it.
   *
   * @default {only the host that has set it}
   */
  domain?: string;
  /**
   * The path that gets the cookie, with all paths below it.
   *
   * @default {"/"}
   */
  path?: string;
  /**
   * Whether the client sends the cookie over HTTPS only. Behind a proxy that
   * ends HTTPS, set it.
   *
   * @default {whether the request came over HTTPS; true for `__Secure-` and
   * `__Host-` names, `SameSite=None` and partitioned cookies}
   */
  secure?: boolean;
  /**
   * Whether scripts of the page cannot read the cookie.
   *
   * @default {true}
   */
  httpOnly?: boolean;
  /**
   * Which requests from other sites carry the cookie: none, navigations to this
   * one, or all.
   *
   * @default {"Lax"}
   */
  sameSite?: "Strict" | "Lax" | "None";
  /**
   * Whether the client keeps the cookie apart for each site that embeds this one.
   *
   * @default {false}
   */
  partitioned?: boolean;
}

/**
 * The attributes by which a client finds the cookie to forget.
 *
 * @category HTTP
 */
export type DeleteCookieOptions = Pick<
  CookieOptions,
  "domain" | "path" | "secure" | "partitioned"
>;

/**
 * The keys of signed cookies.
 *
 * @category HTTP
 */
export interface CookieKeys {
  /**
   * A key for HMAC, or several: the first one signs, and each of them may have
   * signed what a client sends. To change a key, put the new one before it.
   */
  keys: CryptoKey | readonly CryptoKey[];
}

/** What the cookies of a request need of its Context. */
export interface CookieSource {
  header(name: string): string | undefined;
  /** Whether the request came over HTTPS. */
  readonly isSecure: boolean;
  /** Why a cookie can no longer be set, if so. */
  readonly tooLate: string | undefined;
}

/** A cookie as `setCookie` of `@std/http` takes it. */
interface Cookie extends CookieOptions {
  readonly name: string;
  readonly value: string;
}

/** Adds the cookies that were set to a response; a promise only if there are any. */
export let writeCookies: (
  cookies: Cookies | undefined,
  response: Response,
) => Response | Promise<Response>;

/**
 * The cookies of one request: `ctx.cookies`. Those that are set go with the
 * answer, whatever it is: a response that a handler returns, an error, a
 * redirect, or an upgrade. Middleware does not see them in the response of
 * `next()`.
 *
 * @example Count visits
 * ```ts
 * import { Router } from "@neffos/mvc";
 * import { assertEquals } from "@std/assert";
 *
 * const router = new Router();
 * router.get("/", (ctx) => {
 *   const visits = Number(ctx.cookies.get("visits") ?? 0) + 1;
 *   ctx.cookies.set("visits", String(visits), { maxAge: 86_400 });
 *   return ctx.text(`visit ${visits}`);
 * });
 *
 * const server = Deno.serve({ port: 0, onListen() {} }, router.handler);
 * const response = await fetch(`http://localhost:${server.addr.port}/`, {
 *   headers: { cookie: "visits=6" },
 * });
 * assertEquals(await response.text(), "visit 7");
 * assertEquals(response.headers.getSetCookie(), [
 *   "visits=7; HttpOnly; Max-Age=86400; SameSite=Lax; Path=/",
 * ]);
 * await server.shutdown();
 * ```
 *
 * @example Sign in and know who it is
 * ```ts
 * import { HttpError, Router } from "@neffos/mvc";
 *
 * const keys = await crypto.subtle.generateKey(
 *   { name: "HMAC", hash: "SHA-256" },
 *   false,
 *   ["sign", "verify"],
 * );
 * const router = new Router();
 * router.post("/login", async (ctx) => {
 *   await ctx.cookies.setSigned("user", "ann", { keys, sameSite: "Strict" });
 *   return ctx.redirect("/me", 303);
 * });
 * router.get("/me", async (ctx) => {
 *   const user = await ctx.cookies.getSigned("user", { keys });
 *   if (user === undefined) throw new HttpError(401);
 *   return ctx.text(user);
 * });
 * ```
 *
 * @category HTTP
 */
export class Cookies {
  readonly #source: CookieSource;
  #received: Map<string, string> | undefined;
  /** The cookies to set, by what a client tells them apart. */
  readonly #changes = new Map<string, Cookie | Promise<Cookie>>();

  static {
    writeCookies = (cookies, response) =>
      cookies === undefined || cookies.#changes.size === 0
        ? response
        : cookies.#write(response);
  }

  /**
   * Makes the cookies of a request. The Context calls it.
   *
   * @param source The request.
   */
  constructor(source: CookieSource) {
    this.#source = source;
  }

  /**
   * Reads a cookie that the client sent. Whatever it sends, this never throws:
   * parts that are no cookies are ignored. Nothing is decoded.
   *
   * @param name The name of the cookie; case matters.
   * @returns The value, or `undefined` without such a cookie; the last one if
   * there are several.
   */
  get(name: string): string | undefined {
    this.#received ??= parseCookies(this.#source.header("cookie") ?? "");
    return this.#received.get(name);
  }

  /**
   * Sets a cookie in the answer. A second call for the same name, path and domain
   * replaces the first.
   *
   * @param name The name of the cookie: a token.
   * @param value The value: ASCII without blanks, quotes, commas, semicolons and
   * backslashes. `encodeURIComponent` makes one of any text.
   * @param options The attributes.
   * @returns This.
   * @throws {TypeError} If the name, the value or an attribute is not valid.
   * @throws {RangeError} If a time is not valid, or name and value have more than
   * 4,096 characters together, which browsers drop.
   * @throws {Error} If the request is already answered or upgraded.
   */
  set(name: string, value: string, options: CookieOptions = {}): this {
    this.#add(this.#check(name, value, options));
    return this;
  }

  /**
   * Makes the client forget a cookie.
   *
   * @param name The name of the cookie.
   * @param options The path and the domain that it was set with.
   * @returns This.
   * @throws {TypeError} If the name or an attribute is not valid.
   * @throws {Error} If the request is already answered or upgraded.
   */
  delete(name: string, options: DeleteCookieOptions = {}): this {
    return this.set(name, "", { ...options, expires: 0 });
  }

  /**
   * Reads a cookie that the client sent, if its signature is valid.
   *
   * The signature is the one of `@std/http/unstable-signed-cookie`. It covers the
   * value alone: where the value of one cookie must not pass for that of another,
   * use different keys.
   *
   * @param name The name of the cookie.
   * @param options The keys.
   * @returns The value without its signature, or `undefined` without a cookie
   * that one of the keys has signed. Whatever the client sends, it never throws.
   * @throws {TypeError} If there is no key.
   * @throws {DOMException} If a key is not for HMAC and verification.
   */
  async getSigned(
    name: string,
    options: CookieKeys,
  ): Promise<string | undefined> {
    const keys = readKeys(name, options);
    const signed = this.get(name);
    // For any other signature, @std/http throws what a wrong key throws as well.
    if (signed === undefined || !/.\.(?:[\da-f]{2})+$/i.test(signed)) {
      return undefined;
    }
    const { parseSignedCookie, verifySignedCookie } = await import("./std.ts");
    for (const key of keys) {
      if (await verifySignedCookie(signed, key)) {
        return parseSignedCookie(signed);
      }
    }
    return undefined;
  }

  /**
   * Sets a cookie with a signature in the answer, so that a client cannot change
   * it. It can still read it, and keep it for longer than `maxAge` says: put the
   * end into the value where that matters.
   *
   * @param name The name of the cookie.
   * @param value The value, as in {@linkcode Cookies.set}, and not empty.
   * @param options The keys, the first of which signs, and the attributes.
   * @returns Resolves once it is signed. The answer waits for it in any case.
   * @throws {TypeError} If the name, the value or an attribute is not valid, or
   * there is no key.
   * @throws {RangeError} Like {@linkcode Cookies.set}.
   * @throws {DOMException} If the key is not for HMAC and signing.
   * @throws {Error} If the request is already answered or upgraded.
   */
  setSigned(
    name: string,
    value: string,
    options: CookieOptions & CookieKeys,
  ): Promise<void> {
    const { keys: _keys, ...attributes } = options;
    const [key] = readKeys(name, options);
    if (value === "") fail(name, "a signed value must not be empty");
    const cookie = this.#check(name, value, attributes);
    const signing = sign(cookie, key!);
    this.#add(cookie, signing);
    const signed = signing.then(() => {});
    // The answer reports it if nobody awaits this one.
    signed.catch(() => {});
    return signed;
  }

  #check(name: string, value: string, options: CookieOptions): Cookie {
    const { tooLate, isSecure } = this.#source;
    if (tooLate !== undefined) {
      throw new Error(`Cannot set the cookie "${name}": ${tooLate}`);
    }
    return checkCookie(name, value, options, isSecure);
  }

  #add(cookie: Cookie, change: Cookie | Promise<Cookie> = cookie): void {
    const { name, path, domain = "" } = cookie;
    const key = `${name};${domain.toLowerCase()};${path}`;
    // Set again, so that the order is that of the calls.
    this.#changes.delete(key);
    this.#changes.set(key, change);
  }

  async #write(response: Response): Promise<Response> {
    const { setCookie } = await import("./std.ts");
    const cookies = await Promise.all(this.#changes.values());
    // Nobody may make another response to an upgrade.
    const isUpgrade = response.status === 101;
    const headers = isUpgrade
      ? response.headers
      : new Headers(response.headers);
    for (const cookie of cookies) setCookie(headers, cookie);
    if (isUpgrade) return response;
    const { status, statusText } = response;
    return new Response(response.body, { status, statusText, headers });
  }
}

async function sign(cookie: Cookie, key: CryptoKey): Promise<Cookie> {
  const { signCookie } = await import("./std.ts");
  return { ...cookie, value: await signCookie(cookie.value, key) };
}

function readKeys(name: string, { keys }: CookieKeys): readonly CryptoKey[] {
  const list = Array.isArray(keys) ? keys : [keys];
  if (list.length > 0 && list.every((key) => key instanceof CryptoKey)) {
    return list;
  }
  throw new TypeError(
    `Cannot sign or verify the cookie "${name}": "keys" must be a CryptoKey for HMAC, or a list of them that is not empty`,
  );
}

/**
 * Reads a Cookie header. `getCookies` of `@std/http` 1.1.3 throws for the whole
 * header if one of its parts has no name, as in `a=b;`.
 */
function parseCookies(header: string): Map<string, string> {
  const cookies = new Map<string, string>();
  for (const part of header.split(";")) {
    const end = part.indexOf("=");
    const name = (end === -1 ? part : part.slice(0, end)).trim();
    if (name === "") continue;
    cookies.set(name, end === -1 ? "" : part.slice(end + 1).trim());
  }
  return cookies;
}

/** A token of RFC 9110. */
const NAME = /^[!#$%&'*+\-.^`|~\w]+$/;

/** The `cookie-octet` of RFC 6265, section 4.1.1. */
const VALUE = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;

const PATH = /^\/[\x20-\x3a\x3c-\x7e]*$/;

const DOMAIN = /^\.?[a-z\d](?:[a-z\d.-]*[a-z\d])?$/i;

const SAME_SITE: readonly unknown[] = ["Strict", "Lax", "None", undefined];

/** Browsers drop a cookie whose name and value are longer than that. */
const MAX_LENGTH = 4_096;

const OPTIONS: ReadonlySet<string> = new Set(
  [
    "maxAge",
    "expires",
    "domain",
    "path",
    "secure",
    "httpOnly",
    "sameSite",
    "partitioned",
  ] satisfies (keyof CookieOptions)[],
);

/** Checks a cookie at its caller: @std/http would throw with the answer. */
function checkCookie(
  name: string,
  value: string,
  options: CookieOptions,
  isSecure: boolean,
): Cookie {
  const { maxAge, expires, domain, sameSite = "Lax", partitioned } = options;
  const { path = "/", httpOnly = true } = options;
  for (const key of Object.keys(options)) {
    if (!OPTIONS.has(key)) {
      fail(
        name,
        `"${key}" is not an attribute; the attributes are ${
          [...OPTIONS].join(", ")
        }`,
      );
    }
  }
  if (typeof name !== "string" || !NAME.test(name)) {
    fail(name, "the name must be a token, such as session_id");
  }
  if (typeof value !== "string" || !VALUE.test(value)) {
    fail(
      name,
      "the value must be ASCII without blanks, quotes, commas, semicolons and backslashes; encodeURIComponent() makes one of any text",
    );
  }
  if (name.length + value.length > MAX_LENGTH) {
    throw new RangeError(
      `Cannot set the cookie "${name}": it has ${
        name.length + value.length
      } characters, and browsers drop more than ${MAX_LENGTH}`,
    );
  }
  if (maxAge !== undefined && (!Number.isInteger(maxAge) || maxAge < 0)) {
    throw new RangeError(
      `Cannot set the cookie "${name}": its maxAge is ${maxAge}, and must be a whole number of seconds, 0 or more`,
    );
  }
  // A date, since @std/http takes the number 0 for none.
  const date = expires === undefined ? undefined : new Date(expires);
  if (date !== undefined && Number.isNaN(date.getTime())) {
    throw new RangeError(
      `Cannot set the cookie "${name}": its "expires" is not a date`,
    );
  }
  if (typeof path !== "string" || !PATH.test(path)) {
    fail(name, `its path must begin with "/" and have no semicolon`);
  }
  if (
    domain !== undefined &&
    (typeof domain !== "string" || !DOMAIN.test(domain))
  ) fail(name, `its domain must be the name of a host, not "${domain}"`);
  if (!SAME_SITE.includes(sameSite)) {
    fail(name, `its sameSite must be "Strict", "Lax" or "None"`);
  }
  const isHost = name.startsWith("__Host-");
  if (isHost && (domain !== undefined || path !== "/")) {
    fail(name, `a "__Host-" cookie must have the path "/" and no domain`);
  }
  const mustBeSecure = isHost || name.startsWith("__Secure-") ||
    sameSite === "None" || partitioned === true;
  if (mustBeSecure && options.secure === false) {
    fail(name, "clients drop such a cookie unless it is secure");
  }
  const secure = options.secure ?? (mustBeSecure || isSecure);
  return {
    name,
    value,
    secure,
    httpOnly,
    sameSite,
    path,
    ...(partitioned === undefined ? {} : { partitioned }),
    ...(maxAge === undefined ? {} : { maxAge }),
    ...(domain === undefined ? {} : { domain }),
    ...(date === undefined ? {} : { expires: date }),
  };
}

function fail(name: string, reason: string): never {
  throw new TypeError(`Cannot set the cookie "${name}": ${reason}`);
}

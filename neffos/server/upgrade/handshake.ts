import { quote, WarningLog } from "../../connection/faults.ts";
import { UpgradeError } from "../../protocol/upgrade_error.ts";

/**
 * Checks a client's handshake by RFC 6455, section 4.2.1.
 *
 * @throws {UpgradeError} 405, 426 or 400, when it is not valid.
 */
export function assertHandshake(method: string, headers: Headers): void {
  if (method !== "GET") {
    throw new UpgradeError(
      405,
      `Cannot upgrade a request by ${quote(method)}: it must be a GET`,
      { headers: { allow: "GET" } },
    );
  }
  const isUpgrade = includesToken(headers.get("connection"), "upgrade") &&
    includesToken(headers.get("upgrade"), "websocket");
  if (!isUpgrade) {
    throw new UpgradeError(
      426,
      "This is a websocket endpoint: connect to it with a websocket client",
      { headers: { upgrade: "websocket", connection: "upgrade" } },
    );
  }
  const version = headers.get("sec-websocket-version");
  if (version !== "13") {
    throw new UpgradeError(
      426,
      `Cannot speak version ${
        quote(version ?? "")
      } of the websocket protocol: it must be 13`,
      { headers: { "sec-websocket-version": "13" } },
    );
  }
  if (!/^[+/\w]{22}==$/.test(headers.get("sec-websocket-key") ?? "")) {
    throw new UpgradeError(
      400,
      "Cannot upgrade: the header Sec-WebSocket-Key must be 16 bytes in base64",
    );
  }
}

/** Chooses the subprotocol: the first one offered that the server speaks. */
export function chooseProtocol(
  headers: Headers,
  spoken: readonly string[],
): string | undefined {
  const offered = headers.get("sec-websocket-protocol") ?? "";
  return offered.split(",").map((name) => name.trim())
    .find((name) => spoken.includes(name));
}

function includesToken(header: string | null, token: string): boolean {
  return (header ?? "").split(",")
    .some((part) => part.trim().toLowerCase() === token);
}

/** Begins the parameters by which browsers' neffos clients send headers. */
const PARAMETER_PREFIX = "x-websocket-header-";

/** `Headers.has` is linear, so unbounded parameters would be quadratic. */
const MAX_PARAMETER_HEADERS = 64;

/** Headers that only a browser or a proxy may set, whatever a program lists. */
const FORBIDDEN_HEADERS = new RegExp(
  `^(${
    [
      // The forbidden header names of fetch(), and their like.
      "accept-(charset|encoding)",
      "access-control-.*",
      "connection",
      "content-length",
      "cookie2?",
      "date",
      "dnt",
      "expect",
      "host",
      "keep-alive",
      "origin",
      "proxy-.*",
      "referer",
      "sec-.*",
      "set-cookie2?",
      "te",
      "trailer",
      "transfer-encoding",
      "upgrade",
      "via",
      // Where a request came from, as proxies say it.
      "(cf|fastly|fly)-.*",
      "(x-|true-)?client-ip",
      "forwarded.*",
      "x-(cluster-client-ip|real-ip)",
      "x-(forwarded|original|rewrite)-.*",
    ].join("|")
  })$`,
);

/** What a program that sets no list lets browsers send. */
const DEFAULT_HEADERS = ["Authorization", "X-Websocket-*"];

/** The header by which a client counts its tries; every server takes it. */
const RECONNECT = "x-websocket-reconnect";

/** The headers that a client may send as URL parameters. */
export class ParameterHeaders {
  readonly #names = new Set([RECONNECT]);
  readonly #prefixes: string[] = [];
  readonly #log = new WarningLog();

  /**
   * Reads the option `parameterHeaders`.
   *
   * @throws {TypeError} When it is not a list of header names, or has one that
   * only a browser or a proxy may set.
   */
  constructor(listed: readonly string[] = DEFAULT_HEADERS) {
    if (!Array.isArray(listed)) {
      throw new TypeError(
        `Cannot set "parameterHeaders" to ${
          describe(listed)
        }: it must be a list, such as ["Authorization", "X-Auth-*"], or []`,
      );
    }
    for (const entry of listed) this.#allow(entry);
  }

  /**
   * Adds the headers that were sent as URL parameters,
   * `X-Websocket-Header-<Name>`, except for those that are already there, and
   * warns of those that are not listed.
   *
   * @throws {UpgradeError} 431, when there are more than 64.
   */
  addTo(headers: Headers, url: URL): void {
    if (url.search.length <= PARAMETER_PREFIX.length) return;
    const added = new Headers();
    let count = 0;
    for (const [key, value] of url.searchParams) {
      const lower = key.toLowerCase();
      if (!lower.startsWith(PARAMETER_PREFIX)) continue;
      const name = lower.slice(PARAMETER_PREFIX.length);
      if (++count > MAX_PARAMETER_HEADERS) {
        throw new UpgradeError(
          431,
          `Cannot read more than ${MAX_PARAMETER_HEADERS} headers out of URL parameters`,
        );
      }
      if (!this.#isAllowed(name)) {
        this.#warn(name, 'the option "parameterHeaders" does not list it');
        continue;
      }
      try {
        if (!headers.has(name) && !added.has(name)) added.set(name, value);
      } catch {
        this.#warn(name, "its value is not one of a header");
      }
    }
    for (const [name, value] of added) headers.set(name, value);
  }

  #allow(entry: unknown): void {
    const name = typeof entry === "string" ? entry.toLowerCase() : "";
    const isPrefix = name.endsWith("*");
    const text = isPrefix ? name.slice(0, -1) : name;
    const fault = !/^[a-z\d!#$%&'.^`|~+-]+$/.test(text)
      ? 'it must be the name of a header, or the beginning of one and "*"'
      : FORBIDDEN_HEADERS.test(text)
      ? "only a browser or a proxy may set it"
      : undefined;
    if (fault !== undefined) {
      throw new TypeError(
        `Cannot allow ${describe(entry)} in "parameterHeaders": ${fault}`,
      );
    }
    if (isPrefix) this.#prefixes.push(text);
    else this.#names.add(text);
  }

  #isAllowed(name: string): boolean {
    if (this.#names.has(name)) return true;
    return this.#prefixes.some((prefix) => name.startsWith(prefix)) &&
      // Some programs treat an underscore as a hyphen.
      !FORBIDDEN_HEADERS.test(name) && /^[a-z\d-]+$/.test(name);
  }

  #warn(name: string, reason: string): void {
    const quoted = quote(name);
    this.#log.tell(
      quoted,
      () => `Cannot take header ${quoted} from a URL parameter: ${reason}`,
    );
  }
}

function describe(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

/**
 * Takes the headers of a request that is about to be upgraded, after which
 * they cannot be read. They are a copy if parameters may be added to them.
 */
export function takeHeaders({ url, headers }: Request): Headers {
  if (url.includes("?")) return new Headers(headers);
  // Deno loads all headers at the first access, and keeps them.
  headers.has("upgrade");
  return headers;
}

const upgradedWith = Symbol("neffos.upgradedWith");

/** A request that knows the response by which it was upgraded. */
interface Upgraded {
  readonly [upgradedWith]?: Response;
}

/**
 * Marks a request with the response by which it was upgraded, for a router
 * around the caller: no other response may answer the request.
 */
export function markUpgraded(request: Request, response: Response): void {
  Object.defineProperty(request, upgradedWith, { value: response });
}

/** Finds the response that {@linkcode markUpgraded} has set. */
export function findUpgrade(request: Request): Response | undefined {
  return (request as Upgraded)[upgradedWith];
}

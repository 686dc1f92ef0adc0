import { UpgradeError } from "../protocol/errors.ts";

/** Checks all that RFC 6455, section 4.2.1, wants of a client's handshake. */
export function assertHandshake(method: string, headers: Headers): void {
  if (method !== "GET") {
    throw new UpgradeError(
      405,
      `Cannot upgrade a ${method}: it must be a GET`,
      {
        headers: { allow: "GET" },
      },
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
      `Cannot speak version "${
        version ?? ""
      }" of the websocket protocol: it must be 13`,
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

/**
 * Chooses the subprotocol: of what the client offers, the first that the
 * server speaks.
 */
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

/** How the neffos clients send headers where they cannot set them. */
const PARAMETER_PREFIX = "x-websocket-header-";

/** Each one is compared with all others: thousands would take a second. */
const MAX_PARAMETER_HEADERS = 64;

/** Set by the browser or by a proxy: nobody else is believed about them. */
const NOT_BELIEVED = new RegExp(
  `^(${
    [
      // The names that fetch() forbids to scripts, and what is like them.
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
      "range",
      "referer",
      "sec-.*",
      "set-cookie",
      "te",
      "trailer",
      "transfer-encoding",
      "upgrade",
      "user-agent",
      "via",
      // What proxies and clouds say of who is behind them.
      "cdn-loop",
      "cf-.*",
      "client-.*",
      "fastly-.*",
      "fly-.*",
      "forwarded.*",
      "remote-.*",
      "tailscale-.*",
      "true-client-.*",
      "x-(amzn|appengine|auth|authenticated|azure|client|cluster|envoy)-.*",
      "x-(forwarded|goog|ms|original|proxyuser|real|remote|rewrite|ssl)-.*",
      "x-(http-method.*|method-override|host|scheme|user)",
    ].join("|")
  })$`,
);

/**
 * Adds the headers that came as URL parameters, `X-Websocket-Header-<Name>`,
 * save those that a browser or a proxy sets, and never over one that is there.
 *
 * @throws {UpgradeError} When there are more than anybody needs.
 */
export function addParameterHeaders(headers: Headers, url: URL): void {
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
    // Some programs take an underscore for a hyphen.
    if (NOT_BELIEVED.test(name) || name.includes("_")) continue;
    try {
      // The first one counts.
      if (!headers.has(name) && !added.has(name)) added.set(name, value);
    } catch {
      // Not a header's name or value: nobody can have meant it.
    }
  }
  for (const [name, value] of added) headers.set(name, value);
}

/**
 * Takes the headers out of a request that is about to be upgraded, after which
 * it does not give them any more. They are a copy where some may be added.
 */
export function takeHeaders({ url, headers }: Request): Headers {
  if (url.includes("?")) return new Headers(headers);
  // Deno reads all of them with the first one, and what was read stays.
  headers.has("upgrade");
  return headers;
}

const upgradedWith = Symbol("neffos.upgradedWith");

/** A request that keeps what it was upgraded with. */
interface Upgraded {
  readonly [upgradedWith]?: Response;
}

/**
 * Writes on a request what it was upgraded with, the only response that may
 * answer it: a router may be around the one who has upgraded it.
 */
export function markUpgraded(request: Request, response: Response): void {
  Object.defineProperty(request, upgradedWith, { value: response });
}

/** Finds what {@linkcode markUpgraded} has written. */
export function upgradeOf(request: Request): Response | undefined {
  return (request as Upgraded)[upgradedWith];
}

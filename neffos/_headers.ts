import { UpgradeError } from "./_handshake.ts";

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

/** Writes headers as URL parameters. */
export function toParameterHeaders(headers: Headers, url: URL): void {
  for (const [name, value] of headers) {
    url.searchParams.append(`X-Websocket-Header-${name}`, value);
  }
}

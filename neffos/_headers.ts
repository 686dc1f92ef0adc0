/** How the neffos clients send headers where they cannot set them. */
const PARAMETER_PREFIX = "x-websocket-header-";

/** Set by the browser or by a proxy: nobody else is believed about them. */
const NOT_BELIEVED =
  /^(accept-(charset|encoding)|access-control-.*|cdn-loop|cf-.*|client-ip|connection|content-length|cookie2?|date|dnt|expect|fastly-.*|fly-.*|forwarded|host|keep-alive|origin|proxy-.*|referer|sec-.*|set-cookie|te|trailer|transfer-encoding|true-client-ip|upgrade|via|x-client-ip|x-cluster-client-ip|x-forwarded.*|x-http-method.*|x-method-override|x-original-.*|x-real-ip|x-rewrite-url)$/;

/**
 * Adds the headers that came as URL parameters, `X-Websocket-Header-<Name>`,
 * save those that a browser or a proxy sets, and never over one that is there.
 */
export function addParameterHeaders(headers: Headers, url: URL): void {
  if (url.search.length <= PARAMETER_PREFIX.length) return;
  const added = new Headers();
  for (const [key, value] of url.searchParams) {
    const lower = key.toLowerCase();
    if (!lower.startsWith(PARAMETER_PREFIX)) continue;
    const name = lower.slice(PARAMETER_PREFIX.length);
    if (NOT_BELIEVED.test(name) || name.includes("_")) continue;
    try {
      if (!headers.has(name)) added.append(name, value);
    } catch {
      // Not a header's name or value: nobody can have meant it.
    }
  }
  for (const [name, value] of added) headers.set(name, value);
}

/** Writes headers as URL parameters. */
export function toParameterHeaders(headers: Headers, url: URL): void {
  for (const [name, value] of headers) {
    url.searchParams.append(`X-Websocket-Header-${name}`, value);
  }
}

/**
 * Makes a Request with its URL as it was sent, which decides where it is routed.
 *
 * @param url The URL, which no Request may be able to have.
 * @param init Its method, headers and body.
 * @returns The request.
 */
export function makeRequest(
  url: string,
  init: RequestInit & { readonly method: string },
): Request {
  const { method } = init;
  let request: Request;
  try {
    request = new Request(url, init);
  } catch {
    // No Request has such a method or URL; the router answers it all the same.
    const isOdd = /^(connect|trace|track)$/i.test(method);
    const base = URL.canParse(url) && !url.includes("@")
      ? url
      : "http://invalid/";
    request = new Request(base, { ...init, method: isOdd ? "GET" : method });
    if (isOdd) Object.defineProperty(request, "method", { value: method });
  }
  if (request.url !== url) {
    Object.defineProperty(request, "url", { value: url });
  }
  return request;
}

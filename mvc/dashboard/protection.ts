import type { Context } from "../http/context.ts";
import { HttpError } from "../http/http_error.ts";

/** What the page may load: its own files, and nothing in it. */
const POLICY = [
  "default-src 'none'",
  ...["script-src", "style-src", "connect-src", "img-src"]
    .map((name) => `${name} 'self'`),
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-security-policy": POLICY,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** Lets no other page have the response, and nothing else run in the page. */
export function protect(response: Response): Response {
  for (const [name, value] of Object.entries(HEADERS)) {
    response.headers.set(name, value);
  }
  return response;
}

/**
 * Refuses what a page of another origin sends in the name of the operator. The
 * browser says where a request comes from; a program that is no browser says
 * nothing, and has nobody's cookies.
 *
 * @throws {HttpError} 403 if it comes from another origin.
 */
export function assertSameOrigin(
  ctx: Context,
  isOwn: (origin: string) => boolean,
): void {
  const site = ctx.header("sec-fetch-site");
  const origin = ctx.header("origin");
  // "none": the operator has typed the address.
  const isSame = site === undefined
    ? origin === undefined || isOwn(origin)
    : site === "same-origin" || site === "none" && origin === undefined;
  if (isSame) return;
  throw new HttpError(
    403,
    "This request comes from a page of another origin. Behind a proxy that changes the Host header, set trustProxy",
  );
}

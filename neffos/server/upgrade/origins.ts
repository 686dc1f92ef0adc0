import { quote } from "../../connection/faults.ts";
import { UpgradeError } from "../../protocol/upgrade_error.ts";
import type { UpgradeRequest } from "../../transport/upgrade_request.ts";
import { readForwarded } from "./address.ts";

/**
 * The pages that may open a socket; see `ServerOptions.origins`.
 *
 * @category Server
 */
export type Origins =
  | readonly string[]
  | "*"
  | ((
    origin: string,
    request: UpgradeRequest,
  ) => boolean | Promise<boolean>);

/** Rejects when the page of a request may not open a socket. */
export type OriginCheck = (request: UpgradeRequest) => Promise<void>;

/** An origin in the form of RFC 6454, section 6.2, except for `null`. */
const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[^\s/?#@\\]+$/i;

const SECURE = /^(https|wss):?$/i;

/**
 * Makes the check of a request's origin, without which the page of another
 * site could open a socket with its visitor's cookies.
 *
 * @param origins The pages that may connect; by default those of the same
 * host.
 * @param hops The number of trusted proxies.
 * @returns The check.
 * @throws {TypeError} When the list has an entry that no browser would send.
 */
export function makeOriginCheck(
  origins: Origins | undefined,
  hops: number,
): OriginCheck {
  const isAllowed = chooseRule(origins, hops);
  return async (request) => {
    const origin = request.headers.get("origin");
    // Browsers always send it, other programs never.
    if (origin === null || await isAllowed(origin, request)) return;
    throw new UpgradeError(
      403,
      `Cannot connect from origin ${
        quote(origin)
      }: this server does not allow it`,
    );
  };
}

type Rule = (
  origin: string,
  request: UpgradeRequest,
) => boolean | Promise<boolean>;

function chooseRule(origins: Origins | undefined, hops: number): Rule {
  if (origins === undefined) {
    return (origin, request) => isSameHost(origin, request, hops);
  }
  if (origins === "*") return () => true;
  if (typeof origins === "function") {
    return async (origin, request) => {
      const isAllowed: unknown = await origins(origin, request);
      if (typeof isAllowed === "boolean") return isAllowed;
      throw new TypeError(
        `Cannot take ${
          String(isAllowed)
        } for an answer of "origins": it must be true or false`,
      );
    };
  }
  if (!Array.isArray(origins)) {
    throw new TypeError(
      `Cannot set "origins" to ${
        JSON.stringify(origins)
      }: it must be a list, such as ["https://example.com"], a function, or "*"`,
    );
  }
  for (const origin of origins) assertOrigin(origin);
  const allowed = new Set<string>(origins);
  return (origin) => allowed.has(serialize(parseOrigin(origin)) ?? "");
}

/** Whether a page comes from the host that the request is for. */
export function isSameHost(
  origin: string,
  { headers, url }: UpgradeRequest,
  hops: number,
): boolean {
  const page = parseOrigin(origin);
  // Apps and extensions choose the hosts of their pages themselves.
  if (page?.protocol !== "http:" && page?.protocol !== "https:") return false;
  const scheme = readForwarded(headers, "x-forwarded-proto", hops) ??
    url.protocol;
  // An attacker on the network can forge a page without TLS.
  if (SECURE.test(scheme) && page.protocol !== "https:") return false;
  const host = readForwarded(headers, "x-forwarded-host", hops) ??
    headers.get("host") ?? "";
  // A proxy may end TLS, so the default port is that of the page.
  return parseOrigin(`${page.protocol}//${host}`)?.host === page.host;
}

function parseOrigin(text: string): URL | undefined {
  return ORIGIN.test(text) ? URL.parse(text) ?? undefined : undefined;
}

/** Serializes an origin as browsers do: lower case, no default port. */
function serialize(url: URL | undefined): string | undefined {
  return url && `${url.protocol}//${url.host}`;
}

/** Checks an entry of the list, since a misspelt one would match no page. */
function assertOrigin(entry: unknown): void {
  const advice = typeof entry === "string"
    ? advise(entry)
    : 'write a string, such as "https://example.com"';
  if (advice === undefined) return;
  throw new TypeError(
    `Cannot allow the origin ${
      JSON.stringify(entry)
    }: no browser sends it like this; ${advice}`,
  );
}

/** Advises what to write in place of an entry, if it is wrong. */
function advise(entry: string): string | undefined {
  if (entry === "*") return 'for all pages write origins: "*"';
  if (entry === "null") {
    return "any page can send this name; to accept some of them write a function";
  }
  if (entry.includes("*")) return "there are no patterns: write a function";
  const isWhole = /^[a-z][a-z\d+.-]*:\/\//i.test(entry);
  const url = URL.parse(isWhole ? entry : `https://${entry}`);
  if (url === null || url.host === "") {
    return 'write it like "https://example.com"';
  }
  const written = serialize(url)!.replace(/^ws(s?:)/, "http$1");
  return written === entry ? undefined : `write ${JSON.stringify(written)}`;
}

import { UpgradeError } from "../protocol/errors.ts";
import type { UpgradeRequest } from "../transport/upgrader.ts";
import { readForwarded } from "./address.ts";

/** Which pages may open a socket; see `ServerOptions.origins`. */
export type Origins =
  | readonly string[]
  | "*"
  | ((
    origin: string,
    request: UpgradeRequest,
  ) => boolean | Promise<boolean>);

/** Throws when the page that a request comes from may not open a socket. */
export type OriginCheck = (request: UpgradeRequest) => Promise<void>;

/** An origin as RFC 6454, section 6.2, writes it; `null` is none of these. */
const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[^\s/?#@\\]+$/i;

const SECURE = /^(https|wss):?$/i;

/**
 * Makes what keeps the pages of strangers from using their visitors' cookies.
 *
 * @param origins Who may connect; without it, pages of the same host.
 * @param hops How many proxies are trusted.
 * @returns The check, for every request.
 * @throws {TypeError} When the list has an entry that no browser would send.
 */
export function makeOriginCheck(
  origins: Origins | undefined,
  hops: number,
): OriginCheck {
  const isAllowed = chooseRule(origins, hops);
  return async (request) => {
    const origin = request.headers.get("origin");
    // Only browsers send it, and they always do.
    if (origin === null || await isAllowed(origin, request)) return;
    throw new UpgradeError(
      403,
      `Cannot connect from origin ${
        JSON.stringify(origin)
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
    return (origin, request) => isOwnPage(origin, request, hops);
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
  return (origin) => allowed.has(serialise(readOrigin(origin)) ?? "");
}

/** Whether a page comes from where the request goes to. */
function isOwnPage(
  origin: string,
  { headers, url }: UpgradeRequest,
  hops: number,
): boolean {
  const page = readOrigin(origin);
  // The pages of an app or an extension have hosts of their own making.
  if (page?.protocol !== "http:" && page?.protocol !== "https:") return false;
  const scheme = readForwarded(headers, "x-forwarded-proto", hops) ??
    url.protocol;
  // Whoever sits on the network can forge a page that came without TLS.
  if (SECURE.test(scheme) && page.protocol !== "https:") return false;
  const host = readForwarded(headers, "x-forwarded-host", hops) ??
    headers.get("host") ?? "";
  // A proxy may end the TLS, so the page says which port is the default.
  return readOrigin(`${page.protocol}//${host}`)?.host === page.host;
}

function readOrigin(text: string): URL | undefined {
  return ORIGIN.test(text) ? URL.parse(text) ?? undefined : undefined;
}

/** Writes an origin as browsers do: in lower case, without a default port. */
function serialise(url: URL | undefined): string | undefined {
  return url && `${url.protocol}//${url.host}`;
}

/** Checks an entry of the list: what browsers never send would let in nobody. */
function assertOrigin(entry: unknown): void {
  const advice = typeof entry === "string"
    ? adviceOn(entry)
    : 'write a string, such as "https://example.com"';
  if (advice === undefined) return;
  throw new TypeError(
    `Cannot allow the origin ${
      JSON.stringify(entry)
    }: no browser sends it like this; ${advice}`,
  );
}

/** Says what to write in the place of an entry, if it is not right. */
function adviceOn(entry: string): string | undefined {
  if (entry === "*") return 'for all pages write origins: "*"';
  if (entry === "null") {
    return "every page can make itself one of this name: to tell them apart write a function";
  }
  if (entry.includes("*")) return "there are no patterns: write a function";
  const isWhole = /^[a-z][a-z\d+.-]*:\/\//i.test(entry);
  const url = URL.parse(isWhole ? entry : `https://${entry}`);
  if (url === null || url.host === "") {
    return 'write it like "https://example.com"';
  }
  const written = serialise(url)!.replace(/^ws(s?:)/, "http$1");
  return written === entry ? undefined : `write ${JSON.stringify(written)}`;
}

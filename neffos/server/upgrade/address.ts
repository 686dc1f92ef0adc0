import type { UpgradeRequest } from "../../transport/upgrade_request.ts";

const IP4 = /^\d{1,3}(\.\d{1,3}){3}$/;

const IP4_WITH_PORT = /^([\d.]+):\d+$/;

const IP6_IN_BRACKETS = /^\[(.+)\](:\d+)?$/;

/**
 * Resolves the address by which a request is counted. A host with IPv6 may
 * choose any address of its /64 network, which therefore counts as one.
 *
 * @param request The request.
 * @param hops The number of trusted proxies.
 * @returns The address, empty for all requests without one, such as those of
 * a unix socket: a limit that does not count them is no limit.
 */
export function resolveAddress(request: UpgradeRequest, hops: number): string {
  const { remoteAddr, headers } = request;
  const forwarded = readForwarded(headers, "x-forwarded-for", hops);
  if (forwarded !== undefined) return toNetwork(forwarded);
  return remoteAddr !== undefined && "hostname" in remoteAddr
    ? toNetwork(remoteAddr.hostname)
    : "";
}

/** Reads an IP address, with a port, as some proxies write it, or without. */
function toNetwork(text: string): string {
  const [, bare = text] = IP4_WITH_PORT.exec(text) ??
    IP6_IN_BRACKETS.exec(text) ?? [];
  if (IP4.test(bare)) return bare;
  const groups = parseIP6(bare);
  if (groups === undefined) return "";
  const [a, b, c, d, e, mark, high, low] = groups;
  // ::ffff:0:0/96 is how a dual-stack socket shows IPv4.
  if (mark === 0xffff && ![a, b, c, d, e].some(Boolean)) {
    return [high! >> 8, high! & 255, low! >> 8, low! & 255].join(".");
  }
  const prefix = groups.slice(0, 4).map((group) => group.toString(16));
  return `${prefix.join(":")}::/64`;
}

/** Parses an IPv6 address into its eight groups. */
function parseIP6(text: string): number[] | undefined {
  const [address = ""] = text.split("%");
  // The URL parser normalizes every spelling.
  const url = /^[\d.:a-f]+$/i.test(address)
    ? URL.parse(`http://[${address}]`)
    : null;
  if (url === null) return undefined;
  const [head = "", tail] = url.hostname.slice(1, -1).split("::");
  const before = parseGroups(head);
  if (tail === undefined) return before;
  const after = parseGroups(tail);
  const zeros = new Array(8 - before.length - after.length).fill(0);
  return [...before, ...zeros, ...after];
}

function parseGroups(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => parseInt(group, 16));
}

/**
 * Parses the option `trustProxy`.
 *
 * @param trusted The option.
 * @returns The number of trusted proxies.
 * @throws {RangeError} When it is neither a boolean nor a number of proxies.
 */
export function parseTrustProxy(trusted: boolean | number): number {
  const hops = typeof trusted === "boolean" ? Number(trusted) : trusted;
  if (Number.isInteger(hops) && hops >= 0) return hops;
  throw new RangeError(
    `Cannot set "trustProxy" to ${
      String(trusted)
    }: it must be true, false, or the number of proxies`,
  );
}

/**
 * Reads the entry that the outermost trusted proxy has appended to a header.
 * The entries before it come from the client, which may write anything.
 *
 * @param headers The headers of the request.
 * @param name The name of the header, such as `x-forwarded-for`.
 * @param hops The number of trusted proxies.
 * @returns The entry: the first one if there are fewer than proxies, since
 * some proxies replace the header; `undefined` without a header or a proxy.
 */
export function readForwarded(
  headers: Headers,
  name: string,
  hops: number,
): string | undefined {
  if (hops === 0) return undefined;
  const entries = headers.get(name)?.split(",");
  return (entries?.at(-hops) ?? entries?.[0])?.trim();
}

/** A host, and a port if there is one. */
const AUTHORITY = /^(?:\[[\da-f:.]+\]|(?:[\w~-]+\.)*[\w~-]+\.?)(?::\d{0,5})?$/i;

/** The longest name of RFC 1035, section 2.3.4, and a port. */
const MAX_AUTHORITY = 255 + 6;

/**
 * An authority that `URL` takes in any case: its last label is no number. Of
 * others it refuses some, such as 1.2.3.4.5 and port 99999.
 */
const NAME = /^(?!.*xn--)(?:[\w~-]+\.)*[a-z][\w~-]*(?::\d{0,4})?$/i;

/** What ends an authority: `/`, `?`, `#` and, for `URL`, a backslash. */
const DELIMITERS: ReadonlySet<number> = new Set([47, 63, 35, 92]);

/**
 * Tells whether the host that a request is for is a host, with or without a
 * port: RFC 9110, section 7.2, without the characters that no host has. Deno
 * makes the URL of a request out of the Host header as it was sent, and a Host
 * such as `x/admin?` would choose the path.
 *
 * @param request The request, which is not upgraded yet. It may have no Host
 * header, as in HTTP/1.0.
 * @returns Whether its URL can be parsed, and has the path that was sent.
 */
export function hasValidHost({ url, headers }: Request): boolean {
  const start = url.indexOf("://") + 3;
  let end = start;
  while (end < url.length && !DELIMITERS.has(url.charCodeAt(end))) end++;
  // For `URL` these end the host as well, where Deno has it go on.
  if (url[end] === "#" || url[end] === "\\") return false;
  const host = headers.get("host");
  if (host !== null && host !== "" && !isAuthority(host)) return false;
  // The target of the request may be a whole URL, with a host of its own. That
  // of a unix socket without a Host header is the path of the socket.
  const authority = url.slice(start, end);
  return authority === host || url.startsWith("http+unix:") ||
    isAuthority(authority);
}

function isAuthority(text: string): boolean {
  return text.length <= MAX_AUTHORITY &&
    (NAME.test(text) ||
      (AUTHORITY.test(text) && URL.canParse(`http://${text}`)));
}

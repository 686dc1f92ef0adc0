import type { UpgradeRequest } from "../transport/upgrader.ts";

const IP4 = /^\d{1,3}(\.\d{1,3}){3}$/;

const IP4_WITH_PORT = /^([\d.]+):\d+$/;

const IP6_IN_BRACKETS = /^\[(.+)\](:\d+)?$/;

/**
 * Tells who a request comes from, for counting. Whoever has IPv6 has a whole
 * /64 network to choose addresses from, which therefore counts as one.
 *
 * @param request The request.
 * @param hops How many proxies are trusted.
 * @returns The address; the same empty text for all that have none, such as
 * those of a unix socket: not counting them would be no limit at all.
 */
export function addressOf(request: UpgradeRequest, hops: number): string {
  const { remoteAddr, headers } = request;
  const forwarded = readForwarded(headers, "x-forwarded-for", hops);
  if (forwarded !== undefined) return networkOf(forwarded);
  return remoteAddr !== undefined && "hostname" in remoteAddr
    ? networkOf(remoteAddr.hostname)
    : "";
}

/** Reads an IP address, with a port as some proxies write it, or without. */
function networkOf(text: string): string {
  const [, bare = text] = IP4_WITH_PORT.exec(text) ??
    IP6_IN_BRACKETS.exec(text) ?? [];
  if (IP4.test(bare)) return bare;
  const groups = readIP6(bare);
  if (groups === undefined) return "";
  const [a, b, c, d, e, mark, high, low] = groups;
  // ::ffff:0:0/96 is IPv4 as a socket for both shows it.
  if (mark === 0xffff && ![a, b, c, d, e].some(Boolean)) {
    return [high! >> 8, high! & 255, low! >> 8, low! & 255].join(".");
  }
  const prefix = groups.slice(0, 4).map((group) => group.toString(16));
  return `${prefix.join(":")}::/64`;
}

/** Takes an IPv6 address apart, into its eight numbers. */
function readIP6(text: string): number[] | undefined {
  const [address = ""] = text.split("%");
  // The URL parser knows every way to write one.
  const url = /^[\d.:a-f]+$/i.test(address)
    ? URL.parse(`http://[${address}]`)
    : null;
  if (url === null) return undefined;
  const [head = "", tail] = url.hostname.slice(1, -1).split("::");
  const before = readGroups(head);
  if (tail === undefined) return before;
  const after = readGroups(tail);
  const zeros = new Array(8 - before.length - after.length).fill(0);
  return [...before, ...zeros, ...after];
}

function readGroups(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => parseInt(group, 16));
}

/**
 * Reads the option `trustProxy`.
 *
 * @param trusted What the program says.
 * @returns How many proxies stand before the server.
 * @throws {RangeError} When it is no boolean and no number of proxies.
 */
export function hopsOf(trusted: boolean | number): number {
  const hops: unknown = typeof trusted === "boolean"
    ? Number(trusted)
    : trusted;
  if (Number.isInteger(hops) && hops as number >= 0) return hops as number;
  throw new RangeError(
    `Cannot set "trustProxy" to ${
      String(trusted)
    }: it must be true, false, or how many proxies there are`,
  );
}

/**
 * Reads what the outermost of our own proxies has written into a list that
 * every proxy appends to; what stands before that is the client's own claim.
 *
 * @param headers The headers of the request.
 * @param name The name of the header, such as `x-forwarded-for`.
 * @param hops How many proxies there are; with none, nothing is believed.
 * @returns The entry. Where there are fewer than proxies it is the first one,
 * since some proxies replace the header. `undefined` when there is none.
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

import { readForwarded } from "./_proxy.ts";
import type { UpgradeRequest } from "./conn.ts";

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

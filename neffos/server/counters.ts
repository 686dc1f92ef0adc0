import { coreOf } from "../api/conn.ts";
import type { ServerStats } from "../api/stats.ts";
import type { ServerHost } from "./host.ts";

/**
 * The codes of RFC 6455 and the IANA registry, and those that this module
 * closes with. A client may send any: they must not make a table grow.
 */
const KNOWN_CODES: ReadonlySet<number> = new Set([
  ...[1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1010, 1011],
  ...[1012, 1013, 1014, 4001, 4002, 4008],
]);

/** What has become of the requests and connections of a server. */
export class Tally {
  readonly startTime: number = Date.now();
  readonly #start = performance.now();
  readonly refused = new Map<number, number>();
  readonly closed = new Map<string, number>();
  accepted = 0;
  errors = 0;

  get uptime(): number {
    return performance.now() - this.#start;
  }

  /** Counts a request that was refused; the statuses are the program's. */
  addRefused(status: number): void {
    this.refused.set(status, (this.refused.get(status) ?? 0) + 1);
  }

  /** Counts a connection that has ended. */
  addClosed(code: number): void {
    const group = groupOf(code);
    this.closed.set(group, (this.closed.get(group) ?? 0) + 1);
  }
}

function groupOf(code: number): string {
  if (KNOWN_CODES.has(code)) return String(code);
  if (code >= 3000 && code <= 3999) return "3xxx";
  return code >= 4000 && code <= 4999 ? "4xxx" : "other";
}

/** Puts the numbers of a server together. */
export function takeStats(host: ServerHost): ServerStats {
  const { tally, traffic, index } = host;
  const { startTime, uptime, accepted, errors } = tally;
  let queued = 0;
  let pending = 0;
  for (const conn of host.all) {
    const { queue, held } = coreOf(conn);
    queued += queue.size + held;
    pending += queue.pending;
  }
  return {
    startTime,
    uptime,
    connections: host.connected.size,
    sockets: host.all.size,
    accepted,
    refused: Object.fromEntries(tally.refused),
    closed: Object.fromEntries(tally.closed),
    namespaces: index.namespaces,
    rooms: index.size - index.namespaces,
    ...traffic,
    errors,
    drops: { ...host.drops },
    crossings: Object.fromEntries(host.crossings.counts),
    queued,
    pending,
    handlers: host.measure?.stats() ?? [],
  };
}

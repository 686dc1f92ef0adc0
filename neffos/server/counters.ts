import type { ServerStats } from "../api/stats.ts";

/**
 * The codes of RFC 6455 and the IANA registry, and those that this module
 * closes with. A client may send any: they must not make a table grow.
 */
const KNOWN_CODES: ReadonlySet<number> = new Set([
  ...[1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1010, 1011],
  ...[1012, 1013, 1014, 4001, 4002, 4008],
]);

/** Counts what becomes of the requests and connections of a server. */
export class ConnectionCounters {
  readonly startTime: number = Date.now();
  readonly #start = performance.now();
  readonly refused: Map<number, number> = new Map();
  readonly closed: Map<string, number> = new Map();
  accepted = 0;
  errors = 0;

  /** The numbers as they are now. */
  stats(): Pick<
    ServerStats,
    "startTime" | "uptime" | "accepted" | "refused" | "closed" | "errors"
  > {
    return {
      startTime: this.startTime,
      uptime: performance.now() - this.#start,
      accepted: this.accepted,
      refused: Object.fromEntries(this.refused),
      closed: Object.fromEntries(this.closed),
      errors: this.errors,
    };
  }

  /** Counts a request that was refused; the statuses are the program's. */
  addRefused(status: number): void {
    this.refused.set(status, (this.refused.get(status) ?? 0) + 1);
  }

  /** Counts a connection that has ended. */
  addClosed(code: number): void {
    const group = groupCloseCode(code);
    this.closed.set(group, (this.closed.get(group) ?? 0) + 1);
  }
}

function groupCloseCode(code: number): string {
  if (KNOWN_CODES.has(code)) return String(code);
  if (code >= 3000 && code <= 3999) return "3xxx";
  return code >= 4000 && code <= 4999 ? "4xxx" : "other";
}

/**
 * Counts the frames that have gone over the sockets of a server or a client,
 * and their lengths: a binary frame in bytes, a text frame in UTF-16 units,
 * since its bytes are not known without encoding it.
 */
export class TrafficCounters {
  messagesIn = 0;
  bytesIn = 0;
  messagesOut = 0;
  bytesOut = 0;
}

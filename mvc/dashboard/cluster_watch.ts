import type { Inspection } from "../../neffos/internal.ts";
import type { ServerStats } from "../../neffos/mod.ts";
import type { ClusterState, ServerRow } from "./data.ts";

/** How long a server that has gone is shown, in milliseconds. */
const MEMORY = 10 * 60_000;

/** The most other servers that are shown. */
const MAX_SERVERS = 64;

/** Follows the servers of a cluster while somebody looks. */
export class ClusterWatch {
  readonly #inspection: Inspection;
  /** The other servers: those that have gone, then those that are alive. */
  readonly #servers = new Map<string, ServerRow>();
  #counts: ReadonlyMap<string, number> = new Map();
  #isCounting = false;

  constructor(inspection: Inspection) {
    this.#inspection = inspection;
  }

  /** Asks the other servers for their connections, unless that is under way. */
  async count(): Promise<void> {
    if (this.#isCounting) return;
    this.#isCounting = true;
    try {
      this.#counts = await this.#inspection.countEach();
    } finally {
      this.#isCounting = false;
    }
  }

  /** The servers as they are known now; `null` without an exchange. */
  read({ connections, exchange }: ServerStats): ClusterState | null {
    const id = this.#inspection.exchangeId;
    if (id === undefined || exchange === undefined) return null;
    const { isConnected, channels, queued } = exchange;
    const now = Date.now();
    this.#update(now);
    const own: ServerRow = { id, state: "this", connections, lastHeard: now };
    const servers = [own, ...[...this.#servers.values()].reverse()];
    return { isConnected, channels, queued, servers };
  }

  #update(now: number): void {
    for (const [id, row] of this.#servers) {
      if (now - row.lastHeard > MEMORY) this.#servers.delete(id);
      else this.#servers.set(id, { ...row, state: "gone", connections: null });
    }
    for (const { id, lastHeard, isSuspect } of this.#inspection.peers) {
      this.#servers.delete(id);
      this.#servers.set(id, {
        id,
        state: isSuspect ? "late" : "alive",
        connections: this.#counts.get(id) ?? null,
        lastHeard,
      });
    }
    for (const id of this.#servers.keys()) {
      if (this.#servers.size <= MAX_SERVERS) break;
      this.#servers.delete(id);
    }
  }
}

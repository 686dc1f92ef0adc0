import type { Deadline, Timers } from "../util/timers.ts";

/** More servers than anybody runs: a foreign publisher may invent them. */
const MAX_PEERS = 1_024;

/** How long one that seems dead is waited for once more, in milliseconds. */
const GRACE = 250;

/** Another server that is alive. */
export interface Peer {
  readonly id: string;
  /** The version of its entries that its heartbeat before the last one told. */
  told: number;
  /** The version of its entries, as its last heartbeat told. */
  version: number;
  /** Whether it wants the presence of other servers. */
  wants: boolean;
  /** When something of it has last come, by the calendar. */
  lastHeard: number;
  /** Whether its time was over, and it is waited for once more. */
  isSuspect: boolean;
  deadline: Deadline;
  /** The time of the deadline. */
  patience: number;
}

/** The other servers: each is alive until its heartbeats have stopped. */
export class Peers {
  readonly #peers = new Map<string, Peer>();
  readonly #timers: Timers;
  readonly #timeout: number;
  readonly #onDead: (id: string) => void;

  constructor(
    timers: Timers,
    timeout: number,
    onDead: (id: string) => void,
  ) {
    this.#timers = timers;
    this.#timeout = timeout;
    this.#onDead = onDead;
  }

  get size(): number {
    return this.#peers.size;
  }

  /** The IDs of those that are alive. */
  get ids(): string[] {
    return [...this.#peers.keys()];
  }

  /** Those that are alive. */
  get all(): Peer[] {
    return [...this.#peers.values()];
  }

  /** Whether any of them wants the presence of other servers. */
  get isCurious(): boolean {
    for (const { wants } of this.#peers.values()) if (wants) return true;
    return false;
  }

  get(id: string): Peer | undefined {
    return this.#peers.get(id);
  }

  /** Takes a sign of life; `undefined` if there are too many. */
  beat(id: string, version: number, wants: boolean): Peer | undefined {
    const known = this.#peers.get(id);
    if (known === undefined) {
      if (this.#peers.size >= MAX_PEERS) return undefined;
      const peer: Peer = {
        id,
        told: -1,
        version,
        wants,
        lastHeard: Date.now(),
        isSuspect: false,
        deadline: this.#arm(id, this.#timeout),
        patience: this.#timeout,
      };
      this.#peers.set(id, peer);
      return peer;
    }
    this.hear(id);
    known.told = known.version;
    known.version = version;
    known.wants = wants;
    return known;
  }

  /** Notes that something of a server has come: it is alive. */
  hear(id: string): void {
    const peer = this.#peers.get(id);
    if (peer !== undefined) peer.lastHeard = Date.now();
  }

  /** Forgets one that says that it goes; tells whether it was there. */
  remove(id: string): boolean {
    const peer = this.#peers.get(id);
    if (peer === undefined) return false;
    this.#timers.clear(peer.patience, peer.deadline);
    return this.#peers.delete(id);
  }

  /** Forgets all, without a word. */
  stop(): void {
    for (const id of this.ids) this.remove(id);
  }

  #arm(id: string, ms: number): Deadline {
    return this.#timers.set(ms, () => {
      const peer = this.#peers.get(id)!;
      // The clock may have been set back.
      peer.lastHeard = Math.min(peer.lastHeard, Date.now());
      let rest = peer.lastHeard + this.#timeout - Date.now();
      // After a long turn of the event loop, or a sleep of the machine, timers
      // come before what has arrived.
      if (rest > 0) peer.isSuspect = false;
      else if (!peer.isSuspect) {
        peer.isSuspect = true;
        rest = GRACE;
      }
      if (rest > 0) {
        peer.patience = rest;
        peer.deadline = this.#arm(id, rest);
        return;
      }
      this.#peers.delete(id);
      this.#onDead(id);
    });
  }
}

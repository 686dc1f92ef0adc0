import type { Deadline, Timers } from "../util/timers.ts";

/** More servers than anybody runs: a foreign publisher may invent them. */
const MAX_PEERS = 1_024;

/** Another server that is alive. */
export interface Peer {
  readonly id: string;
  /** The version of its entries that its heartbeat before the last one told. */
  told: number;
  /** The version of its entries, as its last heartbeat told. */
  version: number;
  /** Whether it wants to know who is where. */
  wants: boolean;
  deadline: Deadline;
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

  /** Whether any of them wants to know who is where. */
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
      const deadline = this.#arm(id);
      const peer = { id, told: -1, version, wants, deadline };
      this.#peers.set(id, peer);
      return peer;
    }
    this.#timers.clear(this.#timeout, known.deadline);
    known.deadline = this.#arm(id);
    known.told = known.version;
    known.version = version;
    known.wants = wants;
    return known;
  }

  /** Forgets one that says that it goes; tells whether it was there. */
  remove(id: string): boolean {
    const peer = this.#peers.get(id);
    if (peer === undefined) return false;
    this.#timers.clear(this.#timeout, peer.deadline);
    return this.#peers.delete(id);
  }

  /** Forgets all, without a word. */
  stop(): void {
    for (const id of this.ids) this.remove(id);
  }

  #arm(id: string): Deadline {
    return this.#timers.set(this.#timeout, () => {
      this.#peers.delete(id);
      this.#onDead(id);
    });
  }
}

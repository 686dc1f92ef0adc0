import type { Deadline, Timers } from "../../util/timers.ts";
import type { Change, Roster } from "./roster.ts";

/** How long changes are collected, in milliseconds. */
const BATCH = 25;

/** The entries in one part of a state. */
const PART = 1_000;

/** The UTF-16 units in one part: brokers limit messages, NATS to 1 MiB. */
const PART_SIZE = 256 * 1024;

/** The changes that are kept while a state is on its way. */
const MAX_KEPT = 10_000;

/** Changes, or a part of all entries, of one server. */
export type SyncMeta =
  | {
    readonly t: "delta";
    /** The version before the changes. */
    readonly from: number;
    readonly changes: readonly Change[];
  }
  | {
    readonly t: "state";
    readonly version: number;
    readonly part: number;
    readonly parts: number;
    readonly changes: readonly Change[];
  }
  | { readonly t: "pull" };

/** What the heartbeat of another server tells of its entries. */
export interface RosterBeat {
  readonly id: string;
  /** Their version. */
  readonly version: number;
  /** The version that the heartbeat before has told. */
  readonly told: number;
}

/** What is known of another server's entries. */
interface Copy {
  /** The version that is here; -1 before the first state. */
  version: number;
  /** Whether a state was asked for, and has not come. */
  isPulling: boolean;
  /** The parts of the state that have come, by number. */
  parts: Map<number, readonly Change[]>;
  partsVersion: number;
  /** Changes that came before the state that they follow. */
  kept: { from: number; changes: readonly Change[] }[];
  keptCount: number;
}

/** What a synchronization needs. */
export interface SyncHost {
  readonly timers: Timers;
  /** Tells all servers that want it. */
  tellAll(meta: SyncMeta): void;
  /** Tells one server. */
  tell(server: string, meta: SyncMeta): void;
  /** Whether any server wants to know. */
  readonly isWanted: boolean;
}

/**
 * Keeps the copies of a roster: sends this server's changes, and asks another
 * server for all of its entries where changes of it are missing.
 */
export class RosterSync {
  readonly #roster: Roster;
  readonly #host: SyncHost;
  readonly #copies = new Map<string, Copy>();
  #changes: Change[] = [];
  #deadline: Deadline | undefined;

  constructor(roster: Roster, host: SyncHost) {
    this.#roster = roster;
    this.#host = host;
    roster.onChange = (change) => this.#collect(change);
  }

  /** The version that others know, or will once they have what was sent. */
  get version(): number {
    return this.#roster.version - this.#changes.length;
  }

  /** Whether the entries of a server are here. */
  knows(server: string): boolean {
    const copy = this.#copies.get(server);
    return copy !== undefined && copy.version >= 0;
  }

  /** Takes a heartbeat: asks for what it tells of and is not here. */
  beat({ id, version, told }: RosterBeat): void {
    const copy = this.#copies.get(id);
    if (copy === undefined) this.#pull(id);
    // Twice: changes on another channel may still be under way.
    else if (copy.version < version && copy.version < told) this.#pull(id);
  }

  /** Takes what another server has told; it was checked. */
  receive(server: string, meta: SyncMeta): void {
    if (meta.t === "pull") this.#sendState(server);
    else if (meta.t === "delta") this.#takeDelta(server, meta);
    else this.#takeState(server, meta);
  }

  /** Forgets another server. */
  forget(server: string): void {
    this.#copies.delete(server);
  }

  /** Sends what was collected. */
  flush(): void {
    if (this.#deadline !== undefined) {
      this.#host.timers.clear(BATCH, this.#deadline);
      this.#deadline = undefined;
    }
    const changes = this.#changes;
    if (changes.length === 0) return;
    this.#changes = [];
    if (!this.#host.isWanted) return;
    let from = this.#roster.version - changes.length;
    for (const part of split(changes)) {
      this.#host.tellAll({ t: "delta", from, changes: part });
      from += part.length;
    }
  }

  #collect(change: Change): void {
    this.#changes.push(change);
    this.#deadline ??= this.#host.timers.set(BATCH, () => {
      this.#deadline = undefined;
      this.flush();
    });
  }

  #pull(server: string): void {
    const copy = this.#find(server);
    copy.isPulling = true;
    this.#host.tell(server, { t: "pull" });
  }

  #find(server: string): Copy {
    const known = this.#copies.get(server);
    if (known !== undefined) return known;
    const copy: Copy = {
      version: -1,
      isPulling: false,
      parts: new Map(),
      partsVersion: -1,
      kept: [],
      keptCount: 0,
    };
    this.#copies.set(server, copy);
    return copy;
  }

  #sendState(server: string): void {
    // What was collected is in the state, and its changes are told to others.
    this.flush();
    const { own, version } = this.#roster;
    const all = split(own);
    const parts = all.length;
    for (const [part, changes] of all.entries()) {
      this.#host.tell(server, { t: "state", version, part, parts, changes });
    }
  }

  #takeDelta(
    server: string,
    { from, changes }: SyncMeta & { t: "delta" },
  ): void {
    const copy = this.#find(server);
    if (copy.isPulling || from > copy.version) {
      if (copy.keptCount + changes.length <= MAX_KEPT) {
        copy.kept.push({ from, changes });
        copy.keptCount += changes.length;
      }
      if (!copy.isPulling) this.#pull(server);
      return;
    }
    this.#apply(server, copy, from, changes);
  }

  #apply(
    server: string,
    copy: Copy,
    from: number,
    changes: readonly Change[],
  ): void {
    for (const change of changes.slice(copy.version - from)) {
      this.#roster.apply(server, change);
    }
    copy.version = Math.max(copy.version, from + changes.length);
  }

  #takeState(
    server: string,
    { version, part, parts, changes }: SyncMeta & { t: "state" },
  ): void {
    const copy = this.#find(server);
    if (version < copy.version || version < copy.partsVersion) return;
    if (version > copy.partsVersion) copy.parts.clear();
    copy.partsVersion = version;
    copy.parts.set(part, changes);
    if (copy.parts.size < parts) return;
    const all = [...copy.parts.values()].flat();
    copy.parts.clear();
    copy.version = version;
    copy.isPulling = false;
    this.#roster.replace(server, all);
    const { kept } = copy;
    copy.kept = [];
    copy.keptCount = 0;
    for (const { from, changes } of kept) {
      this.#takeDelta(server, { t: "delta", from, changes });
    }
  }
}

/** Splits changes into parts that a broker takes; one at least. */
function split(changes: readonly Change[]): Change[][] {
  let part: Change[] = [];
  const parts = [part];
  let size = 0;
  for (const change of changes) {
    const { length } = JSON.stringify(change);
    if (part.length === PART || (size + length > PART_SIZE && size > 0)) {
      part = [];
      parts.push(part);
      size = 0;
    }
    part.push(change);
    size += length;
  }
  return parts;
}

/** Tells whether what another server has sent is a message about its roster. */
export function isSyncMeta(
  meta: Record<string, unknown>,
): meta is Record<string, unknown> & SyncMeta {
  if (meta.t === "pull") return true;
  const { changes } = meta;
  if (!Array.isArray(changes) || !changes.every(isChange)) return false;
  if (meta.t === "delta") return isCount(meta.from);
  return meta.t === "state" && isCount(meta.version) && isCount(meta.part) &&
    isCount(meta.parts) && meta.part < meta.parts && meta.parts <= MAX_KEPT;
}

function isChange(change: unknown): boolean {
  if (!Array.isArray(change) || !isCount(change[0])) return false;
  if (change.length === 2) return change[1] === 0 || change[1] === 1;
  return (change.length === 4 || change.length === 5) &&
    change.slice(1, 4).every((name) => typeof name === "string");
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

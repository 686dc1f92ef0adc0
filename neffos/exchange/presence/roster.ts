import type {
  PresenceEntry,
  PresenceListener,
  PresencePort,
} from "../../api/presence.ts";
import type { UntypedNSConn } from "../../api/ns_conn.ts";
import { callAsync } from "../../util/promises.ts";
import type { Deadline, Timers } from "../../util/timers.ts";

/** The longest data of an entry, in UTF-16 units of its JSON. */
const MAX_DATA = 65_536;

/** An entry that has come, or has other data: its number, place, ID and data. */
export type Arrival = readonly [
  number: number,
  namespace: string,
  room: string,
  id: string,
  data?: unknown,
];

/** An entry that has gone: its number, and 1 if its connection was lost. */
export type Departure = readonly [number: number, isLost: 0 | 1];

/** A change of one server's entries, as it is sent. */
export type Change = Arrival | Departure;

interface Entry extends PresenceEntry {
  readonly number: number;
  readonly place: Place;
}

/** The last connection with an ID, which was lost and may come back. */
interface Absentee {
  readonly entry: Entry;
  readonly grace: number;
  readonly deadline: Deadline;
}

/** A namespace or a room, with all that are there. */
interface Place {
  readonly key: string;
  readonly namespace: string;
  readonly room: string;
  /** The entries by ID. */
  readonly people: Map<string, Set<Entry>>;
  /** The IDs whose last connection was lost, and may come back. */
  readonly departing: Map<string, Absentee>;
  readonly listeners: Set<PresenceListener>;
}

/** What a roster needs of its server. */
export interface RosterHost {
  readonly timers: Timers;
  /** How long a lost connection stays, in milliseconds. */
  readonly grace: number;
  report(error: unknown, source: { readonly event: string }): void;
}

/**
 * The connections by namespace and room, on all servers. Each server alone writes its own entries, and numbers its
 * changes; the entries of others are copies, which are replaced as a whole
 * where a change is missing.
 */
export class Roster implements PresencePort {
  readonly #host: RosterHost;
  readonly #places = new Map<string, Place>();
  /** The entries of this server, by connection and room. */
  readonly #own = new Map<object, Map<string, Entry>>();
  readonly #copies = new Map<string, Map<number, Entry>>();
  #lastNumber = 0;
  /** The number of changes of this server's entries. */
  version = 0;
  /** Called with each change of this server's entries. */
  onChange: ((change: Change) => void) | undefined;

  constructor(host: RosterHost) {
    this.#host = host;
  }

  /** The entries of this server, as changes from nothing. */
  get own(): Change[] {
    const changes: Change[] = [];
    for (const entries of this.#own.values()) {
      for (const entry of entries.values()) changes.push(toChange(entry));
    }
    return changes;
  }

  /** Adds a connection of this server. */
  enter(nsConn: UntypedNSConn, room: string): void {
    const { namespace } = nsConn;
    const entry: Entry = {
      id: nsConn.id,
      data: undefined,
      server: undefined,
      number: ++this.#lastNumber,
      place: this.#find(namespace, room),
    };
    const entries = this.#own.get(nsConn) ?? new Map();
    this.#own.set(nsConn, entries.set(room, entry));
    this.#add(entry);
    this.#tell(toChange(entry));
  }

  /** Removes a connection of this server. */
  exit(nsConn: UntypedNSConn, room: string, isLost: boolean): void {
    const entries = this.#own.get(nsConn);
    const entry = entries?.get(room);
    if (entry === undefined) return;
    entries!.delete(room);
    if (entries!.size === 0) this.#own.delete(nsConn);
    this.#remove(entry, isLost);
    this.#tell([entry.number, isLost ? 1 : 0]);
  }

  set(nsConn: UntypedNSConn, room: string, data: unknown): boolean {
    const entries = this.#own.get(nsConn);
    const old = entries?.get(room);
    if (old === undefined) return false;
    // What others will read, and a copy that does not change.
    const text: string | undefined = JSON.stringify(data);
    if (text !== undefined && text.length > MAX_DATA) {
      throw new RangeError(
        `Cannot set data of ${text.length} characters in JSON: it must be ${MAX_DATA} at most, since each server keeps a copy`,
      );
    }
    const copy = text === undefined ? undefined : JSON.parse(text);
    const entry = { ...old, data: copy };
    entries!.set(room, entry);
    this.#swap(old, entry);
    this.#tell(toChange(entry));
    return true;
  }

  /** Applies a change of another server's entries. */
  apply(server: string, change: Change): void {
    const copy = this.#copies.get(server) ?? new Map<number, Entry>();
    this.#copies.set(server, copy);
    const [number] = change;
    const old = copy.get(number);
    if (change.length === 2) {
      copy.delete(number);
      if (old !== undefined) this.#remove(old, change[1] === 1);
      return;
    }
    const entry = this.#toEntry(server, change);
    copy.set(number, entry);
    if (old === undefined) this.#add(entry);
    else this.#swap(old, entry);
  }

  /** Replaces all entries of another server. */
  replace(server: string, changes: readonly Change[]): void {
    const old = this.#copies.get(server) ?? new Map<number, Entry>();
    const left = new Set(old.keys());
    // Those that come are added first: an ID that has moved does not leave.
    for (const change of changes) {
      if (change.length === 2) continue;
      left.delete(change[0]);
      const known = old.get(change[0]);
      const isSame = known !== undefined && known.id === change[3] &&
        JSON.stringify(known.data) === JSON.stringify(change[4]);
      if (!isSame) this.apply(server, change);
    }
    for (const number of left) this.apply(server, [number, 1]);
  }

  /** Forgets another server, which is dead: its people have gone for long. */
  forget(server: string): void {
    const copy = this.#copies.get(server);
    if (copy === undefined) return;
    this.#copies.delete(server);
    for (const entry of copy.values()) this.#remove(entry, false);
  }

  /** Forgets a server that has said that it goes: its people may come back. */
  release(server: string): void {
    for (const number of this.#copies.get(server)?.keys() ?? []) {
      this.apply(server, [number, 1]);
    }
    this.#copies.delete(server);
  }

  list(namespace: string, room: string): PresenceEntry[] {
    const place = this.#places.get(toKey(namespace, room));
    if (place === undefined) return [];
    const entries: PresenceEntry[] = [];
    for (const each of place.people.values()) {
      for (const entry of each) entries.push(toPublic(entry));
    }
    for (const { entry } of place.departing.values()) {
      entries.push(toPublic(entry));
    }
    return entries;
  }

  get(namespace: string, room: string, id: string): PresenceEntry[] {
    const place = this.#places.get(toKey(namespace, room));
    const entries = place?.people.get(id);
    if (entries !== undefined) return [...entries].map(toPublic);
    const departing = place?.departing.get(id);
    return departing === undefined ? [] : [toPublic(departing.entry)];
  }

  count(namespace: string, room: string): number {
    const place = this.#places.get(toKey(namespace, room));
    return place === undefined ? 0 : place.people.size + place.departing.size;
  }

  listen(
    namespace: string,
    room: string,
    listener: PresenceListener,
  ): () => void {
    const place = this.#find(namespace, room);
    place.listeners.add(listener);
    return () => {
      place.listeners.delete(listener);
      this.#forgetEmpty(place);
    };
  }

  /** Stops every timer. */
  stop(): void {
    for (const { departing } of this.#places.values()) {
      for (const { grace, deadline } of departing.values()) {
        this.#host.timers.clear(grace, deadline);
      }
      departing.clear();
    }
  }

  #tell(change: Change): void {
    this.version++;
    this.onChange?.(change);
  }

  #find(namespace: string, room: string): Place {
    const key = toKey(namespace, room);
    const found = this.#places.get(key);
    if (found !== undefined) return found;
    const place: Place = {
      key,
      namespace,
      room,
      people: new Map(),
      departing: new Map(),
      listeners: new Set(),
    };
    this.#places.set(key, place);
    return place;
  }

  #forgetEmpty({ key, people, departing, listeners }: Place): void {
    if (people.size + departing.size + listeners.size > 0) return;
    this.#places.delete(key);
  }

  #toEntry(
    server: string,
    [number, namespace, room, id, data]: Arrival,
  ): Entry {
    return { id, data, server, number, place: this.#find(namespace, room) };
  }

  #add(entry: Entry): void {
    const { place, id } = entry;
    this.#places.set(place.key, place);
    const entries = place.people.get(id);
    if (entries !== undefined) {
      entries.add(entry);
      return this.#emitUpdate(place, id);
    }
    place.people.set(id, new Set([entry]));
    const departing = place.departing.get(id);
    if (departing === undefined) return this.#emit(place, "onJoin", entry);
    place.departing.delete(id);
    this.#host.timers.clear(departing.grace, departing.deadline);
    this.#emitUpdate(place, id);
  }

  #remove(entry: Entry, isLost: boolean): void {
    const { place, id } = entry;
    const entries = place.people.get(id);
    if (!entries?.delete(entry)) return;
    if (entries.size > 0) return this.#emitUpdate(place, id);
    place.people.delete(id);
    const { timers, grace } = this.#host;
    if (isLost && grace > 0) {
      const deadline = timers.set(grace, () => {
        place.departing.delete(id);
        this.#emit(place, "onLeave", entry);
        this.#forgetEmpty(place);
      });
      place.departing.set(id, { entry, grace, deadline });
      return;
    }
    this.#emit(place, "onLeave", entry);
    this.#forgetEmpty(place);
  }

  #swap(old: Entry, entry: Entry): void {
    const entries = old.place.people.get(old.id);
    if (old.place !== entry.place || old.id !== entry.id || !entries) {
      this.#add(entry);
      this.#remove(old, false);
      return;
    }
    entries.delete(old);
    entries.add(entry);
    this.#emitUpdate(entry.place, entry.id);
  }

  #emitUpdate(place: Place, id: string): void {
    if (place.listeners.size === 0) return;
    const entries = this.get(place.namespace, place.room, id);
    for (const { onUpdate } of [...place.listeners]) {
      this.#call("onUpdate", () => onUpdate?.(entries));
    }
  }

  #emit(place: Place, event: "onJoin" | "onLeave", entry: Entry): void {
    for (const listener of [...place.listeners]) {
      this.#call(event, () => listener[event]?.(toPublic(entry)));
    }
  }

  /** Calls a listener, which may be an async function. */
  #call(event: string, action: () => void): void {
    callAsync(action).catch((error) => this.#host.report(error, { event }));
  }
}

function toKey(namespace: string, room: string): string {
  return `${namespace.length}:${namespace}${room}`;
}

function toChange({ number, place, id, data }: Entry): Arrival {
  const { namespace, room } = place;
  return data === undefined
    ? [number, namespace, room, id]
    : [number, namespace, room, id, data];
}

function toPublic({ id, data, server }: Entry): PresenceEntry {
  return { id, data, server };
}

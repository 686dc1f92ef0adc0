import type { Directory, Member } from "../connection/host.ts";
import type { Conn } from "../api/conn.ts";

/** Connections in a namespace or a room, with what sends to them. */
export type Members = ReadonlyMap<Conn, Member>;

interface NamespaceEntry {
  readonly members: Map<Conn, Member>;
  readonly rooms: Map<string, Map<Conn, Member>>;
}

/** A namespace, or a room of it, and how many connections are there. */
export interface Place {
  readonly namespace: string;
  /** The room, empty for all of the namespace. */
  readonly room: string;
  readonly connections: number;
}

/** Hears of the connections of a server, and where they are. */
export interface DirectoryWatcher {
  /**
   * A connection has entered a namespace, or a room.
   *
   * @param room The room, empty for the namespace.
   * @param isFirst Whether nobody else is there.
   */
  onEnter(member: Member, room: string, isFirst: boolean): void;
  /** A connection has left a namespace, or a room. */
  onExit(member: Member, room: string, isLast: boolean): void;
  /** The first connection with an ID has come, or the last one has gone. */
  onId?(id: string, isThere: boolean): void;
}

const NOBODY: Members = new Map();

/** Keeps the connections of a server, and their namespaces and rooms. */
export class ServerDirectory implements Directory {
  readonly #entries = new Map<string, NamespaceEntry>();
  /** The connections, in the order in which they came. */
  readonly #connections = new Set<Conn>();
  /** The same by ID: one, or a set of those that share it. */
  readonly #byId = new Map<string, Conn | Set<Conn>>();
  readonly #watchers: DirectoryWatcher[] = [];

  /** The number of connections. */
  get size(): number {
    return this.#connections.size;
  }

  /** A snapshot of the connections. */
  get connections(): Conn[] {
    return [...this.#connections];
  }

  /** Finds the connections with an ID. */
  findId(id: string): Iterable<Conn> {
    const found = this.#byId.get(id);
    if (found === undefined) return [];
    return found instanceof Set ? found : [found];
  }

  /** Tells a watcher what there is, and then what comes and goes. */
  watch(watcher: DirectoryWatcher): void {
    this.#watchers.push(watcher);
    for (const id of this.#byId.keys()) watcher.onId?.(id, true);
    for (const { members, rooms } of this.#entries.values()) {
      for (const [room, all] of [["", members] as const, ...rooms]) {
        let isFirst = true;
        for (const member of all.values()) {
          watcher.onEnter(member, room, isFirst);
          isFirst = false;
        }
      }
    }
  }

  /** Adds a connection, which is in no namespace yet. */
  connect(conn: Conn): void {
    const { id } = conn;
    this.#connections.add(conn);
    const found = this.#byId.get(id);
    if (found instanceof Set) found.add(conn);
    // A set for each ID would take 150 bytes of each connection.
    else this.#byId.set(id, found ? new Set([found, conn]) : conn);
    if (found !== undefined) return;
    for (const watcher of this.#watchers) watcher.onId?.(id, true);
  }

  /** Removes a connection, if it was added. */
  disconnect(conn: Conn): void {
    if (!this.#connections.delete(conn)) return;
    const { id } = conn;
    const found = this.#byId.get(id);
    if (found instanceof Set) found.delete(conn);
    if (found === conn || (found as Set<Conn>).size === 0) {
      this.#byId.delete(id);
      for (const watcher of this.#watchers) watcher.onId?.(id, false);
    }
  }

  /** The namespaces that a connection is in. */
  get namespaces(): number {
    return this.#entries.size;
  }

  /** The rooms that a connection is in, in all namespaces. */
  get rooms(): number {
    let count = 0;
    for (const { rooms } of this.#entries.values()) count += rooms.size;
    return count;
  }

  /** Counts the connections in each namespace, and in each of its rooms. */
  *places(): Generator<Place> {
    for (const [namespace, { members, rooms }] of this.#entries) {
      yield { namespace, room: "", connections: members.size };
      for (const [room, { size }] of rooms) {
        yield { namespace, room, connections: size };
      }
    }
  }

  /** Finds the connections in a namespace, or in one of its rooms. */
  find(namespace: string, room: string): Members {
    const entry = this.#entries.get(namespace);
    if (entry === undefined) return NOBODY;
    return room === "" ? entry.members : entry.rooms.get(room) ?? NOBODY;
  }

  add(member: Member): void {
    const { namespace, conn } = member;
    const entry = this.#entries.get(namespace) ??
      { members: new Map(), rooms: new Map() };
    this.#entries.set(namespace, entry);
    const isNew = !entry.members.has(conn);
    entry.members.set(conn, member);
    if (isNew) this.#tellEnter(member, "", entry.members.size === 1);
  }

  remove(member: Member): void {
    const { namespace, conn } = member;
    const entry = this.#entries.get(namespace);
    if (entry?.members.get(conn) !== member) return;
    entry.members.delete(conn);
    for (const room of member.joinedRooms) this.leave(member, room);
    if (entry.members.size === 0) this.#entries.delete(namespace);
    this.#tellExit(member, "", entry.members.size === 0);
  }

  join(member: Member, room: string): void {
    const { namespace, conn } = member;
    const entry = this.#entries.get(namespace);
    // A connection that has ended meanwhile is in no namespace any more.
    if (entry?.members.get(conn) !== member) return;
    const members = entry.rooms.get(room) ?? new Map();
    const isNew = !members.has(conn);
    entry.rooms.set(room, members.set(conn, member));
    if (isNew) this.#tellEnter(member, room, members.size === 1);
  }

  leave(member: Member, room: string): void {
    const { namespace, conn } = member;
    const rooms = this.#entries.get(namespace)?.rooms;
    const members = rooms?.get(room);
    if (!members?.delete(conn)) return;
    if (members.size === 0) rooms!.delete(room);
    this.#tellExit(member, room, members.size === 0);
  }

  #tellEnter(member: Member, room: string, isFirst: boolean): void {
    for (const watcher of this.#watchers) {
      watcher.onEnter(member, room, isFirst);
    }
  }

  #tellExit(member: Member, room: string, isLast: boolean): void {
    for (const watcher of this.#watchers) watcher.onExit(member, room, isLast);
  }
}

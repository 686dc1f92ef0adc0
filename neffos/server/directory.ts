import type { Directory, Member } from "../connection/host.ts";
import type { Conn } from "../api/conn.ts";

/** Connections in a namespace or a room, with what sends to them. */
export type Members = ReadonlyMap<Conn, Member>;

interface NamespaceEntry {
  readonly members: Map<Conn, Member>;
  readonly rooms: Map<string, Map<Conn, Member>>;
}

const NOBODY: Members = new Map();

/** Keeps which connections are in which namespaces and rooms of a server. */
export class ServerDirectory implements Directory {
  readonly #entries = new Map<string, NamespaceEntry>();

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
    entry.members.set(conn, member);
  }

  remove(member: Member): void {
    const { namespace, conn } = member;
    const entry = this.#entries.get(namespace);
    if (entry?.members.get(conn) !== member) return;
    entry.members.delete(conn);
    for (const room of member.joinedRooms) this.leave(member, room);
    if (entry.members.size === 0) this.#entries.delete(namespace);
  }

  join(member: Member, room: string): void {
    const { namespace, conn } = member;
    const entry = this.#entries.get(namespace);
    // A connection that has ended meanwhile is in no namespace any more.
    if (entry?.members.get(conn) !== member) return;
    const members = entry.rooms.get(room) ?? new Map();
    entry.rooms.set(room, members.set(conn, member));
  }

  leave({ namespace, conn }: Member, room: string): void {
    const rooms = this.#entries.get(namespace)?.rooms;
    const members = rooms?.get(room);
    if (!members?.delete(conn)) return;
    if (members.size === 0) rooms!.delete(room);
  }
}

import type { NSState } from "./_state.ts";
import type { Outlet } from "./_outlet.ts";

/**
 * Connections by their ways out, one for each: to send to all of them, nothing
 * else needs to be looked at.
 */
export type Members = ReadonlyMap<Outlet, NSState>;

interface Place {
  readonly members: Map<Outlet, NSState>;
  readonly rooms: Map<string, Map<Outlet, NSState>>;
}

const NOBODY: Members = new Map();

/** Who is in which namespace and room of a server. */
export class Index {
  readonly #places = new Map<string, Place>();

  /** How many namespaces and rooms somebody is in. */
  get size(): number {
    let size = this.#places.size;
    for (const { rooms } of this.#places.values()) size += rooms.size;
    return size;
  }

  /** How many namespaces somebody is in. */
  get namespaces(): number {
    return this.#places.size;
  }

  /** The connections in a namespace, or in one of its rooms. */
  find(namespace: string, room: string): Members {
    const place = this.#places.get(namespace);
    if (place === undefined) return NOBODY;
    return room === "" ? place.members : place.rooms.get(room) ?? NOBODY;
  }

  add(state: NSState): void {
    const place = this.#places.get(state.namespace) ??
      { members: new Map(), rooms: new Map() };
    this.#places.set(state.namespace, place);
    place.members.set(state.outlet, state);
  }

  remove(state: NSState): void {
    const place = this.#places.get(state.namespace);
    if (!place?.members.delete(state.outlet)) return;
    for (const room of state.rooms.keys()) this.leave(state, room);
    if (place.members.size === 0) this.#places.delete(state.namespace);
  }

  join(state: NSState, room: string): void {
    const place = this.#places.get(state.namespace);
    // A connection that has ended meanwhile is in no namespace any more.
    if (!place?.members.has(state.outlet)) return;
    const members = place.rooms.get(room) ?? new Map();
    place.rooms.set(room, members.set(state.outlet, state));
  }

  leave(state: NSState, room: string): void {
    const rooms = this.#places.get(state.namespace)?.rooms;
    const members = rooms?.get(room);
    if (!members?.delete(state.outlet)) return;
    if (members.size === 0) rooms!.delete(room);
  }
}

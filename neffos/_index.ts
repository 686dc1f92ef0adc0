import type { NSState } from "./_state.ts";

interface Place {
  readonly members: Set<NSState>;
  readonly rooms: Map<string, Set<NSState>>;
}

const NOBODY: ReadonlySet<NSState> = new Set();

/** Who is in which namespace and room of a server. */
export class Index {
  readonly #places = new Map<string, Place>();

  /** The connections in a namespace, or in one of its rooms. */
  find(namespace: string, room: string): ReadonlySet<NSState> {
    const place = this.#places.get(namespace);
    if (place === undefined) return NOBODY;
    return room === "" ? place.members : place.rooms.get(room) ?? NOBODY;
  }

  add(state: NSState): void {
    const place = this.#places.get(state.namespace) ??
      { members: new Set(), rooms: new Map() };
    this.#places.set(state.namespace, place);
    place.members.add(state);
  }

  remove(state: NSState): void {
    const place = this.#places.get(state.namespace);
    if (!place?.members.delete(state)) return;
    for (const room of state.rooms.keys()) this.leave(state, room);
    if (place.members.size === 0) this.#places.delete(state.namespace);
  }

  join(state: NSState, room: string): void {
    const place = this.#places.get(state.namespace);
    // A connection that has ended meanwhile is in no namespace any more.
    if (!place?.members.has(state)) return;
    const members = place.rooms.get(room) ?? new Set();
    place.rooms.set(room, members.add(state));
  }

  leave(state: NSState, room: string): void {
    const rooms = this.#places.get(state.namespace)?.rooms;
    const members = rooms?.get(room);
    if (!members?.delete(state)) return;
    if (members.size === 0) rooms!.delete(room);
  }
}

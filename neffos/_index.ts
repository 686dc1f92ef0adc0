import type { NSState } from "./_state.ts";
import type { Socket } from "./socket.ts";

/** How much is sent to all between two looks at what waits for each. */
const LOOK_AFTER = { bytes: 64 * 1024, messages: 64 };

/**
 * Connections by their sockets, one for each: to send to all of them, nothing
 * but the sockets needs to be looked at.
 */
export class Members extends Map<Socket, NSState> {
  #newMessages = 0;
  #newBytes = 0;

  /**
   * Counts a frame that was sent to all. What waits for each is looked at now
   * and then: who came or was left out meanwhile is taken for all the others.
   */
  count(length: number): void {
    this.#newMessages++;
    this.#newBytes += length;
    const isTime = this.#newMessages >= LOOK_AFTER.messages ||
      this.#newBytes >= LOOK_AFTER.bytes;
    if (!isTime) return;
    const sent = { messages: this.#newMessages, bytes: this.#newBytes };
    this.#newMessages = 0;
    this.#newBytes = 0;
    for (const { core } of this.values()) core.outlet.add(sent);
  }
}

interface Place {
  readonly members: Members;
  readonly rooms: Map<string, Members>;
}

const NOBODY = new Members();

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
      { members: new Members(), rooms: new Map() };
    this.#places.set(state.namespace, place);
    place.members.set(state.socket, state);
  }

  remove(state: NSState): void {
    const place = this.#places.get(state.namespace);
    if (!place?.members.delete(state.socket)) return;
    for (const room of state.rooms.keys()) this.leave(state, room);
    if (place.members.size === 0) this.#places.delete(state.namespace);
  }

  join(state: NSState, room: string): void {
    const place = this.#places.get(state.namespace);
    // A connection that has ended meanwhile is in no namespace any more.
    if (!place?.members.has(state.socket)) return;
    const members = place.rooms.get(room) ?? new Members();
    place.rooms.set(room, members.set(state.socket, state));
  }

  leave(state: NSState, room: string): void {
    const rooms = this.#places.get(state.namespace)?.rooms;
    const members = rooms?.get(room);
    if (!members?.delete(state.socket)) return;
    if (members.size === 0) rooms!.delete(room);
  }
}

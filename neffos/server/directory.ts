import type { NSState } from "../connection/namespace_state.ts";
import { LOOK_AFTER } from "../transport/send_buffer.ts";
import type { Socket } from "../transport/socket.ts";
import { SparseMap } from "../util/sparse_map.ts";

/** So much was sent. */
interface Sent {
  readonly messages: number;
  readonly bytes: number;
}

const NOTHING: Sent = { messages: 0, bytes: 0 };

/**
 * Connections by their sockets, one for each: to send to all of them, nothing
 * but the sockets needs to be looked at.
 */
export class Members extends Map<Socket, NSState> {
  /** What was sent to all since the last look. */
  #sent = NOTHING;
  /** What of it some were not sent: who came later, or was left out. */
  #missed = new SparseMap<Socket, Sent>();

  override set(socket: Socket, state: NSState): this {
    if (this.#sent !== NOTHING && !this.has(socket)) {
      this.#missed.set(socket, this.#sent);
    }
    return super.set(socket, state);
  }

  override delete(socket: Socket): boolean {
    const outlet = this.get(socket)?.core.outlet;
    const isDeleted = super.delete(socket);
    outlet?.add(subtract(this.#sent, this.#missed.get(socket)));
    this.#missed.delete(socket);
    return isDeleted;
  }

  /**
   * Counts a frame that was sent to all, but for one perhaps. What waits for
   * each is looked at now and then.
   */
  count(length: number, skipped?: Socket): void {
    const frame = { messages: 1, bytes: length };
    if (skipped !== undefined && this.has(skipped)) {
      this.#missed.set(skipped, add(this.#missed.get(skipped), frame));
    }
    const sent = add(this.#sent, frame);
    this.#sent = sent;
    const isTime = sent.messages >= LOOK_AFTER.messages ||
      sent.bytes >= LOOK_AFTER.bytes;
    if (!isTime) return;
    const missed = this.#missed;
    this.#sent = NOTHING;
    this.#missed = new SparseMap();
    for (const [socket, { core }] of this) {
      core.outlet.add(subtract(sent, missed.get(socket)));
    }
  }
}

function add(a: Sent = NOTHING, b: Sent): Sent {
  return { messages: a.messages + b.messages, bytes: a.bytes + b.bytes };
}

function subtract(a: Sent, b: Sent = NOTHING): Sent {
  return { messages: a.messages - b.messages, bytes: a.bytes - b.bytes };
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

import type { UntypedNSConn } from "../api/ns_conn.ts";
import type { UntypedRoom } from "../api/room.ts";
import type { RawBody } from "../protocol/message.ts";
import type { EntryBody } from "./call_chain.ts";
import { EventError, isInstance, REFUSED } from "../protocol/errors.ts";
import { cutReason } from "../transport/socket.ts";

/** Sends the kept frames of a namespace that is in again. */
export interface KeptSender {
  /** Sends a frame, unless it is for a room that this side is not in. */
  sendKept(room: string, frame: RawBody): void;
}

/** A frame that waits until its namespace and all of its rooms are in. */
export interface KeptFrame {
  readonly room: string;
  readonly frame: RawBody;
  /** Whether it is an ask, whose caller gives up with the connection. */
  readonly isAsk: boolean;
}

/** What this side has asked for a name with, and will again. */
export interface OwnEntry {
  readonly body: EntryBody | undefined;
}

/** A handle that the next stay is to use again. */
interface Kept<Handle> {
  readonly handle: Handle;
  /** Set if this side has ever asked for it, so that a refusal is reported. */
  readonly own: OwnEntry | undefined;
}

/** A namespace that a client had before it lost its connection. */
interface GoalNamespace extends Kept<UntypedNSConn> {
  readonly rooms: Map<string, Kept<UntypedRoom>>;
  frames: KeptFrame[];
  /** Set once the namespace is in and only rooms are still to be entered. */
  sender: KeptSender | undefined;
}

/** A name that was refused, and how to put it back. */
interface Refusal {
  readonly namespace: string;
  readonly room: string;
  /** The text of the refusal, if it is one and not a fault. */
  readonly text: string | undefined;
  restore(): void;
}

/** Options of a {@linkcode Goal}. */
export interface GoalInit {
  /** How many frames are kept for a namespace and its rooms. */
  readonly maxKept: number;
  /** Called when a name that this side had asked for is refused. */
  onRefused(error: unknown, namespace: string, room: string): void;
}

/**
 * The namespaces and rooms that a client is to enter again after the loss of
 * its connection, with their handles and the frames that are kept meanwhile. A
 * room is named by its namespace and its own name; the empty name stands for
 * the namespace itself.
 */
export class Goal {
  readonly #init: GoalInit;
  readonly #namespaces = new Map<string, GoalNamespace>();
  /** The handles of refused names, which the peer may enter later. */
  readonly #refused = new Map<string, GoalNamespace>();
  /** The refusals on the present connection. */
  #refusals: Refusal[] = [];

  constructor(init: GoalInit) {
    this.#init = init;
  }

  /** The namespaces that are to be entered again. */
  get namespaces(): string[] {
    return [...this.#namespaces.keys()].filter((name) => this.has(name, ""));
  }

  /** The rooms of a namespace that are to be entered again. */
  rooms(namespace: string): string[] {
    return [...this.#namespaces.get(namespace)?.rooms.keys() ?? []];
  }

  /** Whether a name is to be entered again. */
  has(namespace: string, room: string): boolean {
    const goal = this.#namespaces.get(namespace);
    if (goal === undefined) return false;
    return room === "" ? goal.sender === undefined : goal.rooms.has(room);
  }

  /** Finds what this side has asked with for a name that is in the goal. */
  findOwn(namespace: string, room: string): OwnEntry | undefined {
    const goal = this.#namespaces.get(namespace);
    return (room === "" ? goal : goal?.rooms.get(room))?.own;
  }

  /** Finds the handle that a namespace is to use again. */
  findNSConn(namespace: string): UntypedNSConn | undefined {
    return (this.#namespaces.get(namespace) ?? this.#refused.get(namespace))
      ?.handle;
  }

  /** Finds the handle that a room is to use again. */
  findRoom(namespace: string, room: string): UntypedRoom | undefined {
    const goal = this.#namespaces.get(namespace);
    return (goal?.rooms.get(room) ??
      this.#refused.get(namespace)?.rooms.get(room))?.handle;
  }

  /** Adds a lost namespace; its rooms are added after it. */
  addNamespace(
    namespace: string,
    handle: UntypedNSConn,
    own: OwnEntry | undefined,
  ): void {
    const known = this.#namespaces.get(namespace);
    if (known !== undefined) {
      known.sender = undefined;
      // On the next connection its token may be that of another ask.
      known.frames = known.frames.filter(({ isAsk }) => !isAsk);
    } else {
      const goal = { handle, own, rooms: new Map(), frames: [] };
      this.#namespaces.set(namespace, { ...goal, sender: undefined });
    }
  }

  /** Adds a lost room, whose namespace was added before. */
  addRoom(
    namespace: string,
    handle: UntypedRoom,
    own: OwnEntry | undefined,
  ): void {
    const rooms = this.#namespaces.get(namespace)?.rooms;
    // Keeps the order in which the rooms are lost.
    rooms?.delete(handle.name);
    rooms?.set(handle.name, { handle, own });
  }

  /**
   * Removes a name that the program leaves; tells whether it was to be entered
   * again.
   */
  forget(namespace: string, room: string): boolean {
    this.#forgetRefusal(namespace, room);
    return this.remove(namespace, room);
  }

  /** Removes a name; tells whether it was to be entered again. */
  remove(namespace: string, room: string): boolean {
    if (!this.has(namespace, room)) return false;
    if (room === "") this.#namespaces.delete(namespace);
    else this.#settleRoom(namespace, room);
    return true;
  }

  /** Removes the rooms of a namespace. */
  forgetRooms(namespace: string): void {
    this.#refusals = this.#refusals.filter((refusal) =>
      refusal.namespace !== namespace || refusal.room === ""
    );
    for (const room of this.rooms(namespace)) this.#settleRoom(namespace, room);
  }

  /** Removes a namespace that was left, with its rooms. */
  drop(namespace: string): void {
    this.#namespaces.delete(namespace);
  }

  /** Forgets what was refused: {@linkcode restore} will not put it back. */
  forgetRefusals(): void {
    this.#refusals = [];
  }

  #forgetRefusal(namespace: string, room: string): void {
    this.#refusals = this.#refusals.filter((refusal) =>
      refusal.namespace !== namespace || refusal.room !== room
    );
  }

  /** Removes everything. */
  clear(): void {
    this.#namespaces.clear();
    this.#refused.clear();
    this.#refusals = [];
  }

  /** Called when a namespace is in. */
  enterNamespace(namespace: string, sender: KeptSender): void {
    this.#forgetRefusal(namespace, "");
    const goal = this.#namespaces.get(namespace);
    if (goal === undefined) return;
    goal.sender = sender;
    this.#flush(namespace, goal);
  }

  /** Called when a room is in. */
  enterRoom(namespace: string, room: string): void {
    this.#forgetRefusal(namespace, room);
    this.#settleRoom(namespace, room);
  }

  /**
   * Removes a name that was refused, and reports that.
   *
   * @param namespace The namespace.
   * @param room The room, empty for the namespace.
   * @param error An EventError is a refusal, anything else a fault.
   */
  refuse(namespace: string, room: string, error: unknown): void {
    const goal = this.#namespaces.get(namespace);
    if (goal === undefined || !this.has(namespace, room)) return;
    const own = this.findOwn(namespace, room);
    const kept = goal.rooms.get(room);
    this.#keepHandles(namespace, goal);
    this.remove(namespace, room);
    this.#refusals.push({
      namespace,
      room,
      text: isInstance(error, EventError) ? error.message : undefined,
      restore: () => {
        if (kept === undefined) this.#namespaces.set(namespace, goal);
        else this.#namespaces.get(namespace)?.rooms.set(room, kept);
      },
    });
    if (own !== undefined) this.#init.onRefused(error, namespace, room);
  }

  #keepHandles(namespace: string, goal: GoalNamespace): void {
    const rooms = new Map(this.#refused.get(namespace)?.rooms);
    for (const [name, room] of goal.rooms) rooms.set(name, room);
    this.#refused.set(namespace, { ...goal, rooms });
  }

  /**
   * Puts back the names that were refused by the error that has closed the
   * connection, whose text is the reason of the close, and those that were not
   * entered because of a fault.
   */
  restore(reason: string): void {
    for (const { text, restore } of this.#refusals) {
      const isFault = text === undefined;
      if (isFault || cutReason(text) === (reason || REFUSED)) restore();
    }
    this.#refusals = [];
  }

  /** Whether a namespace is in and has frames that wait for its rooms. */
  isHolding(namespace: string): boolean {
    const goal = this.#namespaces.get(namespace);
    return goal?.sender !== undefined && goal.frames.length > 0;
  }

  /** Puts a frame behind those that wait, if {@linkcode isHolding} says so. */
  hold(namespace: string, frame: KeptFrame): void {
    this.#namespaces.get(namespace)!.frames.push(frame);
  }

  /**
   * Keeps an event of a name that is to be entered again.
   *
   * @returns Whether it was kept.
   */
  keep(namespace: string, room: string, frame: RawBody): boolean {
    const goal = this.#namespaces.get(namespace);
    if (goal === undefined || !this.has(namespace, room)) return false;
    if (goal.frames.length >= this.#init.maxKept) return false;
    goal.frames.push({ room, frame, isAsk: false });
    return true;
  }

  #settleRoom(namespace: string, room: string): void {
    const goal = this.#namespaces.get(namespace);
    if (goal?.rooms.delete(room)) this.#flush(namespace, goal);
  }

  /** Sends the kept frames, once the namespace and all of its rooms are in. */
  #flush(namespace: string, { sender, rooms, frames }: GoalNamespace): void {
    if (sender === undefined || rooms.size > 0) return;
    this.#namespaces.delete(namespace);
    for (const { room, frame } of frames) sender.sendKept(room, frame);
  }
}

import type { AskOptions } from "../api/ask_options.ts";
import type { Conn } from "../api/conn.ts";
import { attachNSConn, NSConn } from "../api/ns_conn.ts";
import type { NamespacePort } from "../api/ns_conn.ts";
import type { UntypedMessage } from "../protocol/message.ts";
import type { UntypedNSConn } from "../api/ns_conn.ts";
import type { UntypedRoom } from "../api/room.ts";
import type { CompiledEvents } from "../controller/compile.ts";
import type { Binding } from "../controller/events.ts";
import type { HandlerState } from "../controller/middleware.ts";
import { encodeEvent, encodeRoute } from "../protocol/codec.ts";
import {
  BAD_NAMESPACE,
  BadNamespaceError,
  CloseError,
  type NeffosError,
} from "../protocol/errors.ts";
import { OnNativeMessage } from "../protocol/event_names.ts";
import { Message, type RawBody } from "../protocol/message.ts";
import type { SendBuffer } from "../transport/send_buffer.ts";
import { rejected } from "../util/deferred.ts";
import { type Cause, leaveEach } from "./call_chain.ts";
import type { KeptFrame, KeptSender } from "./goal.ts";
import type { Member } from "./host.ts";
import type { MembershipLink } from "./membership.ts";
import type { Phase } from "./phase.ts";
import {
  RoomMembership,
  type RoomOwner,
  tooManyRooms,
} from "./room_membership.ts";

/** What a stay needs of the record of its namespace. */
export interface StayOwner {
  readonly namespace: string;
  readonly events: CompiledEvents;
  /** The present stay, or the attempt at one. */
  readonly stay: Stay | undefined;
  readonly phase: Phase;
  readonly isIn: boolean;
  /** Whether it is in, and not left for certain. */
  readonly isOngoing: boolean;
  /** The rooms of the connection, in all of its namespaces. */
  readonly roomCount: number;
  leave(options: AskOptions, cause?: Cause): Promise<void>;
}

/**
 * One stay in a namespace: from the hook that lets the connection in to the
 * one that tells of its leaving. Rooms belong to it, and what its hooks have
 * made; the next stay has others.
 */
export class Stay
  implements HandlerState, Member, NamespacePort, RoomOwner, KeptSender {
  readonly link: MembershipLink;
  readonly nsConn: UntypedNSConn;
  readonly buffer: SendBuffer;
  readonly events: CompiledEvents;
  bindings: Binding[] = [];
  readonly #owner: StayOwner;
  readonly #memberships: Map<string, RoomMembership> = new Map();
  /** The part of its frames that never changes. */
  readonly #scope: string;
  #roomCount = 0;
  #isHurried = false;

  constructor(link: MembershipLink, owner: StayOwner) {
    this.link = link;
    this.buffer = link.buffer;
    this.events = owner.events;
    this.#owner = owner;
    this.#scope = encodeRoute(owner.namespace, "");
    const kept = link.host.goal?.findNSConn(owner.namespace);
    this.nsConn = kept ?? new NSConn(this);
    if (kept !== undefined) attachNSConn(kept, this);
  }

  get conn(): Conn {
    return this.link.conn;
  }

  get namespace(): string {
    return this.#owner.namespace;
  }

  /** Whether the connection is in the namespace, by this stay. */
  get isIn(): boolean {
    return this.#owner.stay === this && this.#owner.isIn;
  }

  /** Whether it is in, and not left for certain. */
  get isOngoing(): boolean {
    return this.#owner.stay === this && this.#owner.isOngoing;
  }

  get status(): HandlerState["status"] {
    if (this.#owner.stay !== this) return "left";
    if (this.#owner.isIn) return "connected";
    return this.link.isEnding ? "left" : "connecting";
  }

  /** The rooms that are joined, or on their way in or out. */
  get memberships(): RoomMembership[] {
    return [...this.#memberships.values()];
  }

  /** The rooms that the limit of rooms counts. */
  get roomCount(): number {
    return this.#roomCount;
  }

  find(room: string): RoomMembership | undefined {
    return this.#memberships.get(room);
  }

  /** Finds the record of a room, or makes it. */
  room(name: string): RoomMembership {
    let membership = this.#memberships.get(name);
    if (membership === undefined) {
      membership = new RoomMembership(this.link, this, name);
      this.#memberships.set(name, membership);
    }
    return membership;
  }

  // What stands behind an NSConn ---------------------------------------------

  get isConnected(): boolean {
    return this.isIn && !this.link.isEnding;
  }

  get joinedRooms(): string[] {
    return this.rooms.map(({ name }) => name);
  }

  get rooms(): UntypedRoom[] {
    return this.memberships.filter(({ isIn }) => isIn)
      .map(({ handle }) => handle);
  }

  findRoom(name: string): UntypedRoom | undefined {
    const membership = this.#memberships.get(name);
    return membership?.isIn ? membership.handle : undefined;
  }

  emit(event: string, body: RawBody): boolean {
    return this.send("", event, body, this.isConnected);
  }

  ask(
    event: string,
    body: RawBody,
    options: AskOptions | undefined,
  ): Promise<UntypedMessage> {
    if (this.isIn) return this.request("", event, body, options);
    return rejected(
      this.link.isEnding ? this.link.closedError() : this.#notIn({ event }),
    );
  }

  joinRoom(name: string, options: AskOptions): Promise<UntypedRoom> {
    if (this.link.isEnding) return rejected(this.link.closedError());
    // No room is joined any more while the namespace is being left.
    if (!this.isOngoing || this.#owner.phase === "leaving") {
      return rejected(this.#notIn({ room: name }));
    }
    return this.room(name).enter(options);
  }

  leaveAll(options: AskOptions): Promise<void> {
    const { goal } = this.link.host;
    const isAway = goal?.has(this.namespace, "") === true;
    goal?.forgetRooms(this.namespace);
    if (this.link.isEnding) {
      return isAway || this.rooms.length === 0
        ? Promise.resolve()
        : rejected(this.link.closedError());
    }
    if (!this.isOngoing) return Promise.resolve();
    return leaveEach(this.memberships, options, { isLocal: true });
  }

  disconnect(options: AskOptions): Promise<void> {
    if (this.#owner.stay === this) return this.#owner.leave(options);
    // A client that is away, or has not entered again yet.
    const { goal } = this.link.host;
    const isForgotten = goal?.findNSConn(this.namespace) === this.nsConn &&
      goal.forget(this.namespace, "");
    return isForgotten ? Promise.resolve() : rejected(this.#notIn({}));
  }

  #notIn(about: { room?: string; event?: string }): NeffosError {
    const { namespace } = this;
    return new BadNamespaceError(BAD_NAMESPACE, { namespace, ...about });
  }

  // Sending ------------------------------------------------------------------

  send(room: string, event: string, body: RawBody, isIn: boolean): boolean {
    const isNative = event === OnNativeMessage && room === "" &&
      this.namespace === "";
    const frame = isNative
      ? body
      : encodeEvent("", this.#scopeOf(room), event, body);
    return isIn
      ? this.sendInOrder({ room, frame, isAsk: false })
      : this.#keep(room, frame);
  }

  request(
    room: string,
    event: string,
    body: RawBody,
    options: AskOptions | undefined,
  ): Promise<UntypedMessage> {
    const scope = this.#scopeOf(room);
    return this.link.asks.request(
      { namespace: this.namespace, room, event },
      (token) => encodeEvent(token, scope, event, body),
      options,
      (frame) => this.sendInOrder({ room, frame, isAsk: true }),
    );
  }

  sendKept(room: string, frame: RawBody): void {
    if (room === "" || this.find(room)?.isIn) this.link.send(frame);
  }

  #scopeOf(room: string): string {
    return room === "" ? this.#scope : encodeRoute(this.namespace, room);
  }

  /** Sends a frame after those that were kept while the client was away. */
  sendInOrder(kept: KeptFrame): boolean {
    const { goal } = this.link.host;
    if (!goal?.isHolding(this.namespace)) return this.link.send(kept.frame);
    goal.hold(this.namespace, kept);
    return true;
  }

  #keep(room: string, frame: RawBody): boolean {
    const { goal } = this.link.host;
    // The handle of a former stay may not speak for the one that is awaited.
    if (goal?.findNSConn(this.namespace) !== this.nsConn) return false;
    return goal.keep(this.namespace, room, frame);
  }

  // Hooks --------------------------------------------------------------------

  async fire(message: Message): Promise<void> {
    const result = await this.events.hooks.get(message.event)?.(this, message);
    if (result instanceof Error) throw result;
  }

  /** Has hooks told without waiting for them from here on. */
  hurry(): void {
    this.#isHurried = true;
  }

  async notify(event: string, room: string, cause: Cause): Promise<void> {
    const { namespace } = this;
    const message = new Message({ namespace, room, event, ...cause });
    const told = this.#notify(message);
    if (!this.#isHurried) await told;
  }

  async #notify(message: Message): Promise<void> {
    try {
      await this.fire(message);
    } catch (error) {
      this.link.report(error, message);
      try {
        if (error instanceof CloseError) {
          this.link.close(error.code, error.message);
        }
      } catch {
        // An error that cannot be read asks for nothing.
      }
    }
  }

  report(error: unknown, event: string): void {
    this.link.report(error, { namespace: this.namespace, event });
  }

  /** Disposes of what the hooks have made. */
  async dispose(): Promise<void> {
    for (const binding of this.bindings.splice(0).reverse()) {
      try {
        await binding.dispose?.();
      } catch (error) {
        this.report(error, "dispose");
      }
    }
  }

  // Rooms --------------------------------------------------------------------

  refusalToJoin(room: string): NeffosError | undefined {
    const { crossings, limits: { maxRooms } } = this.link.host;
    if (!this.isOngoing) return this.#notIn({ room });
    if (this.#owner.roomCount < maxRooms) return undefined;
    crossings.add("maxRooms");
    return tooManyRooms(this.namespace, room, maxRooms);
  }

  onRoomCounted(change: 1 | -1): void {
    this.#roomCount += change;
  }

  onRoomEntered(room: string): void {
    this.link.host.directory?.join(this, room);
  }

  onRoomLeft(room: string): void {
    this.link.host.directory?.leave(this, room);
  }

  forgetRoom(room: RoomMembership): void {
    if (this.find(room.name) === room) this.#memberships.delete(room.name);
  }
}

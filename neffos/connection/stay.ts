import type { AskOptions, EntryOptions } from "../api/ask_options.ts";
import type { Conn } from "../api/conn.ts";
import {
  attachNSConn,
  type NamespacePort,
  NSConn,
  type UntypedNSConn,
} from "../api/ns_conn.ts";
import {
  attachRoom,
  Room,
  type RoomPort,
  type UntypedRoom,
} from "../api/room.ts";
import type { CompiledEvents, HandlerState } from "../controller/compile.ts";
import type { Binding } from "../controller/events.ts";
import { encodeEvent, encodeRoute } from "../protocol/codec.ts";
import { encodeBody } from "../protocol/body.ts";
import {
  assertName,
  CloseError,
  findBadName,
  makeBadName,
  type NeffosError,
} from "../protocol/errors.ts";
import {
  OnNamespaceDisconnect,
  OnNativeMessage,
  OnRoomLeave,
  OnRoomLeft,
} from "../protocol/event_names.ts";
import {
  Message,
  type RawBody,
  type UntypedMessage,
} from "../protocol/message.ts";
import type { FrameSender } from "../transport/send_buffer.ts";
import { rejected, type Waiter } from "../util/promises.ts";
import { SmallMap } from "../util/small_map.ts";
import { type Cause, type Entry, leaveEach } from "./call_chain.ts";
import type { KeptFrame, KeptSender, OwnEntry } from "./goal.ts";
import type { Member, RequestOptions } from "./host.ts";
import {
  type HookRunner,
  Membership,
  type MembershipLink,
} from "./membership.ts";
import type { Phase } from "./phase.ts";

/** What a stay needs from the record of its namespace. */
export interface StayOwner {
  readonly namespace: string;
  readonly events: CompiledEvents;
  /** The present stay, or the one that is being entered. */
  readonly stay: Stay | undefined;
  readonly phase: Phase;
  readonly isIn: boolean;
  /** Whether this side is in and not certain to leave. */
  readonly isOngoing: boolean;
  leave(options: AskOptions, cause?: Cause): Promise<void>;
}

/**
 * One stay in a namespace: from the hook that lets the connection in to the one
 * that hears of its leaving. Its rooms and the instances of its controllers end
 * with it; the next stay has others.
 */
export class Stay
  implements HandlerState, Member, NamespacePort, HookRunner, KeptSender {
  readonly link: MembershipLink;
  readonly nsConn: UntypedNSConn;
  readonly buffer: FrameSender;
  readonly events: CompiledEvents;
  bindings: Binding[] = [];
  readonly #owner: StayOwner;
  /** Made with the first room. */
  #memberships: SmallMap<string, RoomMembership> | undefined;
  /** The part that is the same in all frames without a room. */
  readonly #scope: string;
  #isHurried = false;
  /** The hook that decides about an ask to leave, and whether it has agreed. */
  #asked: "running" | "agreed" | undefined;
  /** The end that waits for that hook. */
  #lateEnd: { readonly cause: Cause | undefined } | undefined;

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

  /** Whether this side is in, and this is the present stay. */
  get isIn(): boolean {
    return this.#owner.stay === this && this.#owner.isIn;
  }

  /** Whether this stay goes on: it is the present one, and not being left. */
  get isOngoing(): boolean {
    return this.#owner.stay === this && this.#owner.isOngoing;
  }

  get status(): HandlerState["status"] {
    if (this.#owner.stay !== this) return "left";
    if (this.#owner.isIn) return "connected";
    return this.link.isEnding ? "left" : "connecting";
  }

  /** The records of rooms: joined, or being joined or left. */
  get memberships(): RoomMembership[] {
    return this.#memberships?.values ?? [];
  }

  find(room: string): RoomMembership | undefined {
    return this.#memberships?.get(room);
  }

  /** Finds the record of a room, or makes it. */
  room(name: string): RoomMembership {
    const memberships = this.#memberships ??= new SmallMap();
    let membership = memberships.get(name);
    if (membership === undefined) {
      membership = new RoomMembership(this, name);
      memberships.set(name, membership);
    }
    return membership;
  }

  // The port of an NSConn ----------------------------------------------------

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
    const membership = this.find(name);
    return membership?.isIn ? membership.handle : undefined;
  }

  /** Picks the room that a message goes to, if it is in one of its rooms. */
  pickRoom({ room, rooms }: Message): string | undefined {
    if (rooms === undefined && room === "") return room;
    return (rooms ?? [room]).find((name) => this.find(name)?.isIn);
  }

  emit(event: string, body: unknown): boolean {
    return this.send("", event, body, this.isConnected);
  }

  ask(
    event: string,
    body: unknown,
    options: AskOptions | undefined,
  ): Promise<UntypedMessage> {
    return this.askEncoded("", event, body, { ...options, isIn: this.isIn });
  }

  joinRoom(name: string, options: EntryOptions): Promise<UntypedRoom> {
    const wrong = findBadName("room", name);
    if (wrong !== undefined) return rejected(wrong);
    // No room is joined while the namespace is being left.
    const isGone = this.link.isEnding || !this.isOngoing ||
      this.#owner.phase === "leaving";
    const about = { namespace: this.namespace, room: name };
    return isGone
      ? rejected(this.link.notInError(about, false))
      : this.room(name).enter(options);
  }

  leaveAll(options: AskOptions): Promise<void> {
    const { goal } = this.link.host;
    const isAway = goal?.has(this.namespace, "") === true;
    goal?.forgetRooms(this.namespace);
    if (this.link.isEnding) {
      return isAway || this.rooms.length === 0
        ? Promise.resolve()
        : rejected(this.link.closedError({ namespace: this.namespace }));
    }
    if (!this.isOngoing) return Promise.resolve();
    return leaveEach(this.memberships, options, { isLocal: true });
  }

  disconnect(options: AskOptions): Promise<void> {
    if (this.#owner.stay === this) return this.#owner.leave(options);
    // The client is away, or has not entered the namespace again yet.
    const { goal } = this.link.host;
    const isForgotten = goal?.findNSConn(this.namespace) === this.nsConn &&
      goal.forget(this.namespace, "");
    return isForgotten
      ? Promise.resolve()
      : rejected(makeBadName({ namespace: this.namespace }));
  }

  // Sending ------------------------------------------------------------------

  send(room: string, event: string, value: unknown, isIn: boolean): boolean {
    assertName("event", event);
    const body = encodeBody(value, this.link.host.codec);
    const isNative = event === OnNativeMessage && room === "" &&
      this.namespace === "";
    const frame = isNative
      ? body
      : encodeEvent("", this.#scopeOf(room), event, body);
    return isIn
      ? this.sendInOrder({ room, frame, isAsk: false })
      : this.#keep(room, frame);
  }

  /** Encodes a body and asks the peer. */
  askEncoded(
    room: string,
    event: string,
    body: unknown,
    { isIn, ...options }: AskOptions & { readonly isIn: boolean },
  ): Promise<UntypedMessage> {
    if (!isIn) {
      const about = {
        namespace: this.namespace,
        room: room || undefined,
        event,
      };
      return rejected(this.link.notInError(about, room !== ""));
    }
    try {
      assertName("event", event);
      const encoded = encodeBody(body, this.link.host.codec);
      return this.request(room, event, encoded, options).promise;
    } catch (error) {
      return rejected(error);
    }
  }

  request(
    room: string,
    event: string,
    body: RawBody,
    options: RequestOptions | undefined,
  ): Waiter<UntypedMessage> {
    const scope = this.#scopeOf(room);
    return this.link.asks.request(
      { namespace: this.namespace, room, event },
      (token) => encodeEvent(token, scope, event, body),
      {
        sendFrame: (frame) => this.sendInOrder({ room, frame, isAsk: true }),
        ...options,
      },
    );
  }

  sendKept(room: string, frame: RawBody): void {
    if (room === "" || this.find(room)?.isIn) this.link.send(frame);
  }

  #scopeOf(room: string): string {
    return room === "" ? this.#scope : encodeRoute(this.namespace, room);
  }

  /**
   * Sends a frame behind those that were kept while the client was away: they
   * wait for rooms, so an ask for which a room may wait does not wait for them.
   */
  sendInOrder(kept: KeptFrame): boolean {
    const { queue, host: { goal } } = this.link;
    if (
      !goal?.isHolding(this.namespace) || kept.isAsk && queue.isCallerAwaited
    ) {
      return this.link.send(kept.frame);
    }
    goal.hold(this.namespace, kept);
    return true;
  }

  #keep(room: string, frame: RawBody): boolean {
    const { goal } = this.link.host;
    // The handle of an earlier stay keeps nothing for the next one.
    if (goal?.findNSConn(this.namespace) !== this.nsConn) return false;
    return goal.keep(this.namespace, room, frame);
  }

  // Hooks --------------------------------------------------------------------

  async fire(message: Message): Promise<void> {
    const result = await this.events.hooks.get(message.event)?.(this, message);
    if (result instanceof Error) throw result;
  }

  /** From here on, hooks are called and not awaited. */
  hurry(): void {
    this.#isHurried = true;
  }

  async notify(
    event: string,
    room: string,
    cause: Cause & { body?: RawBody },
  ): Promise<void> {
    const { namespace, link: { host: { codec } } } = this;
    const message = new Message({ namespace, room, event, codec, ...cause });
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
        // An error that throws when it is read has no close code.
      }
    }
  }

  report(error: unknown, event: string): void {
    this.link.report(error, { namespace: this.namespace, event });
  }

  /** The hook that decides about an ask to leave runs. */
  hookAsked(): void {
    this.#asked = "running";
  }

  /** The hook that was asked has ended. */
  hookAnswered(isRefused: boolean): Promise<void> | undefined {
    this.#asked = isRefused ? undefined : "agreed";
    return this.#lateEnd && this.end(this.#lateEnd.cause);
  }

  /**
   * Tells the hooks that the namespace is left, and disposes of the instances:
   * both wait for a hook that was asked, which hears of it only if it refuses.
   */
  async end(cause: Cause | undefined): Promise<void> {
    if (this.#asked === "running") {
      this.#lateEnd = { cause };
      return;
    }
    if (cause !== undefined && this.#asked !== "agreed") {
      await this.notify(OnNamespaceDisconnect, "", cause);
    }
    await this.dispose();
  }

  /** Disposes of the instances that the hooks have made. */
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

  forgetRoom(room: RoomMembership): void {
    if (this.find(room.name) !== room) return;
    this.#memberships!.delete(room.name);
  }
}

/** The record of a room in one stay in a namespace. */
export class RoomMembership extends Membership<UntypedRoom>
  implements RoomPort {
  readonly handle: UntypedRoom;
  protected readonly hooks: Stay;

  constructor(stay: Stay, name: string) {
    super(stay.link, stay.namespace, name);
    this.hooks = stay;
    const kept = this.link.host.goal?.findRoom(stay.namespace, name);
    this.handle = kept ?? new Room(this);
    if (kept !== undefined) attachRoom(kept, this);
  }

  // The port of a Room -------------------------------------------------------

  get name(): string {
    return this.room;
  }

  get nsConn(): UntypedNSConn {
    return this.hooks.nsConn;
  }

  get isJoined(): boolean {
    return this.isIn && !this.link.isEnding;
  }

  emit(event: string, body: unknown): boolean {
    return this.hooks.send(this.room, event, body, this.isJoined);
  }

  ask(
    event: string,
    body: unknown,
    options: AskOptions | undefined,
  ): Promise<UntypedMessage> {
    const isIn = this.isJoined;
    return this.hooks.askEncoded(this.room, event, body, { ...options, isIn });
  }

  // A handle stands for the name: it leaves the present room of that name.
  override leave(options: AskOptions, cause?: Cause): Promise<void> {
    // With its namespace it is left in any case.
    const isTold = this.hooks.isIn && this.isGone;
    if (isTold && !this.link.isEnding) return Promise.resolve();
    const present = this.hooks.find(this.room) ?? this;
    return present === this
      ? super.leave(options, cause)
      : present.leave(options, cause);
  }

  // Entering -----------------------------------------------------------------

  protected get isGone(): boolean {
    return !this.hooks.isOngoing;
  }

  protected override findRefusal(): NeffosError | undefined {
    const { namespace, room } = this;
    return room !== "" && this.hooks.isOngoing
      ? super.findRefusal()
      : makeBadName({ namespace, room }, room === "");
  }

  protected onEntered(): void {
    this.link.host.directory?.join(this.hooks, this.room);
    this.link.host.goal?.enterRoom(this.namespace, this.room);
  }

  protected onAbandoned(): Promise<void> {
    return Promise.resolve();
  }

  // Leaving ------------------------------------------------------------------

  protected async leaveNow({ waiters, cause }: Entry): Promise<void> {
    const state = this.startHook("telling");
    // The peer is out already: it gets nothing that the hooks broadcast.
    this.onLeft();
    this.commit(waiters);
    await this.hooks.notify(OnRoomLeave, this.room, cause);
    if (this.isCurrent(state)) await this.#leaveFor(cause, { waiters });
  }

  protected release(asked: Message): Promise<void> {
    const { isClient } = this.link.host;
    return this.askHookToLeave(asked, () => {
      if (isClient) this.link.acknowledge(asked);
      return this.#leaveFor({}, isClient ? {} : { asked });
    });
  }

  #leaveFor(
    cause: Cause,
    options: Parameters<Membership<UntypedRoom>["leaveFor"]>[1],
  ): Promise<void> {
    return this.leaveFor(
      () => this.hooks.notify(OnRoomLeft, this.room, cause),
      options,
    );
  }

  protected onLeft(): void {
    this.link.host.directory?.leave(this.hooks, this.room);
  }

  /** Settles the calls about the room: its namespace is certain to be left. */
  endCalls(): void {
    this.settleCalls((about) => makeBadName(about, false));
    if (this.phase !== "telling") this.stop();
  }

  /** Leaves the room by force, since its namespace is left. */
  async leaveByForce(cause: Cause): Promise<void> {
    if (!this.isIn) return;
    const isTold = this.phase === "telling";
    const state = this.startHook("telling");
    if (!isTold) await this.hooks.notify(OnRoomLeave, this.room, cause);
    if (this.isCurrent(state)) await this.#leaveFor(cause, {});
  }

  protected onLost(own: OwnEntry | undefined): void {
    this.link.host.goal?.addRoom(this.namespace, this.handle, own);
  }

  protected onForgotten(): void {
    this.hooks.forgetRoom(this);
  }
}

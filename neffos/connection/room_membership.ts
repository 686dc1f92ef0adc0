import type { AskOptions } from "../api/ask_options.ts";
import type { RoomPort } from "../api/room.ts";
import { attachRoom, Room } from "../api/room.ts";
import type { UntypedMessage } from "../protocol/message.ts";
import type { UntypedNSConn } from "../api/ns_conn.ts";
import type { UntypedRoom } from "../api/room.ts";
import {
  BAD_NAMESPACE,
  BAD_ROOM,
  BadNamespaceError,
  BadRoomError,
  LimitError,
  type NeffosError,
} from "../protocol/errors.ts";
import { OnRoomLeave, OnRoomLeft } from "../protocol/event_names.ts";
import type { Message, RawBody } from "../protocol/message.ts";
import { rejected } from "../util/deferred.ts";
import type { Cause, Entry } from "./call_chain.ts";
import {
  type HookRunner,
  Membership,
  type MembershipLink,
} from "./membership.ts";

/** What a room needs of the stay in its namespace. */
export interface RoomOwner extends HookRunner {
  readonly namespace: string;
  readonly nsConn: UntypedNSConn;
  readonly isIn: boolean;
  /** Whether the stay goes on, so that rooms may be joined and left. */
  readonly isOngoing: boolean;
  /** Finds what bears the name of a room now. */
  find(room: string): RoomMembership | undefined;
  /** Why no more rooms may be joined, if so. */
  refusalToJoin(room: string): NeffosError | undefined;
  send(room: string, event: string, body: RawBody, isIn: boolean): boolean;
  request(
    room: string,
    event: string,
    body: RawBody,
    options: AskOptions | undefined,
  ): Promise<UntypedMessage>;
  onRoomCounted(change: 1 | -1): void;
  onRoomEntered(room: string): void;
  onRoomLeft(room: string): void;
  forgetRoom(room: RoomMembership): void;
}

/** A room of one stay in a namespace. */
export class RoomMembership extends Membership<UntypedRoom>
  implements RoomPort {
  readonly handle: UntypedRoom;
  protected readonly hooks: RoomOwner;

  constructor(link: MembershipLink, owner: RoomOwner, name: string) {
    super(link, owner.namespace, name);
    this.hooks = owner;
    const kept = link.host.goal?.findRoom(owner.namespace, name);
    this.handle = kept ?? new Room(this);
    if (kept !== undefined) attachRoom(kept, this);
  }

  // What stands behind a Room ------------------------------------------------

  get name(): string {
    return this.room;
  }

  get nsConn(): UntypedNSConn {
    return this.hooks.nsConn;
  }

  get isJoined(): boolean {
    return this.isIn && !this.link.isEnding;
  }

  emit(event: string, body: RawBody): boolean {
    return this.hooks.send(this.room, event, body, this.isJoined);
  }

  ask(
    event: string,
    body: RawBody,
    options: AskOptions | undefined,
  ): Promise<UntypedMessage> {
    if (this.isJoined) {
      return this.hooks.request(this.room, event, body, options);
    }
    if (this.link.isEnding) return rejected(this.link.closedError());
    const { namespace, room } = this;
    return rejected(new BadRoomError(BAD_ROOM, { namespace, room, event }));
  }

  // A handle stands for the name, and leaves what bears it now.
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

  protected refusalToEnter(): NeffosError | undefined {
    return this.refusalToAdmit();
  }

  protected refusalToAdmit(): NeffosError | undefined {
    const { namespace, room } = this;
    return room === ""
      ? new BadRoomError(BAD_ROOM, { namespace, room })
      : this.hooks.refusalToJoin(room);
  }

  protected startEntering(): void {
    this.askPeer("entering");
  }

  protected granted(isCrossed: boolean): Promise<void> {
    return this.decide(isCrossed, () => this.enterByCall());
  }

  protected onCounted(change: 1 | -1): void {
    this.hooks.onRoomCounted(change);
  }

  protected onEntered(): void {
    this.hooks.onRoomEntered(this.room);
    this.link.host.goal?.enterRoom(this.namespace, this.room);
  }

  protected onAbandoned(): Promise<void> {
    return Promise.resolve();
  }

  // Leaving ------------------------------------------------------------------

  protected async leaveNow({ waiters, cause }: Entry): Promise<void> {
    const state = this.startHook("telling");
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
    this.hooks.onRoomLeft(this.room);
  }

  /** The namespace is left for certain: what was called of the room ends. */
  endCalls(): void {
    const { namespace, room } = this;
    this.settleCalls(
      new BadNamespaceError(BAD_NAMESPACE, { namespace, room }),
    );
    if (this.phase !== "telling") this.stop();
  }

  /** Leaves the room by force, for its namespace is left. */
  async leaveByForce(cause: Cause): Promise<void> {
    if (!this.isIn) return;
    const isTold = this.phase === "telling";
    const state = this.startHook("telling");
    if (!isTold) await this.hooks.notify(OnRoomLeave, this.room, cause);
    if (this.isCurrent(state)) await this.#leaveFor(cause, {});
  }

  protected onLost(isOwn: boolean): void {
    this.link.host.goal?.addRoom(this.namespace, this.handle, isOwn);
  }

  protected onForgotten(): void {
    this.hooks.forgetRoom(this);
  }
}

/** Makes the error of a room that would be one too many. */
export function tooManyRooms(
  namespace: string,
  room: string,
  max: number,
): LimitError {
  return new LimitError(
    `Cannot join room ${
      JSON.stringify(room)
    }: ${max} rooms are the limit of a connection`,
    { namespace, room },
  );
}

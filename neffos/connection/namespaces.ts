import type { AskOptions, EntryOptions } from "../api/ask_options.ts";
import type { UntypedNSConn } from "../api/ns_conn.ts";
import type { CompiledEvents } from "../controller/compile.ts";
import {
  BAD_NAMESPACE,
  BadNamespaceError,
  findBadName,
  INVALID_PAYLOAD,
} from "../protocol/errors.ts";
import {
  OnNamespaceConnect,
  OnNamespaceDisconnect,
  OnRoomJoin,
  OnRoomLeave,
} from "../protocol/event_names.ts";
import type { Message } from "../protocol/message.ts";
import { rejected, type Waiter } from "../util/promises.ts";
import { SmallMap } from "../util/small_map.ts";
import {
  type Cause,
  type Entry,
  type Kind,
  leaveEach,
  rejectAll,
  resolveAll,
} from "./call_chain.ts";
import type { OwnEntry } from "./goal.ts";
import {
  type EntryCounts,
  type HookRunner,
  makeTask,
  Membership,
  type MembershipLink,
} from "./membership.ts";
import { Stay, type StayOwner } from "./stay.ts";
import { AskTask } from "./turn_queue.ts";

/** The events by which the peer asks about a namespace or a room. */
const KINDS: ReadonlyMap<string, Kind> = new Map([
  [OnNamespaceConnect, "enter"],
  [OnNamespaceDisconnect, "leave"],
  [OnRoomJoin, "enter"],
  [OnRoomLeave, "leave"],
]);

/** The namespaces of one connection. */
export class Namespaces implements EntryCounts {
  namespaceCount = 0;
  roomCount = 0;
  readonly link: MembershipLink;
  /** The records, by namespace. */
  readonly #memberships = new SmallMap<string, NamespaceMembership>();
  /** The callers that wait for the peer to connect a namespace. */
  #waiters: Map<string, Set<Waiter<UntypedNSConn>>> | undefined;

  constructor(link: MembershipLink) {
    this.link = link;
  }

  /** The stays in all connected namespaces. */
  get stays(): Stay[] {
    return this.#memberships.values
      .flatMap(({ isIn, stay }) => isIn ? stay! : []);
  }

  /** Finds the stay in a namespace, if that is connected. */
  find(namespace: string): Stay | undefined {
    const membership = this.#memberships.get(namespace);
    return membership?.isIn ? membership.stay : undefined;
  }

  /** Holds a message if its name is being entered; tells whether it is. */
  hold(message: Message): boolean {
    const membership = this.#memberships.get(message.namespace);
    const holder = membership?.isIn
      ? membership.stay!.find(message.room)
      : membership;
    if (holder === undefined || holder.isIn || holder.phase === "out") {
      return false;
    }
    holder.hold(message);
    return true;
  }

  /** Takes an ask of the peer when it is received. */
  receive(message: Message): void {
    const { event, wait } = message;
    const kind = KINDS.get(event);
    const isRoom = event === OnRoomJoin || event === OnRoomLeave;
    if (wait === "" || kind === undefined) {
      // The other events of the life cycle do not go over the wire.
      return this.#refuseInTurn(message, INVALID_PAYLOAD);
    }
    // Heartbeats do not wait for handlers.
    if (message.isNoOp) return this.#answer(message);
    if (!isRoom) {
      const membership = this.#membershipOf(message.namespace);
      if (membership !== undefined) return membership.receive(message, kind);
      if (kind === "leave") return this.#answer(message);
      return this.#refuseInTurn(message, BAD_NAMESPACE);
    }
    const membership = this.#memberships.get(message.namespace);
    if (membership?.isEntryAsked) {
      // Sent right behind the ask to connect, without waiting for its answer.
      this.link.queue.push(this.#roomTaskOf(message, kind));
    } else if (membership?.isOngoing) {
      membership.stay!.room(message.room).receive(message, kind);
    } // An ask received before a stay began does not count in it (rule 8).
    else this.#refuseInTurn(message, BAD_NAMESPACE);
  }

  #roomTaskOf(message: Message, kind: Kind): AskTask<Message> {
    return makeTask(message, kind, () => this.#receiveInTurn(message, kind));
  }

  #receiveInTurn(message: Message, kind: Kind): void | Promise<void> {
    const membership = this.#memberships.get(message.namespace);
    if (membership?.isOngoing) {
      return membership.stay!.room(message.room).receiveInTurn(message, kind);
    }
    if (membership?.isEntryAsked) {
      membership.hold(this.#roomTaskOf(message, kind));
      return;
    }
    void this.link.handle(
      message,
      () => this.link.refuse(message, BAD_NAMESPACE),
    );
  }

  /** Answers an ask that changes nothing, past the queue. */
  #answer(message: Message): void {
    void this.link.handle(message, () => this.link.acknowledge(message));
  }

  /** Refuses, in its turn, an ask that no record of a namespace takes. */
  #refuseInTurn(message: Message, refusal: string): void {
    const link = this.link;
    const answer = () => {
      if (refusal === INVALID_PAYLOAD) link.host.dropped?.("stray");
      if (message.wait !== "") link.refuse(message, refusal);
    };
    link.queue.push(new AskTask(() => link.handle(message, answer)));
  }

  #membershipOf(namespace: string): NamespaceMembership | undefined {
    const known = this.#memberships.get(namespace);
    if (known !== undefined) return known;
    const events = this.link.host.handlers.namespaces.get(namespace);
    if (events === undefined) return undefined;
    const membership = new NamespaceMembership(this, namespace, events);
    this.#memberships.set(namespace, membership);
    return membership;
  }

  /** Connects a namespace. */
  connect(namespace: string, options: EntryOptions): Promise<UntypedNSConn> {
    const wrong = findBadName("namespace", namespace);
    if (wrong !== undefined) return rejected(wrong);
    const link = this.link;
    // A client that reconnects is away until the server has accepted it.
    const isAway = link.host.isClient && !link.isOpen;
    if (isAway || link.isEnding) {
      return rejected(
        link.closedError({ namespace, event: OnNamespaceConnect }),
      );
    }
    const membership = this.#membershipOf(namespace);
    if (membership !== undefined) {
      const enter = () => membership.enter(options);
      return link.host.trace?.connect(namespace, enter) ?? enter();
    }
    return rejected(
      new BadNamespaceError(
        `Cannot connect to namespace ${
          JSON.stringify(namespace)
        }: no controller and no events are registered for it`,
        { namespace },
      ),
    );
  }

  /** Waits until the peer connects a namespace. */
  waitConnect(namespace: string, options: AskOptions): Promise<UntypedNSConn> {
    const wrong = findBadName("namespace", namespace);
    if (wrong !== undefined) return rejected(wrong);
    const { asks, isEnding } = this.link;
    if (isEnding) return rejected(this.link.closedError({ namespace }));
    const known = this.#memberships.get(namespace);
    if (known?.isOngoing) return Promise.resolve(known.stay!.nsConn);
    const verdict = known?.verdictOnWait();
    if (verdict !== undefined) return verdict;
    const waiters = this.#waiters?.get(namespace) ?? new Set();
    const waiter: Waiter<UntypedNSConn> = asks.wait({
      timeout: Infinity,
      ...options,
      action: `wait for namespace ${JSON.stringify(namespace)}`,
      about: { namespace },
      onTimeout: (timeout) =>
        new BadNamespaceError(
          `Cannot wait for namespace ${
            JSON.stringify(namespace)
          }: the other side did not connect it within ${timeout} ms`,
          { namespace },
        ),
      onEnd: () => {
        waiters.delete(waiter);
        if (waiters.size === 0) this.#waiters!.delete(namespace);
      },
    });
    if (!waiter.isSettled) {
      (this.#waiters ??= new Map()).set(namespace, waiters.add(waiter));
    }
    return waiter.promise;
  }

  /** Leaves every namespace, one after another. */
  disconnectAll(options: AskOptions): Promise<void> {
    const { goal } = this.link.host;
    goal?.forgetRefusals();
    const kept = goal?.namespaces ?? [];
    for (const namespace of kept) {
      if (
        this.#memberships.get(namespace) === undefined || this.link.isEnding
      ) {
        goal!.forget(namespace, "");
      }
    }
    const all = this.#memberships.values;
    if (this.link.isEnding) {
      const isLost = kept.length === 0 && all.some(({ isIn }) => isIn);
      return isLost ? rejected(this.link.closedError()) : Promise.resolve();
    }
    return leaveEach(all, options, {});
  }

  /** Enters the names of the goal again, after a client has reconnected. */
  async reenter(): Promise<void> {
    // The connection may be lost in the turn in which it was accepted.
    if (this.link.isEnding) return;
    const { goal } = this.link.host;
    await Promise.allSettled(
      (goal?.namespaces ?? []).map((namespace) =>
        this.#membershipOf(namespace)!.reenterAll()
      ),
    );
  }

  /** Enters the only namespace of a connection for native messages alone. */
  async enterNative(): Promise<void> {
    await this.#membershipOf("")!.reenter();
  }

  /** Called when the connection is lost: ends what is under way. */
  lose(): void {
    for (const membership of this.#memberships.values) membership.lose();
    for (const [namespace, waiters] of this.#waiters ?? []) {
      rejectAll(waiters, () => this.link.closedError({ namespace }));
    }
  }

  /** Leaves every namespace by force, since the connection is lost. */
  async leaveByForce(): Promise<void> {
    for (const membership of this.#memberships.values) {
      await membership.leaveByForce();
    }
  }

  /** Goes on with leaving by force, and no longer waits for hooks. */
  async hurry(): Promise<void> {
    for (const { stay } of this.#memberships.values) stay?.hurry();
    await this.leaveByForce();
  }

  onEntered(nsConn: UntypedNSConn): void {
    resolveAll(this.#waiters?.get(nsConn.namespace) ?? [], nsConn);
  }

  forget(membership: NamespaceMembership): void {
    const { namespace } = membership;
    if (this.#memberships.get(namespace) !== membership) return;
    this.#memberships.delete(namespace);
  }
}

/** The cause of what follows when this side has left. */
const BY_FORCE: Cause = { isLocal: true, isForced: true };

/** The record of a namespace of one connection. */
export class NamespaceMembership extends Membership<UntypedNSConn>
  implements StayOwner {
  readonly events: CompiledEvents;
  readonly #owner: Namespaces;
  #stay: Stay | undefined;
  /** Settles when a client that reconnects is back in its rooms. */
  #roomsBack: Promise<unknown> | undefined;

  constructor(owner: Namespaces, namespace: string, events: CompiledEvents) {
    super(owner.link, namespace, "");
    this.#owner = owner;
    this.events = events;
  }

  /** The present stay, or the one that is being entered. */
  get stay(): Stay | undefined {
    return this.#stay;
  }

  /** Whether this side is in and not certain to leave. */
  get isOngoing(): boolean {
    return this.isIn && this.phase !== "telling";
  }

  protected get handle(): UntypedNSConn {
    return this.#stay!.nsConn;
  }

  protected get hooks(): HookRunner {
    return this.#stay ??= new Stay(this.link, this);
  }

  protected get isGone(): boolean {
    return false;
  }

  // Entering -----------------------------------------------------------------

  /** Enters the namespace and its rooms again after the connection was lost. */
  async reenterAll(): Promise<void> {
    await this.reenter();
    await this.#roomsBack;
  }

  /** Settles at once a wait for it by the hook that it waits for itself. */
  verdictOnWait(): Promise<UntypedNSConn> | undefined {
    return this.verdictOnHook("enter") as Promise<UntypedNSConn> | undefined;
  }

  protected onEntered(): void {
    const stay = this.#stay!;
    this.link.host.directory?.add(stay);
    const { goal } = this.link.host;
    if (goal !== undefined) {
      const rooms = goal.rooms(this.namespace);
      goal.enterNamespace(this.namespace, stay);
      const back = rooms.map((room) => stay.room(room).reenter());
      this.#roomsBack = Promise.allSettled(back);
    }
    this.#owner.onEntered(stay.nsConn);
  }

  protected async onAbandoned(): Promise<void> {
    const stay = this.#stay;
    this.#stay = undefined;
    await stay?.dispose();
  }

  // Leaving ------------------------------------------------------------------

  protected async leaveNow({ waiters }: Entry): Promise<void> {
    await this.#end({ rooms: BY_FORCE, cause: { isLocal: true }, waiters });
  }

  protected release(asked: Message): Promise<void> {
    const rooms = { isForced: true };
    if (this.link.host.isClient) return this.#end({ rooms, cause: {}, asked });
    const stay = this.#stay!;
    stay.hookAsked();
    return this.askHookToLeave(
      asked,
      () => this.#end({ rooms, cause: undefined, asked }),
      (isRefused) => stay.hookAnswered(isRefused),
    );
  }

  /** Leaves the namespace by force, since the connection is lost. */
  async leaveByForce(): Promise<void> {
    // A hook that decides about the entry ends the attempt when it ends.
    if (!this.isIn) return;
    await this.#end({ rooms: BY_FORCE, cause: BY_FORCE });
  }

  /**
   * Leaves the rooms by force, then the namespace: nothing stops it now.
   *
   * @param how The cause that the hooks of the rooms hear, and that of the
   * namespace, `undefined` if its hook has let the connection leave; the
   * callers that wait, and the ask that is answered.
   */
  async #end({ rooms, cause, waiters = [], asked }: {
    rooms: Cause;
    cause: Cause | undefined;
    waiters?: Iterable<Waiter<unknown>>;
    asked?: Message;
  }): Promise<void> {
    const stay = this.#stay!;
    const state = this.startHook("telling");
    // The peer is out, or about to be: it gets nothing that hooks broadcast.
    this.link.host.directory?.remove(stay);
    if (!this.link.isEnding) this.link.host.goal?.drop(this.namespace);
    this.commit(waiters);
    for (const room of stay.memberships) room.endCalls();
    for (const room of stay.memberships) {
      if (!this.isCurrent(state)) return;
      await room.leaveByForce(rooms);
    }
    if (!this.isCurrent(state)) return;
    await this.leaveFor(async () => {
      if (asked !== undefined) this.link.acknowledge(asked);
      await stay.end(cause);
    }, { waiters });
  }

  protected onLeft(): void {
    this.link.host.directory?.remove(this.#stay!);
    this.#stay = undefined;
  }

  override lose(): void {
    if (this.#stay !== undefined) this.link.host.directory?.remove(this.#stay);
    const { phase } = this;
    super.lose();
    for (const room of this.#stay?.memberships ?? []) room.lose();
    // No hook of the attempt is running.
    if (phase === "entering" || phase === "takingBack") void this.onAbandoned();
  }

  protected onLost(own: OwnEntry | undefined): void {
    const nsConn = this.#stay?.nsConn;
    if (nsConn === undefined) return;
    this.link.host.goal?.addNamespace(this.namespace, nsConn, own);
  }

  protected onForgotten(): void {
    // The instances of a failed attempt are disposed of first.
    if (this.#stay === undefined) this.#owner.forget(this);
  }
}

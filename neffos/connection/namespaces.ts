import type { AskOptions } from "../api/ask_options.ts";
import type { UntypedNSConn } from "../api/ns_conn.ts";
import {
  BAD_NAMESPACE,
  BadNamespaceError,
  INVALID_PAYLOAD,
} from "../protocol/errors.ts";
import {
  OnNamespaceConnect,
  OnNamespaceDisconnect,
  OnRoomJoin,
  OnRoomLeave,
} from "../protocol/event_names.ts";
import type { Message } from "../protocol/message.ts";
import { rejected } from "../util/deferred.ts";
import { SparseMap } from "../util/sparse_map.ts";
import type { Waiter } from "../util/waiter.ts";
import { type Kind, leaveEach, rejectAll, resolveAll } from "./call_chain.ts";
import type { MembershipLink } from "./membership.ts";
import {
  NamespaceMembership,
  type NamespaceOwner,
} from "./namespace_membership.ts";
import type { Stay } from "./stay.ts";

/** What the other side may ask about a namespace or a room. */
const KINDS: ReadonlyMap<string, Kind> = new Map([
  [OnNamespaceConnect, "enter"],
  [OnNamespaceDisconnect, "leave"],
  [OnRoomJoin, "enter"],
  [OnRoomLeave, "leave"],
]);

/** The namespaces of one connection. */
export class Namespaces implements NamespaceOwner {
  readonly #link: MembershipLink;
  /** The namespaces about which something is known. */
  readonly #memberships = new Map<string, NamespaceMembership>();
  /** The callers that wait until the other side connects a namespace. */
  readonly #waiters = new SparseMap<string, Set<Waiter<UntypedNSConn>>>();
  #count = 0;

  constructor(link: MembershipLink) {
    this.#link = link;
  }

  get count(): number {
    return this.#count;
  }

  get roomCount(): number {
    let count = 0;
    for (const { stay } of this.#memberships.values()) {
      count += stay?.roomCount ?? 0;
    }
    return count;
  }

  /** The stays in namespaces, as they are now. */
  get stays(): Stay[] {
    return [...this.#memberships.values()]
      .flatMap(({ isIn, stay }) => isIn ? stay! : []);
  }

  /** Finds the stay in a namespace, if the connection is in. */
  find(namespace: string): Stay | undefined {
    const membership = this.#memberships.get(namespace);
    return membership?.isIn ? membership.stay : undefined;
  }

  /** Keeps a message for a namespace or a room for which something is under way. */
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

  /** Takes an ask of the other side when it is received. */
  receive(message: Message): void {
    const { event, wait } = message;
    const kind = KINDS.get(event);
    const isRoom = event === OnRoomJoin || event === OnRoomLeave;
    if (wait === "" || kind === undefined) {
      // What has happened on the other side is told by answers alone.
      return this.#answerInTurn(message, INVALID_PAYLOAD);
    }
    if (message.isNoOp) return this.#answerInTurn(message);
    if (!isRoom) {
      const membership = this.#membershipOf(message.namespace);
      if (membership !== undefined) return membership.receive(message, kind);
      const isKnown = kind === "leave";
      return this.#answerInTurn(message, isKnown ? undefined : BAD_NAMESPACE);
    }
    const membership = this.#memberships.get(message.namespace);
    if (membership?.isEntryAsked) {
      // Sent right behind the ask to connect, without waiting for its answer.
      this.#link.queue.push(() => this.#receiveInTurn(message, kind));
    } else if (membership?.isOngoing) {
      membership.stay!.room(message.room).receive(message, kind);
    } // Nothing that was received before a stay began has a say in it (rule 8).
    else this.#answerInTurn(message, BAD_NAMESPACE);
  }

  #receiveInTurn(message: Message, kind: Kind): void | Promise<void> {
    const membership = this.#memberships.get(message.namespace);
    if (membership?.isOngoing) {
      return membership.stay!.room(message.room).receiveInTurn(message, kind);
    }
    if (membership?.isEntryAsked) {
      membership.hold(() => this.#receiveInTurn(message, kind));
      return;
    }
    this.#link.begin(message);
    this.#link.refuse(message, BAD_NAMESPACE);
  }

  /** Answers what is no business of a namespace, when its turn has come. */
  #answerInTurn(message: Message, refusal?: string): void {
    const link = this.#link;
    link.queue.push(() => {
      link.begin(message);
      if (refusal === undefined) return link.acknowledge(message);
      if (refusal === INVALID_PAYLOAD) link.host.drops.stray++;
      if (message.wait !== "") link.refuse(message, refusal);
    });
  }

  #membershipOf(namespace: string): NamespaceMembership | undefined {
    const known = this.#memberships.get(namespace);
    if (known !== undefined) return known;
    const events = this.#link.host.handlers.namespaces.get(namespace);
    if (events === undefined) return undefined;
    const membership = new NamespaceMembership(
      this.#link,
      this,
      namespace,
      events,
    );
    this.#memberships.set(namespace, membership);
    return membership;
  }

  /** Connects a namespace. */
  connect(namespace: string, options: AskOptions): Promise<UntypedNSConn> {
    const link = this.#link;
    // A client that comes back is away until the server has accepted it.
    const isAway = link.host.isClient && !link.isOpen;
    if (isAway || link.isEnding) return rejected(link.closedError());
    const membership = this.#membershipOf(namespace);
    if (membership !== undefined) return membership.enter(options);
    return rejected(
      new BadNamespaceError(
        `Cannot connect to namespace ${
          JSON.stringify(namespace)
        }: no controller and no events are registered for it`,
        { namespace },
      ),
    );
  }

  /** Waits until the other side connects a namespace. */
  waitConnect(namespace: string, options: AskOptions): Promise<UntypedNSConn> {
    const { asks, isEnding } = this.#link;
    if (isEnding) return rejected(this.#link.closedError());
    const known = this.#memberships.get(namespace);
    if (known?.isOngoing) return Promise.resolve(known.stay!.nsConn);
    const waiters = this.#waiters.get(namespace) ?? new Set();
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
        if (waiters.size === 0) this.#waiters.delete(namespace);
      },
    });
    if (!waiter.isSettled) this.#waiters.set(namespace, waiters.add(waiter));
    return waiter.promise;
  }

  /** Leaves every namespace, one after another. */
  disconnectAll(options: AskOptions): Promise<void> {
    const { goal } = this.#link.host;
    const kept = goal?.namespaces ?? [];
    for (const namespace of kept) {
      if (!this.#memberships.has(namespace) || this.#link.isEnding) {
        goal!.forget(namespace, "");
      }
    }
    const all = [...this.#memberships.values()];
    if (this.#link.isEnding) {
      const isLost = kept.length === 0 && all.some(({ isIn }) => isIn);
      return isLost ? rejected(this.#link.closedError()) : Promise.resolve();
    }
    return leaveEach(all, options, {});
  }

  /** Enters again what a client had before it lost its connection. */
  async reenter(): Promise<void> {
    // It may have been lost in the turn in which it was accepted.
    if (this.#link.isEnding) return;
    const { goal } = this.#link.host;
    await Promise.allSettled(
      (goal?.namespaces ?? []).map((namespace) =>
        this.#membershipOf(namespace)!.reenterAll()
      ),
    );
  }

  /** Enters the one namespace of a connection that has native messages alone. */
  async enterNative(): Promise<void> {
    await this.#membershipOf("")!.enterNative();
  }

  /** The connection is lost: nobody finds it here any more. */
  lose(): void {
    for (const membership of [...this.#memberships.values()]) membership.lose();
    const error = this.#link.closedError();
    for (const waiters of this.#waiters.values()) rejectAll(waiters, error);
  }

  /** Leaves everything, since the connection is lost. */
  async leaveByForce(): Promise<void> {
    for (const membership of [...this.#memberships.values()]) {
      await membership.leaveByForce();
    }
  }

  /** Goes on with leaving by force, without waiting for hooks any more. */
  async hurry(): Promise<void> {
    for (const { stay } of this.#memberships.values()) stay?.hurry();
    await this.leaveByForce();
  }

  onCounted(change: 1 | -1): void {
    this.#count += change;
  }

  onEntered(nsConn: UntypedNSConn): void {
    resolveAll(this.#waiters.get(nsConn.namespace) ?? [], nsConn);
  }

  forget(membership: NamespaceMembership): void {
    const { namespace } = membership;
    if (this.#memberships.get(namespace) !== membership) return;
    this.#memberships.delete(namespace);
  }
}

import type { UntypedNSConn } from "../api/ns_conn.ts";
import type { CompiledEvents } from "../controller/compile.ts";
import { LimitError, type NeffosError } from "../protocol/errors.ts";
import {
  OnNamespaceConnect,
  OnNamespaceDisconnect,
} from "../protocol/event_names.ts";
import { Message } from "../protocol/message.ts";
import type { Waiter } from "../util/waiter.ts";
import type { Cause, Entry } from "./call_chain.ts";
import {
  type HookRunner,
  Membership,
  type MembershipLink,
} from "./membership.ts";
import { Stay, type StayOwner } from "./stay.ts";

/** This side has left, so that what belongs to it is left by force. */
const BY_FORCE: Cause = { isLocal: true, isForced: true };

/** What the record of a namespace needs of the others of its connection. */
export interface NamespaceOwner {
  /** The namespaces, and the rooms, that the limits count. */
  readonly count: number;
  readonly roomCount: number;
  onCounted(change: 1 | -1): void;
  onEntered(nsConn: UntypedNSConn): void;
  forget(membership: NamespaceMembership): void;
}

/** A namespace of one connection. */
export class NamespaceMembership extends Membership<UntypedNSConn>
  implements StayOwner {
  readonly events: CompiledEvents;
  readonly #owner: NamespaceOwner;
  #stay: Stay | undefined;
  /** Whether the hook that was asked has let the connection leave. */
  #hasAgreed = false;
  /** Settles when a client has entered its rooms again. */
  #roomsBack: Promise<unknown> | undefined;

  constructor(
    link: MembershipLink,
    owner: NamespaceOwner,
    namespace: string,
    events: CompiledEvents,
  ) {
    super(link, namespace, "");
    this.#owner = owner;
    this.events = events;
  }

  /** The present stay, or the attempt at one. */
  get stay(): Stay | undefined {
    return this.#stay;
  }

  /** Whether this side is in, and does not leave for certain. */
  get isOngoing(): boolean {
    return this.isIn && this.phase !== "telling";
  }

  get roomCount(): number {
    return this.#owner.roomCount;
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

  /** Enters again what was lost with the connection, with its rooms. */
  async reenterAll(): Promise<void> {
    await this.reenter();
    await this.#roomsBack;
  }

  /** Enters the one namespace of a connection that has native messages alone. */
  async enterNative(): Promise<void> {
    const { namespace } = this;
    const event = OnNamespaceConnect;
    const message = new Message({ namespace, event, isLocal: true });
    const state = this.startHook("deciding");
    try {
      await this.hooks.fire(message);
      // What a client has kept is sent as soon as it is in.
      this.link.accept();
      if (!this.isCurrent(state)) throw this.link.closedError();
    } catch (error) {
      await this.onAbandoned();
      throw error;
    }
    await this.enterUnasked();
  }

  protected refusalToEnter(): NeffosError | undefined {
    return this.refusalToAdmit();
  }

  protected refusalToAdmit(): NeffosError | undefined {
    const { crossings, limits: { maxNamespaces } } = this.link.host;
    if (this.#owner.count < maxNamespaces) return undefined;
    crossings.add("maxNamespaces");
    const { namespace } = this;
    return new LimitError(
      `Cannot connect to namespace ${
        JSON.stringify(namespace)
      }: ${maxNamespaces} namespaces are the limit of a connection`,
      { namespace },
    );
  }

  protected startEntering(): void {
    void this.link.queue.runBeside(() =>
      this.decide(false, () => {
        // A server that connects a client in onConnect accepts that client.
        this.link.accept();
        // What came before may have closed it at once, and ended everything.
        if (this.link.isEnding) return this.onAbandoned();
        if (this.link.isOpen) return this.askPeer("entering");
        return this.refuseEntry(this.link.closedError());
      })
    );
  }

  protected async granted(): Promise<void> {
    await this.enterByCall();
  }

  protected onCounted(change: 1 | -1): void {
    this.#owner.onCounted(change);
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
    return this.askHookToLeave(
      asked,
      () => {
        this.#hasAgreed = true;
        return this.#end({ rooms, cause: undefined, asked });
      },
      async (isRefused) => {
        if (isRefused) await stay.notify(OnNamespaceDisconnect, "", BY_FORCE);
        await stay.dispose();
      },
    );
  }

  /** Leaves the namespace by force, for the connection is lost. */
  async leaveByForce(): Promise<void> {
    // A hook that decides about the entry ends it by itself.
    if (!this.isIn) return;
    // A hook that was asked is not told again, and works on what it has until
    // it has ended.
    const isAsked = this.phase === "releasing";
    const cause = isAsked || this.#hasAgreed ? undefined : BY_FORCE;
    await this.#end({ rooms: BY_FORCE, cause, isDisposed: !isAsked });
  }

  /**
   * It is left for certain: its rooms are told, then the namespace.
   *
   * @param how What is told of the cause: nothing of the namespace, where its
   * hook was asked. The callers that wait, what is answered, and whether what
   * the hooks have made is disposed.
   */
  async #end({ rooms, cause, waiters = [], asked, isDisposed = true }: {
    rooms: Cause;
    cause: Cause | undefined;
    waiters?: Iterable<Waiter<unknown>>;
    asked?: Message;
    isDisposed?: boolean;
  }): Promise<void> {
    const stay = this.#stay!;
    const state = this.startHook("telling");
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
      if (cause !== undefined) {
        await stay.notify(OnNamespaceDisconnect, "", cause);
      }
      if (isDisposed) await stay.dispose();
    }, { waiters });
  }

  protected onLeft(): void {
    this.link.host.directory?.remove(this.#stay!);
    this.#stay = undefined;
    this.#hasAgreed = false;
  }

  override lose(): void {
    if (this.#stay !== undefined) this.link.host.directory?.remove(this.#stay);
    const { phase } = this;
    super.lose();
    for (const room of this.#stay?.memberships ?? []) room.lose();
    // No hook of the attempt runs any more.
    if (phase === "entering" || phase === "takingBack") void this.onAbandoned();
  }

  protected onLost(isOwn: boolean): void {
    const nsConn = this.#stay?.nsConn;
    if (nsConn === undefined) return;
    this.link.host.goal?.addNamespace(this.namespace, nsConn, isOwn);
  }

  protected onForgotten(): void {
    // What an attempt has made is disposed first.
    if (this.#stay === undefined) this.#owner.forget(this);
  }
}

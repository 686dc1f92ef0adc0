import type { AskOptions } from "../api/ask_options.ts";
import type { UntypedNSConn } from "../api/untyped.ts";
import type { CompiledEvents } from "../controller/compile.ts";
import {
  BAD_NAMESPACE,
  BadNamespaceError,
  INVALID_PAYLOAD,
} from "../protocol/errors.ts";
import {
  OnNamespaceConnect,
  OnNamespaceConnected,
  OnNamespaceDisconnect,
  OnRoomJoin,
  OnRoomLeave,
} from "../protocol/event_names.ts";
import { estimateSize, type Message } from "../protocol/message.ts";
import { makeDeferred, mayFail } from "../util/deferred.ts";
import { SparseMap } from "../util/sparse_map.ts";
import { Waiters } from "./asks.ts";
import {
  type Cause,
  DROPPED,
  exchange,
  fire,
  joinIn,
  lifeCycleMessage,
  LOCAL,
  tell,
} from "./life_cycle.ts";
import { type Left, NSState } from "./namespace_state.ts";
import { Rooms } from "./rooms.ts";
import type { Core } from "./session.ts";

/** The namespaces of one connection: how they are connected and left. */
export class Membership {
  readonly rooms: Rooms;
  readonly #core: Core;
  /** The namespaces that are connected, or about to be. */
  readonly #states = new Map<string, NSState>();
  readonly #waiters: Waiters;

  /** The namespaces that a client had before it lost its socket. */
  readonly #former = new SparseMap<string, NSState>();

  constructor(core: Core, former: readonly Left[]) {
    this.#core = core;
    this.rooms = new Rooms(core);
    this.#waiters = new Waiters(core);
    for (const { state } of former) this.#former.set(state.namespace, state);
  }

  get states(): NSState[] {
    return [...this.#states.values()];
  }

  find(namespace: string): NSState | undefined {
    return this.#states.get(namespace);
  }

  /** The namespaces that it is in, and their rooms. */
  get left(): Left[] {
    return this.states
      .filter(({ status, isLeaving }) => status === "connected" && !isLeaving)
      .map((state) => ({ state, rooms: [...state.rooms.values()] }));
  }

  /** Keeps a message for what is about to be connected, joined or left. */
  hold(message: Message): boolean {
    const state = this.#states.get(message.namespace);
    if (state === undefined) return false;
    const { room } = message;
    const isOnItsWay = state.status === "connecting" || state.isToldToLeave ||
      state.isLeaving;
    const held = isOnItsWay
      ? state.held
      : state.joining.get(room)?.held ?? state.answering.get(room);
    if (held === undefined) return false;
    held.push(message);
    this.#core.held++;
    this.#core.waitingBytes += estimateSize(message);
    return true;
  }

  /** Answers a message of the protocol itself. */
  answer(message: Message): void | Promise<void> {
    const { event, wait } = message;
    const isAsked = event === OnNamespaceConnect || event === OnRoomJoin ||
      event === OnNamespaceDisconnect || event === OnRoomLeave;
    if (wait === "" || !isAsked) {
      // What has happened on the other side is told by answers alone.
      this.#core.host.drops.stray++;
      if (wait !== "") this.#core.refuse(message, INVALID_PAYLOAD);
      return;
    }
    if (message.isNoOp) return this.#core.acknowledge(message);
    if (event === OnNamespaceConnect) return this.#answerConnect(message);
    const state = this.#states.get(message.namespace);
    if (
      state?.status === "connecting" || state?.isToldToLeave ||
      state?.isLeaving || state?.answering.has(message.room)
    ) {
      this.hold(message);
      return;
    }
    if (event === OnNamespaceDisconnect) {
      return state
        ? this.#answerDisconnect(state, message)
        : this.#core.acknowledge(message);
    }
    if (state === undefined) return this.#core.refuse(message, BAD_NAMESPACE);
    return event === OnRoomJoin
      ? this.rooms.answerJoin(state, message)
      : this.rooms.answerLeave(state, message);
  }

  /** Asks the other side to connect a namespace. */
  connect(namespace: string, options: AskOptions): Promise<UntypedNSConn> {
    const known = this.#states.get(namespace);
    if (known?.status === "connected") return Promise.resolve(known.nsConn);
    if (known !== undefined) {
      const what = `connect to namespace "${namespace}"`;
      const { promise } = known.entering ??= makeDeferred();
      // Nobody waits for it where too many do already.
      mayFail(promise);
      return joinIn(this.#core, promise, options, what);
    }
    if (this.#core.isEnding) return Promise.reject(this.#core.closedError());
    const events = this.#core.host.handlers.namespaces.get(namespace);
    if (events === undefined) {
      return Promise.reject(
        new BadNamespaceError(
          `Cannot connect to namespace "${namespace}": no controller and no events are registered for it`,
          { namespace },
        ),
      );
    }
    const state = this.#stateOf(namespace, events);
    this.#states.set(namespace, state);
    return this.#askConnect(state, options);
  }

  /** Waits until a namespace is connected, whoever asked for it. */
  waitConnect(namespace: string, options: AskOptions): Promise<UntypedNSConn> {
    const known = this.#states.get(namespace);
    if (known?.status === "connected") return Promise.resolve(known.nsConn);
    return this.#waiters.wait(namespace, options);
  }

  /** Asks the other side to leave a namespace. */
  disconnect(state: NSState, options: AskOptions): Promise<void> {
    if (state.status !== "connected") {
      return Promise.reject(
        new BadNamespaceError(BAD_NAMESPACE, { namespace: state.namespace }),
      );
    }
    // It is a hook of this very end that asks.
    if (state.isToldToLeave || state.isLeaving) return Promise.resolve();
    const { queue } = this.#core;
    return exchange(
      state,
      "",
      OnNamespaceDisconnect,
      options,
      queue.callers(),
      async () => {
        if (state.status !== "connected" || state.isLeaving) return;
        await this.rooms.leaveAll(state, DROPPED);
        this.#forget(state);
        this.#release(state);
        await this.#tellLeft(state, LOCAL);
      },
    );
  }

  /** Connects the one namespace of a connection that has only native messages. */
  async enterNative(): Promise<void> {
    const events = this.#core.host.handlers.namespaces.get("")!;
    const state = this.#stateOf("", events);
    try {
      await fire(state, lifeCycleMessage(state, OnNamespaceConnect, "", LOCAL));
      if (this.#core.isEnding) throw this.#core.closedError();
    } catch (error) {
      await this.#unbind(state);
      throw error;
    }
    this.#states.set("", state);
    this.#enter(state);
  }

  /** The connection can no longer be reached: nobody finds it here. */
  silence(): void {
    for (const state of this.#states.values()) {
      this.#core.host.index?.remove(state);
    }
    this.#waiters.rejectAll(this.#core.closedError());
  }

  /** Leaves everything, since the socket is gone. */
  async leaveByForce(): Promise<void> {
    for (const state of this.states) {
      // What is being left already is left by who does it.
      if (state.status !== "connected" || state.isLeaving) continue;
      await this.rooms.leaveAll(state, DROPPED);
      this.#forget(state);
      await this.#tellLeft(state, DROPPED);
    }
  }

  #stateOf(namespace: string, events: CompiledEvents): NSState {
    const former = this.#former.get(namespace);
    if (former === undefined) {
      return new NSState(this.#core, namespace, events);
    }
    former.revive(this.#core);
    return former;
  }

  async #askConnect(
    state: NSState,
    options: AskOptions,
  ): Promise<UntypedNSConn> {
    const turns = this.#core.queue.callers();
    const complete = async () => {
      if (this.#core.isEnding) throw this.#core.closedError();
      this.#enter(state);
      this.#release(state);
      await tell(state, OnNamespaceConnected, "", LOCAL);
      return state.nsConn;
    };
    try {
      await fire(
        state,
        lifeCycleMessage(state, OnNamespaceConnect, "", LOCAL),
      );
      // A server that connects a client from onConnect wants that client.
      this.#core.open();
      // The other side may have asked meanwhile, and can be answered now.
      state.isAgreed = true;
      this.#release(state);
      return await exchange(
        state,
        "",
        OnNamespaceConnect,
        options,
        turns,
        complete,
      ).catch((error) => {
        // It was let in when it asked itself, whatever it answers.
        if (state.isGranted && !this.#core.isEnding) return complete();
        throw error;
      });
    } catch (error) {
      this.#giveUp(state, error);
      await this.#unbind(state);
      this.#release(state);
      throw error;
    }
  }

  async #answerConnect(asked: Message): Promise<void> {
    const core = this.#core;
    const { namespace } = asked;
    const known = this.#states.get(namespace);
    const isOnItsWay = known?.status === "connecting"
      ? !known.isAgreed
      : known?.isToldToLeave || known?.isLeaving;
    if (isOnItsWay) {
      this.hold(asked);
      return;
    }
    // Where both sides ask at once, both have agreed.
    if (known !== undefined) {
      known.isGranted = true;
      return core.acknowledge(asked);
    }
    const events = core.host.handlers.namespaces.get(namespace);
    if (events === undefined) return core.refuse(asked, BAD_NAMESPACE);
    const { crossings, limits: { maxNamespaces } } = core.host;
    if (this.#states.size >= maxNamespaces) {
      crossings.add("maxNamespaces");
      return core.refuse(asked, `${maxNamespaces} namespaces are the limit`);
    }
    const state = this.#stateOf(namespace, events);
    this.#states.set(namespace, state);
    try {
      await fire(state, asked);
      if (core.isEnding) throw core.closedError();
    } catch (error) {
      this.#giveUp(state, error);
      core.fail(asked, error);
      await this.#unbind(state);
      this.#release(state);
      return;
    }
    this.#enter(state);
    core.acknowledge(asked);
    this.#release(state);
    await tell(state, OnNamespaceConnected, "", {});
  }

  async #answerDisconnect(state: NSState, asked: Message): Promise<void> {
    const core = this.#core;
    if (!core.host.isClient) {
      state.isToldToLeave = true;
      try {
        await fire(state, asked);
      } catch (error) {
        state.isToldToLeave = false;
        core.fail(asked, error);
        this.#release(state);
        // What it refuses may have happened in another way meanwhile.
        if (state.status === "connected") return;
        return await tell(state, OnNamespaceDisconnect, "", LOCAL);
      }
    }
    // The connection may have been closed meanwhile.
    if (state.status !== "connected" || state.isLeaving) {
      this.#release(state);
      return core.acknowledge(asked);
    }
    await this.rooms.leaveAll(state, { isForced: true });
    this.#forget(state);
    core.acknowledge(asked);
    this.#release(state);
    await this.#tellLeft(state, {});
  }

  async #tellLeft(state: NSState, cause: Cause): Promise<void> {
    if (!state.isToldToLeave) {
      await tell(state, OnNamespaceDisconnect, "", cause);
    }
    await this.#unbind(state);
  }

  async #unbind(state: NSState): Promise<void> {
    for (const binding of state.bindings.splice(0).reverse()) {
      try {
        await binding.dispose?.();
      } catch (error) {
        const { namespace } = state;
        this.#core.report(error, { namespace, event: "dispose" });
      }
    }
  }

  #enter(state: NSState): void {
    state.status = "connected";
    this.#core.host.index?.add(state);
    state.entering?.resolve(state.nsConn);
    this.#waiters.resolve(state.nsConn);
  }

  #giveUp(state: NSState, error: unknown): void {
    this.#states.delete(state.namespace);
    state.status = "left";
    state.entering?.reject(error);
  }

  #forget(state: NSState): void {
    state.status = "left";
    this.#states.delete(state.namespace);
    this.#core.host.index?.remove(state);
  }

  /** Lets go what was held back until the namespace was connected, or not. */
  #release(state: NSState): void {
    this.#core.held -= state.held.length;
    this.#core.queue.unshift(state.held.splice(0));
  }
}

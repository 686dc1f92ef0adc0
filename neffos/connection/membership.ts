import type { AskHead, AskOptions, EntryOptions } from "../api/ask_options.ts";
import { type BodyCodec, encodeBody, type RawBody } from "../protocol/body.ts";
import { encodeEvent, encodeRoute } from "../protocol/codec.ts";
import {
  BAD_NAMESPACE,
  EventError,
  makeBadName,
  type NeffosError,
  remakeError,
  writeErrorText,
} from "../protocol/errors.ts";
import {
  OnNamespaceConnect,
  OnNamespaceConnected,
  OnNamespaceDisconnect,
  OnRoomJoin,
  OnRoomJoined,
  OnRoomLeave,
} from "../protocol/event_names.ts";
import { Message } from "../protocol/message.ts";
import { rejected, Waiter } from "../util/promises.ts";
import type { Asks } from "./asks.ts";
import {
  type CallInit,
  canServe,
  type Cause,
  type Entry,
  type EntryBody,
  findMerged,
  type Kind,
  type Leavable,
  makeEntry,
  mergeEntries,
  type Refusal,
  rejectAll,
  resolveAll,
} from "./call_chain.ts";
import type { Goal, OwnEntry } from "./goal.ts";
import { crossLimit } from "./limits.ts";
import type { Link } from "./link.ts";
import {
  type HookPhase,
  IN,
  isOwnAsk,
  kindOf,
  makeState,
  OUT,
  type OwnAskPhase,
  type Phase,
  type State,
} from "./phase.ts";
import { AskTask, type Task, type Turn } from "./turn_queue.ts";

/** How many names are entered, or about to be. */
export interface EntryCounts {
  namespaceCount: number;
  /** The rooms of all namespaces. */
  roomCount: number;
}

/** What a membership needs from its connection. */
export interface MembershipLink extends Link {
  readonly asks: Asks;
  readonly namespaces: EntryCounts;
  /** Handles a received message, which is counted until that has ended. */
  handle(message: Message, run: Task): void | Promise<void>;
}

/** Fires the hooks of a membership. */
export interface HookRunner {
  /** Fires an event; throws the error that its handler throws or returns. */
  fire(message: Message): Promise<void>;
  /** Fires an event that cannot be refused. */
  notify(
    event: string,
    room: string,
    cause: Cause & { body?: RawBody },
  ): Promise<void>;
}

/** Makes the work on an ask of the peer about a name. */
export function makeTask(
  { namespace, room }: Message,
  kind: Kind,
  run: Task,
): AskTask<Message> {
  const isEnded = (event: Message) =>
    event.namespace === namespace && (room === "" || event.room === room);
  return new AskTask(run, kind === "leave" ? isEnded : undefined);
}

const NAMESPACE = {
  limit: "maxNamespaces" as "maxNamespaces" | "maxRooms",
  count: "namespaceCount" as keyof EntryCounts,
  events: { enter: OnNamespaceConnect, leave: OnNamespaceDisconnect },
  entered: OnNamespaceConnected,
  actions: { enter: "connect to namespace", leave: "leave namespace" },
};
const ROOM: typeof NAMESPACE = {
  limit: "maxRooms",
  count: "roomCount",
  events: { enter: OnRoomJoin, leave: OnRoomLeave },
  entered: OnRoomJoined,
  actions: { enter: "join room", leave: "leave room" },
};

/** Shared, since most names have none most of the time. */
const NO_CALLS: readonly Entry[] = [];

/** What calls without a body leave. */
const OWN: OwnEntry = { body: undefined };

function readBody(
  body: unknown,
  codec: BodyCodec | undefined,
): EntryBody | undefined {
  if (typeof body === "function") return body as () => unknown;
  const encoded = encodeBody(body, codec);
  return encoded.length === 0 ? undefined : encoded;
}

/**
 * The record of one name, a namespace or a room, on one side: the calls of this
 * side, the asks of the peer, and the phase. It follows the rules in
 * `tools/agreement/README.md`, by whose numbers the comments refer to them.
 */
export abstract class Membership<Handle> implements Leavable {
  /** The namespace, or the namespace of the room. */
  readonly namespace: string;
  /** The room; empty for a namespace. */
  readonly room: string;
  protected readonly link: MembershipLink;
  #state: State = OUT;
  /** The calls of this side, in order; the first one may be under way. */
  #chain: readonly Entry[] = NO_CALLS;
  /** The asks of the peer whose turn has not come. */
  #waiting: Set<Message> | undefined;
  /** The items that wait until nothing is under way, in order. */
  #held: (Message | AskTask<Message>)[] | undefined;
  /** A granted ask to leave that is answered after a hook. */
  #owed: Message | undefined;
  /** The callers that have succeeded and wait for hooks to end. */
  #committed: Set<Waiter<unknown>> | undefined;
  /** Set if this side has ever called for it. */
  #own: OwnEntry | undefined;

  constructor(link: MembershipLink, namespace: string, room: string) {
    this.link = link;
    this.namespace = namespace;
    this.room = room;
  }

  /** The phase of the name on this side. */
  get phase(): Phase {
    return this.#state.phase;
  }

  /** Whether this side is in. */
  get isIn(): boolean {
    return this.#state.isIn;
  }

  /** Whether the peer has asked to enter, and this side is not in yet. */
  get isEntryAsked(): boolean {
    const state = this.#state;
    const { enter } = this.#terms.events;
    return state.phase === "admitting" ||
      state.phase === "entering" && state.crossing !== undefined ||
      [...this.#waiting ?? []].some(({ event }) => event === enter);
  }

  get #isIdle(): boolean {
    return this.#state === OUT || this.#state === IN;
  }

  get #terms(): typeof NAMESPACE {
    return this.room === "" ? NAMESPACE : ROOM;
  }

  get #goal(): Goal | undefined {
    return this.link.host.goal;
  }

  // Calls of this side -------------------------------------------------------

  /** Enters; resolves when this side is in. */
  enter({ body, ...options }: EntryOptions): Promise<Handle> {
    let init: CallInit;
    try {
      init = { body: readBody(body, this.link.host.codec) };
    } catch (error) {
      return rejected(error);
    }
    return this.#call("enter", options, init) as Promise<Handle>;
  }

  /** Leaves; resolves when this side is out. */
  leave(options: AskOptions, cause?: Cause): Promise<void> {
    return this.#call("leave", options, { cause }) as Promise<void>;
  }

  /**
   * Enters without a call of the program and without a time limit: again, after
   * the loss of the connection, or what a connection has alone.
   */
  reenter(): Promise<Handle> {
    this.#own = this.#goal?.findOwn(this.namespace, this.room);
    const entry = this.#append("enter", this.#own);
    // The program has not called this, so `maxPendingAsks` does not count it.
    const waiter = new Waiter<Handle>({ timers: this.link.host.timers });
    entry.waiters.add(waiter);
    this.#next();
    return waiter.promise;
  }

  reserveLeave(cause: Cause): Entry | undefined {
    if (this.#forgetGoal() || this.verdictOnHook("leave")) return undefined;
    const last = this.#chain.at(-1);
    if (this.isGone || !last && !this.isIn) return undefined;
    const entry = last?.kind === "leave"
      ? last
      : this.#append("leave", { cause });
    entry.reserved++;
    return entry;
  }

  beginLeave(reserved: Entry, options: AskOptions): Promise<void> {
    const entry = findMerged(reserved);
    if (entry.refusal) return rejected(entry.refusal());
    // Another call has left, or the stay or the connection has ended.
    if (entry.isOver) return Promise.resolve();
    const waiter = this.#wait<void>(entry, options);
    this.dropLeave(entry);
    return waiter.promise;
  }

  dropLeave(reserved: Entry): void {
    const entry = findMerged(reserved);
    entry.reserved--;
    this.#goOn();
  }

  #call(
    kind: Kind,
    options: AskOptions,
    init: CallInit,
  ): Promise<unknown> {
    if (kind === "leave" && this.#forgetGoal()) return Promise.resolve();
    if (this.link.isEnding) {
      return rejected(this.link.closedError(this.#head(kind)));
    }
    if (kind === "enter") this.#own ??= OWN;
    const verdict = this.verdictOnHook(kind);
    if (verdict !== undefined) return verdict;
    // It is certain to be left, together with its namespace.
    if (this.isGone && kind === "leave" && this.isIn) return Promise.resolve();
    const last = this.#chain.at(-1);
    if (last === undefined) {
      if (kind === "leave") {
        if (!this.isIn) return rejected(this.notInError());
      } else if (this.#state === IN) return Promise.resolve(this.handle);
    }
    const call = { kind, body: init.body };
    const entry = last !== undefined && canServe(last, call)
      ? last
      : this.#append(kind, init);
    const waiter = this.#wait(entry, options);
    if (waiter.isSettled) this.#goOn();
    else this.#next();
    return waiter.promise;
  }

  #append(kind: Kind, init?: CallInit): Entry {
    const entry = makeEntry(kind, init);
    this.#chain = [...this.#chain, entry];
    return entry;
  }

  /** Removes the first entry, which has failed if there is a refusal. */
  #shift(refusal?: Refusal): Entry {
    const [entry, ...rest] = this.#chain as [Entry, ...Entry[]];
    this.#chain = rest;
    return Object.assign(entry, { isOver: true, refusal });
  }

  get #hasLeave(): boolean {
    return this.#chain.some(({ kind }) => kind === "leave");
  }

  /** Without a namespace, none of its rooms is entered again. */
  #forgetRooms(): void {
    if (this.room === "") this.#goal?.forgetRooms(this.namespace);
  }

  #wait<T>(entry: Entry, options: AskOptions): Waiter<T> {
    const waiter: Waiter<T> = this.link.asks.wait<T>({
      ...options,
      action: this.#describe(entry.kind),
      about: this.#head(entry.kind),
      onEnd: () => {
        // Giving up detaches the caller, nothing else (rule 2).
        const isTaken = this.#chain.map(({ waiters }) =>
          waiters.delete(waiter)
        );
        if (isTaken.includes(true)) this.#goOn();
      },
    });
    if (!waiter.isSettled) entry.waiters.add(waiter);
    return waiter;
  }

  /** Drops what no caller waits for, and begins what can begin. */
  #goOn(): void {
    const { phase } = this.#state;
    const isUnderWay = phase === "deciding" || phase === "entering" ||
      phase === "leaving";
    this.#chain = mergeEntries(this.#chain, isUnderWay);
    this.#next();
  }

  /**
   * Settles at once a call about this name that comes from the hook which
   * decides about it or hears that it is left: waiting would lock up the hook.
   */
  protected verdictOnHook(kind: Kind): Promise<unknown> | undefined {
    const state = this.#state;
    const { turn } = state;
    const maker = this.#chain[0]?.maker;
    const caller = (maker ?? turn) && this.link.queue.exactCaller();
    if (caller === undefined) return undefined;
    const isEnter = kind === "enter";
    // Nor does the function that makes the body of a call wait for that call.
    if (caller !== maker) {
      if (caller !== turn) return undefined;
      if (state.phase === "releasing") {
        state.isAgreed ||= !isEnter;
        return Promise.resolve(isEnter ? this.handle : undefined);
      }
      if (state.phase === "telling" && !isEnter) return Promise.resolve();
    }
    return rejected(
      isEnter && state.phase !== "telling"
        ? this.#recursionError()
        : this.notInError(),
    );
  }

  /** Removes the name from the goal; tells whether it waited there. */
  #forgetGoal(): boolean {
    const isBusy = this.isIn || this.#chain.length > 0;
    if (isBusy && !this.link.isEnding) return false;
    return this.#goal?.forget(this.namespace, this.room) ?? false;
  }

  #describe(kind: Kind): string {
    const name = this.room || this.namespace;
    return `${this.#terms.actions[kind]} ${JSON.stringify(name)}`;
  }

  #head(kind: Kind): AskHead {
    const { namespace, room } = this;
    return { namespace, room, event: this.#terms.events[kind] };
  }

  /** Makes the error of a leave when this side is not in. */
  protected notInError(): NeffosError {
    return makeBadName(this.#head("leave"));
  }

  #recursionError(): NeffosError {
    return new EventError(
      `Cannot ${this.#describe("enter")}: it is this hook that decides`,
      this.#head("enter"),
    );
  }

  // Asks of the peer ---------------------------------------------------------

  /** Takes an ask of the peer when it is received. */
  receive(message: Message, kind: Kind): void {
    const state = this.#state;
    (this.#waiting ??= new Set()).add(message);
    // An ask for the opposite shows that the own ask was granted (rule 10).
    if (isOwnAsk(state) && kindOf(state) !== kind) this.#answered(state);
    if (this.#cross(message, kind)) return;
    this.link.queue.push(this.#taskOf(message, kind));
  }

  #taskOf(message: Message, kind: Kind): AskTask<Message> {
    return makeTask(message, kind, () => this.#beginAsked(message, kind));
  }

  /** Takes an ask of the peer whose turn has come. */
  receiveInTurn(message: Message, kind: Kind): void | Promise<void> {
    (this.#waiting ??= new Set()).add(message);
    return this.#cross(message, kind)
      ? undefined
      : this.#beginAsked(message, kind);
  }

  /** Grants at once an ask for what this side is asking for itself (rule 4). */
  #cross(message: Message, kind: Kind): boolean {
    const state = this.#state;
    if (!isOwnAsk(state) || kindOf(state) !== kind) return false;
    // It was granted already when the own ask was sent.
    if (!this.#takeWaiting(message)) return true;
    state.crossing = message;
    void this.link.handle(message, () => {
      if (kind === "enter") this.#grant(message);
      else this.link.acknowledge(message);
    });
    return true;
  }

  #beginAsked(message: Message, kind: Kind): void | Promise<void> {
    if (!this.isGone && !this.#isIdle && this.#waiting?.has(message)) {
      this.hold(this.#taskOf(message, kind));
      return;
    }
    // It was granted as a crossing ask, or the connection is lost.
    if (!this.#takeWaiting(message)) return;
    return this.link.handle(message, () => this.#handleAsked(message, kind));
  }

  #handleAsked(message: Message, kind: Kind): void | Promise<void> {
    if (this.isGone) return this.link.refuse(message, BAD_NAMESPACE);
    if (this.isIn === (kind === "enter")) {
      this.link.acknowledge(message);
      return this.#rest();
    }
    return kind === "enter" ? this.#admit(message) : this.release(message);
  }

  #takeWaiting(message: Message): boolean {
    const isTaken = this.#waiting?.delete(message) === true;
    if (this.#waiting?.size === 0) this.#waiting = undefined;
    return isTaken;
  }

  async #admit(asked: Message): Promise<void> {
    const refusal = this.findRefusal();
    if (refusal !== undefined) {
      this.link.refuse(asked, writeErrorText(refusal));
      return this.#rest();
    }
    const state = this.startHook("admitting");
    try {
      await this.hooks.fire(asked);
    } catch (error) {
      this.link.fail(asked, error);
      return await this.#abandon(state);
    }
    if (this.#state === state) return await this.#enterNow({ asked });
    this.link.refuse(asked, BAD_NAMESPACE);
    await this.#abandon(state);
  }

  /**
   * Fires the hook that decides about an ask to leave. On a server it may
   * refuse, unless it has itself called to leave.
   *
   * @param asked The ask.
   * @param goOn Called at once if this side is to leave.
   * @param onAnswer Called when the hook has ended, with whether it refuses,
   * even if the name was left meanwhile.
   */
  protected async askHookToLeave(
    asked: Message,
    goOn: () => Promise<void>,
    onAnswer?: (isRefused: boolean) => Promise<void> | undefined,
  ): Promise<void> {
    const state = this.startHook("releasing");
    let refusal: { error: unknown } | undefined;
    try {
      await this.#fireAsLeaver(asked, state.turn);
    } catch (error) {
      refusal = { error };
    }
    const over = onAnswer?.(refusal !== undefined);
    const isCurrent = this.#state === state;
    const mayRefuse = !this.link.host.isClient && !state.isAgreed;
    if (isCurrent && (refusal === undefined || !mayRefuse)) {
      if (refusal !== undefined) this.link.report(refusal.error, asked);
      return await goOn();
    }
    if (refusal === undefined) this.link.refuse(asked, BAD_NAMESPACE);
    else this.link.fail(asked, refusal.error);
    if (isCurrent) this.#settle(IN);
    await over;
  }

  /** Fires a hook whose broadcasts do not go to the peer that leaves. */
  async #fireAsLeaver(asked: Message, turn: Turn | undefined): Promise<void> {
    const { namespace, room, link: { conn } } = this;
    if (turn !== undefined) turn.leaver = { conn, namespace, room };
    try {
      await this.hooks.fire(asked);
    } finally {
      if (turn !== undefined) turn.leaver = undefined;
    }
  }

  /** Answers an ask to enter, ahead of what this side sends next. */
  #grant(asked: Message): void {
    const { host, buffer } = this.link;
    this.link.acknowledge(asked);
    host.lead?.(buffer);
  }

  // What is under way --------------------------------------------------------

  /** Begins the first calls of the chain until something is under way. */
  #next(): void {
    while (this.#isIdle) {
      const [head, next] = this.#chain;
      // What is reserved waits for a caller, or for one behind it.
      if (!head || !next && head.waiters.size === 0) return this.#rest();
      if (this.isIn === (head.kind === "enter")) {
        const { waiters } = this.#shift();
        resolveAll(waiters, this.isIn ? this.handle : undefined);
      } else if (head.kind === "leave") this.askPeer("leaving");
      else if (head.encoded === undefined) return this.#makeBody(head);
      else {
        const refusal = this.findRefusal();
        if (refusal !== undefined) this.#refuseHead(() => refusal);
        else if (this.#terms === ROOM) this.askPeer("entering");
        else void this.link.queue.runBeside(() => this.#decide());
      }
    }
  }

  /** Makes the body of a call that enters, which begins then. */
  #makeBody(entry: Entry): void {
    this.#rest();
    if (entry.maker !== undefined) return;
    const { queue, host } = this.link;
    const make = entry.body as () => unknown;
    void queue.runBeside(async () => {
      entry.maker = queue.exactCaller();
      let refusal: Refusal | undefined;
      try {
        entry.encoded = encodeBody(await make(), host.codec);
      } catch (error) {
        refusal = () => error;
      }
      entry.maker = undefined;
      // The calls have given up, or the connection is lost.
      if (this.#chain[0] !== entry) return;
      // The peer may have entered this side meanwhile.
      if (refusal !== undefined && !this.isIn) this.#refuseHead(refusal);
      this.#next();
    });
  }

  /** Called when nothing is under way: releases the items that are held. */
  #rest(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.link.queue.unshift(held);
    const isEmpty = this.#state === OUT && this.#owed === undefined &&
      this.#chain.length === 0 && !this.#waiting && !this.#committed;
    if (isEmpty) this.onForgotten();
  }

  #settle(state: typeof OUT | typeof IN): void {
    this.become(state);
    this.#next();
  }

  /** The one place where the state changes. */
  protected become(state: State): void {
    const isOut = state === OUT;
    if (isOut !== (this.#state === OUT)) {
      this.link.namespaces[this.#terms.count] += isOut ? -1 : 1;
    }
    this.#state = state;
  }

  /** Finds the reason why it cannot be entered now, if there is one. */
  protected findRefusal(): NeffosError | undefined {
    const { namespaces, host } = this.link;
    const { limit, count } = this.#terms;
    return namespaces[count] < host.limits[limit]
      ? undefined
      : crossLimit(host, limit, {
        action: this.#describe("enter"),
        about: this.#head("enter"),
      });
  }

  /** Rejects the first entry of the chain. */
  #refuseHead(refusal: Refusal): void {
    const { kind, waiters } = this.#shift(refusal);
    rejectAll(waiters, refusal);
    if (kind === "leave") return;
    const { namespace, room } = this;
    // A call that leaves was made meanwhile.
    if (this.#hasLeave) this.#goal?.forget(namespace, room);
    else this.#goal?.refuse(namespace, room, refusal());
  }

  /** Asks the peer. */
  protected askPeer(phase: OwnAskPhase): void {
    // A granted ask is answered before this side asks (rule 7).
    this.#payOwed(this.#owed);
    if (phase === "leaving") this.#forgetRooms();
    const state = makeState(phase);
    this.become(state);
    const { namespace, room, event } = this.#head(kindOf(state));
    const scope = encodeRoute(namespace, room);
    const body = phase === "entering" ? this.#chain[0]!.encoded! : "";
    this.link.asks.send(
      (token) => encodeEvent(token, scope, event, body),
      (answer) => this.#answered(state, answer.error),
    );
    for (const message of this.#waiting ?? []) {
      if (message.event === event) this.#cross(message, kindOf(state));
    }
  }

  /** Called when the own ask is answered, or is known to be granted. */
  #answered(state: State, refusal?: Error): void {
    // The attempt has ended.
    if (this.#state !== state) return;
    const isGranted = refusal === undefined ||
      state.crossing !== undefined;
    switch (state.phase) {
      case "takingBack":
        return isGranted
          ? void this.#abandon(state)
          : this.#runNow(() => this.#enterNow({ cause: { isForced: true } }));
      case "leaving":
        if (isGranted) return this.#runNow(() => this.leaveNow(this.#shift()));
        this.#refuseHead(() => remakeError(refusal, this.#head("leave")));
        return this.#settle(IN);
      case "entering":
        if (!isGranted) {
          this.#refuseHead(() => remakeError(refusal, this.#head("enter")));
          return void this.#abandon(state);
        }
        if (this.#chain[0]!.waiters.size > 0 || state.crossing) {
          return this.#runNow(() =>
            this.#terms === ROOM
              ? this.#decide(state.crossing)
              : this.#enterByCall(state.crossing)
          );
        }
        // No caller waits for it any more (rule 3).
        this.#shift();
        return this.askPeer("takingBack");
    }
  }

  /** Runs the work that follows an answer before the messages behind it. */
  #runNow(task: () => Promise<void>): void {
    this.link.queue.runNow(task);
  }

  /** Begins a phase in which a hook runs. */
  protected startHook(phase: HookPhase): State {
    const turn = this.link.queue.exactCaller();
    if (turn !== undefined && phase === "deciding") turn.isAwaited = true;
    const state = makeState(phase, turn);
    this.become(state);
    return state;
  }

  /** Makes a result certain for callers, which get it when hooks have ended. */
  protected commit(waiters: Iterable<Waiter<unknown>>, result?: unknown): void {
    for (const waiter of waiters) {
      waiter.commit(result);
      (this.#committed ??= new Set()).add(waiter);
    }
  }

  #resolve(waiters: Iterable<Waiter<unknown>>): void {
    for (const waiter of waiters) {
      this.#committed?.delete(waiter);
      waiter.finish();
    }
    if (this.#committed?.size === 0) this.#committed = undefined;
  }

  /** Whether the attempt that a hook has run for is still under way. */
  protected isCurrent(state: State): boolean {
    return this.#state === state;
  }

  /**
   * Fires this side's hook that decides whether to enter: a namespace before
   * the peer is asked, a room after the peer has granted the join.
   *
   * @param crossing The ask by which the peer has asked for the same, if it
   * has. It is decided about if no caller waits any more.
   */
  async #decide(crossing?: Message): Promise<void> {
    const state = this.startHook("deciding");
    const isWanted = () => this.#chain[0]!.waiters.size > 0;
    const isLocal = isWanted();
    const body = isLocal ? this.#chain[0]!.encoded : crossing?.body;
    const { codec } = this.link.host;
    const head = this.#head("enter");
    let refusal: Refusal | undefined;
    try {
      await this.hooks.fire(new Message({ ...head, isLocal, body, codec }));
    } catch (error) {
      refusal = () => error;
    }
    if (this.#state !== state) return await this.onAbandoned();
    const isRoom = this.#terms === ROOM;
    if (refusal === undefined && (isWanted() || crossing)) {
      if (isRoom) return await this.#enterByCall(crossing);
      // A server that connects a namespace in onConnect accepts the client.
      this.link.accept();
      // Early messages, handled by accept(), may have closed the connection.
      if (this.link.isEnding) return await this.onAbandoned();
      const { native } = this.link.host.handlers;
      if (native === "only") return await this.#enterByCall(undefined);
      if (this.link.isOpen) return this.askPeer("entering");
      refusal = () => this.link.closedError(head);
    }
    if (refusal === undefined) this.#shift();
    else this.#refuseHead(refusal);
    if (isRoom) this.askPeer("takingBack");
    else await this.#abandon(state);
  }

  /** Ends an attempt to enter that has failed, unless it has ended already. */
  async #abandon(state: State): Promise<void> {
    const disposed = this.onAbandoned();
    if (this.#state === state) this.#settle(OUT);
    await disposed;
  }

  /** Enters by a call of this side. */
  async #enterByCall(crossing: Message | undefined): Promise<void> {
    const { waiters, body, encoded } = this.#shift();
    const cause = { isLocal: true };
    if (waiters.size === 0 && crossing !== undefined) {
      return await this.#enterNow({ cause, body: "" });
    }
    // The peer may have entered this side at first.
    if (this.#own !== undefined) {
      this.#own = body === undefined ? OWN : { body };
    }
    await this.#enterNow({ cause, waiters, body: encoded });
  }

  async #enterNow(
    { cause = {}, waiters = [], asked, body = asked?.body ?? "" }: {
      cause?: Cause;
      waiters?: Iterable<Waiter<unknown>>;
      asked?: Message;
      body?: RawBody | undefined;
    },
  ): Promise<void> {
    const all = [...waiters];
    this.become(IN);
    this.commit(all, this.handle);
    this.#payOwed(this.#owed);
    // The peer is to know the name before it gets what the hooks send.
    if (asked !== undefined) this.#grant(asked);
    if (this.#hasLeave) this.#forgetRooms();
    this.onEntered();
    const told = this.hooks.notify(this.#terms.entered, this.room, {
      ...cause,
      body,
    });
    this.#next();
    await told;
    this.#resolve(all);
  }

  /**
   * Puts this side out.
   *
   * @param tell Fires the hooks that hear of it.
   * @param options The callers that wait for it, and the ask that is answered
   * after the hooks.
   */
  protected async leaveFor(
    tell: () => Promise<void>,
    { waiters = [], asked }: {
      waiters?: Iterable<Waiter<unknown>>;
      asked?: Message | undefined;
    } = {},
  ): Promise<void> {
    const all = [...waiters];
    this.commit(all);
    this.become(OUT);
    this.onLeft();
    this.#owed = asked;
    const told = tell();
    this.#next();
    await told;
    this.#payOwed(asked);
    this.#resolve(all);
    if (this.#isIdle) this.#rest();
  }

  /** Sends the answer to an ask, if it is still held back. */
  #payOwed(asked: Message | undefined): void {
    if (asked === undefined || this.#owed !== asked) return;
    this.#owed = undefined;
    this.link.acknowledge(asked);
  }

  /** Holds an item about this name until nothing is under way. */
  hold(item: Message | AskTask<Message>): void {
    (this.#held ??= []).push(item);
  }

  // Ends ---------------------------------------------------------------------

  /** Settles all calls: the namespace or the connection has ended. */
  protected settleCalls(makeError: (about: AskHead) => NeffosError): void {
    this.#payOwed(this.#owed);
    if (this.phase === "telling") {
      this.#resolve(this.#committed ?? []);
    }
    while (this.#chain.length > 0) {
      const { kind, waiters } = this.#shift();
      if (kind === "leave") resolveAll(waiters);
      else rejectAll(waiters, () => makeError(this.#head(kind)));
    }
  }

  /** Ends what is under way without a result. */
  protected stop(): void {
    this.become(this.isIn ? IN : OUT);
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.link.queue.unshift(held);
  }

  /**
   * Called when the connection is lost: ends all calls and what is under way,
   * except a hook that decides about a leave or hears of one.
   */
  lose(): void {
    if (this.#isWanted) this.onLost(this.#own);
    else {
      this.#forgetRooms();
      this.#goal?.remove(this.namespace, this.room);
    }
    this.settleCalls((about) => this.link.closedError(about));
    this.#resolve(this.#committed ?? []);
    this.#waiting = undefined;
    const { phase } = this.#state;
    if (phase !== "releasing" && phase !== "telling") this.stop();
  }

  /** Whether a client that loses its connection now is to enter it again. */
  get #isWanted(): boolean {
    const state = this.#state;
    if (state.phase === "telling") return false;
    if (state.phase === "releasing" && state.isAgreed) return false;
    if (this.#hasLeave) return false;
    return this.isIn || this.#goal?.has(this.namespace, this.room) === true;
  }

  // What differs between a namespace and a room ------------------------------

  /** The handle that a call to enter resolves with. */
  protected abstract readonly handle: Handle;
  /** Fires its hooks. */
  protected abstract readonly hooks: HookRunner;
  /** Whether its stay has ended or is about to, so that nothing begins. */
  protected abstract readonly isGone: boolean;
  /** Called when the peer has granted the leave. */
  protected abstract leaveNow(entry: Entry): Promise<void>;
  /** Answers an ask of the peer to leave. */
  protected abstract release(asked: Message): Promise<void>;
  /** Called when this side is in. */
  protected abstract onEntered(): void;
  /** Called when this side is out. */
  protected abstract onLeft(): void;
  /** Called when an attempt to enter has failed: disposes of its instances. */
  protected abstract onAbandoned(): Promise<void>;
  /** Called when the connection is lost and a client is to enter it again. */
  protected abstract onLost(own: OwnEntry | undefined): void;
  /** Called when the record has nothing left to keep. */
  protected abstract onForgotten(): void;
}

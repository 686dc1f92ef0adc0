import { type NewCall, Peer } from "./peer.ts";
import {
  type Entry,
  type Frame,
  type Hook,
  type HookPoint,
  type Kind,
  makeGoal,
  makeRecord,
  makeRecords,
  type Name,
  nameQuestion,
  type NameRecord,
  NAMES,
  RE_ENTRY,
  type ReceivedAsk,
  type Result,
  ROOMS,
} from "./world.ts";

/** Hooks that decide about a name, or tell that it is about to be left. */
const BINDING: readonly HookPoint[] = [
  "deciding",
  "answeringEnter",
  "answeringLeave",
  "telling",
  "ending",
];

/** The own ask under way about a name, if there is one. */
function findAsk({ phase }: NameRecord) {
  return phase.type === "asking" || phase.type === "takingBack"
    ? phase
    : undefined;
}

/** Whether the first entry of the chain is the one that is under way. */
function isFirstUnderWay({ phase }: NameRecord): boolean {
  return phase.type === "deciding" || phase.type === "asking";
}

/** Makes neighbours of one kind one entry. */
function mergeEntries(chain: readonly Entry[]): Entry[] {
  const merged: Entry[] = [];
  for (const entry of chain) {
    const last = merged.at(-1);
    if (last?.kind === entry.kind) last.waiters.push(...entry.waiters);
    else merged.push(entry);
  }
  return merged;
}

/** A side that keeps the rules of README.md. */
export class OurPeer extends Peer {
  call(name: Name, kind: Kind, call: NewCall): void {
    this.#callAfter(name, kind, { ...call, after: 0 });
  }

  /** Leaves one room after another; what is called later comes behind that. */
  override leaveAll(): void {
    const { calls, goal, records } = this.me;
    let after = 0;
    for (const name of ROOMS) {
      const { isIn, chain } = records[name];
      if (!isIn && chain.length === 0 && !goal[name]) continue;
      calls.push({ name, kind: "leave", result: "pending", isPart: false });
      const id = calls.length;
      this.#callAfter(name, "leave", { id, after });
      after = id;
    }
  }

  override findHeld(): Name | undefined {
    const { records } = this.me;
    return NAMES.find((name) => {
      const { phase, chain: [first] } = records[name];
      return phase.type === "idle" && first !== undefined &&
        !this.#isHeld(first);
    });
  }

  override startHeld(name: Name): void {
    this.#start(name);
  }

  giveUp(id: number): void {
    for (const name of NAMES) {
      const record = this.me.records[name];
      for (const entry of record.chain) {
        entry.waiters = entry.waiters.filter((waiter) => waiter !== id);
      }
      record.chain = mergeEntries(
        record.chain.filter(({ waiters }, i) =>
          waiters.length > 0 || i === 0 && isFirstUnderWay(record)
        ),
      );
    }
  }

  isWaiting(id: number): boolean {
    return NAMES.some((name) =>
      this.me.records[name].chain.some(({ waiters }) => waiters.includes(id))
    );
  }

  receive({ type, name, kind, token }: Frame): void {
    const { me } = this;
    const record = me.records[name];
    const own = findAsk(record);
    if (type !== "ask") {
      if (own?.token === token) this.#getAnswer(name, type === "yes");
      else this.note(() => "drops a late answer");
      return;
    }
    if (own !== undefined && own.kind !== kind) {
      // Only an old peer asks for the contrary before it says yes.
      if (!this.stage.hasOldPeer) {
        this.fault("two of ours ask for the contrary");
      }
      this.#getAnswer(name, true);
    }
    // That may have begun the next entry of the chain.
    const crossed = findAsk(record);
    if (crossed?.kind === kind) {
      record.phase = { ...crossed, isCrossed: true };
      return this.send("yes", { name, kind, token });
    }
    me.queue.push({ name, kind, token, life: me.life });
  }

  findNext(): number {
    const { hooks, queue, life, records } = this.me;
    if (hooks.some(({ awaits }) => awaits === 0)) return -1;
    return queue.findIndex((ask) =>
      ask.name !== "namespace" && ask.life !== life ||
      records[ask.name].phase.type === "idle"
    );
  }

  begin({ name, kind, token, life }: ReceivedAsk): void {
    const { me, side } = this;
    const isRoom = name !== "namespace";
    if (isRoom && (life !== me.life || !me.records.namespace.isIn)) {
      return this.send("no", { name, kind, token });
    }
    if (this.isAlready(name, kind)) {
      return this.send("yes", { name, kind, token });
    }
    if (!isRoom && kind === "leave" && side === "client") {
      return this.#endNamespace({ token });
    }
    me.records[name].phase = { type: "answering", kind, isAgreed: false };
    this.fire(nameQuestion(name, kind));
    const at = kind === "enter" ? "answeringEnter" : "answeringLeave";
    this.run(at, name, { token });
  }

  end(hook: Hook, isRefused: boolean): void {
    const { at, name, life, token, waiters } = hook;
    if (at === "entered" || at === "left") {
      this.#sendOwed(name, token);
      return this.settle(waiters, "done");
    }
    if (life !== this.me.life) return this.#endVoid(hook);
    switch (at) {
      case "deciding":
        return this.#endDeciding(name, isRefused);
      case "answeringEnter":
        if (!isRefused) return this.#enter(name, { token });
        this.send("no", { name, kind: "enter", token });
        return this.#rest(name);
      case "answeringLeave":
        return this.#endAnsweringLeave(name, { token, isRefused });
      case "telling":
        return this.#leaveRoom(name, { waiters });
      case "ending":
        return this.#leaveNamespace({ token, waiters });
    }
  }

  loseSocket(): void {
    const { me } = this;
    for (const name of [...ROOMS, "namespace"] as const) {
      const record = me.records[name];
      me.goal[name] = this.side === "client" && this.#isToBeEntered(name);
      for (const { kind, waiters } of record.chain) {
        this.settle(waiters, kind === "leave" ? "done" : "failed");
      }
      if (!record.isTold) continue;
      if (name !== "namespace" && record.phase.type !== "telling") {
        this.fire("OnRoomLeave");
      }
      this.tell(name, false);
    }
    if (!me.goal.namespace) this.#dropRoomGoals();
    for (const { waiters } of me.hooks) this.settle(waiters, "done");
    Object.assign(me, {
      records: makeRecords(),
      queue: [],
      hooks: [],
      life: me.life + 1,
    });
  }

  comeBack(): void {
    if (this.me.goal.namespace) this.#enterAgain("namespace");
  }

  /** Makes a call that begins only when call number `after` has ended. */
  #callAfter(
    name: Name,
    kind: Kind,
    { id, by, after }: NewCall & { readonly after: number },
  ): void {
    const { me } = this;
    const result = this.#settleByGoal(name, kind) ??
      this.#settleByNamespace(name, kind) ??
      this.#settleByHook(name, kind, { id, by });
    if (result !== undefined) return this.settle([id], result);
    const record = me.records[name];
    // A hook of the room before may await this call.
    if (after === 0) this.#release(name);
    const last = record.chain.at(-1);
    if (last?.kind === kind) return void last.waiters.push(id);
    if (last === undefined && this.isAlready(name, kind)) {
      if (kind === "leave") return this.settle([id], "failed");
      if (record.phase.type === "idle") return this.settle([id], "done");
    }
    if (name === "namespace" && kind === "leave") this.#dropRoomGoals();
    record.chain.push({ kind, waiters: [id], after });
    this.#start(name);
  }

  /** Begins at once what `leaveAll()` holds back. */
  #release(name: Name): void {
    for (const entry of this.me.records[name].chain) entry.after = 0;
    this.#start(name);
  }

  #isHeld({ after }: Entry): boolean {
    return after > 0 && this.me.calls[after - 1]!.result === "pending";
  }

  /** What is still to be entered again can be left at once. */
  #settleByGoal(name: Name, kind: Kind): Result | undefined {
    const { goal, records } = this.me;
    const { isIn, chain } = records[name];
    if (kind === "leave" && goal[name] && !isIn && chain.length === 0) {
      this.#dropGoal(name);
      return "done";
    }
    return this.stage.world.isAway ? "failed" : undefined;
  }

  /** A room needs a namespace that is not about to be left. */
  #settleByNamespace(name: Name, kind: Kind): Result | undefined {
    if (name === "namespace") return undefined;
    const { isIn, phase } = this.me.records.namespace;
    if (!isIn) return "failed";
    if (phase.type === "ending") return kind === "leave" ? "done" : "failed";
    const isAskingToLeave = phase.type === "asking" && phase.kind === "leave";
    return isAskingToLeave && kind === "enter" ? "failed" : undefined;
  }

  /** A hook that decides about a name, or tells of it, awaits nothing of it. */
  #settleByHook(
    name: Name,
    kind: Kind,
    { id, by }: NewCall,
  ): Result | undefined {
    const { me } = this;
    if (by?.name !== name || by.life !== me.life) return undefined;
    if (!BINDING.includes(by.at)) return undefined;
    me.calls[id - 1]!.isPart = true;
    const record = me.records[name];
    const { phase } = record;
    switch (phase.type) {
      case "telling":
      case "ending":
        return kind === "leave" ? "done" : "failed";
      case "answering":
        if (phase.kind === "enter") return "failed";
        if (kind === "leave") record.phase = { ...phase, isAgreed: true };
        return "done";
      default:
        return "failed";
    }
  }

  /** Begins what is first in the chain, if nothing is under way. */
  #start(name: Name): void {
    const record = this.me.records[name];
    while (record.phase.type === "idle" && record.chain.length > 0) {
      const [first] = record.chain;
      const { kind, waiters } = first!;
      if (this.#isHeld(first!)) return;
      if (this.isAlready(name, kind)) {
        record.chain.shift();
        this.settle(waiters, "done");
      } else if (name === "namespace" && kind === "enter") {
        record.phase = { type: "deciding", isCrossed: false };
        this.fire("OnNamespaceConnect");
        this.run("deciding", name);
      } else this.#ask(name, kind);
    }
  }

  #rest(name: Name): void {
    this.me.records[name].phase = { type: "idle" };
    this.#start(name);
  }

  #ask(
    name: Name,
    kind: Kind,
    { type = "asking" }: { type?: "asking" | "takingBack" } = {},
  ): void {
    const { me } = this;
    const record = me.records[name];
    this.#sendOwed(name, record.owed);
    const token = this.sendAsk(name, kind);
    // What asks for the same, and waits for its turn, waits no longer.
    const isCrossing = (ask: ReceivedAsk) =>
      ask.name === name && ask.kind === kind &&
      (name === "namespace" || ask.life === me.life);
    const crossing = me.queue.filter(isCrossing);
    me.queue = me.queue.filter((ask) => !isCrossing(ask));
    for (const ask of crossing) this.send("yes", ask);
    const isCrossed = crossing.length > 0;
    record.phase = { type, kind, token, isCrossed };
  }

  /** The own ask under way is answered. */
  #getAnswer(name: Name, isYes: boolean): void {
    const record = this.me.records[name];
    const { type, kind, isCrossed } = findAsk(record)!;
    const isGranted = isYes || isCrossed;
    if (type === "takingBack") {
      return isGranted ? this.#rest(name) : this.#enter(name);
    }
    const { waiters } = record.chain[0]!;
    if (!isGranted) {
      record.chain.shift();
      this.settle(waiters, "failed");
      if (kind === "enter") this.#dropGoal(name);
      return this.#rest(name);
    }
    if (kind === "enter") {
      if (waiters.length === 0 && !isCrossed) {
        record.chain.shift();
        return this.#ask(name, "leave", { type: "takingBack" });
      }
      if (name === "namespace") return this.#enterForCalls(name);
      record.phase = { type: "deciding", isCrossed };
      this.fire("OnRoomJoin");
      return this.run("deciding", name);
    }
    record.chain.shift();
    if (name === "namespace") return this.#endNamespace({ waiters });
    record.phase = { type: "telling" };
    this.fire("OnRoomLeave");
    this.run("telling", name, { waiters });
  }

  /** The own hook has ended: before the ask for a namespace, after a join. */
  #endDeciding(name: Name, isRefused: boolean): void {
    const record = this.me.records[name];
    const { phase, chain: [first] } = record;
    const { waiters } = first!;
    const isCrossed = phase.type === "deciding" && phase.isCrossed;
    if (!isRefused && (waiters.length > 0 || isCrossed)) {
      return name === "namespace"
        ? this.#ask(name, "enter")
        : this.#enterForCalls(name);
    }
    record.chain.shift();
    this.settle(waiters, "failed");
    this.#dropGoal(name);
    if (name === "namespace") return this.#rest(name);
    this.#ask(name, "leave", { type: "takingBack" });
  }

  #endAnsweringLeave(
    name: Name,
    { token, isRefused }: { token: number; isRefused: boolean },
  ): void {
    const { phase } = this.me.records[name];
    const isAgreed = phase.type === "answering" && phase.isAgreed;
    if (isRefused && this.side === "server" && !isAgreed) {
      this.send("no", { name, kind: "leave", token });
      return this.#rest(name);
    }
    if (name === "namespace") return this.#endNamespace({ token });
    this.#leaveRoom(name, { token });
  }

  /** A hook has ended whose namespace was left meanwhile. */
  #endVoid({ at, name, token }: Hook): void {
    if (at === "answeringEnter") {
      this.send("no", { name, kind: "enter", token });
    }
    if (at === "answeringLeave") {
      this.send("no", { name, kind: "leave", token });
    }
  }

  /** The name is in, as the first entry of the chain wants. */
  #enterForCalls(name: Name): void {
    const { waiters } = this.me.records[name].chain.shift()!;
    this.#enter(name, { waiters });
  }

  /** The name is in; `token` is that of the ask for it, if it was asked for. */
  #enter(
    name: Name,
    { token = 0, waiters = [] }: { token?: number; waiters?: number[] } = {},
  ): void {
    const { me } = this;
    const record = me.records[name];
    const isNamespace = name === "namespace";
    record.isIn = true;
    record.phase = { type: "idle" };
    me.goal[name] = false;
    if (isNamespace) me.life++;
    this.#sendOwed(name, record.owed);
    if (token > 0) this.send("yes", { name, kind: "enter", token });
    this.tell(name, true);
    this.run("entered", name, { waiters });
    this.#start(name);
    if (!isNamespace) return;
    for (const room of ROOMS) if (me.goal[room]) this.#enterAgain(room);
  }

  #enterAgain(name: Name): void {
    this.me.records[name].chain.push({
      kind: "enter",
      waiters: [RE_ENTRY],
      after: 0,
    });
    this.#start(name);
  }

  #leaveRoom(
    name: Name,
    { token = 0, waiters = [] }: {
      token?: number;
      waiters?: readonly number[];
    },
  ): void {
    const record = this.me.records[name];
    record.isIn = false;
    record.phase = { type: "idle" };
    record.owed = token;
    if (this.side === "client") this.#sendOwed(name, token);
    this.tell(name, false);
    this.run("left", name, { token: record.owed, waiters });
    this.#start(name);
  }

  /** Sends the answer that waits for a hook, unless it was sent already. */
  #sendOwed(name: Name, token: number): void {
    const record = this.me.records[name];
    if (token === 0 || record.owed !== token) return;
    record.owed = 0;
    this.send("yes", { name, kind: "leave", token });
  }

  /** The namespace is left for certain: its life ends, its rooms are told. */
  #endNamespace(
    { token = 0, waiters = [] }: {
      token?: number;
      waiters?: readonly number[];
    },
  ): void {
    const { me } = this;
    me.life++;
    me.goal = makeGoal();
    me.records.namespace.phase = { type: "ending" };
    for (const name of ROOMS) this.#endRoom(name);
    this.run("ending", "namespace", { token, waiters });
  }

  #endRoom(name: Name): void {
    const { hooks, records } = this.me;
    const record = records[name];
    this.#sendOwed(name, record.owed);
    for (const { kind, waiters } of record.chain) {
      this.settle(waiters, kind === "leave" ? "done" : "failed");
    }
    for (const hook of hooks) {
      const isTelling = hook.at === "telling" && hook.name === name;
      if (isTelling) this.settle(hook.waiters, "done");
    }
    if (record.isTold) {
      if (record.phase.type !== "telling") this.fire("OnRoomLeave");
      this.tell(name, false);
    }
    records[name] = makeRecord();
  }

  /** The rooms have been told that the namespace is left. */
  #leaveNamespace(
    { token, waiters }: { token: number; waiters: readonly number[] },
  ): void {
    const record = this.me.records.namespace;
    const wasAsked = token > 0;
    record.isIn = false;
    if (wasAsked) this.send("yes", { name: "namespace", kind: "leave", token });
    // A server was asked OnNamespaceDisconnect before.
    if (wasAsked && this.side === "server") this.markTold("namespace", false);
    else this.tell("namespace", false);
    record.phase = { type: "idle" };
    this.run("left", "namespace", { waiters });
    this.#start("namespace");
  }

  #isToBeEntered(name: Name): boolean {
    const { goal, records } = this.me;
    const { isIn, phase: { type }, chain } = records[name];
    if (chain.some(({ kind }) => kind === "leave")) return false;
    return goal[name] || isIn && type !== "telling" && type !== "ending";
  }

  #dropGoal(name: Name): void {
    this.me.goal[name] = false;
    if (name === "namespace") this.#dropRoomGoals();
  }

  #dropRoomGoals(): void {
    for (const room of ROOMS) this.me.goal[room] = false;
  }
}

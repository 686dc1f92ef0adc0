import { type NewCall, Peer } from "./peer.ts";
import {
  type Frame,
  type Hook,
  type Kind,
  makeRecord,
  makeRecords,
  type Name,
  type PendingAsk,
  RE_ENTRY,
  type ReceivedAsk,
  ROOMS,
} from "./world.ts";

/**
 * A side that keeps the rules of before README.md. The search must find their
 * faults; if it does not, it would not find those of other rules either.
 */
export class BeforePeer extends Peer {
  call(name: Name, kind: Kind, { id }: NewCall): void {
    const { me, stage: { world } } = this;
    const isRoom = name !== "namespace";
    if (world.isAway || isRoom && !me.records.namespace.isIn) {
      return this.settle([id], "failed");
    }
    const shared = this.#findWanted(name, kind);
    if (shared !== undefined && (isRoom || kind === "enter")) {
      return void shared.waiters.push(id);
    }
    if (this.isAlready(name, kind)) {
      return this.settle([id], kind === "enter" ? "done" : "failed");
    }
    this.#ask(name, kind, { waiter: id });
  }

  giveUp(id: number): void {
    for (const own of this.me.pending) {
      const isFirst = own.waiters[0] === id;
      if (isFirst) this.settle(own.waiters, "failed");
      own.waiters = isFirst
        ? []
        : own.waiters.filter((waiter) => waiter !== id);
    }
  }

  isWaiting(id: number): boolean {
    return this.me.pending.some(({ waiters }) => waiters.includes(id));
  }

  receive({ type, name, kind, token }: Frame): void {
    const { me } = this;
    if (type === "ask") {
      return void me.queue.push({ name, kind, token, life: me.life });
    }
    const own = me.pending.find((ask) => ask.token === token);
    if (own === undefined) return;
    me.pending = me.pending.filter((ask) => ask !== own);
    if (type === "yes") return this.#getYes(own);
    const isInAgain = name === "namespace" && kind === "enter" &&
      me.records.namespace.isJoinedAgain && own.waiters.length > 0;
    if (isInAgain) return this.#enter(name, own.waiters);
    this.settle(own.waiters, "failed");
  }

  findNext(): number {
    const { hooks, queue, records } = this.me;
    if (hooks.some(({ awaits }) => awaits === 0)) return -1;
    return queue.findIndex(({ name }) =>
      records.namespace.phase.type === "idle" &&
      records[name].phase.type === "idle"
    );
  }

  begin({ name, kind, token }: ReceivedAsk): void {
    const { me, side } = this;
    const record = me.records[name];
    const isRoom = name !== "namespace";
    if (isRoom && !me.records.namespace.isIn) {
      return this.send("no", { name, kind, token });
    }
    const crossing = isRoom ? "leave" : "enter";
    if (kind === "enter" && this.#findWanted(name, crossing)) {
      record.isJoinedAgain = true;
      return this.send("yes", { name, kind, token });
    }
    if (this.isAlready(name, kind)) {
      return this.send("yes", { name, kind, token });
    }
    if (kind === "leave" && !isRoom && side === "client") {
      this.#leave(name);
      return this.send("yes", { name, kind, token });
    }
    record.phase = { type: "answering", kind, isAgreed: false };
    const at = kind === "enter" ? "answeringEnter" : "answeringLeave";
    this.run(at, name, { token });
  }

  end({ at, name, token }: Hook, isRefused: boolean): void {
    if (at === "entered") {
      if (token > 0) this.send("yes", { name, kind: "enter", token });
      return;
    }
    const { records } = this.me;
    const record = records[name];
    record.phase = { type: "idle" };
    const kind = at === "answeringEnter" ? "enter" : "leave";
    if (isRefused && (kind === "enter" || this.side === "server")) {
      return this.send("no", { name, kind, token });
    }
    if (kind === "leave") {
      if (record.isIn) this.#leave(name);
      return this.send("yes", { name, kind, token });
    }
    const isRoom = name !== "namespace";
    if (isRoom && !records.namespace.isIn) {
      return this.send("no", { name, kind, token });
    }
    if (record.isIn) return this.send("yes", { name, kind, token });
    record.isIn = true;
    if (!isRoom) this.send("yes", { name, kind, token });
    this.tell(name, true);
    this.run("entered", name, { token: isRoom ? token : 0 });
  }

  loseSocket(): void {
    const { me } = this;
    for (const { waiters } of me.pending) this.settle(waiters, "failed");
    for (const name of [...ROOMS, "namespace"] as const) {
      const { isIn, isTold } = me.records[name];
      if (this.side === "client" && isIn) me.goal[name] = true;
      if (isTold) this.tell(name, false);
    }
    Object.assign(me, {
      records: makeRecords(),
      queue: [],
      hooks: [],
      pending: [],
      life: me.life + 1,
    });
  }

  comeBack(): void {
    if (this.me.goal.namespace) {
      this.#ask("namespace", "enter", { waiter: RE_ENTRY });
    }
  }

  /** The own ask under way that somebody still waits for. */
  #findWanted(name: Name, kind: Kind): PendingAsk | undefined {
    return this.me.pending.find((ask) =>
      ask.name === name && ask.kind === kind && ask.waiters.length > 0
    );
  }

  #ask(name: Name, kind: Kind, { waiter }: { waiter: number }): void {
    const { me } = this;
    const token = this.sendAsk(name, kind);
    me.pending.push({ token, name, kind, life: me.life, waiters: [waiter] });
  }

  #getYes({ name, kind, life, waiters }: PendingAsk): void {
    const { me } = this;
    const record = me.records[name];
    const isRoom = name !== "namespace";
    if (waiters.length === 0 && kind === "enter") {
      // Taken back, and the answer to that does not count.
      if (!isRoom || !record.isIn) this.sendAsk(name, "leave");
      return;
    }
    if (isRoom && life !== me.life) return this.settle(waiters, "failed");
    if (kind === "enter") {
      if (record.isIn) return this.settle(waiters, "done");
      return this.#enter(name, waiters);
    }
    if (record.isIn) this.#leave(name);
    this.settle(waiters, "done");
    if (isRoom && record.isJoinedAgain && me.records.namespace.isIn) {
      this.#enter(name, []);
    }
  }

  #enter(name: Name, waiters: readonly number[]): void {
    const { goal, records } = this.me;
    records[name].isIn = true;
    records[name].isJoinedAgain = false;
    this.tell(name, true);
    this.settle(waiters, "done");
    this.run("entered", name);
    goal[name] = false;
    if (name !== "namespace") return;
    for (const room of ROOMS) {
      if (goal[room]) this.#ask(room, "enter", { waiter: RE_ENTRY });
    }
  }

  #leave(name: Name): void {
    const { me } = this;
    if (name === "namespace") {
      me.life++;
      for (const room of ROOMS) {
        if (me.records[room].isIn) this.#leave(room);
        me.records[room] = makeRecord();
      }
    }
    me.records[name].isIn = false;
    this.tell(name, false);
  }
}

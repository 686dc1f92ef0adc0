import { type Asked, type NewCall, Peer } from "./peer.ts";
import {
  type Frame,
  type Hook,
  type Kind,
  makeRecord,
  makeRecords,
  type Name,
  type PendingAsk,
  ROOMS,
} from "./world.ts";

/**
 * A side that does as Go does: it reads one frame after another, and its calls
 * run beside that. Nothing ties an answer to a later call about the same name.
 */
export class GoPeer extends Peer {
  call(name: Name, kind: Kind, { id }: NewCall): void {
    const { me, stage: { world } } = this;
    const isRoom = name !== "namespace";
    if (world.isAway || isRoom && !me.records.namespace.isIn) {
      return this.settle([id], "failed");
    }
    if (this.isAlready(name, kind)) {
      return this.settle([id], kind === "enter" ? "done" : "failed");
    }
    const token = this.sendAsk(name, kind);
    me.pending.push({ token, name, kind, life: me.life, waiters: [id] });
  }

  giveUp(id: number): void {
    const { me } = this;
    me.pending = me.pending.filter(({ waiters }) => waiters[0] !== id);
  }

  isWaiting(id: number): boolean {
    return this.me.pending.some(({ waiters }) => waiters.includes(id));
  }

  receive({ type, name, kind, token }: Frame): void {
    if (type === "ask") return this.#getAsk({ name, kind, token });
    const { me } = this;
    const own = me.pending.find((ask) => ask.token === token);
    if (own === undefined) return;
    me.pending = me.pending.filter((ask) => ask !== own);
    if (type === "yes") this.#change(own);
    this.settle(own.waiters, type === "yes" ? "done" : "failed");
  }

  override canReceive(): boolean {
    return this.me.hooks.length === 0;
  }

  /** Go has no queue: it reads no frame while it answers one. */
  findNext(): number {
    return -1;
  }

  begin(): void {
    throw new Error("Cannot begin an ask: Go has no queue");
  }

  end({ at, name, life, token }: Hook, isRefused: boolean): void {
    const kind = at === "answeringEnter" || at === "entered"
      ? "enter"
      : "leave";
    if (at === "entered" || at === "left") {
      return this.send("yes", { name, kind, token });
    }
    if (isRefused && (kind === "enter" || this.side === "server")) {
      return this.send("no", { name, kind, token });
    }
    this.#change({ name, kind, life });
    // The answer comes after a hook, and other goroutines go on meanwhile.
    this.run(kind === "enter" ? "entered" : "left", name, { token });
  }

  loseSocket(): void {
    const { me } = this;
    for (const { waiters } of me.pending) this.settle(waiters, "failed");
    Object.assign(me, {
      records: makeRecords(),
      hooks: [],
      pending: [],
      life: me.life + 1,
    });
  }

  /** Go does not enter again by itself. */
  comeBack(): void {}

  #getAsk({ name, kind, token }: Asked): void {
    // Go answers nothing about a room of a namespace that it is not in.
    if (name !== "namespace" && !this.me.records.namespace.isIn) return;
    if (this.isAlready(name, kind)) {
      return this.send("yes", { name, kind, token });
    }
    const at = kind === "enter" ? "answeringEnter" : "answeringLeave";
    this.run(at, name, { token });
  }

  #change(
    { name, kind, life }: Pick<PendingAsk, "name" | "kind" | "life">,
  ): void {
    const { me } = this;
    // Rooms belong to the object of the namespace, a new one each time.
    if (name !== "namespace" && life !== me.life) return;
    me.records[name].isIn = kind === "enter";
    if (name !== "namespace" || kind === "enter") return;
    me.life++;
    for (const room of ROOMS) me.records[room] = makeRecord();
  }
}

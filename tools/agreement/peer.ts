import {
  type Frame,
  type Hook,
  type HookPoint,
  type Kind,
  type Name,
  nameCall,
  nameNews,
  otherSide,
  RE_ENTRY,
  type ReceivedAsk,
  type Result,
  type Side,
  type SideName,
  type World,
} from "./world.ts";

/** A call of the program. */
export interface NewCall {
  readonly id: number;
  /** The hook that calls, if that is known. */
  readonly by?: Hook | undefined;
}

/** An ask, as the answer to it repeats it. */
export type Asked = Pick<Frame, "name" | "kind" | "token">;

/** What a peer needs of the play in which it takes part. */
export interface Stage {
  readonly world: World;
  /** Whether a side keeps other rules than ours. */
  readonly hasOldPeer: boolean;
  note(side: SideName, describe: () => string): void;
}

/** One side: its rules, and the actions that all rules have in common. */
export abstract class Peer {
  readonly stage: Stage;
  readonly side: SideName;

  constructor(stage: Stage, side: SideName) {
    this.stage = stage;
    this.side = side;
  }

  /** The program calls. */
  abstract call(name: Name, kind: Kind, call: NewCall): void;
  /** The program no longer waits for call number `id`. */
  abstract giveUp(id: number): void;
  /** Whether call number `id` can still be given up. */
  abstract isWaiting(id: number): boolean;
  abstract receive(frame: Frame): void;
  /** Finds the place in the queue of what may begin, or -1. */
  abstract findNext(): number;
  abstract begin(ask: ReceivedAsk): void;
  abstract end(hook: Hook, isRefused: boolean): void;
  abstract loseSocket(): void;
  /** The client has a new socket, and enters again what its goal says. */
  abstract comeBack(): void;

  /** Whether the next frame is read now. */
  canReceive(): boolean {
    return true;
  }

  /** The program leaves every room by one call. */
  leaveAll(): void {
    throw new Error("Cannot leave all rooms: these rules know one");
  }

  /** Finds a name whose first entry was held back and may begin. */
  findHeld(): Name | undefined {
    return undefined;
  }

  /** Begins what {@linkcode findHeld} has found. */
  startHeld(name: Name): void {
    throw new Error(`Cannot begin "${name}": these rules hold nothing back`);
  }

  get me(): Side {
    return this.stage.world.sides[this.side];
  }

  /** Whether the name is as a call, or an ask, wants it. */
  isAlready(name: Name, kind: Kind): boolean {
    return this.me.records[name].isIn === (kind === "enter");
  }

  note(describe: () => string): void {
    this.stage.note(this.side, describe);
  }

  fault(text: string): void {
    this.stage.world.fault ||= text;
  }

  send(type: Frame["type"], { name, kind, token }: Asked): void {
    const { world } = this.stage;
    if (world.isAway) return;
    this.note(() => {
      const answer = type === "ask" ? "" : `${type} to `;
      return `sends ${answer}${nameCall(name, kind)} #${token}`;
    });
    const { incoming } = world.sides[otherSide(this.side)];
    incoming.push({ type, name, kind, token });
  }

  /** Sends an ask with a new token. */
  sendAsk(name: Name, kind: Kind): number {
    const token = ++this.me.lastToken;
    this.send("ask", { name, kind, token });
    return token;
  }

  settle(waiters: readonly number[], result: Result): void {
    const { me } = this;
    for (const id of waiters) {
      if (id === RE_ENTRY) continue;
      const call = me.calls[id - 1]!;
      if (call.result !== "pending") continue;
      call.result = result;
      this.note(() =>
        `${nameCall(call.name, call.kind)}() [${id}] ${
          result === "done" ? "resolves" : "rejects"
        }`
      );
      for (const hook of me.hooks) if (hook.awaits === id) hook.awaits = 0;
    }
  }

  fire(hook: string): void {
    this.note(() => `fires ${hook}`);
  }

  /** Fires the hook that tells that the name is in, or no longer. */
  tell(name: Name, isIn: boolean): void {
    this.fire(nameNews(name, isIn));
    this.markTold(name, isIn);
  }

  /** Checks that the hooks of a name that come in pairs take turns. */
  markTold(name: Name, isIn: boolean): void {
    const record = this.me.records[name];
    if (record.isTold === isIn) {
      this.fault(`${nameNews(name, isIn)} twice, or without the other`);
    }
    record.isTold = isIn;
  }

  /** Lets a hook run; how long, the search decides. */
  run(
    at: HookPoint,
    name: Name,
    { token = 0, waiters = [] }: {
      token?: number;
      waiters?: readonly number[];
    } = {},
  ): void {
    const { hooks, life } = this.me;
    hooks.push({ at, name, life, token, waiters, awaits: 0 });
  }
}

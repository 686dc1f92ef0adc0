import type { Case } from "./cases.ts";
import type { Peer, Stage } from "./peer.ts";
import { BeforePeer } from "./rules_before.ts";
import { GoPeer } from "./rules_go.ts";
import { OurPeer } from "./rules_ours.ts";
import {
  type Hook,
  type Kind,
  KINDS,
  makeWorld,
  type Name,
  nameCall,
  nameHook,
  type SideName,
  SIDES,
  type World,
} from "./world.ts";

/** Something that can happen next; places are those in lists of the side. */
export type Step =
  | { readonly type: "receive"; readonly side: SideName }
  | {
    readonly type: "begin";
    readonly side: SideName;
    readonly place: number;
  }
  | {
    readonly type: "endHook" | "refuse";
    readonly side: SideName;
    readonly place: number;
  }
  | {
    readonly type: "call";
    readonly side: SideName;
    readonly name: Name;
    readonly kind: Kind;
    /** The place of the hook that calls, and awaits it. */
    readonly hook?: number;
  }
  | {
    readonly type: "giveUp" | "timeLimit";
    readonly side: SideName;
    readonly id: number;
  }
  | { readonly type: "leaveAll"; readonly side: SideName }
  | { readonly type: "startHeld"; readonly side: SideName; readonly name: Name }
  | { readonly type: "loseSocket" | "comeBack" };

const RULES = { ours: OurPeer, go: GoPeer, before: BeforePeer };
const REFUSABLE = ["deciding", "answeringEnter", "answeringLeave"];

/** Whether a step happens sooner or later, unlike what is up to a program. */
export function isForced({ type }: Step): boolean {
  return type === "receive" || type === "begin" || type === "endHook" ||
    type === "startHeld" ||
    type === "timeLimit" || type === "comeBack";
}

/** A case being played: its world, and what can happen in it. */
export class Play implements Stage {
  world: World;
  /** What has happened, if that is to be kept. */
  log: string[] | undefined;
  readonly hasOldPeer: boolean;
  readonly #case: Case;
  readonly #peers: Record<SideName, Peer>;

  constructor(c: Case) {
    const [client, server] = c.rules ?? ["ours", "ours"];
    this.#case = c;
    this.hasOldPeer = c.rules !== undefined;
    this.#peers = {
      client: new RULES[client](this, "client"),
      server: new RULES[server](this, "server"),
    };
    this.world = makeWorld(c.start, {
      clientCalls: c.calls[0],
      serverCalls: c.calls[1],
      hookCalls: c.hookCalls ?? 0,
      giveUps: c.giveUps ?? 0,
      refusals: c.refusals ?? 0,
      losses: c.losses ?? 0,
    });
  }

  note(side: SideName, describe: () => string): void {
    this.log?.push(`${side}:   ${describe()}`);
  }

  /** Lists what can happen next. */
  listSteps(): Step[] {
    const { budget, isAway } = this.world;
    const steps: Step[] = [];
    if (isAway) steps.push({ type: "comeBack" });
    for (const side of SIDES) {
      this.#addFrames(steps, side);
      this.#addHooks(steps, side);
      this.#addCalls(steps, side);
      this.#addGiveUps(steps, side);
    }
    if (budget.losses > 0 && !isAway) steps.push({ type: "loseSocket" });
    if (!steps.some(isForced)) this.#addTimeLimits(steps);
    return steps;
  }

  /** Takes a step that {@linkcode listSteps} has given for this world. */
  take(step: Step): void {
    const { world } = this;
    switch (step.type) {
      case "comeBack":
        world.isAway = false;
        return this.#peers.client.comeBack();
      case "loseSocket":
        return this.#loseSocket();
      case "call":
        return this.#call(step);
    }
    const peer = this.#peers[step.side];
    const { incoming, queue, hooks } = peer.me;
    switch (step.type) {
      case "receive":
        return peer.receive(incoming.shift()!);
      case "begin":
        return peer.begin(queue.splice(step.place, 1)[0]!);
      case "endHook":
        return peer.end(hooks.splice(step.place, 1)[0]!, false);
      case "refuse":
        return this.#refuse(peer, hooks.splice(step.place, 1)[0]!);
      case "leaveAll":
        world.budget[`${step.side}Calls`]--;
        return peer.leaveAll();
      case "startHeld":
        return peer.startHeld(step.name);
      case "giveUp":
        world.budget.giveUps--;
        break;
      case "timeLimit":
        break;
    }
    peer.settle([step.id], "givenUp");
    peer.giveUp(step.id);
  }

  /** Says what a step of this world is. */
  describe(step: Step): string {
    switch (step.type) {
      case "comeBack":
        return "the client comes back";
      case "loseSocket":
        return "the socket is lost";
    }
    const { side } = step;
    const { incoming, queue, hooks, calls } = this.world.sides[side];
    switch (step.type) {
      case "receive": {
        const { type, name, kind, token } = incoming[0]!;
        const answer = type === "ask" ? "" : `${type} to `;
        return `${side} receives ${answer}${nameCall(name, kind)} #${token}`;
      }
      case "begin": {
        const { name, kind, token } = queue[step.place]!;
        return `${side} begins to answer ${nameCall(name, kind)} #${token}`;
      }
      case "endHook":
      case "refuse": {
        const verb = step.type === "refuse" ? "refuses" : "ends";
        return `${side}: ${nameHook(hooks[step.place]!)} ${verb}`;
      }
      case "call": {
        const call = `${nameCall(step.name, step.kind)}()`;
        const numbered = `${call} [${calls.length + 1}]`;
        return step.hook === undefined
          ? `${side} calls ${numbered}`
          : `${side}: ${nameHook(hooks[step.hook]!)} awaits ${numbered}`;
      }
      case "leaveAll":
        return `${side} calls leaveAll()`;
      case "startHeld":
        return `${side} goes on with ${nameCall(step.name, "leave")}()`;
      case "giveUp":
      case "timeLimit": {
        const { name, kind } = calls[step.id - 1]!;
        const call = `${nameCall(name, kind)}() [${step.id}]`;
        return step.type === "giveUp"
          ? `${side} gives up ${call}`
          : `${side}: the time limit of ${call} passes`;
      }
    }
  }

  #addFrames(steps: Step[], side: SideName): void {
    const peer = this.#peers[side];
    if (peer.me.incoming.length > 0 && peer.canReceive()) {
      steps.push({ type: "receive", side });
    }
    const place = peer.findNext();
    if (place >= 0) steps.push({ type: "begin", side, place });
    const name = peer.findHeld();
    if (name !== undefined) steps.push({ type: "startHeld", side, name });
  }

  #addHooks(steps: Step[], side: SideName): void {
    const { sides, budget } = this.world;
    for (const [place, { at, awaits }] of sides[side].hooks.entries()) {
      if (awaits > 0) continue;
      steps.push({ type: "endHook", side, place });
      if (budget.refusals > 0 && REFUSABLE.includes(at)) {
        steps.push({ type: "refuse", side, place });
      }
      if (budget.hookCalls === 0 || !this.#isActive(side)) continue;
      for (const name of this.#case.names) {
        for (const kind of KINDS) {
          steps.push({ type: "call", side, name, kind, hook: place });
        }
      }
    }
  }

  #addCalls(steps: Step[], side: SideName): void {
    const { names, kinds } = this.#case;
    if (this.world.budget[`${side}Calls`] === 0) return;
    if (this.#case.hasLeaveAll) steps.push({ type: "leaveAll", side });
    const allowed = kinds?.[SIDES.indexOf(side)];
    for (const name of names) {
      for (const kind of KINDS) {
        if (allowed?.includes(nameCall(name, kind)) === false) continue;
        steps.push({ type: "call", side, name, kind });
      }
    }
  }

  #addGiveUps(steps: Step[], side: SideName): void {
    const { sides, budget } = this.world;
    if (budget.giveUps === 0 || !this.#isActive(side)) return;
    for (const [place, { result }] of sides[side].calls.entries()) {
      const id = place + 1;
      if (result !== "pending" || !this.#peers[side].isWaiting(id)) continue;
      steps.push({ type: "giveUp", side, id });
    }
  }

  /** Hooks that wait for themselves, or for each other, do not for ever. */
  #addTimeLimits(steps: Step[]): void {
    const { isCallerUnknown, hasTimeLimits } = this.#case;
    if (!isCallerUnknown && !hasTimeLimits) return;
    for (const side of SIDES) {
      for (const { awaits } of this.world.sides[side].hooks) {
        if (awaits > 0) steps.push({ type: "timeLimit", side, id: awaits });
      }
    }
  }

  #isActive(side: SideName): boolean {
    return (this.#case.only ?? side) === side;
  }

  #call({ side, name, kind, hook }: Extract<Step, { type: "call" }>): void {
    const { budget, isAway } = this.world;
    const peer = this.#peers[side];
    const { calls, hooks, goal } = peer.me;
    calls.push({ name, kind, result: "pending", isPart: false });
    const id = calls.length;
    const caller = hook === undefined ? undefined : hooks[hook]!;
    if (caller === undefined) budget[`${side}Calls`]--;
    else {
      budget.hookCalls--;
      caller.awaits = id;
    }
    const isInGoal = isAway && kind === "leave" && goal[name];
    const by = this.#case.isCallerUnknown ? undefined : caller;
    peer.call(name, kind, { id, by });
    if (isInGoal && calls[id - 1]!.result === "failed") {
      peer.fault(`${side}: it is refused to leave while away`);
    }
  }

  #refuse(peer: Peer, hook: Hook): void {
    const { world } = this;
    world.budget.refusals--;
    world.hasRefusedLeave ||= hook.at === "answeringLeave";
    peer.end(hook, true);
  }

  #loseSocket(): void {
    const { world } = this;
    world.budget.losses--;
    world.isAway = true;
    world.hasLostSocket = true;
    for (const side of SIDES) world.sides[side].incoming = [];
    for (const side of SIDES) this.#peers[side].loseSocket();
  }
}

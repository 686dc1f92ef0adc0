import {
  CloseError,
  type ConnHandler,
  EventError,
  handlerSource,
  type Message,
  type NamespaceSource,
  type NSConn,
  OnNamespaceConnect,
  OnNamespaceConnected,
  OnNamespaceDisconnect,
  OnRoomJoin,
  OnRoomJoined,
  OnRoomLeave,
  OnRoomLeft,
  type SourceHandler,
} from "../../../neffos/mod.ts";
import { describeCall } from "./calls.ts";
import { type HookRun, nameOf } from "./journal.ts";
import { type Behaviour, behaviourOf, type Side } from "./plan.ts";
import type { World } from "./world.ts";

/** The object that the hooks of a connection in a namespace work on. */
export interface Instance {
  readonly side: Side;
  readonly namespace: string;
  readonly conn: number;
  isDisposed: boolean;
}

/** An error out of a hook that is no EventError. */
class InjectedError extends Error {
  override name = "InjectedError";
}

const HOOKS = [
  OnNamespaceConnect,
  OnNamespaceConnected,
  OnNamespaceDisconnect,
  OnRoomJoin,
  OnRoomJoined,
  OnRoomLeave,
  OnRoomLeft,
];

/** The handlers of both sides. */
export class Hooks {
  readonly instances: Instance[] = [];
  readonly #world: World;
  readonly #counts = new Map<string, number>();
  #calls = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** Makes what handles the events of a side. */
  handlerOf(side: Side): ConnHandler {
    const { namespaces } = this.#world.plan.setup;
    return {
      [handlerSource]: () =>
        namespaces.map((namespace) => this.#sourceOf(side, namespace)),
    };
  }

  #sourceOf(side: Side, namespace: string): NamespaceSource {
    const handlers = new Map<string, SourceHandler>();
    for (const event of HOOKS) {
      handlers.set(event, (nsConn, msg, instance) => {
        this.#seen(side, nsConn, msg, instance as Instance);
        this.#checkBody(side, msg);
        return this.#run(side, nsConn, msg);
      });
    }
    handlers.set("onAsk", (nsConn, msg, instance) => {
      this.#seen(side, nsConn, msg, instance as Instance);
      const done = this.#run(side, nsConn, msg);
      const answer = `echo ${msg.text()}`;
      return done instanceof Promise ? done.then(() => answer) : answer;
    });
    handlers.set("onSay", (nsConn, msg, instance) => {
      // The peer's handler has refused an event.
      if (msg.error !== undefined) return;
      this.#seen(side, nsConn, msg, instance as Instance);
      const { events } = this.#world;
      events.arrived(side, nsConn, msg);
      const done = this.#run(side, nsConn, msg);
      return done instanceof Promise
        ? done.finally(() => events.handled(nsConn))
        : events.handled(nsConn);
    });
    return {
      namespace,
      name: `the ${side}`,
      handlers,
      bind: ({ conn }) => {
        const instance: Instance = {
          side,
          namespace,
          conn: this.#world.numberOf(side, conn),
          isDisposed: false,
        };
        this.instances.push(instance);
        return {
          instance,
          dispose: () => {
            instance.isDisposed = true;
          },
        };
      },
    };
  }

  #seen(side: Side, nsConn: NSConn, msg: Message, instance: Instance): void {
    const world = this.#world;
    world.remember(nsConn);
    for (const room of nsConn.rooms) world.remember(room);
    const isRight = instance.side === side && !instance.isDisposed &&
      instance.namespace === nsConn.namespace;
    if (isRight) return;
    const text = `${msg.event} of ${
      nameOf(msg)
    } comes to one that is disposed, on the ${side}`;
    world.journal.fail("an instance is not the one", text);
  }

  /** A body has to be that of a call of the right side about this name. */
  #checkBody(side: Side, msg: Message): void {
    const body = msg.text();
    if (body === "") return;
    const { journal } = this.#world;
    const caller = msg.isLocal === (side === "client") ? "client" : "server";
    const [, about, by, id] = /^(.*) by the (\w+) \[(\d+)\]$/.exec(body) ?? [];
    const call = journal.calls[Number(id) - 1];
    const isRight = about === nameOf(msg) && by === caller &&
      (call === undefined || nameOf(call) === about);
    const isEntry = /(Connect|Connected|Join|Joined)$/.test(msg.event);
    if (isRight && isEntry) return;
    const text = `${msg.event} of ${nameOf(msg)}: ${body}, on the ${side}`;
    journal.fail("a body is not that of the attempt", text);
  }

  #run(side: Side, nsConn: NSConn, msg: Message): unknown {
    const { journal, plan, book } = this.#world;
    const { namespace, room, isLocal, isForced } = msg;
    const event = msg.event.replace(/^_/, "");
    const conn = this.#world.numberOf(side, nsConn.conn);
    const run: HookRun = {
      id: journal.hooks.length + 1,
      side,
      event,
      namespace,
      room,
      isLocal,
      isForced,
      conn,
      begun: journal.next(),
      ended: 0,
      outcome: undefined,
      life: 0,
      hasAgreed: false,
    };
    journal.hooks.push(run);
    const key = this.#keyOf(run);
    const behaviour = msg.event.startsWith("_")
      ? behaviourOf(plan, key, this.#calls)
      : this.#behaviourOfEvent(key);
    const { delay, outcome, call } = behaviour;
    const isPlain = delay === undefined && outcome === "ok" && !call;
    if (!isPlain) journal.unplain.push([key, behaviour]);
    if (call) this.#calls++;
    journal.note(() => {
      const flags = `${isLocal ? " local" : ""}${isForced ? " forced" : ""}`;
      const doing = isPlain ? "" : ` {${describeBehaviour(behaviour)}}`;
      return `${describeRun(run)}${flags}${doing}`;
    });
    book.begins(run);
    this.#checkObject(run, nsConn);
    this.#checkLimits();
    if (isPlain) return this.#end(run, "ok", true);
    if (delay !== undefined || call?.isAwaited) {
      return this.#goOn(run, nsConn, behaviour);
    }
    if (call) this.#call(run, nsConn, call);
    return this.#end(run, outcome);
  }

  /** What the handler of an event does: it waits and calls, and never fails. */
  #behaviourOfEvent(key: string): Behaviour {
    const { plan, isProbed } = this.#world;
    if (isProbed) return { outcome: "ok" };
    const { delay, call } = behaviourOf(plan, key, this.#calls);
    return {
      outcome: "ok",
      ...delay !== undefined && { delay },
      ...call && { call: { ...call, isPassedOn: false } },
    };
  }

  #keyOf(run: HookRun): string {
    const stem = `${run.side} ${run.event} ${nameOf(run)}`;
    const count = (this.#counts.get(stem) ?? 0) + 1;
    this.#counts.set(stem, count);
    return `${stem} ${count}`;
  }

  async #goOn(
    run: HookRun,
    nsConn: NSConn,
    { delay = 0, outcome, call }: Behaviour,
  ): Promise<void> {
    const { clock } = this.#world;
    try {
      if (call && !call.isLate) await this.#call(run, nsConn, call);
      if (delay > 0) {
        await new Promise<void>((resolve) => clock.set(delay, resolve));
      } else await undefined;
      if (call?.isLate) await this.#call(run, nsConn, call);
    } catch (error) {
      this.#end(run, "throw", false, error);
    }
    this.#end(run, outcome);
  }

  /** Makes a hook's call; throws what the hook is to throw because of it. */
  #call(
    run: HookRun,
    nsConn: NSConn,
    call: Behaviour["call"] & object,
  ): Promise<unknown> | undefined {
    const made = this.#world.calls.make(run.side, call, {
      by: { run, nsConn },
    });
    if (call.isAwaited && call.isPassedOn) return made;
    const quiet = made?.catch(() => {});
    return call.isAwaited ? quiet : undefined;
  }

  /** A hook ends; throws what it is to throw. */
  #end(
    run: HookRun,
    outcome: Behaviour["outcome"],
    isPlain = false,
    cause?: unknown,
  ): void {
    const { journal, book } = this.#world;
    run.ended = journal.next();
    run.outcome = outcome;
    if (!isPlain) journal.note(() => `${describeRun(run)} ends: ${outcome}`);
    book.ends(run);
    if (outcome === "ok") return;
    const error = cause ?? makeError(outcome, run.event);
    if (typeof error === "object") journal.thrown.add(error as object);
    throw error;
  }

  /** After a comeback, the objects are those from before. */
  #checkObject(run: HookRun, nsConn: NSConn): void {
    const { side, event, room } = run;
    if (side === "server" || !/(Connected|Joined)$/.test(event)) return;
    const { journal, book } = this.#world;
    const former = book.former.get(nameOf(run));
    if (former === undefined || former.isBack) return;
    former.isBack = true;
    const object = room === "" ? nsConn : nsConn.room(room);
    if (!former.isCertain || former.isRefused) return;
    if (object === former.object) return;
    journal.fail("another object after a comeback", nameOf(run));
  }

  #checkLimits(): void {
    const { plan, journal, server } = this.#world;
    const { maxRooms = Infinity, maxNamespaces = Infinity } = plan.setup;
    for (const { namespaces } of server.connections) {
      let rooms = 0;
      for (const nsConn of namespaces) rooms += nsConn.rooms.length;
      if (rooms <= maxRooms && namespaces.length <= maxNamespaces) continue;
      const text = `${namespaces.length} namespaces, ${rooms} rooms`;
      journal.fail("a limit is exceeded", text);
    }
  }
}

function makeError(outcome: Behaviour["outcome"], event: string): Error {
  switch (outcome) {
    case "refuse":
      return new EventError(`refused by ${event}`);
    case "close":
      return new CloseError(4001, `closed by ${event}`);
    default:
      return new InjectedError(`thrown by ${event}`);
  }
}

function describeRun(run: HookRun): string {
  const of = run.side === "server" ? ` (${run.conn})` : "";
  return `${run.side}${of} ${run.event} ${nameOf(run)} {${run.id}}`;
}

function describeBehaviour({ delay, outcome, call }: Behaviour): string {
  const parts: string[] = [];
  if (delay !== undefined) parts.push(`${delay} ms`);
  if (call !== undefined) {
    const how = call.isAwaited ? "awaits" : "calls";
    const then = call.isPassedOn ? ", passed on" : "";
    const when = call.isLate ? " at its end" : "";
    parts.push(`${how} ${describeCall(call)}${when}${then}`);
  }
  if (outcome !== "ok") parts.push(`${outcome}s`);
  return parts.join(", ");
}

import type { NSConn } from "../../../neffos/mod.ts";
import { sessionOf } from "../../../neffos/harness/mod.ts";
import { kindOf } from "./book.ts";
import { lastCallDecides } from "./last_call.ts";
import { type Name, nameOf } from "./journal.ts";
import { isLimited, type Side } from "./plan.ts";
import type { World } from "./world.ts";

const SIDES = ["client", "server"] as const;

/** Compares what both sides say, whenever nothing is left to happen. */
export class Comparison {
  readonly #world: World;
  readonly #names: Name[];
  /** What each side was in when it was compared last. */
  #before = new Set<string>();
  /** The place in the order of all that has happened then. */
  #since = 0;
  #lossesBefore = 0;

  constructor(world: World) {
    this.#world = world;
    const { namespaces, rooms } = world.plan.setup;
    this.#names = namespaces.flatMap((namespace) =>
      ["", ...rooms].map((room) => ({ namespace, room }))
    );
  }

  /** Compares, and tries whether events arrive. */
  async compare(): Promise<void> {
    const world = this.#world;
    world.journal.note(() => "rest");
    this.#ended();
    this.#released();
    this.#agree();
    this.#told();
    this.#instances();
    this.#decided();
    this.#cameBack();
    this.#arrived();
    for (const text of world.link?.isOpen ? world.link.unanswered : []) {
      world.journal.fail("an ask has not one answer", text);
    }
    // What is wrong already is not made clearer by what follows.
    if (world.journal.faults.length > 0) return;
    await world.journal.forget(() => this.#probe());
    this.#since = world.journal.order;
    this.#lossesBefore = world.losses;
    this.#before = new Set(
      SIDES.flatMap((side) =>
        this.#names
          .filter(({ namespace, room }) => world.find(side, namespace, room))
          .map((name) => `${side} ${nameOf(name)}`)
      ),
    );
  }

  /** Every promise has ended, and every hook. */
  #ended(): void {
    const { journal } = this.#world;
    for (const call of journal.calls) {
      const text = `[${call.id}] ${call.op} ${
        nameOf(call)
      } of the ${call.side}`;
      if (call.result === "pending") {
        journal.fail("a promise never ends", text);
      } else if (call.mustResolve && call.result !== "done") {
        call.mustResolve = false;
        journal.fail("refused while away", text);
      }
    }
    for (const hook of journal.hooks) {
      if (hook.ended > 0) continue;
      journal.fail("a promise never ends", `${hook.side} ${hook.event}`);
    }
  }

  /** Nothing is counted among what a connection holds. */
  #released(): void {
    const { journal, conn, client, isOver } = this.#world;
    if (isOver) return;
    for (const each of [conn, client?.conn]) {
      const { messages, bytes } = sessionOf(each!).receiver.held;
      if (messages === 0 && bytes === 0) continue;
      const side = each === conn ? "server" : "client";
      journal.fail(
        "messages are held",
        `${messages} by the ${side}, ${bytes} bytes`,
      );
    }
  }

  #agree(): void {
    const { journal, server, conn, client, isOver } = this.#world;
    const open = server.connections;
    if (open.length !== (isOver ? 0 : 1) || !isOver && open[0] !== conn) {
      const text = `the server has ${open.length} connections`;
      journal.fail("the sides disagree", text);
    }
    if (!isOver && client!.conn.isClosed) {
      journal.fail("the sides disagree", "the client does not come back");
    }
    for (const name of this.#names) {
      const { namespace, room } = name;
      const [ofClient, ofServer] = SIDES.map((side) =>
        this.#world.find(side, namespace, room) !== undefined
      );
      if (ofClient !== ofServer) {
        const text = `${nameOf(name)}: the client is ${
          say(ofClient!)
        }, the server ${say(ofServer!)}`;
        journal.fail("the sides disagree", text);
      }
      const members = server.room(namespace, room);
      const isRight = members.length === (ofServer ? 1 : 0) &&
        members.every((member) => member.conn === conn);
      if (isRight) continue;
      const text = `${
        nameOf(name)
      }: ${members.length} in the index, the server is ${say(ofServer!)}`;
      journal.fail("the index disagrees", text);
    }
  }

  /** What hooks were told last is what is. */
  #told(): void {
    const { journal, book, conn, numberOf } = this.#world;
    const number = conn ? numberOf.call(this.#world, "server", conn) : 0;
    for (const side of SIDES) {
      for (const { conn: of, namespace, told } of book.in(side)) {
        const isCurrent = side === "client" || of === number;
        for (const room of ["", ...this.#world.plan.setup.rooms]) {
          const isIn = isCurrent &&
            this.#world.find(side, namespace, room) !== undefined;
          if (room === "" && told.state === "maybe") continue;
          const isTold = room === ""
            ? told.state === "in"
            : told.rooms.has(room);
          if (isTold === isIn) continue;
          const where = side === "client" ? side : `server (${of})`;
          const text = `${where}: ${nameOf({ namespace, room })} is ${
            say(isIn)
          }, told was ${say(isTold)}`;
          journal.fail("hooks were told otherwise", text);
        }
      }
    }
  }

  /** Each connection in a namespace has the one object that it works on. */
  #instances(): void {
    const { journal, hooks, conn, plan } = this.#world;
    const number = conn ? this.#world.numberOf("server", conn) : 0;
    for (const side of SIDES) {
      for (const namespace of plan.setup.namespaces) {
        const alive = hooks.instances.filter((instance) =>
          instance.side === side && instance.namespace === namespace &&
          !instance.isDisposed
        );
        const isIn = this.#world.find(side, namespace) !== undefined;
        const current = side === "client" ? 0 : number;
        const isRight = alive.length === (isIn ? 1 : 0) &&
          alive.every(({ conn: of }) => of === current);
        if (isRight) continue;
        const text = `${side}: ${namespace} is ${
          say(isIn)
        }, ${alive.length} are not disposed`;
        journal.fail("an instance is not the one", text);
      }
    }
  }

  /** The last call that has succeeded decides, unless something else has a say. */
  #decided(): void {
    for (const side of SIDES) {
      for (const name of this.#names) this.#decidedOne(side, name);
    }
  }

  #decidedOne(side: Side, name: Name): void {
    const { journal, losses } = this.#world;
    const isDecided = lastCallDecides(this.#world, side, name, {
      since: this.#since,
      wasIn: this.#before.has(`${side} ${nameOf(name)}`),
      hasLost: losses > this.#lossesBefore,
    });
    if (isDecided) return;
    const isIn = this.#world.find(side, name.namespace, name.room) !==
      undefined;
    const text = `${side}: ${nameOf(name)} is ${say(isIn)}`;
    journal.fail("the last call does not decide", text);
  }

  /** What was not left is entered again, and what was kept has arrived. */
  #cameBack(): void {
    const { journal, book, isOver, losses, reports, plan } = this.#world;
    if (isOver || losses === 0) return;
    for (const [name, former] of book.former) {
      const { namespace, room, isCertain, isRefused, isToBeReported } = former;
      if (!isCertain || isLimited(plan.setup)) continue;
      const isIn = this.#world.find("client", namespace, room) !== undefined;
      if (!isIn && !isRefused) journal.fail("lost after a comeback", name);
      const isMissed = !isIn && isToBeReported && this.#isOwn(former) &&
        this.#world.find("client", namespace, "") !== undefined ===
          (room !== "");
      if (isMissed && reports.refusalsOf(namespace, room !== "") === 0) {
        journal.fail("a loss is not reported", name);
      }
      if (isIn && !isRefused) this.#keptArrived(name);
    }
    book.former.clear();
  }

  /** Whether the client has entered it itself, and has not left it since. */
  #isOwn(name: Name): boolean {
    const { calls, hooks } = this.#world.journal;
    const last = calls.findLast((call) =>
      call.side === "client" && call.result === "done" && kindOf(call, name)
    );
    if (last === undefined || kindOf(last, name) !== "enter") return false;
    const event = name.room === "" ? "OnNamespaceDisconnect" : "OnRoomLeft";
    return !hooks.some((hook) =>
      hook.side === "client" && hook.event === event && !hook.isLocal &&
      nameOf(hook) === nameOf(name) && hook.begun > last.ended
    );
  }

  #keptArrived(name: string): void {
    const { journal, losses } = this.#world;
    for (const emit of journal.emits) {
      if (!emit.isAway || !emit.isTaken || nameOf(emit) !== name) continue;
      if (emit.losses !== losses || emit.arrivals > 0) continue;
      journal.fail(
        "an event does not arrive",
        `[e${emit.id}], kept for ${name}`,
      );
    }
  }

  /** What was sent where nothing was left or refused has arrived. */
  #arrived(): void {
    const { journal, losses } = this.#world;
    if (losses > this.#lossesBefore) return;
    for (const name of this.#names) {
      if (!this.#isCalm(name)) continue;
      const isMissed = (about: Name & { begun: number }) =>
        about.begun > this.#since && about.namespace === name.namespace &&
        about.room === name.room;
      for (const emit of journal.emits.filter(isMissed)) {
        if (!emit.isTaken || emit.arrivals > 0) continue;
        const text = `[e${emit.id}] of the ${emit.side} to ${nameOf(name)}`;
        journal.fail("an event does not arrive", text);
      }
      for (const call of journal.calls.filter(isMissed)) {
        if (call.op !== "ask" || !call.wasIn || call.result !== "failed") {
          continue;
        }
        const text = `the ask [${call.id}] of the ${call.side}`;
        journal.fail("an event does not arrive", text);
      }
    }
  }

  /** Whether both are in, and nothing has happened that may have left it. */
  #isCalm(name: Name): boolean {
    const { namespace, room } = name;
    const { journal } = this.#world;
    if (!SIDES.every((side) => this.#world.find(side, namespace, room))) {
      return false;
    }
    const above = { namespace, room: "" };
    const hasCall = journal.calls.some((call) => {
      if (call.begun <= this.#since && call.ended <= this.#since) return false;
      const kind = kindOf(call, name) ?? kindOf(call, above);
      return kind === "leave" || kind === "enter" && call.result !== "done";
    });
    return !hasCall &&
      !journal.hooks.some((hook) =>
        hook.ended > this.#since && hook.outcome !== "ok" &&
        hook.namespace === namespace &&
        (hook.room === "" || hook.room === room)
      );
  }

  /** Events and asks arrive wherever both are in. */
  async #probe(): Promise<void> {
    const { journal, clock, events, calls } = this.#world;
    const [firstEmit, firstCall] = [journal.emits.length, journal.calls.length];
    for (const name of this.#names) {
      const { namespace, room } = name;
      if (!this.#world.find("client", namespace, room)) continue;
      if (!this.#world.find("server", namespace, room)) continue;
      for (const side of SIDES) {
        const nsConn = this.#world.find(side, namespace) as NSConn;
        const target = room === "" ? nsConn : nsConn.room(room)!;
        events.emit(side, name, target);
        void calls.make(side, { op: "ask", ...name })?.catch(() => {});
      }
    }
    if (journal.emits.length === firstEmit) return;
    this.#world.isProbed = true;
    await clock.rest();
    this.#world.isProbed = false;
    for (const emit of journal.emits.slice(firstEmit)) {
      if (emit.arrivals === 1) continue;
      const text = `[e${emit.id}] of the ${emit.side} to ${nameOf(emit)}`;
      journal.fail("an event does not arrive", text);
    }
    for (const call of journal.calls.slice(firstCall)) {
      if (call.result === "done") continue;
      const text = `the ask [${call.id}] of the ${call.side} to ${
        nameOf(call)
      }`;
      journal.fail("an event does not arrive", text);
    }
  }
}

const say = (isIn: boolean) => isIn ? "in" : "out";

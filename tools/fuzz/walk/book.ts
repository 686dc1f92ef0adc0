import type { NSConn, Room } from "../../../neffos/mod.ts";
import {
  type HookRun,
  type Journal,
  type MadeCall,
  nameOf,
} from "./journal.ts";
import type { Side } from "./plan.ts";

/** What the hooks of one side were told of a namespace last. */
interface Told {
  /**
   * "ending": a server's hook has let it go; "maybe": it has refused, and has
   * agreed by a call of its own.
   */
  state: "in" | "out" | "ending" | "maybe";
  /** A server was asked whether it may be left. */
  wasAsked: boolean;
  life: number;
  /** When it was told to be in, as a place in the order of all that happens. */
  since: number;
  /** The rooms, and since when. */
  readonly rooms: Map<string, number>;
}

/** What a client was in when it lost its socket, and is to be in again. */
export interface Former {
  readonly namespace: string;
  readonly room: string;
  readonly object: NSConn | Room;
  /** Nothing was under way that might have left it. */
  isCertain: boolean;
  /** It was in it again since. */
  isBack: boolean;
  /** A hook has refused it since. */
  isRefused: boolean;
  /** The server's hook has, when the client asked, and nothing else is known to. */
  isToBeReported: boolean;
}

/** What the hooks were told, and what a client is to be in again. */
export class Book {
  readonly #journal: Journal;
  readonly #told = new Map<string, Told>();
  /** By name; empty while the client has not lost a socket. */
  former = new Map<string, Former>();

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  told(side: Side, conn: number, namespace: string): Told {
    const key = `${side} ${conn} ${namespace}`;
    let told = this.#told.get(key);
    if (told === undefined) {
      told = {
        state: "out",
        wasAsked: false,
        life: 0,
        since: 0,
        rooms: new Map(),
      };
      this.#told.set(key, told);
    }
    return told;
  }

  /** The namespaces and rooms that some connection of a side was told it is in. */
  *in(side: Side): Iterable<{ conn: number; namespace: string; told: Told }> {
    for (const [key, told] of this.#told) {
      const [of, conn, namespace] = key.split(" ");
      if (of === side) {
        yield { conn: Number(conn), namespace: namespace!, told };
      }
    }
  }

  /** A hook begins: it has to be its turn. */
  begins(run: HookRun): void {
    const told = this.told(run.side, run.conn, run.namespace);
    const { rooms } = told;
    switch (run.event) {
      case "OnNamespaceConnect":
        if (told.state === "in") this.#wrong(run, "while it is in");
        break;
      case "OnNamespaceConnected":
        if (told.state === "in") this.#wrong(run, "twice");
        if (rooms.size > 0) this.#wrong(run, "before its rooms were left");
        Object.assign(told, {
          state: "in",
          wasAsked: false,
          since: run.begun,
        });
        told.life++;
        rooms.clear();
        break;
      case "OnNamespaceDisconnect":
        this.#disconnectBegins(run, told);
        break;
      case "OnRoomJoin":
        if (told.state === "out") this.#wrong(run, "outside its namespace");
        if (rooms.has(run.room)) this.#wrong(run, "while it is in");
        break;
      case "OnRoomJoined":
        if (told.state === "out") this.#wrong(run, "outside its namespace");
        if (rooms.has(run.room)) this.#wrong(run, "twice");
        rooms.set(run.room, run.begun);
        break;
      case "OnRoomLeave":
        if (!rooms.has(run.room)) this.#wrong(run, "while it is out");
        break;
      case "OnRoomLeft":
        if (!rooms.delete(run.room)) this.#wrong(run, "while it is out");
        break;
    }
  }

  #disconnectBegins(run: HookRun, told: Told): void {
    if (isQuestion(run)) {
      if (told.state === "out") this.#wrong(run, "while it is out");
      told.wasAsked = true;
      run.life = told.life;
      return;
    }
    // What was asked and is over all the same is told by force, at most once.
    if (told.state === "out" && !told.wasAsked) this.#wrong(run, "twice");
    if (told.rooms.size > 0) this.#wrong(run, "before its rooms were left");
    Object.assign(told, { state: "out", wasAsked: false });
  }

  /** A hook has ended. */
  ends(run: HookRun): void {
    if (run.outcome !== "ok") this.#refused(run);
    if (run.event !== "OnNamespaceDisconnect" || !isQuestion(run)) return;
    const told = this.told(run.side, run.conn, run.namespace);
    if (told.life !== run.life || told.state !== "in") return;
    if (run.outcome === "ok") told.state = "ending";
    else if (run.hasAgreed) told.state = "maybe";
  }

  #refused({ side, event, namespace, room, ...run }: HookRun): void {
    if (event !== "OnNamespaceConnect" && event !== "OnRoomJoin") return;
    const isAsked = side === "server" && !run.isLocal;
    // A client that is closed with a code that lets it come back is to be let in then.
    if (isAsked && run.outcome === "close") return;
    for (const former of this.former.values()) {
      if (former.namespace !== namespace) continue;
      if (room !== "" && room !== former.room) continue;
      former.isToBeReported = isAsked && room === former.room &&
        (!former.isRefused || former.isToBeReported);
      former.isRefused = true;
    }
  }

  /** The client loses its socket: what it is in is what it comes back into. */
  lost(find: (namespace: string, room: string) => NSConn | Room | undefined) {
    const before = this.former;
    this.former = new Map();
    for (const { namespace, told } of this.in("client")) {
      if (told.state !== "in") continue;
      for (const [room, since] of [["", told.since], ...told.rooms] as const) {
        const object = find(namespace, room);
        if (object === undefined) continue;
        const about = { namespace, room };
        this.former.set(nameOf(about), {
          ...about,
          object,
          isCertain: this.#isCertain(namespace, room, since),
          isBack: false,
          isRefused: false,
          isToBeReported: false,
        });
      }
    }
    for (const [name, former] of before) {
      if (former.isBack || this.former.has(name)) continue;
      this.former.set(name, former);
    }
  }

  #isCertain(namespace: string, room: string, since: number): boolean {
    const { calls, hooks } = this.#journal;
    const isLeft = calls.some((call) =>
      (call.result === "pending" || call.result === "given up" ||
        call.result === "done" && call.ended > since) &&
      kindOf(call, { namespace, room }) === "leave"
    );
    const isTold = hooks.some((hook) =>
      hook.side === "client" && hook.ended === 0 &&
      hook.namespace === namespace && isLeaving(hook.event) &&
      // By force: the whole namespace is about to be left.
      (hook.isForced || hook.room === "" || hook.room === room)
    );
    return !isLeft && !isTold;
  }

  /** A call is made: what it leaves is no longer to be entered again. */
  called(call: MadeCall): void {
    for (const [name, former] of this.former) {
      if (kindOf(call, former) === "enter") former.isToBeReported = false;
      if (kindOf(call, former) !== "leave") continue;
      if (call.side === "server") former.isCertain = false;
      else this.former.delete(name);
    }
  }

  #wrong(run: HookRun, text: string): void {
    const { side, conn, event } = run;
    const where = side === "server" ? `server (${conn})` : side;
    this.#journal.fail(
      "hooks do not take turns",
      `${where}: ${event} of ${nameOf(run)} ${text}`,
    );
  }
}

/** Whether a hook asks a server if a namespace may be left. */
function isQuestion({ side, isLocal, isForced }: HookRun): boolean {
  return side === "server" && !isLocal && !isForced;
}

function isLeaving(event: string): boolean {
  return event === "OnRoomLeave" || event === "OnRoomLeft" ||
    event === "OnNamespaceDisconnect";
}

/** What a call wants of a name, if it is about it. */
export function kindOf(
  { op, namespace, room }: MadeCall,
  of: { namespace: string; room: string },
): "enter" | "leave" | undefined {
  if (op === "disconnectAll") return "leave";
  if (namespace !== of.namespace) return undefined;
  switch (op) {
    case "disconnect":
      return "leave";
    case "leaveAll":
      return of.room === "" ? undefined : "leave";
    case "leave":
      return room === of.room ? "leave" : undefined;
    case "join":
      return room === of.room ? "enter" : undefined;
    case "connect":
      return of.room === "" ? "enter" : undefined;
    default:
      return undefined;
  }
}

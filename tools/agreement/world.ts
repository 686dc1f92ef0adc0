/** What the model knows: names, records, frames, hooks, calls. */

/** The two ends of the connection. */
export type SideName = "client" | "server";
/** What can be entered: the namespace, and two rooms of it. */
export type Name = "namespace" | "room" | "room2";
export type Kind = "enter" | "leave";
/** How a call ended; `givenUp` by its time limit or signal. */
export type Result = "pending" | "done" | "failed" | "givenUp";

export const SIDES = ["client", "server"] as const;
export const ROOMS = ["room", "room2"] as const;
export const NAMES = ["namespace", ...ROOMS] as const;
export const KINDS = ["enter", "leave"] as const;

/** The waiter of the entry by which a client enters again; it is no call. */
export const RE_ENTRY = 0;

export interface Frame {
  readonly type: "ask" | "yes" | "no";
  readonly name: Name;
  readonly kind: Kind;
  readonly token: number;
}

/** An ask of the other side that waits for its turn. */
export interface ReceivedAsk {
  readonly name: Name;
  readonly kind: Kind;
  readonly token: number;
  /** The life of the namespace in which it was received. */
  readonly life: number;
}

/** What is under way about a name. */
export type Phase =
  | { readonly type: "idle" | "telling" | "ending" }
  | { readonly type: "deciding"; readonly isCrossed: boolean }
  | {
    /** What takes back a grant is a leave that nobody has called. */
    readonly type: "asking" | "takingBack";
    readonly kind: Kind;
    /** Says which answer counts. */
    readonly token: number;
    /** The other side asked for the same meanwhile. */
    readonly isCrossed: boolean;
  }
  | {
    readonly type: "answering";
    readonly kind: Kind;
    /** The hook has called what it is asked about: it can no longer refuse. */
    readonly isAgreed: boolean;
  };

/** Calls of one kind that follow each other, by their numbers. */
export interface Entry {
  readonly kind: Kind;
  waiters: number[];
  /** The call that has to end first, or 0: `leaveAll()` takes its time. */
  after: number;
}

/** What one side knows of one name. */
export interface NameRecord {
  isIn: boolean;
  phase: Phase;
  /** The token of an ask that is granted and answered after a hook, or 0. */
  owed: number;
  /** The calls that have not ended, in order. */
  chain: Entry[];
  /** Of the hooks that come in pairs, Joined or Connected was fired last. */
  isTold: boolean;
  /** Rules of before: joined again while it was being left. */
  isJoinedAgain: boolean;
}

/** Where in the rules a hook runs, which says what goes on when it ends. */
export type HookPoint =
  | "deciding"
  | "answeringEnter"
  | "answeringLeave"
  | "telling"
  | "ending"
  | "entered"
  | "left";

/** A hook that runs. */
export interface Hook {
  readonly at: HookPoint;
  readonly name: Name;
  readonly life: number;
  /** The ask that is answered when it has ended, or 0. */
  readonly token: number;
  /** The calls that end with it. */
  readonly waiters: readonly number[];
  /** The call that it awaits, or 0. */
  awaits: number;
}

export interface Call {
  readonly name: Name;
  readonly kind: Kind;
  result: Result;
  /** Part of what the calling hook belongs to, and so no later than that. */
  isPart: boolean;
}

/** An ask without a record: of Go, and of the rules of before. */
export interface PendingAsk {
  readonly token: number;
  readonly name: Name;
  readonly kind: Kind;
  readonly life: number;
  waiters: number[];
}

export interface Side {
  records: Record<Name, NameRecord>;
  /** Counts how often the namespace was entered and left. */
  life: number;
  lastToken: number;
  /** The frames on their way to this side. */
  incoming: Frame[];
  queue: ReceivedAsk[];
  hooks: Hook[];
  calls: Call[];
  /** What a client is still to enter again. */
  goal: Record<Name, boolean>;
  pending: PendingAsk[];
}

/** How much more may happen. */
export interface Budget {
  /** Calls of the client, and of the server. */
  clientCalls: number;
  serverCalls: number;
  /** Calls that hooks await. */
  hookCalls: number;
  giveUps: number;
  refusals: number;
  losses: number;
}

export interface World {
  sides: Record<SideName, Side>;
  budget: Budget;
  /** The socket is lost and the client is not back. */
  isAway: boolean;
  hasLostSocket: boolean;
  hasRefusedLeave: boolean;
  /** What was found wrong on the way, or "". */
  fault: string;
}

export function makeRecord(isIn = false): NameRecord {
  return {
    isIn,
    phase: { type: "idle" },
    owed: 0,
    chain: [],
    isTold: isIn,
    isJoinedAgain: false,
  };
}

export function makeRecords(
  entered: readonly Name[] = [],
): Record<Name, NameRecord> {
  return {
    namespace: makeRecord(entered.includes("namespace")),
    room: makeRecord(entered.includes("room")),
    room2: makeRecord(entered.includes("room2")),
  };
}

export function makeGoal(): Record<Name, boolean> {
  return { namespace: false, room: false, room2: false };
}

function makeSide(entered: readonly Name[]): Side {
  return {
    records: makeRecords(entered),
    life: 0,
    lastToken: 0,
    incoming: [],
    queue: [],
    hooks: [],
    calls: [],
    goal: makeGoal(),
    pending: [],
  };
}

/** Makes a world at rest in which both sides are in `entered`. */
export function makeWorld(entered: readonly Name[], budget: Budget): World {
  return {
    sides: { client: makeSide(entered), server: makeSide(entered) },
    budget,
    isAway: false,
    hasLostSocket: false,
    hasRefusedLeave: false,
    fault: "",
  };
}

export function otherSide(side: SideName): SideName {
  return side === "client" ? "server" : "client";
}

/** Names the call, and the ask, by which a name is entered or left. */
export function nameCall(name: Name, kind: Kind): string {
  if (name === "namespace") return kind === "enter" ? "connect" : "disconnect";
  const verb = kind === "enter" ? "join" : "leave";
  return name === "room" ? verb : `${verb}2`;
}

/** Names the hook that may refuse, or that tells what is about to happen. */
export function nameQuestion(name: Name, kind: Kind): string {
  if (name !== "namespace") {
    return kind === "enter" ? "OnRoomJoin" : "OnRoomLeave";
  }
  return kind === "enter" ? "OnNamespaceConnect" : "OnNamespaceDisconnect";
}

/** Names the hook that tells what has happened. */
export function nameNews(name: Name, isIn: boolean): string {
  if (name !== "namespace") return isIn ? "OnRoomJoined" : "OnRoomLeft";
  return isIn ? "OnNamespaceConnected" : "OnNamespaceDisconnect";
}

export function nameHook({ at, name }: Hook): string {
  switch (at) {
    case "deciding":
    case "answeringEnter":
      return nameQuestion(name, "enter");
    case "answeringLeave":
    case "telling":
      return nameQuestion(name, "leave");
    case "ending":
      return "OnRoomLeft by force";
    case "entered":
    case "left":
      return nameNews(name, at === "entered");
  }
}

import type { Name, SideName } from "./world.ts";

/** The rules that a side keeps. */
export type RulesName = "ours" | "go" | "before";

/** Bounds within which every order of what can happen is played. */
export interface Case {
  readonly name: string;
  /** The rules of the client and of the server; both ours by default. */
  readonly rules?: readonly [client: RulesName, server: RulesName];
  /** What both sides are in at the start. */
  readonly start: readonly Name[];
  /** What the programs call about. */
  readonly names: readonly Name[];
  /** How often the programs of the client and of the server call. */
  readonly calls: readonly [client: number, server: number];
  /** The calls that each side may make, if not all. */
  readonly kinds?: readonly [client: string[], server: string[]];
  /** How often a call may be given up. */
  readonly giveUps?: number;
  /** How often a hook may refuse. */
  readonly refusals?: number;
  /** How often the socket may be lost. */
  readonly losses?: number;
  /** How often a hook may await a call. */
  readonly hookCalls?: number;
  /** Calls may be `leaveAll()`. */
  readonly hasLeaveAll?: boolean;
  /** The side that alone gives up calls, and awaits some in hooks. */
  readonly only?: SideName;
  /** It is not known that it is a hook that calls, as in a browser. */
  readonly isCallerUnknown?: boolean;
  /** A time limit ends the call of a hook when nothing else can happen. */
  readonly hasTimeLimits?: boolean;
  /** Looks only whether both sides agree. */
  readonly isAgreementOnly?: boolean;
  /** The fault that has to be found, where there is one. */
  readonly finds?: string;
}

/** Where a case starts, and what is called in it. */
type Setting = Pick<Case, "start" | "names">;

const ROOM_OUT: Setting = { start: ["namespace"], names: ["room"] };
const ROOM_IN: Setting = { start: ["namespace", "room"], names: ["room"] };
const NAMESPACE_OUT: Setting = { start: [], names: ["namespace"] };
const NAMESPACE_IN: Setting = { start: ["namespace"], names: ["namespace"] };
const NAMESPACE_FULL: Setting = {
  start: ["namespace", "room"],
  names: ["namespace"],
};
const BOTH_OUT: Setting = {
  start: ["namespace"],
  names: ["namespace", "room"],
};
const BOTH_IN: Setting = {
  start: ["namespace", "room"],
  names: ["namespace", "room"],
};
const TWO_ROOMS_OUT: Setting = {
  start: ["namespace"],
  names: ["room", "room2"],
};
const TWO_ROOMS_IN: Setting = {
  start: ["namespace", "room", "room2"],
  names: ["room", "room2"],
};
const ALL_IN: Setting = {
  start: ["namespace", "room", "room2"],
  names: ["namespace", "room", "room2"],
};

const ROOM_CLIENT_IN = "the client is in the room, the server is out of it";
const ROOM_CLIENT_OUT = "the server is in the room, the client is out of it";
const SPACE_CLIENT_IN =
  "the client is in the namespace, the server is out of it";
const UNHEEDED = "client: the last call that succeeded wants it in the";

const BEFORE = { rules: ["before", "before"] } as const;
const TO_GO = { rules: ["ours", "go"], only: "client" } as const;
const FROM_GO = { rules: ["go", "ours"], only: "server" } as const;
/** The Go side gives up, of which nothing on the wire tells us. */
const GO_GIVES_UP = {
  rules: ["go", "ours"],
  only: "client",
  calls: [1, 0],
  giveUps: 1,
} as const;
const ONE_EACH = { giveUps: 1, refusals: 1 };

export const CASES: readonly Case[] = [
  // The faults of the rules of before.
  {
    name: "before: fault 42, room",
    ...BEFORE,
    ...ROOM_OUT,
    calls: [2, 0],
    giveUps: 1,
    isAgreementOnly: true,
    finds: ROOM_CLIENT_IN,
  },
  {
    name: "before: fault 42, namespace",
    ...BEFORE,
    ...NAMESPACE_OUT,
    calls: [2, 0],
    giveUps: 1,
    isAgreementOnly: true,
    finds: SPACE_CLIENT_IN,
  },
  {
    name: "before: fault 43, room",
    ...BEFORE,
    ...ROOM_IN,
    calls: [2, 0],
    finds: `${UNHEEDED} room, and it is out`,
  },
  {
    name: "before: fault 43, namespace",
    ...BEFORE,
    ...NAMESPACE_IN,
    calls: [2, 0],
    finds: `${UNHEEDED} namespace, and it is out`,
  },
  {
    name: "before: fault 44",
    ...BEFORE,
    ...BOTH_OUT,
    calls: [1, 2],
    kinds: [["join"], ["connect", "disconnect"]],
    isAgreementOnly: true,
    finds: ROOM_CLIENT_OUT,
  },
  {
    name: "before: fault 45",
    ...BEFORE,
    ...ROOM_OUT,
    calls: [1, 0],
    hookCalls: 1,
    only: "server",
    isAgreementOnly: true,
    finds: ROOM_CLIENT_IN,
  },
  {
    name: "before: fault 48",
    ...BEFORE,
    ...ROOM_IN,
    calls: [1, 0],
    losses: 1,
    finds: "client: it is refused to leave while away",
  },

  // A room, both sides ours.
  { name: "ours: room 2+2", ...ROOM_OUT, calls: [2, 2], ...ONE_EACH },
  { name: "ours: room in 2+2", ...ROOM_IN, calls: [2, 2], ...ONE_EACH },
  {
    name: "ours: room 3+2",
    ...ROOM_OUT,
    calls: [3, 2],
    giveUps: 2,
    refusals: 1,
  },
  {
    name: "ours: room in 2+3",
    ...ROOM_IN,
    calls: [2, 3],
    giveUps: 1,
    refusals: 2,
  },
  {
    name: "ours: room 5+0",
    ...ROOM_OUT,
    calls: [5, 0],
    giveUps: 2,
    refusals: 2,
  },
  {
    name: "ours: room in 0+5",
    ...ROOM_IN,
    calls: [0, 5],
    giveUps: 2,
    refusals: 2,
  },
  {
    name: "ours: room 2+1, hooks",
    ...ROOM_OUT,
    calls: [2, 1],
    hookCalls: 2,
    ...ONE_EACH,
  },
  {
    name: "ours: room in 1+2, hooks",
    ...ROOM_IN,
    calls: [1, 2],
    hookCalls: 2,
    refusals: 1,
  },
  {
    name: "ours: room 1+1, hooks unknown",
    ...ROOM_OUT,
    calls: [1, 1],
    hookCalls: 2,
    refusals: 1,
    isCallerUnknown: true,
  },

  // A namespace, both sides ours.
  {
    name: "ours: namespace 2+2",
    ...NAMESPACE_OUT,
    calls: [2, 2],
    ...ONE_EACH,
  },
  {
    name: "ours: namespace with a room 3+2",
    ...NAMESPACE_FULL,
    calls: [3, 2],
    ...ONE_EACH,
  },
  {
    name: "ours: namespace 5+0",
    ...NAMESPACE_OUT,
    calls: [5, 0],
    giveUps: 2,
    refusals: 2,
  },
  {
    name: "ours: namespace 0+5",
    ...NAMESPACE_OUT,
    calls: [0, 5],
    giveUps: 2,
    refusals: 2,
  },
  {
    name: "ours: namespace 1+2, hooks",
    ...NAMESPACE_OUT,
    calls: [1, 2],
    hookCalls: 2,
    refusals: 1,
  },
  {
    name: "ours: namespace 1+1, hooks unknown",
    ...NAMESPACE_OUT,
    calls: [1, 1],
    hookCalls: 2,
    refusals: 1,
    isCallerUnknown: true,
  },

  // A namespace and a room, both sides ours.
  { name: "ours: both 2+2", ...BOTH_OUT, calls: [2, 2], ...ONE_EACH },
  { name: "ours: both in 2+2", ...BOTH_IN, calls: [2, 2], ...ONE_EACH },
  { name: "ours: both 3+1", ...BOTH_OUT, calls: [3, 1], ...ONE_EACH },
  { name: "ours: both in 1+3", ...BOTH_IN, calls: [1, 3], ...ONE_EACH },
  {
    name: "ours: both 1+1, hooks",
    ...BOTH_OUT,
    calls: [1, 1],
    hookCalls: 2,
    refusals: 1,
    hasTimeLimits: true,
  },
  {
    name: "ours: both in 1+1, hooks",
    ...BOTH_IN,
    calls: [1, 1],
    hookCalls: 2,
    refusals: 1,
    hasTimeLimits: true,
  },
  {
    // A join that waits since an earlier life must not cross one of this life.
    name: "ours: both 4+1, many lives",
    start: [],
    names: ["namespace", "room"],
    calls: [4, 1],
    kinds: [["connect", "disconnect", "join"], ["join"]],
    refusals: 1,
  },

  // Two rooms, both sides ours.
  { name: "ours: two rooms 2+1", ...TWO_ROOMS_OUT, calls: [2, 1], ...ONE_EACH },
  {
    name: "ours: two rooms 1+1, hooks",
    ...TWO_ROOMS_OUT,
    calls: [1, 1],
    hookCalls: 1,
    refusals: 1,
    hasTimeLimits: true,
  },
  { name: "ours: all in 1+1", ...ALL_IN, calls: [1, 1], ...ONE_EACH },
  {
    name: "ours: all in 1+1, a loss",
    ...ALL_IN,
    calls: [1, 1],
    losses: 1,
    refusals: 1,
  },

  {
    name: "ours: leaveAll() 2+1",
    ...TWO_ROOMS_IN,
    calls: [2, 1],
    hasLeaveAll: true,
    ...ONE_EACH,
  },
  {
    name: "ours: leaveAll() 1+1, hooks",
    ...TWO_ROOMS_IN,
    calls: [1, 1],
    hookCalls: 1,
    refusals: 1,
    hasLeaveAll: true,
  },
  {
    name: "ours: leaveAll() 1+1, a loss",
    ...ALL_IN,
    calls: [1, 1],
    losses: 1,
    hasLeaveAll: true,
  },

  // Lost sockets, both sides ours.
  {
    name: "ours: both in 2+1, a loss",
    ...BOTH_IN,
    calls: [2, 1],
    losses: 1,
    ...ONE_EACH,
  },
  {
    name: "ours: both in 2+0, two losses",
    ...BOTH_IN,
    calls: [2, 0],
    losses: 2,
    refusals: 2,
  },
  {
    name: "ours: room in 3+1, two losses",
    ...ROOM_IN,
    calls: [3, 1],
    losses: 2,
    giveUps: 1,
  },
  {
    name: "ours: both in 2+0, two losses, hooks",
    ...BOTH_IN,
    calls: [2, 0],
    losses: 2,
    refusals: 1,
    hookCalls: 1,
  },

  // A Go server. It gives up nothing.
  {
    name: "to go: room 2+2",
    ...TO_GO,
    ...ROOM_OUT,
    calls: [2, 2],
    ...ONE_EACH,
  },
  {
    name: "to go: room in 2+2",
    ...TO_GO,
    ...ROOM_IN,
    calls: [2, 2],
    ...ONE_EACH,
  },
  {
    name: "to go: room 2+3",
    ...TO_GO,
    ...ROOM_OUT,
    calls: [2, 3],
    refusals: 1,
  },
  {
    name: "to go: room 1+4",
    ...TO_GO,
    ...ROOM_OUT,
    calls: [1, 4],
    refusals: 1,
  },
  {
    name: "to go: namespace 2+2",
    ...TO_GO,
    ...NAMESPACE_OUT,
    calls: [2, 2],
    ...ONE_EACH,
  },
  {
    name: "to go: both 2+1",
    ...TO_GO,
    ...BOTH_OUT,
    calls: [2, 1],
    ...ONE_EACH,
  },
  {
    name: "to go: both in 2+2",
    ...TO_GO,
    ...BOTH_IN,
    calls: [2, 2],
    ...ONE_EACH,
  },
  {
    name: "to go: both in 2+1, a loss",
    ...TO_GO,
    ...BOTH_IN,
    calls: [2, 1],
    losses: 1,
    refusals: 1,
  },
  {
    name: "to go: both 1+1, hooks",
    ...TO_GO,
    ...BOTH_OUT,
    calls: [1, 1],
    hookCalls: 1,
    refusals: 1,
  },

  // A Go client. It gives up nothing.
  {
    name: "from go: room 2+2",
    ...FROM_GO,
    ...ROOM_OUT,
    calls: [2, 2],
    ...ONE_EACH,
  },
  {
    name: "from go: room in 2+2",
    ...FROM_GO,
    ...ROOM_IN,
    calls: [2, 2],
    ...ONE_EACH,
  },
  {
    name: "from go: room 3+2",
    ...FROM_GO,
    ...ROOM_OUT,
    calls: [3, 2],
    refusals: 1,
  },
  {
    name: "from go: namespace 2+2",
    ...FROM_GO,
    ...NAMESPACE_OUT,
    calls: [2, 2],
    ...ONE_EACH,
  },
  {
    name: "from go: both 1+2",
    ...FROM_GO,
    ...BOTH_OUT,
    calls: [1, 2],
    ...ONE_EACH,
  },
  {
    name: "from go: both 2+2",
    ...FROM_GO,
    ...BOTH_OUT,
    calls: [2, 2],
    ...ONE_EACH,
  },
  {
    name: "from go: both 1+1, hooks",
    ...FROM_GO,
    ...BOTH_OUT,
    calls: [1, 1],
    hookCalls: 1,
    refusals: 1,
  },

  // A peer with the rules of before.
  {
    name: "to before: room 2+1",
    rules: ["ours", "before"],
    only: "client",
    ...ROOM_OUT,
    calls: [2, 1],
    ...ONE_EACH,
    isAgreementOnly: true,
  },
  {
    name: "from before: room 1+2",
    rules: ["before", "ours"],
    only: "server",
    ...ROOM_OUT,
    calls: [1, 2],
    ...ONE_EACH,
    isAgreementOnly: true,
  },

  // What no rules of one side can help.
  {
    name: "limit: hooks of both sides wait for each other",
    ...BOTH_OUT,
    calls: [1, 1],
    hookCalls: 2,
    finds: "client: disconnect() [1] never ends",
  },
  {
    name: "limit: Go gives up a leave",
    ...GO_GIVES_UP,
    ...ROOM_IN,
    finds: ROOM_CLIENT_IN,
  },
  {
    name: "limit: Go gives up a connect",
    ...GO_GIVES_UP,
    ...NAMESPACE_OUT,
    finds: "the server is in the namespace, the client is out of it",
  },
  {
    name: "limit: Go gives up a join",
    ...GO_GIVES_UP,
    ...ROOM_OUT,
    finds: ROOM_CLIENT_OUT,
  },
];

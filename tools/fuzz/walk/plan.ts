import { Prng } from "../prng.ts";

/** The two sides of a connection. */
export type Side = "client" | "server";

/** Something that a program calls. */
export interface Call {
  op:
    | "connect"
    | "disconnect"
    | "disconnectAll"
    | "join"
    | "leave"
    | "leaveAll"
    | "emit"
    | "ask"
    | "wait";
  namespace: string;
  /** Empty where it is about the namespace. */
  room: string;
  /** The time limit, where it is not the default. */
  timeout?: number;
  /** When its signal is aborted. */
  abortAfter?: number;
}

/** One thing that a walk does. */
export type Action =
  & {
    /** Milliseconds since the action before; 0 is the same synchronous code. */
    gap: number;
  }
  & (
    | {
      type: "call";
      side: Side;
      call: Call;
      /** The program does not look at the promise. */
      isLoose?: boolean;
    }
    /** Both wait until nothing happens any more, and are compared. */
    | { type: "rest" }
    /** The socket is lost; a side may see it later, and the server be out of reach. */
    | {
      type: "lose";
      clientAfter: number;
      serverAfter: number;
      outage: number;
    }
    /** The server closes the connection, with a code that lets it come back or not. */
    | { type: "kick"; code: number }
  );

/** What a hook does. */
export interface Behaviour {
  /** How long it takes, in milliseconds; a plain function where it is absent. */
  delay?: number;
  /** "close" is a CloseError, whose code lets the client come back. */
  outcome: "ok" | "refuse" | "throw" | "close";
  call?: Call & {
    /** It is called once the hook has waited, not at its beginning. */
    isLate: boolean;
    isAwaited: boolean;
    /** What the call throws, the hook throws too. */
    isPassedOn: boolean;
  };
}

/** What both sides of a walk are like. */
export interface Setup {
  namespaces: string[];
  rooms: string[];
  /** The longest delay of a frame, and whether all have that. */
  latency: number;
  isLatencyFixed: boolean;
  /** What the client keeps while it is away. */
  maxKept: number;
  maxRooms?: number;
  maxNamespaces?: number;
  /** The platform of the client traces no async context, as browsers do not. */
  isBlind: boolean;
  /** What the server calls from onConnect, and whether it awaits that. */
  greeting: Call[];
  isGreetingAwaited: boolean;
  /** Of a thousand runs of a hook, how many are not plain. */
  unplain: number;
  delays: number[];
  mayRefuse: boolean;
  mayThrow: boolean;
  mayCall: boolean;
  callers: Side[];
  hasLimits: boolean;
  /** What hooks call. */
  hookOps: readonly Call["op"][];
}

/** A walk, complete: the same plan does the same again. */
export interface Plan {
  seed: number;
  setup: Setup;
  actions: Action[];
  /** Runs of hooks that do nothing, or less than the seed says. */
  changed: Map<string, Behaviour>;
}

/** Whether a limit of names may refuse what no hook refuses. */
export function isLimited({ maxRooms, maxNamespaces }: Setup): boolean {
  return maxRooms !== undefined || maxNamespaces !== undefined;
}

const PLAIN: Behaviour = { outcome: "ok" };
const DECIDES = /Connect |Join |Leave |Disconnect /;
const CALLS_IN_HOOKS = 4;

/** What a walk does most. */
interface Theme {
  ops: readonly Call["op"][];
  /** Of a thousand actions, how many lose the socket. */
  losses: number;
  gaps: readonly number[];
  /** How much both are in at the beginning: nothing to everything. */
  depths: readonly number[];
  setup: (lot: Prng) => Partial<Setup>;
}

const GAPS = [0, 0, 0.1, 1, 2, 3, 7, 15, 30, 200];
const ROOM_OPS = ["join", "join", "join", "leave", "leave"] as const;
const NAMESPACE_OPS = ["connect", "connect", "disconnect"] as const;
const ALL_OPS = ["leaveAll", "disconnectAll", "wait"] as const;
const EVENT_OPS = ["emit", "emit", "ask"] as const;
const HOOK_OPS = [
  ...[...ROOM_OPS, ...NAMESPACE_OPS, ...ALL_OPS, ...EVENT_OPS],
] as const;
const MEMBER_OPS = [...ROOM_OPS, ...ROOM_OPS, ...NAMESPACE_OPS, ...ALL_OPS];

const THEMES: readonly Theme[] = [
  // Anything.
  {
    ops: [...MEMBER_OPS, ...NAMESPACE_OPS, ...EVENT_OPS],
    losses: 60,
    gaps: GAPS,
    depths: [0, 0, 1, 2, 3],
    setup: () => ({}),
  },
  // Namespaces and rooms, without a loss.
  {
    ops: MEMBER_OPS,
    losses: 0,
    gaps: GAPS,
    depths: [0, 0, 1, 2],
    setup: () => ({}),
  },
  // A namespace is left and entered while its rooms are.
  {
    ops: [...ROOM_OPS, ...NAMESPACE_OPS, "disconnect"],
    losses: 0,
    gaps: [0, 0.1, 2, 4, 6, 10, 15],
    depths: [1, 1, 2],
    setup: (lot) => ({
      callers: ["client", "server"],
      unplain: lot.pick([150, 400]),
      delays: [0, 12, 30, 40],
      latency: lot.pick([5, 10]),
    }),
  },
  // Hooks that call.
  {
    ops: MEMBER_OPS,
    losses: 0,
    gaps: GAPS,
    depths: [0, 1, 2],
    setup: () => ({ unplain: 400, mayCall: true }),
  },
  // Events while namespaces and rooms are entered.
  {
    ops: [...EVENT_OPS, ...EVENT_OPS, "join", "join", "connect", "leave"],
    losses: 0,
    gaps: [0, 0.1, 1, 3, 7, 15],
    depths: [0, 1, 1, 2],
    setup: (lot) => ({
      unplain: lot.pick([150, 400]),
      delays: [0, 3, 12, 30],
      mayCall: true,
      mayRefuse: lot.chance(200),
      hookOps: [...EVENT_OPS, "emit"],
    }),
  },
  // Coming back.
  {
    ops: MEMBER_OPS,
    losses: 350,
    gaps: [0, 1, 5, 10, 12, 15, 20, 30, 45, 200],
    depths: [1, 2, 3, 3],
    setup: (lot) => ({
      unplain: lot.pick([0, 150, 400]),
      mayRefuse: lot.chance(500),
    }),
  },
  // Events that are kept.
  {
    ops: [...EVENT_OPS, "emit", "emit", "emit", "join", "leave", "disconnect"],
    losses: 200,
    gaps: [0, 1, 5, 10, 12, 15, 20, 30, 45],
    depths: [2, 3],
    setup: (lot) => ({
      maxKept: 4,
      callers: ["client"],
      unplain: lot.pick([0, 150, 400]),
      delays: [0, 12, 30, 40],
    }),
  },
];

/** Draws the plan of a walk. */
export function makePlan(seed: number): Plan {
  const lot = new Prng(Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995);
  const theme = lot.pick(THEMES);
  const setup = { ...makeSetup(lot), ...theme.setup(lot) };
  const actions = makePrelude(lot, setup, lot.pick(theme.depths));
  const length = 1 + lot.below(lot.pick([3, 6, 12]));
  for (let count = 0; count < length; count++) {
    actions.push(...makeActions(lot, setup, theme));
  }
  return { seed, setup, actions, changed: new Map() };
}

function makeSetup(lot: Prng): Setup {
  const namespaces = lot.chance(250) ? ["a", "b"] : ["a"];
  const maxRooms = lot.chance(100) ? 2 : undefined;
  const rooms = maxRooms ? ["r", "s", "t"] : lot.pick([["r"], ["r", "s"]]);
  const setup: Setup = {
    namespaces,
    rooms,
    latency: lot.pick([0, 5, 10]),
    isLatencyFixed: lot.chance(300),
    maxKept: lot.chance(300) ? 4 : 0,
    maxRooms,
    maxNamespaces: namespaces.length > 1 && lot.chance(150) ? 1 : undefined,
    isBlind: lot.chance(150),
    greeting: [],
    isGreetingAwaited: lot.chance(500),
    unplain: lot.pick([0, 150, 400]),
    delays: lot.pick([[0], [0, 3, 12, 30], [0, 5, 40, 600], [2, 20, 6_000]]),
    mayRefuse: lot.chance(400),
    mayThrow: lot.chance(150),
    mayCall: lot.chance(250),
    callers: lot.pick([
      ["client"],
      ["client"],
      ["server"],
      ["client", "server"],
      ["client", "server"],
    ]),
    hasLimits: lot.chance(400),
    hookOps: HOOK_OPS,
  };
  if (lot.chance(150)) {
    const namespace = lot.pick(namespaces);
    setup.greeting = [{ op: "connect", namespace, room: "" }];
    if (lot.chance(500)) {
      const room = lot.pick(rooms);
      setup.greeting.push({ op: "join", namespace, room });
    }
  }
  return setup;
}

/** Has both in a namespace, and perhaps rooms, as a walk often begins. */
function makePrelude(lot: Prng, setup: Setup, depth: number): Action[] {
  if (depth === 0) return [];
  const call = (op: Call["op"], namespace: string, room = ""): Action => ({
    gap: 1,
    type: "call",
    side: lot.chance(750) ? "client" : "server",
    call: { op, namespace, room },
  });
  const [namespace] = setup.namespaces;
  const actions = [call("connect", namespace!), rest()];
  if (depth > 1) actions.push(call("join", namespace!, setup.rooms[0]!));
  if (depth > 2) {
    actions.push(
      call("join", namespace!, setup.rooms.at(-1)!),
      call("connect", setup.namespaces.at(-1)!),
    );
  }
  return [...actions, rest()];
}

const rest = (): Action => ({ gap: 1, type: "rest" });

function makeActions(lot: Prng, setup: Setup, theme: Theme): Action[] {
  const gap = lot.pick(theme.gaps);
  if (lot.chance(50)) return [rest()];
  if (lot.chance(theme.losses)) {
    if (lot.chance(150)) {
      return [{ gap, type: "kick", code: lot.pick([4001, 1001, 4001, 1000]) }];
    }
    const clientAfter = lot.pick([0, 0, 0, 0, 30]);
    const serverAfter = lot.pick([0, 0, 0, 20, 500]);
    const outage = lot.pick([0, 0, 0, 100]);
    return [{ gap, type: "lose", clientAfter, serverAfter, outage }];
  }
  const side = lot.pick(setup.callers);
  const call = makeCall(lot, setup, theme.ops);
  const action: Action = { gap, type: "call", side, call };
  if (lot.chance(80)) action.isLoose = true;
  const contrary = CONTRARY[call.op];
  if (contrary === undefined || !lot.chance(250)) return [action];
  // Components that mount twice call the contrary, or the same, at once.
  const op = lot.chance(700) ? contrary : call.op;
  const { namespace, room } = call;
  const again: Call = {
    op,
    namespace,
    room: op === "join" && room === "" ? lot.pick(setup.rooms) : room,
  };
  const soon = lot.pick([0, 0, 0.1, 4, 25]);
  return [action, { gap: soon, type: "call", side, call: again }];
}

const CONTRARY: Partial<Record<Call["op"], Call["op"]>> = {
  connect: "disconnect",
  disconnect: "connect",
  disconnectAll: "connect",
  join: "leave",
  leave: "join",
  leaveAll: "join",
};

function makeCall(
  lot: Prng,
  setup: Setup,
  ops: readonly Call["op"][],
): Call {
  const op = lot.pick(ops);
  const hasRoom = op === "join" || op === "leave" ||
    (op === "emit" || op === "ask") && lot.chance(500);
  const call: Call = {
    op,
    namespace: lot.pick(setup.namespaces),
    room: hasRoom ? lot.pick(setup.rooms) : "",
  };
  if (op === "wait") call.timeout = lot.pick([50, 500]);
  if (op === "emit" || !setup.hasLimits || !lot.chance(400)) return call;
  if (lot.chance(700)) call.timeout = lot.pick([1, 3, 8, 20, 50]);
  else call.abortAfter = lot.pick([0, 2, 9, 25]);
  return call;
}

/**
 * Says what a run of a hook does. It depends on the seed and the run's name
 * alone, so leaving out an action does not change what other hooks do.
 *
 * @param plan The plan.
 * @param key Which run it is: side, event, names and number.
 * @param callsMade How many calls of hooks there were already.
 */
export function behaviourOf(
  plan: Plan,
  key: string,
  callsMade: number,
): Behaviour {
  const changed = plan.changed.get(key);
  if (changed !== undefined) return changed;
  const { setup, seed } = plan;
  if (setup.unplain === 0) return PLAIN;
  const lot = new Prng(hash(key) ^ Math.imul(seed, 0x85ebca6b));
  if (!lot.chance(setup.unplain)) return PLAIN;
  const behaviour: Behaviour = { outcome: "ok" };
  if (lot.chance(650)) behaviour.delay = lot.pick(setup.delays);
  const mayRefuse = DECIDES.test(key) || lot.chance(200);
  if (setup.mayRefuse && mayRefuse && lot.chance(350)) {
    behaviour.outcome = "refuse";
  } else if (setup.mayThrow && lot.chance(250)) {
    behaviour.outcome = lot.pick(["throw", "throw", "close"]);
  }
  if (setup.mayCall && callsMade < CALLS_IN_HOOKS && lot.chance(500)) {
    behaviour.call = {
      ...makeCall(lot, setup, setup.hookOps),
      isLate: lot.chance(500),
      isAwaited: lot.chance(600),
      isPassedOn: lot.chance(150),
    };
  }
  return behaviour;
}

/** FNV-1a. */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
}

import { isForced, Play, type Step } from "./play.ts";
import { nameCall, nameHook, type SideName } from "./world.ts";

/** What Go was recorded to do, and so what our sides must do. */
export interface Scenario {
  readonly name: string;
  /** What happens, each when all that follows from the one before is over. */
  readonly events: readonly string[];
  /** The hook of the side that is asked which refuses, if one does. */
  readonly refuses?: string;
  /** The hooks that the client fires, and the types of what it sends. */
  readonly client: string;
  readonly server: string;
}

const CONNECT = "client connect";
const JOIN = "client join";

/** What each side fires and sends when the client connects, and joins. */
const CONNECTS = "OnNamespaceConnect >connect OnNamespaceConnected";
const CONNECTED = "OnNamespaceConnect >yes OnNamespaceConnected";
const JOINS = `${CONNECTS} >join OnRoomJoin OnRoomJoined`;
// Go fires OnRoomJoined before it answers, and broadcasts after that.
const JOINED = `${CONNECTED} OnRoomJoin >yes OnRoomJoined`;
const LEAVE_ALL = "OnRoomLeave OnRoomLeft OnNamespaceDisconnect";

export const SCENARIOS: readonly Scenario[] = [
  {
    name: "connect",
    events: [CONNECT],
    client: CONNECTS,
    server: CONNECTED,
  },
  {
    name: "connect-rejected",
    events: [CONNECT],
    refuses: "OnNamespaceConnect",
    client: "OnNamespaceConnect >connect",
    server: "OnNamespaceConnect >no",
  },
  {
    name: "connect-twice",
    events: [CONNECT, CONNECT, "client disconnect", CONNECT],
    client: `${CONNECTS} >disconnect OnNamespaceDisconnect ${CONNECTS}`,
    server: `${CONNECTED} OnNamespaceDisconnect >yes ${CONNECTED}`,
  },
  {
    name: "room",
    events: [CONNECT, JOIN, "client leave"],
    client: `${JOINS} >leave OnRoomLeave OnRoomLeft`,
    server: `${JOINED} OnRoomLeave OnRoomLeft >yes`,
  },
  {
    name: "room-join-rejected",
    events: [CONNECT, JOIN],
    refuses: "OnRoomJoin",
    client: `${CONNECTS} >join`,
    server: `${CONNECTED} OnRoomJoin >no`,
  },
  {
    name: "room-leave-rejected",
    events: [CONNECT, JOIN, "client leave"],
    refuses: "OnRoomLeave",
    client: `${JOINS} >leave`,
    server: `${JOINED} OnRoomLeave >no`,
  },
  {
    name: "disconnect",
    events: [CONNECT, JOIN, "client disconnect"],
    client: `${JOINS} >disconnect ${LEAVE_ALL}`,
    server: `${JOINED} OnNamespaceDisconnect OnRoomLeave OnRoomLeft >yes`,
  },
  {
    name: "disconnect-rejected",
    events: [CONNECT, "client disconnect"],
    refuses: "OnNamespaceDisconnect",
    client: `${CONNECTS} >disconnect`,
    server: `${CONNECTED} OnNamespaceDisconnect >no`,
  },
  {
    name: "server-force-connect",
    events: ["server connect"],
    client: CONNECTED,
    server: CONNECTS,
  },
  {
    name: "server-room-and-disconnect",
    events: [CONNECT, "server join", "server leave", "server disconnect"],
    client: `${CONNECTS} OnRoomJoin >yes OnRoomJoined OnRoomLeave >yes ` +
      "OnRoomLeft >yes OnNamespaceDisconnect",
    server: `${CONNECTED} >join OnRoomJoin OnRoomJoined >leave OnRoomLeave ` +
      "OnRoomLeft >disconnect OnNamespaceDisconnect",
  },
  {
    name: "forced-close",
    events: [CONNECT, JOIN, "the socket is lost"],
    client: `${JOINS} ${LEAVE_ALL}`,
    server: `${JOINED} ${LEAVE_ALL}`,
  },
];

/** Plays a scenario; gives what each side fires and sends. */
export function playScenario(
  { events, refuses }: Scenario,
): Record<SideName, string> {
  const play = new Play({
    name: "recorded",
    start: [],
    names: ["namespace", "room"],
    calls: [9, 9],
    refusals: 1,
    losses: 1,
  });
  const log: string[] = [];
  play.log = log;
  for (const event of events) {
    play.take(findEvent(play, event));
    for (
      let step = findNextStep(play, refuses);
      step !== undefined;
      step = findNextStep(play, refuses)
    ) play.take(step);
  }
  return { client: summarize(log, "client"), server: summarize(log, "server") };
}

function findEvent(play: Play, event: string): Step {
  const step = play.listSteps().find((step) =>
    step.type === "call"
      ? `${step.side} ${nameCall(step.name, step.kind)}` === event
      : play.describe(step) === event
  );
  if (step !== undefined) return step;
  throw new Error(`Cannot play "${event}": it cannot happen`);
}

function findNextStep(play: Play, refuses?: string): Step | undefined {
  const steps = play.listSteps();
  const refusal = steps.find((step) => {
    if (step.type !== "refuse") return false;
    const hook = play.world.sides[step.side].hooks[step.place]!;
    return hook.at !== "deciding" && nameHook(hook) === refuses;
  });
  return refusal ??
    steps.find((step) => isForced(step) && step.type !== "comeBack");
}

function summarize(log: readonly string[], side: SideName): string {
  const prefix = `${side}:   `;
  return log.filter((line) => line.startsWith(prefix))
    .map((line) => line.slice(prefix.length).split(" "))
    .filter(([verb]) => verb === "fires" || verb === "sends")
    .map(([verb, what]) => verb === "sends" ? `>${what}` : what)
    .join(" ");
}

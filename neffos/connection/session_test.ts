/** Walks the table of a connection's states: every transition, taken by a peer's frames and hooks. */

import { assertEquals } from "@std/assert";
import { setImmediate } from "node:timers";
import { dial } from "../client.ts";
import type { ConnHandler, Events } from "../controller/events.ts";
import { MemoryServer, RawClient } from "../harness/mod.ts";
import { PathLog, readTransitions, transitionsOf } from "../harness/states.ts";
import { EventError } from "../protocol/errors.ts";
import {
  OnNamespaceDisconnect,
  OnNativeMessage,
} from "../protocol/event_names.ts";
import { socketPair } from "../transport/socket.ts";
import { Namespaces } from "./namespaces.ts";
import { Session } from "./session.ts";
import { TurnQueue } from "./turn_queue.ts";

/** Lets all pending microtasks run; sockets in memory need no more. */
function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** One side of a connection, with a peer that speaks frames. */
interface Subject {
  readonly peer: RawClient;
  /** Closes this side, as its program does. */
  close(): void;
  /** Ends this side without waiting for the peer. */
  giveUp(): void;
}

type Step = (subject: Subject) => void;

const says = (...frames: string[]): Step => ({ peer }) => peer.send(...frames);
const peerCloses: Step = ({ peer }) => peer.socket.close();
const peerStopsReading: Step = ({ peer }) => peer.socket.pause!();
const lost: Step = ({ peer }) => peer.socket.terminate!();
const closes: Step = (subject) => subject.close();
const givesUp: Step = (subject) => subject.giveUp();

const hello = says("M");
const connects = says("$1;chat;;_OnNamespaceConnect;0;0;");
const emits = says(";chat;;onSay;0;0;");

/** A path through the table, and the steps that take it. */
interface Walk {
  readonly path: string;
  readonly steps: readonly Step[];
}

/** A hook of a server, made from a promise that ends with the test. */
type MakeHook = (held: Promise<void>) => () => unknown;

interface ServerWalk extends Walk {
  readonly onConnect?: MakeHook;
  readonly events?: Record<string, MakeHook>;
  readonly isNative?: boolean;
}

const hold: MakeHook = (held) => () => held;
const refuse: MakeHook = () => () => {
  throw new EventError("refused");
};

const SERVER_WALKS: Record<string, ServerWalk> = {
  "the peer closes": {
    path: "connecting acknowledging open closed ending ended",
    steps: [hello, peerCloses],
  },
  "the server closes": {
    path: "connecting acknowledging open closing closed ending ended",
    steps: [hello, closes],
  },
  "the peer does not answer the close": {
    path: "connecting acknowledging open closing",
    steps: [hello, peerStopsReading, closes],
  },
  "the server gives up a peer that does not answer": {
    path: "connecting acknowledging open closing closed ending ended",
    steps: [hello, peerStopsReading, closes, givesUp],
  },
  "the socket is lost before the handshake": {
    path: "connecting closed ending ended",
    steps: [lost],
  },
  "the server closes before the handshake": {
    path: "connecting closing closed ending ended",
    steps: [closes],
  },
  "onConnect refuses": {
    path: "connecting acknowledging closing closed ending ended",
    steps: [hello],
    onConnect: refuse,
  },
  "the server closes during onConnect": {
    path: "connecting acknowledging closing closed",
    steps: [hello, closes],
    onConnect: hold,
  },
  "the socket is lost during onConnect": {
    path: "connecting acknowledging closed",
    steps: [hello, lost],
    onConnect: hold,
  },
  "a handler still runs": {
    path: "connecting acknowledging open closed",
    steps: [hello, connects, emits, lost],
    events: { onSay: hold },
  },
  "a hook hears of the end": {
    path: "connecting acknowledging open closed ending",
    steps: [hello, connects, lost],
    events: { [OnNamespaceDisconnect]: hold },
  },
  "native messages alone need no handshake": {
    path: "connecting acknowledging open",
    steps: [],
    isNative: true,
  },
};

const CLIENT_WALKS: Record<string, Walk> = {
  "the server accepts and closes": {
    path: "connecting acknowledging open closed ending ended",
    steps: [says("Aid"), peerCloses],
  },
  "the client closes": {
    path: "connecting acknowledging open closing closed ending ended",
    steps: [says("Aid"), closes],
  },
  "the server refuses": {
    path: "connecting closed ending ended",
    steps: [says("Hrefused"), peerCloses],
  },
  "the caller of dial() gives up": {
    path: "connecting closing closed ending ended",
    steps: [givesUp],
  },
};

/** Logs the states of the one connection of a test. */
function logStatus(): PathLog<Session> {
  const log = new PathLog<Session>({
    first: "connecting",
    keyOf: () => "session",
    stateOf: ({ status }) => status,
  });
  // The state changes in these methods, or right before one of them is called.
  const own = ["start", "accept", "close", "closed", "closedError"];
  log.watch(Session.prototype, own);
  log.watch(TurnQueue.prototype, ["push"], () => log.owners);
  log.watch(Namespaces.prototype, ["leaveByForce"], () => log.owners);
  return log;
}

/** Takes the steps, and returns the path that they have taken. */
async function take(
  steps: readonly Step[],
  subject: Subject,
  log: PathLog<Session>,
): Promise<string> {
  for (const step of [() => {}, ...steps]) {
    step(subject);
    await turn();
    log.noteAll();
  }
  return log.pathOf("session");
}

Deno.test("The walks take every transition of a connection, and no other", async () => {
  const walks = [
    ...Object.values(SERVER_WALKS),
    ...Object.values(CLIENT_WALKS),
  ];
  const table = await readTransitions({
    module: new URL("session.ts", import.meta.url),
    type: "ConnStatus",
  });
  assertEquals(transitionsOf(walks.map(({ path }) => path)), table);
});

for (const [name, walk] of Object.entries(SERVER_WALKS)) {
  Deno.test(`The states of a server's connection: ${name}`, async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    using log = logStatus();
    const { onConnect = () => () => {}, events = {} } = walk;
    const chat: Events = {};
    for (const [event, make] of Object.entries(events)) {
      chat[event] = make(held);
    }
    const handler: ConnHandler = walk.isNative
      ? { "": { [OnNativeMessage]() {} } }
      : { chat };
    await using memory = new MemoryServer(handler, {
      onConnect: onConnect(held) as () => void,
    });
    const peer = await RawClient.open(memory);
    const path = await take(walk.steps, {
      peer,
      close: () => void memory.server.close(),
      giveUp: () => log.owners[0]!.abandon(1001, "server closed"),
    }, log);
    assertEquals(path, walk.path);
    release();
    peer.socket.terminate!();
  });
}

for (const [name, walk] of Object.entries(CLIENT_WALKS)) {
  Deno.test(`The states of a client's connection: ${name}`, async () => {
    using log = logStatus();
    const [left, right] = socketPair();
    const peer = await RawClient.open({ open: () => right });
    const controller = new AbortController();
    const dialled = dial("ws://memory.test/", { chat: {} }, {
      transport: () => left,
      signal: controller.signal,
    });
    dialled.catch(() => {});
    const path = await take(walk.steps, {
      peer,
      close: () => void dialled.then((client) => client.close()),
      giveUp: () => controller.abort(),
    }, log);
    assertEquals(path, walk.path);
  });
}

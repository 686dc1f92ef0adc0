/** Walks the tables of phases: every transition, taken by a peer's frames, calls and hooks. */

import { assert, assertEquals } from "@std/assert";
import { setImmediate } from "node:timers";
import type { Conn } from "../api/conn.ts";
import type { NSConn } from "../api/ns_conn.ts";
import { dial } from "../client.ts";
import type { ConnHandler, Events } from "../controller/events.ts";
import { walkAll } from "../../tools/fuzz/walk/mod.ts";
import { LIFE_CYCLE, MemoryServer, RawClient } from "../harness/mod.ts";
import { PathLog, readTransitions, transitionsOf } from "../harness/states.ts";
import { EventError } from "../protocol/errors.ts";
import {
  OnNamespaceConnect,
  OnNamespaceDisconnect,
  OnNativeMessage,
  OnRoomJoin,
  OnRoomLeave,
} from "../protocol/event_names.ts";
import { socketPair } from "../transport/socket.ts";
import { Membership } from "./membership.ts";

type Side = "client" | "server";

const SIDES: readonly Side[] = ["client", "server"];
const NAMESPACE = "chat";
const ROOM = "lobby";

/** Lets all pending microtasks run; sockets in memory need no more. */
function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** One side of a connection, with a peer that speaks frames. */
class Subject implements AsyncDisposable {
  readonly peer: RawClient;
  readonly conn: Conn;
  readonly hooks: Hooks;
  readonly #cleanup: AsyncDisposableStack;
  #controller = new AbortController();
  #asked = 0;

  private constructor(
    peer: RawClient,
    conn: Conn,
    { hooks, cleanup }: { hooks: Hooks; cleanup: AsyncDisposableStack },
  ) {
    this.peer = peer;
    this.conn = conn;
    this.hooks = hooks;
    this.#cleanup = cleanup;
  }

  static async open(side: Side, isNative = false): Promise<Subject> {
    const hooks = new Hooks();
    const handler: ConnHandler = isNative
      ? { "": { [OnNativeMessage]() {} } }
      : { [NAMESPACE]: hooks.events };
    const cleanup = new AsyncDisposableStack();
    if (side === "server") {
      const memory = cleanup.use(new MemoryServer(handler));
      const peer = await RawClient.open(memory, ...isNative ? [] : ["M"]);
      await turn();
      const [conn] = memory.server.connections;
      return new Subject(peer, conn!, { hooks, cleanup });
    }
    const [left, right] = socketPair();
    const peer = await RawClient.open({ open: () => right });
    const dialled = dial("ws://memory.test/", handler, {
      transport: () => left,
      onError() {},
    });
    await peer.until(1);
    peer.send("Aid");
    const client = cleanup.use(await dialled);
    return new Subject(peer, client.conn, { hooks, cleanup });
  }

  get nsConn(): NSConn {
    return this.conn.namespace(NAMESPACE)!;
  }

  /** Begins a call, which {@linkcode Subject.giveUp} ends. */
  call(run: (signal: AbortSignal) => Promise<unknown>): void {
    this.#controller = new AbortController();
    // The phases show how it has ended.
    run(this.#controller.signal).catch(() => {});
  }

  giveUp(): void {
    this.#controller.abort();
  }

  /** Sends an ask of the peer. */
  ask(event: string, room = ""): void {
    this.peer.send(`x${++this.#asked};${NAMESPACE};${room};${event};0;0;`);
  }

  /** Answers the last ask of this side. */
  answer(isGranted: boolean): void {
    const asks = (this.peer.received as string[])
      .filter((frame) => /^[^;]+;[^;]*;[^;]*;_On\w+;0;0;$/.test(frame));
    const [wait, namespace, room, event] = asks.at(-1)!.split(";");
    this.peer.send(
      isGranted
        ? `${wait};;;;;;`
        : `${wait};${namespace};${room};${event};1;0;refused`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hooks.release();
    this.peer.socket.close();
    await this.#cleanup.disposeAsync();
  }
}

/** The hooks of a namespace and its rooms, which can be held or refuse. */
class Hooks {
  readonly events: Events = Object.fromEntries(
    LIFE_CYCLE.map((event) => [event, () => this.#actions.get(event)?.()]),
  );
  readonly #actions = new Map<string, () => unknown>();
  #released = Promise.withResolvers<void>();

  hold(event: string): void {
    const { promise } = this.#released;
    this.#actions.set(event, () => promise);
  }

  refuse(event: string): void {
    this.#actions.set(event, () => {
      throw new EventError("refused");
    });
  }

  /** Holds a hook, which refuses when it is released. */
  holdAndRefuse(event: string): void {
    const { promise } = this.#released;
    this.#actions.set(event, () =>
      promise.then(() => {
        throw new EventError("refused");
      }));
  }

  release(): void {
    this.#released.resolve();
    this.#released = Promise.withResolvers();
  }
}

// The steps of a walk.
type Step = (subject: Subject) => void;

const connect: Step = (it) =>
  it.call((signal) => it.conn.connect(NAMESPACE, { signal }));
const disconnect: Step = (it) => it.call(() => it.nsConn.disconnect());
const join: Step = (it) =>
  it.call((signal) => it.nsConn.joinRoom(ROOM, { signal }));
const leave: Step = (it) => it.call(() => it.nsConn.room(ROOM)!.leave());
const giveUp: Step = (it) => it.giveUp();
const granted: Step = (it) => it.answer(true);
const refused: Step = (it) => it.answer(false);
const peerConnects: Step = (it) => it.ask(OnNamespaceConnect);
const peerDisconnects: Step = (it) => it.ask(OnNamespaceDisconnect);
const peerJoins: Step = (it) => it.ask(OnRoomJoin, ROOM);
const peerLeaves: Step = (it) => it.ask(OnRoomLeave, ROOM);
const released: Step = (it) => it.hooks.release();
/** The socket ends without a close frame. */
const lost: Step = (it) => it.peer.socket.terminate!();

function held(event: string): Step {
  return (it) => it.hooks.hold(event);
}
function refusing(event: string): Step {
  return (it) => it.hooks.refuse(event);
}

/** A path through a table, and the steps that take it. */
interface Walk {
  readonly path: string;
  readonly steps: readonly Step[];
  /** The sides that take it; both by default. */
  readonly sides?: readonly Side[];
  /** Whether the namespace has native messages alone. */
  readonly isNative?: boolean;
}

const NAMESPACE_WALKS: Record<string, Walk> = {
  "a connect and a disconnect are granted": {
    path: "out deciding entering in leaving telling out",
    steps: [connect, granted, disconnect, granted],
  },
  "the own hook refuses a connect": {
    path: "out deciding out",
    steps: [refusing(OnNamespaceConnect), connect],
  },
  "the caller gives up during the own hook": {
    path: "out deciding out",
    steps: [held(OnNamespaceConnect), connect, giveUp, released],
  },
  "the peer refuses a connect": {
    path: "out deciding entering out",
    steps: [connect, refused],
  },
  "a connect that was given up is taken back": {
    path: "out deciding entering takingBack out",
    steps: [connect, giveUp, granted, granted],
  },
  "the peer keeps what is taken back": {
    path: "out deciding entering takingBack in",
    steps: [connect, giveUp, granted, refused],
  },
  "the peer refuses a disconnect": {
    path: "out admitting in leaving in",
    steps: [peerConnects, disconnect, refused],
  },
  "the peer connects and disconnects a server": {
    path: "out admitting in releasing telling out",
    steps: [peerConnects, peerDisconnects],
    sides: ["server"],
  },
  "the peer connects and disconnects a client": {
    path: "out admitting in telling out",
    steps: [peerConnects, peerDisconnects],
    sides: ["client"],
  },
  "a hook refuses the peer's connect": {
    path: "out admitting out",
    steps: [refusing(OnNamespaceConnect), peerConnects],
  },
  "a hook refuses the peer's disconnect": {
    path: "out admitting in releasing in",
    steps: [peerConnects, refusing(OnNamespaceDisconnect), peerDisconnects],
    sides: ["server"],
  },
  "native messages alone need no ask": {
    path: "out deciding in",
    steps: [],
    sides: ["server"],
    isNative: true,
  },
  "the connection is lost: deciding": {
    path: "out deciding out",
    steps: [held(OnNamespaceConnect), connect, lost],
  },
  "the connection is lost: entering": {
    path: "out deciding entering out",
    steps: [connect, lost],
  },
  "the connection is lost: takingBack": {
    path: "out deciding entering takingBack out",
    steps: [connect, giveUp, granted, lost],
  },
  "the connection is lost: admitting": {
    path: "out admitting out",
    steps: [held(OnNamespaceConnect), peerConnects, lost],
  },
  "the connection is lost: in": {
    path: "out admitting in telling out",
    steps: [peerConnects, lost],
  },
  "the connection is lost: leaving": {
    path: "out admitting in leaving in telling out",
    steps: [peerConnects, disconnect, lost],
  },
  "the connection is lost: releasing": {
    path: "out admitting in releasing",
    steps: [peerConnects, held(OnNamespaceDisconnect), peerDisconnects, lost],
    sides: ["server"],
  },
  "a hook lets go after the connection is lost": {
    path: "out admitting in releasing telling out",
    steps: [
      peerConnects,
      held(OnNamespaceDisconnect),
      peerDisconnects,
      lost,
      released,
    ],
    sides: ["server"],
  },
  "a hook refuses after the connection is lost": {
    path: "out admitting in releasing in telling out",
    steps: [
      peerConnects,
      (it) => it.hooks.holdAndRefuse(OnNamespaceDisconnect),
      peerDisconnects,
      lost,
      released,
    ],
    sides: ["server"],
  },
  "the connection is lost: telling": {
    path: "out admitting in leaving telling",
    steps: [
      peerConnects,
      peerJoins,
      held(OnRoomLeave),
      disconnect,
      granted,
      lost,
    ],
  },
};

/** The walks of a room, all of which begin in the namespace. */
const ROOM_WALKS: Record<string, Walk> = {
  "a join and a leave are granted": {
    path: "out entering deciding in leaving telling out",
    steps: [join, granted, leave, granted],
  },
  "the peer refuses a join": {
    path: "out entering out",
    steps: [join, refused],
  },
  "the own hook refuses what the peer has granted": {
    path: "out entering deciding takingBack out",
    steps: [refusing(OnRoomJoin), join, granted, granted],
  },
  "the caller gives up during the own hook": {
    path: "out entering deciding takingBack out",
    steps: [held(OnRoomJoin), join, granted, giveUp, released, granted],
  },
  "a join that was given up is taken back": {
    path: "out entering takingBack out",
    steps: [join, giveUp, granted, granted],
  },
  "the peer keeps what is taken back": {
    path: "out entering takingBack in",
    steps: [join, giveUp, granted, refused],
  },
  "the peer refuses a leave": {
    path: "out admitting in leaving in",
    steps: [peerJoins, leave, refused],
  },
  "the peer joins and leaves": {
    path: "out admitting in releasing out",
    steps: [peerJoins, peerLeaves],
  },
  "a hook refuses the peer's join": {
    path: "out admitting out",
    steps: [refusing(OnRoomJoin), peerJoins],
  },
  "a hook of a server refuses the peer's leave": {
    path: "out admitting in releasing in",
    steps: [peerJoins, refusing(OnRoomLeave), peerLeaves],
    sides: ["server"],
  },
  "a hook of a client cannot refuse the peer's leave": {
    path: "out admitting in releasing out",
    steps: [peerJoins, refusing(OnRoomLeave), peerLeaves],
    sides: ["client"],
  },
  "a hook lets go after the connection is lost": {
    path: "out admitting in releasing out",
    steps: [peerJoins, held(OnRoomLeave), peerLeaves, lost, released],
  },
  "a hook lets go after the namespace is left": {
    path: "out admitting in releasing in telling out",
    steps: [
      peerJoins,
      held(OnRoomLeave),
      peerLeaves,
      disconnect,
      granted,
      released,
    ],
  },
  ...endsOf("the connection is lost", [lost]),
  ...endsOf("the namespace is left", [disconnect, granted]),
};

/** Walks to each phase of a room, and an event that ends all of them. */
function endsOf(cause: string, end: Step[]): Record<string, Walk> {
  return {
    [`${cause}: entering`]: {
      path: "out entering out",
      steps: [join, ...end],
    },
    [`${cause}: deciding`]: {
      path: "out entering deciding out",
      steps: [held(OnRoomJoin), join, granted, ...end],
    },
    [`${cause}: takingBack`]: {
      path: "out entering takingBack out",
      steps: [join, giveUp, granted, ...end],
    },
    [`${cause}: admitting`]: {
      path: "out admitting out",
      steps: [held(OnRoomJoin), peerJoins, ...end],
    },
    [`${cause}: in`]: {
      path: "out admitting in telling out",
      steps: [peerJoins, ...end],
    },
    [`${cause}: leaving`]: {
      path: "out admitting in leaving in telling out",
      steps: [peerJoins, leave, ...end],
    },
    [`${cause}: telling`]: {
      path: "out admitting in leaving telling out",
      steps: [peerJoins, held(OnRoomLeave), leave, granted, ...end, released],
    },
  };
}

/** Logs the phases of namespaces and rooms. */
function logPhases(
  keyOf: (membership: Membership<unknown>) => string,
): PathLog<Membership<unknown>> {
  const stateOf = ({ phase }: Membership<unknown>) => phase;
  const log = new PathLog({ first: "out", keyOf, stateOf });
  // A phase changes in this method alone.
  log.watch(Membership.prototype, ["become"]);
  return log;
}

const LEVELS = {
  namespace: { walks: NAMESPACE_WALKS, prelude: [] },
  room: { walks: ROOM_WALKS, prelude: [peerConnects] },
};

function readTable(level: string): Promise<string[]> {
  const module = new URL("phase.ts", import.meta.url);
  return readTransitions({ module, type: "Phase", column: level });
}

for (const [level, { walks, prelude }] of Object.entries(LEVELS)) {
  Deno.test(`The walks take every transition of a ${level}, and no other`, async () => {
    const paths = Object.values(walks).map(({ path }) => path);
    assertEquals(transitionsOf(paths), await readTable(level));
  });

  for (
    const [name, { path, steps, isNative, sides = SIDES }] of Object.entries(
      walks,
    )
  ) {
    for (const side of sides) {
      Deno.test(`The phases of a ${level} of a ${side}: ${name}`, async () => {
        using log = logPhases(({ namespace, room }) => room || namespace);
        await using subject = await Subject.open(side, isNative);
        log.noteAll();
        for (const step of [...prelude, ...steps]) {
          step(subject);
          await turn();
          log.noteAll();
        }
        const key = isNative ? "" : level === "room" ? ROOM : NAMESPACE;
        assertEquals(log.pathOf(key), path);
      });
    }
  }
}

Deno.test("Random walks take no transition that the tables do not have", async () => {
  const ids = new Map<Membership<unknown>, string>();
  using log = logPhases((membership) => {
    const id = ids.get(membership) ?? String(ids.size);
    ids.set(membership, id);
    return id;
  });
  await walkAll(1, 50);
  for (const level of Object.keys(LEVELS)) {
    const isRoom = level === "room";
    const paths = [...ids].filter(([{ room }]) => (room !== "") === isRoom)
      .map(([, id]) => log.pathOf(id));
    const table = await readTable(level);
    const taken = transitionsOf(paths);
    assertEquals(taken.filter((transition) => !table.includes(transition)), []);
    assert(taken.length > table.length / 2, `${taken.length} of ${level}`);
  }
});

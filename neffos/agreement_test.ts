/** Both sides agree on namespaces and rooms, whatever the order of calls. */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  controllerOf,
  FORMS,
  Gate,
  hooksOf,
  NAMESPACES,
  nth,
  otherOf,
  refuse,
  type Setting,
  type Side,
  SIDES,
  turn,
  watch,
  World,
} from "./harness/world.ts";
import {
  type AskOptions,
  EventError,
  type Events,
  joinConnHandlers,
  type MessageHandler,
  type NSConn,
  type Room,
} from "./mod.ts";

/** The time in which an abandoned call must end, in milliseconds. */
const PATIENCE = 100;

/** Waits until a call has ended, for a limited time. */
async function outcomeOf(call: Promise<unknown>): Promise<string> {
  const outcomes = watch([call]);
  const start = performance.now();
  while (outcomes[0] === "pending" && performance.now() - start < PATIENCE) {
    await turn();
  }
  return outcomes[0]!;
}

type Call = (options: AskOptions) => Promise<unknown>;

/** The ways to abandon a call. */
const WAYS: Record<string, (call: Call) => Promise<void>> = {
  "by a time limit": async (call) => {
    const outcome = await outcomeOf(call({ timeout: 1 }));
    assertEquals(outcome, "AskTimeoutError");
  },
  "by a signal": async (call) => {
    const abort = new AbortController();
    const ended = call({ signal: abort.signal });
    await turn();
    abort.abort(new Error("no more"));
    assertEquals(await outcomeOf(ended), "Error");
  },
  "by a signal at once": async (call) => {
    const abort = new AbortController();
    const ended = call({ signal: abort.signal });
    abort.abort(new Error("no more"));
    assertEquals(await outcomeOf(ended), "Error");
  },
};

const giveUp = WAYS["by a signal"]!;

// An abandoned call, and the same call again.

for (const side of SIDES) {
  for (const [way, giveUp] of Object.entries(WAYS)) {
    Deno.test(`joinRoom() after an abandoned joinRoom() stays in the room: ${side}, ${way}`, async () => {
      for (const form of Object.keys(FORMS)) {
        for (const tries of [1, 2, 3]) {
          const gate = new Gate();
          const events = { onRoomJoin: nth(1, gate) };
          await using world = await World.start(
            hooksOf(otherOf(side), events, form),
          );
          await world.enter();
          const nsConn = world.chat(side);
          for (let n = 0; n < tries; n++) {
            await giveUp((options) => nsConn.joinRoom("room", options));
          }
          const again = nsConn.joinRoom("room");
          await world.open(gate);
          assertEquals(await world.outcomes(again), ["done"]);
          await world.assertAtRest(["chat", "chat/room"]);
        }
      }
    });

    Deno.test(`connect() after an abandoned connect() stays in the namespace: ${side}, ${way}`, async () => {
      for (const form of Object.keys(FORMS)) {
        for (const tries of [1, 2, 3]) {
          const gate = new Gate();
          const log: string[] = [];
          await using world = await World.start({
            [side]: controllerOf({}, log),
            ...hooksOf(
              otherOf(side),
              { onNamespaceConnect: nth(1, gate) },
              form,
            ),
          });
          const conn = world.at(side);
          for (let n = 0; n < tries; n++) {
            await giveUp((options) => conn.connect("chat", options));
          }
          const again = conn.connect("chat");
          await world.open(gate);
          assertEquals(await world.outcomes(again), ["done"]);
          await world.assertAtRest(["chat"]);
          const made = log.filter((line) => line.startsWith("made"));
          assertEquals(log.length, 2 * made.length - 1);
        }
      }
    });

    Deno.test(`connect() after one that was abandoned during its own hook enters: ${side}, ${way}`, async () => {
      const gate = new Gate();
      await using world = await World.start(
        hooksOf(side, { onNamespaceConnect: nth(1, gate) }),
      );
      const conn = world.at(side);
      await giveUp((options) => conn.connect("chat", options));
      const again = conn.connect("chat");
      await world.open(gate);
      assertEquals(await world.outcomes(again), ["done"]);
      await world.assertAtRest(["chat"]);
    });

    Deno.test(`connect() that is abandoned during its own hook sends no ask: ${side}, ${way}`, async () => {
      const gate = new Gate();
      const log: string[] = [];
      const events = { onNamespaceConnect: nth(1, gate) };
      await using world = await World.start({
        [side]: controllerOf(events, log),
      });
      const conn = world.at(side);
      await giveUp((options) => conn.connect("chat", options));
      await world.open(gate);
      await world.assertAtRest([]);
      const asked = world.memory.frames.map(({ data }) => String(data))
        .filter((frame) => frame.includes(";_OnNamespaceConnect;"));
      assertEquals(asked, []);
      assertEquals(log, ["made 1", "disposed 1"]);
      assertEquals(await world.outcomes(conn.connect("chat")), ["done"]);
      await world.assertAtRest(["chat"]);
    });

    Deno.test(`joinRoom() after an abandoned leave() stays in the room: ${side}, ${way}`, async () => {
      const gate = new Gate();
      await using world = await World.start(
        hooksOf(otherOf(side), { onRoomLeave: nth(1, gate) }),
      );
      await world.enter("room");
      const room = world.room(side);
      await giveUp((options) => room.leave(options));
      const joined = world.chat(side).joinRoom("room");
      await world.open(gate);
      assertEquals(await world.outcomes(joined), ["done"]);
      await world.assertAtRest(["chat", "chat/room"]);
    });

    Deno.test(`leave() after an abandoned leave() leaves the room: ${side}, ${way}`, async () => {
      const gate = new Gate();
      await using world = await World.start(
        hooksOf(otherOf(side), { onRoomLeave: nth(1, gate) }),
      );
      await world.enter("room");
      const room = world.room(side);
      await giveUp((options) => room.leave(options));
      const left = room.leave();
      await world.open(gate);
      assertEquals(await world.outcomes(left), ["done"]);
      await world.assertAtRest(["chat"]);
    });

    Deno.test(`connect() after an abandoned disconnect() stays in the namespace: ${side}, ${way}`, async () => {
      // A client's own hook cannot delay the answer, a room's hook can.
      const gate = new Gate();
      const hook = side === "client" ? "onNamespaceDisconnect" : "onRoomLeave";
      await using world = await World.start(
        hooksOf(otherOf(side), { [hook]: nth(1, gate) }),
      );
      await world.enter("room");
      const conn = world.at(side);
      const nsConn = world.chat(side);
      await giveUp((options) => nsConn.disconnect(options));
      const connected = conn.connect("chat");
      await world.open(gate);
      assertEquals(await world.outcomes(connected), ["done"]);
      await world.assertAtRest(["chat"]);
    });

    Deno.test(`disconnect() after an abandoned disconnect() leaves the namespace: ${side}, ${way}`, async () => {
      const gate = new Gate();
      const hook = side === "client" ? "onNamespaceDisconnect" : "onRoomLeave";
      await using world = await World.start(
        hooksOf(otherOf(side), { [hook]: nth(1, gate) }),
      );
      await world.enter("room");
      const nsConn = world.chat(side);
      await giveUp((options) => nsConn.disconnect(options));
      const left = nsConn.disconnect();
      await world.open(gate);
      assertEquals(await world.outcomes(left), ["done"]);
      await world.assertAtRest([]);
    });
  }

  Deno.test(`joinRoom() goes on for the other callers when one gives up: ${side}`, async () => {
    for (const [way, giveUp] of Object.entries(WAYS)) {
      const gate = new Gate();
      await using world = await World.start(
        hooksOf(otherOf(side), { onRoomJoin: nth(1, gate) }),
      );
      await world.enter();
      const nsConn = world.chat(side);
      const others: Promise<Room>[] = [];
      await giveUp((options) => {
        const first = nsConn.joinRoom("room", options);
        others.push(nsConn.joinRoom("room"), nsConn.joinRoom("room"));
        return first;
      });
      await world.open(gate);
      assertEquals(await world.outcomes(...others), ["done", "done"], way);
      await world.assertAtRest(["chat", "chat/room"], way);
      const rooms = await Promise.all(others);
      assertStrictEquals(rooms[0], rooms[1]);
      assertStrictEquals(rooms[0], nsConn.room("room"));
    }
  });

  Deno.test(`connect() goes on for the other callers when one gives up: ${side}`, async () => {
    for (const held of SIDES) {
      for (const [way, giveUp] of Object.entries(WAYS)) {
        const gate = new Gate();
        await using world = await World.start(
          hooksOf(held, { onNamespaceConnect: nth(1, gate) }),
        );
        const conn = world.at(side);
        const others: Promise<unknown>[] = [];
        await giveUp((options) => {
          const first = conn.connect("chat", options);
          others.push(conn.connect("chat"), conn.connect("chat"));
          return first;
        });
        await world.open(gate);
        assertEquals(await world.outcomes(...others), ["done", "done"], way);
        await world.assertAtRest(["chat"], way);
      }
    }
  });

  Deno.test(`leave() and disconnect() go on for the other callers when one gives up: ${side}`, async () => {
    for (const [way, giveUp] of Object.entries(WAYS)) {
      const gates = [new Gate(), new Gate()];
      await using world = await World.start(
        hooksOf(otherOf(side), {
          onRoomLeave: nth(1, gates[0]!),
          [side === "client" ? "onNamespaceDisconnect" : "onRoomLeft"]: nth(
            side === "client" ? 1 : 2,
            gates[1]!,
          ),
        }),
      );
      await world.enter("room", "another");
      const room = world.room(side);
      const nsConn = world.chat(side);
      const others: Promise<void>[] = [];
      await giveUp((options) => {
        const first = room.leave(options);
        others.push(room.leave());
        return first;
      });
      await world.open(gates[0]!);
      assertEquals(await world.outcomes(...others), ["done"], way);
      await world.assertAtRest(["chat", "chat/another"], way);
      await giveUp((options) => {
        const first = nsConn.disconnect(options);
        others.push(nsConn.disconnect());
        return first;
      });
      await world.open(gates[1]!);
      assertEquals(await world.outcomes(...others), ["done", "done"], way);
      await world.assertAtRest([], way);
    }
  });

  Deno.test(`A call that is abandoned while it waits for another sends no ask: ${side}`, async () => {
    for (const [way, giveUp] of Object.entries(WAYS)) {
      const gate = new Gate();
      await using world = await World.start(
        hooksOf(otherOf(side), { onRoomLeave: nth(1, gate) }),
      );
      await world.enter("room");
      const nsConn = world.chat(side);
      const room = world.room(side);
      const first = room.leave();
      await giveUp((options) => nsConn.joinRoom("room", options));
      // This leave joins the one that is under way.
      const second = room.leave();
      await world.open(gate);
      assertEquals(await world.outcomes(first, second), ["done", "done"], way);
      await world.assertAtRest(["chat"], way);
    }
  });

  Deno.test(`connect() that is abandoned while it waits for a disconnect sends no ask: ${side}`, async () => {
    const gate = new Gate();
    const hook = side === "client" ? "onNamespaceDisconnect" : "onRoomLeave";
    await using world = await World.start(
      hooksOf(otherOf(side), { [hook]: nth(1, gate) }),
    );
    await world.enter("room");
    const conn = world.at(side);
    const left = world.chat(side).disconnect();
    await giveUp((options) => conn.connect("chat", options));
    const early = conn.connect("chat", { signal: AbortSignal.abort() });
    assertEquals(await outcomeOf(early), "AbortError");
    await world.open(gate);
    assertEquals(await world.outcomes(left), ["done"]);
    await world.assertAtRest([]);
  });

  Deno.test(`A grant that no caller waits for is taken back: ${side}`, async () => {
    const gates = [new Gate(), new Gate()];
    await using world = await World.start(
      hooksOf(otherOf(side), {
        onNamespaceConnect: nth(1, gates[0]!),
        onRoomJoin: nth(1, gates[1]!),
      }),
    );
    const conn = world.at(side);
    await giveUp((options) => conn.connect("chat", options));
    await world.open(gates[0]!);
    await world.assertAtRest([]);
    const nsConn = await conn.connect("chat");
    await giveUp((options) => nsConn.joinRoom("room", options));
    await world.open(gates[1]!);
    await world.assertAtRest(["chat"]);
    await nsConn.joinRoom("room");
    await world.assertAtRest(["chat", "chat/room"]);
  });

  Deno.test(`joinRoom() while a grant is taken back enters afterwards: ${side}`, async () => {
    const gates = [new Gate(), new Gate()];
    await using world = await World.start(
      hooksOf(otherOf(side), {
        onRoomJoin: nth(1, gates[0]!),
        onRoomLeave: nth(1, gates[1]!),
      }),
    );
    await world.enter();
    const nsConn = world.chat(side);
    await giveUp((options) => nsConn.joinRoom("room", options));
    await world.open(gates[0]!);
    await world.rest();
    const joined = nsConn.joinRoom("room");
    await world.open(gates[1]!);
    assertEquals(await world.outcomes(joined), ["done"]);
    await world.assertAtRest(["chat", "chat/room"]);
  });

  Deno.test(`A call of the other side, while an abandoned call is decided, ends in agreement: ${side}`, async () => {
    const other = otherOf(side);
    const gates = [new Gate(), new Gate()];
    await using world = await World.start(
      hooksOf(other, {
        onNamespaceConnect: nth(1, gates[0]!),
        onRoomJoin: nth(1, gates[1]!),
      }),
    );
    const conn = world.at(side);
    await giveUp((options) => conn.connect("chat", options));
    const theirs = world.at(other).connect("chat");
    await world.open(gates[0]!);
    assertEquals(await world.outcomes(theirs), ["done"]);
    await world.assertAtRest();
    const nsConn = await conn.connect("chat");
    await giveUp((options) => nsConn.joinRoom("room", options));
    const join = world.chat(other).joinRoom("room");
    await world.open(gates[1]!);
    assertEquals(await world.outcomes(join), ["done"]);
    await world.assertAtRest();
  });

  Deno.test(`An abandoned join does not outlive its namespace: ${side}`, async () => {
    const gate = new Gate();
    await using world = await World.start(
      hooksOf(otherOf(side), { onRoomJoin: nth(1, gate) }),
    );
    await world.enter();
    const nsConn = world.chat(side);
    await giveUp((options) => nsConn.joinRoom("room", options));
    const left = nsConn.disconnect();
    const back = world.at(side).connect("chat");
    await world.open(gate);
    assertEquals(await world.outcomes(left, back), ["done", "done"]);
    await world.assertAtRest(["chat"]);
  });
}

Deno.test("Both sides stay in when the server refuses to take a grant back", async () => {
  const gates = [new Gate(), new Gate()];
  const told: string[] = [];
  const tell: MessageHandler = (_, { event, isForced }) =>
    void (isForced && told.push(event));
  await using world = await World.start({
    server: {
      chat: {
        onNamespaceConnect: nth(1, gates[0]!),
        onNamespaceDisconnect: nth(1, refuse("stay")),
        onRoomJoin: nth(1, gates[1]!),
        onRoomLeave: nth(1, refuse("stay")),
      },
    },
    client: { chat: { onNamespaceConnected: tell, onRoomJoined: tell } },
  });
  await giveUp((options) => world.client.connect("chat", options));
  await world.open(gates[0]!);
  await world.assertAtRest(["chat"]);
  const nsConn = world.chat("client");
  await giveUp((options) => nsConn.joinRoom("room", options));
  await world.open(gates[1]!);
  await world.assertAtRest(["chat", "chat/room"]);
  assertEquals(told, ["_OnNamespaceConnected", "_OnRoomJoined"]);
});

Deno.test("joinRoom() shares the refusal of an abandoned joinRoom()", async () => {
  const gate = new Gate();
  await using world = await World.start({
    server: {
      chat: {
        onRoomJoin: nth(1, async () => {
          await gate.pass();
          throw new EventError("full");
        }),
      },
    },
  });
  await world.enter();
  const nsConn = world.chat("client");
  await giveUp((options) => nsConn.joinRoom("room", options));
  const again = nsConn.joinRoom("room");
  await world.open(gate);
  assertEquals(await world.outcomes(again), ["EventError"]);
  await world.assertAtRest(["chat"]);
  await nsConn.joinRoom("room");
  await world.assertAtRest(["chat", "chat/room"]);
});

// Calls without an await in between.

/** Hooks that take some microtasks. */
const SLOW: Events = Object.fromEntries(
  [
    "onNamespaceConnect",
    "onNamespaceConnected",
    "onNamespaceDisconnect",
    "onRoomJoin",
    "onRoomJoined",
    "onRoomLeave",
    "onRoomLeft",
  ].map((event) => [event, async () => {
    for (let n = 0; n < 7; n++) await null;
  }]),
);

const SETTINGS: Record<string, Setting> = {
  "no hooks": {},
  "slow hooks of the client": hooksOf("client", SLOW),
  "slow hooks of the server": hooksOf("server", SLOW, "controller"),
  "slow hooks": { client: controllerOf(SLOW), server: { chat: SLOW } },
};

/** The calls of one side about its room and namespace. */
type Action = (nsConn: NSConn, room: Room) => Promise<unknown>;

const ACTIONS = {
  join: (nsConn) => nsConn.joinRoom("room"),
  leave: (_, room) => room.leave(),
  leaveAll: (nsConn) => nsConn.leaveAll(),
  connect: ({ conn }) => conn.connect("chat"),
  disconnect: (nsConn) => nsConn.disconnect(),
  disconnectAll: ({ conn }) => conn.disconnectAll(),
} satisfies Record<string, Action>;

type ActionName = keyof typeof ACTIONS;

/** Opens a world in which both sides are in a room. */
async function openInRoom(setting: Setting): Promise<World> {
  const world = await World.start(setting);
  await world.enter("room");
  return world;
}

/** Makes calls without an await in between. */
function callAll(
  world: World,
  side: Side,
  names: readonly ActionName[],
): Promise<unknown>[] {
  const nsConn = world.chat(side);
  const room = world.room(side);
  return names.map((name) => (ACTIONS[name] as Action)(nsConn, room));
}

/** Sequences of such calls by one side in a room, and the resulting names. */
const SEQUENCES: [ActionName[], string[]][] = [
  [["leave", "join"], ["chat", "chat/room"]],
  [["leaveAll", "join"], ["chat", "chat/room"]],
  [["leave", "leave"], ["chat"]],
  [["leave", "leaveAll"], ["chat"]],
  [["leaveAll", "leave"], ["chat"]],
  [["leave", "join", "leave"], ["chat"]],
  [["leave", "leave", "join"], ["chat", "chat/room"]],
  [["leave", "join", "leave", "join"], ["chat", "chat/room"]],
  [["leaveAll", "join", "leaveAll", "join"], ["chat", "chat/room"]],
  [["join", "leave"], ["chat"]],
  [["join", "leave", "join"], ["chat", "chat/room"]],
  [["disconnect", "connect"], ["chat"]],
  [["disconnectAll", "connect"], ["chat"]],
  [["disconnect", "disconnect"], []],
  [["disconnect", "disconnectAll"], []],
  [["disconnectAll", "disconnect"], []],
  [["disconnectAll", "disconnectAll"], []],
  [["disconnect", "disconnect", "connect"], ["chat"]],
  [["disconnect", "connect", "disconnect"], []],
  [["disconnect", "connect", "disconnect", "connect"], ["chat"]],
  [["disconnect", "connect", "connect"], ["chat"]],
  [["connect", "disconnect"], []],
  [["leave", "disconnect"], []],
  [["leave", "disconnect", "connect"], ["chat"]],
  [["leave", "join", "disconnect", "connect"], ["chat"]],
  [["leaveAll", "disconnect", "connect"], ["chat"]],
  [["disconnect", "leave"], []],
  [["disconnect", "leaveAll", "connect"], ["chat"]],
];

for (const side of SIDES) {
  for (const [names, expected] of SEQUENCES) {
    const text = names.map((name) => `${name}()`).join(", ");
    Deno.test(`Calls without an await in between take effect one after another: ${side}, ${text}`, async () => {
      for (const [where, setting] of Object.entries(SETTINGS)) {
        await using world = await openInRoom(setting);
        const outcomes = await world.outcomes(...callAll(world, side, names));
        // Only a join whose turn does not come may fail.
        const isCut = names.includes("join") && names.includes("disconnect");
        if (!isCut) assertEquals(outcomes, names.map(() => "done"), where);
        assertEquals(outcomes.includes("pending"), false, where);
        await world.assertAtRest(expected, where);
      }
    });
  }

  Deno.test(`A component that mounts twice in one turn ends up in its room: ${side}`, async () => {
    for (const [where, setting] of Object.entries(SETTINGS)) {
      await using world = await openInRoom(setting);
      const nsConn = world.chat(side);
      const room = world.room(side);
      await room.leave();
      await world.assertAtRest(["chat"], where);
      const outcomes = await world.outcomes(
        nsConn.joinRoom("room"),
        room.leave(),
        nsConn.joinRoom("room"),
        room.leave(),
        nsConn.joinRoom("room"),
      );
      assertEquals(outcomes, outcomes.map(() => "done"), where);
      await world.assertAtRest(["chat", "chat/room"], where);
      assert(nsConn.room("room")!.isJoined, where);
    }
  });

  Deno.test(`joinRoom() during leaveAll() rejoins that room only: ${side}`, async () => {
    for (const [where, setting] of Object.entries(SETTINGS)) {
      for (const name of ["a", "b", "c"]) {
        await using world = await World.start(setting);
        await world.enter("a", "b", "c");
        const nsConn = world.chat(side);
        const outcomes = await world.outcomes(
          nsConn.leaveAll(),
          nsConn.joinRoom(name),
        );
        assertEquals(outcomes, ["done", "done"], where);
        await world.assertAtRest(["chat", `chat/${name}`], where);
      }
    }
  });

  Deno.test(`connect() during disconnectAll() reconnects that namespace only: ${side}`, async () => {
    for (const name of NAMESPACES) {
      await using world = await World.start(SETTINGS["slow hooks"]);
      await world.enter("room");
      await world.client.connect("other");
      await world.rest();
      const conn = world.at(side);
      const outcomes = await world.outcomes(
        conn.disconnectAll(),
        conn.connect(name),
      );
      assertEquals(outcomes, ["done", "done"]);
      await world.assertAtRest([name]);
    }
  });

  Deno.test(`joinRoom() during a disconnect is refused, and a disconnect ends a join: ${side}`, async () => {
    const gate = new Gate();
    await using world = await openInRoom(
      hooksOf(otherOf(side), { onRoomJoin: nth(2, gate) }),
    );
    const nsConn = world.chat(side);
    const early = nsConn.joinRoom("early");
    const left = nsConn.disconnect();
    const late = nsConn.joinRoom("late");
    await world.open(gate);
    const outcomes = await world.outcomes(early, left, late);
    assertEquals(outcomes.slice(1), ["done", "BadNamespaceError"]);
    assert(outcomes[0] !== "pending");
    await world.assertAtRest([]);
  });

  Deno.test(`A namespace that is left and entered at once keeps nothing of its earlier stay: ${side}`, async () => {
    const log: string[] = [];
    await using world = await openInRoom({
      [side]: controllerOf({}, log),
      [otherOf(side)]: { chat: SLOW },
    });
    const nsConn = world.chat(side);
    nsConn.disconnect();
    await world.at(side).connect("chat");
    await world.assertAtRest(["chat"]);
    assertEquals(log.toSorted(), ["disposed 1", "made 1", "made 2"]);
    const answer = await world.chat(otherOf(side)).ask("onNumber");
    assertEquals(answer.text(), "2");
  });

  Deno.test(`An opposite call waits while a hook decides: ${side}`, async () => {
    const other = otherOf(side);
    const gate = new Gate();
    await using world = await openInRoom(
      hooksOf(side, { onRoomLeave: nth(1, gate) }),
    );
    const left = world.room(other).leave();
    await world.rest();
    const joined = world.chat(side).joinRoom("room");
    await world.open(gate);
    assertEquals(await world.outcomes(left, joined), ["done", "done"]);
    await world.assertAtRest(["chat", "chat/room"]);
  });
}

for (const side of SIDES) {
  for (const isRefused of [false, true]) {
    const verdict = isRefused ? "refuses" : "lets it";
    const decide = (gate: Gate) =>
      nth(1, async () => {
        await gate.pass();
        if (isRefused) throw new EventError("no");
      });

    Deno.test(`Both sides connect while a hook of the ${side} decides, and ${verdict}`, async () => {
      for (const first of SIDES) {
        for (const form of Object.keys(FORMS)) {
          const gate = new Gate();
          const events = { onNamespaceConnect: decide(gate) };
          await using world = await World.start(hooksOf(side, events, form));
          const calls = [world.at(first).connect("chat")];
          await world.rest();
          calls.push(world.at(otherOf(first)).connect("chat"));
          await world.open(gate);
          const outcomes = await world.outcomes(...calls);
          assertEquals(outcomes, [isRefused ? "EventError" : "done", "done"]);
          await world.assertAtRest(["chat"]);
        }
      }
    });

    Deno.test(`Both sides join while a hook of the ${side} decides, and ${verdict}`, async () => {
      for (const form of Object.keys(FORMS)) {
        const gate = new Gate();
        const events = { onRoomJoin: decide(gate) };
        await using world = await World.start(hooksOf(side, events, form));
        await world.enter();
        const calls = [world.chat(otherOf(side)).joinRoom("room")];
        await world.rest();
        calls.push(world.chat(side).joinRoom("room"));
        await world.open(gate);
        const outcomes = await world.outcomes(...calls);
        assertEquals(outcomes, [isRefused ? "EventError" : "done", "done"]);
        await world.assertAtRest(["chat", "chat/room"]);
      }
    });
  }
}

Deno.test("connect() of a server waits while its hook decides about a disconnect", async () => {
  for (const form of Object.keys(FORMS)) {
    for (const isRefused of [false, true]) {
      const gate = new Gate();
      const onNamespaceDisconnect = nth(1, async () => {
        await gate.pass();
        if (isRefused) throw new EventError("stay");
      });
      await using world = await openInRoom(
        hooksOf("server", { onNamespaceDisconnect }, form),
      );
      const left = world.chat("client").disconnect();
      await world.rest();
      const connected = world.at("server").connect("chat");
      await world.open(gate);
      const outcomes = await world.outcomes(left, connected);
      assertEquals(outcomes, [isRefused ? "EventError" : "done", "done"]);
      const names = isRefused ? ["chat", "chat/room"] : ["chat"];
      await world.assertAtRest(names);
    }
  }
});

Deno.test("joinRoom() after a refused leave() resolves with the room", async () => {
  const gate = new Gate();
  await using world = await openInRoom({
    server: {
      chat: {
        onRoomLeave: nth(1, async () => {
          await gate.pass();
          throw new EventError("stay");
        }),
      },
    },
  });
  const left = world.room("client").leave();
  const joined = world.chat("client").joinRoom("room");
  await world.open(gate);
  assertEquals(await world.outcomes(left, joined), ["EventError", "done"]);
  await world.assertAtRest(["chat", "chat/room"]);
  assertStrictEquals(await joined, world.room("client"));
});

Deno.test("A hook of the server and the client itself join the room at once", async () => {
  for (const [where, setting] of Object.entries(SETTINGS)) {
    const server = {
      chat: {
        async onNamespaceConnected(nsConn: NSConn) {
          await nsConn.joinRoom("room");
        },
      },
    };
    const handler = joinConnHandlers(server, setting.server ?? {});
    await using world = await World.start({ ...setting, server: handler });
    const nsConn = await world.client.connect("chat");
    const outcomes = await world.outcomes(
      nsConn.joinRoom("room"),
      nsConn.joinRoom("room"),
    );
    assertEquals(outcomes, ["done", "done"], where);
    await world.assertAtRest(["chat", "chat/room"], where);
  }
});

Deno.test("Both sides leave and join at once, and end up in the room", async () => {
  const sequences: [ActionName[], ActionName[], string[]][] = [
    [["leave", "join"], ["leave", "join"], ["chat", "chat/room"]],
    [["leave", "join"], ["leave"], ["chat", "chat/room"]],
    [["leave"], ["leave", "join"], ["chat", "chat/room"]],
    [["leave", "join"], ["join"], ["chat", "chat/room"]],
    [["leave"], ["leave"], ["chat"]],
    [["leave"], ["join"], ["chat"]],
    [["join"], ["leave"], ["chat"]],
    [["disconnect", "connect"], ["disconnect", "connect"], ["chat"]],
    [["disconnect", "connect"], ["disconnect"], ["chat"]],
    [["disconnect"], ["disconnect", "connect"], ["chat"]],
    [["disconnect"], ["disconnect"], []],
    [["disconnect"], ["connect"], []],
    [["connect"], ["disconnect"], []],
    [["disconnect"], ["leave"], []],
    [["leave"], ["disconnect"], []],
  ];
  for (const [where, setting] of Object.entries(SETTINGS)) {
    for (const [client, server, expected] of sequences) {
      await using world = await openInRoom(setting);
      const text = `${where}: ${client} | ${server}`;
      const outcomes = await world.outcomes(
        ...callAll(world, "client", client),
        ...callAll(world, "server", server),
      );
      assertEquals(outcomes, outcomes.map(() => "done"), text);
      await world.assertAtRest(expected, text);
    }
  }
});

Deno.test("Both sides enter at once, and agree on every refusal", async () => {
  for (const refusing of [undefined, ...SIDES]) {
    for (const event of ["onNamespaceConnect", "onRoomJoin"]) {
      const setting = refusing === undefined
        ? {}
        : hooksOf(refusing, { [event]: nth(1, refuse("no")) });
      await using world = await World.start(setting);
      const connects = await world.outcomes(
        ...SIDES.map((side) => world.at(side).connect("chat")),
      );
      assertEquals(connects.includes("pending"), false);
      await world.assertAtRest();
      await world.enter();
      const joins = await world.outcomes(
        ...SIDES.map((side) => world.chat(side).joinRoom("room")),
      );
      assertEquals(joins.includes("pending"), false);
      await world.assertAtRest();
      if (refusing === undefined) {
        assertEquals([connects, joins], [["done", "done"], ["done", "done"]]);
        await world.assertAtRest(["chat", "chat/room"]);
      }
    }
  }
});

const HALVES: ActionName[][] = [
  ["join"],
  ["leave"],
  ["leave", "join"],
  ["join", "leave"],
  ["leaveAll"],
  ["connect"],
  ["disconnect"],
  ["disconnect", "connect"],
];

for (const where of ["no hooks", "slow hooks"]) {
  for (const isIn of [true, false]) {
    const start = isIn ? "in the room" : "beside the room";
    Deno.test(`Any calls of both sides at once end in agreement: ${where}, ${start}`, async () => {
      for (const client of HALVES) {
        for (const server of HALVES) {
          await using world = await openInRoom(SETTINGS[where]!);
          const held = SIDES.map((side) => world.room(side));
          if (!isIn) await held[0]!.leave();
          await world.rest();
          const calls = [client, server].flatMap((names, i) =>
            names.map((name) =>
              (ACTIONS[name] as Action)(held[i]!.nsConn, held[i]!)
            )
          );
          const text = `${client} | ${server}`;
          const outcomes = await world.outcomes(...calls);
          assertEquals(outcomes.includes("pending"), false, text);
          await world.assertAtRest(undefined, text);
        }
      }
    });
  }
}

// Asks from an earlier stay.

/** Makes the queue of a side wait at a gate. */
async function block(world: World, side: Side): Promise<void> {
  world.chat(otherOf(side)).emit("onWait");
  await world.rest();
}

for (const side of SIDES) {
  const other = otherOf(side);

  Deno.test(`A join from an earlier stay does not count in the next: ${side}`, async () => {
    const gate = new Gate();
    await using world = await World.start(
      hooksOf(other, { onWait: async () => await gate.pass() }),
    );
    await world.enter();
    await block(world, other);
    const joined = world.chat(side).joinRoom("room");
    await world.rest();
    const left = world.chat(other).disconnect();
    await world.rest();
    const back = world.at(other).connect("chat");
    await world.open(gate);
    const outcomes = await world.outcomes(joined, left, back);
    assertEquals(outcomes.slice(1), ["done", "done"]);
    assert(outcomes[0] !== "done" && outcomes[0] !== "pending", outcomes[0]);
    await world.assertAtRest(["chat"]);
  });

  Deno.test(`A join whose hook outlives the namespace does not count in the next: ${side}`, async () => {
    for (const form of Object.keys(FORMS)) {
      const gate = new Gate();
      await using world = await World.start(
        hooksOf(other, { onRoomJoin: nth(1, gate) }, form),
      );
      await world.enter();
      const joined = world.chat(side).joinRoom("room");
      await world.rest();
      const left = world.chat(other).disconnect();
      await world.rest();
      const back = world.at(other).connect("chat");
      await world.open(gate);
      const outcomes = await world.outcomes(joined, left, back);
      assertEquals(outcomes.slice(1), ["done", "done"]);
      assert(outcomes[0] !== "done" && outcomes[0] !== "pending", outcomes[0]);
      await world.assertAtRest(["chat"]);
    }
  });

  Deno.test(`A leave from an earlier stay does not count in the next: ${side}`, async () => {
    const gate = new Gate();
    await using world = await openInRoom(
      hooksOf(other, { onWait: async () => await gate.pass() }),
    );
    await block(world, other);
    const left = world.room(side).leave();
    await world.rest();
    const gone = world.chat(other).disconnect();
    await world.rest();
    const back = world.at(other).connect("chat");
    await world.rest();
    const joined = world.chat(other).joinRoom("room");
    await world.open(gate);
    const outcomes = await world.outcomes(left, gone, back, joined);
    assertEquals(outcomes, outcomes.map(() => "done"));
    await world.assertAtRest(["chat", "chat/room"]);
  });

  Deno.test(`A leave whose hook outlives the namespace does not count in the next: ${side}`, async () => {
    const gate = new Gate();
    await using world = await openInRoom(
      hooksOf(other, { onRoomLeave: nth(1, gate) }),
    );
    const left = world.room(side).leave();
    await world.rest();
    const gone = world.chat(other).disconnect();
    await world.rest();
    const back = world.at(other).connect("chat");
    await world.open(gate);
    const outcomes = await world.outcomes(left, gone, back);
    assertEquals(outcomes, outcomes.map(() => "done"));
    await world.assertAtRest(["chat"]);
    await world.chat(other).joinRoom("room");
    await world.assertAtRest(["chat", "chat/room"]);
  });

  Deno.test(`A disconnect from an earlier stay does not count in the next: ${side}`, async () => {
    const gate = new Gate();
    await using world = await openInRoom(
      hooksOf(other, { onWait: async () => await gate.pass() }),
    );
    await block(world, other);
    const left = world.chat(side).disconnect();
    await world.rest();
    const gone = world.chat(other).disconnect();
    await world.rest();
    const back = world.at(other).connect("chat");
    await world.open(gate);
    const outcomes = await world.outcomes(left, gone, back);
    assertEquals(outcomes, outcomes.map(() => "done"));
    await world.assertAtRest(["chat"]);
  });

  Deno.test(`Asks of both sides that wait at the same time end in agreement: ${side}`, async () => {
    for (const name of ["joinRoom", "leave", "disconnect"] as const) {
      for (const isEnteredAgain of [true, false]) {
        const gate = new Gate();
        await using world = await openInRoom(
          hooksOf(other, { onWait: async () => await gate.pass() }),
        );
        await block(world, other);
        const nsConn = world.chat(side);
        const call = name === "joinRoom"
          ? nsConn.joinRoom("another")
          : name === "leave"
          ? world.room(side).leave()
          : nsConn.disconnect();
        const calls: Promise<unknown>[] = [call];
        await world.rest();
        calls.push(world.chat(other).disconnect());
        await world.rest();
        if (isEnteredAgain) {
          calls.push(world.at(other).connect("chat"));
          calls.push(world.at(side).connect("chat"));
        }
        await world.open(gate);
        const outcomes = await world.outcomes(...calls);
        assertEquals(outcomes.includes("pending"), false, name);
        await world.assertAtRest(isEnteredAgain ? ["chat"] : [], name);
      }
    }
  });
}

// Hooks that undo the event they handle.

/** The platforms, and the forms of hooks. */
const PLATFORMS: [string, { form: string; isBrowser: boolean }][] = [
  ["functions", { form: "object", isBrowser: false }],
  ["a controller", { form: "controller", isBrowser: false }],
  ["a browser", { form: "object", isBrowser: true }],
];

/** The ways in which a hook waits for its call. */
const CALLS: Record<string, (call: () => Promise<unknown>) => unknown> = {
  "in a plain function": (call) => void call().catch(() => {}),
  "in a promise": (call) => call(),
  "in an async function": async (call) => {
    await call();
  },
  "after an await": async (call) => {
    await null;
    await call();
  },
};

for (const side of SIDES) {
  for (const hooked of SIDES) {
    for (const [how, run] of Object.entries(CALLS)) {
      Deno.test(`OnRoomJoined that leaves its room: join by the ${side}, hook of the ${hooked}, ${how}`, async () => {
        for (const [where, platform] of PLATFORMS) {
          const events: Events = {
            onRoomJoined: (nsConn, msg) =>
              run(() => nsConn.room(msg.room)!.leave()),
          };
          await using world = await World.start({
            ...hooksOf(hooked, events, platform.form),
            ...platform,
          });
          await world.enter();
          const joined = world.chat(side).joinRoom("room");
          assertEquals(await world.outcomes(joined), ["done"]);
          await world.assertAtRest(["chat"], where);
        }
      });

      Deno.test(`OnNamespaceConnected that disconnects: connect by the ${side}, hook of the ${hooked}, ${how}`, async () => {
        for (const [where, platform] of PLATFORMS) {
          const events: Events = {
            onNamespaceConnected: (nsConn) => run(() => nsConn.disconnect()),
          };
          await using world = await World.start({
            ...hooksOf(hooked, events, platform.form),
            ...platform,
          });
          const connected = world.at(side).connect("chat");
          assertEquals(await world.outcomes(connected), ["done"]);
          await world.assertAtRest([], where);
        }
      });

      Deno.test(`OnRoomLeft that joins its room again: leave by the ${side}, hook of the ${hooked}, ${how}`, async () => {
        for (const [where, platform] of PLATFORMS) {
          const events: Events = {
            onRoomLeft: nth(
              1,
              (nsConn, msg) => run(() => nsConn.joinRoom(msg.room)),
            ),
          };
          await using world = await openInRoom({
            ...hooksOf(hooked, events, platform.form),
            ...platform,
          });
          const left = world.room(side).leave();
          assertEquals(await world.outcomes(left), ["done"]);
          await world.assertAtRest(["chat", "chat/room"], where);
        }
      });
    }

    Deno.test(`OnRoomJoined that leaves every room: join by the ${side}, hook of the ${hooked}`, async () => {
      const actions: [(nsConn: NSConn) => Promise<void>, string[]][] = [
        [(nsConn) => nsConn.leaveAll(), ["chat"]],
        [(nsConn) => nsConn.disconnect(), []],
        [(nsConn) => nsConn.conn.disconnectAll(), []],
      ];
      for (const [action, expected] of actions) {
        for (const run of Object.values(CALLS)) {
          const events: Events = {
            onRoomJoined: nth(2, (nsConn) => run(() => action(nsConn))),
          };
          await using world = await World.start(hooksOf(hooked, events));
          await world.enter("first");
          const joined = world.chat(side).joinRoom("room");
          const [outcome] = await world.outcomes(joined);
          assert(outcome !== "pending");
          await world.assertAtRest(expected);
        }
      }
    });

    Deno.test(`OnRoomJoined that leaves its room and joins it again: join by the ${side}, hook of the ${hooked}`, async () => {
      for (const run of Object.values(CALLS)) {
        const events: Events = {
          onRoomJoined: nth(1, (nsConn, msg) =>
            run(async () => {
              const left = nsConn.room(msg.room)!.leave();
              await Promise.all([left, nsConn.joinRoom(msg.room)]);
            })),
        };
        await using world = await World.start(hooksOf(hooked, events));
        await world.enter();
        const joined = world.chat(side).joinRoom("room");
        assertEquals(await world.outcomes(joined), ["done"]);
        await world.assertAtRest(["chat", "chat/room"]);
      }
    });
  }

  Deno.test(`OnRoomJoined that leaves its room, on both sides: join by the ${side}`, async () => {
    for (const run of Object.values(CALLS)) {
      const onRoomJoined: MessageHandler = (nsConn, msg) =>
        run(() => Promise.resolve(nsConn.room(msg.room)?.leave()));
      const events = { chat: { onRoomJoined } };
      await using world = await World.start({ client: events, server: events });
      await world.enter();
      const joined = world.chat(side).joinRoom("room");
      assertEquals(await world.outcomes(joined), ["done"]);
      await world.assertAtRest(["chat"]);
    }
  });

  Deno.test(`A program that leaves a room while OnRoomJoined still runs: join by the ${side}`, async () => {
    for (const hooked of SIDES) {
      const told = Promise.withResolvers<Room>();
      const gate = new Gate();
      await using world = await World.start(hooksOf(hooked, {
        async onRoomJoined(nsConn, msg) {
          told.resolve(nsConn.room(msg.room)!);
          await gate.pass();
        },
      }));
      await world.enter();
      const joined = world.chat(side).joinRoom("room");
      const left = (await told.promise).leave();
      await world.open(gate);
      assertEquals(await world.outcomes(joined, left), ["done", "done"]);
      await world.assertAtRest(["chat"]);
    }
  });
}

Deno.test("OnNamespaceDisconnect of a client that connects again", async () => {
  for (const run of Object.values(CALLS)) {
    for (const side of SIDES) {
      const events: Events = {
        onNamespaceDisconnect: nth(
          1,
          ({ conn }) => run(() => conn.connect("chat")),
        ),
      };
      await using world = await openInRoom(hooksOf("client", events));
      const left = world.chat(side).disconnect();
      assertEquals(await world.outcomes(left), ["done"]);
      await world.assertAtRest(["chat"]);
    }
  }
});

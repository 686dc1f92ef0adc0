/** The namespaces and rooms of a client after it has reconnected. */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { FakeClock } from "./harness/clock.ts";
import {
  controllerOf,
  FORMS,
  Gate,
  nth,
  otherOf,
  refuse,
  type Side,
  SIDES,
  turn,
  watch,
  World,
} from "./harness/world.ts";
import {
  CloseError,
  EventError,
  type Events,
  type MessageHandler,
  type NSConn,
  type ReconnectOptions,
  type Room,
} from "./mod.ts";

/** A clock that the test moves. */
class Clock extends FakeClock {
  /** Moves the clock past all shorter waits. */
  async passIn(world: World, ms: number): Promise<void> {
    for (let n = 0; n < 2; n++) {
      await world.rest();
      this.tick(ms + 1);
      await world.rest();
    }
  }
}

/** How long a connection waits for its hooks when it ends. */
const CLOSE_TIMEOUT = 5_000;
/** How long an ask waits for its answer. */
const ASK_TIMEOUT = 10_000;

/** Lists the controllers that were made and not disposed. */
function aliveOf(log: readonly string[]): string[] {
  return log.filter((line) => line.startsWith("made"))
    .map((line) => line.slice("made ".length))
    .filter((number) => !log.includes(`disposed ${number}`));
}

/** Makes the handlers of a server that records what it receives. */
function listening(
  received: string[],
  more: Events = {},
): Record<string, Events> {
  return {
    chat: {
      onSay: (_, msg) => void received.push(msg.room + msg.text()),
      ...more,
    },
  };
}

// Hooks that outlive the socket.

for (const side of SIDES) {
  for (const hook of ["onRoomLeave", "onRoomLeft", "onNamespaceDisconnect"]) {
    Deno.test(`A client reconnects while a hook still handles the loss: ${side}, ${hook}`, async () => {
      using clock = new Clock();
      const gate = new Gate();
      const log: string[] = [];
      await using world = await World.start({
        [side]: controllerOf({ [hook]: nth(1, gate) }, log),
      });
      await world.enter("room");
      const chat = world.chat("client");
      const room = world.room("client");
      await world.lose();
      await clock.passIn(world, CLOSE_TIMEOUT);
      await world.comeBack();
      assertEquals(world.lines, ["back"]);
      await world.assertAgreed(["chat", "chat/room"]);
      await world.open(gate);
      await world.assertBalanced(["chat", "chat/room"]);
      assertStrictEquals(world.chat("client"), chat);
      assertStrictEquals(world.room("client"), room);
      assertEquals(log.toSorted(), ["disposed 1", "made 1", "made 2"]);
      const answer = await world.chat(otherOf(side)).ask("onNumber");
      assertEquals(answer.text(), "2");
      await world.lose();
      await world.comeBack();
      await world.assertBalanced(["chat", "chat/room"]);
      assertEquals(aliveOf(log), ["3"]);
    });
  }
}

/** A call that the loss of the socket interrupts. */
interface Cut {
  /** The client's hook that delays the call. */
  hook: string;
  call(world: World): Promise<unknown>;
  outcome: string | undefined;
  expected: string[];
}

const leaveRoom = (side: Side) => (world: World) => world.room(side).leave();
const joinRoom = (side: Side) => (world: World) =>
  world.chat(side).joinRoom("another");
const disconnect = (side: Side) => (world: World) =>
  world.chat(side).disconnect();

const CUTS: Record<string, Cut> = {
  "leave() of the client": {
    hook: "onRoomLeave",
    call: leaveRoom("client"),
    outcome: "done",
    expected: ["chat"],
  },
  "leave() of the client, told": {
    hook: "onRoomLeft",
    call: leaveRoom("client"),
    outcome: "done",
    expected: ["chat"],
  },
  "leave() of the server": {
    hook: "onRoomLeave",
    call: leaveRoom("server"),
    outcome: "done",
    expected: ["chat", "chat/room"],
  },
  "leave() of the server, told": {
    hook: "onRoomLeft",
    call: leaveRoom("server"),
    outcome: "done",
    expected: ["chat"],
  },
  "joinRoom() of the client": {
    hook: "onRoomJoin",
    call: joinRoom("client"),
    outcome: "ConnectionClosedError",
    expected: ["chat", "chat/room"],
  },
  "joinRoom() of the client, told": {
    hook: "onRoomJoined",
    call: joinRoom("client"),
    outcome: undefined,
    expected: ["chat", "chat/another", "chat/room"],
  },
  "joinRoom() of the server": {
    hook: "onRoomJoin",
    call: joinRoom("server"),
    outcome: "ConnectionClosedError",
    expected: ["chat", "chat/room"],
  },
  "disconnect() of the client": {
    hook: "onNamespaceDisconnect",
    call: disconnect("client"),
    outcome: "done",
    expected: [],
  },
  "disconnect() of the client, rooms first": {
    hook: "onRoomLeave",
    call: disconnect("client"),
    outcome: "done",
    expected: [],
  },
  "disconnect() of the server": {
    hook: "onNamespaceDisconnect",
    call: disconnect("server"),
    outcome: "done",
    expected: [],
  },
};

for (const [name, cut] of Object.entries(CUTS)) {
  Deno.test(`A client reconnects while a hook of the earlier stay still runs: ${name}`, async () => {
    using clock = new Clock();
    const gate = new Gate();
    let isArmed = false;
    const log: string[] = [];
    await using world = await World.start({
      client: controllerOf({
        [cut.hook]() {
          if (!isArmed) return;
          isArmed = false;
          return gate.pass();
        },
      }, log),
    });
    await world.enter("room");
    isArmed = true;
    const outcomes = watch([cut.call(world)]);
    await world.rest();
    await world.lose();
    await clock.passIn(world, CLOSE_TIMEOUT);
    await world.comeBack();
    await world.assertAgreed(cut.expected);
    // A name that was left may be entered again before that hook has ended.
    const connected = world.client.connect("chat");
    assertEquals(await world.outcomes(connected), ["done"]);
    const joins = ["room", "another"].map((name) =>
      world.chat("client").joinRoom(name)
    );
    assertEquals(await world.outcomes(...joins), ["done", "done"]);
    await world.open(gate);
    assert(outcomes[0] !== "pending");
    if (cut.outcome !== undefined) assertEquals(outcomes, [cut.outcome]);
    await world.assertBalanced(["chat", "chat/another", "chat/room"]);
    assertEquals(aliveOf(log), ["2"]);
    await world.lose();
    await world.comeBack();
    await world.assertBalanced(["chat", "chat/another", "chat/room"]);
    assertEquals(aliveOf(log), ["3"]);
  });
}

for (const side of SIDES) {
  for (
    const hook of [
      "onNamespaceConnect",
      "onNamespaceConnected",
      "onRoomJoin",
      "onRoomJoined",
    ]
  ) {
    Deno.test(`A client that is lost again while it reconnects is where it was: ${side}, ${hook}`, async () => {
      for (const isOpenedEarly of [true, false]) {
        using clock = new Clock();
        const gate = new Gate();
        const log: string[] = [];
        await using world = await World.start({
          [side]: controllerOf({ [hook]: nth(2, gate) }, log),
        });
        await world.enter("room");
        const chat = world.chat("client");
        const room = world.room("client");
        await world.lose();
        await world.comeBack();
        const isEntering = hook === "onNamespaceConnect" ||
          hook === "onRoomJoin";
        if (isEntering) assertEquals(world.lines, []);
        await world.lose();
        if (isOpenedEarly) await world.open(gate);
        await clock.passIn(world, CLOSE_TIMEOUT);
        await world.comeBack();
        await world.assertAgreed(["chat", "chat/room"]);
        if (!isOpenedEarly) await world.open(gate);
        await world.assertBalanced(["chat", "chat/room"]);
        assertEquals(world.lines.at(-1), "back");
        assertStrictEquals(world.chat("client"), chat);
        assertStrictEquals(world.room("client"), room);
        assertEquals(aliveOf(log).length, 1);
        const answer = await world.chat(otherOf(side)).ask("onNumber");
        assertEquals(aliveOf(log), [answer.text()]);
      }
    });
  }
}

// A reconnection that is refused once, or slow once.

for (const hook of ["onNamespaceConnect", "onRoomJoin"]) {
  for (const code of [1011, 1013, 4000]) {
    const ways: Record<string, MessageHandler> = {
      "thrown": () => {
        throw new CloseError(code, "not now");
      },
      "thrown later": async () => {
        await null;
        throw new CloseError(code, "not now");
      },
      "closed": ({ conn }) => conn.close(code, "not now"),
    };
    for (const [way, action] of Object.entries(ways)) {
      Deno.test(`A client that is turned away once when it reconnects is where it was: ${hook}, ${code}, ${way}`, async () => {
        for (const form of Object.keys(FORMS)) {
          // The last room that the client enters again.
          const count = hook === "onRoomJoin" ? 4 : 2;
          await using world = await World.start({
            server: FORMS[form]!({ [hook]: nth(count, action) }),
            isCloseLate: true,
          });
          await world.enter("a", "b");
          const rooms = world.chat("client").rooms;
          await world.lose();
          await world.comeBack();
          assertEquals(world.memory.server.totalConnections, 0);
          await world.comeBack();
          await world.assertBalanced(["chat", "chat/a", "chat/b"]);
          assert(rooms.every((room) => room.isJoined));
        }
      });
    }
  }

  for (const side of SIDES) {
    Deno.test(`A client that is let in slowly when it reconnects is where it was: ${side}, ${hook}`, async () => {
      using clock = new Clock();
      const gate = new Gate();
      await using world = await World.start({
        [side]: controllerOf({ [hook]: nth(2, gate) }),
      });
      await world.enter("room");
      await world.lose();
      await world.comeBack();
      await clock.passIn(world, ASK_TIMEOUT);
      assertEquals(world.lines, []);
      await world.open(gate);
      await world.assertAtRest(["chat", "chat/room"]);
      assertEquals(world.lines, ["back"]);
      await world.lose();
      await world.comeBack();
      await world.assertAtRest(["chat", "chat/room"]);
      assertEquals(world.lines, ["back", "back"]);
    });
  }

  Deno.test(`A client that is refused when it reconnects reports that once: ${hook}`, async () => {
    await using world = await World.start({
      server: { chat: { [hook]: nth(2, refuse("full")) } },
    });
    await world.enter("room");
    await world.lose();
    await world.comeBack();
    const texts = world.memory.errors.map((error) => (error as Error).message);
    assertEquals(texts, ["full"]);
    const expected = hook === "onRoomJoin" ? ["chat"] : [];
    await world.assertBalanced(expected);
    await world.lose();
    await world.comeBack();
    await world.assertBalanced(expected);
    assertEquals(world.memory.errors.length, 1);
  });
}

Deno.test("A namespace that is turned away does not affect the others", async () => {
  await using world = await World.start({
    server: {
      other: {
        onNamespaceConnect: nth(2, () => {
          throw new CloseError(4000, "not now");
        }),
      },
    },
    isCloseLate: true,
  });
  await world.enter("room");
  await world.client.connect("other");
  await world.lose();
  await world.comeBack();
  await world.comeBack();
  await world.assertBalanced(["chat", "chat/room", "other"]);
});

// Leaving and disconnecting while away.

/** Calls that leave names, and the names that are left over. */
const LEAVINGS: Record<
  string,
  [(chat: NSConn, a: Room, b: Room) => Promise<unknown>[], string[]]
> = {
  "leave()": [(_, a) => [a.leave()], ["chat", "chat/b"]],
  "leave() twice": [(_, a) => [a.leave(), a.leave()], ["chat", "chat/b"]],
  "leave() of each": [(_, a, b) => [a.leave(), b.leave()], ["chat"]],
  "leaveAll()": [(chat) => [chat.leaveAll()], ["chat"]],
  "disconnect()": [(chat) => [chat.disconnect()], []],
  "leave(), disconnect()": [
    (chat, a) => [a.leave(), chat.disconnect()],
    [],
  ],
  "disconnectAll()": [({ conn }) => [conn.disconnectAll()], []],
};

for (const [name, [call, expected]] of Object.entries(LEAVINGS)) {
  for (const maxKept of [0, 5]) {
    Deno.test(`Leaving while away is remembered: ${name}, maxKept ${maxKept}`, async () => {
      const received: string[] = [];
      await using world = await World.start({
        server: listening(received),
        reconnect: { maxKept },
      });
      await world.enter("a", "b");
      const chat = world.chat("client");
      const [a, b] = chat.rooms as [Room, Room];
      await world.lose();
      const isKept = maxKept > 0;
      const emits = [a, b, chat].map((each) => each.emit("onSay", "kept"));
      assertEquals(emits, [isKept, isKept, isKept]);
      const outcomes = await world.outcomes(...call(chat, a, b));
      assertEquals(outcomes[0], "done");
      assertEquals(outcomes.includes("pending"), false);
      const after = [a, b, chat].map((each) => each.emit("onSay", "after"));
      const isIn = ["chat/a", "chat/b", "chat"]
        .map((room) => isKept && expected.includes(room));
      assertEquals(after, isIn);
      await world.comeBack();
      assertEquals(world.lines, ["back"]);
      await world.assertAtRest(expected);
      const wanted = ["kept", "after"].flatMap((text) =>
        [["chat/a", "a"], ["chat/b", "b"], ["chat", ""]]
          .filter(([key]) => isKept && expected.includes(key!))
          .map(([, room]) => room + text)
      );
      assertEquals(received, wanted);
      await world.lose();
      await world.comeBack();
      await world.assertAtRest(expected);
    });
  }

  Deno.test(`Leaving in a hook of the loss is remembered: ${name}`, async () => {
    let outcomes: string[] = [];
    let leave: (() => Promise<unknown>[]) | undefined;
    await using world = await World.start({
      dial: {
        onClose(_, willReconnect) {
          if (willReconnect) outcomes = watch(leave?.() ?? []);
          leave = undefined;
        },
      },
    });
    await world.enter("a", "b");
    const chat = world.chat("client");
    const [a, b] = chat.rooms as [Room, Room];
    leave = () => call(chat, a, b);
    await world.lose();
    assertEquals(outcomes[0], "done");
    assertEquals(outcomes.includes("pending"), false);
    await world.comeBack();
    await world.assertAtRest(expected);
  });

  for (const hook of ["onRoomLeave", "onNamespaceDisconnect"]) {
    Deno.test(`Leaving that the loss interrupts is remembered: ${name}, ${hook}`, async () => {
      const gate = new Gate();
      await using world = await World.start({
        server: { chat: { [hook]: nth(1, () => gate.pass()) } },
      });
      await world.enter("a", "b");
      const chat = world.chat("client");
      const [a, b] = chat.rooms as [Room, Room];
      const outcomes = watch(call(chat, a, b));
      await world.rest();
      await world.lose();
      assertEquals(outcomes, outcomes.map(() => "done"));
      await world.open(gate);
      await world.comeBack();
      await world.assertAtRest(expected);
    });
  }

  Deno.test(`Leaving at the moment of the loss is remembered: ${name}`, async () => {
    await using world = await World.start();
    await world.enter("a", "b");
    const chat = world.chat("client");
    const [a, b] = chat.rooms as [Room, Room];
    const outcomes = watch(call(chat, a, b));
    await world.lose();
    assertEquals(outcomes, outcomes.map(() => "done"));
    await world.comeBack();
    await world.assertAtRest(expected);
  });

  for (const hook of ["onNamespaceConnect", "onRoomJoin"]) {
    Deno.test(`Leaving while the client reconnects takes effect: ${name}, ${hook}`, async () => {
      for (const side of SIDES) {
        const gate = new Gate();
        // Both rooms were joined before.
        const turn = hook === "onRoomJoin" ? 3 : 2;
        await using world = await World.start({
          [side]: { chat: { [hook]: nth(turn, gate) } },
        });
        await world.enter("a", "b");
        const chat = world.chat("client");
        const [a, b] = chat.rooms as [Room, Room];
        await world.lose();
        await world.comeBack();
        const outcomes = watch(call(chat, a, b));
        await world.open(gate);
        assertEquals(outcomes[0], "done", side);
        assertEquals(outcomes.includes("pending"), false, side);
        await world.assertAtRest(expected, side);
        assertEquals(world.lines, ["back"], side);
        await world.lose();
        await world.comeBack();
        await world.assertAtRest(expected, side);
      }
    });
  }
}

Deno.test("A disconnect and a connect while the client reconnects leave the rooms behind", async () => {
  for (const hook of ["onNamespaceConnect", "onRoomJoin"]) {
    const gate = new Gate();
    await using world = await World.start({
      server: { chat: { [hook]: nth(2, gate) } },
    });
    await world.enter("room");
    const chat = world.chat("client");
    await world.lose();
    await world.comeBack();
    const outcomes = watch([chat.disconnect(), world.client.connect("chat")]);
    await world.open(gate);
    assertEquals(outcomes, ["done", "done"]);
    await world.assertAtRest(["chat"]);
    await world.lose();
    await world.comeBack();
    await world.assertAtRest(["chat"]);
  }
});

Deno.test("A leave and a join while the client reconnects end in the room", async () => {
  for (const name of ["a", "b"]) {
    const gate = new Gate();
    await using world = await World.start({
      server: { chat: { onRoomJoin: nth(3, gate) } },
    });
    await world.enter("a", "b");
    const chat = world.chat("client");
    const room = world.room("client", name);
    await world.lose();
    await world.comeBack();
    const outcomes = watch([room.leave(), chat.joinRoom(name)]);
    await world.open(gate);
    assertEquals(outcomes, ["done", "done"]);
    await world.assertAtRest(["chat", "chat/a", "chat/b"]);
  }
});

Deno.test("An abandoned call that shares the reconnection does not end it", async () => {
  for (const hook of ["onNamespaceConnect", "onRoomJoin"]) {
    for (const side of SIDES) {
      const gate = new Gate();
      await using world = await World.start({
        [side]: { chat: { [hook]: nth(2, gate) } },
      });
      await world.enter("room");
      const chat = world.chat("client");
      await world.lose();
      await world.comeBack();
      const abort = new AbortController();
      const { signal } = abort;
      const outcomes = watch([
        hook === "onRoomJoin"
          ? chat.joinRoom("room", { signal })
          : world.client.connect("chat", { signal }),
      ]);
      abort.abort(new Error("no more"));
      await world.rest();
      assertEquals(outcomes, ["Error"]);
      await world.open(gate);
      await world.assertAtRest(["chat", "chat/room"]);
      assertEquals(world.lines, ["back"]);
    }
  }
});

Deno.test("A join that was abandoned before the loss is not remembered", async () => {
  const gate = new Gate();
  await using world = await World.start({
    server: { chat: { onRoomJoin: nth(1, gate) } },
  });
  await world.enter();
  const chat = world.chat("client");
  const abort = new AbortController();
  const { signal } = abort;
  const outcomes = watch([chat.joinRoom("room", { signal })]);
  await world.rest();
  abort.abort(new Error("no more"));
  await world.lose();
  assertEquals(outcomes, ["Error"]);
  await world.open(gate);
  await world.comeBack();
  await world.assertAtRest(["chat"]);
  assertEquals(await world.outcomes(chat.joinRoom("room")), ["done"]);
  await world.assertAtRest(["chat", "chat/room"]);
});

Deno.test("A room that a hook leaves when the client reconnects stays left", async () => {
  for (const side of SIDES) {
    const onRoomJoined = nth(2, (nsConn) => nsConn.leaveAll());
    await using world = await World.start({
      [side]: { chat: { onRoomJoined } },
    });
    await world.enter("room");
    for (let n = 0; n < 2; n++) {
      await world.lose();
      await world.comeBack();
      await world.assertAtRest(["chat"]);
    }
  }
});

Deno.test("A leave that was abandoned before the loss is remembered", async () => {
  for (const what of ["room", "namespace"]) {
    const gate = new Gate();
    const hook = what === "room" ? "onRoomLeave" : "onNamespaceDisconnect";
    await using world = await World.start({
      server: { chat: { [hook]: nth(1, () => gate.pass()) } },
    });
    await world.enter("room");
    const abort = new AbortController();
    const { signal } = abort;
    const outcomes = watch([
      what === "room"
        ? world.room("client").leave({ signal })
        : world.chat("client").disconnect({ signal }),
    ]);
    await world.rest();
    abort.abort(new Error("no more"));
    await world.rest();
    assertEquals(outcomes, ["Error"]);
    await world.lose();
    await world.open(gate);
    await world.comeBack();
    await world.assertAtRest(what === "room" ? ["chat"] : []);
  }
});

Deno.test("A join behind a leave that is under way is not remembered", async () => {
  const gate = new Gate();
  await using world = await World.start({
    server: { chat: { onRoomLeave: nth(1, () => gate.pass()) } },
  });
  await world.enter("room");
  const outcomes = watch([
    world.room("client").leave(),
    world.chat("client").joinRoom("room"),
    // The server's hook delays what follows the leave.
    world.chat("client").joinRoom("another"),
  ]);
  await world.rest();
  await world.lose();
  assertEquals(outcomes, [
    "done",
    "ConnectionClosedError",
    "ConnectionClosedError",
  ]);
  await world.open(gate);
  await world.comeBack();
  await world.assertAtRest(["chat"]);
});

Deno.test("connect() and joinRoom() of a client that is away are refused", async () => {
  await using world = await World.start();
  await world.enter("room", "left");
  const chat = world.chat("client");
  const left = world.room("client", "left");
  await left.leave();
  await world.lose();
  const outcomes = await world.outcomes(
    world.client.connect("other"),
    chat.joinRoom("another"),
    left.leave(),
  );
  assertEquals(outcomes.slice(0, 2), [
    "ConnectionClosedError",
    "ConnectionClosedError",
  ]);
  assert(outcomes[2] !== "done" && outcomes[2] !== "pending");
  await world.comeBack();
  await world.assertAtRest(["chat", "chat/room"]);
});

Deno.test("An emit to a room or namespace that was left before the loss is not kept", async () => {
  const received: string[] = [];
  await using world = await World.start({
    server: { ...listening(received), other: {} },
    reconnect: { maxKept: 5 },
  });
  await world.enter("room", "byServer");
  const other = await world.client.connect("other");
  const otherRoom = await other.joinRoom("room");
  const room = world.room("client");
  const byServer = world.room("client", "byServer");
  await room.leave();
  await world.room("server", "byServer").leave();
  await other.disconnect();
  await world.lose();
  const held = [room, byServer, other, otherRoom];
  assertEquals(
    held.map((each) => each.emit("onSay", "late")),
    [false, false, false, false],
  );
  await world.comeBack();
  await world.assertAtRest(["chat"]);
  assertEquals(received, []);
});

Deno.test("A room that was left while away may be joined again by either side", async () => {
  for (const side of SIDES) {
    const onNamespaceConnected: MessageHandler = (nsConn) =>
      nsConn.joinRoom("room");
    await using world = await World.start({
      [side]: { chat: { onNamespaceConnected } },
    });
    await world.enter();
    const room = world.room("client");
    await world.lose();
    assertEquals(await world.outcomes(room.leave()), ["done"]);
    await world.comeBack();
    await world.assertAtRest(["chat", "chat/room"]);
  }
});

for (const side of SIDES) {
  Deno.test(`Calls at the moment of the loss end in agreement: ${side}`, async () => {
    const calls: ((nsConn: NSConn, room: Room) => Promise<unknown>)[] = [
      (nsConn) => nsConn.joinRoom("another"),
      (_, room) => room.leave(),
      (nsConn) => nsConn.leaveAll(),
      (nsConn) => nsConn.disconnect(),
      ({ conn }) => conn.connect("other"),
      ({ conn }) => conn.disconnectAll(),
    ];
    for (const first of calls) {
      for (const second of calls) {
        await using world = await World.start();
        await world.enter("room");
        const nsConn = world.chat(side);
        const room = world.room(side);
        const outcomes = watch([first(nsConn, room), second(nsConn, room)]);
        await world.lose();
        assertEquals(outcomes.includes("pending"), false);
        await world.comeBack();
        await world.assertAtRest();
      }
    }
  });
}

// Names that the server or a hook had entered.

/** Refuses the asks of a client only. */
const inviteOnly: MessageHandler = (_, { isLocal }) => {
  if (!isLocal) throw new EventError("by invitation only");
};

const JOINERS: Record<string, (nsConn: NSConn) => unknown> = {
  "at once": (nsConn) => void nsConn.joinRoom("room"),
  "awaited": async (nsConn) => {
    await nsConn.joinRoom("room");
  },
  "late": async (nsConn) => {
    for (let n = 0; n < 20; n++) await null;
    await nsConn.joinRoom("room");
  },
  "much later": (nsConn) => {
    turn().then(turn).then(() => void nsConn.joinRoom("room"));
  },
};

for (const [when, join] of Object.entries(JOINERS)) {
  for (const isOpen of [true, false]) {
    Deno.test(`A room that the server joins works after a reconnection: ${when}, ${isOpen ? "open" : "by invitation"}`, async () => {
      for (const form of Object.keys(FORMS)) {
        const events: Events = { onNamespaceConnected: join };
        if (!isOpen) events.onRoomJoin = inviteOnly;
        await using world = await World.start({ server: FORMS[form]!(events) });
        await world.enter();
        await world.assertAtRest(["chat", "chat/room"]);
        const room = world.room("client");
        for (let n = 0; n < 2; n++) {
          await world.lose();
          assertEquals(room.isJoined, false);
          await world.comeBack();
          await world.assertAtRest(["chat", "chat/room"]);
          assertStrictEquals(world.room("client"), room);
          assert(room.isJoined);
          assertEquals((await room.ask("onEcho")).text(), "echo");
        }
      }
    });
  }
}

Deno.test("A room that the client's own hook joins works after a reconnection", async () => {
  for (const join of Object.values(JOINERS)) {
    await using world = await World.start({
      client: { chat: { onNamespaceConnected: (nsConn) => join(nsConn) } },
    });
    await world.enter("another");
    const rooms = world.chat("client").rooms;
    await world.lose();
    await world.comeBack();
    await world.assertAtRest(["chat", "chat/another", "chat/room"]);
    for (const room of rooms) {
      assertStrictEquals(world.room("client", room.name), room);
      assert(room.isJoined);
    }
  }
});

Deno.test("A room that a hook of another room joins works after a reconnection", async () => {
  for (const side of SIDES) {
    const onRoomJoined: MessageHandler = async (nsConn, msg) => {
      if (msg.room === "first") await nsConn.joinRoom("second");
    };
    await using world = await World.start({
      [side]: { chat: { onRoomJoined } },
    });
    await world.enter("first");
    const second = world.room("client", "second");
    await world.lose();
    await world.comeBack();
    await world.assertAtRest(["chat", "chat/first", "chat/second"]);
    assertStrictEquals(world.room("client", "second"), second);
    assert(second.isJoined);
  }
});

Deno.test("A room that the server's program had joined is joined again by the client", async () => {
  await using world = await World.start();
  await world.enter();
  await world.chat("server").joinRoom("room");
  await world.rest();
  const room = world.room("client");
  await world.lose();
  await world.comeBack();
  await world.assertAtRest(["chat", "chat/room"]);
  assertStrictEquals(world.room("client"), room);
});

Deno.test("A refusal of a room that only the server had joined is not reported", async () => {
  await using world = await World.start({
    server: { chat: { onRoomJoin: inviteOnly } },
  });
  await world.enter();
  await world.chat("server").joinRoom("room");
  await world.rest();
  const room = world.room("client");
  await world.lose();
  await world.comeBack();
  await world.assertAtRest(["chat"]);
  assertEquals(room.isJoined, false);
  await world.chat("server").joinRoom("room");
  await world.assertAtRest(["chat", "chat/room"]);
  assertStrictEquals(world.room("client"), room);
  assert(room.isJoined);
});

Deno.test("A refusal is not reported if the server made the present stay", async () => {
  for (const isRoom of [true, false]) {
    let isClosed = false;
    const enter: MessageHandler = (_, { isLocal }) => {
      if (isClosed && !isLocal) throw new EventError("closed");
    };
    const hook = isRoom ? "onRoomJoin" : "onNamespaceConnect";
    await using world = await World.start({
      server: { chat: { [hook]: enter } },
    });
    await world.enter(...isRoom ? ["room"] : []);
    const calls = isRoom
      ? [world.room("server").leave(), world.chat("server").joinRoom("room")]
      : [world.chat("server").disconnect(), world.at("server").connect("chat")];
    assertEquals(await world.outcomes(...calls), ["done", "done"]);
    isClosed = true;
    await world.lose();
    await world.comeBack();
    await world.assertAtRest(isRoom ? ["chat"] : []);
  }
});

for (const refuses of [false, true]) {
  Deno.test(
    `A hook that was asked ends after the loss, before the rooms are left: ${
      refuses ? "refuses" : "agrees"
    }`,
    async () => {
      using clock = new Clock();
      const log: string[] = [];
      const asked = new Gate();
      const roomLeave = new Gate();
      await using world = await World.start({
        server: controllerOf({
          async onNamespaceDisconnect(_, { isForced }) {
            log.push(isForced ? "forced" : "asked");
            if (isForced) return;
            await asked.pass();
            if (refuses) throw new EventError("no");
          },
          async onRoomLeave() {
            log.push("room leave");
            await roomLeave.pass();
          },
          onRoomLeft: () => void log.push("room left"),
        }, log),
        reconnect: { maxTries: 0 },
      });
      await world.enter("room");
      void world.chat("client").disconnect();
      await world.rest();
      await world.lose();
      await clock.passIn(world, CLOSE_TIMEOUT);
      await world.open(asked);
      await world.open(roomLeave);
      assertEquals(log, [
        "made 1",
        "asked",
        "room leave",
        "room left",
        ...refuses ? ["forced"] : [],
        "disposed 1",
      ]);
    },
  );
}

const LEAVERS = {
  "leave()": (room: Room) => room.leave(),
  "leaveAll()": ({ nsConn }: Room) => nsConn.leaveAll(),
  "disconnect()": ({ nsConn }: Room) => nsConn.disconnect(),
  "disconnectAll()": ({ nsConn }: Room) => nsConn.conn.disconnectAll(),
};

// A refusal that closes the connection is put back, unless the program leaves.
for (const hook of ["onNamespaceConnect", "onRoomJoin"]) {
  for (const [name, leave] of Object.entries(LEAVERS)) {
    for (const when of ["before", "after"]) {
      if (hook === "onNamespaceConnect" && name.startsWith("leave")) continue;
      Deno.test(`${name} ${when} ${hook} refuses and closes is remembered`, async () => {
        const gate = new Gate();
        let isLeft = false;
        const leaveOnce = () => {
          if (isLeft) return;
          isLeft = true;
          void leave(room);
        };
        await using world = await World.start({
          server: {
            chat: {
              [hook]: nth(2, async () => {
                await gate.pass();
                throw new CloseError(4001, "restart");
              }),
            },
          },
          dial: { onError: () => leaveOnce() },
          isCloseLate: true,
        });
        await world.enter("room");
        const room = world.room("client");
        await world.lose();
        await world.comeBack();
        if (when === "before") leaveOnce();
        await world.open(gate);
        assert(isLeft);
        await world.comeBack();
        const isOut = name.startsWith("disconnect");
        await world.assertAgreed(isOut ? [] : ["chat"]);
      });
    }
  }
}

Deno.test("A namespace that the server connects works after a reconnection", async () => {
  for (const isOpen of [true, false]) {
    const server: Events = isOpen
      ? {}
      : { onNamespaceConnect: inviteOnly, onRoomJoin: inviteOnly };
    await using world = await World.start({
      server: { chat: server },
      options: {
        async onConnect(conn) {
          const nsConn = await conn.connect("chat");
          await nsConn.joinRoom("room");
        },
      },
    });
    const chat = await world.client.waitServerConnect("chat");
    await world.assertAtRest(["chat", "chat/room"]);
    const room = world.room("client");
    for (let n = 0; n < 2; n++) {
      await world.lose();
      await world.comeBack();
      await world.assertAtRest(["chat", "chat/room"]);
      assertStrictEquals(world.chat("client"), chat);
      assertStrictEquals(world.room("client"), room);
      assert(room.isJoined && chat.isConnected);
    }
  }
});

Deno.test("A server that connects its client late finds it where it was", async () => {
  const gate = new Gate();
  let count = 0;
  await using world = await World.start({
    options: {
      onConnect(conn) {
        const isFirst = count++ === 0;
        const enter = async () => {
          if (!isFirst) await gate.pass();
          const nsConn = await conn.connect("chat");
          await nsConn.joinRoom("room");
        };
        enter().catch((error) => world.memory.errors.push(error));
      },
    },
  });
  const chat = await world.client.waitServerConnect("chat");
  await world.rest();
  const room = world.room("client");
  await world.lose();
  await world.comeBack();
  await world.open(gate);
  await world.assertAtRest(["chat", "chat/room"]);
  assertStrictEquals(world.chat("client"), chat);
  assertStrictEquals(world.room("client"), room);
});

// Events kept while away go out first.

/** Emits three events, one of them to a room. */
function emitThree(chat: NSConn, room: Room): boolean[] {
  return [
    chat.emit("onSay", "1"),
    room.emit("onSay", "2"),
    chat.emit("onSay", "3"),
  ];
}

const KEPT = ["1", "room2", "3"];
const KEEPING: ReconnectOptions = { maxKept: 10 };

/** The hooks in which a client emits an event as soon as it reconnects. */
const EMITTERS: Record<string, Events> = {
  onNamespaceConnected: {
    onNamespaceConnected: whenBack(({ conn }) => {
      conn.namespace("chat")!.emit("onSay", "new");
    }),
  },
  "onNamespaceConnected, async": {
    onNamespaceConnected: whenBack(async (nsConn) => {
      await null;
      nsConn.emit("onSay", "new");
    }),
  },
  onRoomJoin: {
    onRoomJoin: whenBack((nsConn) => void nsConn.emit("onSay", "new")),
  },
  onRoomJoined: {
    onRoomJoined: whenBack((nsConn) => void nsConn.emit("onSay", "new")),
  },
  "an event of the server": {
    onHi: whenBack((nsConn) => void nsConn.emit("onSay", "new")),
  },
};

/** Makes a handler that acts only when the client enters again. */
function whenBack(action: MessageHandler): MessageHandler {
  const seen = new WeakSet<NSConn>();
  return (nsConn, msg) => {
    if (seen.has(nsConn)) return action(nsConn, msg);
    seen.add(nsConn);
    return undefined;
  };
}

for (const [where, events] of Object.entries(EMITTERS)) {
  Deno.test(`Kept events go out before those that are emitted on reconnection: ${where}`, async () => {
    for (const form of Object.keys(FORMS)) {
      const received: string[] = [];
      await using world = await World.start({
        client: FORMS[form]!(events),
        server: listening(received, {
          onNamespaceConnected: (nsConn) => void nsConn.emit("onHi"),
        }),
        reconnect: KEEPING,
        dial: {
          onReconnect: () =>
            void world.client.namespace("chat")!.emit("onSay", "back"),
        },
      });
      await world.enter("room");
      const chat = world.chat("client");
      const room = world.room("client");
      await world.lose();
      assertEquals(emitThree(chat, room), [true, true, true]);
      await world.comeBack();
      assertEquals(received, [...KEPT, "new", "back"]);
      await world.assertAtRest(["chat", "chat/room"]);
    }
  });
}

for (const hook of ["onNamespaceConnect", "onRoomJoin"]) {
  for (const side of SIDES) {
    Deno.test(`Kept events go out before those that are emitted during the reconnection: ${side}, ${hook}`, async () => {
      const gate = new Gate();
      const received: string[] = [];
      const held: Events = {
        // The first room is entered again, the second is not.
        [hook]: nth(hook === "onRoomJoin" ? 4 : 2, gate),
      };
      await using world = await World.start({
        client: side === "client" ? { chat: held } : {},
        server: listening(received, side === "server" ? held : {}),
        reconnect: KEEPING,
      });
      await world.enter("another", "room");
      const chat = world.chat("client");
      const room = world.room("client");
      const another = world.room("client", "another");
      await world.lose();
      emitThree(chat, room);
      await world.comeBack();
      assertEquals(
        [chat, another].map((each) => each.emit("onSay", "4")),
        [true, true],
      );
      await world.open(gate);
      assertEquals(received, [...KEPT, "4", "another4"]);
      assertEquals(chat.emit("onSay", "5"), true);
      await world.rest();
      assertEquals(received.at(-1), "5");
      await world.assertAtRest(["chat", "chat/another", "chat/room"]);
    });

    Deno.test(`Kept events go out once, after a second loss: ${side}, ${hook}`, async () => {
      const gate = new Gate();
      const received: string[] = [];
      const held: Events = { [hook]: nth(2, gate) };
      await using world = await World.start({
        client: side === "client" ? { chat: held } : {},
        server: listening(received, side === "server" ? held : {}),
        reconnect: KEEPING,
      });
      await world.enter("room");
      const chat = world.chat("client");
      const room = world.room("client");
      await world.lose();
      emitThree(chat, room);
      await world.comeBack();
      assertEquals(chat.emit("onSay", "4"), true);
      await world.lose();
      assertEquals(room.emit("onSay", "5"), true);
      await world.open(gate);
      await world.comeBack();
      assertEquals(received, [...KEPT, "4", "room5"]);
      await world.assertBalanced(["chat", "chat/room"]);
    });
  }
}

for (const isBrowser of [false, true]) {
  for (const where of ["hook", "body", "handler"]) {
    Deno.test(`An ask for which a room waits does not wait for the kept events: ${where}${isBrowser ? ", in a browser" : ""}`, async () => {
      const answers: unknown[] = [];
      let hasLost = false;
      const ask = async (nsConn: NSConn) => {
        if (!hasLost) return;
        await null;
        answers.push(await nsConn.ask("onNumber").then((msg) => msg.text()));
      };
      const received: string[] = [];
      await using world = await World.start({
        client: {
          chat: where === "hook" ? { onRoomJoin: ask } : { onBack: ask },
        },
        server: listening(received, {
          onNumber: () => "1",
          async onRoomJoin(nsConn) {
            if (where === "handler") await nsConn.ask("onBack");
          },
        }),
        reconnect: KEEPING,
        isBrowser,
      });
      await world.enter();
      const chat = world.chat("client");
      const body = async () => {
        await ask(chat);
        return "ticket";
      };
      await chat.joinRoom("room", where === "body" ? { body } : {});
      const room = world.room("client");
      await world.lose();
      hasLost = true;
      emitThree(chat, room);
      await world.comeBack();
      assertEquals(answers, ["1"]);
      assertEquals(received, KEPT);
      await world.assertAtRest(["chat", "chat/room"]);
    });
  }
}

Deno.test("Only the events kept for a room that refuses are dropped", async () => {
  const received: string[] = [];
  await using world = await World.start({
    server: listening(received, { onRoomJoin: nth(2, refuse("full")) }),
    reconnect: KEEPING,
  });
  await world.enter("room");
  const chat = world.chat("client");
  const room = world.room("client");
  await world.lose();
  emitThree(chat, room);
  await world.comeBack();
  assertEquals(received, ["1", "3"]);
  assertEquals(room.emit("onSay", "gone"), false);
  await world.assertBalanced(["chat"]);
});

Deno.test("Events kept for a room that the server joins go out", async () => {
  const received: string[] = [];
  await using world = await World.start({
    server: listening(received, {
      onNamespaceConnected: async (nsConn) => {
        await nsConn.joinRoom("room");
      },
      onRoomJoin: inviteOnly,
    }),
    reconnect: KEEPING,
  });
  await world.enter();
  const chat = world.chat("client");
  const room = world.room("client");
  await world.lose();
  emitThree(chat, room);
  await world.comeBack();
  assertEquals(received, KEPT);
  await world.assertAtRest(["chat", "chat/room"]);
});

/** What a hook may call about the name that it is about. */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { Conn } from "../api/conn.ts";
import type { NSConn } from "../api/ns_conn.ts";
import type { Room } from "../api/room.ts";
import type { Events } from "../controller/events.ts";
import { EventError } from "../protocol/errors.ts";
import { Gate, hooksOf, type Side, SIDES, World } from "../harness/world.ts";

/** What hooks call, and what becomes of it. */
class Calls {
  readonly log: string[] = [];
  /** The handle of the room from an earlier stay in it. */
  room!: Room;
  /** Whether hooks call; they do not while a test prepares. */
  isOn = false;
  readonly #isLate: boolean;

  constructor(isLate: boolean) {
    this.#isLate = isLate;
  }

  /** Makes a hook that awaits calls, in order, and then perhaps throws. */
  in(
    event: string,
    calls: Record<string, (nsConn: NSConn, conn: Conn) => Promise<unknown>>,
    isRefusing = false,
  ): Events {
    return {
      [event]: async (nsConn) => {
        if (!this.isOn) return;
        this.isOn = false;
        if (this.#isLate) await Promise.resolve();
        for (const [name, call] of Object.entries(calls)) {
          const outcome = await call(nsConn, nsConn.conn).then(
            (value) => value === undefined ? "done" : "in",
            (error) => (error as Error).name,
          );
          this.log.push(`${name}: ${outcome}`);
        }
        if (isRefusing) throw new EventError("stay");
      },
    };
  }
}

const roomCalls = (calls: Calls) => ({
  join: (nsConn: NSConn) => nsConn.joinRoom("room"),
  leave: () => calls.room.leave(),
});

const namespaceCalls = {
  connect: (_: NSConn, conn: Conn) => conn.connect("chat"),
  wait: (_: NSConn, conn: Conn) => conn.waitConnect("chat"),
  disconnect: (nsConn: NSConn) => nsConn.disconnect(),
};

/** A world whose one side has the hook, with the room joined and left once. */
async function start(
  side: Side,
  calls: Calls,
  hooks: Events,
): Promise<World> {
  const world = await World.start(hooksOf(side, hooks));
  await world.enter("room");
  calls.room = world.room(side);
  await world.room("client").leave();
  await world.rest();
  return world;
}

for (const side of SIDES) {
  for (const isLate of [false, true]) {
    const where = `${side}, ${isLate ? "after an await" : "at once"}`;

    for (const by of SIDES) {
      Deno.test(`OnRoomJoin may call about its room, and is told that it decides (${where}, joined by the ${by})`, async () => {
        const calls = new Calls(isLate);
        const hook = calls.in("onRoomJoin", roomCalls(calls));
        await using world = await start(side, calls, hook);
        calls.isOn = true;
        const joined = world.chat(by).joinRoom("room");
        assertEquals(await world.outcomes(joined), ["done"]);
        assertEquals(calls.log, ["join: EventError", "leave: BadRoomError"]);
        await world.assertAtRest(["chat", "chat/room"]);
      });

      Deno.test(`OnRoomLeave may call about its room: it is left (${where}, left by the ${by})`, async () => {
        const calls = new Calls(isLate);
        const hook = calls.in("onRoomLeave", roomCalls(calls));
        await using world = await start(side, calls, hook);
        await world.enter("room");
        calls.isOn = true;
        const left = world.room(by).leave();
        assertEquals(await world.outcomes(left), ["done"]);
        // The other side has asked, and this side is in until it answers.
        const join = by === side ? "join: BadRoomError" : "join: in";
        assertEquals(calls.log, [join, "leave: done"]);
        await world.assertAtRest(["chat"]);
      });
    }

    Deno.test(`OnNamespaceConnect may call about its namespace, and is told that it decides (${where})`, async () => {
      for (const by of SIDES) {
        const calls = new Calls(isLate);
        const hook = calls.in("onNamespaceConnect", namespaceCalls);
        await using world = await World.start(hooksOf(side, hook));
        calls.isOn = true;
        const connected = world.at(by).connect("chat");
        assertEquals(await world.outcomes(connected), ["done"]);
        assertEquals(calls.log, [
          "connect: EventError",
          "wait: EventError",
          "disconnect: BadNamespaceError",
        ]);
        await world.assertAtRest(["chat"]);
      }
    });

    Deno.test(`OnRoomLeave may call about a namespace that is left (${where})`, async () => {
      for (const by of SIDES) {
        const calls = new Calls(isLate);
        const hook = calls.in("onRoomLeave", {
          ...roomCalls(calls),
          ...namespaceCalls,
        });
        await using world = await start(side, calls, hook);
        await world.enter("room");
        calls.isOn = true;
        const left = world.chat(by).disconnect();
        assertEquals(await world.outcomes(left), ["done"]);
        assertEquals(calls.log, [
          "join: BadNamespaceError",
          "leave: done",
          "connect: BadNamespaceError",
          "wait: BadNamespaceError",
          "disconnect: done",
        ]);
        await world.assertAtRest([]);
      }
    });
  }
}

for (const isLate of [false, true]) {
  const where = isLate ? "after an await" : "at once";

  Deno.test(`OnNamespaceDisconnect may call about its namespace while a server decides (${where})`, async () => {
    const calls = new Calls(isLate);
    const hook = calls.in("onNamespaceDisconnect", namespaceCalls);
    await using world = await World.start(hooksOf("server", hook));
    await world.enter();
    calls.isOn = true;
    const left = world.chat("client").disconnect();
    assertEquals(await world.outcomes(left), ["done"]);
    assertEquals(calls.log, ["connect: in", "wait: in", "disconnect: done"]);
    await world.assertAtRest([]);
  });

  for (const name of ["room", "namespace"]) {
    const isRoom = name === "room";
    const event = isRoom ? "onRoomLeave" : "onNamespaceDisconnect";
    Deno.test(`A server's hook that has itself left a ${name} cannot refuse the leave any more (${where})`, async () => {
      const calls = new Calls(isLate);
      const leave = isRoom ? roomCalls(calls).leave : namespaceCalls.disconnect;
      for (const isAgreed of [false, true]) {
        const hook = calls.in(event, isAgreed ? { leave } : {}, true);
        await using world = await start("server", calls, hook);
        await world.enter("room");
        calls.isOn = true;
        const left = isRoom
          ? world.room("client").leave()
          : world.chat("client").disconnect();
        const outcome = isAgreed ? "done" : "EventError";
        assertEquals(await world.outcomes(left), [outcome]);
        const rest = isRoom ? ["chat"] : [];
        const state = isAgreed ? rest : ["chat", "chat/room"];
        await world.assertAgreed(state);
        // Where it could not refuse, its error is reported instead.
        assertEquals(world.memory.errors.length, isAgreed ? 1 : 0);
      }
    });
  }
}

Deno.test("A client that is lost while its hook has agreed to leave a room does not come back into it", async () => {
  for (const isAgreed of [false, true]) {
    const gate = new Gate();
    await using world: World = await World.start(hooksOf("client", {
      async onRoomLeave(nsConn) {
        if (isAgreed) await nsConn.room("room")!.leave();
        await gate.pass();
      },
    }));
    await world.enter("room");
    const left = world.room("server").leave();
    await world.rest();
    await world.lose();
    await world.open(gate);
    await world.comeBack();
    assertEquals(await world.outcomes(left), ["done"]);
    await world.assertAtRest(isAgreed ? ["chat"] : ["chat", "chat/room"]);
  }
});

Deno.test("A hook of a room that ends after its leave was given up on leaves no other room", async () => {
  using time = new FakeTime();
  const gates: Record<string, Gate> = { a: new Gate(), b: new Gate() };
  const log: string[] = [];
  await using world = await World.start({
    ...hooksOf("server", {
      async onRoomLeave(_, { room }) {
        log.push(`leave ${room}`);
        await gates[room]!.pass();
        log.push(`leave ${room} ends`);
      },
      onRoomLeft: (_, { room }) => void log.push(`left ${room}`),
      onNamespaceDisconnect: () => void log.push("disconnect"),
    }),
    options: { closeTimeout: 1_000 },
  });
  await world.enter("a", "b");
  void world.chat("client").disconnect();
  await world.rest();
  assertEquals(log.splice(0), ["disconnect", "leave a"]);
  await world.lose();
  // The end waits no longer for what came before it.
  await time.tickAsync(1_000);
  await world.rest();
  assertEquals(log.splice(0), ["left a", "leave b"]);
  await world.open(gates.a);
  assertEquals(log.splice(0), ["leave a ends"]);
  await world.open(gates.b);
  assertEquals(log, ["leave b ends", "left b"]);
});

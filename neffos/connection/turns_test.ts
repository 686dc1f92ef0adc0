/** The order in which one side handles the messages of a connection. */

import { assertEquals, assertRejects } from "@std/assert";
import {
  Gate,
  hooksOf,
  otherOf,
  type Setting,
  SIDES,
  World,
} from "../harness/world.ts";
import type { Events, MessageHandler } from "../controller/events.ts";
import type { NSConn } from "../api/ns_conn.ts";
import { EventError } from "../protocol/errors.ts";
import type { Message } from "../protocol/message.ts";

/** The ways in which a program writes a handler that takes its time. */
const FORMS: Record<string, (wait: () => Promise<void>) => MessageHandler> = {
  "an async function": (wait) => async () => await wait(),
  "a function that returns a promise": (wait) => () => wait(),
  "a function that returns a thenable": (wait) => () => {
    const done = wait();
    return { then: done.then.bind(done) };
  },
};

for (const side of SIDES) {
  for (const isBrowser of [false, true]) {
    for (const [name, make] of Object.entries(FORMS)) {
      const where = `${side}, ${name}${isBrowser ? ", untraced" : ""}`;
      Deno.test(`An event waits for the handler before it, whoever asks meanwhile (${where})`, async () => {
        const gate = new Gate();
        const log: string[] = [];
        const handler: Events = {
          onSlow: make(async () => {
            log.push("slow");
            await gate.pass();
            log.push("slow ends");
          }),
          onNext: () => void log.push("next"),
          onAsk: () => void log.push("ask"),
        };
        await using world = await World.start({
          ...hooksOf(side, handler),
          isBrowser,
        });
        await world.enter();
        const other = world.chat(otherOf(side));
        other.emit("onSlow");
        other.emit("onNext");
        const asked = other.ask("onAsk");
        await world.rest();
        // The program asks, outside of any handler.
        assertEquals(await world.outcomes(world.chat(side).ask("onEcho")), [
          "done",
        ]);
        assertEquals(log.includes("next"), false);
        if (!isBrowser) assertEquals(log, ["slow"]);
        await world.open(gate);
        assertEquals(await world.outcomes(asked), ["done"]);
        const events = log.filter((line) => line !== "ask");
        assertEquals(events, ["slow", "slow ends", "next"]);
      });

      Deno.test(`An event waits for a handler that waits for an answer, and an ask does not (${where})`, async () => {
        const gate = new Gate();
        const log: string[] = [];
        let count = 0;
        const handler: Events = {
          onSlow: make(async () => {
            log.push("slow");
            await Promise.resolve();
            await world.chat(side).ask("onHeld");
            log.push("answered");
          }),
          onNext: () => void log.push(`next ${++count}`),
          onAsk: () => void log.push("ask"),
        };
        await using world: World = await World.start({
          ...hooksOf(side, handler),
          ...hooksOf(otherOf(side), {
            // It asks back before it answers.
            async onHeld(nsConn) {
              nsConn.emit("onNext");
              await nsConn.ask("onAsk");
              await nsConn.joinRoom("room");
              await gate.pass();
            },
          }),
          isBrowser,
        });
        await world.enter();
        const other = world.chat(otherOf(side));
        other.emit("onSlow");
        other.emit("onNext");
        await world.rest();
        assertEquals(log, ["slow", "ask"]);
        await world.open(gate);
        assertEquals(log.slice(2), ["answered", "next 1", "next 2"]);
        await world.assertAtRest(["chat", "chat/room"]);
      });
    }
  }

  for (const name of ["room.leave", "nsConn.disconnect"]) {
    const isRoom = name === "room.leave";
    Deno.test(`What was emitted before ${name}() is handled before it, while a handler waits (${side})`, async () => {
      const gate = new Gate();
      const log: string[] = [];
      const setting: Setting = {
        ...hooksOf(side, {
          async onSlow(nsConn) {
            await nsConn.ask("onHeld").catch(() => {});
            log.push("answered");
          },
          onBye: (_, msg) => void log.push(`bye ${msg.room}${msg.body}`),
          onRoomLeave: () => void log.push("leave"),
          onNamespaceDisconnect: () => void log.push("disconnect"),
        }),
        ...hooksOf(otherOf(side), { onHeld: () => gate.pass() }),
      };
      await using world = await World.start(setting);
      await world.enter("room");
      await world.client.connect("other");
      const nsConn = world.chat(otherOf(side));
      const room = nsConn.room("room")!;
      nsConn.emit("onSlow");
      nsConn.emit("onBye", "1");
      room.emit("onBye", "2");
      if (!isRoom) nsConn.emit("onBye", "3");
      const left = isRoom ? room.leave() : nsConn.disconnect();
      nsConn.emit("onBye", "4");
      assertEquals(await world.outcomes(left), ["done"]);
      const before = isRoom
        ? ["bye 1", "bye room2", "leave"]
        : ["bye 1", "bye room2", "bye 3"];
      assertEquals(log.splice(0, 3), before);
      await world.open(gate);
      if (isRoom) assertEquals(log, ["answered", "bye 4"]);
      else assertEquals(log.includes("disconnect"), true);
    });
  }

  Deno.test(`An event about another name waits while a name is left, and a handler waits (${side})`, async () => {
    const gate = new Gate();
    const log: string[] = [];
    const bye = (_: NSConn, { namespace, room }: Message) =>
      void log.push(`bye ${namespace}/${room}`);
    await using world = await World.start({
      [side]: {
        chat: {
          onSlow: async (nsConn: NSConn) => void await nsConn.ask("onHeld"),
          onBye: bye,
          onRoomLeave: () => void log.push("leave"),
        },
        other: { onBye: bye },
      },
      [otherOf(side)]: { chat: { onHeld: () => gate.pass() }, other: {} },
    });
    await world.enter("room", "second");
    await (await world.client.connect("other")).joinRoom("room");
    await world.rest();
    const nsConn = world.chat(otherOf(side));
    nsConn.emit("onSlow");
    nsConn.emit("onBye");
    nsConn.room("second")!.emit("onBye");
    world.at(otherOf(side)).namespace("other")!.room("room")!.emit("onBye");
    const left = nsConn.room("room")!.leave();
    assertEquals(await world.outcomes(left), ["done"]);
    assertEquals(log.splice(0), ["leave"]);
    await world.open(gate);
    assertEquals(log, ["bye chat/", "bye chat/second", "bye other/room"]);
  });

  for (const room of ["", "room"]) {
    const where = room === "" ? "a namespace" : "a room";
    Deno.test(`An ask that nobody handles is answered with an error that names its event (${side}, in ${where})`, async () => {
      await using world = await World.start({ [side]: { chat: {} } });
      await world.enter("room");
      const nsConn = world.chat(otherOf(side));
      const target = room === "" ? nsConn : nsConn.room(room)!;
      await assertRejects(
        () => target.ask("onTypo"),
        EventError,
        'Cannot handle event "onTypo" of namespace "chat": nothing handles it',
      );
      const { frames, unhandled } = world.memory;
      const sent = frames.length;
      assertEquals(target.emit("onTypo"), true);
      await world.rest();
      assertEquals(frames.length, sent + 1);
      const told = side === "server" ? ["onTypo", "onTypo"] : [];
      assertEquals(unhandled, told);
    });
  }
}

Deno.test("An ask is answered by onAnyEvent, and emptily where a handler returns nothing", async () => {
  await using world = await World.start({
    server: {
      chat: { onNothing() {} },
      other: { onAnyEvent: (_, msg) => msg.event },
    },
  });
  await world.enter();
  const nsConn = world.chat("client");
  assertEquals((await nsConn.ask("onNothing")).body, "");
  const other = await world.client.connect("other");
  assertEquals((await other.ask("onThing")).body, "onThing");
});

Deno.test("What a function makes of an error frame does not show that it is synchronous", async () => {
  const gate = new Gate();
  const log: string[] = [];
  await using world = await World.start({
    ...hooksOf("server", {
      onSlow(_, msg) {
        return msg.error === undefined ? gate.pass() : undefined;
      },
      onAsk: () => void log.push("ask"),
    }),
    ...hooksOf("client", {
      onSlow() {
        throw new EventError("refused");
      },
    }),
  });
  await world.enter();
  world.chat("server").emit("onSlow");
  await world.rest();
  const nsConn = world.chat("client");
  nsConn.emit("onSlow");
  const asked = nsConn.ask("onAsk");
  await world.rest();
  await world.chat("server").ask("onEcho");
  await world.rest();
  assertEquals(log, []);
  await world.open(gate);
  await asked;
  assertEquals(log, ["ask"]);
});

Deno.test("A function that has returned a promise once is traced from then on", async () => {
  const gates = [new Gate(), new Gate()];
  const log: string[] = [];
  let calls = 0;
  await using world = await World.start(hooksOf("server", {
    onMixed() {
      const n = calls++;
      return n === 0 ? undefined : gates[n - 1]!.pass();
    },
    onAsk: () => void log.push("ask"),
  }));
  await world.enter();
  const nsConn = world.chat("client");
  const askDuring = async (gate: Gate) => {
    nsConn.emit("onMixed");
    const asked = nsConn.ask("onAsk");
    await world.rest();
    await world.chat("server").ask("onEcho");
    await world.rest();
    log.push("open");
    await world.open(gate);
    await asked;
    return log.splice(0);
  };
  nsConn.emit("onMixed");
  // For once, the ask of the program may be one of the handler.
  assertEquals(await askDuring(gates[0]!), ["ask", "open"]);
  assertEquals(await askDuring(gates[1]!), ["open", "ask"]);
});

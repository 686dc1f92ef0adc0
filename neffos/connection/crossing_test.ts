/** Both sides ask for the same name at once, and one of them changes its mind. */

import { assertEquals, assertRejects } from "@std/assert";
import type { Events } from "../controller/events.ts";
import { MemoryServer, RawClient, sessionOf } from "../harness/mod.ts";
import { Gate, turn, watch } from "../harness/world.ts";
import type { NSConn } from "../api/ns_conn.ts";

/** A server that asks a peer, which answers by hand. */
class Scene implements AsyncDisposable {
  readonly memory: MemoryServer;
  raw!: RawClient;
  nsConn!: NSConn;

  constructor(events: Events) {
    this.memory = new MemoryServer({ chat: events, other: events });
  }

  static async start(events: Events = {}): Promise<Scene> {
    const scene = new Scene(events);
    const hello = ["M", "$1;chat;;_OnNamespaceConnect;0;0;"];
    scene.raw = await RawClient.open(scene.memory, ...hello);
    await scene.rest();
    [scene.nsConn] = scene.memory.server.connectionsByNamespace("chat") as [
      NSConn,
    ];
    scene.raw.received.length = 0;
    return scene;
  }

  /** Sends a frame, and returns what comes back, with tokens as `s`. */
  async send(frame?: string): Promise<string[]> {
    if (frame !== undefined) this.raw.send(frame);
    await this.rest();
    return this.raw.received.splice(0).map((each) =>
      `${each}`.replace(/^s[^;]+/, "s")
    );
  }

  /** Waits for the ask of the server, and returns its token. */
  async takeToken(): Promise<string> {
    await this.rest();
    const [ask, ...others] = this.raw.received.splice(0);
    assertEquals(others, []);
    return `${ask}`.split(";")[0]!;
  }

  async rest(): Promise<void> {
    for (let count = 0; count < 5; count++) await turn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.memory.server.close();
  }
}

const JOIN = "chat;room;_OnRoomJoin";

Deno.test("A peer that asks for the same and then refuses is in: its ask was granted", async () => {
  for (const isRoom of [true, false]) {
    await using scene = await Scene.start();
    const { nsConn } = scene;
    const about = isRoom ? JOIN : "other;;_OnNamespaceConnect";
    const call = isRoom
      ? nsConn.joinRoom("room")
      : nsConn.conn.connect("other");
    const token = await scene.takeToken();
    assertEquals(await scene.send(`$2;${about};0;0;`), ["$2;;;;;;"]);
    assertEquals(await scene.send(`${token};${about};1;0;no`), []);
    await call;
    const { server } = scene.memory;
    const members = isRoom
      ? server.room("chat", "room")
      : server.connectionsByNamespace("other");
    assertEquals(members.length, 1);
  }
});

Deno.test("A peer that asks for nothing and refuses is out", async () => {
  await using scene = await Scene.start();
  const call = scene.nsConn.joinRoom("room");
  const token = await scene.takeToken();
  await scene.send(`${token};${JOIN};1;0;no`);
  await assertRejects(() => call, Error, "no");
  assertEquals(scene.memory.server.room("chat", "room"), []);
});

for (const isCrossed of [true, false]) {
  const where = isCrossed
    ? "is kept where the peer has asked for the same"
    : "is taken back where the peer has not asked for it";

  Deno.test(`A join that the caller gives up before the answer ${where}`, async () => {
    await using scene = await Scene.start();
    const controller = new AbortController();
    const call = scene.nsConn.joinRoom("room", { signal: controller.signal });
    const outcomes = watch([call]);
    const token = await scene.takeToken();
    if (isCrossed) {
      assertEquals(await scene.send(`$2;${JOIN};0;0;`), ["$2;;;;;;"]);
    }
    controller.abort();
    const asked = await scene.send(`${token};;;;;;`);
    assertEquals(asked, isCrossed ? [] : ["s;chat;room;_OnRoomLeave;0;0;"]);
    assertEquals(outcomes, ["AbortError"]);
    const { length } = scene.memory.server.room("chat", "room");
    assertEquals(length, isCrossed ? 1 : 0);
  });

  Deno.test(`A join that the caller gives up while OnRoomJoin runs ${where}`, async () => {
    const gate = new Gate();
    await using scene = await Scene.start({ onRoomJoin: () => gate.pass() });
    const controller = new AbortController();
    const call = scene.nsConn.joinRoom("room", { signal: controller.signal });
    const outcomes = watch([call]);
    const token = await scene.takeToken();
    if (isCrossed) {
      assertEquals(await scene.send(`$2;${JOIN};0;0;`), ["$2;;;;;;"]);
    }
    assertEquals(await scene.send(`${token};;;;;;`), []);
    controller.abort();
    gate.open();
    const asked = await scene.send();
    assertEquals(asked, isCrossed ? [] : ["s;chat;room;_OnRoomLeave;0;0;"]);
    assertEquals(outcomes, ["AbortError"]);
    const { length } = scene.memory.server.room("chat", "room");
    assertEquals(length, isCrossed ? 1 : 0);
  });
}

Deno.test("An ask that crosses the ask which it has set off is answered once", async () => {
  await using scene = await Scene.start();
  const { nsConn } = scene;
  const controller = new AbortController();
  nsConn.joinRoom("room", { signal: controller.signal }).catch(() => {});
  const token = await scene.takeToken();
  controller.abort();
  scene.raw.send(`${token};;;;;;`);
  // The server takes the join back, and is to join again after that.
  const leave = await scene.takeToken();
  const joined = nsConn.joinRoom("room");
  // A Go peer may ask before it answers: the room is left, and joined again.
  assertEquals(await scene.send(`$2;${JOIN};0;0;`), [
    "s;chat;room;_OnRoomJoin;0;0;",
    "$2;;;;;;",
  ]);
  assertEquals(await scene.send(`${leave};;;;;;`), []);
  const { receiver } = sessionOf(nsConn.conn);
  assertEquals(receiver.held, { messages: 0, bytes: 0 });
  nsConn.conn.close();
  await joined.catch(() => {});
});

Deno.test("An answer that waits for OnRoomLeft goes out before what follows about the room", async () => {
  for (const by of ["server", "client"]) {
    const gate = new Gate();
    await using scene = await Scene.start({
      // Its ask lets the asks of the client go ahead.
      async onRoomLeft(nsConn) {
        nsConn.ask("onQuestion").catch(() => {});
        await gate.pass();
      },
    });
    const { nsConn } = scene;
    assertEquals(await scene.send(`$2;${JOIN};0;0;`), ["$2;;;;;;"]);
    const asked = await scene.send("$3;chat;room;_OnRoomLeave;0;0;");
    assertEquals(asked, ["s;chat;;onQuestion;0;0;"]);
    if (by === "server") nsConn.joinRoom("room").catch(() => {});
    const frame = by === "client" ? `$4;${JOIN};0;0;` : undefined;
    assertEquals(await scene.send(frame), [
      "$3;;;;;;",
      by === "client" ? "$4;;;;;;" : `s;${JOIN};0;0;`,
    ]);
    gate.open();
    assertEquals(await scene.send(), []);
  }
});

/** What hooks broadcast, and when it reaches who joins or leaves. */

import { assertEquals } from "@std/assert";
import type { NSConn } from "../api/ns_conn.ts";
import { FakeTime } from "@std/testing/time";
import type {
  ConnHandler,
  Events,
  MessageHandler,
} from "../controller/events.ts";
import { handshake, MemoryServer, RawClient } from "../harness/mod.ts";
import { type Socket, socketPair } from "../transport/socket.ts";
import type { ServerOptions } from "./options.ts";
import { Server } from "./server.ts";
import { turn } from "../harness/world.ts";
import { EventError } from "../protocol/errors.ts";

/** Makes a hook that broadcasts its own name to a room or the namespace. */
function tell(room: string, isAsync: boolean): MessageHandler {
  return async (nsConn, { event }) => {
    if (isAsync) await turn();
    say(nsConn, event, room);
    if (isAsync) await turn();
  };
}

function say({ server, namespace }: NSConn, event: string, room: string): void {
  server.broadcast(null, { namespace, room, event: "onTell", body: event });
}

/** Two clients of one server, in a namespace: one that only listens. */
async function enter(memory: MemoryServer): Promise<[RawClient, RawClient]> {
  const both: RawClient[] = [];
  for (const _ of [1, 2]) {
    const raw = await RawClient.open(memory, "M");
    await raw.until(1);
    raw.send("$1;chat;;_OnNamespaceConnect;0;0;");
    await rest();
    both.push(raw);
  }
  const [raw, other] = both;
  return [raw!, other!];
}

async function rest(): Promise<void> {
  for (let count = 0; count < 8; count++) await turn();
}

/** Takes what a client has received, in short: the events told, and answers. */
function take(raw: RawClient): string[] {
  return raw.received.splice(0).map((frame) => {
    const [wait, , , event, isError, , body] = `${frame}`.split(";");
    if (event === "onTell") return body!;
    if (event === undefined) return `${frame}`;
    if (wait!.startsWith("$")) return isError === "1" ? "no" : "yes";
    return `asks ${event}`;
  });
}

/** Answers the last ask of the server. */
function grant(raw: RawClient): void {
  const asks = raw.received.filter((frame) => /^s[^;]*;./.test(`${frame}`));
  raw.send(`${`${asks.at(-1)}`.split(";")[0]};;;;;;`);
}

for (const isAsync of [false, true]) {
  const how = isAsync ? "async hooks" : "sync hooks";
  const hooks = (room: string): Events => ({
    onRoomJoin: tell(room, isAsync),
    onRoomJoined: tell(room, isAsync),
    onRoomLeave: tell(room, isAsync),
    onRoomLeft: tell(room, isAsync),
  });

  Deno.test(`A joiner is answered before it gets what the hooks broadcast (${how})`, async () => {
    await using memory = new MemoryServer({ chat: hooks("room") });
    const [raw, other] = await enter(memory);
    other.send("$2;chat;room;_OnRoomJoin;0;0;");
    await rest();
    take(other);
    take(raw);
    raw.send("$2;chat;room;_OnRoomJoin;0;0;");
    await rest();
    assertEquals(take(raw), ["yes", "_OnRoomJoined"]);
    assertEquals(take(other), ["_OnRoomJoin", "_OnRoomJoined"]);
  });

  Deno.test(`Who is joined by the server gets what the hooks broadcast once it has agreed (${how})`, async () => {
    await using memory = new MemoryServer({ chat: hooks("room") });
    const [raw] = await enter(memory);
    take(raw);
    const [nsConn] = memory.server.connectionsByNamespace("chat");
    const joined = nsConn!.joinRoom("room");
    await rest();
    assertEquals(raw.received.length, 1);
    grant(raw);
    await joined;
    assertEquals(take(raw), ["asks _OnRoomJoin", "_OnRoomJoined"]);
    // Both sides at once: each grants the ask of the other.
    const crossed = nsConn!.joinRoom("both");
    raw.send("$3;chat;both;_OnRoomJoin;0;0;");
    await rest();
    say(nsConn!, "early", "both");
    grant(raw);
    await crossed;
    say(nsConn!, "late", "both");
    await rest();
    assertEquals(
      take(raw).filter((line) => !line.startsWith("_")),
      ["asks _OnRoomJoin", "yes", "late"],
    );
  });

  Deno.test(`A connection that leaves a room gets nothing that the hooks broadcast (${how})`, async () => {
    await using memory = new MemoryServer({ chat: hooks("room") });
    const [raw, other] = await enter(memory);
    const [nsConn] = memory.server.connectionsByNamespace("chat");
    const told = ["_OnRoomLeave", "_OnRoomLeft"];
    const joinBoth = async () => {
      raw.send("$2;chat;room;_OnRoomJoin;0;0;");
      other.send("$2;chat;room;_OnRoomJoin;0;0;");
      await rest();
      take(raw);
      take(other);
    };
    await joinBoth();
    raw.send("$3;chat;room;_OnRoomLeave;0;0;");
    await rest();
    assertEquals(take(raw), ["yes"]);
    assertEquals(take(other), told);
    await joinBoth();
    const left = nsConn!.room("room")!.leave();
    await rest();
    grant(raw);
    await left;
    assertEquals(take(raw), ["asks _OnRoomLeave"]);
    assertEquals(take(other), told);
    await joinBoth();
    raw.send("$3;chat;;_OnNamespaceDisconnect;0;0;");
    await rest();
    assertEquals(take(raw), ["yes"]);
    assertEquals(take(other), told);
    raw.send("$1;chat;;_OnNamespaceConnect;0;0;");
    await rest();
    await joinBoth();
    raw.socket.terminate!();
    await rest();
    assertEquals(take(other), told);
  });

  Deno.test(`A connecting client is answered before it gets what the hooks broadcast, and gets nothing of them when it leaves (${how})`, async () => {
    const log: string[] = [];
    await using memory = new MemoryServer({
      chat: {
        onNamespaceConnect: tell("", isAsync),
        onNamespaceConnected: tell("", isAsync),
        onNamespaceDisconnect: tell("", isAsync),
        // Of the rooms, while the namespace is left.
        onRoomLeave: (nsConn) => {
          say(nsConn, "leave", "");
          say(nsConn, "leave", "room");
        },
      },
    }, { onDisconnect: () => void log.push("gone") });
    const [raw, other] = await enter(memory);
    assertEquals(take(raw).slice(1), [
      ...["yes", "_OnNamespaceConnected"],
      ...["_OnNamespaceConnect", "_OnNamespaceConnected"],
    ]);
    assertEquals(take(other).slice(1), ["yes", "_OnNamespaceConnected"]);
    const joinBoth = async () => {
      for (const each of [raw, other]) {
        each.send("$2;chat;room;_OnRoomJoin;0;0;");
      }
      await rest();
      take(raw);
      take(other);
    };
    await joinBoth();
    raw.send("$3;chat;;_OnNamespaceDisconnect;0;0;");
    await rest();
    assertEquals(take(raw), ["yes"]);
    assertEquals(take(other), ["_OnNamespaceDisconnect", "leave", "leave"]);
    raw.send("$1;chat;;_OnNamespaceConnect;0;0;");
    await rest();
    await joinBoth();
    const own = memory.server.connectionsByNamespace("chat").at(-1)!;
    const left = own.disconnect();
    await rest();
    grant(raw);
    await left;
    assertEquals(take(raw), ["asks _OnNamespaceDisconnect"]);
    assertEquals(take(other), ["leave", "leave", "_OnNamespaceDisconnect"]);
  });
}

Deno.test("A refused leave keeps what others say, and the next broadcast arrives", async () => {
  const gate = Promise.withResolvers<void>();
  const later = Promise.withResolvers<void>();
  await using memory = new MemoryServer({
    chat: {
      async onRoomLeave(nsConn, { event }) {
        say(nsConn, event, "room");
        const { server, namespace } = nsConn;
        const told = { namespace, event: "onTell", body: "several" };
        server.broadcast(null, { ...told, rooms: ["room", "second"] });
        server.broadcast(null, { ...told, body: "all" });
        await gate.promise;
        say(nsConn, "again", "room");
        void later.promise.then(() => say(nsConn, "later", "room"));
        throw new EventError("stay");
      },
    },
  });
  const [raw, other] = await enter(memory);
  raw.send("$2;chat;room;_OnRoomJoin;0;0;", "$2;chat;second;_OnRoomJoin;0;0;");
  other.send("$2;chat;room;_OnRoomJoin;0;0;");
  await rest();
  take(raw);
  take(other);
  raw.send("$3;chat;room;_OnRoomLeave;0;0;");
  await rest();
  const [nsConn] = memory.server.connectionsByNamespace("chat");
  say(nsConn!, "said", "room");
  await rest();
  assertEquals(take(raw), ["several", "all", "said"]);
  assertEquals(take(other), ["_OnRoomLeave", "several", "all", "said"]);
  gate.resolve();
  await rest();
  say(nsConn!, "after", "room");
  await rest();
  assertEquals(take(raw), ["no", "after"]);
  assertEquals(take(other), ["again", "after"]);
  // What the hook has begun goes on when it has ended.
  later.resolve();
  await rest();
  assertEquals([take(raw), take(other)], [["later"], ["later"]]);
});

/** A server whose sockets count as those of a network. */
class RemoteServer implements AsyncDisposable {
  readonly server: Server;
  readonly #waiting: Socket[] = [];

  constructor(handler: ConnHandler, options: ServerOptions = {}) {
    this.server = new Server(
      () => ({ socket: this.#waiting.shift()!, response: new Response() }),
      handler,
      { idGenerator: () => "id", ...options },
    );
  }

  async open(): Promise<Socket> {
    const [left, right] = socketPair();
    Object.defineProperty(right, "isRemote", { value: true });
    this.#waiting.push(right);
    await this.server.upgrade(handshake());
    return left;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
  }
}

Deno.test("What follows an acknowledgement over a network at once goes out a moment later, in order", async () => {
  using time = new FakeTime();
  await using remote = new RemoteServer({
    chat: {
      onNamespaceConnected: (nsConn) => say(nsConn, "connected", ""),
      onRoomJoined(nsConn) {
        say(nsConn, "joined", "room");
        nsConn.room("room")!.emit("onTell", "emitted");
      },
      onEcho: (_, msg) => msg.body,
    },
    other: {},
  }, {
    onConnect: (conn) => void conn.connect("other"),
  });
  const raw = await RawClient.open(remote, "M");
  await rest();
  assertEquals(take(raw), ["Aid"]);
  await time.tickAsync(15);
  await rest();
  assertEquals(take(raw), ["asks _OnNamespaceConnect"]);
  raw.send("$1;chat;;_OnNamespaceConnect;0;0;");
  await rest();
  // Nothing is taken along that comes in a later turn of the event loop.
  raw.send("$2;chat;;onEcho;0;0;hi");
  await rest();
  assertEquals(take(raw), ["yes"]);
  await time.tickAsync(15);
  await rest();
  assertEquals(take(raw), ["connected", "yes"]);
  raw.send("$3;chat;room;_OnRoomJoin;0;0;");
  await rest();
  assertEquals(take(raw), ["yes"]);
  await time.tickAsync(15);
  await rest();
  assertEquals(take(raw), ["joined", "emitted"]);
  // An answer that nothing follows holds up nothing.
  raw.send("$4;chat;other;_OnRoomJoin;0;0;");
  await rest();
  raw.received.length = 0;
  await time.tickAsync(15);
  raw.send("$5;other;;_OnNamespaceConnect;0;0;");
  await rest();
  raw.send("$6;chat;;onEcho;0;0;hi");
  await rest();
  assertEquals(take(raw).slice(-2), ["yes", "yes"]);
});

Deno.test("What waits behind an acknowledgement goes out before a close", async () => {
  await using remote = new RemoteServer({
    chat: {
      onNamespaceConnected(nsConn) {
        nsConn.emit("onTell", "last");
        nsConn.conn.close(4000);
      },
    },
  });
  const hello = ["M", "$1;chat;;_OnNamespaceConnect;0;0;"];
  const raw = await RawClient.open(remote, ...hello);
  assertEquals((await raw.closed.promise).code, 4000);
  assertEquals(take(raw), ["Aid", "yes", "last"]);
});

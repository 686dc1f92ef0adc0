import { assertEquals } from "@std/assert";
import { coreOf } from "../api/conn.ts";
import type { NSState } from "../connection/namespace_state.ts";
import { MemoryServer } from "../harness/mod.ts";
import { Outlet, Traffic } from "../transport/send_buffer.ts";
import type { Socket } from "../transport/socket.ts";
import { Index, Members } from "./directory.ts";

Deno.test("Index forgets namespaces and rooms that nobody is in, and lets no ghost in", async () => {
  await using memory = new MemoryServer({ chat: {} });
  const client = await memory.dial({ chat: {} });
  const nsConn = await client.connect("chat");
  await nsConn.joinRoom("kept");
  const state = coreOf(memory.server.connections[0]!).membership.find("chat")!;
  await (await memory.dial({ chat: {} })).connect("chat");
  const other = coreOf(memory.server.connections[1]!).membership.find("chat")!;
  const index = new Index();
  const sizes = () => [
    index.size,
    index.find("chat", "").size,
    index.find("chat", "kept").size,
    index.find("chat", "room").size,
  ];
  index.join(state, "room");
  assertEquals(sizes(), [0, 0, 0, 0]);
  index.add(state);
  index.join(state, "room");
  index.join(state, "kept");
  assertEquals(sizes(), [3, 1, 1, 1]);
  index.leave(state, "room");
  assertEquals(sizes(), [2, 1, 1, 0]);
  // With the namespace its rooms are left.
  index.remove(state);
  assertEquals(sizes(), [0, 0, 0, 0]);
  index.remove(state);
  index.leave(state, "kept");
  assertEquals(sizes(), [0, 0, 0, 0]);
  // Also where somebody else stays.
  index.add(other);
  index.add(state);
  index.join(state, "kept");
  index.remove(state);
  assertEquals(sizes(), [1, 1, 0, 0]);
  index.remove(other);
  assertEquals(sizes(), [0, 0, 0, 0]);
});

/** Somebody who takes nothing, on a platform that counts bytes alone. */
function stalled(waiting: { bytes: number }) {
  const socket: Socket = {
    get bufferedAmount() {
      return waiting.bytes;
    },
    listen() {},
    close() {},
    send: (frame) => {
      waiting.bytes += frame.length;
      return true;
    },
  };
  const outlet = new Outlet({
    socket,
    limits: { maxBuffered: Infinity, maxBufferedMessages: Infinity },
    traffic: new Traffic(),
    onOver() {},
  });
  const state = { socket, core: { outlet } } as unknown as NSState;
  return { socket, outlet, state };
}

Deno.test("Members.count() counts nothing for who was left out or was not there", () => {
  const members = new Members();
  const { socket, outlet, state } = stalled({ bytes: 0 });
  members.set(socket, state);
  outlet.send("x".repeat(60_000));
  for (let i = 0; i < 10_000; i++) members.count(10, socket);
  assertEquals(outlet.bufferedMessages, 1);
  const late = stalled({ bytes: 0 });
  for (let i = 0; i < 50; i++) members.count(10);
  late.outlet.send("x".repeat(60_000));
  members.set(late.socket, late.state);
  for (let i = 0; i < 50; i++) members.count(10);
  members.delete(late.socket);
  assertEquals(late.outlet.bufferedMessages, 51);
});

Deno.test("Members.count() hides nothing that waits behind what others get", () => {
  const members = new Members();
  const { socket, outlet, state } = stalled({ bytes: 0 });
  members.set(socket, state);
  for (let i = 0; i < 1_000; i++) {
    outlet.send("tiny");
    // It is the one who says something large to all the others.
    if (i % 10 === 0) members.count(100_000, socket);
  }
  assertEquals(outlet.bufferedMessages, 1_000);
});

Deno.test("Members.delete() counts what was sent until then", () => {
  const waiting = { bytes: 0 };
  const { socket, outlet, state } = stalled(waiting);
  for (let i = 0; i < 100; i++) {
    const members = new Members();
    members.set(socket, state);
    for (let j = 0; j < 10; j++) {
      socket.send("tiny");
      members.count(4);
    }
    members.delete(socket);
  }
  assertEquals(waiting.bytes, 4_000);
  assertEquals(outlet.bufferedMessages, 1_000);
});

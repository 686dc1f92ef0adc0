import { assertEquals } from "@std/assert";
import { MemoryServer } from "./_harness_test.ts";
import { Index } from "./_index.ts";
import { coreOf } from "./conn.ts";

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

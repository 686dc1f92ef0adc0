import { assertEquals } from "@std/assert";
import { MemoryServer, sessionOf } from "../harness/mod.ts";
import { ServerDirectory } from "./directory.ts";

Deno.test("ServerDirectory forgets empty namespaces and rooms, and adds no connection that has ended", async () => {
  await using memory = new MemoryServer({ chat: {} });
  const client = await memory.dial({ chat: {} });
  const nsConn = await client.connect("chat");
  await nsConn.joinRoom("kept");
  const member = sessionOf(memory.server.connections[0]!).namespaces.find(
    "chat",
  )!;
  await (await memory.dial({ chat: {} })).connect("chat");
  const other = sessionOf(memory.server.connections[1]!).namespaces.find(
    "chat",
  )!;
  const directory = new ServerDirectory();
  const sizes = () => [
    directory.namespaces + directory.rooms,
    directory.find("chat", "").size,
    directory.find("chat", "kept").size,
    directory.find("chat", "room").size,
  ];
  directory.join(member, "room");
  assertEquals(sizes(), [0, 0, 0, 0]);
  directory.add(member);
  directory.join(member, "room");
  directory.join(member, "kept");
  assertEquals(sizes(), [3, 1, 1, 1]);
  directory.leave(member, "room");
  assertEquals(sizes(), [2, 1, 1, 0]);
  // Leaving the namespace leaves its rooms.
  directory.remove(member);
  assertEquals(sizes(), [0, 0, 0, 0]);
  directory.remove(member);
  directory.leave(member, "kept");
  assertEquals(sizes(), [0, 0, 0, 0]);
  // Also while another connection stays.
  directory.add(other);
  directory.add(member);
  directory.join(member, "kept");
  directory.remove(member);
  assertEquals(sizes(), [1, 1, 0, 0]);
  directory.remove(other);
  assertEquals(sizes(), [0, 0, 0, 0]);
});

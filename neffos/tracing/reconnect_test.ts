/** What a client that traces sends when it comes back to another server. */

import { assertEquals } from "@std/assert";
import { Struct } from "../controller/struct.ts";
import { MemoryServer } from "../harness/mod.ts";
import { RecordingTracer } from "../harness/tracer.ts";
import { traceEvents } from "./trace_events.ts";

Deno.test("A client sends no context that it kept to a server that does not trace", async () => {
  const rejoins = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  let joins = 0;
  class Chat {
    static use = [traceEvents(new RecordingTracer())];
    async onRoomJoin() {
      if (++joins === 1) return;
      rejoins.resolve();
      await gate.promise;
    }
  }
  const handler = { chat: new Struct(Chat, { isShared: true }) };
  const traced = new MemoryServer(handler);
  const heard = Promise.withResolvers<void>();
  const plain = new MemoryServer({
    chat: {
      onSay(_, msg) {
        if (msg.body === "last") heard.resolve();
      },
    },
  });
  const servers = [traced, traced, plain];
  const client = await traced.dial({ chat: {} }, {
    trace: traceEvents(new RecordingTracer()),
    transport: () => servers.shift()!.connect(),
    reconnect: { initialDelay: 0, maxKept: 3 },
    onClose() {
      if (joins === 1) chat.emit("onSay", "first");
    },
  });
  const chat = await client.connect("chat");
  const room = await chat.joinRoom("tea");
  traced.server.connections[0]!.close(4000);
  await rejoins.promise;
  // They wait for the room behind the first one.
  room.emit("onSay", "second");
  chat.emit("onSay", "last");
  traced.server.connections[0]!.close(4000);
  gate.resolve();
  await heard.promise;
  const sent = plain.frames.filter(({ from }) => from === "client");
  assertEquals(sent.slice(-3).map(({ data }) => data), [
    ";chat;;onSay;0;0;first",
    ";chat;tea;onSay;0;0;second",
    ";chat;;onSay;0;0;last",
  ]);
  await client.close();
  for (const { server } of [traced, plain]) await server.close();
});

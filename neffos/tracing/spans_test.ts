/** Each span ends once, and what is traced behaves as what is not. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { NSConn } from "../api/ns_conn.ts";
import type { Client } from "../client.ts";
import { joinConnHandlers } from "../controller/sources.ts";
import { Struct } from "../controller/struct.ts";
import type { Events } from "../controller/events.ts";
import { MemoryServer } from "../harness/mod.ts";
import { RecordingTracer } from "../harness/tracer.ts";
import { EventError } from "../protocol/errors.ts";
import { traceEvents } from "./trace_events.ts";

interface Pair {
  readonly tracer: RecordingTracer;
  readonly memory: MemoryServer;
  readonly client: Client;
  readonly chat: NSConn;
  /** Closes both sides, and checks that each span has ended once. */
  end(): Promise<void>;
}

/** Makes a server and a client that trace. */
async function makePair(events: Events, ofClient: Events = {}): Promise<Pair> {
  const tracer = new RecordingTracer();
  const trace = traceEvents(tracer);
  const members: Events = {
    onNamespaceConnect(_, { isLocal }) {
      if (!isLocal) throw new EventError("members only");
    },
  };
  const memory = new MemoryServer({ chat: events, members }, { trace });
  const client = await memory.dial({ chat: ofClient, members }, { trace });
  const chat = await client.connect("chat");
  const end = async () => {
    await client.close();
    await memory.server.close();
    for (const { name, log } of tracer.spans) {
      assertEquals(log.filter((line) => line === "end").length, 1, name);
      assertEquals(log.at(-1), "end", name);
    }
  };
  return { tracer, memory, client, chat, end };
}

Deno.test("A thrown value that cannot be read ends its span as any other", async () => {
  const rude = () => {
    throw new Error("rude");
  };
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const getters = Object.defineProperties(new Error(), {
    name: { get: rude },
    message: { get: rude },
  });
  for (const thrown of [Object.create(null), getters, proxy, ["secret"]]) {
    const { tracer, chat, end } = await makePair({
      onBreak() {
        throw thrown;
      },
    });
    await assertRejects(
      () => chat.ask("onBreak"),
      EventError,
      "internal error",
    );
    const [span] = tracer.spans.filter(({ name, options }) =>
      name === "chat/onBreak" && options.kind === 1
    );
    assertEquals(span!.log.slice(1), [
      "status 2",
      "exception something that is no error was thrown",
      "end",
    ]);
    await end();
  }
});

Deno.test("An error of a call that is traced has the frames of its caller", async () => {
  const refuse = () => {
    throw new EventError("no");
  };
  const { memory, client, chat, end } = await makePair({
    onRefuse: refuse,
    onRoomJoin: refuse,
  });
  const { server } = memory;
  async function callHere(call: () => Promise<unknown>) {
    await call();
  }
  for (
    const call of [
      () => chat.ask("onRefuse"),
      () => chat.joinRoom("tea"),
      () => client.connect("members"),
      () => server.ask({ namespace: "chat", event: "onNone" }),
    ]
  ) {
    const { stack } = await assertRejects(() => callHere(call), EventError);
    assert(stack!.includes("callHere"), stack);
  }
  await end();
});

Deno.test("What ends an ask from outside ends its span", async () => {
  const held = Promise.withResolvers<void>();
  const { tracer, chat, client, memory, end } = await makePair({
    onHold: () => held.promise,
  }, { onHold: () => held.promise });
  const asks = [
    chat.ask("onHold", "", { timeout: 1 }),
    chat.ask("onHold", "", { signal: AbortSignal.abort() }),
    chat.ask("onHold", "", { timeout: -1 }),
    chat.ask("_OnRoomJoin"),
    chat.ask("onHold", "\ud800"),
    chat.joinRoom("\ud800"),
    memory.server.ask({ namespace: "chat", event: "onHold" }, { timeout: 1 }),
    chat.ask("onHold"),
  ];
  await Promise.allSettled(asks.slice(0, -1));
  const closed = client.close();
  held.resolve();
  await Promise.allSettled([...asks, closed]);
  const failed = tracer.spans.filter(({ log }) =>
    log.some((line) => line.includes("error.type"))
  );
  assertEquals(failed.length, asks.length);
  await end();
});

Deno.test("askAll() can be given up while an answer is waited for", async () => {
  const held = Promise.withResolvers<void>();
  const { memory, end } = await makePair({}, { onName: () => held.promise });
  const init = { namespace: "chat", event: "onName" };
  const answers = memory.server.askAll(init, { timeout: Infinity });
  const first = answers.next();
  await answers.return!();
  assertEquals(await first, { value: undefined, done: true });
  held.resolve();
  await end();
});

Deno.test("The span of askAll() ends with the asks, though nobody takes the rest", async () => {
  const { memory, chat, end } = await makePair({ onHi() {} }, {
    onName: () => "ann",
  });
  const init = { namespace: "chat", event: "onName" };
  const answers = memory.server.askAll(init);
  await answers.next();
  await chat.ask("onHi");
  await end();
});

Deno.test("A relay of events that clients make up gives spans no more than 1,000 names", async () => {
  const { tracer, memory, chat, end } = await makePair({ onHi() {} });
  await chat.ask("onHi");
  for (let count = 0; count < 2_000; count++) {
    memory.server.broadcast(null, { namespace: "chat", event: `on${count}` });
  }
  await chat.ask("onHi");
  const names = new Set(tracer.spans.map(({ name }) => name));
  assert(names.has("send chat/on900"));
  assert(!names.has("send chat/on1000"));
  assert(names.has("send _OnAnyEvent"));
  assertEquals(tracer.spans.at(-1)!.name, "chat/onHi");
  await end();
});

Deno.test("An event has one span, though it is traced in several places", async () => {
  const tracer = new RecordingTracer();
  const trace = traceEvents(tracer);
  class Chat {
    static use = [trace, traceEvents(tracer)];
    onHi() {}
  }
  const handler = { chat: new Struct(Chat, { isShared: true }) };
  const memory = new MemoryServer(handler, { trace });
  const client = await memory.dial({ chat: {} });
  const chat = await client.connect("chat");
  await chat.ask("onHi");
  await chat.joinRoom("tea");
  assertEquals(tracer.spans.map(({ name }) => name), [
    "chat/_OnNamespaceConnect",
    "chat/onHi",
    "chat/_OnRoomJoin",
  ]);
  await client.close();
  await memory.server.close();
});

Deno.test("Each controller of a namespace that traces has a span of its own for a connect", async () => {
  const tracer = new RecordingTracer();
  class Chat {
    static use = [traceEvents(tracer)];
    onNamespaceConnect() {}
  }
  class Other extends Chat {}
  const memory = new MemoryServer(joinConnHandlers(
    { chat: new Struct(Chat, { isShared: true }) },
    { chat: new Struct(Other, { isShared: true }) },
  ));
  const client = await memory.dial({ chat: {} });
  await client.connect("chat");
  const ended = tracer.spans.map(({ name, log }) => [name, log]);
  assertEquals(ended, Array(2).fill(["chat/_OnNamespaceConnect", ["end"]]));
  await client.close();
  await memory.server.close();
});

/** Spans by an SDK of OpenTelemetry, and the contexts between ours. */

import * as api from "npm:@opentelemetry/api@1";
import { AsyncLocalStorageContextManager } from "npm:@opentelemetry/context-async-hooks@2";
import {
  BasicTracerProvider,
  type ReadableSpan,
} from "npm:@opentelemetry/sdk-trace-base@2";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import type { NSConn } from "../api/ns_conn.ts";
import type { Client } from "../client.ts";
import type { Events } from "../controller/events.ts";
import { Struct } from "../controller/struct.ts";
import { MemoryServer, RawClient } from "../harness/mod.ts";
import { RecordingTracer } from "../harness/tracer.ts";
import { EventError } from "../protocol/errors.ts";
import type { Message } from "../protocol/message.ts";
import type { OtelApi, OtelTracer } from "./otel.ts";
import { traceEvents, type TraceOptions } from "./trace_events.ts";

api.context.setGlobalContextManager(
  new AsyncLocalStorageContextManager().enable(),
);

/** The spans of one test, as an SDK has exported them. */
class Recorder {
  readonly spans: ReadableSpan[] = [];
  // The in-memory exporter of the SDK leaves timers behind.
  readonly tracer = new BasicTracerProvider({
    spanProcessors: [{
      onStart() {},
      onEnd: (span) => void this.spans.push(span),
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    }],
  }).getTracer("test");

  /** Finds the one span of a kind and name. */
  find(kind: keyof typeof api.SpanKind, name: string): ReadableSpan {
    const found = this.spans.filter((span) =>
      span.kind === api.SpanKind[kind] && span.name === name
    );
    assertEquals(found.length, 1, `${kind} ${name}`);
    return found[0]!;
  }

  /** Lists the names of the parents of a span, nearest first. */
  ancestors(span: ReadableSpan): string[] {
    const parent = this.spans.find((other) =>
      other.spanContext().spanId === span.parentSpanContext?.spanId
    );
    if (parent === undefined) return [];
    assertEquals(parent.spanContext().traceId, span.spanContext().traceId);
    return [
      `${api.SpanKind[parent.kind]} ${parent.name}`,
      ...this.ancestors(parent),
    ];
  }

  /** Runs code in a span of the program. */
  inSpan<T>(code: () => Promise<T>): Promise<T> {
    return this.tracer.startActiveSpan("program", async (span) => {
      try {
        return await code();
      } finally {
        span.end();
      }
    });
  }

  clear(): void {
    this.spans.length = 0;
  }
}

/** A server and a client that share a recorder. */
class Pair implements AsyncDisposable {
  readonly recorder = new Recorder();
  readonly memory: MemoryServer;
  client!: Client;
  chat!: NSConn;
  /** Resolves with the next message of the event `onSaid`. */
  said = Promise.withResolvers<Message>();

  private constructor(options: TraceOptions) {
    const use = [traceEvents(this.recorder.tracer, { api, ...options })];
    class Chat {
      static use = use;
      onSay(nsConn: NSConn, msg: Message) {
        const { namespace } = nsConn;
        const { room, body } = msg;
        nsConn.server.broadcast(null, {
          namespace,
          room,
          event: "onSaid",
          body,
        });
      }
      async onQuestion(nsConn: NSConn) {
        return (await nsConn.ask("onName")).text();
      }
      onRefuse() {
        throw new EventError("not today");
      }
      onBreak() {
        throw new RangeError("broken");
      }
      onAnyEvent() {}
    }
    const handler = { chat: new Struct(Chat, { isShared: true }) };
    this.memory = new MemoryServer(handler);
  }

  static async make(options: TraceOptions = {}): Promise<Pair> {
    const pair = new Pair(options);
    const { tracer } = pair.recorder;
    const events = {
      onSaid: (_: NSConn, msg: Message) => {
        pair.said.resolve(msg);
        pair.said = Promise.withResolvers();
      },
      onName: () => "ann",
    };
    pair.client = await pair.memory.dial({ chat: events }, {
      trace: traceEvents(tracer, { api }),
    });
    pair.chat = await pair.client.connect("chat");
    return pair;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    await this.memory.server.close();
  }
}

Deno.test("traceEvents() follows an emit through its handler to those that get the broadcast", async () => {
  await using pair = await Pair.make();
  const { recorder, chat } = pair;
  const room = await chat.joinRoom("tea");
  for (
    const [body, sender] of [["hi", room], [
      new Uint8Array([59]),
      chat,
    ]] as const
  ) {
    recorder.clear();
    const said = pair.said.promise;
    await recorder.inSpan(async () => {
      sender.emit("onSay", body);
      await said;
    });
    assertEquals((await said).body, body);
    // The span of the last handler ends after its test was told.
    await chat.ask("onName").catch(() => {});
    const last = recorder.find("CONSUMER", "process chat/onSaid");
    assertEquals(recorder.ancestors(last), [
      "PRODUCER send chat/onSaid",
      "CONSUMER process chat/onSay",
      "PRODUCER send chat/onSay",
      "INTERNAL program",
    ]);
    const { attributes } = recorder.find("CONSUMER", "process chat/onSay");
    assertEquals(attributes, {
      "messaging.system": "neffos",
      "messaging.operation.name": "process",
      "messaging.operation.type": "process",
      "messaging.destination.name": "chat/onSay",
      "network.protocol.name": "websocket",
      "neffos.namespace": "chat",
      "neffos.event": "onSay",
      ...sender === room ? { "neffos.room": "tea" } : {},
      "neffos.conn.id": pair.client.id,
    });
  }
});

Deno.test("traceEvents() follows an ask, and one that its handler asks back", async () => {
  await using pair = await Pair.make();
  const { recorder, chat } = pair;
  const answer = await recorder.inSpan(() => chat.ask("onQuestion"));
  assertEquals(answer.text(), "ann");
  const back = recorder.find("SERVER", "chat/onName");
  assertEquals(recorder.ancestors(back), [
    "CLIENT chat/onName",
    "SERVER chat/onQuestion",
    "CLIENT chat/onQuestion",
    "INTERNAL program",
  ]);
  assertEquals(back.attributes["rpc.system.name"], "neffos");
  assertEquals(back.attributes["rpc.method"], "chat/onName");
});

Deno.test("traceEvents() keeps apart what is asked at once, and asked back", async () => {
  await using pair = await Pair.make();
  const { recorder, chat } = pair;
  recorder.clear();
  const ask = () => recorder.inSpan(() => chat.ask("onQuestion"));
  await Promise.all([ask(), ask(), ask()]);
  const backs = recorder.spans.filter(({ name, kind }) =>
    name === "chat/onName" && kind === api.SpanKind.SERVER
  );
  const traces = new Set(backs.map((span) => span.spanContext().traceId));
  assertEquals([backs.length, traces.size, recorder.spans.length], [3, 3, 15]);
  for (const span of backs) assertEquals(recorder.ancestors(span).length, 4);
});

Deno.test("traceEvents() follows what a server asks of many connections", async () => {
  await using pair = await Pair.make();
  const { recorder, memory: { server } } = pair;
  const init = { namespace: "chat", event: "onName" };
  await recorder.inSpan(() => server.ask(init));
  await recorder.inSpan(async () => {
    for await (const answer of server.askAll(init)) {
      assertEquals(answer.text(), "ann");
      break;
    }
  });
  const asked = recorder.spans.filter(({ kind }) =>
    kind === api.SpanKind.SERVER
  ).filter(({ name }) => name === "chat/onName");
  assertEquals(
    asked.map((span) => recorder.ancestors(span)),
    Array(2).fill(["CLIENT chat/onName", "INTERNAL program"]),
  );
});

Deno.test("traceEvents() makes spans of connects, joins, leaves and disconnects on both sides", async () => {
  await using pair = await Pair.make();
  const { recorder, chat } = pair;
  const room = await chat.joinRoom("tea");
  await room.leave();
  await chat.disconnect();
  for (
    const event of [
      "_OnNamespaceConnect",
      "_OnRoomJoin",
      "_OnRoomLeave",
      "_OnNamespaceDisconnect",
    ]
  ) {
    recorder.find("CLIENT", `chat/${event}`);
    recorder.find("SERVER", `chat/${event}`);
  }
  assertEquals(recorder.spans.length, 8);
  await using noisy = await Pair.make({ hooks: true });
  noisy.recorder.find("INTERNAL", "chat/_OnNamespaceConnected");
});

Deno.test("traceEvents() tells a refusal from a fault", async () => {
  await using pair = await Pair.make();
  const { recorder, chat, memory } = pair;
  await assertRejects(() => chat.ask("onRefuse"), EventError, "not today");
  await assertRejects(() => chat.ask("onBreak"), EventError, "internal error");
  assertEquals(memory.errors.length, 1);
  const shown = (kind: "SERVER" | "CLIENT", name: string) => {
    const { status, events, attributes } = recorder.find(kind, name);
    return [status.code, events.length, attributes["error.type"]];
  };
  const { UNSET, ERROR } = api.SpanStatusCode;
  assertEquals(shown("SERVER", "chat/onRefuse"), [UNSET, 0, "EventError"]);
  assertEquals(shown("CLIENT", "chat/onRefuse"), [ERROR, 0, "EventError"]);
  assertEquals(shown("SERVER", "chat/onBreak"), [ERROR, 1, "RangeError"]);
});

Deno.test("traceEvents() names no span by an event that a peer has made up", async () => {
  await using pair = await Pair.make();
  const { recorder, chat } = pair;
  await chat.ask("onMadeUp");
  const { attributes } = recorder.find("SERVER", "chat/_OnAnyEvent");
  assertEquals(attributes["neffos.event"], "onMadeUp");
  assertEquals(attributes["rpc.method"], "chat/_OnAnyEvent");
});

Deno.test("traceEvents() begins a trace of its own where it is told to, and links that of the peer", async () => {
  for (const options of [{ remote: "link" }, { api: undefined }] as const) {
    await using pair = await Pair.make(options as TraceOptions);
    const { recorder, chat } = pair;
    await chat.ask("onQuestion");
    const server = recorder.find("SERVER", "chat/onQuestion");
    const client = recorder.find("CLIENT", "chat/onQuestion");
    assertEquals(server.parentSpanContext, undefined);
    assertEquals(
      server.links.map(({ context }) => context.spanId),
      [client.spanContext().spanId],
    );
  }
  await using pair = await Pair.make({ remote: "none" });
  await pair.chat.ask("onQuestion");
  const span = pair.recorder.find("SERVER", "chat/onQuestion");
  assertEquals([span.parentSpanContext, span.links], [undefined, []]);
});

Deno.test("traceEvents() records nothing of a trace that is not sampled, and says so on", async () => {
  const recorder = new Recorder();
  const events: Events = { onEmit: (nsConn) => void nsConn.emit("onSaid", "") };
  const trace = traceEvents(recorder.tracer, { api });
  const memory = new MemoryServer({ chat: events }, { trace });
  const raw = await RawClient.open(
    memory,
    "M",
    "$~1;chat;;_OnNamespaceConnect;0;0;",
  );
  await raw.until(2);
  recorder.clear();
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  raw.send(`;chat;;onEmit;0;00-${traceId}-b7ad6b7169203331-00;`);
  const [, , said] = await raw.until(3);
  assertMatch(
    said as string,
    new RegExp(`^;chat;;onSaid;0;00-${traceId}-[0-9a-f]{16}-00;$`),
  );
  assertEquals(recorder.spans, []);
  await memory.server.close();
});

Deno.test("traceEvents() leaves out what its filter does, and adds attributes", async () => {
  await using pair = await Pair.make({
    filter: (_nsConn, msg) => msg.event !== "onMissing",
    attributes: (_nsConn, msg) => ({ "app.room": `<${msg.room}>` }),
  });
  await pair.chat.ask("onMissing");
  await pair.chat.ask("onOther");
  const { attributes } = pair.recorder.find("SERVER", "chat/_OnAnyEvent");
  assertEquals(attributes["neffos.event"], "onOther");
  assertEquals(attributes["app.room"], "<>");
});

Deno.test("A client that has come back still traces, by the handles from before", async () => {
  const recorder = new Recorder();
  const trace = traceEvents(recorder.tracer, { api });
  const { promise: heard, resolve } = Promise.withResolvers<void>();
  class Chat {
    static use = [trace];
    onSay() {
      resolve();
    }
  }
  const handler = { chat: new Struct(Chat, { isShared: true }) };
  const memory = new MemoryServer(handler);
  const back = Promise.withResolvers<void>();
  const client = await memory.dial({ chat: {} }, {
    trace,
    transport: () => memory.connect(),
    reconnect: { initialDelay: 0 },
    onReconnect: () => back.resolve(),
  });
  const chat = await client.connect("chat");
  const room = await chat.joinRoom("tea");
  memory.server.connections[0]!.close(4000);
  await back.promise;
  room.emit("onSay", "");
  await heard;
  await chat.ask("onNone").catch(() => {});
  const span = recorder.find("CONSUMER", "process chat/onSay");
  assertEquals(recorder.ancestors(span), ["PRODUCER send chat/onSay"]);
  await client.close();
  await memory.server.close();
});

Deno.test("A server without controllers traces by its option", async () => {
  const recorder = new Recorder();
  const trace = traceEvents(recorder.tracer, { api });
  const events = { onHi: () => "hello" };
  const memory = new MemoryServer({ chat: events }, { trace });
  const client = await memory.dial({ chat: {} }, { trace });
  await (await client.connect("chat")).ask("onHi");
  const span = recorder.find("SERVER", "chat/onHi");
  assertEquals(recorder.ancestors(span), ["CLIENT chat/onHi"]);
  await client.close();
  await memory.server.close();
});

Deno.test("traceEvents() refuses what is no tracer, and options of a wrong kind", () => {
  const wrong = (tracer: unknown, options?: unknown) =>
    assertThrows(
      () => traceEvents(tracer as OtelTracer, options as TraceOptions),
      TypeError,
      "Cannot set ",
    );
  const tracer = new RecordingTracer();
  wrong(undefined);
  wrong({});
  wrong(tracer, { api: {} as OtelApi });
  wrong(tracer, { remote: "child" });
  wrong(tracer, { propagate: "yes" });
  wrong(tracer, { hooks: 1 });
  wrong(tracer, { filter: true });
  wrong(tracer, { attributes: {} });
  assert(typeof traceEvents(tracer) === "function");
});

/** What goes over the wire, and between servers, where one side traces. */

import { assert, assertEquals } from "@std/assert";
import type { NSConn } from "../api/ns_conn.ts";
import type { EventTracing } from "../connection/tracing.ts";
import { Struct } from "../controller/struct.ts";
import { memoryExchange } from "../exchange/engines/memory.ts";
import type {
  ExchangeData,
  StackExchange,
} from "../exchange/stack_exchange.ts";
import { MemoryServer, numberTokens, RawClient } from "../harness/mod.ts";
import { RecordingTracer } from "../harness/tracer.ts";
import { decode, encode } from "../protocol/codec.ts";
import { type Message, type RawBody, reply } from "../protocol/message.ts";
import { traceEvents, type TraceOptions } from "./trace_events.ts";
import { writeContext } from "./wire.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const CONTEXT = `00-${TRACE}-b7ad6b7169203331-01`;
const READS_ASK = "$~1;chat;;_OnNamespaceConnect;0;0;";
const PLAIN_ASK = "$1;chat;;_OnNamespaceConnect;0;0;";
const PING = "$9;_heartbeat;;_OnNamespaceDisconnect;0;0;";

/** The spans that link to the context of a peer, by name. */
function readLinks(tracer: RecordingTracer): string[] {
  return tracer.spans.flatMap(({ name, options: { links = [] } }) =>
    links.map(({ context: { traceId, spanId } }) =>
      `${name} ${traceId}-${spanId}`
    )
  );
}

function trace(
  options?: TraceOptions,
): { tracer: RecordingTracer; use: EventTracing[] } {
  const tracer = new RecordingTracer();
  return { tracer, use: [traceEvents(tracer, options)] };
}

function serve(use: EventTracing[]): MemoryServer {
  class Chat {
    static use = use;
    onRelay(nsConn: NSConn, msg: Message) {
      nsConn.server.broadcast(null, msg);
    }
    onEmit(nsConn: NSConn, msg: Message) {
      nsConn.emit("onEmitted", msg.body);
    }
    async onAsk(nsConn: NSConn) {
      return reply((await nsConn.ask("onName")).body);
    }
    onShout(_: NSConn, msg: Message) {
      return reply(msg.text().toUpperCase());
    }
  }
  const handler = { chat: new Struct(Chat, { isShared: true }) };
  return new MemoryServer(handler, { idGenerator: () => "ann" });
}

/** Lets a raw client use everything that may send a context. */
async function converse(memory: MemoryServer, connect: string) {
  const raw = await RawClient.open(memory, "M", connect);
  await raw.until(2);
  raw.send(
    ";chat;;onEmit;0;0;text",
    encode({
      namespace: "chat",
      room: "",
      event: "onRelay",
      body: new Uint8Array([59, 255]),
    }),
    ";chat;;onShout;0;0;a;b",
    "$2;chat;;onAsk;0;0;",
  );
  const asked = (await raw.until(6))[5] as string;
  const token = asked.slice(0, asked.indexOf(";"));
  raw.send(`${token};chat;;onName;0;0;ann`);
  await raw.until(7);
  memory.server.broadcast(null, {
    namespace: "chat",
    event: "onSaid",
    body: "",
  });
  const answer = memory.server.ask({ namespace: "chat", event: "onName" });
  const again = (await raw.until(9))[8] as string;
  raw.send(`${again.slice(0, again.indexOf(";"))};chat;;onName;0;0;ann`);
  await answer;
  raw.send(PING);
  await raw.until(10);
  raw.socket.close();
  await raw.closed.promise;
  await memory.server.close();
  return numberTokens(
    raw.received.map((data) => ({ from: "server", data })),
  ).map(({ data }) => data);
}

Deno.test("A peer that does not read contexts gets the same frames from a server that traces", async () => {
  assertEquals(
    await converse(serve(trace().use), PLAIN_ASK),
    await converse(serve([]), PLAIN_ASK),
  );
});

Deno.test("A peer that reads contexts gets them in the sixth field, and all else as without", async () => {
  const plain = await converse(serve([]), READS_ASK);
  const traced = await converse(serve(trace().use), READS_ASK);
  const counts = { contexts: 0, reads: 0 };
  const cleaned = traced.map((frame) => {
    const field = readSixth(frame);
    if (field === "00") counts.reads++;
    else if (field.startsWith(`00-${TRACE}-`)) counts.contexts++;
    else return frame;
    // The empty answer has no flags.
    return writeContext(frame, field === "00" ? "" : "0");
  });
  assertEquals(cleaned, plain);
  // The connect and the heartbeat; two emits, a broadcast and two asks.
  assertEquals(counts, { reads: 2, contexts: 5 });
});

function readSixth(frame: RawBody): string {
  const text = typeof frame === "string"
    ? frame
    : new TextDecoder().decode(frame);
  return text.split(";")[5] ?? "";
}

Deno.test("A side that does not propagate sends no context, and reads none", async () => {
  const { use, tracer } = trace({ propagate: false });
  assertEquals(
    await converse(serve(use), READS_ASK),
    await converse(serve([]), READS_ASK),
  );
  const memory = serve(use);
  const raw = await RawClient.open(memory, "M", READS_ASK);
  raw.send(`$2;chat;;onShout;0;${CONTEXT};a`);
  const answers = ["$~1;;;;;;", "$2;chat;;onShout;0;0;A"];
  assertEquals((await raw.until(3)).slice(1), answers);
  assertEquals(readLinks(tracer), []);
  const client = await memory.dial({ chat: {} }, { trace: use[0]! });
  await client.connect("chat");
  const sent = memory.frames.filter(({ from }) => from === "client");
  assertEquals(sent.at(-1)!.data, PLAIN_ASK);
  await client.close();
  await memory.server.close();
});

Deno.test("A client that traces sends no context to a server that does not", async () => {
  const memory = serve([]);
  const client = await memory.dial({ chat: {} }, {
    trace: traceEvents(new RecordingTracer()),
  });
  const chat = await client.connect("chat");
  const room = await chat.joinRoom("tea");
  for (const sender of [chat, room]) {
    sender.emit("onNone", "a");
    await sender.ask("onShout", "b");
  }
  await client.close();
  const sent = memory.frames.filter(({ from }) => from === "client");
  assertEquals(
    sent.slice(1).map(({ data }) => readSixth(data)),
    Array(6).fill("0"),
  );
  await memory.server.close();
});

Deno.test("A server sends on what came with a context as it would without", async () => {
  const { use, tracer } = trace();
  const memory = serve(use);
  const plain = await RawClient.open(memory, "M", PLAIN_ASK);
  await plain.until(2);
  const traced = await RawClient.open(memory, "M", READS_ASK);
  await traced.until(2);
  traced.send(`;chat;;onRelay;0;${CONTEXT};body;0;${CONTEXT};`);
  assertEquals(
    (await plain.until(3))[2],
    `;chat;;onRelay;0;0;body;0;${CONTEXT};`,
  );
  const [, , relayed] = await traced.until(3) as string[];
  assert(relayed!.endsWith(`-01;body;0;${CONTEXT};`));
  assertEquals(readSixth(relayed!) === CONTEXT, false);
  assertEquals(readLinks(tracer), [
    `process chat/onRelay ${TRACE}-b7ad6b7169203331`,
  ]);
  await memory.server.close();
});

Deno.test("What is no context in its place changes nothing", async () => {
  const zeros = "0".repeat(32);
  const fields = [
    "",
    "x",
    "00",
    "0".repeat(55),
    `01-${TRACE}-b7ad6b7169203331-01`,
    `00-${zeros}-b7ad6b7169203331-01`,
    `00-${TRACE}-${zeros.slice(16)}-01`,
    `00-${TRACE.toUpperCase()}-b7ad6b7169203331-01`,
    `00-${TRACE}-b7ad6b7169203331-0`,
    `00-${TRACE}-b7ad6b7169203331-011`,
    `00-${TRACE}-b7ad6b716920333é-01`,
    "9".repeat(100_000),
  ];
  for (const field of fields) {
    const { use, tracer } = trace();
    const memory = serve(use);
    const raw = await RawClient.open(memory, "M", READS_ASK);
    await raw.until(2);
    const frame = `$2;chat;;onShout;0;${field};a;b`;
    for (const sent of [frame, new TextEncoder().encode(frame)]) raw.send(sent);
    assertEquals(
      (await raw.until(4)).slice(2),
      Array(2).fill("$2;chat;;onShout;0;0;A;B"),
      field.slice(0, 60),
    );
    assertEquals(readLinks(tracer), []);
    assertEquals(memory.errors, []);
    await memory.server.close();
  }
});

Deno.test("A context in a binary frame is read, and the bytes stay as they are", async () => {
  const { use, tracer } = trace();
  const memory = serve(use);
  const raw = await RawClient.open(memory, "M", READS_ASK);
  await raw.until(2);
  const body = new Uint8Array([59, 0, 255]);
  const frame = encode({ namespace: "chat", room: "", event: "onEmit", body });
  raw.send(writeContext(frame, CONTEXT));
  const [, , answer] = await raw.until(3);
  assertEquals(decode(answer as RawBody)!.body, body);
  assertEquals(readLinks(tracer), [
    `process chat/onEmit ${TRACE}-b7ad6b7169203331`,
  ]);
  await memory.server.close();
});

Deno.test("Native messages carry no context", async () => {
  const { use } = trace();
  class Mixed {
    static use = use;
    onNativeMessage(nsConn: NSConn, msg: Message) {
      const { event, body } = msg;
      nsConn.server.broadcast(null, { event, body, isNative: true });
      nsConn.emit("_OnNativeMessage", "own");
    }
    onOther() {}
  }
  const memory = new MemoryServer({
    "": new Struct(Mixed, { isShared: true }),
  });
  const raw = await RawClient.open(
    memory,
    "M",
    "$~1;;;_OnNamespaceConnect;0;0;",
  );
  await raw.until(2);
  raw.send("a;b;c;d;e");
  assertEquals((await raw.until(4)).slice(2), ["a;b;c;d;e", "own"]);
  await memory.server.close();
  class Only {
    static use = use;
    onNativeMessage(_: NSConn, msg: Message) {
      return reply(msg.body);
    }
  }
  await using only = new MemoryServer(new Struct(Only, { isShared: true }));
  const bare = await RawClient.open(only, `$~1;;;;0;${CONTEXT};x`);
  assertEquals(await bare.until(1), [`$~1;;;;0;${CONTEXT};x`]);
});

/** What passes between the servers of an exchange. */
function recordExchange(): { exchange: StackExchange; published: string[] } {
  const exchange = memoryExchange();
  const published: string[] = [];
  const publish = exchange.publish.bind(exchange);
  exchange.publish = (channel: string, data: ExchangeData) => {
    published.push(
      typeof data === "string" ? data : new TextDecoder().decode(data),
    );
    return publish(channel, data);
  };
  return { exchange, published };
}

Deno.test("The context goes from server to server in the envelope, and in no frame", async () => {
  const { exchange, published } = recordExchange();
  const traces = [trace(), trace()];
  const servers = traces.map(({ use }) => serve(use));
  for (const { server } of servers) await server.useStackExchange(exchange);
  const [first, second] = servers.map(({ server }) => server);
  const traced = await RawClient.open(servers[1]!, "M", READS_ASK);
  await traced.until(2);
  const plain = await RawClient.open(servers[1]!, "M", PLAIN_ASK);
  await plain.until(2);
  const at = { namespace: "chat", event: "onSaid" } as const;
  first!.broadcast(null, { ...at, body: "hi" });
  assertEquals((await plain.until(3))[2], ";chat;;onSaid;0;0;hi");
  const [, , said] = await traced.until(3) as string[];
  assertEquals(readSixth(said!).startsWith(`00-${TRACE}-`), true);
  // The first span of the first server is that of its broadcast.
  const isSent = `00-${TRACE}-0000000000000001-01`;
  const sealed = published.find((text) => text.includes(":m:"))!;
  assert(sealed.includes(`:1:::${isSent}:)`), sealed);
  assert(sealed.endsWith(");chat;;onSaid;0;0;hi"), sealed);
  assertEquals(readLinks(traces[1]!.tracer), [
    `receive chat/onSaid ${TRACE}-0000000000000001`,
  ]);
  first!.broadcast(null, { ...at, body: "now", isVolatile: true });
  await traced.until(4);
  // A server that does not know of contexts finds the flag where it was.
  const [, , , , flags] = published.findLast((text) => text.includes(":m:"))!
    .split(":");
  assertEquals(flags, "v");
  const asking = first!.ask({ ...at, event: "onName" });
  const [, , , , asked] = await traced.until(5) as string[];
  assertEquals(readSixth(asked!).startsWith(`00-${TRACE}-`), true);
  traced.send(`${asked!.slice(0, asked!.indexOf(";"))};chat;;onName;0;0;ann`);
  assertEquals((await asking).text(), "ann");
  for (const server of [first!, second!]) await server.close();
});

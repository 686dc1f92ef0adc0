import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { TestCluster } from "../harness/cluster.ts";
import {
  AskTimeoutError,
  BadNamespaceError,
  EventError,
} from "../protocol/errors.ts";
import { exclude } from "../protocol/message.ts";
import { memoryExchange } from "./engines/memory.ts";
import type { StackExchange } from "./stack_exchange.ts";

const WHO = { namespace: "chat", event: "onWho" } as const;

/** Answers with a name. */
const answer = (name: string) => ({ onWho: () => name });

Deno.test("Server.askAll() gives the answers of all servers, texts, bytes and refusals", async () => {
  await using cluster = await TestCluster.make({ size: 3 });
  await cluster.enter(0, "ann", [], answer("Ann"));
  await cluster.enter(1, "bob", ["tea"], {
    onWho: () => new Uint8Array([1, 255]),
  });
  await cluster.enter(1, "bob", ["tea"], answer("Bob's telephone"));
  await cluster.enter(2, "cat", [], {
    onWho() {
      throw new EventError("not telling");
    },
  });
  const ask = async (init = {}, options = {}) => {
    const texts: string[] = [];
    const answers = cluster.server(0).askAll({ ...WHO, ...init }, options);
    for await (const { id, error, body, nsConn } of answers) {
      const text = error?.message ??
        (typeof body === "string" ? body : body.join());
      texts.push(`${id} ${nsConn ? "here" : "there"} ${text}`);
    }
    return texts.sort();
  };
  assertEquals(await ask(), [
    "ann here Ann",
    "bob there 1,255",
    "bob there Bob's telephone",
    "cat there not telling",
  ]);
  assertEquals(await ask({ room: "tea" }), [
    "bob there 1,255",
    "bob there Bob's telephone",
  ]);
  assertEquals(await ask({ rooms: ["tea", "cake"] }), [
    "bob there 1,255",
    "bob there Bob's telephone",
  ]);
  assertEquals(await ask({ to: "cat" }), ["cat there not telling"]);
  assertEquals(await ask({}, { except: [exclude("bob"), exclude("cat")] }), [
    "ann here Ann",
  ]);
});

Deno.test("Server.ask() takes the first answer of any server, and gives the others up", async () => {
  await using cluster = await TestCluster.make();
  const never = Promise.withResolvers<string>();
  await cluster.enter(1, "slow", [], { onWho: () => never.promise });
  await cluster.enter(1, "bob", [], answer("Bob"));
  const first = await cluster.server(0).ask(WHO);
  assertEquals([first.id, first.text(), first.nsConn], [
    "bob",
    "Bob",
    undefined,
  ]);
  // The ask of the slow one is given up there as well.
  const { server } = cluster.nodes[1]!;
  const pending = () => server.connectionsByID("slow")[0]!;
  assert(pending());
  never.resolve("late");
  await cluster.people[0]!.nsConn.ask("").catch(() => {});
  assertEquals(server.stats().drops.lateAnswers, 1);
});

Deno.test("Server.ask() rejects when nobody is there, when all refuse, and at the time limit", async () => {
  await using cluster = await TestCluster.make();
  const server = cluster.server(0);
  await assertRejects(() => server.ask(WHO), BadNamespaceError, "nobody is in");
  const never = Promise.withResolvers<string>();
  await cluster.enter(1, "bob", [], { onWho: () => never.promise });
  await assertRejects(() => server.ask(WHO, { timeout: 20 }), AskTimeoutError);
  const aborted = AbortSignal.abort(new Error("enough"));
  await assertRejects(
    () => server.ask(WHO, { signal: aborted }),
    Error,
    "enough",
  );
  never.resolve("");
  await cluster.enter(1, "cat", ["tea"], {
    onWho() {
      throw new EventError("not telling");
    },
  });
  const error = await assertRejects(() => server.ask({ ...WHO, room: "tea" }));
  assertInstanceOf(error, EventError);
  assertEquals(error.message, "not telling");
});

Deno.test("a request waits for the servers that are alive alone: one that dies holds it up no longer", async () => {
  using time = new FakeTime();
  const memory = memoryExchange();
  let isCut = false;
  const cuttable: StackExchange = {
    ...memory,
    publish: (channel, data) =>
      isCut ? undefined : memory.publish(channel, data),
  };
  const making = TestCluster.make({
    exchange: (index) => index === 0 ? memory : cuttable,
    heartbeat: { interval: 1_000, timeout: 3_000 },
  });
  await time.runMicrotasks();
  const cluster = await making;
  await time.tickAsync(600);
  await cluster.enter(1, "bob", [], answer("Bob"));
  const server = cluster.server(0);
  assertEquals(await server.count(), 1);
  isCut = true;
  const counting = server.count();
  const asking = server.ask(WHO, { timeout: Infinity });
  await time.tickAsync(3_400);
  assertEquals(await counting, 0);
  await assertRejects(() => asking, BadNamespaceError);
  assertEquals(server.stats().exchange!.servers, 0);
  // It comes back: it was never gone.
  isCut = false;
  await time.tickAsync(1_100);
  assertEquals(server.stats().exchange!.servers, 1);
  assertEquals(await server.count({ namespace: "chat" }), 1);
  const closing = cluster[Symbol.asyncDispose]();
  await time.tickAsync(1_000);
  await closing;
});

Deno.test("an ask ends on the other servers when the server that asks is dead", async () => {
  using time = new FakeTime();
  const memory = memoryExchange();
  let isCut = false;
  const cuttable: StackExchange = {
    ...memory,
    publish: (channel, data) =>
      isCut ? undefined : memory.publish(channel, data),
  };
  const making = TestCluster.make({
    exchange: (index) => index === 0 ? memory : cuttable,
    heartbeat: { interval: 1_000, timeout: 3_000 },
  });
  await time.runMicrotasks();
  const cluster = await making;
  await time.tickAsync(600);
  const asked = Promise.withResolvers<void>();
  const thinking = Promise.withResolvers<string>();
  await cluster.enter(0, "bob", [], {
    onWho() {
      asked.resolve();
      return thinking.promise;
    },
  });
  const asking = cluster.server(1).ask(WHO, { timeout: Infinity });
  await asked.promise;
  isCut = true;
  // Its own requests end as well: to it, the broker is lost.
  await Promise.all([
    assertRejects(() => asking, BadNamespaceError),
    time.tickAsync(3_500),
  ]);
  thinking.resolve("Bob");
  await time.tickAsync(10);
  assertEquals(cluster.server(0).stats().drops.lateAnswers, 1);
  const closing = cluster[Symbol.asyncDispose]();
  await time.tickAsync(5_000);
  await closing;
});

Deno.test("a request that another version does not know, or cannot be, is answered at once, and counted", async () => {
  const exchange = memoryExchange();
  await using cluster = await TestCluster.make({ exchange: () => exchange });
  let replies: string[] = [];
  let onReply = () => {};
  await exchange.subscribe("neffos:server:newer", (data) => {
    if (!String(data).includes('"done"')) return;
    replies.push(String(data));
    if (replies.length === 2) onReply();
  });
  const requests = [
    { t: "dance" },
    { t: "ask", to: "", except: ["\ud800"] },
    { t: "count", namespace: 5 },
    { t: "disconnect", target: "ann", code: 1005, reason: "" },
  ];
  for (const [i, request] of requests.entries()) {
    const { promise, resolve } = Promise.withResolvers<void>();
    onReply = resolve;
    replies = [];
    const meta = JSON.stringify({ ...request, id: `request ${i}` });
    await exchange.publish(
      "neffos:servers",
      `neffos(0x@1:c:newer:${
        i + 1
      }:::);@neffos;;;0;0;${meta}\n;chat;;onSay;0;0;`,
    );
    await promise;
    for (const reply of replies) assert(reply.includes(`"request ${i}"`));
    assertEquals(cluster.server(0).stats().exchange!.invalid, i + 1);
  }
  assertEquals(cluster.errors, []);
});

Deno.test("Server.count() and Server.disconnect() reach all servers", async () => {
  await using cluster = await TestCluster.make({ size: 3 });
  const people = [
    await cluster.enter(0, "ann", ["tea"]),
    await cluster.enter(1, "ann"),
    await cluster.enter(2, "bob", ["tea"]),
  ];
  const server = cluster.server(1);
  assertEquals(await server.count(), 3);
  assertEquals(await server.count({ namespace: "chat" }), 3);
  assertEquals(await server.count({ namespace: "chat", room: "tea" }), 2);
  assertEquals(await server.count({ namespace: "news" }), 0);
  // The namespace is the empty one, as in a message.
  assertEquals(await server.count({ room: "tea" }), 0);
  await assertRejects(() => server.count({ room: "\ud800" }), TypeError);
  await assertRejects(() => server.disconnect(5 as never), TypeError);
  assertEquals(await server.disconnect("nobody"), 0);
  await assertRejects(
    () => server.disconnect("ann", { code: 1005 }),
    RangeError,
  );
  assertEquals(
    await server.disconnect("ann", { code: 4500, reason: "tea is over" }),
    2,
  );
  for (const { client } of people.slice(0, 2)) {
    const { code, reason } = await client.closed;
    assertEquals([code, reason], [4500, "tea is over"]);
  }
  assertEquals(await server.count(), 1);
});

Deno.test("Server.count() counts a server once whose answer comes again, and an ask that comes again waits", async () => {
  const memory = memoryExchange();
  const twice: StackExchange = {
    ...memory,
    publish(channel, data) {
      memory.publish(channel, data);
      return memory.publish(channel, data);
    },
  };
  await using cluster = await TestCluster.make({
    size: 3,
    exchange: () => twice,
  });
  const thinking = Promise.withResolvers<string>();
  const onWho = () => thinking.promise;
  for (let i = 0; i < 3; i++) await cluster.enter(i, `p${i}`, [], { onWho });
  const server = cluster.server(0);
  assertEquals(await server.count(), 3);
  const asking = server.ask({ ...WHO, to: "p2" });
  // The answer to a count comes after the end of the ask, if there is one.
  await server.count();
  thinking.resolve("Bob");
  assertEquals((await asking).id, "p2");
});

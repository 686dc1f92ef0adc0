import { assertEquals, assertThrows } from "@std/assert";
import { setImmediate } from "node:timers";
import { TestCluster } from "../../harness/cluster.ts";
import type { ExchangeGap } from "../stack_exchange.ts";
import { workersExchange } from "./workers.ts";

const SAY = { namespace: "chat", event: "onSay", body: "hi" } as const;

/** A thread with an emitter and a server without connections. */
const THREAD = `
  import { Emitter } from "${new URL("../emitter.ts", import.meta.url)}";
  import { workersExchange } from "${new URL("./workers.ts", import.meta.url)}";
  self.onmessage = async ({ data: { name, init } }) => {
    await using emitter = new Emitter(workersExchange(name));
    emitter.broadcast(null, init, { ...init, body: new Uint8Array([1, 255]) });
    self.postMessage("sent");
  };
`;

Deno.test("workersExchange() joins the threads of a program", async () => {
  const name = crypto.randomUUID();
  await using cluster = await TestCluster.make({
    size: 2,
    exchange: () => workersExchange(name),
  });
  const people = [await cluster.enter(0, "ann"), await cluster.enter(1, "bob")];
  const url = URL.createObjectURL(
    new Blob([THREAD], { type: "text/typescript" }),
  );
  const worker = new Worker(url, { type: "module" });
  worker.postMessage({ name, init: SAY });
  await cluster.until(() => people.every(({ heard }) => heard.length === 2));
  for (const { heard } of people) assertEquals(heard, ["hi", "bytes 1,255"]);
  worker.terminate();
  URL.revokeObjectURL(url);
});

/** A thread with a server and a connection, which can be kept busy. */
const BUSY_THREAD = `
  import { TestCluster } from "${new URL(
  "../../harness/cluster.ts",
  import.meta.url,
)}";
  import { workersExchange } from "${new URL("./workers.ts", import.meta.url)}";
  self.onmessage = async ({ data: { name, flag } }) => {
    self.onmessage = () => {
      self.postMessage("busy");
      Atomics.wait(flag, 0, 0);
    };
    const cluster = await TestCluster.make({
      size: 1,
      exchange: () => workersExchange(name),
      onGap: ({ reason, missed }) => self.postMessage({ reason, missed }),
    });
    await cluster.enter(0, "wanda");
    self.postMessage("ready");
  };
`;

Deno.test("workersExchange() tells of what a thread that is busy for long has lost", async () => {
  const name = crypto.randomUUID();
  await using cluster = await TestCluster.make({
    size: 1,
    exchange: () => workersExchange(name),
  });
  const server = cluster.server(0);
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  const url = URL.createObjectURL(
    new Blob([BUSY_THREAD], { type: "text/typescript" }),
  );
  const worker = new Worker(url, { type: "module" });
  const next = () =>
    new Promise<unknown>((resolve) =>
      worker.onmessage = ({ data }) => resolve(data)
    );
  const flag = new Int32Array(new SharedArrayBuffer(4));
  worker.postMessage({ name, flag });
  assertEquals(await next(), "ready");
  server.broadcast(null, SAY);
  worker.postMessage("be busy");
  assertEquals(await next(), "busy");
  for (let i = 0; i < 2_000; i++) {
    server.broadcast(null, SAY);
    await turn();
  }
  let gap: unknown;
  void next().then((data) => gap = data);
  Atomics.store(flag, 0, 1);
  Atomics.notify(flag, 0);
  while (gap === undefined) {
    server.broadcast(null, SAY);
    await turn();
  }
  assertEquals((gap as ExchangeGap).reason, "sequence");
  worker.terminate();
  URL.revokeObjectURL(url);
});

Deno.test("workersExchange() ignores what others post under its name, and lets the program end", async () => {
  const name = crypto.randomUUID();
  const exchange = workersExchange(name);
  const got: unknown[] = [];
  const listener = (data: unknown) => void got.push(data);
  await exchange.subscribe("a", listener);
  const other = new BroadcastChannel(name);
  for (
    const value of [null, 5, {}, { channel: "a", data: "" }, [null, {
      channel: "a",
    }], [{
      channel: "a",
      data: 5,
    }]]
  ) {
    other.postMessage(value);
  }
  const end = Promise.withResolvers<void>();
  const onEnd = () => end.resolve();
  await exchange.subscribe("end", onEnd);
  other.postMessage([{ channel: "end", data: "" }]);
  await end.promise;
  assertEquals(got, []);
  other.close();
  // Without a listener nothing is open: the test would say so.
  await exchange.unsubscribe("a", listener);
  await exchange.unsubscribe("end", onEnd);
  await exchange.publish("a", "to nobody");
});

Deno.test("workersExchange() refuses a name that is none", () => {
  for (const name of [undefined, "", 5]) {
    assertThrows(
      () => workersExchange(name as string),
      TypeError,
      `Cannot join threads by the name ${JSON.stringify(name)}: it must be`,
    );
  }
});

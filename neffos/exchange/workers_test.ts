import { assertEquals } from "@std/assert";
import { TestCluster } from "../harness/cluster.ts";
import { workersExchange } from "./workers.ts";

const SAY = { namespace: "chat", event: "onSay", body: "hi" } as const;

/** A thread with an emitter and a server without connections. */
const THREAD = `
  import { Emitter } from "${new URL("./emitter.ts", import.meta.url)}";
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

Deno.test("workersExchange() ignores what others post under its name, and lets the program end", async () => {
  const name = crypto.randomUUID();
  const exchange = workersExchange(name);
  const got: unknown[] = [];
  const listener = (data: unknown) => void got.push(data);
  await exchange.subscribe("a", listener);
  const other = new BroadcastChannel(name);
  for (
    const value of [null, 5, {}, { channel: "a" }, { channel: "a", data: 5 }]
  ) {
    other.postMessage(value);
  }
  const end = Promise.withResolvers<void>();
  const onEnd = () => end.resolve();
  await exchange.subscribe("end", onEnd);
  other.postMessage({ channel: "end", data: "" });
  await end.promise;
  assertEquals(got, []);
  other.close();
  // Without a listener nothing is open: the test would say so.
  await exchange.unsubscribe("a", listener);
  await exchange.unsubscribe("end", onEnd);
  await exchange.publish("a", "to nobody");
});

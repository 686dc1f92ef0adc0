import { setImmediate } from "node:timers";
import { assertEquals, assertRejects } from "@std/assert";
import { makeDeferred } from "../../util/promises.ts";
import type { ExchangeData } from "../stack_exchange.ts";
import { Packer, unpack } from "./packs.ts";
import { redisExchange } from "./redis.ts";

/** A broker that takes nothing until it is told to. */
class SlowBroker {
  readonly published: [channel: string, data: ExchangeData][] = [];
  readonly taken = makeDeferred<void>();
  readonly packer = new Packer({
    publish: (channel, data) => {
      this.published.push([channel, data]);
      return channel === "refused"
        ? Promise.reject(new Error("refused"))
        : this.taken.promise;
    },
    isPackable: (channel) => channel !== "go",
  });
}

function read(data: ExchangeData): string[] | undefined {
  return typeof data === "string"
    ? unpack(new TextEncoder().encode(data))
    : undefined;
}

Deno.test("Packer publishes the first text of a turn at once, and packs the rest in its order", async () => {
  const { packer, published, taken } = new SlowBroker();
  const texts = ["first", "sécond 😀", "", "a:b,c", "neffos*1:x"];
  const bytes = new Uint8Array([1]);
  const all = texts.map((text) => packer.publish("a", text));
  assertEquals(published, [["a", "first"]]);
  all.push(
    packer.publish("go", "1"),
    packer.publish("go", "2"),
    packer.publish("a", bytes),
    packer.publish("a", "after"),
  );
  taken.resolve();
  await Promise.all(all);
  const [, pack, ...others] = published;
  assertEquals(pack![0], "a");
  assertEquals(read(pack![1]), texts.slice(1));
  assertEquals(others, [["go", "1"], ["go", "2"], ["a", bytes], [
    "a",
    "after",
  ]]);

  await packer.publish("a", "later");
  assertEquals(published.at(-1), ["a", "later"]);
});

Deno.test("Packer publishes in time for a client that writes in an immediate of its own, as node-redis does", async () => {
  let queued = 0;
  const writes: number[] = [];
  const packer = new Packer({
    publish() {
      if (queued++ === 0) {
        setImmediate(() => {
          writes.push(queued);
          queued = 0;
        });
      }
      return Promise.resolve();
    },
    isPackable: () => true,
  });
  for (let turn = 1; turn <= 2; turn++) {
    await Promise.all(["1", "2", "3"].map((text) => packer.publish("a", text)));
    await new Promise<void>((resolve) => setImmediate(() => resolve()));
    // The first text, and a pack of the others.
    assertEquals(writes, Array(turn).fill(2));
  }
});

Deno.test("Packer delays nothing that cannot be packed", async () => {
  const { packer, published, taken } = new SlowBroker();
  const all = ["1", "2"].map((text) => packer.publish("go", text));
  assertEquals(published, [["go", "1"], ["go", "2"]]);
  taken.resolve();
  await Promise.all(all);
});

Deno.test("Packer tells of each text whose pack is refused, and of no other", async () => {
  const { packer, taken } = new SlowBroker();
  const first = packer.publish("a", "first");
  const refused = ["1", "2"].map((text) => packer.publish("refused", text));
  const last = packer.publish("a", "last");
  taken.resolve();
  for (const each of refused) await assertRejects(() => each, Error, "refused");
  await Promise.all([first, last]);
});

Deno.test("Packer begins another pack where one is full", async () => {
  const { packer, published, taken } = new SlowBroker();
  const texts = ["first", ...[..."abcd"].map((each) => each.repeat(5_000))];
  const all = texts.map((text) => packer.publish("a", text));
  taken.resolve();
  await Promise.all(all);
  const [, ...packs] = published.map(([, data]) => read(data)?.length);
  assertEquals(packs, [3, undefined]);
});

Deno.test("unpack() takes nothing but packs", () => {
  const cases = [
    "",
    "neffos",
    "neffos(0x@1:m:a:1:::);;;e;0;0;",
    "neffos*:abc",
    "neffos*3,:abc",
    "neffos*3:ab",
    "neffos*3:abcd",
    "neffos*3,-3,3:abc",
    "neffos*9007199254740993:abc",
    "neffos*3",
  ];
  for (const text of cases) assertEquals(read(text), undefined, text);
  assertEquals(read("neffos*3,0:abc"), ["abc", ""]);
});

Deno.test("redisExchange() packs nothing that servers in Go listen to", async () => {
  const published: string[] = [];
  const client = {
    status: "ready",
    publish(channel: string) {
      published.push(channel);
      return Promise.resolve(1);
    },
    subscribe: () => Promise.resolve(),
    unsubscribe: () => Promise.resolve(),
    on() {},
    duplicate() {},
  };
  const exchange = redisExchange(client, { prefix: "app" });
  const channels = ["app:servers", "app.chat.", "1!1700000000", "apps:x"];
  for (const channel of channels) {
    published.length = 0;
    await Promise.all(
      ["1", "2", "3"].map((text) => exchange.publish(channel, text)),
    );
    const isOwn = channel === "app:servers";
    assertEquals(published, Array(isOwn ? 2 : 3).fill(channel));
  }
});

import { assertEquals, assertRejects } from "@std/assert";
import { dial, DialError, EventError, type Message } from "@neffos/mvc";
import { Example } from "../_shared/example.ts";
import type { Counts, VisitorController } from "./visitor_controller.ts";

const MAIN = new URL("main.ts", import.meta.url);

Deno.test("online-visitors refuses pages that it has not, and visitors who are none", async () => {
  await using example = await Example.start(MAIN);
  const enter = (visitor: string) => {
    const { promise: counted, resolve } = Promise.withResolvers<Counts>();
    const url = `/websocket_endpoint?visitor=${visitor}`;
    const onCounts = (_nsConn: unknown, msg: Message) => resolve(msg.json());
    const visitors = { onCounts };
    return { counted, dialled: dial(new URL(url, example.url), { visitors }) };
  };
  const error = await assertRejects(() => enter("me!").dialled, DialError);
  assertEquals(error.status, 400);

  const { counted, dialled } = enter(crypto.randomUUID());
  await using client = await dialled;
  const nsConn = await client.connect<typeof VisitorController>("visitors");
  const pages = { tides: 0, otters: 0, lighthouse: 0, bread: 0 };
  assertEquals((await counted).pages, pages);
  await assertRejects(
    () => nsConn.joinRoom("whales"),
    EventError,
    "There is no page whales",
  );
});

import { assertEquals } from "@std/assert";
import { memoryExchange } from "./engines/memory.ts";
import { open } from "./envelope.ts";
import { EPOCH, Publisher } from "./publisher.ts";
import type { ExchangeData } from "./stack_exchange.ts";

Deno.test("Publisher counts each channel, and begins anew with all where there are too many", () => {
  const sent: [string, ExchangeData][] = [];
  const exchange = {
    ...memoryExchange(),
    publish: (channel: string, data: ExchangeData) =>
      void sent.push([channel, data]),
  };
  const publisher = new Publisher(exchange, {}, undefined);
  const count = (channel: string) => {
    publisher.control(channel, {});
    const [, data] = sent.pop()!;
    const envelope = open(data, channel, undefined);
    return typeof envelope === "string" ? envelope : envelope.sequence;
  };
  assertEquals([count("a"), count("b"), count("a")], [1, 1, 2]);
  // What was used up by channels would be invalid after two million of them.
  for (let i = 0; i < 65_536; i++) publisher.control(`${i}`, {});
  assertEquals([count("c"), count("b")], [EPOCH + 1, EPOCH + 1]);
});

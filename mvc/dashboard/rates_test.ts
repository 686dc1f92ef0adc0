import { assertEquals } from "@std/assert";
import type { HandlerStats } from "../../neffos/mod.ts";
import { compareHandlers } from "./rates.ts";

function makeStats(count: number, duration: number): HandlerStats {
  const buckets = [{ max: 1, count }];
  return { namespace: "chat", event: "onSay", count, duration, buckets };
}

Deno.test("compareHandlers() takes handlers that were measured anew as they are", () => {
  // Two slow calls; then many fast ones, which are counted from 0.
  const before = [makeStats(2, 5_000)];
  const [row] = compareHandlers([makeStats(1_000, 100)], before, 10);
  assertEquals([row!.rate, row!.mean, row!.share], [100, 0.1, 1]);
  const [later] = compareHandlers([makeStats(4, 5_020)], before, 10);
  assertEquals([later!.rate, later!.mean], [0.2, 10]);
});

import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  measureLatency,
  Tally,
  toFiguresJSON,
  writeFigures,
} from "./figures.ts";

Deno.test("measureLatency() takes percentiles by the nearest rank", () => {
  const latencies = Array.from({ length: 200 }, (_, i) => 200 - i);
  assertEquals(measureLatency(latencies), {
    min: 1,
    p50: 100,
    p90: 180,
    p99: 198,
    max: 200,
  });
  assertEquals(measureLatency([7]), { min: 7, p50: 7, p90: 7, p99: 7, max: 7 });
  assertEquals(measureLatency([]), undefined);
});

Deno.test("Figures have no control character of a server", () => {
  const tally = new Tally();
  tally.addError("no\n\x1b[2J\x9b2J", 3);
  const figures = tally.sum(1_000);
  const text = writeFigures(figures, { connections: 1 });
  assertStringIncludes(text, String.raw`  3 × no \u001b[2J\u009b2J`);
  const json = toFiguresJSON(figures, { connections: 1 });
  assertStringIncludes(json, String.raw`{"no\n\u001b[2J\u009b2J":3}`);
});

Deno.test("Tally sums answers and errors up, for people and for scripts", () => {
  const tally = new Tally();
  for (const latency of [1, 2, 3_000]) tally.addAnswer(latency);
  tally.addError("no");
  tally.addError("no");
  const figures = tally.sum(1_500);
  assertEquals(
    writeFigures(figures, { connections: 2 }),
    `connections  2
answers      3 in 1.5 s
throughput   2 a second
latency      min 1.00 ms  p50 2.00 ms  p90 3.00 s  p99 3.00 s  max 3.00 s
errors       2
  2 × no`,
  );
  assertEquals(JSON.parse(toFiguresJSON(figures, { connections: 2 })), {
    connections: 2,
    answers: 3,
    seconds: 1.5,
    perSecond: 2,
    latency: { min: 1, p50: 2, p90: 3_000, p99: 3_000, max: 3_000 },
    errors: { no: 2 },
  });
});

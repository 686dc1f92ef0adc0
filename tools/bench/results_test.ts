import { assertEquals } from "@std/assert";
import type { Claim } from "./claims.ts";
import { judge } from "./results.ts";

const CLAIM: Claim = { server: "a", over: "b", metric: "m", atMost: 1.1 };

function makeCells(a: readonly number[], b: readonly number[]) {
  const make = (server: string, values: readonly number[]) => ({
    server,
    metric: "m",
    rounds: values.map((_, round) => round),
    values: [...values],
  });
  return { cells: [make("a", a), make("b", b)] };
}

Deno.test("judge() takes the median of the ratios of the rounds", () => {
  // The medians of both sides alone would say 2.
  const verdict = judge(makeCells([1, 20, 300], [1, 10, 300]), CLAIM);
  assertEquals(verdict?.each, [1, 2, 1]);
  assertEquals(verdict?.median, 1);
  assertEquals([verdict?.min, verdict?.max], [1, 2]);
  assertEquals(verdict?.isKept, true);
});

Deno.test("judge() compares what was measured in the same round", () => {
  const { cells: [a, b] } = makeCells([2, 3], [1]);
  const late = { ...b!, rounds: [1] };
  assertEquals(judge({ cells: [a!, late] }, CLAIM)?.each, [3]);
});

Deno.test("judge() says when a claim is not kept", () => {
  assertEquals(judge(makeCells([1.2], [1]), CLAIM)?.isKept, false);
  const claim = { ...CLAIM, atMost: 4, isDifference: true };
  assertEquals(judge(makeCells([24], [20]), claim)?.isKept, true);
  assertEquals(judge(makeCells([25], [20]), claim)?.isKept, false);
});

Deno.test("judge() breaks a cautious claim only where each round does", () => {
  const claim = { ...CLAIM, isCautious: true };
  const ones = [1, 1, 1];
  assertEquals(judge(makeCells([0.9, 2, 2], ones), claim)?.isKept, true);
  assertEquals(judge(makeCells([1.01, 2, 2], ones), claim)?.isKept, false);
  assertEquals(judge(makeCells([1.05, 1.05, 2], ones), claim)?.isKept, true);
});

Deno.test("judge() says nothing of what was not measured", () => {
  const { cells: [a] } = makeCells([1], [1]);
  assertEquals(judge({ cells: [a!] }, CLAIM), undefined);
});

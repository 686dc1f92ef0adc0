/**
 * Checks the rules of README.md, by which two sides keep agreeing about
 * namespaces and rooms: plays every order of calls, frames, hooks, refusals,
 * time limits and lost sockets within the bounds of each case, and what Go was
 * recorded to do. The search must also find the faults of the rules of before.
 *
 * ```sh
 * deno task agreement
 * deno task agreement "ours: room" "to go"
 * ```
 *
 * The arguments are parts of the names of what is played; without any, all is.
 * Prints the trace of a fault that is not expected, or that was asked for by
 * name, and exits with 1 if anything is not as expected.
 *
 * @module
 */

import { type Case, CASES } from "./cases.ts";
import { playScenario, type Scenario, SCENARIOS } from "./recorded.ts";
import { search } from "./search.ts";

function checkScenario(scenario: Scenario, title: string): boolean {
  const { client, server } = playScenario(scenario);
  const isSame = client === scenario.client && server === scenario.server;
  console.log(`${title}: ${isSame ? "the same" : "FAILED"}`);
  if (!isSame) console.log(`    client: ${client}\n    server: ${server}`);
  return isSame;
}

function checkCase(c: Case, isTraced: boolean): boolean {
  const start = performance.now();
  const { states, fault, trace } = search(c);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const isExpected = fault === (c.finds ?? "");
  const verdict = isExpected ? fault && "as expected, " : "FAILED: ";
  const figures = `${states.toLocaleString("en")} states, ${seconds} s`;
  console.log(`${c.name}: ${figures}: ${verdict}${fault || "nothing found"}`);
  if (isTraced || !isExpected) {
    for (const line of trace) console.log(`    ${line}`);
  }
  return isExpected;
}

function main(wanted: readonly string[]): boolean {
  const isNamed = wanted.length > 0;
  const isWanted = (name: string) =>
    !isNamed || wanted.some((part) => name.includes(part));
  const results: boolean[] = [];
  for (const scenario of SCENARIOS) {
    const title = `recorded: ${scenario.name}`;
    if (isWanted(title)) results.push(checkScenario(scenario, title));
  }
  for (const c of CASES) {
    if (isWanted(c.name)) results.push(checkCase(c, isNamed));
  }
  const passed = results.filter((isPassed) => isPassed).length;
  const failed = results.length - passed;
  const isGood = failed === 0 && passed > 0;
  const verdict = isGood ? "ok" : "FAILED";
  console.log(`\n${verdict} | ${passed} passed | ${failed} failed`);
  return isGood;
}

if (import.meta.main) Deno.exit(main(Deno.args) ? 0 : 1);

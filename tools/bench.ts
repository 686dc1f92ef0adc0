/**
 * Measures the server's cost of a message beside a bare `Deno.upgradeWebSocket`
 * server that does the same work: `deno task bench`.
 *
 * Both servers run at once, as processes of their own, and take short turns.
 * The result is the ratio of their CPU time (from `/proc`, so Linux only) for
 * each message: the median, over several pairs of servers, of the ratio of their
 * medians. An absolute time says little on a noisy machine.
 *
 * `deno task bench --pairs=12 --against=DIR` compares with the server of another
 * working tree instead, such as the one of an earlier commit.
 */

import {
  compare,
  ECHO_MANY,
  ECHO_ONE,
  SHOUT,
  type Side,
} from "./bench/duel.ts";
import { readOption, readText } from "./options.ts";

/** Fresh pairs of servers: the layout of their memory alone makes a few percent. */
const PAIRS = readOption("pairs", 6);
/** The working tree to compare with. */
const TREE = readText("against");
const HERE = new URL("..", import.meta.url).pathname;
const OURS: Side = { tree: HERE, args: ["neffos"] };
const THEIRS: Side = TREE === undefined
  ? { tree: HERE, args: ["bare"] }
  : { tree: TREE, args: ["neffos"] };

const WORKS = [
  { work: ECHO_ONE, budget: 1.1 },
  { work: ECHO_MANY, budget: 1.1 },
  { work: SHOUT, budget: 1.05 },
];

const theirs = TREE === undefined ? "bare" : "theirs";
console.log(
  `| work | ours µs | ${theirs} µs | ratio | of each pair | budget |`,
);
console.log("| --- | --- | --- | --- | --- | --- |");
for (const { work, budget } of WORKS) {
  const { left, right, ratio, ratios } = await compare(
    work,
    [OURS, THEIRS],
    PAIRS,
  );
  const cells = [
    work.name,
    left.toFixed(2),
    right.toFixed(2),
    ratio.toFixed(3),
    ratios.map((ratio) => ratio.toFixed(2)).join(" "),
    TREE === undefined ? budget.toFixed(2) : "",
  ];
  console.log(`| ${cells.join(" | ")} |`);
}

/** Writes a run into the pages that show it, and finds those that show another one. */

import { drawChart } from "./chart.ts";
import { findMedian, judgeAll, type Results } from "./results.ts";
import { writeRivals } from "./rivals.ts";
import {
  findName,
  formatFigure,
  writeClaims,
  writeDriver,
  writeFigures,
  writeLeftOut,
  writeOrigin,
} from "./table.ts";

const ROOT = new URL("../../", import.meta.url);

/** The run that the pages show. */
export const RESULTS = new URL("results.json", import.meta.url);
const CHART = new URL("neffos/benchmarks.svg", ROOT);

/** What stands between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`. */
type Blocks = Readonly<Record<string, (results: Results) => string>>;

const BLOCKS: Blocks = {
  origin: writeOrigin,
  messages: (results) => writeFigures(results, "Messages"),
  broadcasts: (results) => writeFigures(results, "Broadcasts"),
  connections: (results) => writeFigures(results, "Connections"),
  claims: (results) => `${writeClaims(results)}\n\n${writeLead(results)}`,
  driver: writeDriver,
  rivals: (results) => writeRivals(results) || "No other framework is ahead.",
  "left-out": (results) => writeLeftOut(results) || "Nothing was left out.",
  summary: writeSummary,
};

/** The pages with blocks. */
const PAGES = ["README.md", "neffos/BENCHMARKS.md"];

const BARE = "bare-deno";
const OURS = "ours-deno-controller";
const OURS_ELSEWHERE = [
  ["ws on Deno", "ours-ws-deno-controller"],
  ["ws on Node", "ours-ws-node-controller"],
  ["Bun", "ours-bun-controller"],
] as const;

/** The row of the README's comparison, and the servers in its columns. */
const ROW = "server CPU for a message";
const ROW_SERVERS = [
  OURS,
  "go-gorilla",
  "socket.io-node",
  "nest",
  "hono",
];
const ROW_METRIC = "echo-1-16";

/** A file with the text that it must have. */
export interface Page {
  readonly url: URL;
  readonly text: string;
}

/** Reads the committed run. */
export async function readResults(): Promise<Results> {
  return JSON.parse(await Deno.readTextFile(RESULTS));
}

/** Writes a run as JSON. */
export async function writeJson(results: Results): Promise<string> {
  return await format(JSON.stringify(results), "json");
}

/** Returns the pages as a run makes them. */
export async function renderPages(results: Results): Promise<Page[]> {
  const pages = PAGES.map(async (path) => {
    const url = new URL(path, ROOT);
    const text = fill(await Deno.readTextFile(url), results);
    return { url, text: await format(text, "md") };
  });
  return [
    ...await Promise.all(pages),
    { url: CHART, text: drawChart(results) },
  ];
}

/** Replaces each block, and the row of the comparison, in a text. */
export function fill(text: string, results: Results): string {
  const filled = text.replaceAll(
    /(<!-- bench:([\w-]+) -->\n)[^]*?(<!-- \/bench:\2 -->)/g,
    (_, begin: string, name: string, end: string) => {
      const write = BLOCKS[name];
      if (write === undefined) throw new Error(`No block is named "${name}"`);
      return `${begin}\n${write(results)}\n\n${end}`;
    },
  );
  return filled.replace(
    new RegExp(`^\\| ${ROW} .*$`, "m"),
    () => writeRow(results),
  );
}

function writeRow(results: Results): string {
  const cells = ROW_SERVERS.map((server) => {
    const value = findMedian(results, server, ROW_METRIC);
    return value === undefined ? "—" : `${formatFigure(value)} µs`;
  });
  return `| ${[ROW, ...cells].join(" | ")} |`;
}

/** Writes what the README says. */
function writeSummary(results: Results): string {
  const ratios = judgeAll(results)
    .filter(({ claim: { server, over, isDifference } }) =>
      server === OURS && over === BARE && !isDifference
    )
    .map(({ median }) => median);
  const others = OURS_ELSEWHERE.flatMap(([place, server]) => {
    const value = findMedian(results, server, "echo-16-16");
    const base = findMedian(results, BARE, "echo-16-16");
    if (value === undefined || base === undefined) return [];
    return `${(value / base).toFixed(2)} (${place})`;
  });
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)];
  return `The server's CPU time for a message is ${least.toFixed(2)} to ${
    most.toFixed(2)
  } times that of a bare ${
    findName(results, BARE)
  } server that does the same ` +
    `work (Deno ${results.versions["Deno"]}). With 16 messages in flight on ` +
    `each connection, other transports take ${others.join(", ")} of it.`;
}

/** Tells how far ours on Bun is from the next server that is not on Bun. */
function writeLead(results: Results): string {
  const metric = "echo-16-16";
  const ours = findMedian(results, "ours-bun-controller", metric);
  const [next] = results.servers
    .filter(({ id }) => !id.includes("bun"))
    .flatMap(({ id, name }) => {
      const value = findMedian(results, id, metric);
      return value === undefined ? [] : [{ name, value }];
    })
    .sort((a, b) => a.value - b.value);
  if (ours === undefined || next === undefined) return "";
  return `With 16 echoes of 16 B in flight, this module on Bun takes ${
    (ours / next.value).toFixed(2)
  } of what the next server without Bun does: ${next.name}.`;
}

/** Formats a text as `deno fmt` does. */
async function format(text: string, ext: string): Promise<string> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--no-config", `--ext=${ext}`, "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { success, stdout } = await process.output();
  if (!success) throw new Error("deno fmt has failed");
  return new TextDecoder().decode(stdout);
}

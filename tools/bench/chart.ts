/** Draws a run as SVG: bars of each server, side by side for some metrics. */

import { findMedian, type Results } from "./results.ts";
import { formatFigure } from "./table.ts";

/** The metrics that are drawn, each in a column of its own. */
const COLUMNS = ["echo-16-16", "echo-1-16", "broadcast-one", "memory-rss"];

/** Sizes in pixels; the width is about that of a README. */
const WIDTH = 880;
const MARGIN = 16;
const NAMES = 196;
const ROW = 21;
const BAR = 12;
const HEAD = 84;
const GROUP_GAP = 10;
/** The room for the figure behind the longest bar. */
const FIGURE = 40;

const STYLE = `
    text { font: 12px system-ui, sans-serif; fill: #1f2328; }
    .title { font-size: 15px; font-weight: 600; }
    .head { font-weight: 600; }
    .note, .figure { fill: #59636e; }
    .figure { font-size: 11px; }
    .bar { fill: #8c959f; }
    .bar.ours { fill: #0969da; }
    .bar.bare { fill: #c8ced4; }
    .back { fill: #ffffff; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .note, .figure { fill: #9198a1; }
      .bar { fill: #6e7681; }
      .bar.ours { fill: #4493f8; }
      .bar.bare { fill: #454c54; }
      .back { fill: #0d1117; }
    }
`;

/** The names of the groups, and what the names of their servers begin with. */
const GROUPS: Readonly<Record<string, { title: string; prefix?: string }>> = {
  bare: { title: "Bare servers" },
  ours: { title: "@neffos/mvc", prefix: "this module on " },
  peers: { title: "Other frameworks" },
};

/** A line of the chart: a server, or the name of a group. */
interface Row {
  /** The ID of the server; none for the name of a group. */
  readonly id?: string;
  readonly name: string;
  readonly group: string;
  readonly y: number;
}

/** Draws a run. */
export function drawChart(results: Results): string {
  const rows = placeRows(results);
  const height = (rows.at(-1)?.y ?? HEAD) + ROW + MARGIN;
  const columns = COLUMNS.flatMap((id) =>
    results.metrics.find((metric) => metric.id === id) ?? []
  );
  const width = (WIDTH - NAMES - 2 * MARGIN) / Math.max(1, columns.length);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title">`,
    `  <title id="title">${escape(describe(results))}</title>`,
    `  <style>${STYLE}  </style>`,
    `  <rect class="back" width="${WIDTH}" height="${height}" rx="6"/>`,
    `  <text class="title" x="${MARGIN}" y="28">CPU time for a message, and memory: less is better</text>`,
    ...rows.map(({ id, name, y }) =>
      `  <text class="${id ? "name" : "head"}" x="${MARGIN}" y="${y + BAR}">${
        escape(name)
      }</text>`
    ),
    ...columns.flatMap(({ id, title, unit }, i) =>
      drawColumn(results, {
        metric: id,
        head: breakTitle(title, unit),
        rows,
        x: MARGIN + NAMES + i * width,
        width: width - FIGURE - 8,
      })
    ),
    "</svg>",
    "",
  ].join("\n");
}

/** Places the servers that have a figure, under the names of their groups. */
function placeRows(results: Results): Row[] {
  const rows: Row[] = [];
  let y = HEAD;
  const add = (row: Omit<Row, "y">) => {
    rows.push({ ...row, y });
    y += ROW;
  };
  for (const [group, { title, prefix = "" }] of Object.entries(GROUPS)) {
    const servers = results.servers.filter((server) =>
      server.group === group &&
      COLUMNS.some((metric) => findMedian(results, server.id, metric))
    );
    if (servers.length === 0) continue;
    if (rows.length > 0) y += GROUP_GAP;
    add({ name: title, group });
    for (const { id, name } of servers) {
      add({ id, name: name.replace(prefix, "").replaceAll("`", ""), group });
    }
  }
  return rows;
}

interface Column {
  readonly metric: string;
  readonly head: readonly string[];
  readonly rows: readonly Row[];
  readonly x: number;
  /** The width of the longest bar. */
  readonly width: number;
}

function drawColumn(
  results: Results,
  { metric, head, rows, x, width }: Column,
): string[] {
  const bars = rows.flatMap(({ id, group, y }) => {
    const value = id && findMedian(results, id, metric);
    return value ? [{ value, group, y }] : [];
  });
  const most = Math.max(...bars.map(({ value }) => value));
  return [
    ...head.map((line, i) =>
      `  <text class="${i === 0 ? "head" : "note"}" x="${px(x)}" y="${
        HEAD - 26 + i * 15
      }">${escape(line)}</text>`
    ),
    ...bars.flatMap(({ value, group, y }) => {
      const length = Math.max(1, value / most * width);
      return [
        `  <rect class="bar ${group}" x="${px(x)}" y="${y + 1}" width="${
          px(length)
        }" height="${BAR}" rx="2"/>`,
        `  <text class="figure" x="${px(x + length + 5)}" y="${y + BAR}">${
          formatFigure(value)
        }</text>`,
      ];
    }),
  ];
}

/** Breaks the title of a metric into two lines. */
function breakTitle(title: string, unit: string): [string, string] {
  const short = title
    .replace("resident memory of an idle connection", "idle connection, memory")
    .replace("delivery of a broadcast", "broadcast delivery,");
  const [first, rest = ""] = short.split(", ");
  return [first!, [rest, unit].filter((part) => part !== "").join(", ")];
}

function describe({ date, machine }: Results): string {
  return `CPU time and memory of servers, measured on ${date} on ${machine.processor}`;
}

function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/** Writes a run as Markdown. */

import type { Claim } from "./claims.ts";
import {
  findCell,
  judgeAll,
  type Results,
  type Spread,
  spread,
  type Verdict,
} from "./results.ts";
import type { Metric } from "./works.ts";

/** Formats a figure with three digits that count. */
export function formatFigure(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString("en");
  return value.toFixed(size >= 10 ? 1 : 2);
}

function formatSpread({ median, min, max }: Spread): string {
  return `${formatFigure(median)} (${formatFigure(min)}–${formatFigure(max)})`;
}

/** Writes rows as a table; the first one is its head. */
export function writeTable(rows: readonly (readonly string[])[]): string {
  const [head, ...body] = rows;
  const line = head!.map(() => "---");
  return [head!, line, ...body]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

/** Writes the table of some metrics: a row for each server. */
export function writeFigures(
  results: Results,
  table: Metric["table"],
): string {
  const metrics = results.metrics.filter((metric) => metric.table === table);
  const rows = results.servers.map(({ id, name }) => [
    name,
    ...metrics.map((metric) => {
      const cell = findCell(results, id, metric.id);
      return cell === undefined ? "" : formatSpread(spread(cell.values));
    }),
  ]);
  const measured = rows.filter(([, ...cells]) => cells.some((cell) => cell));
  const head = metrics.map(({ head, unit }) => `${head}, ${unit}`);
  return measured.length === 0
    ? ""
    : writeTable([["server", ...head], ...measured]);
}

/** Writes the table of the claims; empty where none was tested. */
export function writeClaims(results: Results): string {
  const verdicts = judgeAll(results);
  if (verdicts.length === 0) return "";
  return writeTable([
    ["work", "server", "over", "at most", "measured", "of each round", "kept"],
    ...verdicts.map((verdict) => writeVerdict(results, verdict)),
  ]);
}

function writeVerdict(results: Results, verdict: Verdict): string[] {
  const { claim, median, each, isKept } = verdict;
  const { metric, server, over } = claim;
  return [
    results.metrics.find(({ id }) => id === metric)!.title,
    findName(results, server),
    findName(results, over),
    claim.isDifference ? `${claim.atMost} KiB more` : claim.atMost.toFixed(2),
    formatRatio(claim, median),
    each.map((value) => value.toFixed(2)).join(" "),
    isKept ? "yes" : "no",
  ];
}

function formatRatio({ isDifference }: Claim, value: number): string {
  return isDifference ? `${value.toFixed(1)} KiB` : value.toFixed(3);
}

/** Finds the name of a server. */
export function findName({ servers }: Results, id: string): string {
  return servers.find((server) => server.id === id)?.name ?? id;
}

/** Tells how a run was made: when, on what, how long, and how busy the driver was. */
export function writeOrigin(results: Results): string {
  const { date, command, machine, versions, minutes, settings } = results;
  const list = Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`).join(", ");
  return `\`${command}\` on ${date}, in ${minutes.toFixed(0)} minutes: ` +
    `${machine.processor}, ${machine.cores} cores, ${machine.system}; ${list}. ` +
    `Rounds with fresh processes: ${settings.pairs}, ` +
    `and ${settings.others} where no claim rests on a figure. ` +
    `Figures are medians, with the least and the greatest of the rounds.`;
}

/** Tells how busy the driver was, as a share of one core. */
export function writeDriver({ metrics, driver }: Results): string {
  const rows = metrics.flatMap(({ id, title }) => {
    const busy = driver[id];
    if (busy === undefined) return [];
    const shares = [busy.median, busy.min, busy.max];
    return [[title, ...shares.map((share) => share.toFixed(2))]];
  });
  const head = ["driver, share of a core", "median", "least", "greatest"];
  return rows.length === 0 ? "" : writeTable([head, ...rows]);
}

/** Tells what was left out, a line for each reason; empty where nothing was. */
export function writeLeftOut(results: Results): string {
  const byReason = Map.groupBy(results.leftOut, ({ reason }) => reason);
  return [...byReason].map(([reason, all]) => {
    const names = all.map(({ server, metrics }) => {
      const titles = results.metrics
        .filter(({ id }) => metrics.includes(id))
        .map(({ title }) => title);
      const what = titles.length === 0 ? "" : ` (${titles.join(", ")})`;
      return findName(results, server) + what;
    });
    return `- Left out, since ${reason}: ${names.join("; ")}`;
  }).join("\n");
}

/** Writes all of a run. */
export function writeResults(results: Results): string {
  const parts = [
    writeOrigin(results),
    writeFigures(results, "Messages"),
    writeFigures(results, "Broadcasts"),
    writeFigures(results, "Connections"),
    writeClaims(results),
    writeDriver(results),
    writeLeftOut(results),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

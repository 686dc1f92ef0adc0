/**
 * Runs every known attack against a server in a process of its own, while a well-behaved client counts what it gets.
 * Linux only: the memory and sockets of the server are read from `/proc`.
 *
 * ```sh
 * deno task attack --scale=0.1 --seed=1 --only=rooms
 * deno task attack --transport=ws
 * ```
 *
 * Prints a table in Markdown, and fails if an attack did.
 *
 * @module
 */

import { readOption, readText } from "./options.ts";
import { type TransportName, TRANSPORTS } from "./attack/victim_transport.ts";
import { attack, ATTACKS, type Row } from "./attack/mod.ts";

const COLUMNS = [
  "attack",
  "faults",
  "what the server did",
  "held",
  "slowdown",
  "RSS MiB before, most, after",
  "heap MiB before, after",
  "sockets kept, left",
  "s",
  "what Deno does not let us prevent",
] as const;

/** Fewer asks of the well-behaved client give no meaningful median. */
const MIN_TRIPS = 10;

function toMiB(...bytes: number[]): string {
  return bytes.map((each) => (each / 1024 / 1024).toFixed(1)).join(", ");
}

function print(cells: readonly string[]): void {
  const line = cells.map((cell) =>
    cell.replaceAll(/[|\\]/g, "\\$&").replaceAll(/\s+/g, " ")
  );
  console.log(`| ${line.join(" | ")} |`);
}

function printRow(row: Row): void {
  const { rss, heap, sockets, failures } = row;
  print([
    row.name,
    row.faults ?? "",
    row.seen,
    failures.length === 0 ? "yes" : `NO: ${failures.join("; ")}`,
    row.trips < MIN_TRIPS ? "" : row.slowdown.toFixed(2),
    toMiB(rss.before, rss.during, rss.after),
    toMiB(heap.before, heap.after),
    `${sockets.kept}, ${sockets.left}`,
    (row.time / 1000).toFixed(1),
    row.limit ?? "",
  ]);
}

function isTransport(name: string): name is TransportName {
  return TRANSPORTS.some((each) => each === name);
}

if (import.meta.main) {
  const [lot] = crypto.getRandomValues(new Uint32Array(1));
  const seed = readOption("seed", lot!);
  const scale = Number(readText("scale") ?? 1);
  if (!(scale > 0)) throw new RangeError("--scale must be a positive number");
  const only = readText("only") ?? "";
  const transport = readText("transport") ?? "deno";
  if (!isTransport(transport)) {
    throw new RangeError(`--transport must be one of ${TRANSPORTS.join(", ")}`);
  }
  const attacks = ATTACKS.filter(({ name }) => name.includes(only));
  console.log(`transport ${transport}, seed ${seed}, scale ${scale}\n`);
  print(COLUMNS);
  print(COLUMNS.map(() => "---"));
  const rows = await attack({
    attacks,
    transport,
    seed,
    scale,
    onRow: printRow,
  });
  const failed = rows.filter(({ failures }) => failures.length > 0).length;
  // .ci/run adds up lines in the format of `deno test`.
  console.log(
    `\n${failed === 0 ? "ok" : "FAILED"} | ${
      rows.length - failed
    } passed | ${failed} failed`,
  );
  Deno.exit(failed === 0 ? 0 : 1);
}

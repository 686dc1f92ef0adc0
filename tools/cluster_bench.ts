/**
 * Measures the cost of an exchange: of a message that stays on its server, of a
 * delivery across processes beside socket.io with its Redis adapter, and of
 * rooms in both channel modes. Needs Linux, redis-server, Node and npm.
 *
 * ```sh
 * deno task cluster:bench --pairs=12 --only=local
 * ```
 *
 * `--only` is `local`, `delivery` or `rooms`. Servers take turns, as in
 * `deno task bench`.
 *
 * @module
 */

import {
  compareDelivery,
  type Comparison,
  neffos,
  neffosOnNode,
  prepareNode,
  socketIO,
} from "./cluster/delivery.ts";
import { compareLocal } from "./cluster/local.ts";
import { countForRooms } from "./cluster/rooms.ts";
import { readOption, readText } from "./options.ts";

/** Fresh pairs of servers. */
const PAIRS = readOption("pairs", 12);
const ONLY = readText("only");

/** The receivers of a message on the other server, and the messages of a turn. */
const SIZES = [
  { receivers: 1, messages: 4_000 },
  { receivers: 50, messages: 500 },
];

function print(cells: unknown[]): void {
  console.log(`| ${cells.join(" | ")} |`);
}

function printHead(cells: string[]): void {
  print(cells);
  print(cells.map(() => "---"));
}

function toCells({ left, right, ratio, ratios }: Comparison): string[] {
  const each = ratios.map((ratio) => ratio.toFixed(2)).join(" ");
  return [left.toFixed(2), right.toFixed(2), ratio.toFixed(3), each];
}

async function benchLocal(): Promise<void> {
  printHead(["work", "with µs", "without µs", "ratio", "of each pair"]);
  for (const { title, ...comparison } of await compareLocal(PAIRS)) {
    print([title, ...toCells(comparison)]);
  }
}

async function benchDelivery(): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await prepareNode(folder);
    const ours = [neffos(), await neffosOnNode(folder)];
    printHead([
      "receivers",
      "ours",
      "µs",
      "socket.io µs",
      "ratio",
      "of each pair",
    ]);
    for (const size of SIZES) {
      for (const our of ours) {
        const sides = [our, socketIO(folder)] as const;
        const result = await compareDelivery(sides, { pairs: PAIRS, ...size });
        print([size.receivers, our.name, ...toCells(result)]);
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function benchRooms(): Promise<void> {
  const rooms = readOption("rooms", 10_000);
  printHead([
    "channels",
    "received by each of four",
    "in all",
    "broker's bytes",
  ]);
  for (const channels of ["namespaces", "rooms"] as const) {
    const { received, bytes } = await countForRooms(channels, rooms);
    const sum = received.reduce((sum, each) => sum + each, 0);
    print([channels, received.join(", "), sum, bytes]);
  }
}

const ALL = { local: benchLocal, delivery: benchDelivery, rooms: benchRooms };
for (const [name, run] of Object.entries(ALL)) {
  if (ONLY === undefined || ONLY === name) await run();
}

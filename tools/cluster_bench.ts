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
  bareOnDeno,
  bareOnNode,
  neffos,
  neffosOnNode,
  prepareNode,
  socketIO,
} from "./cluster/contestants.ts";
import { compareDelivery, type Comparison } from "./cluster/delivery.ts";
import { compareLocal } from "./cluster/local.ts";
import { countForRooms } from "./cluster/rooms.ts";
import { readOption, readText } from "./options.ts";

/** Fresh pairs of servers. */
const PAIRS = readOption("pairs", 12);
const ONLY = readText("only");

/** One client that talks, many, and many receivers. */
const TRAFFIC = [
  { senders: 1, inFlight: 16, receivers: 1, messages: 4_000 },
  { senders: 16, inFlight: 64, receivers: 1, messages: 4_000 },
  { senders: 1, inFlight: 16, receivers: 50, messages: 500 },
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
    const ours = [
      neffos(),
      neffos({ go: false }),
      bareOnDeno(),
      await neffosOnNode(folder),
      await neffosOnNode(folder, { go: false }),
      bareOnNode(folder),
    ];
    printHead([
      "senders",
      "in flight",
      "receivers",
      "server",
      "µs",
      "socket.io µs",
      "ratio",
      "of each pair",
    ]);
    for (const traffic of TRAFFIC) {
      const { senders, inFlight, receivers } = traffic;
      for (const our of ours) {
        const sides = [our, socketIO(folder)] as const;
        const result = await compareDelivery(sides, PAIRS, traffic);
        print([senders, inFlight, receivers, our.name, ...toCells(result)]);
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

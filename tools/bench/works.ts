/** What the servers have to do. To add a work, describe it here. */

import { BURST } from "./peers/frames.mjs";
import type { Latency } from "./driver/loads.ts";
import type { Settings } from "./settings.ts";
import type { Subject } from "./subject.ts";

/** A figure of a server. The less, the better. */
export interface Metric {
  readonly id: string;
  /** What it is, for people. */
  readonly title: string;
  /** The same in a table whose heading says the rest. */
  readonly head: string;
  readonly unit: "µs" | "KiB" | "ms";
  readonly table: "Messages" | "Broadcasts" | "Connections";
}

/** What was measured in one turn. */
export interface Sample {
  /** The figures, by the IDs of their metrics. */
  readonly values: Readonly<Record<string, number>>;
  /** How busy the driver was, as a share of one core, where it counts. */
  readonly busy?: number;
}

/** Something that servers do. */
export interface Work {
  readonly metrics: readonly Metric[];
  /** Whether each server does it alone, in a fresh process. */
  readonly isAlone: boolean;
  /** How often each server does it in a round. */
  readonly turns: number;
  /** Opens connections and warms up. */
  prepare(subject: Subject): Promise<void>;
  measure(subject: Subject): Promise<Sample>;
}

const KIB = 1024;
const SIZES = [16, KIB, 64 * KIB];
/** The length of what is broadcast, and of what is timed. */
const TEXT = 64;

/** The connections of an echo, by the messages that each has in flight. */
const ECHOES = [
  { inFlight: 1, connections: 16 },
  { inFlight: 16, connections: 4 },
];

/** Makes all works. */
export function makeWorks(settings: Settings): Work[] {
  return [
    ...SIZES.flatMap((bytes) =>
      ECHOES.map((each) => makeEcho({ bytes, ...each }, settings))
    ),
    makeBroadcast("shout", settings),
    makeBroadcast("burst", settings),
    makeLatency(settings),
    makeCrowd(settings),
    startUp,
  ];
}

/** Lets a server compile its code. */
export async function warmUp(
  subject: Subject,
  { firstWarmUp }: Settings,
): Promise<void> {
  for (const { inFlight, connections } of ECHOES) {
    await subject.open(connections);
    await subject.prepare({ kind: "echo", bytes: TEXT, atOnce: inFlight });
    const millis = firstWarmUp / ECHOES.length;
    await subject.tell("echo", { inFlight, millis });
    await subject.close();
  }
}

function makeEcho(
  { bytes, inFlight, connections }: {
    bytes: number;
    inFlight: number;
    connections: number;
  },
  { turn, turns, warmUp }: Settings,
): Work {
  const id = `echo-${inFlight}-${bytes}`;
  const size = bytes < KIB ? `${bytes} B` : `${bytes / KIB} KiB`;
  const head = `${size}, ${inFlight} in flight`;
  const run = (subject: Subject, millis: number) =>
    subject.tell<number>("echo", { inFlight, millis });
  return {
    metrics: [{
      id,
      title: `echo of ${head}`,
      head,
      unit: "µs",
      table: "Messages",
    }],
    isAlone: false,
    turns,
    async prepare(subject) {
      await subject.open(connections);
      await subject.prepare({ kind: "echo", bytes, atOnce: inFlight });
      await run(subject, warmUp);
    },
    async measure(subject) {
      const { micros, busy } = await subject.cost(() => run(subject, turn));
      return { values: { [id]: micros }, busy };
    },
  };
}

/** Broadcasts: one at a time, or ten in one turn of the server's event loop. */
function makeBroadcast(
  kind: "shout" | "burst",
  { receivers, turn, turns, warmUp }: Settings,
): Work {
  const deliveries = kind === "shout" ? 1 : BURST;
  const id = kind === "shout" ? "broadcast-one" : "broadcast-ten";
  const receiving = format(receivers);
  const [title, head] = kind === "shout"
    ? [`delivery of a broadcast to ${receiving}`, `one to ${receiving}`]
    : [
      `delivery of ten broadcasts in one turn to ${receiving}`,
      `ten in one turn to ${receiving}`,
    ];
  const run = (subject: Subject, millis: number) =>
    subject.tell<number>("broadcast", { deliveries, millis, least: 2 });
  return {
    metrics: [{ id, title, head, unit: "µs", table: "Broadcasts" }],
    isAlone: false,
    turns,
    async prepare(subject) {
      await subject.open(receivers);
      await subject.prepare({ kind, bytes: TEXT, atOnce: 1 });
      await run(subject, warmUp);
    },
    async measure(subject) {
      const { micros, busy } = await subject.cost(() => run(subject, turn));
      return { values: { [id]: micros }, busy };
    },
  };
}

function makeLatency({ rate, latency, warmUp }: Settings): Work {
  const connections = 100;
  const name = (share: string) => ({
    id: `latency-${share}`,
    title: `latency at ${format(rate)} messages a second, ${share}`,
    head: `latency, ${share}`,
    unit: "µs",
    table: "Connections",
  } as const);
  const run = (subject: Subject, millis: number) =>
    subject.tell<Latency>("latency", { rate, millis });
  return {
    metrics: [name("p50"), name("p99")],
    isAlone: false,
    turns: 1,
    async prepare(subject) {
      await subject.open(connections);
      await subject.prepare({ kind: "echo", bytes: TEXT, atOnce: 1 });
      await run(subject, warmUp);
    },
    async measure(subject) {
      let times: Latency | undefined;
      const { busy } = await subject.cost(async () => {
        times = await run(subject, latency);
        return 1;
      });
      const { p50, p99 } = times!;
      return { values: { "latency-p50": p50, "latency-p99": p99 }, busy };
    },
  };
}

/** How many of a crowd come first: tables grow and code is compiled for them. */
const FIRST = 0.1;

function makeCrowd({ crowd, turn, warmUp }: Settings): Work {
  const first = Math.ceil(crowd * FIRST);
  const run = (subject: Subject, millis: number) =>
    subject.tell<number>("broadcast", { deliveries: 1, millis, least: 4 });
  return {
    metrics: [
      {
        id: "broadcast-crowd",
        title: `delivery of a broadcast to ${format(crowd)}`,
        head: `one to ${format(crowd)}`,
        unit: "µs",
        table: "Broadcasts",
      },
      {
        id: "memory-rss",
        title: "resident memory of an idle connection",
        head: "resident memory",
        unit: "KiB",
        table: "Connections",
      },
      {
        id: "memory-heap",
        title: "heap of an idle connection",
        head: "heap",
        unit: "KiB",
        table: "Connections",
      },
    ],
    isAlone: true,
    turns: 1,
    prepare: (subject) => subject.open(first),
    async measure(subject) {
      const before = await subject.memory();
      await subject.open(crowd);
      const after = await subject.memory();
      const perConnection = (bytes: number) => bytes / (crowd - first) / KIB;
      await subject.prepare({ kind: "shout", bytes: TEXT, atOnce: 1 });
      await run(subject, warmUp);
      // A broadcast to so many takes longer than a turn.
      const millis = turn * 6;
      const { micros, busy } = await subject.cost(() => run(subject, millis));
      const values = {
        "broadcast-crowd": micros,
        "memory-rss": perConnection(after.rss - before.rss),
        "memory-heap": perConnection(after.heap - before.heap),
      };
      return { values, busy };
    },
  };
}

const startUp: Work = {
  metrics: [{
    id: "start",
    title: "start to first connection",
    head: "start",
    unit: "ms",
    table: "Connections",
  }],
  isAlone: true,
  turns: 1,
  prepare: () => Promise.resolve(),
  measure: ({ startUp }) => Promise.resolve({ values: { start: startUp } }),
};

function format(count: number): string {
  return count.toLocaleString("en");
}

import type { Client, NSConn, RawBody } from "../../../neffos/client.ts";
import { Tally, toFiguresJSON, writeFigures } from "../bench/figures.ts";
import { runLoad } from "../bench/load.ts";
import type { Call, Command } from "../command.ts";
import {
  CONNECTION_OPTIONS,
  dialServer,
  enterNamespace,
  readTimeout,
  refuseAsk,
} from "../connection.ts";
import { EXIT } from "../failure.ts";
import { parseCount, parseDuration, parseRate } from "../input/options.ts";
import type { IO } from "../io.ts";
import { readBodyArgument } from "./body_argument.ts";

/** How many connections are opened at once. */
const OPENING = 50;

/** How many asks of a connection may wait at once. */
const MAX_IN_FLIGHT = 10_000;

/** How often the progress is shown, in milliseconds. */
const PROGRESS = 250;

/** `neffos bench`. */
export const bench: Command = {
  name: "bench",
  summary: "load a server of your own, and print latencies",
  arguments: "URL NAMESPACE EVENT [BODY]",
  about: [
    `Sends asks and waits for their answers: as fast as they come, or --rate of them
a second on all connections. With a rate, the latency of an ask counts from when
it was due, so that a pause of the server is not left out.`,
    `Both sides share the machine if the server runs on it, and this side takes time
too: compare figures of one machine with each other. If an ask has failed, the
exit code is 1.`,
  ],
  options: {
    connections: { short: "c", value: "N", about: "how many connections (10)" },
    "in-flight": {
      value: "N",
      about: "how many asks of a connection wait at once (1)",
    },
    rate: { value: "N", about: "how many asks a second, on all connections" },
    duration: { short: "d", value: "TIME", about: "for how long (10s)" },
    count: { short: "n", value: "N", about: "end after so many asks" },
    binary: { about: "send the body in a binary frame" },
    json: { about: "print one line of JSON, also for errors" },
    ...CONNECTION_OPTIONS,
  },
  examples: [
    "neffos bench ws://localhost:8080/chat chat onEcho hello -c 100 --duration 30s",
    `neffos bench ws://localhost:8080/chat chat onEcho '{"n":1}' --rate 500 --json`,
  ],
  run: runBench,
};

/** The settings of a run. */
interface Plan {
  readonly connections: number;
  readonly inFlight: number;
  readonly rate: number | undefined;
  readonly duration: number;
  readonly count: number;
  readonly event: string;
  readonly body: RawBody;
}

async function runBench(call: Call): Promise<number> {
  const { io } = call;
  const plan = await readPlan(call);
  const clients: Client[] = [];
  try {
    const progress = new Progress(io);
    const spaces = await openAll(call, { plan, clients, progress });
    const tally = new Tally();
    const timeout = readTimeout(call);
    const { event, body } = plan;
    const asks = spaces.map((nsConn) => () =>
      nsConn.ask(event, body, { timeout })
    );
    // Until here, Ctrl-C ends the program at once.
    io.watchInterrupt();
    const begin = performance.now();
    const timer = progress.isShown
      ? setInterval(() =>
        progress.show(
          describeProgress(tally, performance.now() - begin, plan),
        ), PROGRESS)
      : undefined;
    const duration = await runLoad({
      ...plan,
      asks,
      tally,
      signal: io.interrupted,
      now: () => performance.now(),
    });
    clearInterval(timer);
    progress.clear();
    const figures = tally.sum(duration);
    const write = call.has("json") ? toFiguresJSON : writeFigures;
    io.out(`${write(figures, plan)}\n`);
    return figures.errors.size === 0 ? EXIT.done : EXIT.refused;
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}

async function readPlan(call: Call): Promise<Plan> {
  const [, , event = "", written = ""] = call.words;
  const number = (name: string, normal: number, most?: number) => {
    const text = call.get(name);
    return text === undefined ? normal : parseCount(name, text, most);
  };
  const rate = call.get("rate");
  const duration = call.get("duration");
  const body = await readBodyArgument(call, written);
  const count = number("count", Infinity);
  const shortest = count === Infinity ? 10_000 : Infinity;
  return {
    connections: number("connections", 10),
    inFlight: number("in-flight", 1, MAX_IN_FLIGHT),
    rate: rate === undefined ? undefined : parseRate("rate", rate),
    duration: duration === undefined
      ? shortest
      : parseDuration("duration", duration),
    count,
    event,
    body,
  };
}

/** Opens the connections, some at a time, and connects the namespace of each. */
async function openAll(
  call: Call,
  { plan, clients, progress }: {
    plan: Plan;
    clients: Client[];
    progress: Progress;
  },
): Promise<NSConn[]> {
  const [, namespace = ""] = call.words;
  const spaces: NSConn[] = [];
  const open = async () => {
    const client = await dialServer(call, {
      namespaces: [namespace],
      makeEvents: () => ({ onAnyEvent: (_nsConn, msg) => refuseAsk(msg) }),
    });
    clients.push(client);
    spaces.push(await enterNamespace(call, client, namespace));
    progress.show(`${spaces.length} of ${plan.connections} connections`);
  };
  while (spaces.length < plan.connections) {
    const some = Math.min(OPENING, plan.connections - spaces.length);
    const opened = await Promise.allSettled(
      Array.from({ length: some }, open),
    );
    const failed = opened.find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw failed.reason;
  }
  return spaces;
}

function describeProgress(
  tally: Tally,
  elapsed: number,
  { duration, count }: Plan,
): string {
  const share = Math.min(
    1,
    Math.max(elapsed / duration, (tally.answers + tally.failed) / count),
  );
  const width = 24;
  const filled = Math.round(share * width);
  const bar = "#".repeat(filled) + "-".repeat(width - filled);
  const seconds = elapsed / 1_000;
  const rate = (tally.answers / seconds).toFixed(0);
  return `[${bar}] ${
    (share * 100).toFixed(0).padStart(3)
  } %  ${tally.answers} answers, ${rate}/s, ${tally.failed} errors`;
}

/** A line that is written again and again, on a terminal alone. */
class Progress {
  readonly #io: IO;
  readonly isShown: boolean;
  #hasLine = false;

  constructor(io: IO) {
    this.#io = io;
    this.isShown = io.isErrorTTY && io.canDraw;
  }

  show(text: string): void {
    if (!this.isShown) return;
    this.#hasLine = true;
    // Without a wrap, or a narrow terminal would get a new row each time.
    this.#io.err(`\r\x1b[K\x1b[?7l${text}\x1b[?7h`);
  }

  clear(): void {
    if (!this.#hasLine) return;
    this.#hasLine = false;
    this.#io.err("\r\x1b[K");
  }
}

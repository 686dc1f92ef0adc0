/**
 * Three servers, clients that talk to their rooms and to all, and an outage in
 * the middle: each message arrives once and in order, and what is missing is
 * explained by the outage, and told.
 */

import type { Engine } from "./engines.ts";
import { Cluster, type RunningNode } from "./nodes.ts";
import { Crowd, type CrowdOptions, type Excuse } from "./crowd.ts";
import type { NodeReport } from "./node.ts";

/** What happens in the middle. */
export type Outage =
  | "none"
  | "broker killed"
  | "connections cut"
  | "server busy"
  | "server killed";

/** Options of a run. */
export interface SoakOptions extends CrowdOptions {
  /** How long a server is busy, in milliseconds. */
  readonly busy: number;
}

/** The result of a run. */
export interface SoakResult {
  readonly messages: number;
  readonly deliveries: number;
  readonly missing: number;
  /** What the servers have told. */
  readonly told: string;
  /** What should not be so. */
  readonly failures: readonly string[];
}

/** The number of servers. */
const SIZE = 3;

/** The outages that an engine can have: threads have no broker. */
export function listOutages({ broker }: Engine): Outage[] {
  if (broker === undefined) return ["none", "server busy", "server killed"];
  const outages: Outage[] = ["none", "broker killed", "server killed"];
  // NATS has no command for that.
  if (broker.program === "redis-server") outages.push("connections cut");
  return outages;
}

/** Lets a crowd talk, with an outage in the middle. */
export async function soak(
  engine: Engine,
  outage: Outage,
  options: SoakOptions,
): Promise<SoakResult> {
  await using cluster = await Cluster.start(engine, {
    size: SIZE,
    sockets: options.size,
    hasPresence: true,
  });
  const urls = cluster.nodes.map(({ url }) => url);
  const crowd = await Crowd.open(urls, options);
  try {
    const run = new Run(cluster, crowd, options);
    await run.meet();
    await run.play(outage);
    await crowd.listen();
    return run.conclude(await cluster.report());
  } finally {
    await crowd.leave();
  }
}

class Run {
  readonly #cluster: Cluster;
  readonly #crowd: Crowd;
  readonly #options: SoakOptions;
  readonly #failures: string[] = [];
  #told = "";
  #excuse: Excuse | undefined;
  /** Whether the servers know each message that is missing. */
  #isCounted = true;
  #states = 0;

  constructor(cluster: Cluster, crowd: Crowd, options: SoakOptions) {
    this.#cluster = cluster;
    this.#crowd = crowd;
    this.#options = options;
  }

  /** Waits until all servers know of all people, and listen for them. */
  async meet(): Promise<void> {
    await this.#cluster.tellAll("untilPeople", this.#options.size);
    await this.#cluster.tellAll("settle");
  }

  /** Lets all talk; the outage begins at one half, and ends before two thirds. */
  async play(outage: Outage): Promise<void> {
    const crowd = this.#crowd;
    const { messages } = this.#options;
    const middle = crowd.reach(Math.floor(crowd.total / 2));
    const first = crowd.allow(Math.ceil(messages * 2 / 3));
    await middle;
    const { deliveries } = crowd.countMissing();
    this.#check(deliveries === 0, `${deliveries} were missing before`);
    if (outage === "broker killed") await this.#killBroker(first);
    else if (outage === "connections cut") await this.#cutConnections(first);
    else if (outage === "server busy") await this.#keepBusy(first);
    else if (outage === "server killed") await this.#killServer(first);
    else await first;
    await crowd.allow(messages);
  }

  conclude(reports: readonly NodeReport[]): SoakResult {
    const crowd = this.#crowd;
    const { deliveries, messages, unexplained } = crowd.countMissing(
      this.#excuse,
    );
    this.#check(crowd.twice === 0, `${crowd.twice} arrived twice`);
    this.#check(crowd.late === 0, `${crowd.late} arrived out of order`);
    this.#check(unexplained === 0, `${unexplained} are missing without reason`);
    for (const [i, { states, errors, exchange }] of reports.entries()) {
      // A connection may be lost again while it comes back: each is told.
      const isQuiet = this.#states === 0
        ? states.length === 0
        : states.every((isConnected, i) => isConnected === (i % 2 === 1)) &&
          states.at(-1) === true;
      this.#check(isQuiet, `server ${i} has told the states ${states}`);
      const losses = states.filter((isConnected) => !isConnected).length;
      const isReported = errors.length === losses;
      this.#check(isReported, `server ${i} has reported ${errors.join(", ")}`);
      const { invalid, unknownVersion, failed, dropped } = exchange;
      const isClean = invalid + unknownVersion + dropped === 0 &&
        (failed === 0 || this.#states > 0);
      this.#check(isClean, `server ${i}: ${JSON.stringify(exchange)}`);
      if (!this.#isCounted) continue;
      const { missed } = exchange;
      const isTold = missed === messages[i];
      const text = `server ${i} lacks ${messages[i]}, and has told ${missed}`;
      this.#check(isTold, text);
      if (missed > 0) this.#told = "onGap, with each number";
    }
    return {
      messages: crowd.sent,
      deliveries: crowd.heard,
      missing: deliveries,
      told: this.#told || "nothing",
      failures: this.#failures,
    };
  }

  async #killBroker(first: Promise<void>): Promise<void> {
    const cluster = this.#cluster;
    const broker = cluster.broker!;
    await broker.kill();
    await cluster.tellAll("untilStates", 1);
    // The clients go on meanwhile.
    await first;
    await broker.start();
    await this.#comeBack(performance.now());
  }

  async #cutConnections(first: Promise<void>): Promise<void> {
    const broker = this.#cluster.broker!;
    await Promise.all(
      ["normal", "pubsub"].map((type) =>
        broker.redisCli("client", "kill", "type", type)
      ),
    );
    // The clients go on meanwhile.
    await Promise.all([first, this.#comeBack(performance.now())]);
  }

  /** Waits until all servers have told that the broker is back. */
  async #comeBack(start: number): Promise<void> {
    const cluster = this.#cluster;
    await cluster.tellAll("untilStates", 2);
    const seconds = (performance.now() - start) / 1000;
    this.#excuse = {
      covers: ({ node }, to) => node !== to,
      until: this.#crowd.snap(),
    };
    // Presence, and so every server, has come back as well.
    await this.meet();
    this.#states = 2;
    // What is lost with the connection leaves no gap in the numbers, if it was
    // the first: that it may be missing is what was told.
    this.#isCounted = false;
    const reports = await cluster.report();
    const isTold = reports.every(({ states, gaps }) =>
      states.at(-1) === true &&
      gaps.some(({ reason }) => reason === "reconnected")
    );
    this.#check(isTold, "a server has not told of the outage");
    this.#told = `onState, onGap; back after ${seconds.toFixed(2)} s`;
  }

  async #keepBusy(first: Promise<void>): Promise<void> {
    const [node] = this.#cluster.nodes;
    await node!.tell("block", this.#options.busy);
    await first;
    this.#excuse = {
      covers: ({ node }, to) => node !== to && to === 0,
      until: this.#crowd.snap(),
    };
  }

  async #killServer(first: Promise<void>): Promise<void> {
    const crowd = this.#crowd;
    const cluster = this.#cluster;
    const victim = cluster.nodes.at(-1)!;
    const index = cluster.nodes.indexOf(victim);
    await cluster.kill(victim);
    const start = performance.now();
    await first;
    const movers = crowd.find(index);
    await cluster.tellAll("untilPeople", this.#options.size - movers.size);
    const seconds = (performance.now() - start) / 1000;
    this.#excuse = {
      // What they had sent to the server, and it had not published.
      covers: ({ index }) => movers.has(index),
      until: crowd.snap(),
    };
    this.#isCounted = false;
    await crowd.move(index, urlsOf(cluster.nodes));
    await this.meet();
    this.#told = `presence, after ${seconds.toFixed(1)} s`;
  }

  #check(isTrue: boolean, text: string): void {
    if (!isTrue) this.#failures.push(text);
  }
}

function urlsOf(nodes: readonly RunningNode[]): string[] {
  return nodes.map(({ url }) => url);
}

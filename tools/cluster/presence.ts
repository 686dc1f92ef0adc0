/**
 * Many people on four servers, who know of all of them: the time until they agree
 * after a server was killed, and what they say while nothing happens.
 */

import type { Broker } from "../../neffos/harness/brokers.ts";
import { Child } from "../soak/child.ts";
import { findEngine } from "./engines.ts";
import type { OpenArgument } from "./holder.ts";
import { Cluster } from "./nodes.ts";

const SERVERS = 4;

/** Options of {@linkcode measurePresence}. */
export interface PresenceOptions {
  readonly people: number;
  /** How long nothing happens, in seconds. */
  readonly rest: number;
}

/** Times in seconds; bytes of the broker for a second. */
export interface PresenceResult {
  /** From the last connection until all agree. */
  readonly entered: number;
  /** From the kill until those that are left agree. */
  readonly left: number;
  /** From the kill until all of its people are elsewhere, and all agree. */
  readonly back: number;
  /** At rest: bytes that the broker receives, and sends. */
  readonly input: number;
  readonly output: number;
}

/** Measures one cluster. */
export async function measurePresence(
  { people, rest }: PresenceOptions,
): Promise<PresenceResult> {
  await using cluster = await Cluster.start(findEngine("node-redis"), {
    size: SERVERS,
    sockets: people,
    hasPresence: true,
  });
  const urls = cluster.nodes.map(({ url }) => url);
  const holder = await Child.start({
    program: new URL("holder.ts", import.meta.url).href,
    sockets: people,
  });
  try {
    const open = (argument: OpenArgument) => holder.tell("open", argument);
    await open({ urls, count: people });
    const entered = await time(() => cluster.tellAll("untilPeople", people));
    const broker = cluster.broker!;
    const before = await readTraffic(broker);
    const start = performance.now();
    await new Promise((resolve) => setTimeout(resolve, rest * 1_000));
    const after = await readTraffic(broker);
    const seconds = (performance.now() - start) / 1_000;
    const killed = performance.now();
    await cluster.kill(cluster.nodes[0]!);
    // They are on all servers in turn.
    const left = people - Math.ceil(people / SERVERS);
    await cluster.tellAll("untilPeople", left);
    const leftAfter = (performance.now() - killed) / 1_000;
    await open({ urls: urls.slice(1), count: people - left });
    await cluster.tellAll("untilPeople", people);
    return {
      entered,
      left: leftAfter,
      back: (performance.now() - killed) / 1_000,
      input: (after.input - before.input) / seconds,
      output: (after.output - before.output) / seconds,
    };
  } finally {
    await holder.kill();
  }
}

async function time(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1_000;
}

/** Reads the bytes that Redis has received and sent. */
export async function readTraffic(
  broker: Broker,
): Promise<{ input: number; output: number }> {
  const info = await broker.redisCli("info", "stats");
  const read = (name: string) =>
    Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)![1]);
  return {
    input: read("total_net_input_bytes"),
    output: read("total_net_output_bytes"),
  };
}

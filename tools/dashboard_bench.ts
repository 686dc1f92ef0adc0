/**
 * Measures what the dashboard costs its server: the same connections send the
 * same messages in rounds, in every second one of which a page looks. Linux only.
 *
 * ```sh
 * deno task dashboard:bench --connections=5000 --rate=2000 --rounds=12 --seconds=5
 * ```
 *
 * A page is its stream of samples, and its list of connections every five
 * seconds. One message of each round goes to all connections. It prints the CPU
 * time of the server in each pair of rounds, and the ratio.
 *
 * @module
 */

import { cpuSeconds } from "./soak/cpu.ts";
import { median } from "./bench/median.ts";
import { readOption } from "./options.ts";
import { Child } from "./soak/child.ts";
import { SoakFailure } from "./soak/failure.ts";
import type { Broadcasts } from "./soak/member.ts";
import { assertPorts } from "./soak/system.ts";

/** The connections that send; the others listen. */
const TALKERS = 200;
const ROOMS = 100;
/** How often a page looks at the list of connections, in milliseconds. */
const LIST_EVERY = 5_000;
/** Rounds before the first one that counts, so that all code is compiled. */
const WARM_UP = 2;
/** With less than this part of the messages in time, the clients are the limit. */
const IN_TIME = 0.95;

/** The processes, and what a round is. */
interface Stage {
  readonly server: Child;
  readonly talker: Child;
  readonly listener: Child;
  readonly url: string;
  /** The messages of each talker in a round. */
  readonly messages: number;
  readonly talkers: number;
  /** The time of a round, in milliseconds. */
  readonly span: number;
}

/** What a round has taken, in seconds. */
interface Round {
  readonly cpu: number;
  readonly time: number;
}

/** Looks as a page does, until it is disposed. */
class Looker implements AsyncDisposable {
  readonly #abort = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #reading: Promise<void>;
  samples = 0;

  private constructor(
    url: string,
    body: ReadableStream<Uint8Array<ArrayBuffer>>,
  ) {
    this.#timer = setInterval(() => this.#list(url), LIST_EVERY);
    this.#reading = this.#read(body);
  }

  static async open(url: string): Promise<Looker> {
    const response = await fetch(`${url}/events`);
    if (!response.ok) throw new SoakFailure(await response.text());
    const looker = new Looker(url, response.body!);
    await looker.#list(url);
    return looker;
  }

  async #list(url: string): Promise<void> {
    await (await fetch(`${url}/connections`)).json();
  }

  async #read(body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    const { signal } = this.#abort;
    try {
      const text = body.pipeThrough(new TextDecoderStream(), { signal });
      for await (const chunk of text) {
        if (chunk.includes("event:sample")) this.samples++;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#abort.abort();
    await this.#reading;
  }
}

async function runRound(stage: Stage, seed: number): Promise<Round> {
  const { server, talker, listener, messages, span } = stage;
  const cpu = await cpuSeconds(server.pid);
  const start = performance.now();
  const talk = { server: "neffos", seed, messages, span };
  const broadcasts = await talker.tell<Broadcasts>("talk", talk);
  const expected = { server: "neffos", broadcasts };
  await Promise.all(
    [talker, listener].map((client) => client.tell("expect", expected)),
  );
  return {
    cpu: await cpuSeconds(server.pid) - cpu,
    time: (performance.now() - start) / 1_000,
  };
}

/** Runs a pair of rounds, the one that is looked at first in every second pair. */
async function runPair(stage: Stage, pair: number) {
  const rounds: { alone?: Round; looked?: Round } = {};
  const order = ["alone", "looked"] as const;
  for (const name of pair % 2 ? order.toReversed() : order) {
    if (name === "alone") rounds.alone = await runRound(stage, pair);
    else {
      await using looker = await Looker.open(`${stage.url}/dashboard`);
      rounds.looked = await runRound(stage, pair);
      if (looker.samples === 0) throw new SoakFailure("no sample has come");
    }
  }
  return rounds as Required<typeof rounds>;
}

async function main(): Promise<void> {
  const connections = readOption("connections", 5_000);
  const rate = readOption("rate", 2_000);
  const pairs = readOption("rounds", 12) / 2;
  const seconds = readOption("seconds", 5);
  await assertPorts(connections);
  const talkers = Math.min(TALKERS, connections);
  const children: Child[] = [];
  const start = async (program: string, sockets: number, hasConfig = false) => {
    const args = ["dashboard"];
    const child = await Child.start({ program, args, sockets, hasConfig });
    children.push(child);
    return child;
  };
  try {
    const server = await start("server.ts", connections, true);
    const talker = await start("client.ts", talkers);
    const listener = await start("client.ts", connections - talkers);
    const port = await server.tell<number>("port");
    const stage: Stage = {
      server,
      talker,
      listener,
      url: `http://127.0.0.1:${port}`,
      messages: Math.round(rate * seconds / talkers),
      talkers,
      span: seconds * 1_000,
    };
    const open = {
      server: "neffos",
      url: `ws://127.0.0.1:${port}/`,
      rooms: ROOMS,
    };
    await talker.tell("open", { ...open, count: talkers });
    await listener.tell("open", { ...open, count: connections - talkers });
    for (let pair = 0; pair < WARM_UP; pair++) await runPair(stage, pair);
    await report(stage, pairs);
  } finally {
    for (const child of children) await child.kill();
  }
}

async function report(stage: Stage, pairs: number): Promise<void> {
  console.log("| pair | not looked at, CPU s | looked at, CPU s | ratio |");
  console.log("| --- | --- | --- | --- |");
  const ratios: number[] = [];
  const times: number[] = [];
  const alone: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const rounds = await runPair(stage, pair);
    const ratio = rounds.looked.cpu / rounds.alone.cpu;
    ratios.push(ratio);
    alone.push(rounds.alone.cpu / rounds.alone.time);
    times.push(rounds.alone.time, rounds.looked.time);
    console.log(
      `| ${pair + 1} | ${rounds.alone.cpu.toFixed(2)} | ${
        rounds.looked.cpu.toFixed(2)
      } | ${ratio.toFixed(3)} |`,
    );
  }
  const sent = stage.messages * stage.talkers;
  const share = Math.round(median(alone) * 100);
  console.log(
    `\n${
      Math.round(sent / median(times))
    } messages a second; not looked at, the server takes ${share} % of a core`,
  );
  console.log(
    `ratio: median ${median(ratios).toFixed(3)}, from ${
      Math.min(...ratios).toFixed(3)
    } to ${Math.max(...ratios).toFixed(3)}`,
  );
  if (stage.span / 1_000 / median(times) >= IN_TIME) return;
  console.log(
    "The messages took longer than a round: the clients or the loopback are the limit, not the server",
  );
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof SoakFailure)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
}

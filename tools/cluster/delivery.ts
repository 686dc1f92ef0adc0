/**
 * Measures the CPU time of a delivery across processes, beside socket.io: a
 * client of one server sends to a room whose members are on another server.
 */

import { Broker } from "../../neffos/harness/brokers.ts";
import { median } from "../bench/median.ts";
import { cpuSeconds } from "../soak/cpu.ts";
import type { Contestant, Member, Pair } from "./contestants.ts";

/** The turns of each pair of servers. */
const TURNS = 8;

/** What two sides take for a message, in microseconds. */
export interface Comparison {
  readonly left: number;
  readonly right: number;
  readonly ratio: number;
  /** The ratio of each pair of servers. */
  readonly ratios: readonly number[];
}

/** What the clients do. */
export interface Traffic {
  /** The clients that send, in turns. */
  readonly senders: number;
  /** The messages that are on their way at a time. */
  readonly inFlight: number;
  /** The members of the room. */
  readonly receivers: number;
  /** The messages of each turn. */
  readonly messages: number;
}

/** The clients of one pair of servers. */
class Talk {
  readonly #pair: Pair;
  readonly #senders: readonly Member[];
  readonly #members: readonly Member[];
  readonly #inFlight: number;

  private constructor(
    pair: Pair,
    senders: Member[],
    members: Member[],
    inFlight: number,
  ) {
    this.#pair = pair;
    this.#senders = senders;
    this.#members = members;
    this.#inFlight = inFlight;
  }

  static async open(
    pair: Pair,
    { senders, receivers, inFlight }: Traffic,
  ): Promise<Talk> {
    const open = (count: number, index: number) =>
      Promise.all(
        Array.from({ length: count }, () => pair.open(index, index === 1)),
      );
    const members = await open(receivers, 1);
    return new Talk(pair, await open(senders, 0), members, inFlight);
  }

  /** Returns the CPU time of both servers for a delivery, in microseconds. */
  async measure(messages: number): Promise<number> {
    const before = await this.#cpu();
    await this.#run(messages);
    const used = await this.#cpu() - before;
    return used / messages / this.#members.length * 1e6;
  }

  close(): void {
    for (const member of [...this.#senders, ...this.#members]) member.close();
  }

  async #run(messages: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let sent = 0;
    let heard = 0;
    const goOn = () => {
      const done = Math.floor(heard / this.#members.length);
      while (sent < messages && sent - done < this.#inFlight) {
        this.#senders[sent++ % this.#senders.length]!.say();
      }
      if (done === messages) resolve();
    };
    for (const member of this.#members) {
      member.onHear = () => {
        heard++;
        if (heard % this.#members.length === 0) goOn();
      };
    }
    goOn();
    await promise;
  }

  async #cpu(): Promise<number> {
    const seconds = await Promise.all(this.#pair.pids.map(cpuSeconds));
    return seconds.reduce((sum, each) => sum + each, 0);
  }
}

/** Measures two frameworks on one Redis, with fresh pairs of servers, in turns. */
export async function compareDelivery(
  contestants: readonly [Contestant, Contestant],
  pairs: number,
  traffic: Traffic,
): Promise<Comparison> {
  await using redis = await Broker.redis();
  const all: number[][] = [[], []];
  const ratios: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    await using stack = new AsyncDisposableStack();
    const talks: Talk[] = [];
    for (const contestant of contestants) {
      const servers = stack.use(await contestant.start(redis));
      const talk = await Talk.open(servers, traffic);
      stack.defer(() => talk.close());
      talks.push(talk);
    }
    const micros: number[][] = [[], []];
    for (let turn = -1; turn < TURNS; turn++) {
      // The other one goes first every second time.
      for (const i of turn % 2 ? [1, 0] : [0, 1]) {
        const cost = await talks[i]!.measure(traffic.messages);
        // The first turn warms up.
        if (turn >= 0) micros[i]!.push(cost);
      }
    }
    micros.forEach((each, i) => all[i]!.push(...each));
    ratios.push(median(micros[0]!) / median(micros[1]!));
  }
  const [left, right] = all.map(median);
  return { left: left!, right: right!, ratio: median(ratios), ratios };
}

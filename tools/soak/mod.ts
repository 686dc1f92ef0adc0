/**
 * A soak: our server and a bare one hold connections for a while, some of
 * which talk. Nothing may be lost, and everything must be given back.
 */

import { cpuSeconds } from "../bench/cpu.ts";
import { Child } from "./child.ts";
import type { Report } from "./client.ts";
import type { Broadcasts } from "./member.ts";
import type { Memory } from "./server.ts";
import { assertPorts, rssOf, socketsOf } from "./system.ts";
import { addTally, makeTally, type Tally } from "./tally.ts";

export { SoakFailure } from "./failure.ts";

/** What is soaked. */
export interface SoakOptions {
  /** Connections that only listen. */
  readonly idle: number;
  /** Connections that talk. */
  readonly talking: number;
  /** Turns that each of the two servers has. */
  readonly turns: number;
  /** Messages that each connection that talks sends in a turn. */
  readonly messages: number;
  /** Over how many milliseconds these are spread. */
  readonly span: number;
  /** Rooms; each connection is in one of them. */
  readonly rooms: number;
  /** Processes that hold the connections that only listen. */
  readonly holders: number;
  readonly seed: number;
  /** Told of what goes on. */
  readonly log?: (text: string) => void;
}

/** What was measured of one server. Sizes in bytes, times in seconds where not said otherwise. */
export interface SideResult {
  readonly name: string;
  /** The connections that only listen. */
  readonly idle: number;
  /** All connections. */
  readonly connections: number;
  readonly tally: Tally;
  readonly errors: readonly string[];
  /** How long answers took, in milliseconds, in rising order. */
  readonly millis: number[];
  /** The time of the CPU in all turns. */
  readonly cpu: number;
  /** The heap: before anybody came, with the idle ones, after all have left. */
  readonly heap: { start: number; idle: number; end: number };
  /** The memory: the same, and after the first and the last turn. */
  readonly rss: {
    start: number;
    idle: number;
    first: number;
    last: number;
    end: number;
  };
  /** Open sockets that were not there before anybody came. */
  readonly sockets: number;
  /** Whether the process has ended by itself after it was closed. */
  readonly isClosed: boolean;
}

/** What a soak has found. */
export interface SoakResult {
  readonly ours: SideResult;
  readonly bare: SideResult;
  /** What should have held and has not. */
  readonly failures: readonly string[];
}

/** What may be left on the heap, in bytes: compiled code grows for a while. */
const MAX_GROWTH = 2 * 1024 * 1024;
/** Connections and messages before the first measurement, so that all code is compiled. */
const WARM_UP = { connections: 100, messages: 20 };
/** How often is looked whether the sockets are gone, and how long between. */
const LOOKS = { count: 100, millis: 100 };

/**
 * Lets both servers work, by turns.
 *
 * @throws {SoakFailure} When the machine cannot hold so many connections, or
 * a process fails.
 */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { idle, talking, holders } = options;
  await assertPorts(idle + talking + WARM_UP.connections);
  const children: Child[] = [];
  const start = async (program: string, sockets: number, name = "") => {
    const child = await Child.start({ program, args: [name], sockets });
    children.push(child);
    return child;
  };
  try {
    const sockets = idle + talking + WARM_UP.connections;
    const servers = [
      await start("server.ts", sockets, "neffos"),
      await start("server.ts", sockets, "bare"),
    ];
    const talker = await start("client.ts", 2 * talking + WARM_UP.connections);
    const listeners: Child[] = [];
    for (let i = 0; i < holders; i++) {
      const held = 2 * Math.ceil(idle / holders);
      listeners.push(await start("client.ts", held));
    }
    const clients = { talker, listeners };
    const sides = [
      new Side("ours", servers[0]!, clients, options),
      new Side("bare", servers[1]!, clients, options),
    ];
    const [ours, bare] = await run(sides, options);
    for (const client of [talker, ...listeners]) await client.end();
    const failures = [ours!, bare!].flatMap(failuresOf);
    return { ours: ours!, bare: bare!, failures };
  } finally {
    for (const child of children) await child.kill();
  }
}

async function run(
  sides: Side[],
  { turns, seed, log = () => {} }: SoakOptions,
): Promise<SideResult[]> {
  for (const side of sides) await side.prepare();
  for (const side of sides) {
    await side.hold();
    log(`${side.name}: all are connected`);
  }
  for (let turn = 0; turn < turns; turn++) {
    // Every second time the other one begins.
    const order = turn % 2 ? sides.toReversed() : sides;
    for (const side of order) await side.talk(seed + turn);
    if (turn === 0) { for (const side of sides) await side.markFirst(); }
    if (turn % 10 === 9) log(`${turn + 1} turns of ${turns}`);
  }
  const results: SideResult[] = [];
  for (const side of sides) results.push(await side.finish());
  return results;
}

/** A server, and what its clients do. */
class Side {
  readonly name: string;
  readonly #server: Child;
  readonly #talker: Child;
  readonly #listeners: readonly Child[];
  readonly #options: SoakOptions;
  readonly #heap = { start: 0, idle: 0, end: 0 };
  readonly #rss = { start: 0, idle: 0, first: 0, last: 0, end: 0 };
  #url = "";
  #sockets = 0;
  #cpu = 0;
  #errors: readonly string[] = [];
  #broadcasts: Broadcasts = { all: 0, rooms: [] };

  constructor(
    name: string,
    server: Child,
    clients: { talker: Child; listeners: readonly Child[] },
    options: SoakOptions,
  ) {
    this.name = name;
    this.#server = server;
    this.#talker = clients.talker;
    this.#listeners = clients.listeners;
    this.#options = options;
  }

  get #clients(): Child[] {
    return [this.#talker, ...this.#listeners];
  }

  /** Has a few come and go, then measures what there is without any. */
  async prepare(): Promise<void> {
    this.#sockets = await socketsOf(this.#server.pid);
    const port = await this.#server.tell<number>("port");
    this.#url = `ws://127.0.0.1:${port}/`;
    const { connections, messages } = WARM_UP;
    await this.#open(this.#talker, connections);
    await this.#turn({ seed: 0, messages, span: 0 });
    await this.#leave();
    const { heap, rss } = await this.#measure();
    this.#heap.start = heap;
    this.#rss.start = rss;
  }

  /** Connects all. */
  async hold(): Promise<void> {
    const { idle, talking, holders } = this.#options;
    await Promise.all(
      this.#listeners.map((child, i) =>
        this.#open(child, Math.floor((idle + i) / holders))
      ),
    );
    const { heap, rss } = await this.#measure();
    this.#heap.idle = heap;
    this.#rss.idle = rss;
    await this.#open(this.#talker, talking);
  }

  /** Has those that talk do so, and waits until all has come. */
  async talk(seed: number): Promise<void> {
    const { messages, span } = this.#options;
    const before = await cpuSeconds(this.#server.pid);
    await this.#turn({ seed, messages, span });
    this.#cpu += await cpuSeconds(this.#server.pid) - before;
  }

  async markFirst(): Promise<void> {
    this.#rss.first = (await this.#measure()).rss;
  }

  /** Has all leave, and closes the server. */
  async finish(): Promise<SideResult> {
    this.#rss.last = (await this.#measure()).rss;
    const tally = makeTally();
    const millis: number[] = [];
    for (const client of this.#clients) {
      const report = await client.tell<Report>("report", this.#argument);
      addTally(tally, report.tally);
      // Too many to be arguments.
      for (const each of report.millis) millis.push(each);
    }
    await this.#leave();
    const sockets = await this.#countSockets();
    const { heap, rss } = await this.#measure();
    this.#heap.end = heap;
    this.#rss.end = rss;
    await this.#server.tell("close");
    const isClosed = await this.#server.end();
    return {
      name: this.name,
      idle: this.#options.idle,
      connections: this.#options.idle + this.#options.talking,
      tally,
      errors: this.#errors,
      millis: millis.sort((a, b) => a - b),
      cpu: this.#cpu,
      heap: this.#heap,
      rss: this.#rss,
      sockets,
      isClosed,
    };
  }

  get #argument() {
    return { server: this.name, broadcasts: this.#broadcasts };
  }

  async #open(client: Child, count: number): Promise<void> {
    const { rooms } = this.#options;
    const argument = { server: this.name, url: this.#url, count, rooms };
    await client.tell("open", argument);
  }

  async #turn(
    options: { seed: number; messages: number; span: number },
  ): Promise<void> {
    const argument = { server: this.name, ...options };
    this.#broadcasts = await this.#talker.tell("talk", argument);
    await Promise.all(
      this.#clients.map((client) => client.tell("expect", this.#argument)),
    );
  }

  async #leave(): Promise<void> {
    await Promise.all(
      this.#clients.map((client) => client.tell("leave", this.#argument)),
    );
    this.#broadcasts = { all: 0, rooms: [] };
  }

  async #measure(): Promise<{ heap: number; rss: number }> {
    const { heap, errors } = await this.#server.tell<Memory>("measure");
    this.#errors = errors;
    return { heap, rss: await rssOf(this.#server.pid) };
  }

  /** The sockets that are left, once they go no more. */
  async #countSockets(): Promise<number> {
    let left = 0;
    for (let look = 0; look < LOOKS.count; look++) {
      left = await socketsOf(this.#server.pid) - this.#sockets;
      if (left === 0) break;
      await new Promise((done) => setTimeout(done, LOOKS.millis));
    }
    return left;
  }
}

/** What should have held and has not. */
function failuresOf(side: SideResult): string[] {
  const { tally, errors, heap, sockets, isClosed } = side;
  const growth = heap.end - heap.start;
  const faults: [boolean, string][] = [
    [tally.lost > 0, `${tally.lost} messages were lost`],
    [tally.duplicated > 0, `${tally.duplicated} messages came twice`],
    [tally.disordered > 0, `${tally.disordered} messages came out of order`],
    [tally.dropped > 0, `${tally.dropped} connections were dropped`],
    [errors.length > 0, `${errors.length} errors, the first: ${errors[0]}`],
    [growth > MAX_GROWTH, `${growth} bytes of the heap did not come back`],
    [sockets !== 0, `${sockets} sockets are still open`],
    [!isClosed, "it did not end when it was closed"],
  ];
  return faults.filter(([isSo]) => isSo)
    .map(([, text]) => `${side.name}: ${text}`);
}

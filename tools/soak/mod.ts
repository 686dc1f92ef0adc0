/**
 * A soak: this module's server and a bare one hold connections for a while, some
 * of which talk. No message may be lost, and all memory must be released.
 */

import { cpuSeconds } from "./cpu.ts";
import { Child } from "./child.ts";
import type { Report } from "./client.ts";
import type { Broadcasts } from "./member.ts";
import type { Memory } from "./server.ts";
import { assertPorts, rssOf, socketsOf } from "./system.ts";
import { addTally, makeTally, type Tally } from "./tally.ts";

export { SoakFailure } from "./failure.ts";

/** Options of a soak. */
export interface SoakOptions {
  /** The number of connections that only listen. */
  readonly idle: number;
  /** The number of connections that talk. */
  readonly talking: number;
  /** The turns of each of the two servers. */
  readonly turns: number;
  /** The messages of each talking connection in a turn. */
  readonly messages: number;
  /** The milliseconds over which these are spread. */
  readonly span: number;
  /** The number of rooms; each connection is in one of them. */
  readonly rooms: number;
  /** The number of processes that hold the listening connections. */
  readonly holders: number;
  readonly seed: number;
  /** Called with lines about the progress. */
  readonly log?: (text: string) => void;
}

/** The measurements of one server. Sizes in bytes, times in seconds unless noted otherwise. */
export interface SideResult {
  readonly name: string;
  /** The connections that only listen. */
  readonly idle: number;
  /** All connections. */
  readonly connections: number;
  readonly tally: Tally;
  readonly errors: readonly string[];
  /** The times of answers in milliseconds, in ascending order. */
  readonly millis: number[];
  /** The CPU time in all turns. */
  readonly cpu: number;
  /** The heap: before any connection, with the idle ones, after all have left. */
  readonly heap: { start: number; idle: number; end: number };
  /** The memory: the same, and after the first and the last turn. */
  readonly rss: {
    start: number;
    idle: number;
    first: number;
    last: number;
    end: number;
  };
  /** The open sockets that were not there at the start. */
  readonly sockets: number;
  /** Whether the process ended by itself after the close. */
  readonly isClosed: boolean;
}

/** The result of a soak. */
export interface SoakResult {
  readonly ours: SideResult;
  readonly bare: SideResult;
  /** The invariants that did not hold. */
  readonly failures: readonly string[];
}

/** The growth allowed to the heap, in bytes: compiled code grows for a while. */
const MAX_GROWTH = 2 * 1024 * 1024;
/** Connections and messages before the first measurement, so that all code is compiled. */
const WARM_UP = { connections: 100, messages: 20 };
/** The number of checks whether the sockets are gone, and the pause between two. */
const LOOKS = { count: 100, millis: 100 };

/**
 * Runs both servers, in turns.
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
    // The other server goes first every second time.
    const order = turn % 2 ? sides.toReversed() : sides;
    for (const side of order) await side.talk(seed + turn);
    if (turn === 0) { for (const side of sides) await side.markFirst(); }
    if (turn % 10 === 9) log(`${turn + 1} turns of ${turns}`);
  }
  const results: SideResult[] = [];
  for (const side of sides) results.push(await side.finish());
  return results;
}

/** A server and its clients. */
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

  /** Lets some clients come and go, then measures the empty server. */
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

  /** Connects all clients. */
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

  /** Lets the talking clients send, and waits until everything has arrived. */
  async talk(seed: number): Promise<void> {
    const { messages, span } = this.#options;
    const before = await cpuSeconds(this.#server.pid);
    await this.#turn({ seed, messages, span });
    this.#cpu += await cpuSeconds(this.#server.pid) - before;
  }

  async markFirst(): Promise<void> {
    this.#rss.first = (await this.#measure()).rss;
  }

  /** Disconnects all clients, and closes the server. */
  async finish(): Promise<SideResult> {
    this.#rss.last = (await this.#measure()).rss;
    const tally = makeTally();
    const millis: number[] = [];
    for (const client of this.#clients) {
      const report = await client.tell<Report>("report", this.#argument);
      addTally(tally, report.tally);
      // Too many for arguments of one call.
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

  /** Counts the sockets that are left, once their number is stable. */
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

/** The invariants that did not hold. */
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

/**
 * Measures the CPU time of a delivery across processes, beside socket.io: a
 * client of one server sends to a room whose members are on another server.
 */

import { fileURLToPath, pathToFileURL } from "node:url";
import { Broker } from "../../neffos/harness/brokers.ts";
import { cpuSeconds } from "../soak/cpu.ts";
import { median } from "../bench/median.ts";
import { bundle } from "../interop/bundle.ts";
import { install } from "../interop/peer.ts";
import { findEngine } from "./engines.ts";
import { NAMESPACE } from "./frames.ts";
import { Cluster } from "./nodes.ts";
import { openPerson } from "./person.ts";

/** The turns of each pair of servers. */
const TURNS = 8;
/** The messages that are on their way at a time. */
const IN_FLIGHT = 16;
const ROOM = "tea";
const TEXT = "x".repeat(64);
const FRAME = `;${NAMESPACE};;onTell;0;0;${ROOM} ${TEXT}`;
/** The time in which a server subscribes for its first connection, in milliseconds. */
const SETTLING = 200;

/** A client that sends to the room, and hears what is sent to it. */
interface Member {
  say(): void;
  onHear: () => void;
  close(): void;
}

/** What two sides take for a message, in microseconds. */
export interface Comparison {
  readonly left: number;
  readonly right: number;
  readonly ratio: number;
  /** The ratio of each pair of servers. */
  readonly ratios: readonly number[];
}

/** Two servers on one Redis. */
interface Pair extends AsyncDisposable {
  readonly pids: readonly number[];
  /** Connects a client to one of them. */
  open(index: number, isMember: boolean): Promise<Member>;
}

/** One framework. */
export interface Contestant {
  readonly name: string;
  start(redis: Broker): Promise<Pair>;
}

/** This module, on Deno. */
export function neffos(): Contestant {
  return {
    name: "this module on Deno",
    async start(redis) {
      const broker = { program: "redis-server", start: () => lend(redis) };
      const engine = { ...findEngine("node-redis"), broker };
      const cluster = await Cluster.start(engine, { size: 2, sockets: 1_000 });
      return {
        pids: cluster.nodes.map(({ pid }) => pid),
        async open(index, isMember) {
          const node = cluster.nodes[index]!;
          const socket = await openPerson(node.url, isMember ? [ROOM] : []);
          await node.tell("settle");
          return toMember(socket, FRAME);
        },
        [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
      };
    },
  };
}

/** A broker that its user does not end. */
function lend(broker: Broker): Promise<Broker> {
  return Promise.resolve(
    { port: broker.port, async [Symbol.asyncDispose]() {} } as Broker,
  );
}

/** Installs what the servers on Node need into a folder. */
export function prepareNode(folder: string): Promise<void> {
  return install(
    folder,
    "socket.io@4.8.4",
    "@socket.io/redis-adapter@8.3.0",
    "redis@5",
    "ws@8",
  );
}

/** This module on Node, with ws. */
export async function neffosOnNode(folder: string): Promise<Contestant> {
  const entry = new URL("on_node.ts", import.meta.url);
  const program = await bundle(entry, pathToFileURL(`${folder}/`));
  return {
    name: "this module on Node",
    async start(redis) {
      const servers = await NodeServers.start(program, folder, redis.port);
      return {
        pids: servers.pids,
        async open(index, isMember) {
          const url = `ws://127.0.0.1:${servers.ports[index]}/`;
          const socket = await openPerson(url, isMember ? [ROOM] : []);
          // The server subscribes meanwhile.
          await new Promise((resolve) => setTimeout(resolve, SETTLING));
          return toMember(socket, FRAME);
        },
        [Symbol.asyncDispose]: () => servers[Symbol.asyncDispose](),
      };
    },
  };
}

/** socket.io on Node, with its adapter for Redis. */
export function socketIO(folder: string): Contestant {
  const program = fileURLToPath(new URL("socket_io.mjs", import.meta.url));
  return {
    name: "socket.io 4.8.4 on Node",
    async start(redis) {
      const servers = await NodeServers.start(program, folder, redis.port);
      return {
        pids: servers.pids,
        async open(index, isMember) {
          const port = servers.ports[index]!;
          const socket = await openSocketIO(port, isMember);
          return toMember(socket, `42["say","${ROOM}","${TEXT}"]`);
        },
        [Symbol.asyncDispose]: () => servers[Symbol.asyncDispose](),
      };
    },
  };
}

/** Two processes of Node, which print their ports. */
class NodeServers implements AsyncDisposable {
  readonly ports: string[] = [];
  readonly #processes: Deno.ChildProcess[] = [];

  static async start(
    program: string,
    folder: string,
    redisPort: number,
  ): Promise<NodeServers> {
    const servers = new NodeServers();
    for (let i = 0; i < 2; i++) {
      const process = new Deno.Command("node", {
        args: [program, `${folder}/node_modules/`, `${redisPort}`],
        env: { NODE_ENV: "production" },
        stdout: "piped",
      }).spawn();
      servers.#processes.push(process);
      const reader = process.stdout.getReader();
      const { value } = await reader.read();
      reader.releaseLock();
      servers.ports.push(new TextDecoder().decode(value).trim());
    }
    return servers;
  }

  get pids(): number[] {
    return this.#processes.map(({ pid }) => pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#processes) {
      process.kill("SIGKILL");
      await process.status;
      await process.stdout.cancel();
    }
  }
}

/** Connects to a server of socket.io, and joins the room. */
async function openSocketIO(
  port: string,
  isMember: boolean,
): Promise<WebSocket> {
  const socket = new WebSocket(
    `ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`,
  );
  const hear = () =>
    new Promise((resolve) =>
      socket.addEventListener("message", resolve, { once: true })
    );
  // The server speaks first.
  await hear();
  const frames = isMember ? ["40", `420["join","${ROOM}"]`] : ["40"];
  for (const frame of frames) {
    socket.send(frame);
    await hear();
  }
  return socket;
}

function toMember(socket: WebSocket, frame: string): Member {
  const member: Member = {
    say: () => socket.send(frame),
    onHear: () => {},
    close: () => socket.close(),
  };
  socket.onmessage = ({ data }) => {
    // The heartbeat of Engine.IO.
    if (data === "2") socket.send("3");
    else if (data.includes(TEXT)) member.onHear();
  };
  return member;
}

/** The clients of one pair of servers. */
class Talk {
  readonly #pair: Pair;
  readonly #speaker: Member;
  readonly #members: readonly Member[];

  private constructor(pair: Pair, speaker: Member, members: Member[]) {
    this.#pair = pair;
    this.#speaker = speaker;
    this.#members = members;
  }

  static async open(pair: Pair, receivers: number): Promise<Talk> {
    const opening = Array.from({ length: receivers }, () => pair.open(1, true));
    const members = await Promise.all(opening);
    return new Talk(pair, await pair.open(0, false), members);
  }

  /** Returns the CPU time of both servers for a delivery, in microseconds. */
  async measure(messages: number): Promise<number> {
    const before = await this.#cpu();
    await this.#run(messages);
    const used = await this.#cpu() - before;
    return used / messages / this.#members.length * 1e6;
  }

  close(): void {
    for (const member of [this.#speaker, ...this.#members]) member.close();
  }

  async #run(messages: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let sent = 0;
    let heard = 0;
    const goOn = () => {
      const done = Math.floor(heard / this.#members.length);
      while (sent < messages && sent - done < IN_FLIGHT) {
        this.#speaker.say();
        sent++;
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

/** Options of {@linkcode compareDelivery}. */
export interface DeliveryOptions {
  /** Fresh pairs of servers. */
  readonly pairs: number;
  /** The members of the room. */
  readonly receivers: number;
  /** The messages of each turn. */
  readonly messages: number;
}

/** Measures two frameworks on one Redis, in turns. */
export async function compareDelivery(
  contestants: readonly [Contestant, Contestant],
  { pairs, receivers, messages }: DeliveryOptions,
): Promise<Comparison> {
  await using redis = await Broker.redis();
  const all: number[][] = [[], []];
  const ratios: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    await using stack = new AsyncDisposableStack();
    const talks: Talk[] = [];
    for (const contestant of contestants) {
      const servers = stack.use(await contestant.start(redis));
      const talk = await Talk.open(servers, receivers);
      stack.defer(() => talk.close());
      talks.push(talk);
    }
    const micros: number[][] = [[], []];
    for (let turn = -1; turn < TURNS; turn++) {
      // The other one goes first every second time.
      for (const i of turn % 2 ? [1, 0] : [0, 1]) {
        const cost = await talks[i]!.measure(messages);
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

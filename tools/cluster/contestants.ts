/** The frameworks of the delivery bench: two servers of each on one Redis. */

import { fileURLToPath, pathToFileURL } from "node:url";
import type { Broker } from "../../neffos/harness/brokers.ts";
import type { ExchangeOptions } from "../../neffos/mod.ts";
import { bundle } from "../interop/bundle.ts";
import { install } from "../interop/peer.ts";
import { findEngine } from "./engines.ts";
import { NAMESPACE } from "./frames.ts";
import { Cluster } from "./nodes.ts";
import { openPerson } from "./person.ts";

const ROOM = "tea";
const TEXT = "x".repeat(64);
const FRAME = `;${NAMESPACE};;onTell;0;0;${ROOM} ${TEXT}`;
/** The time in which a server subscribes for its first connection, in milliseconds. */
const SETTLING = 200;

/** What differs from the defaults of this module. */
type Options = Pick<ExchangeOptions, "go">;

/** A client that sends to the room, and hears what is sent to it. */
export interface Member {
  say(): void;
  onHear: () => void;
  close(): void;
}

/** Two servers on one Redis. */
export interface Pair extends AsyncDisposable {
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
export function neffos(options: Options = {}): Contestant {
  return {
    name: nameWith("this module on Deno", options),
    async start(redis) {
      const broker = { program: "redis-server", start: () => lend(redis) };
      const engine = { ...findEngine("node-redis"), broker };
      const cluster = await Cluster.start(engine, {
        size: 2,
        sockets: 1_000,
        options,
      });
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
export async function neffosOnNode(
  folder: string,
  options: Options = {},
): Promise<Contestant> {
  const entry = new URL("on_node.ts", import.meta.url);
  const program = await bundle(entry, pathToFileURL(`${folder}/`));
  return {
    name: nameWith("this module on Node, ws", options),
    async start(redis) {
      const args = [
        toModules(folder),
        `${redis.port}`,
        JSON.stringify(options),
      ];
      const servers = await Servers.start("node", [program, ...args]);
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
      const args = [program, toModules(folder), `${redis.port}`];
      const servers = await Servers.start("node", args);
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

/**
 * What no server can do without: node-redis and the websockets of Deno, by no
 * framework.
 */
export function bareOnDeno(): Contestant {
  const program = fileURLToPath(new URL("bare_on_deno.ts", import.meta.url));
  const args = ["run", "-A", "--no-config", program];
  return bare("no framework on Deno", Deno.execPath(), args);
}

/** The same with ws, on Node. */
export function bareOnNode(folder: string): Contestant {
  const program = fileURLToPath(new URL("bare_on_node.mjs", import.meta.url));
  return bare("no framework on Node, ws", "node", [program, toModules(folder)]);
}

function bare(name: string, command: string, args: string[]): Contestant {
  return {
    name,
    async start(redis) {
      const servers = await Servers.start(command, [...args, `${redis.port}`]);
      return {
        pids: servers.pids,
        async open(index, isMember) {
          const socket = new WebSocket(
            `ws://127.0.0.1:${servers.ports[index]}/`,
          );
          await hear(socket, "open");
          if (isMember) {
            socket.send("join");
            await hear(socket, "message");
          }
          return toMember(socket, FRAME);
        },
        [Symbol.asyncDispose]: () => servers[Symbol.asyncDispose](),
      };
    },
  };
}

function nameWith(name: string, options: Options): string {
  return options.go === false ? `${name}, go: false` : name;
}

function toModules(folder: string): string {
  return `${folder}/node_modules/`;
}

/** Two processes, which print their ports. */
class Servers implements AsyncDisposable {
  readonly ports: string[] = [];
  readonly #processes: Deno.ChildProcess[] = [];

  static async start(command: string, args: string[]): Promise<Servers> {
    const servers = new Servers();
    for (let i = 0; i < 2; i++) {
      const process = new Deno.Command(command, {
        args,
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
  // The server speaks first.
  await hear(socket, "message");
  const frames = isMember ? ["40", `420["join","${ROOM}"]`] : ["40"];
  for (const frame of frames) {
    socket.send(frame);
    await hear(socket, "message");
  }
  return socket;
}

function hear(socket: WebSocket, event: string): Promise<unknown> {
  return new Promise((resolve) =>
    socket.addEventListener(event, resolve, { once: true })
  );
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

/** Starts the servers of a cluster, and the broker between them. */

import type { Broker } from "../../neffos/harness/brokers.ts";
import { Child } from "../soak/child.ts";
import type { Answer } from "../soak/commands.ts";
import { SoakFailure } from "../soak/failure.ts";
import type { Engine } from "./engines.ts";
import type { NodeReport, StartArgument } from "./node.ts";

/** A process or thread that takes commands. */
interface Host {
  tell<T = void>(name: string, argument?: unknown): Promise<T>;
  kill(): Promise<void>;
}

/** A server that runs. */
export interface RunningNode extends Host {
  /** Its address for websockets. */
  readonly url: string;
  /** Its process; that of the tool for a thread. */
  readonly pid: number;
  isKilled: boolean;
}

/** Options of {@linkcode Cluster.start}. */
export interface ClusterOptions
  extends Pick<StartArgument, "options" | "hasPresence"> {
  readonly size: number;
  /** The connections that a server will have. */
  readonly sockets: number;
}

let clusters = 0;

/** Several servers and their broker. */
export class Cluster implements AsyncDisposable {
  readonly nodes: RunningNode[] = [];
  readonly broker: Broker | undefined;

  private constructor(broker: Broker | undefined) {
    this.broker = broker;
  }

  static async start(
    engine: Engine,
    { size, sockets, ...argument }: ClusterOptions,
  ): Promise<Cluster> {
    const cluster = new Cluster(await engine.broker?.start());
    try {
      const port = cluster.broker?.port ?? clusters++;
      const starting = Array.from({ length: size }, async () => {
        const host = cluster.broker === undefined
          ? await Thread.start()
          : await Child.start({
            program: new URL("process.ts", import.meta.url).href,
            sockets,
          });
        const node = {
          tell: host.tell.bind(host) as Host["tell"],
          kill: () => host.kill(),
          pid: host.pid,
          url: "",
          isKilled: false,
        };
        cluster.nodes.push(node);
        const own = await node.tell<number>("start", {
          engine: engine.name,
          port,
          ...argument,
        });
        node.url = `ws://127.0.0.1:${own}/`;
      });
      await Promise.all(starting);
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The servers that were not killed. */
  get alive(): RunningNode[] {
    return this.nodes.filter(({ isKilled }) => !isKilled);
  }

  /** Sends a command to all that are alive. */
  tellAll<T = void>(name: string, argument?: unknown): Promise<T[]> {
    return Promise.all(
      this.alive.map((node) => node.tell<T>(name, argument)),
    );
  }

  /** Asks all that are alive what they know of themselves. */
  report(): Promise<NodeReport[]> {
    return this.tellAll<NodeReport>("report");
  }

  /** Kills a server. */
  async kill(node: RunningNode): Promise<void> {
    node.isKilled = true;
    await node.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.alive) await this.kill(node);
    await this.broker?.[Symbol.asyncDispose]();
  }
}

/** A thread that takes commands. */
class Thread implements Host {
  readonly pid: number = Deno.pid;
  readonly #worker: Worker;
  #answer = Promise.withResolvers<Answer>();

  private constructor() {
    this.#worker = new Worker(new URL("worker.ts", import.meta.url), {
      type: "module",
    });
    this.#worker.onmessage = ({ data }) => this.#answer.resolve(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#answer.resolve({ error: event.message });
    };
  }

  static async start(): Promise<Thread> {
    const thread = new Thread();
    await thread.#wait();
    return thread;
  }

  async tell<T = void>(name: string, argument?: unknown): Promise<T> {
    this.#answer = Promise.withResolvers<Answer>();
    this.#worker.postMessage({ name, argument });
    return await this.#wait() as T;
  }

  kill(): Promise<void> {
    this.#worker.terminate();
    return Promise.resolve();
  }

  async #wait(): Promise<unknown> {
    const { value, error } = await this.#answer.promise;
    if (error === undefined) return value;
    throw new SoakFailure(`worker.ts: ${error}`);
  }
}

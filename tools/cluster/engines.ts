/** The exchanges that the cluster tools measure, each with a broker of its own. */

import {
  Broker,
  hasProgram,
  importPackage,
} from "../../neffos/harness/brokers.ts";
import {
  natsExchange,
  redisExchange,
  type StackExchange,
  workersExchange,
} from "../../neffos/mod.ts";

/** The pause of a client between two attempts to reconnect, in milliseconds. */
const PAUSE = 500;

/** The names of the exchanges. */
export type EngineName = "node-redis" | "ioredis" | "NATS" | "workers";

/** What joins the servers of a cluster. */
export interface Engine {
  readonly name: EngineName;
  /** The broker; without one the servers are threads of one process. */
  readonly broker?: {
    readonly program: string;
    start(): Promise<Broker>;
  };
  /** Connects a server to the broker at a port, or to the cluster of that number. */
  connect(port: number): Promise<StackExchange>;
}

const REDIS = { program: "redis-server", start: () => Broker.redis() };

/** All of them. */
export const ENGINES: readonly Engine[] = [
  {
    name: "node-redis",
    broker: REDIS,
    async connect(port) {
      const { createClient } = await importPackage("redis@5");
      const client = createClient({
        url: `redis://127.0.0.1:${port}`,
        socket: { reconnectStrategy: PAUSE },
      });
      client.on("error", () => {});
      await client.connect();
      return redisExchange(client);
    },
  },
  {
    name: "ioredis",
    broker: REDIS,
    async connect(port) {
      const { Redis } = await importPackage("ioredis@5");
      const client = new Redis({
        port,
        host: "127.0.0.1",
        retryStrategy: () => PAUSE,
      });
      client.on("error", () => {});
      await new Promise((resolve) => client.once("ready", resolve));
      return redisExchange(client);
    },
  },
  {
    name: "NATS",
    broker: { program: "nats-server", start: () => Broker.nats() },
    async connect(port) {
      const { connect } = await importPackage("@nats-io/transport-node@3");
      const connection = await connect({
        servers: `127.0.0.1:${port}`,
        maxReconnectAttempts: -1,
        reconnectTimeWait: PAUSE,
      });
      return natsExchange(connection);
    },
  },
  {
    name: "workers",
    connect: (number) => Promise.resolve(workersExchange(`cluster-${number}`)),
  },
];

/** Finds an exchange by its name. */
export function findEngine(name: string): Engine {
  const engine = ENGINES.find((engine) => engine.name === name);
  if (engine !== undefined) return engine;
  const names = ENGINES.map(({ name }) => name).join(", ");
  throw new RangeError(`Cannot use "${name}": the exchanges are ${names}`);
}

/** Tells whether this machine has the broker of an exchange. */
export function isInstalled({ broker }: Engine): boolean {
  return broker === undefined || hasProgram(broker.program);
}

/** Clients of Redis that were told not to reconnect. */

import { assertEquals } from "@std/assert";
import {
  Broker,
  explainMissing,
  hasProgram,
  importPackage,
} from "../../harness/brokers.ts";
import type { ExchangeData, StackExchange } from "../stack_exchange.ts";
import { redisExchange } from "./redis.ts";

const CHANNEL = "neffos:test";

interface Kind {
  readonly package: string;
  /** Makes a client that does not reconnect. */
  // deno-lint-ignore no-explicit-any -- a library of its users
  make(library: any, port: number): any;
}

const KINDS: Kind[] = [
  {
    package: "redis@5",
    make: ({ createClient }, port) =>
      createClient({
        url: `redis://127.0.0.1:${port}`,
        socket: { reconnectStrategy: false },
      }),
  },
  {
    package: "ioredis@5",
    make: ({ Redis }, port) =>
      new Redis({
        port,
        host: "127.0.0.1",
        retryStrategy: () => null,
        lazyConnect: true,
      }),
  },
];

/** Waits for one state of an exchange after another. */
class States {
  readonly #exchange: StackExchange;

  constructor(exchange: StackExchange) {
    this.#exchange = exchange;
  }

  async wait(isConnected: boolean): Promise<void> {
    if (this.#exchange.isConnected === isConnected) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = this.#exchange.watch((state) => {
      if (state === isConnected) resolve();
    });
    await promise;
    stop();
  }
}

/** What has arrived on the channel. */
class Inbox {
  readonly texts: string[] = [];
  #onText = () => {};

  readonly listener = (data: ExchangeData) => {
    const isText = typeof data === "string";
    this.texts.push(isText ? data : new TextDecoder().decode(data));
    this.#onText();
  };

  async wait(text: string): Promise<void> {
    while (!this.texts.includes(text)) {
      await new Promise<void>((resolve) => this.#onText = resolve);
    }
  }
}

const isMissing = !hasProgram("redis-server");
if (isMissing) explainMissing("redis-server");

for (const kind of KINDS) {
  Deno.test({
    name:
      `redisExchange() with ${kind.package} listens again although its client does not reconnect`,
    ignore: isMissing,
    // Clients of npm keep timers and sockets for a while after their end.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const library = await importPackage(kind.package);
      if (library === undefined) return explainMissing(kind.package);
      await using broker = await Broker.redis();
      const client = kind.make(library, broker.port);
      client.on("error", () => {});
      await client.connect();
      const exchange = redisExchange(client);
      const states = new States(exchange);
      const inbox = new Inbox();
      await exchange.subscribe(CHANNEL, inbox.listener);

      // The one that listens is lost alone.
      const lost = states.wait(false);
      await broker.redisCli("CLIENT", "KILL", "TYPE", "pubsub");
      await lost;
      await states.wait(true);
      await exchange.publish(CHANNEL, "after a cut");
      await inbox.wait("after a cut");

      // Both are lost, and the program connects its client again.
      const gone = states.wait(false);
      await broker.kill();
      await gone;
      await broker.start();
      await client.connect();
      await states.wait(true);
      await exchange.publish(CHANNEL, "after a restart");
      await inbox.wait("after a restart");
      assertEquals(inbox.texts, ["after a cut", "after a restart"]);

      await exchange.unsubscribe(CHANNEL, inbox.listener);
      await (client.close?.() ?? client.quit());
    },
  });
}

Deno.test({
  name:
    "redisExchange() tries again where its first connection to listen has failed for good",
  ignore: isMissing,
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    for (const kind of KINDS) {
      const library = await importPackage(kind.package);
      if (library === undefined) return explainMissing(kind.package);
      await using broker = await Broker.redis("--maxclients", "2");
      const client = kind.make(library, broker.port);
      client.on("error", () => {});
      await client.connect();
      // No room is left for the one that listens.
      const other = kind.make(library, broker.port);
      other.on("error", () => {});
      await other.connect();
      const exchange = redisExchange(client);
      const inbox = new Inbox();
      const failed = await exchange.subscribe(CHANNEL, inbox.listener)
        .then(() => false, () => true);
      assertEquals(failed, true);
      await (other.close?.() ?? other.quit());
      for (let isThere = false; !isThere;) {
        isThere = await exchange.subscribe(CHANNEL, inbox.listener)
          .then(() => true, () => false);
      }
      await exchange.publish(CHANNEL, "hi");
      await inbox.wait("hi");
      await exchange.unsubscribe(CHANNEL, inbox.listener);
      await (client.close?.() ?? client.quit());
    }
  },
});

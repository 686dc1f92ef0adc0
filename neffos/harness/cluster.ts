/** Several servers on one exchange, with clients who note what they hear. */

import type { NSConn } from "../api/ns_conn.ts";
import type { Client } from "../client.ts";
import type { Events } from "../controller/events.ts";
import { memoryExchange } from "../exchange/engines/memory.ts";
import type {
  ExchangeOptions,
  StackExchange,
} from "../exchange/stack_exchange.ts";
import type { ServerOptions } from "../server/options.ts";
import type { Server } from "../server/server.ts";
import { hostOf, MemoryServer } from "./mod.ts";

/** A client on one of the servers. */
export interface Person {
  readonly name: string;
  readonly client: Client;
  /** The client's side. */
  readonly nsConn: NSConn;
  /** What it has heard, oldest first. */
  readonly heard: string[];
}

/** Options of {@linkcode TestCluster.make}. */
export interface ClusterOptions extends ExchangeOptions {
  /** The number of servers; 2 by default. */
  size?: number;
  /** Makes the exchange of each server; one in memory for all by default. */
  exchange?: (index: number) => StackExchange;
  /** The events of the servers in namespace "chat". */
  events?: Events;
  server?: ServerOptions;
}

/** Several servers on one exchange. */
export class TestCluster implements AsyncDisposable {
  readonly nodes: MemoryServer[] = [];
  readonly people: Person[] = [];
  readonly #ids: string[] = [];
  readonly #changes = new Set<() => void>();

  static async make(options: ClusterOptions = {}): Promise<TestCluster> {
    const memory = memoryExchange();
    const {
      size = 2,
      exchange = () => memory,
      events = {},
      server,
      ...rest
    } = options;
    const cluster = new TestCluster();
    for (let i = 0; i < size; i++) {
      await cluster.add(exchange(i), rest, events, server);
    }
    return cluster;
  }

  /** Adds a server. */
  async add(
    exchange: StackExchange,
    options: ExchangeOptions = {},
    events: Events = {},
    server: ServerOptions = {},
  ): Promise<MemoryServer> {
    const node = new MemoryServer({ chat: events, news: {} }, {
      idGenerator: () => this.#ids.shift()!,
      ...server,
    });
    this.nodes.push(node);
    await node.server.useStackExchange(exchange, options);
    return node;
  }

  server(index: number): Server {
    return this.nodes[index]!.server;
  }

  /** Dials a server, connects to "chat" and joins rooms. */
  async enter(
    index: number,
    name: string,
    rooms: string[] = [],
    events: Events = {},
  ): Promise<Person> {
    this.#ids.push(name);
    const heard: string[] = [];
    const client = await this.nodes[index]!.dial({
      chat: {
        ...events,
        onSay: (_, msg) => {
          const body = typeof msg.body === "string"
            ? msg.text()
            : `bytes ${msg.bytes().join()}`;
          heard.push(`${msg.room && `${msg.room}: `}${body}`);
          for (const onChange of this.#changes) onChange();
        },
      },
    });
    const nsConn = await client.connect("chat");
    for (const room of rooms) await nsConn.joinRoom(room);
    const person = { name, client, nsConn, heard };
    this.people.push(person);
    return person;
  }

  /** Waits until each server listens for the people that it has now. */
  async settle(): Promise<void> {
    for (const { server } of this.nodes) {
      const [conn] = server.connections;
      if (conn !== undefined) await hostOf(conn).cluster!.whenSettled();
    }
  }

  /** Waits until a condition holds after something was heard, or at once. */
  async until(condition: () => boolean): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve) => {
      const onChange = () => {
        if (!condition()) return;
        this.#changes.delete(onChange);
        resolve();
      };
      this.#changes.add(onChange);
    });
  }

  /**
   * Sends a message from a server, and then one to all: lists those who have
   * heard the first when all have heard the second.
   */
  async say(index: number, send: (server: Server) => void): Promise<string[]> {
    send(this.server(index));
    return await this.listen(index);
  }

  /** Lists who has heard what, once all have heard a last message of a server. */
  async listen(index: number): Promise<string[]> {
    const end = `end ${crypto.randomUUID()}`;
    this.server(index).broadcast(null, {
      namespace: "chat",
      event: "onSay",
      body: end,
    });
    await this.until(() =>
      this.people.every(({ client, heard }) =>
        client.isClosed || heard.includes(end)
      )
    );
    return this.people.flatMap(({ name, heard }) =>
      heard.splice(0).filter((text) => text !== end)
        .map((text) => `${name} ${text}`)
    ).sort();
  }

  /** The errors of all servers and clients. */
  get errors(): unknown[] {
    return this.nodes.flatMap(({ errors }) => errors);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client } of this.people) await client.close();
    for (const { server } of this.nodes) await server.close();
  }
}

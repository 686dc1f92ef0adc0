import { createClient } from "npm:redis@^5";
import {
  redisExchange,
  type StackExchange,
  workersExchange,
} from "@neffos/mvc";

/** What `main.ts` tells a process or a worker. */
export interface Settings {
  readonly name: string;
  /** Begins the names of all channels. */
  readonly prefix: string;
  /** Where Redis is; without it, the processes are workers. */
  readonly redis: string | undefined;
}

/**
 * Joins the processes by Redis, or the workers of this program.
 *
 * @param prefix Begins the names of all channels.
 * @param redis Where Redis is.
 * @returns The exchange.
 * @throws {Error} When Redis does not answer at once; later it is waited for.
 */
export async function joinExchange(
  prefix: string,
  redis?: string,
): Promise<StackExchange> {
  if (redis === undefined) return workersExchange(prefix);
  let hasAnswered = false;
  const reconnectStrategy = () => hasAnswered && 500;
  const socket = { connectTimeout: 1_000, reconnectStrategy };
  const client = createClient({ url: redis, socket });
  client.on("error", () => {}); // the server tells of it, once
  await client.connect();
  hasAnswered = true;
  return redisExchange(client, { prefix });
}

/** A channel for what the processes say to each other, beside the chat. */
export class Topic<T> {
  readonly #exchange: StackExchange;
  readonly #channel: string;

  constructor(exchange: StackExchange, channel: string) {
    this.#exchange = exchange;
    this.#channel = channel;
  }

  publish(message: T): void {
    void this.#exchange.publish(this.#channel, JSON.stringify(message));
  }

  async listen(listener: (message: T) => void): Promise<void> {
    const decoder = new TextDecoder();
    await this.#exchange.subscribe(this.#channel, (data) => {
      const text = typeof data === "string" ? data : decoder.decode(data);
      listener(JSON.parse(text));
    });
  }
}

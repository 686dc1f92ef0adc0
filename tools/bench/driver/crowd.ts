import { within } from "../../soak/within.ts";
import { Connection, type Target } from "./connection.ts";
import type { Exchange } from "./dialects.ts";

/** How many connections are opened at once. */
const AT_ONCE = 32;

/** The connections to one server. */
export class Crowd {
  readonly connections: Connection[] = [];
  readonly #patience: number;

  /** @param patience How long a message may be unanswered, in milliseconds. */
  constructor(patience: number) {
    this.#patience = patience;
  }

  /** Opens connections until there are as many as wanted. */
  async grow(target: Target, size: number): Promise<void> {
    const open = async () => {
      while (this.connections.length < size) {
        const connection = Connection.open(target);
        // The place is taken before anybody else counts.
        const place = this.connections.push(undefined!) - 1;
        this.connections[place] = await connection;
      }
    };
    await this.#meet(Promise.all(Array.from({ length: AT_ONCE }, open)));
  }

  /** Sets what all connections send and await, and how many may go out in one write. */
  prepare(exchange: Exchange, atOnce = 1): void {
    for (const connection of this.connections) {
      connection.prepare(exchange, atOnce);
    }
  }

  /**
   * Hears of messages until it says that they are all.
   *
   * @throws {Error} When the server answers wrongly, or not at all.
   */
  async listen(
    hear: (connection: Connection, count: number, done: () => void) => void,
    begin: () => void,
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    for (const connection of this.connections) {
      if (connection.fault !== undefined) throw connection.fault;
      connection.onFault = reject;
      connection.onMessages = (count) => hear(connection, count, resolve);
    }
    begin();
    await this.#meet(promise);
    for (const connection of this.connections) {
      connection.onFault = () => {};
      connection.onMessages = () => {};
    }
  }

  close(): void {
    for (const connection of this.connections) connection?.close();
  }

  /** Waits, but not for ever. */
  async #meet(promise: Promise<unknown>): Promise<void> {
    const done = promise.then(() => true);
    if (await within(this.#patience, done) !== undefined) return;
    throw new Error(`messages are missing after ${this.#patience / 1000} s`);
  }
}

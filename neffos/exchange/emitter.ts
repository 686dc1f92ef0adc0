/**
 * {@linkcode Emitter}: broadcasts from programs without connections.
 *
 * @module
 */

import type { AnyEvents, EventInit } from "../api/typed_events.ts";
import { assertCloseCode, assertName } from "../protocol/errors.ts";
import type { BodyCodec } from "../protocol/body.ts";
import {
  Exclude,
  type Message,
  type MessageInit,
  toMessage,
} from "../protocol/message.ts";
import { Publisher } from "./publisher.ts";
import {
  assertExchange,
  type ChannelOptions,
  type StackExchange,
} from "./stack_exchange.ts";

/**
 * How long an emitter that closes waits for a broker that takes nothing, in
 * milliseconds.
 */
const PATIENCE = 5_000;

/**
 * Options of an {@linkcode Emitter}: as its servers have them.
 *
 * @category Exchanges
 */
export interface EmitterOptions extends ChannelOptions {
  /**
   * Encodes the bodies in place of JSON, as the servers do.
   *
   * @default {undefined} JSON
   */
  bodyCodec?: BodyCodec;
}

/**
 * Broadcasts to the connections of all servers on an exchange, from a program
 * that has none itself: a worker, a scheduled job, a command.
 *
 * @example
 * ```ts
 * import { Emitter, exclude, memoryExchange } from "@neffos/mvc";
 *
 * const exchange = memoryExchange(); // the one that the servers use
 * await using emitter = new Emitter(exchange);
 * emitter.broadcast(null, {
 *   namespace: "chat",
 *   room: "lobby",
 *   event: "onNotice",
 *   body: "Tea at five",
 * });
 * emitter.broadcast(exclude("bot"), { namespace: "chat", event: "onTick" });
 * emitter.disconnect("ann", { reason: "logged out" });
 * ```
 *
 * @category Exchanges
 */
export class Emitter implements AsyncDisposable {
  readonly #publisher: Publisher;
  readonly #exchange: StackExchange;
  #stopWatching: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Makes an emitter.
   *
   * @param exchange The exchange, which stays the program's.
   * @param options The channels and the secret, as the servers have them.
   * @throws {TypeError} When an option is of the wrong kind.
   * @throws {RangeError} When a number is negative.
   */
  constructor(exchange: StackExchange, options: EmitterOptions = {}) {
    assertExchange(exchange);
    this.#exchange = exchange;
    this.#publisher = new Publisher(exchange, options, options.bodyCodec);
    this.#stopWatching = exchange.watch((isConnected) => {
      if (isConnected) this.#publisher.outbox.flush();
    });
  }

  /**
   * Sends messages to the connections of all servers, as `server.broadcast()`
   * does. While the broker is away they wait, up to `maxQueued` of them.
   *
   * @typeParam Emits The events that may be sent, as for `NSConn`.
   * @param except The IDs to leave out: `exclude(id)`, an array of these, or
   * `null` for none.
   * @param messages The messages.
   * @throws {TypeError} When a body cannot be sent; nothing is sent then.
   */
  broadcast<Emits extends object = AnyEvents>(
    except: Exclude | readonly Exclude[] | null | undefined,
    ...messages: (Message | EventInit<Emits>)[]
  ): void {
    const ids: string[] = [];
    for (const each of Array.isArray(except) ? except : [except]) {
      if (each instanceof Exclude) ids.push(each.id);
      else if (each !== null && each !== undefined) {
        throw new TypeError(
          `Cannot leave out a value of type "${typeof each}": an emitter knows IDs alone, as exclude(id)`,
        );
      }
    }
    const { codec } = this.#publisher;
    // Whatever its type, an EventInit is a MessageInit that says more.
    const inits = messages as (Message | MessageInit)[];
    for (const message of inits.map((init) => toMessage(init, codec))) {
      this.#publisher.publish(message, ids);
    }
  }

  /**
   * Closes all connections with an ID, on all servers.
   *
   * @param id The ID.
   * @param options The close code, 1000 by default, and the reason.
   * @throws {RangeError} When the close code is not valid.
   * @throws {TypeError} When the ID is none.
   */
  disconnect(
    id: string,
    options: { code?: number; reason?: string } = {},
  ): void {
    const { code = 1000, reason = "" } = options;
    assertName("connection", id);
    assertCloseCode(code);
    const request = { t: "disconnect", id: crypto.randomUUID() };
    this.#publisher.control(this.#publisher.channels.servers, {
      ...request,
      target: id,
      code,
      reason,
    });
  }

  /** The number of messages that wait for the broker. */
  get queued(): number {
    return this.#publisher.outbox.queued;
  }

  /**
   * The number of messages that were dropped, since too many waited, or since
   * the broker did not take them.
   */
  get dropped(): number {
    const { dropped, failed } = this.#publisher.outbox;
    return dropped + failed;
  }

  /**
   * Ends the emitter.
   *
   * @returns When the broker has everything. While it is away, or when it has
   * taken nothing for five seconds, what waits is dropped.
   */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    const { outbox } = this.#publisher;
    const timer = setInterval(() => {
      const isLost = !this.#exchange.isConnected || outbox.isStuck(PATIENCE);
      if (isLost) outbox.stop();
    }, 250);
    if (this.#exchange.isConnected) await outbox.drain();
    clearInterval(timer);
    outbox.stop();
    this.#stopWatching?.();
    this.#stopWatching = undefined;
  }

  /** Ends the emitter, as {@linkcode Emitter.close} does. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

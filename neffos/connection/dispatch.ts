import { Decoder, encode, encodeEmptyReply } from "../protocol/codec.ts";
import {
  BAD_NAMESPACE,
  BAD_ROOM,
  INVALID_PAYLOAD,
} from "../protocol/errors.ts";
import { isSystemEvent } from "../protocol/event_names.ts";
import {
  estimateSize,
  Message,
  type RawBody,
  Reply,
  toRawBody,
} from "../protocol/message.ts";
import { isPromise } from "../util/deferred.ts";
import type { NSState } from "./namespace_state.ts";
import type { Core } from "./session.ts";

const UNDERSCORE = 0x5f;

/** Finds who handles a message of an open connection, and answers it. */
export class Dispatcher {
  readonly #core: Core;
  readonly #decoder: Decoder;

  constructor(core: Core) {
    this.#core = core;
    this.#decoder = new Decoder(core.host.handlers.native);
  }

  /** Takes a frame of an open connection. */
  receive(data: RawBody): void {
    const { crossings, drops, limits } = this.#core.host;
    const message = this.#decoder.decode(data);
    if (message === undefined) {
      drops.invalid++;
      return;
    }
    if (message.wait !== "") {
      if (this.#core.asks.settle(message)) return;
      if (this.#core.asks.isOwn(message.wait) || message.error !== undefined) {
        drops.lateAnswers++;
        return;
      }
    }
    if (isNameTooLong(message, limits.maxNameLength)) {
      crossings.add("maxNameLength");
      drops.invalid++;
      const { wait } = message;
      if (wait !== "") {
        this.#core.refuse(new Message({ wait }), INVALID_PAYLOAD);
      }
      return;
    }
    this.#core.waitingBytes += estimateSize(message);
    this.#core.queue.push(message);
  }

  /** Handles a message when its turn has come. */
  dispatch(message: Message): void | Promise<void> {
    this.#core.waitingBytes -= estimateSize(message);
    // What comes from somebody who was sent away is not handled any more.
    if (this.#core.isSentAway) return;
    const { event, wait } = message;
    if (event.charCodeAt(0) === UNDERSCORE && isSystemEvent(event)) {
      const { membership, queue } = this.#core;
      return queue.trace(() => membership.answer(message));
    }
    const state = this.#core.membership.find(message.namespace);
    if (state === undefined || state.status !== "connected") {
      if (!this.#core.membership.hold(message)) {
        this.#stray(message, BAD_NAMESPACE);
      }
      return;
    }
    if (message.room !== "" && !state.rooms.has(message.room)) {
      if (!this.#core.membership.hold(message)) this.#stray(message, BAD_ROOM);
      return;
    }
    const { events } = state;
    const handler = message.isNative
      ? events.native
      : events.handlers.get(event) ?? events.any;
    if (handler === undefined) return this.#unhandled(state, message);
    try {
      const result = handler.isAsync
        ? this.#core.queue.trace(() => handler(state, message))
        : handler(state, message);
      if (result === undefined) {
        if (wait !== "") this.#core.send(encodeEmptyReply(wait));
      } else if (isPromise(result)) {
        return this.#answerLater(message, result);
      } else this.#answer(message, result);
    } catch (error) {
      this.#core.fail(message, error);
    }
  }

  async #answerLater(
    message: Message,
    result: unknown,
  ): Promise<void> {
    try {
      this.#answer(message, await result);
    } catch (error) {
      this.#core.fail(message, error);
    }
  }

  #answer(message: Message, result: unknown): void {
    if (message.error !== undefined) return;
    if (result instanceof Error) {
      this.#core.fail(message, result);
    } else if (result instanceof Reply) {
      this.#reply(message, result.body);
    } else if (message.wait === "") {
      return;
    } else if (result === undefined) this.#core.acknowledge(message);
    else {
      let body: RawBody;
      try {
        body = toRawBody(result);
      } catch (error) {
        this.#core.fail(message, error);
        return;
      }
      this.#reply(message, body);
    }
  }

  #reply(message: Message, body: RawBody): void {
    const { wait, namespace, room, event, isNative } = message;
    const isBinary = typeof body !== "string";
    this.#core.send(
      encode({ wait, namespace, room, event, body, isNative, isBinary }),
    );
  }

  #stray(message: Message, text: string): void {
    this.#core.host.drops.stray++;
    if (message.wait !== "") this.#core.refuse(message, text);
  }

  #unhandled(state: NSState, message: Message): void {
    const { host } = this.#core;
    host.drops.stray++;
    this.#core.acknowledge(message);
    host.onUnhandled(state, message);
  }
}

function isNameTooLong(
  { namespace, room, event }: Message,
  max: number,
): boolean {
  return namespace.length > max || room.length > max || event.length > max;
}

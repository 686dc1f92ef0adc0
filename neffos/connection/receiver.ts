import type { CompiledHandler } from "../controller/compile.ts";
import { encodeBody } from "../protocol/body.ts";
import { type Decoder, decodeWith, encode } from "../protocol/codec.ts";
import {
  BAD_NAMESPACE,
  BAD_ROOM,
  INVALID_PAYLOAD,
} from "../protocol/errors.ts";
import { isSystemEvent } from "../protocol/event_names.ts";
import {
  encodeReply,
  estimateSize,
  Message,
  type RawBody,
  Reply,
} from "../protocol/message.ts";
import type { CloseInfo, Socket, SocketListener } from "../transport/socket.ts";
import { isPromise } from "../util/promises.ts";
import type { RateGate } from "./host.ts";
import type { LimitName } from "./limits.ts";
import type { MembershipLink } from "./membership.ts";
import type { Namespaces } from "./namespaces.ts";
import type { Stay } from "./stay.ts";
import type { Task, TurnHandler } from "./turn_queue.ts";

const UNDERSCORE = 0x5f;
/** How much a connection may hold, in messages of the largest size. */
const LARGE = 16;
/** The parts of the limits at which reading stops, and begins again. */
const PAUSE_AT = 1 / 2;
const RESUME_AT = 1 / 4;

/** What a receiver needs from its connection. */
export interface ReceiverLink extends MembershipLink {
  readonly namespaces: Namespaces;
  /** Whether this side has closed it, so that nothing more is handled. */
  readonly wasClosedHere: boolean;
  /** Called when the socket is open. */
  opened(): void;
  /** Called when the socket has ended. */
  closed(info: CloseInfo): void;
  /** Handles a frame if it belongs to the handshake; tells whether it does. */
  handshake(data: RawBody): boolean;
  /** Closes the connection, which has crossed a limit. */
  cross(limit: LimitName, code: number, reason: string): void;
}

/** Receives the frames of a socket: checks limits, decodes, and dispatches. */
export class Receiver implements SocketListener, TurnHandler<Message> {
  readonly #link: ReceiverLink;
  readonly #socket: Pick<Socket, "can" | "pause" | "resume">;
  readonly #bucket: RateGate | undefined;
  readonly #decoder: Decoder | undefined;
  /** The frames received before the connection is accepted. */
  #early: RawBody[] | undefined;
  /** The received messages whose handling has not ended. */
  #held = 0;
  /** The bytes in those. */
  #heldBytes = 0;
  /** How many of those are being handled. */
  #begun = 0;
  #isPaused = false;
  /** The number of frames received. */
  received = 0;

  constructor(
    link: ReceiverLink,
    socket: Pick<Socket, "can" | "pause" | "resume">,
  ) {
    this.#link = link;
    this.#socket = socket;
    this.#bucket = link.host.makeBucket?.();
    this.#decoder = link.host.makeDecoder?.(link);
  }

  /** What is held of the received messages whose handling has not ended. */
  get held(): { readonly messages: number; readonly bytes: number } {
    return { messages: this.#held, bytes: this.#heldBytes };
  }

  /** The number of messages that wait to be handled. */
  get waiting(): number {
    return this.#held - this.#begun;
  }

  /** Whether nothing is read until more of what has come is handled. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /**
   * Reads again, whatever is held: an answer that is waited for may be behind it,
   * or the end.
   */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#socket.resume!();
  }

  open(): void {
    this.#link.opened();
  }

  drain(): void {
    this.#link.buffer.look();
  }

  close(info: CloseInfo): void {
    this.#link.closed(info);
  }

  message(data: RawBody): void {
    const link = this.#link;
    const { host } = link;
    host.received?.(data.length);
    if (this.#bucket !== undefined && !this.#bucket.take()) {
      return link.cross("rateLimit", 1008, this.#bucket.rule);
    }
    this.received++;
    const { maxPayload } = host.limits;
    // No UTF-16 unit takes more than three bytes of UTF-8.
    if (data.length * 3 > maxPayload && exceeds(data, maxPayload)) {
      const reason = `a message may have ${maxPayload} bytes`;
      return link.cross("maxPayload", 1009, reason);
    }
    if (link.isOpen) this.#decode(data);
    else if (!link.isEnding && !link.handshake(data)) {
      (this.#early ??= []).push(data);
      this.#hold(data.length);
    }
    if (this.#held > 0) this.#assertLimits();
  }

  /** Handles the early frames, when the connection is accepted. */
  accept(): void {
    const early = this.#early ?? [];
    this.drop();
    for (const data of early) {
      if (!this.#link.isOpen) return;
      this.#decode(data);
      this.#assertLimits();
    }
  }

  /** Drops the early frames. */
  drop(): void {
    for (const { length } of this.#early ?? []) this.#release(length);
    this.#early = undefined;
  }

  /** Handles a message, which is counted until that has ended. */
  count(message: Message, run: Task): void | Promise<void> {
    this.#begun++;
    const done = run();
    const end = () => this.#end(message);
    if (done === undefined) end();
    else done.then(end, end);
    return done;
  }

  #end(message: Message): void {
    this.#begun--;
    this.#release(estimateSize(message));
  }

  #hold(bytes: number): void {
    this.#held++;
    this.#heldBytes += bytes;
  }

  #release(bytes: number): void {
    this.#held--;
    this.#heldBytes -= bytes;
    if (this.#isPaused && !this.#isHolding(RESUME_AT)) this.resume();
  }

  /** Whether more than a part of the limits is held. */
  #isHolding(part: number): boolean {
    const { maxPayload, maxQueued } = this.#link.host.limits;
    return this.#held > part * maxQueued ||
      this.#heldBytes > part * LARGE * maxPayload;
  }

  #assertLimits(): void {
    const { asks, host, isEnding } = this.#link;
    const { maxPayload, maxQueued } = host.limits;
    if (maxQueued === Infinity) return;
    if (
      this.#socket.can?.pause && !this.#isPaused && !isEnding &&
      // An answer would be behind what is not read.
      !asks.isWaiting && this.#isHolding(PAUSE_AT)
    ) {
      this.#isPaused = true;
      this.#socket.pause!();
    }
    // What the transport had read before it was paused still comes.
    if (this.#held > maxQueued && !this.#isPaused) {
      const reason = `${maxQueued} messages may wait to be handled`;
      this.#link.cross("maxQueued", 1008, reason);
    } else if (this.#heldBytes > LARGE * maxPayload) {
      const reason = `${LARGE * maxPayload} bytes may wait to be handled`;
      this.#link.cross("maxQueued", 1008, reason);
    }
  }

  #decode(data: RawBody): void {
    const { asks, host } = this.#link;
    const { limits, codec, handlers: { native } } = host;
    const message = this.#decoder === undefined
      ? decodeWith({ native, codec }, data)
      : this.#decoder.decode(data);
    if (message === undefined) {
      host.dropped?.("invalid");
      return;
    }
    const { wait } = message;
    if (wait !== "") {
      if (asks.settle(message)) return;
      if (asks.isOwn(wait) || message.error !== undefined) {
        host.dropped?.("lateAnswers");
        return;
      }
    }
    const { namespace, room, event } = message;
    const max = limits.maxNameLength;
    if (namespace.length > max || room.length > max || event.length > max) {
      host.crossed?.("maxNameLength");
      host.dropped?.("invalid");
      if (wait !== "") {
        this.#link.refuse(new Message({ wait }), INVALID_PAYLOAD);
      }
      return;
    }
    this.#hold(estimateSize(message));
    if (event.charCodeAt(0) === UNDERSCORE && isSystemEvent(event)) {
      this.#link.namespaces.receive(message);
    } else this.#link.queue.push(message);
  }

  isAsk({ wait }: Message): boolean {
    return wait !== "";
  }

  /** Handles a message when its turn has come. */
  handle(message: Message): void | Promise<void> {
    const link = this.#link;
    const { namespace, room } = message;
    const stay = link.namespaces.find(namespace);
    const isIn = stay !== undefined &&
      (room === "" || stay.find(room)?.isIn === true);
    if (!isIn && link.namespaces.hold(message)) return;
    this.#begun++;
    const done = isIn ? this.#call(stay, message) : this.#stray(
      message,
      stay === undefined ? BAD_NAMESPACE : BAD_ROOM,
    );
    if (done === undefined) this.#end(message);
    return done;
  }

  #call(stay: Stay, message: Message): void | Promise<void> {
    const link = this.#link;
    if (link.wasClosedHere) return;
    const { events } = stay;
    const handler: CompiledHandler | undefined = message.isNative
      ? events.native
      : events.handlers.get(message.event) ?? events.any;
    if (handler === undefined) return this.#unhandled(stay, message);
    try {
      // Traced until its first result shows that it is synchronous.
      const result = handler.isAsync === false
        ? handler(stay, message)
        : this.#trace(handler, stay, message);
      if (isPromise(result)) {
        handler.isAsync = true;
        return this.#answerLater(message, result);
      }
      // Many ignore an error frame, which says nothing about other messages.
      if (message.error === undefined) handler.isAsync ??= false;
      if (result === undefined) link.acknowledge(message);
      else this.#answer(message, result);
    } catch (error) {
      link.fail(message, error);
    }
  }

  // Apart, so that a call that is not traced makes no closure.
  #trace(handler: CompiledHandler, stay: Stay, message: Message): unknown {
    return this.#link.queue.trace(() => handler(stay, message));
  }

  async #answerLater(message: Message, result: unknown): Promise<void> {
    try {
      this.#answer(message, await result);
    } catch (error) {
      this.#link.fail(message, error);
    } finally {
      this.#end(message);
    }
  }

  #answer(message: Message, result: unknown): void {
    if (message.error !== undefined) return;
    if (result instanceof Error) {
      this.#link.fail(message, result);
    } else if (result instanceof Reply) {
      this.#reply(message, encodeReply(result, this.#link.host.codec));
    } else if (message.wait === "") {
      return;
    } else if (result === undefined) this.#link.acknowledge(message);
    else this.#reply(message, this.#encodeResult(message, result));
  }

  #encodeResult({ namespace, event }: Message, result: unknown): RawBody {
    try {
      return encodeBody(result, this.#link.host.codec);
    } catch (cause) {
      // No frame of the handler is left: its result has no stack.
      const text = cause instanceof Error ? cause.message : "";
      throw new TypeError(
        `Cannot answer event "${event}" of namespace "${namespace}" with what its handler has returned: ${text}`,
        { cause },
      );
    }
  }

  #reply(message: Message, body: RawBody): void {
    const { wait, namespace, room, event, isNative } = message;
    const isBinary = typeof body !== "string";
    this.#link.send(
      encode({ wait, namespace, room, event, body, isNative, isBinary }),
    );
  }

  #unhandled({ nsConn, events }: Stay, message: Message): void {
    const { host } = this.#link;
    host.dropped?.("stray");
    if (message.wait !== "") {
      const { namespace, event } = message;
      this.#link.refuse(
        message,
        `Cannot handle event "${event}" of namespace "${namespace}": nothing handles it`,
      );
    }
    host.onUnhandled(nsConn, events, message);
  }

  #stray(message: Message, text: string): void {
    this.#link.host.dropped?.("stray");
    if (message.wait !== "") this.#link.refuse(message, text);
  }
}

/** Whether a frame has more bytes than allowed; text is counted as UTF-8. */
function exceeds(data: RawBody, maxBytes: number): boolean {
  if (data.length > maxBytes) return true;
  return typeof data === "string" &&
    new TextEncoder().encode(data).length > maxBytes;
}

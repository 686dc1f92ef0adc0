import type { BodyCodec } from "../protocol/body.ts";
import { Decoder, encode } from "../protocol/codec.ts";
import { findBadName } from "../protocol/errors.ts";
import { isSystemEvent, OnNativeMessage } from "../protocol/event_names.ts";
import { Message, type RawBody } from "../protocol/message.ts";
import { decodeText, type Envelope } from "./envelope.ts";
import { EPOCH } from "./publisher.ts";
import type { ExchangeData } from "./stack_exchange.ts";

/** The senders that are counted on one channel: a foreign one may invent them. */
const MAX_SENDERS = 4_096;

/** A message of another server, for connections of this one. */
export interface Delivery {
  /** The message: its `to` and `rooms` say for whom it is. */
  readonly message: Message;
  /** Its frame, as it goes to a client; `undefined` for several rooms. */
  readonly frame: RawBody | undefined;
  /** The IDs that do not get it. */
  readonly except: readonly string[];
  /** The context of a trace that it came with. */
  readonly context?: string | undefined;
}

/** How a message of a sender follows the one before. */
export type Succession = "next" | "late" | number;

/** Counts what has come from each sender, by channel. */
export class Arrivals {
  readonly #last = new Map<string, Map<string, number>>();

  /** Takes a number: tells how many are missing before it, or that it is late. */
  take(channel: string, server: string, sequence: number): Succession {
    const senders = this.#last.get(channel) ?? new Map<string, number>();
    if (senders.size === 0) this.#last.set(channel, senders);
    const last = senders.get(server);
    if (last === undefined && senders.size >= MAX_SENDERS) senders.clear();
    if (last !== undefined && sequence <= last) return "late";
    senders.set(server, sequence);
    if (last === undefined || sequence === last + 1) return "next";
    // Its sender has begun anew to count.
    if (Math.floor(sequence / EPOCH) !== Math.floor(last / EPOCH)) {
      return "next";
    }
    return sequence - last - 1;
  }

  /** Forgets a channel that is not listened to any more. */
  forgetChannel(channel: string): void {
    this.#last.delete(channel);
  }

  /** Forgets a server that is gone. */
  forgetServer(server: string): void {
    for (const senders of this.#last.values()) senders.delete(server);
  }
}

/** Reads the messages of other servers: what a client could not get is refused. */
export class MessageReader {
  readonly #decoder: Decoder;

  constructor(codec: BodyCodec | undefined) {
    this.#decoder = new Decoder({ native: "none", codec });
  }

  /** Decodes what came with a request or an answer; `undefined` if it is no frame. */
  decodePart(data: ExchangeData, isBinary: unknown): Message | undefined {
    const frame = toFrame(data, isBinary === true);
    return frame === undefined ? undefined : this.decode(frame);
  }

  /** Reads a message of a server of this module; `undefined` if it is none. */
  read(envelope: Envelope): Delivery | undefined {
    const { kind, data, meta, to, isVolatile, context } = envelope;
    if (kind === "m") {
      // Its data is text, and begins with an empty wait field.
      const message = this.decode(data);
      if (message === undefined) return undefined;
      const isPlain = to === "" && !isVolatile;
      return {
        message: isPlain
          ? message
          : new Message({ ...message, to, isVolatile }),
        frame: data,
        except: [],
        context,
      };
    }
    const hidden = parseHidden(meta);
    if (hidden === undefined) return undefined;
    const { namespace, rooms, except, isNative, isBinary } = hidden;
    const frame = toFrame(data, isBinary);
    if (frame === undefined) return undefined;
    const parts = { to, isVolatile, rooms };
    if (isNative) {
      const event = OnNativeMessage;
      const init = { namespace, event, body: frame, isNative, ...parts };
      return { message: new Message(init), frame, except, context };
    }
    const message = this.decode(frame);
    if (message === undefined || message.wait !== "") return undefined;
    const room = rooms === undefined ? message.room : "";
    return {
      message: new Message({ ...message, ...parts, room }),
      frame: rooms === undefined ? frame : undefined,
      except,
      context,
    };
  }

  /** Reads a frame of a server in Go, with the token of its ask, if it is one. */
  readForGo(
    data: ExchangeData,
  ): { readonly delivery: Delivery; readonly wait: string } | undefined {
    // Go forgets that a message is binary: what is no text must have been.
    const frame = typeof data === "string" ? data : decodeText(data) ?? data;
    const message = this.decode(frame);
    if (message === undefined) return undefined;
    const { wait } = message;
    const plain = encode({ ...message, wait: "" });
    return { delivery: { message, frame: plain, except: [] }, wait };
  }

  /** Decodes a frame that a client may get. */
  decode(data: ExchangeData): Message | undefined {
    const message = this.#decoder.decode(data);
    if (message === undefined) return undefined;
    const { event } = message;
    return isSystemEvent(event) || event === OnNativeMessage
      ? undefined
      : message;
  }
}

interface Hidden {
  readonly namespace: string;
  readonly rooms: readonly string[] | undefined;
  readonly except: readonly string[];
  readonly isNative: boolean;
  readonly isBinary: boolean;
}

function parseHidden(meta: unknown): Hidden | undefined {
  const { namespace, rooms, except, isNative, isBinary } = Object(meta);
  const isValid = findBadName("namespace", namespace) === undefined &&
    (rooms === undefined || isNames(rooms) && !rooms.includes("")) &&
    isNames(except) && typeof isNative === "boolean" &&
    typeof isBinary === "boolean";
  return isValid ? { namespace, rooms, except, isNative, isBinary } : undefined;
}

/** Tells whether a value is a list of names, or of IDs. */
export function isNames(value: unknown): value is string[] {
  return Array.isArray(value) &&
    value.every((name) => findBadName("connection", name) === undefined);
}

/** Text may arrive as bytes; only a frame of bytes stays one. */
function toFrame(data: ExchangeData, isBinary: boolean): RawBody | undefined {
  return isBinary || typeof data === "string" ? data : decodeText(data);
}

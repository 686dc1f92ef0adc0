import type { BodyCodec } from "../protocol/body.ts";
import { encodeForRoom } from "../protocol/codec.ts";
import type { Message, RawBody } from "../protocol/message.ts";
import { Channels } from "./channels.ts";
import { type Sealable, Sealer, Signer } from "./envelope.ts";
import { Outbox } from "./outbox.ts";
import type {
  ChannelOptions,
  ExchangeData,
  StackExchange,
} from "./stack_exchange.ts";

/** The channels whose messages are counted; the count of others begins anew. */
const MAX_COUNTED = 65_536;

/** The distance between the counts of a channel that begin anew. */
export const EPOCH = 2 ** 32;

/** What Go cannot say about a message, beside its frame. */
export interface HiddenMessage {
  readonly namespace: string;
  readonly room: string;
  readonly rooms: readonly string[] | undefined;
  /** The IDs that do not get it. */
  readonly except: readonly string[];
  readonly isNative: boolean;
}

/** What a server has sent to its own connections. */
export interface SentMessage {
  readonly frame?: RawBody | undefined;
  /** The context of a trace. */
  readonly context?: string | undefined;
}

/** Publishes what a server or an emitter has to say. */
export class Publisher {
  /** The server, or emitter, for all others. */
  readonly id: string = crypto.randomUUID();
  readonly channels: Channels;
  readonly outbox: Outbox;
  readonly signer: Signer | undefined;
  readonly codec: BodyCodec | undefined;
  readonly #sealer: Sealer;
  readonly #sequences = new Map<string, number>();
  #epoch = 0;

  constructor(
    exchange: StackExchange,
    options: ChannelOptions,
    codec: BodyCodec | undefined,
  ) {
    const { secret, maxQueued = 10_000 } = options;
    if (!(maxQueued >= 0)) {
      throw new RangeError(
        `Cannot keep ${maxQueued} messages for the exchange: "maxQueued" must be a number, 0 for none`,
      );
    }
    this.channels = new Channels(exchange, options);
    this.outbox = new Outbox(exchange, maxQueued);
    this.signer = secret === undefined ? undefined : new Signer(secret);
    this.#sealer = new Sealer(this.id, this.signer);
    this.codec = codec;
  }

  /**
   * Publishes a message for the connections of other servers.
   *
   * @param message The message.
   * @param except The IDs of the connections that do not get it.
   * @param sent Its frame, if it was encoded already, and the context of its
   * trace.
   */
  publish(
    message: Message,
    except: readonly string[],
    { frame, context }: SentMessage = {},
  ): void {
    const { namespace, rooms, to, isVolatile, isNative } = message;
    // One room in a list is as good as one without.
    const isList = rooms !== undefined && rooms.length !== 1;
    if (isList && rooms.length === 0) return;
    const room = rooms?.[0] ?? message.room;
    const data = frame ?? encodeForRoom(message, room);
    const channel = this.channels.find({
      namespace,
      room: isList ? "" : room,
      to,
    });
    if (
      typeof data === "string" && !isNative && !isList && except.length === 0
    ) {
      const meta = undefined;
      this.outbox.send(
        channel,
        this.#seal({ kind: "m", channel, data, meta, to, isVolatile, context }),
      );
      return;
    }
    const hidden: HiddenMessage = {
      namespace,
      room,
      rooms: isList ? rooms : undefined,
      except,
      isNative,
    };
    // A frame of bytes stays one, though text may arrive as bytes as well.
    const meta = { ...hidden, isBinary: typeof data !== "string" };
    this.outbox.send(
      channel,
      this.#seal({ kind: "x", channel, data, meta, to, isVolatile, context }),
    );
  }

  /** Publishes something between servers. */
  control(channel: string, meta: object, data: ExchangeData = ""): void {
    this.outbox.sendPast(channel, this.#sealControl(channel, meta, data));
  }

  /** As {@linkcode control}, for what means nothing later. */
  controlNow(channel: string, meta: object): void {
    this.outbox.sendNow(channel, this.#sealControl(channel, meta, ""));
  }

  #sealControl(
    channel: string,
    meta: object,
    data: ExchangeData,
  ): ExchangeData {
    return this.#seal({
      kind: "c",
      channel,
      data,
      meta,
      to: "",
      isVolatile: false,
      context: undefined,
    });
  }

  #seal(parts: Sealable): ExchangeData {
    return this.#sealer.seal(parts, this.#count(parts.channel));
  }

  #count(channel: string): number {
    let last = this.#sequences.get(channel);
    if (last === undefined) {
      if (this.#sequences.size >= MAX_COUNTED) {
        this.#sequences.clear();
        this.#epoch++;
      }
      last = this.#epoch * EPOCH;
    }
    this.#sequences.set(channel, last + 1);
    return last + 1;
  }
}

/**
 * How contexts go over the wire: see "Traces" in PROTOCOL.md.
 *
 * A context stands in the sixth field of a frame, which says `1` for "no
 * operation" and anything else for an operation, so that a peer which does not
 * know of it reads what it would read without. It goes to peers alone that are
 * known to read it.
 */

import type { TracedHost, TracedLink } from "../connection/tracing.ts";
import { Decoder } from "../protocol/codec.ts";
import type { Message, RawBody } from "../protocol/message.ts";
import { parseTraceparent } from "./otel.ts";

/** Begins the wait tokens of a client that reads contexts. */
export const ANNOUNCED = "$~";

/** Stands for a context in the answer of a server that reads them. */
export const READS = "00";

const SEPARATOR = ";";
const SEPARATOR_BYTE = 0x3b;
/** The length of a `traceparent` of version 00. */
const LENGTH = 55;

/** The place of the sixth field of a frame. */
interface Place {
  readonly start: number;
  readonly end: number;
}

function findPlace(frame: RawBody): Place | undefined {
  let start = 0;
  let end = -1;
  for (let field = 0; field < 6; field++) {
    start = end + 1;
    end = typeof frame === "string"
      ? frame.indexOf(SEPARATOR, start)
      : frame.indexOf(SEPARATOR_BYTE, start);
    if (end < 0) return undefined;
  }
  return { start, end };
}

function replace(frame: RawBody, { start, end }: Place, text: string): RawBody {
  if (typeof frame === "string") {
    return frame.slice(0, start) + text + frame.slice(end);
  }
  const field = new TextEncoder().encode(text);
  const whole = new Uint8Array(frame.length - (end - start) + field.length);
  whole.set(frame.subarray(0, start));
  whole.set(field, start);
  whole.set(frame.subarray(end), start + field.length);
  return whole;
}

/** Puts a context into a frame that is no native message. */
export function writeContext(frame: RawBody, context: string): RawBody {
  return replace(frame, findPlace(frame)!, context);
}

/** Reads what stands in the place of a context, if its length is that of one. */
function readContext(
  frame: RawBody,
): { readonly place: Place; readonly text: string } | undefined {
  const place = findPlace(frame);
  if (place === undefined) return undefined;
  const { start, end } = place;
  if (end - start !== LENGTH && end - start !== READS.length) return undefined;
  const field = frame.slice(start, end);
  const text = typeof field === "string"
    ? field
    : new TextDecoder().decode(field);
  return { place, text };
}

/** What is known of a connection and its peer. */
export class Wire {
  /** Whether the peer reads contexts. */
  isRead = false;
  readonly #isClient: boolean;

  constructor(isClient: boolean) {
    this.#isClient = isClient;
  }

  /** Notes what a frame of the peer says about it. */
  learn({ wait }: Message, text: string | undefined): void {
    // A client's own tokens come back from every server.
    this.isRead ||= this.#isClient
      ? text !== undefined
      : wait.startsWith(ANNOUNCED);
  }
}

const wire = Symbol("neffos.wire");
const context = Symbol("neffos.context");

/** Finds what is known of a connection, if its frames are traced. */
export function wireOf(link: TracedLink): Wire | undefined {
  return (link as { [wire]?: Wire })[wire];
}

/** Finds the context that a message came with. */
export function contextOf(message: Message): string | undefined {
  return (message as { [context]?: string })[context];
}

/** Decodes the frames of one connection, and their contexts. */
export class TracedDecoder extends Decoder {
  readonly #wire: Wire;
  readonly #isNative: boolean;

  constructor(
    link: TracedLink,
    { isClient, handlers: { native }, codec }: TracedHost,
  ) {
    super({ native, codec });
    this.#wire = new Wire(isClient);
    this.#isNative = native === "only";
    (link as { [wire]?: Wire })[wire] = this.#wire;
  }

  override decode(data: RawBody): Message | undefined {
    // Whatever it looks like, all of it is body.
    if (this.#isNative) return super.decode(data);
    const found = readContext(data);
    const isContext = found !== undefined &&
      (found.text === READS || parseTraceparent(found.text) !== undefined);
    if (!isContext) {
      const message = super.decode(data);
      if (message !== undefined) this.#wire.learn(message, undefined);
      return message;
    }
    // Without it, the frame has the head of the frame before.
    const message = super.decode(replace(data, found.place, "0"));
    if (message === undefined || message.isNative) return message;
    this.#wire.learn(message, found.text);
    return found.text === READS
      ? message
      : Object.assign(message, { [context]: found.text });
  }
}

import type { ConnHandler, EventMiddleware } from "../controller/events.ts";
import type { BodyCodec } from "../protocol/body.ts";
import type { Decoder, NativeMode } from "../protocol/codec.ts";
import type { Message, RawBody } from "../protocol/message.ts";

/** A connection whose frames are traced, as an identity. */
export type TracedLink = object;

/** The side that decodes the frames of a traced connection. */
export interface TracedHost {
  readonly isClient: boolean;
  readonly handlers: { readonly native: NativeMode };
  /** What reads the bodies in place of JSON. */
  readonly codec: BodyCodec | undefined;
}

/** A call that a server makes for many connections. */
export interface ManyCall {
  readonly message: Message;
  /** The context that has come with it from another server. */
  readonly from?: string | undefined;
  /** Whether another server has made it. */
  readonly isForwarded?: boolean;
}

/** Traces what a side sends and receives, as its host sees it. */
export interface Tracing {
  /** Begins the wait tokens of a client. */
  readonly prefix: string;
  /** Puts the middleware around all events of a handler. */
  around(handler: ConnHandler): ConnHandler;
  /** Makes the decoder of a connection. */
  makeDecoder(link: TracedLink, host: TracedHost): Decoder;
  /** Whether the peer of a connection reads contexts. */
  canSendTo(link: TracedLink): boolean;
  /** Puts a context into a frame. */
  write(frame: RawBody, context: string): RawBody;
  /** Writes the empty answer that tells a peer that this side reads contexts. */
  encodeEmptyReply(wait: string): string;
  /** Traces a call that connects a namespace. */
  connect<T>(namespace: string, call: () => Promise<T>): Promise<T>;
  /** Traces a broadcast, of this server or of another. */
  broadcast(call: ManyCall, send: (context: string | undefined) => void): void;
  /** Traces an ask of many connections for one answer. */
  ask<T>(
    call: ManyCall,
    ask: (context: string | undefined) => Promise<T>,
  ): Promise<T>;
  /** Begins the span of an ask of many connections for all answers. */
  startPoll(call: ManyCall): PollSpan;
}

/** The span of an ask of many connections. */
export interface PollSpan {
  readonly context: string | undefined;
  /** Ends it, with the error that has ended the ask, if any has. */
  end(failure: { readonly error: unknown } | undefined): void;
}

/**
 * What {@linkcode traceEvents} returns: middleware for events, and the option
 * `trace` of a client or a server.
 *
 * @category Observability
 */
export type EventTracing = EventMiddleware & {
  /** What a server or a client traces beside its events; not for programs. */
  readonly tracing: object;
};

import type { NSConn } from "../api/ns_conn.ts";
import { portOf } from "../api/conn.ts";
import type { Session } from "../connection/session.ts";
import type { Stay } from "../connection/stay.ts";
import type {
  EventTracing,
  ManyCall,
  PollSpan,
  TracedHost,
  TracedLink,
  Tracing,
} from "../connection/tracing.ts";
import { assertType, makeOptionError } from "../connection/limits.ts";
import type { ConnHandler, NextEvent } from "../controller/events.ts";
import { toSources } from "../controller/sources.ts";
import { Decoder } from "../protocol/codec.ts";
import {
  handlerSource,
  isSystemEvent,
  OnAnyEvent,
  OnNamespaceConnect,
  OnNamespaceConnected,
  OnNativeMessage,
  OnRoomJoined,
} from "../protocol/event_names.ts";
import type { Message, RawBody } from "../protocol/message.ts";
import {
  type OtelApi,
  type OtelAttributes,
  type OtelTracer,
  writeTraceparent,
} from "./otel.ts";
import { traceCalls } from "./ports.ts";
import { fail, type RemoteContext, type SpanInit, Spans } from "./spans.ts";
import {
  ANNOUNCED,
  contextOf,
  READS,
  TracedDecoder,
  wireOf,
  writeContext,
} from "./wire.ts";

/** Set while a message has a span: an application may trace in two places. */
const traced = Symbol("neffos.traced");

/**
 * Options of {@linkcode traceEvents}.
 *
 * @category Observability
 */
export interface TraceOptions {
  /**
   * The module `@opentelemetry/api`. With it, a span of the other side becomes
   * the parent of one here; without it, they are linked.
   *
   * @default {undefined} spans of the other side are linked
   */
  api?: OtelApi;
  /**
   * What becomes of the context that comes with a message: the parent of its
   * span, a link of it, or nothing. A client chooses it, and whether its trace is
   * sampled: `"link"` keeps the traces of a public server its own.
   *
   * @default {"parent"}
   */
  remote?: RemoteContext;
  /**
   * Whether a peer that says that it reads contexts gets those of this side, and
   * is told that its own are read. Other servers of an exchange get them in any
   * case.
   *
   * @default {true}
   */
  propagate?: boolean;
  /**
   * Whether hooks get a span that the other side has not asked for: those of this
   * side's own calls, and those that hear what has happened, such as
   * `onRoomJoined` or the loss of the connection.
   *
   * @default {false}
   */
  hooks?: boolean;
  /**
   * Tells which events get a span. What the others call is still traced.
   *
   * @default {undefined} all of them
   */
  filter?: (nsConn: NSConn, msg: Message) => boolean;
  /**
   * Returns attributes for the span of an event, beside its own.
   *
   * @default {undefined} none
   */
  attributes?: (nsConn: NSConn, msg: Message) => OtelAttributes;
}

/**
 * Traces events with a tracer of OpenTelemetry's shape: Deno's own
 * (`OTEL_DENO=true`), or one of an SDK. The result is middleware, the outermost
 * one of an application or a controller, and the option `trace` of a client or of
 * a server without controllers.
 *
 * Spans are made for events that come (consumer), and asks that come, connects and
 * joins among them (server); for emits and broadcasts (producer); and for asks and
 * the calls that connect, join, leave and disconnect (client). The names and
 * attributes are those of the semantic conventions for messaging and RPC
 * (https://opentelemetry.io/docs/specs/semconv/).
 *
 * Where both sides trace, emits, asks and broadcasts carry the context as a W3C
 * `traceparent`; connects and joins do not. No other peer is sent one.
 *
 * @param tracer The tracer.
 * @param options The module of OpenTelemetry, and which events are traced how.
 * @returns The middleware.
 * @throws {TypeError} When the tracer or an option is of the wrong kind.
 *
 * @example
 * ```ts
 * import { Application, Router, traceEvents } from "@neffos/mvc";
 * import type { OtelApi, OtelTracer } from "@neffos/mvc";
 *
 * class ChatController {
 *   static readonly namespace = "chat";
 *   onSay() {}
 * }
 *
 * // api.trace.getTracer("chat") and api of `npm:@opentelemetry/api@1`.
 * export function makeApp(tracer: OtelTracer, api: OtelApi) {
 *   const app = new Application(new Router()).use(traceEvents(tracer, { api }));
 *   app.handleWebsocket(ChatController);
 *   return app;
 * }
 * ```
 *
 * @category Observability
 */
export function traceEvents(
  tracer: OtelTracer,
  options: TraceOptions = {},
): EventTracing {
  if (typeof Object(tracer).startActiveSpan !== "function") {
    const wanted = 'a tracer of OpenTelemetry, such as trace.getTracer("chat")';
    throw makeOptionError(TypeError, "tracer", tracer, wanted);
  }
  const { remote = "parent", propagate = true, hooks = false } = options;
  const { api, filter, attributes } = options;
  if (!["parent", "link", "none"].includes(remote)) {
    const wanted = '"parent", "link" or "none"';
    throw makeOptionError(TypeError, "remote", remote, wanted);
  }
  for (const [name, value] of Object.entries({ propagate, hooks })) {
    assertType(name, value, "boolean");
  }
  for (const [name, value] of Object.entries({ filter, attributes })) {
    if (value !== undefined) assertType(name, value, "function");
  }
  if (
    api !== undefined &&
    typeof Object(Object(api).trace).setSpanContext !== "function"
  ) {
    const wanted = "the module @opentelemetry/api";
    throw makeOptionError(TypeError, "api", api, wanted);
  }
  const spans = new Spans(tracer, api, remote);
  const middleware = (nsConn: NSConn, msg: Message, next: NextEvent) => {
    const stay = findStay(nsConn);
    if (stay !== undefined) follow(stay, msg, spans);
    const isHook = isSystemEvent(msg.event) && msg.wait === "";
    const mark = msg as { [traced]?: boolean };
    if (
      mark[traced] || isHook && !hooks || filter?.(nsConn, msg) === false
    ) return next();
    const init = {
      ...describe(msg, stay),
      attributes: { "neffos.conn.id": nsConn.id, ...attributes?.(nsConn, msg) },
      from: contextOf(msg),
      isReceived: !msg.isLocal,
    };
    return spans.run(msg, init, async () => {
      mark[traced] = true;
      try {
        return await next();
      } finally {
        mark[traced] = false;
      }
    });
  };
  const tracing = new EventTracer(spans, propagate, () => whole);
  const whole: EventTracing = Object.assign(middleware, { tracing });
  return whole;
}

function findStay(nsConn: NSConn): Stay | undefined {
  // A Conn has no other port.
  const session = portOf(nsConn.conn) as Session;
  const stay = session.namespaces.find(nsConn.namespace);
  return stay?.nsConn === nsConn ? stay : undefined;
}

/** Traces the calls of a handle from when it can be used. */
function follow(stay: Stay, { event, room }: Message, spans: Spans): void {
  if (event === OnNamespaceConnected) traceCalls(stay, spans);
  // The handle of the room is then traced as well.
  else if (event === OnRoomJoined) stay.nsConn.room(room);
}

function describe(msg: Message, stay: Stay | undefined): SpanInit {
  const { event, wait, isNative } = msg;
  if (isSystemEvent(event)) {
    return { kind: wait === "" ? "internal" : "server" };
  }
  const isKnown = stay?.events.handlers.has(event);
  const init = isKnown
    ? {}
    : { event: isNative ? OnNativeMessage : OnAnyEvent };
  return wait === ""
    ? { ...init, kind: "consumer", operation: "process" }
    : { ...init, kind: "server" };
}

/** What a server or a client traces beside its events. */
class EventTracer implements Tracing {
  readonly prefix: string;
  readonly #spans: Spans;
  readonly #propagates: boolean;
  readonly #middleware: () => EventTracing;

  constructor(
    spans: Spans,
    propagates: boolean,
    middleware: () => EventTracing,
  ) {
    this.prefix = propagates ? ANNOUNCED : "$";
    this.#spans = spans;
    this.#propagates = propagates;
    this.#middleware = middleware;
  }

  around(handler: ConnHandler): ConnHandler {
    return {
      [handlerSource]: (server) => {
        const shared = [this.#middleware()];
        return toSources(handler, server).map((source) => ({
          ...source,
          around: source.around === undefined
            ? shared
            : [...shared, ...source.around],
        }));
      },
    };
  }

  makeDecoder(link: TracedLink, host: TracedHost): Decoder {
    return this.#propagates
      ? new TracedDecoder(link, host)
      : new Decoder({ native: host.handlers.native, codec: host.codec });
  }

  canSendTo(link: TracedLink): boolean {
    return wireOf(link)?.isRead === true;
  }

  write(frame: RawBody, context: string): RawBody {
    return writeContext(frame, context);
  }

  encodeEmptyReply(wait: string): string {
    return `${wait};;;;;${READS};`;
  }

  connect<T>(namespace: string, call: () => Promise<T>): Promise<T> {
    const subject = { namespace, event: OnNamespaceConnect };
    return this.#spans.run(subject, { kind: "client" }, call);
  }

  broadcast(
    { message, from, isForwarded = false }: ManyCall,
    send: (context: string | undefined) => void,
  ): void {
    // What another server has broadcast passes through this one.
    this.#spans.run(
      message,
      {
        kind: isForwarded ? "consumer" : "producer",
        operation: isForwarded ? "receive" : "send",
        attributes: { "neffos.broadcast": true },
        from,
        isReceived: isForwarded,
      },
      (span) => send(message.isNative ? undefined : writeTraceparent(span)),
    );
  }

  ask<T>(
    { message }: ManyCall,
    ask: (context: string | undefined) => Promise<T>,
  ): Promise<T> {
    return this.#spans.run(
      message,
      { kind: "client", attributes: { "neffos.broadcast": true } },
      (span) => ask(writeTraceparent(span)),
    );
  }

  startPoll({ message, from, isForwarded = false }: ManyCall): PollSpan {
    const span = this.#spans.start(message, {
      kind: "client",
      attributes: { "neffos.broadcast": true },
      from,
      isReceived: isForwarded,
    });
    return {
      context: writeTraceparent(span),
      end(failure) {
        if (failure === undefined) span.end();
        else fail(span, "client", failure.error);
      },
    };
  }
}

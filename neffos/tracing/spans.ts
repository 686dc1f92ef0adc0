import type { Message } from "../protocol/message.ts";
import { EventError, isInstance } from "../protocol/errors.ts";
import { OnAnyEvent } from "../protocol/event_names.ts";
import { runUnwatched } from "../util/promises.ts";
import {
  ERROR,
  KIND,
  type OtelApi,
  type OtelAttributes,
  type OtelSpan,
  type OtelSpanOptions,
  type OtelTracer,
  parseTraceparent,
} from "./otel.ts";

/**
 * What becomes of the context that a message of the other side came with: the
 * parent of its span, a link of it, or nothing.
 *
 * @category Observability
 */
export type RemoteContext = "parent" | "link" | "none";

/** What a span is about. */
export type Subject = Pick<Message, "namespace" | "event"> & {
  readonly room?: string;
  readonly rooms?: readonly string[] | undefined;
};

/** What a span is. */
export interface SpanInit {
  readonly kind: keyof typeof KIND;
  /** The event in names, where that of the subject may be any. */
  readonly event?: string;
  /** The operation on a message; none for an ask. */
  readonly operation?: "send" | "receive" | "process";
  readonly attributes?: OtelAttributes | undefined;
  /** The context that the subject came with. */
  readonly from?: string | undefined;
  /** Whether it came from outside, so that no active span is its cause. */
  readonly isReceived?: boolean;
}

/** At most so many names are used: a relay sends on what clients make up. */
const MAX_NAMES = 1_000;

/** Makes the spans, by the semantic conventions of OpenTelemetry. */
export class Spans {
  readonly #tracer: OtelTracer;
  readonly #api: OtelApi | undefined;
  readonly #remote: RemoteContext;
  /** The namespaces and events that spans are called by. */
  readonly #names = new Set<string>();

  constructor(
    tracer: OtelTracer,
    api: OtelApi | undefined,
    remote: RemoteContext,
  ) {
    this.#tracer = tracer;
    this.#api = api;
    this.#remote = remote;
  }

  /** Runs a function in a span, which ends when its result has settled. */
  run<T>(subject: Subject, init: SpanInit, code: (span: OtelSpan) => T): T {
    const { name, options, parent } = this.#begin(subject, init);
    const run = (span: OtelSpan) => settle(span, init, code);
    return parent === undefined
      ? this.#tracer.startActiveSpan(name, options, run)
      : this.#tracer.startActiveSpan(name, options, parent, run);
  }

  /** Begins a span that is active nowhere; `end` ends it. */
  start(subject: Subject, init: SpanInit): OtelSpan {
    const { name, options, parent } = this.#begin(subject, init);
    return parent === undefined
      ? this.#tracer.startSpan(name, options)
      : this.#tracer.startSpan(name, options, parent);
  }

  #begin(subject: Subject, init: SpanInit): {
    readonly name: string;
    readonly options: OtelSpanOptions;
    readonly parent: unknown;
  } {
    const { kind, event = subject.event, operation, from, isReceived } = init;
    const place = this.#nameOf(subject.namespace, event);
    const options: OtelSpanOptions = {
      kind: KIND[kind],
      attributes: {
        ...operation === undefined
          ? describeAsk(kind, place)
          : describeMessage(operation, place),
        ...describeSubject(subject),
        ...init.attributes,
      },
    };
    const name = operation === undefined ? place : `${operation} ${place}`;
    const remote = this.#remote === "none" || from === undefined
      ? undefined
      : parseTraceparent(from);
    if (remote !== undefined && this.#remote === "parent" && this.#api) {
      const { ROOT_CONTEXT, trace } = this.#api;
      return {
        name,
        options,
        parent: trace.setSpanContext(ROOT_CONTEXT, remote),
      };
    }
    if (remote !== undefined) options.links = [{ context: remote }];
    if (isReceived) options.root = true;
    return { name, options, parent: undefined };
  }

  #nameOf(namespace: string, event: string): string {
    const name = namespace === "" ? event : `${namespace}/${event}`;
    if (this.#names.has(name)) return name;
    if (this.#names.size === MAX_NAMES) return OnAnyEvent;
    this.#names.add(name);
    return name;
  }
}

function settle<T>(
  span: OtelSpan,
  { kind }: SpanInit,
  code: (span: OtelSpan) => T,
): T {
  let result: T;
  try {
    result = code(span);
  } catch (error) {
    fail(span, kind, error);
    throw error;
  }
  if (!(result instanceof Promise)) {
    span.end();
    return result;
  }
  // What is awaited has the frames of the caller in its error.
  const settled: Promise<unknown> = runUnwatched(async () => {
    let value: unknown;
    try {
      value = await result;
    } catch (error) {
      fail(span, kind, error);
      throw error;
    }
    span.end();
    return value;
  });
  // It is a promise of the same value.
  return settled as T;
}

/**
 * Ends a span with an error. To a server, what it tells its peer is no error,
 * as a status of 4xx is none in HTTP.
 */
export function fail(
  span: OtelSpan,
  kind: SpanInit["kind"],
  thrown: unknown,
): void {
  const error = readError(thrown);
  const isRefusal = isInstance(thrown, EventError);
  span.setAttributes({ "error.type": error.name });
  if (!isRefusal || kind === "client") {
    span.setStatus({ code: ERROR, message: error.message });
  }
  if (!isRefusal) span.recordException(error);
  span.end();
}

/** The text for a thrown value that is no error, and may be a body. */
const NO_ERROR = "something that is no error was thrown";

/** Reads a thrown value, though that may throw as well. */
function readError(thrown: unknown): Error {
  const error = { name: "Error", message: NO_ERROR };
  try {
    if (!(thrown instanceof Error)) return error;
    const { name, message, stack } = thrown;
    return { name: `${name}`, message: `${message}`, stack: `${stack}` };
  } catch {
    return error;
  }
}

function describeAsk(kind: SpanInit["kind"], method: string): OtelAttributes {
  return kind === "internal"
    ? {}
    : { "rpc.system.name": "neffos", "rpc.method": method };
}

function describeMessage(
  operation: string,
  destination: string,
): OtelAttributes {
  return {
    "messaging.system": "neffos",
    "messaging.operation.name": operation,
    "messaging.operation.type": operation,
    "messaging.destination.name": destination,
  };
}

function describeSubject(subject: Subject): OtelAttributes {
  const { namespace, event, room = "", rooms } = subject;
  return {
    "network.protocol.name": "websocket",
    "neffos.namespace": namespace,
    "neffos.event": event,
    ...room === "" ? {} : { "neffos.room": room },
    ...rooms === undefined ? {} : { "neffos.rooms": [...rooms] },
  };
}

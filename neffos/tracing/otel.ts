/**
 * The part of `@opentelemetry/api` 1.x that is needed, by its shape: the module
 * has no dependency on it.
 *
 * @module
 */

/**
 * What identifies a span, as OpenTelemetry's `SpanContext`.
 *
 * @category Observability
 */
export interface OtelSpanContext {
  /** 32 hexadecimal digits. */
  traceId: string;
  /** 16 hexadecimal digits. */
  spanId: string;
  /** The W3C trace flags; 1 for a trace that is sampled. */
  traceFlags: number;
  /** Whether it came from another process. */
  isRemote?: boolean;
}

/**
 * The values of the attributes of a span, by name.
 *
 * @category Observability
 */
export type OtelAttributes = Record<
  string,
  string | number | boolean | string[] | undefined
>;

/**
 * A span, as OpenTelemetry's `Span`.
 *
 * @category Observability
 */
export interface OtelSpan {
  /** Returns what identifies it. */
  spanContext(): OtelSpanContext;
  /** Sets attributes. */
  setAttributes(attributes: OtelAttributes): unknown;
  /** Adds an exception as an event. */
  recordException(exception: Error): void;
  /** Sets the status; 2 is an error. */
  setStatus(status: { code: number; message?: string }): unknown;
  /** Ends it. */
  end(): void;
}

/**
 * How a span begins, as OpenTelemetry's `SpanOptions`.
 *
 * @category Observability
 */
export interface OtelSpanOptions {
  /**
   * The kind: 0 internal, 1 server, 2 client, 3 producer, 4 consumer.
   *
   * @default {0}
   */
  kind?: number;
  /**
   * The attributes that it begins with.
   *
   * @default {undefined} none
   */
  attributes?: OtelAttributes;
  /**
   * The spans of other traces that it belongs to.
   *
   * @default {undefined} none
   */
  links?: { context: OtelSpanContext }[];
  /**
   * Whether it begins a trace, whatever span is active.
   *
   * @default {false}
   */
  root?: boolean;
}

/**
 * Makes spans, as OpenTelemetry's `Tracer`.
 *
 * @category Observability
 */
export interface OtelTracer {
  /** Begins a span, in the active one or in a context. */
  startSpan(
    name: string,
    options?: OtelSpanOptions,
    context?: unknown,
  ): OtelSpan;
  /** Begins a span that is active while a function runs. */
  startActiveSpan<F extends (span: OtelSpan) => unknown>(
    name: string,
    options: OtelSpanOptions,
    run: F,
  ): ReturnType<F>;
  /** Begins a span in a context. */
  startActiveSpan<F extends (span: OtelSpan) => unknown>(
    name: string,
    options: OtelSpanOptions,
    context: unknown,
    run: F,
  ): ReturnType<F>;
}

/**
 * The module `@opentelemetry/api`, as far as it is needed to make a span of
 * another process the parent of one here.
 *
 * @category Observability
 */
export interface OtelApi {
  /** The context without a span. */
  readonly ROOT_CONTEXT: unknown;
  /** Puts spans into contexts. */
  readonly trace: {
    setSpanContext(context: unknown, spanContext: OtelSpanContext): unknown;
  };
}

/** The kinds of spans. */
export const KIND = {
  internal: 0,
  server: 1,
  client: 2,
  producer: 3,
  consumer: 4,
};

/** The status of a span that has failed. */
export const ERROR = 2;

const TRACEPARENT =
  /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/**
 * Reads a W3C `traceparent` of version 00.
 *
 * @param text The text, which may be anything.
 * @returns What it says, `undefined` when it is none.
 */
export function parseTraceparent(text: string): OtelSpanContext | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(text) ?? [];
  if (traceId === undefined) return undefined;
  const traceFlags = parseInt(flags!, 16);
  return { traceId, spanId: spanId!, traceFlags, isRemote: true };
}

/**
 * Writes the `traceparent` of a span.
 *
 * @param span The span.
 * @returns The text, `undefined` for a span that nothing records.
 */
export function writeTraceparent(span: OtelSpan): string | undefined {
  const { traceId, spanId, traceFlags } = span.spanContext();
  const flags = (traceFlags & 0xff).toString(16).padStart(2, "0");
  const text = `00-${traceId}-${spanId}-${flags}`;
  return TRACEPARENT.test(text) ? text : undefined;
}

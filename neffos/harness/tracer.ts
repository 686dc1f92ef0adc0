import type { OtelSpan, OtelSpanOptions, OtelTracer } from "../tracing/otel.ts";

/** A span that a {@linkcode RecordingTracer} has made. */
export interface RecordedSpan {
  readonly name: string;
  readonly options: OtelSpanOptions;
  /** What was done with it, as in `status 2` and `end`. */
  readonly log: string[];
}

/** A tracer that numbers its spans, and knows of no active one. */
export class RecordingTracer implements OtelTracer {
  readonly spans: RecordedSpan[] = [];

  startSpan(name: string, options: OtelSpanOptions = {}): OtelSpan {
    const log: string[] = [];
    this.spans.push({ name, options, log });
    const spanContext = {
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: this.spans.length.toString(16).padStart(16, "0"),
      traceFlags: 1,
    };
    return {
      spanContext: () => spanContext,
      setAttributes: (given) => log.push(JSON.stringify(given)),
      recordException: ({ message }) => void log.push(`exception ${message}`),
      setStatus: ({ code }) => log.push(`status ${code}`),
      end: () => void log.push("end"),
    };
  }

  startActiveSpan<F extends (span: OtelSpan) => unknown>(
    name: string,
    options: OtelSpanOptions,
    ...rest: [run: F] | [context: unknown, run: F]
  ): ReturnType<F> {
    // The last argument is the function, whatever comes before it.
    const run = rest.at(-1) as F;
    return run(this.startSpan(name, options)) as ReturnType<F>;
  }
}

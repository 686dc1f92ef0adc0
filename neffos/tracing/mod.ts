/**
 * Tracing for a client alone, which loads no server: {@linkcode traceEvents}. The
 * entry point `@neffos/mvc` has it as well.
 *
 * ```ts
 * import { type Client, dial } from "@neffos/mvc/client";
 * import { type OtelTracer, traceEvents } from "@neffos/mvc/tracing";
 *
 * // api.trace.getTracer("chat") of `npm:@opentelemetry/api@1`.
 * export function open(url: string, tracer: OtelTracer): Promise<Client> {
 *   const chat = { onSaid: () => {} };
 *   return dial(url, { chat }, { trace: traceEvents(tracer) });
 * }
 * ```
 *
 * @module
 */

export type { EventTracing } from "../connection/tracing.ts";
export type {
  OtelApi,
  OtelAttributes,
  OtelSpan,
  OtelSpanContext,
  OtelSpanOptions,
  OtelTracer,
} from "./otel.ts";
export type { RemoteContext } from "./spans.ts";
export { traceEvents, type TraceOptions } from "./trace_events.ts";

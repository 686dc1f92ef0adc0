/**
 * {@linkcode metricsHandler}: the numbers of a server, for Prometheus.
 *
 * @module
 */

import type {
  HandlerStats,
  MeasureOptions,
  Server,
  ServerStats,
} from "../neffos/mod.ts";
import type { Context } from "./http/context.ts";
import type { RouteHandler } from "./router/handlers.ts";

const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * Makes a handler that answers with `server.stats()` in the text format of
 * Prometheus (exposition format 0.0.4), to be mounted by a plain GET. Mount
 * it where strangers do not come.
 *
 * From here on it is measured how long handlers take. Labels have names that
 * the program has registered, never those that a client has thought of.
 *
 * @param server The server.
 * @param options The buckets of `neffos_handler_duration_seconds`, in
 * milliseconds; see `Server.measureHandlers`.
 * @returns The handler, for `router.get`.
 * @throws {RangeError} When the buckets are not positive numbers in ascending
 * order.
 *
 * @example
 * ```ts
 * import { denoUpgrader, metricsHandler, Router, Server } from "@neffos/mvc";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const server = new Server(denoUpgrader(), { onPing: () => "pong" });
 * const router = new Router();
 * router.get("/metrics", metricsHandler(server));
 *
 * const listener = Deno.serve({ port: 0, onListen() {} }, router.handler);
 * const url = `http://localhost:${listener.addr.port}/metrics`;
 * const response = await fetch(url);
 * assertStringIncludes(await response.text(), "\nneffos_connections 0\n");
 * await listener.shutdown();
 * ```
 */
export function metricsHandler(
  server: Server,
  options: MeasureOptions = {},
): RouteHandler {
  server.measureHandlers(options);
  return (_context: Context) =>
    new Response(writeMetrics(server.stats()), {
      headers: { "content-type": CONTENT_TYPE, "cache-control": "no-store" },
    });
}

/** The labels of a sample, by their names. */
type Labels = Readonly<Record<string, string>>;

/** Writes all metrics. */
function writeMetrics(stats: ServerStats): string {
  return [
    gauge("connections", "Connections there are.", stats.connections),
    gauge(
      "sockets",
      "Sockets there are, with those that are not connections yet or not any more.",
      stats.sockets,
    ),
    counter(
      "connections_accepted_total",
      "Requests that became sockets.",
      stats.accepted,
    ),
    counter(
      "upgrades_refused_total",
      "Requests that were refused, by HTTP status.",
      stats.refused,
      "status",
    ),
    counter(
      "connections_closed_total",
      "Sockets that have ended, by close code.",
      stats.closed,
      "code",
    ),
    gauge("namespaces", "Namespaces that somebody is in.", stats.namespaces),
    gauge("rooms", "Rooms that somebody is in.", stats.rooms),
    counter(
      "messages_received_total",
      "Frames that came in, those of the protocol included.",
      stats.messagesIn,
    ),
    counter(
      "received_bytes_total",
      "Bytes of the frames that came in; of text its UTF-16 units.",
      stats.bytesIn,
    ),
    counter(
      "messages_sent_total",
      "Frames that went out, those of the protocol included.",
      stats.messagesOut,
    ),
    counter(
      "sent_bytes_total",
      "Bytes of the frames that went out; of text its UTF-16 units.",
      stats.bytesOut,
    ),
    counter(
      "errors_total",
      "Exceptions and other faults that were reported.",
      stats.errors,
    ),
    counter(
      "messages_dropped_total",
      "Messages that were thrown away, by reason.",
      { ...stats.drops },
      "reason",
    ),
    counter(
      "limits_crossed_total",
      "Limits that were crossed, by the name of their option.",
      stats.crossings,
      "limit",
    ),
    gauge("queued_messages", "Messages that wait.", stats.queued),
    gauge("pending_handlers", "Handlers that have begun.", stats.pending),
    gauge(
      "start_time_seconds",
      "When the server was made, since 1970.",
      stats.startTime / 1000,
    ),
    histogram(
      "handler_duration_seconds",
      "How long handlers took, by namespace and event.",
      stats.handlers,
    ),
  ].join("");
}

function gauge(name: string, help: string, value: number): string {
  return writeFamily(name, "gauge", help, [writeSample(name, {}, value)]);
}

/** Writes a counter, or one for each value of a label. */
function counter(
  name: string,
  help: string,
  value: number | Readonly<Record<string, number>>,
  label = "",
): string {
  const samples = typeof value === "number"
    ? [writeSample(name, {}, value)]
    : Object.entries(value).map(([key, count]) =>
      writeSample(name, { [label]: key }, count)
    );
  return writeFamily(name, "counter", help, samples);
}

function histogram(
  name: string,
  help: string,
  handlers: readonly HandlerStats[],
): string {
  const samples = handlers.flatMap((
    { namespace, event, count, duration, buckets },
  ) => {
    const labels = { namespace, event };
    return [
      ...buckets.map((bucket) => {
        const le = String(bucket.max / 1000);
        return writeSample(`${name}_bucket`, { ...labels, le }, bucket.count);
      }),
      writeSample(`${name}_bucket`, { ...labels, le: "+Inf" }, count),
      writeSample(`${name}_sum`, labels, duration / 1000),
      writeSample(`${name}_count`, labels, count),
    ];
  });
  return writeFamily(name, "histogram", help, samples);
}

function writeFamily(
  name: string,
  type: string,
  help: string,
  samples: readonly string[],
): string {
  // What has not happened yet has no labels to say so with.
  if (samples.length === 0) return "";
  const head = `# HELP neffos_${name} ${help}\n# TYPE neffos_${name} ${type}\n`;
  return head + samples.join("");
}

function writeSample(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels)
    .map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  const inBraces = pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
  return `neffos_${name}${inBraces} ${value}\n`;
}

function escapeLabel(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')
    .replaceAll("\n", "\\n");
}

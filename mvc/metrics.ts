/**
 * {@linkcode metricsHandler}: the statistics of a server, for Prometheus.
 *
 * @module
 */

import type {
  ExchangeStats,
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
 * Prometheus (exposition format 0.0.4). Mount it by a plain GET, on a path that
 * is not public.
 *
 * From this call on, the server measures the durations of its handlers. Labels
 * are names that the program registered, never names that a client chose.
 *
 * @param server The server.
 * @param options The buckets of `neffos_handler_duration_seconds`, in
 * milliseconds; see `Server.measureHandlers`.
 * @returns The handler, for `router.get`.
 * @throws {RangeError} If the buckets are not positive numbers in ascending
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
 *
 * @category Observability
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

/** The labels of a sample, by name. */
type Labels = Readonly<Record<string, string>>;

/** Writes all metrics. */
function writeMetrics(stats: ServerStats): string {
  return [
    writeGauge("connections", "Open connections.", stats.connections),
    writeGauge(
      "sockets",
      "Open sockets, including those before the handshake and after the close of their connection.",
      stats.sockets,
    ),
    writeCounter(
      "connections_accepted_total",
      "Requests that were upgraded.",
      stats.accepted,
    ),
    writeCounter(
      "upgrades_refused_total",
      "Requests that were refused, by HTTP status.",
      stats.refused,
      "status",
    ),
    writeCounter(
      "connections_closed_total",
      "Closed sockets, by close code.",
      stats.closed,
      "code",
    ),
    writeGauge(
      "namespaces",
      "Namespaces with at least one connection.",
      stats.namespaces,
    ),
    writeGauge("rooms", "Rooms with at least one connection.", stats.rooms),
    writeCounter(
      "messages_received_total",
      "Received frames, those of the protocol itself included.",
      stats.messagesIn,
    ),
    writeCounter(
      "received_bytes_total",
      "Size of the received frames: bytes of binary frames, UTF-16 units of text frames.",
      stats.bytesIn,
    ),
    writeCounter(
      "messages_sent_total",
      "Sent frames, those of the protocol itself included.",
      stats.messagesOut,
    ),
    writeCounter(
      "sent_bytes_total",
      "Size of the sent frames: bytes of binary frames, UTF-16 units of text frames.",
      stats.bytesOut,
    ),
    writeCounter("errors_total", "Reported errors.", stats.errors),
    writeCounter(
      "messages_dropped_total",
      "Dropped messages, by reason.",
      { ...stats.drops },
      "reason",
    ),
    writeCounter(
      "limits_crossed_total",
      "Exceeded limits, by the name of their option.",
      stats.crossings,
      "limit",
    ),
    writeGauge(
      "queued_messages",
      "Received messages that wait for their handler.",
      stats.queued,
    ),
    writeGauge("pending_handlers", "Running handlers.", stats.pending),
    writeGauge(
      "start_time_seconds",
      "Unix time at which the server was made.",
      stats.startTime / 1000,
    ),
    writeHistogram(
      "handler_duration_seconds",
      "Duration of handlers, by namespace and event.",
      stats.handlers,
    ),
    stats.exchange === undefined ? "" : writeExchange(stats.exchange),
  ].join("");
}

function writeExchange(stats: ExchangeStats): string {
  const { dropped, failed, missed } = stats;
  const { invalid, unknownVersion, unsigned } = stats;
  return [
    writeGauge(
      "exchange_connected",
      "Whether messages get to the broker and back: 1 or 0.",
      Number(stats.isConnected),
    ),
    writeGauge("exchange_servers", "Other servers alive.", stats.servers),
    writeGauge(
      "exchange_channels",
      "Channels that the server listens to.",
      stats.channels,
    ),
    writeGauge(
      "exchange_queued_messages",
      "Messages that wait for the broker.",
      stats.queued,
    ),
    writeCounter(
      "exchange_messages_published_total",
      "Published messages, those between servers included.",
      stats.published,
    ),
    writeCounter(
      "exchange_messages_received_total",
      "Received messages of other servers.",
      stats.received,
    ),
    writeCounter(
      "exchange_messages_lost_total",
      "Lost messages: dropped or refused on their way out, or missed of others.",
      { dropped, failed, missed },
      "reason",
    ),
    writeCounter(
      "exchange_messages_refused_total",
      "Received messages that were refused, by reason.",
      { invalid, unknownVersion, unsigned },
      "reason",
    ),
  ].join("");
}

function writeGauge(name: string, help: string, value: number): string {
  return writeFamily(name, "gauge", help, [writeSample(name, {}, value)]);
}

/** Writes a counter, or one for each value of a label. */
function writeCounter(
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

function writeHistogram(
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
  // A labelled counter has no samples before its first event.
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

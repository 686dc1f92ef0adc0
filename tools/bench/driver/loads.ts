/** What the connections let a server do. */

import type { Connection } from "./connection.ts";
import type { Crowd } from "./crowd.ts";
import type { Exchange } from "./dialects.ts";

/** Options of {@linkcode echo}. */
export interface EchoOptions {
  /** The messages of each connection that are under way. */
  readonly inFlight: number;
  /** How long new messages are sent, in milliseconds. */
  readonly millis: number;
}

/** Keeps messages of each connection under way; returns how many came back. */
export async function echo(
  crowd: Crowd,
  { inFlight, millis }: EchoOptions,
): Promise<number> {
  let sent = 0;
  let received = 0;
  const end = performance.now() + millis;
  const send = (connection: Connection, count: number) => {
    sent += count;
    connection.send(count);
  };
  await crowd.listen((connection, count, done) => {
    received += count;
    if (performance.now() < end) send(connection, count);
    else if (received === sent) done();
  }, () => {
    for (const connection of crowd.connections) send(connection, inFlight);
  });
  return received;
}

/** Options of {@linkcode broadcast}. */
export interface BroadcastOptions {
  /** The deliveries to each connection that one message makes. */
  readonly deliveries: number;
  /** How long new messages are sent, in milliseconds. */
  readonly millis: number;
  /** The least number of messages. */
  readonly least: number;
}

/** Sends messages to all, each when the one before has come; returns the deliveries. */
export async function broadcast(
  crowd: Crowd,
  { deliveries, millis, least }: BroadcastOptions,
): Promise<number> {
  const all = crowd.connections.length * deliveries;
  const end = performance.now() + millis;
  let messages = 0;
  let received = 0;
  const send = () => {
    const i = messages++ % crowd.connections.length;
    crowd.connections[i]!.send(1);
  };
  await crowd.listen((_, count, done) => {
    received += count;
    if (received < messages * all) return;
    if (messages < least || performance.now() < end) send();
    else done();
  }, send);
  if (received === messages * all) return received;
  throw new Error(`${received} deliveries came instead of ${messages * all}`);
}

/** Options of {@linkcode latency}. */
export interface LatencyOptions {
  /** Messages a second, over all connections. */
  readonly rate: number;
  readonly millis: number;
}

/** How long answers took, in microseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/** Sends messages at a fixed rate, whether or not the answers have come. */
export async function latency(
  crowd: Crowd,
  { rate, millis }: LatencyOptions,
): Promise<Latency> {
  const total = Math.max(1, Math.floor(rate * millis / 1000));
  const times = new Map<Connection, number[]>();
  for (const connection of crowd.connections) times.set(connection, []);
  const micros: number[] = [];
  await crowd.listen((connection, count, done) => {
    const now = performance.now();
    const sent = times.get(connection)!;
    for (let i = 0; i < count; i++) micros.push((now - sent.shift()!) * 1000);
    if (micros.length === total) done();
  }, () => void sendAtRate(crowd, { total, rate, times }));
  micros.sort((a, b) => a - b);
  return { p50: quantile(micros, 0.5), p99: quantile(micros, 0.99) };
}

async function sendAtRate(
  { connections }: Crowd,
  { total, rate, times }: {
    total: number;
    rate: number;
    times: Map<Connection, number[]>;
  },
): Promise<void> {
  const start = performance.now();
  for (let sent = 0; sent < total;) {
    const due = Math.min(total, (performance.now() - start) / 1000 * rate);
    for (; sent < due; sent++) {
      const connection = connections[sent % connections.length]!;
      times.get(connection)!.push(performance.now());
      connection.send(1);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[
    Math.min(sorted.length - 1, Math.floor(sorted.length * share))
  ]!;
}

/**
 * Checks that a server does what the load counts on: an echo comes once and to its
 * sender alone, a broadcast once to each, a burst as often as it must.
 *
 * @throws {Error} When it does something else.
 */
export async function check(
  crowd: Crowd,
  exchanges: readonly {
    readonly exchange: Exchange;
    /** How often it comes to the sender, and to each of the others. */
    readonly times: readonly [sender: number, others: number];
  }[],
): Promise<void> {
  const [sender] = crowd.connections;
  for (const { exchange, times: [own, others] } of exchanges) {
    crowd.prepare(exchange);
    const counts = new Map<Connection, number>();
    const all = own + others * (crowd.connections.length - 1);
    let received = 0;
    await crowd.listen((connection, count, done) => {
      counts.set(connection, (counts.get(connection) ?? 0) + count);
      received += count;
      if (received >= all) done();
    }, () => sender!.send(1));
    for (const connection of crowd.connections) {
      const wanted = connection === sender ? own : others;
      const came = counts.get(connection) ?? 0;
      if (came === wanted) continue;
      const who = connection === sender ? "the sender" : "another connection";
      const what = exchange.request.slice(0, 40);
      throw new Error(
        `"${what}" came ${came} times to ${who}, not ${wanted} times`,
      );
    }
  }
}

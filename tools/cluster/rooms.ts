/**
 * Counts what servers receive when there is a message to each of many rooms, with
 * two people on two of four servers.
 */

import { findEngine } from "./engines.ts";
import type { SayArgument } from "./node.ts";
import { Cluster } from "./nodes.ts";
import { openPerson } from "./person.ts";
import { readTraffic } from "./presence.ts";

const SERVERS = 4;
/** The rooms of one connection: a server allows 128. */
const ROOMS = 100;

/** What the servers and the broker have counted. */
export interface RoomCount {
  /** The messages of others that each server has received. */
  readonly received: readonly number[];
  /** The bytes that the broker has sent. */
  readonly bytes: number;
}

/** Sends a message to each room from a server with one of its people. */
export async function countForRooms(
  channels: "namespaces" | "rooms",
  count: number,
): Promise<RoomCount> {
  await using cluster = await Cluster.start(findEngine("node-redis"), {
    size: SERVERS,
    sockets: Math.ceil(2 * count / ROOMS) + SERVERS,
    // Heartbeats are no messages; here they would be counted.
    options: {
      channels,
      heartbeat: { interval: 3_600_000, timeout: 7_200_000 },
    },
  });
  const names = Array.from({ length: count }, (_, i) => `room${i}`);
  const homes = cluster.nodes.map((_, node) =>
    names.filter((_, i) => i % SERVERS === node)
  );
  const sockets = [];
  for (const [node, { url }] of cluster.nodes.entries()) {
    const before = (node + SERVERS - 1) % SERVERS;
    const rooms = [...homes[node]!, ...homes[before]!];
    for (let at = 0; at < rooms.length; at += ROOMS) {
      sockets.push(await openPerson(url, rooms.slice(at, at + ROOMS)));
    }
  }
  await cluster.tellAll("settle");
  const broker = cluster.broker!;
  const before = await Promise.all([cluster.report(), readTraffic(broker)]);
  let heard = 0;
  const done = Promise.withResolvers<void>();
  for (const socket of sockets) {
    socket.onmessage = () => {
      if (++heard === 2 * count) done.resolve();
    };
  }
  for (const [node, rooms] of homes.entries()) {
    const argument: SayArgument = { rooms, body: "hello" };
    await cluster.nodes[node]!.tell("say", argument);
  }
  await done.promise;
  const after = await Promise.all([cluster.report(), readTraffic(broker)]);
  for (const socket of sockets) socket.close();
  return {
    received: after[0].map(({ exchange }, i) =>
      exchange.received - before[0][i]!.exchange.received
    ),
    bytes: after[1].output - before[1].output,
  };
}

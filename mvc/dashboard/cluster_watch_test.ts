import { assertEquals } from "@std/assert";
import type { InspectedPeer, Inspection } from "../../neffos/internal.ts";
import type { ServerStats } from "../../neffos/mod.ts";
import { ClusterWatch } from "./cluster_watch.ts";

Deno.test("ClusterWatch shows the servers that are alive before many that have gone", () => {
  let peers: InspectedPeer[] = [];
  const inspection = {
    exchangeId: "own",
    get peers() {
      return peers;
    },
  } as Partial<Inspection> as Inspection;
  const watch = new ClusterWatch(inspection);
  const exchange = { isConnected: true, channels: 1, queued: 0 };
  const stats = { connections: 0, exchange } as Partial<
    ServerStats
  > as ServerStats;
  const read = () => watch.read(stats)!.servers;
  // One that crashes and starts again, a hundred times.
  for (let i = 0; i < 100; i++) {
    peers = [{ id: `crash-${i}`, lastHeard: Date.now(), isSuspect: false }];
    read();
  }
  peers = [{ id: "alive", lastHeard: Date.now(), isSuspect: true }];
  const servers = read();
  assertEquals(servers.length, 65);
  assertEquals(
    servers.slice(0, 4).map(({ id, state }) => `${id} ${state}`),
    ["own this", "alive late", "crash-99 gone", "crash-98 gone"],
  );
});

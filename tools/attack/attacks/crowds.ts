import { type Arena, type Attack, expect } from "../arena.ts";
import type { Peer } from "../peer.ts";
import { GUARD } from "../victim_limits.ts";

/** Connects until the server refuses; returns the accepted peers and the status. */
async function crowd(
  arena: Arena,
  path: string,
  headers: (i: number) => Record<string, string>,
): Promise<{ peers: Peer[]; status: number }> {
  const peers: Peer[] = [];
  while (true) {
    const peer = await arena.connect();
    const { status } = await peer.upgrade(path, headers(peers.length));
    if (status !== 101) {
      peer[Symbol.dispose]();
      return { peers, status };
    }
    peers.push(peer);
  }
}

/** Waits until a server accepts connections again. */
async function assertFreed(arena: Arena, path: string): Promise<void> {
  const status = await arena.victim.settles(
    () => arena.tryUpgrade(path),
    (status) => status === 101,
    5_000,
  );
  expect(status, 101, `${path} once they have gone`);
}

/** More clients, and faster ones, than a server allows. */
export const CROWDS: readonly Attack[] = [
  {
    name: "more connections from one address than allowed",
    async run(arena) {
      const forge = (i: number) => ({ "x-forwarded-for": `192.0.2.${i}` });
      const { peers, status } = await crowd(arena, "/guarded", forge);
      expect([peers.length, status], [GUARD.perAddress, 429], "the crowd");
      // A request that is refused keeps no slot.
      for (let i = 0; i < 20; i++) {
        expect(await arena.tryUpgrade("/guarded"), 429, "one more");
      }
      for (const peer of peers) peer[Symbol.dispose]();
      await assertFreed(arena, "/guarded");
      return "429, whatever X-Forwarded-For says";
    },
  },
  {
    name: "more connections than allowed, behind a proxy",
    async run(arena) {
      const one = await crowd(arena, "/proxied", (i) => ({
        "x-forwarded-for": `198.51.100.${i}, 192.0.2.1`,
      }));
      expect(
        [one.peers.length, one.status],
        [GUARD.perAddress, 429],
        "those of one address",
      );
      const all = await crowd(arena, "/proxied", (i) => ({
        "x-forwarded-for": `192.0.2.${i + 2}`,
      }));
      const rest = GUARD.connections - GUARD.perAddress;
      expect([all.peers.length, all.status], [rest, 503], "the others");
      for (const peer of [...one.peers, ...all.peers]) peer[Symbol.dispose]();
      await assertFreed(arena, "/proxied");
      return "429, 503";
    },
  },
  {
    name: "messages that come faster than allowed",
    async run(arena) {
      const peer = await arena.enter("/guarded");
      // The hello and the connect count as well.
      for (let i = 2; i <= GUARD.rate.messages; i++) {
        await peer.send(";open;;onEcho;0;0;x");
      }
      expect(await peer.ended(), 1008, "the end");
      return "1008";
    },
  },
  {
    name: "names that would be lines of the metrics",
    async run(arena) {
      const peer = await arena.enter("/guarded");
      const forged = 'evil"} 1\nevil_total 1\n#';
      for (let i = 0; i < 40; i++) {
        await peer.send(`;open;;${i}${forged};0;0;x`);
      }
      await peer.ask(`$1;${forged};;_OnNamespaceConnect;0;0;`);
      const { status, body } = await arena.request(
        "GET /metrics HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
      );
      expect(status, 200, "the metrics");
      expect(body.includes("evil"), false, "a name of a client in them");
      return "none of them is there";
    },
  },
];

import { type Attack, expect } from "../arena.ts";
import {
  CLOSE,
  type Ending,
  makeFrame,
  type Peer,
  repeat,
  TEXT,
} from "../peer.ts";

const MIB = 1024 * 1024;

/** The number of connections at once. */
function times<T>(count: number, make: (i: number) => Promise<T>) {
  return Promise.all(Array.from({ length: count }, (_, i) => make(i)));
}

function count(endings: readonly Ending[]): string {
  const counts = Map.groupBy(endings, (ending) => ending);
  return Array.from(counts, ([ending, all]) => `${all.length} × ${ending}`)
    .join(", ");
}

async function assertAll(
  peers: readonly Peer[],
  wanted: Ending,
  isPolite = true,
): Promise<string> {
  const endings = await Promise.all(peers.map((peer) => peer.ended(isPolite)));
  expect(count(endings), `${peers.length} × ${wanted}`, "the ends");
  return count(endings);
}

/** Clients that send nothing or little, or do not read. */
export const SILENCE: readonly Attack[] = [
  {
    name: "heads of requests that never end",
    limit: "Deno.serve has no timeout for a head: a proxy in front has",
    async run(arena) {
      const peers = await times(arena.many(200), () => arena.connect());
      for (const byte of "GET /ws HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ") {
        await Promise.all(peers.map((peer) => peer.write(byte)));
      }
      return "kept";
    },
  },
  {
    name: "nothing after the TCP handshake",
    limit: "Deno.serve has no timeout for a head: a proxy in front has",
    async run(arena) {
      await times(arena.many(200), () => arena.connect());
      return "kept";
    },
  },
  {
    name: "no M after the upgrade",
    async run(arena) {
      const peers = await times(arena.many(200), () => arena.open());
      return await assertAll(peers, 4001);
    },
  },
  {
    name: "other frames instead of M",
    async run(arena) {
      const peers = await times(arena.many(200), async () => {
        const peer = await arena.open();
        for (let i = 0; i < 10; i++) await peer.send("$1;open;;onEcho;0;0;");
        return peer;
      });
      return await assertAll(peers, 4001);
    },
  },
  {
    name: "half-open: no answer to pings",
    async run(arena) {
      const peers = await times(arena.many(200), () => arena.enter());
      // Deno sends its close frame and ends the socket.
      const endings = await Promise.all(
        peers.map((peer) => peer.ended(false)),
      );
      return count(endings);
    },
  },
  {
    name: "a close that is not answered",
    limit:
      "Deno keeps the socket of a client that ignores a close, until a ping is not answered either",
    async run(arena) {
      const peers = await times(arena.many(200), () => arena.open());
      const seen = await assertAll(peers, 4001, false);
      const { connections } = await arena.victim.settles(
        () => arena.victim.memory(),
        ({ connections }) => connections === 1,
        5_000,
      );
      expect(connections, 1, "the connections of the server");
      return `${seen}, given up`;
    },
  },
  {
    name: "gone in the middle of everything",
    async run(arena) {
      const peers = await times(arena.many(200), async (i) => {
        const peer = await arena.enter();
        await peer.ask(`$1;open;${i};_OnRoomJoin;0;0;`);
        await peer.send("$1;open;;onAskBack;0;0;");
        await peer.send(";open;;onStuck;0;0;");
        await peer.write(makeFrame(TEXT, "half").subarray(0, 5));
        return peer;
      });
      for (const peer of peers) peer[Symbol.dispose]();
      const { connections } = await arena.victim.settles(
        () => arena.victim.memory(),
        ({ connections }) => connections === 1,
        5_000,
      );
      expect(connections, 1, "the connections of the server");
      return "forgotten";
    },
  },
  {
    name: "gone while the program waits for none of its own calls",
    faults: "69",
    async run(arena) {
      const count = arena.many(400);
      for (let i = 0; i < count; i++) {
        const peer = await arena.enter();
        await peer.send(";open;;onForget;0;0;");
        // Before the first call of it, and after.
        if (i % 2 === 0) await peer.text();
        if (i % 3 === 0) {
          await peer.send("$1;open;;_OnNamespaceDisconnect;0;0;");
        }
        if (i % 4 === 0) await peer.frame(CLOSE, new Uint8Array([3, 232]));
        peer[Symbol.dispose]();
      }
      const { connections } = await arena.victim.settles(
        () => arena.victim.memory(),
        ({ connections }) => connections === 1,
        5_000,
      );
      expect(connections, 1, "the connections of the server");
      return `${count} × forgotten`;
    },
  },
  {
    name: "a handler that never ends, and then a close",
    async run(arena) {
      const peers = await times(arena.many(50), async () => {
        const peer = await arena.enter();
        await peer.send("$1;open;;onStuck;0;0;");
        await peer.write(
          repeat(makeFrame(TEXT, ";open;;onEcho;0;0;hello"), 1_000),
        );
        await peer.frame(CLOSE, new Uint8Array([3, 232]));
        return peer;
      });
      return await assertAll(peers, 1000);
    },
  },
  {
    name: "readers that stop while the server broadcasts",
    limit:
      "Deno cannot drop a reader that stalls: its socket stays, it is sent no more",
    async run(arena) {
      const stalled = await times(arena.many(20), async () => {
        const peer = await arena.enter();
        await peer.ask("$1;open;loud;_OnRoomJoin;0;0;");
        return peer;
      });
      const speaker = await arena.enter();
      const order = JSON.stringify({ times: 8, size: 128 * 1024 });
      // More than four times `maxBuffered`, beside what the kernel takes.
      for (let i = 0; i < 32; i++) {
        await speaker.ask(`$1;open;;onShout;0;0;${order}`);
      }
      const { rss, connections } = await arena.victim.settles(
        () => arena.victim.memory(),
        ({ connections }) => connections === 2,
        5_000,
      );
      expect(connections, 2, "the connections of the server");
      // They read again: the earlier frames and the close.
      await assertAll(stalled.slice(0, 5), 4008);
      return `4008, given up; RSS ${Math.round(rss / MIB)} MiB`;
    },
  },
  {
    name: "readers that stop while they ask",
    limit: "Deno cannot drop a reader that stalls",
    async run(arena) {
      const frame = makeFrame(
        TEXT,
        `$1;open;;onEcho;0;0;${"x".repeat(16 * 1024)}`,
      );
      const peers = await times(arena.many(20), async () => {
        const peer = await arena.enter();
        void peer.write(repeat(frame, 1_000));
        return peer;
      });
      const { rss } = await arena.victim.settles(
        () => arena.victim.memory(),
        ({ connections }) => connections === 1,
        10_000,
      );
      return `${
        count(await Promise.all(peers.map((peer) => peer.ended())))
      }; RSS ${Math.round(rss / MIB)} MiB`;
    },
  },
];

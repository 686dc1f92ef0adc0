import { type Arena, type Attack, expect } from "../arena.ts";
import { CLOSE, makeFrame, Peer, repeat, TEXT } from "../peer.ts";
import { NAMESPACES } from "../victim_limits.ts";

const MIB = 1024 * 1024;
/** More MiB than `maxBuffered` and `maxQueued` allow. */
const ENOUGH = 20;
/** The most memory that one connection may take, in MiB. */
const MOST = 128;
/** The number of connections at once. */
const WIDTH = 50;

/** Repeats an action, with some of it at once. */
async function inBatches(
  count: number,
  action: (i: number) => Promise<void>,
): Promise<void> {
  for (let start = 0; start < count; start += WIDTH) {
    const width = Math.min(WIDTH, count - start);
    await Promise.all(
      Array.from({ length: width }, (_, i) => action(start + i)),
    );
  }
}

/** Sends frames while it reads the answers, until the last one has come. */
async function flood(
  peer: Peer,
  frames: Uint8Array,
  answers: number,
): Promise<string[]> {
  const written = peer.write(frames);
  const texts = [];
  while (texts.length < answers) {
    const text = await peer.text();
    texts.push(text);
    if (text === "dropped" || text.startsWith("closed")) break;
  }
  await written;
  return texts;
}

function join(frames: readonly string[]): Uint8Array {
  const parts = frames.map((text) => makeFrame(TEXT, text));
  const all = new Uint8Array(
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let start = 0;
  for (const part of parts) {
    all.set(part, start);
    start += part.length;
  }
  return all;
}

/** Too much of what is allowed. */
export const FLOODS: readonly Attack[] = [
  {
    name: "connects and closes",
    async run(arena) {
      const count = arena.many(2_000);
      await inBatches(count, async () => {
        using peer = await Peer.connect(arena.victim.port);
        await peer.upgrade("/ws");
        await peer.ask("M");
        await peer.ask("$1;open;;_OnNamespaceConnect;0;0;");
        await peer.frame(CLOSE, new Uint8Array([3, 232]));
        expect(await peer.ended(), 1000, "the end");
      });
      return `${count} × 1000`;
    },
  },
  {
    name: "connects and resets",
    async run(arena) {
      const count = arena.many(4_000);
      await inBatches(count, async (i) => {
        using peer = await Peer.connect(arena.victim.port);
        // Before the request, in it, after it, and after the handshake; unread
        // data makes the end a reset.
        if (i % 4 === 1) await peer.write("GET /ws HTTP/1.1\r\n");
        if (i % 4 > 1) await peer.upgrade("/ws");
        if (i % 4 > 2) {
          await peer.send("M");
          await peer.send("$1;open;;_OnNamespaceConnect;0;0;");
        }
      });
      return `${count} dropped`;
    },
  },
  {
    name: "joins and leaves of many rooms",
    async run(arena) {
      const peer = await arena.enter();
      const count = arena.many(20_000);
      const frames = [];
      for (let i = 0; i < count; i++) {
        const room = `${i}-${"r".repeat(200)}`;
        frames.push(
          `$1;open;${room};_OnRoomJoin;0;0;`,
          `$1;open;${room};_OnRoomLeave;0;0;`,
        );
        if (frames.length < 2_000 && i < count - 1) continue;
        const answers = await flood(peer, join(frames), frames.length);
        expect(new Set(answers).size, 1, `the answers ${answers.at(-1)}`);
        frames.length = 0;
      }
      return `${count} rooms, all forgotten`;
    },
  },
  {
    name: "connects and disconnects of namespaces",
    async run(arena) {
      const peer = await arena.enter();
      const count = arena.many(5_000);
      const frames = [];
      for (let i = 0; i < count; i++) {
        const namespace = `n${i % NAMESPACES}`;
        frames.push(
          `$1;${namespace};;_OnNamespaceConnect;0;0;`,
          `$1;${i};;_OnNamespaceConnect;0;0;`,
          `$1;${namespace};;_OnNamespaceDisconnect;0;0;`,
        );
        if (frames.length < 2_000 && i < count - 1) continue;
        await flood(peer, join(frames), frames.length);
        frames.length = 0;
      }
      expect(
        await peer.ask("$1;open;;onEcho;0;0;x"),
        "$1;open;;onEcho;0;0;x",
        "the next answer",
      );
      return `${count} times`;
    },
  },
  {
    name: "joins that are never decided: one name, both sides at once",
    async run(arena) {
      const peer = await arena.enter();
      const count = arena.many(100_000);
      void peer.write(
        repeat(makeFrame(TEXT, ";open;;onJoinBack;0;0;"), count),
      );
      const seen = await peer.text();
      expect(seen.includes("_OnRoomJoin"), true, `the question ${seen}`);
      const { heap } = await arena.victim.memory();
      return `heap ${Math.round(heap / MIB)} MiB, ${await peer.ended()}`;
    },
  },
  {
    name: "asks of the server without an answer",
    async run(arena) {
      const count = arena.many(50);
      const peers = await Promise.all(
        Array.from({ length: count }, () => arena.enter()),
      );
      const seen = await Promise.all(peers.map(async (peer) => {
        const texts = await flood(
          peer,
          repeat(makeFrame(TEXT, "$1;open;;onAskBack;0;0;"), 1_000),
          2_000,
        );
        return texts.filter((text) => text.includes(";1;0;")).length;
      }));
      expect(new Set(seen).size, 1, `those that have ended: ${seen}`);
      return `${count * 1_000} asks, each refused in time`;
    },
  },
  {
    name: "messages that wait for a handler that never ends",
    async run(arena) {
      const peer = await arena.enter();
      await peer.send(";open;;onStuck;0;0;");
      return await fillQueue(arena, peer);
    },
  },
  {
    name: "messages of one mebibyte to handlers that wait for asks",
    faults: "68",
    async run(arena) {
      const count = Math.max(ENOUGH, arena.many(900));
      const seen: string[] = [];
      for (const wait of ["", "$1"]) {
        const body = "x".repeat(MIB - 100);
        const frame = makeFrame(TEXT, `${wait};open;;onAskBack;0;0;${body}`);
        const peer = await arena.enter();
        seen.push(await fill(arena, peer, { frame, count }));
      }
      return seen.join("; asks: ");
    },
  },
  {
    name: "messages that wait for M",
    async run(arena) {
      return await fillQueue(arena, await arena.open());
    },
  },
  {
    name: "messages that wait for a room",
    async run(arena) {
      const peer = await arena.enter();
      await peer.send(";open;;onJoinBack;0;0;");
      await peer.text();
      return await fillQueue(arena, peer, "back");
    },
  },
  {
    name: "native frames",
    async run(arena) {
      const peer = await arena.open("/native");
      const count = arena.many(100_000);
      const frame = makeFrame(TEXT, ";;;;;;;;native");
      for (let sent = 0; sent < count; sent += 1_000) {
        const answers = await flood(peer, repeat(frame, 1_000), 1_000);
        expect(
          answers.every((text) => text === ";;;;;;;;native"),
          true,
          "the answers",
        );
      }
      return `${count} answered`;
    },
  },
  {
    name: "events without a handler, each a different one",
    async run(arena) {
      const peer = await arena.enter();
      const count = arena.many(50_000);
      const frames = [];
      for (let i = 0; i < count; i++) {
        frames.push(`;open;;${i}-${"e".repeat(240)};0;0;`);
      }
      await peer.write(join(frames));
      expect(
        await peer.ask("$1;open;;onEcho;0;0;x"),
        "$1;open;;onEcho;0;0;x",
        "the next answer",
      );
      return `${count} dropped`;
    },
  },
];

/** Sends as much as may wait, in messages of the largest size. */
function fillQueue(arena: Arena, peer: Peer, room = ""): Promise<string> {
  const body = "x".repeat(MIB - 100);
  const frame = makeFrame(TEXT, `;open;${room};onEcho;0;0;${body}`);
  const count = Math.max(ENOUGH, arena.many(256));
  return fill(arena, peer, { frame, count });
}

/** Resolves when a client cannot write on while the server answers others. */
async function stall(
  arena: Arena,
  count: () => number,
): Promise<"not read any more"> {
  let before = -1;
  for (let same = 0; same < 20;) {
    await arena.victim.serves();
    same = count() === before ? same + 1 : 0;
    before = count();
  }
  return "not read any more";
}

/** Sends a frame again and again until the server closes. */
async function fill(
  arena: Arena,
  peer: Peer,
  { frame, count }: { frame: Uint8Array; count: number },
): Promise<string> {
  const before = await arena.victim.rss();
  let isOver = false;
  let sent = 0;
  const write = async () => {
    while (sent < count && !isOver) {
      if (!await peer.write(frame)) break;
      sent++;
    }
  };
  void write();
  const { victim } = arena;
  const ending = await Promise.race([
    peer.ended(),
    ...victim.isWs ? [stall(arena, () => sent)] : [],
  ]).finally(() => isOver = true);
  const grown = Math.round((await victim.rss() - before) / MIB);
  if (victim.isWs) {
    // It is slowed down, unless it is to answer an ask or has never said M.
    expect(grown < MOST, true, `RSS + ${grown} MiB`);
    return `${ending}, RSS + ${grown} MiB`;
  }
  // Deno drops a client that sends more after the close.
  const isClosed = ending === 1008 || ending === "dropped";
  expect(isClosed, true, `${ending} after ${count} MiB that wait`);
  expect(grown < MOST, true, `RSS + ${grown} MiB`);
  return `${ending}, RSS + ${grown} MiB`;
}

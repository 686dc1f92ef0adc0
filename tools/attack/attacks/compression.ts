import { constants, deflateRawSync } from "node:zlib";
import { type Arena, type Attack, expect } from "../arena.ts";
import { BINARY, type Peer, TEXT } from "../peer.ts";

const MIB = 1024 * 1024;
/** The bit of a compressed message, RFC 7692, section 6. */
const COMPRESSED = { reserved: 4 };
const HEAD = "$1;open;;onEcho;0;0;";

/** Compresses a message, without the four bytes at its end (RFC 7692, section 7.2.1). */
export function compress(data: Uint8Array | string): Uint8Array {
  const bytes = deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH });
  return new Uint8Array(bytes.subarray(0, -4));
}

/** Opens a connection that may send compressed messages. */
export async function enter(arena: Arena): Promise<Peer> {
  const peer = await arena.open("/compressed", {
    "sec-websocket-extensions": "permessage-deflate",
  });
  expect((await peer.ask("M"))[0], "A", "the handshake");
  await peer.ask("$c;open;;_OnNamespaceConnect;0;0;");
  return peer;
}

/** Small messages that are large once they are decompressed. */
export const COMPRESSION: readonly Attack[] = [
  {
    name: "a compressed message of a gigabyte",
    transport: "ws-node",
    async run(arena) {
      const size = arena.many(1024) * MIB;
      const bomb = compress(new Uint8Array(size));
      const peers = await Promise.all(
        Array.from({ length: 5 }, () => enter(arena)),
      );
      for (const peer of peers) void peer.frame(BINARY, bomb, COMPRESSED);
      const ends = await Promise.all(peers.map((peer) => peer.ended()));
      expect(new Set(ends).size === 1 && ends[0], 1009, "the ends");
      return `${Math.round(bomb.length / 1024)} KiB for ${
        size / MIB
      } MiB: ${ends.length} × 1009`;
    },
  },
  {
    name: "many compressed messages of maxPayload",
    transport: "ws-node",
    async run(arena) {
      const body = "x".repeat(MIB - HEAD.length);
      const bomb = compress(HEAD.replace("onEcho", "onNone") + body);
      const peers = await Promise.all(
        Array.from({ length: 10 }, () => enter(arena)),
      );
      const count = arena.many(100);
      for (const peer of peers) {
        for (let i = 0; i < count; i++) {
          void peer.frame(TEXT, bomb, COMPRESSED);
        }
        void peer.frame(TEXT, compress(`${HEAD}done`), COMPRESSED);
      }
      for (const peer of peers) {
        let text = "";
        while (!text.endsWith("done")) text = await peer.text();
      }
      return `${peers.length * count} MiB out of ${
        Math.round(peers.length * count * bomb.length / 1024)
      } KiB, dropped`;
    },
  },
  {
    name: "fragments of a compressed message without end",
    transport: "ws-node",
    async run(arena) {
      const bomb = compress(new Uint8Array(arena.many(512) * MIB));
      const peer = await enter(arena);
      const size = Math.ceil(bomb.length / 100);
      for (let start = 0; start < bomb.length; start += size) {
        void peer.frame(
          start === 0 ? BINARY : 0,
          bomb.subarray(start, start + size),
          { ...start === 0 && COMPRESSED, isFinal: false },
        );
      }
      expect(await peer.ended(), 1009, "the end");
      return "1009 before the last one";
    },
  },
  {
    name: "compressed messages that are none",
    transport: "ws-node",
    async run(arena) {
      const part = compress(new Uint8Array(64 * 1024));
      const ends = [];
      for (const isFinal of [true, false]) {
        const peer = await enter(arena);
        await peer.frame(BINARY, part, { ...COMPRESSED, isFinal: false });
        for (let i = 0; i < 50; i++) void peer.frame(0, part, { isFinal });
        ends.push(await peer.ended());
      }
      return ends.join(", ");
    },
  },
];

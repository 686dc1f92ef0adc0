import { type Arena, type Attack, expect } from "../arena.ts";
import {
  BINARY,
  CLOSE,
  type Ending,
  type FrameOptions,
  makeFrame,
  PING,
  repeat,
  TEXT,
} from "../peer.ts";

const MIB = 1024 * 1024;
const HEAD = "$1;open;;onEcho;0;0;";
/** The fragments that ws accepts of one message. */
const WS_FRAGMENTS = 16 * 1024;

/** Sends invalid bytes; returns how the connection ends. */
async function breakRules(
  arena: Arena,
  bytes: Uint8Array,
): Promise<Ending> {
  const peer = await arena.enter();
  void peer.write(bytes);
  return await peer.ended();
}

/** Fragments of one message whose last one never comes. */
function fragment(data: Uint8Array, isFirst: boolean): Uint8Array {
  return makeFrame(isFirst ? BINARY : 0, data, { isFinal: false });
}

/** Frames that are too large, too small, too many or invalid. */
export const FRAMES: readonly Attack[] = [
  {
    name: "a frame of maxPayload and one more",
    async run(arena) {
      const peer = await arena.enter();
      const text = HEAD + "x".repeat(MIB - HEAD.length);
      expect(await peer.ask(text) === text, true, "a frame of maxPayload");
      void peer.send(`${text}x`);
      expect(await peer.ended(), 1009, "one byte more");
      const wide = await arena.enter();
      void wide.send(HEAD + "é".repeat(MIB / 2));
      expect(await wide.ended(), 1009, "one byte more in UTF-8");
      const early = await arena.open();
      void early.send("x".repeat(MIB + 1));
      expect(await early.ended(), 1009, "before M");
      return "1009";
    },
  },
  {
    name: "a frame of 64 MiB",
    limit: "Deno takes up to 64 MiB in before we see it",
    async run(arena) {
      const size = arena.many(64) * MIB;
      const ending = await breakRules(
        arena,
        makeFrame(BINARY, new Uint8Array(size)),
      );
      return `${size / MIB} MiB: ${ending}`;
    },
  },
  {
    name: "frames that claim 2^62 bytes",
    async run(arena) {
      const claim = { length: 2 ** 62 };
      const ending = await breakRules(arena, makeFrame(TEXT, "x", claim));
      return `${ending}`;
    },
  },
  {
    name: "fragments without end",
    limit:
      "Deno joins fragments without a limit; we see the message when it is whole",
    async run(arena) {
      const peer = await arena.enter();
      const count = arena.many(64);
      const data = new Uint8Array(MIB);
      for (let i = 0; i < count; i++) {
        if (!await peer.write(fragment(data, i === 0))) {
          return `dropped after ${i} MiB`;
        }
      }
      const { rss } = await arena.victim.memory();
      void peer.frame(0, new Uint8Array(1));
      expect(await peer.ended(), 1009, "the end of the message");
      const fate = arena.victim.isWs ? "dropped" : "kept";
      return `${count} MiB ${fate} (RSS ${Math.round(rss / MIB)} MiB), 1009`;
    },
  },
  {
    name: "a message one byte at a time, each in a fragment of its own",
    async run(arena) {
      const peer = await arena.enter();
      const count = arena.many(100_000);
      await peer.write(fragment(new Uint8Array(1), true));
      await peer.write(repeat(fragment(new Uint8Array(1), false), count));
      const { rss } = await arena.victim.memory();
      void peer.frame(0, "");
      const ending = arena.victim.isWs && count >= WS_FRAGMENTS
        ? `${await peer.ended()}`
        : await peer.ask(`${HEAD}x`);
      return `${ending.slice(0, 20)} after ${count} fragments; RSS ${
        Math.round(rss / MIB)
      } MiB`;
    },
  },
  {
    name: "tiny frames",
    async run(arena) {
      const peer = await arena.enter();
      const count = arena.many(200_000);
      await peer.write(repeat(makeFrame(TEXT, "x"), count));
      expect(await peer.ask(`${HEAD}x`), `${HEAD}x`, "the next answer");
      return `${count} dropped`;
    },
  },
  {
    name: "empty frames",
    async run(arena) {
      const peer = await arena.enter();
      const count = arena.many(100_000);
      await peer.write(repeat(makeFrame(TEXT), count));
      await peer.write(repeat(makeFrame(BINARY), count));
      // Empty fragments of a message that ends in the end.
      await peer.frame(TEXT, "", { isFinal: false });
      await peer.write(repeat(makeFrame(0, "", { isFinal: false }), count));
      await peer.frame(0, "");
      const answer = await peer.ask(`${HEAD}x`);
      if (arena.victim.isWs && count >= WS_FRAGMENTS) {
        expect(answer, "closed 1008", "the fragments");
        return `${2 * count} dropped, and 1008 for ${count} fragments`;
      }
      expect(answer, `${HEAD}x`, "the next answer");
      return `${3 * count} dropped`;
    },
  },
  {
    name: "pings",
    async run(arena) {
      const peer = await arena.enter();
      const count = arena.many(200_000);
      const written = peer.write(repeat(makeFrame(PING, "ping"), count));
      let pongs = 0;
      while (pongs < count) {
        const frame = await peer.next();
        // ws drops a client that sends faster than its answers leave.
        if (frame === undefined && arena.victim.isWs) {
          return `dropped after ${pongs} pongs`;
        }
        expect(frame?.opcode, 10, "the answer to a ping");
        pongs++;
      }
      await written;
      expect(await peer.ask(`${HEAD}x`), `${HEAD}x`, "the next answer");
      return `${pongs} pongs`;
    },
  },
  {
    name: "pings whose answers are not read",
    async run(arena) {
      const peer = await arena.enter();
      const data = "x".repeat(125);
      const written = peer.write(
        repeat(makeFrame(PING, data), arena.many(100_000)),
      );
      const { rss } = await arena.victim.memory();
      void written;
      return `RSS ${Math.round(rss / MIB)} MiB`;
    },
  },
  {
    name: "frames that break the rules of RFC 6455",
    async run(arena) {
      const wrong: [string, Uint8Array][] = [
        ["reserved bits", makeFrame(TEXT, "x", { reserved: 4 })],
        ["opcode 3", makeFrame(3, "x")],
        ["opcode 11", makeFrame(11, "x")],
        ["a long ping", makeFrame(PING, "x".repeat(126))],
        ["half a ping", makeFrame(PING, "x", { isFinal: false })],
        ["a fragment of nothing", makeFrame(0, "x")],
        ["invalid UTF-8", makeFrame(TEXT, new Uint8Array([0xff, 0xfe]))],
        [
          "half a character",
          makeFrame(TEXT, new Uint8Array([0x61, 0xe2, 0x82])),
        ],
        ["a close of one byte", makeFrame(CLOSE, new Uint8Array(1))],
        ["a close with 999", closeFrame(999)],
        ["a close with 1005", closeFrame(1005)],
        ["a close with 5000", closeFrame(5000)],
        ["a close with bad text", closeFrame(1000, [0xff])],
      ];
      const seen = [];
      for (const [name, bytes] of wrong) {
        seen.push(`${name}: ${await breakRules(arena, bytes)}`);
      }
      return seen.join(", ");
    },
  },
  {
    name: "frames without a mask",
    limit: "Deno takes them",
    async run(arena) {
      const peer = await arena.enter();
      const options: FrameOptions = { isMasked: false };
      await peer.frame(TEXT, `${HEAD}x`, options);
      return (await peer.text()) === `${HEAD}x` ? "answered" : "refused";
    },
  },
  {
    name: "a new message inside of another one",
    async run(arena) {
      const peer = await arena.enter();
      await peer.frame(TEXT, "a", { isFinal: false });
      await peer.frame(TEXT, `${HEAD}x`);
      return `${await peer.text()}`;
    },
  },
  {
    name: "bytes after the close",
    async run(arena) {
      const peer = await arena.enter();
      await peer.write(closeFrame(1000));
      for (let i = 0; i < 100; i++) await peer.send(`${HEAD}x`);
      return `${await peer.ended()}`;
    },
  },
  {
    name: "bodies of semicolons, heads of nothing",
    async run(arena) {
      const peer = await arena.enter();
      for (let count = 0; count < 20; count++) {
        await peer.send(";".repeat(count));
        await peer.frame(BINARY, ";".repeat(count));
      }
      const body = ";".repeat(arena.many(900_000));
      const answer = await peer.ask(HEAD + body);
      expect(answer === HEAD + body, true, "a body of semicolons");
      await peer.frame(BINARY, HEAD + body);
      const frame = await peer.next();
      expect(frame?.opcode, BINARY, "the answer to bytes");
      return "answered as it came";
    },
  },
  {
    name: "JSON of 100,000 levels",
    async run(arena) {
      const levels = arena.many(100_000);
      const deep = "[".repeat(levels) + "]".repeat(levels);
      const peer = await arena.enter();
      const json = await peer.ask(`$1;open;;onJSON;0;0;${deep}`);
      expect(json, "$1;open;;onJSON;0;0;object", "msg.json()");
      const lists = await peer.ask(`$1;open;;onLists;0;0;${deep}`);
      const isRefused = lists.startsWith("$1;open;;onLists;1;0;");
      expect(
        isRefused || lists === "$1;open;;onLists;0;0;lists",
        true,
        "the schema",
      );
      const bad = await peer.ask(
        `$1;open;;onJSON;0;0;${"[".repeat(levels)}`,
      );
      expect(bad.startsWith("$1;open;;onJSON;1;0;"), true, "half of it");
      const { status } = await arena.request(
        `POST /json HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${deep.length}\r\n\r\n${deep}`,
      );
      return `json() ok, schema ${
        isRefused ? "refused" : "ok"
      }, half of it refused, HTTP ${status}`;
    },
  },
  {
    name: "JSON with __proto__",
    async run(arena) {
      const body =
        '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
      const peer = await arena.enter();
      await peer.ask(`$1;open;;onJSON;0;0;${body}`);
      const request = (type: string, body: string) =>
        arena.request(
          `POST /json HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
        );
      await request("application/json", body);
      await request(
        "application/x-www-form-urlencoded",
        "__proto__=polluted&__proto__=1&constructor=1",
      );
      const { body: after } = await request("application/json", "{}");
      expect(after.includes("polluted"), false, "a later object");
      return "nothing polluted";
    },
  },
];

function closeFrame(code: number, reason: number[] = []): Uint8Array {
  return makeFrame(CLOSE, new Uint8Array([code >> 8, code & 255, ...reason]));
}

import { type Arena, type Attack, expect } from "../arena.ts";
import type { Peer } from "../peer.ts";

const MIB = 1024 * 1024;
const FORM = "application/x-www-form-urlencoded";
/** The boundary of the parts of a form. */
const BOUNDARY = "part";

/** The most memory that the bodies of an attack may take, in bytes. */
const MOST = 300 * MIB;
/** The longest that a request of a mebibyte may take, in milliseconds. */
const LONGEST = 1_000;

/** Sends the head of a POST; its body comes in chunks, or is as long as it says. */
async function post(
  arena: Arena,
  { type, length, path = "/web/form" }: {
    type: string;
    length?: number | undefined;
    path?: string;
  },
): Promise<Peer> {
  const peer = await arena.connect();
  const framing = length === undefined
    ? "transfer-encoding: chunked"
    : `content-length: ${length}`;
  await peer.write(
    `POST ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: ${type}\r\n${framing}\r\n\r\n`,
  );
  return peer;
}

/** Counts the services that live for requests. */
async function countSessions(arena: Arena): Promise<number> {
  const { body } = await arena.request(
    "GET /web/sessions HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
  );
  return JSON.parse(body).sessions;
}

/** Sends a form of one mebibyte; returns the status of the answer, and how long it took. */
async function sendForm(
  arena: Arena,
  type: string,
  fields: string,
): Promise<{ status: number; ms: number }> {
  const peer = await post(arena, { type, length: fields.length });
  const start = performance.now();
  await peer.write(fields);
  const { status } = await peer.answer();
  return { status, ms: performance.now() - start };
}

/** Bodies that cost more than they weigh. */
export const BODIES: readonly Attack[] = [
  {
    name: "bodies in chunks of one byte",
    faults: "67",
    async run(arena) {
      const before = await arena.victim.rss();
      const count = Math.min(2, arena.many(20));
      const size = 10 * 1024;
      const peers = await Promise.all(
        Array.from(
          { length: count },
          () => post(arena, { type: FORM, path: "/web/slowly" }),
        ),
      );
      // Several chunks in one packet would be one chunk of the body.
      for (let i = 0; i < size; i++) {
        for (const peer of peers) await peer.write("1\r\na\r\n");
      }
      const grown = await arena.victim.rss() - before;
      const mib = Math.round(grown / MIB);
      expect(grown < MOST, true, `${count} bodies of ${size} took ${mib} MiB`);
      for (const peer of peers) {
        await peer.write("0\r\n\r\n");
        expect((await peer.answer()).status, 200, "the answer");
      }
      return `${count} × 200, RSS + ${mib} MiB`;
    },
  },
  {
    name: "bodies that do not come",
    faults: "67",
    async run(arena) {
      const count = arena.many(200);
      // Some send a little, so that they look alive.
      const kinds: readonly (readonly [string, number?, string?])[] = [
        [FORM],
        [FORM, MIB],
        ["application/json", 2, "1"],
        ["multipart/form-data; boundary=a", undefined, "3\r\n--a\r\n"],
      ];
      const peers = await Promise.all(
        Array.from({ length: count }, async (_, i) => {
          const [type, length, start = ""] = kinds[i % kinds.length]!;
          const peer = await post(arena, { type, length });
          await peer.write(start);
          return peer;
        }),
      );
      expect(await countSessions(arena), 0, "the services they hold");
      const answers = await Promise.all(peers.map((peer) => peer.answer()));
      const statuses = new Set(answers.map(({ status }) => status));
      expect([...statuses].sort(), [408], "the answers");
      return `${count} × 408, no service is built for them`;
    },
  },
  {
    name: "forms with as many fields as a mebibyte can hold",
    faults: "67",
    async run(arena) {
      const multipart = `multipart/form-data; boundary=${BOUNDARY}`;
      const part =
        `--${BOUNDARY}\r\ncontent-disposition: form-data; name=a\r\n\r\n\r\n`;
      const fill = (text: string) =>
        text.repeat(Math.floor((MIB - 100) / text.length));
      const forms: Readonly<Record<string, readonly [string, string]>> = {
        fields: [FORM, fill("&a")],
        "fields of different names": [
          FORM,
          Array.from({ length: 120_000 }, (_, i) => i.toString(36)).join("&"),
        ],
        nothing: [FORM, fill("&")],
        escapes: [FORM, fill("%61=%62&")],
        parts: [multipart, `${fill(part)}--${BOUNDARY}--\r\n`],
        "parts without a head": [multipart, fill(`--${BOUNDARY}\r\n`)],
      };
      const seen: string[] = [];
      for (const [name, [type, fields]] of Object.entries(forms)) {
        const { status, ms } = await sendForm(arena, type, fields);
        expect(status === 413 || status === 400, true, `${name}: ${status}`);
        const isFast = ms < LONGEST;
        expect(isFast, true, `${name} took ${ms.toFixed()} ms`);
        seen.push(`${name}: ${status} in ${ms.toFixed()} ms`);
      }
      return seen.join(", ");
    },
  },
];

import { type Arena, type Attack, expect } from "../arena.ts";
import { RUDE_HANDLERS, RUDE_MIDDLEWARE } from "../victim_rude.ts";
import { SECRET } from "../victim_process.ts";

const CLOSE = "connection: close\r\n";

/** Paths that lead out of a folder unless the server prevents it. */
const PATHS = [
  "../outside.txt",
  "sub/../../outside.txt",
  "%2e%2e/outside.txt",
  "%2e%2e%2foutside.txt",
  "..%2foutside.txt",
  "..%5coutside.txt",
  "..\\outside.txt",
  "sub/..%2f..%2foutside.txt",
  "%252e%252e/outside.txt",
  "%252e%252e%252foutside.txt",
  "..%c0%afoutside.txt",
  "%c0%ae%c0%ae/outside.txt",
  "%uff0e%uff0e/outside.txt",
  "....//outside.txt",
  "..;/outside.txt",
  "inside.txt%00/../../outside.txt",
  "%00",
  "inside.txt%00.html",
  "//outside.txt",
  "/../outside.txt",
  "%2f%2e%2e%2foutside.txt",
  "file:///etc/passwd",
  "/etc/passwd",
  "%2fetc%2fpasswd",
  "sub/%",
  "%ff%fe",
  "x".repeat(5_000),
] as const;

/** Two requests in one, or half of one, for servers and proxies that disagree. */
const SMUGGLED: Readonly<Record<string, string>> = {
  "two lengths":
    "POST /json HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ncontent-length: 30\r\n\r\n{}",
  "length and chunks":
    `POST /json HTTP/1.1\r\nhost: a\r\n${CLOSE}content-type: application/json\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
  "chunks, spelt oddly":
    `POST /json HTTP/1.1\r\nhost: a\r\n${CLOSE}transfer-encoding: xchunked\r\n\r\n0\r\n\r\n`,
  "a negative length":
    "POST /json HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
  "a length that is none":
    "POST /json HTTP/1.1\r\nhost: a\r\ncontent-length: 1e3\r\n\r\n",
  "a chunk of 2^64":
    `POST /json HTTP/1.1\r\nhost: a\r\n${CLOSE}content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff1\r\n{}\r\n0\r\n\r\n`,
  "a space before the colon": `GET /hello HTTP/1.1\r\nhost : a\r\n${CLOSE}\r\n`,
  "a folded header":
    `GET /hello HTTP/1.1\r\nhost: a\r\nx: 1\r\n 2\r\n${CLOSE}\r\n`,
  "lines without \\r": "GET /hello HTTP/1.1\nhost: a\nconnection: close\n\n",
  "no host": `GET /hello HTTP/1.1\r\n${CLOSE}\r\n`,
  "two hosts": `GET /hello HTTP/1.1\r\nhost: a\r\nhost: b\r\n${CLOSE}\r\n`,
  "a host that is none": `GET /hello HTTP/1.1\r\nhost: a b\r\n${CLOSE}\r\n`,
  "a whole URL": `GET http://b/hello HTTP/1.1\r\nhost: a\r\n${CLOSE}\r\n`,
  "OPTIONS *": `OPTIONS * HTTP/1.1\r\nhost: a\r\n${CLOSE}\r\n`,
  "CONNECT": `CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n${CLOSE}\r\n`,
  "HTTP/0.9": "GET /hello\r\n\r\n",
  "no HTTP at all": "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n",
};

function upgradeWith(
  arena: Arena,
  headers: Record<string, string>,
  first?: string,
): Promise<number> {
  return arena.tryUpgrade("/ws", headers, first);
}

/** Attacks over HTTP, before there is a websocket. */
export const REQUESTS: readonly Attack[] = [
  {
    name: "handshakes that are none",
    limit: "Deno does not tell us that a request is of HTTP/1.0",
    async run(arena) {
      const post = "POST /ws HTTP/1.1";
      expect(await upgradeWith(arena, {}, post), 405, "POST");
      const version = { "sec-websocket-version": "12" };
      expect(await upgradeWith(arena, version), 426, "a wrong version");
      for (const key of ["", "x", "A".repeat(24), "A".repeat(10_000)]) {
        expect(
          await upgradeWith(arena, { "sec-websocket-key": key }),
          400,
          `the key ${key.slice(0, 30)}`,
        );
      }
      const noUpgrade = { connection: "close", upgrade: "" };
      expect(await upgradeWith(arena, noUpgrade), 426, "no upgrade");
      const head = "HEAD /ws HTTP/1.1";
      expect(await upgradeWith(arena, {}, head), 302, "HEAD");
      const protocols = { "sec-websocket-protocol": ",,a,\t,;" };
      expect(await upgradeWith(arena, protocols), 101, "odd subprotocols");
      const old = await upgradeWith(arena, {}, "GET /ws HTTP/1.0");
      return `405, 426, 400; HTTP/1.0: ${old}`;
    },
  },
  {
    name: "thousands of URL parameters that are headers",
    async run(arena) {
      let query = "";
      for (let i = 0; query.length < 60_000; i++) {
        query += `&x-websocket-header-${i.toString(36)}=`;
      }
      const start = performance.now();
      const count = arena.many(20);
      for (let i = 0; i < count; i++) {
        const origin = "http://evil.example";
        const status = await arena.tryUpgrade(`/ws?${query}`, { origin });
        expect(status, 431, "the answer");
      }
      const ms = (performance.now() - start) / count;
      // Two thousand parameters took more than half a second.
      expect(ms < 100, true, `a request took ${ms.toFixed()} ms`);
      return `431 in ${ms.toFixed(1)} ms`;
    },
  },
  {
    name: "ways out of a folder",
    async run(arena) {
      if (arena.victim.transport === "ws-node") return "no files in Node";
      const inside = await arena.request(
        `GET /files/inside.txt HTTP/1.1\r\nhost: a\r\n${CLOSE}\r\n`,
      );
      expect(inside.body, "inside", "a file of the folder");
      const statuses = new Set<number>();
      for (const path of PATHS) {
        const { status, body } = await arena.request(
          `GET /files/${path} HTTP/1.1\r\nhost: a\r\n${CLOSE}\r\n`,
        );
        const isOut = body.includes(SECRET) || body.includes("root:");
        expect(isOut, false, `a file outside of the folder, by ${path}`);
        expect(status < 500 && status !== 200, true, `${path}: ${status}`);
        statuses.add(status);
      }
      return [...statuses].sort().join(", ");
    },
  },
  {
    name: "requests that can be read in two ways",
    limit: "what Deno takes for a request is its own matter",
    async run(arena) {
      const seen: string[] = [];
      for (const [name, request] of Object.entries(SMUGGLED)) {
        const status = await arena.status(request).catch(() => -1);
        expect(status >= 0, true, `an answer to ${name}`);
        expect(status < 500 || status === 501, true, `${name}: ${status}`);
        seen.push(`${name} ${status || "dropped"}`);
      }
      return seen.join(", ");
    },
  },
  {
    name: "bodies that are no JSON, too long, or never end",
    async run(arena) {
      const post = (type: string, length: number | string, body: string) =>
        arena.status(
          `POST /json HTTP/1.1\r\nhost: a\r\n${CLOSE}content-type: ${type}\r\ncontent-length: ${length}\r\n\r\n${body}`,
        );
      const bad = await post("application/json", 1, "{");
      expect(bad, 400, "no JSON");
      const type = await post("text/plain", 1, "x");
      expect(type, 415, "no content type");
      const long = await post("application/json", 2 ** 40, "x");
      expect(long, 413, "2^40 bytes");
      const peer = await arena.connect();
      await peer.write(
        `POST /json HTTP/1.1\r\nhost: a\r\n${CLOSE}content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`,
      );
      const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
      for (let i = 0; i < 17; i++) await peer.write(chunk);
      expect((await peer.answer()).status, 413, "chunks without end");
      return "400, 413, 415";
    },
  },
  {
    name: "a handler or middleware that answers otherwise after the upgrade",
    async run(arena) {
      const paths = [
        ...RUDE_HANDLERS.flatMap((name) => [
          `/rude/handler/${name}`,
          `/rude/unknown/${name}`,
        ]),
        ...RUDE_MIDDLEWARE.map((name) => `/rude/middleware/${name}`),
      ];
      for (const path of paths) {
        const peer = await arena.connect();
        const { status } = await peer.upgrade(path);
        const wanted = path.endsWith("hurry") ? 200 : 101;
        expect(status, wanted, path);
        if (status === 101) expect((await peer.ask("M"))[0], "A", path);
      }
      return "101 all the same";
    },
  },
];

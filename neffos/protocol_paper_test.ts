/** Plays what PROTOCOL.md says against the codec, a server, and the envelope. */

import { assert, assertEquals } from "@std/assert";
import type { NSConn } from "./api/ns_conn.ts";
import type { Events } from "./controller/events.ts";
import { completeReconnect, mayComeBack } from "./client/reconnect.ts";
import { DEFAULT_LIMITS, heartbeatOf } from "./connection/limits.ts";
import { open, Sealer, Signer } from "./exchange/envelope.ts";
import { MemoryServer, RawClient } from "./harness/mod.ts";
import { Struct } from "./controller/struct.ts";
import { RecordingTracer } from "./harness/tracer.ts";
import { traceEvents } from "./tracing/trace_events.ts";
import { decode, encode, encodeEmptyReply } from "./protocol/codec.ts";
import { EventError } from "./protocol/errors.ts";
import { type Message, type RawBody, reply } from "./protocol/message.ts";

const PAPER = await Deno.readTextFile(new URL("PROTOCOL.md", import.meta.url));

/** The same without line breaks. */
const TEXT = PAPER.replaceAll(/\s+/g, " ");

/** Reads the rows of all tables whose first column has this heading. */
function readRows(heading: string): string[][] {
  const tables = PAPER.matchAll(
    new RegExp(`^\\| ${heading} .*\\n\\|[ |-]+\\n((?:\\|.*\\n)+)`, "gm"),
  );
  return Array.from(tables, ([, rows]) => rows!.trimEnd().split("\n")).flat()
    .map((row) => row.slice(1, -1).split("|").map(readCell));
}

function readCell(cell: string): string {
  return cell.trim().replaceAll("`", "");
}

Deno.test("PROTOCOL.md: the codec reads and writes each frame as the table says", () => {
  const rows = readRows("frame");
  assert(rows.length >= 10);
  for (const [frame = "", ...cells] of rows) {
    const message = decode(frame);
    if (cells[0] === "not valid") {
      assertEquals(message, undefined, frame);
      continue;
    }
    assert(message !== undefined, frame);
    const { wait, namespace, room, event, error, isNoOp, body } = message;
    const read = [wait, namespace, room, event];
    const flags = [error !== undefined, isNoOp].map((is) => is ? "yes" : "no");
    assertEquals([...read, ...flags, error?.message ?? body], cells, frame);
    if (frame === encodeEmptyReply(wait)) continue;
    // An error without a text is read, and never written.
    if (!frame.endsWith(";1;0;")) assertEquals(encode(message), frame);
  }
});

Deno.test("PROTOCOL.md: the envelope opens and seals as the table says", () => {
  const rows = readRows("channel").filter((cells) => cells.length === 3);
  assert(rows.length >= 6);
  for (const [channel = "", secret = "", published = ""] of rows) {
    const sealed = published.replace("⏎", "\n");
    const signer = secret === "" ? undefined : new Signer(secret);
    const envelope = open(sealed, channel, signer);
    assert(typeof envelope === "object", `${published}: ${envelope}`);
    const sealer = new Sealer(envelope.server, signer);
    const parts = { ...envelope, channel };
    assertEquals(sealer.seal(parts, envelope.sequence), sealed);
  }
});

/** What a side sends: a frame, or the end. */
interface Line {
  readonly from: string;
  readonly data: RawBody | { readonly code: number; readonly reason: string };
}

function readLine(line: string): Line {
  const [, from, text] = /^([CS]): (.*)$/.exec(line) ?? [];
  assert(from !== undefined, line);
  const [, kind, first = "", rest = ""] =
    /^\[(\w+) (\w+) ?(.*)\]$/.exec(text!) ?? [];
  if (kind === "binary") return { from, data: Uint8Array.fromHex(first) };
  return kind === "close"
    ? { from, data: { code: Number(first), reason: rest } }
    : { from, data: text! };
}

/** The conversations, each from its handshake on. */
function readConversations(): Line[][] {
  const all: Line[][] = [];
  for (const [, block] of PAPER.matchAll(/^```text\n([CS]: .*?)^```$/gms)) {
    const lines = block!.trimEnd().split("\n").map(readLine);
    if (lines[0]!.data === "M") all.push(lines);
    else all.at(-1)!.push(...lines);
  }
  return all;
}

const shout = (_: NSConn, msg: Message) => reply(msg.text().toUpperCase());
const tellAll = ({ server }: NSConn, msg: Message) =>
  server.broadcast(null, msg);

const CHAT: Events = {
  onEcho: (_, msg) => msg.body,
  onNothing() {},
  onFail() {
    throw new EventError("not today; sorry");
  },
  onShout: shout,
  onSay: tellAll,
  async onAskMe(nsConn) {
    const answer = await nsConn.ask("onName", "who are you?");
    nsConn.emit("onHello", answer.body);
  },
  async onInvite(nsConn) {
    const room = await nsConn.joinRoom("vip");
    await room.leave();
    await nsConn.disconnect();
    await nsConn.conn.connect("chat");
  },
  onRoomJoin(_, { room, isLocal }) {
    if (room === "full" && !isLocal) throw new EventError("the room is full");
  },
};

const HANDLER: Record<string, Events> = {
  "": { onNativeMessage: shout, onShout: shout },
  chat: CHAT,
  "a;b": { "on;say": tellAll },
  members: {
    onNamespaceConnect(_, msg) {
      if (msg.text() === "") throw new EventError("members only");
    },
  },
};

class TracedChat {
  static use = [traceEvents(new RecordingTracer())];
  onEcho(_: NSConn, msg: Message) {
    return msg.body;
  }
  onSay(nsConn: NSConn, msg: Message) {
    tellAll(nsConn, msg);
  }
}

/** A client that says the lines of one side, and compares those of the other. */
class Player {
  readonly #client: RawClient;
  /** The server's tokens, by those of the paper. */
  readonly #tokens = new Map<string, string>();
  #count = 0;

  constructor(client: RawClient) {
    this.#client = client;
  }

  async play({ from, data }: Line): Promise<void> {
    if (typeof data === "object" && "code" in data) {
      const { code, reason } = await this.#client.closed.promise;
      assertEquals({ code, reason }, data);
    } else if (from === "C") this.#client.send(this.#translate(data));
    else {
      const received = (await this.#client.until(++this.#count))
        .at(this.#count - 1)!;
      this.#learn(data, received);
      assertEquals(received, this.#translate(data));
    }
  }

  #learn(data: RawBody, received: RawBody): void {
    const token = readToken(data);
    if (!/^\d/.test(token) || this.#tokens.has(token)) return;
    this.#tokens.set(token, readToken(received));
  }

  #translate(data: RawBody): RawBody {
    const token = this.#tokens.get(readToken(data));
    return token === undefined || typeof data !== "string"
      ? data
      : token + data.slice(data.indexOf(";"));
  }

  /** Checks that nothing more comes than what the paper has. */
  async end(isTraced: boolean): Promise<void> {
    const frame = "$end;_heartbeat;;_OnNamespaceDisconnect;0;0;";
    const flag = isTraced ? "00" : "";
    await this.play({ from: "C", data: frame });
    await this.play({ from: "S", data: `$end;;;;;${flag};` });
  }
}

function readToken(data: RawBody): string {
  return typeof data === "string" && data.includes(";")
    ? data.slice(0, data.indexOf(";"))
    : "";
}

Deno.test("PROTOCOL.md: a server answers each conversation as it says", async () => {
  const conversations = readConversations();
  assert(conversations.length >= 3);
  for (const lines of conversations) {
    const isRefused = lines.some(({ data }) => data === "Hnot today");
    const isTraced = lines.some(({ data }) => `${data}`.startsWith("$~"));
    const handler = isTraced
      ? { chat: new Struct(TracedChat, { isShared: true }) }
      : HANDLER;
    await using memory = new MemoryServer(handler, {
      idGenerator: () => "ann",
      onConnect() {
        if (isRefused) throw new EventError("not today");
      },
    });
    const player = new Player(await RawClient.open(memory));
    for (const line of lines) await player.play(line);
    if (!isRefused) await player.end(isTraced);
    assertEquals(memory.errors, []);
  }
});

Deno.test("PROTOCOL.md: a client comes back after the codes that the table says", () => {
  const rows = readRows("code");
  assert(rows.length >= 10);
  for (const [cell = "", , , answer] of rows) {
    const [first = 0, last = first] = cell.split(/\D+/).map(Number);
    for (let code = first; code <= last; code++) {
      assertEquals(mayComeBack(code), answer === "yes", `${code}`);
    }
  }
});

Deno.test("PROTOCOL.md: the limits are the defaults", () => {
  const { maxNameLength, maxNamespaces, maxRooms, askTimeout, ackTimeout } =
    DEFAULT_LIMITS;
  const { interval, timeout } = heartbeatOf()!;
  const { initialDelay, maxDelay, minUptime } = completeReconnect(true)!;
  assertEquals(DEFAULT_LIMITS.maxPayload, 1024 * 1024);
  const seconds = (ms: number) => `${ms / 1_000} seconds`;
  for (
    const text of [
      `up to ${maxNameLength} UTF-16 units`,
      `more than ${maxNamespaces} namespaces and ${maxRooms} rooms`,
      `wait for ${seconds(ackTimeout)}`,
      `time limit for asks (here, ${seconds(askTimeout)})`,
      `for a while (here, ${seconds(interval)})`,
      `for another ${seconds(timeout)}`,
      `of up to ${initialDelay} ms`,
      `at most ${seconds(maxDelay)}`,
      `has lasted (here, ${seconds(minUptime)})`,
    ]
  ) assert(TEXT.includes(text), text);
});

Deno.test("PROTOCOL.md: the vectors are as many as it says", async () => {
  const read = async (name: string) =>
    JSON.parse(
      await Deno.readTextFile(new URL(`testdata/${name}`, import.meta.url)),
    );
  const { deserialize, serialize } = await read("codec.json");
  const counts = [
    `\`deserialize\`, ${deserialize.length} entries`,
    `\`serialize\`, ${serialize.length} entries`,
    `a list of ${(await read("wire.json")).length} conversations`,
  ];
  for (const count of counts) assert(TEXT.includes(count), count);
});

/**
 * Seeded walks of peers that trace and peers that do not, on servers that share
 * an exchange. Clients come back to any of them. Every frame is checked: its
 * sixth field is that of a peer without tracing, unless both sides read contexts.
 */

import { assert, assertEquals } from "@std/assert";
import { Prng } from "../../tools/fuzz/prng.ts";
import type { NSConn } from "../api/ns_conn.ts";
import { type Client, dial } from "../client.ts";
import type { Events } from "../controller/events.ts";
import { memoryExchange } from "../exchange/engines/memory.ts";
import { MemoryServer } from "../harness/mod.ts";
import { RecordingTracer } from "../harness/tracer.ts";
import { decode } from "../protocol/codec.ts";
import type { Message, RawBody } from "../protocol/message.ts";
import type { Socket } from "../transport/socket.ts";
import { traceEvents } from "./trace_events.ts";

const WALKS = Number(Deno.env.get("WALKS") ?? 30);
const STEPS = 60;
const CONTEXT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/;

/** Whether a side tells its peers that it traces, keeps it to itself, or does not. */
const KINDS = ["tells", "keeps", "plain"] as const;
type Kind = typeof KINDS[number];

const TEXTS = ["", "a;b;c", `x;0;00-${"1".repeat(32)}-${"2".repeat(16)}-01;y`];
const BODIES = [...TEXTS, ...TEXTS.map((text) => toBytes(text))];

function toBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function toText(data: RawBody): string {
  return typeof data === "string" ? data : new TextDecoder().decode(data);
}

/** Waits until what is under way in memory has been handled. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

class Walk {
  readonly #lot: Prng;
  readonly #tracer = new RecordingTracer();
  readonly #servers: Map<Kind, MemoryServer>;
  /** What was wrong with frames and messages. */
  readonly #faults: string[] = [];
  readonly #clients: Client[] = [];
  contexts = 0;

  constructor(seed: number) {
    this.#lot = new Prng(seed);
    this.#servers = new Map(
      KINDS.map((kind) => [
        kind,
        new MemoryServer({ chat: this.#makeEvents() }, this.#makeTrace(kind)),
      ]),
    );
  }

  async run(): Promise<void> {
    const exchange = memoryExchange();
    for (const { server } of this.#servers.values()) {
      await server.useStackExchange(exchange);
    }
    const kinds = [...KINDS, ...KINDS];
    const chats = await Promise.all(kinds.map((kind) => this.#enter(kind)));
    for (let step = 0; step < STEPS; step++) {
      await this.#step(this.#lot.pick(chats));
      if (this.#lot.chance(400)) await settle();
    }
    await settle();
    await Promise.all(this.#clients.map((client) => client.close()));
    for (const { server, errors } of this.#servers.values()) {
      await server.close();
      assertEquals(errors, []);
    }
    assertEquals(this.#faults, []);
    for (const { name, log } of this.#tracer.spans) {
      assertEquals(log.filter((line) => line === "end").length, 1, name);
    }
  }

  #makeTrace(kind: Kind) {
    const propagate = kind === "tells";
    return kind === "plain"
      ? {}
      : { trace: traceEvents(this.#tracer, { propagate }) };
  }

  /** Makes the events of either side. */
  #makeEvents(): Events {
    const check = (msg: Message) => {
      const isKnown = TEXTS.includes(toText(msg.body));
      if (!isKnown || msg.isNoOp) this.#faults.push(`body ${msg.body}`);
      return msg.body;
    };
    return {
      onSay: (_, msg) => void check(msg),
      onName: (_, msg) => check(msg),
      async onAsk(nsConn, msg) {
        await nsConn.ask("onName", msg.body);
        return check(msg);
      },
      onRelay(nsConn, msg) {
        const { event: _, ...rest } = msg;
        nsConn.server.broadcast(nsConn, { ...rest, event: "onSay" });
      },
      onRoomJoin: async () => {
        // What a client sends meanwhile waits, where it has kept anything.
        while (this.#lot.chance(600)) await settle();
      },
    };
  }

  async #enter(kind: Kind): Promise<NSConn> {
    const client = await dial("ws://memory.test/", {
      chat: this.#makeEvents(),
    }, {
      ...this.#makeTrace(kind),
      reconnect: { initialDelay: 0, maxDelay: 0, maxKept: 5 },
      onError: () => {},
      // It is kept.
      onClose: () => void chat.emit("onSay", this.#lot.pick(BODIES)),
      transport: () => {
        const server = this.#lot.pick(KINDS);
        const socket = this.#servers.get(server)!.connect();
        return this.#watch(socket, { client: kind, server });
      },
    });
    this.#clients.push(client);
    const chat = await client.connect("chat");
    return chat;
  }

  /** Checks the frames of a connection. */
  #watch(socket: Socket, kinds: { client: Kind; server: Kind }): Socket {
    const isTold = kinds.client === "tells" && kinds.server === "tells";
    const check = (from: keyof typeof kinds, data: RawBody) => {
      const text = toText(data);
      const [wait = "", , , event, , field] = text.split(";");
      if (field === undefined) return;
      const isContext = CONTEXT.test(field);
      const isTelling = field === "00" && from === "server" && event === "";
      if (isContext) this.contexts++;
      const isGood = field === "0" || field === "" ||
        isTold && (isContext || isTelling);
      const isOwn = wait.startsWith("$~") === (kinds.client === "tells") ||
        !wait.startsWith("$");
      const isDecoded = decode(data)?.isNoOp === false;
      if (!isGood || !isOwn || !isDecoded) {
        this.#faults.push(`${from} of ${JSON.stringify(kinds)}: ${text}`);
      }
    };
    return {
      can: socket.can!,
      listen: (listener) =>
        socket.listen({
          open: () => listener.open(),
          close: (info) => listener.close(info),
          message(data) {
            check("server", data);
            listener.message(data);
          },
        }),
      send(data) {
        check("client", data);
        return socket.send(data);
      },
      close: (code, reason) => socket.close(code, reason),
      terminate: () => socket.terminate!(),
      pause: () => socket.pause!(),
      resume: () => socket.resume!(),
      get bufferedAmount() {
        return socket.bufferedAmount;
      },
      get bufferedMessages() {
        return socket.bufferedMessages!;
      },
    };
  }

  /** Lets a client, or any server, do one thing. */
  async #step(chat: NSConn): Promise<void> {
    const lot = this.#lot;
    const { server } = this.#servers.get(lot.pick(KINDS))!;
    const body = lot.pick(BODIES);
    const room = lot.pick(["", "", "tea", "milk"]);
    const init = { namespace: "chat", room, event: "onSay", body };
    const ask = { ...init, event: "onName" };
    const here = room === "" ? chat : chat.room(room);
    // Whatever comes of it: its connection may be lost.
    const ignore = (call: Promise<unknown> | undefined) =>
      void call?.catch(() => {});
    const steps = [
      () => here?.emit("onSay", body),
      () => here?.emit("onRelay", body),
      () => here?.emit("onRelay", body),
      () => ignore(here?.ask("onAsk", body)),
      () => ignore(chat.joinRoom(room || "tea")),
      () => ignore(chat.joinRoom(room || "milk")),
      () => ignore(chat.room(room)?.leave()),
      () => server.broadcast(null, init),
      () => server.broadcast(null, { ...init, isVolatile: true }),
      () =>
        server.broadcast(null, { ...init, room: "", rooms: ["tea", "milk"] }),
      () => ignore(server.ask(ask, { timeout: 50 })),
      () => ignore(Array.fromAsync(server.askAll(ask, { timeout: 50 }))),
      () => this.#lose(chat, body),
      () => this.#lose(chat, body),
    ];
    await lot.pick(steps)();
  }

  /** Cuts a client off again and again, which speaks meanwhile. */
  async #lose(chat: NSConn, body: RawBody): Promise<void> {
    for (let losses = this.#lot.below(4); losses > 0; losses--) {
      for (const { server } of this.#servers.values()) {
        server.connections.find(({ id }) => id === chat.conn.id)?.close(4000);
      }
      for (let emits = this.#lot.below(6); emits > 0; emits--) {
        chat.emit("onSay", body);
        await settle();
      }
    }
  }
}

Deno.test("No context reaches a side that has not said that it reads them, whatever happens", async (t) => {
  let contexts = 0;
  for (let seed = 1; seed <= WALKS; seed++) {
    await t.step(`seed ${seed}`, async () => {
      const walk = new Walk(seed);
      await walk.run();
      contexts += walk.contexts;
    });
  }
  assert(contexts > 100 * Math.min(WALKS, 1), `${contexts}`);
});

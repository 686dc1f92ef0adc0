/**
 * What a server does on every transport. `needs` says what a transport must be
 * able to do for it; `otherwise` is what happens on one that cannot.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type CloseInfo,
  contextOf,
  DialError,
  EventError,
  type Message,
  type NSConn,
} from "../../mod.ts";
import { makeDeferred } from "../../neffos/internal.ts";
import type { Ability, Stand, Transport } from "./stand.ts";
import { CLOSE, PING, PONG, TEXT } from "./frame.ts";
import { TcpPeer } from "./tcp.ts";

/** One behaviour. */
export interface Behaviour {
  readonly name: string;
  readonly needs: readonly Ability[];
  run(transport: Transport): Promise<void>;
  /** What happens without the last of the abilities, if that can be told. */
  otherwise?(transport: Transport): Promise<void>;
}

const KIB = 1024;

/** Calls back for every message, and lets a test wait until there are enough. */
class Inbox {
  readonly all: string[] = [];
  #wanted = Infinity;
  #wake = () => {};

  push(text: string): void {
    this.all.push(text);
    if (this.all.length >= this.#wanted) this.#wake();
  }

  async until(count: number): Promise<string[]> {
    if (this.all.length < count) {
      this.#wanted = count;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.all;
  }
}

const numbers = (count: number) =>
  Array.from({ length: count }, (_, n) => `${n}`);

const echo = { chat: { onEcho: (_: NSConn, msg: Message) => msg.body } };

/** A promise that a test settles. */
function gate(): { passed: Promise<void>; open: () => void } {
  const { promise, resolve } = makeDeferred<void>();
  return { passed: promise, open: resolve };
}

/** A server that tells of ends. */
function watch() {
  const { promise, resolve } = makeDeferred<CloseInfo>();
  return {
    ended: promise,
    hooks: { onDisconnect: (_: unknown, info: CloseInfo) => resolve(info) },
  };
}

/** Waits until the server has no socket any more. */
async function untilFree(stand: Stand): Promise<void> {
  while (stand.server.stats().sockets > 0) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The behaviours. */
export const BEHAVIOURS: readonly Behaviour[] = [
  {
    name: "dial, connect, ask with text, bytes and JSON",
    needs: [],
    async run(transport) {
      await using stand = await transport.start({ handler: echo });
      const client = await stand.dial();
      assert(client.id !== "");
      const nsConn = await client.connect("chat");
      assertEquals((await nsConn.ask("onEcho", "a;b\n✓")).text(), "a;b\n✓");
      const bytes = new Uint8Array([0, 255, 59]);
      assertEquals((await nsConn.ask("onEcho", bytes)).bytes(), bytes);
      assertEquals((await nsConn.ask("onEcho", { a: [1] })).json(), { a: [1] });
      assertEquals((await nsConn.ask("onEcho", "")).text(), "");
    },
  },
  {
    name: "1,000 messages each way arrive in order",
    needs: [],
    async run(transport) {
      const there = new Inbox();
      const back = new Inbox();
      await using stand = await transport.start({
        handler: {
          chat: {
            async onTell(nsConn, msg) {
              there.push(msg.text());
              if (msg.json<number>() % 7 === 0) await Promise.resolve();
              nsConn.emit("onTold", msg.body);
            },
          },
        },
      });
      const client = await stand.dial({
        chat: { onTold: (_, msg) => back.push(msg.text()) },
      });
      const nsConn = await client.connect("chat");
      for (const number of numbers(1_000)) nsConn.emit("onTell", number);
      assertEquals(await back.until(1_000), numbers(1_000));
      assertEquals(there.all, numbers(1_000));
    },
  },
  {
    name:
      "messages of one turn arrive, alone and together, text and bytes mixed",
    needs: [],
    async run(transport) {
      const back = new Inbox();
      await using stand = await transport.start({
        handler: {
          chat: {
            onMany(nsConn, msg) {
              for (const number of numbers(msg.json())) {
                nsConn.emit("onOne", number);
                nsConn.emit("onOne", new TextEncoder().encode(number));
              }
            },
          },
        },
      });
      const client = await stand.dial({
        chat: { onOne: (_, msg) => back.push(msg.text()) },
      });
      const nsConn = await client.connect("chat");
      const wanted: string[] = [];
      for (const count of [1, 50, 2]) {
        nsConn.emit("onMany", count);
        wanted.push(...numbers(count).flatMap((number) => [number, number]));
        assertEquals(await back.until(wanted.length), wanted);
      }
    },
  },
  {
    name: "rooms and broadcasts reach others once, and not the sender",
    needs: [],
    async run(transport) {
      await using stand = await transport.start({
        handler: {
          chat: {
            onSay(nsConn, msg) {
              nsConn.server.broadcast(nsConn, msg);
              return "done";
            },
          },
        },
      });
      const inboxes = [new Inbox(), new Inbox(), new Inbox()];
      const rooms = [];
      for (const inbox of inboxes) {
        const client = await stand.dial({
          chat: { onSay: (_, msg) => inbox.push(`${msg.room} ${msg.text()}`) },
        });
        rooms.push(await (await client.connect("chat")).joinRoom("lobby"));
      }
      await rooms[2]!.leave();
      await rooms[0]!.nsConn.ask("onSay", "to all");
      assertEquals(await inboxes[1]!.until(1), [" to all"]);
      assertEquals(await inboxes[2]!.until(1), [" to all"]);
      rooms[0]!.emit("onSay", "to the room");
      assertEquals((await inboxes[1]!.until(2))[1], "lobby to the room");
      await rooms[2]!.nsConn.ask("onSay", "again");
      assertEquals(inboxes[2]!.all.length, 1);
      assertEquals(await inboxes[0]!.until(1), [" again"]);
    },
  },
  {
    name: "the server asks its clients",
    needs: [],
    async run(transport) {
      await using stand = await transport.start({});
      for (const name of ["a", "b"]) {
        const client = await stand.dial({ chat: { onName: () => name } });
        await client.connect("chat");
      }
      const names = [];
      const ask = { namespace: "chat", event: "onName" };
      for await (const answer of stand.server.askAll(ask)) {
        names.push(answer.text());
      }
      assertEquals(names.toSorted(), ["a", "b"]);
    },
  },
  {
    name: "hooks refuse connections, namespaces and rooms",
    needs: [],
    async run(transport) {
      await using stand = await transport.start({
        handler: {
          chat: {
            onRoomJoin() {
              throw new EventError("no room");
            },
          },
          closed: {
            _OnNamespaceConnect() {
              throw new EventError("no namespace");
            },
          },
        },
        options: {
          onConnect(conn) {
            if (stand.server.totalConnections > 1) {
              void conn;
              throw new EventError("only one");
            }
          },
        },
      });
      const client = await stand.dial({ chat: {}, closed: {} });
      const nsConn = await client.connect("chat");
      await assertRejects(() => nsConn.joinRoom("a"), EventError, "no room");
      await assertRejects(
        () => client.connect("closed"),
        EventError,
        "no namespace",
      );
      await assertRejects(() => stand.dial(), Error, "only one");
    },
  },
  {
    name: "a message of maxPayload is taken, one byte more closes with 1009",
    needs: [],
    async run(transport) {
      const { ended, hooks } = watch();
      await using stand = await transport.start({
        handler: echo,
        options: { maxPayload: 64 * KIB, ...hooks },
      });
      const client = await stand.dial();
      const nsConn = await client.connect("chat");
      const head = "$xx;chat;;onEcho;0;0;";
      const largest = "x".repeat(64 * KIB - 2 * head.length);
      assertEquals((await nsConn.ask("onEcho", largest)).text(), largest);
      nsConn.emit("onEcho", "x".repeat(64 * KIB));
      assertEquals((await client.closed).code, 1009);
      assertEquals((await ended).code, 1009);
    },
  },
  {
    name: "close codes and reasons pass both ways",
    needs: [],
    async run(transport) {
      const { ended, hooks } = watch();
      await using stand = await transport.start({
        handler: {
          chat: { onEnd: (nsConn) => nsConn.conn.close(4321, "reason ✓") },
        },
        options: hooks,
      });
      const client = await stand.dial();
      (await client.connect("chat")).emit("onEnd");
      const { code, reason } = await client.closed;
      assertEquals([code, reason], [4321, "reason ✓"]);
      const info = await ended;
      assertEquals([info.code, info.wasClean], [4321, true]);
      await untilFree(stand);
    },
  },
  {
    name: "a server that closes says 1001, and is free of sockets",
    needs: [],
    async run(transport) {
      await using stand = await transport.start({});
      const clients = [await stand.dial(), await stand.dial()];
      await stand.server.close();
      for (const client of clients) {
        assertEquals((await client.closed).code, 1001);
      }
      assertEquals(stand.server.stats().sockets, 0);
      await assertRejects(() => stand.dial(), DialError);
    },
  },
  {
    name: "a client that sends faster than handlers end is slowed down",
    needs: ["pause"],
    async run(transport) {
      const { passed, open } = gate();
      const inbox = new Inbox();
      await using stand = await transport.start({
        handler: {
          chat: {
            async onSlow(_nsConn, msg) {
              await passed;
              inbox.push(msg.text().trimEnd());
            },
          },
        },
        options: { maxQueued: 64 },
      });
      const client = await stand.dial();
      const nsConn = await client.connect("chat");
      const padding = " ".repeat(10_000);
      const all = numbers(2_000);
      for (const number of all) nsConn.emit("onSlow", number + padding);
      await stand.server.ask({ namespace: "none", event: "x" }, { timeout: 50 })
        .catch(() => {});
      assert(stand.server.stats().queued < 500);
      open();
      assertEquals(await inbox.until(2_000), all);
      assertEquals(stand.server.stats().crossings, {});
      assertEquals(stand.errors, []);
    },
    async otherwise(transport) {
      const { passed, open } = gate();
      await using stand = await transport.start({
        handler: { chat: { onSlow: () => passed } },
        options: { maxQueued: 64 },
      });
      const client = await stand.dial();
      const nsConn = await client.connect("chat");
      for (const number of numbers(500)) nsConn.emit("onSlow", number);
      assertEquals((await client.closed).code, 1008);
      open();
    },
  },
  {
    name:
      "an answer is read although its client sends faster than handlers end",
    needs: ["pause"],
    async run(transport) {
      const answer = makeDeferred<string>();
      await using stand = await transport.start({
        handler: {
          chat: {
            onSlow() {},
            async onAsk(nsConn) {
              // Until nothing is read any more.
              while (stand.server.stats().queued < 31) {
                await new Promise((resolve) => setTimeout(resolve, 5));
              }
              const question = nsConn.ask("onQuestion", "", { timeout: 1_000 });
              answer.resolve(
                await question.then((msg) => msg.text(), String),
              );
            },
          },
        },
        options: { maxQueued: 64 },
      });
      const client = await stand.dial({ chat: { onQuestion: () => "answer" } });
      const nsConn = await client.connect("chat");
      nsConn.emit("onAsk");
      // The answer comes behind these.
      for (let i = 0; i < 60; i++) nsConn.emit("onSlow", "x".repeat(40_000));
      assertEquals(await answer.promise, "answer");
      assertEquals(stand.server.stats().crossings, {});
    },
  },
  {
    name:
      "an end is noticed although reading was paused and handlers never end",
    needs: ["network", "pause"],
    async run(transport) {
      const { ended, hooks } = watch();
      await using stand = await transport.start({
        handler: { chat: { onStuck: () => new Promise(() => {}) } },
        options: { maxQueued: 64, closeTimeout: 50, ...hooks },
        idleTimeout: transport.name === "Bun.serve" ? 8 : 1,
      });
      using peer = await TcpPeer.enter(stand.port);
      for (let i = 0; i < 60; i++) peer.send(";chat;;onStuck;0;0;");
      await new Promise((resolve) => setTimeout(resolve, 20));
      peer[Symbol.dispose]();
      await ended;
      await untilFree(stand);
    },
  },
  {
    name: "what has come before the end is handled, also if reading was paused",
    needs: ["pause"],
    async run(transport) {
      const { passed, open } = gate();
      const { ended, hooks } = watch();
      const inbox = new Inbox();
      await using stand = await transport.start({
        handler: {
          chat: {
            async onSlow(_nsConn, msg) {
              await passed;
              inbox.push(msg.text());
            },
          },
        },
        options: { maxQueued: 64, ...hooks },
      });
      const client = await stand.dial();
      const nsConn = await client.connect("chat");
      for (const number of numbers(200)) nsConn.emit("onSlow", number);
      const closing = client.close();
      open();
      assertEquals(await inbox.until(200), numbers(200));
      await ended;
      await closing;
    },
  },
  // Over a network -------------------------------------------------------------
  {
    name: "a peer that ends without a word has the code 1006",
    needs: ["network"],
    async run(transport) {
      const { ended, hooks } = watch();
      await using stand = await transport.start({ options: hooks });
      using peer = await TcpPeer.enter(stand.port);
      peer[Symbol.dispose]();
      assertEquals((await ended).code, 1006);
      await untilFree(stand);
    },
  },
  {
    name: "a peer that closes gets its code back",
    needs: ["network"],
    async run(transport) {
      const { ended, hooks } = watch();
      await using stand = await transport.start({ options: hooks });
      using peer = await TcpPeer.enter(stand.port);
      peer.frame(CLOSE, new Uint8Array([4100 >> 8, 4100 & 255, 98]));
      assertEquals(await peer.close(false), 4100);
      await peer.ended;
      const { code, reason, wasClean } = await ended;
      assertEquals([code, reason, wasClean], [4100, "b", true]);
    },
  },
  {
    name: "a peer that ignores the close is dropped",
    needs: ["network", "terminate"],
    async run(transport) {
      await using stand = await transport.start({
        handler: { chat: { onEnd: (nsConn) => nsConn.conn.close(4321) } },
        options: { closeTimeout: 50 },
      });
      using peer = await TcpPeer.enter(stand.port);
      peer.send(";chat;;onEnd;0;0;");
      assertEquals(await peer.close(false), 4321);
      await peer.ended;
      await untilFree(stand);
    },
  },
  {
    name: "a server that closes gives a peer up in time, and drops it",
    needs: ["network", "terminate"],
    async run(transport) {
      await using stand = await transport.start({
        options: { closeTimeout: 60_000 },
      });
      using peer = await TcpPeer.enter(stand.port);
      await stand.server.close({ timeout: 50 });
      assertEquals(await peer.close(false), 1001);
      await peer.ended;
    },
  },
  {
    name: "a reader that stalls is closed, and its socket is dropped",
    needs: ["network", "terminate"],
    async run(transport) {
      const { ended, hooks } = watch();
      await using stand = await transport.start({
        options: { maxBuffered: 64 * KIB, closeTimeout: 50, ...hooks },
      });
      using peer = await TcpPeer.enter(stand.port);
      peer.pause();
      const body = "x".repeat(256 * KIB);
      const message = { namespace: "chat", event: "onNoise", body };
      // More than what the kernel takes, and four times `maxBuffered`.
      for (let i = 0; i < 400; i++) {
        stand.server.broadcast(null, message);
        if (stand.server.totalConnections === 0) break;
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
      assertEquals((await ended).code, 4008);
      await untilFree(stand);
      peer.resume();
      await peer.ended;
    },
  },
  {
    name: "what waits to be sent is known, and drains when the peer reads",
    needs: ["network"],
    async run(transport) {
      await using stand = await transport.start({});
      using peer = await TcpPeer.enter(stand.port);
      peer.pause();
      const [conn] = stand.server.connections;
      const body = "x".repeat(256 * KIB);
      let sent = 0;
      while (conn!.bufferedAmount < 512 * KIB) {
        conn!.write({ namespace: "chat", event: "onNoise", body });
        sent++;
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
      const drained = conn!.drained();
      peer.resume();
      await drained;
      assert(conn!.bufferedAmount <= 64 * KIB);
      for (let i = 0; i < sent; i++) {
        const text = await peer.text();
        assertEquals(text!.length, ";chat;;onNoise;0;0;".length + body.length);
      }
    },
  },
  {
    name: "a message larger than allowed ends before all of it has come",
    needs: ["network", "early limit"],
    async run(transport) {
      const { ended, hooks } = watch();
      await using stand = await transport.start({ options: hooks });
      using peer = await TcpPeer.enter(stand.port);
      const data = new Uint8Array(512 * KIB);
      // Fragments without end.
      peer.frame(2, data, { isFinal: false });
      for (let i = 0; i < 9; i++) peer.frame(0, data, { isFinal: false });
      await peer.ended;
      assert([1006, 1009].includes((await ended).code));
      using other = await TcpPeer.enter(stand.port);
      other.frame(2, new Uint8Array(10), { length: 2 ** 31 });
      await other.ended;
      await untilFree(stand);
    },
  },
  {
    name: "a peer that answers no ping is ended, one that does is not",
    needs: ["network"],
    async run(transport) {
      // Bun counts in whole seconds, and no less than 8 of them.
      const isBun = transport.name === "Bun.serve";
      const { ended, hooks } = watch();
      await using stand = await transport.start({
        handler: echo,
        options: hooks,
        idleTimeout: isBun ? 8 : 1,
      });
      using silent = await TcpPeer.enter(stand.port);
      using alive = await TcpPeer.enter(stand.port);
      const answering = (async () => {
        let pings = 0;
        while (pings < 3) {
          const frame = await alive.next();
          assert(frame !== undefined, "the one that answers was ended");
          if (frame.opcode !== PING) continue;
          alive.frame(PONG, frame.data);
          pings++;
        }
      })();
      await silent.ended;
      assertEquals(
        (await ended).wasClean ? "clean" : "gone",
        "gone",
      );
      await answering;
      alive.send("#2;chat;;onEcho;0;0;still here");
      assertEquals(await alive.text(), "#2;chat;;onEcho;0;0;still here");
    },
  },
  {
    name: "pings are answered",
    needs: ["network"],
    async run(transport) {
      await using stand = await transport.start({});
      using peer = await TcpPeer.enter(stand.port);
      peer.frame(PING, "are you there");
      const frame = await peer.next();
      assertEquals(frame?.opcode, PONG);
      assertEquals(new TextDecoder().decode(frame?.data), "are you there");
    },
  },
  {
    name: "fragments are joined, with pings in between",
    needs: ["network"],
    async run(transport) {
      await using stand = await transport.start({ handler: echo });
      using peer = await TcpPeer.enter(stand.port);
      peer.frame(TEXT, "#2;chat;;onEcho;0;0;", { isFinal: false });
      peer.frame(PING, "");
      for (const byte of new TextEncoder().encode("ab✓")) {
        peer.frame(0, new Uint8Array([byte]), { isFinal: false });
      }
      peer.frame(0, "!");
      assertEquals(await peer.text(), "#2;chat;;onEcho;0;0;ab✓!");
    },
  },
  {
    name: "frames that come with the handshake are not lost",
    needs: ["network", "early frames"],
    async run(transport) {
      await using stand = await transport.start({
        handler: echo,
        middleware: async (_ctx, next) => {
          await new Promise((resolve) => setTimeout(resolve, 10));
          return await next();
        },
      });
      using peer = await TcpPeer.open(stand.port);
      const opening = peer.upgrade();
      peer.send("M");
      peer.send("#1;chat;;_OnNamespaceConnect;0;0;");
      assert((await opening).startsWith("HTTP/1.1 101"));
      assert((await peer.text())?.startsWith("A"));
      assertEquals(
        await peer.text(),
        "#1;chat;;;0;0;".replace(/.*/, "#1;;;;;;"),
      );
    },
  },
  {
    name: "frames that break RFC 6455 end the connection, and no other",
    needs: ["network"],
    async run(transport) {
      await using stand = await transport.start({ handler: echo });
      using good = await TcpPeer.enter(stand.port);
      const wrong: ((peer: TcpPeer) => void)[] = [
        (peer) => peer.frame(TEXT, "x", { reserved: 4 }),
        (peer) => peer.frame(3, "x"),
        (peer) => peer.frame(PING, "x", { isFinal: false }),
        (peer) => peer.frame(TEXT, new Uint8Array([0xff, 0xfe])),
      ];
      for (const send of wrong) {
        using peer = await TcpPeer.enter(stand.port);
        send(peer);
        await peer.close();
        await peer.ended;
      }
      good.send("#2;chat;;onEcho;0;0;x");
      assertEquals(await good.text(), "#2;chat;;onEcho;0;0;x");
    },
  },
  // The handshake ----------------------------------------------------------------
  {
    name: "refusals of the handshake are answers of HTTP",
    needs: ["network"],
    async run(transport) {
      await using stand = await transport.start({
        options: { maxConnections: 1, origins: ["https://good.example"] },
      });
      const refuse = async (headers: Record<string, string>, line?: string) => {
        using peer = await TcpPeer.open(stand.port);
        const head = await peer.upgrade(headers, line);
        return Number(head.slice(9, 12));
      };
      assertEquals(await refuse({ origin: "https://bad.example" }), 403);
      assertEquals(await refuse({ "sec-websocket-version": "12" }), 426);
      assertEquals(await refuse({ "sec-websocket-key": "short" }), 400);
      assertEquals(await refuse({}, "GET /nowhere HTTP/1.1"), 404);
      assertEquals(await refuse({}, "POST /ws HTTP/1.1"), 405);
      assertEquals(await refuse({ host: "a/b" }), 400);
      using peer = await TcpPeer.enter(stand.port);
      assertEquals(await refuse({}), 503);
      assertEquals(await refuse({ origin: "https://good.example" }), 503);
      peer[Symbol.dispose]();
      await untilFree(stand);
      assertEquals(await refuse({ origin: "https://good.example" }), 101);
      const answer = await fetch(`http://127.0.0.1:${stand.port}/ws`);
      assertEquals([answer.status, answer.headers.get("upgrade")], [
        426,
        "websocket",
      ]);
      await answer.body?.cancel();
    },
  },
  {
    name: "the body of a refusal is whole, and the connection ends after it",
    needs: ["network"],
    async run(transport) {
      await using stand = await transport.start({
        middleware: () => new Response("x".repeat(100_000), { status: 418 }),
      });
      using peer = await TcpPeer.open(stand.port);
      const head = await peer.upgrade({ connection: "Upgrade, close" });
      assert(head.startsWith("HTTP/1.1 418"), head);
      assertEquals((await peer.rest()).split("x").length - 1, 100_000);
    },
  },
  {
    name: "the response 101 has the subprotocol, and what middleware has added",
    needs: ["network"],
    async run(transport) {
      await using stand = await transport.start({
        options: { protocols: ["b", "c"] },
        middleware: async (ctx, next) => {
          ctx.cookies.set("a", "1");
          ctx.cookies.set("b", "2");
          const response = await next();
          response.headers.set("x-served-by", "me");
          return response;
        },
      });
      using peer = await TcpPeer.open(stand.port);
      const head = await peer.upgrade({ "sec-websocket-protocol": "a, c, b" });
      assert(head.startsWith("HTTP/1.1 101"), head);
      assertEquals(/^sec-websocket-protocol: (.*)$/im.exec(head)?.[1], "c");
      assertEquals(/^x-served-by: (.*)$/im.exec(head)?.[1], "me");
      assertEquals(head.match(/^set-cookie: .*$/gim)?.length, 2);
      using other = await TcpPeer.open(stand.port);
      const without = await other.upgrade({ "sec-websocket-protocol": "x" });
      assert(without.startsWith("HTTP/1.1 101"), without);
      assertEquals(/^sec-websocket-protocol/im.test(without), false);
      assertEquals(/^sec-websocket-extensions/im.test(without), false);
    },
  },
  {
    name: "a client that leaves during a guard leaves nothing behind",
    needs: ["network"],
    async run(transport) {
      const { passed, open } = gate();
      const { passed: begun, open: begin } = gate();
      await using stand = await transport.start({
        middleware: async (_ctx, next) => {
          begin();
          await passed;
          return await next();
        },
      });
      using peer = await TcpPeer.open(stand.port);
      void peer.upgrade();
      await begun;
      peer[Symbol.dispose]();
      await peer.ended;
      open();
      using other = await TcpPeer.enter(stand.port);
      other[Symbol.dispose]();
      await untilFree(stand);
    },
  },
  {
    name: "the context of a connection stays readable",
    needs: ["network"],
    async run(transport) {
      await using stand = await transport.start({
        handler: {
          chat: {
            onWho: ({ conn }) => {
              const context = contextOf(conn);
              const { headers, url, remoteIp, request, upgraded } = context;
              return [
                headers.get("x-name"),
                url.searchParams.get("q"),
                remoteIp,
                request.method,
                request.url === url.href,
                upgraded?.status,
              ];
            },
          },
        },
      });
      using peer = await TcpPeer.open(stand.port);
      await peer.upgrade({ "x-name": "ann" }, "GET /ws?q=1 HTTP/1.1");
      peer.send("M");
      await peer.text();
      peer.send("#1;chat;;_OnNamespaceConnect;0;0;");
      await peer.text();
      peer.send("#2;chat;;onWho;0;0;");
      assertEquals(
        await peer.text(),
        '#2;chat;;onWho;0;0;["ann","1","127.0.0.1","GET",true,101]',
      );
    },
  },
  {
    name: "long messages are compressed, short ones are not",
    needs: ["network", "compression"],
    async run(transport) {
      await using stand = await transport.start({
        handler: echo,
        isCompressed: true,
      });
      using peer = await TcpPeer.open(stand.port);
      const head = await peer.upgrade({
        "sec-websocket-extensions": "permessage-deflate",
      });
      assert(
        /^sec-websocket-extensions: permessage-deflate/im.test(head),
        head,
      );
      peer.send("M");
      await peer.text();
      peer.send("#1;chat;;_OnNamespaceConnect;0;0;");
      await peer.text();
      peer.send("#2;chat;;onEcho;0;0;short");
      assertEquals(await peer.text(), "#2;chat;;onEcho;0;0;short");
      peer.send(`#3;chat;;onEcho;0;0;${"x".repeat(10_000)}`);
      const frame = await peer.next();
      assert(frame!.data.length < 1_000, `${frame!.data.length} bytes`);
      // And with a client that can decompress.
      const client = await stand.dial();
      const nsConn = await client.connect("chat");
      const body = "ab✓".repeat(10_000);
      assertEquals((await nsConn.ask("onEcho", body)).text(), body);
    },
    async otherwise(transport) {
      const isCompressed = true;
      if (transport.name !== "Deno.serve") {
        await assertRejects(
          () => transport.start({ isCompressed }),
          TypeError,
          "Cannot compress by ws in Deno",
        );
        return;
      }
      await using stand = await transport.start({ isCompressed });
      using peer = await TcpPeer.open(stand.port);
      const head = await peer.upgrade({
        "sec-websocket-extensions": "permessage-deflate",
      });
      assert(head.startsWith("HTTP/1.1 101"), head);
      assertEquals(/^sec-websocket-extensions/im.test(head), false);
    },
  },
];

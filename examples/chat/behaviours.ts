/** What the chat does on every platform, its page apart. @module */

import { SourceTextModule } from "node:vm";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  type Client,
  type CloseInfo,
  dial,
  EventError,
  type Events,
  type EventsOf,
  type Message,
  type NSConn,
} from "@neffos/mvc";
import type { Example, Start } from "../_shared/example.ts";
import type { ChatController, ChatEvents } from "./chat_controller.ts";
import type { Chat } from "./history.ts";

/** Only a test that fails waits for so long. */
const DEADLINE = 10_000;
const EVENTS = [
  "onChat",
  "onHistory",
  "onPeople",
  "onRooms",
  "onTyping",
] as const;

/** A page of the chat, without the page. */
class User implements AsyncDisposable {
  readonly client: Client;
  readonly nsConn: NSConn<EventsOf<typeof ChatController>>;
  readonly #inbox: Inbox;

  constructor(client: Client, nsConn: NSConn, inbox: Inbox) {
    this.client = client;
    this.nsConn = nsConn;
    this.#inbox = inbox;
  }

  static async connect(
    { url }: Example,
    name: string,
    key: unknown = crypto.randomUUID(),
  ): Promise<User> {
    const inbox = new Inbox();
    const chat: Events = {};
    for (const event of EVENTS) {
      chat[event] = (_nsConn, msg) => inbox.push(msg);
    }
    const client = await dial(new URL("/websocket_endpoint", url), { chat });
    try {
      const nsConn = await client.connect("chat", { body: { key, name } });
      return new User(client, nsConn, inbox);
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  say(room: string, text: string, id: string = crypto.randomUUID()) {
    return this.nsConn.room(room)!.ask("onChat", { id, text });
  }

  /** The next message of an event in a room, of those not waited for yet. */
  async next<Event extends keyof ChatEvents>(
    event: Event,
    room = "",
    isWanted: (body: ChatEvents[Event]) => boolean = () => true,
  ): Promise<ChatEvents[Event]> {
    const read = (msg: Message): ChatEvents[Event] =>
      (event === "onTyping" ? msg.text() : msg.json()) as ChatEvents[Event];
    const msg = await this.#inbox.take((msg) =>
      msg.event === event && msg.room === room && isWanted(read(msg))
    );
    return read(msg);
  }

  /** Waits until these people are in a room. */
  async meets(room: string, ...names: string[]): Promise<void> {
    await this.next("onPeople", room, (list) => `${list}` === `${names}`);
  }

  async [Symbol.asyncDispose]() {
    await this.client.close();
  }
}

/** Messages that wait for a test, and the other way round. */
class Inbox {
  #messages: Message[] = [];
  #waiters: { isWanted: Wanted; resolve: (msg: Message) => void }[] = [];

  push(msg: Message): void {
    const index = this.#waiters.findIndex(({ isWanted }) => isWanted(msg));
    if (index === -1) this.#messages.push(msg);
    else this.#waiters.splice(index, 1)[0]!.resolve(msg);
  }

  take(isWanted: Wanted): Promise<Message> {
    const index = this.#messages.findIndex(isWanted);
    if (index !== -1) {
      const [found] = this.#messages.splice(index, 1) as [Message];
      // What it has said before does not hold any more.
      this.#messages = this.#messages.filter((msg, at) =>
        at >= index || msg.event !== found.event || msg.room !== found.room
      );
      return Promise.resolve(found);
    }
    const { promise, resolve, reject } = Promise.withResolvers<Message>();
    const timer = setTimeout(
      () => reject(new Error(`Nothing such came: ${isWanted}`)),
      DEADLINE,
    );
    this.#waiters.push({ isWanted, resolve });
    return promise.finally(() => clearTimeout(timer));
  }
}

type Wanted = (msg: Message) => boolean;

/** Sends a path as it is, where `fetch` would put it right. */
async function fetchRaw(url: string, path: string): Promise<string> {
  const { hostname, port } = new URL(url);
  using conn = await Deno.connect({ hostname, port: Number(port) });
  const request =
    `GET ${path} HTTP/1.1\r\nhost: ${hostname}\r\nconnection: close\r\n\r\n`;
  await conn.write(new TextEncoder().encode(request));
  return await new Response(conn.readable).text();
}

// Windows has no signals: a program is ended at once.
const ignore = Deno.build.os === "windows";

const BEHAVIOURS: Readonly<Record<string, (start: Start) => Promise<void>>> = {
  "a name belongs to one key at a time": async (start) => {
    await using example = await start();
    await using _ann = await User.connect(example, "Ann", "secret");
    for (const [name, key] of [["Ann", "x"], ["ANN", "secre"]]) {
      await assertRejects(
        () => User.connect(example, name!, key),
        EventError,
        `The name "${name}" is taken`,
      );
    }
    // A page that comes back before its old connection is gone is let in.
    await using again = await User.connect(example, "Ann", "secret");
    await again.nsConn.joinRoom("lobby");
    await again.meets("lobby", "Ann");
    for (const name of ["", " ", " Bob", "x".repeat(31)]) {
      await assertRejects(
        () => User.connect(example, name),
        EventError,
        "A name must have 1 to 30 characters",
      );
    }
    for (const key of ["", 1, null, ["x"], "x".repeat(51)]) {
      await assertRejects(
        () => User.connect(example, "Bob", key),
        EventError,
        "A key must have 1 to 50 characters",
      );
    }
  },

  "of two who come at once, one gets the name": async (start) => {
    await using example = await start();
    const clients = await Promise.all(
      [1, 2].map(() =>
        dial(new URL("/websocket_endpoint", example.url), { chat: {} })
      ),
    );
    const results = await Promise.allSettled(
      clients.map((client, key) =>
        client.connect("chat", { body: { key: `${key}`, name: "Ann" } })
      ),
    );
    const admitted = results.filter(({ status }) => status === "fulfilled");
    assertEquals(admitted.length, 1);
    for (const client of clients) await client.close();
  },

  "what is said reaches the others in the room, and nobody else": async (
    start,
  ) => {
    await using example = await start();
    await using ann = await User.connect(example, "Ann");
    await using bob = await User.connect(
      example,
      "Bob; \u{1f469}\u200d\u{1f467}",
    );
    await using cy = await User.connect(example, "Cy");
    const room = "deno; \u017e";
    await ann.nsConn.joinRoom(room);
    await cy.next("onRooms", "", (rooms) => `${rooms}` === room);
    await bob.nsConn.joinRoom(room);
    await ann.meets(room, "Ann", "Bob; \u{1f469}\u200d\u{1f467}");
    await cy.nsConn.joinRoom("lobby");

    ann.nsConn.room(room)!.emit("onTyping");
    assertEquals(await bob.next("onTyping", room), "Ann");
    const chat = (await ann.say(room, "hello; <b>all</b>", "1")).json();
    assertEquals(await bob.next("onChat", room), chat);
    assertMatch(chat.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const { time: _, ...rest } = chat;
    assertEquals(rest, { id: "1", name: "Ann", text: "hello; <b>all</b>" });

    await bob.client.close();
    await ann.meets(room, "Ann");
    await assertRejects(
      () => ann.say(room, " "),
      EventError,
      "A message must have",
    );
    await assertRejects(() => ann.say(room, "x".repeat(2_001)), EventError);
    await assertRejects(
      () => ann.nsConn.ask("onChat", { id: "2", text: "to nobody" }),
      EventError,
      "Join a room first",
    );
  },

  "a message that is sent again counts once": async (start) => {
    await using example = await start();
    await using ann = await User.connect(example, "Ann");
    await using bob = await User.connect(example, "Bob");
    await ann.nsConn.joinRoom("lobby");
    await bob.nsConn.joinRoom("lobby");
    const chat = (await ann.say("lobby", "hello", "1")).json();
    assertEquals((await ann.say("lobby", "hello", "1")).json(), chat);
    const other = (await ann.say("lobby", "more", "2")).json();
    assertEquals(await bob.next("onChat", "lobby"), chat);
    assertEquals(await bob.next("onChat", "lobby"), other);
  },

  "a person who joins gets the last hundred messages": async (start) => {
    await using example = await start();
    await using ann = await User.connect(example, "Ann");
    await ann.nsConn.joinRoom("lobby");
    assertEquals(await ann.next("onHistory", "lobby"), []);
    for (let n = 0; n < 101; n++) await ann.say("lobby", `${n}`);
    await using bob = await User.connect(example, "Bob");
    await bob.nsConn.joinRoom("lobby");
    const history: readonly Chat[] = await bob.next("onHistory", "lobby");
    assertEquals(history.length, 100);
    assertEquals([history[0]?.text, history.at(-1)?.text], ["1", "100"]);
  },

  "a room without a proper name cannot be joined": async (start) => {
    await using example = await start();
    await using ann = await User.connect(example, "Ann");
    for (const name of ["x".repeat(31), " spaces "]) {
      await assertRejects(
        () => ann.nsConn.joinRoom(name),
        EventError,
        "The name of a room must have 1 to 30 characters",
      );
    }
    assertEquals(ann.nsConn.rooms, []);
  },

  "the page is there, with every module that it imports": async (start) => {
    await using example = await start();
    const page = await fetch(example.url);
    assertEquals(page.status, 200);
    assertMatch(page.headers.get("content-type") ?? "", /^text\/html/);
    assertMatch(
      page.headers.get("content-security-policy") ?? "",
      /^default-src 'none'; script-src 'self'; /,
    );
    const html = await page.text();
    const [, script] = / src="([^"]+)"/.exec(html) ?? [];
    const [, style] = / href="(\/[^"]+)"/.exec(html) ?? [];
    assert(script !== undefined && style !== undefined);

    const css = await fetch(new URL(style, example.url));
    assertMatch(css.headers.get("content-type") ?? "", /^text\/css/);
    await css.body?.cancel();

    const modules = new Set([new URL(script, example.url).href]);
    for (const url of modules) {
      const response = await fetch(url);
      assertEquals(response.status, 200, url);
      assertMatch(
        response.headers.get("content-type") ?? "",
        /^text\/javascript/,
      );
      // It parses JavaScript alone, and throws at any type that is left.
      const module = new SourceTextModule(await response.text());
      for (const specifier of module.dependencySpecifiers) {
        modules.add(new URL(specifier, url).href);
      }
    }
    assert(modules.has(new URL("/neffos.js", example.url).href));
  },

  "nothing outside of the folders is served": async (start) => {
    await using example = await start();
    const paths = [
      "/deno.json",
      "/main.ts",
      "/neffos/client.ts",
      "/_shared/pages.ts",
      "/_shared/page/nothing.ts",
      "/_shared/page/..%2Fpages.ts",
      "/_shared/page/%2e%2e%2fpages.ts",
      "/_shared/page/..%5cpages.ts",
      "/..%2fmain.ts",
      "/%2Fetc%2Fpasswd",
      "/chat.ts%00.html",
      "/file:%2f%2f%2fetc%2fpasswd",
    ];
    for (const path of paths) {
      const response = await fetch(new URL(path, example.url));
      assertEquals(response.status, 404, path);
      await response.body?.cancel();
    }
    for (const path of ["/../main.ts", "/_shared/page/../pages.ts"]) {
      assertMatch(await fetchRaw(example.url, path), /^HTTP\/1\.1 404 /, path);
    }
  },

  "a signal closes the connections and ends the program": async (start) => {
    await using example = await start();
    const closed = Promise.withResolvers<CloseInfo>();
    await dial(
      new URL("/websocket_endpoint", example.url),
      { chat: {} },
      { onClose: closed.resolve },
    );
    const { code, success } = await example.stop();
    assertEquals({ code, success }, { code: 0, success: true });
    assertEquals((await closed.promise).code, 1001);
  },
};

/**
 * Registers the tests of a chat.
 *
 * @param name The name of the chat.
 * @param start Starts it; `undefined` where it cannot run.
 */
export function testChat(name: string, start: Start | undefined): void {
  for (const [what, run] of Object.entries(BEHAVIOURS)) {
    Deno.test({
      name: `${name}: ${what}`,
      ignore: start === undefined || ignore && what.includes("signal"),
      fn: () => run(start!),
    });
  }
}

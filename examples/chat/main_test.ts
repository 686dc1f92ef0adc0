import { SourceTextModule } from "node:vm";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  type Client,
  type CloseInfo,
  dial,
  EventError,
  type Events,
  type Message,
  type NSConn,
} from "@neffos/mvc";
import { Example } from "../_shared/example.ts";
import type { Chat, RoomInfo } from "./chat_controller.ts";
import type { Person } from "./people.ts";

const MAIN = new URL("main.ts", import.meta.url);
/** Only a test that fails waits for so long. */
const DEADLINE = 10_000;
const EVENTS = ["onChat", "onPeople", "onRooms", "onTyping"] as const;

/** Somebody who uses the chat. */
class User implements AsyncDisposable {
  readonly client: Client;
  readonly nsConn: NSConn;
  readonly #inbox: Inbox;

  constructor(client: Client, nsConn: NSConn, inbox: Inbox) {
    this.client = client;
    this.nsConn = nsConn;
    this.#inbox = inbox;
  }

  static async connect(
    { url }: Example,
    { name, headers }: { name?: string; headers?: HeadersInit } = {},
  ): Promise<User> {
    const inbox = new Inbox();
    const events: Events = {};
    for (const event of EVENTS) {
      events[event] = (_nsConn, msg) => inbox.push(msg);
    }
    const client = await dial(
      new URL("/websocket_endpoint", url),
      { default: events },
      headers && { headers },
    );
    try {
      const nsConn = await client.connect("default");
      if (name !== undefined) await nsConn.ask("onName", name);
      return new User(client, nsConn, inbox);
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  /** The next message of an event, of those that were not waited for yet. */
  next(event: typeof EVENTS[number], room = ""): Promise<Message> {
    return this.#inbox.take((msg) => msg.event === event && msg.room === room);
  }

  /** Waits until the list of people has these names. */
  async waitForPeople(names: string[], room = ""): Promise<void> {
    const sorted = JSON.stringify(names.toSorted());
    await this.#inbox.take((msg) =>
      msg.event === "onPeople" && msg.room === room &&
      JSON.stringify(namesOf(msg)) === sorted
    );
  }

  async [Symbol.asyncDispose]() {
    await this.client.close();
  }
}

/** Messages that wait for somebody who wants them, and the other way round. */
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
      return Promise.resolve(this.#messages.splice(index, 1)[0]!);
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

function namesOf(msg: Message): string[] {
  return msg.json<Person[]>().map(({ name }) => name).sort();
}

Deno.test("the chat gives names, and refuses those that are taken", async () => {
  await using example = await Example.start(MAIN);
  await using ann = await User.connect(example);
  const answer = await ann.nsConn.ask("onName", " Ann ");
  assertEquals(answer.json(), { id: ann.client.id, name: "Ann" });

  await using bob = await User.connect(example);
  await assertRejects(
    () => bob.nsConn.ask("onName", "ann"),
    EventError,
    'The name "Ann" is taken',
  );
  for (const name of ["", " ", "x".repeat(31)]) {
    await assertRejects(
      () => bob.nsConn.ask("onName", name),
      EventError,
      "A name has 1 to 30 characters",
    );
  }
  await bob.nsConn.ask("onName", "Bob; \u{1f469}\u200d\u{1f467}");
  await ann.waitForPeople(["Ann", "Bob; \u{1f469}\u200d\u{1f467}"]);

  await ann.nsConn.ask("onName", "Anna");
  await bob.nsConn.ask("onName", "ANN");
  assertEquals(namesOf(await bob.nsConn.ask("onWho")), ["ANN", "Anna"]);
});

Deno.test("the chat takes a name from a header, or refuses the connection", async () => {
  await using example = await Example.start(MAIN);
  const headers = { "x-chat-name": "Bot" };
  await using bot = await User.connect(example, { headers });
  assertEquals(namesOf(await bot.nsConn.ask("onWho")), ["Bot"]);
  await assertRejects(
    () => User.connect(example, { headers }),
    EventError,
    'The name "Bot" is taken',
  );
});

Deno.test("what is said reaches everybody, and who said it", async () => {
  await using example = await Example.start(MAIN);
  await using ann = await User.connect(example, { name: "Ann" });
  await using bob = await User.connect(example, { name: "Bob" });
  await using guest = await User.connect(example);

  ann.nsConn.emit("onChat", " hello; <b>everybody</b>\n");
  const chat = (await bob.next("onChat")).json<Chat>();
  assertEquals(chat.id, ann.client.id);
  assertEquals(chat.name, "Ann");
  assertEquals(chat.text, "hello; <b>everybody</b>");
  assertMatch(chat.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assertEquals((await ann.next("onChat")).json<Chat>(), chat);

  const answer = await guest.nsConn.ask("onChat", "who am I?");
  assertEquals(answer.json<Chat>().name, "Guest 1");
  assertEquals((await ann.next("onChat")).json<Chat>(), answer.json<Chat>());

  await assertRejects(() => ann.nsConn.ask("onChat", " "), EventError);
  ann.nsConn.emit("onChat", "x".repeat(2_001));
  const { error } = await ann.next("onChat");
  assertEquals(error?.message, "A message has 1 to 2000 characters");
});

Deno.test("a room keeps to itself what is said in it", async () => {
  await using example = await Example.start(MAIN);
  await using ann = await User.connect(example, { name: "Ann" });
  await using bob = await User.connect(example, { name: "Bob" });
  await using cy = await User.connect(example, { name: "Cy" });
  const name = "deno; \u017e";

  const room = await ann.nsConn.joinRoom(name);
  const rooms = (await cy.next("onRooms")).json<RoomInfo[]>();
  assertEquals(rooms, [{ name, people: 1 }]);
  const other = await bob.nsConn.joinRoom(name);
  await ann.waitForPeople(["Ann", "Bob"], name);

  room.emit("onTyping");
  const typing = (await bob.next("onTyping", name)).json<Person>();
  assertEquals(typing, { id: ann.client.id, name: "Ann" });
  room.emit("onChat", "only here");
  assertEquals((await bob.next("onChat", name)).json<Chat>().text, "only here");
  assertEquals((await ann.next("onChat", name)).json<Chat>().text, "only here");
  ann.nsConn.emit("onChat", "for all");
  // Had it gone to all, the one in the room would have come before.
  const { room: place } = await cy.next("onChat");
  assertEquals(place, "");

  assertEquals(namesOf(await cy.nsConn.ask("onWho", name)), ["Ann", "Bob"]);
  await other.leave();
  await ann.waitForPeople(["Ann"], name);
  await bob.client.close();
  await ann.waitForPeople(["Ann", "Cy"]);
  await room.leave();
  assertEquals((await ann.nsConn.ask("onRooms")).json(), []);
});

Deno.test("a room without a proper name cannot be joined", async () => {
  await using example = await Example.start(MAIN);
  await using ann = await User.connect(example, { name: "Ann" });
  for (const name of ["x".repeat(31), " spaces ", "line\nfeed"]) {
    await assertRejects(
      () => ann.nsConn.joinRoom(name),
      EventError,
      "A room has",
    );
  }
  assertEquals(ann.nsConn.rooms, []);
});

Deno.test("the page is there, with every module that it imports", async () => {
  await using example = await Example.start(MAIN);
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
  assert(modules.has(new URL("/neffos/client.ts", example.url).href));
});

Deno.test("nothing outside of the folders is served", async () => {
  await using example = await Example.start(MAIN);
  const paths = [
    "/deno.json",
    "/main.ts",
    "/neffos/nothing.ts",
    "/neffos/testdata/wire.json",
    "/neffos/..%2Fmod.ts",
    "/neffos/%2e%2e%2fmvc%2frouter.ts",
    "/neffos/..%5cmod.ts",
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
  for (const path of ["/../main.ts", "/neffos/../../../mod.ts"]) {
    assertMatch(await fetchRaw(example.url, path), /^HTTP\/1\.1 404 /, path);
  }
});

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

Deno.test(
  "a signal closes the connections and ends the program",
  { ignore },
  async () => {
    await using example = await Example.start(MAIN);
    const closed = Promise.withResolvers<CloseInfo>();
    const client = await dial(
      new URL("/websocket_endpoint", example.url),
      { default: {} },
      { onClose: closed.resolve },
    );
    await client.connect("default");
    const { code, success } = await example.stop();
    assertEquals({ code, success }, { code: 0, success: true });
    assertEquals((await closed.promise).code, 1001);
  },
);

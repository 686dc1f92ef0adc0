import { fileURLToPath } from "node:url";
import { SourceTextModule } from "node:vm";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { signCookie } from "@std/http/unstable-signed-cookie";
import {
  type CloseInfo,
  dial,
  EventError,
  type Message,
  type NSConn,
} from "@neffos/mvc";
import { Example } from "../_shared/example.ts";
import type { Session } from "./sessions.ts";

const MAIN = new URL("main.ts", import.meta.url);
const KEY = "only the tests know this key, and they sign with it";
const ANN = { name: "ann", password: "correct horse" };
const BOB = { name: "Bob", password: "battery staple" };

const FOLDER = await Deno.makeTempDir();

Deno.test.afterAll(() => Deno.remove(FOLDER, { recursive: true }));

/** Gives the environment of an example, with a file for its sessions. */
function makeEnv(): Record<string, string> {
  return { AUTH_KEY: KEY, AUTH_FILE: `${FOLDER}/${crypto.randomUUID()}` };
}

function start(env = makeEnv()): Promise<Example> {
  const permissions = [
    "--allow-net=127.0.0.1",
    `--allow-read=examples,${FOLDER}`,
    `--allow-write=${FOLDER}`,
    "--allow-env=PORT,HOST,AUTH_KEY,AUTH_FILE",
  ];
  return Example.start(MAIN, { env, permissions });
}

function post(
  { url }: Example,
  path: string,
  init: { fields?: Record<string, string>; headers?: HeadersInit } = {},
): Promise<Response> {
  return fetch(new URL(path, url), {
    method: "POST",
    body: new URLSearchParams(init.fields),
    headers: init.headers,
    redirect: "manual",
  });
}

/** Signs in and gives the cookie, as the browser sends it back. */
async function signIn(example: Example, fields = ANN): Promise<string> {
  const response = await post(example, "/login", { fields });
  await response.body?.cancel();
  assertEquals(response.status, 303);
  assertEquals(response.headers.get("location"), "/");
  const [cookie = ""] = response.headers.getSetCookie();
  assertMatch(cookie, /^session=[\w.-]+; /);
  return cookie.slice(0, cookie.indexOf(";"));
}

async function whoAmI({ url }: Example, cookie: string): Promise<unknown> {
  const response = await fetch(new URL("/me", url), { headers: { cookie } });
  const text = await response.text();
  assertEquals(response.status, 200, `${cookie}: ${text}`);
  return JSON.parse(text).name;
}

/** A cookie with a value of our own, signed with a key. */
async function sign(session: Partial<Session>, key = KEY): Promise<string> {
  const data = new TextEncoder().encode(key);
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const hmac = await crypto.subtle.importKey("raw", data, algorithm, false, [
    "sign",
  ]);
  const json = JSON.stringify({ id: crypto.randomUUID(), ...session });
  const value = btoa(json).replaceAll("=", "");
  return `session=${await signCookie(value, hmac)}`;
}

/** A user in the chat. */
class Member implements AsyncDisposable {
  readonly nsConn: NSConn;
  readonly closed: Promise<CloseInfo>;
  readonly #messages: ReadableStreamDefaultReader<Message>;

  constructor(nsConn: NSConn, options: {
    closed: Promise<CloseInfo>;
    messages: ReadableStream<Message>;
  }) {
    this.nsConn = nsConn;
    this.closed = options.closed;
    this.#messages = options.messages.getReader();
  }

  static async connect({ url }: Example, cookie?: string): Promise<Member> {
    const messages = new TransformStream<Message, Message>(undefined, {
      highWaterMark: Infinity,
    });
    const writer = messages.writable.getWriter();
    const push = (_nsConn: NSConn, msg: Message) => void writer.write(msg);
    const client = await dial(
      new URL("/websocket_endpoint", url),
      { members: { onChat: push, onNote: push } },
      { headers: cookie === undefined ? {} : { cookie } },
    );
    try {
      const nsConn = await client.connect("members");
      const { closed } = client;
      return new Member(nsConn, { closed, messages: messages.readable });
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  /** The next message. */
  async next(): Promise<Message> {
    const { value } = await this.#messages.read();
    assert(value !== undefined);
    return value;
  }

  async [Symbol.asyncDispose]() {
    await this.nsConn.conn.close();
    await this.closed;
  }
}

function assertRefused(example: Example, cookie?: string): Promise<unknown> {
  const connect = () => Member.connect(example, cookie);
  return assertRejects(connect, EventError, "Sign in first");
}

Deno.test("A sign-in sets a cookie that neither scripts nor other sites get", async () => {
  await using example = await start();
  const response = await post(example, "/login", { fields: ANN });
  await response.body?.cancel();
  assertEquals(response.headers.get("cache-control"), "no-store");
  const [cookie = ""] = response.headers.getSetCookie();
  assertMatch(
    cookie,
    /^session=[\w-]+\.[0-9a-f]{64}; HttpOnly; Max-Age=28800; SameSite=Strict; Path=\/$/,
  );
  assertEquals(await whoAmI(example, cookie.split(";")[0]!), "Ann");
  assertEquals(await whoAmI(example, ""), null);
});

Deno.test("A wrong name or password is refused, and so is a body that is not a form", async () => {
  await using example = await start();
  const wrong = [
    { ...ANN, password: "correct horse " },
    { ...ANN, password: "" },
    { ...ANN, name: "Bob" },
    { name: "nobody", password: "" },
    { name: "__proto__", password: "x" },
  ];
  for (const fields of wrong) {
    const response = await post(example, "/login", { fields });
    assertEquals(response.status, 401);
    assertEquals(await response.text(), "Wrong name or password");
    assertEquals(response.headers.getSetCookie(), []);
  }
  const long = await post(example, "/login", {
    fields: { ...ANN, more: "x".repeat(5_000) },
  });
  const text = await post(example, "/login", {
    headers: { "content-type": "text/plain" },
  });
  const empty = await post(example, "/login", { fields: { name: "Ann" } });
  const all = [long, text, empty];
  assertEquals(all.map(({ status }) => status), [413, 415, 400]);
  for (const response of all) await response.body?.cancel();
});

Deno.test("A signed-in user chats under the name that the server knows", async () => {
  await using example = await start();
  await using ann = await Member.connect(example, await signIn(example));
  assertEquals((await ann.next()).text(), "Ann is here");
  await using bob = await Member.connect(example, await signIn(example, BOB));
  assertEquals((await ann.next()).text(), "Bob is here");
  assertEquals((await bob.next()).text(), "Bob is here");

  bob.nsConn.emit("onChat", " hello <b>Ann</b> ");
  const said = { name: "Bob", text: "hello <b>Ann</b>" };
  assertEquals((await ann.next()).json(), said);
  assertEquals((await bob.next()).json(), said);
  await assertRejects(() => bob.nsConn.ask("onChat", " "), EventError);
});

Deno.test("Nobody enters the namespace without a cookie of the server's", async () => {
  await using example = await start();
  const cookie = await signIn(example);
  const [value = "", signature = ""] = cookie.slice("session=".length)
    .split(".");
  const expires = Date.now() + 60_000;
  const bob = (await sign({ name: "Bob", expires })).split(".")[0];
  const cookies: Record<string, string | undefined> = {
    "none": undefined,
    "empty": "session=",
    "no signature": `session=${value}`,
    "an empty signature": `session=${value}.`,
    "no hexadecimal signature": `session=${value}.zz`,
    "a short signature": `session=${value}.${signature.slice(2)}`,
    "another signature": `session=${value}.${"00".repeat(32)}`,
    "another's name": `${bob}.${signature}`,
    "another key": await sign({ name: "Ann", expires }, `not ${KEY}`),
    "expired": await sign({ name: "Ann", expires: Date.now() - 1 }),
    "no end": await sign({ name: "Ann" }),
  };
  for (const [name, cookie] of Object.entries(cookies)) {
    await assertRefused(example, cookie);
    assertEquals(await whoAmI(example, cookie ?? ""), null, name);
  }
  // What was changed above is all that is wrong with them.
  await using ann = await Member.connect(
    example,
    await sign({ name: "Ann", expires }),
  );
  assertEquals((await ann.next()).text(), "Ann is here");
});

Deno.test("A malformed cookie is ignored, and is not a fault of the server", async () => {
  await using example = await start();
  const expires = Date.now() + 60_000;
  const valid = await sign({ name: "Ann", expires });
  const [value = "", signature = ""] = valid.slice("session=".length)
    .split(".");
  const signatures = [
    "",
    ".",
    signature.slice(1),
    `${signature}0`,
    signature.replace(/.$/, "g"),
    `${signature} 0`,
    "0x",
    "%",
    "%zz",
    "\xe9",
    "z\xe9",
    "0".repeat(4_000),
  ];
  const malformed = [
    "",
    ";",
    " ; ",
    "=",
    "=x",
    "a=b;",
    "a=b;;c=d",
    "a=b; =x",
    "session",
    "session;",
    "session=",
    "session=;",
    "session=%",
    "session=%E0%A4%A",
    "session==",
    "session=.",
    `session=.${signature}`,
    'session="',
    `session="${value}.${signature}"`,
    "session=\xff\xfe",
    "session\xe9=x",
    "__proto__=x; constructor=y; session=z",
    `Session=${value}.${signature}`,
    `session=${value}.${signature}, session=x`,
    ...signatures.map((text) => `session=${value}.${text}`),
  ];
  for (const cookie of malformed) {
    assertEquals(await whoAmI(example, cookie), null, cookie);
    const response = await post(example, "/logout", { headers: { cookie } });
    await response.body?.cancel();
    assertEquals(response.status, 303, cookie);
    await assertRefused(example, cookie);
  }
  // Beside such a part a valid cookie may count or not, as @std/http has it.
  for (const cookie of [`${valid};`, `=x; ${valid}`, `${valid}; =x`]) {
    const name = await whoAmI(example, cookie);
    assert(name === "Ann" || name === null, cookie);
  }
  assertEquals(await whoAmI(example, valid), "Ann");
});

Deno.test("Signing out closes the user's sockets and ends the cookie", async () => {
  await using example = await start();
  const cookie = await signIn(example);
  await using one = await Member.connect(example, cookie);
  await using two = await Member.connect(example, cookie);
  await using bob = await Member.connect(example, await signIn(example, BOB));
  const elsewhere = await signIn(example);

  const response = await post(example, "/logout", { headers: { cookie } });
  await response.body?.cancel();
  assertEquals(response.status, 303);
  assertMatch(response.headers.getSetCookie()[0] ?? "", /^session=; .*1970/);
  for (const { closed } of [one, two]) {
    const { code, reason } = await closed;
    assertEquals([code, reason], [4500, "You have signed out"]);
  }
  await assertRefused(example, cookie);
  assertEquals(await whoAmI(example, cookie), null);

  assertEquals(await whoAmI(example, elsewhere), "Ann");
  assertEquals((await bob.nsConn.ask("onChat", "still here")).json(), {
    name: "Bob",
    text: "still here",
  });
  // Without a cookie there is nothing to do, and nothing wrong.
  const again = await post(example, "/logout");
  await again.body?.cancel();
  assertEquals(again.status, 303);
});

Deno.test("A restart signs nobody out, and nobody in again", async () => {
  const { AUTH_FILE = "" } = makeEnv();
  let out: string;
  let ann: string;
  {
    await using example = await start({ AUTH_FILE });
    [ann, out] = [await signIn(example), await signIn(example)];
    const response = await post(example, "/logout", {
      headers: { cookie: out },
    });
    await response.body?.cancel();
  }
  {
    await using example = await start({ AUTH_FILE });
    assertEquals(await whoAmI(example, ann), "Ann");
    assertEquals(await whoAmI(example, out), null);
    await assertRefused(example, out);
  }
  if (Deno.build.os !== "windows") {
    const { mode } = await Deno.stat(AUTH_FILE);
    assertEquals(mode! & 0o777, 0o600);
  }
  // Another file is another key.
  await using other = await start();
  assertEquals(await whoAmI(other, ann), null);
});

Deno.test("Refusals are no faults in the log", async () => {
  const example = await start();
  const wrong = { ...ANN, password: "wrong" };
  const response = await post(example, "/login", { fields: wrong });
  assertEquals(await response.text(), "Wrong name or password");
  await assertRefused(example);
  await using ann = await Member.connect(example, await signIn(example));
  await assertRejects(() => ann.nsConn.ask("onChat", " "), EventError);
  await example.stop();
  // Deno says what it downloads.
  const lines = example.errors.split(/\r?\n/)
    .filter((line) => line !== "" && !line.startsWith("Download "));
  assertEquals(lines, []);
});

Deno.test("A socket is closed when the cookie of its user ends", async () => {
  await using example = await start();
  const expires = Date.now() + 1_000;
  await using ann = await Member.connect(
    example,
    await sign({ name: "Ann", expires }),
  );
  const { code, reason } = await ann.closed;
  assertEquals([code, reason], [4500, "Your session has ended"]);
  assert(Date.now() >= expires);
});

Deno.test("Pages of other origins can neither sign in or out, nor connect", async () => {
  await using example = await start();
  const cookie = await signIn(example);
  const { host } = new URL(example.url);
  const foreign: Record<string, string>[] = [
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: `http://evil.${host}` },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site", origin: `http://${host}` },
  ];
  for (const headers of foreign) {
    for (const path of ["/login", "/logout"]) {
      const response = await post(example, path, {
        fields: ANN,
        headers: { ...headers, cookie },
      });
      assertEquals([response.status, await response.text()], [
        403,
        "Forbidden",
      ]);
      assertEquals(response.headers.getSetCookie(), []);
    }
  }
  assertEquals(await whoAmI(example, cookie), "Ann");
  assertMatch(
    await shakeHands(example, [
      "origin: https://evil.example",
      `cookie: ${cookie}`,
    ]),
    /^HTTP\/1\.1 403 /,
  );
  const own = { origin: `http://${host}`, "sec-fetch-site": "same-origin" };
  const response = await post(example, "/logout", {
    headers: { ...own, cookie },
  });
  await response.body?.cancel();
  assertEquals(response.status, 303);
});

/** Asks for a websocket as a browser does it, and gives the answer back. */
async function shakeHands({ url }: Example, lines: string[]): Promise<string> {
  const { hostname, port, host } = new URL(url);
  using conn = await Deno.connect({ hostname, port: Number(port) });
  const request = [
    "GET /websocket_endpoint HTTP/1.1",
    `host: ${host}`,
    "connection: upgrade, close",
    "upgrade: websocket",
    "sec-websocket-version: 13",
    "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
    ...lines,
  ].join("\r\n");
  await conn.write(new TextEncoder().encode(`${request}\r\n\r\n`));
  const answer = conn.readable.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await answer.read();
  await answer.cancel();
  return value;
}

Deno.test("The members' page is there, with every module that it imports", async () => {
  await using example = await start();
  const page = await fetch(example.url);
  assertEquals(page.status, 200);
  const html = await page.text();
  const [, script] = / src="([^"]+)"/.exec(html) ?? [];
  assert(script !== undefined);
  const modules = new Set([new URL(script, example.url).href]);
  for (const url of modules) {
    const response = await fetch(url);
    assertEquals(response.status, 200, url);
    // It parses JavaScript alone, and throws at any type that is left.
    const module = new SourceTextModule(await response.text());
    for (const specifier of module.dependencySpecifiers) {
      modules.add(new URL(specifier, url).href);
    }
  }
  assert(modules.has(new URL("/neffos.js", example.url).href));
  for (const path of ["/sessions.ts", "/accounts.ts", "/..%2faccounts.ts"]) {
    const response = await fetch(new URL(path, example.url));
    assertEquals(response.status, 404, path);
    await response.body?.cancel();
  }
});

/** An environment without JSR, and with empty caches. */
async function leaveJsr(): Promise<
  { env: Record<string, string> } & AsyncDisposable
> {
  const folder = await Deno.makeTempDir();
  return {
    env: {
      JSR_URL: "http://127.0.0.1:1/",
      DENO_DIR: `${folder}/deno`,
      HOME: folder,
      LOCALAPPDATA: folder,
      XDG_CACHE_HOME: folder,
    },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

Deno.test("The example says in a sentence why it cannot start", async () => {
  await using offline = await leaveJsr();
  const failures = [
    {
      env: offline.env,
      sentence:
        'Cannot load @std/http from JSR: run "deno task start:auth", which uses a stand-in where JSR cannot be reached',
    },
    {
      env: { ...makeEnv(), AUTH_KEY: "short" },
      sentence:
        "Cannot sign with a secret of 5 characters: it should have at least 32",
    },
  ];
  for (const { env, sentence } of failures) {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", MAIN.href, "--port=0"],
      env: { ...env, NO_COLOR: "1" },
    }).output();
    const [out, errors] = [stdout, stderr].map((data) =>
      new TextDecoder().decode(data)
    );
    // Deno says what it downloads.
    const lines = errors?.trim().split(/\r?\n/)
      .filter((line) => !line.startsWith("Download "));
    assertEquals({ code, out, lines }, { code: 1, out: "", lines: [sentence] });
  }
});

Deno.test("The task starts the example where JSR cannot be reached", async () => {
  await using offline = await leaveJsr();
  // The task may write beside the example alone.
  const file = fileURLToPath(new URL("sessions.json.test", MAIN));
  await using example = await Example.startTask("start:auth", {
    env: { ...offline.env, AUTH_KEY: KEY, AUTH_FILE: file },
  });
  await Deno.remove(file);
  assertEquals(await whoAmI(example, await signIn(example)), "Ann");
});

// Windows has no signals: a program is ended at once.
const ignore = Deno.build.os === "windows";

Deno.test("a signal closes the members' sockets and ends the program", {
  ignore,
}, async () => {
  await using example = await start();
  await using ann = await Member.connect(example, await signIn(example));
  const { code, success } = await example.stop();
  assertEquals({ code, success }, { code: 0, success: true });
  assertEquals((await ann.closed).code, 1001);
});

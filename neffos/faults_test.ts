/** Faults of FAULTS.md that the tests beside the sources do not cover. */

import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import type { NSConn } from "./api/ns_conn.ts";
import { dial } from "./client.ts";
import { DEFAULT_LIMITS } from "./connection/limits.ts";
import { hostOf, MemoryServer, RawClient, sessionOf } from "./harness/mod.ts";
import { EventError } from "./protocol/errors.ts";
import { exclude } from "./protocol/message.ts";
import { socketPair } from "./transport/socket.ts";
import type { CloseInfo, Socket } from "./transport/socket.ts";
import { WebSocketAdapter } from "./transport/web_socket.ts";

const HELLO = ["M", "$1;chat;;_OnNamespaceConnect;0;0;"];

const BYTES = new TextEncoder();

function fixedId() {
  return { idGenerator: () => "ID" };
}

Deno.test("Frames before the acknowledgement are handled in order, text and binary", async () => {
  const received: string[] = [];
  const gate = Promise.withResolvers<void>();
  await using memory = new MemoryServer({
    chat: { onSay: (_, msg) => void received.push(msg.text()), onEnd() {} },
  }, { ...fixedId(), onConnect: () => gate.promise });
  const early = [1, 2, 3, 4, 5, 6].map((n) => {
    const frame = `;chat;;onSay;0;0;${n}`;
    return n % 2 ? frame : BYTES.encode(frame);
  });
  const raw = await RawClient.open(
    memory,
    "$1;chat;;_OnNamespaceConnect;0;0;",
    ...early.slice(0, 3),
    "M",
    ...early.slice(3),
    "$2;chat;;onEnd;0;0;",
  );
  gate.resolve();
  assertEquals(await raw.until(3), ["AID", "$1;;;;;;", "$2;;;;;;"]);
  assertEquals(received, ["1", "2", "3", "4", "5", "6"]);
  raw.socket.close();
  await raw.closed.promise;
});

/** Makes the client's end of a socket to a server that sends raw frames. */
function rawServer(onFrame: (socket: Socket, frame: unknown) => void): Socket {
  const [left, right] = socketPair();
  right.listen({
    open() {},
    message: (frame) => onFrame(right, frame),
    close() {},
  });
  return left;
}

Deno.test("dial() gives an ID also when frames come before the acknowledgement", async () => {
  const received: string[] = [];
  const socket = rawServer((server, frame) => {
    if (frame === "M") {
      server.send("1;chat;;_OnNamespaceConnect;0;0;");
      for (const n of [1, 2, 3]) server.send(`;chat;;onSay;0;0;${n}`);
      server.send("AID");
      server.send(`;chat;;onSay;0;0;4`);
    }
  });
  const last = Promise.withResolvers<void>();
  const client = await dial("memory", {
    chat: {
      onSay(_nsConn, msg) {
        received.push(msg.text());
        if (msg.text() === "4") last.resolve();
      },
    },
  }, { transport: () => socket });
  assertEquals(client.id, "ID");
  await last.promise;
  assertEquals(received, ["1", "2", "3", "4"]);
  await client.close();
});

Deno.test("An async handler of a client answers what it returns", async () => {
  await using memory = new MemoryServer({ chat: {} });
  const client = await memory.dial({
    chat: { onAsk: async () => await Promise.resolve("later") },
  });
  await client.connect("chat");
  const [nsConn] = memory.server.connectionsByNamespace("chat");
  assertEquals((await nsConn!.ask("onAsk")).text(), "later");
});

Deno.test("A client in several rooms and namespaces gets each message once, where it belongs", async () => {
  const received: string[] = [];
  const count = Promise.withResolvers<void>();
  await using memory = new MemoryServer({ one: {}, two: {} });
  const handler = {
    onSay(nsConn: NSConn, msg: { room: string; text(): string }) {
      received.push(`${nsConn.namespace} ${msg.room} ${msg.text()}`);
      if (msg.text() === "last") count.resolve();
    },
  };
  const client = await memory.dial({ one: handler, two: handler });
  for (const namespace of ["one", "two"]) {
    const nsConn = await client.connect(namespace);
    await nsConn.joinRoom("a");
    await nsConn.joinRoom("b");
  }
  const say = (namespace: string, room: string, body: string) =>
    memory.server.broadcast(null, { namespace, room, event: "onSay", body });
  say("one", "a", "1");
  say("two", "b", "2");
  say("one", "", "3");
  say("one", "c", "never");
  say("two", "", "last");
  await count.promise;
  assertEquals(received, ["one a 1", "two b 2", "one  3", "two  last"]);
});

Deno.test("Late and second answers are dropped and counted", async () => {
  await using memory = new MemoryServer({ chat: { onEnd() {} } }, fixedId());
  const raw = await RawClient.open(memory, ...HELLO);
  await raw.until(2);
  const [nsConn] = memory.server.connectionsByNamespace("chat");
  const { asks } = sessionOf(nsConn!.conn);
  const asked = nsConn!.ask("onAsk");
  const [, , question] = await raw.until(3);
  const [token] = (question as string).split(";");
  raw.send(`${token};chat;;onAsk;0;0;first`, `${token};chat;;onAsk;0;0;second`);
  raw.send(`${token};chat;;onAsk;1;0;an error`, "$2;chat;;onEnd;0;0;");
  assertEquals((await asked).text(), "first");
  assertEquals((await raw.until(4))[3], "$2;;;;;;");
  assertEquals(hostOf(nsConn!.conn).drops.lateAnswers, 2);
  assertEquals(asks.size, 0);
  raw.socket.close();
  await raw.closed.promise;
});

Deno.test("Wait tokens are unique, and those of a server cannot be guessed", async () => {
  await using memory = new MemoryServer({ chat: {} });
  const tokens = new Set<string>();
  const starts = new Set<string>();
  for (let n = 0; n < 3; n++) {
    const raw = await RawClient.open(memory, ...HELLO);
    await raw.until(2);
    const nsConn = memory.server.connectionsByNamespace("chat").at(-1)!;
    const asks = Array.from({ length: 1000 }, () => nsConn.ask("onAsk"));
    const frames = (await raw.until(1002)).slice(2) as string[];
    for (const frame of frames) {
      const [token] = frame.split(";");
      tokens.add(token!);
      assert(/^[a-z0-9]/.test(token!) && token![1] !== "!", token);
    }
    starts.add(frames[0]!.slice(0, 6));
    raw.socket.close();
    await Promise.allSettled(asks);
  }
  assertEquals(tokens.size, 3000);
  assertEquals(starts.size, 3);
});

Deno.test("A connection that never says hello is closed", async () => {
  await using memory = new MemoryServer({ chat: {} }, { ackTimeout: 5 });
  const raw = await RawClient.open(memory, "not M", ";chat;;onSay;0;0;");
  const { code } = await raw.closed.promise;
  assertEquals(code, 4001);
  assertEquals(memory.server.totalConnections, 0);
});

Deno.test("A client cannot acknowledge itself", async () => {
  let connects = 0;
  await using memory = new MemoryServer({ chat: {} }, {
    ...fixedId(),
    onConnect: () => void connects++,
  });
  const raw = await RawClient.open(memory, "Aother", "Hrefused", "M", "M");
  raw.send("$1;chat;;_OnNamespaceConnect;0;0;");
  assertEquals(await raw.until(2), ["AID", "$1;;;;;;"]);
  assertEquals(memory.server.connections[0]!.id, "ID");
  assertEquals(connects, 1);
  raw.socket.close();
  await raw.closed.promise;
});

Deno.test("Tokens from outside are opaque, and no client can pose as another", async () => {
  await using memory = new MemoryServer({
    chat: {
      onSay: (nsConn, msg) => nsConn.server.broadcast(nsConn, msg),
      onAsk() {},
      onEnd() {},
    },
  }, fixedId());
  const raw = await RawClient.open(memory, ...HELLO);
  const other = await RawClient.open(memory, ...HELLO);
  await Promise.all([raw.until(2), other.until(2)]);
  raw.send(
    "1!2;chat;;onAsk;0;0;",
    "#3;chat;;onAsk;0;0;",
    "__proto__;chat;;onAsk;0;0;",
    "neffos(0xID);chat;;onSay;0;0;posing",
    "$4;chat;;onEnd;0;0;",
  );
  assertEquals((await raw.until(6)).slice(2), [
    "1!2;;;;;;",
    "#3;;;;;;",
    "__proto__;;;;;;",
    "$4;;;;;;",
  ]);
  assertEquals((await other.until(3))[2], ";chat;;onSay;0;0;posing");
  raw.socket.close();
  other.socket.close();
  await Promise.all([raw.closed.promise, other.closed.promise]);
});

Deno.test("Strange names are names like any other", async () => {
  const names = [
    "__proto__",
    "constructor",
    "toString",
    "a;b",
    "*",
    ">",
    "a.b c",
    "new\nline",
    "@%!",
  ];
  const handlers = new Map(names.map((name) => [name, {}]));
  const received: string[] = [];
  const id = "__proto__";
  await using memory = new MemoryServer(
    {
      // In a literal, __proto__ would set the prototype.
      chat: Object.fromEntries(
        [...names, "onEnd"].map((name) => [name, () => `handled ${name}`]),
      ),
      ...Object.fromEntries([...handlers].slice(1)),
    },
    { idGenerator: () => id },
  );
  const client = await memory.dial({
    chat: { onSay: (_, msg) => void received.push(msg.room) },
    ...Object.fromEntries([...handlers].slice(1)),
  });
  const nsConn = await client.connect("chat");
  for (const name of names) {
    assertEquals((await nsConn.ask(name)).text(), `handled ${name}`);
    await nsConn.joinRoom(name);
    assertEquals(memory.server.room("chat", name).length, 1);
    const say = { namespace: "chat", room: name, event: "onSay" };
    memory.server.broadcast(null, { ...say, to: id });
    memory.server.broadcast(exclude(id), say);
  }
  for (const name of names.slice(1)) await client.connect(name);
  await nsConn.ask("onEnd");
  assertEquals(received, names);
  await assertRejects(() => nsConn.ask("valueOf"), EventError, '"valueOf"');
});

Deno.test("What a client can make a server keep is bounded", async () => {
  await using memory = new MemoryServer({
    chat: {},
    ...Object.fromEntries(
      Array.from({ length: 40 }, (_, n) => [`n${n}`, {}]),
    ),
  }, { ...fixedId(), maxQueued: 10 });
  const raw = await RawClient.open(memory, "M");
  await raw.until(1);
  for (let n = 0; n < 40; n++) {
    raw.send(`$${n};n${n};;_OnNamespaceConnect;0;0;`);
  }
  for (let n = 0; n < 130; n++) raw.send(`$r${n};n0;r${n};_OnRoomJoin;0;0;`);
  await raw.closed.promise;
  // More than ten messages were waiting while the first ones were handled.
  assertEquals(memory.server.totalConnections, 0);

  const patient = await RawClient.open(memory, "M");
  await patient.until(1);
  for (let n = 0; n < 40; n++) {
    patient.send(`$${n};n${n};;_OnNamespaceConnect;0;0;`);
    await patient.until(2 + n);
  }
  for (let n = 0; n < 130; n++) {
    patient.send(`$r${n};n0;r${n};_OnRoomJoin;0;0;`);
    await patient.until(42 + n);
  }
  const refused = patient.received.filter((frame) =>
    (frame as string).includes(";1;0;")
  );
  assertEquals(refused.length, 8 + 2);
  assertEquals(memory.server.connections[0]!.namespaces.length, 32);
  patient.socket.close();
  await patient.closed.promise;

  const early = await RawClient.open(memory);
  for (let n = 0; n < 12; n++) early.send(";chat;;onSay;0;0;");
  const { code } = await early.closed.promise;
  assertEquals(code, 1008);
});

Deno.test("A name that is kept does not keep the frame that it came in", async () => {
  const { href } = new URL("./protocol/codec.ts", import.meta.url);
  const code = `import { decode } from ${JSON.stringify(href)};
    const kept = [];
    const body = new TextEncoder().encode("x".repeat(1024 * 1024));
    for (let n = 0; n < 100; n++) {
      const text = new TextDecoder().decode(body);
      const frame = "$1;default;a room with a long name " + n + ";e;0;0;" + text;
      // As one flat string, as frames are received.
      kept.push(decode(JSON.parse(JSON.stringify(frame))).room);
    }
    gc();
    console.log(kept.length, Math.round(Deno.memoryUsage().heapUsed / 1e6));`;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-config", "--v8-flags=--expose-gc", "--ext=ts", code],
  }).output();
  const [count, megabytes] = new TextDecoder().decode(stdout).split(" ");
  assertEquals(count, "100");
  // A hundred frames of a megabyte were received.
  assert(Number(megabytes) < 30, `${megabytes} MB`);
});

Deno.test("An abnormal end and an idle timeout are reported once", async () => {
  class FakeWebSocket extends EventTarget {
    binaryType = "";
    bufferedAmount = 0;
    send() {}
    close() {}
  }
  for (const [code, expected] of [[0, 1006], [1001, 1001]] as const) {
    const fake = new FakeWebSocket();
    const adapter = new WebSocketAdapter(fake as never as WebSocket);
    const ends: CloseInfo[] = [];
    adapter.listen({ open() {}, message() {}, close: (end) => ends.push(end) });
    fake.dispatchEvent(new Event("open"));
    assertEquals(adapter.send("x"), true);
    const error = new Event("error", { cancelable: true });
    fake.dispatchEvent(error);
    assert(error.defaultPrevented);
    fake.dispatchEvent(new CloseEvent("close", { code }));
    fake.dispatchEvent(new CloseEvent("close", { code: 1005 }));
    assertEquals(ends.map((end) => end.code), [expected]);
    assertEquals(adapter.send("x"), false);
  }
  await Promise.resolve();
});

Deno.test("A handler's promise that is rejected later is reported, and the server goes on", async () => {
  await using memory = new MemoryServer({
    chat: {
      onLater: () =>
        new Promise((_, reject) => setTimeout(() => reject(new Error("late")))),
      onHi: () => "hi",
    },
  });
  const nsConn = await (await memory.dial({ chat: {} })).connect("chat");
  await assertRejects(
    () => nsConn.ask("onLater"),
    EventError,
    "internal error",
  );
  assertEquals((await nsConn.ask("onHi")).text(), "hi");
  assertNotEquals(memory.errors, []);
});

Deno.test("FAULTS.md names a test for each fault, and each test is there", async () => {
  const rows = await readRows("FAULTS.md", /^\| \d/);
  const names = rows.map((cells) => cells[3]!.slice(1, -1));
  const numbers = rows.map((cells) => Number(cells[1]));
  const all = Array.from({ length: 94 }, (_, n) => n + 1)
    .filter((n) => n <= 37 || (n >= 42 && n <= 69) || n >= 80);
  assertEquals([...new Set(numbers)], all);
  await assertTests(names);
});

/** A row of the table of limits: four cells, the last one a test. */
const LIMIT = /^\| `\w+` +\|(?:[^|]*\|){2} `[^`]+` *\|$/;

Deno.test("LIMITS.md names a test for each limit, and its default is the one of the code", async () => {
  const rows = await readRows("LIMITS.md", LIMIT);
  const limits = new Map(rows.map((cells) => [cells[1]!.slice(1, -1), cells]));
  const names = [...Object.keys(DEFAULT_LIMITS), "maxConnections", "rateLimit"];
  for (const name of names) assert(limits.has(name), name);
  for (const [name, value] of Object.entries(DEFAULT_LIMITS)) {
    const [text] = /^[\d,]+( MiB| s)?/.exec(limits.get(name)![2]!)!;
    const unit = text.endsWith("MiB")
      ? 1_048_576
      : text.endsWith("s")
      ? 1_000
      : 1;
    assertEquals(parseInt(text.replaceAll(",", "")) * unit, value, name);
  }
  await assertTests(rows.map((cells) => cells[4]!.slice(1, -1)));
});

/** Reads the rows that match, as their cells. */
async function readRows(path: string, row: RegExp): Promise<string[][]> {
  const text = await Deno.readTextFile(new URL(path, import.meta.url));
  return text.split("\n").filter((line) => row.test(line))
    .map((line) => line.split("|").map((cell) => cell.trim()));
}

/** Checks that tests exist, by their names. */
async function assertTests(names: string[]): Promise<void> {
  let source = "";
  for (const path of ["./", "../mvc/"]) {
    for await (const file of findTests(new URL(path, import.meta.url))) {
      source += await Deno.readTextFile(file);
    }
  }
  const tests = source.replaceAll(/\s+/g, " ");
  for (const name of names) assert(tests.includes(name), name);
}

/** Finds the test files in a folder and below it. */
async function* findTests(folder: URL): AsyncGenerator<URL> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (name.endsWith("_test.ts")) yield new URL(name, folder);
    else if (isDirectory) yield* findTests(new URL(`${name}/`, folder));
  }
}

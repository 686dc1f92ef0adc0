import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Conn } from "../api/conn.ts";
import type { FaultSource } from "../api/server_api.ts";
import { MemoryServer, RawClient } from "../harness/mod.ts";
import { writeFault } from "./faults.ts";

const SOURCE: FaultSource = {
  conn: { id: "id1" } as Conn,
  namespace: "chat",
  event: "onSay",
};

interface Line {
  level: string;
  conn?: string;
  namespace?: string;
  event?: string;
  error: Described;
}

interface Described {
  name?: string;
  message: string;
  stack?: string;
  cause?: Described;
  errors?: Described[];
}

/** Writes a line, checks that it is printable, and parses it. */
function write(error: unknown, source: FaultSource = SOURCE): Line {
  const line = writeFault(error, source);
  assert(!/[\p{C}\p{Zl}\p{Zp}]/u.test(line), line);
  assert(line.length < 50_000, `${line.length}`);
  return JSON.parse(line);
}

Deno.test("writeFault() writes one JSON object with a stack", () => {
  const line = write(new TypeError("no such thing"));
  assertEquals(line.level, "error");
  assertEquals(line.conn, "id1");
  assertEquals(line.namespace, "chat");
  assertEquals(line.event, "onSay");
  assertEquals(line.error.name, "TypeError");
  assertEquals(line.error.message, "no such thing");
  assertMatch(line.error.stack!, /^ {4}at .*faults_test\.ts:\d+/);
  assertEquals(Object.keys(write(1, {})), ["level", "message", "error"]);
});

Deno.test("writeFault() takes no line of a message for a frame", () => {
  const forged = "no\n    at forged (secret.ts:1:1)";
  const { error } = write(new Error(forged));
  assertEquals(error.message, forged);
  assertMatch(error.stack!, /^ {4}at .*faults_test\.ts:\d+/);
  assert(!error.stack!.includes("forged"), error.stack);
  assertMatch(write(new Error("")).error.stack!, /^ {4}at /);
  // The stack keeps the text that it was made with.
  const changed = Object.assign(new Error("old"), { message: "new" });
  assertMatch(write(changed).error.stack!, /^ {4}at /);
});

Deno.test("writeFault() escapes and cuts texts that come from outside", () => {
  const bad =
    "\x1b[31m\n\r\0\x7f\x85\x9b\u2028\u2029\u200b\u202e\ufeff\ud800x\udfff\u{e0001}";
  const line = write(new Error(bad), {
    conn: { id: bad } as Conn,
    namespace: bad,
    event: bad,
  });
  // Nothing is lost.
  assertEquals(
    [line.conn, line.namespace, line.event, line.error.message],
    [bad, bad, bad, bad],
  );
  assert(!line.error.stack!.includes("\x1b"));
  const long = "x".repeat(1_000_000);
  const cut = write(new Error(long), { namespace: long, event: long });
  assertEquals(cut.event, `${"x".repeat(128)}… (1000000)`);
  assertEquals(cut.error.message, `${"x".repeat(1024)}… (1000000)`);
  assertMatch(cut.error.stack!, /^ {4}at /);
});

Deno.test("writeFault() follows causes and parts, but not for ever", () => {
  const error = new Error("outer", { cause: new RangeError("inner") });
  assertEquals(write(error).error.cause!.name, "RangeError");
  assertEquals(write(error).error.cause!.message, "inner");
  const cycle: Error = new Error("a");
  cycle.cause = new Error("b", { cause: cycle });
  assertEquals(write(cycle).error.cause!.cause!.message, "a");
  const all = new AggregateError([new Error("1"), "2"], "both");
  const parts = ({ error: { errors } }: Line) => errors!.map((e) => e.message);
  assertEquals(parts(write(all)), ["1", "2"]);
  const suppressed = new SuppressedError(new Error("new"), new Error("old"));
  assertEquals(parts(write(suppressed)), ["new", "old"]);
  const many = new AggregateError(Array(1_000).fill(all));
  assert(JSON.stringify(write(many)).split('"message"').length < 12);
});

Deno.test("writeFault() writes a line for any value that is thrown", () => {
  const rude = () => {
    throw new Error("rude");
  };
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const getters = new Error("x");
  for (const key of ["name", "message", "stack", "cause", "errors"]) {
    Object.defineProperty(getters, key, { get: rude });
  }
  const odd = [
    ...[undefined, null, "text", 1n, NaN, Symbol("s"), rude, [], proxy],
    ...[getters, { toString: rude }, Object.create(null), new Date(NaN)],
    new Proxy(new Error("p"), { get: rude, getPrototypeOf: rude }),
    Object.assign(new Error("c"), { cause: getters }),
    Object.assign(new Error("e"), { errors: new Proxy([], { get: rude }) }),
    { name: 1, message: "like an error", stack: {}, cause: proxy },
  ];
  const texts = odd.map((thrown) => write(thrown).error.message);
  assertEquals(texts.slice(0, 3), ["undefined", "null", "text"]);
  assertEquals(texts.at(-1), "like an error");
});

Deno.test("writeFault() shows no body that was thrown", () => {
  class Secret {
    body = "secret";
    toString() {
      return this.body;
    }
  }
  for (const thrown of [new Secret(), ["secret"], { body: "secret" }]) {
    const line = writeFault(thrown, SOURCE);
    assert(!line.includes("secret"), line);
  }
  assertMatch(write(new Secret()).error.message, /class Secret/);
  const nameless = "something that is no error was thrown";
  for (const thrown of [new (class {})(), Object.create(null)]) {
    assertEquals(write(thrown).error.message, nameless);
  }
});

Deno.test("Without onError each fault is one line; an onError gets the value that was thrown", async () => {
  const { error } = console;
  const printed: unknown[][] = [];
  const thrown = { body: "\n" };
  const events = {
    onSay() {
      throw thrown;
    },
  };
  const frames = ["M", "$1;chat;;_OnNamespaceConnect;0;0;"];
  const ask = "$2;chat;;onSay;0;0;%s%c\x1b[2J\n";
  console.error = (...args) => void printed.push(args);
  try {
    await using memory = new MemoryServer({ chat: events }, {
      onError: undefined,
    });
    const client = await RawClient.open(memory, ...frames, ask);
    await client.until(3);
    assertEquals(printed.length, 1);
    assertEquals(printed[0]!.length, 1);
    assertMatch(String(printed[0]), /^\{"level":"error"[ -~]*\}$/);
    console.error = () => {
      throw new Error("no space left");
    };
    client.send(ask);
    assertEquals((await client.until(4)).at(-1), client.received.at(-2));
  } finally {
    console.error = error;
  }
  await using memory = new MemoryServer({ chat: events });
  const client = await RawClient.open(memory, ...frames, ask);
  await client.until(3);
  assertEquals(memory.errors, [thrown]);
  assert(memory.errors[0] === thrown);
});

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { startChat } from "./harness/chat.ts";
import { type FakeIO, makeFakeIO } from "./harness/fake_io.ts";
import { COMMANDS, runProgram } from "./program.ts";

/** Runs a command line, and returns what it has written. */
async function run(
  args: readonly string[],
  io: FakeIO = makeFakeIO(),
): Promise<{ code: number; out: string; err: string }> {
  const code = await runProgram(args, io);
  return { code, out: io.printed, err: io.complained };
}

Deno.test("neffos prints its version, and the help of each command", async () => {
  for (const word of ["--version", "-V", "version"]) {
    const { code, out } = await run([word]);
    assertEquals([code, out], [0, `neffos ${config.version}\n`]);
  }
  const help = await run(["help"]);
  assertEquals(help.code, 0);
  for (const { name, summary, options } of COMMANDS) {
    assertStringIncludes(help.out, `${name}`);
    const own = await run(["help", name]);
    assertEquals(own, await run([name, "--help"]));
    assertStringIncludes(own.out, summary);
    for (const option of Object.keys(options)) {
      assertStringIncludes(own.out, `--${option}`);
    }
  }
  const none = await run([]);
  assertEquals([none.code, none.out, none.err], [2, "", help.out]);
});

Deno.test("neffos says in one line what is wrong with its arguments", async () => {
  const cases: [args: string[], text: RegExp][] = [
    [["fly"], /^neffos: Cannot run "fly": the commands are connect, emit/],
    [["ws://x"], /did you mean neffos connect ws:\/\/x/],
    [["ask", "ws://x"], /without NAMESPACE: write neffos ask URL NAMESPACE/],
    [["ask", "a", "b", "c", "d", "e"], /with 5 arguments/],
    [["ask", "--fly"], /there is no option --fly/],
    [["ask", "a", "b", "c", "--timeout"], /--timeout takes a value/],
    [["ask", "a", "b", "c", "--json=1"], /--json takes no value/],
    [["ask", "ftp://a", "b", "c"], /the scheme must be ws/],
    [["ask", "a b", "b", "c"], /it is not a URL/],
    [["ask", "a", "b", "c", "-t", "soon"], /--timeout to "soon": write a/],
    [["ask", "a", "b", "c", "-H", "x"], /the header "x": write 'Name: value'/],
    [["ask", "a", "b", "c", "-q", "x"], /--query to "x": write name=value/],
    [["ask", "a", "b", "c", "@/no/file"], /it is not there; text:@…/],
    [["watch", "a", "-n", "0"], /--count to "0": write a whole number/],
    [["bench", "a", "b", "c", "--rate", "x"], /--rate to "x": write how many/],
    [["help", "fly"], /Cannot run "fly"/],
  ];
  for (const [args, text] of cases) {
    const { code, out, err } = await run(args);
    assertEquals([code, out], [2, ""], args.join(" "));
    assertMatch(err, text);
    assertMatch(err, /^neffos: [^\n]+\n$/);
  }
});

Deno.test("ask prints the answer, as text, bytes or JSON", async () => {
  await using chat = startChat();
  const ask = ["ask", chat.url, "chat", "onEcho"];
  assertEquals(await run([...ask, "hello"]), {
    code: 0,
    out: "hello\n",
    err: "",
  });
  assertEquals((await run(ask)).out, "");
  const json = await run([...ask, '{"n":12345678901234567890}', "--json"]);
  assertEquals(
    json.out,
    '{"namespace":"chat","room":"","event":"onEcho","body":{"n":12345678901234567890}}\n',
  );
  const io = makeFakeIO();
  await run([...ask, "hex:00ff0a"], io);
  assertEquals(io.bytes, Uint8Array.of(0, 255, 10));
  const base64 = await run([...ask, "base64:AP8=", "--json"]);
  assertStringIncludes(base64.out, '"base64":"AP8="');
  const binary = await run([...ask, "a", "--binary", "--json"]);
  assertStringIncludes(binary.out, '"base64":"YQ=="');
  const input = await run([...ask, "-"], makeFakeIO({ input: "a\nb\n" }));
  assertEquals(input.out, "a\nb\n");
  const terminal = makeFakeIO({ isTTY: true });
  await run([...ask, "hex:001b"], terminal);
  assertEquals(terminal.printed, "<2 bytes 001b>\n");
  const drawing = makeFakeIO({ isTTY: true });
  await run([...ask, "\x1b[2J"], drawing);
  assertEquals(drawing.printed, "\\u001b[2J\n");
});

Deno.test("ask sends headers, cookies and a query, and the body of connect", async () => {
  await using chat = startChat();
  const { out } = await run([
    ...["ask", `${chat.url}closed?a=1`, "chat", "onHeaders"],
    ...["-H", "X-Name: Ann; Bob", "-b", "a=1", "-b", "b=2", "-q", "c=d e"],
  ]);
  assertEquals(JSON.parse(out), {
    name: "Ann; Bob",
    cookie: "a=1; b=2",
    query: "?a=1&c=d+e",
  });
  const admin = ["ask", chat.url, "admin", "onHi"];
  const refused = await run(admin);
  assertEquals(
    refused.err,
    "neffos: The server refused: a token is required\n",
  );
  const admitted = await run([...admin, "--connect-body", "secret"]);
  assertEquals(admitted.out, "hi\n");
});

Deno.test("The exit code says what has failed, and the text what to do", async () => {
  await using chat = startChat();
  const { url } = chat;
  const cases: [args: string[], code: number, text: RegExp][] = [
    [["ask", url, "chat", "onSay"], 1, /refused "onSay": say something$/m],
    [["emit", url, "chat", "onSay"], 1, /refused "onSay": say something$/m],
    [["ask", url, "cat", "onSay"], 1, /no namespace "cat"; check its name/],
    [
      ["ask", url, "admin", "x", "--connect-body", "secret", "-r", "a"],
      1,
      /no rooms here/,
    ],
    [["ask", `${url}closed`, "chat", "onEcho"], 3, /answered 401.*-H 'Authori/],
    [["ask", "ws://127.0.0.1:1", "chat", "onEcho"], 3, /nothing listens there/],
    [["ask", url.replace("ws", "wss"), "chat", "onEcho"], 3, /try ws: instead/],
    [["ask", url, "chat", "onDrop"], 3, /closed: 1008, "too many"/],
    [["ask", url, "chat", "onNever", "-t", "50ms"], 4, /--timeout gives it/],
    [["emit", url, "chat", "onNever", "-t", "50ms"], 4, /sent, and not/],
    [["watch", url, "cat"], 1, /no namespace "cat"/],
    [["watch", url, "chat", "-n", "1", "--for", "50ms"], 4, /Only 0 events/],
    [["bench", url, "chat", "onSay", "-n", "3", "-c", "2"], 1, /^$/],
  ];
  for (const [args, code, text] of cases) {
    const result = await run(args);
    assertEquals(result.code, code, args.join(" "));
    assertMatch(result.err, text);
    if (result.err === "") continue;
    const { err } = await run([...args, "--json"]);
    assertMatch(JSON.parse(err).error, text);
    assertEquals(JSON.parse(err).exit, code);
  }
});

Deno.test("emit ends when the event is handled", async () => {
  await using chat = startChat();
  const io = makeFakeIO();
  const watch = ["watch", chat.url, "chat", "-r", "lobby", "-n", "2", "--json"];
  const watching = run([...watch, "-e", "onChat"], io);
  while (chat.server.room("chat", "lobby").length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const emit = ["emit", chat.url, "chat", "onSay", "hello", "-r", "lobby"];
  assertEquals(await run(emit), { code: 0, out: "", err: "" });
  assertEquals(
    (await run([...emit, "--json"])).out,
    '{"namespace":"chat","room":"lobby","event":"onSay","sent":true}\n',
  );
  const line =
    '{"namespace":"chat","room":"lobby","event":"onChat","body":"hello"}\n';
  assertEquals(await watching, { code: 0, out: line + line, err: "" });
});

Deno.test("watch ends by Ctrl-C, and when its time is over", async () => {
  await using chat = startChat();
  const io = makeFakeIO();
  const watching = run(["watch", chat.url, "chat", "--time"], io);
  while (chat.server.connectionsByNamespace("chat").length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await run(["emit", chat.url, "chat", "onSay", "\x1b[31mred"]);
  await io.shows("red");
  io.interrupt();
  const { code, out } = await watching;
  assertEquals(code, 0);
  assertMatch(out, /^\d{4}-\d\d-\d\dT\S+Z < chat onChat \\u001b\[31mred\n$/);
  assertEquals(
    (await run(["watch", chat.url, "chat", "--for", "20ms"])).code,
    0,
  );
});

Deno.test("watch fails when the server goes away", async () => {
  const chat = startChat();
  const watching = run(["watch", chat.url, "chat"]);
  while (chat.server.connectionsByNamespace("chat").length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await chat[Symbol.asyncDispose]();
  const { code, err } = await watching;
  assertEquals(code, 3);
  assertMatch(err, /closed: 1001.*--reconnect/);
});

Deno.test("watch fails when the server disconnects its namespace", async () => {
  await using chat = startChat();
  const watching = run(["watch", chat.url, "chat"]);
  while (chat.server.connectionsByNamespace("chat").length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const [nsConn] = chat.server.connectionsByNamespace("chat");
  await nsConn!.disconnect();
  assertEquals(await watching, {
    code: 1,
    out: "",
    err: 'neffos: The server has disconnected namespace "chat"\n',
  });
});

Deno.test("init says where it cannot write, and how to go to odd folders", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/file`;
    await Deno.writeTextFile(file, "");
    const refused = await run(["init", file]);
    assertEquals(refused.code, 2);
    assertMatch(
      refused.err,
      /^neffos: Cannot lay out .*name a folder[^\n]+\n$/,
    );
    const { out } = await run(["init", `${folder}/~ann`]);
    assertMatch(out, /^ {2}cd '.*~ann'$/m);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("bench counts answers, with and without a rate", async () => {
  await using chat = startChat();
  const bench = ["bench", chat.url, "chat", "onEcho", "hi", "--json"];
  for (
    const more of [["-n", "50", "-c", "5", "--in-flight", "2"], [
      "-n",
      "20",
      "-c",
      "3",
      "--rate",
      "1000",
    ]]
  ) {
    const { code, out } = await run([...bench, ...more]);
    const figures = JSON.parse(out);
    assertEquals(code, 0);
    assertEquals(figures.answers, Number(more[1]));
    assertEquals(figures.errors, {});
    assertEquals(Object.keys(figures.latency), [
      "min",
      "p50",
      "p90",
      "p99",
      "max",
    ]);
  }
  const { out } = await run(["bench", chat.url, "chat", "onSay", "-n", "3"]);
  assertMatch(out, /answers +0 .*\n.*\nerrors +3\n {2}3 × say something\n$/);
});

Deno.test("connect runs the lines of a pipe, one after another", async () => {
  await using chat = startChat();
  const input = `
# a comment
join lobby
room emit onSay hello; "you"
room lobby ask onEcho {"a": [1,  2]}
namespaces
leave
connect admin secret
namespaces
use chat
ask onAskBack
answer onConfirm yes
ask onAskBack
ask onEcho hex:00ff
disconnect admin
quit
ask onEcho never
`;
  const { code, out, err } = await run(
    ["connect", chat.url, "chat"],
    makeFakeIO({ input }),
  );
  assertEquals(
    out,
    `< chat/lobby onChat hello; "you"
= {"a": [1,  2]}
* chat, in lobby
  chat
* admin
< chat onConfirm sure? (asks)
< chat onConfirm sure? (asks)
= yes
= <2 bytes 00ff>
`,
  );
  assertEquals(
    err,
    `connected to namespace chat
joined room lobby
left room lobby
connected to namespace admin
! The server refused "onAskBack": nobody answers here
left namespace admin
`,
  );
  assertEquals(code, 1);
});

Deno.test("connect prints JSON for scripts", async () => {
  await using chat = startChat();
  const { code, out, err } = await run(
    ["connect", chat.url, "chat", "--json"],
    makeFakeIO({ input: "ask onEcho 1\nfly\nemit onSay a" }),
  );
  assertEquals(
    out,
    `{"answer":true,"namespace":"chat","room":"","event":"onEcho","body":1}
{"namespace":"chat","room":"","event":"onChat","body":"a"}
`,
  );
  assertStringIncludes(err, '{"error":"Cannot run \\"fly\\"');
  assertEquals(code, 2);
});

Deno.test("connect says what is missing, and goes on", async () => {
  await using chat = startChat();
  const input = `emit onSay hello
use chat
connect chat
leave
room emit onSay
room lobby emit onSay
join a
join b
leave
leave c
room fly onSay
emit "onSay
help fly
join
quit now
`;
  const { err } = await run(
    ["connect", chat.url],
    makeFakeIO({ input }),
  );
  assertEquals(
    err,
    `! No namespace is connected; write connect NAMESPACE
! Namespace chat is not connected; write connect chat
connected to namespace chat
! You are in no room; write join ROOM
! You are in no room; write join ROOM
! You are in no room; write join ROOM
joined room a
joined room b
! You are in several rooms; name one of a, b
! You are not in room c, but in a, b
! Write: room [ROOM] emit|ask EVENT [BODY]
! Cannot read the line: the quote " is not closed
! There is no command "fly"; write help
! Write: join ROOM [BODY]
! Write: quit
`,
  );
});

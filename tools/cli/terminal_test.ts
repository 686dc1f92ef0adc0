import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Chat, startChat } from "../../mvc/cli/harness/chat.ts";
import { Screen } from "./screen.ts";
import { hasTerminal, PROGRAM, Terminal } from "./terminal.ts";

const ignore = !await hasTerminal();

/** Ctrl with a letter. */
const ctrl = (letter: string) => String.fromCharCode(letter.charCodeAt(0) - 64);
const UP = "\x1b[A";

/** Opens the session of a namespace in a terminal. */
async function connect(
  { url }: Chat,
  options: string = "",
  env: Record<string, string> = {},
): Promise<Terminal> {
  const run = `${Deno.execPath()} run -A --no-check --quiet ${PROGRAM}`;
  const terminal = Terminal.open(`${run} connect ${url} chat ${options}`, {
    columns: 60,
    env,
  });
  await terminal.shows((text) => text.endsWith("chat>"));
  return terminal;
}

/** Waits until the last lines are these, and the cursor is at the end of them. */
async function ends(terminal: Terminal, ...lines: string[]): Promise<void> {
  const wanted = lines.join("\n");
  await terminal.shows((text) =>
    text.endsWith(wanted.trimEnd()) && terminal.line === lines.at(-1)
  );
}

Deno.test("Screen draws what readline writes", () => {
  const screen = new Screen(5);
  screen.write("abcdefg\x1b[1G\x1b[A\x1b[0Jxy\x1b[");
  screen.write("1mz\r\n\x1b[2Cq");
  assertEquals(screen.text, "xyz\n  q");
  assertEquals(screen.cursor, { row: 1, column: 3 });
});

Deno.test({
  name:
    "A session completes names, and shows events above the line that is typed",
  ignore,
  async fn() {
    await using chat = startChat();
    await using terminal = await connect(chat);
    await terminal.type("joi\t");
    await ends(terminal, "chat> join ");
    await terminal.type("lobby\r");
    await ends(terminal, "joined room lobby", "chat> ");
    await terminal.type("room lo\t");
    await ends(terminal, "chat> room lobby ");
    await terminal.type("emit onSay half a");
    await ends(terminal, "chat> room lobby emit onSay half a");
    chat.server.broadcast(null, {
      namespace: "chat",
      event: "onNews",
      body: "extra, extra",
    });
    await ends(
      terminal,
      "< chat onNews extra, extra",
      "chat> room lobby emit onSay half a",
    );
    await terminal.type(" line\r");
    await ends(terminal, "< chat/lobby onChat half a line", "chat> ");
    await terminal.type("emit on\t");
    await ends(terminal, "chat> emit on");
    await terminal.type("\t");
    await terminal.shows((text) => /onChat +onNews +onSay/.test(text));
    await terminal.type(`${ctrl("U")}${UP}`);
    await ends(terminal, "chat> room lobby emit onSay half a line");
    await terminal.type(`${ctrl("U")}${ctrl("D")}`);
    assertEquals(await terminal.end(), 0);
    assert(terminal.text.endsWith("\nchat>\n"), terminal.text);
  },
});

Deno.test({
  name: "A line that is longer than the terminal stays whole when events come",
  ignore,
  async fn() {
    await using chat = startChat();
    await using terminal = await connect(chat);
    const long = "0123456789".repeat(15);
    await terminal.type(`ask onEcho ${long}`);
    await terminal.shows((text) =>
      text.replaceAll("\n", "").endsWith(`chat> ask onEcho ${long}`)
    );
    const before = terminal.text.split("\n").length;
    for (const body of ["one", "two"]) {
      const news = { namespace: "chat", event: "onNews", body };
      chat.server.broadcast(null, news);
      await terminal.shows((text) =>
        text.replaceAll("\n", "")
          .endsWith(`< chat onNews ${body}chat> ask onEcho ${long}`)
      );
    }
    assertMatch(terminal.text, /namespace chat\n< .* one\n< .* two\nchat> /);
    assertEquals(terminal.text.split("\n").length, before + 2);
    await terminal.type("\r");
    await terminal.shows((text) =>
      text.replaceAll("\n", "").endsWith(`= ${long}chat>`)
    );
    // Pasted, and far longer than a terminal takes in one piece.
    const huge = "x".repeat(20_000);
    await terminal.type(`ask onEcho ${huge}\r`);
    await terminal.shows((text) => text.includes("more characters; --json"));
    await terminal.type("quit\r");
    assertEquals(await terminal.end(), 0);
  },
});

Deno.test({
  name: "Lines that are pasted at once run one after another",
  ignore,
  async fn() {
    await using chat = startChat();
    await using terminal = await connect(chat);
    await terminal.type("ask onEcho 1\rjoin lobby\rask onEcho 2\rquit\r");
    assertEquals(await terminal.end(), 0);
    const shown = terminal.text.split("\n")
      .filter((line) => /^(=|joined|chat> quit)/.test(line));
    assertEquals(shown, ["= 1", "joined room lobby", "= 2", "chat> quit"]);
  },
});

Deno.test({
  name: "Ctrl-C clears the line, stops an ask, and ends the session at last",
  ignore,
  async fn() {
    await using chat = startChat();
    await using terminal = await connect(chat);
    await terminal.type("emit onSay oh no");
    await ends(terminal, "chat> emit onSay oh no");
    await terminal.type(ctrl("C"));
    await ends(terminal, "chat> ");
    await terminal.type("ask onNever\r");
    await terminal.shows((text) => text.endsWith("chat> ask onNever\n"));
    await terminal.type(ctrl("C"));
    await ends(terminal, "stopped", "chat> ");
    await terminal.type(ctrl("C"));
    await ends(
      terminal,
      "(Ctrl-C again, Ctrl-D or quit ends the session)",
      "chat> ",
    );
    await terminal.type(ctrl("C"));
    assertEquals(await terminal.end(), 0);
  },
});

Deno.test({
  name: "A session ends when the server goes away, whatever is being typed",
  ignore,
  async fn() {
    const chat = startChat();
    await using terminal = await connect(chat);
    await terminal.type("emit onSay he");
    await ends(terminal, "chat> emit onSay he");
    await chat[Symbol.asyncDispose]();
    assertEquals(await terminal.end(), 3);
    assertMatch(
      terminal.text,
      /! The connection was closed: 1001, .*--reconn/s,
    );
  },
});

Deno.test({
  name: "A session with --reconnect says that it is away, and comes back",
  ignore,
  async fn() {
    const chat = startChat();
    await using terminal = await connect(chat, "--reconnect");
    await terminal.type("join lobby\r");
    await ends(terminal, "joined room lobby", "chat> ");
    for (const { conn } of chat.server.room("chat", "lobby")) conn.close(1011);
    await terminal.shows((text) => text.includes("connection lost: 1011"));
    await terminal.shows((text) => text.includes("connected again"));
    await ends(terminal, "chat> ");
    await terminal.type("room emit onSay back\r");
    await ends(terminal, "< chat/lobby onChat back", "chat> ");
    await chat[Symbol.asyncDispose]();
    await terminal.shows((text) => text.endsWith("(away) chat>"));
    await terminal.type("ask onEcho lost\r");
    await terminal.shows((text) => text.includes("! Not connected now"));
    await terminal.type("quit\r");
    assertEquals(await terminal.end(), 0);
  },
});

Deno.test({
  name: "A session keeps its lines with --history",
  ignore,
  async fn() {
    await using chat = startChat();
    const state = await Deno.makeTempDir();
    try {
      for (const isFirst of [true, false]) {
        const env = { XDG_STATE_HOME: state };
        await using terminal = await connect(chat, "--history", env);
        if (isFirst) await terminal.type("ask onEcho kept\r");
        else await terminal.type(`${UP}${UP}\r`);
        await ends(terminal, "chat> ask onEcho kept", "= kept", "chat> ");
        await terminal.type("quit\r");
        assertEquals(await terminal.end(), 0);
      }
      const kept = await Deno.readTextFile(`${state}/neffos/history`);
      assert(kept.endsWith("ask onEcho kept\nquit\n"), kept);
    } finally {
      await Deno.remove(state, { recursive: true });
    }
  },
});

Deno.test("The command line needs no more permissions than mvc/CLI.md lists", async () => {
  await using chat = startChat();
  const { host } = new URL(chat.url);
  const folder = await Deno.makeTempDir();
  const cases: [permissions: string[], args: string[]][] = [
    [[`--allow-net=${host}`], ["ask", chat.url, "chat", "onEcho", "a"]],
    [[`--allow-net=${host}`], ["emit", chat.url, "chat", "onSay", "a"]],
    [[`--allow-net=${host}`], ["watch", chat.url, "chat", "--for", "10ms"]],
    [[`--allow-net=${host}`], ["connect", chat.url, "chat"]],
    [[`--allow-net=${host}`], ["bench", chat.url, "chat", "onEcho", "-n9"]],
    [[`--allow-read=${folder}`, `--allow-write=${folder}`], ["init", folder]],
    [[], ["help"]],
  ];
  try {
    for (const [permissions, args] of cases) {
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-prompt", ...permissions, PROGRAM, ...args],
        stdin: "null",
      }).output();
      assertEquals(code, 0, `${args}: ${new TextDecoder().decode(stderr)}`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test({
  name: "Ctrl-C ends a watch well, and an ask at once",
  ignore,
  async fn() {
    await using chat = startChat();
    const run = `exec ${Deno.execPath()} run -A --no-check --quiet ${PROGRAM}`;
    await using watch = Terminal.open(`${run} watch ${chat.url} chat`);
    await watch.shows((text) => text.includes("Watching; Ctrl-C ends it."));
    await watch.type(ctrl("C"));
    assertEquals(await watch.end(), 0);
    await using ask = Terminal.open(`${run} ask ${chat.url} chat onNever`);
    while (chat.server.connectionsByNamespace("chat").length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await ask.type(ctrl("C"));
    assertEquals(await ask.end(), 130);
  },
});

Deno.test({
  name: "Ctrl-C ends a command that waits for the server to accept it",
  ignore,
  async fn() {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const url = `ws://127.0.0.1:${listener.addr.port}`;
    const run = `exec ${Deno.execPath()} run -A --no-check --quiet ${PROGRAM}`;
    for (const command of ["watch URL chat", "bench URL chat onEcho"]) {
      await using terminal = Terminal.open(
        `${run} ${command.replace("URL", url)} --timeout 1m`,
      );
      using conn = await listener.accept();
      await conn.read(new Uint8Array(1));
      await terminal.type(ctrl("C"));
      assertEquals(await terminal.end(), 130);
    }
  },
});

Deno.test({
  name: "A dumb terminal gets lines alone, and a narrow one a line of progress",
  ignore,
  async fn() {
    await using chat = startChat();
    const run = `${Deno.execPath()} run -A --no-check --quiet ${PROGRAM}`;
    const isDrawn = "| grep -c $'\\x1b' || true";
    for (const command of ["connect URL chat", "bench URL chat onEcho -n 1"]) {
      const line = `${run} ${command.replace("URL", chat.url)}`;
      const script = `script -qefc ${JSON.stringify(line)} /dev/null`;
      await using terminal = Terminal.open(
        `printf 'quit\\n' | ${script} ${isDrawn}`,
        { env: { TERM: "dumb" } },
      );
      assertEquals(await terminal.end(), 0);
      assertMatch(terminal.text, /^0$/m);
    }
    await using narrow = Terminal.open(
      `${run} bench ${chat.url} chat onEcho --duration 1s`,
      { columns: 40 },
    );
    assertEquals(await narrow.end(), 0);
    assertMatch(narrow.text, /^connections +10\n/);
  },
});

Deno.test({
  name: "Output that cannot be written is no bug of the command line",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using chat = startChat();
    const run = `${Deno.execPath()} run -A --no-check --quiet ${PROGRAM}`;
    const { code, stderr } = await new Deno.Command("bash", {
      args: ["-c", `${run} ask ${chat.url} chat onEcho hi > /dev/full`],
    }).output();
    assertEquals(code, 2);
    assertMatch(
      new TextDecoder().decode(stderr),
      /^neffos: Cannot write the output: [^\n]+\n$/,
    );
  },
});

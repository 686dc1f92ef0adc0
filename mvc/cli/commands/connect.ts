import type { Message } from "../../../neffos/client.ts";
import type { Call, Command } from "../command.ts";
import {
  CONNECTION_OPTIONS,
  dialServer,
  readConnectBody,
  readTimeout,
  RECONNECT,
} from "../connection.ts";
import { EXIT, type Failure, writeFailure } from "../failure.ts";
import { completeLine } from "../input/completion.ts";
import {
  findHistoryFile,
  readHistory,
  writeHistory,
} from "../input/history.ts";
import { formatBody, formatEvent, toJSONLine } from "../output/events.ts";
import { makeStyle } from "../output/style.ts";
import { readGrammar } from "../session/actions.ts";
import { Prompt } from "../session/prompt.ts";
import { Session, type SessionView } from "../session/session.ts";

/** `neffos connect`. */
export const connect: Command = {
  name: "connect",
  summary: "talk to a server, line by line",
  arguments: "URL [NAMESPACE...]",
  about: [
    `Reads lines such as "join lobby", "emit onSay hello" and "ask onTime"; "help"
lists them. Tab completes commands, and the namespaces, rooms and events seen so
far. Events are printed above the line that you type.`,
    `Lines may come from a pipe: the exit code is that of the first line that has
failed. Ctrl-C clears the line or stops an ask, Ctrl-D ends the session.`,
  ],
  options: {
    history: {
      about:
        "keep the lines for the next session, in $XDG_STATE_HOME/neffos/history",
    },
    json: { about: "print one line of JSON for each event and answer" },
    ...RECONNECT,
    ...CONNECTION_OPTIONS,
  },
  examples: [
    "neffos connect ws://localhost:8080/chat chat",
    "neffos connect wss://example.com/ws -H 'Authorization: Bearer …' --reconnect",
    String
      .raw`printf 'join lobby\nroom emit onSay hello\n' | neffos connect localhost:8080/chat chat`,
  ],
  run: runSession,
};

async function runSession(call: Call): Promise<number> {
  const { io, words: [url = "", ...namespaces] } = call;
  const file = call.has("history") ? findHistoryFile(io) : undefined;
  const history = file === undefined ? [] : await readHistory(file);
  const connectBody = await readConnectBody(call);
  const view = new View(call);
  const timeout = readTimeout(call);
  const session = new Session({ view, url, timeout, connectBody });
  const client = await dialServer(call, {
    namespaces: [...new Set([...namespaces, ""])],
    makeEvents: session.makeEvents,
    onNotice: (text, isAway) => session.notice(text, isAway),
  });
  session.begin(client);
  try {
    for (const name of namespaces) await session.connect(name, "");
  } catch (error) {
    await client.close();
    throw error;
  }
  const prompt = new Prompt({
    io,
    history,
    complete: (line) => completeLine(line, readGrammar, session.memory.list),
    onLine: (line, signal) => session.run(line, signal),
  });
  view.begin(prompt);
  await prompt.ended;
  await session.finish(!prompt.isTTY);
  if (file !== undefined) await writeHistory(file, prompt.history);
  const { loss, failure } = session;
  // People have seen which line failed, and went on.
  const why = loss ?? (prompt.isTTY ? undefined : failure);
  return EXIT[why?.outcome ?? "done"];
}

/** Shows a session on the terminal, or as lines. */
class View implements SessionView {
  readonly #call: Call;
  readonly #style;
  readonly #isJSON: boolean;
  #prompt: Prompt | undefined;
  #promptText = "> ";
  /** What was to be shown before there was a prompt. */
  #early: (() => void)[] = [];

  constructor(call: Call) {
    this.#call = call;
    this.#style = makeStyle(call.io.isTTY, call.io);
    this.#isJSON = call.has("json");
  }

  /** Begins to show. */
  begin(prompt: Prompt): void {
    this.#prompt = prompt;
    if (prompt.isTTY) {
      prompt.print(this.#style.dim("Connected; help lists the commands."));
    }
    for (const show of this.#early) show();
    prompt.setText(this.#promptText);
    prompt.start();
  }

  showEvent(msg: Message): void {
    this.#print(
      this.#isJSON ? toJSONLine(msg) : formatEvent(msg, this.#style),
    );
  }

  showAnswer(msg: Message): void {
    this.#print(
      this.#isJSON
        ? toJSONLine(msg, { answer: true })
        : `${this.#style.good("=")} ${formatBody(msg.body)}`.trimEnd(),
    );
  }

  showText(text: string): void {
    if (this.#isJSON) this.#printAside(text, `${text}\n`);
    else this.#print(text);
  }

  tell(text: string): void {
    this.#printAside(this.#style.dim(text), `${text}\n`);
  }

  showFailure(failure: Failure): void {
    const text = writeFailure(failure);
    const { outcome } = failure;
    this.#printAside(
      `${this.#style.error("!")} ${text}`,
      this.#isJSON
        ? `${JSON.stringify({ error: text, kind: outcome })}\n`
        : `! ${text}\n`,
    );
  }

  setPrompt(text: string): void {
    this.#promptText = text;
    this.#prompt?.setText(text);
  }

  end(): void {
    this.#prompt?.close();
  }

  #print(text: string): void {
    const prompt = this.#prompt;
    if (prompt === undefined) this.#early.push(() => this.#print(text));
    else prompt.print(text);
  }

  /** Prints what is no result: to a terminal all the same, else to standard error. */
  #printAside(text: string, plain: string): void {
    const prompt = this.#prompt;
    if (prompt === undefined) {
      this.#early.push(() => this.#printAside(text, plain));
    } else if (prompt.isTTY) prompt.print(text);
    else this.#call.io.err(plain);
  }
}

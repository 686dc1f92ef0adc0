import {
  AskTimeoutError,
  type Client,
  ConnectionClosedError,
  EventError,
  type Message,
  type NSConn,
  type RawBody,
  type Room,
} from "../../../neffos/client.ts";
import type { Call, Command, Options } from "../command.ts";
import {
  CONNECTION_OPTIONS,
  dialServer,
  enterNamespace,
  readTimeout,
  refuseAsk,
} from "../connection.ts";
import { EXIT, Failure } from "../failure.ts";
import { formatBody, toJSONLine } from "../output/events.ts";
import { readBodyArgument } from "./body_argument.ts";

/** What both commands have beside the connection's options. */
const SEND_OPTIONS: Options = {
  room: {
    short: "r",
    value: "ROOM",
    about: "join this room, and send the event in it",
  },
  binary: { about: "send the body in a binary frame" },
  json: { about: "print one line of JSON, also for errors" },
  ...CONNECTION_OPTIONS,
};

const BODIES =
  `BODY is sent as it is written, so JSON goes in quotes of the shell. Other bodies:
  @FILE             a file: text if it is UTF-8, else bytes
  -                 standard input, without its last line break
  base64:… hex:…    bytes
  text:…            a text that begins like one of these`;

/** `neffos ask`. */
export const ask: Command = {
  name: "ask",
  summary: "send an event, and print the answer",
  arguments: "URL NAMESPACE EVENT [BODY]",
  about: [
    `The answer is printed as it comes: bytes too, unless standard output is a
terminal. If the server refuses, its reason is printed and the exit code is 1;
if no answer comes in time, it is 4.`,
    BODIES,
  ],
  options: SEND_OPTIONS,
  examples: [
    "neffos ask ws://localhost:8080/chat chat onTime",
    `neffos ask wss://example.com/ws shop onPrice '{"sku":7}' --timeout 2s`,
    "neffos ask localhost:8080/ws files onHash @photo.jpg -H @headers.txt",
  ],
  async run(call) {
    const { event, body } = await readEvent(call);
    const timeout = readTimeout(call);
    await using sender = await Sender.open(call);
    const answer = await sender.target.ask(event, body, { timeout });
    printAnswer(call, answer);
    return EXIT.done;
  },
};

/** `neffos emit`. */
export const emit: Command = {
  name: "emit",
  summary: "send an event",
  arguments: "URL NAMESPACE EVENT [BODY]",
  about: [
    `Ends when the server has handled the event: it leaves the namespace, which
servers confirm after that. If the event is refused, the exit code is 1.`,
    BODIES,
  ],
  options: SEND_OPTIONS,
  examples: [
    "neffos emit ws://localhost:8080/chat chat onSay hello --room lobby",
    "date | neffos emit ws://localhost:8080/chat chat onSay -",
  ],
  async run(call) {
    const { event, body } = await readEvent(call);
    await using sender = await Sender.open(call);
    if (!sender.target.emit(event, body)) throw new ConnectionClosedError();
    await sender.leave(readTimeout(call));
    const refusal = sender.findRefusal(event);
    if (refusal !== undefined) throw refusal;
    if (call.has("json")) {
      const [, namespace = ""] = call.words;
      const room = call.get("room") ?? "";
      call.io.out(
        `${JSON.stringify({ namespace, room, event, sent: true })}\n`,
      );
    }
    return EXIT.done;
  },
};

/** Reads the event and its body, before anything is connected. */
async function readEvent(
  call: Call,
): Promise<{ event: string; body: RawBody }> {
  const [, , event = "", written = ""] = call.words;
  const body = await readBodyArgument(call, written);
  return { event, body };
}

/** A connection that sends one event, in a namespace and maybe a room. */
class Sender implements AsyncDisposable {
  readonly #client: Client;
  readonly #nsConn: NSConn;
  readonly #received: Message[];
  /** What sends the event. */
  readonly target: NSConn | Room;

  private constructor(
    client: Client,
    target: { nsConn: NSConn; room: Room | undefined; received: Message[] },
  ) {
    this.#client = client;
    this.#nsConn = target.nsConn;
    this.#received = target.received;
    this.target = target.room ?? target.nsConn;
  }

  static async open(call: Call): Promise<Sender> {
    const [, namespace = ""] = call.words;
    const received: Message[] = [];
    const timeout = readTimeout(call);
    const client = await dialServer(call, {
      namespaces: [namespace],
      makeEvents: () => ({
        onAnyEvent(_nsConn, msg) {
          refuseAsk(msg);
          received.push(msg);
        },
      }),
    });
    try {
      const nsConn = await enterNamespace(call, client, namespace);
      const name = call.get("room");
      const room = name === undefined
        ? undefined
        : await nsConn.joinRoom(name, { timeout });
      return new Sender(client, { nsConn, room, received });
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  /** Leaves the namespace, which a server confirms when it has handled all before. */
  async leave(timeout: number): Promise<void> {
    try {
      await this.#nsConn.disconnect({ timeout });
    } catch (error) {
      if (error instanceof AskTimeoutError) {
        throw new Failure(
          "late",
          `The event was sent, and not handled within ${error.timeout} ms; --timeout gives it more time`,
        );
      }
      // It may refuse to let go, and has handled all before nevertheless.
      if (!(error instanceof EventError)) throw error;
    }
  }

  /** Finds the error that the server has sent for an event. */
  findRefusal(event: string): Error | undefined {
    return this.#received.find((msg) => msg.event === event && msg.error)
      ?.error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
  }
}

function printAnswer(call: Call, answer: Message): void {
  const { io } = call;
  if (call.has("json")) return io.out(`${toJSONLine(answer)}\n`);
  const { body } = answer;
  if (typeof body !== "string" && !io.isTTY) return io.out(body);
  // A person at a terminal is not to be drawn upon; a script gets what came.
  const text = io.isTTY ? formatBody(body) : body;
  if (text.length > 0) io.out(`${text}\n`);
}

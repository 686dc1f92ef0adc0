import type { CloseInfo, Message } from "../../../neffos/client.ts";
import type { Call, Command } from "../command.ts";
import {
  CONNECTION_OPTIONS,
  dialServer,
  enterNamespace,
  readTimeout,
  RECONNECT,
  refuseAsk,
} from "../connection.ts";
import { EXIT, Failure, toFailure } from "../failure.ts";
import { parseCount, parseDuration } from "../input/options.ts";
import { describeCode } from "../output/codes.ts";
import { formatEvent, toJSONLine } from "../output/events.ts";
import { quote } from "../output/visible.ts";
import { makeStyle } from "../output/style.ts";

/** `neffos watch`. */
export const watch: Command = {
  name: "watch",
  summary: "print the events that come, until Ctrl-C",
  arguments: "URL [NAMESPACE...]",
  about: [
    `Without a namespace it watches the empty one, and messages that are not of the
protocol. --json prints one line of JSON an event: "namespace", "room", "event",
and "body" (the text as JSON if it is that, else a string), "base64" (a binary
body) or "error".`,
    `With --count and --for, the exit code is 4 if fewer events have come in that
time.`,
  ],
  options: {
    room: {
      short: "r",
      value: "ROOM",
      isList: true,
      about: "join this room, in each namespace",
    },
    event: {
      short: "e",
      value: "EVENT",
      isList: true,
      about: "print only this event",
    },
    count: { short: "n", value: "N", about: "end after so many events" },
    for: { value: "TIME", about: "end after this time, such as 30s" },
    time: { about: "print the time of each event" },
    json: { about: "print one line of JSON an event, also for errors" },
    ...RECONNECT,
    ...CONNECTION_OPTIONS,
  },
  examples: [
    "neffos watch ws://localhost:8080/chat chat --room lobby",
    "neffos watch wss://example.com/ws orders --json --reconnect | jq .body.total",
    "neffos watch ws://localhost:8080/ws jobs -e onDone --count 1 --for 5m",
  ],
  run: (call) => new Watch(call).run(),
};

/** What a watch ends with. */
type End = "count" | "time" | "interrupt" | CloseInfo | Failure;

/** One run of `neffos watch`. */
class Watch {
  readonly #call: Call;
  readonly #ended = Promise.withResolvers<End>();
  readonly #events: ReadonlySet<string>;
  readonly #count: number;
  readonly #duration: number | undefined;
  readonly #format: (msg: Message) => string;
  #seen = 0;

  constructor(call: Call) {
    this.#call = call;
    this.#events = new Set(call.list("event"));
    const count = call.get("count");
    this.#count = count === undefined ? Infinity : parseCount("count", count);
    const duration = call.get("for");
    this.#duration = duration === undefined
      ? undefined
      : parseDuration("for", duration);
    const style = makeStyle(call.io.isTTY, call.io);
    const now = () => new Date().toISOString();
    const hasTime = call.has("time");
    this.#format = call.has("json")
      ? (msg) => toJSONLine(msg, hasTime ? { time: now() } : {})
      : (msg) =>
        `${hasTime ? `${style.dim(now())} ` : ""}${formatEvent(msg, style)}`;
  }

  async run(): Promise<number> {
    const { io, words } = this.#call;
    const namespaces = words.length > 1 ? words.slice(1) : [""];
    const timeout = readTimeout(this.#call);
    const interrupt = () => this.#ended.resolve("interrupt");
    io.interrupted.addEventListener("abort", interrupt, { once: true });
    await using client = await dialServer(this.#call, {
      namespaces,
      makeEvents: (namespace) => ({
        onAnyEvent: (_nsConn, msg) => this.#take(msg),
        onNamespaceDisconnect: (_nsConn, msg) => this.#leave(msg),
        ...(namespace === "" && {
          onNativeMessage: (_nsConn, msg) => this.#take(msg),
        }),
      }),
      onNotice: (text) => io.err(`neffos: ${text}\n`),
    });
    for (const namespace of namespaces) {
      const nsConn = await enterNamespace(this.#call, client, namespace);
      for (const room of this.#call.list("room")) {
        await nsConn.joinRoom(room, { timeout });
      }
    }
    // Until here, Ctrl-C ends the program at once.
    io.watchInterrupt();
    if (io.isErrorTTY) io.err("Watching; Ctrl-C ends it.\n");
    return await this.#wait(client.closed);
  }

  #take(msg: Message): void {
    if (this.#seen < this.#count && this.#isWanted(msg)) {
      try {
        this.#call.io.out(`${this.#format(msg)}\n`);
      } catch (error) {
        return this.#ended.resolve(toFailure(error));
      }
      if (++this.#seen >= this.#count) this.#ended.resolve("count");
    }
    refuseAsk(msg);
  }

  /** Ends when the server puts it out: no event would come any more. */
  #leave({ namespace, isForced }: Message): void {
    // By force it leaves with the connection, which is told by itself.
    if (isForced) return;
    const text = `The server has disconnected namespace ${quote(namespace)}`;
    this.#ended.resolve(new Failure("refused", text));
  }

  #isWanted({ event }: Message): boolean {
    return this.#events.size === 0 || this.#events.has(event);
  }

  async #wait(closed: Promise<CloseInfo>): Promise<number> {
    const duration = this.#duration;
    const timer = duration === undefined
      ? undefined
      : setTimeout(() => this.#ended.resolve("time"), duration);
    void closed.then(this.#ended.resolve);
    const end = await this.#ended.promise;
    clearTimeout(timer);
    if (end instanceof Failure) throw end;
    if (typeof end !== "string") {
      throw new Failure(
        "unreachable",
        `The connection was closed: ${
          describeCode(end)
        }; --reconnect comes back where the server lets it`,
      );
    }
    if (end !== "time" || this.#count === Infinity) return EXIT.done;
    const seen = this.#seen === 1 ? "1 event has" : `${this.#seen} events have`;
    throw new Failure(
      "late",
      `Only ${seen} come of ${this.#count}; --for waits longer`,
    );
  }
}

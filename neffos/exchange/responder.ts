import type { UntypedAnswer } from "../api/server_api.ts";
import { encode } from "../protocol/codec.ts";
import { isCloseCode } from "../protocol/errors.ts";
import { Message } from "../protocol/message.ts";
import { isNames, type MessageReader } from "./inbox.ts";
import type { ExchangeData } from "./stack_exchange.ts";

/** The asks of other servers at one time: a foreign publisher may send any. */
const MAX_ASKS = 1_024;

/** The time limit of an ask of a server in Go, in milliseconds. */
const GO_TIMEOUT = 5_000;

/** The tokens of Go's server.Ask(): the time, its first digit shifted. */
const GO_TOKEN = /^[1-9R-Z]!?[0-9]{8,30}$/;

/** The connections that are counted, or closed. */
export interface CountTarget {
  readonly namespace?: string | undefined;
  readonly room?: string | undefined;
}

/** How connections are closed. */
export interface CloseWith {
  readonly code: number;
  readonly reason: string;
}

/** What a poll of the connections of this server is limited by. */
export interface LocalAskOptions {
  /** The time limit in milliseconds. */
  readonly timeout: number;
  /** The IDs that are not asked. */
  readonly except: readonly string[];
  readonly signal: AbortSignal;
  /** The context of a trace that the ask came with. */
  readonly context?: string | undefined;
}

/** What the requests of other servers are about: this server. */
export interface ResponderHost {
  /** Asks the connections of this server. */
  askLocal(
    message: Message,
    options: LocalAskOptions,
  ): AsyncIterable<UntypedAnswer>;
  /** Counts the connections of this server. */
  countLocal(target: CountTarget): number;
  /** Closes the connections of this server with an ID; returns their number. */
  disconnectLocal(id: string, close: CloseWith): number;
}

/** The way of the answers. */
export interface ResponderLink {
  /** Sends a part of an answer to another server, or its end. */
  tell(server: string, meta: object, data?: ExchangeData): void;
  /** Publishes a frame, for a server in Go. */
  send(channel: string, frame: ExchangeData): void;
}

/** Answers the requests of other servers. */
export class Responder {
  readonly #host: ResponderHost;
  readonly #reader: MessageReader;
  readonly #link: ResponderLink;
  /** The asks that are not answered yet. */
  readonly #asks = new Map<string, AbortController>();

  constructor(host: ResponderHost, reader: MessageReader, link: ResponderLink) {
    this.#host = host;
    this.#reader = reader;
    this.#link = link;
  }

  /** Takes a request; tells whether it is one. */
  take(
    server: string,
    id: string,
    meta: Record<string, unknown>,
    data: ExchangeData,
  ): boolean {
    switch (meta.t) {
      case "ask":
        return this.#takeAsk(server, id, meta, data);
      case "count": {
        const { namespace, room } = meta;
        if (!isNameOrNone(namespace) || !isNameOrNone(room)) return false;
        const count = this.#host.countLocal({ namespace, room });
        this.#link.tell(server, { t: "done", id, count });
        return true;
      }
      case "disconnect": {
        const { target, code, reason } = meta;
        if (
          typeof target !== "string" || typeof reason !== "string" ||
          !isCloseCode(code)
        ) return false;
        const count = this.#host.disconnectLocal(target, { code, reason });
        this.#link.tell(server, { t: "done", id, count });
        return true;
      }
    }
    return false;
  }

  /**
   * Answers an ask of a server in Go, which waits for the first answer on a
   * channel with the name of its token; tells whether it is one.
   */
  answerGo(message: Message, wait: string): boolean {
    if (!GO_TOKEN.test(wait)) return false;
    const timeout = GO_TIMEOUT;
    void this.#askLocal(
      `go:${wait}`,
      message,
      { timeout, except: [] },
      (answer) => {
        const frame = encode({ ...answer, wait: "", isBinary: false });
        this.#link.send(wait, frame);
        return false;
      },
    );
    return true;
  }

  /** Gives up an ask, whose server wants no more answers. */
  giveUp(server: string, id: string): void {
    this.#asks.get(toAskKey(server, id))?.abort();
  }

  /** Gives up the asks of a server: nobody waits for their answers. */
  forget(server: string): void {
    for (const [key, controller] of this.#asks) {
      if (key.startsWith(toAskKey(server, ""))) controller.abort();
    }
  }

  /** Gives up all. */
  stop(): void {
    for (const controller of this.#asks.values()) controller.abort();
  }

  #takeAsk(
    server: string,
    id: string,
    meta: Record<string, unknown>,
    data: ExchangeData,
  ): boolean {
    const { to, rooms, except, timeout = Infinity, isBinary, context } = meta;
    const message = this.#reader.decodePart(data, isBinary);
    if (
      message === undefined || typeof to !== "string" || !isNames(except) ||
      (rooms !== undefined && (!isNames(rooms) || rooms.includes(""))) ||
      typeof timeout !== "number" || !(timeout > 0) ||
      (context !== undefined && typeof context !== "string")
    ) return false;
    // It comes again: its end is told once.
    if (this.#asks.has(toAskKey(server, id))) return true;
    const room = rooms === undefined ? message.room : "";
    const asked = new Message({ ...message, room, to, rooms });
    const options = { timeout, except, context };
    this.#askLocal(toAskKey(server, id), asked, options, (answer) => {
      const frame = encode({ ...answer, wait: "" });
      const isBinary = typeof frame !== "string";
      const meta = { t: "answer", id, from: answer.id, isBinary };
      this.#link.tell(server, meta, frame);
      return true;
    }).then(() => this.#link.tell(server, { t: "done", id }));
    return true;
  }

  /** Asks the connections here, while more answers are wanted. */
  async #askLocal(
    key: string,
    message: Message,
    options: Omit<LocalAskOptions, "signal">,
    onAnswer: (answer: UntypedAnswer) => boolean,
  ): Promise<void> {
    if (this.#asks.size >= MAX_ASKS || this.#asks.has(key)) return;
    const controller = new AbortController();
    this.#asks.set(key, controller);
    const { signal } = controller;
    try {
      const answers = this.#host.askLocal(message, { ...options, signal });
      for await (const answer of answers) if (!onAnswer(answer)) break;
    } catch {
      // It was given up, or cannot be asked here: there is no answer.
    } finally {
      this.#asks.delete(key);
    }
  }
}

function toAskKey(server: string, id: string): string {
  return `${server}:${id}`;
}

function isNameOrNone(value: unknown): value is string | undefined {
  return value === undefined || typeof value === "string";
}

import type { UntypedAnswer } from "../api/server_api.ts";
import { encode } from "../protocol/codec.ts";
import type { Message } from "../protocol/message.ts";
import type { MessageReader } from "./inbox.ts";
import type { RequestHandler, Requests } from "./requests.ts";
import type { CloseWith, CountTarget } from "./responder.ts";
import type { ExchangeData } from "./stack_exchange.ts";

/** The time limit of a request that no client answers, in milliseconds. */
const REQUEST_TIMEOUT = 5_000;

/** The answers of other servers to an ask. */
export interface RemoteAnswers {
  onAnswer(answer: UntypedAnswer): void;
  onEnd(): void;
}

/** The way to the other servers. */
export interface RequesterLink {
  /** Finds the servers to wait for. */
  findServers(): string[];
  /** Sends something to all servers. */
  tellAll(meta: object, data?: ExchangeData): void;
}

/** What this server asks the others; their {@linkcode Responder} answers. */
export class Requester {
  readonly #requests: Requests;
  readonly #reader: MessageReader;
  readonly #link: RequesterLink;

  constructor(requests: Requests, reader: MessageReader, link: RequesterLink) {
    this.#requests = requests;
    this.#reader = reader;
    this.#link = link;
  }

  /**
   * Asks the connections of other servers.
   *
   * @returns A function that gives it up.
   */
  ask(
    message: Message,
    options: {
      readonly except: readonly string[];
      readonly timeout: number;
      readonly context?: string | undefined;
    },
    answers: RemoteAnswers,
  ): () => void {
    const { namespace, room, rooms, to } = message;
    const frame = encode({ ...message, wait: "" });
    const meta = {
      namespace,
      room,
      rooms,
      to,
      except: options.except,
      isBinary: typeof frame !== "string",
      // Others have to give up by themselves: this server may die.
      timeout: Number.isFinite(options.timeout) ? options.timeout : undefined,
      context: options.context,
    };
    // The poll that this is for has the time limit.
    const id = this.#request("ask", meta, frame, Infinity, {
      onReply: (_server, meta, data) => {
        const answer = this.#readAnswer(meta, data);
        if (answer !== undefined) answers.onAnswer(answer);
      },
      onEnd: () => answers.onEnd(),
    });
    return () => {
      if (!this.#requests.cancel(id)) return;
      this.#link.tellAll({ t: "giveUp", id });
    };
  }

  /** Counts the connections of the other servers. */
  async count(target: CountTarget): Promise<number> {
    return sum(await this.countEach(target));
  }

  /** Counts the connections of each other server that answers. */
  countEach(target: CountTarget = {}): Promise<Map<string, number>> {
    return this.#collect("count", { ...target });
  }

  /** Closes the connections with an ID of the other servers. */
  async disconnect(id: string, close: CloseWith): Promise<number> {
    return sum(await this.#collect("disconnect", { target: id, ...close }));
  }

  #collect(t: string, meta: object): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    return new Promise((resolve) => {
      this.#request(t, meta, "", REQUEST_TIMEOUT, {
        onDone: (server, { count }) => {
          if (Number.isSafeInteger(count)) counts.set(server, count as number);
        },
        onEnd: () => resolve(counts),
      });
    });
  }

  #request(
    t: string,
    meta: object,
    data: ExchangeData,
    timeout: number,
    handler: RequestHandler,
  ): string {
    const servers = this.#link.findServers();
    const id = this.#requests.begin(servers, timeout, handler);
    if (servers.length > 0) this.#link.tellAll({ t, id, ...meta }, data);
    return id;
  }

  #readAnswer(
    { from, isBinary }: Record<string, unknown>,
    data: ExchangeData,
  ): UntypedAnswer | undefined {
    const message = this.#reader.decodePart(data, isBinary);
    if (message === undefined || typeof from !== "string") return undefined;
    return Object.assign(message, { id: from, nsConn: undefined });
  }
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}

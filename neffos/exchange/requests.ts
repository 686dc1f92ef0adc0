import type { Deadline, Timers } from "../util/timers.ts";
import type { ExchangeData } from "./stack_exchange.ts";

/** A question to all servers. */
export interface RequestHandler {
  /** Called with each part of an answer. */
  onReply?(
    server: string,
    meta: Record<string, unknown>,
    data: ExchangeData,
  ): void;
  /** Called with the last part of a server's answer. */
  onDone?(server: string, meta: Record<string, unknown>): void;
  /** Called once, when all that are alive are done, or at the time limit. */
  onEnd(): void;
}

interface Request {
  readonly handler: RequestHandler;
  /** The servers that are not done. */
  readonly waiting: Set<string>;
  /** Those that are: ioredis may send a message again. */
  readonly done: Set<string>;
  readonly timeout: number;
  readonly deadline: Deadline | undefined;
}

/** The questions of this server to the others, until all are done or dead. */
export class Requests {
  readonly #open = new Map<string, Request>();
  readonly #timers: Timers;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  get size(): number {
    return this.#open.size;
  }

  /**
   * Begins a request.
   *
   * @param servers Those that have to be done.
   * @param timeout The time limit in milliseconds.
   * @param handler Called with the answers; not before this has returned.
   * @returns The ID of the request.
   */
  begin(
    servers: Iterable<string>,
    timeout: number,
    handler: RequestHandler,
  ): string {
    const id: string = crypto.randomUUID();
    const waiting = new Set(servers);
    // No timer is left behind by a server that has closed.
    const deadline = timeout === Infinity || waiting.size === 0
      ? undefined
      : this.#timers.set(timeout, () => this.#end(id));
    const done = new Set<string>();
    this.#open.set(id, { handler, waiting, done, timeout, deadline });
    if (waiting.size === 0) queueMicrotask(() => this.#end(id));
    return id;
  }

  /** Takes a part of an answer. */
  reply(
    id: string,
    server: string,
    meta: Record<string, unknown>,
    data: ExchangeData,
  ): void {
    this.#open.get(id)?.handler.onReply?.(server, meta, data);
  }

  /** Takes the end of a server's answer. */
  finish(id: string, server: string, meta: Record<string, unknown>): void {
    const request = this.#open.get(id);
    if (request === undefined || request.done.has(server)) return;
    request.done.add(server);
    request.handler.onDone?.(server, meta);
    this.#leave(id, request, server);
  }

  /** Waits for a server no more. */
  forget(server: string): void {
    for (const [id, request] of [...this.#open]) {
      this.#leave(id, request, server);
    }
  }

  /** Gives a request up, without a word; tells whether it was open. */
  cancel(id: string): boolean {
    const request = this.#open.get(id);
    if (request === undefined) return false;
    this.#open.delete(id);
    const { timeout, deadline } = request;
    if (deadline !== undefined) this.#timers.clear(timeout, deadline);
    return true;
  }

  /** Waits for no server any more. */
  forgetAll(): void {
    for (const id of [...this.#open.keys()]) this.#end(id);
  }

  #leave(id: string, { waiting }: Request, server: string): void {
    if (waiting.delete(server) && waiting.size === 0) this.#end(id);
  }

  #end(id: string): void {
    const request = this.#open.get(id);
    if (this.cancel(id)) request!.handler.onEnd();
  }
}

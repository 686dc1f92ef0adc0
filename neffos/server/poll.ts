import { portOf } from "../api/conn.ts";
import type { AskManyOptions, UntypedAnswer } from "../api/server_api.ts";
import type { Cluster } from "../exchange/cluster.ts";
import type { Limits } from "../connection/limits.ts";
import type { Member } from "../connection/host.ts";
import type { PollSpan } from "../connection/tracing.ts";
import {
  AskTimeoutError,
  BadNamespaceError,
  ConnectionClosedError,
  remakeError,
} from "../protocol/errors.ts";
import { findBadAsk } from "../protocol/event_names.ts";
import type { Message, UntypedMessage } from "../protocol/message.ts";
import {
  type Deferred,
  ignoreRejection,
  makeDeferred,
  type Waiter,
} from "../util/promises.ts";
import type { Deadline, Timers } from "../util/timers.ts";
import {
  type BroadcastHost,
  findExcluded,
  findExcludedIds,
  findReceivers,
} from "./broadcast.ts";
import { CHUNK } from "./chunked_broadcasts.ts";

const DONE = { value: undefined, done: true } as const;

/** What a poll needs of its server. */
export interface PollHost extends Omit<BroadcastHost, "cluster"> {
  readonly timers: Timers;
  readonly limits: Limits;
  /** The other servers, where there are any. */
  readonly cluster: Pick<Cluster, "requester"> | undefined;
}

/** Options of a {@linkcode Poll}. */
export interface PollOptions extends AskManyOptions {
  /** Whether the connections of other servers are not asked. */
  readonly isLocal?: boolean;
}

/**
 * One ask of many connections, whose answers come one by one. It has one time
 * limit and one signal for all: ten thousand listeners of one signal would
 * take a time that grows with their square.
 */
export class Poll implements AsyncIterableIterator<UntypedAnswer> {
  readonly #host: PollHost;
  readonly #message: Message;
  readonly #options: PollOptions;
  readonly #timeout: number;
  /** The asks that are not answered. */
  readonly #open = new Set<Waiter<UntypedMessage>>();
  /** The answers that were not taken yet. */
  #answers: UntypedAnswer[] = [];
  #taken = 0;
  /** The callers that wait for an answer. */
  #callers: Deferred<IteratorResult<UntypedAnswer>>[] = [];
  #state: "new" | "open" | "over" = "new";
  /** Why it is over, until that was told. */
  #failure: { readonly error: unknown } | undefined;
  /** Makes the last refusal, or the error of the last ask that has failed. */
  #refusal: (() => unknown) | undefined;
  #deadline: Deadline | undefined;
  #isTimedOut = false;
  /** The context of a trace, for the receivers that read it. */
  context: string | undefined;
  /** Begins its span, if it has one of its own. */
  startSpan: (() => PollSpan) | undefined;
  #span: PollSpan | undefined;
  /** Gives up the asks of other servers, until these are done. */
  #giveUp: (() => void) | undefined;

  /**
   * Makes a poll, which asks when its first answer is taken.
   *
   * @throws {RangeError} When the time limit is not a positive number.
   * @throws {TypeError} When what is left out is no connection, or the event is
   * one of the protocol.
   */
  constructor(host: PollHost, message: Message, options: PollOptions) {
    const { timeout = host.limits.askTimeout } = options;
    if (typeof timeout !== "number" || !(timeout > 0)) {
      throw new RangeError(
        `Cannot ask "${message.event}" with a timeout of ${timeout}: it must be a positive number of milliseconds`,
      );
    }
    const wrong = findBadAsk(message.event);
    if (wrong !== undefined) throw wrong;
    // Checks it: the connections are found when they are asked.
    findExcluded(host.directory, options.except);
    this.#host = host;
    this.#message = message;
    this.#options = options;
    this.#timeout = timeout;
  }

  /**
   * Takes the first answer that is no refusal.
   *
   * @throws The last refusal, when there is no other answer.
   */
  async first(): Promise<UntypedAnswer> {
    const { event, namespace, room, rooms = [room], to } = this.#message;
    const about = { namespace, room, event };
    for await (const answer of this) {
      if (answer.error === undefined) return answer;
    }
    // Made here, where the caller is in the stack.
    if (this.#refusal !== undefined) throw this.#refusal();
    if (!this.#isTimedOut) {
      const names = rooms.filter((name) => name !== "");
      throw new BadNamespaceError(
        `Cannot ask "${event}": nobody is in namespace "${namespace}"${
          names.map((name) => `, room "${name}"`).join("")
        }${to && ` with the ID "${to}"`}`,
        about,
      );
    }
    throw new AskTimeoutError(
      `Cannot ask "${event}": no answer within ${this.#timeout} ms`,
      this.#timeout,
      about,
    );
  }

  next(): Promise<IteratorResult<UntypedAnswer>> {
    this.#start();
    const value = this.#answers[this.#taken];
    if (value !== undefined) {
      this.#answers[this.#taken++] = undefined!;
      return Promise.resolve({ value, done: false });
    }
    const failure = this.#failure;
    if (failure !== undefined) {
      this.#failure = undefined;
      return ignoreRejection(Promise.reject(failure.error));
    }
    if (this.#state === "over") return Promise.resolve(DONE);
    const caller = makeDeferred<IteratorResult<UntypedAnswer>>();
    this.#callers.push(caller);
    return ignoreRejection(caller.promise);
  }

  return(): Promise<IteratorResult<UntypedAnswer>> {
    this.#answers = [];
    this.#taken = 0;
    this.#end();
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #start(): void {
    if (this.#state !== "new") return;
    this.#state = "open";
    if (this.startSpan !== undefined) {
      this.#span = this.startSpan();
      this.context = this.#span.context;
    }
    const { signal } = this.#options;
    if (signal?.aborted) return this.#onAbort();
    this.#askAll();
    if (!this.#options.isLocal) this.#askOthers();
    if (this.#isDone) return this.#end();
    signal?.addEventListener("abort", this.#onAbort);
    if (this.#timeout === Infinity) return;
    this.#deadline = this.#host.timers.set(this.#timeout, () => {
      this.#deadline = undefined;
      this.#refusal = undefined;
      this.#isTimedOut = true;
      this.#end();
    });
  }

  get #isDone(): boolean {
    return this.#open.size === 0 && this.#giveUp === undefined;
  }

  #askOthers(): void {
    const { cluster } = this.#host;
    if (cluster === undefined) return;
    const except = findExcludedIds(this.#options.except);
    const options = { except, timeout: this.#timeout, context: this.context };
    this.#giveUp = cluster.requester.ask(this.#message, options, {
      onAnswer: (answer) => {
        if (this.#state === "open") this.#take(answer.error, answer);
      },
      onEnd: () => {
        this.#giveUp = undefined;
        if (this.#isDone) this.#end();
      },
    });
  }

  #askAll(): void {
    const host = this.#host;
    const excluded = findExcluded(host.directory, this.#options.except);
    let budget = host.broadcasts.isEmpty ? CHUNK : 0;
    const groups = findReceivers(host, this.#message);
    for (const { room, members, leaver } of groups) {
      for (const [conn, member] of members) {
        if (conn === leaver || excluded.has(conn)) continue;
        this.#ask(room, member, budget-- <= 0);
      }
    }
  }

  #ask(room: string, member: Member, isLater: boolean): void {
    const { event, body } = this.#message;
    const { buffer, conn } = member;
    const { trace, broadcasts } = this.#host;
    const context = trace?.canSendTo(portOf(conn)) ? this.context : undefined;
    const waiter = member.request(room, event, body, {
      timeout: Infinity,
      isErrorAnswer: true,
      ...isLater || context !== undefined
        ? {
          sendFrame: (frame) => {
            const sent = context === undefined
              ? frame
              : trace!.write(frame, context);
            if (isLater) broadcasts.add(buffer, sent);
            else buffer.send(sent);
          },
        }
        : {},
    });
    this.#open.add(waiter);
    waiter.promise.then(
      (message) => this.#settle(waiter, message.error, member, message),
      (error) => this.#settle(waiter, error, member),
    );
  }

  #settle(
    waiter: Waiter<UntypedMessage>,
    error: unknown,
    { nsConn }: Member,
    message?: UntypedMessage,
  ): void {
    if (this.#state === "over") return;
    this.#open.delete(waiter);
    this.#take(
      error,
      message && Object.assign(message, { id: nsConn.id, nsConn }),
    );
    if (this.#isDone) this.#end();
  }

  #take(error: unknown, answer: UntypedAnswer | undefined): void {
    // A refusal says more than that others have left.
    const isTold = answer !== undefined || this.#refusal === undefined;
    if (error !== undefined && isTold) {
      this.#refusal = () => this.#remake(error, answer);
    }
    if (answer === undefined) return;
    const caller = this.#callers.shift();
    if (caller === undefined) this.#answers.push(answer);
    else caller.resolve({ value: answer, done: false });
  }

  /** Makes an error again, with the place and the frames of the caller. */
  #remake(error: unknown, answer: UntypedMessage | undefined): unknown {
    const { namespace, room, event } = this.#message;
    const about = { namespace, room, event };
    if (answer?.error !== undefined) return remakeError(answer.error, about);
    return error instanceof ConnectionClosedError
      ? new ConnectionClosedError(error.code, error.reason, about)
      : error;
  }

  readonly #onAbort = (): void => {
    this.#failure = { error: this.#options.signal!.reason };
    this.#end();
  };

  /** Ends it, however that came: leaves nothing behind. */
  #end(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#span?.end(this.#failure);
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    if (this.#deadline !== undefined) {
      this.#host.timers.clear(this.#timeout, this.#deadline);
    }
    this.#giveUp?.();
    for (const waiter of this.#open) waiter.reject(undefined);
    this.#open.clear();
    const callers = this.#callers;
    this.#callers = [];
    const [first] = callers;
    if (first !== undefined && this.#failure !== undefined) {
      first.reject(this.#failure.error);
      this.#failure = undefined;
      callers.shift();
    }
    for (const caller of callers) caller.resolve(DONE);
  }
}

import type { AskHead, AskOptions } from "../api/ask_options.ts";
import type { UntypedMessage } from "../protocol/message.ts";
import {
  AskTimeoutError,
  EventError,
  remakeError,
} from "../protocol/errors.ts";
import { findBadAsk } from "../protocol/event_names.ts";
import type { Message, RawBody } from "../protocol/message.ts";
import { Waiter } from "../util/promises.ts";
import type { RequestOptions } from "./host.ts";
import { crossLimit } from "./limits.ts";
import type { Link } from "./link.ts";

/** Options of {@linkcode Asks.wait}. */
export interface WaitInit extends AskOptions {
  /** The action, for the text of an error: `join room "a"`. */
  readonly action: string;
  /** The names concerned, for the fields of an error. */
  readonly about: Partial<AskHead>;
  /** Makes the error of a wait that exceeds its time limit. */
  readonly onTimeout?: (timeout: number) => Error;
  /** Called once when a wait that has begun ends, however it ends. */
  readonly onEnd?: () => void;
}

/** Called with the answer to an ask. */
type AnswerListener = (answer: Message) => void;

/**
 * The asks of one connection, by their wait tokens, and the callers that wait
 * for the peer.
 */
export class Asks {
  readonly #link: Link;
  /** Made with the first ask: most connections never ask. */
  #pending: Map<string, AnswerListener> | undefined;
  /** Made with the first wait. */
  #waiters: Map<Waiter<unknown>, Partial<AskHead>> | undefined;
  #prefix = "";
  #count = 0;

  constructor(link: Link) {
    this.#link = link;
  }

  /** The number of asks that are not answered yet. */
  get size(): number {
    return this.#pending?.size ?? 0;
  }

  /** Whether anything of the peer is waited for. */
  get isWaiting(): boolean {
    return this.size > 0 || this.waiting > 0;
  }

  /** The number of callers that wait for the peer. */
  get waiting(): number {
    return this.#waiters?.size ?? 0;
  }

  /**
   * Sends an ask.
   *
   * @param write Writes the frame with its wait token.
   * @param listener Called with the answer, which may be an error of the peer.
   * Not called if the connection ends first.
   * @param sendFrame Sends the frame.
   * @returns The wait token.
   */
  send(
    write: (token: string) => RawBody,
    listener: AnswerListener,
    sendFrame: (frame: RawBody) => void = (frame) => this.#link.send(frame),
  ): string {
    if (this.#prefix === "") {
      this.#prefix = this.#link.host.makePrefix();
    }
    const token = this.#prefix + (++this.#count).toString(36);
    this.#pending ??= new Map();
    this.#pending.set(token, listener);
    this.#link.readOn();
    sendFrame(write(token));
    return token;
  }

  /**
   * Makes a wait with a time limit and a signal, and suspends the calling turn
   * of the queue until it ends. A wait that may not begin is returned settled.
   */
  wait<T>(init: WaitInit): Waiter<T> {
    const { queue, host: { timers, limits } } = this.#link;
    const { timeout = limits.askTimeout, signal, action, about } = init;
    const isValid = timeout > 0;
    let isWaiting = false;
    const turns = queue.possibleCallers();
    const waiter: Waiter<T> = new Waiter({
      timers,
      timeout: isValid && timeout < Infinity ? timeout : undefined,
      signal,
      onTimeout: () =>
        init.onTimeout?.(timeout) ?? new AskTimeoutError(
          `Cannot ${action}: no answer within ${timeout} ms`,
          timeout,
          about,
        ),
      onEnd: () => {
        if (!isWaiting) return;
        this.#waiters!.delete(waiter);
        queue.resume(turns);
        init.onEnd?.();
      },
    });
    if (!isValid) {
      waiter.reject(
        new RangeError(
          `Cannot ${action} with a timeout of ${timeout}: it must be a positive number`,
        ),
      );
    } else if (!waiter.isSettled) {
      const refusal = this.#refusal(action, about);
      if (refusal !== undefined) waiter.reject(refusal);
    }
    if (!waiter.isSettled) {
      isWaiting = true;
      (this.#waiters ??= new Map()).set(waiter, about);
      queue.suspend(turns);
      this.#link.readOn();
    }
    return waiter;
  }

  /** Asks the peer, and waits for the answer. */
  request(
    head: AskHead,
    write: (token: string) => RawBody,
    options: RequestOptions = {},
  ): Waiter<UntypedMessage> {
    if (!this.#link.isOpen) return this.#reject(this.#link.closedError(head));
    const wrong = findBadAsk(head.event);
    if (wrong !== undefined) return this.#reject(wrong);
    const { isErrorAnswer, sendFrame } = options;
    let token = "";
    const waiter = this.wait<UntypedMessage>({
      ...options,
      action: `ask "${head.event}"`,
      about: head,
      onEnd: () => this.#pending?.delete(token),
    });
    if (waiter.isSettled) return waiter;
    token = this.send(write, (answer) => {
      const { error } = answer;
      if (error === undefined || isErrorAnswer) waiter.resolve(answer);
      else waiter.fail(() => remakeError(error, head));
    }, sendFrame);
    return waiter;
  }

  #reject(error: unknown): Waiter<UntypedMessage> {
    const waiter = new Waiter<UntypedMessage>({
      timers: this.#link.host.timers,
    });
    waiter.reject(error);
    return waiter;
  }

  /** Passes a message to the ask that it answers; tells whether it was one. */
  settle(message: Message): boolean {
    const listener = this.#pending?.get(message.wait);
    if (listener === undefined) return false;
    this.#pending!.delete(message.wait);
    listener(message);
    return true;
  }

  /** Whether this side made a token, so that a message with it is an answer. */
  isOwn(token: string): boolean {
    return this.#prefix !== "" && token.startsWith(this.#prefix);
  }

  /** Forgets every ask, and rejects every wait whose result is not certain. */
  close(makeError: (about: Partial<AskHead>) => Error): void {
    this.#pending = undefined;
    for (const [waiter, about] of [...this.#waiters ?? []]) {
      if (!waiter.isCommitted) waiter.fail(() => makeError(about));
    }
  }

  #refusal(action: string, about: Partial<AskHead>): EventError | undefined {
    const { host } = this.#link;
    const { handlers, limits } = host;
    // Without an event, nothing is asked: the peer is to do something itself.
    if (handlers.native === "only" && about.event !== undefined) {
      return new EventError(
        `Cannot ${action}: this connection has native messages alone`,
        about,
      );
    }
    return this.waiting < limits.maxPendingAsks
      ? undefined
      : crossLimit(host, "maxPendingAsks", { action, about });
  }
}

/**
 * {@linkcode ServerWatch}: the faults of a server, and whether anything happens
 * around it.
 *
 * @module
 */

import { clearTimeout, setImmediate, setTimeout as wait } from "node:timers";
import {
  makeDeferred,
  type ServerHost,
  type Session,
} from "../../neffos/internal.ts";
import type { FaultSource, ServerApi } from "../../neffos/mod.ts";

/** How many turns of the event loop nothing happens in where all is quiet. */
const QUIET_TURNS = 3;
/** After how many turns of waiting for something outside the turns get longer. */
const SHORT_TURNS = 100;
/** How long those last, in milliseconds. */
const LONG_TURN = 5;
/**
 * For how long a handler may wait where the time is faked, in milliseconds, until
 * it is taken to wait for the test.
 */
const FAKED_TIMEOUT = 50;

/** The timer of the platform, to see whether a test has faked the time. */
const { setTimeout } = globalThis;

/**
 * How it is around a server and its test clients: nothing more can happen, a
 * handler has waited for too long, or what was waited for has happened.
 */
export type Rest = "quiet" | "stalled" | "done";

/** Options of {@linkcode ServerWatch.rest}. */
export interface RestOptions {
  /** How long handlers may wait for something outside, in milliseconds. */
  readonly timeout: number;
  /** Ends the wait; where the time is faked, the test may have to move it first. */
  readonly isDone?: () => boolean;
}

const watchKey = Symbol("neffos.serverWatch");

/** A server that knows its watch. */
interface Watched {
  readonly [watchKey]?: ServerWatch;
}

/** Watches a server for its test clients: its faults, and whether anything happens. */
export class ServerWatch {
  #host: ServerHost | undefined;
  /** The sessions of the test clients, on both sides, until they have ended. */
  readonly #sessions = new Set<Session>();
  #faults: { readonly error: unknown; readonly text: string }[] = [];

  /**
   * Finds the watch of a server. Its faults are recorded from the first call on,
   * unless it has an `onError` of its own.
   *
   * @param server The server.
   * @returns The same object for each call.
   */
  static of(server: ServerApi & Watched): ServerWatch {
    const known = server[watchKey];
    if (known !== undefined) return known;
    const watch = new ServerWatch();
    Object.defineProperty(server, watchKey, { value: watch });
    server.onError ??= watch.report;
    return watch;
  }

  /** Watches the session of a test client, of either side, until it has ended. */
  add(session: Session): void {
    const { host } = session;
    if (!host.isClient) this.#host = host as ServerHost;
    this.#sessions.add(session);
    void session.whenEnded().then(() => this.#sessions.delete(session));
  }

  /** Records a fault. */
  readonly report = (
    error: unknown,
    { namespace, event }: FaultSource,
  ): void => {
    const of = namespace === undefined ? "" : ` of namespace "${namespace}"`;
    const place = event === undefined ? "" : ` (event "${event}"${of})`;
    this.#faults.push({ error, text: `${error}${place}` });
  };

  /** Returns the recorded faults, and forgets them. */
  takeFaults(): unknown[] {
    return this.#faults.splice(0).map(({ error }) => error);
  }

  /** Throws the recorded faults, if there are any, and forgets them. */
  throwFaults(): void {
    if (this.#faults.length === 0) return;
    const texts = this.describeFaults();
    throw new AggregateError(
      this.takeFaults(),
      `Expected no faults of the server; those that a test expects, takeFaults() takes:${texts}`,
    );
  }

  /** Returns the last recorded fault, and forgets it. */
  takeLastFault(): unknown {
    return this.#faults.pop()?.error;
  }

  /** Returns the recorded faults as one cause of an error, and forgets them. */
  takeFaultsAsCause(): unknown {
    const texts = this.describeFaults();
    const faults = this.takeFaults();
    return faults.length > 1
      ? new AggregateError(faults, `the server had faults:${texts}`)
      : faults[0];
  }

  /** Writes the recorded faults for people, each on a line of its own. */
  describeFaults(): string {
    return this.#faults.map(({ text }) => `\n  ${text}`).join("");
  }

  /** Whether a test moves the time. */
  get isTimeFaked(): boolean {
    return globalThis.setTimeout !== setTimeout;
  }

  /**
   * Cuts a timeout short where the time is faked: there a handler may wait for a
   * time that the test has yet to move.
   */
  cutTimeout(timeout: number): number {
    return this.isTimeFaked ? Math.min(timeout, FAKED_TIMEOUT) : timeout;
  }

  /**
   * Waits until nothing more happens: no frame is under way, no message waits,
   * and no handler runs. A handler that waits for something outside, such as a
   * timer, is waited for.
   */
  async rest({ timeout, isDone }: RestOptions): Promise<Rest> {
    const countTurns = (ms: number) => SHORT_TURNS + Math.ceil(ms / LONG_TURN);
    const maxTurns = countTurns(timeout);
    const quietTurns = isDone !== undefined && this.isTimeFaked
      ? countTurns(this.cutTimeout(timeout))
      : QUIET_TURNS;
    let before = "";
    for (let turns = 0;; turns++) {
      if (isDone?.()) return "done";
      const now = this.#describe();
      if (now !== before) turns = 0;
      before = now;
      if (turns >= quietTurns && !this.#isBusy) return "quiet";
      if (turns >= maxTurns) return "stalled";
      await (turns < SHORT_TURNS ? turn() : pause(LONG_TURN));
    }
  }

  /** Ends timers that no connection needs any more. */
  tidy(): void {
    const { timers, sessions } = this.#host ?? {};
    if (sessions?.size === 0 && timers?.size === 0) timers.stop();
  }

  /** The sessions of the server, and those of the test clients. */
  get #all(): Set<Session> {
    return new Set([...this.#host?.sessions.values() ?? [], ...this.#sessions]);
  }

  get #isBusy(): boolean {
    return this.#host?.broadcasts.isEmpty === false ||
      [...this.#all].some(({ queue }) => queue.size > 0 || queue.pending > 0);
  }

  /** Counts what happens: a text that changes whenever anything does. */
  #describe(): string {
    const counts = Array.from(
      this.#all,
      ({ queue, receiver, status }) =>
        `${status} ${receiver.received} ${queue.size} ${queue.pending}`,
    );
    return [this.#host?.traffic.messagesIn, ...counts].join();
  }
}

/** Waits one turn of the event loop, in which everything in memory runs. */
function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void wait(resolve, ms));
}

/** Waits for a promise for some time, which no test can fake, then throws. */
export async function awaitWithin<T>(
  ms: number,
  call: () => Promise<T>,
  makeError: () => Error,
): Promise<T> {
  const { promise: late, reject } = makeDeferred<never>();
  const timer = wait(() => reject(makeError()), ms);
  try {
    return await Promise.race([call(), late]);
  } finally {
    clearTimeout(timer);
  }
}

import type { Session } from "../connection/session.ts";
import { type Deferred, makeDeferred } from "../util/promises.ts";
import { MAX_WAIT } from "../util/timers.ts";
import type { ServerHost } from "./host.ts";

/** How many connections are told at once that the server closes. */
const BATCH = 250;

/** The pause between two batches, in milliseconds: half of it to all of it. */
const PAUSE = 150;

/**
 * The end of a server. What is told to go comes back as soon as it can: so
 * not all are told at once, and none in the order in which they came.
 */
export class Shutdown {
  readonly #host: ServerHost;
  #finished: Deferred<void> | undefined;
  /** Ends the pause between two batches. */
  #goOn: () => void = () => {};
  #isInHurry = false;

  constructor(host: ServerHost) {
    this.#host = host;
  }

  get hasBegun(): boolean {
    return this.#finished !== undefined;
  }

  /** Closes every connection; waits until all is over, or the time is up. */
  async close(timeout: number | undefined): Promise<void> {
    if (timeout !== undefined && !(timeout >= 0)) {
      throw new RangeError(
        `Cannot close with a timeout of ${timeout}: it must be a number of milliseconds, 0 for no time`,
      );
    }
    const sessions = [...this.#host.sessions.values()];
    const ended = this.#end(sessions, timeout);
    // A hook that hears of the end of its connection does not wait for itself.
    if (sessions.some(({ isAwaitingCaller }) => isAwaitingCaller)) return;
    await ended;
  }

  async #end(sessions: Session[], timeout: number | undefined): Promise<void> {
    const closed = Promise.all(sessions.map(waitForEnd));
    const isFirst = this.#finished === undefined;
    const { promise, resolve } = this.#finished ??= makeDeferred();
    if (isFirst) void this.#closeAll(sessions, timeout);
    if (timeout !== undefined) await this.#abandonAfter(timeout, closed);
    await closed;
    // All have left during a pause, which would keep its timer.
    this.#hurry();
    if (!isFirst) return await promise;
    await this.#host.cluster?.close();
    this.#host.roster?.stop();
    this.#host.broadcasts.stop();
    this.#host.timers.stop();
    resolve();
  }

  async #closeAll(sessions: Session[], timeout = Infinity): Promise<void> {
    if (sessions.length > BATCH) shuffle(sessions);
    const pauses = Math.ceil(sessions.length / BATCH) - 1;
    const longest = Math.min(PAUSE, timeout / 2 / pauses);
    for (let i = 0; i < sessions.length; i++) {
      if (i > 0 && i % BATCH === 0) await this.#pause(longest);
      sessions[i]!.close(1001, "server closed");
    }
  }

  async #pause(longest: number): Promise<void> {
    if (this.#isInHurry) return;
    const { promise, resolve } = makeDeferred<void>();
    this.#goOn = resolve;
    const timer = setTimeout(resolve, longest * (0.5 + Math.random() / 2));
    await promise;
    clearTimeout(timer);
  }

  #hurry(): void {
    this.#isInHurry = true;
    this.#goOn();
  }

  async #abandonAfter(
    timeout: number,
    closed: Promise<unknown>,
  ): Promise<void> {
    const isUp = makeDeferred<void>();
    const timer = setTimeout(isUp.resolve, Math.min(timeout, MAX_WAIT));
    await Promise.race([closed, isUp.promise]);
    clearTimeout(timer);
    this.#hurry();
    for (const session of this.#host.sessions.values()) {
      session.abandon(1001, "server closed");
    }
  }
}

/** Waits for the end of a connection; a handler of its own may do so. */
async function waitForEnd(session: Session): Promise<void> {
  await session.queue.awaitEnd(session.whenEnded());
}

/** Puts a list into a random order, each as likely (Fisher and Yates). */
function shuffle(list: unknown[]): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [list[i], list[j]] = [list[j], list[i]];
  }
}

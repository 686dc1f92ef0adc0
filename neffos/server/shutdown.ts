import { type Conn, coreOf } from "../api/conn.ts";
import type { Core } from "../connection/session.ts";
import { type Deferred, makeDeferred } from "../util/deferred.ts";
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
    const cores = Array.from(this.#host.all, coreOf);
    const closed = Promise.all(cores.map(waitForEnd));
    const isFirst = this.#finished === undefined;
    const { promise, resolve } = this.#finished ??= makeDeferred();
    if (isFirst) void this.#tell(cores, timeout);
    if (timeout !== undefined) await this.#abandonAfter(timeout, closed);
    await closed;
    if (!isFirst) return await promise;
    this.#host.backlog.stop();
    this.#host.timers.stop();
    resolve();
  }

  async #tell(cores: Core[], timeout = Infinity): Promise<void> {
    if (cores.length > BATCH) shuffle(cores);
    const pauses = Math.ceil(cores.length / BATCH) - 1;
    const longest = Math.min(PAUSE, timeout / 2 / pauses);
    for (let i = 0; i < cores.length; i++) {
      if (i > 0 && i % BATCH === 0) await this.#pause(longest);
      cores[i]!.close(1001, "server closed");
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

  async #abandonAfter(
    timeout: number,
    closed: Promise<unknown>,
  ): Promise<void> {
    const isUp = makeDeferred<void>();
    const timer = setTimeout(isUp.resolve, Math.min(timeout, MAX_WAIT));
    await Promise.race([closed, isUp.promise]);
    clearTimeout(timer);
    this.#isInHurry = true;
    this.#goOn();
    for (const conn of this.#host.all) abandon(conn);
  }
}

function abandon(conn: Conn): void {
  conn.close(1001, "server closed");
  coreOf(conn).abandon();
}

/** Waits for the end of a connection; a handler of its own may do so. */
async function waitForEnd({ queue, finished }: Core): Promise<void> {
  const turns = queue.caller();
  queue.suspend(turns);
  await finished;
  queue.resume(turns);
}

/** Puts a list into a random order, each as likely (Fisher and Yates). */
function shuffle(list: unknown[]): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [list[i], list[j]] = [list[j], list[i]];
  }
}

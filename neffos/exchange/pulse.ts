import { makeDeferred } from "../util/promises.ts";
import type { Deadline, Timers } from "../util/timers.ts";
import { ExchangeError, type StackExchange } from "./stack_exchange.ts";

/**
 * How long a server that has come, or come back, does not know all others, in
 * milliseconds: they answer its first heartbeat at once.
 */
const SETTLING = 500;

/** The time between two heartbeats while none comes back, in milliseconds. */
const PROBE = 250;

/** What hears of the pulse of a server. */
export interface PulseListener {
  /**
   * Sends a heartbeat, if the broker can be reached.
   *
   * @param isHello Whether the others are to answer with theirs.
   */
  beat(isHello: boolean): void;
  /** Does again what may have failed while the broker was away. */
  retry(): void;
  /** Called once for each change; not when the broker is there from the start. */
  onChange(isUp: boolean, cause: unknown): void;
  /** Whether the broker takes what is published, as far as is known. */
  isTaken(ms: number): boolean;
  /** Called when all other servers have had the time to tell of themselves. */
  onSettled(): void;
}

/**
 * The heartbeats of a server, and whether they come back from the broker: that
 * alone shows that messages get there and here. While the broker takes messages
 * and brings others, a heartbeat that is late is just behind those.
 */
export class Pulse {
  readonly #exchange: StackExchange;
  readonly #listener: PulseListener;
  readonly #timers: Timers;
  readonly #interval: number;
  readonly #timeout: number;
  /**
   * Whether heartbeats come back, `undefined` until that is known:
   *
   *     undefined -> true <-> false
   *     undefined -> false
   */
  #isUp: boolean | undefined;
  readonly #known = makeDeferred<void>();
  #isOver = false;
  #pause = 0;
  #nextBeat: Deadline | undefined;
  #echoLimit: Deadline | undefined;
  /** The time of that limit. */
  #patience = 0;
  /** Whether the limit is over, and is looked at once more. */
  #isSuspect = false;
  /** When the broker has last brought something, by the calendar. */
  #lastHeard = 0;
  #settling: Deadline | undefined;
  #stopWatching: (() => void) | undefined;

  constructor(
    exchange: StackExchange,
    listener: PulseListener,
    times: {
      readonly timers: Timers;
      readonly interval: number;
      readonly timeout: number;
    },
  ) {
    this.#exchange = exchange;
    this.#listener = listener;
    this.#timers = times.timers;
    this.#interval = times.interval;
    this.#timeout = times.timeout;
  }

  /** Whether heartbeats come back. */
  get isUp(): boolean {
    return this.#isUp === true;
  }

  /** Whether other servers may not be known yet. */
  get isSettling(): boolean {
    return this.#settling !== undefined;
  }

  /** Resolves when it is known whether the broker is there. */
  get known(): Promise<void> {
    return this.#known.promise;
  }

  /** Begins. */
  start(): void {
    this.#stopWatching = this.#exchange.watch((isConnected, cause) => {
      if (!isConnected) return this.#set(false, cause);
      this.#listener.retry();
      this.#listener.beat(false);
    });
    this.#awaitEcho();
    this.#schedule();
  }

  /** Notes that the broker has brought something. */
  hear(): void {
    this.#lastHeard = Date.now();
  }

  /** Takes a heartbeat of this server that has come back. */
  echo(): void {
    if (this.#isOver || !this.#exchange.isConnected) return;
    this.#isSuspect = false;
    this.#awaitEcho();
    this.#set(true, undefined);
  }

  /** Ends. */
  stop(): void {
    this.#isOver = true;
    this.#stopWatching?.();
    this.#clear(this.#pause, this.#nextBeat);
    this.#clear(this.#patience, this.#echoLimit);
    this.#clear(SETTLING, this.#settling);
    this.#known.resolve();
  }

  #schedule(): void {
    this.#clear(this.#pause, this.#nextBeat);
    // A broker that is back is noticed by what comes back from it.
    this.#pause = this.#isUp ? this.#interval : Math.min(this.#interval, PROBE);
    this.#nextBeat = this.#timers.set(this.#pause, () => {
      this.#listener.retry();
      this.#listener.beat(false);
      this.#schedule();
    });
  }

  #awaitEcho(ms = this.#timeout): void {
    this.#clear(this.#patience, this.#echoLimit);
    this.#patience = ms;
    this.#echoLimit = this.#timers.set(ms, () => {
      // The clock may have been set back.
      this.#lastHeard = Math.min(this.#lastHeard, Date.now());
      const rest = this.#lastHeard + this.#timeout - Date.now();
      if (this.isUp && rest > 0 && this.#listener.isTaken(this.#timeout)) {
        this.#isSuspect = false;
        return this.#awaitEcho(rest);
      }
      // After a long turn of the event loop, timers come before what has arrived.
      this.#isSuspect = this.isUp && !this.#isSuspect;
      if (this.#isSuspect) return this.#awaitEcho(PROBE);
      this.#awaitEcho();
      const text = `Nothing has come from the broker for ${this.#timeout} ms`;
      this.#set(false, new ExchangeError(text));
      this.#exchange.resubscribe?.().then(
        () => this.#listener.beat(false),
        // It is tried again.
        () => {},
      );
    });
  }

  /** The one place where the state changes. */
  #set(isUp: boolean, cause: unknown): void {
    const before = this.#isUp;
    if (this.#isOver || before === isUp) return;
    this.#isUp = isUp;
    this.#schedule();
    if (isUp) this.#greet();
    this.#known.resolve();
    if (before !== undefined || !isUp) this.#listener.onChange(isUp, cause);
  }

  /** Asks the others for their heartbeats. */
  #greet(): void {
    this.#clear(SETTLING, this.#settling);
    this.#settling = this.#timers.set(SETTLING, () => {
      this.#settling = undefined;
      this.#listener.onSettled();
    });
    this.#listener.beat(true);
  }

  #clear(ms: number, deadline: Deadline | undefined): void {
    if (deadline !== undefined) this.#timers.clear(ms, deadline);
  }
}

import type { ExchangeData, StackExchange } from "./stack_exchange.ts";

/**
 * What the broker's client may hold without the broker having taken it, in
 * bytes or UTF-16 units; one message may be larger.
 */
const MAX_IN_FLIGHT = 16 * 1024 * 1024;

/** What waits beside that, whatever the number of messages. */
const MAX_WAITING = 16 * 1024 * 1024;

interface Parcel {
  readonly channel: string;
  readonly data: ExchangeData;
}

/**
 * The way to the broker. While the broker is away, or takes nothing, messages
 * wait here, up to a limit: the clients of brokers keep any number of them.
 */
export class Outbox {
  published = 0;
  dropped = 0;
  failed = 0;
  /** Called when the broker's client refuses a message, such as one too long. */
  onRefused: ((cause: unknown) => void) | undefined;
  readonly #exchange: StackExchange;
  readonly #maxQueued: number;
  #waiting: Parcel[] = [];
  /** The place of the first that waits: shifting an array takes too long. */
  #first = 0;
  #size = 0;
  /** The size of what the broker has not taken. */
  #inFlight = 0;
  /** When the broker has last taken something, by the calendar. */
  #lastTaken = 0;
  /** Whether messages wait though the broker may be there. */
  #isHeld = false;
  /** Whether its client has refused the last message: it is told once. */
  #isRefusing = false;
  #isOver = false;
  #onIdle: (() => void) | undefined;

  constructor(exchange: StackExchange, maxQueued: number) {
    this.#exchange = exchange;
    this.#maxQueued = maxQueued;
  }

  /** The messages that wait. */
  get queued(): number {
    return this.#waiting.length - this.#first;
  }

  /** Whether the broker has all that was sent. */
  get isIdle(): boolean {
    return this.queued === 0 && this.#inFlight === 0;
  }

  /** Whether the broker has taken nothing for a time, though it was to. */
  isStuck(ms: number): boolean {
    // The clock may have been set back.
    this.#lastTaken = Math.min(this.#lastTaken, Date.now());
    return this.#inFlight > 0 && Date.now() - this.#lastTaken >= ms;
  }

  /** Publishes, at once if the broker can be reached. */
  send(channel: string, data: ExchangeData): void {
    if (this.#isOver) return;
    if (this.queued === 0 && this.#canPublish) {
      this.#publish(channel, data);
    } else if (
      this.queued >= this.#maxQueued || this.#size + data.length > MAX_WAITING
    ) this.dropped++;
    else {
      this.#waiting.push({ channel, data });
      this.#size += data.length;
    }
  }

  /** Publishes what means nothing later, if that can be done now. */
  sendNow(channel: string, data: ExchangeData): void {
    if (!this.#isOver && this.#isOpen) this.#publish(channel, data);
  }

  /** As {@linkcode send}, past what is held. */
  sendPast(channel: string, data: ExchangeData): void {
    if (this.#isHeld && this.#isOpen && !this.#isOver) {
      this.#publish(channel, data);
    } else this.send(channel, data);
  }

  /** Lets messages wait until {@linkcode release}. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Publishes what waits. */
  release(): void {
    this.#isHeld = false;
    this.flush();
  }

  /** Publishes what waits, as far as the broker takes it. */
  flush(): void {
    while (this.queued > 0 && this.#canPublish && !this.#isOver) {
      const parcel = this.#waiting[this.#first]!;
      this.#waiting[this.#first++] = undefined!;
      this.#size -= parcel.data.length;
      this.#publish(parcel.channel, parcel.data);
    }
    if (this.queued === 0 && this.#first > 0) {
      this.#waiting = [];
      this.#first = 0;
    }
  }

  /** Waits until the broker has everything; it never does while it is away. */
  async drain(): Promise<void> {
    if (this.isIdle) return;
    await new Promise<void>((resolve) => this.#onIdle = resolve);
  }

  /** Forgets what waits, and sends no more. */
  stop(): void {
    this.#isOver = true;
    this.#waiting = [];
    this.#first = 0;
    this.#onIdle?.();
  }

  get #canPublish(): boolean {
    return this.#isOpen && !this.#isHeld;
  }

  get #isOpen(): boolean {
    return this.#exchange.isConnected && this.#inFlight < MAX_IN_FLIGHT;
  }

  #publish(channel: string, data: ExchangeData): void {
    let result: void | Promise<unknown>;
    try {
      result = this.#exchange.publish(channel, data);
    } catch (error) {
      this.failed++;
      if (!this.#isRefusing) this.onRefused?.(error);
      this.#isRefusing = true;
      return;
    }
    this.#isRefusing = false;
    this.published++;
    if (result === undefined) return;
    const { length } = data;
    if (this.#inFlight === 0) this.#lastTaken = Date.now();
    this.#inFlight += length;
    result.then(
      () => this.#land(length),
      () => {
        this.failed++;
        this.#land(length);
      },
    );
  }

  /** The broker has taken something, or has refused it. */
  #land(length: number): void {
    this.#inFlight -= length;
    this.#lastTaken = Date.now();
    if (this.queued > 0) this.flush();
    if (this.#onIdle !== undefined && this.isIdle) this.#onIdle();
  }
}

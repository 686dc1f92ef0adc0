/** A piece of work that has begun and may wait for an answer. */
export class Turn {
  /** The answers that it waits for. */
  suspensions = 0;
  /** Whether the next item waits for it no longer, or never did. */
  isDone = false;
  /** Whether the tracer knows it as the author of all that it does. */
  isTraced = false;
  /** Whether it was handed out, so that the object is not used again. */
  isKnown = false;
}

/**
 * Knows which turn a piece of code belongs to, however late it runs: the part
 * of `AsyncLocalStorage` that is needed here. Browsers have none yet.
 */
export interface TurnTracer {
  getStore(): Turn | undefined;
  run<T>(turn: Turn | undefined, code: () => T): T;
}

/** Work that has its turn among the items. */
export type Task = () => void | Promise<void>;

/** What handles the items of a queue. */
export interface TurnHandler<Item> {
  handle(item: Item): void | Promise<void>;
}

/** The turns that wait; from {@linkcode TurnQueue.possibleCallers}. */
export type Turns = readonly Turn[];

const NONE: Turns = [];
/** How many items that are done may stand before those that are not. */
const MAX_DONE = 1024;

/**
 * Handles the messages of a connection one after another. The next item begins
 * when the one before is done, or when it waits for an answer on this very
 * connection: that answer may be behind an item of this queue.
 */
export class TurnQueue<Item extends object> {
  readonly #handler: TurnHandler<Item>;
  #items: (Item | Task)[] = [];
  #head = 0;
  /** Turns that are neither done nor waiting. */
  #active = 0;
  /** The turn whose synchronous part is on the stack. */
  #current: Turn | undefined;
  /** The turns whose promise is pending. */
  readonly #pending = new Set<Turn>();
  readonly #tracer: TurnTracer | undefined;
  #spare: Turn | undefined;

  constructor(handler: TurnHandler<Item>, tracer: TurnTracer | undefined) {
    this.#handler = handler;
    this.#tracer = tracer;
  }

  /** Whether an item that is pushed begins at once. */
  get isIdle(): boolean {
    return this.#active === 0 && this.#head === this.#items.length;
  }

  /** The items that have not begun. */
  get size(): number {
    return this.#items.length - this.#head;
  }

  /** The turns that have begun and whose promise is pending. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Adds an item; it begins at once when nothing is before it. */
  push(item: Item | Task): void {
    if (!this.isIdle) {
      this.#items.push(item);
      return;
    }
    this.#run(item);
    if (this.#head < this.#items.length) this.#drain();
  }

  /** Begins an item at once; what has not begun waits for it too. */
  runNow(task: Task): void {
    this.#run(task);
  }

  /** Puts items before all the others. */
  unshift(items: readonly (Item | Task)[]): void {
    if (items.length === 0) return;
    this.#items = [...items, ...this.#items.slice(this.#head)];
    this.#head = 0;
    queueMicrotask(() => this.#drain());
  }

  /** Runs what a turn does so that it is known as the author of it. */
  trace<T>(code: () => T): T {
    const turn = this.#current;
    if (turn === undefined || this.#tracer === undefined) return code();
    turn.isTraced = true;
    turn.isKnown = true;
    return this.#tracer.run(turn, code);
  }

  /** Runs code as a turn of its own, for which no item waits. */
  async runBeside(code: () => Promise<void>): Promise<void> {
    const turn = new Turn();
    turn.isDone = true;
    turn.isKnown = true;
    const outer = this.#current;
    this.#current = turn;
    this.#pending.add(turn);
    const promise = this.trace(code);
    this.#current = outer;
    try {
      await promise;
    } finally {
      this.#pending.delete(turn);
    }
  }

  /**
   * Finds the turns that may be the one that now calls. In the synchronous
   * part of a turn, and in a traced one, that is exact. Of the other pending
   * turns nothing tells which one it is: all of them are taken for it, so that
   * none of them locks up.
   */
  possibleCallers(): Turns {
    if (this.#pending.size === 0 && this.#current === undefined) return NONE;
    const exact = this.exactCaller();
    if (exact !== undefined) return [exact];
    return [...this.#pending].filter(({ isTraced }) => !isTraced);
  }

  /** Finds the turn that now calls, where that is known. */
  exactCaller(): Turn | undefined {
    if (this.#current !== undefined) {
      this.#current.isKnown = true;
      return this.#current;
    }
    const traced = this.#tracer?.getStore();
    return traced !== undefined && this.#pending.has(traced)
      ? traced
      : undefined;
  }

  /** Lets the next item begin while these turns wait for an answer. */
  suspend(turns: Turns): void {
    for (const turn of turns) {
      if (turn.suspensions++ === 0 && !turn.isDone) this.#active--;
    }
    if (turns.length > 0) queueMicrotask(() => this.#drain());
  }

  /** The answer is there: what has not begun waits for these turns again. */
  resume(turns: Turns): void {
    for (const turn of turns) {
      if (--turn.suspensions === 0 && !turn.isDone) this.#active++;
    }
  }

  /** Lets the next item begin while the calling turn waits for a promise. */
  async suspendCaller<T>(promise: Promise<T>): Promise<T> {
    const caller = this.exactCaller();
    const turns = caller === undefined ? NONE : [caller];
    this.suspend(turns);
    try {
      return await promise;
    } finally {
      this.resume(turns);
    }
  }

  #drain(): void {
    while (this.#active === 0 && this.#head < this.#items.length) {
      const item = this.#items[this.#head]!;
      this.#items[this.#head++] = undefined!;
      if (this.#head === this.#items.length) {
        this.#items = [];
        this.#head = 0;
      } else if (this.#head === MAX_DONE) {
        this.#items = this.#items.slice(this.#head);
        this.#head = 0;
      }
      this.#run(item);
    }
  }

  #handle(item: Item | Task): void | Promise<void> {
    return typeof item === "function"
      ? this.trace(item as Task)
      : this.#handler.handle(item);
  }

  #run(item: Item | Task): void {
    const turn = this.#spare ?? new Turn();
    turn.isTraced = false;
    this.#spare = undefined;
    const outer = this.#current;
    this.#current = turn;
    this.#active++;
    // Leave the caller's async context: it only unblocked this turn.
    const isInherited = this.#tracer?.getStore() !== undefined;
    const promise = isInherited
      ? this.#tracer!.run(undefined, () => this.#handle(item))
      : this.#handle(item);
    this.#current = outer;
    if (promise !== undefined) {
      this.#pending.add(turn);
      void this.#finish(turn, promise);
      return;
    }
    if (turn.suspensions === 0) this.#active--;
    if (turn.isKnown) turn.isDone = true;
    else this.#spare = turn;
  }

  async #finish(turn: Turn, promise: Promise<void>): Promise<void> {
    await promise;
    this.#pending.delete(turn);
    turn.isDone = true;
    if (turn.suspensions === 0) this.#active--;
    this.#drain();
  }
}

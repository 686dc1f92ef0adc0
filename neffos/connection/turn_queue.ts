/** One piece of work that was begun and may wait for an answer. */
export class Turn {
  /** The answers that it waits for. */
  suspensions = 0;
  isDone = false;
  /** All that it does, now and later, is known to be done by it. */
  isTraced = false;
  /** Somebody may say later that it waits: it stands for nothing else then. */
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

/** Which pieces of work wait; from {@linkcode Queue.callers}. */
export type Turns = readonly Turn[];

const NONE: Turns = [];

/** How many items that are done may stand before those that are not. */
const MAX_DONE = 1024;

/**
 * Handles what comes in one after another, in order. The next item begins
 * when the one before is done, or when it waits for an answer on this very
 * connection: what it waits for may be behind an item of this queue.
 */
export class Queue<Item> {
  readonly #handle: (item: Item) => void | Promise<void>;
  #items: Item[] = [];
  #head = 0;
  /** Turns that are neither done nor waiting. */
  #active = 0;
  /** The turn whose synchronous part is on the stack. */
  #current: Turn | undefined;
  /** The turns whose promise is pending. */
  readonly #pending = new Set<Turn>();
  readonly #tracer: TurnTracer | undefined;
  #spare: Turn | undefined;

  constructor(
    handle: (item: Item) => void | Promise<void>,
    tracer: TurnTracer | undefined,
  ) {
    this.#handle = handle;
    this.#tracer = tracer;
  }

  /** The items that have not begun. */
  get size(): number {
    return this.#items.length - this.#head;
  }

  /** The items that have begun and whose promise is pending. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Adds an item; it begins at once when nothing is before it. */
  push(item: Item): void {
    if (this.#active > 0 || this.#head < this.#items.length) {
      this.#items.push(item);
      return;
    }
    this.#run(item);
    if (this.#head < this.#items.length) this.#drain();
  }

  /** Begins an item at once; what has not begun waits for it too. */
  interject(item: Item): void {
    this.#run(item);
  }

  /** Puts items before all the others. */
  unshift(items: readonly Item[]): void {
    if (items.length === 0) return;
    this.#items = [...items, ...this.#items.slice(this.#head)];
    this.#head = 0;
    queueMicrotask(() => this.#drain());
  }

  /** Runs what a turn does so that it is known to be its doing. */
  trace<T>(code: () => T): T {
    const turn = this.#current;
    if (turn === undefined || this.#tracer === undefined) return code();
    turn.isTraced = true;
    turn.isKnown = true;
    return this.#tracer.run(turn, code);
  }

  /**
   * Tells which turns are the ones that now call. In the synchronous part of
   * a turn, and in one that is traced, that is exact. Of the other pending
   * turns nobody can say which one it is: all of them are taken for it, so
   * that none locks up.
   */
  callers(): Turns {
    if (this.#pending.size === 0 && this.#current === undefined) return NONE;
    const exact = this.caller();
    if (exact.length > 0) return exact;
    return [...this.#pending].filter(({ isTraced }) => !isTraced);
  }

  /** As {@linkcode callers}, but nobody where that is not exact. */
  caller(): Turns {
    if (this.#current !== undefined) {
      this.#current.isKnown = true;
      return [this.#current];
    }
    const traced = this.#tracer?.getStore();
    return traced !== undefined && this.#pending.has(traced) ? [traced] : NONE;
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

  #run(item: Item): void {
    const turn = this.#spare ?? new Turn();
    turn.isTraced = false;
    this.#spare = undefined;
    const outer = this.#current;
    this.#current = turn;
    this.#active++;
    // Who has let it begin is not who does it.
    const isInherited = this.#tracer?.getStore() !== undefined;
    const promise = isInherited
      ? this.#tracer!.run(undefined, () => this.#handle(item))
      : this.#handle(item);
    this.#current = outer;
    if (promise !== undefined) {
      this.#pending.add(turn);
      this.#finish(turn, promise);
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

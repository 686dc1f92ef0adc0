/** An item that has begun, and may wait for answers. */
export class Turn {
  /** The number of answers that it waits for. */
  suspensions = 0;
  /** Whether it has ended, or runs beside the queue: no item waits for it. */
  isDone = false;
  /** Whether the tracer attributes all of its code to it. */
  isTraced = false;
  /** Whether other code holds it, so that the object is not reused. */
  isKnown = false;
}

/**
 * Knows which turn a piece of code belongs to, even after an `await`: the part
 * of `AsyncLocalStorage` that is needed here. Browsers have none yet.
 */
export interface TurnTracer {
  getStore(): Turn | undefined;
  run<T>(turn: Turn | undefined, code: () => T): T;
}

/** Work that takes its turn among the items. */
export type Task = () => void | Promise<void>;

/** Handles the items of a queue. */
export interface TurnHandler<Item> {
  handle(item: Item): void | Promise<void>;
}

/** Turns that wait for an answer; see {@linkcode TurnQueue.possibleCallers}. */
export type Turns = readonly Turn[];

const NONE: Turns = [];
/** How many items that have begun are kept before the list is cut. */
const MAX_DONE = 1024;

/**
 * Handles the messages of a connection one after another. The next item begins
 * when the one before has ended, or while that waits for an answer on the same
 * connection: the peer may answer only when an item behind it has been handled.
 */
export class TurnQueue<Item extends object> {
  readonly #handler: TurnHandler<Item>;
  #items: (Item | Task)[] = [];
  #head = 0;
  /** The number of turns that have neither ended nor wait for an answer. */
  #active = 0;
  /** The turn whose synchronous part is on the stack. */
  #current: Turn | undefined;
  /** The turns whose promise is pending. */
  #pending: Set<Turn> | undefined;
  readonly #tracer: TurnTracer | undefined;
  #spare: Turn | undefined;

  constructor(handler: TurnHandler<Item>, tracer: TurnTracer | undefined) {
    this.#handler = handler;
    this.#tracer = tracer;
  }

  /** Whether a pushed item begins at once. */
  get isIdle(): boolean {
    return this.#active === 0 && this.#head === this.#items.length;
  }

  /** The number of items that have not begun. */
  get size(): number {
    return this.#items.length - this.#head;
  }

  /** The number of turns whose promise is pending. */
  get pending(): number {
    return this.#pending?.size ?? 0;
  }

  /** Adds an item, which begins at once if the queue is idle. */
  push(item: Item | Task): void {
    if (!this.isIdle) {
      this.#items.push(item);
      return;
    }
    this.#run(item);
    if (this.#head < this.#items.length) this.#drain();
  }

  /** Begins a task at once; items that have not begun wait for it too. */
  runNow(task: Task): void {
    this.#run(task);
  }

  /** Puts items before all others. */
  unshift(items: readonly (Item | Task)[]): void {
    if (items.length === 0) return;
    this.#items = [...items, ...this.#items.slice(this.#head)];
    this.#head = 0;
    queueMicrotask(() => this.#drain());
  }

  /** Runs code of the current turn so that the tracer attributes it to it. */
  trace<T>(code: () => T): T {
    const turn = this.#current;
    if (turn === undefined || this.#tracer === undefined) return code();
    turn.isTraced = true;
    turn.isKnown = true;
    return this.#tracer.run(turn, code);
  }

  /** Runs code as a turn beside the queue, for which no item waits. */
  async runBeside(code: () => Promise<void>): Promise<void> {
    const turn = new Turn();
    turn.isDone = true;
    turn.isKnown = true;
    const outer = this.#current;
    this.#current = turn;
    this.#keep(turn);
    const promise = this.trace(code);
    this.#current = outer;
    try {
      await promise;
    } finally {
      this.#drop(turn);
    }
  }

  /**
   * Finds the turns that may be the present caller. In the synchronous part of
   * a turn, and in a traced turn, the caller is known. Else it may be any
   * untraced pending turn, so all of those are returned, and none locks up.
   */
  possibleCallers(): Turns {
    if (this.#pending === undefined && this.#current === undefined) return NONE;
    const exact = this.exactCaller();
    if (exact !== undefined) return [exact];
    return [...this.#pending ?? []].filter(({ isTraced }) => !isTraced);
  }

  /** Finds the turn that is the present caller, if that is known. */
  exactCaller(): Turn | undefined {
    if (this.#current !== undefined) {
      this.#current.isKnown = true;
      return this.#current;
    }
    const traced = this.#tracer?.getStore();
    return traced !== undefined && this.#pending?.has(traced)
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

  /** Makes items that have not begun wait for these turns again. */
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
    // Leave the caller's async context: the caller only unblocked this turn.
    const isInherited = this.#tracer?.getStore() !== undefined;
    const promise = isInherited
      ? this.#tracer!.run(undefined, () => this.#handle(item))
      : this.#handle(item);
    this.#current = outer;
    if (promise !== undefined) {
      this.#keep(turn);
      void this.#finish(turn, promise);
      return;
    }
    if (turn.suspensions === 0) this.#active--;
    if (turn.isKnown) turn.isDone = true;
    else this.#spare = turn;
  }

  #keep(turn: Turn): void {
    (this.#pending ??= new Set()).add(turn);
  }

  #drop(turn: Turn): void {
    this.#pending!.delete(turn);
    // An empty Set takes 150 bytes, for each connection.
    if (this.#pending!.size === 0) this.#pending = undefined;
  }

  async #finish(turn: Turn, promise: Promise<void>): Promise<void> {
    await promise;
    this.#drop(turn);
    turn.isDone = true;
    if (turn.suspensions === 0) this.#active--;
    this.#drain();
  }
}

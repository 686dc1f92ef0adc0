/** A connection that is being left, and gets nothing of it any more. */
export interface Leaver {
  readonly conn: object;
  readonly namespace: string;
  /** The room, empty for the namespace with its rooms. */
  readonly room: string;
}

/** An item that has begun, and may wait for answers. */
export class Turn {
  /** The number of answers that it waits for. */
  waits = 0;
  /** The number of times that it waits for the end of the connection. */
  endWaits = 0;
  /** Whether it has ended, or runs beside the queue: no item waits for it. */
  isDone = false;
  /** Whether the peer, or a name that is being entered, waits for its end. */
  isAwaited = false;
  /** Whether the tracer attributes all of its code to it. */
  isTraced = false;
  /** The connection that leaves, while the hook runs that decides about it. */
  leaver: Leaver | undefined;
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

/** Work that takes its turn among the items, and does not go ahead of any. */
export type Task = () => void | Promise<void>;

/** Work on an ask of the peer, which may go ahead of events. */
export class AskTask<Item> {
  readonly run: Task;
  /** Finds the events that nothing could handle after it, if there are any. */
  readonly ends: ((event: Item) => boolean) | undefined;

  constructor(run: Task, ends?: (event: Item) => boolean) {
    this.run = run;
    this.ends = ends;
  }
}

/** What a queue holds. */
type Entry<Item> = Item | Task | AskTask<Item>;

/** Handles the items of a queue. */
export interface TurnHandler<Item> {
  handle(item: Item): void | Promise<void>;
  /** Whether the peer waits for an answer to an item. */
  isAsk(item: Item): boolean;
}

/** Turns that wait for an answer; see {@linkcode TurnQueue.possibleCallers}. */
export type Turns = readonly Turn[];

const NONE: Turns = [];
/** How many items that have begun are kept before the list is cut. */
const MAX_BEGUN = 1024;

/**
 * Handles the messages of a connection one after another. The next item begins
 * when the one before has ended. While a turn waits for an answer of the peer,
 * the asks of the peer go ahead of the events, since that answer may wait for
 * them; an event waits until no turn is left.
 */
export class TurnQueue<Item extends object> {
  readonly #handler: TurnHandler<Item>;
  #items: (Entry<Item> | undefined)[] = [];
  #head = 0;
  /** No item before this one is an ask, except those that have begun. */
  #firstAsk = 0;
  #size = 0;
  /** The number of turns that have neither ended nor wait for anything. */
  #active = 0;
  /** The number of turns that wait for an answer. */
  #waiting = 0;
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

  /** The number of items that have not begun. */
  get size(): number {
    return this.#size;
  }

  /** The number of turns whose promise is pending. */
  get pending(): number {
    return this.#pending?.size ?? 0;
  }

  /** Adds an item, which begins at once if nothing is before it. */
  push(item: Entry<Item>): void {
    const mayBegin = this.#active === 0 &&
      (this.#waiting === 0 || this.#isAsk(item));
    if (!mayBegin || this.#size > 0) {
      this.#items.push(item);
      this.#size++;
      if (mayBegin) queueMicrotask(() => this.#drain());
      return;
    }
    this.#run(item);
    if (this.#size > 0) this.#drain();
  }

  /** Begins a task at once; items that have not begun wait for it too. */
  runNow(task: Task): void {
    this.#run(task);
  }

  /** Puts items before all others. */
  unshift(items: readonly Entry<Item>[]): void {
    if (items.length === 0) return;
    this.#items = [...items, ...this.#items.slice(this.#head)];
    this.#head = 0;
    this.#firstAsk = 0;
    this.#size += items.length;
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
    turn.isAwaited = true;
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

  /** Whether the peer, or a name that is being entered, waits for the caller. */
  get isCallerAwaited(): boolean {
    return this.possibleCallers().some(({ isAwaited }) => isAwaited);
  }

  /** Lets asks begin while these turns wait for an answer. */
  suspend(turns: Turns): void {
    for (const turn of turns) {
      this.#count(turn, -1);
      turn.waits++;
      this.#count(turn, 1);
    }
    if (turns.length > 0) queueMicrotask(() => this.#drain());
  }

  /** Makes items that have not begun wait for these turns again. */
  resume(turns: Turns): void {
    for (const turn of turns) {
      this.#count(turn, -1);
      turn.waits--;
      this.#count(turn, 1);
    }
  }

  /** Lets every item begin while the calling turn waits for the end. */
  async awaitEnd<T>(end: Promise<T>): Promise<T> {
    const turn = this.exactCaller();
    if (turn === undefined) return await end;
    this.#count(turn, -1);
    turn.endWaits++;
    queueMicrotask(() => this.#drain());
    try {
      return await end;
    } finally {
      turn.endWaits--;
      this.#count(turn, 1);
    }
  }

  /** Counts a turn among those that items wait for, or out of them. */
  #count(turn: Turn, by: 1 | -1): void {
    if (turn.isDone || turn.endWaits > 0) return;
    if (turn.waits > 0) this.#waiting += by;
    else this.#active += by;
  }

  #drain(): void {
    while (this.#active === 0 && this.#size > 0) {
      const item = this.#waiting === 0 ? this.#take() : this.#takeAsk();
      if (item === undefined) return;
      this.#run(item);
    }
  }

  /** Takes an item, the first one unless another is given. */
  #take(at = this.#skip()): Entry<Item> {
    const item = this.#items[at]!;
    this.#items[at] = undefined;
    if (--this.#size === 0) this.#items = [];
    else if (this.#items.length - this.#size >= MAX_BEGUN) {
      this.#items = this.#items.filter((item) => item !== undefined);
    } else return item;
    this.#head = 0;
    this.#firstAsk = 0;
    return item;
  }

  /** Takes the next item that may begin while a turn waits for an answer. */
  #takeAsk(): Entry<Item> | undefined {
    const items = this.#items;
    let at = this.#firstAsk;
    while (at < items.length && !this.#isAsk(items[at])) at++;
    this.#firstAsk = at;
    const ask = items[at];
    if (ask === undefined) return undefined;
    const ends = ask instanceof AskTask ? ask.ends : undefined;
    const isEnded = ends !== undefined &&
      items.slice(this.#head, at).some((event) =>
        event !== undefined && !isTask(event) && ends(event)
      );
    // The events in front go first: after the ask, some would be lost.
    return isEnded ? this.#take() : this.#take(at);
  }

  /** Skips what has begun. */
  #skip(): number {
    while (this.#items[this.#head] === undefined) this.#head++;
    return this.#head;
  }

  #isAsk(item: Entry<Item> | undefined): boolean {
    if (item === undefined) return false;
    return isTask(item) ? item instanceof AskTask : this.#handler.isAsk(item);
  }

  #handle(item: Entry<Item>): void | Promise<void> {
    if (!isTask(item)) return this.#handler.handle(item);
    return this.trace(item instanceof AskTask ? item.run : item);
  }

  #run(item: Entry<Item>): void {
    const turn = this.#spare ?? new Turn();
    turn.isTraced = false;
    turn.isAwaited = this.#isAsk(item);
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
    this.#count(turn, -1);
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
    this.#count(turn, -1);
    turn.isDone = true;
    this.#drain();
  }
}

function isTask<Item extends object>(
  item: Entry<Item>,
): item is Task | AskTask<Item> {
  return typeof item === "function" || item instanceof AskTask;
}

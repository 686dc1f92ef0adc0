import type { WalkClock } from "./clock.ts";
import type { Behaviour, Call, Side } from "./plan.ts";

/** What is wrong, in a word: the same word is the same kind of fault. */
export type FaultKind =
  | "the sides disagree"
  | "the index disagrees"
  | "the last call does not decide"
  | "a promise never ends"
  | "never at rest"
  | "hooks do not take turns"
  | "hooks were told otherwise"
  | "an instance is not the one"
  | "a body is not that of the attempt"
  | "an event does not arrive"
  | "an event arrives where it must not"
  | "events are overtaken"
  | "events overlap"
  | "messages are held"
  | "an ask has not one answer"
  | "lost after a comeback"
  | "refused while away"
  | "another object after a comeback"
  | "kept for what was left"
  | "a loss is not reported"
  | "reported without a fault"
  | "an undocumented rejection"
  | "an unhandled rejection"
  | "a limit is exceeded";

/** Something that must not be. */
export interface Fault {
  kind: FaultKind;
  text: string;
}

/** A namespace, or a room of it; the room is empty for a namespace. */
export interface Name {
  namespace: string;
  room: string;
}

/** A call of a program, and what has become of it. */
export interface MadeCall extends Call {
  id: number;
  side: Side;
  /** The hook that called. */
  by: HookRun | undefined;
  /** The names that it is about, where it is about several. */
  names: Name[];
  /** Its side was in what it is about. */
  wasIn: boolean;
  /** The client had no socket. */
  isAway: boolean;
  /** It leaves, while away, what the client is to come back into. */
  mustResolve: boolean;
  /** When it was called, as a place in the order of all that has happened. */
  begun: number;
  /** The time when it was called. */
  beganAt: number;
  ended: number;
  result: "pending" | "done" | "failed" | "given up";
}

/** A hook that runs or has run. */
export interface HookRun {
  id: number;
  side: Side;
  event: string;
  namespace: string;
  room: string;
  isLocal: boolean;
  isForced: boolean;
  /** The connection, by number, of the server's; the client has one. */
  conn: number;
  begun: number;
  ended: number;
  outcome: Behaviour["outcome"] | undefined;
  /** The life of its namespace, as far as its hooks were told. */
  life: number;
  /** It has itself called for what it is asked about. */
  hasAgreed: boolean;
}

/** An event that was emitted. */
export interface MadeEmit {
  id: number;
  side: Side;
  namespace: string;
  room: string;
  isTaken: boolean;
  isAway: boolean;
  /** How many sockets the client had lost. */
  losses: number;
  begun: number;
  arrivals: number;
}

/** All that has happened in a walk, and what was wrong with it. */
export class Journal {
  readonly calls: MadeCall[] = [];
  readonly hooks: HookRun[] = [];
  readonly emits: MadeEmit[] = [];
  readonly faults: Fault[] = [];
  /** The runs of hooks that were not plain, in order. */
  readonly unplain: [key: string, behaviour: Behaviour][] = [];
  /** Errors that a hook has thrown, and that may be reported. */
  readonly thrown = new WeakSet<object>();
  #lines: string[] | undefined;
  readonly #clock: WalkClock;
  #order = 0;

  constructor(clock: WalkClock, isTraced: boolean) {
    this.#clock = clock;
    this.#lines = isTraced ? [] : undefined;
  }

  /** The next place in the order of all that happens. */
  next(): number {
    return ++this.#order;
  }

  get order(): number {
    return this.#order;
  }

  /** A readable account, where one is kept. */
  get lines(): readonly string[] {
    return this.#lines ?? [];
  }

  /** Adds a line to the account; its text is made only where one is kept. */
  note(text: () => string): void {
    if (this.#lines === undefined) return;
    const time = this.#clock.now.toFixed(1).padStart(9);
    this.#lines.push(`${time}  ${text()}`);
  }

  /** Forgets the lines of what has gone well. */
  async forget(action: () => Promise<void>): Promise<void> {
    const before = this.#lines;
    const { length } = this.faults;
    if (before !== undefined) this.#lines = [];
    await action();
    if (before === undefined) return;
    const hasFailed = this.faults.length > length;
    this.#lines = hasFailed ? [...before, ...this.#lines!] : before;
  }

  fail(kind: FaultKind, text: string): void {
    this.note(() => `FAULT ${kind}: ${text}`);
    this.faults.push({ kind, text });
  }
}

/** A namespace or a room, as lines of the journal have it. */
export function nameOf(about: Name): string {
  return about.room === ""
    ? about.namespace
    : `${about.namespace}/${about.room}`;
}

/** Any error, in one line. */
export function textOf(error: unknown): string {
  return error instanceof Error
    ? `${error.name}: ${error.message}`
    : String(error);
}

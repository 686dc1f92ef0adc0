/** Turns a world into a short string, by which it is known, and back. */

import {
  type Budget,
  type Call,
  type Entry,
  type Frame,
  type Hook,
  type HookPoint,
  type Kind,
  KINDS,
  type Name,
  type NameRecord,
  NAMES,
  type PendingAsk,
  type Phase,
  type ReceivedAsk,
  type Result,
  type Side,
  type World,
} from "./world.ts";

const FRAMES: readonly Frame["type"][] = ["ask", "yes", "no"];
const RESULTS: readonly Result[] = ["pending", "done", "failed", "givenUp"];

const PHASES: readonly Phase["type"][] = [
  "idle",
  "deciding",
  "asking",
  "takingBack",
  "telling",
  "answering",
  "ending",
];

const HOOKS: readonly HookPoint[] = [
  "deciding",
  "answeringEnter",
  "answeringLeave",
  "telling",
  "ending",
  "entered",
  "left",
];

/** Writes small numbers, each of which becomes a character. */
class Writer {
  readonly #numbers: number[] = [];

  toString(): string {
    return String.fromCharCode(...this.#numbers);
  }

  number(value: number): void {
    this.#numbers.push(value);
  }

  flag(value: boolean): void {
    this.#numbers.push(value ? 1 : 0);
  }

  oneOf<T extends string>(values: readonly T[], value: T): void {
    this.#numbers.push(values.indexOf(value));
  }

  list<T>(values: readonly T[], write: (to: Writer, value: T) => void): void {
    this.number(values.length);
    for (const value of values) write(this, value);
  }

  numbers(values: readonly number[]): void {
    this.number(values.length);
    for (const value of values) this.number(value);
  }

  text(value: string): void {
    this.numbers([...value].map((character) => character.charCodeAt(0)));
  }
}

/** Reads what a {@linkcode Writer} has written, in the same order. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  number(): number {
    return this.#text.charCodeAt(this.#at++);
  }

  flag(): boolean {
    return this.number() === 1;
  }

  oneOf<T extends string>(values: readonly T[]): T {
    return values[this.number()]!;
  }

  list<T>(read: (from: Reader) => T): T[] {
    const values: T[] = [];
    for (let left = this.number(); left > 0; left--) values.push(read(this));
    return values;
  }

  numbers(): number[] {
    return this.list((from) => from.number());
  }

  text(): string {
    return String.fromCharCode(...this.numbers());
  }
}

/** What frames, asks, hooks and calls are about. */
interface Subject {
  readonly name: Name;
  readonly kind: Kind;
}

function writeSubject(to: Writer, { name, kind }: Subject): void {
  to.oneOf(NAMES, name);
  to.oneOf(KINDS, kind);
}

function writePhase(to: Writer, phase: Phase): void {
  to.oneOf(PHASES, phase.type);
  switch (phase.type) {
    case "deciding":
      return to.flag(phase.isCrossed);
    case "asking":
    case "takingBack":
      to.oneOf(KINDS, phase.kind);
      to.number(phase.token);
      return to.flag(phase.isCrossed);
    case "answering":
      to.oneOf(KINDS, phase.kind);
      return to.flag(phase.isAgreed);
  }
}

function readPhase(from: Reader): Phase {
  const type = from.oneOf(PHASES);
  switch (type) {
    case "deciding":
      return { type, isCrossed: from.flag() };
    case "asking":
    case "takingBack": {
      const kind = from.oneOf(KINDS);
      return { type, kind, token: from.number(), isCrossed: from.flag() };
    }
    case "answering":
      return { type, kind: from.oneOf(KINDS), isAgreed: from.flag() };
    default:
      return { type };
  }
}

function writeEntry(to: Writer, { kind, waiters, after }: Entry): void {
  to.oneOf(KINDS, kind);
  to.numbers(waiters);
  to.number(after);
}

function readEntry(from: Reader): Entry {
  return {
    kind: from.oneOf(KINDS),
    waiters: from.numbers(),
    after: from.number(),
  };
}

function writeRecord(to: Writer, record: NameRecord): void {
  to.flag(record.isIn);
  writePhase(to, record.phase);
  to.number(record.owed);
  to.list(record.chain, writeEntry);
  to.flag(record.isTold);
  to.flag(record.isJoinedAgain);
}

function readRecord(from: Reader): NameRecord {
  return {
    isIn: from.flag(),
    phase: readPhase(from),
    owed: from.number(),
    chain: from.list(readEntry),
    isTold: from.flag(),
    isJoinedAgain: from.flag(),
  };
}

function writeFrame(to: Writer, frame: Frame): void {
  to.oneOf(FRAMES, frame.type);
  writeSubject(to, frame);
  to.number(frame.token);
}

function readFrame(from: Reader): Frame {
  return {
    type: from.oneOf(FRAMES),
    name: from.oneOf(NAMES),
    kind: from.oneOf(KINDS),
    token: from.number(),
  };
}

function writeAsk(to: Writer, ask: ReceivedAsk): void {
  writeSubject(to, ask);
  to.number(ask.token);
  to.number(ask.life);
}

function readAsk(from: Reader): ReceivedAsk {
  return {
    name: from.oneOf(NAMES),
    kind: from.oneOf(KINDS),
    token: from.number(),
    life: from.number(),
  };
}

function writePending(to: Writer, ask: PendingAsk): void {
  writeAsk(to, ask);
  to.numbers(ask.waiters);
}

function readPending(from: Reader): PendingAsk {
  return { ...readAsk(from), waiters: from.numbers() };
}

function writeHook(to: Writer, hook: Hook): void {
  to.oneOf(HOOKS, hook.at);
  to.oneOf(NAMES, hook.name);
  to.number(hook.life);
  to.number(hook.token);
  to.numbers(hook.waiters);
  to.number(hook.awaits);
}

function readHook(from: Reader): Hook {
  return {
    at: from.oneOf(HOOKS),
    name: from.oneOf(NAMES),
    life: from.number(),
    token: from.number(),
    waiters: from.numbers(),
    awaits: from.number(),
  };
}

function writeCall(to: Writer, call: Call): void {
  writeSubject(to, call);
  to.oneOf(RESULTS, call.result);
  to.flag(call.isPart);
}

function readCall(from: Reader): Call {
  return {
    name: from.oneOf(NAMES),
    kind: from.oneOf(KINDS),
    result: from.oneOf(RESULTS),
    isPart: from.flag(),
  };
}

function writeSide(to: Writer, side: Side): void {
  for (const name of NAMES) {
    writeRecord(to, side.records[name]);
    to.flag(side.goal[name]);
  }
  to.number(side.life);
  to.number(side.lastToken);
  to.list(side.incoming, writeFrame);
  to.list(side.queue, writeAsk);
  to.list(side.hooks, writeHook);
  to.list(side.calls, writeCall);
  to.list(side.pending, writePending);
}

function readSide(from: Reader): Side {
  const [namespace, inNamespace] = [readRecord(from), from.flag()];
  const [room, inRoom] = [readRecord(from), from.flag()];
  const [room2, inRoom2] = [readRecord(from), from.flag()];
  return {
    records: { namespace, room, room2 },
    goal: { namespace: inNamespace, room: inRoom, room2: inRoom2 },
    life: from.number(),
    lastToken: from.number(),
    incoming: from.list(readFrame),
    queue: from.list(readAsk),
    hooks: from.list(readHook),
    calls: from.list(readCall),
    pending: from.list(readPending),
  };
}

function writeBudget(to: Writer, budget: Budget): void {
  to.number(budget.clientCalls);
  to.number(budget.serverCalls);
  to.number(budget.hookCalls);
  to.number(budget.giveUps);
  to.number(budget.refusals);
  to.number(budget.losses);
}

function readBudget(from: Reader): Budget {
  return {
    clientCalls: from.number(),
    serverCalls: from.number(),
    hookCalls: from.number(),
    giveUps: from.number(),
    refusals: from.number(),
    losses: from.number(),
  };
}

/** Encodes a world; worlds that differ have different strings. */
export function encodeWorld(world: World): string {
  const to = new Writer();
  writeSide(to, world.sides.client);
  writeSide(to, world.sides.server);
  writeBudget(to, world.budget);
  to.flag(world.isAway);
  to.flag(world.hasLostSocket);
  to.flag(world.hasRefusedLeave);
  to.text(world.fault);
  return to.toString();
}

/** Decodes what {@linkcode encodeWorld} has made. */
export function decodeWorld(text: string): World {
  const from = new Reader(text);
  return {
    sides: { client: readSide(from), server: readSide(from) },
    budget: readBudget(from),
    isAway: from.flag(),
    hasLostSocket: from.flag(),
    hasRefusedLeave: from.flag(),
    fault: from.text(),
  };
}

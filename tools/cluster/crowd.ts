/** Clients of a cluster that talk, and check what they hear. */

import { SoakFailure } from "../soak/failure.ts";
import { within } from "../soak/within.ts";
import { NAMESPACE } from "./frames.ts";
import { openPerson } from "./person.ts";

/** The events: to the room of the sender, and to all. */
const EVENTS = ["onSay", "onAll"] as const;
type Event = typeof EVENTS[number];

/** The time after which a missing message is lost, in milliseconds. */
const PATIENCE = 60_000;

/** Options of a {@linkcode Crowd}. */
export interface CrowdOptions {
  readonly size: number;
  /** The people in each room, who are on all servers. */
  readonly perRoom: number;
  /** The messages of each. */
  readonly messages: number;
  /** Every so many messages one goes to all, and the last one does. */
  readonly every: number;
}

/** The messages that each sender had sent at one moment, by event. */
export type Snapshot = readonly Readonly<Record<Event, number>>[];

/** What is missing. */
export interface Missing {
  /** Deliveries: a message counts once for each who has not heard it. */
  readonly deliveries: number;
  /** Messages, by the server that has not got them. */
  readonly messages: readonly number[];
  /** The deliveries for which there is no excuse. */
  readonly unexplained: number;
}

/** What may be missing. */
export interface Excuse {
  /** Whether something of a sender may be missing on a server. */
  covers(sender: { index: number; node: number }, to: number): boolean;
  /** What is sent afterwards is not missing. */
  readonly until: Snapshot;
}

/** What one has heard of another's messages of one kind. */
class Ear {
  /** The number that is expected. */
  next: number;
  /** Those that were left out. */
  missing: number[] = [];
  /** Whether anything was heard; before, an older message is none too many. */
  #isOpen: boolean;

  constructor(next: number) {
    this.next = next;
    this.#isOpen = next === 0;
  }

  hear(number: number): "new" | "twice" | "late" {
    if (!this.#isOpen) {
      this.#isOpen = true;
      this.next = Math.min(this.next, number);
    }
    if (number >= this.next) {
      while (this.next < number) this.missing.push(this.next++);
      this.next++;
      return "new";
    }
    const at = this.missing.indexOf(number);
    if (at < 0) return "twice";
    this.missing.splice(at, 1);
    return "late";
  }
}

/** A client that talks: the next message when the one before has come back. */
class Talker {
  readonly index: number;
  readonly room: number;
  node: number;
  readonly sent: Record<Event, number> = { onSay: 0, onAll: 0 };
  /** Whether a message is on its way. */
  isWaiting = false;
  readonly ears: Record<Event, (Ear | undefined)[]> = { onSay: [], onAll: [] };
  socket!: WebSocket;
  #floor: Snapshot | undefined;

  constructor(index: number, room: number, node: number) {
    this.index = index;
    this.room = room;
    this.node = node;
  }

  get total(): number {
    return this.sent.onSay + this.sent.onAll;
  }

  async open(url: string): Promise<void> {
    this.socket = await openPerson(url, [`room${this.room}`]);
  }

  /** Forgets what it has heard: only what is sent from now on must come. */
  reset(floor: Snapshot): void {
    this.#floor = floor;
    this.ears.onSay = [];
    this.ears.onAll = [];
    this.isWaiting = false;
  }

  say(event: Event): void {
    const number = this.sent[event]++;
    this.isWaiting = true;
    const room = event === "onSay" ? `room${this.room}` : "";
    const body = `${this.index} ${number}`;
    this.socket.send(`;${NAMESPACE};${room};${event};0;0;${body}`);
  }

  findEar(event: Event, sender: number): Ear {
    const ears = this.ears[event];
    return ears[sender] ??= new Ear(this.#floor?.[sender]?.[event] ?? 0);
  }
}

/** Clients on all servers, in rooms. */
export class Crowd {
  /** Deliveries so far. */
  heard = 0;
  twice = 0;
  late = 0;
  readonly #options: CrowdOptions;
  readonly #talkers: Talker[] = [];
  #sent = 0;
  #limit = 0;
  #ends = 0;
  #onProgress = () => {};
  readonly #marks: { at: number; resolve(): void }[] = [];

  private constructor(options: CrowdOptions) {
    this.#options = options;
  }

  /** Connects all: those of one room to all servers in turn. */
  static async open(
    urls: readonly string[],
    options: CrowdOptions,
  ): Promise<Crowd> {
    const crowd = new Crowd(options);
    for (let i = 0; i < options.size; i++) {
      const room = Math.floor(i / options.perRoom);
      crowd.#talkers.push(new Talker(i, room, i % urls.length));
    }
    await Promise.all(
      crowd.#talkers.map((talker) => crowd.#open(talker, urls)),
    );
    return crowd;
  }

  /** The messages that were sent. */
  get sent(): number {
    return this.#sent;
  }

  get total(): number {
    return this.#options.size * this.#options.messages;
  }

  /** Lets each say messages up to a number of them; resolves when they have come back. */
  async allow(limit: number): Promise<void> {
    this.#limit = limit;
    for (const talker of this.#talkers) this.#goOn(talker);
    await this.#until(
      "what was said came back",
      () =>
        this.#talkers.every(({ total, isWaiting, socket }) =>
          total >= limit && !isWaiting ||
          socket.readyState !== WebSocket.OPEN
        ),
    );
  }

  /** Resolves when a number of messages was sent by all together. */
  reach(at: number): Promise<void> {
    return new Promise((resolve) => this.#marks.push({ at, resolve }));
  }

  /** What each has sent until now. */
  snap(): Snapshot {
    return this.#talkers.map(({ sent }) => ({ ...sent }));
  }

  /** Finds those on a server. */
  find(node: number): Set<number> {
    const there = this.#talkers.filter((talker) => talker.node === node);
    return new Set(there.map(({ index }) => index));
  }

  /** Lets those of a server that was killed come to the others. */
  async move(from: number, urls: readonly string[]): Promise<void> {
    const targets = urls.map((_, i) => i).filter((i) => i !== from);
    const moved = this.#talkers.filter(({ node }) => node === from);
    await Promise.all(moved.map(async (talker, i) => {
      talker.node = targets[i % targets.length]!;
      await this.#open(talker, urls);
      talker.reset(this.snap());
    }));
  }

  /**
   * Waits until everyone has heard the last messages of everyone: what is
   * missing then was lost.
   */
  async listen(): Promise<void> {
    const { size } = this.#options;
    let ends = size * size;
    for (const { room } of this.#talkers) {
      ends += this.#talkers.filter((other) => other.room === room).length;
    }
    await this.#until("the last messages arrived", () => this.#ends >= ends);
  }

  /** Counts what is missing. */
  countMissing(excuse?: Excuse): Missing {
    const messages = new Map<number, Set<string>>();
    let deliveries = 0;
    let unexplained = 0;
    for (const { node, ears } of this.#talkers) {
      const lost = messages.get(node) ?? new Set();
      messages.set(node, lost);
      for (const event of EVENTS) {
        ears[event].forEach((ear, sender) => {
          for (const number of ear!.missing) {
            deliveries++;
            lost.add(`${event} ${sender} ${number}`);
            const isExcused = excuse !== undefined &&
              excuse.covers(this.#talkers[sender]!, node) &&
              number < excuse.until[sender]![event];
            if (!isExcused) unexplained++;
          }
        });
      }
    }
    const nodes = [...messages.keys()].sort((a, b) => a - b);
    return {
      deliveries,
      messages: nodes.map((node) => messages.get(node)!.size),
      unexplained,
    };
  }

  async leave(): Promise<void> {
    await Promise.all(this.#talkers.map(async ({ socket }) => {
      if (socket.readyState === WebSocket.CLOSED) return;
      const closed = Promise.withResolvers<void>();
      socket.onclose = () => closed.resolve();
      socket.close();
      await closed.promise;
    }));
  }

  async #open(talker: Talker, urls: readonly string[]): Promise<void> {
    await talker.open(urls[talker.node]!);
    talker.socket.onmessage = ({ data }) => this.#hear(talker, data);
    talker.socket.onclose = () => this.#onProgress();
  }

  #goOn(talker: Talker): void {
    const { total } = talker;
    const { messages, every } = this.#options;
    const isOver = total >= this.#limit ||
      talker.socket.readyState !== WebSocket.OPEN;
    if (isOver || talker.isWaiting) return;
    const isToAll = total === messages - 1 || total % every === every - 1;
    talker.say(isToAll ? "onAll" : "onSay");
    this.#sent++;
    for (const mark of this.#marks) if (mark.at === this.#sent) mark.resolve();
  }

  #hear(talker: Talker, frame: string): void {
    const [, , , event, , , body] = frame.split(";");
    const [sender, number] = body!.split(" ").map(Number);
    if (event !== "onSay" && event !== "onAll") {
      throw new Error(`An unknown frame: ${frame}`);
    }
    const kind = talker.findEar(event, sender!).hear(number!);
    if (kind === "twice") this.twice++;
    else this.heard++;
    if (kind === "late") this.late++;
    if (kind === "new" && number === this.#countAll(event) - 1) this.#ends++;
    if (sender === talker.index && kind !== "twice") {
      talker.isWaiting = false;
      this.#goOn(talker);
    }
    this.#onProgress();
  }

  /** The messages of one kind that each sends in all. */
  #countAll(event: Event): number {
    const { messages, every } = this.#options;
    const toAll = Math.floor(messages / every) + (messages % every && 1);
    return event === "onAll" ? toAll : messages - toAll;
  }

  async #until(what: string, condition: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<true>();
    this.#onProgress = () => condition() && resolve(true);
    this.#onProgress();
    const isDone = await within(PATIENCE, promise);
    this.#onProgress = () => {};
    if (!isDone) throw new SoakFailure(`In ${PATIENCE} ms not all of ${what}`);
  }
}

/**
 * A process that holds connections to both servers of the soak, and sends
 * messages over them.
 */

import { Prng } from "../fuzz/prng.ts";
import { obey } from "./commands.ts";
import type { EchoEvent } from "./frames.ts";
import { type Broadcasts, Member, type MemberListener } from "./member.ts";
import { makeTally, type Tally } from "./tally.ts";
import { within } from "./within.ts";

/** The time after which a missing message is lost, in milliseconds. */
const PATIENCE = 30_000;
/** The connections that are opened at a time. */
const AT_ONCE = 64;
/** The share, in thousandths, of the first connection's messages that go to its room. */
const TO_ROOM = 20;
/** The share, in thousandths, of messages that an async function handles. */
const LATER = 50;
const ECHOES: readonly EchoEvent[] = ["onAsk", "onEmit"];

/** The name of a server. */
interface Argument {
  readonly server: string;
}

/** The connections to open. */
export interface OpenArgument extends Argument {
  readonly url: string;
  readonly count: number;
  /** The number of rooms; each connection joins one. */
  readonly rooms: number;
}

/** A turn, in which every connection of this process sends messages. */
export interface TalkArgument extends Argument {
  readonly seed: number;
  /** The number of messages of each connection. */
  readonly messages: number;
  /** The milliseconds over which they are spread. */
  readonly span: number;
}

/** All broadcasts of all processes. */
export interface ExpectArgument extends Argument {
  readonly broadcasts: Broadcasts;
}

/** The results of one process with one server. */
export interface Report {
  readonly tally: Tally;
  /** The times of the answers, in milliseconds. */
  readonly millis: number[];
}

/** The connections to one server. */
class Group implements MemberListener {
  readonly #members: Member[] = [];
  readonly #tally = makeTally();
  readonly #broadcasts: Broadcasts = { all: 0, rooms: [] };
  readonly #millis: number[] = [];
  #numbers = 0;
  #answers = 0;
  #delivered = 0;
  #onProgress = () => {};

  onBroadcast(): void {
    this.#delivered++;
    this.#onProgress();
  }

  onAnswer(millis: number): void {
    this.#answers++;
    this.#millis.push(millis);
    this.#onProgress();
  }

  async open({ url, count, rooms }: OpenArgument): Promise<void> {
    this.#broadcasts.rooms = new Array(rooms).fill(0);
    const members: Member[] = new Array(count);
    let begun = 0;
    const openSome = async () => {
      while (begun < count) {
        const i = begun++;
        const options = { url, room: i % rooms, tally: this.#tally };
        members[i] = await Member.open(options, this);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, openSome));
    this.#members.push(...members);
  }

  /** Sends the messages of a turn; returns the numbers of broadcasts so far. */
  async talk({ seed, messages, span }: TalkArgument): Promise<Broadcasts> {
    const prng = new Prng(seed);
    const steps: { at: number; talker: number }[] = [];
    for (let talker = 0; talker < this.#members.length; talker++) {
      for (let i = 0; i < messages; i++) {
        steps.push({ at: prng.below(span), talker });
      }
    }
    steps.sort((a, b) => a.at - b.at);
    const shout = prng.below(steps.length);
    const start = performance.now();
    for (const [i, { at, talker }] of steps.entries()) {
      const wait = start + at - performance.now();
      if (wait >= 1) await new Promise((done) => setTimeout(done, wait));
      this.#say(talker, prng);
      // One of the messages goes to every connection.
      if (i === shout) this.#members[0]!.sendToAll(this.#broadcasts.all++);
    }
    return this.#broadcasts;
  }

  #say(talker: number, prng: Prng): void {
    const member = this.#members[talker]!;
    const { rooms } = this.#broadcasts;
    // The first connection in a room: so its messages have one order for all.
    if (talker < rooms.length && prng.chance(TO_ROOM)) {
      member.sendToRoom(rooms[talker]!++);
      return;
    }
    const event = prng.chance(LATER) ? "onLater" : prng.pick(ECHOES);
    this.#numbers++;
    member.echo(event, String(this.#numbers));
  }

  /** Waits until all messages have come; those that are late are lost. */
  async expect({ broadcasts: { all, rooms } }: ExpectArgument): Promise<void> {
    let awaited = 0;
    for (const { room } of this.#members) awaited += all + (rooms[room] ?? 0);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onProgress = () => {
      const isAll = this.#delivered >= awaited &&
        this.#answers >= this.#numbers;
      if (isAll) resolve();
    };
    this.#onProgress();
    await within(PATIENCE, promise);
    this.#onProgress = () => {};
  }

  report({ broadcasts }: ExpectArgument): Report {
    const tally = { ...this.#tally };
    for (const member of this.#members) {
      tally.lost += member.countLost(broadcasts);
    }
    return { tally, millis: this.#millis };
  }

  async leave(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.leave()));
  }
}

const groups = new Map<string, Group>();

function groupOf({ server }: Argument): Group {
  const group = groups.get(server) ?? new Group();
  groups.set(server, group);
  return group;
}

await obey({
  open: (argument: OpenArgument) => groupOf(argument).open(argument),
  talk: (argument: TalkArgument) => groupOf(argument).talk(argument),
  expect: (argument: ExpectArgument) => groupOf(argument).expect(argument),
  report: (argument: ExpectArgument) => groupOf(argument).report(argument),
  async leave(argument: Argument) {
    await groupOf(argument).leave();
    groups.delete(argument.server);
  },
});

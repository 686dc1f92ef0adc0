import {
  ALL,
  CONNECT,
  type EchoEvent,
  echoFrame,
  joinFrame,
  roomHead,
} from "./frames.ts";
import { SoakFailure } from "./failure.ts";
import { Pending, Sequence, type Tally } from "./tally.ts";

/** What is told of what connections receive. */
export interface MemberListener {
  /** A broadcast came that had not come before. */
  onBroadcast(): void;
  /** An answer came, so many milliseconds after its question. */
  onAnswer(millis: number): void;
}

/** How often was broadcast since the beginning: to all, and to each room. */
export interface Broadcasts {
  all: number;
  rooms: number[];
}

/** What a connection needs. */
export interface MemberOptions {
  readonly url: string;
  readonly room: number;
  /** What it adds what it sees to. */
  readonly tally: Tally;
}

/** A connection in the namespace and in one room, which checks what it receives. */
export class Member {
  readonly room: number;
  readonly #socket: WebSocket;
  readonly #tally: Tally;
  readonly #listener: MemberListener;
  readonly #roomHead: string;
  readonly #all = new Sequence();
  readonly #inRoom = new Sequence();
  readonly #pending = new Pending();
  readonly #closed = Promise.withResolvers<void>();
  #unanswered = 0;
  #isLeaving = false;

  private constructor(
    socket: WebSocket,
    { room, tally }: MemberOptions,
    listener: MemberListener,
  ) {
    this.#socket = socket;
    this.room = room;
    this.#tally = tally;
    this.#listener = listener;
    this.#roomHead = roomHead(nameOf(room));
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = () => {
      if (!this.#isLeaving) tally.dropped++;
      this.#closed.resolve();
    };
  }

  /** Connects, and joins. */
  static async open(
    options: MemberOptions,
    listener: MemberListener,
  ): Promise<Member> {
    const { url, room } = options;
    const socket = new WebSocket(url);
    await next(socket, "open");
    for (const frame of ["M", CONNECT, joinFrame(nameOf(room))]) {
      socket.send(frame);
      await next(socket, "message");
    }
    return new Member(socket, options, listener);
  }

  /** Sends what comes back to it alone. */
  echo(event: EchoEvent, body: string): void {
    this.#unanswered++;
    this.#send(echoFrame(event, body));
  }

  /** Sends what all get, it too. */
  sendToAll(number: number): void {
    this.#send(ALL + number);
  }

  /** Sends what its room gets, it too. */
  sendToRoom(number: number): void {
    this.#send(this.#roomHead + number);
  }

  /** How many messages it has not got: answers, and broadcasts. */
  countLost({ all, rooms }: Broadcasts): number {
    return this.#unanswered + this.#all.countLost(all) +
      this.#inRoom.countLost(rooms[this.room] ?? 0);
  }

  async leave(): Promise<void> {
    this.#isLeaving = true;
    this.#socket.close();
    await this.#closed.promise;
  }

  #send(frame: string): void {
    this.#tally.sent++;
    this.#pending.add(frame, performance.now());
    this.#socket.send(frame);
  }

  #receive(frame: string): void {
    this.#tally.received++;
    const sequence = frame.startsWith(ALL)
      ? this.#all
      : frame.startsWith(this.#roomHead)
      ? this.#inRoom
      : undefined;
    if (sequence === undefined) {
      const sentAt = this.#pending.accept(frame, this.#tally);
      if (sentAt === undefined) return;
      this.#unanswered--;
      this.#listener.onAnswer(performance.now() - sentAt);
      return;
    }
    // Its own have their place among the answers to what it sent before and after.
    if (this.#pending.has(frame)) this.#pending.accept(frame, this.#tally);
    const number = Number(frame.slice(frame.lastIndexOf(";") + 1));
    if (sequence.accept(number, this.#tally)) this.#listener.onBroadcast();
  }
}

function nameOf(room: number): string {
  return `room${room}`;
}

function next(socket: WebSocket, type: string): Promise<Event> {
  return new Promise((resolve, reject) => {
    socket.onclose = () =>
      reject(new SoakFailure("a connection ended before it had joined"));
    socket.onerror = (event) => event.preventDefault();
    socket.addEventListener(type, resolve, { once: true });
  });
}

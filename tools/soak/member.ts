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

/** Gets what the connections receive. */
export interface MemberListener {
  /** Called for a broadcast at its first arrival. */
  onBroadcast(): void;
  /** Called for an answer, with its time in milliseconds. */
  onAnswer(millis: number): void;
}

/** The numbers of broadcasts so far: to all, and to each room. */
export interface Broadcasts {
  all: number;
  rooms: number[];
}

/** Options of a connection. */
export interface MemberOptions {
  readonly url: string;
  readonly room: number;
  /** The counters it adds to. */
  readonly tally: Tally;
}

/** A connection in the namespace and in one room that checks what it receives. */
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

  /** Connects, and joins its room. */
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

  /** Sends a message that comes back to this connection only. */
  echo(event: EchoEvent, body: string): void {
    this.#unanswered++;
    this.#send(echoFrame(event, body));
  }

  /** Broadcasts to all, itself included. */
  sendToAll(number: number): void {
    this.#send(ALL + number);
  }

  /** Broadcasts to its room, itself included. */
  sendToRoom(number: number): void {
    this.#send(this.#roomHead + number);
  }

  /** Counts the answers and broadcasts that it has not received. */
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
    // Its own broadcasts come in order among the answers to its messages.
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

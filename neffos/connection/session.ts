import type { Conn } from "../api/conn.ts";
import { encode, encodeEmptyReply } from "../protocol/codec.ts";
import {
  CloseError,
  ConnectionClosedError,
  EventError,
  parseErrorText,
} from "../protocol/errors.ts";
import type { Message, RawBody } from "../protocol/message.ts";
import type { ConnectionSlot } from "../server/admission.ts";
import { Outlet } from "../transport/send_buffer.ts";
import type { CloseInfo, Socket } from "../transport/socket.ts";
import { type Deferred, makeDeferred } from "../util/deferred.ts";
import { SparseMap } from "../util/sparse_map.ts";
import type { Deadline, Timers } from "../util/timers.ts";
import { Asks } from "./asks.ts";
import { Dispatcher } from "./dispatch.ts";
import type { Host } from "./host.ts";
import type { LimitName } from "./limits.ts";
import type { Left } from "./namespace_state.ts";
import { Membership } from "./namespaces.ts";
import { Intake } from "./receiver.ts";
import { Queue } from "./turn_queue.ts";

/** The state of a connection; it only ever goes down this list. */
export type ConnStatus =
  | "connecting" // the socket is not open, or the hello has not been said
  | "acknowledging" // the program decides whether it wants the connection
  | "open"
  | "closing" // this side began to close
  | "closed";

type Task = () => Promise<void>;

const HELLO = "M";

const WELCOME = "A";

const REFUSAL = "H";

const INTERNAL_ERROR = "internal error";

/** What a connection is made of. */
export interface CoreInit {
  /** The server or client that it belongs to. */
  readonly host: Host;
  /** What carries it. */
  readonly socket: Socket;
  /** Its ID; a client's is told by the server. */
  readonly id: string;
  /** What a client was in before it lost its socket. */
  readonly former?: readonly Left[] | undefined;
}

/** A connection, as this module itself sees it: handshake and dispatch. */
export class Core {
  readonly conn: Conn;
  readonly host: Host;
  readonly asks: Asks;
  readonly queue: Queue<Message | Task>;
  readonly membership: Membership;
  /** Messages that wait for a namespace or a room. */
  held = 0;
  /** The size of the messages that wait, or are handed over right now. */
  waitingBytes = 0;
  id: string;
  status: ConnStatus = "connecting";
  /** What sends; it belongs to the socket. */
  readonly outlet: Outlet;
  readonly socket: Socket;
  readonly deadlines: Deadlines;
  readonly dispatcher: Dispatcher;
  #intake: Intake | undefined;
  /** onConnect has succeeded, so there will be an onDisconnect. */
  #isPaired = false;
  #isOver = false;
  #isEndTold = false;
  #isClosedHere = false;
  #end: CloseInfo | undefined;
  /** Who waits for the end. */
  #finished: Deferred<CloseInfo> | undefined;
  #isFinished = false;
  /** Who waits until what was sent has gone. */
  #drain: Drain | undefined;

  constructor(
    conn: Conn,
    { host, socket, id, former = [] }: CoreInit,
  ) {
    this.conn = conn;
    this.host = host;
    this.socket = socket;
    this.outlet = new Outlet({
      socket,
      limits: host.limits,
      traffic: host.traffic,
      onOver: () => this.#onTooSlow(),
    });
    this.deadlines = new Deadlines(host.timers);
    this.id = id;
    this.asks = new Asks(this);
    this.membership = new Membership(this, former);
    this.dispatcher = new Dispatcher(this);
    this.queue = new Queue(
      (item) =>
        typeof item === "function"
          ? this.queue.trace(item)
          : this.dispatcher.dispatch(item),
      host.tracer,
    );
  }

  /** Settled when all is over, hooks included. */
  get finished(): Promise<CloseInfo> {
    if (this.#finished === undefined) {
      this.#finished = makeDeferred();
      if (this.#isFinished) this.#finished.resolve(this.#end!);
    }
    return this.#finished.promise;
  }

  /** Nothing can be sent any more. */
  get isEnding(): boolean {
    return this.status === "closing" || this.status === "closed";
  }

  /** This side closed it; a server that stops still handles what came. */
  get isSentAway(): boolean {
    return this.#isClosedHere && this.#end?.code !== 1001;
  }

  get bufferedAmount(): number {
    return this.socket.bufferedAmount;
  }

  /**
   * Begins: from here on what happens on the socket is handled.
   *
   * @param place What a server counts the socket by.
   */
  start(place?: ConnectionSlot): void {
    const { isClient, limits } = this.host;
    if (!isClient) {
      this.deadlines.set(
        "hello",
        limits.ackTimeout,
        () => this.cross("ackTimeout", 4001, "no handshake in time"),
      );
    }
    this.#intake = new Intake(this, place);
    this.socket.listen(this.#intake);
  }

  /** Lets the connection be used, where that was not decided before. */
  open(): void {
    if (this.status !== "acknowledging") return;
    const { host } = this;
    this.status = "open";
    if (!host.isClient && host.handlers.native !== "only") {
      this.outlet.send(WELCOME + this.id);
    }
    host.onOpen(this.conn);
    this.#intake?.accept();
  }

  send(frame: RawBody): boolean {
    return this.status === "open" && this.outlet.send(frame);
  }

  /** As {@linkcode send}, but not to who is behind. */
  sendVolatile(frame: RawBody): boolean {
    if (this.status !== "open" || !this.outlet.isBehind) {
      return this.send(frame);
    }
    this.host.drops.volatile++;
    return false;
  }

  /** Waits until who is behind is so no more. */
  drained(): Promise<void> {
    if (this.isEnding) return Promise.reject(this.closedError());
    if (!this.outlet.isBehind) return Promise.resolve();
    this.#drain ??= new Drain(this.outlet, this.deadlines);
    const drain = this.#drain;
    return drain.promise.finally(() => {
      if (this.#drain === drain) this.#drain = undefined;
    });
  }

  /** Answers a message with no more than "done", if it waits for an answer. */
  acknowledge(message: Message): void {
    if (message.wait !== "") this.send(encodeEmptyReply(message.wait));
  }

  /** Tells the other side that its message was refused or has failed. */
  refuse(message: Message, text: string): void {
    // Two sides that answer errors with errors would never stop.
    if (message.error !== undefined || isBare(message)) return;
    const { wait, namespace, room, event } = message;
    // On the wire no text is no error.
    const error = new EventError(text || "refused");
    this.send(encode({ wait, namespace, room, event, body: "", error }));
  }

  /** What becomes of an exception out of a handler of the program. */
  fail(message: Message, error: unknown): void {
    try {
      this.#fail(message, error);
    } catch (unreadable) {
      // Even to read what a program has thrown may throw.
      this.report(unreadable, message);
      this.refuse(message, INTERNAL_ERROR);
    }
  }

  #fail(message: Message, error: unknown): void {
    // That a handler cannot end what it does for one who has left is no fault.
    if (error instanceof ConnectionClosedError && this.isEnding) return;
    if (error instanceof EventError && !isBare(message)) {
      this.refuse(message, error.message);
    } else {
      this.report(error, message);
      this.refuse(message, INTERNAL_ERROR);
    }
    if (error instanceof CloseError) this.close(error.code, error.message);
  }

  report(error: unknown, about: { namespace?: string; event: string }): void {
    const { namespace, event } = about;
    this.host.report(error, { conn: this.conn, namespace, event });
  }

  closedError(): ConnectionClosedError {
    return new ConnectionClosedError(this.#end?.code, this.#end?.reason);
  }

  close(code = 1000, reason = ""): void {
    if (this.isEnding) return;
    this.status = "closing";
    this.#isClosedHere = true;
    this.#end = { code, reason, wasClean: false };
    this.#silence();
    this.deadlines.set("goodbye", this.host.limits.closeTimeout, () => {
      this.host.crossings.add("closeTimeout");
      this.closed(this.#end!);
      if (this.socket.can?.terminate) this.socket.terminate?.();
    });
    // What was accepted for sending goes out first.
    this.outlet.flush();
    this.socket.close(code, reason);
  }

  /** The socket is open. */
  opened(): void {
    if (this.status !== "connecting") return;
    if (this.host.handlers.native === "only") this.#decide();
    else if (this.host.isClient) this.outlet.send(HELLO);
  }

  /** Runs the hook that may refuse the connection. */
  #decide(): void {
    this.status = "acknowledging";
    this.deadlines.clear("hello");
    this.queue.push(async () => {
      try {
        await this.host.onConnect(this.conn);
        this.#isPaired = true;
        // It took so long that the end has been told without it.
        if (this.#isOver) return await this.#tellEnd([]);
        if (this.isEnding) return;
        if (this.host.handlers.native === "only") {
          await this.membership.enterNative();
        }
        this.open();
      } catch (error) {
        try {
          this.#turnAway(error);
        } catch (unreadable) {
          this.report(unreadable, { event: "onConnect" });
          this.#turnAway(new EventError(INTERNAL_ERROR));
        }
      }
    });
  }

  #turnAway(error: unknown): void {
    // That it has left meanwhile is no fault of the hook.
    if (error instanceof ConnectionClosedError && this.isEnding) return;
    const isTold = error instanceof EventError;
    if (!isTold) this.report(error, { event: "onConnect" });
    const text = isTold ? error.message : INTERNAL_ERROR;
    if (this.status === "acknowledging") this.outlet.send(REFUSAL + text);
    this.close(error instanceof CloseError ? error.code : 1008, text);
  }

  /** Closes it, for it has crossed a limit. */
  cross(limit: LimitName, code: number, reason: string): void {
    if (this.isEnding) return;
    this.host.crossings.add(limit);
    this.close(code, reason);
  }

  /** Handles a frame of the handshake; says whether it was one. */
  handshake(data: RawBody): boolean {
    if (typeof data !== "string") return false;
    if (!this.host.isClient) {
      if (data !== HELLO) return false;
      this.#decide();
    } else if (data.startsWith(WELCOME)) {
      this.id = data.slice(WELCOME.length);
      this.#decide();
    } else if (data.startsWith(REFUSAL)) {
      const error = parseErrorText(data.slice(REFUSAL.length));
      this.host.onRefused(this.conn, error);
      this.close();
    } else return false;
    return true;
  }

  /** Nothing more is sent, and nobody is left waiting. */
  #silence(): void {
    this.deadlines.clear("hello");
    this.deadlines.clear("silence");
    this.#drain?.end(this.closedError());
    this.#intake?.drop();
    this.host.onSilenced(this.conn);
    this.membership.silence();
    this.asks.closeAll(this.closedError());
  }

  /** The socket has ended, or is given up. */
  closed(info: CloseInfo): void {
    if (this.status === "closed") return;
    const wasClosing = this.status === "closing";
    this.#end = wasClosing ? { ...this.#end!, wasClean: info.wasClean } : info;
    this.status = "closed";
    this.deadlines.clear("goodbye");
    if (!wasClosing) this.#silence();
    // What came before the end is still handled, then the end itself. A
    // handler that never ends must not keep the end from being told.
    this.deadlines.set(
      "stuck",
      this.host.limits.closeTimeout,
      () => {
        this.host.crossings.add("closeTimeout");
        void this.#finish();
      },
    );
    this.queue.push(() => this.#finish());
  }

  /** Ends at once, without waiting for the other side or for handlers. */
  abandon(): void {
    this.closed(this.#end ?? { code: 1006, reason: "", wasClean: false });
    void this.#finish();
  }

  async #finish(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.deadlines.clear("stuck");
    // A hook that never ends must not keep the end from being told.
    const left = this.membership.left;
    await this.#within(() => this.membership.leaveByForce());
    await this.#within(() => this.#tellEnd(left));
    this.#isFinished = true;
    this.#intake?.giveUp();
    this.#finished?.resolve(this.#end!);
  }

  async #tellEnd(left: Left[]): Promise<void> {
    const isPaired = this.#isPaired && !this.#isEndTold;
    this.#isEndTold ||= isPaired;
    await this.host.onClosed(this.conn, { info: this.#end!, isPaired, left });
  }

  /** Waits for hooks, but not for ever. */
  async #within(hooks: () => Promise<void>): Promise<void> {
    const { promise, resolve } = makeDeferred<void>();
    this.deadlines.set("hooks", this.host.limits.closeTimeout, () => {
      this.host.crossings.add("closeTimeout");
      resolve();
    });
    await Promise.race([hooks(), promise]);
    this.deadlines.clear("hooks");
  }

  /** It is sent no more, and what it has not read is its own loss. */
  #onTooSlow(): void {
    if (this.isEnding) return;
    this.outlet.drop();
    this.cross("maxBuffered", 4008, "it reads too slowly");
  }
}

/** Whether a message came without a head, so that none can go back. */
function isBare({ isNative, wait }: Message): boolean {
  return isNative && wait === "";
}

/** What a connection has a time limit for. */
export type TimeLimit =
  | "hello" // of the other side
  | "silence" // since it has last sent something
  | "goodbye" // its answer to our close
  | "stuck" // the handlers of what came before the end
  | "hooks" // of the end
  | "drain";

// the next look at what was sent

/** The time limits of one connection that are running. */
export class Deadlines {
  readonly #timers: Timers;
  readonly #running = new SparseMap<TimeLimit, [number, Deadline]>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Has something done after some milliseconds, unless it is cleared. */
  set(limit: TimeLimit, ms: number, run: () => void): void {
    const deadline = this.#timers.set(ms, () => {
      this.#running.delete(limit);
      run();
    });
    this.#running.set(limit, [ms, deadline]);
  }

  clear(limit: TimeLimit): void {
    const entry = this.#running.get(limit);
    if (entry === undefined) return;
    this.#running.delete(limit);
    this.#timers.clear(...entry);
  }
}

/** How often is looked whether what was sent has gone, in milliseconds. */
const LOOK = 10;

/** Who waits until what was sent has gone; no platform tells of that. */
export class Drain {
  readonly #outlet: Outlet;
  readonly #deadlines: Deadlines;
  readonly #waiting: Deferred<void> = makeDeferred();

  constructor(outlet: Outlet, deadlines: Deadlines) {
    this.#outlet = outlet;
    this.#deadlines = deadlines;
    this.#wait();
  }

  /** Settled when there is room again. */
  get promise(): Promise<void> {
    return this.#waiting.promise;
  }

  /** There will be no room any more. */
  end(error: Error): void {
    this.#deadlines.clear("drain");
    this.#waiting.reject(error);
  }

  #wait(): void {
    this.#deadlines.set("drain", LOOK, () => {
      if (this.#outlet.isBehind) this.#wait();
      else this.#waiting.resolve();
    });
  }
}

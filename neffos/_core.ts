import type { Place } from "./_admission.ts";
import { type Deferred, makeDeferred } from "./_deferred.ts";
import { Asks } from "./_asks.ts";
import { Dispatcher } from "./_dispatch.ts";
import type { Host, LimitName } from "./_host.ts";
import { Membership } from "./_membership.ts";
import { Queue } from "./_queue.ts";
import { Outlet } from "./_outlet.ts";
import { Bucket } from "./_rate.ts";
import { SparseMap } from "./_sparse_map.ts";
import type { Left } from "./_state.ts";
import type { Deadline } from "./_timers.ts";
import { encode, encodeEmptyReply } from "./codec.ts";
import type { Conn } from "./conn.ts";
import {
  CloseError,
  ConnectionClosedError,
  errorFromText,
  EventError,
} from "./errors.ts";
import type { Message, RawBody } from "./message.ts";
import type { CloseInfo, Socket, SocketListener } from "./socket.ts";

/** The state of a connection; it only ever goes down this list. */
export type ConnStatus =
  | "connecting" // the socket is not open, or the hello has not been said
  | "acknowledging" // the program decides whether it wants the connection
  | "open"
  | "closing" // this side began to close
  | "closed";

type Task = () => Promise<void>;
/** What a connection has a time limit for. */
type Timer =
  | "hello" // of the other side
  | "silence" // since it has last sent something
  | "goodbye" // its answer to our close
  | "stuck" // the handlers of what came before the end
  | "hooks" // of the end
  | "drain"; // the next look at what was sent

const HELLO = "M";
const WELCOME = "A";
const REFUSAL = "H";
const INTERNAL_ERROR = "internal error";
/** How many of the largest messages may wait to be handled. */
const LARGE = 16;
/** How often is looked whether what was sent has gone, in milliseconds. */
const DRAIN_LOOK = 10;

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
  /** What the socket tells; functions would be three for each connection. */
  static readonly #Listener = class implements SocketListener {
    readonly #core: Core;
    readonly #place: Place | undefined;
    readonly #bucket: Bucket | undefined;

    constructor(core: Core, place: Place | undefined) {
      const { rate } = core.host;
      this.#core = core;
      this.#place = place;
      this.#bucket = rate && new Bucket(rate);
    }

    open(): void {
      this.#place?.open();
      this.#core.#opened();
    }

    message(data: RawBody): void {
      const core = this.#core;
      const { traffic } = core.host;
      traffic.messagesIn++;
      traffic.bytesIn += data.length;
      const bucket = this.#bucket;
      if (bucket === undefined || core.#spend(bucket)) core.#receive(data);
    }

    close(info: CloseInfo): void {
      // The connection itself may have been given up long before.
      this.#place?.leave();
      this.#core.#closed(info);
    }
  };

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
  readonly #dispatcher: Dispatcher;
  readonly #deadlines = new SparseMap<Timer, [number, Deadline]>();
  #early: RawBody[] = [];
  #wasHeard = false;
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
  #drain: Deferred<void> | undefined;

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
    this.id = id;
    this.asks = new Asks(this);
    this.membership = new Membership(this, former);
    this.#dispatcher = new Dispatcher(this);
    this.queue = new Queue(
      (item) =>
        typeof item === "function"
          ? this.queue.trace(item)
          : this.#dispatcher.dispatch(item),
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
  start(place?: Place): void {
    const { isClient, limits } = this.host;
    if (!isClient) {
      this.#after(
        "hello",
        limits.ackTimeout,
        () => this.#cross("ackTimeout", 4001, "no handshake in time"),
      );
    }
    this.socket.listen(new Core.#Listener(this, place));
  }

  /** Lets the connection be used, where that was not decided before. */
  open(): void {
    if (this.status !== "acknowledging") return;
    const { host } = this;
    this.status = "open";
    if (!host.isClient && host.handlers.native !== "only") {
      this.outlet.send(WELCOME + this.id);
    }
    this.#awaitMessage();
    host.onOpen(this.conn);
    const early = this.#early;
    this.#early = [];
    for (const data of early) {
      this.waitingBytes -= data.length;
      this.#receive(data);
    }
  }

  send(frame: RawBody): boolean {
    return this.status === "open" && this.outlet.send(frame);
  }

  /** As {@linkcode send}, but not to who is behind. */
  sendVolatile(frame: RawBody): boolean {
    if (!this.outlet.isBehind) return this.send(frame);
    this.host.drops.volatile++;
    return false;
  }

  /** Waits until who is behind is so no more. */
  drained(): Promise<void> {
    if (this.isEnding) return Promise.reject(this.closedError());
    if (!this.outlet.isBehind) return Promise.resolve();
    if (this.#drain === undefined) {
      this.#drain = makeDeferred();
      this.#after("drain", DRAIN_LOOK, () => this.#lookDrained());
    }
    return this.#drain.promise;
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
    this.#after("goodbye", this.host.limits.closeTimeout, () => {
      this.host.crossings.add("closeTimeout");
      this.#closed(this.#end!);
      if (this.socket.can?.terminate) this.socket.terminate?.();
    });
    // What was accepted for sending goes out first.
    this.outlet.flush();
    this.socket.close(code, reason);
  }

  #opened(): void {
    if (this.status !== "connecting") return;
    if (this.host.handlers.native === "only") this.#decide();
    else if (this.host.isClient) this.outlet.send(HELLO);
  }

  /** Runs the hook that may refuse the connection. */
  #decide(): void {
    this.status = "acknowledging";
    this.#stopTimer("hello");
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
  #cross(limit: LimitName, code: number, reason: string): void {
    if (this.isEnding) return;
    this.host.crossings.add(limit);
    this.close(code, reason);
  }

  /** Says whether another message may come now; else it was the last. */
  #spend(bucket: Bucket): boolean {
    if (bucket.take()) return true;
    const { messages, per } = this.host.rate!;
    const reason = `${messages} messages in ${per} ms may come`;
    this.#cross("rateLimit", 1008, reason);
    return false;
  }

  #receive(data: RawBody): void {
    this.#wasHeard = true;
    const { isClient, limits: { maxPayload, maxQueued } } = this.host;
    if (exceeds(data, maxPayload)) {
      const reason = `a message may have ${maxPayload} bytes`;
      this.#cross("maxPayload", 1009, reason);
    } else if (this.status === "open") {
      this.#dispatcher.receive(data);
    } else if (this.status === "connecting" && this.#handshake(data)) {
      return;
    } else if (!this.isEnding) {
      this.#early.push(data);
      this.waitingBytes += data.length;
    }
    if (this.queue.size + this.#early.length + this.held > maxQueued) {
      const reason = `${maxQueued} messages may wait to be handled`;
      this.#cross("maxQueued", 1008, reason);
    } else if (!isClient && this.waitingBytes > LARGE * maxPayload) {
      const reason = `${LARGE * maxPayload} bytes may wait to be handled`;
      this.#cross("maxQueued", 1008, reason);
    }
  }

  /** Handles a frame of the handshake; says whether it was one. */
  #handshake(data: RawBody): boolean {
    if (typeof data !== "string") return false;
    if (!this.host.isClient) {
      if (data !== HELLO) return false;
      this.#decide();
    } else if (data.startsWith(WELCOME)) {
      this.id = data.slice(WELCOME.length);
      this.#decide();
    } else if (data.startsWith(REFUSAL)) {
      const error = errorFromText(data.slice(REFUSAL.length));
      this.host.onRefused(this.conn, error);
      this.close();
    } else return false;
    return true;
  }

  /** Nothing more is sent, and nobody is left waiting. */
  #silence(): void {
    this.#stopTimer("hello");
    this.#stopTimer("silence");
    this.#stopTimer("drain");
    this.#drain?.reject(this.closedError());
    this.#drain = undefined;
    this.#early = [];
    this.host.onSilenced(this.conn);
    this.membership.silence();
    this.asks.closeAll(this.closedError());
  }

  #closed(info: CloseInfo): void {
    if (this.status === "closed") return;
    const wasClosing = this.status === "closing";
    this.#end = wasClosing ? { ...this.#end!, wasClean: info.wasClean } : info;
    this.status = "closed";
    this.#stopTimer("goodbye");
    if (!wasClosing) this.#silence();
    // What came before the end is still handled, then the end itself. A
    // handler that never ends must not keep the end from being told.
    this.#after(
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
    this.#closed(this.#end ?? { code: 1006, reason: "", wasClean: false });
    void this.#finish();
  }

  async #finish(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stopTimer("stuck");
    // A hook that never ends must not keep the end from being told.
    const left = this.membership.left;
    await this.#within(() => this.membership.leaveByForce());
    await this.#within(() => this.#tellEnd(left));
    this.#isFinished = true;
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
    this.#after("hooks", this.host.limits.closeTimeout, () => {
      this.host.crossings.add("closeTimeout");
      resolve();
    });
    await Promise.race([hooks(), promise]);
    this.#stopTimer("hooks");
  }

  /** It is sent no more, and what it has not read is its own loss. */
  #onTooSlow(): void {
    if (this.isEnding) return;
    this.outlet.drop();
    this.#cross("maxBuffered", 4008, "it reads too slowly");
  }

  /** No platform tells when it has sent what was waiting. */
  #lookDrained(): void {
    if (this.outlet.isBehind) {
      this.#after("drain", DRAIN_LOOK, () => this.#lookDrained());
      return;
    }
    this.#drain?.resolve();
    this.#drain = undefined;
  }

  /** Closes it when nothing is received for too long. */
  #awaitMessage(): void {
    const { read } = this.host.handlers.timeouts;
    if (read === undefined) return;
    this.#after("silence", read, () => {
      if (!this.#wasHeard) return this.close(4002, "nothing was received");
      this.#wasHeard = false;
      this.#awaitMessage();
    });
  }

  #after(timer: Timer, ms: number, run: () => void): void {
    const deadline = this.host.timers.set(ms, () => {
      this.#deadlines.delete(timer);
      run();
    });
    this.#deadlines.set(timer, [ms, deadline]);
  }

  #stopTimer(timer: Timer): void {
    const entry = this.#deadlines.get(timer);
    if (entry === undefined) return;
    this.#deadlines.delete(timer);
    this.host.timers.clear(...entry);
  }
}

/** Whether a message came without a head, so that none can go back. */
function isBare({ isNative, wait }: Message): boolean {
  return isNative && wait === "";
}

/** Whether a frame has more bytes than allowed; text is counted as UTF-8. */
function exceeds(data: RawBody, maxBytes: number): boolean {
  const { length } = data;
  // No UTF-16 unit takes more than three bytes of UTF-8.
  if (length * 3 <= maxBytes) return false;
  if (length > maxBytes) return true;
  return typeof data === "string" &&
    new TextEncoder().encode(data).length > maxBytes;
}

import type { AskOptions } from "../api/ask_options.ts";
import { attachConn, Conn } from "../api/conn.ts";
import type { ConnPort } from "../api/conn.ts";
import type { FaultSource, ServerApi } from "../api/server_api.ts";
import { encode, encodeEmptyReply } from "../protocol/codec.ts";
import {
  CloseError,
  ConnectionClosedError,
  EventError,
  makeBadName,
  type NeffosError,
  type NeffosErrorOptions,
  REFUSED,
  writeErrorText,
} from "../protocol/errors.ts";
import {
  type Message,
  type MessageInit,
  type RawBody,
  toMessage,
  type UntypedMessage,
} from "../protocol/message.ts";
import type { FrameSender, SendBufferOwner } from "../transport/send_buffer.ts";
import type { CloseInfo, Socket } from "../transport/socket.ts";
import type { UpgradeRequest } from "../transport/upgrade_request.ts";
import { type Deferred, makeDeferred, rejected } from "../util/promises.ts";
import type { Deadline } from "../util/timers.ts";
import { Asks } from "./asks.ts";
import type { Host } from "./host.ts";
import type { LimitName } from "./limits.ts";
import { Namespaces } from "./namespaces.ts";
import { Receiver, type ReceiverLink } from "./receiver.ts";
import type { Stay } from "./stay.ts";
import { type Task, type Turn, TurnQueue } from "./turn_queue.ts";

/**
 * The state of a connection.
 *
 * | status        | what happens                              | next             |
 * | ------------- | ----------------------------------------- | ---------------- |
 * | connecting    | the socket opens, the handshake begins    | acknowledging,   |
 * |               |                                           | closing, closed  |
 * | acknowledging | `onConnect` decides                       | open, closing,   |
 * |               |                                           | closed           |
 * | open          | messages go both ways                     | closing, closed  |
 * | closing       | this side has closed; the socket has not  | closed           |
 * |               | ended yet                                 |                  |
 * | closed        | the socket has ended, or was given up;    | ending           |
 * |               | earlier messages are still handled        |                  |
 * | ending        | hooks hear of the end                     | ended            |
 * | ended         | nothing                                   |                  |
 */
export type ConnStatus =
  | "connecting"
  | "acknowledging"
  | "open"
  | "closing"
  | "closed"
  | "ending"
  | "ended";

/** The time limits of a connection. */
type TimeLimit =
  | "hello" // for the peer's handshake
  | "silence" // for the peer's next message
  | "pulse" // for the peer's next message, after which it is asked for one
  | "goodbye" // for the peer's answer to a close
  | "stuck" // for the handlers of messages from before the end
  | "hooks"; // for the hooks that hear of the end

type Deadlines = Map<TimeLimit, [ms: number, Deadline]>;

/** What a peer is told of an exception. */
export const INTERNAL_ERROR = "internal error";

/** Options of a {@linkcode Session}. */
export interface SessionInit {
  /** The server or the client that it belongs to. */
  readonly host: Host;
  readonly socket: Socket;
  /** Its ID; a client gets its own from the server. */
  readonly id: string;
  /** The request that it came from, on the server's side. */
  readonly request?: UpgradeRequest;
  /** The handle of a client that reconnects. */
  readonly conn?: Conn | undefined;
  /** The number of attempts that the client needed to reconnect. */
  readonly tries?: number;
}

/** The end of a connection, and whether this side has begun it. */
interface End {
  readonly info: CloseInfo;
  readonly isOurs: boolean;
}

/**
 * The life of one connection, from its socket to its last hook. How it begins
 * differs between the sides.
 */
export abstract class Session
  implements ConnPort, ReceiverLink, SendBufferOwner {
  id: string;
  readonly conn: Conn;
  readonly host: Host;
  readonly asks: Asks;
  readonly queue: TurnQueue<Message>;
  readonly namespaces: Namespaces;
  readonly buffer: FrameSender;
  readonly tries: number;
  readonly #socket: Socket;
  readonly receiver: Receiver;
  /** The time limits that run; none for most of the time. */
  #deadlines: Deadlines | undefined;
  #status: ConnStatus = "connecting";
  #end: End | undefined;
  /** The turn in which hooks hear of the end. */
  #lastTurn: Turn | undefined;
  #ended: Deferred<CloseInfo> | undefined;

  constructor(init: SessionInit) {
    const { host, socket, id, request, conn, tries = 0 } = init;
    this.id = id;
    this.host = host;
    this.tries = tries;
    this.#socket = socket;
    this.buffer = this.makeBuffer(socket);
    this.asks = new Asks(this);
    this.namespaces = new Namespaces(this);
    this.receiver = new Receiver(this, socket);
    this.queue = new TurnQueue(this.receiver, host.tracer);
    this.conn = conn ?? new Conn(this, request);
    if (conn !== undefined) attachConn(conn, this);
  }

  protected abstract makeBuffer(socket: Socket): FrameSender;

  // The port of a Conn -------------------------------------------------------

  get isClient(): boolean {
    return this.host.isClient;
  }

  get server(): ServerApi | undefined {
    return this.host.server;
  }

  get status(): ConnStatus {
    return this.#status;
  }

  get isOpen(): boolean {
    return this.#status === "open";
  }

  get isEnding(): boolean {
    return this.#status !== "open" && this.#status !== "connecting" &&
      this.#status !== "acknowledging";
  }

  get wasClosedHere(): boolean {
    // A server that shuts down still handles the messages that have come.
    return this.#end?.isOurs === true && this.#end.info.code !== 1001;
  }

  get ended(): Promise<CloseInfo> {
    return this.isAwaitingCaller
      ? Promise.resolve(this.#end!.info)
      : this.whenEnded();
  }

  /** Resolves when all hooks have ended, even if one of them is the caller. */
  whenEnded(): Promise<CloseInfo> {
    if (this.#ended === undefined) {
      this.#ended = makeDeferred();
      if (this.#status === "ended") this.#ended.resolve(this.#end!.info);
    }
    const { promise } = this.#ended;
    // The end comes after the handlers: one that waits for it must not lock up.
    return this.isEnding ? this.queue.awaitEnd(promise) : promise;
  }

  /** Whether a hook calls that hears of the end, which waits for that hook. */
  get isAwaitingCaller(): boolean {
    return this.#lastTurn !== undefined &&
      this.#lastTurn === this.queue.exactCaller();
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  write(init: Message | MessageInit): boolean {
    const { message, stay, room } = this.#locate(init);
    if (room === undefined) return false;
    if (message.isVolatile && this.isOpen && this.buffer.isBackedUp) {
      this.host.dropped?.("volatile");
      return false;
    }
    const frame = encode({ ...message, room, wait: "", isNoOp: false });
    return stay!.sendInOrder({ room, frame, isAsk: false });
  }

  ask(
    init: Message | MessageInit,
    options: AskOptions,
  ): Promise<UntypedMessage> {
    const { message, stay, room } = this.#locate(init);
    const { namespace, event, body } = message;
    if (room !== undefined && !this.isEnding) {
      return stay!.request(room, event, body, options).promise;
    }
    const about = { namespace, room: message.room, event };
    return rejected(this.notInError(about, stay !== undefined));
  }

  /** Finds where a message goes; no room if this side is not there. */
  #locate(init: Message | MessageInit): {
    readonly message: Message;
    readonly stay: Stay | undefined;
    readonly room: string | undefined;
  } {
    const message = toMessage(init, this.host.codec);
    const stay = this.namespaces.find(message.namespace);
    return { message, stay, room: stay?.pickRoom(message) };
  }

  drained(): Promise<void> {
    return this.isEnding
      ? Promise.reject(this.closedError())
      : this.buffer.drained();
  }

  // Frames -------------------------------------------------------------------

  send(frame: RawBody): boolean {
    return this.#status === "open" && this.buffer.send(frame);
  }

  readOn(): void {
    this.receiver.resume();
  }

  acknowledge(message: Message): void {
    if (message.wait !== "") this.send(encodeEmptyReply(message.wait));
  }

  refuse(message: Message, text: string): void {
    // Two sides that answer errors with errors would never stop.
    if (message.error !== undefined || isBare(message)) return;
    const { wait, namespace, room, event } = message;
    const error = new EventError(text || REFUSED);
    this.send(encode({ wait, namespace, room, event, body: "", error }));
  }

  fail(message: Message, error: unknown): void {
    try {
      this.#fail(message, error);
    } catch (unreadable) {
      // Even reading the error that a program has thrown may throw.
      this.report(unreadable, message);
      this.refuse(message, INTERNAL_ERROR);
    }
  }

  #fail(message: Message, error: unknown): void {
    // A handler interrupted by its own peer's close is not an error.
    if (error instanceof ConnectionClosedError && this.isEnding) return;
    if (error instanceof EventError && !isBare(message)) {
      this.refuse(message, writeErrorText(error));
    } else {
      this.report(error, message);
      this.refuse(message, INTERNAL_ERROR);
    }
    if (error instanceof CloseError) this.close(error.code, error.message);
  }

  report(
    error: unknown,
    { namespace, event }: Omit<FaultSource, "conn">,
  ): void {
    this.host.report(error, { conn: this.conn, namespace, event });
  }

  closedError(about?: NeffosErrorOptions): ConnectionClosedError {
    const { code, reason } = this.#end?.info ?? {};
    return new ConnectionClosedError(code, reason, about);
  }

  notInError(about: NeffosErrorOptions, isRoom: boolean): NeffosError {
    return this.isEnding ? this.closedError(about) : makeBadName(about, isRoom);
  }

  handle(message: Message, run: Task): void | Promise<void> {
    return this.receiver.count(message, run);
  }

  // The socket ---------------------------------------------------------------

  /** Begins to listen to the socket. */
  start(): void {
    this.#socket.listen(this.receiver);
  }

  opened(): void {
    if (this.#status !== "connecting") return;
    if (this.host.handlers.native === "only") this.decide();
    else this.greet();
  }

  handshake(data: RawBody): boolean {
    return this.#status === "connecting" && typeof data === "string" &&
      this.takeGreeting(data);
  }

  /** Sends the first frame of this side, if it begins. */
  protected abstract greet(): void;

  /** Takes a frame of the peer; tells whether it belongs to the handshake. */
  protected abstract takeGreeting(text: string): boolean;

  /** Runs what may refuse the connection, and accepts it. */
  protected decide(): void {
    this.#status = "acknowledging";
    this.#clearLimits();
    this.queue.push(async () => {
      try {
        await this.admit();
        if (this.isEnding) return;
        if (this.host.handlers.native === "only") {
          await this.namespaces.enterNative();
        }
        this.accept();
      } catch (error) {
        try {
          this.turnAway(error);
        } catch (unreadable) {
          this.report(unreadable, { event: "onConnect" });
          this.turnAway(new EventError(INTERNAL_ERROR));
        }
      }
    });
  }

  /** Runs the hook that may refuse the connection. */
  protected admit(): void | Promise<void> {}

  accept(): void {
    if (this.#status !== "acknowledging") return;
    this.#status = "open";
    this.welcome();
    const { read } = this.host.handlers.timeouts;
    if (read !== undefined) {
      const end = () => this.close(4002, "nothing was received");
      this.awaitMessage("silence", read, end);
    }
    this.receiver.accept();
  }

  /** Called when the connection can be used. */
  protected abstract welcome(): void;

  /** Ends a connection that was refused by an error. */
  protected turnAway(error: unknown): void {
    // The hook has failed because the peer has left.
    if (error instanceof ConnectionClosedError && this.isEnding) return;
    const isTold = error instanceof EventError;
    if (!isTold) this.report(error, { event: "onConnect" });
    const text = isTold ? error.message : INTERNAL_ERROR;
    this.close(error instanceof CloseError ? error.code : 1008, text);
  }

  /** Calls back when nothing is received for a time. */
  protected awaitMessage(
    limit: TimeLimit,
    ms: number,
    onSilence: () => void,
  ): void {
    if (this.isEnding) return;
    const { received } = this.receiver;
    this.setLimit(limit, ms, () => {
      const { received: now, isPaused } = this.receiver;
      if (now === received && !isPaused) onSilence();
      else this.awaitMessage(limit, ms, onSilence);
    });
  }

  /** Handles no more messages until the peer has read enough. */
  congested(relief: Promise<void>): void {
    if (!this.isEnding) this.queue.runNow(() => relief);
  }

  /** Closes the connection of a peer that reads too slowly. */
  overflowed(): void {
    this.cross("maxBuffered", 4008, "it reads too slowly");
  }

  writeTimedOut(): void {
    this.close(4002, "nothing could be sent");
  }

  cross(limit: LimitName, code: number, reason: string): void {
    if (this.isEnding) return;
    this.host.crossed?.(limit);
    this.close(code, reason);
  }

  // The end ------------------------------------------------------------------

  close(code = 1000, reason = ""): void {
    if (this.isEnding) return;
    this.#status = "closing";
    this.#end = { info: { code, reason, wasClean: false }, isOurs: true };
    this.#lose();
    this.#setCloseLimit("goodbye", () => {
      this.#closed(this.#end!.info);
      if (this.#socket.can?.terminate) this.#socket.terminate?.();
    });
    this.#socket.close(code, reason);
  }

  closed(info: CloseInfo): void {
    this.#closed(info);
  }

  /** Ends as if the socket had, which may not notice that the peer has gone. */
  protected giveUp(code: number, reason: string): void {
    this.#closed({ code, reason, wasClean: false });
    if (this.#socket.can?.terminate) this.#socket.terminate?.();
    else this.#socket.close(code, reason);
  }

  /** Ends at once, without waiting for the peer or for handlers. */
  abandon(code: number, reason: string): void {
    this.close(code, reason);
    if (this.#socket.can?.terminate) this.#socket.terminate?.();
    this.#closed(this.#end!.info);
    void this.#finish();
  }

  /** Ends all sending, and every wait for the peer. */
  #lose(): void {
    this.#clearLimits();
    this.receiver.drop();
    this.receiver.resume();
    this.namespaces.lose();
    this.asks.close((about) => this.closedError(about));
    this.buffer.close(this.closedError());
    this.host.onLost(this.conn, this.#end!.info);
  }

  #closed(info: CloseInfo): void {
    if (this.isEnding && this.#status !== "closing") return;
    const { wasClean } = info;
    const isOurs = this.#status === "closing";
    this.#end = isOurs
      ? { info: { ...this.#end!.info, wasClean }, isOurs }
      : { info, isOurs };
    this.#status = "closed";
    this.#clearLimits();
    if (!isOurs) this.#lose();
    // Messages from before the end are still handled first, but the end does
    // not wait for ever for their handlers.
    this.#setCloseLimit("stuck", () => void this.#finish());
    this.queue.push(() => {
      this.#lastTurn = this.queue.exactCaller();
      return this.#finish();
    });
  }

  async #finish(): Promise<void> {
    if (this.#status !== "closed") return;
    this.#status = "ending";
    this.#clearLimits();
    const isInTime = await this.#within(() => this.namespaces.leaveByForce());
    if (!isInTime) await this.namespaces.hurry();
    await this.#within(() => this.tellEnd());
    this.over();
  }

  /** Called when all hooks have ended. */
  protected over(): void {
    this.#status = "ended";
    this.#ended?.resolve(this.#end!.info);
  }

  protected get hasEnded(): boolean {
    return this.#status === "ending" || this.#status === "ended";
  }

  /**
   * Tells the host of the end.
   *
   * @param isPaired Whether `onDisconnect` is due.
   */
  protected async tellEnd(isPaired?: boolean): Promise<void> {
    await this.host.onEnded(this.conn, this.#end!.info, isPaired);
  }

  /** Waits for hooks within a time limit; tells whether they have ended. */
  async #within(hooks: () => Promise<void>): Promise<boolean> {
    const { promise, resolve } = makeDeferred<boolean>();
    this.#setCloseLimit("hooks", () => resolve(false));
    const isInTime = await Promise.race([hooks().then(() => true), promise]);
    this.#clearLimits();
    return isInTime;
  }

  // Time limits --------------------------------------------------------------

  /** Sets a time limit, in place of the one of that name. */
  protected setLimit(limit: TimeLimit, ms: number, run: () => void): void {
    const deadlines: Deadlines = this.#deadlines ??= new Map();
    const entry = deadlines.get(limit);
    if (entry !== undefined) this.host.timers.clear(...entry);
    const deadline = this.host.timers.set(ms, () => {
      deadlines.delete(limit);
      // An empty Map takes 184 bytes, for each connection.
      if (deadlines.size === 0) this.#deadlines = undefined;
      run();
    });
    deadlines.set(limit, [ms, deadline]);
  }

  #setCloseLimit(limit: TimeLimit, run: () => void): void {
    this.setLimit(limit, this.host.limits.closeTimeout, () => {
      this.host.crossed?.("closeTimeout");
      run();
    });
  }

  #clearLimits(): void {
    for (const entry of this.#deadlines?.values() ?? []) {
      this.host.timers.clear(...entry);
    }
    this.#deadlines = undefined;
  }
}

/** Whether a message came without a header, so that no error can go back. */
function isBare({ isNative, wait }: Message): boolean {
  return isNative && wait === "";
}

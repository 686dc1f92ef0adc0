import type { AskHead, AskOptions } from "../api/ask_options.ts";
import { attachConn, Conn } from "../api/conn.ts";
import type { ConnPort } from "../api/conn.ts";
import type { FaultSource, ServerApi } from "../api/server_api.ts";
import { encode, encodeEmptyReply } from "../protocol/codec.ts";
import {
  BAD_NAMESPACE,
  BAD_ROOM,
  BadNamespaceError,
  BadRoomError,
  CloseError,
  ConnectionClosedError,
  EventError,
  parseErrorText,
  REFUSED,
  writeErrorText,
} from "../protocol/errors.ts";
import { OnNamespaceDisconnect } from "../protocol/event_names.ts";
import {
  type Message,
  type MessageInit,
  type RawBody,
  toMessage,
  type UntypedMessage,
} from "../protocol/message.ts";
import { SendBuffer, type SendBufferOwner } from "../transport/send_buffer.ts";
import type { CloseInfo, Socket } from "../transport/socket.ts";
import type { UpgradeRequest } from "../transport/upgrade_request.ts";
import { type Deferred, makeDeferred, rejected } from "../util/promises.ts";
import type { Deadline } from "../util/timers.ts";
import { Asks } from "./asks.ts";
import type { Host } from "./host.ts";
import type { LimitName } from "./limits.ts";
import { Namespaces } from "./namespaces.ts";
import { Receiver, type ReceiverLink } from "./receiver.ts";
import { type Turn, TurnQueue } from "./turn_queue.ts";

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

/**
 * Whether `onDisconnect` is due: it is called once for each `onConnect` that
 * has succeeded.
 */
type Pairing = "unpaired" | "paired" | "told";

/** The time limits of a connection. */
type TimeLimit =
  | "hello" // for the peer's handshake
  | "silence" // for the peer's next message
  | "quiet" // for the peer's next message, before it is asked for one
  | "pulse" // for the peer's next message, after it was asked for one
  | "goodbye" // for the peer's answer to a close
  | "stuck" // for the handlers of messages from before the end
  | "hooks"; // for the hooks that hear of the end

const HELLO = "M";
const WELCOME = "A";
const REFUSAL = "H";
const INTERNAL_ERROR = "internal error";

/**
 * A sign of life is asked for by leaving a namespace that nobody has: servers of
 * this module and in Go answer at once, and call no handler. Go's does not
 * answer an ask with the mark for "no operation".
 */
const HEARTBEAT = {
  namespace: "_heartbeat",
  room: "",
  event: OnNamespaceDisconnect,
  body: "",
};
/** A timer that is late by more, in milliseconds, has slept with its machine. */
const LATE = 1_000;

/** Counts the socket of a server's connection; see `ConnectionSlot`. */
export interface SocketWatcher {
  /** Called when the socket is open, so that its end will be reported. */
  open(): void;
  /** Called when the socket has ended. */
  release(): void;
  /** Called when the connection has ended, in case its socket never opened. */
  giveUp(): void;
}

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
  readonly conn?: Conn;
  /** The number of attempts that the client needed to reconnect. */
  readonly tries?: number;
  /** The counter of sockets, on the server's side. */
  readonly watcher?: SocketWatcher;
}

/** The end of a connection, and whether this side has begun it. */
interface End {
  readonly info: CloseInfo;
  readonly isOurs: boolean;
}

/** The life of one connection, from its socket to its last hook. */
export class Session implements ConnPort, ReceiverLink, SendBufferOwner {
  readonly conn: Conn;
  readonly host: Host;
  readonly asks: Asks;
  readonly queue: TurnQueue<Message>;
  readonly namespaces: Namespaces;
  readonly buffer: SendBuffer;
  readonly tries: number;
  readonly #socket: Socket;
  readonly receiver: Receiver;
  readonly #watcher: SocketWatcher | undefined;
  /** The time limits that run; none for most of the time. */
  #deadlines: Map<TimeLimit, [number, Deadline]> | undefined;
  #id: string;
  #status: ConnStatus = "connecting";
  #pairing: Pairing = "unpaired";
  #end: End | undefined;
  /** The turn in which hooks hear of the end. */
  #lastTurn: Turn | undefined;
  #ended: Deferred<CloseInfo> | undefined;

  constructor(init: SessionInit) {
    const { host, socket, id, request, conn, tries = 0, watcher } = init;
    this.host = host;
    this.tries = tries;
    this.#id = id;
    this.#socket = socket;
    this.#watcher = watcher;
    this.buffer = new SendBuffer(socket, this);
    this.asks = new Asks(this);
    this.namespaces = new Namespaces(this);
    this.receiver = new Receiver(this, socket);
    this.queue = new TurnQueue(this.receiver, host.tracer);
    this.conn = conn ?? new Conn(this, request);
    if (conn !== undefined) attachConn(conn, this);
  }

  // The port of a Conn -------------------------------------------------------

  get id(): string {
    return this.#id;
  }

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
    const message = toMessage(init, this.host.codec);
    const { namespace, event, body, error } = message;
    const stay = this.namespaces.find(namespace);
    const room = stay?.pickRoom(message);
    if (stay === undefined || room === undefined) return false;
    const { isNative, isBinary, isVolatile } = message;
    if (isVolatile && this.isOpen && this.buffer.isBackedUp) {
      this.host.drops.volatile++;
      return false;
    }
    const content = { namespace, room, event, body, error };
    const frame = encode({ ...content, isNative, isBinary });
    return stay.sendInOrder({ room, frame, isAsk: false });
  }

  ask(
    init: Message | MessageInit,
    options: AskOptions,
  ): Promise<UntypedMessage> {
    const message = toMessage(init, this.host.codec);
    const { namespace, event, body } = message;
    const about = { namespace, room: message.room, event };
    const stay = this.namespaces.find(namespace);
    if (this.isEnding) return rejected(this.closedError(about));
    if (stay === undefined) {
      return rejected(new BadNamespaceError(BAD_NAMESPACE, about));
    }
    const room = stay.pickRoom(message);
    return room === undefined
      ? rejected(new BadRoomError(BAD_ROOM, about))
      : stay.request(room, event, body, options).promise;
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

  closedError(about?: Partial<AskHead>): ConnectionClosedError {
    const { code, reason } = this.#end?.info ?? {};
    return new ConnectionClosedError(code, reason, about);
  }

  begin(): void {
    this.receiver.begin();
  }

  end(message: Message): void {
    this.receiver.end(message);
  }

  // The socket ---------------------------------------------------------------

  /** Begins to listen to the socket. */
  start(): void {
    const { isClient, limits: { ackTimeout } } = this.host;
    if (!isClient) {
      this.#setLimit(
        "hello",
        ackTimeout,
        () => this.cross("ackTimeout", 4001, "no handshake in time"),
      );
    }
    this.#socket.listen(this.receiver);
  }

  opened(): void {
    this.#watcher?.open();
    if (this.#status !== "connecting") return;
    if (this.host.handlers.native === "only") this.#decide();
    else if (this.host.isClient) this.buffer.send(HELLO);
  }

  handshake(data: RawBody): boolean {
    if (this.#status !== "connecting" || typeof data !== "string") return false;
    if (!this.host.isClient) {
      if (data !== HELLO) return false;
      this.#decide();
    } else if (data.startsWith(WELCOME)) {
      this.#id = data.slice(WELCOME.length);
      this.#decide();
    } else if (data.startsWith(REFUSAL)) {
      this.host.onRefused(parseErrorText(data.slice(REFUSAL.length)));
      // The server closes the socket itself, with its own code.
      this.#setLimit(
        "goodbye",
        this.host.limits.closeTimeout,
        () => this.close(),
      );
    } else return false;
    return true;
  }

  /** Runs the hook that may refuse the connection. */
  #decide(): void {
    this.#status = "acknowledging";
    this.#clearLimit("hello");
    this.queue.push(async () => {
      try {
        await this.host.onConnect(this.conn);
        this.#pairing = "paired";
        // onConnect took so long that the end has come without onDisconnect.
        if (this.#hasEnded) return await this.#tellEnd();
        if (this.isEnding) return;
        if (this.host.handlers.native === "only") {
          await this.namespaces.enterNative();
        }
        this.accept();
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

  accept(): void {
    if (this.#status !== "acknowledging") return;
    this.#status = "open";
    const { host } = this;
    if (!host.isClient && host.handlers.native !== "only") {
      this.buffer.send(WELCOME + this.#id);
      host.lead?.(this.buffer);
    }
    host.onOpen(this.conn);
    this.#awaitMessage();
    this.#awaitPulse();
    this.receiver.accept();
  }

  #turnAway(error: unknown): void {
    // The hook has failed because the peer has left.
    if (error instanceof ConnectionClosedError && this.isEnding) return;
    const isTold = error instanceof EventError;
    if (!isTold) this.report(error, { event: "onConnect" });
    const text = isTold ? error.message : INTERNAL_ERROR;
    if (this.#status === "acknowledging") {
      this.buffer.send(REFUSAL + (isTold ? writeErrorText(error) : text));
    }
    this.close(error instanceof CloseError ? error.code : 1008, text);
  }

  /** Closes the connection when nothing is received for too long. */
  #awaitMessage(): void {
    const { read } = this.host.handlers.timeouts;
    if (read === undefined || this.isEnding) return;
    const { received } = this.receiver;
    this.#setLimit("silence", read, () => {
      const { received: now, isPaused } = this.receiver;
      if (now !== received || isPaused) this.#awaitMessage();
      else this.close(4002, "nothing was received");
    });
  }

  /** Handles no more messages until the peer has read enough. */
  congested(relief: Promise<void>): void {
    if (!this.isEnding) this.queue.runNow(() => relief);
  }

  /** Asks a peer that is silent for a sign of life. */
  #awaitPulse(): void {
    const { heartbeat, handlers } = this.host;
    if (heartbeat === undefined || handlers.native === "only") return;
    if (this.isEnding) return;
    const { received } = this.receiver;
    this.#setLimit("quiet", heartbeat.interval, () => {
      const { received: now, isPaused } = this.receiver;
      if (now !== received || isPaused) this.#awaitPulse();
      else this.#askForPulse(heartbeat.timeout);
    });
  }

  /** Asks for a sign of life, and gives up a peer that shows none. */
  #askForPulse(timeout: number, isSecond = false): void {
    const { patience } = this.buffer;
    const write = (wait: string) => encode({ wait, ...HEARTBEAT });
    this.asks.send(write, () => {
      if (!this.#deadlines?.has("pulse")) return;
      this.#clearLimit("pulse");
      this.#awaitPulse();
    });
    this.#awaitAnswer(timeout, isSecond, patience);
  }

  /** Waits for a sign of life, behind what the peer has yet to read. */
  #awaitAnswer(
    timeout: number,
    isSecond: boolean,
    patience: number | undefined,
  ): void {
    const { received } = this.receiver;
    const { taken } = this.buffer;
    const due = Date.now() + timeout;
    this.#setLimit("pulse", timeout, () => {
      if (this.receiver.received !== received) return this.#awaitPulse();
      if (patience !== undefined) {
        const isRead = this.buffer.taken > taken;
        const left = isRead ? this.buffer.patience : patience - timeout;
        if (isRead || left! > 0) {
          return this.#awaitAnswer(timeout, isSecond, left);
        }
      }
      // What has come while the machine slept may not have been read yet.
      const hasSlept = Date.now() > due + LATE;
      if (hasSlept && !isSecond) return this.#askForPulse(timeout, true);
      const reason = "no answer to the heartbeat";
      this.#closed({ code: 4003, reason, wasClean: false });
      if (this.#socket.can?.terminate) this.#socket.terminate?.();
      else this.#socket.close(4003, reason);
    });
  }

  /** Closes the connection of a peer that reads too slowly. */
  overflowed(): void {
    if (this.isEnding) return;
    this.buffer.drop();
    this.cross("maxBuffered", 4008, "it reads too slowly");
  }

  writeTimedOut(): void {
    this.close(4002, "nothing could be sent");
  }

  cross(limit: LimitName, code: number, reason: string): void {
    if (this.isEnding) return;
    this.host.crossings.add(limit);
    this.close(code, reason);
  }

  // The end ------------------------------------------------------------------

  close(code = 1000, reason = ""): void {
    if (this.isEnding) return;
    this.#status = "closing";
    this.#end = { info: { code, reason, wasClean: false }, isOurs: true };
    this.#lose();
    this.#setLimit("goodbye", this.host.limits.closeTimeout, () => {
      this.host.crossings.add("closeTimeout");
      this.#closed(this.#end!.info);
      if (this.#socket.can?.terminate) this.#socket.terminate?.();
    });
    // Frames that were accepted for sending go out first.
    this.buffer.flush();
    this.#socket.close(code, reason);
  }

  closed(info: CloseInfo): void {
    // The connection may have been given up long before its socket ends.
    this.#watcher?.release();
    this.#closed(info);
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
    this.#clearLimit("hello");
    this.#clearLimit("silence");
    this.#clearLimit("quiet");
    this.#clearLimit("pulse");
    this.#clearLimit("goodbye");
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
    this.#clearLimit("goodbye");
    if (!isOurs) this.#lose();
    // Messages from before the end are still handled first, but the end does
    // not wait for ever for their handlers.
    this.#setLimit("stuck", this.host.limits.closeTimeout, () => {
      this.host.crossings.add("closeTimeout");
      void this.#finish();
    });
    this.queue.push(() => {
      this.#lastTurn = this.queue.exactCaller();
      return this.#finish();
    });
  }

  async #finish(): Promise<void> {
    if (this.#status !== "closed") return;
    this.#status = "ending";
    this.#clearLimit("stuck");
    const isInTime = await this.#within(() => this.namespaces.leaveByForce());
    if (!isInTime) await this.namespaces.hurry();
    await this.#within(() => this.#tellEnd());
    this.#status = "ended";
    this.#watcher?.giveUp();
    this.#ended?.resolve(this.#end!.info);
  }

  get #hasEnded(): boolean {
    return this.#status === "ending" || this.#status === "ended";
  }

  async #tellEnd(): Promise<void> {
    const isPaired = this.#pairing === "paired";
    if (isPaired) this.#pairing = "told";
    await this.host.onEnded(this.conn, this.#end!.info, isPaired);
  }

  /** Waits for hooks within a time limit; tells whether they have ended. */
  async #within(hooks: () => Promise<void>): Promise<boolean> {
    const { promise, resolve } = makeDeferred<boolean>();
    this.#setLimit("hooks", this.host.limits.closeTimeout, () => {
      this.host.crossings.add("closeTimeout");
      resolve(false);
    });
    const isInTime = await Promise.race([hooks().then(() => true), promise]);
    this.#clearLimit("hooks");
    return isInTime;
  }

  // Time limits --------------------------------------------------------------

  #setLimit(limit: TimeLimit, ms: number, run: () => void): void {
    const deadline = this.host.timers.set(ms, () => {
      this.#forgetLimit(limit);
      run();
    });
    (this.#deadlines ??= new Map()).set(limit, [ms, deadline]);
  }

  #clearLimit(limit: TimeLimit): void {
    const entry = this.#deadlines?.get(limit);
    if (entry === undefined) return;
    this.#forgetLimit(limit);
    this.host.timers.clear(...entry);
  }

  #forgetLimit(limit: TimeLimit): void {
    this.#deadlines!.delete(limit);
    // An empty Map takes 184 bytes, for each connection.
    if (this.#deadlines!.size === 0) this.#deadlines = undefined;
  }
}

/** Whether a message came without a header, so that no error can go back. */
function isBare({ isNative, wait }: Message): boolean {
  return isNative && wait === "";
}

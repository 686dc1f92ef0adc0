import type { Conn } from "../api/conn.ts";
import type { Host } from "../connection/host.ts";
import {
  INTERNAL_ERROR,
  Session,
  type SessionInit,
} from "../connection/session.ts";
import { EventError, writeErrorText } from "../protocol/errors.ts";
import type { Message } from "../protocol/message.ts";
import { HELLO, REFUSAL, WELCOME } from "../protocol/handshake.ts";
import type { FrameSender } from "../transport/send_buffer.ts";
import type { CloseInfo, Socket } from "../transport/socket.ts";
import { QueuedBuffer } from "./queued_buffer.ts";

/** Counts the socket of a server's connection; see `ConnectionSlot`. */
export interface SocketWatcher {
  /** Called when the socket is open, so that its end will be reported. */
  open(): void;
  /** Called when the socket has ended. */
  release(): void;
  /** Called when the connection has ended, in case its socket never opened. */
  giveUp(): void;
}

/** What a {@linkcode ServerSession} needs from its server. */
export interface ServerSessionHost extends Host {
  /** Runs the hook that may refuse a connection. */
  onConnect(conn: Conn): Promise<void>;
  lead(buffer: FrameSender): void;
}

/** Options of a {@linkcode ServerSession}. */
export interface ServerSessionInit extends SessionInit {
  readonly host: ServerSessionHost;
  /** The counter of sockets. */
  readonly watcher: SocketWatcher;
}

/** A connection of a server, which decides whether it accepts the client. */
export class ServerSession extends Session {
  declare readonly host: ServerSessionHost;
  declare readonly buffer: QueuedBuffer;
  /** When it was made, in milliseconds since 1970. */
  readonly since: number = Date.now();
  readonly #watcher: SocketWatcher;
  /**
   * Whether `onDisconnect` is due: it is called once for each `onConnect` that
   * has succeeded.
   */
  #pairing: "unpaired" | "paired" | "told" = "unpaired";

  constructor(init: ServerSessionInit) {
    super(init);
    this.#watcher = init.watcher;
  }

  protected makeBuffer(socket: Socket): QueuedBuffer {
    return new QueuedBuffer(socket, this);
  }

  override start(): void {
    this.setLimit(
      "hello",
      this.host.limits.ackTimeout,
      () => this.cross("ackTimeout", 4001, "no handshake in time"),
    );
    super.start();
  }

  override opened(): void {
    this.#watcher.open();
    this.conn.request.setOpened?.();
    super.opened();
  }

  protected greet(): void {
    // The client says hello first.
  }

  protected takeGreeting(text: string): boolean {
    if (text === HELLO) this.decide();
    return text === HELLO;
  }

  protected override async admit(): Promise<void> {
    await this.host.onConnect(this.conn);
    this.#pairing = "paired";
    // onConnect took so long that the end has come without onDisconnect.
    if (this.hasEnded) await this.tellEnd();
  }

  protected welcome(): void {
    if (this.host.handlers.native === "only") return;
    this.buffer.send(WELCOME + this.id);
    this.host.lead(this.buffer);
  }

  protected override turnAway(error: unknown): void {
    if (this.status === "acknowledging") {
      const isTold = error instanceof EventError;
      const text = isTold ? writeErrorText(error) : INTERNAL_ERROR;
      this.buffer.send(REFUSAL + text);
    }
    super.turnAway(error);
  }

  override acknowledge(message: Message): void {
    const { trace } = this.host;
    if (trace === undefined || message.wait === "" || !trace.canSendTo(this)) {
      super.acknowledge(message);
    } else this.send(trace.encodeEmptyReply(message.wait));
  }

  override closed(info: CloseInfo): void {
    // The connection may have been given up long before its socket ends.
    this.#watcher.release();
    super.closed(info);
  }

  protected override async tellEnd(): Promise<void> {
    const isPaired = this.#pairing === "paired";
    if (isPaired) this.#pairing = "told";
    await super.tellEnd(isPaired);
  }

  protected override over(): void {
    this.#watcher.giveUp();
    super.over();
  }
}

import type { AskOptions } from "../api/ask_options.ts";
import type { Conn } from "../api/conn.ts";
import type { FaultSource, ServerApi } from "../api/server_api.ts";
import type { Drops } from "../api/stats.ts";
import type { UntypedMessage } from "../protocol/message.ts";
import type { UntypedNSConn } from "../api/ns_conn.ts";
import type {
  CompiledEvents,
  CompiledHandlers,
} from "../controller/compile.ts";
import type { BodyCodec } from "../protocol/body.ts";
import type { Decoder } from "../protocol/codec.ts";
import type { Message, RawBody } from "../protocol/message.ts";
import type { FrameSender } from "../transport/send_buffer.ts";
import type { CloseInfo } from "../transport/socket.ts";
import type { Waiter } from "../util/promises.ts";
import type { Timers } from "../util/timers.ts";
import type { Goal } from "./goal.ts";
import type { LimitName, Limits } from "./limits.ts";
import type { Tracing } from "./tracing.ts";
import type { TurnTracer } from "./turn_queue.ts";

/** Options of an ask. */
export interface RequestOptions extends AskOptions {
  /** Sends the frame; without it, the link does. */
  readonly sendFrame?: (frame: RawBody) => void;
  /** Whether the wait ends with a refusal as with any answer. */
  readonly isErrorAnswer?: boolean;
}

/** A connection in a namespace, as the directory of a server knows it. */
export interface Member {
  readonly conn: Conn;
  readonly nsConn: UntypedNSConn;
  readonly namespace: string;
  /** The names of the rooms that it is in. */
  readonly joinedRooms: string[];
  /** The send buffer of its connection. */
  readonly buffer: FrameSender;
  /** Asks the peer. */
  request(
    room: string,
    event: string,
    body: RawBody,
    options: RequestOptions | undefined,
  ): Waiter<UntypedMessage>;
}

/** Keeps which connections are in a namespace or a room. */
export interface Directory {
  add(member: Member): void;
  /** Removes a connection from a namespace and its rooms. */
  remove(member: Member): void;
  join(member: Member, room: string): void;
  leave(member: Member, room: string): void;
}

/** Limits the rate of the messages of one connection. */
export interface RateGate {
  /** What it lets through, for the reason of a close. */
  readonly rule: string;
  /** Takes one message; tells whether that may come. */
  take(): boolean;
}

/** What a connection needs from the server or client that it belongs to. */
export interface Host {
  readonly handlers: CompiledHandlers;
  readonly limits: Limits;
  readonly timers: Timers;
  /** What encodes bodies in place of JSON. */
  readonly codec: BodyCodec | undefined;
  /** Tells which turn of the queue calls, where the platform can. */
  readonly tracer: TurnTracer | undefined;
  readonly isClient: boolean;
  /** The server, on the server's side. */
  readonly server: ServerApi | undefined;
  /** Which connections are where, on the server's side. */
  readonly directory: Directory | undefined;
  /** What a client that reconnects is to enter again. */
  readonly goal: Goal | undefined;

  /** Counts a frame that was received; as the three below, for statistics. */
  received?(length: number): void;
  /** Counts frames that were sent. */
  sent?(messages: number, length: number): void;
  /** Counts a message that nothing has handled, or that was not sent. */
  dropped?(why: keyof Drops): void;
  /** Counts the crossing of a limit. */
  crossed?(limit: LimitName): void;
  /**
   * Makes the prefix of a connection's wait tokens. A client's is `$`. A server's
   * cannot be guessed and begins with a letter; its second character is not `!`,
   * which would mark an ask of another server.
   */
  makePrefix(): string;
  /** Traces what this side sends, if it is to be. */
  readonly trace?: Tracing | undefined;
  /** Makes a decoder in place of `decodeWith`: one that is faster, or traces. */
  makeDecoder?(link: object): Decoder | undefined;
  /** Makes what limits the rate of a connection's messages, if anything does. */
  makeBucket?(): RateGate | undefined;
  /**
   * Lets what has been sent arrive before what follows in this turn of the event
   * loop, on the server's side.
   */
  lead?(buffer: FrameSender): void;
  /** Called when nothing can be sent any more; handlers may still run. */
  onLost(conn: Conn, info: CloseInfo): void;
  /**
   * Called when the connection and its hooks have ended.
   *
   * @param isPaired On the server's side, whether `onConnect` had succeeded, so
   * that `onDisconnect` is to be called.
   */
  onEnded(
    conn: Conn,
    info: CloseInfo,
    isPaired?: boolean,
  ): void | Promise<void>;
  /** Called with a message that has no handler. */
  onUnhandled(
    nsConn: UntypedNSConn,
    events: CompiledEvents,
    message: Message,
  ): void;
  /** Reports an error that no peer is told. */
  report(error: unknown, source: FaultSource): void;
}

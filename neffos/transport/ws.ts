/**
 * {@linkcode wsUpgrader}: makes sockets by the package `ws` of npm, which the
 * program brings along.
 *
 * @module
 */

import { nextTick } from "node:process";
import type { RawBody } from "../protocol/message.ts";
import { type SharedDeadline, SharedTimers } from "../util/shared_timers.ts";
import { listAdded, makeUpgraded, takeOver } from "./handover.ts";
import {
  type CloseInfo,
  cutReason,
  type Socket,
  type SocketAbilities,
  type SocketListener,
} from "./socket.ts";
import type { Upgrader } from "./upgrader.ts";

/**
 * A websocket of the package `ws`, as far as it is used here.
 *
 * @category Transports
 */
export interface WsWebSocket {
  /** 1 while it is open. */
  readonly readyState: number;
  /** The bytes that wait to be sent, frames that wait for compression included. */
  readonly bufferedAmount: number;
  /** The type of received binary messages. */
  binaryType: string;
  /**
   * Adds a listener.
   *
   * @param event The event.
   * @param listener The listener.
   */
  on(event: string, listener: (...args: never[]) => void): unknown;
  /**
   * Sends a message.
   *
   * @param data The message.
   * @param options Whether it is to be compressed.
   */
  send(data: string | Uint8Array, options: { compress: boolean }): void;
  /** Sends a ping. */
  ping(): void;
  /**
   * Starts the closing handshake.
   *
   * @param code The close code.
   * @param reason The close reason.
   */
  close(code?: number, reason?: string): void;
  /** Ends it at once. */
  terminate(): void;
  /** Stops reading. */
  pause(): void;
  /** Reads again. */
  resume(): void;
}

/**
 * The class `WebSocketServer` of the package `ws`, as far as it is used here.
 *
 * @category Transports
 */
export interface WsServer {
  /** Its options. */
  readonly options?: { readonly perMessageDeflate?: unknown };
  /**
   * Adds a listener.
   *
   * @param event The event.
   * @param listener The listener.
   */
  on(event: string, listener: (...args: never[]) => void): unknown;
  /**
   * Makes a websocket of a request.
   *
   * @param request The request of `node:http`.
   * @param socket Its network socket.
   * @param head What has come after the request.
   * @param callback Called with the websocket, once it is open.
   */
  handleUpgrade(
    request: object,
    socket: object,
    head: Uint8Array,
    callback: (socket: WsWebSocket) => void,
  ): void;
}

/** A request to upgrade a connection, as `node:http` gives it. */
interface RawUpgrade {
  readonly request: {
    readonly headers: Record<string, string | string[] | undefined>;
  };
  readonly socket: RawSocket;
  readonly head: Uint8Array;
}

/** The network socket of a connection. */
interface RawSocket {
  readonly destroyed: boolean;
  readonly bytesRead: number;
  readonly writableNeedDrain: boolean;
  cork(): void;
  uncork(): void;
  destroy(): void;
  on(event: "close" | "drain", listener: () => void): unknown;
}

/**
 * Options of {@linkcode wsUpgrader}.
 *
 * @category Transports
 */
export interface WsUpgraderOptions {
  /**
   * The time in seconds after which a connection is ended whose peer answers
   * no ping. The ping is sent after a silence of at least half of it. 0 and
   * Infinity send none.
   *
   * @default {30}
   */
  idleTimeout?: number;
  /**
   * The length from which on a message is compressed, where the server of `ws`
   * has `perMessageDeflate` and the client agrees: in bytes, for text in UTF-16
   * units.
   *
   * @default {1024}
   */
  compressFrom?: number;
}

/**
 * Makes an upgrader out of a `WebSocketServer` of the package `ws`, version 8,
 * for the requests that `serveNode` of `@neffos/mvc/node` hands over. It runs in
 * Deno, Node and Bun.
 *
 * Unlike Deno's own sockets, these end a message that is larger than
 * `maxPayload` before all of it has come, drop a peer that reads no more or
 * answers no close, stop reading from a client that sends faster than its
 * messages are handled, and can compress in Node and Bun. Messages to a client
 * that are sent in one turn of the event loop leave in one write.
 *
 * @param server The server: `new WebSocketServer({ noServer: true, maxPayload,
 * clientTracking: false })`. Give it the `maxPayload` of the neffos server, since
 * its own default is 100 MiB.
 * @param options The idle timeout, and what is compressed.
 * @returns The upgrader, for `new Server()`.
 * @throws {TypeError} When the server is none of `ws`, or compresses in Deno,
 * where a malformed message would end the program (Deno 2.9.6).
 * @throws {RangeError} When an option is negative or not a number.
 *
 * @example
 * ```ts ignore
 * import { WebSocketServer } from "ws";
 * import { Router, Server, websocketHandler, wsUpgrader } from "@neffos/mvc";
 * import { serveNode } from "@neffos/mvc/node";
 *
 * const maxPayload = 64 * 1024;
 * const webSockets = new WebSocketServer({ noServer: true, maxPayload });
 * const server = new Server(
 *   wsUpgrader(webSockets),
 *   { chat: { onSay: (nsConn, msg) => nsConn.server.broadcast(nsConn, msg) } },
 *   { maxPayload },
 * );
 * const router = new Router();
 * router.get("/chat", websocketHandler(server));
 * await serveNode(router, { port: 8080 });
 * ```
 *
 * @category Transports
 */
export function wsUpgrader(
  server: WsServer,
  options: WsUpgraderOptions = {},
): Upgrader {
  if (typeof server?.handleUpgrade !== "function") {
    throw new TypeError(
      "Cannot make an upgrader of a server without handleUpgrade(): it must be a WebSocketServer of the package ws, made with { noServer: true }",
    );
  }
  if ("Deno" in globalThis && server.options?.perMessageDeflate) {
    throw new TypeError(
      "Cannot compress by ws in Deno: its node:zlib lets a client end the program by a malformed message; leave out perMessageDeflate, or run in Node or Bun",
    );
  }
  const { idleTimeout = 30, compressFrom = 1024 } = options;
  if (!(idleTimeout >= 0)) {
    throw new RangeError(
      `Cannot use an idle timeout of ${idleTimeout}: it must be a number of seconds, 0 for none`,
    );
  }
  if (!(compressFrom >= 0)) {
    throw new RangeError(
      `Cannot compress from a length of ${compressFrom}: it must be a number of bytes`,
    );
  }
  const isWatched = idleTimeout > 0 && idleTimeout < Infinity;
  const shared: Shared = {
    compressFrom,
    // Half of it until a ping, half of it for the answer.
    idle: isWatched ? idleTimeout * 500 : undefined,
    timers: new SharedTimers(),
    writes: new TurnWrites(),
  };
  const added = new WeakMap<object, [string, string][]>();
  server.on("headers", (headers: string[], request: object) => {
    for (const [name, value] of added.get(request) ?? []) {
      headers.push(`${name}: ${value}`);
    }
  });
  return (request, protocol) => {
    const handover = takeOver(request, isNode, "serveNode()");
    const { raw } = handover;
    const socket = new WsSocket(raw.socket, shared);
    handover.accept = (response) => {
      // `ws` would choose the first protocol that is offered.
      const { headers } = raw.request;
      if (protocol === undefined) delete headers["sec-websocket-protocol"];
      else headers["sec-websocket-protocol"] = protocol;
      added.set(raw.request, listAdded(response));
      if (raw.socket.destroyed) return socket.lost();
      server.handleUpgrade(raw.request, raw.socket, raw.head, (ws) => {
        socket.opened(ws);
      });
    };
    return makeUpgraded(socket);
  };
}

function isNode(raw: object): raw is RawUpgrade {
  return "head" in raw;
}

/** What the sockets of an upgrader share. */
interface Shared {
  readonly compressFrom: number;
  /** The time in milliseconds until a ping, and for its answer. */
  readonly idle: number | undefined;
  readonly timers: SharedTimers;
  readonly writes: TurnWrites;
}

/** Joins what is written to each socket in one turn of the event loop. */
class TurnWrites {
  #corked: WsSocket[] = [];

  add(socket: WsSocket): void {
    if (this.#corked.push(socket) > 1) return;
    // Before any input or output: what is sent alone leaves no later.
    nextTick(() => {
      const corked = this.#corked;
      this.#corked = [];
      for (const socket of corked) socket.uncork();
    });
  }
}

const OPEN = 1;
const ABILITIES: SocketAbilities = {
  terminate: true,
  pause: true,
  count: false,
};
const PLAIN = { compress: false };
const COMPRESSED = { compress: true };
const LOST: CloseInfo = { code: 1006, reason: "", wasClean: false };
/** The end of a peer that answers no ping. */
const GONE: CloseInfo = { code: 1001, reason: "", wasClean: false };
/** The end of a peer whose message is larger than `ws` accepts. */
const TOO_LARGE: CloseInfo = { code: 1009, reason: "", wasClean: false };

/** A received message, as `ws` gives it: text comes as bytes too. */
type WsData = ArrayBuffer | { toString(): string };

/** An error of `ws`, or of the network. */
interface WsError {
  readonly code?: string;
}

const ownerKey = Symbol("neffos.owner");

/** A websocket or a network socket, with what listens to it. */
interface Owned {
  [ownerKey]?: WsSocket;
}

function adopt(emitter: object, owner: WsSocket): void {
  (emitter as Owned)[ownerKey] = owner;
}

function ownerOf(emitter: unknown): WsSocket {
  return (emitter as Owned)[ownerKey]!;
}

// Node calls listeners on their emitter. Closures in their place would take 500
// bytes of each connection.
const WS_LISTENERS = {
  message(this: unknown, data: WsData, isBinary: boolean): void {
    ownerOf(this).received(data, isBinary);
  },
  close(this: unknown, code: number, reason: { toString(): string }): void {
    ownerOf(this).closed(code, reason.toString());
  },
  // `ws` closes the socket itself; without a listener it would be thrown.
  error(this: unknown, error: WsError): void {
    ownerOf(this).failed(error);
  },
  ping(this: unknown): void {
    ownerOf(this).pinged();
  },
  pong(this: unknown): void {
    ownerOf(this).ponged();
  },
};

const WS_EVENTS = ["message", "close", "error", "ping", "pong"] as const;

const RAW_LISTENERS = {
  close(this: unknown): void {
    ownerOf(this).lost();
  },
  drain(this: unknown): void {
    ownerOf(this).drained();
  },
};

/** The server's end of a websocket of `ws`. */
class WsSocket implements Socket {
  readonly #raw: RawSocket;
  readonly #shared: Shared;
  #listener: SocketListener | undefined;
  #ws: WsWebSocket | undefined;
  #closing: [code: number, reason: string] | undefined;
  #isClosed = false;
  #isCorked = false;
  #isPaused = false;
  /** Whether nothing is read until the answers to pings are sent. */
  #isClogged = false;
  /** The end that is certain, whatever `ws` tells. */
  #end: CloseInfo | undefined;
  #deadline: SharedDeadline | undefined;
  #bytesRead = 0;
  /** Whether anything has come; in Bun no bytes are counted. */
  #isHeard = false;
  #isPinged = false;

  constructor(raw: RawSocket, shared: Shared) {
    this.#raw = raw;
    this.#shared = shared;
    adopt(raw, this);
    raw.on("close", RAW_LISTENERS.close);
  }

  get can(): SocketAbilities {
    return ABILITIES;
  }

  get isRemote(): boolean {
    return true;
  }

  get bufferedAmount(): number {
    return this.#ws?.bufferedAmount ?? 0;
  }

  listen(listener: SocketListener): void {
    this.#listener = listener;
  }

  /** Begins with the websocket that has been made of the request. */
  opened(ws: WsWebSocket): void {
    this.#ws = ws;
    ws.binaryType = "arraybuffer";
    adopt(ws, this);
    for (const event of WS_EVENTS) ws.on(event, WS_LISTENERS[event]);
    this.#raw.on("drain", RAW_LISTENERS.drain);
    if (this.#closing !== undefined) return this.#close(...this.#closing);
    this.#watch();
    this.#listener!.open();
  }

  received(data: WsData, isBinary: boolean): void {
    this.#isHeard = true;
    this.#listener!.message(
      isBinary ? new Uint8Array(data as ArrayBuffer) : data.toString(),
    );
  }

  closed(code: number, reason: string): void {
    this.#finish({ code, reason, wasClean: code !== LOST.code });
  }

  failed({ code }: WsError): void {
    if (code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") this.#end ??= TOO_LARGE;
  }

  ponged(): void {
    this.#isHeard = true;
  }

  /** Ends a socket that `ws` knows nothing of. */
  lost(): void {
    if (this.#ws === undefined) this.#finish(LOST);
  }

  send(data: RawBody): boolean {
    const ws = this.#ws;
    if (ws === undefined || ws.readyState !== OPEN) return false;
    const { writes, compressFrom } = this.#shared;
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#raw.cork();
      writes.add(this);
    }
    ws.send(data, data.length >= compressFrom ? COMPRESSED : PLAIN);
    return true;
  }

  /** Writes what was sent in this turn of the event loop. */
  uncork(): void {
    this.#isCorked = false;
    this.#raw.uncork();
  }

  close(code = 1000, reason = ""): void {
    if (this.#closing !== undefined) return;
    this.#closing = [code, reason];
    if (this.#ws !== undefined) this.#close(code, reason);
  }

  #close(code: number, reason: string): void {
    try {
      this.#ws!.close(code, cutReason(reason));
    } catch {
      // `ws` refuses the codes that RFC 6455 does not let a program send.
      this.#ws!.close();
    }
  }

  terminate(): void {
    if (this.#isCorked) this.uncork();
    if (this.#ws === undefined) this.#raw.destroy();
    else this.#ws.terminate();
  }

  pause(): void {
    this.#isPaused = true;
    this.#ws?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (!this.#isClogged) this.#ws?.resume();
  }

  /** `ws` answers pings itself, however many answers wait to be sent. */
  pinged(): void {
    this.#isHeard = true;
    if (!this.#raw.writableNeedDrain) return;
    this.#isClogged = true;
    this.#ws!.pause();
  }

  drained(): void {
    if (this.#isClogged && !this.#isPaused) this.#ws!.resume();
    this.#isClogged = false;
    this.#listener!.drain?.();
  }

  #finish(info: CloseInfo): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { idle, timers } = this.#shared;
    if (this.#deadline !== undefined) timers.clear(idle!, this.#deadline);
    if (timers.size === 0) timers.stop();
    this.#listener?.close(this.#end ?? info);
  }

  /** Looks now and then whether anything has come. */
  #watch(): void {
    const { idle, timers } = this.#shared;
    if (idle === undefined) return;
    this.#deadline = timers.set(idle, () => this.#look());
  }

  #look(): void {
    const { bytesRead } = this.#raw;
    const isSilent = !this.#isHeard && bytesRead === this.#bytesRead &&
      !this.#isPaused;
    this.#isHeard = false;
    this.#bytesRead = bytesRead;
    if (isSilent && this.#isPinged) return this.#giveUp();
    this.#isPinged = isSilent;
    // While nothing is read, a write still finds out that the peer has gone.
    if (isSilent || this.#isPaused) this.#ws!.ping();
    this.#watch();
  }

  #giveUp(): void {
    this.#end ??= GONE;
    this.close(GONE.code);
    this.terminate();
  }
}

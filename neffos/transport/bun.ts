/**
 * {@linkcode bunUpgrader}: makes sockets of the websockets of `Bun.serve`.
 *
 * @module
 */

import type { RawBody } from "../protocol/message.ts";
import {
  finishHandover,
  handOver,
  listAdded,
  makeUpgraded,
  takeOver,
} from "./handover.ts";
import {
  type CloseInfo,
  cutReason,
  type Socket,
  type SocketAbilities,
  type SocketListener,
} from "./socket.ts";
import type { RequestHandler, Upgrader } from "./upgrader.ts";

/**
 * The server of `Bun.serve`, as far as it is used here.
 *
 * @category Transports
 */
export interface BunServer {
  /**
   * Makes a websocket of a request.
   *
   * @param request The request.
   * @param options What the websocket keeps, and headers of the response.
   * @returns Whether it could.
   */
  upgrade(
    request: Request,
    options: { data: BunSocketData; headers: Headers },
  ): boolean;
  /**
   * Finds the address of a client.
   *
   * @param request Its request.
   * @returns The address; `null` for a unix socket, or a client that has left.
   */
  requestIP(
    request: Request,
  ): { readonly address: string; readonly port: number } | null;
}

/**
 * A websocket of `Bun.serve`, as far as it is used here.
 *
 * @category Transports
 */
export interface BunWebSocket {
  /** What it was given when it was made. */
  readonly data: BunSocketData;
  /** The type of received binary messages. */
  binaryType?: string;
  /**
   * Sends a message.
   *
   * @param data The message.
   * @param isCompressed Whether it is to be compressed.
   * @returns 0 if it was dropped.
   */
  send(data: string | Uint8Array, isCompressed?: boolean): number;
  /**
   * Starts the closing handshake.
   *
   * @param code The close code.
   * @param reason The close reason.
   */
  close(code?: number, reason?: string): void;
  /** Ends it at once. */
  terminate(): void;
  /** Counts the bytes that wait to be sent. */
  getBufferedAmount(): number;
}

/**
 * What a websocket of Bun keeps: the listener to its events.
 *
 * @category Transports
 */
export interface BunSocketData {
  /**
   * Begins with the websocket.
   *
   * @param ws The websocket.
   */
  opened(ws: BunWebSocket): void;
  /**
   * Takes a message.
   *
   * @param data The message.
   */
  received(data: RawBody): void;
  /** Hears that what waited to be sent was taken. */
  drained(): void;
  /**
   * Hears of the end.
   *
   * @param code The close code.
   * @param reason The close reason.
   */
  closed(code: number, reason: string): void;
}

/**
 * The option `websocket` of `Bun.serve`.
 *
 * @category Transports
 */
export interface BunWebSocketHandler {
  /** The time in seconds after which a silent connection is ended. */
  readonly idleTimeout: number;
  /** The largest message in bytes, fragments together. */
  readonly maxPayloadLength: number;
  /** As in the options of {@linkcode bunUpgrader}. */
  readonly perMessageDeflate: boolean;
  /** No limit of Bun's: beyond it, Bun drops messages without a word. */
  readonly backpressureLimit: number;
  /**
   * Called when a websocket is open.
   *
   * @param ws The websocket.
   */
  open(ws: BunWebSocket): void;
  /**
   * Called with each message.
   *
   * @param ws The websocket.
   * @param data The message.
   */
  message(ws: BunWebSocket, data: string | Uint8Array): void;
  /**
   * Called when what waited to be sent was taken.
   *
   * @param ws The websocket.
   */
  drain(ws: BunWebSocket): void;
  /**
   * Called when a websocket has ended.
   *
   * @param ws The websocket.
   * @param code The close code.
   * @param reason The close reason.
   */
  close(ws: BunWebSocket, code: number, reason: string): void;
}

/**
 * Options of {@linkcode bunUpgrader}.
 *
 * @category Transports
 */
export interface BunUpgraderOptions {
  /**
   * The time in seconds, up to 960, after which a connection is ended whose peer
   * sends nothing and answers no ping. 0 sends none.
   *
   * @default {30}
   */
  idleTimeout?: number;
  /**
   * The largest message in bytes, fragments together. Bun ends the connection
   * of a larger one before all of it has come, without a close code. The limit
   * `maxPayload` of the server closes with 1009, so let this one be larger.
   *
   * @default {16_777_216}
   */
  maxPayload?: number;
  /**
   * The length from which on a message is compressed where the client agrees:
   * in bytes, for text in UTF-16 units.
   *
   * @default {Infinity}
   */
  compressFrom?: number;
}

/**
 * An upgrader for `Bun.serve`, and the options that it needs there.
 *
 * @category Transports
 */
export interface BunUpgrader extends Upgrader {
  /** The option `websocket` of `Bun.serve`. */
  readonly websocket: BunWebSocketHandler;
  /**
   * Makes the option `fetch` of `Bun.serve`.
   *
   * @param handler A router, or what answers requests in its place.
   * @returns The option.
   */
  fetch(
    handler: RequestHandler | { readonly handler: RequestHandler },
  ): (
    request: Request,
    server: BunServer,
  ) => Promise<Response | undefined>;
}

/**
 * Makes an upgrader for the native server of Bun. The same upgrader gives
 * `Bun.serve` its options `fetch` and `websocket`.
 *
 * Bun's sockets drop a peer that reads no more or answers no close, and end a
 * message that is larger than `maxPayload` before all of it has come. A client
 * that sends faster than its messages are handled is closed with 1008, as on
 * Deno: `wsUpgrader()` slows it down, in Bun too.
 *
 * @param options The idle timeout, and what is compressed.
 * @returns The upgrader, for `new Server()`.
 * @throws {RangeError} When an option is negative or not a number.
 *
 * @example
 * ```ts ignore
 * import { bunUpgrader, Router, Server, websocketHandler } from "@neffos/mvc";
 *
 * const upgrader = bunUpgrader();
 * const server = new Server(upgrader, {
 *   chat: { onSay: (nsConn, msg) => nsConn.server.broadcast(nsConn, msg) },
 * });
 * const router = new Router();
 * router.get("/chat", websocketHandler(server));
 * Bun.serve({
 *   port: 8080,
 *   fetch: upgrader.fetch(router),
 *   websocket: upgrader.websocket,
 * });
 * ```
 *
 * @category Transports
 */
export function bunUpgrader(options: BunUpgraderOptions = {}): BunUpgrader {
  const {
    idleTimeout = 30,
    maxPayload = 16 * 1024 * 1024,
    compressFrom = Infinity,
  } = options;
  if (!(idleTimeout >= 0 && idleTimeout <= 960)) {
    throw new RangeError(
      `Cannot use an idle timeout of ${idleTimeout}: it must be a number of seconds, 0 for none, 960 at most`,
    );
  }
  for (const [name, value] of Object.entries({ maxPayload, compressFrom })) {
    if (value >= 0) continue;
    throw new RangeError(
      `Cannot set "${name}" to ${value}: it must be a number of bytes`,
    );
  }
  const upgrade: Upgrader = (request, protocol) => {
    const handover = takeOver(request, isBun, "fetch() of the upgrader");
    const { server } = handover.raw;
    const socket = new BunSocket(compressFrom);
    handover.accept = (response) => {
      const headers = new Headers(listAdded(response));
      // Without it, Bun would choose the first protocol that is offered.
      headers.set("sec-websocket-protocol", protocol ?? "");
      if (!server.upgrade(request, { data: socket, headers })) {
        socket.closed(LOST.code, "");
      }
    };
    return makeUpgraded(socket);
  };
  const websocket: BunWebSocketHandler = {
    idleTimeout,
    maxPayloadLength: maxPayload,
    perMessageDeflate: compressFrom < Infinity,
    backpressureLimit: NO_LIMIT,
    open: (ws) => ws.data.opened(ws),
    message: (ws, data) => ws.data.received(data),
    drain: (ws) => ws.data.drained(),
    close: (ws, code, reason) => ws.data.closed(code, reason),
  };
  const fetch: BunUpgrader["fetch"] = (handler) => {
    const handle = typeof handler === "function" ? handler : handler.handler;
    return async (request, server) => {
      const handover = handOver(request, { server });
      const response = await handle(request, makeInfo(request, server));
      return finishHandover(handover, response) ? undefined : response;
    };
  };
  return Object.assign(upgrade, { websocket, fetch });
}

interface RawRequest {
  readonly server: BunServer;
}

function isBun(raw: object): raw is RawRequest {
  return "server" in raw;
}

function makeInfo(
  request: Request,
  server: BunServer,
): Deno.ServeHandlerInfo {
  const { address = "", port = 0 } = server.requestIP(request) ?? {};
  const remoteAddr = { transport: "tcp", hostname: address, port } as const;
  // Bun does not tell when a response is sent; the end of its body counts.
  return { remoteAddr } as Deno.ServeHandlerInfo;
}

/** The send buffer of each connection has its own limit. */
const NO_LIMIT = 2 ** 31 - 1;
/** While it is paused, Bun 1.4 does not notice the end of a peer. */
const ABILITIES: SocketAbilities = {
  terminate: true,
  pause: false,
  count: false,
};
const LOST: CloseInfo = { code: 1006, reason: "", wasClean: false };

/** The server's end of a websocket of Bun. */
class BunSocket implements Socket, BunSocketData {
  readonly #compressFrom: number;
  #listener: SocketListener | undefined;
  #ws: BunWebSocket | undefined;
  #closing: [code: number, reason: string] | undefined;
  #isClosed = false;

  constructor(compressFrom: number) {
    this.#compressFrom = compressFrom;
  }

  get can(): SocketAbilities {
    return ABILITIES;
  }

  get isRemote(): boolean {
    return true;
  }

  get bufferedAmount(): number {
    return this.#isClosed ? 0 : this.#ws?.getBufferedAmount() ?? 0;
  }

  listen(listener: SocketListener): void {
    this.#listener = listener;
  }

  opened(ws: BunWebSocket): void {
    this.#ws = ws;
    ws.binaryType = "uint8array";
    if (this.#closing !== undefined) ws.close(...this.#closing);
    else this.#listener!.open();
  }

  received(data: RawBody): void {
    this.#listener!.message(data);
  }

  drained(): void {
    if (!this.#isClosed) this.#listener!.drain?.();
  }

  closed(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listener?.close({ code, reason, wasClean: code !== LOST.code });
  }

  send(data: RawBody): boolean {
    const ws = this.#ws;
    if (ws === undefined || this.#closing !== undefined) return false;
    if (this.#isClosed) return false;
    // An empty message that is sent counts 0 as well.
    return ws.send(data, data.length >= this.#compressFrom) !== 0 ||
      data.length === 0;
  }

  close(code = 1000, reason = ""): void {
    if (this.#closing !== undefined) return;
    this.#closing = [code, cutReason(reason)];
    this.#ws?.close(...this.#closing);
  }

  terminate(): void {
    this.#ws?.terminate();
  }
}

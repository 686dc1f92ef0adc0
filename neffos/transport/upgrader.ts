/**
 * {@linkcode denoUpgrader}: how `Deno.serve` requests become sockets. The
 * only file that touches `Deno.upgradeWebSocket`.
 *
 * @module
 */

import type { Socket, SocketListener } from "./socket.ts";
import { WebSocketAdapter } from "./web_socket.ts";

/** The server's end of a socket of Deno. */
export class DenoSocket extends WebSocketAdapter {
  #closing: ReturnType<typeof setTimeout> | undefined;

  override listen(listener: SocketListener): void {
    super.listen({
      open: () => listener.open(),
      message: (data) => listener.message(data),
      close: (info) => {
        clearTimeout(this.#closing);
        listener.close(info);
      },
    });
  }

  /**
   * Closes it once the frames that have come are read: Deno drops a socket,
   * the close frame and all that is to be sent with it, when it reads another
   * message after `close()`. The peer would see 1006.
   */
  override close(code?: number, reason?: string): void {
    this.#closing ??= setTimeout(() => super.close(code, reason));
  }
}

/**
 * The request that wants to be a connection, or has become one. A Context is
 * one as well.
 */
export interface UpgradeRequest {
  /**
   * The request itself. Once it is upgraded its own headers cannot be read
   * any more; the ones here can.
   */
  readonly request: Request;
  /** The headers, with those that came as URL parameters. */
  readonly headers: Headers;
  /** The URL. */
  readonly url: URL;
  /** Where it came from, where the server was told. */
  readonly remoteAddr?: Deno.Addr | undefined;
  /** Called right before the upgrade, after which nothing can be read. */
  detach?(): void;
  /**
   * Called right after the upgrade.
   *
   * @param response The one response that the request may be answered with.
   */
  setUpgraded?(response: Response): void;
}

/** A request that has become a socket. */
export interface Upgraded {
  /** The socket; it opens once the response is sent. */
  readonly socket: Socket;
  /** The response, which must be the answer to the request. */
  readonly response: Response;
}

/**
 * Turns a request into a socket. It is called when nothing else can fail any
 * more: whoever has called it must send the response.
 *
 * @param request The request, a valid websocket handshake.
 * @param protocol The subprotocol to answer with, if any.
 * @returns The socket and the response.
 */
export type Upgrader = (
  request: Request,
  protocol: string | undefined,
) => Upgraded;

/** Options of {@linkcode denoUpgrader}. */
export interface DenoUpgraderOptions {
  /**
   * Ends a connection whose peer has answered no ping for so many seconds;
   * the ping is sent after half of them. 0 sends none.
   *
   * @default {30}
   */
  idleTimeout?: number;
}

/**
 * Makes an upgrader on `Deno.upgradeWebSocket`.
 *
 * @param options The options.
 * @returns The upgrader, for `new Server()`.
 * @throws {RangeError} When the idle timeout is negative or not a number.
 *
 * @example
 * ```ts
 * import { denoUpgrader, Server } from "@neffos/mvc";
 *
 * const server = new Server(denoUpgrader({ idleTimeout: 60 }), {
 *   onPing: () => "pong",
 * });
 * await server.close();
 * ```
 */
export function denoUpgrader(options: DenoUpgraderOptions = {}): Upgrader {
  const { idleTimeout = 30 } = options;
  if (!(idleTimeout >= 0)) {
    throw new RangeError(
      `Cannot use an idle timeout of ${idleTimeout}: it must be a number of seconds, 0 for none`,
    );
  }
  return (request, protocol) => {
    const { socket, response } = Deno.upgradeWebSocket(request, {
      idleTimeout,
    });
    // Deno's own option fails for lists that have no space after the comma.
    if (protocol !== undefined) {
      response.headers.set("sec-websocket-protocol", protocol);
    }
    return { socket: new DenoSocket(socket), response };
  };
}

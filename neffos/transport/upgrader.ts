/**
 * {@linkcode denoUpgrader}: turns the requests of `Deno.serve` into sockets.
 *
 * @module
 */

import { assertDeno } from "../util/platform.ts";
import type { Socket } from "./socket.ts";
import { WebSocketAdapter } from "./web_socket.ts";

/** The server's end of a Deno socket. */
class DenoSocket extends WebSocketAdapter {
  #closing: ReturnType<typeof setTimeout> | undefined;

  override handleEvent(event: Event): void {
    if (event.type === "close") clearTimeout(this.#closing);
    super.handleEvent(event);
  }

  /**
   * Closes after the frames that have already arrived are read: if Deno reads
   * a message after `close()`, it drops the socket and all that waits to be
   * sent, the close frame included. The peer would see 1006.
   */
  override close(code?: number, reason?: string): void {
    this.#closing ??= setTimeout(() => super.close(code, reason));
  }
}

/**
 * A request that has become a socket.
 *
 * @category Transports
 */
export interface Upgraded {
  /** The socket; it opens once the response is sent. */
  readonly socket: Socket;
  /** The response, which must be the answer to the request. */
  readonly response: Response;
}

/**
 * Turns a request into a socket. It is called after every check: its caller
 * must send the response.
 *
 * @param request The request, a valid websocket handshake.
 * @param protocol The subprotocol to answer with, if any.
 * @returns The socket and the response.
 *
 * @category Transports
 */
export type Upgrader = (
  request: Request,
  protocol: string | undefined,
) => Upgraded;

/**
 * Answers a request, as a handler of `Deno.serve`: the handler of a router, for
 * `serveNode` and `bunUpgrader`.
 *
 * @category Transports
 */
export type RequestHandler = (
  request: Request,
  info: Deno.ServeHandlerInfo,
) => Response | Promise<Response>;

/**
 * Options of {@linkcode denoUpgrader}.
 *
 * @category Transports
 */
export interface DenoUpgraderOptions {
  /**
   * The time, in seconds (not milliseconds: it is the option of
   * `Deno.upgradeWebSocket`), after which a connection is ended whose peer
   * answers no ping. The ping is sent after half of it. 0 and Infinity send
   * none.
   *
   * @default {30}
   */
  idleTimeout?: number;
}

/**
 * Makes an upgrader for `Deno.serve`.
 *
 * @param options The options.
 * @returns The upgrader, for `new Server()`.
 * @throws {RangeError} When the idle timeout is negative or not a number.
 * @throws {TypeError} When the program does not run in Deno.
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
 *
 * @category Transports
 */
export function denoUpgrader(options: DenoUpgraderOptions = {}): Upgrader {
  assertDeno(
    "use denoUpgrader()",
    "use bunUpgrader(), or wsUpgrader() with serveNode() of @neffos/mvc/node",
  );
  const { idleTimeout = 30 } = options;
  if (!(idleTimeout >= 0)) {
    throw new RangeError(
      `Cannot use an idle timeout of ${idleTimeout}: it must be a number of seconds, 0 for none`,
    );
  }
  return (request, protocol) => {
    const { socket, response } = Deno.upgradeWebSocket(request, {
      // Deno takes Infinity for no time at all.
      idleTimeout: idleTimeout < Infinity ? idleTimeout : 0,
    });
    // Deno's own option fails for a list without a space after the comma.
    if (protocol !== undefined) {
      response.headers.set("sec-websocket-protocol", protocol);
    }
    return { socket: new DenoSocket(socket), response };
  };
}

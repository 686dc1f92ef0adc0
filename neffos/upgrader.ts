/**
 * {@linkcode denoUpgrader}: how `Deno.serve` requests become sockets. The
 * only file that touches `Deno.upgradeWebSocket`.
 *
 * @module
 */

import { DenoSocket } from "./_deno_socket.ts";
import type { Socket } from "./socket.ts";

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

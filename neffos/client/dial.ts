import type { FaultSource } from "../api/server_api.ts";
import {
  assertPositive,
  CLIENT_LIMITS,
  type ConnectionLimits,
  type Limits,
  limitsOf,
} from "../connection/limits.ts";
import type { CloseInfo, Socket } from "../transport/socket.ts";
import { WebSocketAdapter } from "../transport/web_socket.ts";
import type { ReconnectOptions } from "./reconnect.ts";

/** Writes headers as URL parameters. */
export function toParameterHeaders(headers: Headers, url: URL): void {
  for (const [name, value] of headers) {
    url.searchParams.append(`X-Websocket-Header-${name}`, value);
  }
}

/** Opens the platform's WebSocket. */
export function openWebSocket(
  url: string | URL,
  options: DialOptions,
): Socket {
  const Constructor = options.WebSocket ?? globalThis.WebSocket;
  if (Constructor === undefined) {
    throw new TypeError(
      "Cannot dial: this platform has no WebSocket, so give one as the option `WebSocket`",
    );
  }
  const target = resolveURL(url);
  const headers = new Headers(options.headers);
  const { protocols } = options;
  if ([...headers].length > 0) {
    if (options.WebSocket === undefined && canSetHeaders()) {
      const init = {
        headers: Object.fromEntries(headers),
        ...(protocols !== undefined && { protocols }),
      };
      // The DOM types of WebSocket have no headers.
      const args = [target.href, init];
      return new WebSocketAdapter(Reflect.construct(WebSocket, args));
    }
    toParameterHeaders(headers, target);
  }
  return new WebSocketAdapter(new Constructor(target.href, protocols));
}

/** Resolves a URL as programs and pages write it to one of `ws:` or `wss:`. */
export function resolveURL(
  url: string | URL,
  base: string | undefined = globalThis.location?.href,
): URL {
  const text = String(url);
  const isAbsolute = /^[a-z][a-z\d+.-]*:\/\//i.test(text);
  const isPath = /^[./?]/.test(text);
  const full = isAbsolute || isPath ? text : `ws://${text}`;
  if (!URL.canParse(full, base)) {
    throw new TypeError(
      `Cannot dial "${text}": ${
        isPath && base === undefined
          ? "a path is a URL in a page alone, here it wants a host"
          : "it is not a URL"
      }`,
    );
  }
  const target = new URL(full, base);
  target.hash = "";
  if (target.protocol === "http:") target.protocol = "ws:";
  if (target.protocol === "https:") target.protocol = "wss:";
  if (target.protocol === "ws:" || target.protocol === "wss:") return target;
  throw new TypeError(
    `Cannot dial "${text}": the scheme must be ws, wss, http or https`,
  );
}

/**
 * Takes the limits of a client from its options.
 *
 * @param options The options.
 * @returns The limits.
 * @throws {TypeError} When `limits` is no object.
 * @throws {RangeError} When a limit is not a positive number.
 */
export function clientLimitsOf(options: DialOptions): Limits {
  const { timeout, askTimeout, limits = {} } = options;
  if (typeof limits !== "object" || limits === null) {
    throw new TypeError(
      `Cannot set "limits" to ${
        String(limits)
      }: it must be an object such as { maxPayload: 1_048_576 }`,
    );
  }
  if (timeout !== undefined) assertPositive("timeout", timeout);
  const { maxPayload = options.maxPayload } = limits;
  return limitsOf(
    { ...limits, maxPayload, askTimeout, ackTimeout: timeout },
    CLIENT_LIMITS,
  );
}

/** Whether WebSocket takes headers, as in Deno, Node and Bun. */
function canSetHeaders(): boolean {
  const platform = globalThis as {
    Deno?: unknown;
    process?: { versions?: { node?: string } };
    document?: unknown;
  };
  return platform.document === undefined &&
    (platform.Deno !== undefined ||
      platform.process?.versions?.node !== undefined);
}

/** Options of {@linkcode dial}. Times are in milliseconds. */
export interface DialOptions {
  /**
   * Headers of the handshake. Where the platform cannot set them (browsers)
   * they are sent as URL parameters, which neffos servers read.
   */
  headers?: HeadersInit;
  /** The subprotocols to offer. */
  protocols?: string | string[];
  /** Ends the attempt to connect; `dial` rejects with the signal's reason. */
  signal?: AbortSignal;
  /**
   * How long the server may take to accept.
   *
   * @default {10_000}
   */
  timeout?: number;
  /**
   * The time limit of an ask that does not set one of its own.
   *
   * @default {10_000}
   */
  askTimeout?: number;
  /**
   * The client's own limits; none by default, since its server has limits. A
   * limit that closes the connection does so with its own code, and that code
   * decides whether a client that reconnects comes back.
   *
   * @default none
   */
  limits?: ConnectionLimits;
  /**
   * As `limits.maxPayload`, which counts where both are set.
   *
   * @deprecated Use `limits`.
   */
  maxPayload?: number;
  /**
   * Reconnects after the connection is lost, if the close code allows it: 1001,
   * 1005, 1006, 1011 to 1014 and 4000 to 4499 do. The same Client, NSConn and
   * Room objects go on, in the same namespaces and rooms.
   *
   * @default {false}
   */
  reconnect?: boolean | ReconnectOptions;
  /**
   * Called each time the connection has ended, whichever side ended it, with
   * whether the client will reconnect. The last time it will not.
   */
  onClose?: (info: CloseInfo, willReconnect: boolean) => void;
  /**
   * Called before each attempt to reconnect, with its number, from 1, and the
   * delay before it, in milliseconds. `client.retryNow()` ends the delay.
   */
  onReconnecting?: (tries: number, delay: number) => void;
  /**
   * Called when the client has reconnected and is back in its namespaces and
   * rooms, with the number of attempts. Refusals are reported to `onError`.
   */
  onReconnect?: (tries: number) => void;
  /**
   * Called with every exception of a handler that is not an EventError.
   *
   * @default one line of JSON by `console.error` for each
   */
  onError?: (error: unknown, source: FaultSource) => void;
  /**
   * The WebSocket class, where the platform has none of its own (Node before
   * 22).
   *
   * @default {globalThis.WebSocket}
   */
  WebSocket?: new (url: string, protocols?: string | string[]) => WebSocket;
  /**
   * Makes the socket, for transports other than WebSocket and for tests.
   *
   * @default a WebSocket to the URL
   */
  transport?: (url: string) => Socket;
}

import type { EventTracing } from "../connection/tracing.ts";
import type { BodyCodec } from "../protocol/body.ts";
import type { FaultSource } from "../api/server_api.ts";
import {
  assertPositive,
  assertType,
  type ConnectionLimits,
  type HeartbeatOptions,
  type Limits,
  limitsOf,
  makeOptionError,
} from "../connection/limits.ts";
import { describe, DialError, hideSecrets } from "../protocol/errors.ts";
import type { CloseInfo, Socket } from "../transport/socket.ts";
import { WebSocketAdapter } from "../transport/web_socket.ts";
import type { ReconnectOptions } from "./reconnect.ts";

/**
 * An attempt of a client to connect, as the functions of its options see it.
 *
 * @category Client
 */
export interface DialAttempt {
  /**
   * The number of attempts to reconnect since a connection has lasted, this one
   * included; 0 for the first connection.
   */
  readonly tries: number;
  /**
   * Aborted when the attempt has ended: its time is over, the client is closed,
   * or it is connected.
   */
  readonly signal: AbortSignal;
}

/**
 * Returns a value for each attempt of a client to connect.
 *
 * @category Client
 */
export type ForEachAttempt<T> = (attempt: DialAttempt) => T | Promise<T>;

/**
 * The URL of a server, or a function that gives it for each attempt.
 *
 * @category Client
 */
export type DialURL = string | URL | ForEachAttempt<string | URL>;

/** Writes headers as URL parameters. */
export function toParameterHeaders(headers: Headers, url: URL): void {
  for (const [name, value] of headers) {
    url.searchParams.append(`X-Websocket-Header-${name}`, value);
  }
}

/**
 * Opens the platform's WebSocket.
 *
 * @param url The URL, resolved.
 * @param headers The headers of the handshake.
 * @param options The options of the client.
 * @returns The socket.
 * @throws {TypeError} When there is no WebSocket.
 * @throws {DialError} When the platform does not make one.
 */
export function openWebSocket(
  url: string,
  headers: Headers,
  options: DialOptions,
): Socket {
  const { protocols } = options;
  const Constructor = options.WebSocket ?? globalThis.WebSocket;
  if (Constructor === undefined) {
    throw new TypeError(
      "Cannot dial: this platform has no WebSocket, so give a class as the option `WebSocket`, such as that of the package `ws`",
    );
  }
  try {
    const hasHeaders = [...headers].length > 0;
    if (hasHeaders && options.WebSocket === undefined && !isPage()) {
      const init = {
        headers: Object.fromEntries(headers),
        ...(protocols !== undefined && { protocols }),
      };
      // The DOM types of WebSocket have no headers.
      const args = [url, init];
      return new WebSocketAdapter(Reflect.construct(WebSocket, args));
    }
    const target = new URL(url);
    toParameterHeaders(headers, target);
    return new WebSocketAdapter(new Constructor(target.href, protocols));
  } catch (error) {
    const cause = hideURL(error, url);
    throw new DialError(
      url,
      `the platform cannot open a WebSocket for it (${textOf(cause)})`,
      { cause },
    );
  }
}

/** Resolves a URL as programs and pages write it to one of `ws:` or `wss:`. */
export function resolveURL(
  url: string | URL,
  base: string | undefined = baseURL(),
): URL {
  if (typeof url !== "string" && !(url instanceof URL)) {
    throw new TypeError(
      `Cannot dial ${describe(url)}: it must be a string or a URL`,
    );
  }
  const text = String(url);
  const isAbsolute = /^[a-z][a-z\d+.-]*:\/\//i.test(text);
  const isRelative = /^([./?]|$)/.test(text);
  const full = isAbsolute || isRelative ? text : `ws://${text}`;
  if (!URL.canParse(full, base)) {
    throw new TypeError(
      `Cannot dial ${describeURL(text)}: ${
        isRelative && base === undefined
          ? "a path without a host is a URL only in a page"
          : "it is not a URL"
      }`,
    );
  }
  const target = new URL(full, base);
  target.hash = "";
  target.protocol = target.protocol.replace(/^http/, "ws");
  if (/^wss?:$/.test(target.protocol)) return target;
  throw new TypeError(
    `Cannot dial ${
      describeURL(text)
    }: the scheme must be ws, wss, http or https`,
  );
}

/** The URL that relative ones are resolved by: in a page, that of its `<base>`. */
function baseURL(): string | undefined {
  const { document, location } = globalThis as {
    document?: { baseURI?: string };
    location?: { href: string; origin?: string };
  };
  if (document?.baseURI !== undefined) return document.baseURI;
  // Nothing is relative to the URL of a worker that was made of a Blob.
  const { href, origin } = location ?? {};
  return href?.startsWith("blob:") ? origin : href;
}

/**
 * Whether this is a page or its worker: its WebSocket takes no headers, and its
 * requests are subject to CORS.
 */
function isPage(): boolean {
  const platform = globalThis as {
    Deno?: unknown;
    process?: { versions?: { node?: string } };
    document?: unknown;
  };
  return platform.document !== undefined ||
    platform.Deno === undefined &&
      platform.process?.versions?.node === undefined;
}

function describeURL(url: string): string {
  return JSON.stringify(hideSecrets(url));
}

/** A socket that has ended before the server accepted the client. */
export interface FailedSocket {
  /** Its URL, or what the option `transport` was given. */
  readonly url: string;
  readonly info: CloseInfo;
  /** The platform's error, where it has not opened. */
  readonly failure: unknown;
  /** The answer to {@linkcode lookUp}. */
  readonly seen?: number | Error | undefined;
}

/** Makes the error of a dial whose socket has ended. */
export function explainFailure(
  { url, info, failure, seen }: FailedSocket,
): DialError {
  if (failure === undefined) {
    const said = info.reason && ` and the reason ${describe(info.reason)}`;
    const why =
      `the connection was closed with code ${info.code}${said} before the server accepted it`;
    return new DialError(url, why, info);
  }
  const cause = hideURL(seen instanceof Error ? seen : failure, url);
  const text = textOf(cause);
  const status = typeof seen === "number" ? seen : readStatus(text);
  if (status !== undefined) {
    const why = `the server answered ${status} instead of opening a WebSocket`;
    return new DialError(url, why, { status, cause });
  }
  const told = UNTOLD.test(text) ? "the platform gives no reason" : text;
  return new DialError(url, `no WebSocket could be opened (${told})`, {
    cause,
  });
}

/**
 * The texts by which platforms do not tell why a socket has failed: those of browsers and Node, and those of Deno,
 * which tries HTTP/2 when a handshake over TLS has failed, and tells why that has.
 */
const UNTOLD =
  /^$|non-101 status code|NoApplicationProtocol|stream error received/;

/** Whether the platform gives no reason why a socket could not be opened. */
export function isUntold(failure: unknown): boolean {
  return failure !== undefined && UNTOLD.test(textOf(failure));
}

/** Gives the text of an error, or of the reason inside it. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const { cause, message } = error;
  const { code } = error as { code?: unknown };
  const own = message.replaceAll(/\s+/g, " ").trim();
  return textOf(cause) || own || (typeof code === "string" ? code : "");
}

/** Reads the HTTP status out of an error of Deno, Bun or the package `ws`. */
function readStatus(text: string): number | undefined {
  const match = /(?:status code|server response): (\d{3})\b/.exec(text);
  return match ? Number(match[1]) : undefined;
}

/** Copies an error if its text has the URL, with all that may be secret. */
function hideURL(error: unknown, url: string): unknown {
  if (!(error instanceof Error) || !error.message.includes(url)) return error;
  const copy = new Error(error.message.split(url).join(hideSecrets(url)));
  const { name } = error;
  const { code } = error as { code?: unknown };
  return Object.assign(copy, { name }, code === undefined ? {} : { code });
}

/**
 * Asks by an HTTP GET request why a socket could not be opened.
 *
 * @param url The URL of the WebSocket.
 * @param headers The headers of the handshake.
 * @param signal Aborts the request.
 * @returns The status, the error of a request without an answer, or `undefined`
 * if the answer tells nothing.
 */
export async function lookUp(
  url: string,
  headers: Headers,
  signal: AbortSignal,
): Promise<number | Error | undefined> {
  const { location } = globalThis as { location?: { host: string } };
  const target = new URL(url);
  // A page may see the answers of its own host alone.
  if (isPage() && location?.host !== target.host) return undefined;
  try {
    const status = await requestStatus(target, { headers, signal });
    // So servers answer also when all is well, as this is no handshake.
    const isUsual = status < 300 || [400, 405, 426].includes(status);
    return isUsual ? undefined : status;
  } catch (error) {
    return error instanceof Error ? error : undefined;
  }
}

/**
 * Sends an HTTP request to the URL of a WebSocket.
 *
 * @param url The URL.
 * @param init The request.
 * @returns The status of the answer; 0 where a page may not see it.
 */
async function requestStatus(url: URL, init: RequestInit): Promise<number> {
  const target = new URL(url);
  target.protocol = url.protocol.replace("ws", "http");
  // fetch() refuses them.
  target.username = target.password = "";
  const { body, status } = await fetch(target, {
    ...init,
    // A page that may not see an answer has no other choice.
    redirect: init.mode === "no-cors" ? "follow" : "manual",
  });
  await body?.cancel();
  return status;
}

/** The statuses by which proxies say that there is no server now. */
const NOT_NOW = [429, 502, 503, 504];

/**
 * Asks by an HTTP HEAD request whether a server is there.
 *
 * @param url The URL of its WebSocket.
 * @param signal Aborts the request.
 * @returns Whether it may be: an answer came that is not 429, 502, 503 or 504.
 */
export async function isThere(url: URL, signal: AbortSignal): Promise<boolean> {
  const mode = isPage() ? "no-cors" : "cors";
  try {
    const status = await requestStatus(url, { method: "HEAD", mode, signal });
    return !NOT_NOW.includes(status);
  } catch {
    return false;
  }
}

/**
 * Takes the limits of a client from its options, and checks its other options.
 *
 * @param options The options.
 * @returns The limits.
 * @throws {TypeError} When an option is of another type.
 * @throws {RangeError} When a limit is not a positive number.
 */
export function clientLimitsOf(options: DialOptions): Limits {
  assertType("options", options, "object", "an object");
  for (const name of FUNCTIONS) {
    const value = options[name];
    if (value !== undefined) assertType(name, value, "function");
  }
  const { timeout, askTimeout, signal, headers, limits = {} } = options;
  assertType("limits", limits, "object", "an object such as { maxRooms: 128 }");
  if (signal !== undefined && typeof signal?.aborted !== "boolean") {
    throw makeOptionError(TypeError, "signal", signal, "an AbortSignal");
  }
  if (typeof headers !== "function") new Headers(headers);
  if (timeout !== undefined) assertPositive("timeout", timeout);
  const { maxPayload = options.maxPayload } = limits;
  return limitsOf(
    { ...limits, maxPayload, askTimeout, ackTimeout: timeout },
    CLIENT_LIMITS,
  );
}

/** The limits of a client where its options set none: its server has limits. */
const CLIENT_LIMITS: Limits = {
  maxPayload: Infinity,
  maxQueued: Infinity,
  maxBuffered: Infinity,
  maxBufferedMessages: Infinity,
  maxNamespaces: Infinity,
  maxRooms: Infinity,
  maxPendingAsks: Infinity,
  maxNameLength: Infinity,
  ackTimeout: 10_000,
  askTimeout: 10_000,
  closeTimeout: 5_000,
};

const FUNCTIONS = [
  "onClose",
  "onReconnecting",
  "onReconnect",
  "onError",
  "WebSocket",
  "transport",
] as const;

/**
 * Options of {@linkcode dial}. Times are in milliseconds.
 *
 * @category Client
 */
export interface DialOptions {
  /**
   * Headers of the handshake, or a function that gives them for each attempt,
   * so that a token is fresh. If it fails, so does the attempt. Browsers cannot
   * set headers, so there they are sent as URL parameters, and the server
   * accepts those in its `parameterHeaders`.
   *
   * @default {undefined} none
   */
  headers?: HeadersInit | ForEachAttempt<HeadersInit | undefined>;
  /**
   * The subprotocols to offer.
   *
   * @default {[]}
   */
  protocols?: string | string[];
  /**
   * Ends the attempt to connect; `dial` rejects with the signal's reason.
   *
   * @default {undefined} the time limit alone ends it
   */
  signal?: AbortSignal;
  /**
   * How long an attempt to connect may take, in milliseconds: the functions given as URL and
   * `headers`, the opening of the socket, and the server that accepts.
   *
   * @default {10_000}
   */
  timeout?: number;
  /**
   * The time limit, in milliseconds, of an ask that does not set one of its
   * own.
   *
   * @default {10_000}
   */
  askTimeout?: number;
  /**
   * The client's own limits; none by default, since its server has limits. A
   * limit that closes the connection does so with its own code, and that code
   * decides whether a client that reconnects comes back.
   *
   * @default {undefined} none
   */
  limits?: ConnectionLimits;
  /**
   * As `limits.maxPayload`, in bytes, which counts where both are set.
   *
   * @default {Infinity}
   *
   * @deprecated Use `limits`.
   */
  maxPayload?: number;
  /**
   * Encodes and decodes the bodies of the connection instead of JSON. The other
   * side must have the same codec.
   *
   * @default {JSON}
   */
  bodyCodec?: BodyCodec;
  /**
   * Reconnects after the connection is lost, if the close code allows it: 1001,
   * 1005, 1006, 1011 to 1014 and 4000 to 4499 do. The same Client, NSConn and
   * Room objects go on, in the same namespaces and rooms.
   *
   * @default {false}
   */
  reconnect?: boolean | ReconnectOptions;
  /**
   * Asks a server that has been silent for a while whether it is still there.
   * If the server does not answer in time, its machine or the network is gone
   * although the socket is still open, so the connection is closed with 4003,
   * and a client with `reconnect` reconnects.
   *
   * The question is a frame of the protocol that neffos servers in Go answer
   * too; one whose handler blocks for longer than `interval` and `timeout`
   * together does not, so set it to `false` there, or raise `timeout`. A
   * connection for native messages alone has no heartbeat.
   *
   * @default {25 seconds of silence, then 20 for the answer}
   */
  heartbeat?: boolean | HeartbeatOptions;
  /**
   * Called each time the connection has ended, whichever side ended it, with
   * whether the client will reconnect. The last time it will not.
   *
   * @default {undefined} nothing is called
   */
  onClose?: (info: CloseInfo, willReconnect: boolean) => void;
  /**
   * Called before each attempt to reconnect, with its number, from 1, and the
   * delay before it, in milliseconds. `client.retryNow()` ends the delay. The
   * number starts anew once a connection has lasted for `reconnect.minUptime`.
   *
   * @default {undefined} nothing is called
   */
  onReconnecting?: (tries: number, delay: number) => void;
  /**
   * Called when the client has reconnected and is back in its namespaces and
   * rooms, with the number of the attempt. Refusals are reported to `onError`.
   *
   * @default {undefined} nothing is called
   */
  onReconnect?: (tries: number) => void;
  /**
   * Called with every exception of a handler that is not an EventError.
   *
   * @default {one line of JSON by `console.error` for each}
   */
  onError?: (error: unknown, source: FaultSource) => void;
  /**
   * Traces the events of the client and what it sends: the result of
   * `traceEvents`.
   *
   * @default {undefined} nothing is traced
   */
  trace?: EventTracing;
  /**
   * The WebSocket class, where the platform has none of its own (Node before
   * 22): that of the package `ws`, for instance.
   *
   * @default {globalThis.WebSocket}
   */
  WebSocket?: new (url: string, protocols?: string | string[]) => WebSocket;
  /**
   * Makes the socket, for transports other than WebSocket and for tests.
   *
   * @default {a WebSocket to the URL}
   */
  transport?: (url: string) => Socket;
}

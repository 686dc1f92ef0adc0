/**
 * {@linkcode HttpError}: an error that is the answer to its request.
 *
 * @module
 */

import { EventError } from "../../neffos/mod.ts";
import { toResponseWith } from "./response.ts";

/**
 * A malformed request. The router answers it with 400 and reports nothing,
 * since a client can send a million of them at no cost.
 */
export class BadRequestError extends TypeError {
  override name = "BadRequestError";
}

/** The reason phrases of errors, from RFC 9110 and the IANA registry. */
const PHRASES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  402: "Payment Required",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  407: "Proxy Authentication Required",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  411: "Length Required",
  412: "Precondition Failed",
  413: "Content Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  417: "Expectation Failed",
  418: "I'm a teapot",
  421: "Misdirected Request",
  422: "Unprocessable Content",
  423: "Locked",
  424: "Failed Dependency",
  425: "Too Early",
  426: "Upgrade Required",
  428: "Precondition Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  451: "Unavailable For Legal Reasons",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
  506: "Variant Also Negotiates",
  507: "Insufficient Storage",
  508: "Loop Detected",
  510: "Not Extended",
  511: "Network Authentication Required",
};

/** Finds the reason phrase of an error status; without one, its class. */
function findReasonPhrase(status: number): string {
  return PHRASES[status] ?? (status < 500 ? "Client Error" : "Server Error");
}

/** The options of an {@linkcode HttpError}. */
export interface HttpErrorOptions extends ErrorOptions {
  /**
   * Headers of the response.
   *
   * @default {only the content type}
   */
  headers?: HeadersInit;
  /**
   * The body of the response, like a return value of a controller's method: a
   * string, bytes, or a value that is written as JSON.
   *
   * @default {the text of the error, as text/plain}
   */
  body?: unknown;
}

/**
 * An error that becomes the response to its request.
 *
 * A controller's method, the factory of a service, a handler or middleware may
 * throw it. The response has its status, its text and its headers. The router
 * calls `onError` only from status 500 on, and the hook may answer otherwise.
 * The text goes to the client; put what the client must not read into `cause`.
 *
 * If the same service refuses a websocket connection, the peer gets the text,
 * as with every EventError.
 *
 * @example
 * ```ts
 * import { HttpError, Router } from "@neffos/mvc";
 * import { assertEquals } from "@std/assert";
 *
 * const router = new Router();
 * router.get("/users/:id", (ctx) => {
 *   throw new HttpError(404, `There is no user "${ctx.params.id}"`);
 * });
 *
 * const server = Deno.serve({ port: 0, onListen() {} }, router.handler);
 * const response = await fetch(`http://localhost:${server.addr.port}/users/1`);
 * assertEquals(response.status, 404);
 * assertEquals(await response.text(), 'There is no user "1"');
 * await server.shutdown();
 * ```
 */
export class HttpError extends EventError {
  /** The name of the class. */
  override name = "HttpError";
  /** The status of the response, 400 to 599. */
  readonly status: number;
  /** The headers of the response. */
  readonly headers: Headers;
  /** The body of the response; `undefined` for the text of the error. */
  readonly body: unknown;

  /**
   * Makes an error.
   *
   * @param status The status of the response, 400 to 599.
   * @param message The text for the client. By default it is the reason phrase
   * of the status, such as `Not Found`.
   * @param options The headers, the cause, and another body than the text.
   * @throws {RangeError} If the status is not an integer from 400 to 599.
   * @throws {TypeError} If a header is not valid.
   */
  constructor(
    status: number,
    message?: string,
    options: HttpErrorOptions = {},
  ) {
    super(message ?? findReasonPhrase(status), options);
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      throw new RangeError(
        `Cannot make an HttpError with status "${status}": it must be an integer from 400 to 599`,
      );
    }
    this.status = status;
    this.headers = new Headers(options.headers);
    this.body = options.body;
  }

  /**
   * Makes the response. The router calls it for every HttpError that it
   * catches.
   *
   * @returns A new response.
   * @throws {TypeError} If the body can neither be sent nor written as JSON.
   */
  toResponse(): Response {
    const { body = this.message, status, headers } = this;
    return toResponseWith(body, { status, headers });
  }
}

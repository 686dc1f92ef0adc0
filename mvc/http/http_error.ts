/**
 * {@linkcode HttpError}: an error that is the answer to its request.
 *
 * @module
 */

import { EventError } from "../../neffos/mod.ts";
import { toResponseWith } from "./response.ts";

/**
 * Thrown for a request that no server could make sense of. The router answers
 * it with 400 and reports nothing: it is the client's fault, and it costs a
 * client nothing to send a million of them.
 */
export class BadRequestError extends TypeError {
  override name = "BadRequestError";
}

/** The reason phrases of RFC 9110 and of its registry, for errors. */
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

/** Says what an error's status means; those without a phrase by their class. */
export function phraseOf(status: number): string {
  return PHRASES[status] ?? (status < 500 ? "Client Error" : "Server Error");
}

/** What an {@linkcode HttpError} is made of besides its status and text. */
export interface HttpErrorOptions extends ErrorOptions {
  /**
   * Headers of the response.
   *
   * @default {none but the content type}
   */
  headers?: HeadersInit;
  /**
   * What is sent in place of the text, as if a controller's method had
   * returned it: a string, bytes, or a value that is written as JSON.
   *
   * @default {the text of the error, as text/plain}
   */
  body?: unknown;
}

/**
 * An error that becomes the response of its request.
 *
 * Thrown by a controller's method, by the factory of a service, by a handler or
 * by middleware, it is answered with its status, its text and its headers. Below
 * 500 the router's `onError` is not told: it is the client's matter. From 500 on
 * the hook is told and may answer otherwise. The text goes to the client; what
 * it must not read belongs into `cause`.
 *
 * Where the same service refuses a websocket, the other side is told its text,
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
  /** What is sent in place of the text, `undefined` for the text. */
  readonly body: unknown;

  /**
   * Makes an error.
   *
   * @param status The status of the response, 400 to 599.
   * @param message What happened, for whoever sent the request. Without it, the
   * phrase that RFC 9110 has for the status, such as `Not Found`.
   * @param options The headers, the cause, and another body than the text.
   * @throws {RangeError} When the status is not an integer from 400 to 599.
   * @throws {TypeError} When a header is not valid.
   */
  constructor(
    status: number,
    message?: string,
    options: HttpErrorOptions = {},
  ) {
    super(message ?? phraseOf(status), options);
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      throw new RangeError(
        `Cannot make an HttpError with status "${status}": it should be an integer from 400 to 599`,
      );
    }
    this.status = status;
    this.headers = new Headers(options.headers);
    this.body = options.body;
  }

  /**
   * Makes the response; the router does it for whatever is thrown to it.
   *
   * @returns A new response.
   * @throws {TypeError} When the body can neither be sent nor written as JSON.
   */
  toResponse(): Response {
    const { body = this.message, status, headers } = this;
    return toResponseWith(body, { status, headers });
  }
}

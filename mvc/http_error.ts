/**
 * {@linkcode HttpError}: an error that is the answer to its request.
 *
 * @module
 */

import { EventError } from "../neffos/errors.ts";
import { toResponseWith } from "./_results.ts";
import { phraseOf } from "./_status.ts";

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

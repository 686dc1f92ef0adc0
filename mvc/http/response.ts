import { encodeJSON } from "../../neffos/internal.ts";

/** The options of {@linkcode toResponseWith}. */
export interface ResultInit {
  /** The status; by default 200, or 204 without a body. */
  readonly status?: number;
  /** Headers of the response, which replace those of the body. */
  readonly headers?: HeadersInit | undefined;
}

const NO_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

const TEXT = { headers: { "content-type": "text/plain; charset=UTF-8" } };

const JSON_TEXT = { headers: { "content-type": "application/json" } };

const BYTES = { headers: { "content-type": "application/octet-stream" } };

/**
 * Makes a response of the return value of a controller's method.
 *
 * @throws {TypeError} If the value is neither a body nor JSON.
 * @throws {Error} The value itself, if it is an error.
 */
export function toResponse(result: unknown): Response {
  if (result instanceof Response) return result;
  // An error that a websocket event returns is a refusal, so here too.
  if (result instanceof Error) throw result;
  if (isWithStatus(result)) {
    const [status, body] = result;
    return toResponseWith(body, { status });
  }
  return bodyToResponse(result);
}

/**
 * The options of {@linkcode status}.
 *
 * @category HTTP
 */
export interface StatusOptions {
  /**
   * Headers of the response, which replace those of the body.
   *
   * @default {only the content type of the body}
   */
  headers?: HeadersInit;
}

/**
 * Makes a response with a status, for handlers and for the methods of
 * controllers. The body is like a return value of a controller's method: a
 * string goes as text, bytes and streams as they are, anything else as JSON.
 *
 * @param status The status, 200 to 599.
 * @param body The body; none if it is left out, `undefined` or `null`, and for
 * the statuses 204, 205 and 304.
 * @param options The headers.
 * @returns The response.
 * @throws {RangeError} If the status is not an integer from 200 to 599.
 * @throws {TypeError} If the body can neither be sent nor written as JSON.
 *
 * @example
 * ```ts
 * import { Application, Router, status } from "@neffos/mvc";
 * import { assertEquals } from "@std/assert";
 *
 * class UserController {
 *   post() {
 *     return status(201, { id: "1" }, { headers: { location: "/users/1" } });
 *   }
 *   deleteBy(_id: string) {
 *     return status(204);
 *   }
 * }
 *
 * const router = new Router();
 * new Application(router.party("/users")).handle(UserController);
 *
 * const server = Deno.serve({ port: 0, onListen() {} }, router.handler);
 * const url = `http://localhost:${server.addr.port}/users`;
 * const response = await fetch(url, { method: "POST" });
 * assertEquals(response.status, 201);
 * assertEquals(await response.json(), { id: "1" });
 * assertEquals((await fetch(`${url}/1`, { method: "DELETE" })).status, 204);
 * await server.shutdown();
 * ```
 *
 * @category HTTP
 */
export function status(
  status: number,
  body?: unknown,
  options: StatusOptions = {},
): Response {
  if (!isStatus(status)) {
    throw new RangeError(
      `Cannot answer with status "${status}": it must be an integer from 200 to 599`,
    );
  }
  return toResponseWith(body, { status, headers: options.headers });
}

/**
 * Makes a response of a body, with a status and headers.
 *
 * @throws {TypeError} If the body can neither be sent nor written as JSON.
 */
export function toResponseWith(body: unknown, init: ResultInit): Response {
  const response = body instanceof Response ? body : bodyToResponse(body);
  const status = init.status ?? response.status;
  const headers = new Headers(response.headers);
  for (const [name, value] of new Headers(init.headers)) {
    // Each cookie is a header of its own.
    if (name === "set-cookie") headers.append(name, value);
    else headers.set(name, value);
  }
  if (NO_BODY.has(status) || response.body === null) {
    headers.delete("content-type");
    // Fails if the body has a reader already, which then ends it.
    response.body?.cancel().catch(() => {});
    return new Response(null, { status, headers });
  }
  return new Response(response.body, { status, headers });
}

function bodyToResponse(body: unknown): Response {
  if (typeof body === "string") return new Response(body, TEXT);
  if (body === undefined || body === null) {
    return new Response(null, { status: 204 });
  }
  if (
    body instanceof ReadableStream || body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body)
  ) {
    // Deno sends a view of any buffer; the type BodyInit is narrower.
    return new Response(body as BodyInit, BYTES);
  }
  if (
    body instanceof Blob || body instanceof FormData ||
    body instanceof URLSearchParams
  ) {
    return new Response(body);
  }
  return new Response(encodeJSON(body), JSON_TEXT);
}

/**
 * Tells whether a result is a status and a body. A list of numbers, strings or
 * lists is data: `[250, 300]` has no status.
 */
function isWithStatus(result: unknown): result is [number, unknown] {
  if (!Array.isArray(result) || result.length !== 2) return false;
  const [status, body] = result;
  return isStatus(status) &&
    (body === undefined ||
      typeof body === "object" && body !== null && !Array.isArray(body));
}

function isStatus(value: unknown): value is number {
  return Number.isInteger(value) && value as number >= 200 &&
    value as number <= 599;
}

/**
 * Calls back when a response has been sent, was cancelled, or failed.
 *
 * The promise `info.completed` of `Deno.serve` settles after every response: of
 * text, streamed, to HEAD, cancelled by the client, or broken by its own stream.
 * Without that promise, the end of the body counts.
 *
 * @param response The response for the client.
 * @param info The second argument of the router's handler.
 * @param end Called once.
 * @returns The response to send in its place.
 */
export function watchResponse(
  response: Response,
  info: Partial<Deno.ServeHandlerInfo> | undefined,
  end: () => void,
): Response {
  const completed = info?.completed;
  if (completed instanceof Promise) {
    completed.then(end, end);
    return response;
  }
  const { body } = response;
  if (body === null || body.locked) {
    end();
    return response;
  }
  return new Response(watchStream(body, end), response);
}

function watchStream(
  stream: ReadableStream<Uint8Array>,
  end: () => void,
): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        controller.close();
      } catch (error) {
        controller.error(error);
      }
      end();
    },
    async cancel(reason) {
      try {
        await reader.cancel(reason);
      } finally {
        end();
      }
    },
  }, { highWaterMark: 0 });
}

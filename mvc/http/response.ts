/** What may be said about the response that a result is made into. */
export interface ResultInit {
  /** The status, if not 200, or 204 for no result. */
  readonly status?: number;
  /** Headers of the response; they win over the ones of the result. */
  readonly headers?: HeadersInit | undefined;
}

const NO_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

const TEXT = { headers: { "content-type": "text/plain; charset=UTF-8" } };

const BYTES = { headers: { "content-type": "application/octet-stream" } };

/**
 * Makes the response of what a controller's method returned.
 *
 * @throws {TypeError} If the result is neither a body nor JSON.
 * @throws {Error} The result, if it is one.
 */
export function toResponse(result: unknown): Response {
  if (result instanceof Response) return result;
  // As the events of a websocket have it: a refusal, and no 200 with JSON of it.
  if (result instanceof Error) throw result;
  if (isWithStatus(result)) {
    const [status, body] = result;
    return toResponseWith(body, { status });
  }
  return bodyToResponse(result);
}

/**
 * Makes the response of a body with a status and headers of its own.
 *
 * @throws {TypeError} If the result is neither a body nor JSON.
 */
export function toResponseWith(body: unknown, init: ResultInit): Response {
  const response = body instanceof Response ? body : bodyToResponse(body);
  const status = init.status ?? response.status;
  const headers = new Headers(response.headers);
  new Headers(init.headers).forEach((value, name) => headers.set(name, value));
  if (NO_BODY.has(status) || response.body === null) {
    headers.delete("content-type");
    // It fails if somebody reads the body already, who then ends it.
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
    // A view of any buffer can be sent, whatever the type of BodyInit says.
    return new Response(body as BodyInit, BYTES);
  }
  if (
    body instanceof Blob || body instanceof FormData ||
    body instanceof URLSearchParams
  ) {
    return new Response(body);
  }
  return Response.json(body);
}

function isWithStatus(result: unknown): result is [number, unknown] {
  if (!Array.isArray(result) || result.length !== 2) return false;
  const [status] = result;
  return Number.isInteger(status) && status >= 200 && status <= 599;
}

/**
 * Waits until a response has been sent, was given up, or failed.
 *
 * `Deno.serve` says so by `info.completed`; it does for every response: of text,
 * streamed, to HEAD, refused by the client in the middle, or broken by its own
 * stream. Where a caller has no such promise, it is the end of the body.
 *
 * @param response The response for the client.
 * @param info What the caller of the router gave it.
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

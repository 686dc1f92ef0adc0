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

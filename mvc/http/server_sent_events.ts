/**
 * {@linkcode serverSentEvents}: a stream of events as the answer to a request.
 *
 * @module
 */

import { callAsync, encodeJSON, makeDeferred } from "../../neffos/internal.ts";

/**
 * One event of {@linkcode serverSentEvents}.
 *
 * @category HTTP
 */
export interface ServerSentEvent {
  /**
   * What `EventSource` gives to the listener; anything but a string as JSON.
   *
   * @default {undefined} no data, for a comment alone
   */
  readonly data?: unknown;
  /**
   * The type of the event.
   *
   * @default {"message"}
   */
  readonly event?: string;
  /**
   * What the client sends as `Last-Event-ID` when it comes back.
   *
   * @default {undefined} that of the event before
   */
  readonly id?: string | number;
  /**
   * How long the client waits before it comes back, in milliseconds.
   *
   * @default {undefined} as the client chooses
   */
  readonly retry?: number;
  /**
   * A text that the client ignores.
   *
   * @default {undefined} none
   */
  readonly comment?: string;
}

/**
 * The options of {@linkcode serverSentEvents}.
 *
 * @category HTTP
 */
export interface ServerSentEventsOptions {
  /**
   * After how many milliseconds without an event a comment is sent, so that
   * proxies keep the connection open and a client that has gone is noticed;
   * `Infinity` for never.
   *
   * @default {15_000}
   */
  keepAlive?: number;
  /**
   * More headers of the response.
   *
   * @default {only those of a stream of events}
   */
  headers?: HeadersInit;
}

const MAX_TIMER = 2 ** 31 - 1;

/**
 * Answers a request with server-sent events, for an `EventSource` in a browser.
 * The events are taken one by one, as fast as the client reads them. When it has
 * gone, the iterator is ended by its `return()`, as by a `break` out of a loop.
 *
 * @param events The events: an async generator, or any other iterable.
 * @param options The time between signs of life, and headers.
 * @returns The response.
 * @throws {TypeError} If the events are not iterable.
 * @throws {RangeError} If `keepAlive` is not a number of milliseconds.
 *
 * @example
 * ```ts
 * import { Router, serverSentEvents } from "@neffos/mvc";
 * import { assertEquals } from "@std/assert";
 *
 * const router = new Router();
 * router.get("/countdown", () => {
 *   async function* count() {
 *     for (let i = 3; i > 0; i--) yield { event: "tick", data: { left: i } };
 *   }
 *   return serverSentEvents(count());
 * });
 *
 * const server = Deno.serve({ port: 0, onListen() {} }, router.handler);
 * const url = `http://localhost:${server.addr.port}/countdown`;
 * const [first] = (await (await fetch(url)).text()).split("\n\n");
 * assertEquals(first, 'event:tick\ndata:{"left":3}');
 * await server.shutdown();
 * ```
 *
 * @category HTTP
 */
export async function serverSentEvents(
  events: AsyncIterable<ServerSentEvent> | Iterable<ServerSentEvent>,
  options: ServerSentEventsOptions = {},
): Promise<Response> {
  const { keepAlive = 15_000 } = options;
  if (
    typeof keepAlive !== "number" ||
    !(keepAlive > 0 && (keepAlive <= MAX_TIMER || keepAlive === Infinity))
  ) {
    throw new RangeError(
      `Cannot send events with a keepAlive of ${keepAlive}: it must be a number of milliseconds, more than 0 and at most ${MAX_TIMER}, or Infinity`,
    );
  }
  const iterator = getIterator(events);
  const headers = new Headers({
    "content-type": "text/event-stream",
    "cache-control": "no-store",
    // nginx would collect the events.
    "x-accel-buffering": "no",
  });
  new Headers(options.headers).forEach((value, name) =>
    headers.set(name, value)
  );
  const { ServerSentEventStream } = await import("./std.ts");
  const body: ReadableStream<Uint8Array> = readEvents(iterator, keepAlive)
    .pipeThrough(new ServerSentEventStream());
  return new Response(body, { headers });
}

type EventIterator = AsyncIterator<ServerSentEvent> | Iterator<ServerSentEvent>;

function getIterator(
  events: AsyncIterable<ServerSentEvent> | Iterable<ServerSentEvent>,
): EventIterator {
  const given: {
    [Symbol.asyncIterator]?: () => EventIterator;
    [Symbol.iterator]?: () => EventIterator;
  } = Object(events);
  const get = given[Symbol.asyncIterator] ?? given[Symbol.iterator];
  if (typeof get === "function" && typeof events !== "string") {
    return get.call(events);
  }
  throw new TypeError(
    "Cannot send events: they must be an async generator or another iterable",
  );
}

/** An event as `@std/http` takes it. */
type Message = Omit<ServerSentEvent, "data"> & { data?: string };

/** Reads events, and makes comments where there are none. */
function readEvents(
  iterator: EventIterator,
  keepAlive: number,
): ReadableStream<Message> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let next: Promise<IteratorResult<ServerSentEvent>> | undefined;
  const end = () => {
    callAsync(() => iterator.return?.()).catch(() => {});
  };
  return new ReadableStream<Message>({
    async pull(controller) {
      next ??= callAsync(() => iterator.next());
      const quiet = makeDeferred<undefined>();
      if (keepAlive !== Infinity) {
        timer = setTimeout(() => quiet.resolve(undefined), keepAlive);
      }
      const result = await Promise.race([next, quiet.promise])
        .finally(() => clearTimeout(timer));
      if (result === undefined) return controller.enqueue({ comment: "" });
      next = undefined;
      if (result.done) return controller.close();
      try {
        controller.enqueue(toMessage(result.value));
      } catch (error) {
        end();
        throw error;
      }
    },
    cancel() {
      clearTimeout(timer);
      // Nobody waits for the event under way any more.
      next?.catch(() => {});
      end();
    },
  }, { highWaterMark: 0 });
}

function toMessage({ data, ...event }: ServerSentEvent): Message {
  if (data === undefined) return event;
  return {
    ...event,
    data: typeof data === "string" ? data : encodeJSON(data),
  };
}

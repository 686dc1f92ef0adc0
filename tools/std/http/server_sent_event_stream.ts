/**
 * Stands in for `@std/http/server-sent-event-stream`: events as text, after the HTML standard, section 9.2.
 *
 * ```ts
 * import { ServerSentEventStream } from "@std/http/server-sent-event-stream";
 * import { assertEquals } from "@std/assert";
 *
 * const stream = ReadableStream.from([{ event: "tick", data: "1\n2", id: 7 }])
 *   .pipeThrough(new ServerSentEventStream());
 * assertEquals(
 *   await new Response(stream).text(),
 *   "event:tick\ndata:1\ndata:2\nid:7\n\n",
 * );
 * ```
 *
 * @module
 */

/** An event. */
export interface ServerSentEventMessage {
  /** What the client ignores. */
  comment?: string;
  /** Its type. */
  event?: string;
  /** Its data, a field for each line. */
  data?: string;
  /** Its ID, by which the client says what it had last. */
  id?: string | number;
  /** After how many milliseconds the client comes back. */
  retry?: number;
}

const LINES = /\r\n|\r|\n/;

/**
 * Turns events into bytes.
 *
 * @throws {SyntaxError} By its stream, if a type or an ID has several lines.
 */
export class ServerSentEventStream
  extends TransformStream<ServerSentEventMessage, Uint8Array> {
  /** Makes a stream. */
  constructor() {
    const encoder = new TextEncoder();
    super({
      transform(message, controller) {
        controller.enqueue(encoder.encode(serialize(message)));
      },
    });
  }
}

function serialize(
  { comment, event, data, id, retry }: ServerSentEventMessage,
): string {
  const fields: string[] = [];
  const add = (name: string, value: string | number | undefined) => {
    if (value !== undefined) fields.push(`${name}:${value}`);
  };
  for (const line of comment?.split(LINES) ?? []) add("", line);
  add("event", toLine("event", event));
  for (const line of data?.split(LINES) ?? []) add("data", line);
  add("id", toLine("id", id?.toString()));
  add("retry", retry);
  return `${fields.join("\n")}\n\n`;
}

function toLine(name: string, value: string | undefined): string | undefined {
  if (value === undefined || !LINES.test(value)) return value;
  throw new SyntaxError(
    `Cannot write an event: its ${name} has more than one line`,
  );
}

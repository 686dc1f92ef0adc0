import { assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Listening } from "../harness/mod.ts";
import {
  type ServerSentEvent,
  serverSentEvents,
  type ServerSentEventsOptions,
} from "./server_sent_events.ts";

/** Events that a test sends; it knows when their reader has gone. */
class Source implements AsyncIterableIterator<ServerSentEvent> {
  readonly ended = Promise.withResolvers<void>();
  #waiting: ((result: IteratorResult<ServerSentEvent>) => void)[] = [];
  #events: ServerSentEvent[] = [];

  send(event: ServerSentEvent): void {
    const resolve = this.#waiting.shift();
    if (resolve === undefined) this.#events.push(event);
    else resolve({ value: event, done: false });
  }

  next(): Promise<IteratorResult<ServerSentEvent>> {
    const event = this.#events.shift();
    if (event !== undefined) {
      return Promise.resolve({ value: event, done: false });
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<ServerSentEvent>> {
    this.ended.resolve();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

async function open(source: Source, options?: ServerSentEventsOptions) {
  const response = await serverSentEvents(source, options);
  const reader = response.body!.pipeThrough(new TextDecoderStream())
    .getReader();
  return { reader, read: async () => (await reader.read()).value };
}

Deno.test("serverSentEvents() answers with the events of an iterable", async () => {
  await using listening = new Listening();
  async function* count() {
    yield { data: "1\n2", id: 7 };
    yield { event: "tick", data: { left: 3 }, retry: 1000 };
    yield { data: null };
    yield { comment: "nothing" };
    await Promise.resolve();
  }
  listening.app.handle({ getEvents: () => serverSentEvents(count()) });
  listening.router.get("/list", () =>
    serverSentEvents([{ data: "a" }], {
      headers: { "cache-control": "no-cache", "x-a": "1" },
    }));
  const response = await listening.fetch("/events");
  assertEquals(response.headers.get("content-type"), "text/event-stream");
  assertEquals(response.headers.get("cache-control"), "no-store");
  assertEquals(
    await response.text(),
    'data:1\ndata:2\nid:7\n\nevent:tick\ndata:{"left":3}\nretry:1000\n\ndata:null\n\n:nothing\n\n',
  );
  const list = await listening.fetch("/list");
  assertEquals(list.headers.get("cache-control"), "no-cache");
  assertEquals(list.headers.get("x-a"), "1");
  assertEquals(await list.text(), "data:a\n\n");
});

Deno.test("serverSentEvents() sends a comment when there was no event for a while", async () => {
  using time = new FakeTime();
  for (const options of [undefined, { keepAlive: 15_000 }]) {
    const source = new Source();
    const { reader, read } = await open(source, options);
    let answer = read();
    await time.tickAsync(15_000);
    assertEquals(await answer, ":\n\n");
    answer = read();
    await time.tickAsync(14_999);
    source.send({ data: "a" });
    assertEquals(await answer, "data:a\n\n");
    answer = read();
    await time.tickAsync(15_000);
    assertEquals(await answer, ":\n\n");
    await reader.cancel();
    await source.ended.promise;
  }
  const source = new Source();
  const { reader } = await open(source, { keepAlive: Infinity });
  assertEquals(await time.nextAsync(), false);
  await reader.cancel();
});

Deno.test("serverSentEvents() ends the iterator when the client has gone, and loses no event before", async () => {
  await using listening = new Listening();
  const source = new Source();
  listening.router.get("/", () => serverSentEvents(source, { keepAlive: 5 }));
  const response = await listening.fetch("/");
  const reader = response.body!.pipeThrough(new TextDecoderStream())
    .getReader();
  source.send({ data: "a" });
  let text = "";
  while (!text.includes("data:a\n\n")) text += (await reader.read()).value;
  await reader.cancel();
  await source.ended.promise;
  assertEquals(listening.faults, []);
});

Deno.test("serverSentEvents() takes no event that the client does not ask for", async () => {
  let taken = 0;
  function* endless() {
    while (true) yield { data: String(++taken) };
  }
  const response = await serverSentEvents(endless());
  const reader = response.body!.getReader();
  await reader.read();
  await reader.cancel();
  assertEquals(taken < 5, true);
});

Deno.test("serverSentEvents() refuses what is not iterable, and times that are none", async () => {
  for (const events of [null, undefined, 1, "text", {}, () => {}]) {
    await assertRejects(() => serverSentEvents(events as never), TypeError);
  }
  for (const keepAlive of [0, -1, NaN, 2 ** 31, "1" as never]) {
    await assertRejects(
      () => serverSentEvents([], { keepAlive }),
      RangeError,
      "keepAlive",
    );
  }
});

Deno.test("serverSentEvents() ends its iterator at an event that cannot be sent", async () => {
  for (const data of [new Map(), { at: [Promise.resolve()] }, 1n]) {
    const source = new Source();
    const { read } = await open(source);
    source.send({ data });
    await assertRejects(read, TypeError);
    await source.ended.promise;
  }
});

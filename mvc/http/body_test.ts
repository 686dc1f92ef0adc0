import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Listening, makeSchema, withString } from "../harness/mod.ts";
import { Context, type ReadBodyOptions } from "./context.ts";
import { HttpError } from "./http_error.ts";

const INFO = {} as Deno.ServeHandlerInfo;

const FORM = "application/x-www-form-urlencoded";

function post(type: string, body?: BodyInit): Context {
  const request = new Request("http://host/", {
    method: "POST",
    body,
    headers: type === "" ? {} : { "content-type": type },
  });
  if (type === "") request.headers.delete("content-type");
  return new Context(request, INFO);
}

async function readStatus(reading: Promise<unknown>): Promise<number> {
  const error = await assertRejects(() => reading, HttpError);
  return error.status;
}

Deno.test("readBody() reads JSON of any spelling of its content type", async () => {
  for (
    const type of [
      "application/json",
      "Application/JSON; charset=utf-8",
      "application/problem+json",
      "application/vnd.api+json;v=1",
    ]
  ) {
    assertEquals(await post(type, '{"a":[1]}').readBody(), { a: [1] }, type);
  }
  assertEquals(await post("application/json", "\ufeff1").readBody(), 1);
});

Deno.test("readBody() answers 400 to a body that is not JSON", async () => {
  for (const body of ["", "{", "\xff"]) {
    assertEquals(
      await readStatus(post("application/json", body).readBody()),
      400,
    );
  }
  const bytes = new Uint8Array([0x22, 0xff, 0x22]);
  assertEquals(
    await readStatus(post("application/json", bytes).readBody()),
    400,
  );
});

Deno.test("readBody() reads a form, repeated fields as arrays", async () => {
  assertEquals(await post(FORM, "a=1&b=2&b=3&c=%C3%A4+x&b=4&d").readBody(), {
    a: "1",
    b: ["2", "3", "4"],
    c: "ä x",
    d: "",
  });
  assertEquals(await post(FORM, "").readBody(), {});
});

Deno.test("readBody() reads a multipart form, files included", async () => {
  const form = new FormData();
  form.append("a", "1");
  form.append("b", "2");
  form.append("b", "3");
  form.append("file", new Blob(["content"], { type: "x/y" }), "name.txt");
  const request = new Request("http://host/", { method: "POST", body: form });
  const { file, ...rest } = await new Context(request, INFO)
    .readBody<Record<string, unknown>>();
  assertEquals(rest, { a: "1", b: ["2", "3"] });
  assert(file instanceof File);
  assertEquals([file.name, await file.text()], ["name.txt", "content"]);
});

Deno.test("readBody() answers 400 to a body that is not multipart", async () => {
  assertEquals(
    await readStatus(post("multipart/form-data", "x").readBody()),
    400,
  );
  const type = "multipart/form-data; boundary=b";
  assertEquals(await readStatus(post(type, "x").readBody()), 400);
});

Deno.test("readBody() is safe from fields named like properties", async () => {
  const body = await post(
    FORM,
    "__proto__=1&__proto__=2&constructor=3&toString=4&constructor=5",
  ).readBody<Record<string, unknown>>();
  assertEquals(Object.entries(body), [
    ["constructor", ["3", "5"]],
    ["toString", "4"],
  ]);
  assertEquals(Object.getPrototypeOf(body), Object.prototype);
  const ctx = new Context(new Request("http://h/?__proto__=1&valueOf=2"), INFO);
  assertEquals(Object.entries(await ctx.readQuery()), [["valueOf", "2"]]);
  const json = await post("application/json", '{"__proto__":{"admin":1}}')
    .readBody<Record<string, unknown>>();
  assertEquals(json.admin, undefined);
});

Deno.test("readBody() answers 415 to any other content", async () => {
  for (const type of ["", "text/plain", "text/json", "application/jsonp"]) {
    assertEquals(await readStatus(post(type, "{}").readBody()), 415, type);
  }
  const ctx = post("application/json", "{}");
  ctx.request.headers.set("content-encoding", "gzip");
  assertEquals(await readStatus(ctx.readBody()), 415);
});

Deno.test("readBody() stops reading when a body is too large", async () => {
  let pulled = 0;
  const cancelled = Promise.withResolvers<void>();
  const stream = new ReadableStream({
    pull(controller) {
      pulled++;
      controller.enqueue(new Uint8Array(100).fill(0x20));
    },
    cancel: () => cancelled.resolve(),
  }, { highWaterMark: 0 });
  const reading = post("application/json", stream)
    .readBody(undefined, { maxBody: 250 });
  assertEquals(await readStatus(reading), 413);
  await cancelled.promise;
  assertEquals(pulled, 3);
});

Deno.test("readBody() refuses a body whose content-length is too large", async () => {
  let pulled = 0;
  const stream = new ReadableStream({ pull: () => void pulled++ }, {
    highWaterMark: 0,
  });
  const ctx = post("application/json", stream);
  ctx.request.headers.set("content-length", "1048577");
  assertEquals(await readStatus(ctx.readBody()), 413);
  assertEquals(pulled, 0);
});

Deno.test("readBody() accepts a body of exactly the limit", async () => {
  const body = JSON.stringify("x".repeat(1024 * 1024 - 2));
  const { length } = await post("application/json", body).readBody<string>();
  assertEquals(length, 1024 * 1024 - 2);
  const large = post("application/json", `${body} `);
  assertEquals(await readStatus(large.readBody()), 413);
  const larger = post("application/json", `${body} `)
    .readBody<string>(undefined, { maxBody: Infinity });
  assertEquals((await larger).length, 1024 * 1024 - 2);
});

Deno.test("readBody() reads a body only once", async () => {
  const ctx = post("application/json", "1");
  await ctx.readBody();
  await assertRejects(() => ctx.readBody(), TypeError, "was already read");
  await assertRejects(
    () => post(FORM, "").readBody(undefined, { maxBody: -1 }),
    RangeError,
    "maxBody",
  );
});

Deno.test("readBody() returns the output of the schema, or answers 400 with the issues", async () => {
  const length = makeSchema((value) => String(value).length);
  assertEquals(await post("application/json", '"abc"').readBody(length), 3);
  const error = await assertRejects(
    () => post("application/json", "{}").readBody(withString("name")),
    HttpError,
  );
  assertEquals(error.status, 400);
  assertStringIncludes(error.message, "at.name: must be a string");
  assertEquals(await error.toResponse("problem").json(), {
    type: "about:blank",
    title: "Bad Request",
    status: 400,
    detail: "Cannot accept the body: at.name: must be a string",
    issues: [{ path: "at.name", message: "must be a string" }],
  });
});

Deno.test("readQuery() reads strings, arrays where repeated, and validates", async () => {
  const ctx = new Context(new Request("http://host/?a=1&b=2&b=%C3%A4"), INFO);
  assertEquals(await ctx.readQuery(), { a: "1", b: ["2", "ä"] });
  assertEquals((await ctx.readQuery(withString("a"))).a, "1");
  assertEquals(await readStatus(ctx.readQuery(withString("b"))), 400);
  const fault = makeSchema(() => {
    throw new TypeError("a broken schema");
  });
  await assertRejects(() => ctx.readQuery(fault), TypeError, "a broken schema");
});

Deno.test("readBody() answers on a socket, and reports nothing", async () => {
  await using listening = new Listening();
  listening.router.post("/", async (ctx) => {
    return ctx.json(await ctx.readBody(withString("name"), { maxBody: 100 }));
  });
  const headers = { "content-type": "application/json" };
  const ask = (body: string) =>
    listening.ask("/", { method: "POST", headers, body });
  assertEquals(await ask('{"name":"ann"}'), '200 {"name":"ann"}');
  assertStringIncludes(await ask("{}"), "400 {");
  assertStringIncludes(await ask("{"), "Cannot read the body: it is not JSON");
  assertStringIncludes(await ask(" ".repeat(101)), "413 {");
  assertEquals(listening.faults, []);
});

Deno.test("readBody() does not report a client that disconnects", async () => {
  await using listening = new Listening();
  const { promise, resolve } = Promise.withResolvers<unknown>();
  listening.router.post("/", async (ctx) => {
    const reading = ctx.readBody();
    reading.catch(resolve);
    return ctx.json(await reading);
  });
  const conn = await listening.connect(
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
  );
  conn.close();
  const error = await promise;
  assert(error instanceof HttpError);
  assertEquals(error.status, 400);
  assertEquals(listening.faults, []);
});

/** A body that is sent in chunks; each is a view of the same memory. */
function sendBytes(text: string, memory = new Uint8Array(1)): ReadableStream {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at === bytes.length) return controller.close();
      memory[0] = bytes[at++]!;
      controller.enqueue(memory.subarray(0, 1));
    },
  }, { highWaterMark: 0 });
}

Deno.test("readBody() copies each chunk, and keeps none of the memory that it came in", async () => {
  const text = "x".repeat(20_000);
  assertEquals(
    await post("application/json", sendBytes(`["${text}"]`)).readBody(),
    [text],
  );
  assertEquals(await post(FORM, sendBytes("a=1&b=2")).readBody(), {
    a: "1",
    b: "2",
  });
  const multipart =
    '--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n--b--';
  assertEquals(
    await post("multipart/form-data; boundary=b", sendBytes(multipart))
      .readBody(),
    { a: "1" },
  );
});

Deno.test("readBody() answers 408 when a body does not arrive in time", async () => {
  using time = new FakeTime();
  const cases: [ReadBodyOptions, number][] = [
    [{}, 30_000],
    [{ bodyTimeout: 50 }, 50],
  ];
  for (const [options, timeout] of cases) {
    let isCancelled = false;
    const slow = new ReadableStream({
      start: (controller) => controller.enqueue(new Uint8Array([0x20])),
      // A source that does not end when it is cancelled must not hold the answer.
      cancel() {
        isCancelled = true;
        return new Promise(() => {});
      },
    });
    const reading = post("application/json", slow).readBody(undefined, options);
    const status = readStatus(reading);
    await time.tickAsync(timeout - 1);
    assertEquals(isCancelled, false);
    await time.tickAsync(1);
    assertEquals(await status, 408);
    assertEquals(isCancelled, true);
  }
});

Deno.test("readBody() limits the time of the whole body, not of a chunk", async () => {
  using time = new FakeTime();
  const dripping = new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 40));
      controller.enqueue(new Uint8Array([0x20]));
    },
  }, { highWaterMark: 0 });
  const status = readStatus(
    post("application/json", dripping).readBody(undefined, {
      bodyTimeout: 100,
    }),
  );
  for (let i = 0; i < 10; i++) await time.tickAsync(10);
  assertEquals(await status, 408);
});

Deno.test("readBody() has no timer left behind, and none for an infinite time", async () => {
  using time = new FakeTime();
  const ctx = post("application/json", sendBytes("[1]"));
  assertEquals(await ctx.readBody(undefined, { bodyTimeout: Infinity }), [1]);
  assertEquals(await post("application/json", sendBytes("[2]")).readBody(), [
    2,
  ]);
  // There is no timer to run.
  assertEquals(await time.nextAsync(), false);
});

Deno.test("readBody() counts fields and parts before it parses them", async () => {
  const part = 'content-disposition: form-data; name="a"\r\n\r\n';
  const makeParts = (count: number, boundary = "b") =>
    `--${boundary}\r\n${part}\r\n`.repeat(count) + `--${boundary}--`;
  const types: [string, (count: number) => string][] = [
    [FORM, (count) => Array(count).fill("a").join("&")],
    [FORM, (count) => "&".repeat(count - 1)],
    ["multipart/form-data; boundary=b", makeParts],
    ['multipart/form-data; boundary="b"', makeParts],
    // Only the boundary that was counted counts.
    ["multipart/form-data; boundary=b; boundary=c", makeParts],
    ["multipart/form-data; x=y; Boundary = b ;z=1", makeParts],
    [
      "multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW",
      (count) => makeParts(count, "----WebKitFormBoundary7MA4YWxkTrZu0gW"),
    ],
  ];
  for (const [type, make] of types) {
    await post(type, make(1_000)).readBody();
    assertEquals(await readStatus(post(type, make(1_001)).readBody()), 413);
    const read = (count: number) =>
      post(type, make(count)).readBody(undefined, { maxFields: 3 });
    await read(3);
    assertEquals(await readStatus(read(4)), 413, type);
  }
  await post(FORM, types[0]![1](2_000))
    .readBody(undefined, { maxFields: Infinity });
});

Deno.test("readBody() parses multipart by the boundary that it counts", async () => {
  const body = (boundary: string) =>
    `--${boundary}\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n--${boundary}--`;
  const read = (type: string, boundary: string) =>
    post(`multipart/form-data; ${type}`, body(boundary)).readBody();
  assertEquals(await read("boundary=a'b(c)+_,-./:=?d", "a'b(c)+_,-./:=?d"), {
    a: "1",
  });
  assertEquals(await read("boundary=x; boundary=y", "x"), { a: "1" });
  for (
    const type of ["", 'boundary=""', "boundary=", 'boundary="a\\"b"', "y=z"]
  ) {
    assertEquals(await readStatus(read(type, "y")), 400, type);
  }
});

Deno.test("readBody() says so if JSON is said to be a form, as curl says it", async () => {
  for (const json of ['{"name":"a&b=c"}', "[]", ' {"a":{}}']) {
    const error = await assertRejects(() => post(FORM, json).readBody());
    assert(error instanceof HttpError);
    assertEquals(error.status, 415);
    assertStringIncludes(error.message, "must be application/json");
    assertStringIncludes(error.headers.get("accept") ?? "", "application/json");
  }
  assertEquals(await post(FORM, "{=1").readBody(), { "{": "1" });
  assertEquals(await post(FORM, "%7B%7D").readBody(), { "{}": "" });
});

Deno.test("readBody() accepts no other charset than UTF-8", async () => {
  for (const charset of ["utf-8", "UTF8", '"utf-8"', "us-ascii"]) {
    const type = `application/json; charset=${charset}`;
    assertEquals(await post(type, "1").readBody(), 1, charset);
  }
  for (const charset of ["utf-16", "iso-8859-1", '"latin1"']) {
    for (const type of ["application/json", FORM]) {
      const ctx = post(`${type}; charset=${charset}`, "1");
      assertEquals(await readStatus(ctx.readBody()), 415, charset);
    }
  }
});

Deno.test("readBody() and readQuery() refuse limits that are none", async () => {
  const wrong = [-1, NaN, "1" as never, null as never];
  for (const key of ["maxBody", "maxFields", "bodyTimeout"] as const) {
    for (const limit of wrong) {
      const reading = () =>
        post(FORM, "").readBody(undefined, { [key]: limit });
      await assertRejects(reading, RangeError, key);
    }
  }
  // A timer of the platform would fire at once.
  await assertRejects(
    () => post(FORM, "").readBody(undefined, { bodyTimeout: 2 ** 31 }),
    RangeError,
    "bodyTimeout must be a number of milliseconds",
  );
  await assertRejects(
    () => post(FORM, "").readQuery(undefined, { maxFields: -1 }),
    RangeError,
    "maxFields",
  );
});

Deno.test("readQuery() answers 414 to too many parameters", async () => {
  const ask = (count: number) =>
    new Context(new Request(`http://host/?${"a&".repeat(count)}`), INFO);
  const { a } = await ask(1_000).readQuery();
  assertEquals(a?.length, 1_000);
  assertEquals(await readStatus(ask(1_001).readQuery()), 414);
  const few = { maxFields: 2 };
  assertEquals(await readStatus(ask(3).readQuery(undefined, few)), 414);
});

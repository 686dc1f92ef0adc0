import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { Listening, makeSchema, withString } from "../harness/mod.ts";
import { Context } from "./context.ts";
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
  assertEquals(await error.toResponse().json(), {
    error: "Cannot accept the body: at.name: must be a string",
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
  assertStringIncludes(await ask("{"), "400 Cannot read");
  assertStringIncludes(await ask(" ".repeat(101)), "413 Cannot read");
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

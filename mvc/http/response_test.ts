import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { status, toResponse } from "./response.ts";

const BYTES = "application/octet-stream";

const TEXT = "text/plain; charset=UTF-8";

const JSON_TYPE = "application/json";

async function show(result: unknown): Promise<unknown[]> {
  const response = toResponse(result);
  const type = response.headers.get("content-type");
  return [response.status, type, await response.text()];
}

Deno.test("toResponse() returns a Response as it is", () => {
  const response = new Response("x", { status: 418 });
  assertStrictEquals(toResponse(response), response);
});

Deno.test("toResponse() sends text, bytes and streams as they are", async () => {
  const bytes = new TextEncoder().encode("hi");
  assertEquals(await show("hi"), [200, TEXT, "hi"]);
  assertEquals(await show(""), [200, TEXT, ""]);
  assertEquals(await show(bytes), [200, BYTES, "hi"]);
  assertEquals(await show(bytes.buffer), [200, BYTES, "hi"]);
  assertEquals(await show(new DataView(bytes.buffer)), [200, BYTES, "hi"]);
  assertEquals(await show(new Blob([bytes]).stream()), [200, BYTES, "hi"]);
});

Deno.test("toResponse() sends bodies that Response accepts like Response", async () => {
  const blob = new Blob(["hi"], { type: "image/x" });
  assertEquals(await show(blob), [200, "image/x", "hi"]);
  assertEquals(await show(new URLSearchParams({ a: "1" })), [
    200,
    "application/x-www-form-urlencoded;charset=UTF-8",
    "a=1",
  ]);
  const form = new FormData();
  form.set("a", "1");
  assertEquals((await toResponse(form).formData()).get("a"), "1");
});

Deno.test("toResponse() answers 204 for no value", async () => {
  assertEquals(await show(undefined), [204, null, ""]);
  assertEquals(await show(null), [204, null, ""]);
});

Deno.test("toResponse() refuses what JSON would write as {}", () => {
  const bodies = [
    new Map([["a", 1]]),
    new Set([1]),
    Promise.resolve(1),
    (function* () {})(),
    /x/,
    { list: [new Map()] },
    { file: new Blob(["x"]) },
    [() => 1],
  ];
  for (const body of bodies) {
    assertThrows(() => toResponse(body), TypeError, "Cannot send a body ");
  }
});

Deno.test("toResponse() writes anything else as JSON", async () => {
  assertEquals(await show({ a: [1] }), [200, JSON_TYPE, '{"a":[1]}']);
  assertEquals(await show(0), [200, JSON_TYPE, "0"]);
  assertEquals(await show(false), [200, JSON_TYPE, "false"]);
  assertEquals(await show([]), [200, JSON_TYPE, "[]"]);
  assertThrows(() => toResponse(() => 1), TypeError);
  assertThrows(() => toResponse(Symbol("x")), TypeError);
  assertThrows(() => toResponse(1n), TypeError);
  const circle: unknown[] = [];
  circle.push(circle);
  assertThrows(() => toResponse(circle), TypeError);
});

Deno.test("toResponse() takes the status of a pair with an object", async () => {
  assertEquals(await show([201, { a: 1 }]), [201, JSON_TYPE, '{"a":1}']);
  assertEquals(await show([599, new Blob(["x"]).stream()]), [599, BYTES, "x"]);
  assertEquals(await show([202, undefined]), [202, null, ""]);
  const inner = new Response("x", { status: 200, headers: { "x-a": "1" } });
  const response = toResponse([203, inner]);
  assertEquals(response.status, 203);
  assertEquals(response.headers.get("x-a"), "1");
});

Deno.test("toResponse() writes lists of data as JSON, whatever their numbers are", async () => {
  const lists = [
    [250, 300],
    [404, 500],
    [200, null],
    [204, ""],
    [404, "Not Found"],
    [443, "https"],
    [201, true],
    [200, [200, 300]],
    [[201, { a: 1 }]],
    [199, { a: 1 }],
    [600, { a: 1 }],
    [200.5, { a: 1 }],
    ["200", { a: 1 }],
    [200],
    [200, 1, 2],
    [{ a: 1 }, 200],
  ];
  for (const list of lists) {
    assertEquals(await show(list), [200, JSON_TYPE, JSON.stringify(list)]);
  }
  for (const value of [204, 404, 0, -1, 1.5, true, false]) {
    assertEquals(await show(value), [200, JSON_TYPE, String(value)]);
  }
});

Deno.test("status() gives any body a status", async () => {
  const cases: [Response, unknown[]][] = [
    [status(201, { a: 1 }), [201, JSON_TYPE, '{"a":1}']],
    [status(201, [250, 300]), [201, JSON_TYPE, "[250,300]"]],
    [status(404, "none"), [404, TEXT, "none"]],
    [status(202, 5), [202, JSON_TYPE, "5"]],
    [status(202, new Uint8Array([104, 105])), [202, BYTES, "hi"]],
    [status(204), [204, null, ""]],
    [status(200), [200, null, ""]],
    [status(202, null), [202, null, ""]],
    [status(304, { a: 1 }), [304, null, ""]],
    [status(203, new Response("x")), [203, "text/plain;charset=UTF-8", "x"]],
  ];
  for (const [response, expected] of cases) {
    assertEquals(await show(response), expected);
  }
  for (const value of [199, 600, 101, 200.5, NaN, "200" as never]) {
    assertThrows(() => status(value), RangeError, "integer from 200 to 599");
  }
  assertThrows(() => status(200, Symbol("x")), TypeError);
});

Deno.test("status() replaces headers of the body, and keeps every cookie", () => {
  const body = new Response("<p>", { headers: { "set-cookie": "a=1" } });
  const { headers } = status(201, body, {
    headers: [["set-cookie", "b=2"], ["set-cookie", "c=3"], [
      "content-type",
      "text/html",
    ]],
  });
  assertEquals(headers.getSetCookie(), ["a=1", "b=2", "c=3"]);
  assertEquals(headers.get("content-type"), "text/html");
});

Deno.test("toResponse() drops the body of a status without one", async () => {
  for (const code of [204, 205, 304]) {
    assertEquals(await show([code, { a: 1 }]), [code, null, ""]);
  }
  let cancelled = false;
  const stream = new ReadableStream({ cancel: () => void (cancelled = true) });
  assertEquals(await show([304, stream]), [304, null, ""]);
  assertEquals(cancelled, true);
});

import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { toResponse } from "./response.ts";

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

Deno.test("toResponse() takes the status of a pair", async () => {
  assertEquals(await show([201, { a: 1 }]), [201, JSON_TYPE, '{"a":1}']);
  assertEquals(await show([404, "none"]), [404, TEXT, "none"]);
  assertEquals(await show([599, new Blob(["x"]).stream()]), [599, BYTES, "x"]);
  assertEquals(await show([202, undefined]), [202, null, ""]);
  assertEquals(await show([200, [200, 300]]), [200, JSON_TYPE, "[200,300]"]);
  const inner = new Response("x", { status: 200, headers: { "x-a": "1" } });
  const response = toResponse([203, inner]);
  assertEquals(response.status, 203);
  assertEquals(response.headers.get("x-a"), "1");
});

Deno.test("toResponse() does not treat other arrays as pairs", async () => {
  for (const list of [[199, 1], [600, 1], [200.5, 1], ["200", 1], [200]]) {
    assertEquals(await show(list), [200, JSON_TYPE, JSON.stringify(list)]);
  }
  assertEquals(await show([200, 1, 2]), [200, JSON_TYPE, "[200,1,2]"]);
});

Deno.test("toResponse() drops the body of a status without one", async () => {
  for (const status of [204, 205, 304]) {
    assertEquals(await show([status, { a: 1 }]), [status, null, ""]);
  }
  let cancelled = false;
  const stream = new ReadableStream({ cancel: () => void (cancelled = true) });
  assertEquals(await show([304, stream]), [304, null, ""]);
  assertEquals(cancelled, true);
});

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { EventError } from "./errors.ts";
import { Message, reply } from "./message.ts";
import type { StandardSchemaV1 } from "./body.ts";

Deno.test("Message sends strings as text, bytes as bytes, anything else as JSON", () => {
  const raw = (body: unknown) => new Message({ body: body as string });
  assertEquals(raw("text").body, "text");
  assertEquals(raw(undefined).body, "");
  assertEquals(raw({ a: 1 }).body, '{"a":1}');
  assertEquals(raw(null).body, "null");
  assertEquals(raw(0).body, "0");
  const bytes = new Uint8Array([1, 2, 3]);
  assertEquals(raw(bytes).body, bytes);
  assertEquals(raw(bytes).isBinary, true);
  assertEquals(raw(bytes.buffer).body, bytes);
  assertEquals(raw(new DataView(bytes.buffer, 1, 1)).body, new Uint8Array([2]));
  for (const body of [() => {}, Symbol("s")]) {
    assertThrows(() => raw(body), TypeError, "Cannot send a body of type");
  }
  assertThrows(() => raw(1n), TypeError);
  assertEquals(reply({ a: 1 }).body, '{"a":1}');
});

Deno.test("Message gives its body as text, bytes and JSON", () => {
  const text = new Message({ event: "e", body: '{"a":"ü"}' });
  const bytes = new Message({ event: "e", body: text.bytes() });
  assertEquals(bytes.text(), text.text());
  assertEquals(bytes.json(), { a: "ü" });
  assertEquals(new Message({ event: "e" }).json(), undefined);
  assertThrows(
    () => new Message({ event: "e", body: "{" }).json(),
    EventError,
    'Cannot read the body of event "e": it is not JSON',
  );
});

function schema(
  validate: StandardSchemaV1<unknown, number>["~standard"]["validate"],
): StandardSchemaV1<unknown, number> {
  return { "~standard": { version: 1, vendor: "test", validate } };
}

Deno.test("Message.parse() takes any Standard Schema, async ones too", async () => {
  const message = new Message({ event: "e", body: "21" });
  const double = (value: unknown) => ({ value: (value as number) * 2 });
  assertEquals(message.parse(schema(double)), 42);
  assertEquals(
    await message.parse(schema((value) => Promise.resolve(double(value)))),
    42,
  );
  const issues = [
    { message: "must be a string", path: ["user", { key: "name" }, 0] },
    { message: "and short" },
  ];
  const text =
    'Cannot accept the body of event "e": user.name.0: must be a string; and short';
  assertThrows(
    () => message.parse(schema(() => ({ issues }))),
    EventError,
    text,
  );
  await assertRejects(
    async () => await message.parse(schema(() => Promise.resolve({ issues }))),
    EventError,
    text,
  );
});

Deno.test("Message.parse() gives bytes to a schema that takes no JSON and no text", () => {
  const bytes = new Uint8Array([0x31, 0x32]);
  const message = new Message({ event: "e", body: bytes });
  const kinds: unknown[] = [];
  const length = message.parse(schema((value) => {
    kinds.push(value);
    return value instanceof Uint8Array
      ? { value: value.length }
      : { issues: [{ message: "should be bytes" }] };
  }));
  assertEquals(length, 2);
  assertEquals(kinds, [12, "12", bytes]);
});

Deno.test("Message.parse() waits for promises of any kind", async () => {
  const message = new Message({ event: "e", body: "1" });
  const refusal = { issues: [{ message: "never" }] };
  // The specification has no such promises; they are not results.
  const later: PromiseLike<typeof refusal> = {
    then: (resolve, reject) => Promise.resolve(refusal).then(resolve, reject),
  };
  await assertRejects(
    async () =>
      await message.parse(schema(() => later as Promise<typeof refusal>)),
    EventError,
    'Cannot accept the body of event "e": never',
  );
});

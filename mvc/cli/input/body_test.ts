import { assertEquals, assertRejects } from "@std/assert";
import { Failure } from "../failure.ts";
import { type BodySource, findOddJSON, readBody } from "./body.ts";

/** Makes a file, and standard input, of some bytes. */
function make(content: string | Uint8Array<ArrayBuffer>): BodySource {
  const bytes = typeof content === "string"
    ? new TextEncoder().encode(content)
    : content;
  return {
    readFile: () => Promise.resolve(bytes),
    readInput: () => Promise.resolve(bytes),
  };
}

Deno.test("readBody() sends texts as they are", async () => {
  for (const text of ["", "hello", '{"a": 1}', "a@b", "HEX:ff", "-x"]) {
    assertEquals(await readBody(text, make("")), text);
  }
  assertEquals(await readBody("text:@ann"), "@ann");
  assertEquals(await readBody("text:"), "");
});

Deno.test("readBody() reads bytes", async () => {
  assertEquals(await readBody("hex:00 FF\n0a"), Uint8Array.of(0, 255, 10));
  assertEquals(await readBody("base64:AP8="), Uint8Array.of(0, 255));
  assertEquals(await readBody("base64:_-8"), Uint8Array.of(255, 239));
  for (const wrong of ["hex:0", "hex:xy", "base64:*"]) {
    await assertRejects(() => readBody(wrong), Failure, "sends it as text");
  }
});

Deno.test("readBody() reads files and standard input: text if it is UTF-8", async () => {
  assertEquals(await readBody("@a", make("ž\r\n")), "ž\r\n");
  assertEquals(await readBody("-", make("ž\r\n")), "ž");
  assertEquals(await readBody("@-", make("a\n\n")), "a\n");
  const bytes = Uint8Array.of(255, 10);
  assertEquals(await readBody("@a", make(bytes)), bytes);
  assertEquals(await readBody("-", make(bytes)), bytes);
  // Lines that are typed have no standard input of their own.
  assertEquals(await readBody("-"), "-");
  await assertRejects(
    () => readBody("@no/such/file"),
    Failure,
    '"no/such/file" of the body: it is not there',
  );
});

Deno.test("findOddJSON() finds texts that only begin like JSON", () => {
  for (const fine of ["{}", " [1]", "hello {", "", Uint8Array.of(123)]) {
    assertEquals(findOddJSON(fine), undefined);
  }
  for (const odd of ["{a:1}", "[1,", "{'a': 1}"]) {
    assertEquals(typeof findOddJSON(odd), "string");
  }
});

import { assertEquals, assertThrows } from "@std/assert";
import { Failure } from "../failure.ts";
import { splitLine } from "./line.ts";

/** Splits a line, and leaves out where the words are. */
function split(line: string, count: number): [string[], string] {
  const { words, rest } = splitLine(line, count);
  return [words.map(({ text }) => text), rest];
}

Deno.test("splitLine() takes words, and leaves the rest as it is", () => {
  assertEquals(split("  emit  onSay  hello,  you ", 2), [
    ["emit", "onSay"],
    "hello,  you",
  ]);
  assertEquals(split(`ask onSave {"a": "b c"}`, 2)[1], `{"a": "b c"}`);
  assertEquals(split("join", 2), [["join"], ""]);
  assertEquals(split("", 2), [[], ""]);
  assertEquals(split(`emit on"say 'a`, 2), [["emit", `on"say`], "'a"]);
});

Deno.test("splitLine() reads words in quotes", () => {
  assertEquals(split(String.raw`join "a \"b\" ☃"`, 2)[0], [
    "join",
    `a "b" ☃`,
  ]);
  assertEquals(split(String.raw`join 'a \n "b"' x`, 2), [
    ["join", String.raw`a \n "b"`],
    "x",
  ]);
  assertEquals(split(`connect ""`, 2)[0], ["connect", ""]);
  assertThrows(
    () => split(`join "a b`, 2),
    Failure,
    'the quote " is not closed',
  );
  assertThrows(
    () => split(String.raw`join "\x"`, 2),
    Failure,
    "no string of JSON",
  );
});

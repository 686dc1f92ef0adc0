import { assertEquals } from "@std/assert";
import { splitKeys } from "./keys.ts";

/** Shows the parts: pasted ones in brackets. */
function split(text: string): string[] {
  return splitKeys(text).map(({ text, isPasted }) =>
    isPasted ? `[${text}]` : text
  );
}

Deno.test("splitKeys() tells keys from what is pasted", () => {
  const cases: [text: string, parts: string[]][] = [
    ["a", ["a"]],
    ["ž", ["ž"]],
    ["\t", ["\t"]],
    ["ab", ["[ab]"]],
    ["\x1b[A", ["\x1b[A"]],
    ["\x1b[1;5D", ["\x1b[1;5D"]],
    ["\x1bOH", ["\x1bOH"]],
    ["\x1bb", ["\x1bb"]],
    ["\x03", ["\x03"]],
    ["emit a\r", ["[emit a]", "\r"]],
    ["{\t1}\ny", ["{", "[\t]", "[1}]", "\n", "y"]],
    ["joi\t", ["[joi]", "\t"]],
    ["", []],
  ];
  for (const [text, parts] of cases) assertEquals(split(text), parts);
});

import { assertEquals } from "@std/assert";
import {
  type Declaration,
  type DocComment,
  ENTRIES,
  type EntryDoc,
  findDocFaults,
  readDocs,
} from "./docs.ts";

/** Makes the comment of an export that lacks nothing, or what is given. */
function comment(
  { doc = "Does it.", category = "Server", example = true }: {
    doc?: string;
    category?: string;
    example?: boolean;
  } = {},
): DocComment {
  const tags = [{ kind: "category", doc: category }];
  if (category === "") tags.pop();
  if (example) tags.push({ kind: "example", doc: "```ts\ndo();\n```" });
  return { doc, tags };
}

/** Makes an entry point whose only export is `doIt`, or has the given name. */
function entry(
  { name = "doIt", module = { doc: "```ts\ndo();\n```" }, ...declaration }:
    & Partial<Declaration>
    & { name?: string; module?: DocComment },
): EntryDoc {
  const location = { filename: "a.ts", line: 1 };
  const whole = { kind: "function", location, jsDoc: comment() };
  const declarations = [{ ...whole, ...declaration }];
  return { path: "mod.ts", module, symbols: [{ name, declarations }] };
}

Deno.test("findDocFaults() finds none in what has all", () => {
  assertEquals(findDocFaults([entry({})]), []);
});

Deno.test("findDocFaults() wants a comment, a known category, an example and a program", () => {
  const faults: [EntryDoc, string][] = [
    [entry({ jsDoc: comment({ doc: "" }) }), "doIt: no doc comment"],
    [entry({ jsDoc: comment({ category: "" }) }), "doIt: no @category"],
    [
      entry({ jsDoc: comment({ category: "Misc" }) }),
      'doIt: "Misc" is no category of tools/ok/docs.ts',
    ],
    [entry({ jsDoc: comment({ example: false }) }), "doIt: no @example"],
    [
      entry({ module: { doc: "Words." } }),
      "mod.ts: its @module comment has no program",
    ],
  ];
  for (const [doc, fault] of faults) {
    assertEquals(findDocFaults([doc]), [fault]);
  }
});

Deno.test("findDocFaults() wants no example of types, nor of what the compiler alone needs", () => {
  const jsDoc = comment({ example: false });
  const utility = comment({ example: false, category: "Type utilities" });
  assertEquals(findDocFaults([entry({ kind: "interface", jsDoc })]), []);
  assertEquals(findDocFaults([entry({ kind: "class", jsDoc: utility })]), []);
});

Deno.test("findDocFaults() wants a default of each option, and a unit of each time and size", () => {
  const number = { tsType: { repr: "number" } };
  const jsDoc = { doc: "How long.", tags: [{ kind: "default", value: "1" }] };
  const unreadable = { kind: "unsupported", value: "@default none" };
  const properties = [
    { ...number, name: "count", optional: true, jsDoc: { doc: "How many." } },
    { ...number, name: "timeout", optional: true, jsDoc },
    { name: "title", jsDoc: { doc: "A title.", tags: [unreadable] } },
    {
      ...number,
      name: "maxPayload",
      jsDoc: { doc: "How large. It is in bytes." },
    },
  ];
  const options = { kind: "interface", name: "ItOptions", def: { properties } };
  assertEquals(findDocFaults([entry(options)]), [
    "ItOptions: count has no @default {…}",
    "ItOptions: timeout has no unit (seconds) in its first sentence",
    "ItOptions: title has an unreadable tag: @default none",
    "ItOptions: maxPayload has no unit (bytes) in its first sentence",
  ]);
});

Deno.test("findDocFaults() wants one declaration for one name of two entry points", () => {
  const target = { filename: "a.ts", line: 1 };
  const other = { filename: "b.ts", line: 7 };
  const again = entry({ kind: "reference", def: { target } });
  assertEquals(findDocFaults([entry({}), again]), []);
  const another = entry({ kind: "reference", def: { target: other } });
  assertEquals(findDocFaults([entry({}), another]), [
    "doIt: one name for a.ts:1 and b.ts:7",
  ]);
});

Deno.test("Every export has a doc comment, a category, an example, its defaults and units", async () => {
  assertEquals(findDocFaults(await readDocs(ENTRIES)), []);
});

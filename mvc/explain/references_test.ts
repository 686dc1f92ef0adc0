import { assertEquals, assertThrows } from "@std/assert";
import { moveSchema } from "./references.ts";

const BASE = "#/components/schemas/a";

Deno.test("moveSchema() makes references lead to where the schema stands", () => {
  const schemas: [name: string, schema: object, moved: object][] = [
    ["a pointer", {
      $ref: "#/definitions/Node",
      definitions: { Node: { anyOf: [{ $ref: "#" }, true] } },
    }, {
      $ref: `${BASE}/definitions/Node`,
      definitions: { Node: { anyOf: [{ $ref: BASE }, true] } },
    }],
    ["a pointer to an odd name, encoded or not", {
      items: [{ $ref: "#/$defs/a~1b%20c" }, { $ref: "#/$defs/a 100%" }],
      $defs: { "a/b c": {}, "a 100%": {} },
    }, {
      items: [{ $ref: `${BASE}/$defs/a~1b%20c` }, {
        $ref: `${BASE}/$defs/a%20100%25`,
      }],
      $defs: { "a/b c": {}, "a 100%": {} },
    }],
    // As TypeBox writes a recursive type.
    ["the ID of a part", {
      properties: {
        "a b": { $id: "T0", properties: { all: { items: { $ref: "T0" } } } },
      },
    }, {
      properties: {
        "a b": {
          properties: {
            all: { items: { $ref: `${BASE}/properties/a%20b` } },
          },
        },
      },
    }],
    ["a pointer in a part with an ID", {
      $id: "https://example.com/a",
      items: {
        $id: "b",
        $ref: "#/definitions/c",
        definitions: { c: { $ref: "https://example.com/a" } },
      },
    }, {
      items: {
        $ref: `${BASE}/items/definitions/c`,
        definitions: { c: { $ref: BASE } },
      },
    }],
    ["an anchor", {
      items: [{ $ref: "#new" }, { $ref: "#old" }],
      $defs: { x: { $anchor: "new" }, y: { $id: "#old" } },
    }, {
      items: [{ $ref: `${BASE}/$defs/x` }, { $ref: `${BASE}/$defs/y` }],
      $defs: { x: {}, y: {} },
    }],
    ["another document", { $ref: "https://example.com/b#/c" }, {
      $ref: "https://example.com/b#/c",
    }],
    ["properties with the names of keywords", {
      properties: { $id: { type: "string" }, default: { $ref: "#" } },
    }, {
      properties: { $id: { type: "string" }, default: { $ref: BASE } },
    }],
    ["data that looks like a schema", {
      default: { $id: "a", $ref: "#/b" },
      enum: [{ $ref: "#/b" }],
    }, {
      default: { $id: "a", $ref: "#/b" },
      enum: [{ $ref: "#/b" }],
    }],
  ];
  for (const [name, schema, moved] of schemas) {
    assertEquals(moveSchema({ ...schema }, BASE), moved as unknown, name);
  }
});

Deno.test("moveSchema() refuses a reference to what the schema does not have", () => {
  for (const $ref of ["Node", "#node", "#/definitions/Node", "#/items/0"]) {
    assertThrows(
      () => moveSchema({ items: [{ $ref }].slice(1), not: { $ref } }, BASE),
      TypeError,
      `it refers to "${$ref}", which it does not have`,
    );
  }
});

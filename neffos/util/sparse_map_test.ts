import { assertEquals } from "@std/assert";
import { SparseMap } from "./sparse_map.ts";

Deno.test("SparseMap is a map, empty or not", () => {
  const map = new SparseMap<string, number>();
  assertEquals([map.has("a"), map.get("a"), map.delete("a")], [
    false,
    undefined,
    false,
  ]);
  assertEquals([map.keys(), map.values()], [[], []]);
  map.set("a", 1);
  map.set("b", 2);
  assertEquals([map.keys(), map.values()], [["a", "b"], [1, 2]]);
  assertEquals([map.delete("a"), map.has("a"), map.get("b")], [true, false, 2]);
  assertEquals([map.delete("b"), map.delete("b")], [true, false]);
  map.set("c", 3);
  assertEquals(map.keys(), ["c"]);
});

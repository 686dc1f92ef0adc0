import { assertEquals } from "@std/assert";
import { paramNamesOf } from "./pattern.ts";

Deno.test("paramNamesOf() names parameters as URLPattern does, in order", () => {
  // Each matches the path, so that URLPattern lists all of its groups.
  const cases: [pattern: string, path: string, names: string[]][] = [
    ["/", "/", []],
    ["/:b/:a", "/x/y", ["b", "a"]],
    ["/:id(\\d+)/*", "/1/y", ["id", "0"]],
    ["/:a(x(?:y)\\))/(z)", "/xy)/z", ["a", "0"]],
    ["/:a?/{:b}?", "/x/y", ["a", "b"]],
    ["/:a+/b", "/x/b", ["a"]],
    ["/a{/:b.x}*/:c", "/a/y.x/z", ["b", "c"]],
    ["/\\:x/:é1", "/:x/y", ["é1"]],
    ["/(a)?/*", "/a/y", ["0", "1"]],
    ["/:a*/:b", "/x/y", ["a", "b"]],
    ["/*.*", "/x.y", ["0", "1"]],
  ];
  for (const [pattern, path, names] of cases) {
    assertEquals(paramNamesOf(pattern), names, pattern);
    const found = new URLPattern({ pathname: pattern })
      .exec({ pathname: encodeURI(path) });
    const groups = Object.keys(found?.pathname.groups ?? { none: 1 });
    assertEquals(groups.toSorted(), names.toSorted(), pattern);
  }
});

import { assertEquals, assertThrows } from "@std/assert";
import { compilePattern, decodeGroups, isPattern } from "./pattern.ts";

const PATHS = [
  "/",
  "/users",
  "/users/1",
  "/users/1/x",
  "/users/1/x/y",
  "/users/caf%C3%A9",
  "/users/a.b-c",
  "/users//x",
  "/files/a/b",
  "/filesa",
  "/a+b/1",
  "/caf%C3%A9/1",
];

for (
  const pattern of [
    "/:a",
    "/users/:id",
    "/users/:id/:tab?",
    "/users/:id?",
    "/:a?/:b?",
    "/:a/:b/*",
    "/files/*",
    "/*",
    "/users//:x",
    "/café/:id",
    "/:é",
    "/users/:a-:b",
    "/users/:a.b-c",
    "/users/:id(\\d+)",
    "/users{/:id}?",
    "/users/:rest+",
    "/users/:rest*",
    "/*/x",
  ]
) {
  Deno.test(`compilePattern() matches "${pattern}" as URLPattern does`, () => {
    const match = compilePattern(pattern);
    const reference = new URLPattern({ pathname: pattern });
    const find = (pathname: string) => reference.exec({ pathname })?.pathname;
    for (const path of PATHS) {
      const expected = find(path) ??
        // A slash at the end makes no difference, to a wildcard neither.
        (pattern.endsWith("/*") ? find(`${path}/`) : undefined) ??
        (path === "/" ? find("") : undefined);
      assertEquals(
        match(path),
        expected && { ...expected.groups },
        path,
      );
    }
  });
}

Deno.test("compilePattern() takes a path with a slash at its end for the same", () => {
  for (
    const [pattern, path] of [
      ["/users/:id", "/users/1"],
      ["/users/:id/:tab?", "/users/1"],
      ["/users/:id(\\d+)", "/users/1"],
      ["/a{/:b}?", "/a"],
      ["/a/:rest+", "/a/1/2"],
    ] as const
  ) {
    const match = compilePattern(pattern);
    assertEquals(match(`${path}/`), match(path));
    assertEquals(match(path) !== undefined, true, pattern);
  }
});

Deno.test("compilePattern() gives a wildcard at the end the slash too", () => {
  assertEquals(compilePattern("/f/*")("/f/a/"), { 0: "a/" });
  assertEquals(compilePattern("/f/*")("/f/"), { 0: "" });
  assertEquals(compilePattern("/f/*")("/f"), { 0: "" });
  assertEquals(compilePattern("/f/:n(\\d+)/*")("/f/1"), { n: "1", 0: "" });
});

Deno.test("compilePattern() refuses what URLPattern refuses", () => {
  for (const pattern of ["/a(b", "/:a/:a", "/:", "/a{b", "/a?", "/a\\"]) {
    assertThrows(() => compilePattern(pattern), TypeError);
    assertEquals(isPattern(pattern), true);
  }
});

Deno.test("isPattern() tells exact paths from patterns", () => {
  for (const path of ["/", "/a/b.c", "/a+b", "/a-b_c", "/@x"]) {
    assertEquals(isPattern(path), false, path);
  }
});

Deno.test("decodeGroups() leaves out what the path left out", () => {
  assertEquals(decodeGroups({ a: "x%20y", b: undefined, c: "" }), {
    a: "x y",
    c: "",
  });
});

Deno.test("decodeGroups() names the parameter that it cannot decode", () => {
  assertThrows(
    () => decodeGroups({ id: "%zz" }),
    TypeError,
    'Cannot decode path parameter "id": "%zz" is not percent-encoded UTF-8',
  );
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  comparePatterns,
  compilePattern,
  decodeGroups,
  isPattern,
  listParams,
  type ParamsIn,
  type PathParams,
} from "./pattern.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends
  (<T>() => T extends B ? 1 : 2) ? true : false;

/** Compiles only if the two types are the same. */
function same<A, B>(_proof: Same<A, B>): void {}

/**
 * Checks `listParams()` and `URLPattern` against a list of parameters. It does
 * not compile if the types disagree with the list.
 *
 * @param path A path that fills all groups, so that `URLPattern` lists them.
 */
function agree<const Pattern extends string>(
  pattern: Pattern,
  path: string,
  params: ParamsIn<Pattern>,
): void {
  assertEquals(listParams(pattern), params, pattern);
  const found = new URLPattern({ pathname: pattern })
    .exec({ pathname: path });
  const groups = Object.keys(found?.pathname.groups ?? { none: 1 });
  const names = params.map(({ name }) => name);
  assertEquals(groups.toSorted(), names.toSorted(), pattern);
}

Deno.test("compilePattern() takes simple patterns where there is no URLPattern", () => {
  const simple = [
    "/",
    "/users/:id",
    "/users/:id(\\d+)/:rest*",
    "/a/:b(.*)/:c?",
    "/files/*",
    "/v1.0/caf%C3%A9",
  ];
  const compiled = simple.map(compilePattern);
  const { URLPattern } = globalThis;
  Object.assign(globalThis, { URLPattern: undefined });
  try {
    const path = "/users/7/x";
    for (const [i, pattern] of simple.entries()) {
      assertEquals(compilePattern(pattern)(path), compiled[i]!(path), pattern);
    }
    for (const pattern of ["/{a}?", "/é", "/:a/:a", "/:a((b))", "/(", "/a b"]) {
      assertThrows(
        () => compilePattern(pattern),
        TypeError,
        "without URLPattern, which this platform lacks",
      );
    }
  } finally {
    Object.assign(globalThis, { URLPattern });
  }
});

Deno.test("listParams(), ParamsIn and URLPattern agree on parameters and their order", () => {
  const must = <const Name extends string>(name: Name) =>
    ({ name, isOptional: false }) as const;
  const may = <const Name extends string>(name: Name) =>
    ({ name, isOptional: true }) as const;
  agree("/", "/", []);
  agree("/a/b", "/a/b", []);
  agree("/users/:id", "/users/1", [must("id")]);
  agree("/:b/:a", "/x/y", [must("b"), must("a")]);
  agree("/users/:id/:tab?", "/users/1/x", [must("id"), may("tab")]);
  agree("/:a-:b.json", "/x-y.json", [must("a"), must("b")]);
  agree("/:some+/:any*", "/x/y", [must("some"), may("any")]);
  agree("/:a+/b", "/x/b", [must("a")]);
  agree("/:a*/:b", "/x/y", [may("a"), must("b")]);
  // Names in any script, and escapes.
  agree("/\\:x/:é1", "/:x/y", [must("é1")]);
  agree("/:été/\\:a", "/x/:a", [must("été")]);
  // Groups without a name have numbers.
  agree("/files/*", "/files/a", [must("0")]);
  agree("/*.*", "/x.y", [must("0"), must("1")]);
  agree("/(a)?/*", "/a/y", [may("0"), must("1")]);
  agree("/:id(\\d+)/*", "/1/y", [must("id"), must("0")]);
  agree("/:n(\\d+)/(a|(?:b))/*", "/1/b/c", [must("n"), must("0"), must("1")]);
  agree("/:a(x(?:y)\\))/(z)", "/xy)/z", [must("a"), must("0")]);
  agree("/:a(\\d+)?/:b", "/1/x", [may("a"), must("b")]);
  // Braces.
  agree("/:a?/{:b}?", "/x/y", [may("a"), may("b")]);
  agree("/a{/:b/c}?/:d", "/a/x/c/y", [may("b"), must("d")]);
  agree("/a{/:b}/:d", "/a/x/y", [must("b"), must("d")]);
  agree("/a{/:b}+/:d", "/a/x/y", [must("b"), must("d")]);
  agree("/a{/:b.x}*/:c", "/a/y.x/z", [may("b"), must("c")]);
  agree("/a{/:b([^\\}]+)/c}?", "/a/1/c", [may("b")]);
  agree("/{a\\}/:b}?/:c", "/a}/x/y", [may("b"), must("c")]);
});

Deno.test("listParams() and ParamsIn end a name at the same ASCII characters", () => {
  // All but those with a meaning in the grammar.
  agree("/:a!b", "/x!b", [{ name: "a", isOptional: false }]);
  agree('/:a"b', '/x"b', [{ name: "a", isOptional: false }]);
  agree("/:a%25b", "/x%25b", [{ name: "a", isOptional: false }]);
  agree("/:a&b", "/x&b", [{ name: "a", isOptional: false }]);
  agree("/:a'b", "/x'b", [{ name: "a", isOptional: false }]);
  agree("/:a,b", "/x,b", [{ name: "a", isOptional: false }]);
  agree("/:a-b", "/x-b", [{ name: "a", isOptional: false }]);
  agree("/:a.b", "/x.b", [{ name: "a", isOptional: false }]);
  agree("/:a;b", "/x;b", [{ name: "a", isOptional: false }]);
  agree("/:a<b", "/x<b", [{ name: "a", isOptional: false }]);
  agree("/:a=b", "/x=b", [{ name: "a", isOptional: false }]);
  agree("/:a>b", "/x>b", [{ name: "a", isOptional: false }]);
  agree("/:a@b", "/x@b", [{ name: "a", isOptional: false }]);
  agree("/:a[b", "/x[b", [{ name: "a", isOptional: false }]);
  agree("/:a]b", "/x]b", [{ name: "a", isOptional: false }]);
  agree("/:a^b", "/x^b", [{ name: "a", isOptional: false }]);
  agree("/:a`b", "/x`b", [{ name: "a", isOptional: false }]);
  agree("/:a|b", "/x|b", [{ name: "a", isOptional: false }]);
  agree("/:a~b", "/x~b", [{ name: "a", isOptional: false }]);
  agree("/:a b", "/x b", [{ name: "a", isOptional: false }]);
  agree("/:$a_1b/c", "/x/c", [{ name: "$a_1b", isOptional: false }]);
});

Deno.test("PathParams is an object of the parameters", () => {
  same<PathParams<"/a/b">, Record<never, never>>(true);
  same<PathParams<"/users/:id">, { id: string }>(true);
  same<PathParams<"/users/:id/:tab?">, { id: string; tab?: string }>(true);
  same<PathParams<"/users/:id/:tab">, { id: string; tab?: string }>(false);
  same<PathParams<"/:a-:b.json">, { a: string; b: string }>(true);
  same<PathParams<"/:été/\\:a">, { été: string }>(true);
  same<PathParams<"/:some+/:any*">, { some: string; any?: string }>(true);
  same<PathParams<"/files/*">, { 0: string }>(true);
  same<PathParams<"*">, { 0: string }>(true);
  same<
    PathParams<"/:n(\\d+)/(a|(b))/*">,
    { n: string; 0: string; 1: string }
  >(true);
  same<PathParams<"/a{/:b/c}?/:d">, { b?: string; d: string }>(true);
  same<PathParams<"/a{/:b}/:d">, { b: string; d: string }>(true);
  same<PathParams<"/a{/:b}+/:d">, { b: string; d: string }>(true);
});

Deno.test("PathParams has any name if the pattern is not one literal", () => {
  same<PathParams<string>, Record<string, string>>(true);
  same<PathParams<`/x/${string}`>, Record<string, string>>(true);
});

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
    "/\\u:id",
    "/\\users/:id",
    "/:a\\*",
  ]
) {
  Deno.test(`compilePattern() matches "${pattern}" as URLPattern does`, () => {
    const match = compilePattern(pattern);
    const reference = new URLPattern({ pathname: pattern });
    const find = (pathname: string) => reference.exec({ pathname })?.pathname;
    for (const path of PATHS) {
      const expected = find(path) ??
        // A slash at the end makes no difference, also before a wildcard.
        (pattern.endsWith("/*") ? find(`${path}/`) : undefined) ??
        (path === "/" ? find("") : undefined);
      assertEquals(match(path), expected && { ...expected.groups }, path);
    }
  });
}

Deno.test("compilePattern() reads escapes as URLPattern does", () => {
  const paths = [
    ...["/xy)/z", "/xy/z", "/:x/1", "/a:b/1", "/a/1", "/1)", "/1", "/a"],
    ...["/ab-c", "/abc", "/-ab", "/ab", "/(a)/b", "/%7Ba%7D/b", "/a.b", "/a-b"],
  ];
  for (
    const pattern of [
      "/:a(x(?:y)\\))/(z)",
      "/\\:x/:y",
      "/a\\:b/:c",
      "/:a(\\d\\))",
      "/:a(\\(a\\))/:b",
      "/\\{a\\}/:b",
      "/:a(\\bab\\b.*)",
      "/:a(ab\\B.*)",
      "/:a(.*\\Bb)",
      "/:a(.*\\bc)",
      "/:a(a\\.b)",
      "/:a([\\w.]+)",
      "/:a(\\x61[\\-.]b)",
    ]
  ) {
    const match = compilePattern(pattern);
    const reference = new URLPattern({ pathname: pattern });
    const matched = paths.filter((path) => {
      const expected = reference.exec({ pathname: path })?.pathname.groups;
      assertEquals(match(path), expected && { ...expected }, pattern + path);
      return expected !== undefined;
    });
    assert(matched.length > 0, `nothing matches ${pattern}`);
  }
});

Deno.test("compilePattern() refuses back references, which cannot be matched in linear time", () => {
  for (const pattern of ["/:a/:b(\\1)", "/:a/:b(x\\k<a>)"]) {
    assertThrows(() => compilePattern(pattern), TypeError);
  }
});

Deno.test("compilePattern() ignores a slash at the end of a path", () => {
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

Deno.test("compilePattern() includes the slash in a wildcard at the end", () => {
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

Deno.test("comparePatterns() puts the more specific pattern first", () => {
  const sorted = [
    "/a/:b",
    "/:id(\\d+)/b",
    "/:id(\\d+)",
    "/:a/b",
    "/:a/:b",
    "/:a",
    "/:a?",
    "/*",
  ];
  const paths = sorted.toReversed().toSorted(comparePatterns);
  // Patterns that match no path in common stay in their order.
  assertEquals(paths.filter((path) => path.split("/").length === 3), [
    "/a/:b",
    "/:id(\\d+)/b",
    "/:a/b",
    "/:a/:b",
  ]);
  assertEquals(paths.filter((path) => path.split("/").length === 2), [
    "/:id(\\d+)",
    "/:a",
    "/:a?",
    "/*",
  ]);
});

Deno.test("decodeGroups() drops groups that the path left out", () => {
  assertEquals(decodeGroups({ a: "x%20y", b: undefined, c: "" }), {
    a: "x y",
    c: "",
  });
});

/** Makes numbers from 0 to below a limit, the same ones for each seed. */
function makeRandom(seed: number): (limit: number) => number {
  return (limit) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor(seed / 2 ** 31 * limit);
  };
}

Deno.test("compilePattern() finds what URLPattern finds, for 600 random patterns", () => {
  const random = makeRandom(4711);
  const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
  const atoms = ["a", "b", ".", "[ab]", "[^/]", "\\d", "-", "(?:a|ab)", "/"];
  const signs = ["", "", "?", "*", "+", "*?", "+?", "{2}", "{1,3}?", "{2,}"];
  const makeRegExp = (): string => {
    const parts = Array.from(
      { length: 1 + random(3) },
      () => pick(atoms) + pick(signs),
    );
    return `(${parts.join(pick(["", "", "|"]))})`;
  };
  let names = 0;
  const makeGroup = (): string =>
    pick([
      () => `:p${names++}`,
      () => `:p${names++}${makeRegExp()}`,
      makeRegExp,
      () => "*",
    ])();
  const makePart = (): string =>
    pick([
      () => pick(["/a", "/b", "/", "-", "b", "/ab"]),
      () => `/${makeGroup()}${pick(["", "", "?", "*", "+"])}`,
      makeGroup,
      () =>
        `{${pick(["/", "/a", "-", ""])}${makeGroup()}${pick(["", "b", "/"])}}${
          pick(["", "?", "*", "+"])
        }`,
      () => `{${pick(["/a", "b", "-"])}}${pick(["", "?", "*", "+"])}`,
    ])();
  let compared = 0;
  let found = 0;
  while (compared < 600) {
    names = 0;
    const pattern = `/${
      Array.from({ length: 1 + random(4) }, makePart).join("")
    }`.replaceAll("//", "/");
    // Here a slash at the end makes no difference for wildcards.
    if (pattern.endsWith("*")) continue;
    let reference: URLPattern;
    try {
      reference = new URLPattern({ pathname: `${pattern}{/}?` });
    } catch {
      continue;
    }
    compared++;
    const match = compilePattern(pattern);
    for (let i = 0; i < 20; i++) {
      const path = `/${
        Array.from(
          { length: random(9) },
          () => pick(["a", "b", "/", "-", "1", "ab"]),
        ).join("")
      }`;
      const expected = reference.exec({ pathname: path })?.pathname.groups;
      if (expected) found++;
      assertEquals(
        match(path),
        expected && { ...expected },
        `${pattern} ${path}`,
      );
    }
  }
  assert(found > 500, `only ${found} paths match`);
});

let count = 0;

for (
  const [pattern, path, matches] of [
    ["/:a+/x/:b+/x/:c+/y", "/x".repeat(4_000), false],
    ["/:a*/:b*/:c*/:d*/y", "/x".repeat(4_000), false],
    ["/:a*/:b*/:c*/:d*", "/x".repeat(4_000), true],
    ["/*/x/*/x/*/y", "/x".repeat(4_000), false],
    ["/*a*b*c*d", `/${"abc".repeat(2_700)}`, false],
    ["/:a-:b-:c-:d-:e/x", `/${"a-".repeat(4_000)}`, false],
    ["/:a((?:a+)+)", `/${"a".repeat(8_000)}!`, false],
    ["/:a((?:a|aa)+)-:b((?:a*)*)", `/${"a".repeat(8_000)}!`, false],
    ["/:a(.{1,200})/:b(.{1,200})/:c(.*)/y", "/x".repeat(4_000), false],
    ["/a{/:x-}*/{/:y-}*/z", `/a${"/a-".repeat(2_700)}`, false],
    [
      `${"/:p?".repeat(40).replace(/p/g, () => `p${count++}`)}/x`,
      "/y".repeat(40),
      false,
    ],
    ["/:a([^x]*x?[^x]*x?[^x]*)/y", `/${"z".repeat(8_000)}`, false],
  ] as const
) {
  // With a regular expression each would take from minutes to years.
  Deno.test(`compilePattern() matches ${path.length} characters against "${pattern.slice(0, 60)}" at once`, () => {
    assertEquals(compilePattern(pattern)(path) !== undefined, matches);
  });
}

Deno.test("compilePattern() refuses what has no linear time, or too many steps", () => {
  for (
    const [pattern, message] of [
      ["/:a((?<b>x))", "a group that is not written (?:…)"],
      ["/:a((?i:x))", "a group that is not written (?:…)"],
      ["/:a((?:a{1,90}){1,90})", "too large"],
    ] as const
  ) {
    assertThrows(() => compilePattern(pattern), TypeError, message);
  }
});

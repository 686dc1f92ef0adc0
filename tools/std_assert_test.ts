// What the tests of this repository rely on: true of `@std/assert` and of what stands in for it.

import {
  assert,
  assertAlmostEquals,
  assertArrayIncludes,
  assertEquals,
  assertExists,
  assertFalse,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  AssertionError,
  assertIsError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertNotInstanceOf,
  assertNotMatch,
  assertNotStrictEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  equal,
  fail,
  unreachable,
} from "@std/assert";
import { assertEquals as assertEqualsAlone } from "@std/assert/equals";

/** A failing check that does without the assertions under test. */
function check(condition: boolean, text: string): void {
  if (!condition) throw new Error(text);
}

/** Fails unless the function throws an AssertionError; returns its text. */
function failure(fn: () => unknown): string {
  try {
    fn();
  } catch (error) {
    check(error instanceof AssertionError, `not an AssertionError: ${error}`);
    return (error as AssertionError).message;
  }
  throw new Error(`did not fail: ${fn}`);
}

/** As failure(), for what fails later. */
async function failureLater(fn: () => Promise<unknown>): Promise<string> {
  try {
    await fn();
  } catch (error) {
    return failure(() => {
      throw error;
    });
  }
  throw new Error(`did not fail: ${fn}`);
}

class Point {
  readonly #secret: number;
  constructor(readonly x: number, secret = 0) {
    this.#secret = secret;
  }
  get hidden(): number {
    return this.#secret;
  }
}

class Bare {
  constructor(readonly x: number) {}
}

const ring: { self?: unknown } = {};
ring.self = ring;
const otherRing: { self?: unknown } = {};
otherRing.self = otherRing;
const same = () => {};
const symbol = Symbol("s");
const bytes = (...values: number[]) => new Uint8Array(values);
const { buffer } = bytes(1, 2);

const EQUAL: readonly (readonly [unknown, unknown])[] = [
  [1, 1],
  [NaN, NaN],
  [0, -0],
  ["a", "a"],
  [1n, 1n],
  [null, null],
  [undefined, undefined],
  [same, same],
  [{ a: 1, b: { c: [1] } }, { b: { c: [1] }, a: 1 }],
  [{ [symbol]: 1 }, { [symbol]: 1 }],
  [Object.create(null), {}],
  [[1, , 3], [1, , 3]],
  [new Date(5), new Date(5)],
  [new Date(NaN), new Date(NaN)],
  [/a/g, /a/g],
  [new URL("a:b"), new URL("a:b")],
  [new Map([["a", { b: 1 }]]), new Map([["a", { b: 1 }]])],
  [new Map([[1, 1], [2, 2]]), new Map([[2, 2], [1, 1]])],
  [new Map([[{ a: 1 }, 2]]), new Map([[{ a: 1 }, 2]])],
  [new Set([1, 2]), new Set([2, 1])],
  [new Set([{ a: 1 }]), new Set([{ a: 1 }])],
  [bytes(1, 2), bytes(1, 2)],
  [bytes(0, 1, 2).subarray(1), bytes(1, 2)],
  [buffer, bytes(1, 2).buffer],
  [new Float64Array([NaN]), new Float64Array([NaN])],
  [new Point(1), new Point(1)],
  [ring, otherRing],
];

const UNEQUAL: readonly (readonly [unknown, unknown])[] = [
  [1, 2],
  [1, "1"],
  [0, false],
  [null, undefined],
  [null, {}],
  [() => {}, () => {}],
  [{ a: 1 }, { a: 2 }],
  [{ a: 1 }, { a: 1, b: 2 }],
  [{ a: undefined }, {}],
  [{ a: undefined }, { b: undefined }],
  [{ [symbol]: 1 }, { [symbol]: 2 }],
  [[1, 2], [2, 1]],
  [[], {}],
  [new Date(5), new Date(6)],
  [/a/g, /a/i],
  [new URL("a:b"), new URL("a:c")],
  [new Map([["a", 1]]), new Map([["a", 2]])],
  [new Map([["a", undefined]]), new Map([["b", undefined]])],
  [new Map(), new Set()],
  [new Set([1, 2]), new Set([1, 3])],
  [new Set([{ a: 1 }]), new Set([{ a: 2 }])],
  [bytes(1, 2), bytes(1, 3)],
  [bytes(1, 2), bytes(1, 2, 3)],
  [bytes(1, 2), [1, 2]],
  [bytes(1, 2), new Int8Array([1, 2])],
  [buffer, bytes(1, 3).buffer],
  [new Point(1), { x: 1 }],
  [new Point(1), new Bare(1)],
  [new Point(1, 1), new Point(1, 2)],
  [new Error("a"), new Error("b")],
];

Deno.test("equal(), assertEquals() and assertNotEquals() agree on what is equal", () => {
  for (const [a, b] of EQUAL) {
    const text = Deno.inspect([a, b]);
    check(equal(a, b), `not equal: ${text}`);
    check(equal(b, a), `not equal the other way: ${text}`);
    assertEquals(a, b);
    assertEqualsAlone(a, b);
    failure(() => assertNotEquals(a, b));
  }
  for (const [a, b] of UNEQUAL) {
    const text = Deno.inspect([a, b]);
    check(!equal(a, b), `equal: ${text}`);
    check(!equal(b, a), `equal the other way: ${text}`);
    assertNotEquals(a, b);
    failure(() => assertEquals(a, b));
    failure(() => assertEqualsAlone(a, b));
  }
});

Deno.test("equal() refuses values that cannot be inspected", () => {
  for (const make of [() => new WeakMap(), () => new WeakSet()]) {
    assertThrows(() => equal(make(), make()), TypeError, "annot compare Weak");
  }
});

Deno.test("assertEquals() prints the difference and the caller's message", () => {
  const text = failure(() => assertEquals({ a: 1, b: 2 }, { a: 1, b: 3 }, "B"));
  check(text.startsWith("Values are not equal: B"), text);
  check(/^-.*b: 2,$/m.test(plain(text)), text);
  check(/^\+.*b: 3,$/m.test(plain(text)), text);
  check(!/^[-+].*a: 1/m.test(plain(text)), text);
  check(
    failure(() => assertEquals(1, 2)).startsWith("Values are not equal."),
    "",
  );
});

function plain(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/\x1b\[[\d;]*m/g, "");
}

Deno.test("assertStrictEquals() and assertNotStrictEquals() compare by Object.is()", () => {
  assertStrictEquals(NaN, NaN);
  assertStrictEquals(ring, ring);
  assertNotStrictEquals(0, -0);
  assertNotStrictEquals<unknown>({}, {});
  failure(() => assertStrictEquals(0, -0));
  failure(() => assertStrictEquals({}, {}));
  failure(() => assertStrictEquals("a", "b"));
  failure(() => assertNotStrictEquals(NaN, NaN));
});

Deno.test("assert() and assertFalse() check truthiness, and narrow", () => {
  const value = "a" as string | undefined;
  assert(value);
  const narrowed: string = value;
  assertFalse(narrowed === "");
  for (const falsy of [false, 0, 0n, "", null, undefined, NaN]) {
    assertFalse(falsy);
    check(failure(() => assert(falsy, "why")) === "why", "the text is kept");
  }
  for (const truthy of [true, 1, "0", [], {}]) {
    assert(truthy);
    check(failure(() => assertFalse(truthy, "why")) === "why", "text is kept");
  }
});

Deno.test("assertExists() refuses null and undefined only", () => {
  for (const value of [0, "", false, NaN]) assertExists(value);
  failure(() => assertExists(null));
  failure(() => assertExists(undefined));
});

Deno.test("assertInstanceOf() and assertNotInstanceOf() check instanceof, and narrow", () => {
  const value: unknown = new TypeError("t");
  assertInstanceOf(value, Error);
  const narrowed: Error = value;
  assertNotInstanceOf(narrowed, RangeError);
  failure(() => assertInstanceOf(value, RangeError));
  failure(() => assertInstanceOf(null, Error));
  failure(() => assertInstanceOf("t", String));
  failure(() => assertNotInstanceOf(narrowed, Error));
});

Deno.test("assertMatch(), assertNotMatch() and assertStringIncludes() search texts", () => {
  assertMatch("abc", /b/);
  assertNotMatch("abc", /d/);
  assertStringIncludes("abc", "bc");
  assertStringIncludes("abc", "");
  failure(() => assertMatch("abc", /d/));
  failure(() => assertNotMatch("abc", /b/));
  failure(() => assertStringIncludes("abc", "cb"));
});

Deno.test("assertArrayIncludes() finds equal elements in any order", () => {
  assertArrayIncludes([{ a: 1 }, { a: 2 }, { a: 3 }], [{ a: 3 }, { a: 1 }]);
  assertArrayIncludes([NaN], [NaN]);
  assertArrayIncludes(bytes(1, 2), bytes(2));
  assertArrayIncludes([1], []);
  failure(() => assertArrayIncludes([{ a: 1 }], [{ a: 2 }]));
  failure(() => assertArrayIncludes([1, 2], [2, 3]));
});

Deno.test("assertObjectMatch() allows more properties, at every depth", () => {
  assertObjectMatch({ a: 1, b: 2 }, { a: 1 });
  assertObjectMatch({ a: { b: 1, c: 2 } }, { a: { b: 1 } });
  assertObjectMatch({ a: [{ b: 1, c: 2 }] }, { a: [{ b: 1 }] });
  assertObjectMatch({ a: [1, 2] }, { a: [1] });
  assertObjectMatch({ a: new Set([1, 2]) }, { a: new Set([1]) });
  assertObjectMatch(
    { a: new Map([["b", { c: 1, d: 2 }]]) },
    { a: new Map([["b", { c: 1 }]]) },
  );
  assertObjectMatch({ a: new Point(1) }, { a: { x: 1 } });
  assertObjectMatch(ring as Record<string, unknown>, { self: { self: ring } });
  failure(() => assertObjectMatch({ a: 1 }, { a: 2 }));
  failure(() => assertObjectMatch({ a: 1 }, { a: 1, b: 2 }));
  failure(() => assertObjectMatch({ a: 1 }, { b: undefined }));
  failure(() => assertObjectMatch({ a: { b: 1 } }, { a: { b: 2 } }));
  failure(() => assertObjectMatch({ a: [1] }, { a: [1, 2] }));
  failure(() => assertObjectMatch({ a: [2, 1] }, { a: [1] }));
  failure(() => assertObjectMatch({ a: /b/g }, { a: /b/i }));
  failure(() => assertObjectMatch({ a: "b" }, { a: { b: 1 } }));
  failure(() => assertObjectMatch({ a: new Set([1]) }, { a: new Set([2]) }));
});

Deno.test("assertThrows() returns the error of the class and text", () => {
  const error = new TypeError("one two");
  const fn = () => {
    throw error;
  };
  check(assertThrows(fn) === error, "returned");
  check(assertThrows(fn, Error) === error, "of a class above");
  check(assertThrows(fn, TypeError, "two") === error, "with a text");
  check(
    assertThrows(() => {
      throw 5;
    }) === 5,
    "anything, without a class",
  );
  failure(() => assertThrows(() => {}));
  failure(() => assertThrows(fn, RangeError));
  failure(() => assertThrows(fn, TypeError, "three"));
  failure(() =>
    assertThrows(() => {
      throw { message: "one" };
    }, Error)
  );
  check(
    failure(() => assertThrows(() => {}, "why")).endsWith(": why"),
    "the caller's words",
  );
});

Deno.test("assertRejects() resolves to the error of the class and text", async () => {
  const error = new TypeError("one two");
  const fn = () => Promise.reject(error);
  check(await assertRejects(fn) === error, "returned");
  check(await assertRejects(fn, Error) === error, "of a class above");
  check(await assertRejects(fn, TypeError, "two") === error, "with a text");
  check(await assertRejects(() => Promise.reject(5)) === 5, "anything");
  await failureLater(() => assertRejects(() => Promise.resolve()));
  await failureLater(() => assertRejects(fn, RangeError));
  await failureLater(() => assertRejects(fn, TypeError, "three"));
  await failureLater(() => assertRejects(() => Promise.reject(5), Error));
});

Deno.test("assertRejects() refuses a function that throws, or returns no promise", async () => {
  await failureLater(() =>
    assertRejects(() => {
      throw new TypeError("at once");
    }, TypeError)
  );
  const none = (() => 5) as unknown as () => Promise<void>;
  await failureLater(() => assertRejects(none));
});

Deno.test("assertIsError() checks the class and the text", () => {
  const error = new TypeError("one two");
  assertIsError(error);
  assertIsError(error, TypeError, "two");
  assertIsError(error, Error, /^one/);
  failure(() => assertIsError("one two"));
  failure(() => assertIsError(error, RangeError));
  failure(() => assertIsError(error, TypeError, "three"));
  failure(() => assertIsError(error, TypeError, /^two/));
});

Deno.test("assertGreater() and its siblings compare", () => {
  assertGreater(2, 1);
  assertGreaterOrEqual(1, 1);
  assertLess(1, 2);
  assertLessOrEqual(1, 1);
  failure(() => assertGreater(1, 1));
  failure(() => assertGreaterOrEqual(0, 1));
  failure(() => assertLess(1, 1));
  failure(() => assertLessOrEqual(2, 1));
  failure(() => assertGreater(NaN, 1));
});

Deno.test("assertAlmostEquals() allows a ten-millionth, or the given tolerance", () => {
  assertAlmostEquals(0.1 + 0.2, 0.3);
  assertAlmostEquals(NaN, NaN);
  assertAlmostEquals(Infinity, Infinity);
  assertAlmostEquals(1, 1.5, 0.5);
  failure(() => assertAlmostEquals(1, 1.000001));
  failure(() => assertAlmostEquals(1, 1.5, 0.4));
  failure(() => assertAlmostEquals(1, NaN));
});

Deno.test("fail() and unreachable() throw with the caller's message", () => {
  check(failure(() => fail()) === "Failed assertion.", "no words");
  check(failure(() => fail("why")) === "Failed assertion: why", "words");
  check(failure(() => unreachable("why")) === "Unreachable: why", "words");
});

Deno.test("AssertionError is an error with a name and a cause", () => {
  const error = new AssertionError("text", { cause: 5 });
  check(error instanceof Error, "an error");
  check(error.name === "AssertionError", error.name);
  check(error.message === "text", error.message);
  check(error.cause === 5, "the cause");
});

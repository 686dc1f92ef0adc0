import { assert, assertEquals, assertThrows } from "@std/assert";
import * as errors from "./errors.ts";
import { UpgradeError } from "./upgrade_error.ts";

Deno.test("Each error class has its name, in the stack as well", () => {
  const { AskTimeoutError, CloseError, DialError, ...exports } = errors;
  const made: Error[] = [
    new AskTimeoutError("failed", 1),
    new CloseError(1011, "failed"),
    new DialError("ws://a.example/", "failed"),
    new UpgradeError(400, "failed"),
  ];
  for (const value of Object.values(exports)) {
    if (typeof value === "function" && value.prototype instanceof Error) {
      made.push(Reflect.construct(value, []));
    }
  }
  assertEquals(made.length, 11);
  for (const error of made) {
    const { name } = error.constructor;
    assertEquals(error.name, name);
    assert(error.stack?.startsWith(name), error.stack);
  }
});

Deno.test("CloseError takes only codes that a close frame may carry", () => {
  for (const code of [999, 5000, 1000.5, NaN, 1004, 1005, 1006, 1015]) {
    assertThrows(() => new errors.CloseError(code), RangeError, `${code}`);
  }
  assertEquals(new errors.CloseError(4999).code, 4999);
});

Deno.test("isInstance() says no of what cannot be examined", () => {
  const { proxy, revoke } = Proxy.revocable(new Error(), {});
  assertEquals(errors.isInstance(proxy, Error), true);
  revoke();
  assertEquals(errors.isInstance(proxy, Error), false);
  for (const value of [undefined, null, "Error", 1n, { name: "Error" }]) {
    assertEquals(errors.isInstance(value, Error), false);
  }
  assertEquals(errors.isInstance(new TypeError(), Error), true);
});

Deno.test("describe() shows a value, or its type", () => {
  for (
    const [value, text] of [
      ["a\n", '"a\\n"'],
      [1, "1"],
      [NaN, "NaN"],
      [true, "true"],
      [2n, "2"],
      [null, "null"],
      [undefined, "undefined"],
      [{}, 'a value of type "object"'],
      [[1], 'a value of type "object"'],
      [Symbol("s"), 'a value of type "symbol"'],
      [class Chat {}, "Chat"],
      [() => {}, 'a value of type "function"'],
    ] as const
  ) {
    assertEquals(errors.describe(value), text);
  }
});

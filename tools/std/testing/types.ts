/**
 * Stands in for `@std/testing/types`: assertions about types, made while they are checked.
 *
 * ```ts
 * import { assertType, type IsExact } from "@std/testing/types";
 *
 * const length = "abc".length;
 * assertType<IsExact<typeof length, number>>(true);
 * ```
 *
 * @module
 */

/**
 * Asserts that a type comes out as `true`, or as `false`.
 *
 * @param expectTrue What it comes out as.
 */
export function assertType<T extends boolean>(
  // deno-lint-ignore no-unused-vars
  expectTrue: T,
): void {}

/** Does not compile unless the type comes out as `true`. */
export type AssertTrue<T extends true> = never;

/** Does not compile unless the type comes out as `false`. */
export type AssertFalse<T extends false> = never;

/** Does not compile unless the type comes out as expected. */
export type Assert<T extends boolean, Expected extends T> = never;

/** Whether a type is `any`. */
export type IsAny<T> = 0 extends 1 & T ? true : false;

/** Whether a type is `never`. */
export type IsNever<T> = [T] extends [never] ? true : false;

/** Whether a type is `unknown`. */
export type IsUnknown<T> = unknown extends T ? [T] extends [null] ? false : true
  : false;

/** Whether `null` or `undefined` is among the members of a union. */
export type IsNullable<T> = Extract<T, null | undefined> extends never ? false
  : true;

/** Whether `U` is among the members of the union `T`. */
export type Has<T, U> = IsAny<T> extends true ? true
  : IsAny<U> extends true ? false
  : Extract<T, U> extends never ? false
  : true;

/** Whether `U` is not among the members of the union `T`. */
export type NotHas<T, U> = Has<T, U> extends true ? false : true;

/** Whether two types are the same: `any`, optional and readonly properties are told apart. */
export type IsExact<T, U> = IsSame<Flat<T>, Flat<U>>;

/** Two types are the same if the compiler cannot tell what depends on the one from what depends on the other. */
type IsSame<T, U> = (<X>() => X extends T ? 1 : 2) extends
  (<X>() => X extends U ? 1 : 2) ? true
  : false;

/** Makes one object type of an intersection, all the way down. */
type Flat<T> = IsAny<T> extends true ? T
  : T extends Record<PropertyKey, unknown> ? { [K in keyof T]: Flat<T[K]> }
  : T;

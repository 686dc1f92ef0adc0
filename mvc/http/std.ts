/**
 * What requests and responses take of `@std/http`. It is loaded when it is first
 * needed, so that a program that needs none of it does not need JSR.
 *
 * @module
 */

// @ts-ignore -- programs must pass type checking without the package
export { accepts } from "@std/http/negotiation";

/**
 * What requests and responses take of `@std/http`. It is loaded when it is first
 * needed, so that a program that needs none of it does not need JSR.
 *
 * @module
 */

// @ts-ignore -- programs must pass type checking without the package
export { setCookie } from "@std/http/cookie";
// @ts-ignore -- as above
export { accepts } from "@std/http/negotiation";
// @ts-ignore -- as above
export { ServerSentEventStream } from "@std/http/server-sent-event-stream";
// @ts-ignore -- as above
// deno-fmt-ignore -- the comment above is for one line
export { parseSignedCookie, signCookie, verifySignedCookie } from "@std/http/unstable-signed-cookie";

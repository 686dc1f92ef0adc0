/**
 * The test kit: clients of websocket controllers, and requests to HTTP
 * controllers, without a port and without waiting.
 *
 * `connectTest()` goes through the real route, middleware, guards and limits; only
 * the socket is one in memory. A test never sleeps: what waits ends when
 * nothing more happens.
 *
 * ```ts
 * import {
 *   Application,
 *   type Message,
 *   NSConn,
 *   Router,
 *   token,
 * } from "@neffos/mvc";
 * import { connectTest } from "@neffos/mvc/testing";
 * import { assertEquals } from "@std/assert";
 *
 * interface ChatEvents {
 *   onChat: { from: string; text: string };
 * }
 * const Censor = token<(text: string) => string>("Censor");
 *
 * class ChatController {
 *   static readonly namespace = "chat";
 *   static readonly inject = [NSConn, Censor] as const;
 *   constructor(
 *     readonly nsConn: NSConn<ChatEvents>,
 *     readonly censor: (text: string) => string,
 *   ) {}
 *   onSay(msg: Message<string>) {
 *     const body = { from: this.nsConn.id, text: this.censor(msg.text()) };
 *     this.nsConn.broadcastOthers("onChat", body);
 *   }
 * }
 *
 * // What the program has, with one service replaced.
 * await using app = new Application(new Router())
 *   .register(Censor, (text) => text);
 * app.handleWebsocket(ChatController);
 * app.override(Censor, (text) => text.toUpperCase());
 *
 * await using ann = await connectTest(app, ChatController);
 * await using bob = await connectTest(app, ChatController);
 * ann.emit("onSay", "hello");
 * const message = await bob.waitFor("onChat");
 * assertEquals(message.json(), { from: ann.id, text: "HELLO" });
 * await ann.expectNothing();
 * ```
 *
 * @module
 */

export { AssertionError } from "./assertion_error.ts";
export { TestClient, type TestClientOf } from "./client.ts";
export { connectTest } from "./connect.ts";
export { request, type TestRequestInit } from "./request.ts";
export type {
  ConnectTestOptions,
  EmitsOf,
  EntryOf,
  FetchHandler,
  ReceivedMessage,
  RequestTarget,
  TestEntryOptions,
  TestRequestOptions,
  TestTarget,
  WithBody,
} from "./types.ts";

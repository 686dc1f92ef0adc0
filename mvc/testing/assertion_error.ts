/**
 * What a test expected has not come true.
 *
 * @example
 * ```ts
 * import { Application, Router } from "@neffos/mvc";
 * import { AssertionError, connectTest } from "@neffos/mvc/testing";
 * import { assertRejects } from "@std/assert";
 *
 * class Silent {
 *   onSay() {}
 * }
 *
 * const app = new Application(new Router());
 * app.handleWebsocket(Silent);
 *
 * await using client = await connectTest(app, Silent);
 * client.emit("onSay");
 * await assertRejects(
 *   () => client.waitFor("onSaid"),
 *   AssertionError,
 *   "it has not come, and nothing more happens",
 * );
 * ```
 *
 * @category Testing
 */
export class AssertionError extends Error {
  /** The name of the class. */
  override name = "AssertionError";
}

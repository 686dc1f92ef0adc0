/**
 * The one door through which mvc/ takes what is not public. Everything else
 * that mvc/ needs of neffos comes from `mod.ts`.
 *
 * @module
 */

import { type Conn, portOf } from "./api/conn.ts";

export {
  assertMiddleware,
  findStaticOwner,
  isGenerator,
  isMeantAsField,
  listMethods,
  type Method,
} from "./controller/members.ts";
export { isInstance } from "./protocol/errors.ts";
export { beginsWith } from "./protocol/event_names.ts";
export {
  describeIssues,
  encodeJSON,
  isSchema,
  joinIssues,
} from "./protocol/body.ts";
export { writeError } from "./connection/faults.ts";
export { hasValidHost } from "./server/address.ts";
export { findUpgrade, takeHeaders } from "./server/handshake.ts";
export { ignoreRejection } from "./util/promises.ts";

/**
 * Reports an error of a connection to the `onError` hook of its server or
 * client.
 *
 * @param conn The connection.
 * @param error What was thrown.
 * @param source Where it was thrown.
 */
export function reportFault(
  conn: Conn,
  error: unknown,
  source: { readonly namespace: string; readonly event: string },
): void {
  portOf(conn).report(error, source);
}

/**
 * The one door through which mvc/ takes what is not public. Everything else
 * that mvc/ needs of neffos comes from `mod.ts`.
 *
 * @module
 */

import { type Conn, portOf } from "./api/conn.ts";
import type { Session } from "./connection/session.ts";
import { compileHandlers } from "./controller/compile.ts";
import type { Events, NamespaceSource } from "./controller/events.ts";
import { inspect, type Server } from "./server/server.ts";

export {
  findStaticOwner,
  listMethods,
  type Method,
  readNamespace,
  readSchemas,
  type Schemas,
} from "./controller/members.ts";
export {
  assertController,
  assertMiddleware,
  isGenerator,
  isMeantAsField,
  readOutputs,
} from "./controller/mistakes.ts";
export { isInstance } from "./protocol/errors.ts";
export {
  beginsWith,
  BUILT_IN,
  findBuiltInEvent,
} from "./protocol/event_names.ts";
export {
  describeIssues,
  encodeJSON,
  isSchema,
  joinIssues,
} from "./protocol/body.ts";
export { writeError } from "./connection/faults.ts";
export { hasValidHost } from "./server/upgrade/address.ts";
export { findUpgrade, takeHeaders } from "./server/upgrade/handshake.ts";
export {
  type InspectedConnection,
  type InspectedConnections,
  type InspectedPeer,
  Inspection,
} from "./server/inspection.ts";
export type { ServerHost } from "./server/host.ts";
export {
  type MemoryUpgrade,
  runMemoryUpgrade,
} from "./server/upgrade/memory_upgrade.ts";
export type { Session };
export {
  finishHandover,
  handOver,
  isHandedOver,
  makeUpgradeResponse,
} from "./transport/handover.ts";
export { assertDeno } from "./util/platform.ts";
export {
  callAsync,
  ignoreRejection,
  makeDeferred,
  runUnwatched,
} from "./util/promises.ts";

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

/**
 * Lists what a server handles events with.
 *
 * @param server The server.
 * @returns Its controllers and objects, none if it could not be made.
 */
export function sourcesOf(server: Server): readonly NamespaceSource[] {
  return inspect(server).host?.sources ?? [];
}

/**
 * Finds the session behind a connection.
 *
 * @param conn The connection.
 * @returns The session that it has now.
 */
export function sessionOf(conn: Conn): Session {
  // A Conn has no other port.
  return portOf(conn) as Session;
}

/**
 * Lets a client handle a namespace that its `dial()` was not given.
 *
 * @param conn The connection of the client.
 * @param namespace The namespace; one that is handled already keeps its events.
 * @param events The events.
 * @throws {TypeError} When the events are none, or the name has a lone surrogate.
 */
export function addNamespace(
  conn: Conn,
  namespace: string,
  events: Events,
): void {
  const { namespaces } = sessionOf(conn).host.handlers;
  if (namespaces.has(namespace)) return;
  const added = compileHandlers({ [namespace]: events }).namespaces;
  namespaces.set(namespace, added.get(namespace)!);
}

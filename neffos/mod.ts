/**
 * The websocket framework alone: server, client and protocol, without
 * controllers' services and without a router.
 *
 * ```ts
 * import { denoUpgrader, Server } from "@neffos/mvc/neffos";
 *
 * const server = new Server(denoUpgrader(), {
 *   chat: {
 *     onSay: (nsConn, msg) => nsConn.server.broadcast(nsConn, msg),
 *   },
 * });
 * const listener = Deno.serve(
 *   { port: 0, hostname: "127.0.0.1" },
 *   (request, info) => server.upgrade(request, info),
 * );
 *
 * // When the program ends:
 * await server.close();
 * await listener.shutdown();
 * ```
 *
 * @module
 */

export type { AskOptions } from "./_asks.ts";
export { UpgradeError } from "./_handshake.ts";
export type { Drops, FaultSource } from "./_host.ts";
export type { ServerHooks, ServerOptions } from "./_options.ts";
export type { Origins } from "./_origins.ts";
export type { RateLimit } from "./_rate.ts";
export type { ReconnectOptions } from "./_reconnect.ts";
export type { StandardSchemaV1 } from "./_standard_schema.ts";
export { Client, dial, type DialOptions } from "./client.ts";
export { Conn, type UpgradeRequest } from "./conn.ts";
export {
  AskTimeoutError,
  BadNamespaceError,
  BadRoomError,
  CloseError,
  ConnectionClosedError,
  EventError,
  InvalidPayloadError,
  LimitError,
  NeffosError,
  type NeffosErrorOptions,
} from "./errors.ts";
export {
  type Binding,
  type ConnHandler,
  type EventMiddleware,
  type Events,
  type HandlerSource,
  handlerSource,
  joinConnHandlers,
  type MessageHandler,
  type Namespaces,
  type NamespaceSource,
  type NextEvent,
  OnAnyEvent,
  OnNamespaceConnect,
  OnNamespaceConnected,
  OnNamespaceDisconnect,
  OnNativeMessage,
  OnRoomJoin,
  OnRoomJoined,
  OnRoomLeave,
  OnRoomLeft,
  type SourceHandler,
  type Timeouts,
  withTimeout,
} from "./events.ts";
export {
  type Body,
  Exclude,
  exclude,
  Message,
  type MessageInit,
  type RawBody,
  Reply,
  reply,
} from "./message.ts";
export { NSConn } from "./ns_conn.ts";
export { Room } from "./room.ts";
export { type Except, Server } from "./server.ts";
export {
  type CloseInfo,
  type Socket,
  type SocketAbilities,
  type SocketListener,
  socketPair,
} from "./socket.ts";
export type {
  DurationBucket,
  HandlerStats,
  MeasureOptions,
  ServerStats,
} from "./stats.ts";
export {
  type ControllerClass,
  type EventMatcher,
  eventPrefixMatcher,
  eventTrimPrefixMatcher,
  Struct,
  type StructOptions,
} from "./struct.ts";
export type * from "./typed_events.ts";
export {
  denoUpgrader,
  type DenoUpgraderOptions,
  type Upgraded,
  type Upgrader,
} from "./upgrader.ts";

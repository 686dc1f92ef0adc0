/**
 * {@linkcode dial}: a client for Deno, browsers, Node and Bun, on the
 * platform's WebSocket alone.
 *
 * ```ts ignore
 * import { dial } from "@neffos/mvc/client";
 *
 * const client = await dial("ws://localhost:8080/websocket_endpoint", {
 *   default: {
 *     onChat: (_nsConn, msg) => console.log(msg.text()),
 *   },
 * });
 * const nsConn = await client.connect("default");
 * nsConn.emit("onChat", "Hello from the client!");
 * await client.close();
 * ```
 *
 * @module
 */

export type { AskOptions } from "./api/ask_options.ts";
export { Conn } from "./api/conn.ts";
export { NSConn } from "./api/ns_conn.ts";
export { Room } from "./api/room.ts";
export type { FaultSource } from "./api/server_api.ts";
export type {
  AnswerOf,
  AnyEvents,
  BodyArgs,
  BodyOf,
  BuiltInMethod,
  EventInit,
  EventMethod,
  EventsOf,
  MessageParameter,
  NamespaceOf,
  OnMethod,
  SchemaOf,
  Transmitted,
} from "./api/typed_events.ts";
export { Client, dial } from "./client/client.ts";
export type { DialOptions } from "./client/dial.ts";
export type { ReconnectOptions } from "./client/reconnect.ts";
export {
  type Binding,
  type ConnHandler,
  type EventMiddleware,
  type Events,
  type HandlersOf,
  type HandlerSource,
  handlerSource,
  type MessageHandler,
  type Namespaces,
  type NamespaceSource,
  type NextEvent,
  type SourceHandler,
  type Timeouts,
} from "./controller/events.ts";
export { joinConnHandlers, withTimeout } from "./controller/sources.ts";
export {
  type ControllerClass,
  type EventMatcher,
  eventPrefixMatcher,
  eventTrimPrefixMatcher,
  Struct,
  type StructOptions,
} from "./controller/struct.ts";
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
} from "./protocol/errors.ts";
export {
  OnAnyEvent,
  OnNamespaceConnect,
  OnNamespaceConnected,
  OnNamespaceDisconnect,
  OnNativeMessage,
  OnRoomJoin,
  OnRoomJoined,
  OnRoomLeave,
  OnRoomLeft,
} from "./protocol/event_names.ts";
export {
  type Body,
  Exclude,
  exclude,
  Message,
  type MessageInit,
  type RawBody,
  Reply,
  reply,
} from "./protocol/message.ts";
export type { StandardSchemaV1 } from "./protocol/schema.ts";
export { socketPair } from "./transport/memory.ts";
export type {
  CloseInfo,
  Socket,
  SocketAbilities,
  SocketListener,
} from "./transport/socket.ts";
export type { UpgradeRequest } from "./transport/upgrader.ts";

/**
 * The websocket framework alone: server, client and protocol, without
 * services and without a router. For a program that has an HTTP framework
 * already.
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

export type { AskOptions, EntryOptions } from "./api/ask_options.ts";
export { Conn } from "./api/conn.ts";
export { NSConn } from "./api/ns_conn.ts";
export { Room } from "./api/room.ts";
export {
  Presence,
  type PresenceEntry,
  type PresenceListener,
} from "./api/presence.ts";
export type {
  Answer,
  AskManyOptions,
  CountOptions,
  DisconnectOptions,
  Except,
  FaultSource,
  ServerApi,
  ServerHooks,
} from "./api/server_api.ts";
export type {
  Drops,
  DurationBucket,
  ExchangeStats,
  HandlerStats,
  MeasureOptions,
  ServerStats,
} from "./api/stats.ts";
export type {
  AnswerOf,
  AnyEvents,
  BodyArgs,
  BodyOf,
  BuiltInMethod,
  ConnectArgs,
  ConnectBodyOf,
  EventInit,
  EventMethod,
  EventsOf,
  MessageParameter,
  NamespaceOf,
  OnMethod,
  SchemaOf,
  Transmitted,
} from "./api/typed_events.ts";
export { Client, dial } from "./client.ts";
export type {
  DialAttempt,
  DialOptions,
  DialURL,
  ForEachAttempt,
} from "./client/dial.ts";
export type { ReconnectOptions } from "./client/reconnect.ts";
export type {
  ConnectionLimits,
  HeartbeatOptions,
} from "./connection/limits.ts";
export type {
  BareClass,
  Binding,
  ConnHandler,
  EventMiddleware,
  Events,
  HandlersOf,
  HandlerSource,
  MessageHandler,
  Namespaces,
  NamespaceSource,
  NextEvent,
  SourceHandler,
  Timeouts,
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
export { Emitter, type EmitterOptions } from "./exchange/emitter.ts";
export { memoryExchange } from "./exchange/engines/memory.ts";
export {
  type NatsConnection,
  natsExchange,
  type NatsExchangeOptions,
  type NatsSubscription,
} from "./exchange/engines/nats.ts";
export {
  redisExchange,
  type RedisExchangeOptions,
} from "./exchange/engines/redis.ts";
export type {
  IoRedisClient,
  NodeRedisClient,
} from "./exchange/engines/redis_drivers.ts";
export { workersExchange } from "./exchange/engines/workers.ts";
export {
  type ChannelOptions,
  type ExchangeData,
  ExchangeError,
  type ExchangeGap,
  type ExchangeHeartbeat,
  type ExchangeListener,
  type ExchangeObserver,
  type ExchangeOptions,
  type StackExchange,
} from "./exchange/stack_exchange.ts";
export {
  AskTimeoutError,
  BadNamespaceError,
  BadRoomError,
  type CheckedErrorClass,
  CloseError,
  ConnectionClosedError,
  type ConnectionClosedErrorOptions,
  DialError,
  type DialErrorOptions,
  EventError,
  InvalidPayloadError,
  type KnownErrorClass,
  LimitError,
  NeffosError,
  type NeffosErrorOptions,
  registerError,
} from "./protocol/errors.ts";
export { UpgradeError } from "./protocol/upgrade_error.ts";
export {
  handlerSource,
  isSystemEvent,
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
export type { BodyCodec, StandardSchemaV1 } from "./protocol/body.ts";
export {
  decode,
  type Encodable,
  encode,
  type NativeMode,
} from "./protocol/codec.ts";
export type { ServerOptions } from "./server/options.ts";
export type { Origins } from "./server/upgrade/origins.ts";
export type { RateLimit } from "./server/rate_limit.ts";
export { type AcceptOptions, Server } from "./server/server.ts";
export { traceEvents, type TraceOptions } from "./tracing/trace_events.ts";
export type { EventTracing } from "./connection/tracing.ts";
export type { RemoteContext } from "./tracing/spans.ts";
export type {
  OtelApi,
  OtelAttributes,
  OtelSpan,
  OtelSpanContext,
  OtelSpanOptions,
  OtelTracer,
} from "./tracing/otel.ts";
export { socketPair } from "./transport/socket.ts";
export type {
  CloseInfo,
  Socket,
  SocketAbilities,
  SocketListener,
} from "./transport/socket.ts";
export {
  denoUpgrader,
  type DenoUpgraderOptions,
  type RequestHandler,
  type Upgraded,
  type Upgrader,
} from "./transport/upgrader.ts";
export type {
  PeerAddress,
  UpgradeRequest,
} from "./transport/upgrade_request.ts";
export {
  type BunServer,
  type BunSocketData,
  type BunUpgrader,
  bunUpgrader,
  type BunUpgraderOptions,
  type BunWebSocket,
  type BunWebSocketHandler,
} from "./transport/bun.ts";
export {
  type WsServer,
  wsUpgrader,
  type WsUpgraderOptions,
  type WsWebSocket,
} from "./transport/ws.ts";

/**
 * The web side alone: router, services and HTTP controllers, and what mounts a
 * websocket server on a route. The server itself is in `@neffos/mvc/neffos`.
 *
 * ```ts
 * import { Application, Router } from "@neffos/mvc/mvc";
 *
 * class GreetingController {
 *   getBy(name: string) {
 *     return `Hello ${name}`;
 *   }
 * }
 *
 * const router = new Router();
 * new Application(router.party("/greetings")).handle(GreetingController);
 * const options = { port: 0, hostname: "127.0.0.1" };
 * const listener = Deno.serve(options, router.handler);
 *
 * // When the program ends:
 * await listener.shutdown();
 * ```
 *
 * @module
 */

export {
  Application,
  type BuiltIn,
  type CheckedController,
  type HttpBuiltIn,
  type LifeOf,
  type PerConnection,
} from "./application.ts";
export { clientScript, type ClientScriptOptions } from "./client_script.ts";
export type {
  CheckedClass,
  CheckedDeps,
  CheckedFactory,
  CheckedMaker,
  CheckedOverride,
  CheckedTarget,
  ClassFault,
  DepFault,
  Exactly,
  ExactlyEach,
  FactoryOf,
  Maker,
  OneOf,
  RestOf,
  StandInOf,
} from "./container/checks.ts";
export {
  type CompileOptions,
  Container,
  type ContainerOptions,
} from "./container/container.ts";
export { DependencyError, type GraphEntry } from "./container/graph.ts";
export type {
  Bundle,
  CompileTarget,
  Plan,
  ResultOf,
} from "./container/plan.ts";
export type { Factory, ServiceKind } from "./container/provider.ts";
export type { Scope } from "./container/scope.ts";
export {
  type ClassToken,
  type Constructor,
  type Dependency,
  type Optional,
  optional,
  type ServiceOf,
  type ServicesOf,
  type ServiceToken,
  type Token,
  token,
  type TokenBrand,
} from "./container/tokens.ts";
export type {
  CheckedHttpController,
  ConnectionFaults,
  EventFaults,
  RouteFaults,
} from "./controller/checks.ts";
export type {
  AfterActivation,
  BeforeActivation,
  ControllerRoute,
  ControllerRoutes,
  RouteOptions,
} from "./controller/http_controller.ts";
export {
  asyncapi,
  type AsyncApiDocument,
  type AsyncApiOptions,
  type AsyncApiServer,
} from "./explain/asyncapi.ts";
export type { Explanation } from "./explain/explanation.ts";
export type {
  ControllerExplanation,
  EmittedExplanation,
  EndpointExplanation,
  EventExplanation,
  ExplanationParts,
  NamespaceExplanation,
  ParamExplanation,
  RouteExplanation,
  ServiceExplanation,
} from "./explain/parts.ts";
export type {
  ExplainOptions,
  JsonSchema,
  SchemaExplanation,
  SchemaUse,
} from "./explain/schema.ts";
export type { InputLimits } from "./http/body.ts";
export {
  Context,
  type ContextOptions,
  type ReadBodyOptions,
  type ReadQueryOptions,
  type SentCallback,
} from "./http/context.ts";
export type {
  CookieKeys,
  CookieOptions,
  Cookies,
  DeleteCookieOptions,
} from "./http/cookies.ts";
export { dashboard, type DashboardOptions } from "./dashboard/dashboard.ts";
export {
  type ErrorFormat,
  HttpError,
  type HttpErrorOptions,
  type ProblemDetails,
} from "./http/http_error.ts";
export { status, type StatusOptions } from "./http/response.ts";
export {
  type ServerSentEvent,
  serverSentEvents,
  type ServerSentEventsOptions,
} from "./http/server_sent_events.ts";
export { metricsHandler } from "./metrics.ts";
export type {
  ErrorHook,
  Middleware,
  Next,
  RouteHandler,
  RouteHandlers,
} from "./router/handlers.ts";
export { Party } from "./router/party.ts";
export type { PathParams } from "./router/pattern.ts";
export {
  type ListenOptions,
  type RouteInfo,
  Router,
  type RouterOptions,
} from "./router/router.ts";
export type { DirOptions } from "./router/static_folder.ts";
export {
  contextOf,
  websocketHandler,
  type WebsocketHandlerOptions,
} from "./websocket.ts";

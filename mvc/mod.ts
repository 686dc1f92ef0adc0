/**
 * The web side alone: router, container and controllers.
 *
 * @module
 */

export { Application } from "./application.ts";
export type * from "./_controller_checks.ts";
export * from "./container.ts";
export {
  Context,
  type ContextOptions,
  type ReadBodyOptions,
} from "./context.ts";
export type * from "./controller.ts";
export { HttpError, type HttpErrorOptions } from "./http_error.ts";
export { metricsHandler } from "./metrics.ts";
export * from "./router.ts";
export { contextOf, websocketHandler } from "./websocket.ts";

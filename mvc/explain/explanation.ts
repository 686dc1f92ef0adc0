/**
 * {@linkcode Explanation}: what an application consists of, as a value.
 *
 * @module
 */

import type {
  ControllerExplanation,
  EndpointExplanation,
  ExplanationParts,
  NamespaceExplanation,
  RouteExplanation,
  ServiceExplanation,
} from "./parts.ts";
import { writeExplanation } from "./text.ts";

/**
 * What an application consists of, as `app.explain()` returns it. Its fields are
 * plain: `JSON.stringify()` takes all of it. As a string, and printed by
 * `console.log()`, it is a text for people.
 *
 * @example
 * ```ts
 * import { Application, NSConn, Router } from "@neffos/mvc";
 * import { assertEquals } from "@std/assert";
 *
 * class ChatController {
 *   static readonly namespace = "chat";
 *   static readonly inject = [NSConn] as const;
 *   constructor(readonly nsConn: NSConn) {}
 *   onSay() {}
 * }
 *
 * const app = new Application(new Router());
 * app.handleWebsocket(ChatController);
 * const { controllers } = app.explain();
 * assertEquals(controllers, [{
 *   name: "ChatController",
 *   kind: "websocket",
 *   life: "connection",
 *   deps: ["NSConn"],
 * }]);
 * ```
 *
 * @category Observability
 */
export class Explanation implements ExplanationParts {
  /** The namespaces of the servers, or of the applications without one. */
  readonly namespaces: readonly NamespaceExplanation[];
  /** The websocket endpoints of the router. */
  readonly endpoints: readonly EndpointExplanation[];
  /** The routes of the router, in order of registration. */
  readonly routes: readonly RouteExplanation[];
  /** The controllers: those of the namespaces, then those of the routes. */
  readonly controllers: readonly ControllerExplanation[];
  /** The services; of those that are built in, the ones that something injects. */
  readonly services: readonly ServiceExplanation[];

  /** @ignore Made by `app.explain()`. */
  constructor(parts: ExplanationParts) {
    this.namespaces = parts.namespaces;
    this.endpoints = parts.endpoints;
    this.routes = parts.routes;
    this.controllers = parts.controllers;
    this.services = parts.services;
  }

  /**
   * Writes it for people.
   *
   * @returns Lines of text, without a line feed at the end.
   */
  toString(): string {
    return writeExplanation(this);
  }

  /** @ignore What `console.log()` prints, in Deno, Node and Bun. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/**
 * What an explanation consists of.
 *
 * @module
 */

import type { GraphEntry } from "../container/graph.ts";
import type { RouteInfo } from "../router/router.ts";
import type { SchemaExplanation } from "./schema.ts";

/**
 * A namespace.
 *
 * @category Observability
 */
export interface NamespaceExplanation {
  /** The name; empty for the empty namespace. */
  readonly name: string;
  /** The paths of the endpoints that lead to it. */
  readonly endpoints: readonly string[];
  /** The names of its controllers. */
  readonly controllers: readonly string[];
  /** The events that it handles, those of all its controllers. */
  readonly events: readonly EventExplanation[];
  /** The events that it sends, as `static emits` of its controllers lists them. */
  readonly emits: readonly EmittedExplanation[];
}

/**
 * An event that a namespace handles.
 *
 * @category Observability
 */
export interface EventExplanation {
  /** The name on the wire, such as `onChat` or `_OnRoomJoin`. */
  readonly name: string;
  /** Whether it is one of the built-in events. */
  readonly isBuiltIn: boolean;
  /** The name of the controller, unless an object of functions handles it. */
  readonly controller?: string;
  /** The name of its method, or of the function. */
  readonly method: string;
  /** The names of its middleware, that of the application first. */
  readonly middleware: readonly string[];
  /** The schema of its body, where `static events` has one. */
  readonly schema?: SchemaExplanation;
  /** The schema of its answer, where `static answers` has one. */
  readonly answer?: SchemaExplanation;
}

/**
 * An event that a namespace sends to its clients.
 *
 * @category Observability
 */
export interface EmittedExplanation {
  /** The name on the wire. */
  readonly name: string;
  /** The schema of its body. */
  readonly schema: SchemaExplanation;
}

/**
 * A controller.
 *
 * @category Observability
 */
export interface ControllerExplanation {
  /** The name of its class. */
  readonly name: string;
  /** Whether its methods are events or routes; a class with both has two entries. */
  readonly kind: "websocket" | "http";
  /**
   * How many instances there are: one (`"shared"`), or one for each connection in
   * its namespace or for each request.
   */
  readonly life: "shared" | "connection" | "request";
  /** The names of its services; an optional one ends in `?`. */
  readonly deps: readonly string[];
}

/**
 * A websocket endpoint.
 *
 * @category Observability
 */
export interface EndpointExplanation {
  /** The path of its route, as it was registered. */
  readonly path: string;
  /** Its namespaces; none for a server without handlers of the application. */
  readonly namespaces: readonly string[];
}

/**
 * A route of the router.
 *
 * @category Observability
 */
export interface RouteExplanation extends RouteInfo {
  /** The name of the controller, if the route is one of its methods. */
  readonly controller?: string;
  /** The parameters of the path, in their order. */
  readonly params: readonly ParamExplanation[];
  /** The names of its middleware, that of the router first. */
  readonly middleware: readonly string[];
  /** The schema of the body. */
  readonly body?: SchemaExplanation;
  /** The schema of the query. */
  readonly query?: SchemaExplanation;
}

/**
 * A parameter of a path.
 *
 * @category Observability
 */
export interface ParamExplanation {
  /** The name; a number for a group without one. */
  readonly name: string;
  /** The type: what stands in a path is a string. */
  readonly type: "string";
  /** Whether it may be missing. */
  readonly isOptional: boolean;
  /** The regular expression that it matches, if it has one. */
  readonly pattern?: string;
}

/**
 * A service.
 *
 * @category Observability
 */
export interface ServiceExplanation extends GraphEntry {
  /** The names of the controllers and services that inject it. */
  readonly neededBy: readonly string[];
}

/**
 * The fields of an `Explanation`, as they are after `JSON.parse()`.
 *
 * @category Observability
 */
export interface ExplanationParts {
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
}

/**
 * Explains the parts of applications.
 *
 * @module
 */

import {
  BUILT_IN,
  findBuiltInEvent,
  readOutputs,
  readSchemas,
  type Schemas,
  sourcesOf,
} from "../../neffos/internal.ts";
import type {
  EventMiddleware,
  NamespaceSource,
  Server,
} from "../../neffos/mod.ts";
import { type Container, registryOf } from "../container/container.ts";
import { readTarget } from "../container/plan.ts";
import type { Provider } from "../container/provider.ts";
import type { Registry } from "../container/registry.ts";
import {
  type Dependency,
  describeDep,
  isConstructor,
  readName as readTokenName,
  type ServiceToken,
  unwrapOptional,
} from "../container/tokens.ts";
import {
  describeController,
  findHandledRoute,
} from "../controller/activation.ts";
import { Context } from "../http/context.ts";
import { describeParams } from "../router/pattern.ts";
import type { Route } from "../router/route_table.ts";
import { listMiddleware, readName } from "../router/text.ts";
import { findServer } from "../websocket.ts";
import { Explanation } from "./explanation.ts";
import type {
  ControllerExplanation,
  EmittedExplanation,
  EventExplanation,
  NamespaceExplanation,
  RouteExplanation,
  ServiceExplanation,
} from "./parts.ts";
import {
  type ExplainOptions,
  explainSchema,
  type SchemaUse,
} from "./schema.ts";

/** An application, as far as it is explained. */
export interface ExplainedApplication {
  readonly container: Container<ServiceToken>;
  /** The controllers of its namespaces. */
  readonly sources: readonly NamespaceSource[];
  /** The server whose handler it is. */
  readonly server: Server | undefined;
}

/** What is explained. */
export interface Explained extends ExplainOptions {
  /** An application and its child applications. */
  readonly applications: readonly ExplainedApplication[];
  /** All routes of their router. */
  readonly routes: readonly Route[];
  /** The tokens that a program did not register. */
  readonly builtIn: ReadonlySet<ServiceToken>;
}

/**
 * Explains applications and the router that they are on.
 *
 * @throws {TypeError} If a controller has the same event twice, or a schema
 * cannot be converted.
 */
export function explain(explained: Explained): Explanation {
  const { applications, routes } = explained;
  const namespaces = explainNamespaces(explained);
  const needs = [
    ...applications.flatMap(listWebsocketNeeds),
    ...listHttpNeeds(routes),
  ];
  return new Explanation({
    namespaces: namespaces.map(({ explanation }) => explanation),
    endpoints: routes.flatMap(({ path, handler }) => {
      const server = findServer(handler);
      return server === undefined ? [] : {
        path,
        namespaces: namespaces.filter((each) => each.server === server)
          .map(({ explanation }) => explanation.name),
      };
    }),
    routes: routes.map((route) => explainRoute(route, explained)),
    controllers: needs.map(({ name, kind, life, deps }) => ({
      name,
      kind,
      life,
      deps: deps.map(describeDep),
    })),
    services: explainServices(explained, needs),
  });
}

interface ServedNamespace {
  readonly server: Server | undefined;
  readonly explanation: NamespaceExplanation;
}

function explainNamespaces(explained: Explained): ServedNamespace[] {
  const groups = new Map<object, ExplainedApplication>();
  for (const application of explained.applications) {
    const { server } = application;
    // A server has the namespaces of several applications, and of objects.
    const sources = server === undefined ? [] : sourcesOf(server);
    if (sources.length === 0) groups.set(application, application);
    else groups.set(server!, { ...application, sources });
  }
  return [...groups.values()].flatMap(({ server, sources }) => {
    const endpoints = explained.routes
      .filter(({ handler }) => server && findServer(handler) === server)
      .map(({ path }) => path);
    const names = new Set(sources.map(({ namespace }) => namespace));
    return Array.from(names, (name) => {
      const own = sources.filter(({ namespace }) => namespace === name);
      return {
        server,
        explanation: {
          name,
          endpoints,
          controllers: own.filter(({ controller }) => controller)
            .map(({ name }) => name),
          events: own.flatMap((source) => explainEvents(source, explained)),
          emits: own.flatMap((source) => explainEmits(source, explained)),
        },
      };
    });
  });
}

function explainEvents(
  source: NamespaceSource,
  options: ExplainOptions,
): EventExplanation[] {
  const { name: controller, controller: object, around, use } = source;
  const schemas = object ? readSchemas(object) : {};
  const answers = object ? readOutputs(object, "answers") : {};
  const middleware = [...around ?? [], ...use ?? []].map(readMiddlewareName);
  return Array.from(listEvents(source), ([name, method]) => {
    const place = `${controller}.${method}`;
    const explainOwn = (all: Schemas, io: SchemaUse["io"]) =>
      Object.hasOwn(all, method)
        ? explainSchema(all[method]!, { ...options, io, place })
        : undefined;
    const schema = explainOwn(schemas, "input");
    const answer = explainOwn(answers, "output");
    return {
      name,
      isBuiltIn: BUILT_IN.has(name),
      ...(object && { controller }),
      method,
      middleware,
      ...(schema && { schema }),
      ...(answer && { answer }),
    };
  });
}

/** Lists the methods of a controller, or the functions of an object, by event. */
function listEvents(
  { methods, events = {} }: NamespaceSource,
): Iterable<readonly [event: string, method: string]> {
  return methods ??
    Object.keys(events).map((key) => [findBuiltInEvent(key) ?? key, key]);
}

function readMiddlewareName(middleware: EventMiddleware): string {
  return readName(middleware);
}

function explainEmits(
  { name: controller, controller: object }: NamespaceSource,
  options: ExplainOptions,
): EmittedExplanation[] {
  const emits = object ? readOutputs(object, "emits") : {};
  return Object.entries(emits).map(([name, schema]) => {
    const place = `${controller}, static emits ${name}`;
    return {
      name,
      schema: explainSchema(schema, { ...options, io: "output", place }),
    };
  });
}

function explainRoute(route: Route, options: ExplainOptions): RouteExplanation {
  const { method, path, handler } = route;
  const handled = findHandledRoute(handler);
  const explainInput = (key: "body" | "query") => {
    const schema = handled?.input[key];
    const place = `the ${key} of ${method} "${path}"`;
    return schema && explainSchema(schema, { ...options, io: "input", place });
  };
  const body = explainInput("body");
  const query = explainInput("query");
  return {
    method,
    path,
    ...(handler.name && { name: handler.name }),
    ...(handled && { controller: describeController(handled.controller) }),
    params: describeParams(path).map(({ name, isOptional, source }) => ({
      name,
      type: "string",
      isOptional,
      ...(source !== undefined && { pattern: source }),
    })),
    middleware: listMiddleware(route),
    ...(body && { body }),
    ...(query && { query }),
  };
}

/** A controller, and what it injects. */
interface Need extends Omit<ControllerExplanation, "deps"> {
  readonly deps: readonly Dependency[];
  readonly registry: Registry;
}

function listWebsocketNeeds(
  { sources, container }: ExplainedApplication,
): Need[] {
  return sources.map(({ name, controller, isShared }) => ({
    name,
    kind: "websocket",
    life: isShared ? "shared" : "connection",
    ...readNeeds(controller!, container),
  }));
}

/** Lists the controllers of routes, each once for each container it is built from. */
function listHttpNeeds(routes: readonly Route[]): Need[] {
  const needs = new Map<object, Map<Container<ServiceToken>, Need>>();
  for (const { handler } of routes) {
    const handled = findHandledRoute(handler);
    if (handled === undefined) continue;
    const { controller, container } = handled;
    const known = needs.get(controller) ?? new Map();
    needs.set(controller, known);
    const isScoped = isConstructor(controller) &&
      container.compile(controller, { provided: [Context] }).isScoped;
    known.set(container, {
      name: describeController(controller),
      kind: "http",
      life: isScoped ? "request" : "shared",
      ...readNeeds(controller, container),
    });
  }
  return [...needs.values()].flatMap((known) => [...known.values()]);
}

function readNeeds(
  controller: object,
  container: Container<ServiceToken>,
): Pick<Need, "deps" | "registry"> {
  const registry = registryOf(container);
  if (!isConstructor(controller)) return { deps: [], registry };
  // A controller may be registered as a service as well.
  const own = registry.find(controller)?.provider;
  const { deps } = own ?? readTarget(registry, controller);
  return { deps, registry };
}

function explainServices(
  { applications, builtIn }: Explained,
  needs: readonly Need[],
): ServiceExplanation[] {
  const services = new Map<Provider, ServiceToken>();
  const neededBy = new Map<Provider, Set<string>>();
  const note = (name: string, deps: readonly Dependency[], from: Registry) => {
    for (const dep of deps) {
      const provider = from.find(unwrapOptional(dep))?.provider;
      if (provider === undefined) continue;
      neededBy.set(provider, (neededBy.get(provider) ?? new Set()).add(name));
    }
  };
  for (const { name, deps, registry } of needs) note(name, deps, registry);
  for (const { container } of applications) {
    const registry = registryOf(container);
    for (const [token, provider] of registry.collect()) {
      services.set(provider, token);
      const isOwn = registry.find(token)?.owner === registry;
      // A parent builds its singletons from what it has itself.
      if (isOwn || provider.kind === "scoped") {
        note(readTokenName(token), provider.deps, registry);
      }
    }
  }
  return [...services]
    .filter(([provider, token]) =>
      !builtIn.has(token) || neededBy.has(provider)
    )
    .map(([provider, token]) => ({
      name: readTokenName(token),
      kind: provider.kind,
      deps: provider.deps.map(describeDep),
      neededBy: [...neededBy.get(provider) ?? []],
    }));
}

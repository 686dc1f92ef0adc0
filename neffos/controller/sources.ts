/**
 * {@linkcode joinConnHandlers} and {@linkcode withTimeout}; normalizes every
 * kind of handler into namespace sources.
 *
 * @module
 */

import type { ServerApi } from "../api/server_api.ts";
import { findBuiltInEvent, handlerSource } from "../protocol/event_names.ts";
import type {
  ConnHandler,
  Events,
  HandlerSource,
  NamespaceSource,
  SourceHandler,
  Timeouts,
} from "./events.ts";

/**
 * Normalizes a handler.
 *
 * @param handler The handler.
 * @param server The server that is being made, on the server's side.
 * @returns The sources, one or more for each namespace.
 * @throws {TypeError} When it is no handler.
 */
export function toSources(
  handler: ConnHandler,
  server?: ServerApi,
): NamespaceSource[] {
  if (isSource(handler)) return handler[handlerSource](server);
  if (typeof handler !== "object" || handler === null) {
    throw new TypeError(
      `Cannot handle connections with ${
        describe(handler)
      }: give an object of events, an object of namespaces, a Struct or an Application`,
    );
  }
  const entries = Object.entries(handler);
  const functions = entries.filter(([, value]) => typeof value === "function");
  if (functions.length === entries.length && entries.length > 0) {
    return [toSource("", handler as Events)];
  }
  if (functions.length > 0) {
    throw new TypeError(
      `Cannot handle connections with an object that has both events ("${
        functions[0]![0]
      }") and namespaces: put the events into a namespace, "" for none`,
    );
  }
  return entries.map(([name, events]) => toSource(name, events as Events));
}

function isSource(handler: ConnHandler): handler is HandlerSource {
  return typeof handler === "object" && handler !== null &&
    typeof (handler as Partial<HandlerSource>)[handlerSource] === "function";
}

function toSource(namespace: string, events: Events): NamespaceSource {
  const name = `events of namespace "${namespace}"`;
  if (typeof events !== "object" || events === null) {
    throw new TypeError(
      `Cannot use ${
        describe(events)
      } as the ${name}: it must be an object whose values are functions`,
    );
  }
  const handlers = new Map<string, SourceHandler>();
  for (const [key, handler] of Object.entries(events)) {
    if (typeof handler !== "function") {
      throw new TypeError(
        `Cannot use ${
          describe(handler)
        } as the handler of event "${key}" of namespace "${namespace}": it must be a function`,
      );
    }
    const event = findBuiltInEvent(key) ?? key;
    if (handlers.has(event)) {
      throw makeDuplicateError(namespace, key, [name, name]);
    }
    handlers.set(event, (nsConn, msg) => handler.call(events, nsConn, msg));
  }
  return { namespace, name, handlers };
}

/** Makes the error for an event with two handlers. */
export function makeDuplicateError(
  namespace: string,
  event: string,
  [first, second]: [string, string],
): TypeError {
  return new TypeError(
    `Cannot handle event "${event}" of namespace "${namespace}" twice: both ${first} and ${second} handle it`,
  );
}

function describe(value: unknown): string {
  return value === null ? "null" : `a value of type "${typeof value}"`;
}

/** Picks the strictest of several time limits, kind by kind. */
export function pickStrictest(
  all: readonly (Timeouts | undefined)[],
): Timeouts {
  const strictest: { -readonly [K in keyof Timeouts]: Timeouts[K] } = {};
  for (const kind of ["read", "write"] as const) {
    const limits = all.flatMap((timeouts) => timeouts?.[kind] ?? []);
    if (limits.length > 0) strictest[kind] = Math.min(...limits);
  }
  return strictest;
}

/**
 * Checks time limits.
 *
 * @param timeouts The limits.
 * @throws {RangeError} When a limit is not a positive number.
 */
export function assertTimeouts({ read, write }: Timeouts): void {
  for (const [kind, limit] of Object.entries({ read, write })) {
    if (limit === undefined) continue;
    if (typeof limit === "number" && limit > 0) continue;
    throw new RangeError(
      `Cannot set the ${kind} timeout to ${limit}: it must be a positive number of milliseconds`,
    );
  }
}

/**
 * Joins several handlers into one. Several of them may have the same
 * namespace.
 *
 * @param handlers The handlers.
 * @returns A handler with the events of all of them. If several handle the
 * same life-cycle event (connect, join and so on), they run one after another.
 * @throws {TypeError} When a server or client is made of it and two of them
 * handle the same event of the same namespace.
 *
 * @example
 * ```ts
 * import { denoUpgrader, joinConnHandlers, Server } from "@neffos/mvc";
 *
 * const handler = joinConnHandlers(
 *   { chat: { onSay: () => {} } },
 *   { admin: { onKick: () => {} } },
 * );
 * const server = new Server(denoUpgrader(), handler);
 * await server.close();
 * ```
 */
export function joinConnHandlers(...handlers: ConnHandler[]): HandlerSource {
  return {
    [handlerSource]: (server) =>
      handlers.flatMap((handler) => toSources(handler, server)),
  };
}

/**
 * Gives a handler time limits. Where handlers with limits are joined, the
 * strictest limit counts.
 *
 * @param handler The handler.
 * @param timeouts The limits.
 * @returns The handler with the limits.
 * @throws {RangeError} When a limit is not a positive number.
 * @throws {TypeError} When a server or client is made of it and the handler
 * has no namespaces.
 */
export function withTimeout(
  handler: ConnHandler,
  timeouts: Timeouts,
): HandlerSource {
  assertTimeouts(timeouts);
  return {
    [handlerSource]: (server) => {
      const sources = toSources(handler, server);
      if (sources.length === 0) {
        throw new TypeError(
          "Cannot set the time limits of a handler that has no namespaces: they would be lost",
        );
      }
      return sources.map((source) => ({
        ...source,
        timeouts: pickStrictest([source.timeouts, timeouts]),
      }));
    },
  };
}

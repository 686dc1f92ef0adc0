/**
 * {@linkcode joinConnHandlers} and {@linkcode withTimeout}; normalizes every
 * kind of handler into namespace sources.
 *
 * @module
 */

import type { ServerApi } from "../api/server_api.ts";
import { describe } from "../protocol/errors.ts";
import { findBuiltInEvent, handlerSource } from "../protocol/event_names.ts";
import type {
  ConnHandler,
  Events,
  HandlerSource,
  NamespaceSource,
  SourceHandler,
  Timeouts,
} from "./events.ts";
import { isClass, listMethods } from "./members.ts";

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
  assertObject(handler, "connections");
  const entries = Object.entries(handler);
  const functions = entries.filter(([key, value]) => {
    if (isClass(value)) assertObject(value, JSON.stringify(key));
    return typeof value === "function";
  });
  if (functions.length === entries.length && entries.length > 0) {
    return [toSource("", handler as Events)];
  }
  if (functions.length > 0) {
    throw new TypeError(
      `Cannot handle connections with both events ("${
        functions[0]![0]
      }") and namespaces: put the events into a namespace, "" for none`,
    );
  }
  return entries.flatMap(([namespace, value]) =>
    isSource(value)
      ? value[handlerSource](server)
        .map((source) => moveSource(source, namespace))
      : [toSource(namespace, value)]
  );
}

function isSource(handler: unknown): handler is HandlerSource {
  return typeof handler === "object" && handler !== null &&
    typeof (handler as Partial<HandlerSource>)[handlerSource] === "function";
}

/** Gives a source the namespace under whose name it stands. */
function moveSource(
  source: NamespaceSource,
  namespace: string,
): NamespaceSource {
  if (source.namespace !== "" && source.namespace !== namespace) {
    throw new TypeError(
      `Cannot handle namespace "${namespace}" with ${source.name}: its namespace is "${source.namespace}" already`,
    );
  }
  return { ...source, namespace };
}

function toSource(namespace: string, events: Events): NamespaceSource {
  const where = `namespace "${namespace}"`;
  const name = `events of ${where}`;
  assertObject(events, where);
  const handlers = new Map<string, SourceHandler>();
  for (const [key, handler] of Object.entries(events)) {
    if (typeof handler !== "function") {
      throw new TypeError(
        `Cannot use ${
          describe(handler)
        } as the handler of event "${key}" of ${where}: it must be a function`,
      );
    }
    const event = findBuiltInEvent(key) ?? key;
    handlers.set(event, (nsConn, msg) => handler.call(events, nsConn, msg));
  }
  return { namespace, name, handlers, events };
}

/** Refuses what has no events of its own, or has them in a class. */
function assertObject(value: unknown, what: string): void {
  const methods = typeof value === "object" && value !== null
    ? [...listMethods(value).keys()]
    : undefined;
  if (methods?.every((key) => Object.hasOwn(value as object, key))) return;
  const { constructor, name } = Object(value);
  const Class = isClass(value) ? name : methods && constructor?.name;
  const kind = methods ? "an instance of" : "the class";
  throw new TypeError(
    `Cannot handle ${what} with ${
      Class ? `${kind} ${Class}` : describe(value)
    }: give an object of functions, or new Struct(${Class || "…"})`,
  );
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
      `Cannot set the ${kind} timeout to ${limit}: it must be a positive number`,
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
 *
 * @category Events
 */
export function joinConnHandlers(...handlers: ConnHandler[]): HandlerSource {
  return {
    [handlerSource]: (server) =>
      handlers.flatMap((handler) => toSources(handler, server)),
  };
}

/**
 * Sets time limits on a handler. Where handlers with limits are joined, the
 * strictest limit applies.
 *
 * @param handler The handler.
 * @param timeouts The limits.
 * @returns The handler with the limits.
 * @throws {RangeError} When a limit is not a positive number.
 * @throws {TypeError} When a server or client is made of it and the handler
 * has no namespaces.
 *
 * @example
 * ```ts
 * import { denoUpgrader, Server, withTimeout } from "@neffos/mvc";
 *
 * const chat = { chat: { onSay: () => {} } };
 * const server = new Server(
 *   denoUpgrader(),
 *   withTimeout(chat, { read: 60_000, write: 20_000 }), // milliseconds
 * );
 * await server.close();
 * ```
 *
 * @category Events
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
          "Cannot set the time limits of a handler without namespaces",
        );
      }
      return sources.map((source) => ({
        ...source,
        timeouts: pickStrictest([source.timeouts, timeouts]),
      }));
    },
  };
}

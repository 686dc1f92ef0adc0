/** Compiles handlers of every kind into the event maps of their namespaces. */

import type { ServerApi } from "../api/server_api.ts";
import { BAD_NAMESPACE, BadNamespaceError } from "../protocol/errors.ts";
import {
  isSystemEvent,
  LIFE_CYCLE,
  OnAnyEvent,
  OnNamespaceConnect,
  OnNativeMessage,
} from "../protocol/event_names.ts";
import type { Message } from "../protocol/message.ts";
import type {
  ConnHandler,
  EventMiddleware,
  NamespaceSource,
  SourceHandler,
  Timeouts,
} from "./events.ts";
import { type CompiledHandler, wrapHandler } from "./middleware.ts";
import { duplicate, sourcesOf, strictest } from "./sources.ts";

/** The event map of one namespace. */
export interface CompiledEvents {
  /** The handlers by their names on the wire, built-in ones apart. */
  readonly handlers: Map<string, CompiledHandler>;
  /** The handlers of the built-in events. */
  readonly hooks: Map<string, CompiledHandler>;
  /** The handler of events that have none. */
  any: CompiledHandler | undefined;
  /** The handler of native messages. */
  native: CompiledHandler | undefined;
}

/** All that a server or a client needs to know of its handler. */
export interface CompiledHandlers {
  /** The event map of each namespace. */
  readonly namespaces: ReadonlyMap<string, CompiledEvents>;
  /** The native messages that are allowed. */
  readonly native: "none" | "allow" | "only";
  /** The strictest time limits of all. */
  readonly timeouts: Timeouts;
}

/**
 * Compiles a handler into the event maps of its namespaces, once, when a
 * server or a client is made.
 *
 * @param handler The handler.
 * @param server The server that is made, on its side.
 * @returns The event maps.
 * @throws {TypeError} When it is no handler, or handles an event twice.
 */
export function compileHandlers(
  handler: ConnHandler,
  server?: ServerApi,
): CompiledHandlers {
  const sources = sourcesOf(handler, server);
  const namespaces = new Map<string, CompiledEvents>();
  for (const source of sources) {
    if (namespaces.has(source.namespace)) continue;
    const same = sources.filter((s) => s.namespace === source.namespace);
    namespaces.set(source.namespace, compileNamespace(same));
  }
  const empty = namespaces.get("");
  const isOnly = sources.length > 0 && sources.every(isNativeOnly);
  return {
    namespaces,
    native: isOnly ? "only" : empty?.native === undefined ? "none" : "allow",
    timeouts: strictest(sources.map((source) => source.timeouts)),
  };
}

function isNativeOnly({ namespace, handlers }: NamespaceSource): boolean {
  return namespace === "" && handlers.size === 1 &&
    handlers.has(OnNativeMessage);
}

function compileNamespace(sources: NamespaceSource[]): CompiledEvents {
  const handlers = new Map<string, CompiledHandler>();
  const hooks = new Map<string, CompiledHandler>();
  const owners = new Map<string, string>();
  let slots = 0;
  for (const around of new Set(sources.map(aroundOf))) {
    const group = sources.filter((source) => aroundOf(source) === around);
    const groupHooks = new Map<string, CompiledHandler>();
    for (const source of group) {
      const slot = source.bind && slots++;
      for (const [event, handler] of handlersOf(source, slot)) {
        if (isSystemEvent(event)) {
          addHook(groupHooks, event, handler);
          continue;
        }
        const owner = owners.get(event);
        if (owner !== undefined) {
          throw duplicate(source.namespace, event, [owner, source.name]);
        }
        owners.set(event, source.name);
        handlers.set(event, wrapHandler(handler, around));
      }
    }
    for (const [event, hook] of withMiddleware(groupHooks, around)) {
      addHook(hooks, event, hook);
    }
  }
  const any = handlers.get(OnAnyEvent);
  const native = handlers.get(OnNativeMessage);
  handlers.delete(OnAnyEvent);
  handlers.delete(OnNativeMessage);
  return { handlers, hooks, any, native };
}

const NO_MIDDLEWARE: readonly EventMiddleware[] = [];

function aroundOf({ around }: NamespaceSource): readonly EventMiddleware[] {
  return around ?? NO_MIDDLEWARE;
}

/** The handlers of a source, in its own middleware. */
function handlersOf(
  { handlers, bind, use = NO_MIDDLEWARE }: NamespaceSource,
  slot: number | undefined,
): Map<string, CompiledHandler> {
  const compiled = new Map<string, CompiledHandler>();
  for (const [event, handler] of handlers) {
    compiled.set(event, compileHandler(handler, slot));
  }
  if (bind !== undefined) {
    const hook = compiled.get(OnNamespaceConnect);
    // Inside of the middleware, so that nothing is made for who is kept out.
    compiled.set(OnNamespaceConnect, async (state, msg) => {
      const binding = await bind(state.nsConn);
      if (state.status === "left") {
        // Middleware has refused without waiting, and nobody else disposes it.
        await binding.dispose?.();
        return;
      }
      // A push would make room for sixteen more.
      state.bindings = [...state.bindings, binding];
      return hook?.(state, msg);
    });
  }
  return withMiddleware(compiled, use);
}

/** Puts middleware around all, and around each event of the life cycle. */
function withMiddleware(
  handlers: Map<string, CompiledHandler>,
  middleware: readonly EventMiddleware[],
): Map<string, CompiledHandler> {
  if (middleware.length === 0) return handlers;
  const names = new Set([...handlers.keys(), ...LIFE_CYCLE]);
  return new Map(
    Array.from(
      names,
      (
        name,
      ) => [name, wrapHandler(handlers.get(name) ?? doNothing, middleware)],
    ),
  );
}

function doNothing(): void {}

function addHook(
  hooks: Map<string, CompiledHandler>,
  event: string,
  hook: CompiledHandler,
): void {
  const before = hooks.get(event);
  hooks.set(event, before ? chain(before, hook) : hook);
}

const NO_INSTANCE = {};

function compileHandler(
  handler: SourceHandler,
  slot: number | undefined,
): CompiledHandler {
  const compiled: CompiledHandler = slot === undefined
    ? (state, msg) => handler(state.nsConn, msg, NO_INSTANCE)
    : (state, msg) => {
      const binding = state.bindings[slot];
      if (binding === undefined) return refuseLate(msg);
      return handler(state.nsConn, msg, binding.instance);
    };
  return Object.assign(compiled, { isAsync: handler.isAsync });
}

/**
 * Answers what waited, for middleware or a schema, until the namespace was
 * left and its controllers disposed. Of the life cycle they were told the end.
 */
function refuseLate({ namespace, event }: Message): void {
  if (isSystemEvent(event)) return;
  throw new BadNamespaceError(BAD_NAMESPACE, { namespace, event });
}

function chain(
  first: CompiledHandler,
  second: CompiledHandler,
): CompiledHandler {
  return async (state, msg) => {
    const refusal = await first(state, msg);
    return refusal instanceof Error ? refusal : second(state, msg);
  };
}

/** Compiles handlers of every kind into the event maps of their namespaces. */

import type { NSConn } from "../api/ns_conn.ts";
import type { ServerApi } from "../api/server_api.ts";
import type { NativeMode } from "../protocol/codec.ts";
import { assertName, EventError, makeBadName } from "../protocol/errors.ts";
import {
  isSystemEvent,
  LIFE_CYCLE,
  OnAnyEvent,
  OnNamespaceConnect,
  OnNativeMessage,
  OnRoomJoin,
} from "../protocol/event_names.ts";
import type { Message } from "../protocol/message.ts";
import type {
  Binding,
  ConnHandler,
  EventMiddleware,
  Events,
  NamespaceSource,
  SourceHandler,
  Timeouts,
} from "./events.ts";
import { makeDuplicateError, pickStrictest, toSources } from "./sources.ts";

/** The event map of one namespace. */
export interface CompiledEvents {
  /** The handlers of events that are not built in. */
  readonly handlers: Map<string, CompiledHandler>;
  /** The handlers of life-cycle events. */
  readonly hooks: Map<string, CompiledHandler>;
  /** The handler of events without a handler of their own. */
  any: CompiledHandler | undefined;
  /** The handler of native messages. */
  native: CompiledHandler | undefined;
  /** The objects of functions that the handlers were taken from. */
  readonly objects: readonly Events[];
}

/** The compiled handler of a server or a client. */
export interface CompiledHandlers {
  /** The event map of each namespace. */
  readonly namespaces: Map<string, CompiledEvents>;
  /** The treatment of native messages. */
  readonly native: NativeMode;
  /** The strictest time limits of all sources. */
  readonly timeouts: Timeouts;
}

/**
 * Compiles a handler, once, when a server or a client is made.
 *
 * @param handler The handler.
 * @param server The server that is being made, on the server's side.
 * @param check Looks for mistakes in the sources, on the server's side.
 * @returns The event maps.
 * @throws {TypeError} When it is no handler, or handles an event twice.
 */
export function compileHandlers(
  handler: ConnHandler,
  server?: ServerApi,
  check?: (sources: NamespaceSource[]) => NamespaceSource[],
): CompiledHandlers {
  const given = toSources(handler, server);
  const sources = check ? check(given) : given;
  const namespaces = new Map<string, CompiledEvents>();
  for (const { namespace } of sources) {
    if (namespaces.has(namespace)) continue;
    const same = sources.filter((source) => source.namespace === namespace);
    namespaces.set(namespace, compileNamespace(same));
  }
  const isOnly = sources.length > 0 && sources.every(isNativeOnly);
  const isAllowed = namespaces.get("")?.native !== undefined;
  return {
    namespaces,
    native: isOnly ? "only" : isAllowed ? "allow" : "none",
    timeouts: pickStrictest(sources.map(({ timeouts }) => timeouts)),
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
  for (const outer of new Set(sources.map(({ around }) => around))) {
    const group = sources.filter(({ around }) => around === outer);
    const groupHooks = new Map<string, CompiledHandler>();
    for (const source of group) {
      const { namespace, name } = source;
      assertName("namespace", namespace);
      const slot = source.bind && slots++;
      for (const [event, handler] of compileSource(source, slot)) {
        assertName("event", event);
        if (isSystemEvent(event)) {
          addHook(groupHooks, event, handler);
          continue;
        }
        const owner = owners.get(event);
        if (owner !== undefined) {
          throw makeDuplicateError(namespace, event, [owner, name]);
        }
        owners.set(event, name);
        handlers.set(event, wrapHandler(handler, outer));
      }
    }
    for (const [event, hook] of applyMiddleware(groupHooks, outer)) {
      addHook(hooks, event, hook);
    }
  }
  const any = handlers.get(OnAnyEvent);
  const native = handlers.get(OnNativeMessage);
  handlers.delete(OnAnyEvent);
  handlers.delete(OnNativeMessage);
  const objects = sources.flatMap(({ events }) =>
    events === undefined ? [] : [events]
  );
  return { handlers, hooks, any, native, objects };
}

/**
 * Tells whether the handler of an event that nothing handles was added to its
 * object after that was compiled.
 */
export function isLate({ objects }: CompiledEvents, event: string): boolean {
  return objects.some((events) =>
    Object.hasOwn(events, event) && typeof events[event] === "function"
  );
}

/**
 * Compiles the handlers of a source, with its own middleware. The slot is the
 * index of its instance in `HandlerState.bindings`.
 */
function compileSource(
  { handlers, bind, use }: NamespaceSource,
  slot: number | undefined,
): Map<string, CompiledHandler> {
  const compiled = new Map<string, CompiledHandler>();
  for (const [event, handler] of handlers) {
    compiled.set(event, compileHandler(handler, slot));
  }
  if (bind !== undefined) {
    const hook = compiled.get(OnNamespaceConnect);
    // Inside the middleware, so that a refused peer gets no instance.
    compiled.set(OnNamespaceConnect, async (state, msg) => {
      const binding = await bind(state.nsConn);
      if (state.status === "left") {
        // Middleware has refused without awaiting this.
        await binding.dispose?.();
        return;
      }
      // push() would reserve room for sixteen more.
      state.bindings = [...state.bindings, binding];
      return hook?.(state, msg);
    });
  }
  return applyMiddleware(compiled, use);
}

/** Wraps every handler, and every life-cycle event even without a handler. */
function applyMiddleware(
  handlers: Map<string, CompiledHandler>,
  given: readonly EventMiddleware[] = [],
): Map<string, CompiledHandler> {
  // A copy, which the program cannot change.
  const middleware = [...given];
  if (middleware.length === 0) return handlers;
  const wrapped = new Map<string, CompiledHandler>();
  for (const event of new Set([...handlers.keys(), ...LIFE_CYCLE])) {
    const handler = handlers.get(event) ?? doNothing;
    wrapped.set(event, wrapHandler(handler, middleware));
  }
  return wrapped;
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
  return compiled;
}

/**
 * Refuses a message that waited, for middleware or a schema, until the
 * controllers of its namespace were disposed.
 */
function refuseLate({ namespace, event }: Message): void {
  if (isSystemEvent(event)) return;
  throw makeBadName({ namespace, event });
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

/** A handler, ready to be called for a connection in its namespace. */
export interface CompiledHandler {
  (state: HandlerState, msg: Message): unknown;
  /** Whether it has ever returned a promise; unknown until its first result. */
  isAsync?: boolean;
}

/** The state of a connection in a namespace, as its handlers need it. */
export interface HandlerState {
  /** The connection in the namespace. */
  readonly nsConn: NSConn;
  /** The instances of its controllers. */
  bindings: Binding[];
  /** `"left"` also if it was refused. */
  readonly status: "connecting" | "connected" | "left";
  /** Reports an exception that comes too late to be answered. */
  report(error: unknown, event: string): void;
}

/**
 * Wraps a handler in middleware, the first one outermost.
 *
 * A connect or a join is granted only by the handler: a guard refuses it by
 * not calling `next()`, and middleware that swallows a refusal does not grant
 * it. An event after the fact reaches the handler whatever the middleware
 * does, since the handler may have to clean up.
 */
export function wrapHandler(
  handler: CompiledHandler,
  middleware: readonly EventMiddleware[] = [],
): CompiledHandler {
  if (middleware.length === 0) return handler;
  return (state, msg) => run({ state, handler, middleware }, msg);
}

/** One call of a handler in middleware. */
interface Call {
  readonly state: HandlerState;
  readonly handler: CompiledHandler;
  readonly middleware: readonly EventMiddleware[];
}

/** A promise that knows whether it is awaited. */
class WatchedPromise extends Promise<unknown> {
  isWatched = false;

  /** Handles a rejection that is not awaited, which would end the program. */
  catchUnwatched(handle: (error: unknown) => void): void {
    super.then(undefined, (error) => {
      if (!this.isWatched) handle(error);
    });
  }

  // `await` calls this method, since the promise is of a subclass.
  override then<A = unknown, B = never>(
    onResolve?: ((value: unknown) => A | PromiseLike<A>) | null,
    onReject?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.isWatched = true;
    return super.then(onResolve, onReject);
  }

  // The promises that `then` returns need no watching.
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }
}

async function run(call: Call, msg: Message): Promise<unknown> {
  const { state, handler, middleware } = call;
  let reached = -1;
  let handled: Promise<unknown> | undefined;

  function enter(index: number, message: Message): WatchedPromise {
    // Thrown synchronously: a rejection might not be awaited.
    if (index <= reached) {
      throw new Error(
        `Cannot call next() twice for event "${msg.event}"`,
      );
    }
    reached = index;
    const result = step(index, message);
    if (index === middleware.length) handled = result;
    return new WatchedPromise((resolve) => resolve(result));
  }

  async function step(index: number, message: Message): Promise<unknown> {
    let rest: WatchedPromise | undefined;
    const next = (changed = message) => {
      rest = enter(index + 1, changed);
      // The middleware may await it later, so it is reported at the end.
      rest.catchUnwatched(() => {});
      return rest;
    };
    try {
      const result = await (index < middleware.length
        ? middleware[index]!(state.nsConn, message, next)
        : handler(state, message));
      if (result instanceof Error) {
        throw result;
      }
      return result;
    } finally {
      rest?.catchUnwatched((error) => state.report(error, msg.event));
    }
  }

  const { length } = middleware;
  try {
    const result = await enter(0, msg);
    if (!isSystemEvent(msg.event)) return result;
    if (handled === undefined) {
      if (!isAfterTheFact(msg)) throw new EventError("refused");
      return await enter(length, msg);
    }
    // The handler may still refuse, if the middleware has not awaited it.
    return isAfterTheFact(msg) ? result : await handled;
  } catch (error) {
    if (handled === undefined && isAfterTheFact(msg)) await enter(length, msg);
    throw error;
  }
}

/** Whether a life-cycle event has already happened and cannot be refused. */
function isAfterTheFact({ event, wait }: Message): boolean {
  return isSystemEvent(event) && wait === "" &&
    event !== OnNamespaceConnect && event !== OnRoomJoin;
}

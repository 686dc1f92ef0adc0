import type { NSConn } from "../api/ns_conn.ts";
import { EventError } from "../protocol/errors.ts";
import {
  isSystemEvent,
  OnNamespaceConnect,
  OnRoomJoin,
} from "../protocol/event_names.ts";
import type { Message } from "../protocol/message.ts";
import type { Binding, EventMiddleware } from "./events.ts";
import { readStatic } from "./members.ts";

/** A handler, ready to be called for a connection in its namespace. */
export interface CompiledHandler {
  (state: HandlerState, msg: Message): unknown;
  /** Whether it stands for an async function. */
  readonly isAsync?: boolean | undefined;
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
  const wrapped = (state: HandlerState, msg: Message) =>
    run({ state, handler, middleware }, msg);
  return Object.assign(wrapped, { isAsync: true });
}

/**
 * Reads the `static use` of a controller.
 *
 * @throws {TypeError} When it is no array of functions.
 */
export function readMiddleware(
  controller: object,
  name: string,
): EventMiddleware[] {
  const use = readStatic(controller, "use") ?? [];
  assertMiddleware(use, name);
  return [...use];
}

/**
 * Checks a list of middleware, since JavaScript programs have no compiler.
 *
 * @throws {TypeError} When it is no array of functions.
 */
export function assertMiddleware(
  use: unknown,
  name: string,
): asserts use is EventMiddleware[] {
  if (Array.isArray(use) && use.every((each) => typeof each === "function")) {
    return;
  }
  throw new TypeError(
    `Cannot use middleware in ${name}: it should be an array of functions (nsConn, msg, next)`,
  );
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
        `Cannot call next() for event "${msg.event}": the middleware has called it already, and should call it once`,
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
